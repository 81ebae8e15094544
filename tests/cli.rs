//! The `ward` command as a whole: what it prints, and its exit codes.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod directory;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use directory::{Directory, fresh};
use serde_json::{Value, json};
use ward::{Context, EntityName, Evaluator, Sources, World};

const VANTAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/policies/vantage");

fn ward_in(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .env_remove("COLUMNS");
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Exit code and standard output.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = ward_in(directory, arguments);
    (output.status.code().unwrap(), text(&output.stdout))
}

fn started(name: &str) -> Directory {
    let directory = fresh(name);
    assert_eq!(run(&directory, &["init"]).0, 0);
    directory
}

const SCENE: [&str; 4] = ["-p", "app.policy", "-w", "app.world"];

fn asked(directory: &Path, question: &[&str]) -> (i32, String) {
    run(directory, &[question, &SCENE[..]].concat())
}

#[test]
fn init_writes_what_passes_and_overwrites_nothing() {
    let directory = started("init");
    assert_eq!(
        run(&directory, &["check"]),
        (0, "1 policy, no errors\n".into())
    );
    assert_eq!(
        run(&directory, &["test"]),
        (0, "4 passed, 0 failed\n".into())
    );
    let again = ward_in(&directory, &["init"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("app.policy` is already there"));
}

#[test]
fn ask_tells_the_outcome_by_text_and_by_exit_code() {
    let directory = started("ask");
    let (code, out) = asked(&directory, &["ask", "User:ann", "edit", "Doc:plan"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("ask_allowed", out);
    let (code, out) = asked(&directory, &["ask", "User:bob", "Doc.edit", "Doc:plan"]);
    assert_eq!(code, 3);
    insta::assert_snapshot!("ask_forbidden", out);
    let (code, out) = asked(&directory, &["ask", "User:bob", "Doc.view", "Doc:notes"]);
    assert_eq!(code, 4);
    insta::assert_snapshot!("ask_invisible", out);
    let (code, out) = asked(
        &directory,
        &["ask", "User:bob", "view", "Doc:nothing", "--format", "json"],
    );
    assert_eq!(code, 4);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["outcome"], "invisible");
    assert_eq!(answer["because"], json!([{"kind": "unknown_resource"}]));
}

#[test]
fn a_question_that_cannot_be_asked_is_an_error() {
    let directory = started("wrong");
    let wrong = |question: &[&str]| {
        let output = ward_in(&directory, &[question, &SCENE[..]].concat());
        (output.status.code().unwrap(), text(&output.stderr))
    };
    let (code, err) = wrong(&["ask", "User:bob", "edt", "Doc:plan"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("E0603") && err.contains("did you mean `edit`?"),
        "{err}"
    );
    let (code, err) = wrong(&["ask", "bob", "edit", "Doc:plan"]);
    assert_eq!(code, 2);
    assert!(err.contains("such as User:alice"), "{err}");
    let (code, _) = wrong(&["ask", "User:bob", "edit"]);
    assert_eq!(code, 2);
    let (code, err) = wrong(&["ask", "User:bob", "edit", "Doc:plan", "--now", "tomorrow"]);
    assert_eq!(code, 2);
    assert!(err.contains("2026-12-31"), "{err}");
    assert_eq!(ward_in(&directory, &["frobnicate"]).status.code(), Some(2));
}

#[test]
fn bad_facts_are_told_with_their_place_and_nothing_is_answered() {
    let directory = started("facts");
    fs::write(
        directory.join("bad.world"),
        "Doc:a in Team:red\nUser:ann is Membr of Team:red\n",
    )
    .unwrap();
    fs::write(
        directory.join("bad.jsonl"),
        "{\"entity\": \"Doc:b\", \"in\": [\"Team:red\"]}\n{\"entty\": 1}\n",
    )
    .unwrap();
    let output = ward_in(
        &directory,
        &[
            "list",
            "User:ann",
            "Doc",
            "-p",
            "app.policy",
            "-w",
            "bad.world",
            "-w",
            "bad.jsonl",
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    insta::assert_snapshot!("bad_facts", text(&output.stderr));
}

#[test]
fn lists_actions_and_who() {
    let directory = started("queries");
    assert_eq!(
        asked(&directory, &["list", "User:ann", "Doc"]),
        (0, "Doc:notes\nDoc:plan\n".into())
    );
    assert_eq!(
        asked(&directory, &["list", "User:bob", "Doc", "--can", "edit"]),
        (0, String::new())
    );
    assert_eq!(
        asked(&directory, &["actions", "User:bob", "Doc:plan"]),
        (0, "Doc.view\n".into())
    );
    assert_eq!(
        asked(&directory, &["actions", "User:bob", "Doc:menu"]),
        (4, "Invisible\n".into())
    );
    assert_eq!(
        asked(&directory, &["who", "Doc.edit", "Doc:plan"]),
        (0, "User:ann\n".into())
    );
    assert_eq!(
        asked(&directory, &["who", "--sees", "Doc:plan"]),
        (0, "User:ann\nUser:bob\n".into())
    );
    let (_, out) = asked(
        &directory,
        &["who", "--sees", "Doc:plan", "--format", "json"],
    );
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        answer,
        json!({"resource": "Doc:plan", "subjects": ["User:ann", "User:bob"], "anyone": false})
    );
}

#[test]
fn a_failing_test_says_what_came_out_and_why() {
    let directory = started("failing");
    let tests = directory.join("tests.policy");
    let flipped = fs::read_to_string(&tests)
        .unwrap()
        .replace("cannot edit on", "can edit on");
    fs::write(&tests, flipped).unwrap();
    let (code, out) = run(&directory, &["test"]);
    assert_eq!(code, 1);
    insta::assert_snapshot!("test_failing", out);
    let (code, out) = run(&directory, &["test", "--format", "json"]);
    assert_eq!(code, 1);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (answer["passed"].as_u64(), answer["failed"].as_u64()),
        (Some(2), Some(2))
    );
    let (_, out) = run(&directory, &["test", "--format", "junit"]);
    assert!(
        out.contains("failures=\"2\"") && out.contains("<testcase"),
        "{out}"
    );
    assert_eq!(
        run(&directory, &["test", "--filter", "draft"]),
        (0, "1 passed, 0 failed\n".into())
    );
    assert_eq!(
        run(&directory, &["test", "--filter", "zebra"]),
        (0, "no tests found\n".into())
    );
}

#[test]
fn unreadable_files_are_told_and_the_others_are_checked() {
    let directory = started("unreadable");
    fs::write(directory.join("binary.policy"), b"subject User\n\xff\xfe").unwrap();
    fs::write(directory.join("typo.policy"), "subjct User\n").unwrap();
    let (code, out) = run(&directory, &["check"]);
    assert_eq!(code, 1);
    assert!(
        out.contains("E0112") && out.contains("did you mean `subject`?"),
        "{out}"
    );
    assert!(out.ends_with("2 errors in 2 of 3 policies\n"), "{out}");
    let (_, out) = run(&directory, &["check", "--format", "json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["errors"], 2);
    let missing = ward_in(&directory, &["check", "nowhere.policy"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).contains("cannot find `nowhere.policy`"));
}

#[test]
fn a_directory_is_one_policy_however_many_files_tell_its_tests() {
    let directory = started("directory");
    fs::write(
        directory.join("more.policy"),
        "use \"app.policy\"\ntest \"more\" { User:a is Member of Team:x expect User:a sees Team:x }\n",
    )
    .unwrap();
    assert_eq!(run(&directory, &["test"]).1, "5 passed, 0 failed\n");
    let question = ["list", "User:ann", "Doc", "-p", ".", "-w", "app.world"];
    assert_eq!(
        run(&directory, &question),
        (0, "Doc:notes\nDoc:plan\n".into())
    );
    fs::write(directory.join("other.policy"), "subject Robot\n").unwrap();
    let output = ward_in(&directory, &question);
    assert_eq!(output.status.code(), Some(2));
    let err = text(&output.stderr);
    assert!(
        err.contains("name one of app.policy, other.policy"),
        "{err}"
    );
    assert!(text(&ward_in(&fresh("empty"), &question).stderr).contains("there is no .policy file"));
}

#[test]
fn graphs_are_drawn_and_plans_are_written() {
    let directory = started("graph");
    assert!(
        run(&directory, &["graph", "app.policy"])
            .1
            .starts_with("digraph ward {")
    );
    let (code, out) = run(&directory, &["graph", "app.policy", "--format", "mermaid"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("graph_mermaid", out);
    let (_, out) = run(&directory, &["graph", "--format", "json"]);
    let graph: Value = serde_json::from_str(&out).unwrap();
    assert!(graph["nodes"].as_array().unwrap().len() > 10);
    assert_eq!(
        run(&directory, &["compile", "app.policy", "-o", "plan.json"]).0,
        0
    );
    let plan = fs::read_to_string(directory.join("plan.json")).unwrap();
    let plan: ward::Plan = serde_json::from_str(&plan).unwrap();
    let source = fs::read_to_string(directory.join("app.policy")).unwrap();
    let policy = ward::compile(&Sources::new().with("app.policy", source)).unwrap();
    assert_eq!(plan, **policy.plan());
}

#[test]
fn a_report_replaces_its_own_files_and_no_others() {
    let directory = started("report");
    let report = |to: &str, more: &[&str]| {
        let arguments = ["report", "-p", "app.policy", "-w", "app.world", "-o", to];
        ward_in(&directory, &[&arguments[..], more].concat())
    };
    assert!(report("out", &["--now", "2026-01-01"]).status.success());
    let page = fs::read_to_string(directory.join("out/index.html")).unwrap();
    fs::write(directory.join("out/mine.txt"), "mine").unwrap();
    assert!(report("out", &["--now", "2026-01-01"]).status.success());
    assert_eq!(
        fs::read_to_string(directory.join("out/index.html")).unwrap(),
        page
    );
    assert_eq!(
        fs::read_to_string(directory.join("out/mine.txt")).unwrap(),
        "mine"
    );

    fs::create_dir(directory.join("full")).unwrap();
    fs::write(directory.join("full/index.html"), "mine").unwrap();
    let refused = report("full", &[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is not empty"));
    assert_eq!(
        fs::read_to_string(directory.join("full/index.html")).unwrap(),
        "mine"
    );
}

#[test]
fn help_fits_a_screen_and_shows_examples() {
    let directory = fresh("help");
    let (_, help) = run(&directory, &["--help"]);
    assert!(help.lines().count() <= 24, "{help}");
    assert!(
        help.lines().all(|line| line.chars().count() <= 80),
        "{help}"
    );
    for command in [
        "check",
        "test",
        "lint",
        "rules",
        "ci",
        "ask",
        "explain",
        "actions",
        "list",
        "who",
        "graph",
        "matrix",
        "report",
        "compile",
        "store",
        "init",
        "completions",
        "man",
        "world",
    ] {
        let (code, help) = run(&directory, &[command, "--help"]);
        assert_eq!(code, 0);
        assert!(help.contains("Example:\n  ward "), "{command}: {help}");
    }
}

// ---- batch --------------------------------------------------------------------------------------

fn batch(directory: &Path, input: &[u8]) -> (i32, Vec<Value>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ward"))
        .args([
            "ask",
            "--batch",
            "-",
            "-p",
            VANTAGE,
            "-w",
            &format!("{VANTAGE}/vantage.world"),
        ])
        .args(["--now", "2026-01-01"])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let lines = text(&output.stdout);
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    (output.status.code().unwrap(), lines.collect())
}

#[test]
fn a_bad_line_of_a_batch_does_not_stop_the_others() {
    let good = r#"{"subject": "User:bob", "action": "Job.view", "resource": "Job:none"}"#;
    let long = format!(r#"{{"subject": "{}"}}"#, "x".repeat(2 << 20));
    let lines: Vec<&[u8]> = vec![
        good.as_bytes(),
        b"not json",
        b"\xff\xfe",
        long.as_bytes(),
        br#"{"subject": "User:bob", "action": "view"}"#,
        br#"{"subject": "bob", "action": "Job.view", "resource": "Job:x"}"#,
        br#"{"subject": "User:bob", "action": "Job.veiw", "resource": "Job:x"}"#,
        b"",
        good.as_bytes(),
    ];
    let (code, answers) = batch(&fresh("batch"), &lines.join(&b'\n'));
    assert_eq!(code, 1);
    let told: Vec<&str> = answers
        .iter()
        .map(|answer| {
            answer["outcome"]
                .as_str()
                .or(answer["error"]["code"].as_str())
                .unwrap()
        })
        .collect();
    assert_eq!(
        told,
        [
            "invisible",
            "E0610",
            "E0610",
            "E0610",
            "E0610",
            "E0611",
            "E0603",
            "invisible"
        ]
    );
    assert_eq!(answers[3]["error"]["line"], 4);
    assert_eq!(answers[0]["subject"], "User:bob");
}

#[test]
fn a_hundred_thousand_questions_are_answered_as_each_alone() {
    let policy = fs::read_to_string(format!("{VANTAGE}/vantage.policy")).unwrap();
    let policy = ward::compile(&Sources::new().with("vantage.policy", policy)).unwrap();
    let facts = fs::read_to_string(format!("{VANTAGE}/vantage.world")).unwrap();
    let facts = ward::load::world_text("vantage.world", &facts).unwrap();
    let mut entities: Vec<EntityName> = Vec::new();
    for fact in &facts {
        if let ward::FactKind::Entity { entity, .. } = &fact.kind {
            entities.push(entity.clone());
        }
        if let ward::FactKind::Holding {
            subject: ward::Holder::Entity(subject),
            ..
        } = &fact.kind
        {
            entities.push(subject.clone());
        }
    }
    entities.sort();
    entities.dedup();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let ward = Evaluator::new(&world, ward::parse_datetime("2026-01-01").unwrap());
    let (subjects, resources): (Vec<_>, Vec<_>) = entities
        .iter()
        .partition(|name| ["User", "Group"].contains(&name.type_name.as_str()));
    let mut input = String::new();
    let mut expected = Vec::new();
    'all: loop {
        for resource in &resources {
            for action in policy.plan().actions_of(&resource.type_name) {
                for subject in &subjects {
                    if expected.len() == 100_000 {
                        break 'all;
                    }
                    let decision = ward.check(subject, &action, resource, &Context::default());
                    expected.push(decision.unwrap().outcome.to_string().to_lowercase());
                    let question = json!({
                        "subject": subject.to_string(), "action": action, "resource": resource.to_string(),
                    });
                    input += &format!("{question}\n");
                }
            }
        }
    }
    let (code, answers) = batch(&fresh("many"), input.as_bytes());
    assert_eq!(code, 0);
    let answers: Vec<&str> = answers
        .iter()
        .map(|answer| answer["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(answers, expected);
    for outcome in ["allowed", "forbidden", "invisible"] {
        assert!(answers.contains(&outcome), "no question is {outcome}");
    }
}
