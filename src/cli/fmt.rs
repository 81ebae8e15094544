//! `ward fmt`

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use similar::TextDiff;

use super::check::plural;
use super::{Exit, Outcomes, Stop, input, report};
use crate::diagnostic::Diagnostics;
use crate::fmt;

/// Write policies and worlds in the one style
#[derive(Args)]
#[command(
    after_help = "Examples:\n  ward fmt\n  ward fmt --check policies/\n  ward fmt - < app.policy"
)]
pub(super) struct Arguments {
    /// Files, directories with `.policy` and `.world` files below them, or `-` [default: .]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and fail if there are any
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    diff: bool,
    /// What standard input is called; a name that ends in `.world` makes it facts
    #[arg(long, value_name = "NAME", default_value = "stdin.policy")]
    stdin_name: String,
}

/// A text, and what becomes of it.
struct Formatted {
    name: String,
    before: String,
    after: String,
}

impl Formatted {
    fn changed(&self) -> bool {
        self.before != self.after
    }
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    if arguments.paths.iter().any(|path| path == Path::new("-")) {
        if arguments.paths.len() > 1 {
            report::plain("`-` stands alone: standard input is one file");
            return Err(Stop::Told);
        }
        return standard_input(arguments, out);
    }
    let paths = input::texts(&arguments.paths)?;
    let (mut changed, mut broken) = (0, 0);
    for path in &paths {
        let Some(formatted) = file(path) else {
            broken += 1;
            continue;
        };
        if !formatted.changed() {
            continue;
        }
        changed += 1;
        if !arguments.check && !arguments.diff {
            replace(path, &formatted.after)?;
        }
        tell(arguments, &formatted, out)?;
    }
    if !arguments.diff {
        let (changed, files) = (changed, plural(paths.len(), "file", "files"));
        let would = if arguments.check { "would be" } else { "were" };
        match changed {
            0 => writeln!(out, "{files}, nothing to format")?,
            _ => writeln!(out, "{changed} of {files} {would} formatted")?,
        }
    }
    Ok(if broken > 0 || (arguments.check && changed > 0) {
        Exit::Failure
    } else {
        Exit::Success
    })
}

fn standard_input(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    let Some(formatted) = formatted(arguments.stdin_name.clone(), bytes) else {
        return Err(Stop::Told);
    };
    if !arguments.check && !arguments.diff {
        write!(out, "{}", formatted.after)?;
        return Ok(Exit::Success);
    }
    if formatted.changed() {
        tell(arguments, &formatted, out)?;
        if arguments.check {
            return Ok(Exit::Failure);
        }
    }
    Ok(Exit::Success)
}

/// What becomes of a file; nothing where it cannot be read, and that is told.
fn file(path: &Path) -> Option<Formatted> {
    let name = input::shown(path);
    match fs::read(path) {
        Ok(bytes) => formatted(name, bytes),
        Err(error) => {
            report::plain(&format!("cannot read `{name}`: {error}"));
            None
        }
    }
}

fn formatted(name: String, bytes: Vec<u8>) -> Option<Formatted> {
    let Ok(before) = String::from_utf8(bytes) else {
        report::plain(&format!("`{name}` is not UTF-8: save it as UTF-8"));
        return None;
    };
    let after: Result<String, Diagnostics> = if input::has_extension(Path::new(&name), "world") {
        fmt::world(&name, &before)
    } else {
        fmt::policy(&name, &before)
    };
    match after {
        Ok(after) => Some(Formatted {
            name,
            before,
            after,
        }),
        Err(diagnostics) => {
            report::diagnostics(&diagnostics);
            None
        }
    }
}

/// The name of a text that changes, or how it does.
fn tell(arguments: &Arguments, formatted: &Formatted, out: &mut dyn Write) -> Outcomes {
    let Formatted {
        name,
        before,
        after,
    } = formatted;
    if arguments.diff {
        let diff = TextDiff::from_lines(before, after);
        let mut diff = diff.unified_diff();
        write!(out, "{}", diff.header(name, name))?;
    } else {
        writeln!(out, "{name}")?;
    }
    Ok(Exit::Success)
}

/// Writes a file beside the one at a path, and then puts it in its place.
fn replace(path: &Path, text: &str) -> Result<(), Stop> {
    // A link stays a link, to what it leads to.
    let path = fs::canonicalize(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::File::create_new(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    });
    written.map_err(|error| {
        let _ = fs::remove_file(&beside);
        report::plain(&format!("cannot write `{}`: {error}", path.display()));
        Stop::Told
    })
}
