//! `missing-description`: what people choose from does not say what it is.

use super::{Findings, Level, Rule, Subject};
use crate::source::Span;
use crate::syntax::ast::{Ident, Item, PermissionGroup};

pub(super) static RULE: Rule = Rule {
    code: "N105",
    name: "missing-description",
    level: Level::Allow,
    summary: "a role, a permission group or a level without a `///` line",
    page: include_str!("../../../docs/rules/missing-description.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut missing: Vec<(Span, String)> = Vec::new();
    let mut ask = |doc: Option<&str>, what: &str, name: &Ident| {
        if doc.is_none_or(|doc| doc.trim().is_empty()) {
            missing.push((name.span, format!("the {what} `{}`", name.name)));
        }
    };
    for role in subject.schema.roles.rows() {
        ask(role.decl.doc.as_deref(), "role", &role.decl.name);
    }
    for level in subject.schema.levels.rows() {
        ask(level.decl.doc.as_deref(), "level", &level.decl.name);
    }
    let mut groups: Vec<&PermissionGroup> = Vec::new();
    for item in subject.items() {
        if let Item::Permissions(group) = item {
            groups.push(group);
        }
    }
    while let Some(group) = groups.pop() {
        ask(group.doc.as_deref(), "permission group", &group.name);
        groups.extend(&group.groups);
    }
    for (span, what) in missing {
        found
            .add(span, format!("{what} says nowhere what it is for"))
            .help("write a `///` line above it, for those who choose it from a list");
    }
}
