//! Who asks, and everything that holds roles for them.

use smallvec::SmallVec;

use super::seen::Seen;
use crate::plan::{EntityId, TypeId};
use crate::world::{ANYONE, Holding, World};

/// A subject with the groups that it is in, to any depth, and `anyone`.
pub(super) struct Asker {
    pub(super) ty: TypeId,
    pub(super) id: EntityId,
    /// Whether the world knows it. If not, only holdings of `anyone` count.
    pub(super) known: bool,
    /// Itself, its groups and [`ANYONE`], sorted.
    holders: SmallVec<[EntityId; 16]>,
}

impl Asker {
    pub(super) fn new(world: &World, ty: TypeId, id: EntityId, now: i64) -> Self {
        let known = world.is_known(id);
        let mut seen = Seen::default();
        if known {
            seen.insert(id);
        }
        let mut next = 0;
        while let Some(member) = seen.get(next) {
            next += 1;
            for membership in world.groups.of(member) {
                if membership.until > now {
                    seen.insert(membership.other);
                }
            }
        }
        let mut holders = seen.into_list();
        holders.push(ANYONE);
        holders.sort_unstable();
        Self {
            ty,
            id,
            known,
            holders,
        }
    }

    pub(super) fn holders(&self) -> &[EntityId] {
        &self.holders
    }

    /// What it holds at a place, by itself or by a group, at this time.
    pub(super) fn held_at<'w>(
        &self,
        world: &'w World,
        place: EntityId,
        now: i64,
    ) -> impl Iterator<Item = &'w Holding> {
        let all = world.holdings.of(place);
        // Sorted by holder: look each holder up where many others hold roles here, else look
        // through them all.
        let search = all.len() > 8 * self.holders.len();
        let scanned: &[Holding] = if search { &[] } else { all };
        let searched: &[EntityId] = if search { &self.holders } else { &[] };
        let scan = scanned
            .iter()
            .filter(|held| self.holders.binary_search(&held.holder).is_ok());
        let runs = searched.iter().flat_map(move |holder| {
            let start = all.partition_point(|held| held.holder < *holder);
            let run = all.get(start..).unwrap_or(&[]).iter();
            run.take_while(|held| held.holder == *holder)
        });
        scan.chain(runs).filter(move |held| held.until > now)
    }
}
