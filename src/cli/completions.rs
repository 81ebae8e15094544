//! `ward completions`

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, Outcomes};

/// Write what a shell needs to complete `ward` commands
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward completions bash > ~/.local/share/bash-completion/completions/ward\n  ward completions fish > ~/.config/fish/completions/ward.fish"
)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    // Into memory first: the generator knows no error of writing.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "ward", &mut script);
    out.write_all(&script)?;
    Ok(Exit::Success)
}
