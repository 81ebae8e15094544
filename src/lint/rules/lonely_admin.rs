//! `lonely-admin`: a scope with one administrator, or with none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Level, Rule, Subject};
use crate::lint::holdings::{Held, named};
use crate::literal::EntityName;
use crate::plan::{RoleId, TypeKind};
use crate::source::Span;
use crate::world::Holder;

pub(super) static RULE: Rule = Rule {
    code: "W111",
    name: "lonely-admin",
    level: Level::Warn,
    summary: "a scope with one administrator, or with none",
    page: include_str!("../../../docs/rules/lonely-admin.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut scopes: BTreeMap<&EntityName, Span> = BTreeMap::new();
    for (span, fact) in &subject.facts {
        for (entity, _) in named(fact) {
            let of = subject.type_of(entity);
            if of.is_some_and(|of| subject.kind(of) == TypeKind::Scope) {
                scopes.entry(entity).or_insert(*span);
            }
        }
    }
    let contents = subject.contents();
    let held = subject.held();
    let mut above: BTreeMap<&EntityName, Vec<&EntityName>> = BTreeMap::new();
    for (container, inside) in &contents {
        for entity in inside {
            above.entry(entity).or_default().push(container);
        }
    }
    for (scope, span) in &scopes {
        let Some(roles) = administrative(subject, scope) else {
            continue;
        };
        let Some(holders) = holders(subject, &held, &contents, scope, &roles) else {
            continue;
        };
        if holders.len() > 1 || is_led_from_above(subject, &held, &above, scope) {
            continue;
        }
        let message = match holders.first() {
            Some(only) => format!("`{only}` is the only administrator of `{scope}`"),
            None => format!("`{scope}` has no administrator"),
        };
        // Where the one is named, if there is one.
        let mut leading = held.iter().filter(|held| held.place == *scope);
        let place = leading.find(|held| roles.contains(&held.role));
        found
            .add(place.map_or(*span, |held| held.span), message)
            .help("let one more subject hold an administrative role there, or on what encloses it: the last one may leave");
    }
}

/// The roles on an entity that are administrative or include one that is; nothing where some say
/// themselves who holds them.
fn administrative(subject: &Subject<'_>, scope: &EntityName) -> Option<Vec<RoleId>> {
    let of = subject.type_of(scope)?;
    let roles = subject.plan.types[of].roles.iter().copied();
    let leads = |role: &RoleId| {
        let mut all = subject.included[*role].iter();
        all.any(|role| subject.rights.is_administrative(*role))
    };
    let roles: Vec<RoleId> = roles.filter(leads).collect();
    let mut also = roles.iter().map(|role| &subject.plan.roles[*role].also);
    (!roles.is_empty() && also.all(Vec::is_empty)).then_some(roles)
}

/// Who holds one of these roles there, members of groups one by one; nothing where they are many
/// or cannot be counted.
fn holders<'f>(
    subject: &Subject<'_>,
    held: &[Held<'f>],
    contents: &BTreeMap<&'f EntityName, BTreeSet<&'f EntityName>>,
    scope: &EntityName,
    roles: &[RoleId],
) -> Option<BTreeSet<&'f EntityName>> {
    let mut open: Vec<&EntityName> = Vec::new();
    let here = held.iter().filter(|held| held.place == scope);
    for held in here.filter(|held| roles.contains(&held.role)) {
        match held.holder {
            Holder::Entity(holder) => open.push(holder),
            Holder::Anyone | Holder::Set { .. } => return None,
        }
    }
    let single = open
        .into_iter()
        .flat_map(|holder| subject.single(contents, holder));
    Some(single.collect())
}

/// Whether somebody holds an administrative role on something that encloses it.
fn is_led_from_above(
    subject: &Subject<'_>,
    held: &[Held<'_>],
    above: &BTreeMap<&EntityName, Vec<&EntityName>>,
    scope: &EntityName,
) -> bool {
    let mut seen: BTreeSet<&EntityName> = BTreeSet::new();
    let mut open: Vec<&EntityName> = above.get(scope).into_iter().flatten().copied().collect();
    while let Some(at) = open.pop() {
        if !seen.insert(at) {
            continue;
        }
        let leads = |held: &Held<'_>| {
            let mut all = subject.included[held.role].iter();
            held.place == at && all.any(|role| subject.rights.is_administrative(*role))
        };
        if held.iter().any(leads) {
            return true;
        }
        open.extend(above.get(at).into_iter().flatten());
    }
    false
}
