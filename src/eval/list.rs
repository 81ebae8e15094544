//! Lists: what a subject sees, and what it may take an action on.
//!
//! Candidates are found downwards from what the subject holds, so a list costs what its answer
//! costs; each is then asked about as a check would, so that no list can disagree with one.

use std::collections::{BTreeSet, HashSet};

use super::walk::Faults;
use super::{Context, Evaluator, Outcome, QueryError, Question};
use crate::literal::EntityName;
use crate::plan::{ActionRule, EntityId, RoleId, TypeId};
use crate::world::AnyRole;

impl Evaluator<'_> {
    /// The resources of a type that a subject sees, sorted by id.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn visible(
        &self,
        subject: &EntityName,
        type_name: &str,
        context: &Context,
    ) -> Result<Vec<EntityName>, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(type_name)?;
        let case = self.case(&question);
        let seen = self
            .candidates(&question, ty)
            .into_iter()
            .filter(|candidate| case.judge(*candidate, None, 0, &mut Faults::default()).sees);
        Ok(self.sorted_names(seen))
    }

    /// The resources of a type that a subject may take an action on, sorted by id.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn allowed(
        &self,
        subject: &EntityName,
        action: &str,
        type_name: &str,
        context: &Context,
    ) -> Result<Vec<EntityName>, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(type_name)?;
        let action = self.action_named(action, ty)?;
        let (lane, bit) = self.bit(action, ty)?;
        let case = self.case(&question);
        let allowed = self
            .candidates(&question, ty)
            .into_iter()
            .filter(|candidate| {
                let verdict = case.judge(*candidate, Some(lane), bit, &mut Faults::default());
                verdict.outcome(bit) == Outcome::Allowed
            });
        Ok(self.sorted_names(allowed))
    }

    /// The entities of a type that the subject could see at all: what lies below the places where it
    /// may hold a role.
    fn candidates(&self, question: &Question<'_>, ty: TypeId) -> Vec<EntityId> {
        let (world, asker) = (self.world, &question.asker);
        // A rule can show anything, and no holding tells what.
        if self.shown_by_rule(ty) && asker.known {
            return world.all_of(ty).collect();
        }
        // Where facts alone tell who holds a role, those that show nothing of the type are left out.
        let by_facts = self.held_by_facts();
        let leading = by_facts.then(|| self.types_above(ty));
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        let mut open: Vec<EntityId> = Vec::new();
        let mut found = Vec::new();
        let holders = asker.holders();
        let held = holders.flat_map(|holder| world.held_by(holder));
        for held in held {
            let shows = !by_facts || self.shows(held.role, ty);
            if world.end(&held) > self.now && shows && seen.insert(held.place) {
                open.push(held.place);
            }
        }
        // A subject that the world does not know is in no relation.
        for holder in asker.holders().filter(|_| asker.known) {
            let linked = world.linked(holder);
            open.extend(linked.filter(|entity| seen.insert(*entity)));
        }
        while let Some(place) = open.pop() {
            let of = world.type_of(place);
            if of == Some(ty) && world.is_known(place) {
                found.push(place);
            }
            let contents = world.contents(place);
            let shared = world.received_by(place);
            let shared = shared
                .filter(|share| world.share_end(share) > self.now)
                .map(|share| share.entity);
            let leads = |inner: &EntityId| {
                let of = world.type_of(*inner);
                let leading = leading.as_ref();
                leading.is_none_or(|leading| of.is_some_and(|of| leading.contains(&of)))
            };
            // Roles that rest on those held here.
            let linked = world.linked(place);
            let sets = world.places_of_sets(place);
            let inside = contents.chain(shared).filter(leads);
            for inner in inside.chain(linked).chain(sets) {
                if seen.insert(inner) {
                    open.push(inner);
                }
            }
        }
        found
    }

    /// Whether some rule can show entities of a type.
    pub(super) fn shown_by_rule(&self, ty: TypeId) -> bool {
        let ty = &self.plan().types[ty];
        let shows = |rule: &ActionRule| {
            let shown = ty.visible_by;
            shown.is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        !ty.reveals.is_empty() || ty.permits.iter().any(shows)
    }

    /// Whether facts alone tell who holds which role.
    pub(super) fn held_by_facts(&self) -> bool {
        !self.plan().facets.also && self.world.set_held().is_empty()
    }

    /// Whether a role can show entities of a type.
    pub(super) fn shows(&self, role: RoleId, ty: TypeId) -> bool {
        let shown_by = self.plan().types[ty].visible_by;
        match self.world.role(role) {
            Some(AnyRole::Declared(role)) => {
                let mut all = std::iter::once(role).chain(
                    role.guarded
                        .iter()
                        .filter_map(|guarded| self.plan().roles.find(*guarded)),
                );
                // A guarded role may include further ones.
                let deep = role.guarded.iter().any(|guarded| {
                    let guarded = self.plan().roles.find(*guarded);
                    guarded.is_some_and(|role| !role.guarded.is_empty())
                });
                deep || all.any(|role| {
                    let grants = shown_by.map(|(lane, bit)| (role.grants_in(lane), bit));
                    let gives = grants.is_some_and(|(grants, bit)| {
                        grants.iter().any(|grant| grant.mask & bit != 0)
                    });
                    gives || !role.sights_of(ty).is_empty()
                })
            }
            Some(AnyRole::Custom(role)) => {
                shown_by.is_some_and(|(lane, bit)| role.masks.mask(lane) & bit != 0)
            }
            None => false,
        }
    }

    /// The types on ways from a type, itself among them: nothing else can hold one of it.
    fn types_above(&self, ty: TypeId) -> BTreeSet<TypeId> {
        let mut above = BTreeSet::from([ty]);
        let mut open = vec![ty];
        while let Some(at) = open.pop() {
            let ty = &self.plan().types[at];
            let containers = ty.containers.iter().map(|(of, _)| *of);
            for next in containers.chain(ty.shares.iter().map(|(with, _)| *with)) {
                if above.insert(next) {
                    open.push(next);
                }
            }
        }
        above
    }
}
