//! `expired-fact`: a fact that has ended.

use super::{Findings, Level, Rule, Subject};
use crate::literal::format_datetime;
use crate::world::FactKind;

pub(super) static RULE: Rule = Rule {
    code: "W112",
    name: "expired-fact",
    level: Level::Warn,
    summary: "a fact that has ended",
    page: include_str!("../../../docs/rules/expired-fact.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (span, fact) in &subject.facts {
        let (until, what) = match &fact.kind {
            FactKind::Entity { until, .. } => (*until, "membership"),
            FactKind::Holding { until, .. } => (*until, "holding"),
            FactKind::Share { until, .. } => (*until, "share"),
            FactKind::CustomRole { .. } | FactKind::Relation { .. } => continue,
        };
        let Some(ended) = until.filter(|_| !subject.lasts(until)) else {
            continue;
        };
        found
            .add(
                *span,
                format!("this {what} ended at {}", format_datetime(ended)),
            )
            .help("remove the fact, or say until when it is to last");
    }
}
