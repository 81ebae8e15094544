//! What a rule finds.

use super::{Level, Rule};
use crate::diagnostic::{Code, Diagnostic, Label, Severity};
use crate::source::Span;

/// Something that a rule has found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule.
    pub rule: &'static Rule,
    /// What is to become of it.
    pub level: Level,
    /// What is wrong, where, and what to do.
    pub diagnostic: Diagnostic,
    /// How to mend it.
    pub fix: Option<Fix>,
}

/// Edits that mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Whether the policy means the same afterwards.
    pub safe: bool,
    /// What it does, in a few words: "remove the role".
    pub title: String,
    /// Stretches, and what is to stand there.
    pub edits: Vec<(Span, String)>,
}

impl Finding {
    pub(super) fn new(rule: &'static Rule, span: Span, message: String) -> Self {
        Self {
            rule,
            level: rule.level,
            diagnostic: Diagnostic {
                code: Code(rule.code),
                severity: Severity::Warning,
                message,
                label: Label {
                    span,
                    text: String::new(),
                },
                related: Vec::new(),
                help: None,
            },
            fix: None,
        }
    }

    pub(super) fn set_level(&mut self, level: Level) {
        self.level = level;
        self.diagnostic.severity = match level {
            Level::Deny => Severity::Error,
            Level::Allow | Level::Warn => Severity::Warning,
        };
    }

    /// What to do about it.
    pub(crate) fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.diagnostic.help = Some(text.into());
        self
    }

    /// Another place that belongs to it.
    pub(crate) fn also(&mut self, span: Span, text: impl Into<String>) -> &mut Self {
        self.diagnostic.related.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// A fix after which the policy means the same.
    pub(crate) fn safe_fix(
        &mut self,
        title: impl Into<String>,
        edits: Vec<(Span, String)>,
    ) -> &mut Self {
        self.fix = Some(Fix {
            safe: true,
            title: title.into(),
            edits,
        });
        self
    }

    /// A fix that changes what the policy means, on purpose.
    pub(crate) fn unsafe_fix(
        &mut self,
        title: impl Into<String>,
        edits: Vec<(Span, String)>,
    ) -> &mut Self {
        self.safe_fix(title, edits);
        if let Some(fix) = &mut self.fix {
            fix.safe = false;
        }
        self
    }
}

/// What one rule has found so far.
pub(crate) struct Findings {
    rule: &'static Rule,
    pub(super) all: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            all: Vec::new(),
        }
    }

    /// Tells something about a place.
    ///
    /// The message is one line in lower case, names in backticks, without a full stop.
    pub(crate) fn add(&mut self, span: Span, message: impl Into<String>) -> &mut Finding {
        let at = self.all.len();
        self.all.push(Finding::new(self.rule, span, message.into()));
        #[allow(clippy::indexing_slicing, reason = "pushed on the line before")]
        &mut self.all[at]
    }
}
