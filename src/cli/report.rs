//! Diagnostics on a terminal, in a pipe, and as JSON.

use std::fmt;
use std::io::{BufWriter, IsTerminal, Write};

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use serde::Serialize;

use super::excerpt::{Excerpt, Excerpts};
use super::formats::finding::{Finding, Place};
use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity};
use crate::eval::QueryError;
use crate::source::{Sources, Span};
use crate::world::Refusal;

/// Our diagnostic in miette's shape, one source each.
struct Shown<'d> {
    diagnostic: &'d Diagnostic,
    source: Excerpt<'d>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl miette::Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code))
    }
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

fn labeled(span: Span, text: &str, primary: bool) -> LabeledSpan {
    let text = (!text.is_empty()).then(|| text.to_owned());
    let start = span.start as usize;
    let length = (span.end.saturating_sub(span.start)) as usize;
    if primary {
        LabeledSpan::new_primary_with_span(text, (start, length))
    } else {
        LabeledSpan::new_with_span(text, (start, length))
    }
}

impl<'d> Shown<'d> {
    fn new(sources: &Sources, diagnostic: &'d Diagnostic, source: Excerpt<'d>) -> Self {
        let Label { span, text } = &diagnostic.label;
        let mut labels = vec![labeled(*span, text, true)];
        let mut notes = Vec::new();
        for related in &diagnostic.related {
            if related.span.file == span.file {
                labels.push(labeled(related.span, &related.text, false));
            } else {
                let (file, at) = sources.locate(related.span);
                notes.push(format!("{} ({file}:{at})", related.text));
            }
        }
        let help = diagnostic.help.iter().cloned().chain(notes);
        let help: Vec<String> = help.collect();
        Self {
            diagnostic,
            source,
            labels,
            help: (!help.is_empty()).then(|| help.join("\n")),
        }
    }
}

/// How wide what is read by people may be: as wide as where it is read, and not wider than is read well.
fn width() -> usize {
    let told = std::env::var("COLUMNS").ok();
    let told = told.and_then(|columns| columns.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    told.or_else(terminal).unwrap_or(100).clamp(20, 100)
}

fn handler(fancy: bool) -> GraphicalReportHandler {
    let theme = if fancy {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::none()
    };
    GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(width())
}

/// Diagnostics as people see them.
pub(super) fn render(diagnostics: &Diagnostics, fancy: bool) -> String {
    let handler = handler(fancy);
    let sources = diagnostics.sources();
    let mut excerpts = Excerpts::new(sources);
    let mut text = String::new();
    for diagnostic in diagnostics.iter() {
        let source = excerpts.of(diagnostic.span().file);
        let shown = Shown::new(sources, diagnostic, source);
        if handler.render_report(&mut text, &shown).is_err() {
            text.push_str(&diagnostic.message);
        }
    }
    text
}

/// Writes diagnostics where a command's answer goes.
pub(super) fn diagnostics_to(
    out: &mut dyn Write,
    diagnostics: &Diagnostics,
) -> std::io::Result<()> {
    let fancy = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    write!(out, "{}", render(diagnostics, fancy))
}

/// Tells diagnostics on standard error.
pub(super) fn diagnostics(diagnostics: &Diagnostics) {
    let fancy = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let _ = write!(anstream::stderr(), "{}", render(diagnostics, fancy));
}

/// Tells facts that do not fit, and so nothing was done: `answered`, `changed`.
pub(super) fn refusals(refused: &[Refusal], done: &str) {
    let mut err = BufWriter::new(anstream::stderr());
    for refusal in refused {
        let place = refusal
            .place
            .as_ref()
            .map_or_else(String::new, |place| format!("{place}: "));
        let code = refusal.reason.code();
        let _ = writeln!(err, "{place}error[{code}]: {}", refusal.reason);
        let fact: String = refusal.fact.chars().take(120).collect();
        let _ = writeln!(err, "  fact: {fact}");
        let _ = writeln!(err, "  help: {}", refusal.reason.help());
    }
    let count = refused.len();
    let _ = writeln!(
        err,
        "{count} {} refused, so nothing was {done}",
        if count == 1 { "fact was" } else { "facts were" }
    );
}

/// Tells a question that cannot be asked.
pub(super) fn question(error: &QueryError) {
    coded(error.code(), error.message(), error.help());
}

/// Tells an error that has a code, and no place.
pub(super) fn coded(code: &str, message: &str, help: &str) {
    let mut err = anstream::stderr();
    let _ = writeln!(err, "error[{code}]: {message}");
    let _ = writeln!(err, "  help: {help}");
}

/// Tells an error that has no place.
pub(super) fn plain(message: &str) {
    let _ = writeln!(anstream::stderr(), "error: {message}");
}

/// Tells something beside the findings.
pub(super) fn note(message: &str) {
    let _ = writeln!(anstream::stderr(), "note: {message}");
}

/// A finding in JSON; lines and columns count from 1, columns in characters, and the end is exclusive.
#[derive(Serialize)]
pub(super) struct JsonDiagnostic {
    code: &'static str,
    severity: String,
    message: String,
    #[serde(flatten)]
    place: JsonPlace,
    help: Option<String>,
    related: Vec<JsonRelated>,
    fix: Option<JsonFix>,
}

#[derive(Serialize)]
struct JsonPlace {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
}

impl From<&Place> for JsonPlace {
    fn from(place: &Place) -> Self {
        Self {
            file: place.file.clone(),
            line: place.start.line,
            column: place.start.column,
            end_line: place.end.line,
            end_column: place.end.column,
        }
    }
}

#[derive(Serialize)]
struct JsonRelated {
    message: String,
    file: String,
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct JsonFix {
    title: String,
    edits: Vec<JsonEdit>,
}

#[derive(Serialize)]
struct JsonEdit {
    #[serde(flatten)]
    place: JsonPlace,
    text: String,
}

/// Findings in JSON.
pub(super) fn json(findings: &[Finding]) -> Vec<JsonDiagnostic> {
    let shown = findings.iter().map(|finding| JsonDiagnostic {
        code: finding.rule,
        severity: finding.severity.to_string(),
        message: finding.message.clone(),
        place: JsonPlace::from(&finding.place),
        help: finding.help.clone(),
        related: finding
            .related
            .iter()
            .map(|(message, place)| JsonRelated {
                message: message.clone(),
                file: place.file.clone(),
                line: place.start.line,
                column: place.start.column,
            })
            .collect(),
        fix: finding.fix.as_ref().map(|fix| JsonFix {
            title: fix.title.clone(),
            edits: fix
                .edits
                .iter()
                .map(|(place, text)| JsonEdit {
                    place: JsonPlace::from(place),
                    text: text.clone(),
                })
                .collect(),
        }),
    });
    shown.collect()
}
