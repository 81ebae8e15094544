//! Tokens in order, with the comments and line breaks that stood between them.

use std::iter::Peekable;
use std::ops::Range;
use std::slice::Iter;

use super::bracket;
use crate::source::FileId;
use crate::syntax::ast::Comment;
use crate::syntax::{self, Token};

/// A comment between two tokens.
#[derive(Clone, Debug)]
pub(super) struct Note<'s> {
    pub(super) text: &'s str,
    /// Nothing else stands on its line.
    pub(super) own_line: bool,
    /// An empty line stands before it.
    pub(super) blank: bool,
}

/// What stands between two tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct Gap<'s> {
    pub(super) notes: Vec<Note<'s>>,
    /// An empty line stands before the second token itself.
    pub(super) blank: bool,
    /// The second token begins on a later line than the first one ends.
    newline: bool,
}

pub(super) struct Piece<'s> {
    pub(super) token: Token<'s>,
    pub(super) text: &'s str,
    start: u32,
    /// What stands before it.
    pub(super) gap: Gap<'s>,
    /// Whether a space comes between it and the one before.
    pub(super) space: bool,
    /// Its bracket's other half; its own place where it is none.
    pub(super) other: usize,
    total: Total,
}

/// What there is up to the end of a token.
#[derive(Clone, Copy, Default)]
struct Total {
    /// Characters, all on one line.
    columns: usize,
    comments: usize,
    newlines: usize,
}

pub(super) struct Pieces<'s> {
    list: Vec<Piece<'s>>,
    /// What stands behind the last one.
    pub(super) tail: Gap<'s>,
}

/// Reads what stands between tokens.
struct Reader<'s, 'c> {
    text: &'s str,
    comments: Peekable<Iter<'c, Comment>>,
    /// Up to where the text is read.
    at: u32,
}

impl<'s> Reader<'s, '_> {
    fn slice(&self, start: u32, end: u32) -> &'s str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }

    fn breaks(&self, to: u32) -> usize {
        let between = self.slice(self.at, to);
        between.bytes().filter(|byte| *byte == b'\n').count()
    }

    fn gap(&mut self, to: u32) -> Gap<'s> {
        let mut gap = Gap::default();
        while let Some(comment) = self.comments.next_if(|comment| comment.span.start < to) {
            let (start, end) = (comment.span.start, comment.span.end);
            let breaks = self.breaks(start);
            gap.notes.push(Note {
                text: self.slice(start, end).trim_end(),
                own_line: breaks > 0 || self.at == 0,
                blank: breaks > 1,
            });
            gap.newline = true;
            self.at = end;
        }
        let breaks = self.breaks(to);
        gap.newline |= breaks > 0;
        gap.blank = breaks > 1;
        gap
    }
}

impl<'s> Pieces<'s> {
    pub(super) fn new(file: FileId, text: &'s str, comments: &[Comment]) -> Self {
        let mut reader = Reader {
            text,
            comments: comments.iter().peekable(),
            at: 0,
        };
        let mut list: Vec<Piece<'s>> = Vec::new();
        for (start, token, end) in syntax::tokens(file, text) {
            let parts = if token == Token::AtMost {
                // Two words, and anything may stand between them.
                let (at, most) = (Token::At, Token::Identifier("most"));
                vec![(start, at, start + 2), (end.saturating_sub(4), most, end)]
            } else {
                vec![(start, token, end)]
            };
            for (start, token, end) in parts {
                let gap = reader.gap(start);
                reader.at = end;
                list.push(Piece {
                    token,
                    text: reader.slice(start, end),
                    start,
                    gap,
                    space: false,
                    other: list.len(),
                    total: Total::default(),
                });
            }
        }
        let tail = reader.gap(u32::try_from(text.len()).unwrap_or(u32::MAX));
        let mut pieces = Self { list, tail };
        pieces.measure();
        pieces
    }

    fn measure(&mut self) {
        let mut open = Vec::new();
        let mut total = Total::default();
        for index in 0..self.list.len() {
            let space = self.spaced(index);
            let mut other = index;
            match self.token(index).map(bracket) {
                Some(Some(true)) => open.push(index),
                Some(Some(false)) => other = open.pop().unwrap_or(index),
                _ => {}
            }
            if let Some(opening) = self.list.get_mut(other) {
                opening.other = index;
            }
            let Some(piece) = self.list.get_mut(index) else {
                continue;
            };
            total.columns += usize::from(space) + piece.text.chars().count();
            total.comments += piece.gap.notes.len();
            total.newlines += usize::from(piece.gap.newline);
            (piece.space, piece.other, piece.total) = (space, other, total);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Piece<'s>> {
        self.list.get(index)
    }

    pub(super) fn token(&self, index: usize) -> Option<&Token<'s>> {
        self.list.get(index).map(|piece| &piece.token)
    }

