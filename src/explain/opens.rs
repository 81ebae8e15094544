//! What else a change opens: so that nobody mends a refusal by opening the barn.

use super::Question;
use super::types::{Opens, Tally};
use crate::eval::{Evaluator, Gain, Look};
use crate::literal::EntityName;
use crate::plan::TypeKind;
use crate::world::World;

/// How many elements of a list, and how many subjects, are looked at.
const MOST: usize = 2_000;

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
        opens.subjects.add(after, &gain, subject);
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
    let gained = |action, ty: &str| changed.gained(&before, subject, action, ty, context, MOST);
    if let Ok(gain) = gained(Some(action), &resource.type_name) {
        opens.resources.add(after, &gain, resource);
    }
    for ty in after.plan.types.rows() {
        if ty.kind != TypeKind::Subject
            && let Ok(gain) = gained(None, &ty.name)
        {
            opens.sights.add(after, &gain, resource);
        }
    }
    opens
}

impl Opens {
    /// How much it is, all in all.
    pub(super) fn total(&self) -> usize {
        let tallies = [&self.subjects, &self.actions, &self.resources, &self.sights];
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

    /// Counts what was gained, but for what was asked for.
    fn add(&mut self, world: &World, gain: &Gain, but: &EntityName) {
        self.more |= gain.more;
        for entity in &gain.entities {
            let name = world.name(*entity);
            if name != *but {
                self.count(name.to_string());
            }
        }
    }
}
