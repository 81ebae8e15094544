//! The book tells no lies: every block of code in `docs/` is run.
//!
//! What a block is, the words behind its fence say:
//!
//! | words | what must come true |
//! |---|---|
//! | `policy` | it compiles, and its tests pass |
//! | `policy,continue` | so it does together with the policy before it on the page |
//! | `policy,fails=E0301` | it does not compile, and that is the one code |
//! | `world`, `jsonl`, `csv` | its facts fit the policy before it, all of them |
//! | `world,fails=E0505` | they do not, for that one code |
//! | `console` | each `$ ward …` in it prints what stands below; `…` in a line stands for anything |
//!
//! `file=name` gives a block a file name; without it, a policy is `app.policy`, a world `app.world`
//! and JSON Lines `app.jsonl`. A `policy` block starts afresh, unless it says `continue`; a session
//! in the console finds what stands above it on the page as files.

#![cfg(feature = "cli")]
#![allow(clippy::panic)]

mod directory;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use directory::fresh;
use ward::{Fact, Policy, Sources, World};

/// Blocks that nobody runs: pictures, output, and the languages of those who embed Ward.
const NOT_RUN: &[&str] = &["text", "mermaid", "rust", "sh", "toml", "json"];

// ---- pages and blocks ---------------------------------------------------------------------------

/// A fenced block of a page.
struct Block {
    /// `docs/language.md:12`
    place: String,
    /// The words behind the fence.
    words: Vec<String>,
    text: String,
}

impl Block {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|other| other == word)
    }

    /// What stands behind `name=`.
    fn value(&self, name: &str) -> Option<&str> {
        let values = self.words.iter().filter_map(|word| word.split_once('='));
        let mut values = values.filter(|(key, _)| *key == name);
        values.next().map(|(_, value)| value)
    }
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs")
}

/// All pages with their texts, named from the root of the repository.
fn pages() -> Vec<(String, String)> {
    fn collect(directory: &Path, pages: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                collect(&path, pages);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let root = docs();
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no pages in {}", root.display());
    let read = paths.iter().map(|path| {
        let name = path.strip_prefix(&root).unwrap_or(path).display();
        let text = std::fs::read_to_string(path);
        let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (format!("docs/{name}"), text)
    });
    let readme = std::fs::read_to_string(root.join("../README.md"));
    let readme = readme.unwrap_or_else(|error| panic!("README.md: {error}"));
    let read = read.chain([("README.md".to_owned(), readme)]);
    read.collect()
}

/// The fenced blocks of a page.
fn blocks(page: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, Block)> = None;
    for (line, content) in (1..).zip(text.lines()) {
        let trimmed = content.trim_start();
        match &mut open {
            Some((fence, _)) if trimmed.trim_end() == fence.as_str() => {
                blocks.extend(open.take().map(|(_, block)| block));
            }
            Some((_, block)) => {
                block.text.push_str(content);
                block.text.push('\n');
            }
            None if trimmed.starts_with("```") => {
                let ticks = trimmed.len() - trimmed.trim_start_matches('`').len();
                let (fence, words) = trimmed.split_at(ticks);
                let words = words.split(',').map(|word| word.trim().to_owned());
                let block = Block {
                    place: format!("{page}:{line}"),
                    words: words.collect(),
                    text: String::new(),
                };
                open = Some((fence.to_owned(), block));
            }
            None => {}
        }
    }
    assert!(open.is_none(), "{page}: a block is never closed");
    blocks
}

// ---- running a page -----------------------------------------------------------------------------

/// What the blocks of a page have said so far.
#[derive(Default)]
struct Page {
    /// The files of the policy, in their order.
    policy: Vec<(String, String)>,
    compiled: Option<Policy>,
    /// The files of facts.
    facts: BTreeMap<String, String>,
}

impl Page {
    fn run(&mut self, block: &Block) -> Result<(), String> {
        let kind = block.words.first().map_or("", String::as_str);
        match kind {
            "policy" => self.policy(block),
            "world" | "jsonl" | "csv" => self.facts(block, kind),
            "console" => self.console(block),
            other if NOT_RUN.contains(&other) => Ok(()),
            other => Err(format!("no block is called `{other}`")),
        }
    }

