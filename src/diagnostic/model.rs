//! `E04…`: declarations that do not fit together.

use super::{Diagnostic, listed};
use crate::literal::a;
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
        format!("{} can never be inside {}, so this `{clause}` gives nothing", a(name), a(of)),
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
            "nothing of `{group}` can ever be inside {}, so this `{clause}` gives nothing",
            a(of)
        ),
    )
    .help("declare the role on a scope that holds what the group is about, or take it out")
}

pub(crate) fn never_encloses(
    span: Span,
    of: &str,
    ty: &str,
    clause: &str,
    enclosing: &[&str],
) -> Diagnostic {
    let other = if of == ty { "other " } else { "" };
    let error = Diagnostic::error(
        "E0415",
        span,
        format!(
            "no {other}`{of}` ever encloses {}, so this `{clause}` means nothing",
            a(ty)
        ),
    );
    match (enclosing, clause) {
        (_, "also") if of == ty => error.help(format!(
            "for a role on the same `{ty}` leave the type out: `also Owner`"
        )),
        ([], _) => error.help(format!(
            "`{ty}` stands in nothing: take it out, or say what it is `in`"
        )),
        (enclosing, _) => error.help(format!(
            "name what {} stands in: {}",
            a(ty),
            listed(enclosing, 8)
        )),
    }
}

pub(crate) fn except_cycle(span: Span, role: &str, other: &str) -> Diagnostic {
    let message = if role == other {
        format!("who holds `{role}` depends on who does not hold it")
    } else {
        format!("who holds `{role}` depends on who does not hold `{other}`, and that on `{role}`")
    };
    Diagnostic::error("E0416", span, message)
        .help("take one of the steps out: what stands behind `except` must be known first")
}

pub(crate) fn no_holder(span: Span, name: &str, leads_to: &str, role: Option<&str>) -> Diagnostic {
    let error = Diagnostic::error(
        "E0417",
        span,
        format!("`{name}` leads to {leads_to}, and only subjects hold roles"),
    );
    match role {
        Some(role) => error.help(format!(
            "name the role that is meant there: `also {name}.{role}`"
        )),
        None => error.help("name a relation or attribute that leads to subjects, or take it out"),
    }
}

pub(crate) fn not_its_own_action(span: Span, action: &str, ty: &str) -> Diagnostic {
    Diagnostic::error(
        "E0418",
        span,
        format!(
            "`{action}` is not asked of {} itself, so it cannot show one",
            a(ty)
        ),
    )
    .help("name an action that is asked of the entity: not a `create in …`")
}

pub(crate) fn no_credential(span: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(
        "E0419",
        span,
        format!("`{name}` is a credential and cannot {what}"),
    )
    .help(format!(
        "it acts for its owner: name the owner's type, and ask `credential is {name}` in a condition where it matters"
    ))
}

pub(crate) fn too_many_overridden(span: Span, limit: u32) -> Diagnostic {
    Diagnostic::error(
        "E0420",
        span,
        format!("more than {limit} types are overridden"),
    )
    .help("override fewer types of scopes")
}

pub(crate) fn no_limit(
    span: Span,
    name: &str,
    found: Option<&str>,
    near: Option<&str>,
) -> Diagnostic {
    let error = Diagnostic::error(
        "E0421",
        span,
        format!("`at most {name}` needs an attribute of type `Permissions`"),
    );
    match found {
        Some(found) => error.help(format!(
            "declare it as `{name}: Permissions`, not `{found}`"
        )),
        None => error.suggest(near, format!("declare `{name}: Permissions` in this type")),
    }
}

pub(crate) fn misplaced_permissions(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0422",
        span,
        "`Permissions` can only be an attribute of a type",
    )
    .help("declare the attribute in the type itself, not in a set, a record or the context")
}

pub(crate) fn unknown_permission_value(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0423", span, format!("unknown permission `{name}`")).suggest(
        near,
        "name an action as `Type.action`, a permission group by its path, or `*` for all",
    )
}

pub(crate) fn unknown_mark(
    span: Span,
    name: &str,
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let known: Vec<String> = known.iter().map(|name| format!("`@{name}`")).collect();
    let near = near.map(|near| format!("@{near}"));
    Diagnostic::error("E0424", span, format!("unknown mark `@{name}`"))
        .suggest(near.as_deref(), format!("there are {}", known.join(", ")))
}

pub(crate) fn mark_arguments(span: Span, name: &str, wanted: bool) -> Diagnostic {
    let (message, help) = match (wanted, name) {
        (false, _) => ("says nothing in parentheses", format!("write `@{name}`")),
        (true, "assigns") => (
            "says which roles",
            "write `@assigns(Team.Member)`".to_owned(),
        ),
        (true, "shares") => ("says which levels", "write `@shares(read)`".to_owned()),
        (true, _) => (
            "says which attributes or relations",
            "write `@edits(resource.owner)`".to_owned(),
        ),
    };
    Diagnostic::error("E0425", span, format!("`@{name}` {message}")).help(help)
}

pub(crate) fn mark_too_long(span: Span, more: &str, place: &str, named: &str) -> Diagnostic {
    let message = format!("`{more}` cannot stand {place} `{named}`");
    Diagnostic::error("E0425", span, message).help(format!("write `{named}`"))
}

pub(crate) fn unknown_annotation(span: Span, name: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0406", span, format!("unknown annotation `@{name}`"))
        .suggest(near, "rules have `@id(\"…\")` and `@reason(\"…\")`")
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
        format!(
            "`{action}` cannot be asked of {}, which holds no such things",
            a(of)
        ),
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
