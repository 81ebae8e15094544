//! `E04…`: declarations that do not fit together.

use super::{Diagnostic, listed};
use crate::source::Span;

pub(crate) fn cycle(code: &'static str, span: Span, what: &str, path: &[String]) -> Diagnostic {
    Diagnostic::error(
        code,
        span,
        format!("{what} goes in a circle: {}", path.join(" → ")),
    )
    .help("take one of the steps out")
}

pub(crate) fn role_cycle(span: Span, path: &[String]) -> Diagnostic {
    cycle("E0401", span, "`includes` of roles", path)
}

pub(crate) fn level_cycle(span: Span, path: &[String]) -> Diagnostic {
    cycle("E0402", span, "`includes` of levels", path)
}

pub(crate) fn container_cycle(span: Span, path: &[String]) -> Diagnostic {
    cycle("E0403", span, "containment", path)
        .help("take one of the `in` out; only a type itself may repeat: `Folder in many Folder`")
}

pub(crate) fn permission_cycle(span: Span, path: &[String]) -> Diagnostic {
    cycle("E0404", span, "a permission group", path)
}

pub(crate) fn cannot_be_inside(span: Span, name: &str, of: &str, clause: &str) -> Diagnostic {
    Diagnostic::error(
        "E0405",
        span,
        format!("a `{name}` can never be inside a `{of}`, so this `{clause}` gives nothing"),
    )
    .help(format!(
        "declare the role on a scope that holds `{name}`, or let `{name}` be in or shared with `{of}`"
    ))
}

pub(crate) fn group_out_of_reach(span: Span, group: &str, of: &str, clause: &str) -> Diagnostic {
    Diagnostic::error(
        "E0414",
        span,
        format!(
            "nothing of `{group}` can ever be inside a `{of}`, so this `{clause}` gives nothing"
        ),
    )
    .help("declare the role on a scope that holds what the group is about, or take it out")
}

pub(crate) fn unknown_annotation(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0406", span, format!("unknown annotation `@{name}`"))
        .suggest(near, "rules have `@id(\"…\")` and `@reason(\"…\")`")
}

pub(crate) fn container_and_group(span: Span, member: &str, group: &str) -> Diagnostic {
    Diagnostic::error(
        "E0407",
        span,
        format!("a `{member}` cannot both stand in a `{group}` and be a member of it"),
    )
    .help(format!(
        "take `in {group}` out: members are listed with `of` in `{group}`"
    ))
}

pub(crate) fn only_on(
    span: Span,
    what: &str,
    name: &str,
    kind: &str,
    where_to: &str,
) -> Diagnostic {
    Diagnostic::error(
        "E0408",
        span,
        format!("the {kind} `{name}` cannot have {what}"),
    )
    .help(format!("only {where_to} have {what}"))
}

pub(crate) fn empty_set(span: Span) -> Diagnostic {
    Diagnostic::error("E0409", span, "nothing is left of this set")
        .help("what stands behind `except` takes all of it away")
}

pub(crate) fn same_container_twice(span: Span, name: &str, container: &str) -> Diagnostic {
    Diagnostic::error(
        "E0410",
        span,
        format!("`{name}` is said to be in `{container}` twice"),
    )
    .help(format!(
        "say it once: `in {container}`, `in {container}?` or `in many {container}`"
    ))
}

pub(crate) fn not_a_container(span: Span, action: &str, of: &str, allowed: &[&str]) -> Diagnostic {
    let error = Diagnostic::error(
        "E0411",
        span,
        format!("`{action}` cannot be asked of a `{of}`, which holds no such things"),
    );
    if allowed.is_empty() {
        error.help("take the `in` out: the type that declares the action stands in nothing")
    } else {
        error.help(format!("it can be asked of {}", listed(allowed, 8)))
    }
}

pub(crate) fn this_with_others(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0412",
        span,
        "`this` cannot be taken out of a set, nor stand in a rule",
    )
    .help("`sees this` shows the entity on which the role is held, and nothing inside it")
}

pub(crate) fn unused_level(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0413", span, format!("`share with {name}` has no levels"))
        .help("declare one: `level read { view }`")
}
