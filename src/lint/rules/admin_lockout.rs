//! `admin-lockout`: a denial takes away the only actions that could end it.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::trust::{Datum, each, reads};
use crate::plan::{ActionId, ConditionId, Node};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "D102",
    name: "admin-lockout",
    level: Level::Warn,
    summary: "a `forbid` takes away the only actions that could end it",
    page: include_str!("../../../docs/rules/admin-lockout.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for rule in subject
        .rules
        .iter()
        .filter(|rule| rule.kind == RuleKind::Forbid)
    {
        // For some subjects only: the others can end it.
        if !rule.subjects.is_empty() || subject.rights.effects.is_empty() {
            continue;
        }
        let state = rule.grants.iter().filter_map(|grant| {
            let condition = grant.condition?;
            is_state(subject, condition).then(|| reads(subject.plan, condition))
        });
        let state: BTreeSet<Datum> = state.flatten().collect();
        let takes = |action: &ActionId| rule.grants.iter().any(|grant| grant.action == *action);
        let mut ends: Vec<ActionId> = Vec::new();
        for datum in &state {
            let editing = editing(subject, datum);
            if !editing.iter().all(takes) {
                ends.clear();
                break;
            }
            ends.extend(editing);
        }
        let Some(first) = ends.first() else {
            continue;
        };
        let names = crate::lint::terms::action_names(subject, &ends);
        found
            .add(
                rule.decl.span,
                format!("once this holds nobody can end it: it takes {names} away too"),
            )
            .also(subject.action_span(*first), "this could change what it reads")
            .help("leave the action that ends it out with `except`, or let administrators through: `unless principal is R of T`. If it is meant for ever, allow it with a reason");
    }
}

/// Whether a condition is about the thing itself, and nothing of who asks, when, or how.
fn is_state(subject: &Subject<'_>, condition: ConditionId) -> bool {
    let mut only = true;
    let root = subject.plan.conditions[condition].root;
    each(subject.plan, root, &mut |node| {
        only &= !matches!(
            node,
            Node::Principal
                | Node::Credential
                | Node::IsCredential(_)
                | Node::Now
                | Node::Context(_)
                | Node::HasContext(_)
                | Node::Holds(_)
        );
    });
    only
}

/// The actions that change an attribute or relation, of those that somebody may take. Nothing where
/// it is not known what changes it.
fn editing(subject: &Subject<'_>, (of, name): &Datum) -> Vec<ActionId> {
    let all = subject.rights.effects.iter();
    let edits = all.filter(|(_, effects)| {
        let mut effects = effects.iter();
        effects.any(|effect| matches!(effect, Effect::Edits(on, what) if (on, what) == (of, name)))
    });
    let given = |action: &ActionId| {
        let mut given = subject.given.rows().iter();
        given.any(|actions| actions.contains(action))
    };
    edits.map(|(action, _)| *action).filter(given).collect()
}
