//! Explanations on random policies and worlds: proofs replay and nothing in them can be left out,
//! suggested changes help, and none that is smaller was overlooked.
//!
//! `WARD_PAIRS` sets how many pairs are tried (12), each with ten questions; `WARD_SEED` where to
//! begin (0). Where nothing is suggested, every two changes that there are in the world are tried
//! together, if they are not more than `WARD_FEW` (120).

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod changes;
#[allow(dead_code, reason = "other tests use more of it")]
mod generate;

use std::collections::BTreeSet;
use std::sync::Arc;

use changes::{applied, entities, every_change, fact_of, kind, parsed};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value as Json;
use ward::explain::{Explanation, Proof, Suggestion};
use ward::{
    Context, EntityName, Evaluator, Explain, Fact, FactKind, Outcome, Plan, Sources, World,
};

const NOWS: [&str; 3] = ["2000-06-01", "2001-01-01", "2003-01-01"];

/// How many questions are asked of each pair.
const QUESTIONS: usize = 10;

/// With more changes than this, they are not tried two by two; `WARD_FEW` says otherwise.
const FEW: u64 = 120;

#[derive(Clone)]
struct Question {
    subject: EntityName,
    action: String,
    resource: EntityName,
    context: Context,
    now: i64,
}

impl Question {
    fn ask(&self, world: &World) -> Outcome {
        let ward = Evaluator::new(world, self.now);
        let asked = ward.check(&self.subject, &self.action, &self.resource, &self.context);
        asked.unwrap().outcome
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            subject,
            action,
            resource,
            context,
            now,
        } = self;
        let now = ward::format_datetime(*now);
        write!(f, "{subject} {action} {resource} at {now} with {context:?}")
    }
}

/// How much was tried.
#[derive(Clone, Copy, Debug, Default)]
struct Tried {
    questions: usize,
    allowed: usize,
    proofs: usize,
    suggestions: usize,
    pairs: usize,
    helpless: usize,
    /// Where there was too much to try two changes together.
    cut: usize,
    /// Where nothing is suggested, and it is said that there may be something.
    unsure: usize,
}

fn count_from(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.map_or(otherwise, |text| text.parse().expect("a number"))
}

/// The plan with nothing that gives but these clauses, made of its text.
fn only(plan: &Plan, clauses: &[ward::Clause]) -> Arc<Plan> {
    let mut json = serde_json::to_value(plan).unwrap();
    let all: Vec<ward::Clause> = serde_json::from_value(json["clauses"].clone()).unwrap();
    let stays = |item: &Json| {
        let index = item["clause"].as_u64().unwrap();
        clauses.contains(&all[usize::try_from(index).unwrap()])
    };
    for role in json["roles"].as_array_mut().unwrap() {
        for kind in ["sights", "grants", "also"] {
            if let Some(list) = role.get_mut(kind).and_then(Json::as_array_mut) {
                list.retain(stays);
            }
        }
    }
    for ty in json["types"].as_array_mut().unwrap() {
        for kind in ["permits", "reveals"] {
            ty[kind].as_array_mut().unwrap().retain(stays);
        }
        if ty
            .get("custom_roles")
            .is_some_and(|made| !made.is_null() && !stays(made))
        {
            ty.as_object_mut().unwrap().remove("custom_roles");
        }
    }
    Arc::new(serde_json::from_value(json).unwrap())
}

fn holds(plan: &Arc<Plan>, facts: &[Fact], question: &Question, outcome: Outcome) -> bool {
    let Ok(world) = World::build(Arc::clone(plan), facts.to_vec()) else {
        return false;
    };
    match outcome {
        Outcome::Allowed => question.ask(&world) == Outcome::Allowed,
        _ => question.ask(&world) != Outcome::Invisible,
    }
}

