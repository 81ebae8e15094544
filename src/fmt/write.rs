//! From entries to lines.

use std::ops::Range;

use super::pieces::{Gap, Pieces};
use super::shape::{Entry, Kind};
use super::{INDENT, ONE_LINE, WIDTH};
use crate::syntax::Token;

/// One line of the result.
#[derive(Debug, Default)]
pub(super) struct Line<'s> {
    /// An empty line comes before it.
    pub(super) blank: bool,
    pub(super) indent: usize,
    pub(super) text: String,
    /// It is a comment and nothing else.
    pub(super) only_comment: bool,
    /// A comment behind the text.
    pub(super) comment: Option<&'s str>,
    /// Spaces between the text and that comment.
    pub(super) before_comment: usize,
    /// Where a column of a table begins.
    pub(super) anchors: Vec<Anchor<'s>>,
}

/// The place in a line before which spaces may come.
#[derive(Debug)]
pub(super) struct Anchor<'s> {
    /// In bytes.
    pub(super) at: usize,
    /// Only columns with one key stand in one table.
    pub(super) key: [&'s str; 2],
    /// Characters from the anchor before it.
    pub(super) columns: usize,
    /// Spaces to put before it.
    pub(super) pad: usize,
}

/// How a list is broken that does not fit a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    /// As many parts on a line as fit.
    Fill,
    /// A part a line.
    Each,
}

pub(super) fn lines<'s>(pieces: &Pieces<'s>, entries: &[Entry]) -> Vec<Line<'s>> {
    let mut writer = Writer {
        pieces,
        lines: Vec::new(),
        columns: 0,
    };
    writer.entries(entries, 0);
    writer.notes(&pieces.tail, 0, false);
    writer.lines
}

pub(super) fn text(lines: &[Line<'_>]) -> String {
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if line.blank && index > 0 {
            out.push('\n');
        }
        let spaces = |count: usize| std::iter::repeat_n(' ', count);
        out.extend(spaces(line.indent));
        let mut from = 0;
        for anchor in &line.anchors {
            out.push_str(line.text.get(from..anchor.at).unwrap_or(""));
            out.extend(spaces(anchor.pad));
            from = anchor.at;
        }
        out.push_str(line.text.get(from..).unwrap_or(""));
        if let Some(comment) = line.comment {
            out.extend(spaces(line.before_comment));
            out.push_str(comment);
        }
        out.push('\n');
    }
    out
}

struct Writer<'p, 's> {
    pieces: &'p Pieces<'s>,
    lines: Vec<Line<'s>>,
    /// How long the last line is.
    columns: usize,
}

