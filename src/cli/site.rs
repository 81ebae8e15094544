//! `ward report`

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::{Exit, Outcomes, Scene, Stop, facts, input, report as told, written};
use crate::report::{Bounds, files};

/// Write a report on a policy and a world: static pages for a browser
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward report -p app.policy -w app.world -o report --now 2026-11-21"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    scene: Scene,
    /// The directory into which the pages go; those of an earlier report give way
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
}

/// A file by which a report is known again: what else there is in a directory is left alone.
const MARKER: &str = ".ward-report";

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let scene = &arguments.scene;
    let policy = input::policy(&scene.policy)?;
    let world = facts::world(policy.plan(), &scene.world)?;
    let context = scene.context.clone().unwrap_or_default();
    let made = files(&policy, &world, scene.now(), &context, Bounds::default());
    let made = made.map_err(|error| {
        told::question(&error);
        Stop::Told
    })?;
    let directory = &arguments.output;
    let shown = directory.display();
    let wrong = |error: io::Error| Stop::Input(format!("cannot write to `{shown}`: {error}"));
    fs::create_dir_all(directory).map_err(wrong)?;
    let marker = directory.join(MARKER);
    if let Ok(before) = fs::read_to_string(&marker) {
        // Proofs of an earlier report that this one does not have.
        let plain = |name: &&str| !name.contains(['/', '\\']);
        for name in before.lines().filter(plain) {
            let _ = fs::remove_file(directory.join(name));
        }
    } else if fs::read_dir(directory).map_err(wrong)?.next().is_some() {
        let said = format!("`{shown}` is not empty, and no report of ward: name another directory");
        return Err(Stop::Input(said));
    }
    let mut names = String::new();
    for file in &made {
        fs::write(directory.join(&file.name), &file.text).map_err(wrong)?;
        names.push_str(&file.name);
        names.push('\n');
    }
    fs::write(marker, names).map_err(wrong)?;
    let first = directory.join("index.html");
    let count = made.len();
    written(
        Exit::Success,
        writeln!(out, "{count} files, begin with {}", first.display()),
    )
}
