//! What lint finds: the examples of its pages, the shipped policies, and its configuration.
//!
//! A page of `docs/rules/` has blocks `policy,bad`, which raise this very rule and no other, on the
//! lines with a `// <-` behind them, and `policy,good`, which do not raise it. A rule about worlds
//! has blocks `world,bad` and `world,good` behind a `policy` block, and one about changes has a
//! `policy,base` before them: what the policy was. `toml,used` is the `ward.toml` of the examples
//! behind it.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ward::Sources;
use ward::lint::{Config, Level, RULES, Report, Rule, WorldText, apply, chosen, lint, lint_since};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

// ---- pages --------------------------------------------------------------------------------------

/// An example: a policy, perhaps with a world of it.
struct Example {
    place: String,
    bad: bool,
    policy: String,
    world: Option<String>,
    /// What `ward.toml` says.
    toml: String,
    base: Option<String>,
}

impl Example {
    fn text(&self) -> &str {
        self.world.as_ref().unwrap_or(&self.policy)
    }

    /// The lines with a mark, of the last file.
    fn marked(&self) -> BTreeSet<u32> {
        let lines = (1..).zip(self.text().lines());
        let marked = lines.filter(|(_, line)| line.trim_end().ends_with("// <-"));
        marked.map(|(line, _)| line).collect()
    }

    fn lint(&self, rule: &Rule, level: Level) -> Report {
        let compiled = |text: &str| {
            let sources = Sources::new().with("app.policy", text);
            ward::compile(&sources)
                .unwrap_or_else(|errors| panic!("{} does not compile\n{errors}", self.place))
        };
        let policy = compiled(&self.policy);
        let world: Vec<WorldText> = self
            .world
            .iter()
            .map(|text| WorldText {
                name: "app.world".into(),
                text: text.clone(),
            })
            .collect();
        let config = config(&self.toml, rule, level);
        match &self.base {
            Some(base) => lint_since(&policy, &compiled(base), &world, &config),
            None => lint(&policy, &world, &config),
        }
    }
}

fn config(toml: &str, rule: &Rule, level: Level) -> Config {
    let mut config = Config::parse(toml).unwrap();
    config.force(rule, level);
    config.set_now(1_767_225_600_000); // 2026-01-01
    config
}

fn examples(rule: &Rule) -> Vec<Example> {
    let mut examples = Vec::new();
    let (mut policy, mut toml) = (String::new(), String::new());
    let mut base = None;
    let mut lines = (1..).zip(rule.page.lines());
    while let Some((line, fence)) = lines.next() {
        let Some(words) = fence.strip_prefix("```") else {
            continue;
        };
        let block = lines.by_ref().map(|(_, text)| text);
        let block: Vec<&str> = block.take_while(|text| *text != "```").collect();
        let text = block.join("\n") + "\n";
        let place = format!("docs/rules/{}.md:{line}", rule.name);
        let (kind, verdict) = words.split_once(',').unwrap_or((words, ""));
        let (text, world) = match kind {
            "policy" if verdict == "base" => {
                base = Some(text);
                continue;
            }
            "policy" => {
                policy.clone_from(&text);
                (text, None)
            }
            "world" => (policy.clone(), Some(text)),
            "toml" if verdict == "used" => {
                toml = text;
                continue;
            }
            _ => continue,
        };
        match verdict {
            "bad" | "good" => examples.push(Example {
                place,
                bad: verdict == "bad",
                policy: text,
                world,
                toml: toml.clone(),
                base: base.clone(),
            }),
            "" if kind == "policy" => {}
            other => panic!("{place}: `{other}` is neither good nor bad"),
        }
    }
    examples
}

/// The findings of a report, a line each.
fn told(report: &Report) -> String {
    let lines = report.findings.iter().map(|finding| {
        let (file, at) = report.sources.locate(finding.diagnostic.span());
        let (rule, message) = (finding.rule.name, &finding.diagnostic.message);
        format!("{file}:{at}: {rule}: {message}\n")
    });
    lines.collect()
}

/// The lines on which a rule finds something.
fn lines_of(report: &Report, rule: &Rule) -> BTreeSet<u32> {
    let findings = report.findings.iter();
    let own = findings.filter(|finding| finding.rule.name == rule.name);
    own.map(|finding| report.sources.locate(finding.diagnostic.span()).1.line)
        .collect()
}