    pub(super) fn before(&self, index: usize) -> Option<&Token<'s>> {
        self.token(index.checked_sub(1)?)
    }

    /// The other half of a bracket, if it is one.
    pub(super) fn other(&self, index: usize) -> usize {
        self.list.get(index).map_or(index, |piece| piece.other)
    }

    /// The token that begins at a place in the text.
    pub(super) fn at(&self, start: u32) -> usize {
        self.list.partition_point(|piece| piece.start < start)
    }

    fn total(&self, index: usize) -> Total {
        let piece = self.list.get(index);
        piece.map_or_else(Total::default, |piece| piece.total)
    }

    /// Columns of some tokens on one line, without a space before them.
    pub(super) fn columns(&self, range: &Range<usize>) -> usize {
        let (Some(first), Some(last)) = (self.get(range.start), range.end.checked_sub(1)) else {
            return 0;
        };
        if range.is_empty() {
            return 0;
        }
        let before = first.total.columns - first.text.chars().count();
        self.total(last).columns - before
    }

    /// Whether a comment stands between the first and the last of some tokens.
    pub(super) fn commented(&self, range: &Range<usize>) -> bool {
        let last = range.end.saturating_sub(1);
        self.total(last).comments > self.total(range.start).comments
    }

    /// Whether the first and the last of some tokens stood on different lines.
    pub(super) fn broken(&self, range: &Range<usize>) -> bool {
        let last = range.end.saturating_sub(1);
        self.total(last).newlines > self.total(range.start).newlines
    }

    /// Whether both say the same: tokens, comments and what stands between which.
    pub(super) fn same(&self, other: &Self) -> bool {
        let notes = |gap: &Gap<'s>| -> Vec<&'s str> { gap.notes.iter().map(|n| n.text).collect() };
        let same_gap =
            |a: &Gap<'s>, b: &Gap<'_>| notes(a).iter().eq(b.notes.iter().map(|note| &note.text));
        let pairs = self.list.iter().zip(&other.list);
        self.list.len() == other.list.len()
            && pairs
                .into_iter()
                .all(|(a, b)| a.token == b.token && a.text == b.text && same_gap(&a.gap, &b.gap))
            && same_gap(&self.tail, &other.tail)
    }

    // ---- spaces -------------------------------------------------------------------------------

    /// Whether a space comes before a token.
    fn spaced(&self, index: usize) -> bool {
        let (Some(before), Some(next)) = (self.before(index), self.get(index)) else {
            return false;
        };
        match (before, &next.token) {
            // Without it, the dot would be part of the id.
            (Token::Entity(text), Token::Dot) => !text.ends_with('"'),
            (
                _,
                Token::Comma
                | Token::Dot
                | Token::Colon
                | Token::Question
                | Token::Hash
                | Token::CloseParen
                | Token::CloseBracket,
            )
            | (
                Token::Dot
                | Token::Hash
                | Token::Not
                | Token::Annotation
                | Token::OpenParen
                | Token::OpenBracket,
                _,
            )
            | (Token::OpenBrace, Token::CloseBrace) => false,
            (Token::Minus, _) => self.has_left_side(index.saturating_sub(1)),
            (Token::Identifier(_), Token::OpenParen) => false,
            // Names that are keywords too: `@id("a")`, `x.contains(y)`.
            (_, Token::OpenParen) => !matches!(
                index.checked_sub(1).and_then(|index| self.before(index)),
                Some(Token::Dot | Token::Annotation)
            ),
            _ => true,
        }
    }

    /// Whether an operator stands behind an operand.
    pub(super) fn has_left_side(&self, index: usize) -> bool {
        match self.before(index) {
            Some(
                Token::Identifier(_)
                | Token::Entity(_)
                | Token::String(_)
                | Token::Int(_)
                | Token::Decimal(_)
                | Token::Datetime(_)
                | Token::Duration(_)
                | Token::True
                | Token::False
                | Token::Resource
                | Token::Context
                | Token::CloseParen
                | Token::CloseBracket
                | Token::CloseBrace,
            ) => true,
            // A keyword as the name of an attribute.
            _ => matches!(
                index.checked_sub(1).and_then(|index| self.before(index)),
                Some(Token::Dot | Token::Has)
            ),
        }
    }
}