impl<'s> Writer<'_, 's> {
    // ---- entries ------------------------------------------------------------------------------

    fn entries(&mut self, entries: &[Entry], indent: usize) {
        for (index, entry) in entries.iter().enumerate() {
            self.entry(entry, indent, index == 0);
        }
    }

    fn entry(&mut self, entry: &Entry, indent: usize, first: bool) {
        let pieces = self.pieces;
        if let Some(piece) = pieces.get(entry.tokens.start) {
            let noted = self.notes(&piece.gap, indent, first);
            self.line(indent, piece.gap.blank && (!first || noted));
        }
        let most = if entry.block.is_some() {
            ONE_LINE
        } else {
            WIDTH
        };
        if self
            .one_line(entry)
            .is_some_and(|columns| indent + columns <= most)
        {
            return self.flat(entry);
        }
        let Some(block) = &entry.block else {
            return self.broken(entry.tokens.clone(), indent, List::Fill);
        };
        self.broken(entry.tokens.start..block.open + 1, indent, List::Fill);
        self.entries(&block.entries, indent + INDENT);
        if let Some(close) = pieces.get(block.close) {
            self.notes(&close.gap, indent + INDENT, block.entries.is_empty());
            self.line(indent, false);
            self.push(close.text);
        }
    }

    /// Columns of an entry that may stand on one line.
    fn one_line(&self, entry: &Entry) -> Option<usize> {
        if self.pieces.commented(&entry.tokens) {
            return None;
        }
        let Some(block) = &entry.block else {
            return Some(self.pieces.columns(&entry.tokens));
        };
        let head = self.pieces.columns(&entry.head());
        let nested = block.entries.iter().any(|entry| entry.block.is_some());
        if block.entries.is_empty() {
            return Some(head + " {}".len());
        }
        if entry.kind == Kind::Test || (nested && block.entries.len() > 1) {
            return None;
        }
        if self.pieces.broken(&(block.open..block.close + 1)) {
            return None;
        }
        let mut columns = head + " { ".len() + " }".len();
        for (index, inner) in block.entries.iter().enumerate() {
            columns += self.one_line(inner)?;
            if index > 0 {
                columns += self.between(inner).len();
            }
        }
        Some(columns)
    }

    /// What stands before an entry that is not the first one on its line.
    fn between(&self, entry: &Entry) -> &'static str {
        match self.pieces.before(entry.tokens.start) {
            Some(Token::Comma) => " ",
            _ => "  ",
        }
    }

    /// All of an entry on the line that was begun.
    fn flat(&mut self, entry: &Entry) {
        let mut places = Vec::with_capacity(entry.tokens.len());
        self.flat_part(entry, &mut places);
        let anchors = anchors(self.pieces, entry);
        let Some(line) = self.lines.last_mut() else {
            return;
        };
        let mut from = 0;
        for (token, key) in anchors {
            let place = token.checked_sub(entry.tokens.start);
            let Some(&at) = place.and_then(|place| places.get(place)) else {
                continue;
            };
            let columns = line
                .text
                .get(from..at)
                .map_or(0, |part| part.chars().count());
            line.anchors.push(Anchor {
                at,
                key,
                columns,
                pad: 0,
            });
            from = at;
        }
    }

    /// Notes the place of each token.
    fn flat_part(&mut self, entry: &Entry, places: &mut Vec<usize>) {
        self.flat_tokens(entry.head(), places);
        let Some(block) = &entry.block else {
            return;
        };
        self.push(" ");
        self.flat_tokens(block.open..block.open + 1, places);
        for (index, inner) in block.entries.iter().enumerate() {
            let between = if index == 0 { " " } else { self.between(inner) };
            self.push(between);
            self.flat_part(inner, places);
        }
        if !block.entries.is_empty() {
            self.push(" ");
        }
        self.flat_tokens(block.close..block.close + 1, places);
    }

    fn flat_tokens(&mut self, tokens: Range<usize>, places: &mut Vec<usize>) {
        let first = tokens.start;
        for index in tokens {
            if let Some(piece) = self.pieces.get(index) {
                if piece.space && index > first {
                    self.push(" ");
                }
                places.push(self.lines.last().map_or(0, |line| line.text.len()));
                self.push(piece.text);
            }
        }
    }

    // ---- lines --------------------------------------------------------------------------------

    fn line(&mut self, indent: usize, blank: bool) {
        self.lines.push(Line {
            blank,
            indent,
            ..Line::default()
        });
        self.columns = indent;
    }

    fn push(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
            self.columns += text.chars().count();
        }
    }

    /// Writes the comments of a gap, each behind the line or on a line of its own; whether one of
    /// them has a line of its own.
    fn notes(&mut self, gap: &Gap<'s>, indent: usize, first: bool) -> bool {
        let mut own_line = false;
        for note in &gap.notes {
            match self.lines.last_mut() {
                Some(line) if !note.own_line && line.comment.is_none() && !line.only_comment => {
                    line.comment = Some(note.text);
                    line.before_comment = 1;
                }
                _ => {
                    self.lines.push(Line {
                        blank: note.blank && (own_line || !first),
                        indent,
                        text: note.text.to_owned(),
                        only_comment: true,
                        ..Line::default()
                    });
                    own_line = true;
                }
            }
        }
        own_line
    }

    /// Writes a token; comments before it make a new line of it.
    fn put(&mut self, index: usize, indent: usize) {
        let pieces = self.pieces;
        let Some(piece) = pieces.get(index) else {
            return;
        };
        let begun = self.lines.last().is_some_and(|line| line.text.is_empty());
        if !piece.gap.notes.is_empty() && !begun {
            self.notes(&piece.gap, indent, true);
            self.line(indent, false);
        } else if piece.space && !begun {
            self.push(" ");
        }
        self.push(piece.text);
    }

    // ---- what does not fit a line -------------------------------------------------------------

    /// Tokens on several lines, if one is not enough; the first one goes on where the line is.
    fn broken(&mut self, tokens: Range<usize>, indent: usize, list: List) {
        self.hanging(tokens, [indent, indent + INDENT], list);
    }

    /// The same with the indents of the first line and of the others.
    fn hanging(&mut self, tokens: Range<usize>, indents: [usize; 2], list: List) {
        let pieces = self.pieces;
        let [indent, inner] = indents;
        let within = |at: usize| if at == tokens.start { indent } else { inner };
        if self.fits(&tokens) {
            return tokens.clone().for_each(|at| self.put(at, within(at)));
        }
        if let Some((weight, cuts)) = self.cuts(&tokens, inner) {
            let fill = match weight {
                Weight::Comma => list == List::Fill,
                Weight::Word | Weight::Sum | Weight::Union => true,
                Weight::Choice | Weight::Or | Weight::And => false,
            };
            let mut from = tokens.start;
            let mut whole = true;
            for to in cuts.into_iter().chain([tokens.end]) {
                let part = from..to;
                if from > tokens.start {
                    let noted = pieces
                        .get(from)
                        .is_some_and(|piece| !piece.gap.notes.is_empty());
                    // Behind a part of several lines, only a word that goes on with it.
                    let goes_on = matches!(
                        pieces.token(from),
                        Some(Token::On | Token::With | Token::At | Token::Until)
                    );
                    if !noted && !(fill && (whole || goes_on) && self.fits(&part)) {
                        self.line(inner, false);
                    }
                }
                let before = self.lines.len();
                let list = if weight == Weight::Comma {
                    List::Fill
                } else {
                    list
                };
                self.broken(part, within(from), list);
                whole = self.lines.len() == before;
                from = to;
            }
            return;
        }
        // The widest brackets hold the most that can go to lines of its own.
        let brackets = self.brackets(&tokens);
        let widest = brackets
            .into_iter()
            .max_by_key(|(open, close)| (pieces.columns(&(*open..*close)), usize::MAX - open));
        let Some((open, close)) = widest else {
            return tokens.clone().for_each(|at| self.put(at, within(at)));
        };
        for at in tokens.start..=open {
            self.put(at, within(at));
        }
        let noted = |at: usize| {
            pieces
                .get(at)
                .is_some_and(|piece| !piece.gap.notes.is_empty())
        };
        if !noted(open + 1) {
            self.line(inner, false);
        }
        let list = match pieces.token(open) {
            Some(Token::OpenBrace) => List::Each,
            _ => List::Fill,
        };
        self.hanging(open + 1..close, [inner, inner], list);
        if !noted(close) {
            self.line(indent, false);
        }
        self.put(close, indent);
        if close + 1 < tokens.end {
            self.broken(close + 1..tokens.end, indent, List::Fill);
        }
    }

    /// Whether tokens can go on where the line is.
    fn fits(&self, tokens: &Range<usize>) -> bool {
        let begun = self.lines.last().is_some_and(|line| line.text.is_empty());
        let space = self
            .pieces
            .get(tokens.start)
            .is_some_and(|piece| piece.space && !begun);
        let columns = self.columns + usize::from(space) + self.pieces.columns(tokens);
        columns <= WIDTH && !self.pieces.commented(tokens)
    }

    /// The outermost places at which lines may be broken.
    fn cuts(&self, tokens: &Range<usize>, indent: usize) -> Option<(Weight, Vec<usize>)> {
        let mut found: Option<(Weight, Vec<usize>)> = None;
        let mut at = tokens.start;
        while at < tokens.end {
            if at > tokens.start
                && let Some(weight) = weight(self.pieces, at)
                && (self.pieces.token(at) != Some(&Token::OpenBrace)
                    || self.alone(at, tokens.end, indent))
            {
                match &mut found {
                    Some((least, cuts)) if *least == weight => cuts.push(at),
                    Some((least, _)) if *least < weight => {}
                    _ => found = Some((weight, vec![at])),
                }
            }
            let other = self.pieces.other(at);
            at = if other < tokens.end {
                at.max(other)
            } else {
                at
            } + 1;
        }
        found
    }

    /// Whether braces are among some tokens and fit a line of their own.
    fn alone(&self, open: usize, end: usize, indent: usize) -> bool {
        let close = self.pieces.other(open);
        let braces = open..close + 1;
        close < end
            && indent + self.pieces.columns(&braces) <= WIDTH
            && !self.pieces.commented(&braces)
    }

    /// The brackets of some tokens that stand in no others and are not empty.
    fn brackets(&self, tokens: &Range<usize>) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut at = tokens.start;
        while at < tokens.end {
            let other = self.pieces.other(at);
            if other > at && other < tokens.end {
                if other > at + 1 {
                    found.push((at, other));
                }
                at = other;
            }
            at += 1;
        }
        found
    }
}

