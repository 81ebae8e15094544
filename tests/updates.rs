//! Worlds that change, against the reference evaluator: random policies, and on each a random
//! sequence of transactions with all questions asked in between.
//!
//! After some transactions, four worlds have to answer as the reference does: the one that was
//! changed, the same put in order, the one of [`Live`], which was put in order at other moments, and
//! one that is built anew of the facts that are left.
//!
//! `WARD_SEQUENCES` sets how many sequences are tried (60), `WARD_SEED` where to begin (0). One that
//! fails is made small before it is shown.

#![cfg(all(feature = "live", feature = "compiler"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "other tests use more of it")]
mod generate;
#[allow(dead_code, reason = "other tests use more of it")]
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use reference::{Entity, Facts, Model, Outcome, Request};
use ward::syntax::{ast, parse, parse_world};
use ward::{
    Change, Context, EntityName, Evaluator, FactKind, Live, Policy, Sources, Transaction, World,
    WorldBuilder,
};

const NOWS: [&str; 3] = ["2000-06-01", "2001-01-01", "2003-01-01"];

/// The shipped policies whose worlds change.
const SHIPPED: [&str; 7] = [
    "chat", "gdrive", "gdrive", "github", "infralo", "pages", "tinytodo",
];

/// How many transactions a sequence has.
const TRANSACTIONS: usize = 12;

/// What comes or goes, as text.
type Step = (bool, String);

/// A policy, the facts at the beginning, and what happens then.
#[derive(Clone, Debug)]
struct Sequence {
    policy: Vec<String>,
    world: Vec<String>,
    /// Transactions, and whether [`Live`] and the changed world are put in order after each.
    transactions: Vec<(Vec<Step>, bool, bool)>,
}

/// How much was tried.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    changes: usize,
    refused: usize,
    questions: usize,
}

impl Tried {
    fn add(&mut self, more: &Self) {
        self.changes += more.changes;
        self.refused += more.refused;
        self.questions += more.questions;
    }
}

fn random(seed: u64) -> Sequence {
    let (pair, more) = generate::pair_and_more(seed);
    sequence(seed, pair.policy, &pair.world, &more)
}

/// A shipped policy, with its world and what is like the lines of it: that goes deeper into what real
/// policies do often, as folders in several folders.
fn shipped(seed: u64) -> Sequence {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x511d);
    let name = SHIPPED.choose(&mut rng).unwrap();
    let read = |kind| std::fs::read_to_string(format!("policies/{name}/{name}.{kind}")).unwrap();
    let text = read("world");
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    let lines = lines.map(str::trim).filter(|line| !line.is_empty());
    let world: Vec<String> = lines.map(str::to_owned).collect();
    let words = world.iter().flat_map(|line| line.split([' ', ',', '#']));
    let entities: BTreeSet<&str> = words.filter(|word| is_entity(word)).collect();
    // Others of the same types in their places.
    let more = (0..3 * world.len()).map(|_| {
        let line = world.choose(&mut rng).unwrap();
        let words = line.split(' ').map(|word| {
            let (ty, _) = word.split_once(':').unwrap_or_default();
            let same: Vec<&&str> = entities
                .iter()
                .filter(|other| other.split_once(':').is_some_and(|(of, _)| of == ty))
                .collect();
            match same.choose(&mut rng) {
                Some(other) if is_entity(word) && rng.random_bool(0.6) => **other,
                _ => word,
            }
        });
        words.collect::<Vec<&str>>().join(" ")
    });
    let more: Vec<String> = more.collect();
    sequence(seed, vec![read("policy")], &world, &more)
}

fn sequence(seed: u64, policy: Vec<String>, lines: &[String], more: &[String]) -> Sequence {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x5eed);
    let world = lines.iter();
    let world = world.filter(|_| rng.random_bool(0.5)).cloned().collect();
    let pool: Vec<String> = lines.iter().chain(more).cloned().collect();
    let mut added: Vec<String> = Vec::clone(&world);
    let mut transactions = Vec::new();
    for _ in 0..TRANSACTIONS {
        let mut steps = Vec::new();
        for _ in 0..*[1, 1, 2, 3, 4].choose(&mut rng).unwrap() {
            let Some(line) = pool.choose(&mut rng) else {
                break;
            };
            steps.push(match rng.random_range(0..100) {
                0..50 => {
                    added.push(line.clone());
                    (true, line.clone())
                }
                50..80 => (false, added.choose(&mut rng).unwrap_or(line).clone()),
                80..85 => (false, line.clone()),
                // An entity with all that names it.
                85..93 => {
                    let named = line.split([' ', ',', '#']).filter(|word| is_entity(word));
                    let named: Vec<&str> = named.collect();
                    match named.choose(&mut rng) {
                        Some(entity) => (false, (*entity).to_owned()),
                        None => (true, line.clone()),
                    }
                }
                // A custom role with its holders, or a part of it.
                _ => {
                    let roles = added.iter().filter(|line| line.starts_with("role "));
                    let roles: Vec<&String> = roles.collect();
                    match roles.choose(&mut rng) {
                        Some(role) if rng.random_bool(0.6) => {
                            let whole = role.split(" can ").next().unwrap();
                            (false, whole.to_owned())
                        }
                        Some(role) => (false, (*role).clone()),
                        None => (true, line.clone()),
                    }
                }
            });
        }
        transactions.push((steps, rng.random_bool(0.25), rng.random_bool(0.15)));
    }
    Sequence {
        policy,
        world,
        transactions,
    }
}