#[test]
fn each_page_has_examples_and_they_are_true() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let examples = examples(rule);
        let bad = examples.iter().filter(|example| example.bad).count();
        if bad < 2 || examples.len() - bad < 2 {
            wrong.push(format!("{}: fewer than two bad or good", rule.name));
        }
        for example in examples {
            let report = example.lint(rule, Level::Warn);
            let lines = lines_of(&report, rule);
            let (place, said) = (&example.place, told(&report));
            if lines != example.marked() {
                let marked = example.marked();
                wrong.push(format!("{place}: marked {marked:?}, found\n{said}"));
            } else if example.bad && lines.is_empty() {
                wrong.push(format!("{place}: nothing is marked"));
            } else if example.bad
                && report
                    .findings
                    .iter()
                    .any(|found| found.rule.name != rule.name)
            {
                wrong.push(format!("{place}: other rules have a word in it\n{said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn without_its_rule_a_bad_example_is_silent() {
    for rule in RULES {
        for example in examples(rule).iter().filter(|example| example.bad) {
            let report = example.lint(rule, Level::Allow);
            assert!(lines_of(&report, rule).is_empty(), "{}", example.place);
        }
    }
}

#[test]
fn messages_have_one_style() {
    let mut wrong = Vec::new();
    for rule in RULES {
        for example in examples(rule).iter().filter(|example| example.bad) {
            for finding in example.lint(rule, Level::Warn).findings {
                let message = &finding.diagnostic.message;
                let starts = message.chars().next().is_some_and(char::is_uppercase);
                let ends = message.ends_with('.') || message.contains('\n');
                if starts || ends || finding.diagnostic.help.is_none() {
                    wrong.push(format!("{}: {message}", example.place));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_fix_leaves_a_policy_with_fewer_findings() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let examples = examples(rule);
        let policies = examples
            .iter()
            .filter(|example| example.bad && example.world.is_none());
        for example in policies {
            let report = example.lint(rule, Level::Warn);
            let fixes = chosen(&report.findings, true);
            let Some((_, text)) = apply(&report.sources, &fixes).pop_first() else {
                continue;
            };
            let mended = Example {
                place: format!("{} with its fix:\n{text}", example.place),
                bad: false,
                policy: text,
                world: None,
                toml: example.toml.clone(),
                base: example.base.clone(),
            };
            let left = mended.lint(rule, Level::Warn);
            let own = |report: &Report| {
                let findings = report.findings.iter();
                findings
                    .filter(|found| found.rule.name == rule.name)
                    .count()
            };
            if own(&left) + fixes.len() > own(&report) {
                wrong.push(format!("{}\n{}", mended.place, told(&left)));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn codes_names_and_pages_belong_together() {
    let codes: BTreeSet<&str> = RULES.iter().map(|rule| rule.code).collect();
    let names: BTreeSet<&str> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!((codes.len(), names.len()), (RULES.len(), RULES.len()));
    let pages: BTreeSet<String> = files(&root().join("docs/rules"), "md")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let expected: BTreeSet<String> = names.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(pages, expected);
    for rule in RULES {
        assert!(
            rule.page.starts_with(&format!("# {}\n", rule.name)),
            "{}",
            rule.name
        );
    }
    let table = std::fs::read_to_string(root().join("docs/lint.md")).unwrap();
    for rule in RULES {
        let row = format!(
            "| {} | [{}](rules/{}.md) | {} | {} |",
            rule.code,
            rule.name,
            rule.name,
            rule.level.word(),
            rule.summary
        );
        assert!(table.contains(&row), "docs/lint.md wants\n{row}");
    }
}

#[test]
fn signs_that_nobody_sees_are_refused_in_names_and_found_elsewhere() {
    let rule = ward::lint::rule("bidirectional-control").unwrap();
    let signs =
        "\u{202a}\u{202e}\u{2066}\u{2069}\u{200e}\u{200f}\u{200b}\u{200d}\u{2060}\u{ad}\u{feff}";
    for sign in signs.chars() {
        let text = |name: &str, comment: &str| {
            format!("subject User\nscope Team {{ role {name} {{ sees * }} }} // {comment}\n")
        };
        let name = Sources::new().with("app.policy", text(&format!("Mem{sign}ber"), "plain"));
        assert!(ward::compile(&name).is_err(), "{sign:?} in a name");
        let example = Example {
            place: format!("{sign:?} in a comment"),
            bad: true,
            policy: text("Member", &format!("ann{sign}ben")),
            world: None,
            base: None,
            toml: String::new(),
        };
        let report = example.lint(rule, Level::Deny);
        assert_eq!(lines_of(&report, rule).len(), 1, "{}", example.place);
    }
}

// ---- shipped policies ---------------------------------------------------------------------------

fn files(directory: &Path, extension: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .collect();
    paths.sort();
    paths
}

#[test]
fn nothing_is_found_in_the_shipped_policies() {
    let mut found = String::new();
    for entry in std::fs::read_dir(root().join("policies")).unwrap() {
        let directory = entry.unwrap().path();
        let mut sources = Sources::new();
        for path in files(&directory, "policy") {
            let name = path.strip_prefix(&directory).unwrap().display().to_string();
            sources.add(name, std::fs::read_to_string(&path).unwrap());
        }
        let policy = ward::compile(&sources).unwrap();
        let world: Vec<WorldText> = files(&directory, "world")
            .iter()
            .map(|path| WorldText {
                name: path.strip_prefix(&directory).unwrap().display().to_string(),
                text: std::fs::read_to_string(path).unwrap(),
            })
            .collect();
        let mut config = Config::default();
        config.set_now(1_767_225_600_000);
        let report = lint(&policy, &world, &config);
        if !report.findings.is_empty() {
            found += &format!("{}\n{}", directory.display(), told(&report));
        }
    }
    assert!(found.is_empty(), "\n{found}");
}

// ---- configuration ------------------------------------------------------------------------------

#[test]
fn levels_by_rule_and_by_path() {
    let config = Config::parse(
        r#"
        [lint]
        exclude = ["generated/**"]
        [lint.levels]
        unused-role = "deny"
        [[lint.override]]
        paths = ["old/*.policy"]
        levels = { unused-role = "allow", unbounded-credential = "deny" }
        "#,
    )
    .unwrap();
    let level = |rule: &str, file: &str| config.level(ward::lint::rule(rule).unwrap(), file);
    assert_eq!(level("unused-role", "app.policy"), Level::Deny);
    assert_eq!(level("unused-role", "old/app.policy"), Level::Allow);
    assert_eq!(level("unbounded-credential", "old/app.policy"), Level::Deny);
    assert_eq!(level("unbounded-credential", "app.policy"), Level::Warn);
    assert_eq!(
        level("unbounded-credential", "generated/a/app.policy"),
        Level::Allow
    );
}

#[test]
fn what_is_wrong_in_a_configuration_is_told() {
    let said = |text: &str| {
        let error = Config::parse(text).unwrap_err();
        (error.message, error.help.unwrap_or_default(), error.at)
    };
    let (message, help, at) = said("[lint.levels]\nunused-roll = \"deny\"");
    assert_eq!(message, "there is no rule `unused-roll`");
    assert_eq!(help, "did you mean `unused-role`?");
    assert_eq!(at, 14);
    let (message, help, _) = said("[lint.level]\n");
    assert_eq!(message, "unknown key `level`");
    assert_eq!(help, "did you mean `levels`?");
    let (message, help, _) = said("[lint.levels]\nunused-role = \"denny\"");
    assert_eq!(message, "unknown value `denny`");
    assert_eq!(help, "did you mean `deny`?");
    let (message, help, _) = said("[limits]\ndangerous-holder = 2");
    assert_eq!(message, "unknown key `dangerous-holder`");
    assert_eq!(help, "did you mean `dangerous-holders`?");
    let (message, ..) = said("[limits]\ndangerous-holders = -2");
    assert_eq!(
        message,
        "invalid value: integer `-2`, expected a number from 0"
    );
    let (message, _, at) = said("[lint]\napart = [[\"Doc.edit\"]]");
    assert_eq!((message.as_str(), at), ("this keeps nothing apart", 16));
    let (message, ..) = said("[lint]\nexclude = [\"a{\"]");
    assert!(message.starts_with("cannot read this pattern"), "{message}");
}
