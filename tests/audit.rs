//! A seeded audit: realistic faults, planted in the shipped policies one at a time. Lint finds them.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod faults;

use std::path::Path;

use faults::{WORLD_FAULTS, faults};
use ward::Sources;
use ward::lint::{Config, Level, RULES, WorldText, lint};

/// How many faults may stay undetected: a rule cannot know what its author meant.
const MISSED: usize = 2;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text without indents and columns.
fn plain(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A file of a shipped policy, with other words in some places; `~~` stands between two of them.
fn changed(path: &str, before: &str, after: &str) -> String {
    let mut text = plain(&std::fs::read_to_string(root().join(path)).unwrap());
    if before.is_empty() {
        return format!("{text}\n{after}\n");
    }
    for (before, after) in before.split(" ~~ ").zip(after.split(" ~~ ")) {
        let before = plain(before);
        assert_eq!(text.matches(&before).count(), 1, "{path}: {before}");
        text = text.replace(&before, after);
    }
    text
}

/// The rules that find something in a policy with a world; its tests are left out, as they would
/// fail, or not fit any more.
fn found(name: &str, policy: String, world: Option<String>) -> Vec<&'static str> {
    let sources = Sources::new().with(format!("{name}.policy"), policy);
    let policy = ward::compile(&sources).unwrap_or_else(|errors| panic!("{name}\n{errors}"));
    let mut config = Config::default();
    config.set_now(1_767_225_600_000); // 2026-01-01
    let world = world.map(|text| WorldText {
        name: format!("{name}.world"),
        text,
    });
    let world: Vec<WorldText> = world.into_iter().collect();
    let report = lint(&policy, &world, &config);
    let findings = report.findings.iter();
    findings.map(|finding| finding.rule.name).collect()
}

#[test]
fn planted_faults_are_found() {
    let mut missed = Vec::new();
    let mut ask = |name: &str, fault: &str, wanted: &'static str, rules: Vec<&str>| {
        if !rules.contains(&wanted) {
            missed.push(format!("{name}: {fault} wants {wanted}, found {rules:?}"));
        }
    };
    for (name, before, after, wanted) in faults() {
        let policy = changed(&format!("policies/{name}/{name}.policy"), before, after);
        ask(name, after, wanted, found(name, policy, None));
    }
    for (name, before, after, wanted) in WORLD_FAULTS {
        let policy = changed(&format!("policies/{name}/{name}.policy"), "", "");
        let world = changed(&format!("policies/{name}/{name}.world"), before, after);
        ask(name, after, wanted, found(name, policy, Some(world)));
    }
    let all = faults().count() + WORLD_FAULTS.len();
    println!("{} of {all} missed\n{}", missed.len(), missed.join("\n"));
    assert!(all >= 60);
    assert!(missed.len() <= MISSED, "\n{}", missed.join("\n"));
}

/// Rules about what these policies do not have.
const NOT_PLANTED: &[&str] = &[
    "unused-import",
    "empty-audience",
    "separation-of-duties",
    "widened-since-base",
    "never-visible",
    "confusable-identifier",
    "unused-allow",
    "invalid-allow",
];

#[test]
fn each_rule_that_is_on_has_a_fault() {
    let planted = faults().map(|fault| fault.3);
    let planted: Vec<&str> = planted
        .chain(WORLD_FAULTS.iter().map(|fault| fault.3))
        .collect();
    let on = RULES.iter().filter(|rule| rule.level != Level::Allow);
    let without: Vec<&str> = on
        .map(|rule| rule.name)
        .filter(|name| !planted.contains(name))
        .collect();
    assert_eq!(without, NOT_PLANTED);
}
