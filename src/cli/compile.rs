//! `ward compile`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Outcomes, input};

/// Write a policy's plan, for services that embed the evaluator alone
#[derive(Args)]
#[command(after_help = "Example:\n  ward compile app.policy -o app.plan.json")]
pub(super) struct Arguments {
    /// The policy: a file, or a directory with one policy in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Where to write it; `-` is standard output [default: -]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let policy = input::policy(&arguments.path)?;
    let text = serde_json::to_string(&**policy.plan()).map_err(std::io::Error::from)?;
    match &arguments.output {
        Some(path) if !input::is_stdin(path) => std::fs::write(path, text + "\n")?,
        _ => writeln!(out, "{text}")?,
    }
    Ok(Exit::Success)
}
