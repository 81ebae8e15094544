//! `ward` among other commands: pipes, standard input, narrow terminals, completions, manual pages.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod directory;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use directory::{Directory, fresh};

/// A directory with what `ward init` writes.
fn started(name: &str) -> Directory {
    let path = fresh(name);
    assert!(ward(&path, &["init"]).output().unwrap().status.success());
    path
}

fn ward(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(arguments).current_dir(directory);
    command.env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

fn fed(mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who needs no input may end before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const BROKEN: usize = 20_000;

/// A policy with so many mistakes that no pipe holds what is told of them.
fn broken() -> String {
    let mut text = "subject User\nscope Team { actions view }\n".to_owned();
    for index in 0..BROKEN {
        text += &format!("forbid Team.view when resource.no{index}\n");
    }
    text
}

#[test]
fn who_stops_reading_changes_no_exit_code_and_is_told_nothing() {
    let directory = started("pipe");
    fs::write(directory.join("broken.policy"), broken()).unwrap();
    let ended = |arguments: &[&str]| {
        let mut command = ward(&directory, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut first = [0; 100];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        output.status.code()
    };
    for format in ["text", "json", "sarif", "github", "gitlab"] {
        assert_eq!(
            ended(&["check", "broken.policy", "--format", format]),
            Some(1)
        );
    }
    assert_eq!(ended(&["graph", "app.policy"]), Some(0));
    assert_eq!(ended(&["completions", "bash"]), Some(0));
    assert_eq!(ended(&["--help"]), Some(0));
}

#[test]
fn pipes_and_no_color_have_no_colors_and_narrow_terminals_fit() {
    let directory = started("narrow");
    let policy = "subject User\nscope Team { actions view }\nforbid Team.view when resource.no\n";
    fs::write(directory.join("broken.policy"), policy).unwrap();
    for variables in [
        vec![],
        vec![("NO_COLOR", "1")],
        vec![("COLUMNS", "20")],
        vec![("COLUMNS", "0")],
    ] {
        for arguments in [
            &["check", "broken.policy"][..],
            &["ci", "broken.policy"],
            &["test", "broken.policy"],
            &["--help"],
            &["ask", "--help"],
            &["frobnicate"],
        ] {
            let mut command = ward(&directory, arguments);
            let output = command.envs(variables.iter().copied()).output().unwrap();
            let all = text(&output.stdout) + &text(&output.stderr);
            assert!(!all.is_empty() && !all.contains('\u{1b}'), "{all}");
            assert!(output.status.code().is_some_and(|code| code <= 2));
            if arguments == ["check", "broken.policy"] {
                assert!(all.contains("E0301"), "{all}");
            }
        }
    }
    let narrow = ward(&directory, &["check", "broken.policy"])
        .env("COLUMNS", "20")
        .output()
        .unwrap();
    let wide = ward(&directory, &["check", "broken.policy"])
        .output()
        .unwrap();
    assert!(text(&narrow.stdout).lines().count() > text(&wide.stdout).lines().count());
}

#[test]
fn a_dash_is_standard_input() {
    let directory = started("dash");
    let policy = fs::read_to_string(directory.join("app.policy")).unwrap();
    let world = fs::read_to_string(directory.join("app.world")).unwrap();
    let output = fed(ward(&directory, &["check", "-"]), &policy);
    assert_eq!(text(&output.stdout), "1 policy, no errors\n");
    let output = fed(
        ward(&directory, &["check", "-", "--format", "github"]),
        "subjct User",
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("::error file=<stdin>,line=1,col=1,"));
    // What is read from standard input finds what it uses from here.
    let tests = fs::read_to_string(directory.join("tests.policy")).unwrap();
    let output = fed(ward(&directory, &["test", "-"]), &tests);
    assert_eq!(text(&output.stdout), "4 passed, 0 failed\n");

    let list = ["list", "User:ann", "Doc", "-p"];
    let listed = |rest: &[&str], input: &str| {
        let output = fed(ward(&directory, &[&list[..], rest].concat()), input);
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let all = (Some(0), "Doc:notes\nDoc:plan\n".to_owned(), String::new());
    assert_eq!(listed(&["-", "-w", "app.world"], &policy), all);
    assert_eq!(listed(&["app.policy", "-w", "-"], &world), all);
    let facts = "\n{\"entity\": \"Doc:x\", \"in\": [\"Team:red\"]}\n";
    let (code, out, _) = listed(&["app.policy", "-w", "app.world", "-w", "-"], facts);
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "Doc:notes\nDoc:plan\nDoc:x\n")
    );
    let (code, _, err) = listed(&["-", "-w", "-"], &policy);
    assert_eq!(code, Some(2));
    assert!(err.contains("`-` is given twice"), "{err}");
    let output = ward(&directory, &["compile", "app.policy", "-o", "-"])
        .output()
        .unwrap();
    assert!(output.stdout.starts_with(b"{") && !directory.join("-").exists());
}

#[test]
fn what_cannot_be_read_or_written_is_two() {
    let directory = started("two");
    let code = |arguments: &[&str]| {
        let output = ward(&directory, arguments).output().unwrap();
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}");
        output.status.code()
    };
    for arguments in [
        &["check", "nowhere.policy"][..],
        &["test", "nowhere"],
        &["ci", "nowhere"],
        &[
            "list",
            "User:a",
            "Doc",
            "-p",
            "app.policy",
            "-w",
            "nowhere.world",
        ],
        &["ask", "--batch", "nowhere.jsonl", "-p", "app.policy"],
        &["ask", "--batch", ".", "-p", "app.policy"],
        &["graph", "nowhere.policy"],
        &["compile", "app.policy", "-o", "no/such/place.json"],
        &["init"],
        &["frobnicate"],
        &["check", "--format", "yaml"],
        &["man", "app.policy"],
    ] {
        assert_eq!(code(arguments), Some(2), "{arguments:?}");
    }
}

#[test]
fn where_no_policy_is_that_is_told() {
    let directory = started("nothing");
    fs::create_dir(directory.join("empty")).unwrap();
    for command in ["check", "lint", "test"] {
        let output = ward(&directory, &[command, "empty"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}");
        let told = text(&output.stderr);
        assert_eq!(told, "note: there is no `.policy` file below `empty`\n");
    }
}

#[test]
fn completions_are_written_for_every_shell() {
    let directory = started("completions");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = ward(&directory, &["completions", shell]).output().unwrap();
        let script = text(&output.stdout);
        assert!(output.status.success());
        for word in ["check", "actions", "batch"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(
        ward(&directory, &["completions", "tcl"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = started("man");
    let output = ward(&directory, &["man", "pages/man1"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let page = |name: &str| fs::read_to_string(directory.join("pages/man1").join(name)).unwrap();
    assert!(page("ward.1").contains(".TH ward 1"));
    let help = text(&ward(&directory, &["--help"]).output().unwrap().stdout);
    let commands = help.lines().filter_map(|line| line.strip_prefix("  "));
    let names: Vec<&str> = commands
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() >= 10, "{help}");
    for name in names {
        assert!(page(&format!("ward-{name}.1")).contains("ward"));
    }
}
