//! What one world gives that another one did not: of two versions of the same world.

use super::asker::Asker;
use super::walk::{Case, Faults};
use super::{Context, Evaluator, Look, Outcome, QueryError};
use crate::literal::EntityName;
use crate::plan::EntityId;

/// Entities that are new in an answer.
#[derive(Debug, Default)]
pub(crate) struct Gain {
    pub(crate) entities: Vec<EntityId>,
    /// How many elements were looked at.
    pub(crate) read: usize,
    /// Whether there may be more: not everything was looked at.
    pub(crate) more: bool,
}

impl Evaluator<'_> {
    /// What is in a list of this world and was not in that of an earlier version. At most so many
    /// elements of each list are looked at.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(crate) fn gained(
        &self,
        before: &Evaluator<'_>,
        subject: &EntityName,
        action: Option<&str>,
        type_name: &str,
        context: &Context,
        most: usize,
    ) -> Result<Gain, QueryError> {
        let mut now = self.list(subject, action, type_name, context)?;
        let mut then = before.list(subject, action, type_name, context)?;
        let mut gain = Gain::default();
        // Both are in the order of ids.
        let mut known = then.next_entity();
        for _ in 0..most {
            let Some(entity) = now.next_entity() else {
                return Ok(gain);
            };
            gain.read += 1;
            while known.is_some_and(|known| known < entity) {
                known = then.next_entity();
            }
            if known != Some(entity) {
                gain.entities.push(entity);
            }
        }
        gain.more = now.next_entity().is_some();
        Ok(gain)
    }
}

impl Look<'_> {
    /// The subjects that are allowed the action here and were not in an earlier version of the world.
    /// At most so many are looked at.
    pub(crate) fn gained(&self, before: &Look<'_>, most: usize) -> Gain {
        let mut gain = Gain::default();
        let mut candidates = self.who_could();
        gain.more = candidates.len() > most;
        candidates.truncate(most);
        for subject in candidates {
            if self.allows(subject) && !before.allows(subject) {
                gain.entities.push(subject);
            }
        }
        gain
    }

    /// Whether somebody else is allowed the same.
    fn allows(&self, subject: EntityId) -> bool {
        let world = self.world();
        let (Some(ty), Some(resource)) = (world.type_of(subject), self.resource()) else {
            return false;
        };
        let asker = Asker::new(world, ty, subject, self.now());
        let case = Case {
            world,
            now: self.now(),
            asker: &asker,
            bound: self.bound(),
        };
        let (lane, bit) = self.asked();
        let verdict = case.judge(resource, Some(lane), bit, &mut Faults::default());
        verdict.outcome(bit) == Outcome::Allowed
    }
}
