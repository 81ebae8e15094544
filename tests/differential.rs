//! The evaluator against the reference, on random policies and worlds: every query, at several
//! moments and with several contexts.
//!
//! `WARD_PAIRS` sets how many pairs are tried (1,000), `WARD_SEED` where to begin (0). A pair that
//! fails is made small before it is shown.

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
use std::sync::Arc;

use generate::{Pair, Seen, TEXTS};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use reference::{Asking, Entity, Facts, Model, Outcome, Request, Value};
use ward::syntax::{parse, parse_world};
use ward::{
    Context, EntityKey, EntityName, Evaluator, KeyQuestion, Outcome as Came, PageToken, Sources,
    World, WorldBuilder,
};

const NOWS: [&str; 3] = ["2000-06-01", "2001-01-01", "2003-01-01"];

fn name(entity: &Entity) -> EntityName {
    EntityName::new(entity.0.as_str(), entity.1.as_str())
}

/// How much was tried.
#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    facts: usize,
    refused: usize,
    /// Questions that both answered; one asked again in another form, by keys or in pages, counts once.
    questions: usize,
}

impl std::ops::AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.facts += other.facts;
        self.refused += other.refused;
        self.questions += other.questions;
    }
}

/// A difference, or why the pair could not be tried; otherwise how much there was to compare.
fn differ(pair: &Pair) -> Result<Counted, String> {
    let (policy_text, world_text) = (pair.policy_text(), pair.world_text());
    let mut sources = Sources::new();
    let file = sources.add("random.policy", policy_text.as_str());
    let policy = ward::compile(&sources).map_err(|errors| format!("does not compile: {errors}"))?;
    let parsed = parse(file, &policy_text);
    let model = Model::new(&parsed.tree);
    let mut world_tree = parse_world(file, &world_text).tree;
    let named = ward::load::world_text("random.world", &world_text);
    let named = named.map_err(|errors| format!("world does not parse: {errors}"))?;
    let said = named.len();
    let fits = fits(policy.plan(), &named);
    // What the product refuses is not there for the reference either, but both must agree on it.
    let all = world_tree.facts.clone();
    keep(&mut world_tree.facts, &fits);
    let facts = Facts::new(&model, &world_tree);
    for ((tree, name), fits) in all.iter().zip(&named).zip(&fits) {
        if *fits != model.accepts(&facts, tree) {
            return Err(format!("refused: {name}: {}", !fits));
        }
    }
    let mut kept = named;
    keep(&mut kept, &fits);
    let refused = said - kept.len();
    let world = World::build(Arc::clone(policy.plan()), kept).map_err(|refused| {
        let all: Vec<String> = refused.iter().map(ToString::to_string).collect();
        format!("world is refused: {}", all.join("\n"))
    })?;
    let full = [
        ("flag", Value::Bool(true), ward::Value::Bool(true)),
        ("num", Value::Int(1), ward::Value::Int(1)),
        (
            "who",
            Value::Entity(("User".into(), "u0".into())),
            ward::Value::Entity(EntityName::new("User", "u0")),
        ),
        ("mfa", Value::Bool(true), ward::Value::Bool(true)),
        ("lim", Value::Int(1), ward::Value::Int(1)),
    ];
    let full = full
        .into_iter()
        .filter(|(name, ..)| model.has_context(name));
    let (theirs, ours): (BTreeMap<_, _>, Vec<_>) = full
        .map(|(name, theirs, ours)| ((name.to_owned(), theirs), (name.to_owned(), ours)))
        .unzip();
    let contexts = [
        (BTreeMap::new(), Context::default()),
        (theirs, Context::from_iter(ours)),
    ];
    let mut explained = false;
    let mut questions = 0;
    for now in NOWS {
        let now = ward::parse_datetime(now).unwrap();
        let ward = Evaluator::new(&world, now);
        let mut asking = askers(&model, &facts, now);
        for (context, bound) in &contexts {
            for (_, asking) in &mut asking {
                asking
                    .iter_mut()
                    .for_each(|asking| asking.set_context(context.clone()));
            }
            let explain = !std::mem::replace(&mut explained, true);
            questions += compare(&model, &facts, &asking, &ward, bound, explain)
                .map_err(|error| error.replace("WHEN", &format!("at {now} with {context:?}")))?;
        }
    }
    Ok(Counted {
        facts: said,
        refused,
        questions,
    })
}

