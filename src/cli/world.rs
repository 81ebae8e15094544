//! `ward world`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::{Exit, Outcomes, Stop, facts, input};
use crate::world::World;

/// Write facts in the form that opens at once
#[derive(Args)]
#[command(after_help = "Example:\n  ward world build app.policy -w facts.jsonl -o app.snapshot")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Build(Build),
}

/// Write facts as a snapshot, which every `-w` takes
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward world build app.policy -w facts.jsonl -o app.snapshot\n  ward ask User:bob Doc.edit Doc:plan -p app.policy -w app.snapshot"
)]
struct Build {
    /// The policy: a file, or a directory with one policy in it
    policy: PathBuf,
    /// The facts: `.world` text, `.jsonl` or `.csv`; may be given several times
    #[arg(short, long, value_name = "FILE", required = true)]
    world: Vec<PathBuf>,
    /// Where to write the snapshot; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let Command::Build(build) = &arguments.command;
    let policy = input::policy(&build.policy)?;
    let world = facts::world(policy.plan(), &build.world)?;
    if input::is_stdin(&build.output) {
        world.write_snapshot(&mut BufWriter::new(out))?;
    } else {
        put(&world, &build.output).map_err(|error| {
            let name = input::shown(&build.output);
            Stop::Input(format!("cannot write `{name}`: {error}"))
        })?;
    }
    Ok(Exit::Success)
}

/// Writes the snapshot beside its place and puts it there when it is whole.
fn put(world: &World, path: &Path) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let written = File::create(&beside).and_then(|file| {
        let mut writer = BufWriter::new(&file);
        world.write_snapshot(&mut writer)?;
        drop(writer);
        file.sync_all()
    });
    let put = written.and_then(|()| std::fs::rename(&beside, path));
    if put.is_err() {
        // What is half is of no use, and the first error is the one to tell.
        let _ = std::fs::remove_file(&beside);
    }
    put
}
