//! Who may take an action on a resource, and who sees it.

use std::collections::HashSet;

use super::asker::Asker;
use super::context::Bound;
use super::holders::rests_on;
use super::places::entities_on_ways;
use super::seen::Seen;
use super::walk::{Case, Faults};
use super::{Context, Evaluator, QueryError};
use crate::literal::EntityName;
use crate::plan::{EntityId, LaneId, TypeId, TypeKind};
use crate::world::ANYONE;

/// The subjects that an answer holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    /// The subjects that the world knows, groups among them, sorted by type and id.
    pub subjects: Vec<EntityName>,
    /// Whether it also holds for subjects that the world does not know.
    pub anyone: bool,
}

impl Evaluator<'_> {
    /// The subjects that may take an action on a resource.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn who(
        &self,
        action: &str,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Who, QueryError> {
        let ty = self.type_named(&resource.type_name)?;
        let (lane, bit) = self.action_named(action, ty)?;
        self.all_who(ty, resource, Some(lane), bit, context)
    }

    /// The subjects that see a resource.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn who_sees(&self, resource: &EntityName, context: &Context) -> Result<Who, QueryError> {
        let ty = self.type_named(&resource.type_name)?;
        self.all_who(ty, resource, None, 0, context)
    }

    /// The subjects that see a resource, or with a lane those that are allowed the bit.
    fn all_who(
        &self,
        ty: TypeId,
        resource: &EntityName,
        lane: Option<LaneId>,
        bit: u64,
        context: &Context,
    ) -> Result<Who, QueryError> {
        let mut bound = Bound::new(self.world, context)?;
        let Some(resource) = self.world.find(ty, &resource.id) else {
            return Ok(Who {
                subjects: Vec::new(),
                anyone: false,
            });
        };
        // An id of no type in the request: a stranger of each type in turn.
        let plan = self.plan();
        let subject_types = || {
            let types = plan.types.iter();
            types
                .filter(|(_, ty)| ty.kind == TypeKind::Subject)
                .map(|(id, _)| id)
        };
        let strangers: Vec<(TypeId, EntityId)> =
            subject_types().map(|ty| (ty, bound.stranger(ty))).collect();
        let fits = |ty: TypeId, id: EntityId| {
            let asker = Asker::new(self.world, ty, id, self.now);
            let case = Case {
                world: self.world,
                now: self.now,
                asker: &asker,
                bound: &bound,
            };
            let verdict = case.judge(resource, lane, bit, &mut Faults::default());
            if lane.is_some() {
                verdict.allowed & bit != 0
            } else {
                verdict.sees
            }
        };
        let candidates = self.who_could(ty, resource);
        let fitting = candidates.into_iter().filter(|candidate| {
            let of = self.world.type_of(*candidate);
            of.is_some_and(|of| fits(of, *candidate))
        });
        let subjects = self.sorted_names(fitting);
        let anyone = strangers.into_iter().any(|(ty, id)| fits(ty, id));
        Ok(Who { subjects, anyone })
    }

    /// The known subjects that could see a resource at all: whoever holds a role on a way from it,
    /// by a fact, or by what such a role rests on.
    pub(super) fn who_could(&self, ty: TypeId, resource: EntityId) -> Vec<EntityId> {
        let plan = self.plan();
        let everybody = || {
            let types = plan.types.iter();
            let types = types.filter(|(_, ty)| ty.kind == TypeKind::Subject);
            types.flat_map(|(id, _)| self.world.all_of(id))
        };
        if self.shown_by_rule(ty) {
            return everybody().collect();
        }
        // Where facts alone tell who holds a role, those that show nothing of the type are left out.
        let by_facts = self.held_by_facts();
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        let mut open = Vec::new();
        let mut places = Seen::default();
        for place in entities_on_ways(self.world, self.now, resource) {
            places.insert(place);
        }
        let mut next = 0;
        while let Some(place) = places.get(next) {
            next += 1;
            for held in self.world.holdings_at(place) {
                if self.world.end(&held) <= self.now || by_facts && !self.shows(held.role, ty) {
                    continue;
                }
                if held.holder == ANYONE {
                    return everybody().collect();
                }
                if seen.insert(held.holder) {
                    open.push(held.holder);
                }
            }
            for other in rests_on(self.world, place) {
                let of = self.world.type_of(other).map(|of| &plan.types[of]);
                let is_subject = of.is_some_and(|of| of.kind == TypeKind::Subject);
                if is_subject && seen.insert(other) {
                    open.push(other);
                }
                // A subject may have roles of its own to look up, and a place always.
                places.insert(other);
            }
        }
        while let Some(group) = open.pop() {
            let members = self.world.members_of(group);
            let members = members.filter(|membership| membership.until > self.now);
            let members = members.map(|membership| membership.other);
            let credentials = self.world.credentials_of(group);
            for other in members.chain(credentials) {
                if seen.insert(other) {
                    open.push(other);
                }
            }
        }
        seen.into_iter().collect()
    }
}
