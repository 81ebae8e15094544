//! The one style: nothing is lost or moved, the plan stays the same, and twice is as once.
//!
//! `WARD_FORMATS` sets how many random policies are tried (300), `WARD_SEED` where to begin (0).

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code
)]

mod generate;

use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use ward::syntax::ast::{Comment, Item};
use ward::syntax::{parse, parse_world};
use ward::{FileId, Sources};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Policy,
    World,
}

impl Kind {
    fn of(path: &Path) -> Self {
        match path.extension().is_some_and(|found| found == "world") {
            true => Self::World,
            false => Self::Policy,
        }
    }

    fn format(self, text: &str) -> Result<String, String> {
        let formatted = match self {
            Self::Policy => ward::fmt::policy("a.policy", text),
            Self::World => ward::fmt::world("a.world", text),
        };
        formatted.map_err(|errors| errors.to_string())
    }

    /// Comments, and before each how many items and facts begin.
    fn comments(self, text: &str) -> Vec<(String, usize)> {
        let begins = |starts: &[u32], comments: Vec<Comment>| {
            let placed = comments.into_iter().map(|comment| {
                let before = starts.iter().filter(|start| **start < comment.span.start);
                (comment.text, before.count())
            });
            placed.collect()
        };
        match self {
            Self::Policy => {
                let tree = parse(FileId(0), text).tree;
                let starts: Vec<u32> = tree.items.iter().map(item_start).collect();
                begins(&starts, tree.comments)
            }
            Self::World => {
                let tree = parse_world(FileId(0), text).tree;
                let starts: Vec<u32> = tree.facts.iter().map(|fact| fact.span.start).collect();
                begins(&starts, tree.comments)
            }
        }
    }
}

fn item_start(item: &Item) -> u32 {
    match item {
        Item::Use(file) => file.span.start,
        Item::Context(context) => context.span.start,
        Item::Type(decl) => decl.span.start,
        Item::Permissions(group) => group.span.start,
        Item::Rule(rule) => rule.span.start,
        Item::Test(test) => test.span.start,
        Item::Error(span) => span.start,
    }
}

/// A text without its white space.
fn signs(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace()).collect()
}

/// Formats a text, and holds what came out against it.
fn formatted(kind: Kind, text: &str) -> Result<String, String> {
    let once = kind.format(text)?;
    let told = |what: &str, more: &str| format!("{what}\n---\n{text}\n---\n{once}\n---\n{more}");
    let Ok(twice) = kind.format(&once) else {
        return Err(told("cannot be read again", ""));
    };
    if twice != once {
        return Err(told("twice is not as once", &twice));
    }
    if signs(text) != signs(&once) {
        return Err(told("says something else", ""));
    }
    if kind.comments(text) != kind.comments(&once) {
        return Err(told("a comment is in another place", ""));
    }
    if blank_groups(&once).is_err() {
        return Err(told("several empty lines", ""));
    }
    let strange = |line: &&str| line.ends_with(' ') || line.contains('\t');
    if let Some(line) = once.lines().find(|line| !in_text(line) && strange(line)) {
        return Err(told("white space", line));
    }
    Ok(once)
}

fn in_text(line: &str) -> bool {
    line.contains('"') || line.contains("//")
}

fn blank_groups(text: &str) -> Result<(), ()> {
    let wrong = text.starts_with('\n') || text.contains("\n\n\n") || text.ends_with("\n\n");
    if wrong { Err(()) } else { Ok(()) }
}

