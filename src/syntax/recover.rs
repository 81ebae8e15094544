//! Parses a file item by item, and goes on behind a mistake.
//!
//! A file is first cut into items, at the keywords that begin one. So a mistake in an item cannot
//! hide those in the next, and a bracket that is never closed ends with its item. Within an item,
//! the line or clause that cannot be read is told, cut out, and the rest is parsed again.

mod breaks;

use std::ops::Range;

use lalrpop_util::ParseError;

use super::MAX_MISTAKES;
use super::build::{Around, Builder, Root};
use super::grammar::FileParser;
use super::lex::Spanned;
use super::token::Token;
use crate::diagnostic::syntax as report;

/// How many facts of a world are parsed at a time.
const FACTS_AT_A_TIME: usize = 512;

/// How many tokens before a mistake may tell what it is.
const LOOK_BACK: usize = 24;

/// A token, and what the layout says of it.
#[derive(Clone, Copy)]
struct Placed<'s> {
    start: u32,
    token: Token<'s>,
    end: u32,
    /// Nothing stands before it on its line.
    first_on_line: bool,
    /// It stands at the very beginning of its line.
    column_one: bool,
}

/// Parses tokens behind a start token, as far as it goes.
pub(super) fn parse<'s>(
    text: &str,
    start: Token<'s>,
    tokens: Vec<Spanned<'s>>,
    builder: &mut Builder<'s>,
) -> Root {
    let tokens = place(text, tokens);
    let mut whole = Root::empty(&start);
    for range in chunks(&start, &tokens) {
        let mut chunk = tokens.get(range).unwrap_or(&[]).to_vec();
        balance(&mut chunk, builder);
        parse_chunk(start, chunk, builder, &mut whole);
    }
    whole
}

fn place<'s>(text: &str, tokens: Vec<Spanned<'s>>) -> Vec<Placed<'s>> {
    let mut before = 0;
    let placed = tokens.into_iter().map(|(start, token, end)| {
        let gap = text.get(before as usize..start as usize).unwrap_or("");
        let first_on_line = before == 0 || gap.contains('\n');
        before = end;
        Placed {
            start,
            token,
            end,
            first_on_line,
            column_one: gap.ends_with('\n') || start == 0,
        }
    });
    placed.collect()
}

// ---- items --------------------------------------------------------------------------------------

/// Cuts a file where an item begins; a world, between facts.
fn chunks(start: &Token<'_>, tokens: &[Placed<'_>]) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let (mut from, mut depth, mut facts) = (0, 0_usize, 0);
    for (index, placed) in tokens.iter().enumerate() {
        let cut = match start {
            Token::StartPolicy => {
                let outside = depth == 0 || placed.column_one && !is_mark(tokens, index);
                outside && begins_item(tokens, index, from)
            }
            Token::StartWorld => {
                let begins = depth == 0 && placed.first_on_line && begins_fact(tokens, index);
                facts += usize::from(begins);
                begins && facts % FACTS_AT_A_TIME == 0
            }
            _ => false,
        };
        if cut {
            if from < index {
                chunks.push(from..index);
            }
            (from, depth) = (index, 0);
        }
        match bracket(&placed.token) {
            Some((_, true)) => depth += 1,
            Some((_, false)) => depth = depth.saturating_sub(1),
            None => {}
        }
    }
    chunks.push(from..tokens.len());
    chunks
}

fn token<'t, 's>(tokens: &'t [Placed<'s>], index: usize) -> Option<&'t Token<'s>> {
    tokens.get(index).map(|placed| &placed.token)
}

fn before<'t, 's>(tokens: &'t [Placed<'s>], index: usize) -> Option<&'t Token<'s>> {
    token(tokens, index.checked_sub(1)?)
}

