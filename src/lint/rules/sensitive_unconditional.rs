//! `sensitive-unconditional`: a dangerous action for which holding a role is enough.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::Grant;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "S118",
    name: "sensitive-unconditional",
    level: Level::Allow,
    summary: "a dangerous action for which holding a role is enough",
    page: include_str!("../../../docs/rules/sensitive-unconditional.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for action in &subject.rights.dangerous {
        let bare = |grant: &Grant| grant.action == *action && grant.condition.is_none();
        let guarded = subject.rules.iter().any(|rule| {
            let mut grants = rule.grants.iter();
            rule.kind == RuleKind::Forbid && grants.any(|grant| grant.action == *action)
        });
        let mut clauses = subject.roles.rows().iter().flatten();
        let clause = clauses.find(|clause| clause.grants.iter().any(bare));
        let Some(clause) = clause.filter(|_| !guarded) else {
            continue;
        };
        found
            .add(
                subject.action_span(*action),
                format!(
                    "nothing is asked for `{}` beyond a role",
                    subject.schema.action_name(*action)
                ),
            )
            .also(clause.span, "this gives it")
            .help("forbid it unless something more is said: `forbid … unless context.mfa`");
    }
}
