//! `ward ci`: everything that must hold before a change lands, in one report.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::check::{Checked, JsonCheck};
use super::fmt::{JsonFormat, Styled};
use super::formats::{Finding, ReportFormat, github, gitlab, sarif};
use super::input::{self, Unit};
use super::lint::{JsonLint, Linted};
use super::test::{JsonTests, Tested};
use super::{Exit, Outcomes, Stop, write_json, written};

/// Run all checks and tests, with one report and one exit code
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward ci\n  ward ci --format github --since origin/main policies/"
)]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them; `-` is standard input [default: .]
    paths: Vec<PathBuf>,
    /// Facts, which have to fit a policy, and for lint's rules about worlds: `.world` text or `.jsonl`
    #[arg(short, long, value_name = "FILE")]
    world: Vec<PathBuf>,
    /// How it is told
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Let lint tell only what is new against this revision of git, and who may see or do more
    #[arg(long, value_name = "REV")]
    since: Option<String>,
}

/// What each stage found, in the order in which they are told. A stage has findings, an exit code, a
/// summary, and its own keys in JSON.
struct Stages {
    check: Checked,
    format: Styled,
    lint: Linted,
    test: Tested,
}

#[derive(Serialize)]
struct JsonCi {
    passed: bool,
    check: JsonCheck,
    format: JsonFormat,
    lint: JsonLint,
    test: JsonTests,
}

impl Stages {
    fn exit(&self) -> Exit {
        let exits = [
            self.check.exit(),
            self.format.exit(),
            self.lint.exit(),
            self.test.exit(),
        ];
        if exits.iter().all(|exit| *exit == Exit::Success) {
            Exit::Success
        } else {
            Exit::Failure
        }
    }

    fn findings(&self) -> Vec<Finding> {
        let check = self.check.findings().into_iter();
        let format = self.format.findings().iter().cloned();
        let lint = self.lint.findings();
        let before = check.chain(format).chain(lint);
        before.chain(self.test.findings()).collect()
    }

    fn text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        self.check.shown(out)?;
        self.format.shown(out)?;
        self.lint.shown(out)?;
        self.test.shown(out)?;
        self.summary(out)
    }

    /// A line for each stage.
    fn summary(&self, out: &mut dyn Write) -> std::io::Result<()> {
        writeln!(out, "check   {}", self.check.summary())?;
        writeln!(out, "format  {}", self.format.summary())?;
        if self.check.nothing_compiles() {
            writeln!(out, "lint    not run, no policy compiles")?;
            return writeln!(out, "test    not run, no policy compiles");
        }
        writeln!(out, "lint    {}", self.lint.summary())?;
        writeln!(out, "test    {}", self.test.summary())
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let units = input::units(&arguments.paths)?;
    // A wrong path must not pass.
    if units.is_empty() {
        let paths = arguments.paths.iter().map(|path| input::shown(path));
        let paths: Vec<String> = paths.collect();
        let place = if paths.is_empty() {
            ".".to_owned()
        } else {
            paths.join("`, `")
        };
        return Err(Stop::Input(format!(
            "there is no policy in `{place}`: name a file, or a directory with `.policy` files below it"
        )));
    }
    let compiled: Vec<_> = units.iter().map(Unit::compile).collect();
    let stages = Stages {
        check: Checked::new(&compiled),
        format: Styled::new(&arguments.paths)?,
        lint: Linted::new(
            &arguments.paths,
            &units,
            &arguments.world,
            arguments.since.as_deref(),
        )?,
        test: Tested::new(compiled.iter().flatten(), None),
    };
    let exit = stages.exit();
    let done = match arguments.format {
        ReportFormat::Text => stages.text(out),
        ReportFormat::Json => {
            let json = JsonCi {
                passed: exit == Exit::Success,
                check: stages.check.json(),
                format: stages.format.json(),
                lint: stages.lint.json(),
                test: stages.test.into_json(),
            };
            write_json(out, &json)
        }
        ReportFormat::Sarif => sarif::write(out, &stages.findings()),
        ReportFormat::Github => {
            github::write(out, &stages.findings()).and_then(|()| stages.summary(out))
        }
        ReportFormat::Gitlab => gitlab::write(out, &stages.findings()),
    };
    written(exit, done)
}
