//! Columns of lines that stand together and say the same kind of thing.
//!
//! An empty line ends a table, and so does a line of another kind; comments between do not. A line
//! that would put too many spaces into the others, or make them too long, begins a table of its own.

use std::ops::Range;

use super::write::Line;

/// No line of a table becomes longer.
const LONGEST: usize = 120;

/// The most spaces that a column puts into a line.
const MOST: usize = 16;

/// The most spaces between a line and a comment behind it.
const MOST_BEFORE_COMMENT: usize = 40;

pub(super) fn align(lines: &mut [Line<'_>]) {
    let mut rows: Vec<usize> = Vec::new();
    for index in 0..=lines.len() {
        let before = rows.last().and_then(|row| lines.get(*row));
        let line = lines.get(index);
        let row = line.is_some_and(|line| !line.anchors.is_empty());
        let ends = line.is_none_or(|line| {
            let elsewhere = before.is_some_and(|before| before.indent != line.indent);
            line.blank || (!line.only_comment && (!row || elsewhere))
        });
        if ends {
            columns(lines, &rows, 0, 0);
            rows.clear();
        }
        if row {
            rows.push(index);
        }
    }
    comments(lines);
}

/// Aligns the columns of some lines from one column on; up to there they are, and so long.
fn columns(lines: &mut [Line<'_>], rows: &[usize], column: usize, before: usize) {
    let key = |row: &usize| {
        let anchor = lines.get(*row)?.anchors.get(column)?;
        Some(anchor.key)
    };
    let mut tables: Vec<&[usize]> = Vec::new();
    for same in rows.chunk_by(|a, b| key(a).is_some() && key(a) == key(b)) {
        if same.first().and_then(key).is_some() {
            let sizes: Vec<(usize, usize)> = same
                .iter()
                .map(|row| sizes(lines.get(*row), column, before))
                .collect();
            tables.extend(cut(&sizes, MOST).filter_map(|range| same.get(range)));
        }
    }
    for table in tables {
        let size = |lines: &[Line<'_>], row: &usize| sizes(lines.get(*row), column, before).0;
        let widest = table.iter().map(|row| size(lines, row)).max().unwrap_or(0);
        for row in table {
            let pad = widest - size(lines, row);
            let line = lines.get_mut(*row);
            if let Some(anchor) = line.and_then(|line| line.anchors.get_mut(column)) {
                anchor.pad = pad;
            }
        }
        if table.len() > 1 {
            columns(lines, table, column + 1, widest);
        }
    }
}

/// How long a line is up to a column, and from there on.
fn sizes(line: Option<&Line<'_>>, column: usize, before: usize) -> (usize, usize) {
    let Some(line) = line else {
        return (0, 0);
    };
    let anchors = line.anchors.iter().take(column + 1);
    let to: usize = anchors.map(|anchor| anchor.columns).sum();
    let last = line.anchors.get(column).map_or(0, |anchor| anchor.columns);
    let begin = if column == 0 { line.indent } else { before };
    (begin + last, line.text.chars().count() - to)
}

/// Cuts lines into tables.
fn cut(sizes: &[(usize, usize)], most: usize) -> impl Iterator<Item = Range<usize>> {
    let mut tables = Vec::new();
    let (mut from, mut least, mut widest, mut rest) = (0, usize::MAX, 0, 0);
    for (index, &(size, behind)) in sizes.iter().enumerate() {
        let (low, high) = (least.min(size), widest.max(size));
        let longest = high + rest.max(behind);
        if index > from && (high - low > most || longest > LONGEST) {
            tables.push(from..index);
            (from, least, widest, rest) = (index, size, size, behind);
        } else {
            (least, widest, rest) = (low, high, rest.max(behind));
        }
    }
    tables.push(from..sizes.len());
    tables.into_iter()
}

/// Aligns the comments behind lines that follow on each other.
fn comments(lines: &mut [Line<'_>]) {
    let mut from = 0;
    while from < lines.len() {
        let commented = |line: &Line<'_>| line.comment.is_some();
        let mut to = from + 1;
        if lines.get(from).is_some_and(commented) {
            let indent = lines.get(from).map(|line| line.indent);
            while lines
                .get(to)
                .is_some_and(|line| commented(line) && !line.blank && Some(line.indent) == indent)
            {
                to += 1;
            }
            let sizes: Vec<(usize, usize)> = lines
                .get(from..to)
                .unwrap_or_default()
                .iter()
                .map(|line| {
                    let comment = line
                        .comment
                        .map_or(0, |comment| comment.chars().count() + 1);
                    (width(line), comment)
                })
                .collect();
            for table in cut(&sizes, MOST_BEFORE_COMMENT) {
                let table = lines.get_mut(from + table.start..from + table.end);
                let table = table.unwrap_or_default();
                let widest = table.iter().map(|line| width(line)).max().unwrap_or(0);
                for line in table {
                    line.before_comment = widest - width(line) + 1;
                }
            }
        }
        from = to;
    }
}

fn width(line: &Line<'_>) -> usize {
    let pads: usize = line.anchors.iter().map(|anchor| anchor.pad).sum();
    line.indent + line.text.chars().count() + pads
}
