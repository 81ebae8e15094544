//! Facts of many files into one world, read as they come.

use std::io::{self, BufRead};
use std::sync::Arc;

use serde::de::DeserializeSeed;

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
            let mut batch = lines.next_batch()?;
            if batch.is_empty() {
                return Ok(());
            }
            batch.retain(|(_, line)| !line.is_blank());
            let mut objects: Vec<Object<'_>> = Vec::new();
            objects.resize_with(batch.len(), Object::default);
            for (object, (_, line)) in objects.iter_mut().zip(&batch) {
                object.read(line);
            }
            let facts: Vec<_> = objects.iter().map(Object::fact).collect();
            self.intake.warm(facts.iter().flatten());
            for (fact, (number, line)) in facts.into_iter().zip(&batch) {
                match fact {
                    Ok(kind) => self.take(&file, *number, FactRef { kind, place: None }),
                    Err((column, why)) => {
                        self.refuse(&file, (*number, column), line.text(), why);
                    }
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
                line if line.is_blank() => continue,
                Line::Text(content) => content,
                Line::TooLong => {
                    self.refuse(&file, (line, 1), "", too_long());
                    continue;
                }
            };
            let Some(known) = &header else {
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

/// The column of a line in which something is wrong, from 1, and what it is.
type WrongLine = (u32, String);

/// The keys of a line, or what is wrong with it.
#[derive(Default)]
struct Object<'l> {
    keys: JsonFact<'l>,
    wrong: Option<WrongLine>,
}

impl<'l> Object<'l> {
    fn read(&mut self, line: &Line<'l>) {
        let Line::Text(text) = line else {
            self.wrong = Some((1, too_long()));
            return;
        };
        let mut json = serde_json::Deserializer::from_str(text);
        let read = self.keys.deserialize(&mut json).and_then(|()| json.end());
        self.wrong = read.err().map(|error| {
            let column = u32::try_from(error.column()).unwrap_or(1).max(1);
            (column, json_error(&error))
        });
    }

    /// The fact that the line states.
    fn fact(&self) -> Result<KindRef<'_>, WrongLine> {
        match &self.wrong {
            None => self.keys.fact().map_err(|why| (1, why)),
            Some(wrong) => Err(wrong.clone()),
        }
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
