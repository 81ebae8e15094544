//! Ways up from a resource: to its containers, and out to what it is shared with [2].

use std::collections::HashMap;

use smallvec::SmallVec;

use super::holders::Held;
use super::seen::Seen;
use super::walk::Case;
use crate::plan::{EntityId, LaneId, TypeId};
use crate::world::{AnyRole, Row, World};

/// A place on some way, and what the ways to it have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) entity: EntityId,
    pub(super) row: Row,
    /// The union of what the ways to it let through.
    pub(super) mask: u64,
    /// The union of what is left of that under the ceilings on each way [4].
    pub(super) power: u64,
    /// The overridden types that the ways to it still have to pass [3]; while there are any, nothing
    /// is had from here.
    pub(super) pending: u64,
    /// Whether the action that shows the resource has come through, under all ceilings on the way.
    pub(super) shown: bool,
}

/// A place, with the overrides that are pending there and whether the resource shows so far.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct State(EntityId, u64, bool);

/// Every place that some way leads to, the resource first.
pub(super) type Places = SmallVec<[Place; 16]>;

/// What goes through, of the lane that is asked about and of the action that shows the resource.
#[derive(Clone, Copy)]
pub(super) struct Passing {
    pub(super) power: u64,
    pub(super) shown: bool,
}

impl Passing {
    pub(super) const ALL: Self = Self {
        power: u64::MAX,
        shown: true,
    };

    /// What goes through the one or the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            power: self.power | other.power,
            shown: self.shown || other.shown,
        }
    }

    pub(super) fn under(self, other: Self) -> Self {
        Self {
            power: self.power & other.power,
            shown: self.shown && other.shown,
        }
    }
}

/// The lane that is asked about, and the lane and bit of the action that shows the resource.
#[derive(Clone, Copy)]
pub(super) struct Watched {
    pub(super) lane: Option<LaneId>,
    pub(super) shows: Option<(LaneId, u64)>,
}

impl Watched {
    /// What a set of actions lets through.
    pub(super) fn of(self, mask: impl Fn(LaneId) -> u64) -> Passing {
        Passing {
            power: self.lane.map_or(0, &mask),
            shown: self.shows.is_some_and(|(lane, bit)| mask(lane) & bit != 0),
        }
    }
}

impl Case<'_> {
    /// Follows all ways from a resource [2, 3, 4].
    ///
    /// What is asked of ways is a union over them, and each step keeps unions, so it is enough to
    /// know for each place, each set of pending overrides, and with and without the action that
    /// shows the resource, the union of the masks that arrive. Such a state is walked on from again
    /// only when a mask has grown, which ends.
    pub(super) fn ways(&self, resource: EntityId, watched: Watched) -> Places {
        let world = self.world;
        let mut places: Places = SmallVec::new();
        let Some(row) = world.row(resource).filter(|_| world.is_complete(resource)) else {
            return places;
        };
        let start = self.limit(watched).under(self.ceiling(resource, watched));
        let shown = start.shown && watched.shows.is_some();
        let mut seen = Seen::from(State(resource, 0, shown));
        places.push(Place {
            entity: resource,
            row,
            mask: u64::MAX,
            power: start.power,
            pending: 0,
            shown,
        });
        let mut open: SmallVec<[usize; 16]> = SmallVec::from_slice(&[0]);
        while let Some(place) = open.pop().and_then(|index| places.get(index).copied()) {
            let pending = self.pending_beyond(&place);
            let mut step = |to: EntityId, through: Passing, mask: u64| {
                let passing = through.under(self.ceiling(to, watched));
                let Some(row) = world.row(to) else { return };
                let new = Place {
                    entity: to,
                    row,
                    mask: place.mask & mask,
                    power: place.power & passing.power,
                    pending,
                    shown: place.shown && passing.shown,
                };
                let key = State(to, pending, new.shown);
                let Some(index) = seen.find_or_insert(key) else {
                    open.push(places.len());
                    places.push(new);
                    return;
                };
                if let Some(known) = places.get_mut(index) {
                    let before = (known.mask, known.power);
                    known.mask |= new.mask;
                    known.power |= new.power;
                    if before != (known.mask, known.power) {
                        open.push(index);
                    }
                }
            };
            for container in world.containers_of_row(place.entity, place.row) {
                step(container, Passing::ALL, u64::MAX);
            }
            for share in world.shares_of_row(place.entity, place.row) {
                if world.share_end(&share) > self.now && world.is_complete(share.with) {
                    let level = &world.plan.levels[share.level];
                    let through = watched.of(|lane| level.mask(lane));
                    step(share.with, through, through.power);
                }
            }
        }
        places
    }

    /// The overrides that are pending on the way up from a place [3].
    fn pending_beyond(&self, place: &Place) -> u64 {
        let world = self.world;
        if !world.plan.facets.overrides {
            return 0;
        }
        let id = place.row.ty();
        let ty = &world.plan.types[id];
        let passed = place.pending & !ty.overridden;
        let overrides =
            ty.overrides != 0 && !self.asker.held_at(world, place.entity, self.now).is_empty();
        let forced = match world.plan.facets.forced {
            Some((of, bits)) if of == id => bits,
            _ => 0,
        };
        if overrides {
            passed | ty.overrides | forced
        } else {
            passed | forced
        }
    }

    /// The ceiling of the roles that the asker holds at a place [4].
    pub(super) fn ceiling(&self, place: EntityId, watched: Watched) -> Passing {
        let world = self.world;
        if !world.plan.facets.ceilings {
            return Passing::ALL;
        }
        let held = self.asker.held_at(world, place, self.now);
        let union = held
            .iter()
            .fold(None, |union, held| self.raised(union, held, watched));
        union.unwrap_or(Passing::ALL)
    }

    /// The ceiling of one place with that of one more role held there; nothing as long as none has
    /// one.
    pub(super) fn raised(
        &self,
        ceiling: Option<Passing>,
        held: &Held,
        watched: Watched,
    ) -> Option<Passing> {
        let Some(AnyRole::Declared(role)) = self.world.role(held.role) else {
            return ceiling;
        };
        let Some((masks, _)) = &role.ceiling else {
            return ceiling;
        };
        let own = watched.of(|lane| masks.mask(lane));
        Some(ceiling.map_or(own, |before| before.or(own)))
    }

    /// What a credential's own permissions let through [8].
    fn limit(&self, watched: Watched) -> Passing {
        match &self.asker.credential {
            Some(credential) => watched.of(|lane| credential.limit(self.world, lane)),
            None => Passing::ALL,
        }
    }
}

