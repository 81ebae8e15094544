//! `dangling-fact`: an attribute or a relation leads to something that no other fact knows.

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::lint::holdings::named;
use crate::literal::EntityName;
use crate::plan::TypeKind;

pub(super) static RULE: Rule = Rule {
    code: "W115",
    name: "dangling-fact",
    level: Level::Warn,
    summary: "a fact that leads to something that no other fact knows",
    page: include_str!("../../../docs/rules/dangling-fact.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut times: BTreeMap<&EntityName, u32> = BTreeMap::new();
    for (_, fact) in &subject.facts {
        for (entity, _) in named(fact) {
            *times.entry(entity).or_default() += 1;
        }
    }
    for (span, fact) in &subject.facts {
        for (entity, led_to) in named(fact) {
            let Some(of) = subject.type_of(entity) else {
                continue;
            };
            // A user may be known by nothing but what it owns.
            let single =
                subject.kind(of) == TypeKind::Subject && subject.plan.types[of].members.is_empty();
            if !led_to || single || times.get(entity) != Some(&1) {
                continue;
            }
            found
                .add(
                    *span,
                    format!("this leads to `{entity}`, and no other fact knows it"),
                )
                .help("mend the name, add the facts about it, or remove this one");
        }
    }
}
