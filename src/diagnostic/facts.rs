//! `E05…`: facts and tests. Facts that do not fit the policy have their reasons in
//! [`crate::world::Reason`], with the codes up to `E0549`.

use super::Diagnostic;
use crate::source::Span;
use crate::world::Refusal;

pub(crate) fn refused(span: Span, refusal: &Refusal) -> Diagnostic {
    Diagnostic::error(refusal.reason.code(), span, refusal.reason.to_string())
        .help(refusal.reason.help())
}

pub(crate) fn no_value(span: Span) -> Diagnostic {
    Diagnostic::error("E0550", span, "a value is needed here").help(
        "facts and requests hold values: `true`, `12`, `\"text\"`, `User:alice`, `2026-12-31`, `ip(\"…\")`, `[…]`, `{ … }`",
    )
}

pub(crate) fn said_twice(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0551", span, format!("`{name}` is said twice")).help("keep one of the two")
}

pub(crate) fn wildcard_in_role(span: Span) -> Diagnostic {
    Diagnostic::error("E0553", span, "a custom role names each of its permissions").help(
        "write `Type.action` or a permission group: a `*` would take in what is declared later",
    )
}

pub(crate) fn only_description(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error(
        "E0554",
        span,
        format!("a custom role says nothing but its `description`, and no `{name}`"),
    )
    .suggest(near, "take it out, or write `{ description: \"…\" }`")
}

pub(crate) fn no_text(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E0554",
        span,
        format!("the `{name}` of a custom role is a text"),
    )
    .help("write `{ description: \"…\" }`")
}

pub(crate) fn bad_question(span: Span, error: &crate::eval::QueryError) -> Diagnostic {
    Diagnostic::error(error.code(), span, error.message()).help(error.help())
}

pub(crate) fn test_twice(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0552", span, format!("two tests are called \"{name}\""))
        .also(first, "the first one")
        .help("give each test a name of its own")
}
