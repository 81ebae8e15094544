//! `share-into-empty-scope`: something is shared with a scope in which nobody holds a role.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Level, Rule, Subject};
use crate::literal::EntityName;
use crate::world::FactKind;

pub(super) static RULE: Rule = Rule {
    code: "W116",
    name: "share-into-empty-scope",
    level: Level::Warn,
    summary: "a share with a scope in which nobody holds a role",
    page: include_str!("../../../docs/rules/share-into-empty-scope.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut above: BTreeMap<&EntityName, Vec<&EntityName>> = BTreeMap::new();
    for (container, inside) in subject.contents() {
        for entity in inside {
            above.entry(entity).or_default().push(container);
        }
    }
    let mut open: BTreeSet<&EntityName> = BTreeSet::new();
    for (_, fact) in &subject.facts {
        match &fact.kind {
            FactKind::Holding { of, until, .. } if subject.lasts(*until) => {
                open.insert(of);
            }
            // From here a way leads on.
            FactKind::Share { entity, .. } => {
                open.insert(entity);
            }
            _ => {}
        }
    }
    for (span, fact) in &subject.facts {
        let FactKind::Share {
            entity,
            with,
            until,
            ..
        } = &fact.kind
        else {
            continue;
        };
        if !subject.lasts(*until) || reaches(subject, &open, &above, with) {
            continue;
        }
        found
            .add(
                *span,
                format!("`{entity}` is shared with `{with}`, where nobody holds a role"),
            )
            .help("mend the name of the scope, or end the share: whoever is let in there later sees it");
    }
}

/// Whether somebody may hold a role on an entity or on what encloses it, or a way leads on from there.
fn reaches(
    subject: &Subject<'_>,
    open: &BTreeSet<&EntityName>,
    above: &BTreeMap<&EntityName, Vec<&EntityName>>,
    scope: &EntityName,
) -> bool {
    let mut seen: BTreeSet<&EntityName> = BTreeSet::new();
    let mut next = vec![scope];
    while let Some(at) = next.pop() {
        if !seen.insert(at) {
            continue;
        }
        let of = subject.type_of(at).map(|of| &subject.plan.types[of]);
        let derived = of.is_none_or(|of| {
            let mut roles = of.roles.iter();
            roles.any(|role| !subject.plan.roles[*role].also.is_empty())
        });
        if derived || open.contains(at) {
            return true;
        }
        next.extend(above.get(at).into_iter().flatten());
    }
    false
}
