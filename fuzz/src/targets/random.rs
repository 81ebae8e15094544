//! Policies that a grammar makes of bytes, against the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ward::syntax::{parse, parse_world};
use ward::{Context, EntityName, Evaluator, FactKind, Sources, World, WorldBuilder};

use crate::generate::{self, Pair};
use crate::reference::{Entity, Facts, Model, Request};

/// Any policy of the language: it compiles, and answers as the reference does.
pub fn grammar(data: &[u8]) {
    agree(&generate::of_bytes(data), &[]);
}

/// Deep typed conditions: they compile, and are read as the reference reads them.
pub fn conditions(data: &[u8]) {
    agree(&generate::conditions(data), &["E0308", "E0311", "E0318"]);
}

/// Both answer alike at one moment. A policy may be refused with these codes and no others.
fn agree(pair: &Pair, refusals: &[&str]) {
    let text = pair.policy_text();
    let mut sources = Sources::new();
    let file = sources.add("fuzz.policy", text.as_str());
    let policy = match ward::compile(&sources) {
        Ok(policy) => policy,
        Err(errors) => {
            let expected = errors.iter().all(|error| refusals.contains(&error.code.0));
            assert!(expected, "{errors}\n{text}");
            return;
        }
    };
    let parsed = parse(file, &text);
    let model = Model::new(&parsed.tree);
    let (kept, world) = world(policy.plan(), &pair.world);
    let tree = parse_world(file, &kept.join("\n")).tree;
    let facts = Facts::new(&model, &tree);
    let now = ward::parse_datetime("2001-01-01").unwrap();
    let ward = Evaluator::new(&world, now);
    let principals = model.principal_types();
    for subject in facts.entities() {
        if !model.asking_types().contains(subject.0.as_str()) {
            continue;
        }
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

/// The lines that fit, and a world of them.
fn world(plan: &Arc<ward::Plan>, lines: &[String]) -> (Vec<String>, World) {
    let mut builder = WorldBuilder::new(Arc::clone(plan));
    let mut all: Vec<_> = lines
        .iter()
        .map(|line| {
            let facts = ward::load::world_text("fuzz.world", line).expect("a fact");
            let custom = |fact: &ward::Fact| matches!(fact.kind, FactKind::CustomRole { .. });
            (!facts.iter().any(custom), line, facts)
        })
        .collect();
    all.sort_by_key(|(holds, ..)| *holds);
    let mut kept = Vec::new();
    for (_, line, facts) in all {
        if facts.iter().all(|fact| builder.add(fact).is_ok()) {
            kept.push(line.clone());
        }
    }
    (kept, builder.into_world())
}

fn name(entity: &Entity) -> EntityName {
    EntityName::new(entity.0.as_str(), entity.1.as_str())
}
