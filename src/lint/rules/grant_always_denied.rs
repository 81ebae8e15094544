//! `grant-always-denied`: what a clause gives, a `forbid` or the role's own ceiling always takes.

use std::collections::HashMap;

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::{Grant, RuleView};
use crate::lint::terms::{can_set, terms};
use crate::plan::{ActionId, RoleId, TypeId};
use crate::source::Span;
use crate::syntax::ast::{RoleClause, RuleKind};

pub(super) static RULE: Rule = Rule {
    code: "R112",
    name: "grant-always-denied",
    level: Level::Warn,
    summary: "what is given is always taken away again",
    page: include_str!("../../../docs/rules/grant-always-denied.md"),
    check,
};

/// The rules that forbid without a condition.
type Denials<'s, 'a> = HashMap<(TypeId, ActionId), Vec<&'s RuleView<'a>>>;

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut denials: Denials<'_, '_> = HashMap::new();
    let forbids = subject.rules.iter();
    for rule in forbids.filter(|rule| rule.kind == RuleKind::Forbid) {
        for grant in rule.grants.iter().filter(|grant| grant.condition.is_none()) {
            let denied = denials.entry((grant.of, grant.action)).or_default();
            denied.push(rule);
        }
    }
    for (role, clauses) in subject.roles.iter() {
        let holders = subject.holders(role);
        for clause in clauses {
            let Some(at) = can_set(subject, role, clause.decl) else {
                continue;
            };
            for term in terms(subject, &at, &clause.grants) {
                let span = term.term.span;
                if let Some(place) = denied(subject, &denials, &term.grants, &holders) {
                    tell(
                        subject,
                        found,
                        span,
                        place,
                        "this rule forbids it to everybody",
                    );
                } else if let Some(place) = capped(subject, role, &term.grants) {
                    tell(
                        subject,
                        found,
                        span,
                        place,
                        "the role's own ceiling leaves it out",
                    );
                }
            }
        }
    }
    for rule in subject
        .rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Permit)
    {
        let all = &subject.everybody;
        let subjects = if rule.subjects.is_empty() {
            all
        } else {
            &rule.subjects
        };
        if let Some(place) = denied(subject, &denials, &rule.grants, subjects) {
            found
                .add(rule.decl.span, "all that this rule gives is always forbidden")
                .also(place, "by this rule")
                .help("give the `forbid` the condition that it was meant to have, or remove this rule");
        }
    }
}

fn tell(subject: &Subject<'_>, found: &mut Findings, span: Span, place: Span, why: &str) {
    let name = subject.text(span);
    found
        .add(
            span,
            format!("`{name}` is given here, and always taken away again"),
        )
        .also(place, why)
        .help("remove it here, or narrow what takes it away");
}

/// A rule that forbids these, where each of them is forbidden to all of the subjects.
fn denied(
    subject: &Subject<'_>,
    denials: &Denials<'_, '_>,
    grants: &[Grant],
    subjects: &[TypeId],
) -> Option<Span> {
    // Members of a group ask themselves.
    let single = |of: &&TypeId| subject.plan.types[**of].members.is_empty();
    let mut place = None;
    for grant in grants {
        let rules = denials.get(&(grant.of, grant.action))?;
        let everybody = subjects.iter().filter(single).all(|of| {
            rules
                .iter()
                .any(|rule| rule.subjects.is_empty() || rule.subjects.contains(of))
        });
        if !everybody {
            return None;
        }
        place = place.or(rules.first().map(|rule| rule.decl.span));
    }
    place
}

/// The role's `at most`, where neither it nor that of a role that includes it has any of these.
fn capped(subject: &Subject<'_>, role: RoleId, grants: &[Grant]) -> Option<Span> {
    let decl = subject.schema.roles[role].decl;
    let ceiling = decl.clauses.iter().find_map(|clause| match clause {
        RoleClause::AtMost { span, .. } => Some(*span),
        _ => None,
    })?;
    if grants.is_empty() {
        return None;
    }
    for (other, all) in subject.included.iter() {
        if !all.contains(&role) {
            continue;
        }
        let (masks, _) = subject.plan.roles[other].ceiling.as_ref()?;
        let lifted = grants.iter().any(|grant| {
            let bit = subject.plan.bit(grant.action, grant.of);
            bit.is_none_or(|(lane, bit)| masks.mask(lane) & bit != 0)
        });
        if lifted {
            return None;
        }
    }
    Some(ceiling)
}