/// A proof holds in a world of its facts, under its clauses, and nothing of it can be left out.
fn replays(
    proof: &Proof,
    plan: &Arc<Plan>,
    question: &Question,
    outcome: Outcome,
) -> Result<(), String> {
    let texts: Vec<String> = proof
        .facts
        .iter()
        .map(|stated| stated.fact.clone())
        .collect();
    let facts = parsed(&texts);
    if !holds(plan, &facts, question, outcome) {
        return Err(format!("does not replay: {texts:?}"));
    }
    for index in 0..facts.len() {
        let mut fewer = facts.clone();
        fewer.remove(index);
        if holds(plan, &fewer, question, outcome) {
            return Err(format!("{} is not needed among {texts:?}", texts[index]));
        }
    }
    if !holds(&only(plan, &proof.clauses), &facts, question, outcome) {
        return Err(format!("not by these clauses: {:?}", proof.clauses));
    }
    for index in 0..proof.clauses.len() {
        let mut fewer = proof.clauses.clone();
        let gone = fewer.remove(index);
        if holds(&only(plan, &fewer), &facts, question, outcome) {
            return Err(format!("`{}` is not needed for {texts:?}", gone.text));
        }
    }
    Ok(())
}

/// A suggestion helps, in a world that is built anew of its facts, and no part of it does alone.
fn helps(suggestion: &Suggestion, world: &World, question: &Question) -> Result<(), String> {
    let mut changed = world.clone();
    for change in &suggestion.changes {
        let said = || format!("{change:?} does not fit");
        changed = applied(&changed, (change, &fact_of(change))).ok_or_else(said)?;
    }
    let anew = World::build(Arc::clone(world.plan()), changed.facts()).unwrap();
    if question.ask(&anew) != Outcome::Allowed {
        return Err(format!("does not help: {:?}", suggestion.changes));
    }
    for change in suggestion
        .changes
        .iter()
        .filter(|_| suggestion.changes.len() > 1)
    {
        let alone = applied(world, (change, &fact_of(change)));
        if alone.is_some_and(|one| question.ask(&one) == Outcome::Allowed) {
            return Err(format!("{change:?} is enough by itself"));
        }
    }
    Ok(())
}

/// Who is judged: of a credential, its owner.
fn asker(plan: &Plan, facts: &[Fact], subject: &EntityName) -> EntityName {
    let json = serde_json::to_value(plan).unwrap();
    let mut types = json["types"].as_array().unwrap().iter();
    let ty = types
        .find(|ty| ty["name"] == subject.type_name.as_str())
        .unwrap();
    let Some(column) = ty["acts_for"]["owner"].as_u64() else {
        return subject.clone();
    };
    let name = &ty["attributes"][usize::try_from(column).unwrap()]["name"];
    let owner = facts.iter().find_map(|fact| match &fact.kind {
        FactKind::Entity {
            entity, attributes, ..
        } if entity == subject => match attributes.get(name.as_str().unwrap()) {
            Some(ward::Value::Entity(owner)) => Some(owner.clone()),
            _ => None,
        },
        _ => None,
    });
    owner.unwrap_or_else(|| subject.clone())
}

