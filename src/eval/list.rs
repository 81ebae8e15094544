//! Lists: what a subject sees, and what it may take an action on.
//!
//! Found inwards from what the subject holds, so a list costs what its answer costs. Where a role
//! gives without a condition and nothing can take away, all that lies below the place is in the list
//! as it stands; the rest is asked about as a check would, and so is everything where a policy says
//! more of holders than facts and simple links do. So no list can disagree with a check.

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::str::FromStr;

use super::keys::EntityKey;
use super::ranges::{Ranges, only};
use super::region::Inwards;
use super::walk::{Case, Faults};
use super::{Context, Evaluator, Outcome, QueryError, Question};
use crate::literal::EntityName;
use crate::plan::{ActionRule, EntityId, LaneId, Level, RoleId, TypeId};
use crate::world::{AnyRole, Holding};

/// A list that is worked out while it is read, in an order that stays the same for one version of
/// the world: that of its keys.
pub struct List<'w> {
    evaluator: Evaluator<'w>,
    question: Question<'w>,
    asked: Asked,
    current: Stretch,
    /// What follows on it.
    left: std::vec::IntoIter<Stretch>,
    /// Whether a rule can take away what is in the list as it stands.
    may_be_taken: bool,
    last: Option<EntityId>,
}

/// Entities from one to before another.
#[derive(Clone, Copy, Default)]
struct Stretch {
    next: u32,
    end: u32,
    /// Whether all of it is in the list as it stands, but for what rules take away; else it is asked
    /// about one by one.
    is_sure: bool,
}

impl Stretch {
    /// All of a list, cut where what is sure begins and ends.
    fn of(all: &Ranges, sure: &Ranges) -> Vec<Self> {
        let stretch = |is_sure| move |(next, end)| Self { next, end, is_sure };
        if all == sure {
            return all.iter().map(stretch(true)).collect();
        }
        let asked = all.difference(sure);
        let sure = all.intersection(sure);
        let sure = sure.iter().map(stretch(true));
        let mut all: Vec<Self> = sure.chain(asked.iter().map(stretch(false))).collect();
        all.sort_unstable_by_key(|stretch| stretch.next);
        all
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

/// Where a list was left, to go on from there later: of the very version of the world that it was cut
/// from.
///
/// Its text form can be given to others: it names no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// The version of the world.
    version: (u64, u64),
    next: u32,
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stamp, changes) = self.version;
        write!(f, "{stamp:x}.{changes:x}.{:x}", self.next)
    }
}

impl FromStr for PageToken {
    type Err = QueryError;

    /// Reads a token as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, QueryError> {
        let parts = || {
            let mut parts = text.split('.');
            let stamp = u64::from_str_radix(parts.next()?, 16).ok()?;
            let changes = u64::from_str_radix(parts.next()?, 16).ok()?;
            let next = u32::from_str_radix(parts.next()?, 16).ok()?;
            parts.next().is_none().then_some(Self {
                version: (stamp, changes),
                next,
            })
        };
        parts().ok_or_else(|| QueryError::wrong_token("it is not one that a list gave"))
    }
}

/// What a list is of.
#[derive(Clone, Copy)]
struct Asked {
    ty: TypeId,
    /// The action, where it is not just sight.
    action: Option<(LaneId, u64)>,
}

