//! `self-escalation`: a role can give itself, or others, more than it has.

use std::collections::{BTreeSet, VecDeque};

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::terms::action_names;
use crate::plan::{ActionId, RoleId};

pub(super) static RULE: Rule = Rule {
    code: "S111",
    name: "self-escalation",
    level: Level::Warn,
    summary: "a role can assign a role with rights that it does not have",
    page: include_str!("../../../docs/rules/self-escalation.md"),
    check,
};

/// The actions that lead to a role, each with the role that it assigns.
type Path = Vec<(ActionId, RoleId)>;

fn check(subject: &Subject<'_>, found: &mut Findings) {
    everybody(subject, found);
    for role in subject.plan.roles.ids() {
        let Some((path, gained)) = worst(subject, role) else {
            continue;
        };
        let (Some((first, _)), Some((_, last))) = (path.first(), path.last()) else {
            continue;
        };
        let action = |action: &ActionId| subject.schema.action_name(*action);
        let steps: Vec<String> = match path.as_slice() {
            [(only, _)] => vec![format!("`{}`", action(only))],
            steps => steps
                .iter()
                .map(|(by, to)| format!("`{}` to `{}`", action(by), subject.role_name(*to)))
                .collect(),
        };
        found
            .add(
                subject.gives_at(role, *first),
                format!(
                    "a `{}` can make itself a `{}`, by {}, and gains {}",
                    subject.role_name(role),
                    subject.role_name(*last),
                    steps.join(", then "),
                    action_names(subject, &gained),
                ),
            )
            .also(subject.action_span(*first), "the action that assigns it")
            .also(subject.role_span(*last), "the role that has more")
            .help("take the action from the role, let it assign only roles with no more than its own rights, or mark the role `@administrative`");
    }
}

/// What everybody can assign is everybody's.
fn everybody(subject: &Subject<'_>, found: &mut Findings) {
    for rule in subject.rules.iter().filter(|rule| rule.is_open_permit()) {
        let told = rule.grants.iter().find_map(|grant| {
            let effects = subject.rights.effects.get(&grant.action)?;
            let role = effects.iter().find_map(|effect| match effect {
                Effect::Assigns(role) => Some(*role),
                _ => None,
            })?;
            Some((grant.action, role))
        });
        let Some((action, role)) = told else {
            continue;
        };
        let who = if rule.subjects.is_empty() {
            "everybody"
        } else {
            "whoever this rule is for"
        };
        found
            .add(
                rule.decl.span,
                format!(
                    "{who} can become a `{}`, by `{}`",
                    subject.role_name(role),
                    subject.schema.action_name(action)
                ),
            )
            .also(subject.action_span(action), "the action that assigns it")
            .also(subject.role_span(role), "the role")
            .help("add a `when` on who asks or on the thing, or let a role give the action");
    }
}

/// The way to the role that has the most beyond, and what that is.
fn worst(subject: &Subject<'_>, role: RoleId) -> Option<(Path, Vec<ActionId>)> {
    let (plan, rights) = (subject.plan, &subject.rights);
    let on = plan.roles[role].on;
    // What it is held on, and what is inside, is an administrator's own.
    let counts = |other: RoleId| {
        let outer = plan.roles[other].on;
        !rights.is_administrative(role) || (outer != on && rights.stands_in(on, outer))
    };
    let assigned = rights.effects_of(subject, role);
    let mut open: VecDeque<Path> = assigned
        .filter_map(|(action, effect)| match effect {
            Effect::Assigns(other) => Some(vec![(action, *other)]),
            _ => None,
        })
        .collect();
    // What it includes is no more than itself.
    let mut seen: BTreeSet<RoleId> = subject.included[role].iter().copied().collect();
    let mut worst: Option<(Path, Vec<ActionId>)> = None;
    while let Some(path) = open.pop_front() {
        let Some((_, last)) = path.last().copied() else {
            continue;
        };
        if !seen.insert(last) {
            continue;
        }
        if counts(last) {
            let gained = rights.beyond(plan, role, last);
            let most = worst.as_ref().map_or(0, |(_, gained)| gained.len());
            if gained.len() > most {
                worst = Some((path.clone(), gained));
            }
        }
        for step in rights.assigned_by(last) {
            let mut longer = path.clone();
            longer.push(*step);
            open.push_back(longer);
        }
    }
    worst
}
