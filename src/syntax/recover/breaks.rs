//! Lines that break off: what stands on the next one is read on with them, and is not to blame.

use lalrpop_util::ParseError;

use super::{Placed, before, begins_clause, begins_fact, token};
use crate::syntax::token::Token;

/// Where a statement begins anew behind one that lacks its end, if that is the mistake: at the token
/// that was not expected, or before it on its line.
pub(super) fn broken_off(
    error: &ParseError<u32, Token<'_>, ()>,
    tokens: &[Placed<'_>],
    at: usize,
) -> Option<usize> {
    let ParseError::UnrecognizedToken { expected, .. } = error else {
        return None;
    };
    let line = (0..=at).rev().find(|index| {
        tokens
            .get(*index)
            .is_some_and(|placed| placed.first_on_line)
    })?;
    if line == 0 {
        return None;
    }
    if line == at && (begins_clause(tokens, at) || begins_fact(tokens, at)) {
        let expects = |name: &str| expected.iter().any(|known| known.trim_matches('"') == name);
        // Where a bracket can close, or a fact begin, what stands before is whole.
        let whole = expects("}") || expects("share") && expects("entity");
        if !whole {
            return Some(at);
        }
    }
    (wants_more(tokens, line - 1) && begins_anew(tokens, line)).then_some(line)
}

/// Whether a token cannot be the last of a statement.
pub(super) fn wants_more(tokens: &[Placed<'_>], index: usize) -> bool {
    // Behind these a keyword is a name.
    let named = matches!(
        before(tokens, index),
        Some(Token::Comma | Token::Dot | Token::Actions | Token::Hash)
    );
    match token(tokens, index) {
        Some(Token::Comma | Token::Dot | Token::Pipe | Token::Hash) => true,
        Some(
            Token::Of
            | Token::In
            | Token::Is
            | Token::With
            | Token::On
            | Token::At
            | Token::Until
            | Token::By
            | Token::From
            | Token::Within
            | Token::AtMost
            | Token::Also
            | Token::AndAlso
            | Token::Except
            | Token::Requires
            | Token::For
            | Token::Overrides
            | Token::Visible
            | Token::Custom
            | Token::Roles
            | Token::Acts
            | Token::Includes
            | Token::Can
            | Token::Cannot
            | Token::Sees
            | Token::See
            | Token::Only
            | Token::No
            | Token::Expect
            | Token::Remove
            | Token::Share
            | Token::Role,
        ) => !named,
        _ => false,
    }
}

/// Whether a line surely begins a statement: its first words are those of one.
pub(super) fn begins_anew(tokens: &[Placed<'_>], index: usize) -> bool {
    let (second, third) = (token(tokens, index + 1), token(tokens, index + 2));
    match token(tokens, index) {
        Some(Token::Entity(_)) => matches!(
            second,
            Some(Token::Is | Token::In | Token::Hash | Token::Until | Token::OpenBrace)
        ),
        Some(Token::Role) => matches!(third, Some(Token::OpenBrace | Token::Of)),
        Some(
            Token::Sees
            | Token::Can
            | Token::Includes
            | Token::Also
            | Token::Requires
            | Token::For
            | Token::AtMost,
        ) => {
            let listed = matches!(before(tokens, index), Some(Token::Comma | Token::Dot));
            !listed && matches!(second, Some(Token::Identifier(_) | Token::Star))
        }
        Some(Token::Expect) => matches!(second, Some(Token::Entity(_))),
        Some(Token::Remove) => matches!(
            second,
            Some(Token::Entity(_) | Token::Share | Token::Role | Token::Anyone)
        ),
        Some(Token::Share) => matches!(second, Some(Token::Entity(_) | Token::With)),
        Some(Token::Anyone) => matches!(second, Some(Token::Is)),
        Some(Token::Visible) => matches!(second, Some(Token::By)),
        Some(Token::Custom) => matches!(second, Some(Token::Roles)),
        Some(Token::Acts) => matches!(second, Some(Token::For)),
        _ => false,
    }
}
