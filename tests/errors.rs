//! What a person sees of a broken policy: the source, and then every error in it.
//!
//! One file a mistake in `tests/errors/`. Read a snapshot before it is accepted: would you know what
//! to do?

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

#[test]
fn broken_policies_say_what_to_do() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors");
    let mut names: Vec<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".policy"))
        .collect();
    names.sort();
    assert!(names.len() >= 40, "only {} broken policies", names.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory.join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in names {
        let ward = Command::new(env!("CARGO_BIN_EXE_ward"))
            .args(["check", &name])
            .current_dir(&directory)
            .env("NO_COLOR", "1")
            .env_remove("COLUMNS")
            .output()
            .unwrap();
        assert_eq!(ward.status.code(), Some(1), "{name} should be broken");
        let source = std::fs::read_to_string(directory.join(&name)).unwrap();
        let lines = source.lines().enumerate();
        let numbered: Vec<String> = lines
            .map(|(at, line)| format!("{:>3} | {line}", at + 1))
            .collect();
        let seen = String::from_utf8(ward.stdout).unwrap();
        assert!(
            ward.stderr.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&ward.stderr)
        );
        let shown = format!("{}\n\n{seen}", numbered.join("\n"));
        settings.bind(|| insta::assert_snapshot!(name.trim_end_matches(".policy"), shown));
    }
}
