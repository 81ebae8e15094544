//! Every recorded decision of another engine on nine worlds comes out here too.
//!
//! The worlds and what is known of them are in `tests/worlds/`; `tests/applications/` turns their
//! entities and actions into those of the shipped policies.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod applications;

use std::fs;
use std::sync::Arc;

use applications::Entity;
use ward::{Context, Evaluator, Fact, Outcome, Sources, World};

/// How many requests there are, and those that come out differently.
fn run(application: &str, size: u32, convert: fn(&[Entity]) -> Vec<Fact>) -> (usize, Vec<String>) {
    let name = format!("{application}.policy");
    let policy = fs::read_to_string(format!("policies/{application}/{name}")).unwrap();
    let policy = ward::compile(&Sources::new().with(name, policy)).unwrap();
    let world = format!("{application}-{size}");
    let read = |file: &str| fs::read_to_string(format!("tests/worlds/{world}/{file}")).unwrap();
    let facts = convert(&applications::entities(&read("entities.json")));
    let facts = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let ward = Evaluator::new(&facts, 0);
    let (mut asked, mut different) = (0, Vec::new());
    for request in applications::requests(&read("requests.jsonl")) {
        asked += 1;
        let (subject, resource) = (&request.principal, &request.resource);
        let action = applications::action(&request.action);
        let decision = ward.check(subject, &action, resource, &Context::default());
        let allowed = decision.unwrap().outcome == Outcome::Allowed;
        if allowed != request.allowed {
            different.push(format!("{world}: {subject} {action} {resource}"));
        }
    }
    (asked, different)
}

#[test]
fn every_recorded_decision_comes_out() {
    type Convert = fn(&[Entity]) -> Vec<Fact>;
    let applications: [(&str, Convert); 3] = [
        ("github", applications::github),
        ("gdrive", applications::gdrive),
        ("tinytodo", applications::tinytodo),
    ];
    let (mut asked, mut different) = (0, Vec::new());
    for (application, convert) in applications {
        for size in [5, 20, 50] {
            let (requests, others) = run(application, size, convert);
            asked += requests;
            different.extend(others);
        }
    }
    println!(
        "{} of {asked} recorded decisions agree",
        asked - different.len()
    );
    assert_eq!(asked, 4500);
    assert!(different.is_empty(), "{}", different.join("\n"));
}
