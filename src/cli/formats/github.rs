//! Workflow commands, which GitHub shows at the lines of a change.

use std::io::{self, Write};

use super::finding::Finding;
use super::relative;
use crate::diagnostic::Severity;

/// Writes a command for each finding, a line each.
pub(in crate::cli) fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    for finding in findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let file = property(&relative(&finding.place.file));
        let (start, end) = (finding.place.start, finding.place.end);
        write!(
            out,
            "::{command} file={file},line={},col={}",
            start.line, start.column
        )?;
        // A column is left out by GitHub where the end is on another line.
        if end.line == start.line {
            write!(out, ",endLine={},endColumn={}", end.line, end.column)?;
        }
        let (title, said) = (property(&finding.title), message(&finding.said()));
        writeln!(out, ",title={title}::{said}")?;
    }
    out.flush()
}

/// The text of a command.
fn message(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_github_is_escaped() {
        assert_eq!(message("100%: a,\r\nb"), "100%25: a,%0D%0Ab");
        assert_eq!(property("100%: a,\nb"), "100%25%3A a%2C%0Ab");
    }
}
