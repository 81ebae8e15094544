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
use crate::world::World;

/// How much is read at once.
const CHUNK: usize = 1 << 18;

/// The forms in which facts come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    JsonLines,
    Csv,
}

/// The world that files make; nothing is answered from half of one.
pub(super) fn world(plan: &Arc<Plan>, paths: &[PathBuf]) -> Result<World, Stop> {
    let mut loader = Loader::new(Arc::clone(plan));
    let mut texts = Vec::new();
    for path in paths {
        let (name, mut reader) = open(path)?;
        let done = match form(path, &mut reader) {
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
    report::refusals(&refused);
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
    if has_extension(path, "jsonl") || has_extension(path, "ndjson") {
        return Ok(Form::JsonLines);
    }
    if has_extension(path, "csv") {
        return Ok(Form::Csv);
    }
    // Standard input has no name that tells; no fact in text begins so.
    let begins = |reader: &mut dyn BufRead| -> io::Result<bool> {
        Ok(reader.fill_buf()?.trim_ascii_start().starts_with(b"{"))
    };
    if is_stdin(path) && begins(reader)? {
        return Ok(Form::JsonLines);
    }
    Ok(Form::Text)
}

fn unreadable(name: &str, error: &io::Error) -> Stop {
    Stop::Input(match error.kind() {
        io::ErrorKind::InvalidData => format!("`{name}` is not UTF-8: save it as UTF-8"),
        _ => format!("cannot read `{name}`: {error}"),
    })
}
