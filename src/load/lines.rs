//! Lines of a reader, one at a time and all in one buffer.

use std::io::{self, BufRead};

use memchr::{memchr_iter, memrchr};

/// How long a line may be, in bytes. An id has at most 16 MiB, so this is room for any honest fact.
pub(super) const LONGEST: usize = 1 << 26;

/// How much is read at once, in bytes: not so much that the facts of its lines leave the cache.
const BATCH: usize = 1 << 13;

pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// How much of the buffer was given away.
    taken: usize,
    /// The number of the last line that was read, from 1.
    number: u32,
}

/// A line, or several where a quoted field of CSV goes on.
pub(super) enum Line<'l> {
    Text(&'l str),
    /// It has more than [`LONGEST`] bytes; what was too much is skipped.
    TooLong,
}

impl<'l> Line<'l> {
    /// What stands in the line of that number without its end. Some programs begin a file with a mark
    /// of its encoding, which says nothing.
    fn of(number: u32, line: &'l str) -> Self {
        if line.len() > LONGEST {
            return Self::TooLong;
        }
        let marked = line.strip_prefix('\u{feff}').filter(|_| number == 1);
        let line = marked.unwrap_or(line);
        let line = line.strip_suffix('\n').unwrap_or(line);
        Self::Text(line.strip_suffix('\r').unwrap_or(line))
    }

    pub(super) fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim_ascii().is_empty())
    }

    /// What stands there; nothing of one that is too long.
    pub(super) fn text(&self) -> &'l str {
        match self {
            Self::Text(text) => text,
            Self::TooLong => "",
        }
    }
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            taken: 0,
            number: 0,
        }
    }

    /// The next lines without their ends, each with its number; none where there are no more.
    ///
    /// # Errors
    ///
    /// What the reader says; [`io::ErrorKind::InvalidData`] for what is not UTF-8.
    pub(super) fn next_batch(&mut self) -> io::Result<Vec<(u32, Line<'_>)>> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        while self.taken == 0 || self.buffer.len() < BATCH {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let chunk = chunk.get(..BATCH).unwrap_or(chunk);
            if chunk.is_empty() {
                // What is left is a line too.
                self.taken = self.buffer.len();
                break;
            }
            if let Some(last) = memrchr(b'\n', chunk) {
                self.taken = self.buffer.len() + last + 1;
            }
            let count = chunk.len();
            self.buffer.extend_from_slice(chunk);
            self.reader.consume(count);
            if self.taken == 0 && self.buffer.len() > LONGEST {
                self.skip()?;
                self.taken = self.buffer.len();
                self.number = self.number.saturating_add(1);
                return Ok(vec![(self.number, Line::TooLong)]);
            }
        }
        let whole = text(self.buffer.get(..self.taken).unwrap_or(&[]))?;
        let ends = memchr_iter(b'\n', whole.as_bytes()).map(|end| end + 1);
        let rest = (!whole.is_empty() && !whole.ends_with('\n')).then_some(whole.len());
        let mut start = 0;
        let lines = ends.chain(rest).map(|end| {
            let line = whole.get(start..end).unwrap_or("");
            start = end;
            self.number = self.number.saturating_add(1);
            (self.number, Line::of(self.number, line))
        });
        Ok(lines.collect())
    }

    /// The next record: lines up to one at whose end no quote is open.
    pub(super) fn next_record(&mut self) -> io::Result<Option<(u32, Line<'_>)>> {
        self.buffer.clear();
        let mut looked_at = 0;
        let mut open = false;
        let mut first = 0;
        loop {
            let added = self.append()?;
            if looked_at == 0 {
                first = self.number;
            }
            if looked_at + added == 0 {
                return Ok(None);
            }
            let new = self.buffer.get(looked_at..).unwrap_or(&[]);
            let quotes = new.iter().filter(|byte| **byte == b'"').count();
            open ^= quotes % 2 == 1;
            looked_at = self.buffer.len();
            if added == 0 || !open || looked_at > LONGEST {
                break;
            }
        }
        let record = match self.buffer.len() > LONGEST {
            true => Line::TooLong,
            false => Line::of(first, text(&self.buffer)?),
        };
        Ok(Some((first, record)))
    }

    /// Reads to the end of a line, or one byte more than a record may have; how much that was.
    fn append(&mut self) -> io::Result<usize> {
        let room = (LONGEST + 1).saturating_sub(self.buffer.len());
        let mut limited = io::Read::take(&mut self.reader, room as u64);
        let added = limited.read_until(b'\n', &mut self.buffer)?;
        if added > 0 {
            self.number = self.number.saturating_add(1);
        }
        if self.buffer.len() > LONGEST {
            self.skip()?;
        }
        Ok(added)
    }

    /// Reads on to the end of a line, and keeps nothing.
    fn skip(&mut self) -> io::Result<()> {
        while self.buffer.last() != Some(&b'\n') {
            let chunk = self.reader.fill_buf()?;
            if chunk.is_empty() {
                break;
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(chunk.len(), |end| end + 1);
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    str::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