/// What a line is broken at; the first of these comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Before `when`, `on`, `with` and the like.
    Word,
    /// Behind a comma, and before `except` and `and`.
    Comma,
    /// Before `then` and `else`.
    Choice,
    Or,
    And,
    Sum,
    Union,
}

/// Whether a line may be broken before a token, and how early.
fn weight(pieces: &Pieces<'_>, at: usize) -> Option<Weight> {
    match (pieces.before(at)?, pieces.token(at)?) {
        (Token::Dot, _) | (_, Token::Dot) => None,
        // At the beginning of a line these would begin a member.
        (_, Token::Role | Token::Actions | Token::Relation) => None,
        (Token::Comma, Token::CloseBrace | Token::CloseParen | Token::CloseBracket) => None,
        (Token::Comma, _) | (_, Token::Except | Token::AndAlso) => Some(Weight::Comma),
        (
            _,
            Token::When
            | Token::Unless
            | Token::On
            | Token::With
            | Token::At
            | Token::Until
            | Token::To
            | Token::Within,
        ) => Some(Weight::Word),
        // What is said about a fact.
        (Token::Entity(_) | Token::Identifier(_) | Token::Datetime(_), Token::OpenBrace) => {
            Some(Weight::Word)
        }
        (_, Token::Then | Token::Else) => Some(Weight::Choice),
        (_, Token::Or) => Some(Weight::Or),
        (_, Token::And) => Some(Weight::And),
        (_, Token::Plus) => Some(Weight::Sum),
        (_, Token::Minus) if pieces.has_left_side(at) => Some(Weight::Sum),
        (_, Token::Pipe) => Some(Weight::Union),
        _ => None,
    }
}

