//! Every statement about the five access systems is held by named tests of its policy.
//!
//! A test is named after its statements: `test "C8: …"`. This lists each id with its tests, and fails
//! where an id has none, or a name begins with an id that there is not. What a test block cannot
//! say of a statement is said here.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ward::{Because, Context, EntityName, Evaluator, Outcome, Policy, Sources, World};

/// The systems, the letter of their statements, and how many there are.
const SYSTEMS: [(&str, char, usize); 4] = [
    ("vantage", 'V', 15),
    ("infralo", 'I', 12),
    ("cloud-account", 'C', 14),
    ("together", 'T', 14),
];

fn policy(system: &str) -> Policy {
    let read = |name: &str| fs::read_to_string(format!("policies/{system}/{name}")).unwrap();
    let main = format!("{system}.policy");
    let sources = Sources::new()
        .with(main.as_str(), read(&main))
        .with("tests.policy", read("tests.policy"));
    ward::compile(&sources).unwrap()
}

fn world(system: &str, policy: &Policy) -> World {
    let name = format!("policies/{system}/{system}.world");
    let facts = ward::load::world_text(&name, &fs::read_to_string(&name).unwrap()).unwrap();
    World::build(Arc::clone(policy.plan()), facts).unwrap()
}

/// The ids before the first colon of a name: `V4, V5: what …`.
fn ids(name: &str) -> Vec<&str> {
    let head = name.split_once(':').map_or("", |(head, _)| head);
    head.split([',', ' ']).filter(|id| !id.is_empty()).collect()
}

#[test]
fn every_statement_has_tests() {
    let mut gaps = Vec::new();
    for (system, letter, count) in SYSTEMS {
        let mut tests: BTreeMap<usize, Vec<String>> =
            (1..=count).map(|n| (n, Vec::new())).collect();
        for result in ward::spec::run(&policy(system)) {
            assert!(
                result.passed() && result.claims > 0,
                "{system}: {}",
                result.name
            );
            for id in ids(&result.name) {
                let number = id
                    .strip_prefix(letter)
                    .and_then(|n| n.parse::<usize>().ok());
                let Some(number) = number else { continue };
                match tests.get_mut(&number) {
                    Some(of) => of.push(result.name.clone()),
                    None => panic!("{system} has no statement {id}: {}", result.name),
                }
            }
        }
        for (number, names) in tests {
            println!("{letter}{number}");
            names.iter().for_each(|name| println!("    {name}"));
            if names.is_empty() {
                gaps.push(format!("{letter}{number}"));
            }
        }
    }
    assert!(gaps.is_empty(), "without a test: {}", gaps.join(", "));
}

/// In every system, whatever is taken away is gone in the very next check.
#[test]
fn every_policy_tests_removal() {
    for entry in fs::read_dir("policies").unwrap() {
        let tests = fs::read_to_string(entry.unwrap().path().join("tests.policy")).unwrap();
        let mut removals = tests.split("\ntest \"").skip(1);
        let told = removals.any(|test| {
            let name = test.split('"').next().unwrap();
            name.starts_with("removal") && test.contains("\n    remove ")
        });
        assert!(told, "no test is called `removal: …`");
    }
}

/// C10: what a screen offers and what the endpoint checks come from one decision.
#[test]
fn c10_the_list_of_actions_and_each_check_agree() {
    for (system, ..) in SYSTEMS {
        let policy = policy(system);
        let world = world(system, &policy);
        let ward = Evaluator::new(&world, ward::spec::TEST_TIME);
        let context = Context::default();
        let types = policy.plan().subject_names();
        let subjects: Vec<EntityName> = types.flat_map(|ty| everything(system, ty)).collect();
        let mut asked = 0;
        for ty in policy.plan().type_names() {
            for resource in everything(system, ty) {
                for subject in &subjects {
                    let listed = ward.actions(subject, &resource, &context).unwrap();
                    for action in policy.plan().actions_of(ty) {
                        let checked = ward.check(subject, &action, &resource, &context).unwrap();
                        let allowed = checked.outcome == Outcome::Allowed;
                        assert_eq!(allowed, listed.actions.contains(&action));
                        assert_eq!(checked.outcome != Outcome::Invisible, listed.sees);
                        asked += 1;
                    }
                }
            }
        }
        assert!(asked > 100, "{system}: {asked}");
    }
}

/// Every entity of a type that the world of a system names.
fn everything(system: &str, ty: &str) -> Vec<EntityName> {
    let name = format!("policies/{system}/{system}.world");
    let text = fs::read_to_string(name).unwrap();
    let start = format!("{ty}:");
    let words = text.split(|c: char| c.is_whitespace() || ",{}[]#".contains(c));
    let mut found: Vec<EntityName> = words
        .filter(|word| word.starts_with(&start))
        .filter_map(|word| word.parse().ok())
        .collect();
    found.sort();
    found.dedup();
    found
}

/// C12: where a token acts, the decision names the token, its owner and what decided.
#[test]
fn c12_a_decision_names_token_owner_and_rule() {
    let policy = ward::compile(&Sources::new().with(
        "cloud-account.policy",
        fs::read_to_string(Path::new("policies/cloud-account/cloud-account.policy")).unwrap(),
    ))
    .unwrap();
    let facts = ward::load::world_text(
        "audit.world",
        r#"
        Account:acme { owner: User:olga }
        Team:acme in Account:acme
        ApiToken:script in Account:acme { owner: User:olga, scopes: ["team"] }
        "#,
    )
    .unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let ward = Evaluator::new(&world, 0);
    let (token, team): (EntityName, EntityName) = (
        "ApiToken:script".parse().unwrap(),
        "Team:acme".parse().unwrap(),
    );
    let context = Context::from_iter([(
        "member".to_owned(),
        ward::Value::Entity("User:olga".parse().unwrap()),
    )]);
    let reasons = ward
        .reasons(&token, "remove_member", &team, &context)
        .unwrap();
    assert_eq!(reasons.outcome, Outcome::Forbidden);
    let named = reasons.because.iter().any(|reason| {
        matches!(reason, Because::ActsFor { credential, owner }
            if credential == "ApiToken:script" && owner == "User:olga")
    });
    let rule = reasons.because.iter().any(|reason| {
        matches!(reason, Because::Rule { effect: "forbid", clause }
            if clause.id.as_deref() == Some("owner-stays"))
    });
    assert!(named && rule, "{reasons:?}");
}
