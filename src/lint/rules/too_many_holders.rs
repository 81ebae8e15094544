//! `too-many-holders`: more subjects than the limit have a dangerous action in one place.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Level, Rule, Subject};
use crate::lint::holdings::Held;
use crate::literal::EntityName;
use crate::plan::ActionId;
use crate::world::Holder;

pub(super) static RULE: Rule = Rule {
    code: "W117",
    name: "too-many-holders",
    level: Level::Warn,
    summary: "a dangerous action in more hands than the limit",
    page: include_str!("../../../docs/rules/too-many-holders.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let dangerous = &subject.rights.dangerous;
    if dangerous.is_empty() {
        return;
    }
    let limit = subject.config.dangerous_holders();
    let contents = subject.contents();
    let held = subject.held();
    let mut holdings: BTreeMap<(ActionId, &EntityName), Vec<&Held<'_>>> = BTreeMap::new();
    for held in &held {
        let grants = subject.gives(held.role).flat_map(|clause| &clause.grants);
        let actions = grants
            .filter(|grant| grant.condition.is_none() && dangerous.contains(&grant.action))
            .map(|grant| grant.action);
        for action in actions.collect::<BTreeSet<ActionId>>() {
            holdings.entry((action, held.place)).or_default().push(held);
        }
    }
    let mut told: BTreeSet<&EntityName> = BTreeSet::new();
    for ((action, place), all) in holdings {
        let mut having: BTreeSet<&EntityName> = BTreeSet::new();
        let mut beyond = None;
        for held in all {
            if let Holder::Entity(holder) = held.holder {
                having.extend(subject.single(&contents, holder));
            }
            if having.len() > limit {
                beyond = beyond.or(Some(held));
            }
        }
        let Some(held) = beyond.filter(|_| told.insert(place)) else {
            continue;
        };
        found
            .add(
                held.span,
                format!(
                    "{} subjects can take `{}` in `{place}`, and the limit is {limit}",
                    having.len(),
                    subject.schema.action_name(action),
                ),
            )
            .also(subject.action_span(action), "marked as dangerous here")
            .help("take the role from those who do not need it, or set `dangerous-holders` in `[limits]` of `ward.toml`");
    }
}
