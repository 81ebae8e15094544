//! What `ward ask` and `ward explain` tell, on policies that have what the shipped ones have not.
//!
//! Each policy in `tests/told/` has a world and a list of questions, a line each. Read a snapshot
//! before it is accepted: does all that it says decide, and is nothing missing?

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

#[test]
fn what_is_told_is_what_decided() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/told");
    let mut names: Vec<String> = std::fs::read_dir(&directory)
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".ask").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(!names.is_empty());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory.join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in names {
        let questions = std::fs::read_to_string(directory.join(format!("{name}.ask"))).unwrap();
        let mut told = String::new();
        for question in questions.lines() {
            let ward = |command: &str, more: &[&str]| {
                let (policy, world) = (format!("{name}.policy"), format!("{name}.world"));
                let ward = Command::new(env!("CARGO_BIN_EXE_ward"))
                    .arg(command)
                    .args(question.split(' '))
                    .args(["-p", &policy, "-w", &world])
                    .args(more)
                    .current_dir(&directory)
                    .env("NO_COLOR", "1")
                    .output()
                    .unwrap();
                let wrong = String::from_utf8(ward.stderr).unwrap();
                assert!(wrong.is_empty(), "{command} {question}: {wrong}");
                String::from_utf8(ward.stdout).unwrap()
            };
            let (asked, explained) = (ward("ask", &[]), ward("explain", &["--all"]));
            writeln!(told, "? {question}\n{asked}{explained}").unwrap();
        }
        settings.bind(|| insta::assert_snapshot!(name, told));
    }
}
