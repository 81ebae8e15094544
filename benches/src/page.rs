//! Tables, and the page that they stand on.

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::limits::{Limit, State, number_text};
use crate::sample::Spread;
use crate::{machine, root};

/// Text in Markdown that grows.
#[derive(Debug, Default)]
pub struct Report(String);

impl Report {
    /// A heading of the third level.
    pub fn heading(&mut self, text: &str) {
        self.line(&format!("### {text}"));
    }

    /// A paragraph.
    pub fn line(&mut self, text: &str) {
        println!("{text}\n");
        let _ = writeln!(self.0, "{text}\n");
    }

    /// A table, its columns as wide as their cells.
    pub fn table(&mut self, head: &[String], rows: &[Vec<String>]) {
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            let widths = cells
                .chain(head.get(column))
                .map(|cell| cell.chars().count());
            widths.max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..head.len()).map(width).collect();
        let mut table = String::new();
        let mut row = |cells: &[String]| {
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(table, "| {cell:width$} ");
            }
            table.push_str("|\n");
        };
        row(head);
        let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        row(&rules);
        rows.iter().for_each(|cells| row(cells));
        println!("{table}");
        self.0.push_str(&table);
        self.0.push('\n');
    }

    /// Limits, and how they came out.
    pub fn limits(&mut self, limits: &[Limit]) {
        let head = ["what", "figure", "limit", "outcome"].map(str::to_owned);
        let rows: Vec<Vec<String>> = limits.iter().map(Limit::row).collect();
        self.table(&head, &rows);
    }

    /// What the machine can do.
    pub fn machine(&mut self, clock: crate::sample::Clock) {
        self.heading("The machine");
        let (mut head, mut row) = (vec!["cores".to_owned()], vec![machine::cores().to_string()]);
        for (name, bytes) in machine::WORKING_SETS {
            head.push((*name).to_owned());
            row.push(time(machine::dependent_load(*bytes)));
        }
        self.table(&head, &[row]);
        self.line(&format!(
            "Behind the cores: what one load costs that waits for the load before, in a working set of \
             that size. Reading the clock costs {}, which is taken off of each single call.",
            time(clock.nanoseconds())
        ));
    }

    /// Puts the text between the marks of a part in `docs/performance.md`.
    ///
    /// # Errors
    ///
    /// The page cannot be read or written, or has no such marks.
    pub fn write(&self, part: &str) -> Result<(), String> {
        let path = root().join("docs/performance.md");
        let page = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let (open, close) = (format!("<!-- {part} -->"), format!("<!-- /{part} -->"));
        let missing = || format!("docs/performance.md has no {open} … {close}");
        let (before, rest) = page.split_once(&open).ok_or_else(missing)?;
        let (_, after) = rest.split_once(&close).ok_or_else(missing)?;
        let page = format!("{before}{open}\n\n{}{close}{after}", self.0);
        std::fs::write(path, page).map_err(|error| error.to_string())
    }

    /// Ends with the limits and how they came out: writes the page where it is to `write`, and fails
    /// where it is to `check` and a limit is missed.
    pub fn finish(mut self, part: &str, limits: &[Limit], write: bool, check: bool) -> ExitCode {
        self.limits(limits);
        if write && let Err(error) = self.write(part) {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
        let missed = limits.iter().any(|limit| limit.state() == State::Missed);
        if check && missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// Nanoseconds in the unit that reads best.
pub fn time(nanoseconds: f64) -> String {
    let (number, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(number))
}

/// Bytes in the unit that reads best.
pub fn bytes(bytes: f64) -> String {
    let (number, unit) = match bytes {
        n if n < 1024.0 => (n, "B"),
        n if n < 1_048_576.0 => (n / 1024.0, "KiB"),
        n if n < 1_073_741_824.0 => (n / 1_048_576.0, "MiB"),
        n => (n / 1_073_741_824.0, "GiB"),
    };
    format!("{} {unit}", three_digits(number))
}

/// How many times as much.
pub fn times(ratio: f64) -> String {
    format!(
        "{}×",
        number_text(if ratio >= 10.0 { ratio.round() } else { ratio })
    )
}

fn three_digits(number: f64) -> String {
    match number {
        n if n >= 100.0 => format!("{n:.0}"),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.2}"),
    }
}

/// Median and 99th percentile of a cell.
pub fn spread(spread: Option<Spread>) -> String {
    match spread {
        None => "–".to_owned(),
        Some(Spread { p50, p99: None, .. }) => time(p50),
        Some(Spread {
            p50,
            p99: Some(p99),
            ..
        }) => format!("{} / {}", time(p50), time(p99)),
    }
}
