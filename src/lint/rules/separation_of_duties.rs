//! `separation-of-duties`: one role has two actions that are to be in two hands.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::plan::ActionId;

pub(super) static RULE: Rule = Rule {
    code: "S117",
    name: "separation-of-duties",
    level: Level::Warn,
    summary: "a role with two actions that `ward.toml` keeps apart",
    page: include_str!("../../../docs/rules/separation-of-duties.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for apart in subject.config.apart() {
        let named = |action: &ActionId| apart.contains(&subject.schema.action_name(*action));
        let all: Vec<ActionId> = subject.schema.actions.ids().filter(named).collect();
        if all.len() < 2 {
            continue;
        }
        for (role, clauses) in subject.roles.iter() {
            let has = |action: &&ActionId| {
                let mut grants = subject.gives(role).flat_map(|clause| &clause.grants);
                grants.any(|grant| grant.action == **action && grant.condition.is_none())
            };
            let had: Vec<ActionId> = all.iter().filter(has).copied().collect();
            // What it only includes is told where that is.
            let own = |clause: &&crate::lint::subject::Clause<'_>| {
                let mut grants = clause.grants.iter();
                grants.any(|grant| had.contains(&grant.action) && grant.condition.is_none())
            };
            let Some(clause) = clauses.iter().rfind(own).filter(|_| had.len() > 1) else {
                continue;
            };
            found
                .add(
                    clause.span,
                    format!(
                        "a `{}` has {}, which are to be in different hands",
                        subject.role_name(role),
                        action_names(subject, &had)
                    ),
                )
                .help("split the role, or give one of them under a condition: `when resource.author != principal`");
        }
    }
}
