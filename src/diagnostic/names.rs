//! `E02…`: names that mean nothing, or too much.

use super::{Diagnostic, listed};
use crate::source::Span;

/// What stands for all, where a word of another language does.
fn all_as_a_word(name: &str) -> Option<&'static str> {
    ["all", "any", "anything", "everything"]
        .contains(&name)
        .then_some("*")
}

pub(crate) fn unknown_type(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0201", span, format!("unknown type `{name}`")).suggest(
        all_as_a_word(name).or(near),
        format!("declare it: `scope {name}`, `resource {name} in …` or `subject {name}`"),
    )
}

pub(crate) fn unknown_value_type(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0201", span, format!("unknown type `{name}`")).suggest(
        near,
        "the types of values are Bool, Int, Decimal, String, Datetime, Duration, IpAddr, Permissions, `Set of T`, `{ name: T }` and the declared types",
    )
}

pub(crate) fn unknown_role(
    span: Span,
    role: &str,
    of: &str,
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let otherwise = if known.is_empty() {
        format!("`{of}` has no roles; declare it: `role {role} {{ … }}`")
    } else {
        format!("the roles of `{of}` are {}", listed(known, 8))
    };
    Diagnostic::error("E0202", span, format!("`{of}` has no role `{role}`"))
        .suggest(near, otherwise)
}

pub(crate) fn unknown_action(
    span: Span,
    action: &str,
    of: &str,
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let otherwise = if known.is_empty() {
        format!("`{of}` declares no actions: add `actions {action}` to it")
    } else {
        format!("the actions of `{of}` are {}", listed(known, 8))
    };
    Diagnostic::error("E0203", span, format!("`{of}` has no action `{action}`"))
        .suggest(near, otherwise)
}

pub(crate) fn unknown_permission(span: Span, path: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0204", span, format!("unknown permission `{path}`")).suggest(
        all_as_a_word(path).or(near),
        "a permission is an action (`Volume.view`), all of a type (`Volume.*`), all of a name (`*.view`), or a permission group (`jobs.run`)",
    )
}

pub(crate) fn unknown_level(
    span: Span,
    level: &str,
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    Diagnostic::error("E0205", span, format!("unknown level `{level}`")).suggest(
        near,
        format!("the levels of this share are {}", listed(known, 8)),
    )
}

pub(crate) fn declared_twice(span: Span, what: &str, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0206", span, format!("{what} `{name}` is declared twice"))
        .here("again here")
        .also(first, "first declared here")
        .help("take one of the two out, or give it another name")
}

pub(crate) fn clause_twice(span: Span, clause: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0206", span, format!("`{clause}` is said twice"))
        .here("again here")
        .also(first, "first said here")
        .help("keep one of the two")
}

pub(crate) fn context_twice(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0206", span, format!("`context.{name}` is declared twice"))
        .here("again here")
        .also(first, "first declared here")
        .help(
            "a part of the context has one type, whatever the action: declare it once, `context Doc.edit, Doc.delete { … }`",
        )
}

pub(crate) fn wrong_kind(span: Span, name: &str, kind: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error(
        "E0207",
        span,
        format!("`{name}` is a {kind}, and a {wanted} is needed here"),
    )
    .help(format!("name a {wanted}, or declare `{name}` as one"))
}

pub(crate) fn lower_case_type(span: Span, name: &str, better: &str) -> Diagnostic {
    Diagnostic::error(
        "E0208",
        span,
        format!("the type `{name}` does not begin with a capital letter"),
    )
    .help(format!(
        "call it `{better}`: entities are written `{better}:id`"
    ))
}

pub(crate) fn unknown_file(span: Span, path: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0209", span, format!("cannot find `{path}`")).suggest(
        near,
        "a path after `use` is relative to the file that it stands in",
    )
}

pub(crate) fn unknown_source(span: Span, name: &str, of: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error(
        "E0212",
        span,
        format!("`{of}` has no relation, attribute or role `{name}`"),
    )
    .suggest(
        near,
        "`also` takes a relation or attribute that leads to subjects, a role of the same type, `T.R` of an enclosing T, or `relation.R`",
    )
}

pub(crate) fn ambiguous_permission(span: Span, name: &str, of: &str) -> Diagnostic {
    Diagnostic::error(
        "E0210",
        span,
        format!("`{name}` is an action of `{of}` and a permission group"),
    )
    .help(format!(
        "write `{of}.{name}` for the action or `{name}.*` for the group"
    ))
}

pub(crate) fn reserved_type(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E0211",
        span,
        format!("`{name}` is a type of values already"),
    )
    .help("give it another name")
}
