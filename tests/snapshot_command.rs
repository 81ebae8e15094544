//! `ward world build`, and `-w` with what it wrote.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

mod directory;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use directory::fresh;

fn ward(directory: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(arguments.split(' ')).current_dir(directory);
    command.env("NO_COLOR", "1").output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_snapshot_is_known_by_its_bytes_and_answers() {
    let directory = fresh("snapshot-command");
    assert!(ward(&directory, "init").status.success());
    let ask = |world: &str| {
        ward(
            &directory,
            &format!("ask User:bob Doc.edit Doc:plan -p app.policy {world}"),
        )
    };
    let before = ask("-w app.world");
    // A name that tells something else changes nothing.
    let built = ward(
        &directory,
        "world build app.policy -w app.world -o kept.jsonl",
    );
    assert_eq!(
        (built.status.code(), said(&built)),
        (Some(0), String::new())
    );
    let after = ask("-w kept.jsonl");
    assert_eq!(
        (after.status.code(), &after.stdout),
        (Some(3), &before.stdout)
    );

    let two = ask("-w app.world -w kept.jsonl");
    assert_eq!(two.status.code(), Some(2));
    assert!(said(&two).contains("give it alone"), "{}", said(&two));

    let path = directory.join("kept.jsonl");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(&path, bytes).unwrap();
    let damaged = ask("-w kept.jsonl");
    assert_eq!(damaged.status.code(), Some(2));
    assert!(
        damaged.stdout.is_empty() && said(&damaged).contains("E0804"),
        "{}",
        said(&damaged)
    );

    let nowhere = ward(
        &directory,
        "world build app.policy -w app.world -o no/where",
    );
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(
        said(&nowhere).contains("cannot write `no/where`"),
        "{}",
        said(&nowhere)
    );
}
