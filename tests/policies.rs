//! Worlds and questions that are shipped beside a policy fit it.

#![cfg(feature = "compiler")]
#![allow(clippy::panic)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ward::{Context, EntityName, Evaluator, Outcome, Policy, Sources, World};

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files of a directory with this ending, or its directories where there is none.
fn entries(directory: &Path, extension: Option<&str>) -> Vec<PathBuf> {
    let found = std::fs::read_dir(directory);
    let found = found.unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = found
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| match extension {
            None => path.is_dir(),
            Some(wanted) => path
                .extension()
                .is_some_and(|extension| extension == wanted),
        })
        .collect();
    paths.sort();
    paths
}

fn directories() -> Vec<PathBuf> {
    let directories = entries(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("policies"),
        None,
    );
    assert!(!directories.is_empty());
    directories
}

fn compiled(directory: &Path) -> Policy {
    let files = entries(directory, Some("policy"));
    let sources = files.iter().fold(Sources::new(), |sources, path| {
        let name = path.strip_prefix(directory).unwrap_or(path);
        sources.with(name.display().to_string(), read(path))
    });
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{}:\n{errors}", directory.display()))
}

fn loaded(policy: &Policy, path: &Path) -> World {
    let facts = ward::load::world_text(&path.display().to_string(), &read(path));
    let facts = facts.unwrap_or_else(|errors| panic!("{errors}"));
    World::build(Arc::clone(policy.plan()), facts).unwrap_or_else(|refused| {
        let refused: Vec<String> = refused.iter().map(ToString::to_string).collect();
        panic!("{}", refused.join("\n"))
    })
}

#[test]
fn shipped_worlds_fit() {
    for directory in directories() {
        let policy = compiled(&directory);
        for path in entries(&directory, Some("world")) {
            loaded(&policy, &path);
        }
    }
}

/// What the questions beside Vantage come to in its world, in their order.
const VANTAGE: &[(&str, Outcome)] = &[
    (
        "alice Workspace.adjust_quota Workspace:a100",
        Outcome::Allowed,
    ),
    ("alice Team.invite Team:ml", Outcome::Allowed),
    ("bob Job.submit Cluster:a100", Outcome::Allowed),
    ("bob Job.cancel Job:ablation", Outcome::Allowed),
    ("bob Job.cancel Job:training", Outcome::Forbidden),
    (
        "bob Workspace.adjust_quota Workspace:a100",
        Outcome::Forbidden,
    ),
    (
        "bill Workspace.adjust_quota Workspace:a100",
        Outcome::Allowed,
    ),
    ("vera Job.submit Cluster:a100", Outcome::Forbidden),
    ("carol Cluster.manage Cluster:cpu", Outcome::Allowed),
    ("carol Cluster.manage Cluster:a100", Outcome::Invisible),
    ("carol Volume.view Volume:data", Outcome::Forbidden),
    ("sam Volume.mount Volume:data", Outcome::Allowed),
    ("sam Volume.write Volume:data", Outcome::Forbidden),
    ("sam Volume.view Volume:checkpoints", Outcome::Invisible),
    ("joe Job.submit Cluster:a100", Outcome::Invisible),
    ("iris Job.submit Cluster:dev", Outcome::Allowed),
    ("iris Job.submit Cluster:a100", Outcome::Invisible),
];

#[test]
fn questions_of_vantage_are_answered() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/vantage");
    let policy = compiled(&directory);
    let world = loaded(&policy, &directory.join("vantage.world"));
    let ward = Evaluator::new(&world, ward::spec::TEST_TIME);
    let questions = read(&directory.join("questions.jsonl"));
    let answers: Vec<(String, Outcome)> =
        questions.lines().map(|line| answer(&ward, line)).collect();
    let expected: Vec<(String, Outcome)> = VANTAGE
        .iter()
        .map(|(question, outcome)| (format!("User:{question}"), *outcome))
        .collect();
    assert_eq!(answers, expected);
}

fn answer(ward: &Evaluator<'_>, line: &str) -> (String, Outcome) {
    let question: serde_json::Value =
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    let field = |name: &str| {
        let text = question.get(name).and_then(serde_json::Value::as_str);
        text.unwrap_or_else(|| panic!("no {name} in {line}"))
    };
    let entity = |name: &str| -> EntityName {
        let entity = field(name).parse();
        entity.unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    let (subject, action, resource) = (entity("subject"), field("action"), entity("resource"));
    let decision = ward.check(&subject, action, &resource, &Context::default());
    let decision = decision.unwrap_or_else(|error| panic!("{line}: {}", error.message()));
    (format!("{subject} {action} {resource}"), decision.outcome)
}
