//! `ward man`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};

use super::{Cli, Exit, Outcomes, Stop};

/// Write manual pages, one for each command
#[derive(Args)]
#[command(after_help = "Example:\n  ward man ~/.local/share/man/man1")]
pub(super) struct Arguments {
    /// Where to put them; made if it is not there
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments, _: &mut dyn Write) -> Outcomes {
    let directory = &arguments.directory;
    fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), directory))
        .map_err(|error| {
            Stop::Input(format!(
                "cannot write to `{}`: {error}",
                directory.display()
            ))
        })?;
    Ok(Exit::Success)
}
