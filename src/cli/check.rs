//! `ward check`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::report::{self, JsonDiagnostic};
use super::{Exit, Format, Outcomes, input, write_json};

/// Compile policies and tell what is wrong with them
#[derive(Args)]
#[command(after_help = "Example:\n  ward check policies/\n  ward check --format json app.policy")]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them [default: .]
    paths: Vec<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonCheck {
    policies: usize,
    errors: usize,
    diagnostics: Vec<JsonDiagnostic>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let units = input::units(&arguments.paths)?;
    let found: Vec<_> = units
        .iter()
        .filter_map(|unit| unit.compile().err())
        .collect();
    let broken = found.len();
    let found = input::distinct(found);
    let errors: usize = found
        .iter()
        .map(|diagnostics| diagnostics.iter().count())
        .sum();
    match arguments.format {
        Format::Json => write_json(
            out,
            &JsonCheck {
                policies: units.len(),
                errors,
                diagnostics: found.iter().flat_map(report::json).collect(),
            },
        )?,
        Format::Text => {
            for diagnostics in &found {
                report::diagnostics_to(out, diagnostics)?;
            }
            let policies = plural(units.len(), "policy", "policies");
            if errors == 0 {
                writeln!(out, "{policies}, no errors")?;
            } else {
                let errors = plural(errors, "error", "errors");
                writeln!(out, "{errors} in {broken} of {policies}")?;
            }
        }
    }
    Ok(if errors == 0 {
        Exit::Success
    } else {
        Exit::Failure
    })
}

/// `1 policy`, `2 policies`
pub(super) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
