//! What tests cover: each construct in each direction, the reports, and `ward test --watch`.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use ward::Sources;
use ward::coverage::{Covered, measure, merged};

// ---- each construct -----------------------------------------------------------------------------

/// A policy around one construct: its kind, its declarations, facts, and what a test claims that
/// sees it do its work (`granted`) or not (`refused`).
struct Case {
    kind: &'static str,
    policy: &'static str,
    facts: &'static str,
    granted: &'static str,
    refused: &'static str,
}

const CASES: &[Case] = &[
    Case {
        kind: "sees",
        policy: "scope Team { role Member { sees Doc } } resource Doc in Team",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:u cannot see Team:t",
    },
    Case {
        kind: "sees",
        policy: "scope Team { role Member { sees Doc when resource.open } }
                 resource Doc in Team { open: Bool = true }",
        facts: "Doc:a in Team:t  Doc:b in Team:t { open: false }  User:u is Member of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:u sees no Team  expect User:u cannot see Doc:b",
    },
    Case {
        kind: "can",
        policy: "scope Team { role Member { sees *  can Doc.view } }
                 resource Doc in Team { actions view, edit }",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u can view on Doc:a",
        refused: "expect User:u cannot edit on Doc:a",
    },
    Case {
        kind: "can",
        policy: "scope Team { role Member { sees *  can Doc.view when resource.open } }
                 resource Doc in Team { open: Bool = true  actions view, edit }",
        facts: "Doc:a in Team:t  Doc:b in Team:t { open: false }  User:u is Member of Team:t",
        granted: "expect User:u can view on Doc:a  expect User:u cannot edit on Doc:a",
        refused: "expect User:u cannot view on Doc:b",
    },
    Case {
        kind: "also",
        policy: "scope Team
                 resource Doc in Team { relation readers: User  role Reader { also readers  sees this } }",
        facts: "Doc:a in Team:t  Doc:a readers User:u",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:v cannot see Doc:a",
    },
    Case {
        kind: "requires",
        policy: "scope Org { role Staff { sees this } }
                 scope Team in Org { role Member { requires Org.Staff  sees * } }",
        facts: "Team:t in Org:o  User:u is Member of Team:t
                User:v is Member of Team:t, Staff of Org:o",
        granted: "expect User:u cannot see Team:t",
        refused: "expect User:v sees Team:t",
    },
    Case {
        kind: "for",
        policy: "subject Group of User  scope Team { role Owner { for User  sees * } }",
        facts: "User:u is Owner of Team:t",
        granted: "expect refused Group:g is Owner of Team:t",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "for",
        policy: "subject Bot
                 scope Team { relation runs: User | Bot  role Owner { for User  also runs  sees * } }",
        facts: "Team:t runs User:u  Team:t runs Bot:b",
        granted: "expect Bot:b cannot see Team:t",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "at most",
        policy: "scope Team {
                     role Guest { at most Doc.view }
                     role Editor { sees *  can Doc.view, Doc.edit }
                 }
                 resource Doc in Team { actions view, edit, close }",
        facts: "Doc:a in Team:t  User:u is Guest of Team:t, Editor of Team:t",
        granted: "expect User:u cannot edit on Doc:a",
        refused: "expect User:u can view on Doc:a  expect User:u cannot close on Doc:a",
    },
    Case {
        kind: "level",
        policy: "scope Team { role Editor { sees *  can Doc.* } }
                 resource Doc in Team { actions view, edit  share with Team { level read { view } } }",
        facts: "Doc:a in Team:s  share Doc:a with Team:t at read  User:u is Editor of Team:t",
        granted: "expect User:u cannot edit on Doc:a",
        refused: "expect User:u can view on Doc:a",
    },
    Case {
        kind: "visible by",
        policy: "scope Team { role Reader { can Doc.view }  role Writer { can Doc.edit } }
                 resource Doc in Team { visible by view  actions view, edit }",
        facts: "Doc:a in Team:t  User:u is Reader of Team:t  User:v is Writer of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:v cannot see Doc:a",
    },
    Case {
        kind: "overrides",
        policy: "scope Org { role Admin { sees *  can Doc.* } }
                 scope Team in Org { overrides Org  role Member { sees * } }
                 resource Doc in Team { actions view }",
        facts: "Team:t in Org:o  Doc:a in Team:t  User:u is Admin of Org:o
                User:v is Admin of Org:o, Member of Team:t",
        granted: "expect User:v cannot view on Doc:a",
        refused: "expect User:u can view on Doc:a",
    },
    Case {
        kind: "custom roles",
        policy: "scope Team { custom roles from Doc.view  role Member { sees * } }
                 resource Doc in Team { actions view, edit }",
        facts: "Doc:a in Team:t  role Reader of Team:t can Doc.view
                User:u is Reader of Team:t, Member of Team:t",
        granted: "expect User:u can view on Doc:a",
        refused: "expect refused role Writer of Team:t can Doc.edit",
    },
    Case {
        kind: "within",
        policy: "subject Key in Team { acts for owner: User within Team }
                 scope Team { role Member { sees * } }",
        facts: "User:u is Member of Team:s, Member of Team:t  Key:k in Team:t { owner: User:u }",
        granted: "expect Key:k cannot see Team:s",
        refused: "expect Key:k sees Team:t",
    },
    Case {
        kind: "at most",
        policy: "subject Key { scopes: Permissions  acts for owner: User at most scopes }
                 scope Team { actions view, edit  role Member { sees *  can * } }",
        facts: "User:u is Member of Team:t  Key:k { owner: User:u, scopes: [\"Team.view\"] }",
        granted: "expect Key:k cannot edit on Team:t",
        refused: "expect Key:k can view on Team:t",
    },
    Case {
        kind: "permit",
        policy: "scope Team { open: Bool = true  actions view  role Member { sees * } }
                 permit Team.view when resource.open",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { open: false }",
        granted: "expect User:u can view on Team:t",
        refused: "expect User:u cannot view on Team:s",
    },
    Case {
        kind: "forbid",
        policy: "scope Team { open: Bool = true  actions view  role Member { sees *  can * } }
                 forbid Team.view unless resource.open",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { open: false }",
        granted: "expect User:u cannot view on Team:s",
        refused: "expect User:u can view on Team:t",
    },
    Case {
        kind: "reveal",
        policy: "subject Bot  scope Team { role Member { can * }  actions view }  reveal Team to User",
        facts: "User:u is Member of Team:t  Bot:b is Member of Team:t",
        granted: "expect User:u can view on Team:t",
        refused: "expect Bot:b cannot see Team:t",
    },
    Case {
        kind: "hide",
        policy: "scope Team { secret: Bool = false  role Member { sees * } }
                 hide Team when resource.secret",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { secret: true }",
        granted: "expect User:u cannot see Team:s",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "includes",
        policy: "scope Team { role Member { sees * }  role Chief { includes Member } }",
        facts: "User:u is Chief of Team:t  User:v is Member of Team:t",
        granted: "expect User:u sees Team:t",
        // It has no condition that could fail.
        refused: "",
    },
];

