//! `ward lint` as a command: what it prints, mends, leaves out, and its exit codes.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod directory;

use std::fs;
use std::path::Path;
use std::process::Command;

use directory::{Directory, fresh};
use serde_json::Value;

/// Exit code, standard output and standard error.
fn lint(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ward"))
        .arg("lint")
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The rules that find something, with their lines.
fn found(directory: &Path, arguments: &[&str]) -> Vec<(String, u64)> {
    let arguments = [arguments, &["--format", "json"]].concat();
    let (_, json, _) = lint(directory, &arguments);
    let json: Value = serde_json::from_str(&json).unwrap();
    let findings = json["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| {
            let rule = finding["rule"].as_str().unwrap().to_owned();
            (rule, finding["line"].as_u64().unwrap())
        })
        .collect()
}

const POLICY: &str = "\
subject User
scope Team {
    role Viewer { sees *  can Doc.view }
    role Editor {
        includes Viewer
        can Doc.view, Doc.edit
    }
    /// Nothing yet.
    role Idle {}
}
resource Doc in Team { actions view, edit }
";

fn project(name: &str) -> Directory {
    let directory = fresh(name);
    fs::write(directory.join("app.policy"), POLICY).unwrap();
    directory
}

#[test]
fn findings_are_told_by_place_and_warnings_do_not_fail() {
    let directory = project("told");
    let (code, out, _) = lint(&directory, &[]);
    assert_eq!(code, 0);
    let first = out.find("`Doc.view` is already given by `Viewer`").unwrap();
    let second = out.find("`Idle of Team` gives nothing").unwrap();
    assert!(first < second, "{out}");
    assert!(
        out.contains("[app.policy:6:13]") && out.contains("unused-role"),
        "{out}"
    );
    assert!(
        out.ends_with("2 findings in 1 policy; --fix mends 1\n"),
        "{out}"
    );
    assert_eq!(lint(&directory, &["--deny", "warnings"]).0, 1);
    assert_eq!(lint(&directory, &["--deny", "unused-role"]).0, 1);
    assert_eq!(
        lint(
            &directory,
            &["--deny", "unused-role", "--allow", "unused-role"]
        )
        .0,
        1
    );
    let one = found(&directory, &["--allow", "unused-role"]);
    assert_eq!(one, [("redundant-permission".to_owned(), 6)]);
}

#[test]
fn json_has_the_place_the_rule_and_the_fix() {
    let directory = project("json");
    let (_, json, _) = lint(&directory, &["--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(finding["code"], "R110");
    assert_eq!(finding["rule"], "redundant-permission");
    assert_eq!(finding["level"], "warn");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&6.into(), &13.into())
    );
    assert_eq!(finding["fix"]["safe"], true);
    assert_eq!(finding["fix"]["edits"][0]["text"], "");
}

#[test]
fn fixes_are_shown_or_written_and_the_unsafe_ones_only_when_asked_for() {
    let directory = project("fixes");
    let policy = directory.join("app.policy");
    let (code, diff, _) = lint(&directory, &["--fix", "--diff"]);
    assert_eq!(code, 0);
    assert!(
        diff.contains("-        can Doc.view, Doc.edit\n+        can Doc.edit\n"),
        "{diff}"
    );
    assert!(!diff.contains("-    role Idle"), "{diff}");
    assert_eq!(fs::read_to_string(&policy).unwrap(), POLICY);

    let left = found(&directory, &["--fix"]);
    assert_eq!(left, [("unused-role".to_owned(), 9)]);
    assert_eq!(found(&directory, &["--unsafe-fixes"]), []);
    let mended = fs::read_to_string(&policy).unwrap();
    let expected = POLICY
        .replace("Doc.view, Doc.edit", "Doc.edit")
        .replace("    /// Nothing yet.\n    role Idle {}\n", "");
    assert_eq!(mended, expected);
}

#[test]
fn a_baseline_leaves_out_what_was_there() {
    let directory = project("baseline");
    let (code, out, _) = lint(&directory, &["--write-baseline"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "wrote 2 findings to ward-baseline.json\n")
    );
    let with = ["--baseline", "ward-baseline.json"];
    assert_eq!(found(&directory, &with), []);
    // What moves is still known, what is new is told.
    let moved = POLICY.replace("scope Team {", "scope Team {\n    role New {}");
    fs::write(directory.join("app.policy"), moved).unwrap();
    assert_eq!(found(&directory, &with), [("unused-role".to_owned(), 3)]);
}

#[test]
fn configuration_is_found_upward_and_its_paths_count_from_there() {
    let directory = project("configured");
    let inner = directory.join("old");
    fs::create_dir_all(&inner).unwrap();
    fs::write(inner.join("old.policy"), POLICY).unwrap();
    let toml = "[lint.levels]\nunused-role = \"deny\"\n[[lint.override]]\npaths = [\"old/**\"]\nlevels = { unused-role = \"allow\" }\n";
    fs::write(directory.join("ward.toml"), toml).unwrap();
    assert_eq!(lint(&directory, &["app.policy"]).0, 1);
    assert_eq!(lint(&directory, &["old"]).0, 0);
    assert_eq!(lint(&inner, &[]).0, 0);
    fs::write(directory.join("ward.toml"), "[lint]\nlevel = 1\n").unwrap();
    let (code, _, err) = lint(&inner, &[]);
    assert_eq!(code, 2);
    assert!(
        err.contains("ward.toml:2:1: unknown key `level`: did you mean `levels`?"),
        "{err}"
    );
}

