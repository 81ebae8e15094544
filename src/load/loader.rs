//! Facts of many files into one world, read as they come.

use std::io::{self, BufRead};
use std::sync::Arc;

use super::csv::Header;
use super::json_error;
use super::lines::{LONGEST, Line, Lines};
use crate::plan::Plan;
use crate::world::{Fact, FactRef, Intake, JsonFact, KindRef, Place, Reason, Refusal, World};

/// How much of a line that is no fact a refusal tells, in characters.
const SHOWN: usize = 200;

/// Reads facts into a world, line by line: what is read is not kept as text.
///
/// The order of facts changes nothing, but for which of two that exclude each other is refused.
/// The world remembers the places of facts that come as [`Fact`]s, and not those of lines and
/// tables; what is refused has its place in any case.
///
/// ```
/// # use std::sync::Arc;
/// # let policy = ward::compile(&ward::Sources::new().with("app.policy", "
/// #     subject User
/// #     scope Team { role Member { sees * } }
/// # ")).unwrap();
/// let mut loader = ward::load::Loader::new(Arc::clone(policy.plan()));
/// loader.json_lines("facts.jsonl", &br#"{"entity": "Team:red"}"#[..])?;
/// loader.csv("members.csv", &b"subject,role,of\nUser:ann,Member,Team:red\n"[..])?;
/// let (world, refused) = loader.finish();
/// assert!(refused.is_empty() && world.size().entities == 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Loader {
    intake: Intake,
    count: usize,
}

impl Loader {
    /// A world of this policy without facts.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            intake: Intake::new(plan),
            count: 0,
        }
    }

    /// How many facts were read, those that were refused among them.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes facts, with their places.
    pub fn facts(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            let place = || fact.place.clone();
            self.intake.add(self.count, &FactRef::from(&fact), place);
            self.count += 1;
        }
    }

    /// Reads JSON Lines: one object a line, empty lines left out.
    ///
    /// # Errors
    ///
    /// What the reader says, and [`io::ErrorKind::InvalidData`] where the text is not UTF-8. A line
    /// that is no fact is refused.
    pub fn json_lines(&mut self, name: &str, reader: impl BufRead) -> io::Result<()> {
        let file: Arc<str> = name.into();
        let mut lines = Lines::new(reader);
        loop {
            let batch = lines.next_batch()?;
            if batch.is_empty() {
                return Ok(());
            }
            let mut objects: Vec<Object<'_>> = Vec::with_capacity(batch.len());
            objects.extend(batch.iter().filter_map(object));
            let facts: Vec<Read<'_>> = objects.iter().map(read).collect();
            let fitting = facts.iter().filter_map(|read| read.fact.as_ref().ok());
            self.intake.warm(fitting);
            for Read { at, text, fact } in facts {
                match fact {
                    Ok(kind) => self.take(&file, at.0, FactRef { kind, place: None }),
                    Err(why) => self.refuse(&file, at, text, why),
                }
            }
        }
    }

    /// Reads a table with commas between its fields (RFC 4180): the first line names the columns.
    ///
    /// # Errors
    ///
    /// What the reader says, and [`io::ErrorKind::InvalidData`] where the text is not UTF-8. A record
    /// that is no fact is refused; where the first line is wrong, nothing else is read.
    pub fn csv(&mut self, name: &str, reader: impl BufRead) -> io::Result<()> {
        let file: Arc<str> = name.into();
        let mut lines = Lines::new(reader);
        let mut header = None;
        let plan = Arc::clone(self.intake.plan());
        while let Some((line, content)) = lines.next_record()? {
            let content = match content {
                Line::Text(content) if content.trim_ascii().is_empty() => continue,
                Line::Text(content) => content,
                Line::TooLong => {
                    self.refuse(&file, (line, 1), "", too_long());
                    continue;
                }
            };
            let Some(known) = &header else {
                // Some programs begin a table with a mark of its encoding.
                let content = content.strip_prefix('\u{feff}').unwrap_or(content);
                match Header::read(content) {
                    Ok(read) => header = Some(read),
                    Err((at, why)) => {
                        self.refuse(&file, position(line, content, at), content, why);
                        return Ok(());
                    }
                }
                continue;
            };
            match known.fact(&plan, content) {
                Ok(keys) => match keys.fact() {
                    Ok(kind) => self.take(&file, line, FactRef { kind, place: None }),
                    Err(why) => self.refuse(&file, (line, 1), content, why),
                },
                Err((at, why)) => {
                    self.refuse(&file, position(line, content, at), content, why);
                }
            }
        }
        Ok(())
    }

    /// The world of the facts that fit, and those that do not, in the order in which they came.
    pub fn finish(self) -> (World, Vec<Refusal>) {
        self.intake.finish()
    }

    fn take(&mut self, file: &Arc<str>, line: u32, fact: FactRef<'_>) {
        let place = || place(file, (line, 1));
        self.intake.add(self.count, &fact, place);
        self.count += 1;
    }

    fn refuse(&mut self, file: &Arc<str>, at: (u32, u32), line: &str, why: String) {
        let refusal = Refusal {
            place: place(file, at),
            fact: shortened(line),
            reason: Reason::Malformed(why),
        };
        self.intake.refuse(self.count, refusal);
        self.count += 1;
    }
}

/// A line as JSON, or what is wrong with it and in which column.
struct Object<'l> {
    line: u32,
    text: &'l str,
    keys: Result<JsonFact<'l>, (u32, String)>,
}

/// A line as a fact, or what is wrong with it.
struct Read<'l> {
    at: (u32, u32),
    text: &'l str,
    fact: Result<KindRef<'l>, String>,
}

#[inline]
fn object<'l>((line, content): &(u32, Line<'l>)) -> Option<Object<'l>> {
    let (text, keys) = match content {
        Line::Text(text) if text.trim_ascii().is_empty() => return None,
        Line::Text(text) => {
            let keys = serde_json::from_str(text).map_err(|error| {
                let column = u32::try_from(error.column()).unwrap_or(1).max(1);
                (column, json_error(&error))
            });
            (*text, keys)
        }
        Line::TooLong => ("", Err((1, too_long()))),
    };
    Some(Object {
        line: *line,
        text,
        keys,
    })
}

fn read<'l>(object: &'l Object<'_>) -> Read<'l> {
    let (column, fact) = match &object.keys {
        Ok(keys) => (1, keys.fact()),
        Err((column, why)) => (*column, Err(why.clone())),
    };
    Read {
        at: (object.line, column),
        text: object.text,
        fact,
    }
}

fn place(file: &Arc<str>, (line, column): (u32, u32)) -> Option<Place> {
    Some(Place {
        file: Arc::clone(file),
        line,
        column,
    })
}

/// The line and column of a character of a record, which may go over several lines.
fn position(first: u32, record: &str, at: usize) -> (u32, u32) {
    let before = record.chars().take(at);
    let (line, column) = before.fold((first, 1u32), |(line, column), c| match c {
        '\n' => (line.saturating_add(1), 1),
        _ => (line, column.saturating_add(1)),
    });
    (line, column)
}

fn too_long() -> String {
    format!("a line of more than {} MiB", LONGEST >> 20)
}

fn shortened(line: &str) -> String {
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or("")),
        None => line.to_owned(),
    }
}
