//! Numbers and texts as bytes, the lowest first, and the checksum over them.

use std::io::{self, Read, Write};

use xxhash_rust::xxh3::Xxh3;

use super::SnapshotError;

/// How many bytes are read at once.
const CHUNK: usize = 1 << 16;

/// How much room is made for values before any was read, in bytes.
const FIRST: u64 = 1 << 26;

/// Writes, and sums up what was written.
pub(in crate::world) struct Output<'w, W: Write> {
    writer: &'w mut W,
    sum: Xxh3,
    buffer: Vec<u8>,
}

impl<'w, W: Write> Output<'w, W> {
    pub(super) fn new(writer: &'w mut W) -> Self {
        Self {
            writer,
            sum: Xxh3::new(),
            buffer: Vec::with_capacity(2 * CHUNK),
        }
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(())
    }

    pub(in crate::world) fn u8(&mut self, value: u8) -> io::Result<()> {
        self.bytes(&[value])
    }

    pub(in crate::world) fn u32(&mut self, value: u32) -> io::Result<()> {
        self.bytes(&value.to_le_bytes())
    }

    pub(in crate::world) fn u64(&mut self, value: u64) -> io::Result<()> {
        self.bytes(&value.to_le_bytes())
    }

    pub(in crate::world) fn count(&mut self, value: usize) -> io::Result<()> {
        self.u64(value as u64)
    }

    pub(in crate::world) fn text(&mut self, text: &str) -> io::Result<()> {
        self.count(text.len())?;
        self.bytes(text.as_bytes())
    }

    /// Writes the checksum, and all that is left.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let sum = self.sum.digest();
        self.writer.write_all(&sum.to_le_bytes())?;
        self.writer.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sum.update(&self.buffer);
        self.writer.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads, and sums up what was read.
pub(in crate::world) struct Input<R: Read> {
    reader: R,
    sum: Xxh3,
    buffer: Vec<u8>,
    /// How much of the buffer was taken, and how much is there.
    taken: usize,
    there: usize,
}

type Got<T> = Result<T, SnapshotError>;

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            sum: Xxh3::new(),
            buffer: vec![0; CHUNK],
            taken: 0,
            there: 0,
        }
    }

    /// The next values of `N` bytes each: at least one, and at most so many.
    fn next<const N: usize>(&mut self, most: u64) -> Got<&[[u8; N]]> {
        if self.there - self.taken < N {
            self.fill(N)?;
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let count = most.min((self.there - self.taken) / N);
        let start = self.taken;
        self.taken += count * N;
        let bytes = self.buffer.get(start..self.taken);
        Ok(bytes.unwrap_or_default().as_chunks().0)
    }

    /// Reads until so many bytes are there.
    fn fill(&mut self, least: usize) -> Got<()> {
        self.sum_up();
        self.buffer.copy_within(self.taken..self.there, 0);
        (self.taken, self.there) = (0, self.there - self.taken);
        while self.there < least {
            let room = self.buffer.get_mut(self.there..).unwrap_or_default();
            match self.reader.read(room) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(count) => self.there += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn sum_up(&mut self) {
        let taken = self.buffer.get(..self.taken).unwrap_or_default();
        self.sum.update(taken);
    }

    fn one<const N: usize>(&mut self) -> Got<[u8; N]> {
        let one = self.next(1)?.first();
        Ok(one.copied().unwrap_or([0; N]))
    }

    pub(in crate::world) fn u8(&mut self) -> Got<u8> {
        self.one::<1>().map(u8::from_le_bytes)
    }

    pub(in crate::world) fn u32(&mut self) -> Got<u32> {
        self.one().map(u32::from_le_bytes)
    }

    pub(in crate::world) fn u64(&mut self) -> Got<u64> {
        self.one().map(u64::from_le_bytes)
    }

    pub(super) fn u32s(&mut self, count: u64) -> Got<Vec<u32>> {
        self.values(count, u32::from_le_bytes)
    }

    pub(super) fn u64s(&mut self, count: u64) -> Got<Vec<u64>> {
        self.values(count, u64::from_le_bytes)
    }

    /// Values of `N` bytes. A count that is not true ends with the bytes, and room is made for
    /// what has come: as much again each time, and at first for what is not much.
    pub(super) fn values<const N: usize, T>(
        &mut self,
        count: u64,
        read: impl Fn([u8; N]) -> T,
    ) -> Got<Vec<T>> {
        let mut values = Vec::new();
        let mut left = count;
        while left > 0 {
            let now = left.min((values.len() as u64).max(FIRST / N as u64));
            values.reserve_exact(usize::try_from(now).unwrap_or(usize::MAX));
            let mut open = now;
            while open > 0 {
                let next = self.next(open)?;
                values.extend(next.iter().map(|bytes| read(*bytes)));
                open -= next.len() as u64;
            }
            left -= now;
        }
        Ok(values)
    }

    pub(in crate::world) fn text(&mut self) -> Got<String> {
        let length = self.u64()?;
        let bytes = self.values(length, |[byte]: [u8; 1]| byte)?;
        String::from_utf8(bytes).map_err(|_| SnapshotError::Damaged("a text"))
    }

    /// Reads the checksum, behind which nothing may stand.
    pub(super) fn finish(mut self) -> Got<()> {
        self.sum_up();
        let expected = self.sum.digest();
        let damaged = SnapshotError::Damaged("its checksum is another");
        if self.u64()? != expected {
            return Err(damaged);
        }
        match self.next::<1>(1) {
            Ok(_) => Err(damaged),
            Err(SnapshotError::Damaged(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
