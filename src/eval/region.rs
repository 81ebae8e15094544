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

/// Numbers of the tree, the first and the last.
type Span = (u32, u32);

/// How many ranges there is room for, before they are known.
const ROOM_FOR_RANGES: usize = 64;

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
    pub(super) fn below(&self, places: &[EntityId], passes: &dyn Fn(&Level) -> bool) -> Ranges {
        if places.is_empty() {
            return Ranges::default();
        }
        let world = self.world;
        let mut open: Vec<EntityId> = places.to_vec();
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        // Numbers of the tree that have been looked at, by the first of them.
        let mut covered: BTreeMap<u32, u32> = BTreeMap::new();
        let mut found: Vec<(u32, u32)> = Vec::with_capacity(ROOM_FOR_RANGES);
        // What can hold nothing needs no look at what it holds.
        let leaves = match world.plan.is_container(self.ty) {
            true => (0, 0),
            false => world.range_of(self.ty),
        };
        let is_leaf = |entity: &EntityId| leaves.0 <= entity.0 && entity.0 < leaves.1;
        let mut scopes: Vec<(Option<Span>, EntityId, TypeId)> = Vec::new();
        let mut parts: Vec<(Span, TypeId)> = Vec::new();
        // A step for all of them, then the next: their memory is waited for once, not for each.
        while !open.is_empty() {
            for place in open.drain(..) {
                if is_leaf(&place) {
                    found.push(only(place));
                } else if let Some(ty) = world.type_of(place)
                    && self.leading.binary_search(&ty).is_ok()
                {
                    scopes.push((world.span(place), place, ty));
                }
            }
            // From the outermost inwards, so that a span lies in one that is covered, or beside all.
            scopes.sort_unstable_by_key(|(span, ..)| span.map(|(first, last)| (first, !last)));
            for (span, place, ty) in scopes.drain(..) {
                let is_covered = span.is_some_and(|(first, last)| {
                    let before = covered.range(..=first).next_back();
                    before.is_some_and(|(_, end)| last <= *end)
                });
                if is_covered || !seen.insert(place) {
                    continue;
                }
                if let Some(span) = span {
                    for part in world.left_in(span) {
                        covered.insert(part.0, part.1);
                        parts.push((part, ty));
                    }
                } else {
                    // It is new: what stands in it is known one by one.
                    if ty == self.ty {
                        found.push(only(place));
                    }
                    open.extend(world.contents(place));
                    open.extend(self.shared_with(place, passes));
                }
            }
            found.extend(self.ids_in(&parts, self.ty));
            for ids in self.entered.iter().flat_map(|ty| self.ids_in(&parts, *ty)) {
                for entered in world.entered(ids) {
                    open.extend(world.more_contents().of(entered).copied());
                    open.extend(self.shared_with(entered, passes));
                }
            }
            parts.clear();
        }
        found.into_iter().collect()
    }

    /// The ids of a type in parts of the tree, from the first to before another; each part is of an
    /// entity of the type beside it.
    fn ids_in(&self, parts: &[(Span, TypeId)], ty: TypeId) -> impl Iterator<Item = (u32, u32)> {
        let holding = move |(_, outer): &&(Span, TypeId)| self.world.plan.can_hold(*outer, ty);
        let parts = parts.iter().filter(holding);
        parts.filter_map(move |(part, _)| self.world.numbered(ty, *part))
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
