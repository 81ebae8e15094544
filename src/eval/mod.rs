//! Answers: check, actions, lists, who.
//!
//! Every query runs the one walk of `walk.rs`: from the resource up through containers and shares,
//! with a mask of the actions that still go through. Lists and who find candidates in the other
//! direction and ask the walk about each, so that no query can disagree with a check.

mod asker;
mod condition;
mod context;
mod direct;
mod error;
mod finds;
mod gain;
mod holders;
mod keys;
mod list;
mod look;
mod places;
mod ranges;
mod reading;
mod reason;
mod reasons;
mod region;
mod seen;
mod short;
mod walk;
mod who;

use serde::Serialize;

pub use context::Context;
pub use error::{ConditionError, QueryError};
pub(crate) use gain::Gain;
pub(crate) use holders::Held as HeldRole;
pub use keys::{ActionKey, EntityKey, KeyQuestion};
pub use list::{List, PageToken};
pub(crate) use look::{Gives, Look, Progress, Spot, also_of, fact_of};
pub use reading::Reading;
pub(crate) use reading::Touched;
pub use reason::{Held, Reason, Reasons, Step};
pub(crate) use walk::Effect;
pub use who::Who;

use crate::literal::EntityName;
use crate::plan::{ActionId, EntityId, LaneId, MeantAction, Plan, TypeId, TypeKind};
use crate::world::{Row, World};
use asker::Asker;
use context::Bound;
use direct::{Asked, Sum};
use walk::{Case, Faults};

/// The three outcomes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The subject sees the resource, and may do it.
    Allowed,
    /// The subject sees the resource, and may not do it.
    Forbidden,
    /// The subject does not see the resource: it might as well not exist.
    Invisible,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Allowed => "Allowed",
            Self::Forbidden => "Forbidden",
            Self::Invisible => "Invisible",
        })
    }
}

/// The answer to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What came out.
    pub outcome: Outcome,
    // One word, so that a decision is handed on in registers.
    unread: Option<Box<Unread>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Unread(Vec<ConditionError>);

impl Decision {
    fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            unread: None,
        }
    }

    /// Conditions that could not be read. None of them gave anything; those of `forbid` and `hide`
    /// counted as true.
    pub fn errors(&self) -> &[ConditionError] {
        self.unread.as_ref().map_or(&[], |unread| &unread.0)
    }

    /// The same, to keep.
    pub fn into_errors(self) -> Vec<ConditionError> {
        self.unread.map_or(Vec::new(), |unread| unread.0)
    }
}

/// Every action that a subject may take on a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actions {
    /// Whether the subject sees the resource at all.
    pub sees: bool,
    /// The actions, as `Type.action`, in the order of the policy.
    pub actions: Vec<String>,
    /// Conditions that could not be read; see [`Decision::errors`].
    pub errors: Vec<ConditionError>,
}

/// Asks questions of one world at one moment.
///
/// ```
/// # use std::sync::Arc;
/// use ward::{Context, Evaluator, Outcome, Sources, World};
///
/// let policy = ward::compile(&Sources::new().with("app.policy", "
///     subject User
///     scope Team {
///         actions rename
///         role Member { sees * }
///         role Lead { can rename }
///     }
/// "))?;
/// let facts = ward::load::world_text("app.world", "User:ann is Member of Team:red")?;
/// let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
/// let ward = Evaluator::new(&world, 0);
/// let decision = ward.check(
///     &"User:ann".parse()?, "rename", &"Team:red".parse()?, &Context::default(),
/// )?;
/// assert_eq!(decision.outcome, Outcome::Forbidden);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Evaluator<'w> {
    world: &'w World,
    now: i64,
}

/// A question whose names are all known to the policy.
struct Question<'w> {
    asker: Asker<'w>,
    bound: Bound,
}

/// What the names of a question mean.
struct Named {
    asking: TypeId,
    /// Nothing where no fact and no rule names it.
    subject: Option<EntityId>,
    lane: LaneId,
    bit: u64,
    resource: Option<(EntityId, Row)>,
}

