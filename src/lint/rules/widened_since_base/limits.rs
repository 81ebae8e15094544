//! Roles that take something away: by a ceiling, by overriding what is held outside, behind an `except`,
//! or in a condition that must not hold. Where fewer hold one, somebody has more.

use std::collections::BTreeMap;

use super::roles::{Roles, steps};
use super::{Findings, HELP};
use crate::diagnostic::listed;
use crate::lint::base::Base;
use crate::plan::{AlsoStep, ConditionId, Node, NodeId, Plan, RoleId};
use crate::source::Span;

/// Roles of then that took something away, and how.
type Limiting = BTreeMap<RoleId, &'static str>;

const CEILING: &str = "its ceiling does not bind the others";
const OVERRIDES: &str = "it does not override what the others hold outside";
const EXCEPT: &str = "an `except` does not keep the others out of another role";
const CONDITION: &str = "a condition that it kept from being true may be true for the others";

/// Tells of roles of then that took something away, and that fewer hold now.
pub(super) fn check(roles: &Roles<'_, '_>, found: &mut Findings) {
    let (subject, base) = (roles.subject, roles.base);
    let limiting = limiting(base);
    for (then, why) in &limiting {
        let declared = &base.then.roles[*then];
        match (base.role_now(*then), base.type_now(declared.on)) {
            (Some(now), _) => {
                if let Some(span) = fewer(roles, now, *then) {
                    let name = subject.role_name(now);
                    let message = format!("fewer hold `{name}` now: {why}");
                    found.add(span, message).help(HELP);
                }
            }
            (None, Some(on)) => {
                let on = subject.schema.types[on].decl.name.span;
                let message = format!("role `{}` is gone: {why}", declared.name);
                found.add(on, message).help(HELP);
            }
            (None, None) => {}
        }
    }
    for role in subject.plan.roles.ids() {
        let Some(then) = base.role_then(role) else {
            continue;
        };
        let gone = roles.included_then[then].iter().filter_map(|of| {
            let (now, why) = (base.role_now(*of)?, limiting.get(of)?);
            (!subject.included[role].contains(&now)).then_some((now, *why))
        });
        let gone: Vec<(RoleId, &str)> = gone.collect();
        if let Some((_, why)) = gone.first() {
            let names = gone.iter().map(|(of, _)| &subject.schema.roles[*of].name);
            let names = listed(&names.collect::<Vec<_>>(), 3);
            let who = subject.role_name(role);
            let message = format!("`{who}` does not include {names} any more: {why}");
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
fn limiting(base: &Base<'_>) -> Limiting {
    let plan = base.then;
    let mut limiting = Limiting::new();
    for (id, role) in plan.roles.iter() {
        if role.ceiling.is_some() {
            limiting.entry(id).or_insert(CEILING);
        }
        if plan.types[role.on].overrides != 0 {
            limiting.entry(id).or_insert(OVERRIDES);
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
            if let Some(why) = with.find_map(|of| limiting.get(of).copied()) {
                limiting.entry(id).or_insert(why);
            }
            if let Some(why) = limiting.get(&id).copied() {
                let steps = role.also.iter().flat_map(|also| &also.steps);
                for of in role.guard.requires.iter().chain(steps.flat_map(named)) {
                    limiting.entry(*of).or_insert(why);
                }
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

fn behind_except(steps: &[AlsoStep], limiting: &mut Limiting) {
    // For each answer on the stack, the roles that it rests on.
    let mut stack: Vec<Vec<RoleId>> = Vec::new();
    for step in steps {
        match step {
            AlsoStep::And | AlsoStep::Except => {
                let right = stack.pop().unwrap_or_default();
                if matches!(step, AlsoStep::Except) {
                    limiting.extend(right.iter().map(|of| (*of, EXCEPT)));
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
    limiting: &mut Limiting,
) {
    for condition in conditions.flatten() {
        let mut open: Vec<(NodeId, bool)> = vec![(plan.conditions[condition].root, gives)];
        while let Some((node, gives)) = open.pop() {
            match plan.nodes[node] {
                Node::Holds(role) if !gives => {
                    limiting.entry(role).or_insert(CONDITION);
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
