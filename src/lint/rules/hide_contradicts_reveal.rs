//! `hide-contradicts-reveal`: a `reveal` that a `hide` always takes back.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::RuleView;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "V103",
    name: "hide-contradicts-reveal",
    level: Level::Warn,
    summary: "a `reveal` that a `hide` always takes back",
    page: include_str!("../../../docs/rules/hide-contradicts-reveal.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let of_kind = |kind: RuleKind| subject.rules.iter().filter(move |rule| rule.kind == kind);
    for reveal in of_kind(RuleKind::Reveal) {
        let Some(hide) = of_kind(RuleKind::Hide).find(|hide| takes_back(subject, hide, reveal))
        else {
            continue;
        };
        found
            .add(reveal.decl.span, "whatever this rule shows is hidden again")
            .also(hide.decl.span, "by this rule")
            .help("`hide` wins: give it an `unless`, or remove one of the two");
    }
}

/// Whether a rule hides all that another one shows, from all to whom it shows it.
fn takes_back(subject: &Subject<'_>, hide: &RuleView<'_>, reveal: &RuleView<'_>) -> bool {
    let from_all = hide.subjects.is_empty()
        || !reveal.subjects.is_empty()
            && reveal.subjects.iter().all(|of| hide.subjects.contains(of));
    from_all
        && reveal.sights.iter().all(|sight| {
            hide.sights.iter().any(|other| {
                other.of == sight.of && subject.shapes.covers(other.condition, sight.condition)
            })
        })
}
