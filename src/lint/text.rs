//! The text itself, for rules about signs in it: comments, texts in quotes, and ids.

use super::Subject;
use crate::source::{FileId, Span};

/// A line with signs that are not plain letters.
pub(crate) struct Line<'s> {
    file: FileId,
    start: usize,
    /// What stands on it, without its end.
    pub(crate) text: &'s str,
    /// Whether it is the first of its file.
    pub(crate) begins_file: bool,
}

impl Line<'_> {
    /// A stretch of it, in bytes.
    pub(crate) fn span(&self, at: usize, length: usize) -> Span {
        let offset = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let start = self.start + at;
        Span::new(self.file, offset(start), offset(start + length))
    }
}

/// The lines of the policy and of the world that have other signs than ASCII.
pub(crate) fn lines<'s>(subject: &'s Subject<'_>) -> Vec<Line<'s>> {
    let mut found = Vec::new();
    for (file, source) in subject.sources.iter() {
        if source.text().is_ascii() {
            continue;
        }
        let mut start = 0;
        for text in source.text().split_inclusive('\n') {
            if !text.is_ascii() {
                found.push(Line {
                    file,
                    start,
                    text: text.trim_end_matches(['\n', '\r']),
                    begins_file: start == 0,
                });
            }
            start += text.len();
        }
    }
    found
}
