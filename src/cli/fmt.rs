//! `ward fmt`

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use similar::TextDiff;

use super::check::plural;
use super::formats::finding::Place;
use super::formats::{Finding, UNFORMATTED};
use super::{Exit, Outcomes, Stop, input, report};
use crate::diagnostic::{Diagnostics, Severity};
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
            let said = "`-` stands alone: standard input is one file";
            return Err(Stop::Input(said.to_owned()));
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

/// Which files are not in the one style. Those with mistakes are left out: `check` tells these.
pub(super) struct Styled {
    files: usize,
    found: Vec<Finding>,
}

/// What `ward ci --format json` says of it.
#[derive(Serialize)]
pub(super) struct JsonFormat {
    files: usize,
    unformatted: Vec<String>,
}

impl Styled {
    pub(super) fn new(paths: &[PathBuf]) -> Result<Self, Stop> {
        // What comes by standard input has no file to be written to.
        let named = paths.iter().filter(|path| !input::is_stdin(path));
        let named: Vec<PathBuf> = named.cloned().collect();
        if named.is_empty() && !paths.is_empty() {
            let (files, found) = (0, Vec::new());
            return Ok(Self { files, found });
        }
        let paths = input::texts(&named)?;
        let found = paths.iter().filter_map(|path| unformatted(path)).collect();
        Ok(Self {
            files: paths.len(),
            found,
        })
    }

    pub(super) fn exit(&self) -> Exit {
        if self.found.is_empty() {
            Exit::Success
        } else {
            Exit::Failure
        }
    }

    pub(super) fn findings(&self) -> &[Finding] {
        &self.found
    }

    pub(super) fn json(&self) -> JsonFormat {
        let files = self.found.iter();
        JsonFormat {
            files: self.files,
            unformatted: files.map(|finding| finding.place.file.clone()).collect(),
        }
    }

    pub(super) fn shown(&self, out: &mut dyn Write) -> std::io::Result<()> {
        for finding in &self.found {
            let Place { file, start, .. } = &finding.place;
            writeln!(
                out,
                "{file}:{}: {}, run `ward fmt`",
                start.line, finding.message
            )?;
        }
        Ok(())
    }

    /// `3 files, all in the one style`
    pub(super) fn summary(&self) -> String {
        let files = plural(self.files, "file", "files");
        match self.found.len() {
            0 => format!("{files}, nothing to format"),
            changed => format!("{changed} of {files} would be formatted"),
        }
    }
}

/// The first line of a file that would change.
fn unformatted(path: &Path) -> Option<Finding> {
    let before = fs::read_to_string(path).ok()?;
    let name = input::shown(path);
    let after = styled(&name, &before).ok()?;
    if after == before {
        return None;
    }
    let lines = before.lines().zip(after.lines());
    let same = lines.take_while(|(before, after)| before == after).count();
    let line = u32::try_from(same + 1).unwrap_or(u32::MAX);
    Some(Finding {
        rule: UNFORMATTED,
        title: "not formatted".to_owned(),
        severity: Severity::Error,
        message: "this is not in the one style".to_owned(),
        help: Some("run `ward fmt`".to_owned()),
        place: Place::line(&name, line),
        text: before.lines().nth(same).unwrap_or("").trim().to_owned(),
        related: Vec::new(),
        fix: None,
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
    let after = styled(&name, &before);
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

/// A text in the one style; its name tells whether it holds facts.
fn styled(name: &str, text: &str) -> Result<String, Diagnostics> {
    if input::has_extension(Path::new(name), "world") {
        fmt::world(name, text)
    } else {
        fmt::policy(name, text)
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
