//! Source files, spans in them, and lines and columns for people.

use std::fmt;

/// A file among the sources that are compiled together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A stretch of one file, in bytes; `end` is exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last one.
    pub end: u32,
}

impl Span {
    /// The stretch `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest span that holds both; the other one is ignored where it lies in another file.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// How many bytes lie between two places at which the characters before are known.
const STEP: usize = 1024;

/// One file: the name that people see, its text, and where its lines begin.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<u32>,
    /// How much begins before each `STEP`th byte, so that a column far out on a long line is found
    /// without counting from its beginning.
    counted: Vec<Count>,
}

/// How long a stretch of text is.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    characters: usize,
    /// Characters that UTF-16 writes as two units.
    wide: usize,
}

impl Count {
    fn of(bytes: &[u8]) -> Self {
        let mut count = Self::default();
        for byte in bytes {
            // All bytes of a character but the first are 0b10……
            count.characters += usize::from(*byte & 0xC0 != 0x80);
            count.wide += usize::from(*byte >= 0xF0);
        }
        count
    }

    fn and(self, other: Self) -> Self {
        Self {
            characters: self.characters + other.characters,
            wide: self.wide + other.wide,
        }
    }
}

impl Source {
    fn new(name: String, text: String) -> Self {
        let mut line_starts = vec![0];
        for (at, byte) in text.bytes().enumerate() {
            if byte == b'\n' {
                line_starts.push(u32::try_from(at + 1).unwrap_or(u32::MAX));
            }
        }
        let mut before = Count::default();
        let counted = text.as_bytes().chunks(STEP).map(|step| {
            let known = before;
            before = before.and(Count::of(step));
            known
        });
        let counted = counted.collect();
        Self {
            name,
            text,
            line_starts,
            counted,
        }
    }

    /// How much begins before a byte.
    fn before(&self, offset: usize) -> Count {
        let offset = offset.min(self.text.len());
        let step = (offset / STEP).min(self.counted.len().saturating_sub(1));
        let rest = self.text.as_bytes().get(step * STEP..offset).unwrap_or(&[]);
        let known = self.counted.get(step).copied().unwrap_or_default();
        known.and(Count::of(rest))
    }

    /// The name, most often a path as its reader gave it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of a byte offset; an offset past the end stands at the end.
    pub fn position(&self, offset: u32) -> Position {
        self.place(offset, |count| count.characters)
    }

    /// The same, with the column in the 16-bit units of UTF-16.
    pub fn position_utf16(&self, offset: u32) -> Position {
        self.place(offset, |count| count.characters + count.wide)
    }

    fn place(&self, offset: u32, units: impl Fn(Count) -> usize) -> Position {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = line
            .checked_sub(1)
            .and_then(|before| self.line_starts.get(before))
            .copied()
            .unwrap_or(0);
        let end = (offset as usize).min(self.text.len());
        let before = |offset: usize| units(self.before(offset));
        let column = match self.text.as_bytes().get(start as usize..end) {
            Some(near) if near.len() <= STEP => units(Count::of(near)),
            _ => before(end).saturating_sub(before(start as usize)),
        };
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }

    /// The text of a byte range, or nothing where the range does not fit.
    pub fn slice(&self, start: u32, end: u32) -> &str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// The files of one policy, each with an id that spans point to.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, for building up in one expression.
    ///
    /// ```
    /// let sources = ward::Sources::new().with("app.policy", "subject User");
    /// assert_eq!(sources.iter().count(), 1);
    /// ```
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.add(name, text);
        self
    }

    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source::new(name.into(), text.into()));
        id
    }

    /// The file with this id.
    pub fn get(&self, id: FileId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// The file with this name.
    pub fn find(&self, name: &str) -> Option<FileId> {
        self.iter()
            .find(|(_, source)| source.name() == name)
            .map(|(id, _)| id)
    }

    /// All files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0u32..).map(FileId).zip(&self.files)
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .map_or("", |source| source.slice(span.start, span.end))
    }

    /// The file's name and the position at which a span begins.
    pub fn locate(&self, span: Span) -> (&str, Position) {
        match self.get(span.file) {
            Some(source) => (source.name(), source.position(span.start)),
            None => ("", Position { line: 1, column: 1 }),
        }
    }
}

/// A stretch of policy text on one line, shortened where it is long, behind a word if it can be: for
/// people, not for parsing.
pub(crate) fn one_line(text: &str) -> String {
    const LIMIT: usize = 160;
    let mut line = String::new();
    for word in text.split_whitespace() {
        let before = line.len();
        if before > 0 {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LIMIT {
            let end = if before > 0 { before } else { LIMIT };
            line.truncate(line.floor_char_boundary(end));
            line.push('…');
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_from_one() {
        let source = Source::new("a".into(), "ab\nüx\n".into());
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position(3), Position { line: 2, column: 1 });
        assert_eq!(source.position(5), Position { line: 2, column: 2 });
        assert_eq!(source.position(99), Position { line: 3, column: 1 });
    }

    #[test]
    fn columns_far_out_on_a_line_count_characters_too() {
        for letter in ["x", "ü", "…", "🦀"] {
            let text = format!("first\n{}", letter.repeat(5000));
            let source = Source::new("a".into(), text);
            for column in [0_u32, 1, 254, 341, 342, 512, 1023, 1024, 1025, 4999, 5000] {
                let at = 6 + column * u32::try_from(letter.len()).unwrap_or(0);
                let expected = Position {
                    line: 2,
                    column: column + 1,
                };
                assert_eq!(source.position(at), expected, "{letter}");
                let units = u32::try_from(letter.encode_utf16().count()).unwrap_or(0);
                let expected = Position {
                    line: 2,
                    column: column * units + 1,
                };
                assert_eq!(source.position_utf16(at), expected, "{letter}");
            }
        }
    }
}
