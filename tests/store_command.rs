//! `ward store`, and stores behind `-w`.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod directory;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use directory::{Directory, fresh};

const POLICY: &str = "subject User
scope Team {
    role Member { sees * }
    role Editor { can Doc.* }
    custom roles from Doc.*
}
resource Doc in Team { actions view, edit }
";

const WORLD: &str = "Doc:plan in Team:red
User:bob is Scribe of Team:red
role Scribe of Team:red can Doc.edit
User:bob is Member of Team:red
User:ann is Editor of Team:red until 2030-12-31
";

/// A directory with a policy, a world and a store of it.
fn started(name: &str) -> Directory {
    let directory = fresh(name);
    std::fs::write(directory.join("app.policy"), POLICY).unwrap();
    std::fs::write(directory.join("app.world"), WORLD).unwrap();
    let made = run(
        &directory,
        &[
            "store",
            "init",
            "f.store",
            "-p",
            "app.policy",
            "-w",
            "app.world",
        ],
        "",
    );
    assert_eq!(made, (0, "wrote f.store, with 5 facts\n".to_owned()));
    directory
}

/// The exit code, and what is printed on both streams.
fn run(directory: &Path, arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ward"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Where it does not read, nobody minds.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(printed).unwrap(),
    )
}

fn apply(directory: &Path, input: &str) -> (i32, String) {
    let arguments = [
        "store",
        "apply",
        "f.store",
        "-",
        "-p",
        "app.policy",
        "--by",
        "kim",
    ];
    run(directory, &arguments, input)
}

fn edits(directory: &Path, user: &str) -> i32 {
    let ask = [
        "ask",
        user,
        "Doc.edit",
        "Doc:plan",
        "-p",
        "app.policy",
        "-w",
        "f.store",
    ];
    run(directory, &ask, "").0
}

#[test]
fn changes_happen_in_their_order_or_not_at_all() {
    let directory = started("apply");
    assert_eq!(edits(&directory, "User:bob"), 0);
    let (code, said) = apply(
        &directory,
        r#"{"remove": {"role": "Scribe", "of": "Team:red"}}

{"add": {"subject": "User:zoe", "role": "Chef", "of": "Team:red"}}
{"remove": {"entity": "User:nobody"}}
"#,
    );
    assert_eq!(code, 1);
    assert!(
        said.contains("error[E0503]") && said.contains("error[E0517]"),
        "{said}"
    );
    assert!(
        said.ends_with("2 facts were refused, so nothing was changed\n"),
        "{said}"
    );
    assert_eq!(edits(&directory, "User:bob"), 0);

    let (code, said) = apply(
        &directory,
        r#"{"remove": {"role": "Scribe", "of": "Team:red"}}
{"add": {"role": "Reader", "of": "Team:red", "can": ["Doc.view"]}}
{"add": {"subject": "User:bob", "role": "Reader", "of": "Team:red"}}"#,
    );
    assert_eq!((code, said.as_str()), (0, "version 2, 3 changes\n"));
    assert_eq!(edits(&directory, "User:bob"), 3);

    for (input, wanted) in [
        (
            "{\"add\": 3}",
            "<stdin>:1:9: this is no change: invalid type: integer `3`, expected a fact as an object",
        ),
        (
            "\n{\"put\": {}}",
            "<stdin>:2:6: this is no change: unknown variant `put`, expected `add` or `remove`",
        ),
        ("7", "this is no change: expected value"),
        ("", "there is nothing to change"),
    ] {
        let (code, said) = apply(&directory, input);
        assert!(code > 0 && said.contains(wanted), "{code} {said}");
    }
    let (code, log) = run(
        &directory,
        &["store", "log", "f.store", "--from", "2", "--format", "json"],
        "",
    );
    let log: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!((code, log.as_array().unwrap().len()), (0, 1));
    assert_eq!(log[0]["author"], "kim");
    assert_eq!(log[0]["changes"].as_array().unwrap().len(), 3);
    assert_eq!(log[0]["changes"][0]["remove"]["role"], "Scribe");
}

