//! `ward graph`

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Exit, Outcomes, input};
use crate::graph::Format;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Dot,
    Mermaid,
    Json,
}

/// Draw the decision graph of a policy
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward graph app.policy | dot -Tsvg > app.svg\n  ward graph app.policy --format mermaid"
)]
pub(super) struct Arguments {
    /// The policy: a file, or a directory with one policy in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// How the graph is written
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    format: GraphFormat,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let policy = input::policy(&arguments.path)?;
    let format = match arguments.format {
        GraphFormat::Dot => Format::Dot,
        GraphFormat::Mermaid => Format::Mermaid,
        GraphFormat::Json => Format::Json,
    };
    let drawn = policy.graph().draw(format, policy.sources());
    writeln!(out, "{}", drawn.trim_end())?;
    Ok(Exit::Success)
}
