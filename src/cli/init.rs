//! `ward init`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Outcomes, Stop};

const FILES: [(&str, &str); 3] = [
    ("app.policy", include_str!("init/app.policy")),
    ("app.world", include_str!("init/app.world")),
    ("tests.policy", include_str!("init/tests.policy")),
];

/// Write a small policy, a world and tests, to start from
#[derive(Args)]
#[command(after_help = "Example:\n  ward init\n  ward init policies/billing")]
pub(super) struct Arguments {
    /// Where to put them; made if it is not there
    #[arg(default_value = ".")]
    directory: PathBuf,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let directory = &arguments.directory;
    fs::create_dir_all(directory)?;
    let taken = FILES
        .iter()
        .map(|(name, _)| directory.join(name))
        .find(|path| path.exists());
    if let Some(path) = taken {
        return Err(Stop::Input(format!(
            "`{}` is already there, and nothing was written: name another directory",
            path.display()
        )));
    }
    for (name, text) in FILES {
        fs::write(directory.join(name), text)?;
        writeln!(out, "wrote {}", directory.join(name).display())?;
    }
    let place = match directory.to_str() {
        Some(".") | None => String::new(),
        Some(path) => format!("{}/", path.trim_end_matches('/')),
    };
    let all = if place.is_empty() {
        "."
    } else {
        place.as_str()
    };
    writeln!(out, "\nnext:")?;
    writeln!(out, "  ward test {all}")?;
    writeln!(
        out,
        "  ward ask User:bob Doc.edit Doc:plan -p {place}app.policy -w {place}app.world"
    )?;
    Ok(Exit::Success)
}
