//! `widened-since-base`: what it tells of a change, and that nobody gains anything untold.
//!
//! `WARD_PAIRS` sets how many random policies are tried (40), `WARD_SEED` where to begin (0), and
//! `WARD_STEP` says of how many lines one is taken out (10).

#![cfg(feature = "compiler")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod generate;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ward::lint::{Config, Level, RULES, lint_since};
use ward::{Context, EntityName, Evaluator, Fact, FactKind, Holder, Policy, Sources, World};

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(otherwise)
}

fn compiled(text: &str) -> Option<Policy> {
    ward::compile(&Sources::new().with("app.policy", text)).ok()
}

/// Only the rule in question.
fn config() -> Config {
    let mut config = Config::default();
    for rule in RULES {
        let own = rule.needs_base();
        config.force(rule, if own { Level::Warn } else { Level::Allow });
    }
    config
}

/// What is told of a change: the line, and the message.
fn told(then: &Policy, now: &Policy) -> Vec<(u32, String)> {
    let report = lint_since(now, then, &[], &config());
    let findings = report.findings.iter().map(|finding| {
        let (_, at) = report.sources.locate(finding.diagnostic.span());
        (at.line, finding.diagnostic.message.clone())
    });
    findings.collect()
}

// ---- random changes -----------------------------------------------------------------------------

fn entities(facts: &[Fact]) -> BTreeSet<EntityName> {
    let mut all = BTreeSet::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Entity {
                entity, containers, ..
            } => {
                all.insert(entity.clone());
                all.extend(containers.iter().cloned());
            }
            FactKind::Holding { subject, of, .. } => {
                if let Holder::Entity(subject) = subject {
                    all.insert(subject.clone());
                }
                all.insert(of.clone());
            }
            _ => {}
        }
    }
    all
}

/// The facts that fit both policies: one that is refused by one of them is another world there.
fn fitting(policies: [&Policy; 2], facts: &[Fact]) -> Vec<Fact> {
    let mut left = facts.to_vec();
    loop {
        let before = left.len();
        for policy in policies {
            let (_, refused) = World::build_keeping(Arc::clone(policy.plan()), left.clone());
            left.retain(|fact| refused.iter().all(|refusal| refusal.place != fact.place));
        }
        if left.len() == before {
            return left;
        }
    }
}

/// What everybody sees and may do, among those types that both policies have.
fn decisions(policy: &Policy, other: &Policy, facts: &[Fact]) -> BTreeSet<String> {
    let (world, _) = World::build_keeping(Arc::clone(policy.plan()), facts.iter().cloned());
    let ward = Evaluator::new(&world, ward::parse_datetime("2001-01-01").unwrap());
    let types: BTreeSet<&str> = other.plan().type_names().collect();
    let subjects: BTreeSet<&str> = other.plan().subject_names().collect();
    let mut all = entities(facts);
    all.retain(|name| types.contains(name.type_name.as_str()));
    let is_subject = |name: &&EntityName| subjects.contains(name.type_name.as_str());
    let mut said = BTreeSet::new();
    for asker in all.iter().filter(is_subject) {
        for resource in &all {
            if let Ok(found) = ward.actions(asker, resource, &Context::default()) {
                if found.sees {
                    said.insert(format!("{asker} sees {resource}"));
                }
                for action in found.actions {
                    said.insert(format!("{asker} {action} {resource}"));
                }
            }
        }
    }
    said
}

#[test]
fn nobody_gains_anything_untold() {
    let first = from_environment("WARD_SEED", 0);
    let (mut changes, mut gains, mut silent) = (0, 0, 0);
    for seed in first..first + from_environment("WARD_PAIRS", 40) {
        let pair = generate::pair(seed);
        let facts = ward::load::world_text("random.world", &pair.world_text()).unwrap();
        let whole = compiled(&pair.policy_text()).unwrap();
        assert_eq!(told(&whole, &whole), [], "seed {seed}");
        let step = from_environment("WARD_STEP", 10);
        let offset = usize::try_from(seed % step).unwrap();
        for line in (offset..pair.policy.len()).step_by(usize::try_from(step).unwrap()) {
            let mut fewer = pair.clone();
            fewer.policy.remove(line);
            let Some(part) = compiled(&fewer.policy_text()) else {
                continue;
            };
            let facts = fitting([&part, &whole], &facts);
            for (then, now) in [(&part, &whole), (&whole, &part)] {
                changes += 1;
                let said = told(then, now);
                let before = decisions(then, now, &facts);
                let after = decisions(now, then, &facts);
                let gained: Vec<&String> = after.difference(&before).collect();
                gains += usize::from(!gained.is_empty());
                silent += usize::from(said.is_empty());
                assert!(
                    gained.is_empty() || !said.is_empty(),
                    "seed {seed}, line {line}: {gained:?}\n---- then\n{}\n---- now\n{}",
                    text(then),
                    text(now)
                );
            }
        }
    }
    println!(
        "{changes} changes, {gains} by which somebody gains, {silent} of which nothing is told"
    );
    assert!(
        gains > 20 && silent > 100,
        "{changes} changes, {gains} gain, {silent} silent"
    );
}

fn text(policy: &Policy) -> String {
    let texts = policy.sources().iter().map(|(_, source)| source.text());
    texts.collect()
}

#[test]
fn a_policy_has_gained_nothing_on_itself() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in std::fs::read_dir(policies).unwrap() {
        let mut sources = Sources::new();
        for file in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|found| found == "policy") {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                sources.add(name, std::fs::read_to_string(&path).unwrap());
            }
        }
        let (then, now) = (
            ward::compile(&sources).unwrap(),
            ward::compile(&sources).unwrap(),
        );
        assert_eq!(told(&then, &now), []);
        // And everything on nothing.
        let nothing = ward::compile(&Sources::new()).unwrap();
        assert!(!told(&nothing, &now).is_empty());
        assert_eq!(told(&now, &nothing), []);
    }
}
