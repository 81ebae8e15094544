//! `E03…`: conditions that do not fit their types.

use super::{Diagnostic, listed};
use crate::literal::a;
use crate::source::Span;

pub(crate) fn unknown_attribute(
    span: Span,
    name: &str,
    of: &str,
    near: Option<&str>,
    hint: Option<String>,
) -> Diagnostic {
    let error = Diagnostic::error("E0301", span, format!("`{of}` has no attribute `{name}`"));
    match (near, hint) {
        (Some(near), _) => error.help(format!("did you mean `{near}`?")),
        (None, Some(hint)) => error.help(hint),
        (None, None) => error.help(format!("declare it in `{of}`, or take the condition apart")),
    }
}

pub(crate) fn unknown_field(
    span: Span,
    name: &str,
    of: Option<&str>,
    near: Option<&str>,
    known: &[&str],
) -> Diagnostic {
    let of = of.map_or("this record".to_owned(), |of| format!("`{of}`"));
    let otherwise = match known {
        [] => "it has no fields".to_owned(),
        _ => format!("its fields are {}", listed(known, 8)),
    };
    Diagnostic::error("E0301", span, format!("{of} has no field `{name}`")).suggest(near, otherwise)
}

pub(crate) fn unlike(span: Span, left: &str, right: &str) -> Diagnostic {
    let error = Diagnostic::error(
        "E0302",
        span,
        format!("`{left}` and `{right}` cannot be compared"),
    );
    match (left, right) {
        ("Int", "Decimal") | ("Decimal", "Int") => {
            error.help("make both of one type; `1.0` is a decimal, `1` a whole number")
        }
        ("String", _) | (_, "String") => {
            error.help("only a text stands in quotes; numbers, times and entities stand without")
        }
        _ => error.help("both sides of a comparison are of one type"),
    }
}

pub(crate) fn mismatch(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(
        "E0303",
        span,
        format!("expected `{expected}`, found `{found}`"),
    )
    .here(format!("this is `{found}`"))
    .help(format!("write something of type `{expected}`"))
}

pub(crate) fn not_an_entity(span: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        "E0303",
        span,
        format!("expected an entity, found `{found}`"),
    )
    .here(format!("this is `{found}`"))
    .help("only entities are of several types: `principal is User`")
}

pub(crate) fn unguarded(span: Span, base: &str, name: &str) -> Diagnostic {
    Diagnostic::error("E0304", span, format!("`{name}` may be absent"))
        .help(format!("ask first: `{base} has {name} && …`"))
}

pub(crate) fn unknown_word(
    span: Span,
    name: &str,
    near: Option<&str>,
    is_type: bool,
) -> Diagnostic {
    if is_type {
        return Diagnostic::error("E0305", span, format!("the type `{name}` is no value"))
            .help("ask `principal is User`, or `principal is Member of Team` for a role");
    }
    Diagnostic::error("E0305", span, format!("unknown name `{name}`")).suggest(
        near,
        "a condition speaks of `principal`, `resource`, `context` and `now`; texts stand in quotes",
    )
}

pub(crate) fn context_alone(span: Span) -> Diagnostic {
    Diagnostic::error("E0305", span, "`context` is no value by itself")
        .help("name the part: `context.ip`")
}

pub(crate) fn unknown_method(span: Span, name: &str, of: &str, near: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0306", span, format!("`{of}` has no method `{name}`")).suggest(
        near,
        "sets have `contains`, `containsAll`, `containsAny` and `isEmpty`; nothing else has methods",
    )
}

pub(crate) fn unknown_function(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0306", span, format!("unknown function `{name}`"))
        .help("the one function is `ip(\"10.0.0.0/8\")`; sets have methods: `set.contains(…)`")
}

pub(crate) fn argument_count(span: Span, name: &str, wanted: usize, found: usize) -> Diagnostic {
    Diagnostic::error(
        "E0307",
        span,
        match wanted {
            0 => format!("`{name}` takes no arguments"),
            1 => format!("`{name}` takes one argument, not {found}"),
            _ => format!("`{name}` takes {wanted} arguments, not {found}"),
        },
    )
    .help(match wanted {
        0 => format!("write `{name}()`"),
        1 => format!("write `{name}(…)` with one"),
        _ => format!("write `{name}(…)` with {wanted}"),
    })
}

pub(crate) fn no_constant_side(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0308",
        span,
        "one side of `+`, `-` and `*` must be a constant",
    )
    .help("move one side over: `now - resource.created < 72h` is `now < resource.created + 72h`")
}

pub(crate) fn not_constant(span: Span) -> Diagnostic {
    Diagnostic::error("E0309", span, "a constant is needed here")
        .help("write a value: `false`, `12`, `\"text\"`, `User:alice`, `[…]`")
}

pub(crate) fn not_one_container(span: Span, from: &str, to: &str) -> Diagnostic {
    Diagnostic::error(
        "E0310",
        span,
        format!("{} does not stand in exactly one `{to}`", a(from)),
    )
    .help(format!(
        "`.{to}` needs `in {to}` without `?` or `many`, one way only, and {} that stands in no other; else ask `resource in …`",
        a(to)
    ))
}