    fn policy(&mut self, block: &Block) -> Result<(), String> {
        let name = block.value("file").unwrap_or("app.policy");
        let mut files = if block.has("continue") {
            self.policy.clone()
        } else {
            Vec::new()
        };
        match files.iter_mut().find(|(file, _)| file == name) {
            Some((_, text)) => {
                text.push('\n');
                text.push_str(&block.text);
            }
            None => files.push((name.to_owned(), block.text.clone())),
        }
        let sources = files.iter().fold(Sources::new(), |sources, (name, text)| {
            sources.with(name.as_str(), text.as_str())
        });
        let compiled = ward::compile(&sources);
        if let Some(code) = block.value("fails") {
            let Err(errors) = compiled else {
                return Err(format!("expected {code}, and it compiles"));
            };
            let codes = errors.iter().map(|error| error.code.to_string());
            return one_code(code, codes, &errors.to_string());
        }
        let policy = compiled.map_err(|errors| errors.to_string())?;
        for result in ward::spec::run(&policy) {
            if let Some(failure) = result.failures.first() {
                return Err(format!("test \"{}\": {}", result.name, failure.message));
            }
        }
        self.policy = files;
        self.compiled = Some(policy);
        Ok(())
    }

    fn facts(&mut self, block: &Block, kind: &str) -> Result<(), String> {
        let policy = self.compiled.as_ref();
        let policy = policy.ok_or("there is no policy before these facts")?;
        let name = match block.value("file") {
            Some(name) => name.to_owned(),
            None => format!("app.{kind}"),
        };
        let text = match self.facts.get(&name).filter(|_| block.has("continue")) {
            Some(before) => format!("{before}{}", block.text),
            None => block.text.clone(),
        };
        let loaded = load(policy, kind, &name, &text);
        let Some(code) = block.value("fails") else {
            loaded.map_err(|(_, said)| said)?;
            self.facts.insert(name, text);
            return Ok(());
        };
        match loaded {
            Ok(()) => Err(format!("expected {code}, and all of it fits")),
            Err((codes, said)) => one_code(code, codes.into_iter(), &said),
        }
    }

    /// Runs each command of a session and compares what it prints.
    fn console(&self, block: &Block) -> Result<(), String> {
        let directory = fresh(&block.place.replace(['/', ':', '.'], "-"));
        let policy = self.policy.iter().map(|(name, text)| (name, text));
        for (name, text) in policy.chain(&self.facts) {
            let path = directory.join(name);
            std::fs::write(&path, text).map_err(|error| error.to_string())?;
        }
        let mut session: Vec<(&str, String)> = Vec::new();
        for line in block.text.lines() {
            match (line.strip_prefix("$ "), session.last_mut()) {
                (Some(command), _) => session.push((command, String::new())),
                (None, Some((_, output))) => {
                    output.push_str(line);
                    output.push('\n');
                }
                (None, None) => return Err("a session begins with `$ ward …`".into()),
            }
        }
        for (command, expected) in session {
            let mut words = command.split_whitespace();
            if words.next() != Some("ward") {
                return Err(format!("`{command}` does not run `ward`"));
            }
            let output = Command::new(env!("CARGO_BIN_EXE_ward"))
                .args(words)
                .current_dir(&directory)
                .env("NO_COLOR", "1")
                .output()
                .map_err(|error| error.to_string())?;
            let printed = [output.stdout, output.stderr].concat();
            let printed = String::from_utf8_lossy(&printed);
            if !prints(&printed, &expected) {
                return Err(format!("`{command}` prints\n{printed}"));
            }
        }
        Ok(())
    }
}

/// Whether a command prints what stands on the page.
fn prints(printed: &str, expected: &str) -> bool {
    let (printed, expected) = (printed.trim_end(), expected.trim_end());
    let same = |(printed, expected): (&str, &str)| match expected.split_once('…') {
        Some((begin, end)) => printed.starts_with(begin) && printed.ends_with(end),
        None => printed == expected,
    };
    printed.lines().count() == expected.lines().count()
        && printed.lines().zip(expected.lines()).all(same)
}

/// Loads facts into an empty world; the codes of what is refused, and all of it as text.
fn load(policy: &Policy, kind: &str, name: &str, text: &str) -> Result<(), (Vec<String>, String)> {
    let refused = |refused: Vec<ward::Refusal>| {
        let codes = refused
            .iter()
            .map(|refusal| refusal.reason.code().to_owned());
        let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
        (codes.collect(), said.join("\n"))
    };
    if kind == "csv" {
        let mut loader = ward::load::Loader::new(Arc::clone(policy.plan()));
        let read = loader.csv(name, text.as_bytes());
        read.map_err(|error| (Vec::new(), error.to_string()))?;
        let (_, found) = loader.finish();
        return if found.is_empty() {
            Ok(())
        } else {
            Err(refused(found))
        };
    }
    let facts: Vec<Fact> = if kind == "jsonl" {
        let (facts, malformed) = ward::load::json_lines(name, text);
        if !malformed.is_empty() {
            return Err(refused(malformed));
        }
        facts
    } else {
        ward::load::world_text(name, text).map_err(|errors| {
            let codes = errors.iter().map(|error| error.code.to_string());
            (codes.collect(), errors.to_string())
        })?
    };
    World::build(Arc::clone(policy.plan()), facts)
        .map(drop)
        .map_err(refused)
}

