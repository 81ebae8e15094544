//! Numbers and texts as bytes, the lowest first, and the checksum over them.

use std::io::{self, BufReader, Read, Write};

use xxhash_rust::xxh3::Xxh3;

use super::SnapshotError;

/// How many bytes are read at once, and how much room is made before anything was read.
const CHUNK: usize = 1 << 16;

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
    reader: BufReader<R>,
    sum: Xxh3,
    buffer: Vec<u8>,
}

type Got<T> = Result<T, SnapshotError>;

impl<R: Read> Input<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader: BufReader::with_capacity(CHUNK, reader),
            sum: Xxh3::new(),
            buffer: vec![0; CHUNK],
        }
    }

    /// Reads `count` values of `N` bytes each.
    fn each<const N: usize>(&mut self, count: u64, mut act: impl FnMut([u8; N])) -> Got<()> {
        let mut left = count;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK / N);
            let bytes = self.buffer.get_mut(..now * N).unwrap_or_default();
            self.reader.read_exact(bytes)?;
            self.sum.update(bytes);
            let (values, _) = bytes.as_chunks::<N>();
            values.iter().for_each(|value| act(*value));
            left -= now as u64;
        }
        Ok(())
    }

    fn one<const N: usize>(&mut self) -> Got<[u8; N]> {
        let mut one = [0; N];
        self.each(1, |value| one = value)?;
        Ok(one)
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

    pub(super) fn pairs(&mut self, count: u64) -> Got<Vec<(u32, u32)>> {
        self.values(count, |bytes: [u8; 8]| {
            let both = u64::from_le_bytes(bytes);
            (both as u32, (both >> 32) as u32)
        })
    }

    /// Values of `N` bytes. A count that is not true ends with the bytes, and room is made for
    /// what has come.
    pub(super) fn values<const N: usize, T>(
        &mut self,
        count: u64,
        read: impl Fn([u8; N]) -> T,
    ) -> Got<Vec<T>> {
        let mut values = Vec::new();
        let mut left = count;
        while left > 0 {
            let now = left.min((values.len() as u64).max(1 << 20));
            values.reserve_exact(usize::try_from(now).unwrap_or(usize::MAX));
            self.each(now, |bytes| values.push(read(bytes)))?;
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
        let expected = self.sum.digest();
        let damaged = SnapshotError::Damaged("its checksum is another");
        if self.u64()? != expected {
            return Err(damaged);
        }
        let more = self
            .reader
            .read(self.buffer.get_mut(..1).unwrap_or_default())?;
        if more == 0 { Ok(()) } else { Err(damaged) }
    }
}
