//! `ceiling-escape`: a role inside gives power to those who hold no role with a ceiling.

use super::{Findings, Level, Rule, Subject};
use std::collections::BTreeSet;

use crate::plan::{RoleId, TypeId};
use crate::source::Span;
use crate::syntax::ast::RoleClause;

pub(super) static RULE: Rule = Rule {
    code: "S104",
    name: "ceiling-escape",
    level: Level::Warn,
    summary: "a role inside gives power to those who hold no role with a ceiling",
    page: include_str!("../../../docs/rules/ceiling-escape.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    // For each type the first ceiling of a role on it.
    let capped: Vec<(TypeId, RoleId, Span)> = capped(subject);
    if capped.is_empty() {
        return;
    }
    for (role, info) in subject.schema.roles.iter() {
        let implied = subject.plan.roles[role].implies.iter();
        let mut clauses = implied.flat_map(|role| &subject.roles[*role]);
        if clauses.all(|clause| clause.grants.is_empty()) {
            continue;
        }
        let above = above(subject, info.on);
        let required = required(subject, role);
        for (on, ceiling, span) in &capped {
            let guarded = required.iter().any(|of| subject.plan.roles[*of].on == *on);
            if *on == info.on || !above.contains(on) || guarded {
                continue;
            }
            let name = subject.schema.type_name(*on);
            let cap = &subject.schema.roles[*ceiling].name;
            found
                .add(
                    subject.role_span(role),
                    format!(
                        "`{}` counts for those who hold no role on the `{name}` around it, and so are under no ceiling",
                        subject.role_name(role)
                    ),
                )
                .also(*span, format!("the ceiling of `{cap}`"))
                .help(format!("write `requires {name}.…` with the role that everybody of the `{name}` holds"));
        }
    }
}

fn capped(subject: &Subject<'_>) -> Vec<(TypeId, RoleId, Span)> {
    let mut capped: Vec<(TypeId, RoleId, Span)> = Vec::new();
    for (role, info) in subject.schema.roles.iter() {
        let span = info.decl.clauses.iter().find_map(|clause| match clause {
            RoleClause::AtMost { span, .. } => Some(*span),
            _ => None,
        });
        if let Some(span) = span
            && capped.iter().all(|(on, ..)| *on != info.on)
        {
            capped.push((info.on, role, span));
        }
    }
    capped
}

/// The types that enclose a type.
fn above(subject: &Subject<'_>, of: TypeId) -> BTreeSet<TypeId> {
    let mut above = BTreeSet::new();
    let mut open = vec![of];
    while let Some(at) = open.pop() {
        for (container, _) in &subject.plan.types[at].containers {
            if above.insert(*container) {
                open.push(*container);
            }
        }
    }
    above
}

/// The roles without which a holding of a role does not count, to any depth.
fn required(subject: &Subject<'_>, role: RoleId) -> BTreeSet<RoleId> {
    let mut required = BTreeSet::new();
    let mut open = vec![role];
    while let Some(at) = open.pop() {
        for of in &subject.plan.roles[at].guard.requires {
            if required.insert(*of) {
                open.push(*of);
            }
        }
    }
    required
}
