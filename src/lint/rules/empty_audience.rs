//! `empty-audience`: a role that nobody can hold.

use super::{Findings, Level, Rule, Subject};
use crate::plan::{RoleId, TypeId};
use crate::syntax::ast::RoleClause;

pub(super) static RULE: Rule = Rule {
    code: "R107",
    name: "empty-audience",
    level: Level::Warn,
    summary: "a role that nobody can hold",
    page: include_str!("../../../docs/rules/empty-audience.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for role in subject.schema.roles.ids() {
        let own = subject.holders(role);
        let Some(required) = excluding(subject, role, &own) else {
            continue;
        };
        let finding = found.add(
            subject.role_span(role),
            format!(
                "nobody can hold `{}`: it requires `{}`, which is for others",
                subject.role_name(role),
                subject.role_name(required)
            ),
        );
        finding.help("a holder must be of a type that both roles are `for`");
        for role in [role, required] {
            for clause in &subject.schema.roles[role].decl.clauses {
                if let RoleClause::For { span, .. } = clause {
                    finding.also(*span, format!("who may hold `{}`", subject.role_name(role)));
                }
            }
        }
    }
}

/// A required role after which no type of subjects is left.
fn excluding(subject: &Subject<'_>, role: RoleId, own: &[TypeId]) -> Option<RoleId> {
    let mut left = own.to_vec();
    let mut seen = vec![role];
    let mut next = 0;
    while let Some(at) = seen.get(next).copied() {
        next += 1;
        let allowed = &subject.plan.roles[at].guard.holders;
        left.retain(|of| allowed.is_empty() || allowed.contains(of));
        if left.is_empty() {
            return Some(at);
        }
        for required in &subject.plan.roles[at].guard.requires {
            if !seen.contains(required) {
                seen.push(*required);
            }
        }
    }
    None
}
