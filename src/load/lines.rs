//! Lines of a reader, one at a time and all in one buffer.

use std::io::{self, BufRead};

/// How long a line may be, in bytes. An id has at most 16 MiB, so this is room for any honest fact.
pub(super) const LONGEST: usize = 1 << 26;

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

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            number: 0,
        }
    }

    /// The next line without its end, and its number.
    ///
    /// # Errors
    ///
    /// What the reader says; [`io::ErrorKind::InvalidData`] for what is not UTF-8.
    pub(super) fn next(&mut self) -> io::Result<Option<(u32, Line<'_>)>> {
        self.buffer.clear();
        if self.append()? == 0 {
            return Ok(None);
        }
        self.line().map(|line| Some((self.number, line)))
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
        self.line().map(|line| Some((first, line)))
    }

    /// Reads to the end of a line, or one byte more than a line may have; how much that was.
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

    fn line(&self) -> io::Result<Line<'_>> {
        if self.buffer.len() > LONGEST {
            return Ok(Line::TooLong);
        }
        let line = self.buffer.strip_suffix(b"\n").unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Line::Text(text)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        }
    }
}
