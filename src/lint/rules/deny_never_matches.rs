//! `deny-never-matches`: a denial for subjects who have nothing of what it takes away.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::RuleView;
use crate::plan::TypeId;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "D103",
    name: "deny-never-matches",
    level: Level::Warn,
    summary: "a `forbid` or `hide` for subjects who never have what it takes away",
    page: include_str!("../../../docs/rules/deny-never-matches.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for rule in &subject.rules {
        let takes = matches!(rule.kind, RuleKind::Forbid | RuleKind::Hide);
        if !takes || rule.subjects.is_empty() || subject.has_custom_roles() {
            continue;
        }
        let anybody = RuleView {
            subjects: Vec::new(),
            sights: rule.sights.clone(),
            grants: rule.grants.clone(),
            ..*rule
        };
        // What nobody has at all, other rules tell.
        if strikes(subject, rule) || !strikes(subject, &anybody) {
            continue;
        }
        let names = rule.subjects.iter();
        let names: Vec<&str> = names.map(|of| subject.schema.type_name(*of)).collect();
        let (who, what) = (
            crate::diagnostic::listed(&names, 3),
            match rule.kind {
                RuleKind::Forbid => "may take any of these actions anyway",
                _ => "sees any of these anyway",
            },
        );
        found
            .add(rule.decl.span, format!("no {who} {what}"))
            .help("name the subjects that it is meant for, or remove it");
    }
}

/// Whether somebody whom a denial is for may have something that it takes away.
fn strikes(subject: &Subject<'_>, denial: &RuleView<'_>) -> bool {
    let meets = |others: &[TypeId]| {
        denial.subjects.is_empty()
            || others.is_empty()
            || denial.subjects.iter().any(|of| others.contains(of))
    };
    let takes = |of: TypeId, action| {
        let mut grants = denial.grants.iter();
        grants.any(|grant| (grant.of, grant.action) == (of, action))
    };
    let hides = |of: TypeId| denial.sights.iter().any(|sight| sight.of == of);
    let by_role = subject.roles.iter().any(|(role, clauses)| {
        meets(&subject.holders(role))
            && clauses.iter().any(|clause| {
                let mut grants = clause.grants.iter();
                grants
                    .any(|grant| takes(grant.of, grant.action) || shows(subject, denial, grant.of))
                    || clause.sights.iter().any(|sight| hides(sight.of))
            })
    });
    by_role
        || subject.rules.iter().any(|rule| {
            let gives = matches!(rule.kind, RuleKind::Permit | RuleKind::Reveal);
            gives
                && meets(&rule.subjects)
                && (rule
                    .grants
                    .iter()
                    .any(|grant| takes(grant.of, grant.action) || shows(subject, denial, grant.of))
                    || rule.sights.iter().any(|sight| hides(sight.of)))
        })
}

/// Whether an action on a type may show it, and the denial hides it.
fn shows(subject: &Subject<'_>, denial: &RuleView<'_>, of: TypeId) -> bool {
    subject.plan.types[of].visible_by.is_some() && denial.sights.iter().any(|sight| sight.of == of)
}