#[test]
fn what_is_exported_makes_the_same_store() {
    let directory = started("export");
    let (code, exported) = run(&directory, &["store", "export", "f.store"], "");
    assert_eq!(code, 0);
    std::fs::write(directory.join("again.jsonl"), &exported).unwrap();
    for source in ["again.jsonl", "f.store"] {
        let _ = std::fs::remove_file(directory.join("again.store"));
        let init = [
            "store",
            "init",
            "again.store",
            "-p",
            "app.policy",
            "-w",
            source,
        ];
        assert_eq!(run(&directory, &init, "").0, 0);
        let (_, again) = run(&directory, &["store", "export", "again.store"], "");
        assert_eq!(again, exported);
    }
}

#[test]
fn a_store_is_not_made_of_half_the_facts() {
    let directory = started("half");
    let world = format!("{WORLD}User:eve is Chef of Team:red\n");
    std::fs::write(directory.join("bad.world"), world).unwrap();
    let init = [
        "store",
        "init",
        "new.store",
        "-p",
        "app.policy",
        "-w",
        "bad.world",
    ];
    let (code, said) = run(&directory, &init, "");
    assert_eq!(code, 1);
    assert!(said.starts_with("bad.world:6:1: error[E0503]"), "{said}");
    assert!(!directory.join("new.store").exists());
}

#[test]
fn a_policy_is_held_against_the_facts_before_it_is_deployed() {
    let directory = started("check");
    let other = POLICY.replace("    role Editor { can Doc.* }\n", "");
    std::fs::write(directory.join("new.policy"), other).unwrap();
    let check = ["store", "check", "f.store", "-p", "new.policy"];
    assert_eq!(
        run(
            &directory,
            &["store", "check", "f.store", "-p", "app.policy"],
            ""
        )
        .0,
        0
    );
    let (code, said) = run(&directory, &check, "");
    assert_eq!(code, 1);
    assert!(said.contains("`Team` has no role `Editor`"), "{said}");
    let list = [
        "list",
        "User:bob",
        "Doc",
        "-p",
        "new.policy",
        "-w",
        "f.store",
    ];
    let (code, said) = run(&directory, &list, "");
    assert!(
        code == 1 && said.ends_with("so nothing was answered\n"),
        "{said}"
    );
    let apply = ["store", "apply", "f.store", "-", "-p", "new.policy"];
    let (code, said) = run(&directory, &apply, "{\"add\": {\"entity\": \"User:x\"}}");
    assert!(code == 1 && said.contains("has no role `Editor`"), "{said}");

    let drop = [
        "store",
        "check",
        "f.store",
        "-p",
        "new.policy",
        "--drop",
        "--reason",
        "no editors",
    ];
    let (code, said) = run(&directory, &drop, "");
    assert_eq!(code, 0);
    assert!(said.ends_with("1 fact dropped\n"), "{said}");
    assert_eq!(run(&directory, &list, ""), (0, "Doc:plan\n".to_owned()));
    let (_, log) = run(&directory, &["store", "log", "f.store"], "");
    let last: Vec<&str> = log.lines().rev().take(2).collect();
    assert_eq!(
        last[0],
        "  remove User:ann is Editor of Team:red until 2030-12-31T00:00:00Z"
    );
    assert!(last[1].ends_with(": no editors"), "{log}");
    assert_eq!(
        run(&directory, &["store", "trim", "f.store", "--keep", "1"], "").1,
        "1 version forgotten\n"
    );
}

#[test]
fn damage_is_told_in_one_line() {
    let directory = started("damage");
    let path = directory.join("f.store");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5_000..40_000].fill(0xa7);
    std::fs::write(&path, bytes).unwrap();
    for arguments in [
        &["store", "export", "f.store"][..],
        &["store", "check", "f.store", "-p", "app.policy"],
        &[
            "list",
            "User:bob",
            "Doc",
            "-p",
            "app.policy",
            "-w",
            "f.store",
        ],
    ] {
        let (code, said) = run(&directory, arguments, "");
        assert_eq!(code, 2, "{said}");
        assert!(
            said.starts_with("error[E0703]: `f.store`: the store is damaged: "),
            "{said}"
        );
        assert_eq!(said.lines().count(), 2, "{said}");
    }
    let (code, said) = run(&directory, &["store", "log", "app.world"], "");
    assert!(code == 2 && said.starts_with("error[E0701]"), "{said}");
    let init = ["store", "init", "app.world", "-p", "app.policy"];
    let (code, said) = run(&directory, &init, "");
    assert!(code == 2 && said.starts_with("error[E0705]"), "{said}");
}
