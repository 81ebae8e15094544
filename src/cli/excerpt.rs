//! The lines around a span, for the renderer of diagnostics.
//!
//! The renderer's own reader begins at the top of the file each time, so that many findings in a long
//! file would take time that grows with both. This one knows where lines begin, and reads from a few
//! lines before the span.

use std::collections::HashMap;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use crate::source::{FileId, Source, Sources};

/// The files of some diagnostics, made ready to be read anywhere.
pub(super) struct Excerpts<'s> {
    sources: &'s Sources,
    files: HashMap<FileId, Vec<usize>>,
}

impl<'s> Excerpts<'s> {
    pub(super) fn new(sources: &'s Sources) -> Self {
        Self {
            sources,
            files: HashMap::new(),
        }
    }

    /// One file of them; a file that is not there is empty.
    pub(super) fn of(&mut self, file: FileId) -> Excerpt<'_> {
        let source = self.sources.get(file);
        let text = source.map_or("", Source::text);
        let line_starts = self.files.entry(file).or_insert_with(|| line_starts(text));
        Excerpt {
            name: source.map_or("", Source::name),
            text,
            line_starts,
        }
    }
}

/// Where lines begin for the renderer: behind `\n`, `\r\n`, and `\r` alone.
fn line_starts(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        })
        .map(|(at, _)| at + 1);
    std::iter::once(0).chain(ends).collect()
}

/// One file, as the renderer reads it.
pub(super) struct Excerpt<'s> {
    name: &'s str,
    text: &'s str,
    line_starts: &'s [usize],
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        if span.offset() > self.text.len() {
            return Err(MietteError::OutOfBounds);
        }
        let line = self
            .line_starts
            .partition_point(|start| *start <= span.offset());
        // A line more than is shown, so that what is cut off never touches the span.
        let skipped = line.saturating_sub(lines_before + 3);
        let cut = self.line_starts.get(skipped).copied().unwrap_or(0);
        let rest = self.text.get(cut..).ok_or(MietteError::OutOfBounds)?;
        let within = SourceSpan::from((span.offset() - cut, span.len()));
        let read = rest.read_span(&within, lines_before, lines_after)?;
        let shown = SourceSpan::from((read.span().offset() + cut, read.span().len()));
        let end = (read.span().offset() + read.span().len()).min(rest.len());
        let data = rest
            .as_bytes()
            .get(read.span().offset()..end)
            .ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_owned(),
            data,
            shown,
            read.line() + skipped,
            read.column(),
            read.line_count() + skipped,
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_whole_text_would_give() {
        let text = "a\nbb\r\nccc\rdddd\n\n\nü…\r\n\r\r\nlast line\nno end";
        let sources = Sources::new().with("a", text);
        let mut excerpts = Excerpts::new(&sources);
        let excerpt = excerpts.of(FileId(0));
        let contents = |read: Result<Box<dyn SpanContents<'_> + '_>, MietteError>| {
            read.ok().map(|read| {
                let data = read.data().to_vec();
                (
                    data,
                    *read.span(),
                    read.line(),
                    read.column(),
                    read.line_count(),
                )
            })
        };
        for start in 0..=text.len() {
            for length in 0..=text.len() - start {
                for (before, after) in [(0, 0), (1, 1), (2, 1), (0, 3)] {
                    let span = SourceSpan::from((start, length));
                    assert_eq!(
                        contents(excerpt.read_span(&span, before, after)),
                        contents(text.read_span(&span, before, after)),
                        "{span:?} {before} {after}"
                    );
                }
            }
        }
    }
}