fn compiled(text: &str) -> ward::Policy {
    let sources = Sources::new().with("case.policy", text);
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_construct_is_covered_in_each_direction_by_itself() {
    for case in CASES {
        let Case {
            kind,
            policy,
            facts,
            granted,
            refused,
        } = case;
        let text = format!(
            "subject User\n{policy}\ntest \"granted\" {{ {facts} {granted} }}\ntest \"refused\" {{ {facts} {refused} }}"
        );
        let policy = compiled(&text);
        let results = ward::spec::run(&policy);
        assert!(results.iter().all(ward::spec::TestResult::passed), "{text}");
        let seen = |wanted: &dyn Fn(&str) -> bool| {
            let all = measure(&policy, wanted);
            // The construct that the case is about is the last of its kind.
            let found = all.into_iter().rfind(|covered| covered.kind == *kind);
            let found = found.unwrap_or_else(|| panic!("no {kind} in {text}"));
            (found.granted.map(|n| n > 0), found.refused.map(|n| n > 0))
        };
        let second = |covered: bool| (!refused.is_empty()).then_some(covered);
        assert_eq!(
            seen(&|_| false),
            (Some(false), second(false)),
            "none: {text}"
        );
        assert_eq!(
            seen(&|name| name == "granted"),
            (Some(true), second(false)),
            "granted: {text}"
        );
        assert_eq!(
            seen(&|name| name == "refused"),
            (Some(false), second(true)),
            "refused: {text}"
        );
        assert_eq!(seen(&|_| true), (Some(true), second(true)), "both: {text}");
    }
}

#[test]
fn what_gives_everything_has_one_direction_only() {
    let policy = compiled(
        "subject User
         scope Team { actions view  role Member { sees *  can * }  role Split { sees Team  can view } }
         forbid Team.view to User",
    );
    let all = measure(&policy, |_| true);
    let refused: Vec<_> = all
        .iter()
        .map(|found| (found.kind, found.refused))
        .collect();
    assert_eq!(
        refused,
        [
            ("sees", None),
            ("can", None),
            ("sees", None),
            ("can", None),
            ("forbid", Some(0))
        ]
    );
}

#[test]
fn a_wider_ceiling_is_told_apart_from_the_one_that_it_includes() {
    let policy = compiled(
        "subject User
         scope Team {
             actions view, edit
             role Guest { at most view }
             role Owner { includes Guest  at most * }
             role Editor { sees *  can * }
         }
         test \"wide\" {
             User:u is Owner of Team:t, Editor of Team:t
             expect User:u can edit on Team:t
         }",
    );
    let all = measure(&policy, |_| true);
    let ceilings = all.iter().filter(|found| found.kind == "at most");
    let ceilings: Vec<_> = ceilings
        .map(|found| (&*found.text, found.granted))
        .collect();
    assert_eq!(
        ceilings,
        [("at most view", Some(0)), ("at most *", Some(1))]
    );
}

