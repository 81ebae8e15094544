//! A finding with its places looked up, apart from the sources in which it was found.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::source::{Position, Sources, Span, one_line};

/// A stretch of a file; its end is exclusive.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Place {
    /// The name that the file was given.
    pub(in crate::cli) file: String,
    pub(in crate::cli) start: Position,
    pub(in crate::cli) end: Position,
    /// The same, with columns in UTF-16 units.
    pub(super) wide: (Position, Position),
}

impl Place {
    pub(in crate::cli) fn new(sources: &Sources, span: Span) -> Self {
        let first = Position { line: 1, column: 1 };
        let Some(source) = sources.get(span.file) else {
            return Self {
                file: String::new(),
                start: first,
                end: first,
                wide: (first, first),
            };
        };
        Self {
            file: source.name().to_owned(),
            start: source.position(span.start),
            end: source.position(span.end),
            wide: (
                source.position_utf16(span.start),
                source.position_utf16(span.end),
            ),
        }
    }
}

impl Place {
    /// The beginning of a line.
    pub(in crate::cli) fn line(file: &str, line: u32) -> Self {
        let start = Position { line, column: 1 };
        Self {
            file: file.to_owned(),
            start,
            end: start,
            wide: (start, start),
        }
    }
}

/// Something that a program is to be told about a policy.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Finding {
    /// The code of a diagnostic, or what else found it.
    pub(in crate::cli) rule: &'static str,
    /// What stands above it.
    pub(in crate::cli) title: String,
    pub(in crate::cli) severity: Severity,
    pub(in crate::cli) message: String,
    pub(in crate::cli) help: Option<String>,
    pub(in crate::cli) place: Place,
    /// What stands at the place, on one line.
    pub(in crate::cli) text: String,
    pub(in crate::cli) related: Vec<(String, Place)>,
    pub(in crate::cli) fix: Option<Fix>,
}

/// Edits that mend a finding, all of them together.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Fix {
    pub(in crate::cli) title: String,
    /// What goes, and what comes.
    pub(in crate::cli) edits: Vec<(Place, String)>,
}

impl Finding {
    /// A diagnostic with its places looked up.
    pub(in crate::cli) fn new(sources: &Sources, diagnostic: &Diagnostic) -> Self {
        let related = diagnostic.related.iter();
        let related = related.map(|label| (label.text.clone(), Place::new(sources, label.span)));
        let fix = diagnostic.fix.as_ref().map(|fix| {
            let edits = fix.edits.iter();
            let edits = edits.map(|edit| (Place::new(sources, edit.span), edit.text.clone()));
            Fix {
                title: fix.title.clone(),
                edits: edits.collect(),
            }
        });
        let rule = super::rules::rule(diagnostic.code.0);
        Self {
            rule: diagnostic.code.0,
            title: match rule.name {
                Some(name) => format!("{} {name}", diagnostic.code),
                None => diagnostic.code.to_string(),
            },
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
            place: Place::new(sources, diagnostic.span()),
            text: one_line(sources.text(diagnostic.span())),
            related: related.collect(),
            fix,
        }
    }

    /// What is wrong, and what to do about it.
    pub(super) fn said(&self) -> String {
        match &self.help {
            Some(help) => format!("{}\n{help}", self.message),
            None => self.message.clone(),
        }
    }
}

/// Diagnostics of several policies as findings.
pub(in crate::cli) fn findings<'d>(
    found: impl IntoIterator<Item = &'d Diagnostics>,
) -> Vec<Finding> {
    let found = found.into_iter().flat_map(|diagnostics| {
        let sources = diagnostics.sources();
        diagnostics
            .iter()
            .map(move |diagnostic| Finding::new(sources, diagnostic))
    });
    found.collect()
}
