//! `power-without-sight`: actions are given on a type that nobody ever sees.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "V101",
    name: "power-without-sight",
    level: Level::Warn,
    summary: "actions are given on a type that nobody ever sees",
    page: include_str!("../../../docs/rules/power-without-sight.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (of, info) in subject.schema.types.iter() {
        let given = &subject.given[of];
        if subject.shown[of] || given.is_empty() {
            continue;
        }
        let actions = action_names(subject, given);
        let finding = found.add(
            info.decl.name.span,
            format!(
                "{actions} can be given on a `{}`, and nobody ever sees one",
                info.name
            ),
        );
        finding.help(format!(
            "every question about a `{}` is answered Invisible: let a role have `sees {}`, or say `visible by` an action of it",
            info.name, info.name
        ));
        let clauses = subject.roles.rows().iter().flatten();
        let clause = clauses
            .filter(|clause| clause.grants.iter().any(|grant| grant.of == of))
            .map(|clause| clause.span)
            .next();
        let permits = subject.rules.iter().filter(|rule| {
            rule.kind == RuleKind::Permit && rule.grants.iter().any(|grant| grant.of == of)
        });
        let place = clause.or_else(|| permits.map(|rule| rule.decl.span).next());
        if let Some(place) = place {
            finding.also(place, "this gives them");
        }
    }
}
