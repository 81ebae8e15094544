//! Who asks, and everything that holds roles for them.

use std::cell::{OnceCell, RefCell};

use smallvec::SmallVec;

use super::holders::{By, Held, HeldHere, Solved};
use super::places::nearest_enclosing;
use super::seen::Seen;
use crate::plan::{
    ActsFor, Datum, EVERY_PERMISSION, EntityId, LaneId, Link, RoleId, SimpleAlso, TypeId,
};
use crate::world::{ANYONE, Flag, Holding, Row, Tag, World};

/// A subject with the groups that it is in, to any depth, and `anyone`.
pub(super) struct Asker<'w> {
    /// Who asks; of a credential, its owner.
    pub(super) ty: TypeId,
    pub(super) id: EntityId,
    /// Whether the world knows it. If not, only holdings of `anyone` count.
    pub(super) known: bool,
    /// What it asks by, if not by itself.
    pub(super) credential: Option<Credential>,
    /// What holds for it, where that was asked.
    inside: OnceCell<Inside>,
    world: &'w World,
    now: i64,
    /// What is known of its roles where facts alone do not tell.
    pub(super) solved: RefCell<Option<Box<Solved>>>,
}

/// What a subject is in.
struct Inside {
    /// Its groups to any depth, sorted.
    groups: SmallVec<[Tag; 8]>,
    /// A bit for each of those that hold for it, by the lowest bits of their ids: most others have
    /// none of these.
    signs: u64,
}

/// With more groups than this, they are not looked up one by one.
const FEW_GROUPS: usize = 32;

