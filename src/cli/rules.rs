//! `ward rules`

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::{Exit, Format, Outcomes, write_json};
use crate::lint::{Level, RULES};

/// List the rules of `ward lint`
#[derive(Args)]
#[command(after_help = "Example:\n  ward rules\n  ward lint --explain unused-role")]
pub(super) struct Arguments {
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonRule {
    code: &'static str,
    name: &'static str,
    level: Level,
    summary: &'static str,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    if arguments.format == Format::Json {
        let rules = RULES.iter().map(|rule| JsonRule {
            code: rule.code,
            name: rule.name,
            level: rule.level,
            summary: rule.summary,
        });
        write_json(out, &rules.collect::<Vec<_>>())?;
        return Ok(Exit::Success);
    }
    let longest = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    for rule in RULES {
        writeln!(
            out,
            "{}  {:longest$}  {:5}  {}",
            rule.code,
            rule.name,
            rule.level.word(),
            rule.summary
        )?;
    }
    Ok(Exit::Success)
}