#[test]
fn files_of_several_policies_are_counted_together() {
    let covered = |file: &str, line, granted, refused| Covered {
        kind: "can",
        file: file.to_owned(),
        line,
        column: 1,
        text: "can view".to_owned(),
        granted,
        refused,
    };
    let all = merged([
        covered("b.policy", 1, Some(1), None),
        covered("a.policy", 9, Some(0), Some(0)),
        covered("a.policy", 2, Some(2), Some(0)),
        covered("a.policy", 9, Some(3), None),
    ]);
    assert_eq!(
        all,
        [
            covered("a.policy", 2, Some(2), Some(0)),
            covered("a.policy", 9, Some(3), Some(0)),
            covered("b.policy", 1, Some(1), None),
        ]
    );
}

// ---- shipped policies ---------------------------------------------------------------------------

#[test]
fn tests_of_shipped_policies_see_every_part_at_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in fs::read_dir(root).unwrap() {
        let directory = entry.unwrap().path();
        let mut sources = Sources::new();
        for file in fs::read_dir(&directory).unwrap() {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "policy")
            {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                sources.add(name, fs::read_to_string(&path).unwrap());
            }
        }
        let policy = ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"));
        let all = measure(&policy, |_| true);
        let idle: Vec<&Covered> = all.iter().filter(|of| of.granted == Some(0)).collect();
        assert!(idle.is_empty(), "{}: {idle:?}", directory.display());
        let directions = all.iter().map(Covered::directions);
        let (of, covered) = directions.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        println!("{}: {covered} of {of}", directory.display());
        assert!(
            covered * 100 >= of * 85,
            "{}: {covered} of {of}",
            directory.display()
        );
    }
}

// ---- the command --------------------------------------------------------------------------------

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

/// An empty directory for one test.
fn fresh(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("coverage")
        .join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn started(name: &str) -> PathBuf {
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
