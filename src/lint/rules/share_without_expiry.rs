//! `share-without-expiry`: a share that lasts until somebody thinks of it.

use super::{Findings, Level, Rule, Subject};
use crate::world::FactKind;

pub(super) static RULE: Rule = Rule {
    code: "W118",
    name: "share-without-expiry",
    level: Level::Allow,
    summary: "a share that never ends",
    page: include_str!("../../../docs/rules/share-without-expiry.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (span, fact) in &subject.facts {
        if let FactKind::Share {
            entity,
            with,
            until: None,
            ..
        } = &fact.kind
        {
            found
                .add(
                    *span,
                    format!("`{entity}` is shared with `{with}` for ever"),
                )
                .help("say until when: `until 2027-01-01T00:00:00Z`");
        }
    }
}
