//! What a policy had when lint was adopted: told no more.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Found;
use crate::cli::Stop;
use crate::lint::Finding;
use crate::source::{Sources, one_line};

/// Findings by rule, file and text: they may move within their file.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: u32,
    findings: Vec<Entry>,
}

#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
struct Entry {
    file: String,
    rule: String,
    /// The line at the place.
    text: String,
    count: usize,
}

type Known = BTreeMap<(String, String, String), usize>;

fn key(sources: &Sources, finding: &Finding) -> (String, String, String) {
    let span = finding.diagnostic.span();
    let (file, _) = sources.locate(span);
    let text = sources.get(span.file).map_or("", |source| source.text());
    let at = span.start as usize;
    let before = text.get(..at).unwrap_or("");
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let rest = text.get(start..).unwrap_or("");
    let line = one_line(rest.lines().next().unwrap_or(""));
    (file.to_owned(), finding.rule.name.to_owned(), line)
}

impl Baseline {
    pub(super) fn of(found: &Found) -> Self {
        let mut known = Known::new();
        for (sources, finding) in found.all() {
            *known.entry(key(sources, finding)).or_insert(0) += 1;
        }
        let findings = known.into_iter();
        Self {
            version: 1,
            findings: findings
                .map(|((file, rule, text), count)| Entry {
                    file,
                    rule,
                    text,
                    count,
                })
                .collect(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self, Stop> {
        let name = path.display();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Stop::Input(format!("cannot read `{name}`: {error}")))?;
        let wrong = |why: &dyn std::fmt::Display| {
            Stop::Input(format!(
                "`{name}` is no baseline: {why}\n  help: `--write-baseline` writes one"
            ))
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        if read.version == 1 {
            Ok(read)
        } else {
            Err(wrong(&"another version of ward wrote it"))
        }
    }

    /// Writes it, and tells how many findings it has.
    pub(super) fn write(&self, path: &Path) -> Result<usize, Stop> {
        let mut text = serde_json::to_string_pretty(self).map_err(std::io::Error::from)?;
        text.push('\n');
        std::fs::write(path, text)
            .map_err(|error| Stop::Input(format!("cannot write `{}`: {error}", path.display())))?;
        Ok(self.findings.iter().map(|entry| entry.count).sum())
    }

    /// Takes out what it has.
    pub(super) fn subtract(self, found: &mut Found) {
        let entries = self.findings.into_iter();
        let mut left: Known = entries
            .map(|entry| ((entry.file, entry.rule, entry.text), entry.count))
            .collect();
        for report in &mut found.reports {
            let sources = &report.sources;
            report.findings.retain(|finding| {
                match left
                    .get_mut(&key(sources, finding))
                    .filter(|left| **left > 0)
                {
                    Some(left) => {
                        *left -= 1;
                        false
                    }
                    None => true,
                }
            });
        }
    }
}
