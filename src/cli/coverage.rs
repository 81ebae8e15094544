//! What tests cover: as text, as JSON, for other tools (LCOV), and as a page.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use crate::coverage::{Covered, measure, merged};
use crate::markup::html;
use crate::policy::Policy;

/// What was measured of some policies.
#[derive(Default)]
pub(super) struct Coverage {
    all: Vec<Covered>,
    /// The files that were measured, with their texts.
    texts: BTreeMap<String, String>,
}

/// How many directions are covered, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    covered: usize,
    of: usize,
}

impl Part {
    fn count<'c>(all: impl IntoIterator<Item = &'c Covered>) -> Self {
        let directions = all.into_iter().map(Covered::directions);
        directions.fold(Self::default(), |sum, (of, covered)| Self {
            covered: sum.covered + covered,
            of: sum.of + of,
        })
    }

    /// In percent with one digit behind the point, cut off: 100 is all of it.
    fn percent(self) -> f64 {
        let tenths = (self.covered * 1000).checked_div(self.of);
        let tenths = u32::try_from(tenths.unwrap_or(1000)).unwrap_or(1000);
        f64::from(tenths) / 10.0
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { covered, of } = self;
        write!(f, "{:.1}% ({covered} of {of})", self.percent())
    }
}

#[derive(Serialize)]
pub(super) struct JsonCoverage {
    percent: f64,
    covered: usize,
    of: usize,
    files: Vec<JsonFile>,
}

#[derive(Serialize)]
struct JsonFile {
    file: String,
    percent: f64,
    covered: usize,
    of: usize,
    clauses: Vec<JsonClause>,
}

#[derive(Serialize)]
struct JsonClause {
    kind: &'static str,
    line: u32,
    column: u32,
    text: String,
    granted: Option<usize>,
    refused: Option<usize>,
}

impl Coverage {
    /// Measures one policy, by those of its tests whose names are wanted.
    pub(super) fn add(&mut self, policy: &Policy, wanted: impl Fn(&str) -> bool) {
        let all = std::mem::take(&mut self.all);
        self.all = merged(all.into_iter().chain(measure(policy, wanted)));
        for (_, source) in policy.sources().iter() {
            let text = source.text().to_owned();
            self.texts.insert(source.name().to_owned(), text);
        }
    }

    pub(super) fn total(&self) -> Part {
        Part::count(&self.all)
    }

    /// Whether this much is covered, in percent.
    pub(super) fn is_enough(&self, min: f64) -> bool {
        let Part { covered, of } = self.total();
        let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        exact(covered) * 100.0 >= min * exact(of)
    }

    /// What was measured, file by file.
    fn files(&self) -> impl Iterator<Item = (&str, &[Covered])> {
        let files = self.all.chunk_by(|a, b| a.file == b.file);
        files.filter_map(|of_one| Some((of_one.first()?.file.as_str(), of_one)))
    }

