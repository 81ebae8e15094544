//! Lists: what a subject sees, and what it may take an action on.
//!
//! Candidates are found downwards from what the subject holds, so a list costs what its answer
//! costs; each is then asked about as a check would, so that no list can disagree with one.

use std::collections::{BTreeSet, HashSet};

use super::walk::Faults;
use super::{Context, Evaluator, Outcome, QueryError, Question};
use crate::literal::EntityName;
use crate::plan::{EntityId, TypeId};
use crate::world::Holding;

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

    /// The entities of a type that the subject could see at all.
    fn candidates(&self, question: &Question, ty: TypeId) -> Vec<EntityId> {
        // A rule can show anything, and no holding tells what.
        let revealed = self.plan().types[ty]
            .reveals
            .iter()
            .any(|rule| rule.subjects.is_empty() || rule.subjects.contains(&question.asker.ty));
        if revealed && question.asker.known {
            return self.world.all_of(ty).to_vec();
        }
        let leading = self.types_above(ty);
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        let mut open: Vec<EntityId> = Vec::new();
        let mut found = Vec::new();
        let shows = |held: &&Holding| {
            held.until > self.now && !self.plan().roles[held.role].sights_of(ty).is_empty()
        };
        let holders = question.asker.holders().iter();
        let held = holders.flat_map(|holder| self.world.held.of(*holder));
        for held in held.chain(&self.world.held_by_anyone).filter(shows) {
            if seen.insert(held.place) {
                open.push(held.place);
            }
        }
        while let Some(place) = open.pop() {
            let of = self.world.entities.type_of(place);
            if of == Some(ty) && self.world.is_known(place) {
                found.push(place);
            }
            let contents = self.world.contents.of(place).iter().copied();
            let shared = self.world.received.of(place).iter();
            let shared = shared
                .filter(|share| share.until > self.now)
                .map(|share| share.entity);
            for inner in contents.chain(shared) {
                let of = self.world.entities.type_of(inner);
                if of.is_some_and(|of| leading.contains(&of)) && seen.insert(inner) {
                    open.push(inner);
                }
            }
        }
        found
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
