//! `permit` and `reveal`: rules that give.

use std::collections::HashMap;

use super::{Findings, Gains, Right, Subject, change, reaches, subjects_now};
use crate::lint::base::{Base, Holds};
use crate::lint::subject::RuleView;
use crate::plan::{ConditionId, TypeId};
use crate::syntax::ast::RuleKind;

/// A rule that gave something: to whom, and under which condition of then.
type Given = HashMap<Right, Vec<(Vec<TypeId>, Option<ConditionId>)>, rustc_hash::FxBuildHasher>;

pub(super) fn check(subject: &Subject<'_>, base: &Base<'_>, found: &mut Findings) {
    let then = given_then(base);
    let gives = |rule: &&RuleView<'_>| matches!(rule.kind, RuleKind::Permit | RuleKind::Reveal);
    let mut now: HashMap<Right, Vec<(&[TypeId], Holds<'_>)>, rustc_hash::FxBuildHasher> =
        HashMap::default();
    for rule in subject.rules.iter().filter(gives) {
        for (right, condition) in rights_of(rule) {
            let given = (rule.subjects.as_slice(), base.now(condition));
            now.entry(right).or_default().push(given);
        }
    }
    for rule in subject.rules.iter().filter(gives) {
        let mut gains = Gains::default();
        for (right, condition) in rights_of(rule) {
            // Rules for others do not count: whoever this one is for did not have it by them.
            let then = then.get(&right).into_iter().flatten();
            let then = then.filter(|(subjects, _)| reaches(subjects, &rule.subjects));
            let then: Vec<Holds<'_>> = then.map(|(_, condition)| base.then(*condition)).collect();
            let now = now.get(&right).into_iter().flatten();
            let now = now.filter(|(subjects, _)| reaches(subjects, &rule.subjects));
            let now: Vec<Holds<'_>> = now.map(|(_, holds)| *holds).collect();
            let given = base.now(condition);
            if let Some(change) = change(given, &then, &now) {
                gains.add(change, right, given, &then);
            }
        }
        gains.tell(subject, &who(subject, rule), rule.decl.span, found);
    }
}

/// Whom a rule is for, as the one of whom something is said.
fn who(subject: &Subject<'_>, rule: &RuleView<'_>) -> String {
    let names: Vec<String> = rule
        .subjects
        .iter()
        .map(|of| format!("`{}`", subject.schema.type_name(*of)))
        .collect();
    let word = match rule.kind {
        RuleKind::Permit => "permit",
        _ => "reveal",
    };
    if names.is_empty() {
        format!("by this `{word}`, everybody")
    } else {
        format!("by this `{word}`, every {}", names.join(" and every "))
    }
}

fn rights_of<'s>(
    rule: &'s RuleView<'_>,
) -> impl Iterator<Item = (Right, Option<ConditionId>)> + 's {
    let grants = rule.grants.iter();
    let grants = grants.map(|grant| (Right::Act(grant.of, grant.action), grant.condition));
    let sights = rule.sights.iter();
    grants.chain(sights.map(|sight| (Right::See(sight.of, false), sight.condition)))
}

fn given_then(base: &Base<'_>) -> Given {
    let mut given = Given::default();
    for (of, ty) in base.then.types.iter() {
        for rule in &ty.permits {
            let Some(subjects) = subjects_now(base, &rule.subjects) else {
                continue;
            };
            for (ty, action) in base.actions_now(rule.lane, rule.mask) {
                let rules = given.entry(Right::Act(ty, action)).or_default();
                rules.push((subjects.clone(), rule.condition));
            }
        }
        let Some(of) = base.type_now(of) else {
            continue;
        };
        for rule in &ty.reveals {
            if let Some(subjects) = subjects_now(base, &rule.subjects) {
                let rules = given.entry(Right::See(of, false)).or_default();
                rules.push((subjects, rule.condition));
            }
        }
    }
    given
}
