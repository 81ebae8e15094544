//! `ward fmt` as a command: what it writes, what it tells, and what it leaves alone.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod directory;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use directory::{Directory, fresh};

fn ward_in(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1");
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

const PLAIN: &str = "subject User\n\nscope Team {\n    role Member { sees * }\n}\n";
const UGLY: &str = "subject   User\n\n\nscope Team{role Member{sees *}\n}";

/// Files in all states: formatted, not, a world, one that cannot be read, one of another kind.
fn unformatted(name: &str) -> Directory {
    let directory = fresh(name);
    fs::create_dir(directory.join("sub")).unwrap();
    for (file, content) in [
        ("good.policy", PLAIN),
        ("sub/ugly.policy", UGLY),
        ("sub/ugly.world", "User:ann is Member of Team:red\n\n\n"),
        ("broken.policy", "scope Team {\nsubject   User\n"),
        ("notes.txt", "a   b"),
    ] {
        fs::write(directory.join(file), content).unwrap();
    }
    directory
}

fn contents(directory: &Path) -> Vec<String> {
    let files = ["good.policy", "sub/ugly.policy", "sub/ugly.world"];
    let files = files.into_iter().chain(["broken.policy", "notes.txt"]);
    let read = files.map(|file| fs::read_to_string(directory.join(file)).unwrap());
    read.collect()
}

#[test]
fn it_writes_what_it_can_read() {
    let directory = unformatted("write");
    let before = contents(&directory);
    let age = |file: &str| {
        fs::metadata(directory.join(file))
            .unwrap()
            .modified()
            .unwrap()
    };
    let good = age("good.policy");

    let output = ward_in(&directory, &["fmt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("E01"),
        "{}",
        text(&output.stderr)
    );
    assert!(text(&output.stderr).contains("broken.policy"));
    let told = "sub/ugly.policy\nsub/ugly.world\n2 of 4 files were formatted\n";
    assert_eq!(text(&output.stdout), told);
    let after = contents(&directory);
    assert_eq!(after[1], PLAIN);
    assert_eq!(after[2], "User:ann is Member of Team:red\n");
    for untouched in [0, 3, 4] {
        assert_eq!(after[untouched], before[untouched]);
    }
    assert_eq!(age("good.policy"), good);
    // Nothing is left beside them.
    assert_eq!(fs::read_dir(directory.join("sub")).unwrap().count(), 2);
    fs::remove_file(directory.join("broken.policy")).unwrap();
    assert_eq!(
        run(&directory, &["fmt"]),
        (0, "3 files, nothing to format\n".into())
    );
    assert_eq!(run(&directory, &["fmt", "notes.txt"]).0, 2);
    assert_eq!(run(&directory, &["fmt", "nowhere"]).0, 2);
}

#[test]
fn it_checks_and_shows_without_writing() {
    let directory = unformatted("check");
    let before = contents(&directory);
    let told = "sub/ugly.policy\nsub/ugly.world\n2 of 2 files would be formatted\n";
    assert_eq!(
        run(&directory, &["fmt", "--check", "sub"]),
        (1, told.into())
    );
    assert_eq!(
        run(&directory, &["fmt", "--check", "good.policy"]),
        (0, "1 file, nothing to format\n".into())
    );
    let diff = "--- sub/ugly.world\n+++ sub/ugly.world\n@@ -1,3 +1 @@\n User:ann is Member of Team:red\n-\n-\n";
    let world = "sub/ugly.world";
    assert_eq!(run(&directory, &["fmt", "--diff", world]), (0, diff.into()));
    assert_eq!(
        run(&directory, &["fmt", "--diff", "--check", world]),
        (1, diff.into())
    );
    assert_eq!(
        run(&directory, &["fmt", "--diff", "good.policy"]),
        (0, String::new())
    );
    assert_eq!(contents(&directory), before);
}

#[test]
fn it_reads_standard_input() {
    let directory = fresh("stdin");
    let piped = |arguments: &[&str], input: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ward"))
            .args(["fmt", "-"])
            .args(arguments)
            .current_dir(&directory)
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that is called wrongly does not wait for what it is given.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    assert_eq!(piped(&[], UGLY), (0, PLAIN.into(), String::new()));
    assert_eq!(
        piped(&["--check"], PLAIN),
        (0, String::new(), String::new())
    );
    assert_eq!(piped(&["--check"], UGLY).0, 1);
    let world = piped(&["--stdin-name", "a.world"], "User:ann   in Group:all");
    assert_eq!(world, (0, "User:ann in Group:all\n".into(), String::new()));
    let (code, out, error) = piped(&["--stdin-name", "named.policy"], "scope {");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("named.policy"), "{error}");
    assert_eq!(piped(&["also.policy"], UGLY).0, 2);
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn it_keeps_links_and_permissions() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let directory = unformatted("link");
    let file = directory.join("sub/ugly.policy");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("sub/ugly.policy", directory.join("link.policy")).unwrap();
    assert_eq!(run(&directory, &["fmt", "link.policy"]).0, 0);
    assert!(
        fs::symlink_metadata(directory.join("link.policy"))
            .unwrap()
            .is_symlink()
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), PLAIN);
    assert_eq!(
        fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o640
    );
}
