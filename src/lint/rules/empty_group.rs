//! `empty-group`: a group holds a role and has no members.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::world::Holder;

pub(super) static RULE: Rule = Rule {
    code: "W113",
    name: "empty-group",
    level: Level::Warn,
    summary: "a group that holds a role and has no members",
    page: include_str!("../../../docs/rules/empty-group.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let contents = subject.contents();
    let mut told = BTreeSet::new();
    for held in subject.held() {
        let Holder::Entity(group) = held.holder else {
            continue;
        };
        let of = subject.type_of(group);
        let is_group = of.is_some_and(|of| !subject.plan.types[of].members.is_empty());
        if !is_group || contents.contains_key(group) || !told.insert(group) {
            continue;
        }
        found
            .add(
                held.span,
                format!(
                    "`{group}` holds `{}`, and nobody is in it",
                    subject.role_name(held.role)
                ),
            )
            .help(
                "add its members, or remove what it holds: whoever is put into it gets all of that",
            );
    }
}
