//! `untested-clause`: no test notices whether a part of the policy is there.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::coverage;

pub(super) static RULE: Rule = Rule {
    code: "T102",
    name: "untested-clause",
    level: Level::Allow,
    summary: "a clause, rule, level, ceiling or override that no test decides by",
    page: include_str!("../../../docs/rules/untested-clause.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    if subject.tests().next().is_none() {
        return;
    }
    let mut places = BTreeSet::new();
    for (span, covered) in coverage::measured(subject.policy, |_| true) {
        let (directions, seen) = covered.directions();
        if directions == 0 || seen > 0 || !places.insert(span) {
            continue;
        }
        found
            .add(
                span,
                format!("every test says the same without this `{}`", covered.kind),
            )
            .help("expect something that it gives, and something that it does not; `ward test --coverage` shows both");
    }
}
