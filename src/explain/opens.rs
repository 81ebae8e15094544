//! What else a change opens: so that nobody mends a refusal by opening the barn.

use super::Question;
use super::types::{Opens, Tally};
use crate::eval::{Evaluator, Gain, Look};
use crate::plan::{EntityId, TypeKind};
use crate::world::World;

/// How many elements of lists, and how many subjects, are looked at, and how many of one list.
const MOST: usize = 4_000;
const MOST_OF_ONE: usize = 500;

/// How many are told by name.
const EXAMPLES: usize = 3;

/// What the subject and others could do in a changed world, beyond what was asked for.
pub(super) fn opens(look: &Look<'_>, after: &World, question: Question<'_>) -> Opens {
    let Question {
        subject,
        action,
        resource,
        context,
        now,
    } = question;
    let before = Evaluator::new(look.world(), now);
    let changed = Evaluator::new(after, now);
    let mut opens = Opens::default();
    if let Ok(changed) = changed.look(subject, action, resource, context) {
        let gain = changed.gained(look, MOST);
        opens.subjects.add(&gain, |entity| {
            let name = after.name(entity);
            (name != *subject).then(|| name.to_string())
        });
    }
    let actions = |ward: &Evaluator<'_>| {
        let found = ward.actions(subject, resource, context);
        found.map(|found| found.actions).unwrap_or_default()
    };
    let known = actions(&before);
    for other in actions(&changed) {
        if other != action && !known.contains(&other) {
            opens.actions.count(other);
        }
    }
    let mut left = MOST;
    let mut gained = |action: Option<&str>, ty: &str| {
        let most = left.min(MOST_OF_ONE);
        let gain = changed.gained(&before, subject, action, ty, context, most);
        let gain = gain.unwrap_or_default();
        left = left.saturating_sub(gain.read);
        gain
    };
    for ty in after.plan.types.rows() {
        if ty.kind == TypeKind::Subject && ty.actions.is_empty() {
            continue;
        }
        let gain = gained(None, &ty.name);
        opens.sights.add(&gain, |entity| {
            let name = after.name(entity);
            (name != *resource).then(|| name.to_string())
        });
        for other in &ty.actions {
            let other = after.plan.action_name(*other);
            let gain = gained(Some(&other), &ty.name);
            opens.elsewhere.add(&gain, |entity| {
                let name = after.name(entity);
                (name != *resource).then(|| format!("{other} on {name}"))
            });
        }
    }
    opens
}

impl Opens {
    /// How much it is, all in all.
    pub(super) fn total(&self) -> usize {
        let tallies = [&self.subjects, &self.actions, &self.elsewhere, &self.sights];
        tallies.iter().map(|tally| tally.count).sum()
    }
}

impl Tally {
    fn count(&mut self, name: String) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(name);
        }
    }

    /// Counts what was gained, as far as it has a name here.
    fn add(&mut self, gain: &Gain, name: impl Fn(EntityId) -> Option<String>) {
        self.more |= gain.more;
        for name in gain.entities.iter().filter_map(|entity| name(*entity)) {
            self.count(name);
        }
    }
}