/// Which of the facts a world takes, custom roles before those who hold them.
fn fits(plan: &Arc<ward::Plan>, facts: &[ward::Fact]) -> Vec<bool> {
    let mut builder = WorldBuilder::new(Arc::clone(plan));
    let mut fits = vec![false; facts.len()];
    for definitions in [true, false] {
        for (fact, fits) in facts.iter().zip(&mut fits) {
            if matches!(fact.kind, ward::FactKind::CustomRole { .. }) == definitions {
                *fits = builder.add(fact).is_ok();
            }
        }
    }
    fits
}

/// Keeps what fits.
fn keep<T>(all: &mut Vec<T>, fits: &[bool]) {
    let mut fits = fits.iter();
    all.retain(|_| fits.next().is_some_and(|fits| *fits));
}

/// Everybody who can ask: the known ones, and an unknown one of each type.
fn askers<'a>(
    model: &'a Model<'a>,
    facts: &'a Facts,
    now: i64,
) -> Vec<(Entity, Option<Asking<'a>>)> {
    let types = model.asking_types();
    let known = facts.entities().cloned();
    let mut subjects: BTreeSet<Entity> = known
        .filter(|(ty, _)| types.contains(ty.as_str()))
        .collect();
    let ghosts = types.iter();
    subjects.extend(ghosts.map(|ty| ((*ty).to_owned(), "ghost".to_owned())));
    let ask = |subject: Entity| {
        let request = Request {
            subject: subject.clone(),
            now,
            context: BTreeMap::new(),
        };
        (subject, model.ask(facts, request))
    };
    subjects.into_iter().map(ask).collect()
}

