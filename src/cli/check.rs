//! `ward check`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::formats::{Finding, ReportFormat, finding, github, gitlab, sarif};
use super::report::{self, JsonDiagnostic};
use super::{Exit, Outcomes, input, written};
use crate::diagnostic::{Diagnostics, Severity};
use crate::policy::Policy;

/// Compile policies and tell what is wrong with them
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward check policies/\n  ward check --format sarif > ward.sarif\n  ward check - < app.policy"
)]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them; `-` is standard input [default: .]
    paths: Vec<PathBuf>,
    /// How it is told
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// What came of compiling some policies.
pub(super) struct Checked {
    policies: usize,
    /// How many do not compile.
    broken: usize,
    found: Vec<Diagnostics>,
}

#[derive(Serialize)]
pub(super) struct JsonCheck {
    policies: usize,
    errors: usize,
    diagnostics: Vec<JsonDiagnostic>,
}

impl Checked {
    pub(super) fn new(compiled: &[Result<Policy, Diagnostics>]) -> Self {
        let broken: Vec<&Diagnostics> = compiled
            .iter()
            .filter_map(|one| one.as_ref().err())
            .collect();
        Self {
            policies: compiled.len(),
            broken: broken.len(),
            found: input::distinct(broken),
        }
    }

    fn errors(&self) -> usize {
        let found = self.found.iter().flat_map(Diagnostics::iter);
        found
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count()
    }

    pub(super) fn exit(&self) -> Exit {
        if self.errors() == 0 {
            Exit::Success
        } else {
            Exit::Failure
        }
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        finding::findings(&self.found)
    }

    pub(super) fn json(&self) -> JsonCheck {
        JsonCheck {
            policies: self.policies,
            errors: self.errors(),
            diagnostics: report::json(&self.findings()),
        }
    }

    /// Each finding with its lines.
    pub(super) fn shown(&self, out: &mut dyn Write) -> io::Result<()> {
        for diagnostics in &self.found {
            report::diagnostics_to(out, diagnostics)?;
        }
        Ok(())
    }

    /// Whether there are policies, and each is broken.
    pub(super) fn nothing_compiles(&self) -> bool {
        self.broken > 0 && self.broken == self.policies
    }

    /// `1 error in 1 of 2 policies`
    pub(super) fn summary(&self) -> String {
        let policies = plural(self.policies, "policy", "policies");
        match self.errors() {
            0 => format!("{policies}, no errors"),
            errors => {
                let errors = plural(errors, "error", "errors");
                format!("{errors} in {} of {policies}", self.broken)
            }
        }
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let compiled = input::compiled(&arguments.paths)?;
    let checked = Checked::new(&compiled);
    let done = match arguments.format {
        ReportFormat::Text => checked
            .shown(out)
            .and_then(|()| writeln!(out, "{}", checked.summary())),
        ReportFormat::Json => super::write_json(out, &checked.json()),
        ReportFormat::Sarif => sarif::write(out, &checked.findings()),
        ReportFormat::Github => github::write(out, &checked.findings()),
        ReportFormat::Gitlab => gitlab::write(out, &checked.findings()),
    };
    written(checked.exit(), done)
}

/// `1 policy`, `2 policies`
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