impl Named {
    /// The question in numbers; nothing where no fact names the resource. Of a subject that has no
    /// number, only rules are asked.
    fn asked(&self) -> Option<Asked> {
        let (resource, row) = self.resource.filter(|(_, row)| row.is_known())?;
        Some(Asked {
            subject: (self.asking, self.subject.unwrap_or(EntityId(u32::MAX))),
            lane: self.lane,
            bit: self.bit,
            resource,
            row,
        })
    }
}

impl<'w> Evaluator<'w> {
    /// Asks `world` as of `now`, in milliseconds since 1970-01-01T00:00:00Z.
    pub fn new(world: &'w World, now: i64) -> Self {
        Self { world, now }
    }

    /// Whether a subject may take an action on a resource. The action is `Type.action`, or its bare
    /// name where that says which.
    ///
    /// # Errors
    ///
    /// The policy has no such type or action, the action is not asked of such a resource, the
    /// subject's type cannot ask, or the context does not fit. An entity that the world does not
    /// know is no error: it is invisible.
    pub fn check(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Decision, QueryError> {
        let named = self.named(subject, action, resource)?;
        let Some(asked) = named.asked() else {
            Bound::new(self.world, context)?;
            return Ok(Decision::plain(Outcome::Invisible));
        };
        match self.sum(&asked) {
            Sum::Settled(outcome) if context.is_empty() => Ok(Decision::plain(outcome)),
            sum => {
                let unknown = named.subject.is_none().then_some(subject.id.as_str());
                self.conclude(&asked, sum, unknown, context)
            }
        }
    }

    /// What a question comes to of which the roles come to that, of a subject that is `unknown` to
    /// the world where its id is told.
    // Kept apart, so that what mostly answers has a small frame.
    #[inline(never)]
    fn conclude(
        &self,
        asked: &Asked,
        sum: Sum,
        unknown: Option<&str>,
        context: &Context,
    ) -> Result<Decision, QueryError> {
        let mut bound = Bound::new(self.world, context)?;
        let (ty, id) = asked.subject;
        // One that no fact names may be named by a rule that takes away.
        let id = unknown.map_or(id, |unknown| bound.local(ty, unknown));
        let case = Case {
            world: self.world,
            now: self.now,
            asker: &Asker::new(self.world, ty, id, self.now),
            bound: &bound,
        };
        let mut faults = Faults::default();
        let outcome = case.conclude(asked, sum, &mut faults);
        let errors = faults.into_errors(self.plan());
        let unread = (!errors.is_empty()).then(|| Box::new(Unread(errors)));
        Ok(Decision { outcome, unread })
    }

    /// Every action that a subject may take on a resource, and whether it sees it at all.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn actions(
        &self,
        subject: &EntityName,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Actions, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(&resource.type_name)?;
        let case = self.case(&question);
        let mut faults = Faults::default();
        let mut answer = Actions {
            sees: false,
            actions: Vec::new(),
            errors: Vec::new(),
        };
        if let Some(resource) = self.world.find(ty, &resource.id) {
            answer.sees = case.judge(resource, None, 0, &mut faults).sees;
            if answer.sees {
                for lane in self.plan().types[ty].lanes() {
                    let verdict = case.judge(resource, Some(lane), u64::MAX, &mut faults);
                    let actions = self.plan().lanes[lane].actions.iter().enumerate();
                    let allowed = actions.filter(|(bit, _)| verdict.allowed >> bit & 1 == 1);
                    let names = allowed.map(|(_, action)| self.plan().action_name(*action));
                    answer.actions.extend(names);
                }
            }
        }
        answer.errors = faults.into_errors(self.plan());
        Ok(answer)
    }

