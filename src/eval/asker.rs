//! Who asks, and everything that holds roles for them.

use std::cell::RefCell;

use smallvec::SmallVec;

use super::holders::{Held, HeldHere, Solved};
use super::places::nearest_enclosing;
use super::seen::Seen;
use crate::plan::{ActsFor, Datum, EVERY_PERMISSION, EntityId, LaneId, RoleId, TypeId};
use crate::world::{ANYONE, Holding, World};

/// A subject with the groups that it is in, to any depth, and `anyone`.
pub(super) struct Asker {
    /// Who asks; of a credential, its owner.
    pub(super) ty: TypeId,
    pub(super) id: EntityId,
    /// Whether the world knows it. If not, only holdings of `anyone` count.
    pub(super) known: bool,
    /// What it asks by, if not by itself.
    pub(super) credential: Option<Credential>,
    /// Itself, its groups and [`ANYONE`], sorted.
    holders: SmallVec<[EntityId; 16]>,
    pub(super) solved: RefCell<Solved>,
}

/// What acts for its owner [8].
pub(super) struct Credential {
    pub(super) ty: TypeId,
    pub(super) id: EntityId,
    /// Whether it has an owner: without one it sees nothing.
    pub(super) owned: bool,
    /// The scopes that it is confined to.
    pub(super) within: Option<SmallVec<[EntityId; 8]>>,
    /// The column of the permissions that limit it.
    at_most: Option<u32>,
}

impl Credential {
    fn new(world: &World, ty: TypeId, id: EntityId, acts_for: &ActsFor) -> Self {
        Self {
            ty,
            id,
            owned: false,
            within: acts_for
                .within
                .map(|within| nearest_enclosing(world, id, within)),
            at_most: acts_for.at_most,
        }
    }

    /// What it may have of a lane at most.
    pub(super) fn limit(&self, world: &World, lane: LaneId) -> u64 {
        let Some(column) = self.at_most else {
            return u64::MAX;
        };
        let Some(Datum::Set(names)) = world.attribute(self.id, column) else {
            return 0;
        };
        let masks = names.iter().map(|name| match name {
            Datum::String(name) if **name == *EVERY_PERMISSION => u64::MAX,
            Datum::String(name) => {
                let permission = world.plan.permission(name);
                permission.map_or(0, |permission| permission.masks.mask(lane))
            }
            _ => 0,
        });
        masks.fold(0, |all, mask| all | mask)
    }
}

impl Asker {
    pub(super) fn new(world: &World, ty: TypeId, id: EntityId, now: i64) -> Self {
        let Some(acts_for) = &world.plan.types[ty].acts_for else {
            return Self::principal(world, ty, id, now);
        };
        let mut credential = Credential::new(world, ty, id, acts_for);
        let owner = world.is_known(id).then(|| {
            let owner = world.attribute(id, acts_for.owner);
            match owner {
                Some(Datum::Entity(owner)) if world.is_known(*owner) => {
                    Some((world.type_of(*owner)?, *owner))
                }
                _ => None,
            }
        });
        let (ty, id) = match owner.flatten() {
            Some(owner) => {
                credential.owned = true;
                owner
            }
            None => (ty, id),
        };
        Self {
            credential: Some(credential),
            ..Self::principal(world, ty, id, now)
        }
    }

    fn principal(world: &World, ty: TypeId, id: EntityId, now: i64) -> Self {
        let known = world.is_known(id);
        let mut seen = Seen::default();
        if known {
            seen.insert(id);
        }
        let mut next = 0;
        while let Some(member) = seen.get(next) {
            next += 1;
            for membership in world.memberships(member) {
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
            credential: None,
            holders,
            solved: RefCell::default(),
        }
    }

    pub(super) fn holders(&self) -> &[EntityId] {
        &self.holders
    }

    /// Whether an entity is the subject, or a group of it.
    pub(super) fn is(&self, entity: EntityId) -> bool {
        self.holders.binary_search(&entity).is_ok()
    }

    /// The roles that it holds at a place, at this time [1].
    pub(super) fn held_at(&self, world: &World, place: EntityId, now: i64) -> HeldHere {
        let ty = world.type_of(place);
        let derived = ty.is_some_and(|ty| world.plan.is_derived(ty)) || world.has_sets_at(place);
        if derived {
            return self.solve(world, place, now);
        }
        self.direct(world, place, now)
            .map(|held| Held::by_fact(&held))
            .collect()
    }

    /// Whether it holds a role at a place.
    pub(super) fn holds(&self, world: &World, place: EntityId, role: RoleId, now: i64) -> bool {
        let held = self.held_at(world, place, now);
        held.iter().any(|held| held.gives(world, role))
    }

    /// What facts say that it holds at a place, by itself or by a group.
    pub(super) fn direct<'w>(
        &self,
        world: &'w World,
        place: EntityId,
        now: i64,
    ) -> impl Iterator<Item = Holding> + use<'w, '_> {
        let all = world.holders_at(place);
        // Sorted by holder: look each holder up where many others hold roles here, else look
        // through them all.
        let search = all.at_most() > 8 * self.holders.len();
        let scanned = (!search).then(|| world.holdings_at(place));
        let searched: &[EntityId] = if search { &self.holders } else { &[] };
        let scan = scanned.into_iter().flatten();
        let scan = scan.filter(|held| self.is(held.holder));
        let runs = searched.iter();
        let runs = runs.flat_map(move |holder| world.holdings_by(place, *holder));
        scan.chain(runs).filter(move |held| world.end(held) > now)
    }
}
