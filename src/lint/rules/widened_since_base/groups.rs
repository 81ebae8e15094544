//! Permission groups that facts name: custom roles are made of them, and credentials limited by them.

use super::{Findings, HELP, Subject, actions_text, beyond};
use crate::lint::base::{Base, set_of};
use crate::plan::ValueType;
use crate::source::Span;
use crate::syntax::ast::{Item, PermissionGroup};

pub(super) fn check(subject: &Subject<'_>, base: &Base<'_>, found: &mut Findings) {
    let plan = subject.plan;
    let types = plan.types.rows();
    let attributes = types.iter().flat_map(|ty| &ty.attributes);
    let limits = attributes
        .clone()
        .any(|field| field.ty == ValueType::Permissions);
    let customs = types.iter().filter_map(|ty| ty.custom_roles.as_ref());
    let customs: Vec<_> = customs.flat_map(|made| set_of(plan, &made.masks)).collect();
    for item in subject.items() {
        let Item::Permissions(group) = item else {
            continue;
        };
        for (path, span) in paths(group, "") {
            let (Some(now), Some(then)) = (plan.permission(&path), base.then.permission(&path))
            else {
                continue;
            };
            let mut more = beyond(&set_of(plan, &now.masks), &base.set_now(&then.masks));
            if !limits {
                more.retain(|right| customs.contains(right));
            }
            if !more.is_empty() {
                let actions = actions_text(subject, &more);
                let message = format!(
                    "facts that name the permission group `{path}`, in custom roles or credentials, give {actions} now"
                );
                found.add(span, message).help(HELP);
            }
        }
    }
}

/// The path of a group, and those of all groups inside it.
fn paths(group: &PermissionGroup, before: &str) -> Vec<(String, Span)> {
    let path = format!("{before}{}", group.name.name);
    let inside = format!("{path}.");
    let inner = group.groups.iter().flat_map(|inner| paths(inner, &inside));
    let mut all = vec![(path, group.name.span)];
    all.extend(inner);
    all
}
