//! `constant-condition`: a condition that is true, or false, whatever is asked.

use super::{Findings, Level, Rule, Subject};
use crate::lint::constant::{Asked, truth};
use crate::lint::subject::{Grant, Sight};
use crate::plan::{ConditionId, Node, TypeId};
use crate::source::Span;
use crate::syntax::ast::{RoleClause, RuleKind};

pub(super) static RULE: Rule = Rule {
    code: "R113",
    name: "constant-condition",
    level: Level::Warn,
    summary: "a condition that is always true, or always false",
    page: include_str!("../../../docs/rules/constant-condition.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let everybody = &subject.everybody;
    for clause in subject.roles.rows().iter().flatten() {
        let (RoleClause::Sees { when, .. } | RoleClause::Can { when, .. }) = clause.decl else {
            continue;
        };
        let Some(when) = when else {
            continue;
        };
        let about = about(&clause.sights, &clause.grants);
        let always = verdict(subject, &about, everybody, None);
        tell(found, when.span, always, "this clause gives", false);
    }
    for rule in &subject.rules {
        let principals = if rule.subjects.is_empty() {
            everybody
        } else {
            &rule.subjects
        };
        let about = about(&rule.sights, &rule.grants);
        let what = match rule.kind {
            RuleKind::Permit => "this rule gives",
            RuleKind::Reveal => "this rule shows",
            RuleKind::Forbid => "this rule forbids",
            RuleKind::Hide => "this rule hides",
        };
        let guards = &rule.decl.conditions;
        if let [guard] = guards.as_slice() {
            // What the whole is, `unless` counted in.
            let always = verdict(subject, &about, principals, None);
            tell(found, guard.condition.span, always, what, guard.negated);
            continue;
        }
        for (index, guard) in guards.iter().enumerate() {
            let part = Some((index, guards.len()));
            let always = verdict(subject, &about, principals, part);
            tell(found, guard.condition.span, always, what, guard.negated);
        }
    }
}

fn about(sights: &[Sight], grants: &[Grant]) -> Vec<(TypeId, ConditionId)> {
    let sights = sights.iter().map(|sight| (sight.of, sight.condition));
    let grants = grants.iter().map(|grant| (grant.of, grant.condition));
    let all = sights.chain(grants);
    all.filter_map(|(of, condition)| Some((of, condition?)))
        .collect()
}

/// What a condition, or one of several guards, comes to for all that it is about.
fn verdict(
    subject: &Subject<'_>,
    about: &[(TypeId, ConditionId)],
    principals: &[TypeId],
    part: Option<(usize, usize)>,
) -> Option<bool> {
    let mut verdict = None;
    for (of, condition) in about {
        let mut node = subject.plan.conditions[*condition].root;
        if let Some((index, count)) = part {
            let Node::And(range) = subject.plan.nodes[node] else {
                return None;
            };
            let parts = range.of(&subject.plan.operands);
            if parts.len() != count {
                return None;
            }
            node = *parts.get(index)?;
        }
        let asked = Asked {
            plan: subject.plan,
            shapes: &subject.shapes,
            resource: *of,
            principals,
        };
        let always = truth(&asked, node)?;
        if verdict.is_some_and(|before| before != always) {
            return None;
        }
        verdict = Some(always);
    }
    verdict
}

/// `holds` is what the guard comes to, `unless` counted in.
fn tell(found: &mut Findings, span: Span, holds: Option<bool>, what: &str, negated: bool) {
    let Some(holds) = holds else {
        return;
    };
    let (word, effect) = match (holds, holds != negated) {
        (true, said) => (said, format!("{what} whether or not it is written")),
        (false, said) => (said, format!("{what} nothing, ever")),
    };
    found
        .add(span, format!("this condition is always {word}: {effect}"))
        .help("write what was meant, or remove it");
}
