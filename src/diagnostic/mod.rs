//! What is wrong with a policy, said so that its author can mend it.
//!
//! A [`Diagnostic`] has a stable code, a span, a message and a line of help. There is one
//! constructor for each code, in the files beside this one, by the stage that finds it:
//!
//! | codes | found by | constructors |
//! |---|---|---|
//! | `E01…` | lexer and parser | `syntax.rs` |
//! | `E02…` | names | `names.rs` |
//! | `E03…` | types of conditions | `types.rs` |
//! | `E04…` | roles, permissions, shares, rules | `model.rs` |
//! | `E05…` | facts and tests | `facts.rs` |

pub(crate) mod facts;
pub(crate) mod model;
pub(crate) mod names;
pub(crate) mod syntax;
pub(crate) mod types;

use std::fmt;

use crate::source::{Sources, Span};

/// A stable code: `E0103`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub &'static str);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The policy does not compile.
    Error,
    /// The policy compiles and most likely does not mean what it says.
    Warning,
    /// Nothing is wrong; it could be said better.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

/// A place and what is to be said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// A few words, or nothing.
    pub text: String,
}

/// A stretch of a file and what is to stand there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes; empty where something is only put in.
    pub span: Span,
    /// What comes.
    pub text: String,
}

/// Edits that mend a finding, all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What they do, in a few words.
    pub title: String,
    /// The edits; no two of them overlap.
    pub edits: Vec<Edit>,
}

/// One finding about a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The place, and what to say at it.
    pub label: Label,
    /// Other places that belong to it.
    pub related: Vec<Label>,
    /// What to do about it.
    pub help: Option<String>,
    /// What would mend it, where that is certain.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    pub(crate) fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            severity: Severity::Error,
            message: message.into(),
            label: Label {
                span,
                text: String::new(),
            },
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    pub(crate) fn here(mut self, text: impl Into<String>) -> Self {
        self.label.text = text.into();
        self
    }

    pub(crate) fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// `did you mean …?` where a near name is known, else what else to do.
    pub(crate) fn suggest(self, near: Option<&str>, otherwise: impl Into<String>) -> Self {
        match near {
            Some(near) => self.help(format!("did you mean `{near}`?")),
            None => self.help(otherwise),
        }
    }

    pub(crate) fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// One edit that mends it.
    pub(crate) fn edit(
        mut self,
        title: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Self {
        let text = text.into();
        self.fix = Some(Fix {
            title: title.into(),
            edits: vec![Edit { span, text }],
        });
        self
    }

    /// The place at which it begins.
    pub fn span(&self) -> Span {
        self.label.span
    }
}

/// Everything that is wrong with a policy, in the order of the files and of the places in them.
///
/// It carries the sources, so that it can be shown alone.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Sources,
    all: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Sorts the findings by place and leaves out what is said twice.
    pub fn new(sources: Sources, mut all: Vec<Diagnostic>) -> Self {
        all.sort_by(|a, b| (a.span(), a.code, &a.message).cmp(&(b.span(), b.code, &b.message)));
        // Of several mistakes at one place the first tells: the others most often follow from it.
        all.dedup_by_key(|diagnostic| diagnostic.span());
        Self { sources, all }
    }

    /// Keeps all of them, as they are: several rules may have something to say of one place.
    pub fn all(sources: Sources, all: Vec<Diagnostic>) -> Self {
        Self { sources, all }
    }

    /// The files that the findings point into.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.all.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// One line each: `file:line:column: error[E0103]: message (help)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.all.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let (file, position) = self.sources.locate(diagnostic.span());
            write!(
                f,
                "{file}:{position}: {}[{}]: {}",
                diagnostic.severity, diagnostic.code, diagnostic.message
            )?;
            if let Some(help) = &diagnostic.help {
                write!(f, " ({help})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// `` `a`, `b` and 3 more ``: at most `limit` names.
pub(crate) fn listed<S: AsRef<str>>(names: &[S], limit: usize) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(limit)
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    match names.len().saturating_sub(limit) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
