//! What the code must look like: doors between rooms, sizes of files, codes of errors, dependencies.

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every Rust file below a directory.
fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The rooms and the rooms that each may use, from the table in docs/architecture.md.
fn doors() -> BTreeMap<String, BTreeSet<String>> {
    let page = read(&root().join("docs/architecture.md"));
    let table = page
        .split("| room | holds | may use |")
        .nth(1)
        .expect("the table of rooms");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let names = |cell: &str| -> BTreeSet<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let [room, _, uses] = cells.as_slice() else {
            panic!("no row of rooms: {row}");
        };
        let room = names(room).into_iter().next().expect("a room");
        (room, names(uses))
    })
    .collect()
}

/// The rooms that a file names behind `crate::`, tests inside of it left out.
fn used(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or(text);
    let mut rooms = BTreeSet::new();
    for line in text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
    {
        for rest in line.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                // `use crate::{check, graph};`
                Some(group) => {
                    let group = group.split('}').next().unwrap_or(group);
                    rooms.extend(
                        group
                            .split(',')
                            .map(|part| part.trim().split("::").next().unwrap_or("").to_owned()),
                    );
                }
                None => {
                    let name = rest
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .next();
                    rooms.insert(name.unwrap_or("").to_owned());
                }
            }
        }
    }
    rooms
}

#[test]
fn rooms_open_only_the_doors_that_they_have() {
    let doors = doors();
    assert!(doors.len() > 10, "{doors:?}");
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let inside = file.strip_prefix(root().join("src")).unwrap();
        let room = inside
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        if room == "lib" || room == "main" || room == "cli" {
            continue;
        }
        let allowed = doors
            .get(room)
            .unwrap_or_else(|| panic!("`{room}` has no row"));
        for used in used(&read(&file)) {
            if doors.contains_key(&used) && used != room && !allowed.contains(&used) {
                wrong.push(format!("{} uses `{used}`", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_rooms_use_each_other() {
    let doors = doors();
    // Take away rooms that use nothing that is left, until nothing is left.
    let mut left: BTreeSet<&String> = doors.keys().collect();
    while let Some(free) = left
        .iter()
        .find(|room| doors[**room].iter().all(|used| !left.contains(used)))
        .copied()
    {
        left.remove(free);
    }
    assert!(left.is_empty(), "a circle: {left:?}");
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = ["src", "tests"]
        .iter()
        .flat_map(|folder| rust_files(&root().join(folder)))
        .map(|file| (read(&file).lines().count(), file))
        .filter(|(lines, _)| *lines > 600)
        .map(|(lines, file)| format!("{lines} {}", file.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

fn codes_in(text: &str) -> BTreeSet<String> {
    let codes = text
        .match_indices('E')
        .filter_map(|(at, _)| text.get(at..at + 5));
    let is_code = |code: &&str| code.bytes().skip(1).all(|byte| byte.is_ascii_digit());
    codes.filter(is_code).map(str::to_owned).collect()
}

#[test]
fn every_code_is_documented_and_every_documented_code_exists() {
    let mut built = BTreeSet::new();
    for file in rust_files(&root().join("src")) {
        let text = read(&file);
        let quoted = text
            .match_indices("\"E")
            .filter_map(|(at, _)| text.get(at + 1..at + 6));
        built.extend(quoted.flat_map(codes_in));
    }
    let page = read(&root().join("docs/errors.md"));
    let rows = page.lines().filter(|line| line.starts_with("| E"));
    let documented: BTreeSet<String> = rows
        .flat_map(|row| codes_in(row).into_iter().take(1))
        .collect();
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| -> Vec<String> {
        a.difference(b).cloned().collect()
    };
    assert!(built.len() > 60);
    assert_eq!(
        only(&built, &documented),
        [] as [&str; 0],
        "built, not documented"
    );
    assert_eq!(
        only(&documented, &built),
        [] as [&str; 0],
        "documented, not built"
    );
}

#[test]
fn the_bare_evaluator_depends_on_little() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "-e",
            "normal",
            "--no-default-features",
            "--prefix",
            "none",
        ])
        .args(["--format", "{p}", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|name| !name.is_empty())
        .collect();
    let expected = BTreeSet::from([
        "ward-policy",
        // serde, and what its derive is made with
        "serde",
        "serde_core",
        "serde_derive",
        "proc-macro2",
        "quote",
        "syn",
        "unicode-ident",
        // moments, addresses, hashes, short lists, near names
        "jiff",
        "jiff-core",
        "ipnet",
        "foldhash",
        "rustc-hash",
        "smallvec",
        "strsim",
        // the checksum of snapshots
        "xxhash-rust",
        // maps of which a copy shares what has not changed
        "rpds",
        "archery",
        "triomphe",
    ]);
    assert_eq!(names, expected);
}
