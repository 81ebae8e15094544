//! Lint on random policies: nothing breaks, and safe fixes change no decision.
//!
//! `WARD_PAIRS` sets how many are tried (150), `WARD_SEED` where to begin (0).

#![cfg(feature = "compiler")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod generate;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ward::lint::{Config, apply, chosen, lint};
use ward::{Context, EntityName, Evaluator, Fact, FactKind, Holder, Policy, Sources, World};

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(otherwise)
}

fn compiled(text: &str) -> Policy {
    let sources = Sources::new().with("random.policy", text);
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// The text with all safe fixes, and the rules whose fixes were taken.
fn mended(text: &str, taken: &mut BTreeMap<&'static str, usize>) -> String {
    let mut text = text.to_owned();
    for _ in 0..20 {
        let policy = compiled(&text);
        let report = lint(&policy, &[], &Config::default());
        for finding in &report.findings {
            if finding.fix.as_ref().is_some_and(|fix| fix.safe) {
                *taken.entry(finding.rule.name).or_default() += 1;
            }
        }
        let fixes = chosen(&report.findings, false);
        match apply(&report.sources, &fixes).pop_first() {
            Some((_, mended)) => text = mended,
            None => break,
        }
    }
    text
}

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

/// What everybody sees and may do.
fn decisions(policy: &Policy, facts: &[Fact]) -> (usize, Vec<String>) {
    let (world, refused) = World::build_keeping(Arc::clone(policy.plan()), facts.iter().cloned());
    let ward = Evaluator::new(&world, ward::parse_datetime("2001-01-01").unwrap());
    let subjects: BTreeSet<&str> = policy.plan().subject_names().collect();
    let all = entities(facts);
    let askers = all
        .iter()
        .filter(|name| subjects.contains(name.type_name.as_str()));
    let mut said = Vec::new();
    for asker in askers {
        for resource in &all {
            if let Ok(found) = ward.actions(asker, resource, &Context::default()) {
                let (sees, actions) = (found.sees, found.actions.join(" "));
                said.push(format!("{asker} {resource} {sees} {actions}"));
            }
        }
    }
    (refused.len(), said)
}

#[test]
fn safe_fixes_change_no_decision() {
    let first = from_environment("WARD_SEED", 0);
    let mut taken = BTreeMap::new();
    let mut asked = 0;
    for seed in first..first + from_environment("WARD_PAIRS", 150) {
        let pair = generate::pair(seed);
        let text = pair.policy_text();
        let facts = ward::load::world_text("random.world", &pair.world_text()).unwrap();
        let after = mended(&text, &mut taken);
        if after == text {
            continue;
        }
        let (before, now) = (
            decisions(&compiled(&text), &facts),
            decisions(&compiled(&after), &facts),
        );
        asked += now.1.len();
        let differs = before.1.iter().zip(&now.1).find(|(a, b)| a != b);
        assert!(
            before == now,
            "seed {seed}: {differs:?}\n{text}\n---- mended\n{after}"
        );
    }
    println!("{asked} questions, fixes {taken:?}");
    assert!(asked > 1000, "{asked} questions, fixes {taken:?}");
}
