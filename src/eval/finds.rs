//! Where a subject holds roles, and what these show and give it: the ground of a list.

use std::collections::{BTreeSet, HashSet};

use super::ranges::{Ranges, only};
use super::region::Inwards;
use super::{Evaluator, Question};
use crate::plan::{ActionRule, EntityId, LaneId, Level, RoleId, TypeId};
use crate::world::{AnyRole, Holding};

/// What a list is of.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) ty: TypeId,
    /// The action, where it is not just sight.
    pub(super) action: Option<(LaneId, u64)>,
}

/// The places at which the subject holds roles, by what these do: surely, or under a condition.
#[derive(Default)]
struct Finds {
    sees: Vec<EntityId>,
    sees_if: Vec<EntityId>,
    /// By the action that shows.
    shows: Vec<EntityId>,
    shows_if: Vec<EntityId>,
    gives: Vec<EntityId>,
    gives_if: Vec<EntityId>,
    /// `sees this`.
    own: Vec<(u32, u32)>,
    own_if: Vec<(u32, u32)>,
}

/// How many roles there is room for, before they are known.
const ROOM_FOR_ROLES: usize = 32;

impl Evaluator<'_> {
    /// What is in a list as it stands, and all that may be in it.
    pub(super) fn regions(&self, question: &Question<'_>, asked: Asked) -> (Ranges, Ranges) {
        let world = self.world;
        let everything = || {
            let all = world.all_of(asked.ty);
            all.map(only).collect::<Ranges>()
        };
        // A rule can show anything, and no holding tells what.
        if self.shown_by_rule(asked.ty) && question.asker.known {
            return (Ranges::default(), everything());
        }
        if !self.is_plain(asked.ty) {
            let candidates = self.candidates(question, asked.ty).into_iter();
            let candidates = candidates.map(only).collect();
            return (Ranges::default(), candidates);
        }
        let inwards = Inwards::new(world, self.now, asked.ty);
        let shown_by = self.plan().types[asked.ty].visible_by;
        let roles = self.plain_roles(question, inwards.leading());
        let mut finds = Finds::default();
        // What a role that is held limits or overrides is asked about one by one.
        let mut cut = question.asker.credential.is_some();
        for (place, role) in roles {
            self.note(&mut finds, place, role, asked);
            let caps = match world.role(role) {
                Some(AnyRole::Declared(role)) => role.ceiling.is_some(),
                _ => false,
            };
            let ty = world.type_of(place);
            // A ceiling lets through what a role shows, but not an action that shows.
            let caps = caps && (asked.action.is_some() || shown_by.is_some());
            cut |= caps || ty.is_some_and(|ty| self.plan().types[ty].overrides != 0);
        }
        let bit_of = |level: &Level, action: Option<(LaneId, u64)>| {
            action.is_none_or(|(lane, bit)| level.mask(lane) & bit != 0)
        };
        let by_sight = |level: &Level| bit_of(level, asked.action);
        let by_action = |level: &Level| bit_of(level, asked.action) && bit_of(level, shown_by);
        let seen = inwards
            .below(&finds.sees, &by_sight)
            .union(inwards.below(&finds.shows, &by_action))
            .union(finds.own.iter().copied().collect());
        let seen_if = inwards
            .below(&finds.sees_if, &by_sight)
            .union(inwards.below(&finds.shows_if, &by_action))
            .union(finds.own_if.iter().copied().collect())
            .union(seen.clone());
        let (sure, all) = if asked.action.is_some() {
            let given = inwards.below(&finds.gives, &by_sight);
            let permitted = question.asker.known && self.is_permitted(asked);
            let all = if permitted {
                seen_if
            } else {
                let given_if = inwards
                    .below(&finds.gives_if, &by_sight)
                    .union(given.clone());
                seen_if.intersection(&given_if)
            };
            (seen.intersection(&given), all)
        } else {
            (seen, seen_if)
        };
        if cut {
            (Ranges::default(), all)
        } else {
            (sure, all)
        }
    }

    /// Notes what a role that is held at a place shows and gives, surely or under a condition.
    fn note(&self, finds: &mut Finds, place: EntityId, role: RoleId, asked: Asked) {
        let shown_by = self.plan().types[asked.ty].visible_by;
        match self.world.role(role) {
            Some(AnyRole::Declared(role)) => {
                for sight in role.sights_of(asked.ty) {
                    match (sight.this, sight.condition.is_none()) {
                        (true, true) => finds.own.push(only(place)),
                        (true, false) => finds.own_if.push(only(place)),
                        (false, true) => finds.sees.push(place),
                        (false, false) => finds.sees_if.push(place),
                    }
                }
                let grants = |of: Option<(LaneId, u64)>, sure: &mut Vec<_>, or: &mut Vec<_>| {
                    let Some((lane, bit)) = of else { return };
                    for grant in role
                        .grants_in(lane)
                        .iter()
                        .filter(|grant| grant.mask & bit != 0)
                    {
                        match grant.condition {
                            None => sure.push(place),
                            Some(_) => or.push(place),
                        }
                    }
                };
                grants(shown_by, &mut finds.shows, &mut finds.shows_if);
                grants(asked.action, &mut finds.gives, &mut finds.gives_if);
            }
            Some(AnyRole::Custom(role)) => {
                let gives = |of: Option<(LaneId, u64)>| {
                    of.is_some_and(|(lane, bit)| role.masks.mask(lane) & bit != 0)
                };
                if gives(shown_by) {
                    finds.shows.push(place);
                }
                if gives(asked.action) {
                    finds.gives.push(place);
                }
            }
            None => {}
        }
    }

    /// Every role that the subject holds where something leads to what is listed, where facts, sets
    /// and simple links tell.
    fn plain_roles(&self, question: &Question<'_>, leading: &[TypeId]) -> Vec<(EntityId, RoleId)> {
        let (world, asker) = (self.world, &question.asker);
        let mut roles: Vec<(EntityId, RoleId)> = Vec::with_capacity(ROOM_FOR_ROLES);
        let is_now = |held: &Holding| world.end(held) > self.now;
        for holder in asker.holders() {
            let held = world.held_by(holder).filter(is_now);
            roles.extend(held.map(|held| (held.place, held.role)));
        }
        // A subject that the world does not know is in no relation.
        if asker.known && !self.plan().facets.links.is_empty() {
            for place in asker.holders().flat_map(|holder| world.linked(holder)) {
                let also = world
                    .type_of(place)
                    .and_then(|ty| self.plan().simple_also(ty));
                for also in also.unwrap_or(&[]) {
                    if asker.is_named(world, place, also.link) {
                        roles.push((place, also.role));
                    }
                }
            }
        }
        if !world.set_held().is_empty() {
            roles = self.with_sets(roles);
        }
        roles.retain(|(place, _)| {
            let ty = world.type_of(*place);
            ty.is_some_and(|ty| leading.binary_search(&ty).is_ok())
        });
        roles.sort_unstable();
        roles.dedup();
        roles
    }

    /// Roles, and what they make one part of: a set that holds others.
    fn with_sets(&self, roles: Vec<(EntityId, RoleId)>) -> Vec<(EntityId, RoleId)> {
        let world = self.world;
        let mut open = roles;
        let mut all: HashSet<(EntityId, RoleId), rustc_hash::FxBuildHasher> = HashSet::default();
        while let Some((place, role)) = open.pop() {
            if !all.insert((place, role)) {
                continue;
            }
            let held = world
                .sets_of(place)
                .filter(|held| world.end(held) > self.now);
            let inside = held.filter(|held| {
                held.set.is_some_and(|set| match world.role(role) {
                    Some(AnyRole::Declared(role)) => role.gives(set),
                    _ => role == set,
                })
            });
            open.extend(inside.map(|held| (held.place, held.role)));
        }
        all.into_iter().collect()
    }

    /// Whether facts, sets and simple links alone tell who holds the roles that matter for a type.
    fn is_plain(&self, ty: TypeId) -> bool {
        let plan = self.plan();
        // Sets may be of any type.
        if self.world.set_held().is_empty() {
            let mut above = plan.types_above(ty).iter();
            above.all(|ty| plan.simple_also(*ty).is_some())
        } else {
            let mut types = plan.types.iter();
            types.all(|(ty, _)| plan.simple_also(ty).is_some())
        }
    }

    /// Whether a rule gives the action to somebody.
    fn is_permitted(&self, asked: Asked) -> bool {
        let gives = |rule: &ActionRule| {
            asked
                .action
                .is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        self.plan().types[asked.ty].permits.iter().any(gives)
    }

    /// The entities of a type that the subject could see at all: what lies below the places where it
    /// may hold a role, whatever that rests on.
    fn candidates(&self, question: &Question<'_>, ty: TypeId) -> BTreeSet<EntityId> {
        let (world, asker) = (self.world, &question.asker);
        let mut seen: HashSet<EntityId, rustc_hash::FxBuildHasher> = HashSet::default();
        let mut open: Vec<EntityId> = Vec::new();
        let mut found = BTreeSet::new();
        for held in asker.holders().flat_map(|holder| world.held_by(holder)) {
            if world.end(&held) > self.now && seen.insert(held.place) {
                open.push(held.place);
            }
        }
        // A subject that the world does not know is in no relation.
        for holder in asker.holders().filter(|_| asker.known) {
            let linked = world.linked(holder);
            open.extend(linked.filter(|entity| seen.insert(*entity)));
        }
        while let Some(place) = open.pop() {
            if world.type_of(place) == Some(ty) && world.is_known(place) {
                found.insert(place);
            }
            let shared = world.received_by(place);
            let shared = shared
                .filter(|share| world.share_end(share) > self.now)
                .map(|share| share.entity);
            // Roles that rest on those held here.
            let linked = world.linked(place);
            let sets = world.sets_of(place).map(|held| held.place);
            let inside = world.contents(place).chain(shared);
            for inner in inside.chain(linked).chain(sets) {
                if seen.insert(inner) {
                    open.push(inner);
                }
            }
        }
        found
    }
}