/// A plan, but for where in the text its clauses stand.
fn plan(sources: &Sources) -> Option<Value> {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(map) => {
                for place in ["text", "line", "column"] {
                    map.remove(place);
                }
                map.values_mut().for_each(strip);
            }
            Value::Array(list) => list.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let policy = ward::compile(sources).ok()?;
    let mut plan = serde_json::to_value(policy.plan().as_ref()).unwrap();
    strip(&mut plan);
    Some(plan)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The policies and worlds in a directory, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|found| found == "policy" || found == "world")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn shipped_policies_mean_the_same() {
    let mut tried = 0;
    for entry in std::fs::read_dir(root().join("policies")).unwrap() {
        let directory = entry.unwrap().path();
        if !directory.is_dir() {
            continue;
        }
        let (mut before, mut after) = (Sources::new(), Sources::new());
        for path in files(&directory) {
            let text = read(&path);
            // As one that has lost its layout, too.
            let flat = without_layout(&text);
            for text in [&text, &flat] {
                let new = formatted(Kind::of(&path), text);
                let new = new.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
                if Kind::of(&path) == Kind::World {
                    let kinds = |text: &str| -> Vec<ward::FactKind> {
                        let facts = ward::load::world_text("a.world", text).unwrap();
                        facts.into_iter().map(|fact| fact.kind).collect()
                    };
                    assert_eq!(kinds(text), kinds(&new), "{}", path.display());
                }
            }
            if Kind::of(&path) == Kind::Policy {
                let name = path.file_name().unwrap().to_str().unwrap();
                after = after.with(name, formatted(Kind::Policy, &flat).unwrap());
                before = before.with(name, text);
            }
            tried += 1;
        }
        let before = plan(&before).expect("it compiles");
        assert!(Some(before) == plan(&after), "{}", directory.display());
    }
    assert!(tried > 25, "only {tried} files");
}

/// No line breaks but those that comments need.
fn without_layout(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(line.trim());
        out.push(if line.contains("//") { '\n' } else { ' ' });
    }
    out
}

#[test]
fn shipped_policies_are_formatted() {
    let shipped = std::fs::read_dir(root().join("policies")).unwrap();
    let shipped = shipped.map(|entry| entry.unwrap().path());
    for directory in shipped.chain([root().join("src/cli/init")]) {
        if !directory.is_dir() {
            continue;
        }
        for path in files(&directory) {
            let text = read(&path);
            let new = Kind::of(&path).format(&text).unwrap();
            assert!(new == text, "run `ward fmt {}`", path.display());
        }
    }
}

#[test]
fn wrong_policies_that_can_be_read_stay_as_wrong() {
    let mut tried = 0;
    for path in files(&root().join("tests/errors")) {
        let text = read(&path);
        if !parse(FileId(0), &text).diagnostics.is_empty() {
            assert!(Kind::Policy.format(&text).is_err(), "{}", path.display());
            continue;
        }
        let new = formatted(Kind::Policy, &text);
        let new = new.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let codes = |text: &str| -> Vec<String> {
            let errors = ward::compile(&Sources::new().with("a.policy", text));
            let errors = errors.expect_err("it is wrong");
            errors.iter().map(|error| error.code.to_string()).collect()
        };
        assert_eq!(codes(&text), codes(&new), "{}", path.display());
        tried += 1;
    }
    assert!(tried > 25, "only {tried} files");
}

#[test]
fn what_it_looks_like() {
    let directory = root().join("tests/fmt");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory.join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in files(&directory) {
        let new = formatted(Kind::of(&path), &read(&path));
        let new = new.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let name = path.file_name().unwrap().to_str().unwrap();
        settings.bind(|| insta::assert_snapshot!(name, new));
    }
}

#[test]
fn little_things() {
    let policy = |text: &str| formatted(Kind::Policy, text).unwrap();
    assert_eq!(policy(""), "");
    assert_eq!(policy("\n\n// a\n\n\n// b\n\n"), "// a\n\n// b\n");
    assert_eq!(
        policy("subject  User\r\n\r\n\r\n// x \r\n"),
        "subject User\n\n// x\n"
    );
    assert_eq!(
        policy("scope T{role R{at// why\nmost *}}"),
        "scope T {\n    role R {\n        at // why\n            most *\n    }\n}\n"
    );
    // The dot is part of an id, if nothing comes before it.
    assert_eq!(
        policy("permit D.v when User:a .x && User:\"a b\" .x==- 1 - -x.level - 1"),
        "permit D.v when User:a .x && User:\"a b\".x == -1 - -x.level - 1\n"
    );
    assert!(Kind::Policy.format("scope Team {").is_err());
    assert!(Kind::World.format("User:ann is of Team:red").is_err());
}

