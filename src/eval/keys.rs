//! Questions by keys: names that were looked up once.

use super::context::Bound;
use super::direct::{Asked, Sum};
use super::walk::Faults;
use super::{Asker, Case, Context, Decision, Evaluator, Outcome, QueryError};
use crate::literal::EntityName;
use crate::plan::{EntityId, LaneId, TypeId, TypeKind};

/// An entity of one world, looked up by its name once.
///
/// It stays good while the world changes. When a world is put in order
/// ([`World::compacted`](crate::World::compacted)), or built anew, keys are looked up anew; an older
/// one is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityKey {
    entity: EntityId,
    of: TypeId,
    lineage: u32,
}

/// An action where it is asked of entities of one type, looked up by its name once. It is good for
/// every world of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ActionKey {
    of: TypeId,
    lane: LaneId,
    bit: u64,
}

/// How many questions of a batch are made ready at once.
const BLOCK: usize = 32;

/// A question of a batch: who, what, on which resource.
pub type KeyQuestion = (EntityKey, ActionKey, EntityKey);

impl<'w> Evaluator<'w> {
    /// The key of an entity; nothing where no fact names it.
    ///
    /// # Errors
    ///
    /// The policy has no such type.
    pub fn entity_key(&self, name: &EntityName) -> Result<Option<EntityKey>, QueryError> {
        let ty = self.type_named(&name.type_name)?;
        let found = self.world.find(ty, &name.id);
        Ok(found.map(|entity| self.key(ty, entity)))
    }

    /// The key of an action where it is asked of a type; the action is `Type.action`, or its bare
    /// name where that says which.
    ///
    /// # Errors
    ///
    /// The policy has no such type or action, or the action is not asked of the type.
    pub fn action_key(&self, action: &str, type_name: &str) -> Result<ActionKey, QueryError> {
        let of = self.type_named(type_name)?;
        let (lane, bit) = self.action_named(action, of)?;
        Ok(ActionKey { of, lane, bit })
    }

    /// The name of an entity.
    ///
    /// # Errors
    ///
    /// The key is of another world.
    pub fn name_of(&self, key: EntityKey) -> Result<EntityName, QueryError> {
        Ok(self.world.name(self.entity(key)?))
    }

    /// Whether a subject may take an action on a resource, as [`check`](Self::check).
    ///
    /// # Errors
    ///
    /// A key is of another world or plan, the action is not asked of such a resource, the subject's
    /// type cannot ask, or the context does not fit.
    pub fn check_key(
        &self,
        subject: EntityKey,
        action: ActionKey,
        resource: EntityKey,
        context: &Context,
    ) -> Result<Decision, QueryError> {
        let Some(asked) = self.asked((subject, action, resource))? else {
            Bound::new(self.world, context)?;
            return Ok(Decision::plain(Outcome::Invisible));
        };
        match self.sum(&asked) {
            Sum::Settled(outcome) if context.is_empty() => Ok(Decision::plain(outcome)),
            sum => self.conclude(&asked, sum, None, context),
        }
    }

    /// The outcomes of many questions, in their order. Questions of one subject share what is known
    /// of it, and they are worked through in the order of the facts that they rest on.
    ///
    /// A condition that cannot be read gives nothing and takes away as in a check; which one it was,
    /// [`check_key`](Self::check_key) tells.
    ///
    /// # Errors
    ///
    /// As [`check_key`](Self::check_key), for the first question that cannot be asked.
    pub fn check_keys(
        &self,
        questions: &[KeyQuestion],
        context: &Context,
    ) -> Result<Vec<Outcome>, QueryError> {
        let bound = Bound::new(self.world, context)?;
        let mut order: Vec<(u32, u32, usize)> = questions
            .iter()
            .enumerate()
            .map(|(index, (subject, _, resource))| (subject.entity.0, resource.entity.0, index))
            .collect();
        order.sort_unstable();
        let mut outcomes = vec![Outcome::Invisible; questions.len()];
        let mut current: Option<(EntityKey, Asker<'_>)> = None;
        for block in order.chunks(BLOCK) {
            let asked = |(_, _, index): &(u32, u32, usize)| questions.get(*index);
            self.read_ahead(block.iter().filter_map(asked));
            for (_, _, index) in block {
                let (Some(question), Some(outcome)) =
                    (questions.get(*index), outcomes.get_mut(*index))
                else {
                    continue;
                };
                let Some(asked) = self.asked(*question)? else {
                    continue;
                };
                *outcome = match self.sum(&asked) {
                    Sum::Settled(outcome) => outcome,
                    sum => {
                        let (subject, ..) = *question;
                        current.take_if(|(known, _)| *known != subject);
                        let made = || (subject, self.asker(subject));
                        let (_, asker) = current.get_or_insert_with(made);
                        let case = Case {
                            world: self.world,
                            now: self.now,
                            asker,
                            bound: &bound,
                        };
                        case.conclude(&asked, sum, &mut Faults::default())
                    }
                };
            }
        }
        Ok(outcomes)
    }

    /// Has memory bring what these questions will read, step by step for all of them, so that it is
    /// waited for once a step and not once a question.
    fn read_ahead<'q>(&self, questions: impl Iterator<Item = &'q KeyQuestion> + Clone) {
        let world = self.world;
        let subjects =
            questions.map(|(subject, _, resource)| ((subject.of, subject.entity), resource.entity));
        let first = subjects.clone().fold(0, |sum: u32, (subject, resource)| {
            sum.wrapping_add(world.read_first(subject, resource))
        });
        let records = subjects.fold(first, |sum: u32, ((ty, subject), _)| {
            sum.wrapping_add(world.read_record(ty, subject))
        });
        std::hint::black_box(records);
    }

    /// A question in numbers; nothing where no fact names its resource any more.
    #[inline(always)]
    fn asked(&self, (subject, action, resource): KeyQuestion) -> Result<Option<Asked>, QueryError> {
        let (by, entity) = (self.entity(subject)?, self.entity(resource)?);
        let asking = &self.plan().types[subject.of];
        if asking.kind != TypeKind::Subject {
            return Err(QueryError::no_subject(self.plan(), &asking.name));
        }
        let row = self.world.row(entity);
        let Some(row) = row.filter(|row| row.ty() == action.of) else {
            return Err(QueryError::wrong_key("the action is asked of another type"));
        };
        Ok(row.is_known().then_some(Asked {
            subject: (subject.of, by),
            lane: action.lane,
            bit: action.bit,
            resource: entity,
            row,
        }))
    }

    fn asker(&self, subject: EntityKey) -> Asker<'w> {
        Asker::new(self.world, subject.of, subject.entity, self.now)
    }

    pub(super) fn key(&self, of: TypeId, entity: EntityId) -> EntityKey {
        EntityKey {
            entity,
            of,
            lineage: self.world.lineage(),
        }
    }

    fn entity(&self, key: EntityKey) -> Result<EntityId, QueryError> {
        if key.lineage == self.world.lineage() {
            Ok(key.entity)
        } else {
            Err(QueryError::wrong_key(
                "the entity was looked up in another world",
            ))
        }
    }
}