/// The ceilings above places, each worked out once.
pub(super) struct Above<'c> {
    case: Case<'c>,
    watched: Watched,
    known: HashMap<EntityId, Passing, rustc_hash::FxBuildHasher>,
}

impl<'c> Above<'c> {
    pub(super) fn new(case: Case<'c>, watched: Watched) -> Self {
        Self {
            case,
            watched,
            known: HashMap::default(),
        }
    }

    /// The intersection of the ceilings of everything that an entity stands in, to the top [4].
    pub(super) fn of(&mut self, entity: EntityId) -> Passing {
        let world = self.case.world;
        if !world.plan.facets.ceilings {
            return Passing::ALL;
        }
        // Without recursion: chains may be long. Containers have no cycles, so this ends.
        let mut open = vec![entity];
        while let Some(next) = open.last().copied() {
            let mut above = world.containers(next);
            let unknown = above.find(|container| !self.known.contains_key(container));
            if let (Some(container), false) = (unknown, self.known.contains_key(&next)) {
                open.push(container);
                continue;
            }
            open.pop();
            if self.known.contains_key(&next) {
                continue;
            }
            let above = world.containers(next);
            let passing = above.fold(Passing::ALL, |passing, container| {
                let beyond = self.known.get(&container).copied();
                passing
                    .under(beyond.unwrap_or(Passing::ALL))
                    .under(self.case.ceiling(container, self.watched))
            });
            self.known.insert(next, passing);
        }
        self.known.get(&entity).copied().unwrap_or(Passing::ALL)
    }
}

/// Every entity on some way from a resource, itself first, whoever asks.
pub(super) fn entities_on_ways(world: &World, now: i64, resource: EntityId) -> Vec<EntityId> {
    if !world.is_complete(resource) {
        return Vec::new();
    }
    let mut seen = Seen::from(resource);
    let mut next = 0;
    while let Some(at) = seen.get(next) {
        next += 1;
        for container in world.containers(at) {
            seen.insert(container);
        }
        for share in world.shares_of(at) {
            if world.share_end(&share) > now && world.is_complete(share.with) {
                seen.insert(share.with);
            }
        }
    }
    seen.into_list().into_vec()
}

/// The entity itself and what it stands in, to the top, where of a type.
pub(super) fn enclosing(world: &World, entity: EntityId, ty: TypeId) -> SmallVec<[EntityId; 8]> {
    above(world, entity, ty, false)
}

/// Where the type repeats, those that are reached first on each way up: what lies further out is
/// wider.
pub(super) fn nearest_enclosing(
    world: &World,
    entity: EntityId,
    ty: TypeId,
) -> SmallVec<[EntityId; 8]> {
    above(world, entity, ty, true)
}

fn above(world: &World, entity: EntityId, ty: TypeId, nearest: bool) -> SmallVec<[EntityId; 8]> {
    let mut seen = Seen::from(entity);
    let mut found = SmallVec::new();
    let mut next = 0;
    while let Some(at) = seen.get(next) {
        next += 1;
        if world.type_of(at) == Some(ty) {
            found.push(at);
            if nearest {
                continue;
            }
        }
        for above in world.containers(at) {
            seen.insert(above);
        }
    }
    found
}
