//! `unused-role`: a role that gives nothing and is named nowhere.

use super::{Findings, Level, Rule, Subject};

pub(super) static RULE: Rule = Rule {
    code: "R101",
    name: "unused-role",
    level: Level::Warn,
    summary: "a role that gives nothing and is named nowhere",
    page: include_str!("../../../docs/rules/unused-role.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, info) in subject.schema.roles.iter() {
        let gives = subject
            .gives(role)
            .any(|clause| !clause.sights.is_empty() || !clause.grants.is_empty());
        let limits = subject.included[role]
            .iter()
            .any(|role| subject.plan.roles[*role].ceiling.is_some());
        // Where a type overrides, holding any role takes something away.
        let overrides = subject.plan.types[info.on].overrides != 0;
        if gives || limits || overrides || subject.used.roles.contains(&role) {
            continue;
        }
        let name = subject.role_name(role);
        let whole = subject.whole_lines(info.decl.span);
        found
            .add(
                subject.role_span(role),
                format!("`{name}` gives nothing, and nothing names it"),
            )
            .help("give it a `sees` or `can`, name it in a `requires`, or remove it")
            .unsafe_fix("remove the role", vec![(whole, String::new())]);
    }
}
