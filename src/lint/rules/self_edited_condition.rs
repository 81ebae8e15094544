//! `self-edited-condition`: who is to be kept out by a condition can change what it reads.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::trust::{Datum, Trust, reads, trusted};
use crate::plan::{ActionId, RoleId, TypeId};

pub(super) static RULE: Rule = Rule {
    code: "S113",
    name: "self-edited-condition",
    level: Level::Warn,
    summary: "a role can change what a condition trusts",
    page: include_str!("../../../docs/rules/self-edited-condition.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let trusted = trusted(subject);
    for role in subject.plan.roles.ids() {
        if subject.rights.is_administrative(role) {
            continue;
        }
        for (action, effect) in subject.rights.effects_of(subject, role) {
            let Effect::Edits(of, name) = effect else {
                continue;
            };
            let datum = (*of, name.clone());
            let gaining = trusted.get(&datum).and_then(|all| {
                let mut all = all.iter();
                all.find(|trust| gains(subject, role, action, &datum, trust))
            });
            let Some(trust) = gaining else {
                continue;
            };
            let (what, of) = (subject.schema.action_name(action), datum.0);
            found
                .add(
                    subject.gives_at(role, action),
                    format!(
                        "a `{}` can change `{name}` of a `{}` by `{what}`, and a condition trusts it",
                        subject.role_name(role),
                        subject.schema.type_name(of)
                    ),
                )
                .also(trust.span, "this decides by it")
                .help("give the action to an administrative role only, or under a condition that reads the same, so that only who has it already can give it on");
        }
    }
}

/// Whether a role can gain something by a change of what this trusts.
fn gains(
    subject: &Subject<'_>,
    role: RoleId,
    action: ActionId,
    datum: &Datum,
    trust: &Trust,
) -> bool {
    let grants = || subject.gives(role).flat_map(|clause| &clause.grants);
    let sights = || subject.gives(role).flat_map(|clause| &clause.sights);
    if trust.denies {
        return true;
    }
    // Only whom it trusts already may change it.
    let mut editing = grants().filter(|grant| grant.action == action).peekable();
    let by_itself = editing.peek().is_some()
        && editing.all(|grant| {
            let condition = grant.condition;
            condition.is_some_and(|condition| reads(subject.plan, condition).contains(datum))
        });
    let is_own = trust
        .role
        .is_some_and(|other| subject.included[role].contains(&other));
    if by_itself || is_own {
        return false;
    }
    // It has all of that anyway.
    let has = |action: &ActionId| {
        grants().any(|grant| grant.action == *action && grant.condition.is_none())
    };
    let sees = |of: &TypeId| {
        sights().any(|sight| sight.of == *of && !sight.this && sight.condition.is_none())
    };
    !trust.gives.iter().all(has) || !trust.shows.iter().all(sees)
}
