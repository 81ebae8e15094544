//! `hidden-ancestor`: a role shows what is inside a scope, and not the scope.

use super::{Findings, Level, Rule, Subject};
use crate::plan::TypeKind;

pub(super) static RULE: Rule = Rule {
    code: "V105",
    name: "hidden-ancestor",
    level: Level::Allow,
    summary: "a role that shows what is inside a scope, and not the scope itself",
    page: include_str!("../../../docs/rules/hidden-ancestor.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, clauses) in subject.roles.iter() {
        let on = subject.plan.roles[role].on;
        let of = &subject.plan.types[on];
        let mut sights = subject.gives(role).flat_map(|clause| &clause.sights);
        let shown = sights.any(|sight| sight.of == on) || of.visible_by.is_some();
        let inside = clauses.iter().find(|clause| !clause.sights.is_empty());
        let Some(inside) = inside.filter(|_| of.kind == TypeKind::Scope && !shown) else {
            continue;
        };
        found
            .add(
                inside.span,
                format!(
                    "a `{}` sees things in a `{}`, and not the `{}` itself",
                    subject.role_name(role),
                    of.name,
                    of.name
                ),
            )
            .help("add `sees this`: what people cannot see they cannot open on the way to what is inside");
    }
}