    pub(super) fn text(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "coverage: {}", self.total())?;
        for (file, all) in self.files() {
            writeln!(out, "  {file}: {}", Part::count(all))?;
            for covered in all {
                let missing: Vec<&str> = covered.missing().collect();
                if !missing.is_empty() {
                    let Covered { line, text, .. } = covered;
                    writeln!(
                        out,
                        "    {file}:{line}: `{text}` never {}",
                        missing.join(", never ")
                    )?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn json(&self) -> JsonCoverage {
        let files = self.files().map(|(file, all)| {
            let part = Part::count(all);
            let clauses = all.iter().map(|covered| JsonClause {
                kind: covered.kind,
                line: covered.line,
                column: covered.column,
                text: covered.text.clone(),
                granted: covered.granted,
                refused: covered.refused,
            });
            JsonFile {
                file: file.to_owned(),
                percent: part.percent(),
                covered: part.covered,
                of: part.of,
                clauses: clauses.collect(),
            }
        });
        let total = self.total();
        JsonCoverage {
            percent: total.percent(),
            covered: total.covered,
            of: total.of,
            files: files.collect(),
        }
    }

    /// Lines with parts as lines, and the directions of each part as branches.
    pub(super) fn lcov(&self, out: &mut dyn Write) -> io::Result<()> {
        for (file, all) in self.files() {
            writeln!(out, "TN:\nSF:{file}")?;
            let mut lines: Vec<(u32, usize)> = Vec::new();
            for of_line in all.chunk_by(|a, b| a.line == b.line) {
                let mut hits = 0;
                for (block, covered) in of_line.iter().enumerate() {
                    let line = covered.line;
                    for (branch, count) in [covered.granted, covered.refused].iter().enumerate() {
                        if let Some(count) = count {
                            writeln!(out, "BRDA:{line},{block},{branch},{count}")?;
                            hits += count;
                        }
                    }
                }
                lines.extend(of_line.first().map(|covered| (covered.line, hits)));
            }
            let part = Part::count(all);
            writeln!(out, "BRF:{}\nBRH:{}", part.of, part.covered)?;
            for (line, hits) in &lines {
                writeln!(out, "DA:{line},{hits}")?;
            }
            let hit = lines.iter().filter(|(_, hits)| *hits > 0).count();
            writeln!(out, "LF:{}\nLH:{hit}\nend_of_record", lines.len())?;
        }
        Ok(())
    }

    /// One page with all lines of all files; needs nothing beside itself.
    pub(super) fn html(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{HEAD}")?;
        writeln!(out, "<h1>Coverage {}</h1>", self.total())?;
        writeln!(out, "<ul>")?;
        for (index, (file, all)) in self.files().enumerate() {
            let (file, part) = (html(file), Part::count(all));
            writeln!(out, "<li><a href=\"#f{index}\">{file}</a> {part}</li>")?;
        }
        writeln!(out, "</ul>")?;
        for (index, (file, all)) in self.files().enumerate() {
            let (name, part) = (html(file), Part::count(all));
            writeln!(out, "<h2 id=\"f{index}\">{name} {part}</h2>\n<table>")?;
            let text = self.texts.get(file).map_or("", String::as_str);
            for (number, line) in (1_u32..).zip(text.lines()) {
                let here: Vec<&Covered> = all.iter().filter(|of| of.line == number).collect();
                let (class, note) = note(&here);
                let line = html(line);
                writeln!(
                    out,
                    "<tr class=\"{class}\"><td>{number}</td><td><code>{line}</code></td><td>{note}</td></tr>"
                )?;
            }
            writeln!(out, "</table>")?;
        }
        writeln!(out, "</body></html>")
    }
}

/// How a line is shown, and what is said beside it.
fn note(here: &[&Covered]) -> (&'static str, String) {
    let part = Part::count(here.iter().copied());
    let class = match part.covered {
        _ if part.of == 0 => "plain",
        0 => "none",
        some if some < part.of => "some",
        _ => "all",
    };
    let missing = here.iter().filter_map(|covered| {
        let missing: Vec<&str> = covered.missing().collect();
        let never = format!("{} never {}", covered.kind, missing.join(", never "));
        (!missing.is_empty()).then_some(never)
    });
    (class, missing.collect::<Vec<_>>().join("; "))
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Coverage</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td { padding: 0 .6rem; vertical-align: top; border-left: 4px solid transparent; }
td:first-child { text-align: right; opacity: .6; font-variant-numeric: tabular-nums; }
td:last-child { font-size: .85rem; }
code { white-space: pre-wrap; }
.all td:nth-child(2) { border-color: #2a9d4a; background: #2a9d4a1a; }
.some td:nth-child(2) { border-color: #c98a00; background: #c98a0026; }
.none td:nth-child(2) { border-color: #d03b3b; background: #d03b3b26; }
</style></head><body>"#;