/// What acts for its owner [8].
pub(super) struct Credential {
    pub(super) ty: TypeId,
    pub(super) id: EntityId,
    /// Whether it has an owner: without one it sees nothing.
    pub(super) owned: bool,
    /// The scopes that it is confined to.
    pub(super) within: Option<Vec<EntityId>>,
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
                .map(|within| nearest_enclosing(world, id, within).into_vec()),
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

impl<'w> Asker<'w> {
    pub(super) fn new(world: &'w World, ty: TypeId, id: EntityId, now: i64) -> Self {
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

    fn principal(world: &'w World, ty: TypeId, id: EntityId, now: i64) -> Self {
        Self {
            ty,
            id,
            known: world.is_known(id),
            credential: None,
            inside: OnceCell::new(),
            world,
            now,
            solved: RefCell::default(),
        }
    }

    fn inside(&self) -> &Inside {
        self.inside.get_or_init(|| {
            let groups = match self.known.then(|| self.world.all_groups(self.id)) {
                Some(Some(groups)) => groups,
                Some(None) => found_groups(self.world, self.id, self.now),
                None => SmallVec::new(),
            };
            let signs = if groups.len() <= 16 {
                let own = self.known.then_some(self.id.0);
                let all = groups.iter().map(|group| group.id()).chain(own);
                let signs = all.chain([ANYONE.0]).map(|id| 1 << (id & 63));
                signs.fold(0, |all, sign: u64| all | sign)
            } else {
                u64::MAX
            };
            Inside { groups, signs }
        })
    }

    #[inline]
    fn groups(&self) -> &[Tag] {
        &self.inside().groups
    }

    /// Itself, its groups and [`ANYONE`]; of a subject that the world does not know, only that.
    pub(super) fn holders(&self) -> impl Iterator<Item = EntityId> {
        let own = self.known.then_some(self.id).into_iter();
        let groups = self.groups().iter().map(|group| EntityId(group.id()));
        own.chain(groups).chain([ANYONE])
    }

    /// Whether an entity is the subject, or a group of it.
    #[inline]
    pub(super) fn is(&self, entity: EntityId) -> bool {
        if entity == ANYONE || entity == self.id && self.known {
            return true;
        }
        let Inside { groups, signs } = self.inside();
        if signs >> (entity.0 & 63) & 1 == 0 {
            return false;
        }
        if groups.len() <= 8 {
            groups.iter().any(|group| group.id() == entity.0)
        } else {
            let group = groups.binary_search_by_key(&entity.0, |group| group.id());
            group.is_ok()
        }
    }

    /// The roles that it holds at a place, at this time [1].
    pub(super) fn held_at(&self, world: &World, place: EntityId, now: i64) -> HeldHere {
        let mut held = HeldHere::new();
        let row = world.row(place);
        let Some(row) = row else { return held };
        self.each_held(world, place, row, now, &mut |one| {
            // What several links say is said once.
            let told =
                matches!(one.by, By::Also(_)) && held.iter().any(|held| held.role == one.role);
            if !told {
                held.push(*one);
            }
        });
        held
    }

    /// Tells each role that it holds at a place, at this time [1].
    #[inline]
    pub(super) fn each_held(
        &self,
        world: &World,
        place: EntityId,
        row: Row,
        now: i64,
        tell: &mut impl FnMut(&Held),
    ) {
        let here = row.has(Flag::HELD_ON | Flag::SETS_HOLD_ON | Flag::CHANGED);
        if !here && !world.plan.is_derived(row.ty()) {
            return;
        }
        let sets = world.has_sets_at(place, row);
        let plain = !sets
            || match world.has_plain_sets(row) {
                Some(plain) => plain,
                None => self.are_sets_plain(world, place),
            };
        if let (Some(simple), true) = (world.plan.simple_also(row.ty()), plain) {
            self.each_direct(world, place, row, now, &mut |held| {
                tell(&Held::by_fact(&held))
            });
            if sets {
                for held in world.sets_at(place) {
                    let set = held.set.filter(|_| world.end(&held) > now);
                    if set.is_some_and(|set| self.holds_directly(world, held.holder, set, now)) {
                        tell(&Held::by_fact(&held));
                    }
                }
            }
            if !simple.is_empty() {
                let is = |entity| self.is(entity);
                self.each_simple(world, place, simple, &is, tell);
            }
            return;
        }
        let held = if plain && world.plan.is_local(row.ty()) {
            self.gather(world, place, now)
        } else {
            self.solve(world, place, now)
        };
        held.iter().for_each(tell);
    }

    /// Tells the roles that links give at a place to whom `is` says that they name.
    #[inline]
    pub(super) fn each_simple(
        &self,
        world: &World,
        place: EntityId,
        simple: &[SimpleAlso],
        is: &impl Fn(EntityId) -> bool,
        tell: &mut impl FnMut(&Held),
    ) {
        let (mut related, mut said) = (None, None);
        for also in simple {
            let named = match also.link {
                Link::Relation(relation) => {
                    let all = related.get_or_insert_with(|| world.relations().of(place));
                    let mut all = all.clone();
                    all.any(|(of, named)| *of == relation && is(*named))
                }
                Link::Attribute(column) => {
                    let all = said.get_or_insert_with(|| world.attributes().of(place));
                    match all.clone().find(|(of, _)| *of == column) {
                        Some((_, datum)) => is_in(datum, is),
                        None => self.is_named(world, place, also.link),
                    }
                }
            };
            if named {
                tell(&Held {
                    place,
                    role: also.role,
                    by: By::Also(also.clause),
                });
            }
        }
    }

    /// Whether a link leads from an entity to the subject or a group of it.
    #[inline]
    pub(super) fn is_named(&self, world: &World, from: EntityId, link: Link) -> bool {
        match link {
            Link::Relation(relation) => {
                let run = world.relations().of(from);
                run.into_iter()
                    .any(|(of, named)| *of == relation && self.is(*named))
            }
            Link::Attribute(column) => {
                let value = world.attribute(from, column);
                value.is_some_and(|datum| is_in(datum, &|entity| self.is(entity)))
            }
        }
    }

    /// Whether facts alone tell who is in each set that holds a role at a place.
    fn are_sets_plain(&self, world: &World, place: EntityId) -> bool {
        world.sets_at(place).all(|held| {
            let ty = world.type_of(held.holder);
            let Some(set) = held
                .set
                .filter(|_| ty.is_some_and(|ty| !world.plan.is_derived(ty)))
            else {
                return false;
            };
            // A set may hold the role that makes the other.
            let mut others = world.sets_at(held.holder);
            !others.any(|other| Held::by_fact(&other).gives(world, set))
        })
    }

    /// Whether it holds a role at a place.
    pub(super) fn holds(&self, world: &World, place: EntityId, role: RoleId, now: i64) -> bool {
        let mut holds = false;
        if let Some(row) = world.row(place) {
            self.each_held(world, place, row, now, &mut |held| {
                holds |= held.gives(world, role);
            });
        }
        holds
    }

    /// Whether facts say that it holds a role at a place, by itself or by a group.
    pub(super) fn holds_directly(
        &self,
        world: &World,
        place: EntityId,
        role: RoleId,
        now: i64,
    ) -> bool {
        let mut holds = false;
        if let Some(row) = world.row(place) {
            self.each_direct(world, place, row, now, &mut |held| {
                holds |= Held::by_fact(&held).gives(world, role);
            });
        }
        holds
    }

    /// Tells what facts say that it holds at a place, by itself or by a group.
    #[inline]
    pub(super) fn each_direct(
        &self,
        world: &World,
        place: EntityId,
        row: Row,
        now: i64,
        tell: &mut impl FnMut(Holding),
    ) {
        let all = world.holders_at(place, row);
        let mut tell = |edge: &(EntityId, Tag)| {
            let held = Holding::at(place, edge);
            if world.end(&held) > now {
                tell(held);
            }
        };
        // Sorted by holder. What costs least: to look through all, to look each holder up, or to
        // look through the groups that hold something here.
        let groups = self.groups().len();
        if all.at_most() <= 64 + 8 * groups.min(FEW_GROUPS) {
            all.filter(|edge| self.is(edge.0)).for_each(tell);
        } else if groups <= FEW_GROUPS {
            for holder in self.holders() {
                world.holders_from(place, holder).for_each(&mut tell);
            }
        } else {
            world.holders_from(place, self.id).for_each(&mut tell);
            world.holders_from(place, ANYONE).for_each(&mut tell);
            let groups = world.groups_holding_at(place);
            let own = groups.filter(|edge| edge.0 != self.id && self.is(edge.0));
            own.for_each(tell);
        }
    }
}

/// Whether a value is an entity of which something is so, or has such a one in it.
#[inline]
fn is_in(datum: &Datum, is: &impl Fn(EntityId) -> bool) -> bool {
    match datum {
        Datum::Entity(named) => is(*named),
        Datum::Set(elements) => elements
            .iter()
            .any(|element| matches!(element, Datum::Entity(named) if is(*named))),
        _ => false,
    }
}

/// All groups of a member, from group to group, sorted.
fn found_groups(world: &World, member: EntityId, now: i64) -> SmallVec<[Tag; 8]> {
    let mut seen = Seen::from(member);
    let mut next = 0;
    while let Some(at) = seen.get(next) {
        next += 1;
        for membership in world.memberships(at) {
            if membership.until > now {
                seen.insert(membership.other);
            }
        }
    }
    let groups = seen.into_list().into_iter().skip(1);
    let mut groups: SmallVec<[Tag; 8]> = groups.map(|group| Tag::new(group.0, false)).collect();
    groups.sort_unstable();
    groups
}