    /// The entities of a type that a subject sees, each asked about, in any order; of one resource
    /// only, where one is named.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    #[cfg(feature = "compiler")]
    pub(crate) fn seen(
        &self,
        subject: &EntityName,
        type_name: &str,
        only: Option<&EntityName>,
        context: &Context,
    ) -> Result<Vec<EntityId>, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(type_name)?;
        let one = only.map(|only| self.world.find(ty, &only.id));
        let one: Option<Vec<EntityId>> = one.map(|found| found.into_iter().collect());
        let asked = one.unwrap_or_else(|| self.world.all_of(ty).collect());
        let case = self.case(&question);
        let sees = |entity: &&EntityId| case.judge(**entity, None, 0, &mut Faults::default()).sees;
        Ok(asked.iter().filter(sees).copied().collect())
    }

    fn plan(&self) -> &'w Plan {
        &self.world.plan
    }

    /// Looks the names of a question up.
    fn named(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
    ) -> Result<Named, QueryError> {
        let asking = self.subject_type(subject)?;
        let ty = self.type_named(&resource.type_name)?;
        let (lane, bit) = self.action_named(action, ty)?;
        let row = |entity| Some((entity, self.world.row(entity)?));
        let (subject, resource) = self
            .world
            .find_both((asking, &subject.id), (ty, &resource.id));
        Ok(Named {
            asking,
            subject,
            lane,
            bit,
            resource: resource.and_then(row),
        })
    }

    fn case<'c>(&'c self, question: &'c Question<'c>) -> Case<'c> {
        Case {
            world: self.world,
            now: self.now,
            asker: &question.asker,
            bound: &question.bound,
        }
    }

    fn question(
        &self,
        subject: &EntityName,
        context: &Context,
    ) -> Result<Question<'w>, QueryError> {
        let ty = self.subject_type(subject)?;
        let mut bound = Bound::new(self.world, context)?;
        // One that no fact names may be named by a rule that takes away.
        let found = self.world.find_any(ty, &subject.id);
        let id = found.unwrap_or_else(|| bound.local(ty, &subject.id));
        Ok(Question {
            asker: Asker::new(self.world, ty, id, self.now),
            bound,
        })
    }

    fn subject_type(&self, subject: &EntityName) -> Result<TypeId, QueryError> {
        let ty = self.type_named(&subject.type_name)?;
        match self.plan().types[ty].kind {
            TypeKind::Subject => Ok(ty),
            _ => Err(QueryError::no_subject(self.plan(), &subject.type_name)),
        }
    }

    fn type_named(&self, name: &str) -> Result<TypeId, QueryError> {
        self.world
            .find_type(name)
            .ok_or_else(|| QueryError::unknown_type(self.plan(), name))
    }

    /// The lane and bit of the action that `Type.action` or a bare name means where it is asked of a
    /// type.
    #[inline]
    fn action_named(&self, name: &str, of: TypeId) -> Result<(LaneId, u64), QueryError> {
        Ok(self.action_meant(name, of)?.1)
    }

    #[inline]
    fn action_meant(&self, name: &str, of: TypeId) -> Result<MeantAction, QueryError> {
        match self.plan().action_spelled(name, of) {
            Some(found) => Ok(found),
            None => self.action_among(name, of),
        }
    }

    /// The same where the name is unknown, or several actions have it.
    #[cold]
    fn action_among(&self, name: &str, of: TypeId) -> Result<MeantAction, QueryError> {
        let plan = self.plan();
        let asked = &plan.types[of].actions;
        let named = |id: &&ActionId| match name.split_once('.') {
            None => plan.actions[**id].name == name,
            Some(_) => plan.action_name(**id) == name,
        };
        let own = |id: &&ActionId| plan.actions[**id].owner == of;
        let mut all = asked.iter().filter(named);
        let found = match (all.next(), all.next()) {
            (None, _) => return Err(QueryError::unknown_action(plan, name, of)),
            (Some(only), None) => Some(only),
            (Some(_), Some(_)) => asked.iter().filter(named).find(own),
        };
        let found = found.and_then(|action| Some((*action, plan.bit(*action, of)?)));
        found.ok_or_else(|| QueryError::ambiguous_action(plan, name, of))
    }

    /// Names, sorted by their bytes.
    fn sorted_names(&self, entities: impl IntoIterator<Item = EntityId>) -> Vec<EntityName> {
        let mut names: Vec<EntityName> = entities
            .into_iter()
            .map(|entity| self.world.name(entity))
            .collect();
        names.sort_unstable();
        names
    }
}
