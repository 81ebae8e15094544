//! `unused-permissions`: a permission group that nothing names.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::resolve::GroupId;
use crate::source::Span;
use crate::syntax::ast::{Item, PermissionGroup};

pub(super) static RULE: Rule = Rule {
    code: "R102",
    name: "unused-permissions",
    level: Level::Warn,
    summary: "a permission group that nothing names",
    page: include_str!("../../../docs/rules/unused-permissions.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    // Custom roles and credentials name groups at run time.
    if !subject.plan.permissions.is_empty() {
        return;
    }
    let groups = &subject.permissions.groups;
    // A group is alive when it is used, or something inside it is.
    let mut alive: BTreeSet<GroupId> = BTreeSet::new();
    for group in &subject.used.groups {
        let mut next = Some(*group);
        while let Some(group) = next.filter(|group| alive.insert(*group)) {
            next = groups[group].parent;
        }
    }
    for (id, group) in groups.iter() {
        let below_dead = group.parent.is_some_and(|parent| !alive.contains(&parent));
        if alive.contains(&id) || below_dead {
            continue;
        }
        let whole = decl(subject, group.span)
            .map(|span| subject.whole_lines(subject.with_word("permissions", span)));
        let finding = found.add(
            group.span,
            format!("nothing names the permission group `{}`", group.path),
        );
        finding.help("name it in a role, a level or a rule, or remove it");
        if let Some(whole) = whole {
            finding.safe_fix("remove the group", vec![(whole, String::new())]);
        }
    }
}

/// The whole declaration of the group with this name.
fn decl(subject: &Subject<'_>, name: Span) -> Option<Span> {
    fn inside(group: &PermissionGroup, name: Span) -> Option<Span> {
        if group.name.span == name {
            return Some(group.span);
        }
        group.groups.iter().find_map(|inner| inside(inner, name))
    }
    subject.items().find_map(|item| match item {
        Item::Permissions(group) => inside(group, name),
        _ => None,
    })
}
