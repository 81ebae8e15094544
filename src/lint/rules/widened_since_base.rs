//! `widened-since-base`: somebody may see or do more than at the revision that is compared with.
//!
//! What is compared are the two plans, matched by names: each part of the policy asks whether it gives
//! something that the same part did not give, or takes less away. A part that narrows says nothing.

mod denials;
mod groups;
mod limits;
mod roles;
mod rules;
mod types;

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::diagnostic::listed;
use crate::lint::base::{Base, Holds};
use crate::plan::{ActionId, TypeId};
use crate::source::Span;

pub(in crate::lint) static RULE: Rule = Rule {
    code: "S120",
    name: "widened-since-base",
    level: Level::Warn,
    summary: "somebody may see or do more than at the revision of `--since`",
    page: include_str!("../../../docs/rules/widened-since-base.md"),
    check,
};

/// What to do where nothing else is known.
const HELP: &str =
    "take it back, or say above it why it is meant: `// ward: allow(widened-since-base) because …`";

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let Some(base) = &subject.base else {
        return;
    };
    roles::check(subject, base, found);
    rules::check(subject, base, found);
    denials::check(subject, base, found);
    types::check(subject, base, found);
    groups::check(subject, base, found);
}

/// What is given: an action asked of a type, or sight of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Right {
    Act(TypeId, ActionId),
    /// Only of the entity on which a role is held, or of all.
    See(TypeId, bool),
}

/// How a right came to be wider.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// It was not given.
    Gained,
    /// Its condition asks for less.
    Loosened,
    /// There is one more condition under which it is given.
    Added,
    /// Its condition is another one, and neither follows from the other.
    Changed,
}

/// How a right that is given now is more than it was, if it is: `then` are the conditions under which it
/// was given, and `now` all those under which it is.
fn change(given: Holds<'_>, then: &[Holds<'_>], now: &[Holds<'_>]) -> Option<Change> {
    if then.is_empty() {
        return Some(Change::Gained);
    }
    if then.iter().any(|then| given.gives_no_more_than(*then)) {
        return None;
    }
    let stays = |then: &Holds<'_>| now.iter().any(|now| then.gives_no_more_than(*now));
    Some(if then.iter().any(|then| then.gives_no_more_than(given)) {
        Change::Loosened
    } else if then.iter().all(stays) {
        Change::Added
    } else {
        Change::Changed
    })
}

/// Rights by how they came to be wider, and what is told of their conditions.
#[derive(Default)]
struct Gains {
    rights: BTreeMap<Change, Vec<Right>>,
    /// A condition that was, where it is not the same any more.
    was: Option<String>,
    /// Whether everything that is loosened has no condition left.
    always: bool,
}

impl Gains {
    fn add(&mut self, change: Change, right: Right, given: Holds<'_>, then: &[Holds<'_>]) {
        if change == Change::Loosened && !self.rights.contains_key(&change) {
            self.always = true;
        }
        self.always &= change != Change::Loosened || given.is_always();
        let rights = self.rights.entry(change).or_default();
        if !rights.contains(&right) {
            rights.push(right);
        }
        if self.was.is_none() && matches!(change, Change::Loosened | Change::Changed) {
            self.was = then.iter().find_map(Holds::text).map(str::to_owned);
        }
    }

    /// What is said of somebody: "`Editor of Team` can `Doc.edit` now".
    fn tell(&self, subject: &Subject<'_>, who: &str, span: Span, found: &mut Findings) {
        let was = self.was.as_deref().map(|was| format!("it was `{was}`; "));
        let was = was.unwrap_or_default();
        for (change, rights) in &self.rights {
            let can = rights_text(subject, rights);
            let message = match change {
                Change::Gained => format!("{who} {can} now"),
                Change::Loosened if self.always => format!("{who} {can} without a condition now"),
                Change::Loosened => format!("{who} {can} under a looser condition now"),
                Change::Added => format!("{who} {can} under one more condition now"),
                Change::Changed => {
                    format!("condition changed: {who} {can} when something else holds than before")
                }
            };
            let help = match change {
                Change::Gained | Change::Added => HELP.to_owned(),
                Change::Loosened => format!("{was}{HELP}"),
                Change::Changed => format!(
                    "{was}neither condition follows from the other by its form: see whom the new one lets in, and allow it with a comment that says why"
                ),
            };
            found.add(span, message).help(help);
        }
    }
}

/// ``can `Doc.edit`, `Doc.view` and sees `Doc` ``
fn rights_text(subject: &Subject<'_>, rights: &[Right]) -> String {
    let mut actions = Vec::new();
    let (mut all, mut this) = (Vec::new(), Vec::new());
    for right in rights {
        match right {
            Right::Act(_, action) => actions.push(subject.schema.action_name(*action)),
            Right::See(of, false) => all.push(subject.schema.type_name(*of).to_owned()),
            Right::See(of, true) => this.push(subject.schema.type_name(*of).to_owned()),
        }
    }
    let mut parts = Vec::new();
    for (verb, names) in [
        ("can", &mut actions),
        ("sees", &mut all),
        ("sees its", &mut this),
    ] {
        names.sort_unstable();
        names.dedup();
        if !names.is_empty() {
            parts.push(format!("{verb} {}", listed(names, 4)));
        }
    }
    parts.join(" and ")
}

/// The names of actions, some of them.
fn actions_text(subject: &Subject<'_>, actions: &[(TypeId, ActionId)]) -> String {
    let actions: Vec<ActionId> = actions.iter().map(|(_, action)| *action).collect();
    crate::lint::terms::action_names(subject, &actions)
}

/// What is in one list and not in another.
fn beyond<T: Clone + PartialEq>(now: &[T], then: &[T]) -> Vec<T> {
    let more = now.iter().filter(|one| !then.contains(one));
    more.cloned().collect()
}

/// The subject types of a rule as they are called now; `None` where it was for none that there still is.
fn subjects_now(base: &Base<'_>, then: &[TypeId]) -> Option<Vec<TypeId>> {
    let still: Vec<TypeId> = then.iter().filter_map(|of| base.type_now(*of)).collect();
    (then.is_empty() || !still.is_empty()).then_some(still)
}

/// Whether a rule for these subjects reaches everybody that another one is for; nothing is all.
fn reaches(these: &[TypeId], others: &[TypeId]) -> bool {
    these.is_empty() || (!others.is_empty() && others.iter().all(|of| these.contains(of)))
}