#[test]
fn what_one_policy_needs_another_need_not() {
    let directory = fresh("shared");
    let shared = "subject User\nscope Team { role Member { sees * } }\npermissions docs { Doc.view }\nresource Doc in Team { actions view }\n";
    fs::write(directory.join("shared.policy"), shared).unwrap();
    let uses = "use \"shared.policy\"\nscope Club { role Guest { sees * } }\n";
    fs::write(directory.join("a.policy"), uses).unwrap();
    let names = "use \"shared.policy\"\npermit docs when resource in [Doc:menu]\n";
    fs::write(directory.join("b.policy"), names).unwrap();
    assert_eq!(found(&directory, &[]), []);
    let dead = found(&directory, &["a.policy"]);
    assert_eq!(
        dead,
        [
            ("unused-permissions".to_owned(), 3),
            ("ungranted-action".to_owned(), 4)
        ]
    );
}

#[test]
fn pages_and_unknown_rules() {
    let directory = fresh("pages");
    let (code, page, _) = lint(&directory, &["--explain", "unused-role"]);
    assert_eq!(code, 0);
    assert!(page.starts_with("# unused-role\n"));
    let (code, _, err) = lint(&directory, &["--explain", "unused-roll"]);
    assert_eq!(code, 2);
    assert_eq!(
        err,
        "error: there is no rule `unused-roll`: did you mean `unused-role`?\n"
    );
}

#[test]
fn what_does_not_compile_is_an_error() {
    let directory = fresh("broken");
    fs::write(directory.join("app.policy"), "scope Team in Nowhere").unwrap();
    let (code, out, _) = lint(&directory, &[]);
    assert_eq!(code, 1);
    assert!(out.contains("E0201"), "{out}");
    assert!(out.ends_with("1 error in 1 policy\n"), "{out}");
}

#[test]
fn worlds_are_looked_at_where_they_are_named() {
    let directory = project("world");
    let world = "Doc:plan in Team:red\nanyone is Editor of Team:red\n";
    fs::write(directory.join("app.world"), world).unwrap();
    let lines = "{\"entity\":\"Doc:plan\",\"in\":[\"Team:red\"]}\n{\"subject\":\"anyone\",\"role\":\"Editor\",\"of\":\"Team:red\"}\n";
    fs::write(directory.join("app.jsonl"), lines).unwrap();
    for file in ["app.world", "app.jsonl"] {
        let all = found(&directory, &["-w", file]);
        let public = ("public-principal".to_owned(), 2);
        assert!(all.contains(&public), "{file}: {all:?}");
    }
}

#[test]
fn facts_have_to_fit_one_of_the_policies() {
    let directory = project("misfits");
    let world = "Doc:plan in Team:red\nUser:ann is Viewr of Team:red\n";
    fs::write(directory.join("app.world"), world).unwrap();
    let lines = "{\"subject\":\"User:ann\",\"role\":\"Viewr\",\"of\":\"Team:red\"}\nnone\n";
    fs::write(directory.join("app.jsonl"), lines).unwrap();
    let (code, out, _) = lint(&directory, &["-w", "app.world"]);
    assert_eq!(code, 1);
    let told = out.contains("app.world:2:13") && out.contains("did you mean `Viewer`?");
    assert!(told, "{out}");
    let (code, out, _) = lint(&directory, &["-w", "app.jsonl"]);
    assert_eq!(code, 1);
    let told = out.contains("app.jsonl:1:1") && out.contains("app.jsonl:2:1");
    assert!(told, "{out}");
    // They may be meant for another of the policies.
    let other = POLICY.replace("role Idle", "role Viewr");
    fs::write(directory.join("other.policy"), other).unwrap();
    let (code, out, _) = lint(&directory, &["-w", "app.world"]);
    assert_eq!(code, 0, "{out}");
}

#[test]
fn what_cannot_be_used_is_two_and_says_why() {
    let directory = project("unusable");
    fs::write(directory.join("other.json"), "[1]").unwrap();
    let (code, _, err) = lint(&directory, &["--baseline", "other.json"]);
    assert_eq!(code, 2);
    assert!(err.contains("`other.json` is no baseline: "), "{err}");
    for arguments in [
        &["--baseline", "nowhere.json"][..],
        &["--deny", "unused-roll"],
        &["-w", "nowhere.world"],
        &["--fix", "-"],
    ] {
        let (code, _, err) = lint(&directory, arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
    }
    fs::create_dir(directory.join("ward.toml")).unwrap();
    let (code, _, err) = lint(&directory, &[]);
    assert_eq!(code, 2);
    assert!(err.contains("cannot read `ward.toml`"), "{err}");
}

#[test]
fn what_the_baseline_has_is_not_mended() {
    let directory = project("kept");
    assert_eq!(lint(&directory, &["--write-baseline"]).0, 0);
    let known = ["--baseline", "ward-baseline.json", "--unsafe-fixes"];
    assert_eq!(lint(&directory, &known).0, 0);
    let text = fs::read_to_string(directory.join("app.policy")).unwrap();
    assert_eq!(text, POLICY);
}
