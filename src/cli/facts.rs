//! Reading facts from disk.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::input::{STDIN, has_extension, is_stdin, shown, take_stdin};
use super::progress::Meter;
use super::{Stop, report};
use crate::load::{Loader, point_to_words, world_text};
use crate::plan::Plan;
use crate::store;
use crate::world::{MAGIC, SnapshotError, World};

/// How much is read at once.
const CHUNK: usize = 1 << 18;

/// The forms in which facts come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    JsonLines,
    Csv,
    Snapshot,
}

/// The world that files make; nothing is answered from half of one.
pub(super) fn world(plan: &Arc<Plan>, paths: &[PathBuf]) -> Result<World, Stop> {
    let mut loader = Loader::new(Arc::clone(plan));
    let mut texts = Vec::new();
    for path in paths {
        if !is_stdin(path) && store::is_store(path) {
            let kept = store::facts(path);
            loader.facts(kept.map_err(|error| super::store::wrong(path, &error))?);
            continue;
        }
        let (name, mut reader) = open(path)?;
        let done = match form(path, &mut reader) {
            Ok(Form::Snapshot) if paths.len() == 1 => {
                let opened = World::read_snapshot(Arc::clone(plan), reader);
                return opened.map_err(|error| unopened(&name, &error));
            }
            Ok(Form::Snapshot) => {
                let said = format!("`{name}` is a snapshot, and a world of its own: give it alone");
                return Err(Stop::Input(said));
            }
            Ok(Form::JsonLines) => loader.json_lines(&name, reader),
            Ok(Form::Csv) => loader.csv(&name, reader),
            Ok(Form::Text) => {
                let mut text = String::new();
                let read = reader.read_to_string(&mut text).map(drop);
                texts.push((name.clone(), text));
                read
            }
            Err(error) => Err(error),
        };
        done.map_err(|error| unreadable(&name, &error))?;
        if let Some((name, text)) = texts.last().filter(|(last, _)| *last == name) {
            match world_text(name, text) {
                Ok(facts) => loader.facts(facts),
                Err(diagnostics) => {
                    report::diagnostics(&diagnostics);
                    return Err(Stop::Told);
                }
            }
        }
    }
    let (world, mut refused) = loader.finish();
    if refused.is_empty() {
        return Ok(world);
    }
    for (name, text) in &texts {
        point_to_words(name, text, &mut refused);
    }
    report::refusals(&refused, "answered");
    Err(Stop::Told)
}

fn open(path: &Path) -> Result<(String, Box<dyn BufRead>), Stop> {
    if is_stdin(path) {
        let reader = BufReader::with_capacity(CHUNK, Meter::new(take_stdin()?, STDIN.1, None));
        return Ok((STDIN.1.to_owned(), Box::new(reader)));
    }
    let name = shown(path);
    let file = File::open(path).map_err(|error| unreadable(&name, &error))?;
    let length = file.metadata().ok().map(|data| data.len());
    let reader = BufReader::with_capacity(CHUNK, Meter::new(file, &name, length));
    Ok((name, Box::new(reader)))
}

fn form(path: &Path, reader: &mut dyn BufRead) -> io::Result<Form> {
    let begun = reader.fill_buf()?;
    if begun.starts_with(&MAGIC) {
        return Ok(Form::Snapshot);
    }
    // Standard input has no name that tells; no fact in text begins so.
    let object = is_stdin(path) && begun.trim_ascii_start().starts_with(b"{");
    let is = |extension| has_extension(path, extension);
    Ok(match () {
        () if object || is("jsonl") || is("ndjson") => Form::JsonLines,
        () if is("csv") => Form::Csv,
        () => Form::Text,
    })
}

fn unopened(name: &str, error: &SnapshotError) -> Stop {
    let (code, help) = (error.code(), error.help());
    Stop::Input(format!("`{name}`: {error} [{code}]\n  help: {help}"))
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    Stop::Input(match error.kind() {
        io::ErrorKind::InvalidData => format!("`{name}` is not UTF-8: save it as UTF-8"),
        _ => format!("cannot read `{name}`: {error}"),
    })
}
