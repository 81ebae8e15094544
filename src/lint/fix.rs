//! Fixes, put into the text.

use std::collections::BTreeMap;

use super::{Finding, Fix};
use crate::source::{FileId, Sources, Span};

/// The fixes of findings: the safe ones, or with `unsafe_too` all. One that touches what another has
/// taken before it waits for the next round.
pub fn chosen(findings: &[Finding], unsafe_too: bool) -> Vec<&Fix> {
    let mut taken: Vec<Span> = Vec::new();
    let mut kept = Vec::new();
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let meets = |span: &Span| {
            taken.iter().any(|other| {
                other.file == span.file && other.start <= span.end && span.start <= other.end
            })
        };
        let free = !fix.edits.iter().any(|(span, _)| meets(span));
        if (fix.safe || unsafe_too) && free {
            taken.extend(fix.edits.iter().map(|(span, _)| *span));
            kept.push(fix);
        }
    }
    kept
}

/// The new texts of the files that fixes touch; [`chosen`] fixes do not meet.
pub fn apply(sources: &Sources, fixes: &[&Fix]) -> BTreeMap<FileId, String> {
    let mut edits: Vec<&(Span, String)> = fixes.iter().flat_map(|fix| &fix.edits).collect();
    // From the back, so that what stands before keeps its place.
    edits.sort_by_key(|(span, _)| std::cmp::Reverse((span.file, span.start, span.end)));
    let mut texts: BTreeMap<FileId, String> = BTreeMap::new();
    for (span, new) in edits {
        let Some(source) = sources.get(span.file) else {
            continue;
        };
        let text = texts
            .entry(span.file)
            .or_insert_with(|| source.text().to_owned());
        let range = span.start as usize..span.end as usize;
        if text.get(range.clone()).is_some() {
            text.replace_range(range, new);
        }
    }
    texts
}