/// The tokens of an entry on one line at which columns begin.
fn anchors<'s>(pieces: &Pieces<'s>, entry: &Entry) -> Vec<(usize, [&'s str; 2])> {
    let first = entry.tokens.start;
    let text = |at: usize| pieces.get(at).map_or("", |piece| piece.text);
    let open = entry.block.as_ref().map(|block| block.open);
    let mut found = Vec::new();
    match entry.kind {
        Kind::Type => {
            if matches!(pieces.token(first + 2), Some(Token::In | Token::Of)) {
                found.push((first + 2, [text(first), text(first + 2)]));
            }
            found.extend(open.map(|open| (open, [text(first), "{"])));
        }
        Kind::Role => {
            found.extend(open.map(|open| (open, ["role", "{"])));
            let clauses = entry.block.as_ref().map(|block| block.entries.as_slice());
            for two in clauses.unwrap_or_default().windows(2) {
                if let [before, clause] = two {
                    found.push((clause.tokens.start, ["clause", text(before.tokens.start)]));
                }
            }
        }
        Kind::Level => found.push((first + 2, ["level", ""])),
        Kind::Permissions => found.push((first + 2, ["permissions", ""])),
        Kind::Group => found.push((first + 1, ["group", ""])),
        Kind::Fact => fact(pieces, entry, &mut found),
        Kind::Test | Kind::Other => {}
    }
    found
}

fn fact<'s>(pieces: &Pieces<'s>, entry: &Entry, found: &mut Vec<(usize, [&'s str; 2])>) {
    let first = entry.tokens.start;
    let place = |wanted: Token<'_>| {
        let mut tokens = entry.tokens.clone().skip(1);
        tokens.find(|at| pieces.token(*at) == Some(&wanted))
    };
    let mut columns = |tokens: &[Option<usize>], kind: &'s str| {
        for at in tokens.iter().flatten() {
            let text = pieces.get(*at).map_or("", |piece| piece.text);
            let key = if kind == "relation" { "" } else { text };
            found.push((*at, [kind, key]));
        }
    };
    match (pieces.token(first), pieces.token(first + 1)) {
        (Some(Token::Share), _) => columns(&[place(Token::With), place(Token::At)], "share"),
        (Some(Token::Role), _) => columns(&[place(Token::Of), place(Token::Can)], "role"),
        (_, Some(Token::In)) => columns(&[Some(first + 1), place(Token::OpenBrace)], "in"),
        (_, Some(Token::OpenBrace | Token::Until)) => {
            columns(&[place(Token::OpenBrace)], "attributes");
        }
        (_, Some(Token::Is | Token::Hash)) | (Some(Token::Anyone), _) => {
            columns(&[place(Token::Is), place(Token::Of)], "is");
        }
        (Some(Token::Entity(_)), Some(_)) if first + 1 < entry.tokens.end => {
            columns(&[Some(first + 1), Some(first + 2)], "relation");
        }
        _ => {}
    }
}