/// Whether a word of a line names an entity.
fn is_entity(word: &str) -> bool {
    let (ty, id) = word.split_once(':').unwrap_or_default();
    ty.starts_with(|c: char| c.is_ascii_uppercase())
        && !id.is_empty()
        && id.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The facts of a line, as both sides read them.
fn read(line: &str) -> Result<Vec<(ast::Fact, ward::Fact)>, String> {
    let mut sources = Sources::new();
    let file = sources.add("random.world", line);
    let tree = parse_world(file, line).tree.facts;
    let facts = ward::load::world_text("random.world", line).map_err(|e| format!("read: {e}"))?;
    Ok(tree.into_iter().zip(facts).collect())
}

fn tell(sequence: &Sequence) -> Result<Tried, String> {
    let text = sequence.policy.join("\n");
    let mut sources = Sources::new();
    let file = sources.add("random.policy", text.as_str());
    let policy = ward::compile(&sources).map_err(|errors| format!("compile: {errors}"))?;
    let parsed = parse(file, &text);
    let model = Model::new(&parsed.tree);
    let mut facts = Facts::default();
    let mut world = first(&policy, &model, &mut facts, &sequence.world)?;
    let live = Live::new(world.clone()).compact_after(usize::MAX);
    let mut tried = Tried::default();
    for (index, (steps, compact_live, compact)) in sequence.transactions.iter().enumerate() {
        let mut changes: Vec<(ast::Fact, Change)> = Vec::new();
        for (add, line) in steps {
            for (tree, fact) in read(line)? {
                let change = if *add { Change::Add } else { Change::Remove };
                changes.push((tree, change(fact)));
            }
        }
        let mut after = facts.clone();
        let mut refused = Vec::new();
        for (at, (tree, change)) in changes.iter().enumerate() {
            let taken = match change {
                Change::Add(_) => {
                    let takes = after.takes(&model, tree);
                    if takes {
                        after.add(&model, tree);
                    }
                    takes
                }
                Change::Remove(_) => after.remove(&model, tree),
            };
            if !taken {
                refused.push(at);
            }
        }
        tried.changes += changes.len();
        tried.refused += refused.len();
        let transaction: Transaction = changes.iter().map(|(_, change)| change.clone()).collect();
        let said = |found: &dyn Debug| {
            let shown: Vec<String> = changes.iter().map(|(_, c)| c.to_string()).collect();
            format!("refused in {shown:?}\n  product: {found:?}\n  reference: {refused:?}")
        };
        let found = live.commit(&transaction).err().unwrap_or_default();
        let indexes: Vec<usize> = found.iter().map(|refused| refused.index).collect();
        if indexes != refused {
            return Err(said(&found));
        }
        // Alone, a change that is refused leaves the world as it was; among others, the copy goes.
        let mut changed = world.clone();
        let target = if changes.len() == 1 {
            &mut world
        } else {
            &mut changed
        };
        for (at, (_, change)) in changes.iter().enumerate() {
            let done = match change {
                Change::Add(fact) => target.add(fact),
                Change::Remove(fact) => target.remove(fact),
            };
            if done.is_err() != refused.contains(&at) {
                return Err(said(&done));
            }
        }
        if refused.is_empty() {
            facts = after;
            if changes.len() != 1 {
                world = changed;
            }
        }
        if *compact_live {
            live.compact_now();
        }
        if *compact {
            world = world.compacted();
        }
        if index % 3 == 2 || index + 1 == sequence.transactions.len() {
            let anew = World::build(Arc::clone(policy.plan()), world.facts())
                .map_err(|refused| format!("told again: {refused:?}"))?;
            let compacted = world.compacted();
            let snapshot = live.snapshot();
            let worlds = [
                ("changed", &world),
                ("in order", &compacted),
                ("live", snapshot.world()),
                ("anew", &anew),
            ];
            tried.questions += compare(&model, &facts, &worlds, NOWS[index % 3])?;
        }
    }
    Ok(tried)
}

/// The world at the beginning: the lines that fit, custom roles before their holders.
fn first(
    policy: &Policy,
    model: &Model<'_>,
    facts: &mut Facts,
    lines: &[String],
) -> Result<World, String> {
    let mut all = Vec::new();
    for line in lines {
        all.extend(read(line)?);
    }
    all.sort_by_key(|(_, fact)| !matches!(fact.kind, FactKind::CustomRole { .. }));
    let mut builder = WorldBuilder::new(Arc::clone(policy.plan()));
    for (tree, fact) in &all {
        let takes = facts.takes(model, tree);
        if builder.add(fact).is_ok() != takes {
            return Err(format!("refused at first: {fact}"));
        }
        if takes {
            facts.add(model, tree);
        }
    }
    Ok(builder.into_world())
}

fn name(entity: &Entity) -> EntityName {
    EntityName::new(entity.0.as_str(), entity.1.as_str())
}

/// Asks all worlds everything; how many questions these were.
fn compare(
    model: &Model<'_>,
    facts: &Facts,
    worlds: &[(&str, &World)],
    now: &str,
) -> Result<usize, String> {
    let now = ward::parse_datetime(now).unwrap();
    let bound = Context::default();
    let wards = worlds.iter();
    let wards: Vec<(&str, Evaluator<'_>)> = wards
        .map(|(name, world)| (*name, Evaluator::new(world, now)))
        .collect();
    let mut questions = 0;
    let mut hold = |what: String, theirs: &dyn Debug, ours: &dyn Fn(&Evaluator<'_>) -> String| {
        let theirs = format!("{theirs:?}");
        for (world, ward) in &wards {
            questions += 1;
            let ours = ours(ward);
            if ours != theirs {
                let said = format!("{what}\n  world {world}: {ours}\n  reference: {theirs}");
                return Err(said);
            }
        }
        Ok(())
    };
    let asking_types = model.asking_types();
    let principal_types = model.principal_types();
    // Those that were known once are asked for too, and one of each type that never was.
    let ids = [
        "ghost", "u0", "u1", "u2", "g0", "g1", "g2", "x0", "x1", "x2",
    ];
    let others = model.types.keys().flat_map(|ty| {
        let user = if *ty == "User" { 'u' } else { 'x' };
        let first = if *ty == "Group" { 'g' } else { user };
        let ids = ids.iter();
        let ids = ids.filter(move |id| **id == "ghost" || id.starts_with(first));
        ids.map(move |id| ((*ty).to_owned(), (*id).to_owned()))
    });
    let everything: BTreeSet<Entity> = facts.entities().cloned().chain(others).collect();
    let resources = |ty: &str| -> Vec<&Entity> {
        let of_type = everything.iter().filter(|entity| entity.0 == ty);
        of_type.collect()
    };
    let types = model.types.keys().copied();
    let types: Vec<&str> = types.filter(|ty| !principal_types.contains(ty)).collect();
    let mut who: BTreeMap<(Entity, Option<String>), BTreeSet<Entity>> = BTreeMap::new();
    for subject in everything
        .iter()
        .filter(|(ty, _)| asking_types.contains(ty.as_str()))
    {
        let request = Request {
            subject: subject.clone(),
            now,
            context: BTreeMap::new(),
        };
        let asking = model.ask(facts, request);
        let s = name(subject);
        for ty in &types {
            let mut lists: BTreeMap<Option<String>, BTreeSet<String>> = BTreeMap::new();
            for resource in resources(ty) {
                let r = name(resource);
                let verdict = asking.as_ref().map(|asking| asking.judge(resource));
                let verdict = verdict.unwrap_or_default();
                hold(
                    format!("actions {s} {r}"),
                    &(verdict.sees, &verdict.allowed),
                    &|ward| {
                        let found = ward.actions(&s, &r, &bound).unwrap();
                        let actions: BTreeSet<String> = found.actions.into_iter().collect();
                        format!("{:?}", (found.sees, &actions))
                    },
                )?;
                for action in model.asked_of(ty) {
                    let allowed = verdict.allowed.contains(&action);
                    let expected = match (verdict.sees, allowed) {
                        (false, _) => Outcome::Invisible,
                        (true, true) => Outcome::Allowed,
                        (true, false) => Outcome::Forbidden,
                    };
                    hold(format!("check {s} {action} {r}"), &expected, &|ward| {
                        let found = ward.check(&s, &action, &r, &bound).unwrap();
                        found.outcome.to_string()
                    })?;
                    if expected == Outcome::Allowed {
                        let listed = lists.entry(Some(action.clone())).or_default();
                        listed.insert(resource.1.clone());
                        let key = (resource.clone(), Some(action));
                        who.entry(key).or_default().insert(subject.clone());
                    }
                }
                if verdict.sees {
                    lists.entry(None).or_default().insert(resource.1.clone());
                    let key = (resource.clone(), None);
                    who.entry(key).or_default().insert(subject.clone());
                }
            }
            let actions = model.asked_of(ty).into_iter().map(Some);
            for action in actions.chain([None]) {
                let listed = lists.remove(&action).unwrap_or_default();
                hold(format!("list {s} {action:?} {ty}"), &listed, &|ward| {
                    let found = match &action {
                        Some(action) => ward.allowed(&s, action, ty, &bound),
                        None => ward.visible(&s, ty, &bound),
                    };
                    let ids = found.unwrap().into_iter().map(|name| name.id);
                    format!("{:?}", ids.collect::<BTreeSet<String>>())
                })?;
            }
        }
    }
    for resource in facts
        .entities()
        .filter(|(ty, _)| types.contains(&ty.as_str()))
    {
        let r = name(resource);
        let actions = model.asked_of(&resource.0).into_iter().map(Some);
        for action in actions.chain([None]) {
            let all = who.remove(&(resource.clone(), action.clone()));
            let all = all.unwrap_or_default();
            let anyone = all.iter().any(|subject| subject.1 == "ghost");
            let mine = all.iter().filter(|subject| facts.knows(subject));
            let mine: BTreeSet<String> = mine.map(|known| name(known).to_string()).collect();
            hold(format!("who {action:?} {r}"), &(mine, anyone), &|ward| {
                let found = match &action {
                    Some(action) => ward.who(action, &r, &bound),
                    None => ward.who_sees(&r, &bound),
                };
                let found = found.unwrap();
                let names = found.subjects.iter().map(EntityName::to_string);
                format!("{:?}", (names.collect::<BTreeSet<String>>(), found.anyone))
            })?;
        }
    }
    Ok(questions)
}

/// Takes lines away as long as the sequence still fails in the same way.
fn shrink(mut sequence: Sequence) -> Sequence {
    let kind = |sequence: &Sequence| {
        let told = std::panic::catch_unwind(|| tell(sequence));
        let told = told.unwrap_or_else(|_| Err("panic".into()));
        told.err()
            .and_then(|why| why.split(' ').next().map(str::to_owned))
    };
    let wanted = kind(&sequence);
    loop {
        let mut smaller = Vec::new();
        for index in 0..sequence.transactions.len() {
            let mut without = sequence.clone();
            without.transactions.remove(index);
            smaller.push(without);
            for step in 0..sequence.transactions[index].0.len() {
                let mut without = sequence.clone();
                without.transactions[index].0.remove(step);
                smaller.push(without);
            }
        }
        for index in 0..sequence.world.len() {
            let mut without = sequence.clone();
            without.world.remove(index);
            smaller.push(without);
        }
        for index in 0..sequence.policy.len() {
            let mut without = sequence.clone();
            without.policy.remove(index);
            smaller.push(without);
        }
        match smaller.into_iter().find(|smaller| kind(smaller) == wanted) {
            Some(smaller) => sequence = smaller,
            None => return sequence,
        }
    }
}

fn count_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

#[test]
fn worlds_that_change_agree_with_the_reference() {
    let tried = all_agree(random);
    // Sequences are no good test where hardly anything happens, or all of it is taken.
    let Tried {
        changes, refused, ..
    } = tried;
    assert!(changes < 1_000 || (refused * 2 < changes && refused * 20 > changes));
}

#[test]
fn shipped_worlds_that_change_agree_with_the_reference() {
    let tried = all_agree(shipped);
    assert!(tried.changes > tried.refused, "{tried:?}");
}

/// Tries a sequence for each seed; shows the first one that fails, made small.
fn all_agree(make: fn(u64) -> Sequence) -> Tried {
    let sequences = count_from("WARD_SEQUENCES", 60);
    let first = count_from("WARD_SEED", 0);
    let run = |thread: u64| {
        let mut tried = Tried::default();
        for seed in (first + thread..first + sequences).step_by(2) {
            let told = std::panic::catch_unwind(|| tell(&make(seed)));
            match told.unwrap_or_else(|_| Err("panic".into())) {
                Ok(more) => tried.add(&more),
                Err(_) => {
                    let small = shrink(make(seed));
                    panic!(
                        "seed {seed}: {}\n--- policy\n{}\n--- world\n{}\n--- then\n{:#?}",
                        tell(&small).unwrap_err(),
                        small.policy.join("\n"),
                        small.world.join("\n"),
                        small.transactions,
                    );
                }
            }
        }
        tried
    };
    let mut all = Tried::default();
    std::thread::scope(|scope| {
        for ended in [0, 1].map(|thread| scope.spawn(move || run(thread))) {
            match ended.join() {
                Ok(tried) => all.add(&tried),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    println!("{sequences} sequences without a difference: {all:?}");
    all
}