/// No change of one fact that helps was overlooked, nor where none does, one of two.
fn nothing_overlooked(
    explanation: &Explanation,
    world: &World,
    question: &Question,
    tried: &mut Tried,
) -> Result<(), String> {
    let facts: Vec<Fact> = world.facts().collect();
    let asker = asker(world.plan(), &facts, &question.subject);
    let changes = every_change(world.plan(), &facts, &asker, question.now);
    let mut helping = Vec::new();
    let mut others = Vec::new();
    for change in changes {
        let fact = fact_of(&change);
        let Some(changed) = applied(world, (&change, &fact)) else {
            continue;
        };
        if question.ask(&changed) == Outcome::Allowed {
            helping.push((change, fact));
        } else {
            others.push((change, fact, changed));
        }
    }
    // Where the name of the subject is enough, nothing that names it and says more is looked for.
    if helping.iter().any(|(change, _)| kind(change) == "know") {
        helping.retain(|(change, _)| !["hold", "join", "relate"].contains(&kind(change)));
    }
    let single = |suggestion: &&Suggestion| suggestion.changes.len() == 1;
    let ours: Vec<&Suggestion> = explanation.changes.iter().filter(single).collect();
    if !helping.is_empty() && ours.len() != explanation.changes.len() {
        return Err(format!("one fact is enough: {helping:?}"));
    }
    if explanation.more_changes {
        tried.unsure += usize::from(explanation.changes.is_empty());
        return Ok(());
    }
    for (wanted, fact) in &helping {
        let is_wanted = |suggestion: &&Suggestion| {
            let change = &suggestion.changes[0];
            kind(change) == kind(wanted)
                && without_end(fact_of(change)) == without_end(fact.clone())
        };
        if !ours.iter().any(is_wanted) {
            return Err(format!("overlooked: {wanted:?}"));
        }
    }
    if !explanation.changes.is_empty() {
        return Ok(());
    }
    if others.len() as u64 > count_from("WARD_FEW", FEW) {
        tried.cut += 1;
        return Ok(());
    }
    for (index, (first, _, changed)) in others.iter().enumerate() {
        for (second, fact, _) in others.iter().skip(index + 1) {
            let both = applied(changed, (second, fact));
            if both.is_some_and(|both| question.ask(&both) == Outcome::Allowed) {
                return Err(format!("overlooked: {first:?} and {second:?}"));
            }
        }
    }
    tried.helpless += 1;
    Ok(())
}

/// What a fact says, whenever it ends.
fn without_end(mut fact: Fact) -> String {
    if let FactKind::Entity { until, .. }
    | FactKind::Holding { until, .. }
    | FactKind::Share { until, .. } = &mut fact.kind
    {
        *until = None;
    }
    fact.to_string()
}

fn examined(question: &Question, world: &World, tried: &mut Tried) -> Result<(), String> {
    let ward = Evaluator::new(world, question.now);
    let Question {
        subject,
        action,
        resource,
        context,
        ..
    } = question;
    let wanted = Explain {
        all: true,
        changes: true,
    };
    let explanation = ward.explain(subject, action, resource, context, wanted);
    let explanation = explanation.map_err(|error| error.to_string())?;
    let outcome = question.ask(world);
    if explanation.outcome != outcome {
        return Err(format!(
            "explained as {}, checked as {outcome}",
            explanation.outcome
        ));
    }
    tried.questions += 1;
    tried.allowed += usize::from(outcome == Outcome::Allowed);
    if outcome != Outcome::Invisible && explanation.proofs.is_empty() {
        return Err("no proof".into());
    }
    for proof in &explanation.proofs {
        replays(proof, world.plan(), question, outcome)?;
        tried.proofs += 1;
    }
    let sizes = explanation.proofs.iter().map(|proof| proof.facts.len());
    if !sizes.is_sorted() {
        return Err("a longer proof comes first".into());
    }
    let wanted = Explain {
        all: false,
        changes: false,
    };
    let shortest = ward.explain(subject, action, resource, context, wanted);
    if shortest.unwrap().proofs.first() != explanation.proofs.first() {
        return Err("another proof is the shortest of all".into());
    }
    for suggestion in &explanation.changes {
        helps(suggestion, world, question)?;
        tried.suggestions += 1;
        tried.pairs += usize::from(suggestion.changes.len() == 2);
    }
    if outcome == Outcome::Allowed {
        return Ok(());
    }
    if explanation.missing.is_empty() {
        return Err("nothing is missing".into());
    }
    if outcome == Outcome::Invisible && subject != resource {
        let unknown = EntityName::new(resource.type_name.as_str(), "unheard-of");
        let other = ward.explain(subject, action, &unknown, context, Explain::default());
        let told = explanation.for_subject().to_string();
        let other = other.unwrap().for_subject().to_string();
        if told.replace(&resource.to_string(), &unknown.to_string()) != other {
            return Err(format!("{told} tells it from {other}"));
        }
    }
    nothing_overlooked(&explanation, world, question, tried)?;
    Ok(())
}

