//! `wildcard-action`: a role that has whatever actions will be added, and is not administrative.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::{can_set, takes_new_actions};
use crate::syntax::ast::RoleClause;

pub(super) static RULE: Rule = Rule {
    code: "S101",
    name: "wildcard-action",
    level: Level::Warn,
    summary: "a role that has whatever actions will be added, and is not administrative",
    page: include_str!("../../../docs/rules/wildcard-action.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, info) in subject.schema.roles.iter() {
        if subject.rights.sounds_administrative(role) {
            continue;
        }
        for clause in &info.decl.clauses {
            // What is bounded by a condition is somebody's own.
            let RoleClause::Can { when: None, .. } = clause else {
                continue;
            };
            let Some(at) = can_set(subject, role, clause) else {
                continue;
            };
            for term in &at.set.terms {
                if !takes_new_actions(subject, term) {
                    continue;
                }
                let name = subject.text(term.span);
                found
                    .add(
                        term.span,
                        format!(
                            "with `{name}`, `{}` has every action that is ever added",
                            subject.role_name(role)
                        ),
                    )
                    .help("name the actions or a permission group; if the role is to have everything, mark it `@administrative`");
            }
        }
    }
}
