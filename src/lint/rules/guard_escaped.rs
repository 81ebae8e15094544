//! `guard-escaped`: a role includes one that requires another, and gives without it.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::plan::{ActionId, RoleId};
use crate::source::Span;
use crate::syntax::ast::RoleClause;

pub(super) static RULE: Rule = Rule {
    code: "S103",
    name: "guard-escaped",
    level: Level::Warn,
    summary: "a role includes one that requires another, and gives without it",
    page: include_str!("../../../docs/rules/guard-escaped.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, plan) in subject.plan.roles.iter() {
        for guarded in &plan.guarded {
            let required = subject.plan.roles[*guarded].guard.requires.iter();
            let mut missing = required.copied().filter(|of| !requires(subject, role, *of));
            if let Some(missing) = missing.next()
                && let Some(gives) = gives(subject, role)
            {
                tell(subject, found, role, *guarded, missing, &gives);
            }
        }
    }
}

/// Whether a holding of a role counts only with another one.
fn requires(subject: &Subject<'_>, role: RoleId, other: RoleId) -> bool {
    let required = subject.plan.roles[role].guard.requires.iter();
    required
        .into_iter()
        .any(|of| subject.plan.roles[*of].gives(other))
}

/// What a role gives without its guarded roles.
fn gives(subject: &Subject<'_>, role: RoleId) -> Option<String> {
    let implied = subject.plan.roles[role].implies.iter();
    let clauses: Vec<_> = implied.flat_map(|role| &subject.roles[*role]).collect();
    let grants = clauses.iter().flat_map(|clause| &clause.grants);
    let actions: Vec<ActionId> = grants.map(|grant| grant.action).collect();
    if !actions.is_empty() {
        return Some(action_names(subject, &actions));
    }
    let sight = clauses.iter().flat_map(|clause| &clause.sights).next()?;
    Some(format!("sight of `{}`", subject.schema.type_name(sight.of)))
}

fn tell(
    subject: &Subject<'_>,
    found: &mut Findings,
    role: RoleId,
    guarded: RoleId,
    missing: RoleId,
    gives: &str,
) {
    let info = &subject.schema.roles[guarded];
    let (on, required) = (
        subject.plan.roles[missing].on,
        &subject.plan.roles[missing].name,
    );
    let required = format!("{}.{required}", subject.schema.type_name(on));
    let finding = found.add(
        subject.role_span(role),
        format!(
            "`{}` includes `{}`, which requires `{required}`, and gives {gives} without it",
            subject.schema.roles[role].name, info.name
        ),
    );
    finding.help(format!(
        "a guard goes with the role that has it: write `requires {required}` here too"
    ));
    for clause in &info.decl.clauses {
        if let RoleClause::Requires { span, .. } = clause {
            finding.also(*span, "the guard");
        }
    }
    let includes = subject.schema.roles[role].decl.clauses.iter();
    let mut place = includes.filter_map(|clause| match clause {
        RoleClause::Includes { span, .. } => Some(*span),
        _ => None,
    });
    if let Some(place) = place.next_back() {
        let end = Span::new(place.file, place.end, place.end);
        finding.unsafe_fix(
            "require it here too",
            vec![(end, format!("  requires {required}"))],
        );
    }
}