fn questions(plan: &Plan, world: &World, rng: &mut StdRng) -> Vec<Question> {
    let facts: Vec<Fact> = world.facts().collect();
    let known = entities(&facts);
    let askers: BTreeSet<String> = plan.subject_names().map(str::to_owned).collect();
    let mut subjects: Vec<EntityName> = known
        .iter()
        .filter(|name| askers.contains(&name.type_name))
        .cloned()
        .collect();
    subjects.push(EntityName::new("User", "ghost"));
    let asked: Vec<&EntityName> = known
        .iter()
        .filter(|name| !plan.actions_of(&name.type_name).is_empty())
        .collect();
    let full = [
        ("flag", ward::Value::Bool(true)),
        ("num", ward::Value::Int(1)),
        ("who", ward::Value::Entity(EntityName::new("User", "u0"))),
        ("mfa", ward::Value::Bool(true)),
        ("lim", ward::Value::Int(1)),
    ];
    let json = serde_json::to_value(plan).unwrap();
    let declared = json["context"].as_array().unwrap();
    let full = full
        .into_iter()
        .filter(|(name, _)| declared.iter().any(|field| field["name"] == *name));
    let full: Vec<(String, ward::Value)> =
        full.map(|(name, value)| (name.to_owned(), value)).collect();
    // Most of what could be asked is invisible: each outcome has its turn.
    let mut questions: [Vec<Question>; 3] = Default::default();
    for _ in 0..QUESTIONS * 40 {
        let Some(resource) = asked.choose(rng) else {
            break;
        };
        let actions = plan.actions_of(&resource.type_name);
        let context = if rng.random_bool(0.5) {
            Context::default()
        } else {
            Context::from_iter(full.clone())
        };
        let question = Question {
            subject: subjects.choose(rng).unwrap().clone(),
            action: actions.choose(rng).unwrap().clone(),
            resource: (*resource).clone(),
            context,
            now: ward::parse_datetime(NOWS.choose(rng).unwrap()).unwrap(),
        };
        questions[question.ask(world) as usize].push(question);
    }
    let mut mixed = Vec::new();
    for index in 0..QUESTIONS * 40 {
        mixed.extend(questions.iter().filter_map(|some| some.get(index)).cloned());
    }
    mixed.truncate(QUESTIONS);
    mixed
}

#[test]
fn explanations_hold() {
    let pairs = count_from("WARD_PAIRS", 12);
    let first = count_from("WARD_SEED", 0);
    let mut tried = Tried::default();
    let mut failed: Option<String> = None;
    for seed in first..first + pairs {
        let pair = generate::pair(seed);
        let policy = ward::compile(&Sources::new().with("random.policy", pair.policy_text()));
        let policy = policy.unwrap();
        let facts = ward::load::world_text("random.world", &pair.world_text()).unwrap();
        let (world, _) = World::build_keeping(Arc::clone(policy.plan()), facts);
        let mut rng = StdRng::seed_from_u64(seed);
        for question in questions(policy.plan(), &world, &mut rng) {
            if let Err(why) = examined(&question, &world, &mut tried) {
                println!("seed {seed}: {question}: {why}");
                failed.get_or_insert_with(|| {
                    let (policy, world) = (pair.policy_text(), pair.world_text());
                    format!("{why}\n\n--- policy\n{policy}\n\n--- world\n{world}\n")
                });
            }
        }
    }
    println!("{tried:?}");
    assert!(failed.is_none(), "{}", failed.unwrap_or_default());
    assert!(tried.allowed > 0 && tried.suggestions > 0, "{tried:?}");
    assert!(tried.helpless > tried.unsure, "{tried:?}");
}