/// Whether a token begins an item: most keywords can be names too, so the next one tells.
fn begins_item(tokens: &[Placed<'_>], index: usize, from: usize) -> bool {
    let next = token(tokens, index + 1);
    match token(tokens, index) {
        Some(Token::Subject | Token::Scope | Token::Resource) => {
            matches!(next, Some(Token::Identifier(_)))
        }
        Some(Token::Context) => {
            let awaited = matches!(
                before(tokens, index),
                Some(Token::Dot | Token::Comma | Token::Except)
            );
            !awaited
                && matches!(
                    next,
                    Some(Token::OpenBrace | Token::Identifier(_) | Token::Star)
                )
        }
        Some(Token::Use | Token::Test) => matches!(next, Some(Token::String(_))),
        Some(Token::Permissions) => matches!(token(tokens, index + 2), Some(Token::OpenBrace)),
        Some(Token::Permit | Token::Forbid | Token::Reveal | Token::Hide) => {
            let named = matches!(
                before(tokens, index),
                Some(Token::Dot | Token::Comma | Token::Except)
            );
            !named && !only_annotations(tokens.get(from..index).unwrap_or(&[]))
        }
        Some(Token::Annotation) => !only_annotations(tokens.get(from..index).unwrap_or(&[])),
        _ => false,
    }
}

/// Whether an `@` begins a mark of an action or a role, and no annotation, which has a text.
fn is_mark(tokens: &[Placed<'_>], index: usize) -> bool {
    matches!(token(tokens, index), Some(Token::Annotation))
        && !matches!(token(tokens, index + 3), Some(Token::String(_)))
}

/// Whether tokens are annotations and nothing else: `@id("a") @reason("b")`.
fn only_annotations(tokens: &[Placed<'_>]) -> bool {
    let first = tokens.first().map(|placed| &placed.token);
    let last = tokens.last().map(|placed| &placed.token);
    matches!(first, Some(Token::Annotation)) && matches!(last, Some(Token::CloseParen)) && {
        let inside = tokens
            .iter()
            .filter(|placed| matches!(placed.token, Token::OpenParen))
            .count();
        tokens.len() <= 5 * inside
    }
}

fn begins_fact(tokens: &[Placed<'_>], index: usize) -> bool {
    let begins = matches!(
        token(tokens, index),
        Some(Token::Entity(_) | Token::Share | Token::Anyone | Token::Role)
    );
    let awaited = matches!(
        before(tokens, index),
        Some(Token::Comma | Token::In | Token::Of | Token::With | Token::Identifier(_))
    );
    begins && !awaited
}

// ---- brackets -----------------------------------------------------------------------------------

/// The closing bracket of a kind, and whether the token opens it.
fn bracket<'s>(token: &Token<'_>) -> Option<(Token<'s>, bool)> {
    Some(match token {
        Token::OpenBrace => (Token::CloseBrace, true),
        Token::OpenParen => (Token::CloseParen, true),
        Token::OpenBracket => (Token::CloseBracket, true),
        Token::CloseBrace => (Token::CloseBrace, false),
        Token::CloseParen => (Token::CloseParen, false),
        Token::CloseBracket => (Token::CloseBracket, false),
        _ => return None,
    })
}

/// Closes what an item leaves open and drops what closes nothing, and tells of both.
fn balance<'s>(tokens: &mut Vec<Placed<'s>>, builder: &mut Builder<'s>) {
    let mut open: Vec<(Token<'s>, u32, u32)> = Vec::new();
    let mut balanced = Vec::with_capacity(tokens.len());
    let mut changed = false;
    let mut close =
        |into: &mut Vec<Placed<'s>>, (closing, start, end): (Token<'s>, u32, u32), at| {
            changed = true;
            let opened = match closing {
                Token::CloseBrace => '{',
                Token::CloseParen => '(',
                _ => '[',
            };
            let span = builder.span(start, end);
            builder.diagnostics.push(report::never_closed(span, opened));
            into.push(Placed {
                start: at,
                token: closing,
                end: at,
                first_on_line: true,
                column_one: false,
            });
        };
    let mut stray = Vec::new();
    for (index, placed) in tokens.iter().enumerate() {
        // A member on a line of its own ends the role before it.
        if placed.first_on_line
            && matches!(placed.token, Token::Role | Token::Actions | Token::Relation)
            && open
                .last()
                .is_some_and(|(_, start, _)| opens_role(tokens, *start))
            && !matches!(token(tokens, index + 1), Some(Token::Colon))
            && let Some(last) = open.pop()
        {
            close(&mut balanced, last, placed.start);
        }
        match bracket(&placed.token) {
            Some((closing, true)) => open.push((closing, placed.start, placed.end)),
            Some((closing, false)) => {
                if open.iter().all(|(awaited, ..)| *awaited != closing) {
                    stray.push(*placed);
                    continue;
                }
                while let Some(last) = open.pop() {
                    if last.0 == closing {
                        break;
                    }
                    close(&mut balanced, last, placed.start);
                }
            }
            None => {}
        }
        balanced.push(*placed);
    }
    let end = tokens.last().map_or(0, |placed| placed.end);
    while let Some(last) = open.pop() {
        close(&mut balanced, last, end);
    }
    for placed in &stray {
        let span = builder.span(placed.start, placed.end);
        builder
            .diagnostics
            .push(report::closes_nothing(span, &placed.token.to_string()));
    }
    if changed || !stray.is_empty() {
        *tokens = balanced;
    }
}

/// Whether the brace at a place opens the body of a role.
fn opens_role(tokens: &[Placed<'_>], start: u32) -> bool {
    let brace = tokens.partition_point(|placed| placed.start < start);
    brace >= 2 && matches!(token(tokens, brace - 2), Some(Token::Role))
}

// ---- mistakes -----------------------------------------------------------------------------------

fn parse_chunk<'s>(
    start: Token<'s>,
    mut tokens: Vec<Placed<'s>>,
    builder: &mut Builder<'s>,
    whole: &mut Root,
) {
    let mut cut_at = None;
    while builder.diagnostics.len() <= MAX_MISTAKES {
        let first = std::iter::once((0, start, 0));
        let rest = tokens
            .iter()
            .map(|placed| (placed.start, placed.token, placed.end));
        let error = match FileParser::new().parse(builder, first.chain(rest).map(Ok::<_, ()>)) {
            Ok(root) => {
                whole.append(root);
                return;
            }
            Err(error) => error,
        };
        let at = match &error {
            ParseError::UnrecognizedToken {
                token: (start, ..), ..
            }
            | ParseError::ExtraToken {
                token: (start, ..), ..
            } => tokens.partition_point(|placed| placed.start < *start),
            _ => tokens.len(),
        };
        let broken_off = breaks::broken_off(&error, &tokens, at);
        // What follows on a cut needs not be told: its reason was.
        let follows = cut_at == Some(at)
            && tokens
                .get(at)
                .is_none_or(|placed| bracket(&placed.token).is_some());
        if !follows {
            let end = broken_off.unwrap_or(at);
            let before = tokens
                .get(end.saturating_sub(LOOK_BACK)..end)
                .unwrap_or(&[]);
            let last = before.last().map_or((0, 0), |last| (last.start, last.end));
            let before: Vec<Token<'s>> = before.iter().map(|placed| placed.token).collect();
            let around = Around {
                before: &before,
                next: token(&tokens, at + 1),
                last,
                broken_off: broken_off.map(|anew| anew == at),
            };
            builder.report(&error, &around);
        }
        let cut = unit(&tokens, broken_off.map_or(at, |anew| anew - 1));
        let (Some(begin), Some(end)) = (tokens.get(cut.start), tokens.get(cut.end.wrapping_sub(1)))
        else {
            return;
        };
        whole.unread(builder.span(begin.start, end.end));
        cut_at = Some(cut.start);
        tokens.drain(cut);
    }
}

/// The line or clause around a token that was not expected: never empty, unless there are no tokens.
fn unit(tokens: &[Placed<'_>], at: usize) -> Range<usize> {
    let parents = parents(tokens);
    let parent_of = |index: usize| parents.get(index).copied().flatten();
    let mut at = at;
    // At a closing bracket, or the end, it is what stands before that was not finished.
    let closes = token(tokens, at).is_none_or(|token| matches!(bracket(token), Some((_, false))));
    let end_known = closes.then_some(at);
    if closes {
        at = at.saturating_sub(1);
        if matches!(token(tokens, at).and_then(bracket), Some((_, false))) {
            // Right behind a group: begin the search at the group's own opening.
            at = matching_open(tokens, at);
        }
        let opens = matches!(token(tokens, at).and_then(bracket), Some((_, true)));
        if opens && end_known == Some(at + 1) && at + 1 < tokens.len() {
            // Empty brackets: they are the mistake themselves.
            return at..at + 2;
        }
    }
    // Lines and clauses stand between braces; what is in parentheses belongs to one of them.
    while let Some(parent) = parent_of(at)
        && !matches!(token(tokens, parent), Some(Token::OpenBrace))
    {
        at = parent;
    }
    let parent = parent_of(at);
    let lowest = parent.map_or(0, |parent| parent + 1);
    let begins = |index: usize| {
        parent_of(index) == parent && (begins_line(tokens, index) || begins_clause(tokens, index))
    };
    let start = (lowest..=at)
        .rev()
        .find(|index| begins(*index))
        .unwrap_or(lowest);
    let ends = |index: &usize| {
        begins(*index)
            || (parent_of(*index) == parent_of(parent.unwrap_or(0)) && parent.is_some())
                && matches!(token(tokens, *index), Some(Token::CloseBrace))
    };
    let end = end_known
        .filter(|end| *end > at)
        .or_else(|| (at + 1..tokens.len()).find(ends))
        .unwrap_or(tokens.len());
    start..end.max(start + 1).min(tokens.len().max(start))
}

/// For each token the opening bracket that it stands in; a closing bracket stands where its
/// opening one does.
fn parents(tokens: &[Placed<'_>]) -> Vec<Option<usize>> {
    let mut open = Vec::new();
    let parents = tokens
        .iter()
        .enumerate()
        .map(|(index, placed)| match bracket(&placed.token) {
            Some((_, true)) => {
                let parent = open.last().copied();
                open.push(index);
                parent
            }
            Some((_, false)) => {
                open.pop();
                open.last().copied()
            }
            None => open.last().copied(),
        });
    parents.collect()
}

fn matching_open(tokens: &[Placed<'_>], close: usize) -> usize {
    let mut depth = 0_usize;
    for index in (0..=close).rev() {
        match token(tokens, index).and_then(bracket) {
            Some((_, false)) => depth += 1,
            Some((_, true)) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index;
                }
            }
            None => {}
        }
    }
    close
}

/// Whether a token is the first on its line, and does not go on with the line before.
fn begins_line(tokens: &[Placed<'_>], index: usize) -> bool {
    let goes_on = matches!(
        token(tokens, index),
        Some(
            Token::CloseBrace
                | Token::CloseParen
                | Token::CloseBracket
                | Token::Within
                | Token::When
                | Token::Unless
                | Token::Except
                | Token::AndAlso
                | Token::And
                | Token::Or
                | Token::Pipe
                | Token::Comma
                | Token::Dot
        )
    ) && !matches!(
        token(tokens, index + 1),
        Some(Token::Colon | Token::Question)
    );
    let first = tokens.get(index).is_some_and(|placed| placed.first_on_line);
    let awaited =
        index > 0 && breaks::wants_more(tokens, index - 1) && !breaks::begins_anew(tokens, index);
    first && !goes_on && !awaited && !limits_credential(tokens, index)
}

/// Whether this is the `at most` of an `acts for`.
fn limits_credential(tokens: &[Placed<'_>], index: usize) -> bool {
    matches!(token(tokens, index), Some(Token::AtMost)) && {
        let above = tokens.get(..index).unwrap_or(&[]).iter().rev().take(12);
        let mut above = above.map(|placed| &placed.token);
        above
            .find(|token| matches!(token, Token::Acts | Token::OpenBrace | Token::CloseBrace))
            .is_some_and(|token| matches!(token, Token::Acts))
    }
}

/// Whether a keyword begins a member, a clause or a statement, and is no name here.
fn begins_clause(tokens: &[Placed<'_>], index: usize) -> bool {
    let keyword = matches!(
        token(tokens, index),
        Some(
            Token::Sees
                | Token::Can
                | Token::Includes
                | Token::Also
                | Token::Requires
                | Token::For
                | Token::AtMost
                | Token::Visible
                | Token::Overrides
                | Token::Custom
                | Token::Acts
                | Token::Actions
                | Token::Role
                | Token::Relation
                | Token::Share
                | Token::Level
                | Token::Expect
                | Token::Remove
                | Token::Anyone
        )
    );
    let named = matches!(
        before(tokens, index),
        Some(
            Token::Dot
                | Token::Comma
                | Token::Except
                | Token::Remove
                | Token::Entity(_)
                | Token::Acts
                | Token::Custom
        )
    ) || matches!(
        token(tokens, index + 1),
        Some(Token::Colon | Token::Question)
    );
    keyword && !named && !inside_statement(tokens, index) && !limits_credential(tokens, index)
}

/// Whether a word goes on with an `expect`, or with the fact that makes a role, on the same line.
fn inside_statement(tokens: &[Placed<'_>], index: usize) -> bool {
    if !matches!(token(tokens, index), Some(Token::Can | Token::Sees)) {
        return false;
    }
    // It is among the first words of a line: `role Developer of Org:acme can …`.
    let line = tokens.get(..=index).unwrap_or(&[]).iter().rev();
    for placed in line.take(6) {
        match placed.token {
            Token::Expect | Token::Role => return true,
            Token::OpenBrace | Token::CloseBrace => return false,
            _ if placed.first_on_line => return false,
            _ => {}
        }
    }
    false
}