fn one_code(
    expected: &str,
    mut found: impl Iterator<Item = String>,
    said: &str,
) -> Result<(), String> {
    if found.all(|code| code == expected) {
        Ok(())
    } else {
        Err(format!("expected {expected} alone, found\n{said}"))
    }
}

// ---- tests --------------------------------------------------------------------------------------

/// Pages whose policies people begin with.
const COPIED: &[&str] = &[
    "README.md",
    "docs/introduction.md",
    "docs/tutorial.md",
    "docs/modelling.md",
];

#[test]
fn lint_finds_nothing_in_what_people_copy() {
    let mut wrong = Vec::new();
    for (page, text) in pages() {
        if !COPIED.contains(&page.as_str()) {
            continue;
        }
        let blocks = blocks(&page, &text);
        let policies = blocks
            .iter()
            .filter(|block| block.has("policy") && block.value("fails").is_none());
        let mut policies = policies.peekable();
        let mut run = Page::default();
        while let Some(block) = policies.next() {
            run.policy(block).unwrap_or_else(|why| panic!("{why}"));
            // What is written in steps counts when it is complete.
            let complete = policies.peek().is_none_or(|next| !next.has("continue"));
            let Some(policy) = run.compiled.as_ref().filter(|_| complete) else {
                continue;
            };
            let report = ward::lint::lint(policy, &[], &ward::lint::Config::default());
            for finding in report.findings {
                // A page shows one thing at a time, and leaves others unused or unseen.
                let about = finding.rule.code.starts_with(['S', 'H', 'D']);
                if page != "README.md" && !about {
                    continue;
                }
                let (_, at) = report.sources.locate(finding.diagnostic.span());
                let (rule, said) = (finding.rule.name, &finding.diagnostic.message);
                wrong.push(format!("{} {at}: {rule}: {said}", block.place));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_block_does_what_it_says() {
    let mut wrong = Vec::new();
    for (name, text) in pages() {
        let mut page = Page::default();
        // Those of the rules of lint are run by tests/lint.rs.
        if name.starts_with("docs/rules/") {
            continue;
        }
        for block in blocks(&name, &text) {
            if let Err(why) = page.run(&block) {
                wrong.push(format!("{}: {why}", block.place));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    let pages = pages();
    for (name, text) in &pages {
        for target in text.split("](").skip(1) {
            let target = target.split(')').next().unwrap_or("");
            if target.contains("://") || target.is_empty() {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            // Links are relative to the page that they stand on.
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let page = match (file, folder) {
                ("", _) => name.clone(),
                (file, "") => file.to_owned(),
                (file, folder) => format!("{folder}/{file}"),
            };
            let text = pages.iter().find(|(other, _)| *other == page);
            let leads = match text {
                Some((_, text)) => anchor.is_empty() || anchors(text).any(|other| other == anchor),
                None => anchor.is_empty() && docs().join("..").join(&page).exists(),
            };
            if !leads {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

/// The names that the headings of a page can be linked by.
fn anchors(text: &str) -> impl Iterator<Item = String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        });
        kept.collect()
    })
}

#[test]
fn blocks_know_their_line_and_words() {
    let text = "a\n```policy,file=b.policy,continue\nx\n```\n\n````text\n```\n````\n";
    let found = blocks("p.md", text);
    let places: Vec<&str> = found.iter().map(|block| block.place.as_str()).collect();
    assert_eq!(places, ["p.md:2", "p.md:6"]);
    let words: Vec<_> = found
        .iter()
        .map(|block| {
            (
                block.value("file"),
                block.has("continue"),
                block.text.as_str(),
            )
        })
        .collect();
    assert_eq!(
        words,
        [(Some("b.policy"), true, "x\n"), (None, false, "```\n")]
    );
}

#[test]
fn wrong_blocks_are_told() {
    let run = |words: &str, text: &str| {
        let block = Block {
            place: "page-told:1".into(),
            words: words.split(',').map(str::to_owned).collect(),
            text: text.into(),
        };
        Page::default().run(&block)
    };
    let failing = "subject User scope Team\ntest \"t\" { expect User:a sees Team:b }";
    for (words, text) in [
        ("", ""),
        ("polici", "subject User"),
        ("policy", "subject"),
        ("policy", failing),
        ("policy,fails=E0201", "subject User"),
        ("policy,fails=E0202", "scope A in B"),
        ("world", ""),
        ("console", "$ ls"),
        ("console", "$ ward --version\nnothing of the kind"),
    ] {
        assert!(run(words, text).is_err(), "{words}: {text}");
    }
    for (words, text) in [
        ("policy", "subject User"),
        ("policy,fails=E0201", "scope A in B"),
        ("text", "anything"),
    ] {
        assert_eq!(run(words, text), Ok(()), "{words}: {text}");
    }
}
