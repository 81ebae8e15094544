//! `ward test --coverage`, its reports, and `ward test --watch`.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod directory;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use directory::{Directory, fresh};
use serde_json::{Value, json};

const APP: &str = r#"subject User

scope Team {
    role Member { sees * }
    role Editor { can Doc.view, Doc.edit }
    role Closer { can Doc.close when resource.title == "<a> & \"b\"" }
}
resource Doc in Team {
    title: String = ""
    locked: Bool = false
    actions view, edit, close
    share with Team { level read { view } }
}
forbid Doc.edit when resource.locked
hide Doc when resource.title == "gone"
"#;

const TESTS: &str = r#"use "app.policy"

test "an editor edits" {
    Doc:plan in Team:red
    User:ann is Member of Team:red, Editor of Team:red
    expect User:ann can edit on Doc:plan
}
test "nobody closes" {
    Doc:plan in Team:red
    User:ann is Member of Team:red, Closer of Team:red
    expect User:ann cannot close on Doc:plan
}
"#;

fn started(name: &str) -> Directory {
    let directory = fresh(name);
    fs::write(directory.join("app.policy"), APP).unwrap();
    fs::write(directory.join("tests.policy"), TESTS).unwrap();
    directory
}

fn ward(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1");
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn text_tells_what_is_missing() {
    let directory = started("text");
    let (code, out, _) = ward(&directory, &["test", "--coverage"]);
    assert_eq!(code, 0);
    insta::assert_snapshot!("text", out);
    let (_, out, _) = ward(&directory, &["test", "--coverage", "--filter", "closes"]);
    assert!(out.starts_with("1 passed, 0 failed\n"), "{out}");
    assert!(
        out.contains("app.policy:5: `can Doc.view, Doc.edit` never granted"),
        "{out}"
    );
}

#[test]
fn json_has_both_directions_of_every_part() {
    let directory = started("json");
    let (code, out, _) = ward(&directory, &["test", "--coverage", "--format", "json"]);
    assert_eq!(code, 0);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer["passed"], 2);
    let coverage = &answer["coverage"];
    assert_eq!(coverage["files"].as_array().unwrap().len(), 1);
    assert_eq!(coverage["files"][0]["file"], "app.policy");
    assert_eq!(coverage["covered"], coverage["files"][0]["covered"]);
    assert_eq!(
        coverage["files"][0]["clauses"][0],
        json!({
            "kind": "sees", "line": 4, "column": 19, "text": "sees *",
            "granted": 2, "refused": null,
        })
    );
    let (_, out, _) = ward(&directory, &["test", "--format", "json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(answer.get("coverage"), None);
}

#[test]
fn lcov_has_the_lines_that_other_tools_read() {
    let directory = started("lcov");
    let (code, out, err) = ward(&directory, &["test", "--coverage", "--format", "lcov"]);
    assert_eq!((code, err.as_str()), (0, "2 passed, 0 failed\n"));
    insta::assert_snapshot!("lcov", out);
    let (mut lines, mut branches) = ((0, 0), (0, 0));
    for line in out.lines() {
        if line == "end_of_record" || line == "TN:" {
            continue;
        }
        let (kind, rest) = line.split_once(':').expect("a kind of line");
        let numbers = || -> Vec<usize> {
            let numbers = rest.split(',').map(|number| number.parse().unwrap());
            numbers.collect()
        };
        match kind {
            "SF" => assert_eq!(rest, "app.policy"),
            "DA" => {
                let [line, hits] = numbers()[..] else {
                    panic!("{line}")
                };
                assert!((1..=APP.lines().count()).contains(&line));
                lines = (lines.0 + 1, lines.1 + usize::from(hits > 0));
            }
            "BRDA" => {
                let [_, _, branch, hits] = numbers()[..] else {
                    panic!("{line}")
                };
                assert!(branch < 2);
                branches = (branches.0 + 1, branches.1 + usize::from(hits > 0));
            }
            "LF" => assert_eq!(numbers(), [lines.0]),
            "LH" => assert_eq!(numbers(), [lines.1]),
            "BRF" => assert_eq!(numbers(), [branches.0]),
            "BRH" => assert_eq!(numbers(), [branches.1]),
            _ => panic!("{line}"),
        }
    }
    assert!(lines.0 > 5 && branches.0 > lines.0);
}

#[test]
fn the_page_stands_alone_and_has_every_line() {
    let directory = started("html");
    let (code, out, _) = ward(&directory, &["test", "--coverage", "--format", "html"]);
    assert_eq!(code, 0);
    for (number, line) in (1..).zip(APP.lines()) {
        let line = line.replace('&', "&amp;").replace('<', "&lt;");
        let line = line.replace('>', "&gt;").replace('"', "&quot;");
        let cells = format!("<td>{number}</td><td><code>{line}</code></td>");
        assert!(out.contains(&cells), "{cells}");
    }
    assert!(out.contains("forbid never granted"), "{out}");
    for outside in ["<script", "src=", "http", "url("] {
        assert!(!out.contains(outside), "{outside}");
    }
    assert!(out.starts_with("<!DOCTYPE html>") && out.ends_with("</body></html>\n"));
}

#[test]
fn less_than_is_asked_for_fails() {
    let directory = started("min");
    let (code, _, _) = ward(&directory, &["test", "--coverage", "--min", "10"]);
    assert_eq!(code, 0);
    let (code, out, err) = ward(&directory, &["test", "--coverage", "--min", "99.5"]);
    assert_eq!(code, 1);
    assert!(out.contains("2 passed, 0 failed"), "{out}");
    assert!(err.contains("at least 99.5% is asked for"), "{err}");
    // All of a policy in which nothing decides is covered.
    let empty = fresh("empty");
    fs::write(empty.join("app.policy"), "subject User\n").unwrap();
    let (code, out, _) = ward(&empty, &["test", "--coverage", "--min", "100"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "no tests found\n\ncoverage: 100.0% (0 of 0)\n")
    );
    for wrong in [
        &["test", "--min", "10"][..],
        &["test", "--coverage", "--min", "101"],
        &["test", "--coverage", "--min", "NaN"],
        &["test", "--format", "lcov"],
        &["test", "--format", "html"],
    ] {
        assert_eq!(ward(&directory, wrong).0, 2, "{wrong:?}");
    }
}

#[test]
fn a_failing_test_fails_whatever_is_covered() {
    let directory = started("failing");
    let flipped = TESTS.replace("can edit", "cannot edit");
    fs::write(directory.join("tests.policy"), flipped).unwrap();
    let (code, out, err) = ward(&directory, &["test", "--coverage", "--format", "lcov"]);
    assert_eq!(code, 1);
    assert!(
        err.contains("FAILED  an editor edits (tests.policy:3)"),
        "{err}"
    );
    assert!(out.starts_with("TN:\nSF:app.policy\n"), "{out}");
}

#[test]
fn many_tests_are_told_in_the_order_of_their_files() {
    let directory = started("many");
    let tests: String = (0..200)
        .map(|number| format!("test \"{number}\" {{ Doc:a in Team:t expect User:u sees Doc:a }}\n"))
        .collect();
    fs::write(
        directory.join("tests.policy"),
        format!("use \"app.policy\"\n{tests}"),
    )
    .unwrap();
    let (code, out, _) = ward(&directory, &["test"]);
    assert_eq!(code, 1);
    let failed = out.lines().filter_map(|line| line.strip_prefix("FAILED  "));
    let failed: Vec<String> = failed.map(str::to_owned).collect();
    let expected = (0..200).map(|number| format!("{number} (tests.policy:{})", number + 2));
    assert_eq!(failed, expected.collect::<Vec<_>>());
    assert!(out.ends_with("0 passed, 200 failed\n"));
}

/// A process that does not outlive its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn watching_runs_again_when_a_file_changes() {
    let directory = started("watch");
    let child = Command::new(env!("CARGO_BIN_EXE_ward"))
        .args(["test", "--watch", "tests.policy"])
        .current_dir(&directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = Ended(child.unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let mut until = |wanted: &str| {
        let mut told = Vec::new();
        for line in lines.by_ref() {
            told.push(line.unwrap());
            if told.last().unwrap() == wanted {
                return told;
            }
        }
        panic!("it ended without `{wanted}`: {told:?}");
    };
    let waiting = "watching for changes, Ctrl-C ends";
    assert_eq!(until(waiting), ["2 passed, 0 failed", waiting]);
    // A file that the given one uses.
    fs::write(directory.join("app.policy"), format!("{APP}// longer\n")).unwrap();
    assert_eq!(
        until(waiting),
        ["", "changed: app.policy", "2 passed, 0 failed", waiting]
    );
    // One that cannot be compiled does not end it.
    fs::write(directory.join("tests.policy"), "use \"app.policy\"\ntest").unwrap();
    assert_eq!(until(waiting)[1], "changed: tests.policy");
    fs::write(directory.join("tests.policy"), TESTS).unwrap();
    let told = until(waiting);
    assert_eq!(told[1..3], ["changed: tests.policy", "2 passed, 0 failed"]);
}
