//! `E01…`: what the lexer and the parser find.

use super::Diagnostic;
use crate::source::Span;

pub(crate) fn too_large(span: Span) -> Diagnostic {
    Diagnostic::error("E0100", span, "this file is larger than 1 GiB")
        .help("split it, and read the parts with `use`")
}

pub(crate) fn unknown_character(span: Span, text: &str) -> Diagnostic {
    if text.starts_with('\u{feff}') {
        return Diagnostic::error("E0101", span, "unexpected byte order mark")
            .help("save the file as UTF-8 without a byte order mark");
    }
    let shown: String = text.chars().take(20).collect();
    let error = Diagnostic::error(
        "E0101",
        span,
        format!("unexpected `{}`", shown.escape_debug()),
    );
    match text {
        ";" => error
            .help("statements need no `;`: take it out")
            .edit("take the `;` out", span, ""),
        "'" => error.help("a text stands in double quotes: \"…\""),
        "#" => error.help("a comment begins with `//`"),
        "&" => error
            .help("did you mean `&&`?")
            .edit("write `&&`", span, "&&"),
        _ => error.help("take it out; texts with such characters stand in double quotes"),
    }
}

pub(crate) fn look_alike(
    span: Span,
    word: &str,
    strange: &[char],
    plain: Option<&str>,
) -> Diagnostic {
    let letters: Vec<String> = strange
        .iter()
        .take(3)
        .map(|c| format!("`{}` (U+{:04X})", c.escape_debug(), u32::from(*c)))
        .collect();
    let error = Diagnostic::error(
        "E0102",
        span,
        format!("`{word}` has a letter that is not ASCII"),
    )
    .here(letters.join(", "));
    match plain {
        Some(plain) => error
            .help(format!("it only looks like `{plain}`: type that instead"))
            .edit(format!("write `{plain}`"), span, plain),
        None => error.help("names are made of ASCII letters, digits and `_`"),
    }
}

pub(crate) fn unclosed_text(span: Span) -> Diagnostic {
    Diagnostic::error("E0103", span, "this text has no closing quote")
        .here("it begins here")
        .help("close it with `\"` on the same line; a line break inside is written `\\n`")
}

pub(crate) fn single_quotes(span: Span) -> Diagnostic {
    Diagnostic::error("E0115", span, "a text stands in double quotes").help("write `\"…\"`")
}

pub(crate) fn unknown_escape(span: Span, escape: &str) -> Diagnostic {
    Diagnostic::error("E0104", span, format!("unknown escape `{escape}`"))
        .help("the escapes are `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{…}`; a backslash is written `\\\\`")
}

pub(crate) fn unexpected(
    span: Span,
    found: &str,
    expected: &str,
    help: Option<String>,
) -> Diagnostic {
    let error = Diagnostic::error("E0105", span, format!("unexpected {found}"));
    let error = if expected.is_empty() {
        error
    } else {
        error.here(format!("expected {expected}"))
    };
    match help {
        Some(help) => error.help(help),
        None if expected.is_empty() => error.help("take it out, or finish what stands before it"),
        None => error.help(format!("expected {expected} here")),
    }
}

pub(crate) fn unexpected_end(span: Span, expected: &str) -> Diagnostic {
    let error = Diagnostic::error("E0106", span, "something is missing here");
    if expected.is_empty() {
        error.help("finish what was begun before it")
    } else {
        error.help(format!("expected {expected}"))
    }
}

pub(crate) fn never_closed(span: Span, opened: char) -> Diagnostic {
    let closing = match opened {
        '{' => '}',
        '(' => ')',
        _ => ']',
    };
    Diagnostic::error("E0113", span, format!("this `{opened}` is never closed"))
        .help(format!("add the `{closing}` where it should end"))
}

pub(crate) fn closes_nothing(span: Span, closing: &str) -> Diagnostic {
    Diagnostic::error("E0114", span, format!("this {closing} closes nothing"))
        .help("take it out, or add the bracket that it should close")
}

pub(crate) fn too_deep(span: Span, limit: u32) -> Diagnostic {
    Diagnostic::error("E0107", span, format!("nested deeper than {limit} levels"))
        .help("split the condition into several rules or clauses")
}

pub(crate) fn type_too_deep(span: Span, limit: u32) -> Diagnostic {
    let message = format!("sets and records nested deeper than {limit} levels");
    Diagnostic::error("E0107", span, message).help("take it apart into several attributes or sets")
}

pub(crate) fn bad_number(span: Span, text: &str, what: &str) -> Diagnostic {
    let shown: String = text.chars().take(40).collect();
    let error = Diagnostic::error("E0108", span, format!("`{shown}` is no {what}"));
    error.help(match what {
        "whole number" => "whole numbers have 64 bits: up to 9223372036854775807",
        "decimal" => "decimals have up to four digits behind the point, and 64 bits in all",
        "duration" => "durations are a whole number and `ms`, `s`, `m`, `h`, `d` or `w`, with 64 bits of milliseconds in all",
        _ => "times are written `2026-12-31` or `2026-12-31T23:59:00Z`",
    })
}

pub(crate) fn wrong_set_type(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0109", span, format!("`{name} of` is no type"))
        .help("a set is written `Set of T`")
}

pub(crate) fn too_many(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "E0110",
        span,
        format!("more than {limit} mistakes; the rest is not shown"),
    )
    .help("is this a policy file?")
}

pub(crate) fn too_long(span: Span, limit: usize) -> Diagnostic {
    Diagnostic::error(
        "E0111",
        span,
        format!("this condition has more than {limit} parts"),
    )
    .help("compare with a set: `resource.tier in [\"a\", \"b\"]`, or keep the values in facts")
}

#[cfg(feature = "cli")]
pub(crate) fn not_utf8(span: Span, offset: usize) -> Diagnostic {
    Diagnostic::error(
        "E0112",
        span,
        format!("this file is not UTF-8, from byte {offset}"),
    )
    .help("save it as UTF-8")
}