impl<'w> Evaluator<'w> {
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
        let list = self.list(subject, None, type_name, context)?;
        Ok(self.sorted_names(list.entities()))
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
        let list = self.list(subject, Some(action), type_name, context)?;
        Ok(self.sorted_names(list.entities()))
    }

    /// The resources of a type that a subject sees, or with an action, may take it on; in the order
    /// of their keys, and worked out while the list is read.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn list(
        &self,
        subject: &EntityName,
        action: Option<&str>,
        type_name: &str,
        context: &Context,
    ) -> Result<List<'w>, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(type_name)?;
        let action = match action {
            Some(action) => Some(self.action_named(action, ty)?),
            None => None,
        };
        let asked = Asked { ty, action };
        let (sure, all) = self.regions(&question, asked);
        Ok(List {
            evaluator: *self,
            question,
            asked,
            current: Stretch::default(),
            left: Stretch::of(&all, &sure).into_iter(),
            may_be_taken: self.may_be_taken(asked),
            last: None,
        })
    }

    /// What is in a list as it stands, and all that may be in it.
    fn regions(&self, question: &Question<'_>, asked: Asked) -> (Ranges, Ranges) {
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
        let below = |places: &[EntityId], passes: &dyn Fn(&Level) -> bool| {
            inwards.below(places.iter().copied(), passes)
        };
        let seen = below(&finds.sees, &by_sight)
            .union(below(&finds.shows, &by_action))
            .union(finds.own.iter().copied().collect());
        let seen_if = below(&finds.sees_if, &by_sight)
            .union(below(&finds.shows_if, &by_action))
            .union(finds.own_if.iter().copied().collect())
            .union(seen.clone());
        let (sure, all) = if asked.action.is_some() {
            let given = below(&finds.gives, &by_sight);
            let permitted = question.asker.known && self.is_permitted(asked);
            let all = if permitted {
                seen_if
            } else {
                let given_if = below(&finds.gives_if, &by_sight).union(given.clone());
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

    /// Every role that the subject holds anywhere, where facts, sets and simple links tell.
    fn plain_roles(
        &self,
        question: &Question<'_>,
        leading: &[TypeId],
    ) -> HashSet<(EntityId, RoleId), rustc_hash::FxBuildHasher> {
        let (world, asker) = (self.world, &question.asker);
        let mut roles: HashSet<(EntityId, RoleId), rustc_hash::FxBuildHasher> = HashSet::default();
        let mut open: Vec<(EntityId, RoleId)> = Vec::new();
        let mut add = |open: &mut Vec<_>, place: EntityId, role: RoleId| {
            if roles.insert((place, role)) {
                open.push((place, role));
            }
        };
        let is_now = |held: &Holding| world.end(held) > self.now;
        for holder in asker.holders() {
            for held in world.held_by(holder).filter(is_now) {
                add(&mut open, held.place, held.role);
            }
            // A subject that the world does not know is in no relation.
            let linked = asker.known.then(|| world.linked(holder));
            for place in linked.into_iter().flatten() {
                let Some(ty) = world.type_of(place) else {
                    continue;
                };
                for also in self.plan().simple_also(ty).unwrap_or(&[]) {
                    if asker.is_named(world, place, also.link) {
                        add(&mut open, place, also.role);
                    }
                }
            }
        }
        // A role may make one part of a set that holds another.
        while let Some((place, role)) = open.pop() {
            for held in world.sets_of(place).filter(is_now) {
                let inside = held.set.is_some_and(|set| match world.role(role) {
                    Some(AnyRole::Declared(role)) => role.gives(set),
                    _ => role == set,
                });
                if inside {
                    add(&mut open, held.place, held.role);
                }
            }
        }
        roles.retain(|(place, _)| {
            world
                .type_of(*place)
                .is_some_and(|ty| leading.binary_search(&ty).is_ok())
        });
        roles
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

    /// Whether something else than a role can keep out what roles surely show and give.
    fn may_be_taken(&self, asked: Asked) -> bool {
        let ty = &self.plan().types[asked.ty];
        let takes = |rule: &ActionRule| {
            let action = asked.action;
            action.is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        self.world.is_lacking() || !ty.hides.is_empty() || ty.forbids.iter().any(takes)
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

impl List<'_> {
    /// Goes on where a list of the same question was left.
    ///
    /// # Errors
    ///
    /// The token was cut from another world, or from this one before or after a change.
    pub fn after(mut self, token: PageToken) -> Result<Self, QueryError> {
        if token.version != self.evaluator.world.version() {
            return Err(QueryError::wrong_token("the world has changed since"));
        }
        let rest = std::iter::once(self.current).chain(self.left);
        let rest = rest.map(|stretch| Stretch {
            next: stretch.next.max(token.next),
            ..stretch
        });
        let rest: Vec<Stretch> = rest.collect();
        self.current = Stretch::default();
        self.left = rest.into_iter();
        Ok(self)
    }

    /// Where the list was left: behind the last one that it gave.
    pub fn token(&self) -> PageToken {
        PageToken {
            version: self.evaluator.world.version(),
            next: self.last.map_or(0, |last| last.0.saturating_add(1)),
        }
    }

    /// The entities of the list.
    fn entities(mut self) -> impl Iterator<Item = EntityId> {
        std::iter::from_fn(move || self.next_entity())
    }

    pub(super) fn next_entity(&mut self) -> Option<EntityId> {
        loop {
            while self.current.next >= self.current.end {
                self.current = self.left.next()?;
            }
            let entity = EntityId(self.current.next);
            self.current.next += 1;
            let is_in = if self.current.is_sure {
                !self.may_be_taken || !self.is_taken(entity)
            } else {
                self.is_in(entity)
            };
            if is_in {
                self.last = Some(entity);
                return Some(entity);
            }
        }
    }

    /// Whether something else than a role keeps out what roles surely show and give.
    fn is_taken(&self, entity: EntityId) -> bool {
        let world = self.evaluator.world;
        let case: Case<'_> = self.evaluator.case(&self.question);
        let (lane, bit) = self.asked.action.unzip();
        !world.is_complete(entity) || case.is_taken(entity, lane, bit.unwrap_or(0))
    }

    /// Asks about one entity, as a check would.
    fn is_in(&self, entity: EntityId) -> bool {
        let case: Case<'_> = self.evaluator.case(&self.question);
        if !self.evaluator.world.is_known(entity) {
            return false;
        }
        let faults = &mut Faults::default();
        match self.asked.action {
            None => case.judge(entity, None, 0, faults).sees,
            Some((lane, bit)) => {
                case.judge(entity, Some(lane), bit, faults).outcome(bit) == Outcome::Allowed
            }
        }
    }
}

impl Iterator for List<'_> {
    type Item = EntityKey;

    fn next(&mut self) -> Option<EntityKey> {
        let entity = self.next_entity()?;
        Some(self.evaluator.key(self.asked.ty, entity))
    }
}
