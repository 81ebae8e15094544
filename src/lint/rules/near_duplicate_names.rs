//! `near-duplicate-names`: two names that differ in nothing but case or `_`.

use super::{Findings, Level, Rule, Subject};
use std::collections::BTreeMap;

use crate::lint::walk::names;
use crate::source::Span;

pub(super) static RULE: Rule = Rule {
    code: "N102",
    name: "near-duplicate-names",
    level: Level::Warn,
    summary: "two names that differ in nothing but case or `_`",
    page: include_str!("../../../docs/rules/near-duplicate-names.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (kind, names) in names(subject) {
        let mut plain: BTreeMap<String, (&str, Span)> = BTreeMap::new();
        for (name, span) in names {
            let key = name.replace('_', "").to_ascii_lowercase();
            let (first, place) = *plain.entry(key).or_insert((name, span));
            if first != name {
                found
                    .add(
                        span,
                        format!(
                            "the {kind} `{name}` differs from `{first}` in nothing but case or `_`"
                        ),
                    )
                    .also(place, "the other one")
                    .help("rename one of them, or make them one");
            }
        }
    }
}
