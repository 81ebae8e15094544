//! `redundant-holding`: a holding gives nothing beyond another one.

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::lint::holdings::Held;
use crate::literal::EntityName;

pub(super) static RULE: Rule = Rule {
    code: "W114",
    name: "redundant-holding",
    level: Level::Warn,
    summary: "a role is held that another one held there includes",
    page: include_str!("../../../docs/rules/redundant-holding.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut places: BTreeMap<(String, &EntityName), Vec<Held<'_>>> = BTreeMap::new();
    for held in subject.held() {
        let key = (held.holder.to_string(), held.place);
        places.entry(key).or_default().push(held);
    }
    for all in places.values() {
        for (index, held) in all.iter().enumerate() {
            let covers = |at: usize, other: &Held<'_>| {
                let lasts = match (held.until, other.until) {
                    (_, None) => true,
                    (Some(until), Some(other)) => until <= other,
                    (None, Some(_)) => false,
                };
                // Of two that say the same, the later one.
                let same = held.role == other.role && held.until == other.until;
                lasts
                    && subject.plan.roles[other.role].gives(held.role)
                    && (!same || at < index)
                    && at != index
            };
            let others = all.iter().enumerate();
            let mut others = others.filter(|(at, other)| covers(*at, other));
            let Some((_, other)) = others.next() else {
                continue;
            };
            let name = &subject.schema.roles[other.role].name;
            let message = if held.role == other.role {
                format!(
                    "`{}` holds `{name}` of `{}` already",
                    held.holder, held.place
                )
            } else {
                format!(
                    "`{}` is `{name}` of `{}` too, which includes `{}`",
                    held.holder, held.place, subject.schema.roles[held.role].name
                )
            };
            found
                .add(held.span, message)
                .also(other.span, "this gives it")
                .help("remove this one: it gives nothing, and stays when the other is taken away");
        }
    }
}
