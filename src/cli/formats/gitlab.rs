//! GitLab's code quality report.

use std::io::{self, Write};

use serde::Serialize;

use super::finding::Finding;
use super::{fingerprints, relative};
use crate::cli::write_json;
use crate::diagnostic::Severity;

#[derive(Serialize)]
struct Issue<'f> {
    description: String,
    check_name: &'f str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes one list.
pub(in crate::cli) fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let issues = findings.iter().zip(fingerprints(findings));
    let issues = issues.map(|(finding, fingerprint)| Issue {
        description: match &finding.help {
            Some(help) => format!("{} ({help})", finding.message),
            None => finding.message.clone(),
        },
        check_name: finding.rule,
        fingerprint,
        severity: match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        },
        location: Location {
            path: relative(&finding.place.file),
            lines: Lines {
                begin: finding.place.start.line,
                end: finding.place.end.line,
            },
        },
    });
    write_json(out, &issues.collect::<Vec<_>>())
}
