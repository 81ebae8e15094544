//! Roles that take something away: by a ceiling, by overriding what is held outside, behind an `except`,
//! or in a condition that must not hold. Where fewer hold one, somebody has more.

use std::collections::BTreeSet;

use super::roles::{Roles, steps};
use super::{Findings, HELP};
use crate::diagnostic::listed;
use crate::lint::base::Base;
use crate::plan::{AlsoStep, ConditionId, Node, NodeId, Plan, RoleId};
use crate::source::Span;

/// Tells of roles of then that took something away, and that fewer hold now.
pub(super) fn check(roles: &Roles<'_, '_>, found: &mut Findings) {
    let (subject, base) = (roles.subject, roles.base);
    let limiting = limiting(base);
    for then in &limiting {
        let declared = &base.then.roles[*then];
        let (name, on) = (&declared.name, base.type_now(declared.on));
        let Some(on) = on else { continue };
        let span = match base.role_now(*then) {
            None => {
                let on = subject.schema.types[on].decl.name.span;
                let message = format!("role `{name}` is gone, and it took something away");
                found.add(on, message).help(HELP);
                continue;
            }
            Some(now) => fewer(roles, now, *then),
        };
        if let (Some(span), Some(now)) = (span, base.role_now(*then)) {
            let name = subject.role_name(now);
            let message = format!("fewer hold `{name}` now, and it takes something away");
            found.add(span, message).help(HELP);
        }
    }
    for role in subject.plan.roles.ids() {
        let Some(then) = base.role_then(role) else {
            continue;
        };
        let gone = roles.included_then[then]
            .iter()
            .filter(|of| limiting.contains(of));
        let gone = gone.filter_map(|of| base.role_now(*of));
        let gone = gone.filter(|of| !subject.included[role].contains(of));
        let names: Vec<&str> = gone
            .map(|of| subject.schema.roles[of].name.as_str())
            .collect();
        if !names.is_empty() {
            let (who, names) = (subject.role_name(role), listed(&names, 3));
            let message =
                format!("`{who}` does not include {names} any more, which takes something away");
            found.add(subject.role_span(role), message).help(HELP);
        }
    }
}

/// Where a role came to be held by fewer, if it did: its own clauses, those that it includes aside.
fn fewer(roles: &Roles<'_, '_>, now: RoleId, then: RoleId) -> Option<Span> {
    let (subject, base) = (roles.subject, roles.base);
    let (is, was) = (&subject.plan.roles[now], &base.then.roles[then]);
    let asked = |of: &RoleId| {
        let mut requires = was.guard.requires.iter();
        let of = base.role_then(*of);
        of.is_some_and(|of| requires.any(|other| roles.included_then[*other].contains(&of)))
    };
    let holders: Vec<_> = was
        .guard
        .holders
        .iter()
        .map(|of| base.type_now(*of))
        .collect();
    let barred = !is.guard.holders.is_empty()
        && (holders.is_empty()
            || !holders
                .iter()
                .flatten()
                .all(|of| is.guard.holders.contains(of)));
    let kept: Vec<_> = is
        .also
        .iter()
        .map(|also| steps(subject.plan, now, &also.steps))
        .collect();
    let lost = was.also.iter().any(|also| {
        let also = steps(base.then, then, &also.steps);
        !kept.iter().any(|now| also.starts_with(now))
    });
    let narrower = lost || barred || !is.guard.requires.iter().all(asked);
    narrower.then(|| subject.role_span(now))
}

/// The roles of then that took something away, and those by which they were held.
fn limiting(base: &Base<'_>) -> BTreeSet<RoleId> {
    let plan = base.then;
    let mut limiting = BTreeSet::new();
    for (id, role) in plan.roles.iter() {
        if role.ceiling.is_some() || plan.types[role.on].overrides != 0 {
            limiting.insert(id);
        }
        for also in &role.also {
            behind_except(&also.steps, &mut limiting);
        }
        let conditions = role.grants.iter().map(|grant| grant.condition);
        let conditions = conditions.chain(role.sights.iter().map(|sight| sight.condition));
        asked(plan, conditions, true, &mut limiting);
    }
    for ty in plan.types.rows() {
        let permits = ty.permits.iter().map(|rule| rule.condition);
        let reveals = ty.reveals.iter().map(|rule| rule.condition);
        asked(plan, permits.chain(reveals), true, &mut limiting);
        let forbids = ty.forbids.iter().map(|rule| rule.condition);
        let hides = ty.hides.iter().map(|rule| rule.condition);
        asked(plan, forbids.chain(hides), false, &mut limiting);
    }
    // Who holds one of them because of another role holds it no more without that one.
    loop {
        let before = limiting.len();
        for (id, role) in plan.roles.iter() {
            let mut with = role.implies.iter().chain(&role.guarded);
            if with.any(|of| limiting.contains(of)) {
                limiting.insert(id);
            }
            if limiting.contains(&id) {
                limiting.extend(&role.guard.requires);
                let steps = role.also.iter().flat_map(|also| &also.steps);
                limiting.extend(steps.flat_map(named));
            }
        }
        if limiting.len() == before {
            return limiting;
        }
    }
}

/// The roles that a step of an `also` asks for.
pub(super) fn named(step: &AlsoStep) -> &[RoleId] {
    match step {
        AlsoStep::Own(of) | AlsoStep::Enclosing(of) => std::slice::from_ref(of),
        AlsoStep::Linked(_, roles) => roles,
        AlsoStep::Subject(_) | AlsoStep::And | AlsoStep::Except => &[],
    }
}

fn behind_except(steps: &[AlsoStep], limiting: &mut BTreeSet<RoleId>) {
    // For each answer on the stack, the roles that it rests on.
    let mut stack: Vec<Vec<RoleId>> = Vec::new();
    for step in steps {
        match step {
            AlsoStep::And | AlsoStep::Except => {
                let right = stack.pop().unwrap_or_default();
                if matches!(step, AlsoStep::Except) {
                    limiting.extend(&right);
                }
                if let Some(left) = stack.last_mut() {
                    left.extend(right);
                }
            }
            source => stack.push(named(source).to_vec()),
        }
    }
}

/// The roles that must not be held for conditions to be true, or must be for them to be false.
fn asked(
    plan: &Plan,
    conditions: impl Iterator<Item = Option<ConditionId>>,
    gives: bool,
    limiting: &mut BTreeSet<RoleId>,
) {
    for condition in conditions.flatten() {
        let mut open: Vec<(NodeId, bool)> = vec![(plan.conditions[condition].root, gives)];
        while let Some((node, gives)) = open.pop() {
            match plan.nodes[node] {
                Node::Holds(role) if !gives => {
                    limiting.insert(role);
                }
                Node::Not(inner) => open.push((inner, !gives)),
                Node::And(parts) | Node::Or(parts) => {
                    let parts = parts.of(&plan.operands).iter();
                    open.extend(parts.map(|part| (*part, gives)));
                }
                // What it comes to where the role is not held is not looked into.
                Node::If(a, b, c) => open.extend([a, b, c].map(|part| (part, false))),
                Node::Compare(_, a, b) => open.extend([a, b].map(|part| (part, false))),
                _ => {}
            }
        }
    }
}
