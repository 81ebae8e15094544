//! Policies that a grammar makes of bytes, against the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ward::syntax::{parse, parse_world};
use ward::{Context, EntityName, Evaluator, FileId, Policy, Sources, World, WorldBuilder};

use crate::generate::{self, Pair};
use crate::reference::{Entity, Facts, Model, Request};

/// Any policy of the language: it compiles, and answers as the reference does. Most of the time goes
/// into who asks, so that two do, by the last byte, and the others when another input comes.
pub fn grammar(data: &[u8]) {
    let first = data.last().copied().map_or(0, usize::from);
    agree(generate::of_bytes(data), &[], first, 2);
}

/// Deep typed conditions: they compile, and are read as the reference reads them.
pub fn conditions(data: &[u8]) {
    let pair = generate::conditions(data);
    agree(pair, &["E0308", "E0311", "E0318"], 0, usize::MAX);
}

/// A policy that compiles, with its text: of lines that may be refused, with these codes and no
/// others, it has none.
fn compiled(mut lines: Vec<String>, refusals: &[&str]) -> (String, Policy) {
    loop {
        let text = lines.join("\n");
        let sources = Sources::new().with("fuzz.policy", text.as_str());
        let errors = match ward::compile(&sources) {
            Ok(policy) => return (text, policy),
            Err(errors) => errors,
        };
        let mut refused = BTreeSet::new();
        for error in errors.iter() {
            assert!(refusals.contains(&error.code.0), "{errors}\n{text}");
            refused.insert(sources.locate(error.span()).1.line);
        }
        let mut line = 0;
        lines.retain(|_| {
            line += 1;
            !refused.contains(&line)
        });
    }
}

/// Both answer alike at one moment, whoever asks: so many, from one of them on.
fn agree(pair: Pair, refusals: &[&str], first: usize, count: usize) {
    let (text, policy) = compiled(pair.policy, refusals);
    let parsed = parse(FileId(0), &text);
    let model = Model::new(&parsed.tree);
    let (kept, world) = world(policy.plan(), &pair.world);
    let tree = parse_world(FileId(0), &kept.join("\n")).tree;
    let facts = Facts::new(&model, &tree);
    let now = ward::parse_datetime("2001-01-01").unwrap();
    let ward = Evaluator::new(&world, now);
    let principals = model.principal_types();
    let asking = model.asking_types();
    let asking = facts.entities().filter(|(ty, _)| asking.contains(&**ty));
    let mut asking: Vec<&Entity> = asking.collect();
    let first = first.checked_rem(asking.len()).unwrap_or_default();
    asking.rotate_left(first);
    for subject in asking.into_iter().take(count) {
        let request = Request {
            subject: subject.clone(),
            now,
            context: BTreeMap::new(),
        };
        let asking = model.ask(&facts, request);
        for resource in facts.entities() {
            if principals.contains(resource.0.as_str()) {
                continue;
            }
            let theirs = asking.as_ref().map(|asking| asking.judge(resource));
            let theirs = theirs.unwrap_or_default();
            let (s, r) = (name(subject), name(resource));
            let ours = ward.actions(&s, &r, &Context::default()).unwrap();
            let actions: BTreeSet<String> = ours.actions.into_iter().collect();
            assert!(
                (ours.sees, &actions) == (theirs.sees, &theirs.allowed),
                "{s} {r}: {actions:?}, and the reference {:?}\n{text}\n--- world\n{}",
                theirs.allowed,
                kept.join("\n")
            );
        }
    }
}

/// The lines that fit, those that make roles first, and a world of them.
fn world(plan: &Arc<ward::Plan>, lines: &[String]) -> (Vec<String>, World) {
    let (roles, others): (Vec<&String>, _) =
        lines.iter().partition(|line| line.starts_with("role "));
    let lines = [roles, others].concat();
    let facts = |text: &str| ward::load::world_text("fuzz.world", text).expect("facts");
    let mut builder = WorldBuilder::new(Arc::clone(plan));
    let all: Vec<String> = lines.iter().map(|line| (*line).clone()).collect();
    if facts(&all.join("\n"))
        .iter()
        .all(|fact| builder.add(fact).is_ok())
    {
        return (all, builder.into_world());
    }
    // Some do not fit: the others, one by one.
    let mut builder = WorldBuilder::new(Arc::clone(plan));
    let mut kept = all;
    kept.retain(|line| facts(line).iter().all(|fact| builder.add(fact).is_ok()));
    (kept, builder.into_world())
}

fn name(entity: &Entity) -> EntityName {
    EntityName::new(entity.0.as_str(), entity.1.as_str())
}
