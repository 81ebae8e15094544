//! What lies below places: containers downwards, and what is shared with them.
//!
//! Along first containers that is an interval of the world's tree. What else leads inwards, further
//! containers and shares, is looked for inside of the interval and opens others.

use std::collections::{BTreeMap, HashSet};

use smallvec::SmallVec;

use super::ranges::{Ranges, only};
use crate::plan::{EntityId, Level, LevelId, TypeId};
use crate::world::World;

/// Which entities of one type are asked for, and which types can hold them.
pub(super) struct Inwards<'w> {
    world: &'w World,
    now: i64,
    ty: TypeId,
    /// The types on ways from the type, itself among them: nothing else can hold one of it.
    leading: &'w [TypeId],
    /// Those of them into which more than first containers leads.
    entered: SmallVec<[TypeId; 8]>,
}

/// How many ranges there is room for, before they are known.
const MOSTLY: usize = 64;

impl<'w> Inwards<'w> {
    pub(super) fn new(world: &'w World, now: i64, ty: TypeId) -> Self {
        let plan = &world.plan;
        let leading = plan.types_above(ty);
        let entered = leading.iter().copied();
        let entered = entered.filter(|ty| world.is_entered() || plan.facets.entered.contains(ty));
        Self {
            world,
            now,
            ty,
            leading,
            entered: entered.collect(),
        }
    }

    /// The types on ways from the type, itself among them, sorted.
    pub(super) fn leading(&self) -> &'w [TypeId] {
        self.leading
    }

    /// The entities of the type in these places, to any depth, and through shares whose level
    /// passes.
    pub(super) fn below(
        &self,
        places: impl IntoIterator<Item = EntityId>,
        passes: &dyn Fn(&Level) -> bool,
    ) -> Ranges {
        let world = self.world;
        let mut open: Vec<EntityId> = places.into_iter().collect();
        if open.is_empty() {
            return Ranges::default();
        }
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        // Numbers of the tree that have been looked at, by the first of them.
        let mut covered: BTreeMap<u32, u32> = BTreeMap::new();
        let mut found: Vec<(u32, u32)> = Vec::with_capacity(MOSTLY);
        // What can hold nothing needs no look at what it holds.
        let leaves = match world.plan.is_container(self.ty) {
            true => (0, 0),
            false => world.range_of(self.ty),
        };
        let is_leaf = |entity: &EntityId| leaves.0 <= entity.0 && entity.0 < leaves.1;
        while let Some(place) = open.pop() {
            if is_leaf(&place) {
                found.push(only(place));
                continue;
            }
            let ty = world.type_of(place);
            let ty = ty.filter(|ty| self.leading.binary_search(ty).is_ok());
            let Some(ty) = ty.filter(|_| seen.insert(place)) else {
                continue;
            };
            let Some(span) = world.span(place) else {
                // It is new: what stands in it is known one by one.
                if ty == self.ty {
                    found.push(only(place));
                }
                open.extend(world.contents(place));
                open.extend(self.shared_with(place, passes));
                continue;
            };
            let before = covered.range(..=span.0).next_back();
            if before.is_some_and(|(_, last)| span.1 <= *last) {
                continue;
            }
            for (first, last) in world.left_in(span) {
                covered.insert(first, last);
                let can_hold = |inner: &&TypeId| world.plan.can_hold(ty, **inner);
                if can_hold(&&self.ty) {
                    found.extend(world.numbered(self.ty, (first, last)));
                }
                for inner in self.entered.iter().filter(can_hold) {
                    let inside = world.numbered(*inner, (first, last)).into_iter();
                    for entered in inside.flat_map(|range| world.entered(range)) {
                        open.extend(world.more_contents().of(entered).copied());
                        open.extend(self.shared_with(entered, passes));
                    }
                }
            }
        }
        found.into_iter().collect()
    }

    fn shared_with<'s>(
        &'s self,
        scope: EntityId,
        passes: &'s dyn Fn(&Level) -> bool,
    ) -> impl Iterator<Item = EntityId> + use<'s, 'w> {
        let level = |level: LevelId| self.world.plan.levels.find(level);
        let complete = self.world.is_complete(scope);
        let shares = self.world.received_by(scope).filter(move |share| {
            complete
                && level(share.level).is_some_and(passes)
                && self.world.share_end(share) > self.now
        });
        shares.map(|share| share.entity)
    }
}
