//! How far a long load has come, on a terminal.

use std::io::{self, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

/// What is done sooner tells nothing.
const LONG: Duration = Duration::from_secs(1);

/// How often it tells.
const STEP: Duration = Duration::from_millis(250);

/// Passes on what it reads, and tells how many lines that were. Only a terminal is told, and nothing
/// of it stays there.
pub(super) struct Meter<R> {
    reader: R,
    name: String,
    /// How many bytes there are in all, where that is known.
    length: Option<u64>,
    bytes: u64,
    lines: u64,
    begun: Instant,
    told: Option<Instant>,
    silent: bool,
}

impl<R: Read> Meter<R> {
    pub(super) fn new(reader: R, name: &str, length: Option<u64>) -> Self {
        Self {
            reader,
            name: name.to_owned(),
            length: length.filter(|length| *length > 0),
            bytes: 0,
            lines: 0,
            begun: Instant::now(),
            told: None,
            silent: !io::stderr().is_terminal(),
        }
    }

    fn tell(&mut self) {
        let spent = self.begun.elapsed();
        if spent < LONG || self.told.is_some_and(|told| told.elapsed() < STEP) {
            return;
        }
        self.told = Some(Instant::now());
        let rate = self.lines as f64 / spent.as_secs_f64();
        let part = self.length.map(|length| self.bytes * 100 / length);
        let part = part.map_or_else(String::new, |part| format!(", {}%", part.min(100)));
        let (lines, rate) = (short(self.lines as f64), short(rate));
        let text = format!(
            "reading {}: {lines} facts{part}, {rate} a second",
            self.name
        );
        // Whether it can be told changes nothing.
        let _ = write!(io::stderr(), "\r{text}\x1b[K");
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        if !self.silent {
            let new = buffer.get(..read).unwrap_or(&[]);
            self.bytes += read as u64;
            self.lines += new.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.tell();
        }
        Ok(read)
    }
}

impl<R> Drop for Meter<R> {
    fn drop(&mut self) {
        if self.told.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A number in three digits: `1.24M`.
fn short(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{:.2}M", n / 1e6),
        n if n >= 1e3 => format!("{:.0}k", n / 1e3),
        n => format!("{n:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(999.0), "999");
        assert_eq!(short(12_345.0), "12k");
        assert_eq!(short(1_239_000.0), "1.24M");
    }
}