pub(crate) fn does_not_fit(error: Diagnostic, named: &str, asked_of: &str, at: Span) -> Diagnostic {
    let error = if error.label.text.is_empty() {
        error.here("here")
    } else {
        error
    };
    error.also(
        at,
        format!(
            "`{named}` is named here, and it is asked of {}",
            a(asked_of)
        ),
    )
}

pub(crate) fn taken_in(error: Diagnostic, at: Span) -> Diagnostic {
    let error = if error.label.text.is_empty() {
        error.here("here")
    } else {
        error
    };
    error.also(
        at,
        "this takes it in, and a denial leaves nothing out silently",
    )
}

pub(crate) fn constant_overflow(span: Span) -> Diagnostic {
    Diagnostic::error("E0311", span, "this leaves 64 bits").help("take smaller numbers")
}

pub(crate) fn unlike_elements(span: Span, first: &str, other: &str) -> Diagnostic {
    Diagnostic::error(
        "E0312",
        span,
        format!("this set holds `{first}` and `{other}`"),
    )
    .help("all elements of a set are of one type")
}

pub(crate) fn bad_address(span: Span, text: &str) -> Diagnostic {
    let shown: String = text.chars().take(40).collect();
    Diagnostic::error("E0313", span, format!("`{shown}` is no address"))
        .help("write `ip(\"10.0.0.1\")`, `ip(\"10.0.0.0/8\")` or `ip(\"::1\")`")
}

pub(crate) fn unknown_context(
    span: Span,
    name: &str,
    near: Option<&str>,
    declared: bool,
) -> Diagnostic {
    let otherwise = if declared {
        format!("declare it: `context {{ {name}: … }}`")
    } else {
        format!("this policy declares no context: add `context {{ {name}: … }}`")
    };
    Diagnostic::error("E0314", span, format!("`context` has no `{name}`")).suggest(near, otherwise)
}

pub(crate) fn not_operable(span: Span, operator: &str, left: &str, right: &str) -> Diagnostic {
    let error = Diagnostic::error(
        "E0315",
        span,
        format!("`{operator}` does not take `{left}` and `{right}`"),
    );
    match operator {
        "<" | "<=" | ">" | ">=" => {
            error.help("ordered are Int, Decimal, Datetime and Duration, each with its own kind")
        }
        "in" => error.help(
            "`in` asks for an element in a set, an entity in a container or group, or an address in a network",
        ),
        _ => error.help(
            "Int, Decimal and Duration are added to their own kind, a Duration to a Datetime; `*` takes an Int",
        ),
    }
}

pub(crate) fn only_principal(span: Span) -> Diagnostic {
    Diagnostic::error("E0316", span, "only `principal is R of T` asks for a role")
        .help("put `principal` on the left")
}

pub(crate) fn never_enclosed(span: Span, resource: &str, of: &str) -> Diagnostic {
    Diagnostic::error(
        "E0317",
        span,
        format!("{} is never inside {}", a(resource), a(of)),
    )
    .help(format!(
        "ask for a role on something that holds {}",
        a(resource)
    ))
}

pub(crate) fn never_of_type(span: Span, ty: &str, possible: &[&str]) -> Diagnostic {
    Diagnostic::error("E0318", span, format!("this is never {}", a(ty)))
        .help(format!("it can be {}", listed(possible, 8)))
}

pub(crate) fn record_literal(span: Span) -> Diagnostic {
    Diagnostic::error("E0319", span, "a record cannot stand in a condition")
        .help("compare its fields one by one")
}

pub(crate) fn no_fields(span: Span, ty: &str, name: &str) -> Diagnostic {
    Diagnostic::error("E0320", span, format!("{} has no `{name}`", a(ty))).help(
        "entities have attributes and relations, records have fields; nothing else has either",
    )
}

pub(crate) fn wrong_default(span: Span, expected: &str, found: &str) -> Diagnostic {
    Diagnostic::error(
        "E0303",
        span,
        format!("expected `{expected}`, found {found}"),
    )
    .help(format!(
        "write a value of type `{expected}`, or take the default out"
    ))
}

pub(crate) fn perhaps_no_credential(span: Span, ty: &str) -> Diagnostic {
    Diagnostic::error("E0321", span, "not everybody asks by a credential")
        .help(format!("ask first: `credential is {ty} && credential.…`"))
}

pub(crate) fn permissions_read(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error(
        "E0322",
        span,
        format!("`{name}` holds permissions, and a condition cannot read them"),
    )
    .help(format!(
        "it limits a credential by itself: `acts for owner: User at most {name}`"
    ))
}

pub(crate) fn context_of_others(span: Span, name: &str, action: Option<&str>) -> Diagnostic {
    let message = match action {
        Some(action) => format!("`context.{name}` is not declared for `{action}`"),
        None => format!("`context.{name}` is declared for some actions, and this is about sight"),
    };
    Diagnostic::error("E0323", span, message).help(format!(
        "declare it for all: `context {{ {name}: … }}`, or name only actions that have it"
    ))
}