#[test]
fn deep_and_long_texts() {
    let deep = format!("permit D.v when {}x{}", "(".repeat(250), ")".repeat(250));
    formatted(Kind::Policy, &deep).unwrap();
    let long: Vec<String> = (0..4000).map(|at| format!("resource.a == {at}")).collect();
    formatted(
        Kind::Policy,
        &format!("permit D.v when {}", long.join(" || ")),
    )
    .unwrap();
    let facts: String = (0..20_000)
        .map(|at| format!("Doc:d{at} in Team:t{} {{ owner: User:u{at} }}\n", at % 77))
        .collect();
    let new = Kind::World.format(&facts).unwrap();
    assert_eq!(signs(&facts), signs(&new));
}

// ---- random texts -------------------------------------------------------------------------------

/// Joins lines, and puts white space, line breaks and comments of all kinds where tokens meet.
fn shaken(text: &str, rng: &mut StdRng) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut before = ' ';
    let (often, joins) = (rng.random_range(0..40), rng.random_range(0..100));
    for (at, sign) in text.char_indices() {
        let meets = |sign: char| "{}()[],|".contains(sign);
        let next = text[at + sign.len_utf8()..].chars().next().unwrap_or(' ');
        if sign == '"' && before != '\\' {
            quoted = !quoted;
        }
        let joined = sign == '\n' && rng.random_range(0..100) < joins;
        out.push(if joined { ' ' } else { sign });
        before = sign;
        let between = sign.is_whitespace() || meets(sign) || meets(next);
        let or = sign == '|' && next == '|';
        if quoted || or || !between || rng.random_range(0..100) >= often {
            continue;
        }
        match rng.random_range(0..12) {
            0..3 => out.push('\n'),
            3 => out.push_str("\n\n\n  "),
            4 => out.push_str("   \t"),
            5 => out.push_str(" // behind\n"),
            6 => out.push_str("\n   // alone\n"),
            7 => out.push_str("\n\n// one\n\n\n//two  \n\n"),
            8 => out.push_str("// behind\n// and below\n"),
            9 => out.push_str("\n/// a doc\n"),
            _ => out.push_str("\r\n"),
        }
    }
    out
}

#[test]
fn random_policies_and_worlds() {
    let number = |name: &str, other: u64| {
        std::env::var(name).map_or(other, |text| text.parse().expect("a number"))
    };
    let (count, first) = (number("WARD_FORMATS", 300), number("WARD_SEED", 0));
    let (mut tried, mut plans) = (0, 0);
    for seed in first..first + count {
        let mut rng = StdRng::seed_from_u64(seed);
        let pair = generate::pair(seed);
        let (policy, world) = (pair.policy_text(), pair.world_text());
        let story = format!("test \"a story\" {{\n{world}\n}}\n");
        let texts = [
            (Kind::Policy, shaken(&policy, &mut rng)),
            (Kind::Policy, shaken(&story, &mut rng)),
            (Kind::World, shaken(&world, &mut rng)),
        ];
        for (kind, text) in texts {
            tried += 1;
            let new = formatted(kind, &text).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
            let compiled = |text: &str| plan(&Sources::new().with("a.policy", text));
            if kind == Kind::Policy
                && let Some(before) = compiled(&text)
            {
                plans += 1;
                assert!(
                    Some(before) == compiled(&new),
                    "seed {seed}:\n{text}\n---\n{new}"
                );
            }
        }
    }
    println!("{tried} texts, {plans} plans");
    assert_eq!((tried, plans), (count * 3, count));
}
