//! Lines of a reader, one at a time and all in one buffer.

use std::io::{self, BufRead};

/// How long a line may be, in bytes. An id has at most 16 MiB, so this is room for any honest fact.
pub(super) const LONGEST: usize = 1 << 26;

/// How many lines are read at once, unless they are long.
const BATCH: usize = 128;
const BATCH_BYTES: usize = 1 << 16;

pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
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
            number: 0,
        }
    }

    /// The next lines without their ends, each with its number; none where there are no more.
    ///
    /// # Errors
    ///
    /// What the reader says; [`io::ErrorKind::InvalidData`] for what is not UTF-8.
    pub(super) fn next_batch(&mut self) -> io::Result<Vec<(u32, Line<'_>)>> {
        self.buffer.clear();
        let mut ends = Vec::with_capacity(BATCH);
        while ends.len() < BATCH && self.buffer.len() < BATCH_BYTES {
            let start = self.buffer.len();
            if self.append(start)? == 0 {
                break;
            }
            let end = self.buffer.len();
            ends.push((self.number, start, end));
            if end - start > LONGEST {
                break;
            }
        }
        let lines = ends.into_iter();
        lines
            .map(|(number, start, end)| Ok((number, self.line(start, end)?)))
            .collect()
    }

    /// The next record: lines up to one at whose end no quote is open.
    pub(super) fn next_record(&mut self) -> io::Result<Option<(u32, Line<'_>)>> {
        self.buffer.clear();
        let mut looked_at = 0;
        let mut open = false;
        let mut first = 0;
        loop {
            let added = self.append(0)?;
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
        let end = self.buffer.len();
        self.line(0, end).map(|line| Some((first, line)))
    }

    /// Reads to the end of a line, or one byte more than one that begins at `start` may have; how
    /// much that was.
    fn append(&mut self, start: usize) -> io::Result<usize> {
        let room = (start + LONGEST + 1).saturating_sub(self.buffer.len());
        let mut limited = io::Read::take(&mut self.reader, room as u64);
        let added = limited.read_until(b'\n', &mut self.buffer)?;
        if added > 0 {
            self.number = self.number.saturating_add(1);
        }
        if self.buffer.len() > start + LONGEST {
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

    fn line(&self, start: usize, end: usize) -> io::Result<Line<'_>> {
        if end - start > LONGEST {
            return Ok(Line::TooLong);
        }
        let line = self.buffer.get(start..end).unwrap_or(&[]);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Line::Text(text)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}