/// Asks both everything that can be asked, and says how many questions that were.
fn compare(
    model: &Model<'_>,
    facts: &Facts,
    asking: &[(Entity, Option<Asking<'_>>)],
    ward: &Evaluator<'_>,
    bound: &Context,
    explain: bool,
) -> Result<usize, String> {
    let mut questions = 0;
    let principal_types = model.principal_types();
    let resource_types: Vec<&str> = model
        .types
        .keys()
        .copied()
        .filter(|ty| !principal_types.contains(ty))
        .collect();
    // Who may what, by action and resource, for the lists and the who-lists.
    // Questions between those that the world knows, with what came out.
    let mut batch: Vec<(KeyQuestion, Came)> = Vec::new();
    let mut allowed: BTreeMap<(String, Entity), BTreeSet<Entity>> = BTreeMap::new();
    let mut seen: BTreeMap<Entity, BTreeSet<Entity>> = BTreeMap::new();
    let say = |what: String, ours: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
        let said = format!("{what} WHEN\n  evaluator: {ours:?}\n  reference: {theirs:?}");
        Err(said)
    };
    for (subject, asking) in asking {
        for ty in &resource_types {
            let asked = model.asked_of(ty);
            let mut resources: Vec<Entity> = facts
                .entities()
                .filter(|entity| entity.0 == *ty)
                .cloned()
                .collect();
            resources.push(((*ty).to_owned(), "ghost".to_owned()));
            let mut visible = BTreeSet::new();
            let mut may: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for resource in &resources {
                let verdict = asking.as_ref().map(|asking| asking.judge(resource));
                let verdict = verdict.unwrap_or_default();
                // What one may do at all, and each action of it.
                questions += 1 + asked.len();
                let ours = ward
                    .actions(&name(subject), &name(resource), bound)
                    .unwrap();
                let listed: BTreeSet<String> = ours.actions.into_iter().collect();
                if ours.sees != verdict.sees || listed != verdict.allowed {
                    let what = format!("actions {subject:?} {resource:?}");
                    return say(what, &(ours.sees, listed), &(verdict.sees, verdict.allowed));
                }
                if verdict.sees {
                    visible.insert(resource.1.clone());
                    seen.entry(resource.clone())
                        .or_default()
                        .insert(subject.clone());
                }
                for action in &asked {
                    let expected = match (verdict.sees, verdict.allowed.contains(action)) {
                        (false, _) => Outcome::Invisible,
                        (true, true) => Outcome::Allowed,
                        (true, false) => Outcome::Forbidden,
                    };
                    let found = ward
                        .check(&name(subject), action, &name(resource), bound)
                        .unwrap();
                    if format!("{expected:?}") != found.outcome.to_string() {
                        let what = format!("check {subject:?} {action} {resource:?}");
                        return say(what, &found.outcome, &expected);
                    }
                    let keys = |entity| ward.entity_key(&name(entity)).unwrap();
                    if let (Some(subject), Some(resource)) = (keys(subject), keys(resource)) {
                        let action = ward.action_key(action, ty).unwrap();
                        batch.push(((subject, action, resource), found.outcome));
                    }
                    // What decided is worked out by the same walk: once in each world is enough.
                    if explain {
                        let reasons = ward
                            .reasons(&name(subject), action, &name(resource), bound)
                            .unwrap();
                        if reasons.outcome != found.outcome {
                            return say("reasons".into(), &reasons.outcome, &found.outcome);
                        }
                    }
                    if expected == Outcome::Allowed {
                        may.entry(action).or_default().insert(resource.1.clone());
                        allowed
                            .entry((action.clone(), resource.clone()))
                            .or_default()
                            .insert(subject.clone());
                    }
                }
            }
            // The list of what is seen, and one for each action.
            questions += 1 + asked.len();
            let ours = ward.visible(&name(subject), ty, bound).unwrap();
            let ours: Vec<String> = ours.into_iter().map(|name| name.id).collect();
            if ours != visible.iter().cloned().collect::<Vec<_>>() {
                return say(format!("visible {subject:?} {ty}"), &ours, &visible);
            }
            let paged = pages(ward, &name(subject), None, ty, bound);
            if paged != visible {
                return say(format!("pages {subject:?} {ty}"), &paged, &visible);
            }
            for action in &asked {
                let ours = ward.allowed(&name(subject), action, ty, bound).unwrap();
                let ours: Vec<String> = ours.into_iter().map(|name| name.id).collect();
                let theirs = may.remove(action.as_str()).unwrap_or_default();
                let paged = pages(ward, &name(subject), Some(action), ty, bound);
                if paged != theirs {
                    return say(format!("pages {subject:?} {action}"), &paged, &theirs);
                }
                if ours != theirs.iter().cloned().collect::<Vec<_>>() {
                    return say(format!("allowed {subject:?} {action}"), &ours, &theirs);
                }
            }
        }
    }
    let (batch, outcomes): (Vec<KeyQuestion>, Vec<Came>) = batch.into_iter().unzip();
    let ours = ward.check_keys(&batch, bound).unwrap();
    if ours != outcomes {
        return say("batch".into(), &ours, &outcomes);
    }
    for ((subject, action, resource), outcome) in batch.iter().zip(&outcomes) {
        let one = ward.check_key(*subject, *action, *resource, bound).unwrap();
        if one.outcome != *outcome {
            return say("by key".into(), &one.outcome, outcome);
        }
    }
    for ty in &resource_types {
        let resources = facts.entities().filter(|entity| entity.0 == *ty);
        for resource in resources {
            let split = |all: BTreeSet<Entity>| {
                let anyone = all.iter().any(|subject| subject.1 == "ghost");
                let mine: Vec<EntityName> = all
                    .iter()
                    .filter(|subject| facts.knows(subject))
                    .map(name)
                    .collect();
                (mine, anyone)
            };
            questions += 1;
            let ours = ward.who_sees(&name(resource), bound).unwrap();
            let theirs = split(seen.remove(resource).unwrap_or_default());
            if (&ours.subjects, ours.anyone) != (&theirs.0, theirs.1) {
                return say(format!("who sees {resource:?}"), &ours, &theirs);
            }
            for action in model.asked_of(ty) {
                questions += 1;
                let ours = ward.who(&action, &name(resource), bound).unwrap();
                let theirs = split(
                    allowed
                        .remove(&(action.clone(), resource.clone()))
                        .unwrap_or_default(),
                );
                if (&ours.subjects, ours.anyone) != (&theirs.0, theirs.1) {
                    return say(format!("who {action} {resource:?}"), &ours, &theirs);
                }
            }
        }
    }
    Ok(questions)
}

/// A list, read in pages of two, and at once.
fn pages(
    ward: &Evaluator<'_>,
    subject: &EntityName,
    action: Option<&str>,
    ty: &str,
    context: &Context,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut token: Option<PageToken> = None;
    loop {
        let list = ward.list(subject, action, ty, context).unwrap();
        let mut list = match token {
            Some(token) => list.after(token).unwrap(),
            None => list,
        };
        let page: Vec<EntityKey> = list.by_ref().take(2).collect();
        token = Some(list.token().to_string().parse().unwrap());
        for key in &page {
            assert!(found.insert(ward.name_of(*key).unwrap().id), "told twice");
        }
        if page.len() < 2 {
            break;
        }
    }
    let whole = ward.list(subject, action, ty, context).unwrap();
    let (least, most) = whole.size_hint();
    let mut at_once = BTreeSet::new();
    whole.for_each(|key| assert!(at_once.insert(ward.name_of(key).unwrap().id), "told twice"));
    assert_eq!(at_once, found, "at once, and in pages");
    assert!(least <= found.len() && most.is_some_and(|most| found.len() <= most));
    found
}

/// Takes lines away as long as the pair still fails in the same way.
fn shrink(mut pair: Pair) -> Pair {
    let kind = |result: &Result<Counted, String>| {
        result
            .as_ref()
            .err()
            .map(|error| error.split(' ').next().unwrap_or("").to_owned())
    };
    let wanted = kind(&differ(&pair));
    if wanted
        .as_deref()
        .is_some_and(|kind| kind == "does" || kind == "world")
    {
        return pair;
    }
    loop {
        let mut changed = false;
        for of_world in [true, false] {
            let mut index = 0;
            loop {
                let mut smaller = pair.clone();
                let lines = if of_world {
                    &mut smaller.world
                } else {
                    &mut smaller.policy
                };
                if index >= lines.len() {
                    break;
                }
                lines.remove(index);
                // A crash would be another finding than the one at hand.
                let tried = std::panic::catch_unwind(|| differ(&smaller));
                if tried.is_ok_and(|result| kind(&result) == wanted) {
                    pair = smaller;
                    changed = true;
                } else {
                    index += 1;
                }
            }
        }
        if !changed {
            return pair;
        }
    }
}

fn count_from(variable: &str, default: u64) -> u64 {
    std::env::var(variable)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}

/// What was tried.
#[derive(Default)]
struct Tried {
    seen: Seen,
    counted: Counted,
}

#[test]
fn shipped_policies_agree_on_their_worlds() {
    let mut tried = 0;
    for entry in std::fs::read_dir("policies").unwrap() {
        let directory = entry.unwrap().path();
        let name = directory.file_name().unwrap().to_str().unwrap();
        let lines = |extension: &str| -> Vec<String> {
            let path = directory.join(format!("{name}.{extension}"));
            let text = std::fs::read_to_string(path).unwrap();
            text.lines().map(str::to_owned).collect()
        };
        let pair = Pair {
            policy: lines("policy"),
            world: lines("world"),
            constructs: BTreeMap::new(),
        };
        match differ(&pair) {
            Ok(counted) => assert_eq!(counted.refused, 0, "{name}"),
            Err(why) => panic!("{name}: {why}"),
        }
        tried += 1;
    }
    assert!(tried >= 10, "only {tried} policies");
}

#[test]
fn the_evaluator_agrees_with_the_reference() {
    let pairs = count_from("WARD_PAIRS", 1_000);
    let Tried { seen, counted } = agrees(pairs, generate::pair);
    println!("by the pairs that have it:");
    for text in TEXTS {
        let count = seen.texts.get(text).copied().unwrap_or(0);
        println!("  {text}: {count}");
        assert!(pairs < 1_000 || count > 0, "no pair has `{text}`");
    }
    println!("constructs:");
    for construct in generate::CONSTRUCTS {
        let count = seen.constructs.get(construct).copied().unwrap_or(0);
        println!("  {construct}: {count}");
        assert!(pairs < 1_000 || count > 0, "no pair has `{construct}`");
    }
    // Worlds are no good test where little of what they say is so.
    assert!(pairs < 1_000 || counted.refused * 20 < counted.facts);
}

/// Chains of groups, parents and shares; credentials under overrides under ceilings.
#[test]
fn the_evaluator_agrees_with_the_reference_in_the_depth() {
    let pairs = count_from("WARD_PAIRS", 1_000) / 100;
    let Tried { seen, .. } = agrees(pairs, generate::deep);
    for construct in ["within", "overrides", "at most", "also own role"] {
        let count = seen.constructs.get(construct).copied().unwrap_or(0);
        println!("  {construct}: {count}");
        assert!(pairs < 10 || count > 0, "no pair has `{construct}`");
    }
}

/// Tries so many pairs from `WARD_SEED` on.
fn agrees(pairs: u64, make: fn(u64) -> Pair) -> Tried {
    let first = count_from("WARD_SEED", 0);
    let threads = 2;
    let all: Vec<Tried> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut tried = Tried::default();
                    // proptest drives the seeds; pairs are made small by `shrink`, line by line.
                    let config = Config {
                        cases: 1,
                        failure_persistence: None,
                        max_shrink_iters: 0,
                        ..Config::default()
                    };
                    for seed in (first + thread..first + pairs).step_by(threads as usize) {
                        let done = seed - first;
                        if done > 0 && done.is_multiple_of(10_000) {
                            println!("{done} pairs so far");
                        }
                        let pair = make(seed);
                        tried.seen.add(&pair);
                        let counted = std::cell::Cell::new(Counted::default());
                        let mut runner = TestRunner::new(config.clone());
                        let outcome = runner.run(&proptest::strategy::Just(pair), |pair| {
                            counted.set(differ(&pair).map_err(TestCaseError::fail)?);
                            Ok(())
                        });
                        tried.counted += counted.get();
                        if outcome.is_err() {
                            let small = shrink(make(seed));
                            let why = differ(&small).unwrap_err();
                            let (policy, world) = (small.policy_text(), small.world_text());
                            let left = generate::leave(&format!("seed-{seed}"), &policy, &world);
                            panic!(
                                "seed {seed}: {why}\n\n--- policy\n{policy}\n\n--- world\n{world}\n\nleft in {left}"
                            );
                        }
                    }
                    tried
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut tried = Tried::default();
    for one in all {
        tried.seen = tried.seen.join(one.seen);
        tried.counted += one.counted;
    }
    let counted = tried.counted;
    println!(
        "{pairs} pairs, {} questions without a difference",
        counted.questions
    );
    println!(
        "{} facts, {} of them refused",
        counted.facts, counted.refused
    );
    tried
}
