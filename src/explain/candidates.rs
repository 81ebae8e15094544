//! What could be changed: roles, memberships, shares and relations that are near the question, what
//! has ended, and facts that may stand in the way.

use std::collections::{BTreeMap, HashSet};

use super::Question;
use super::support::{Support, attribute};
use super::types::Change;
use crate::eval::{Look, Touched};
use crate::literal::{EntityName, format_datetime};
use crate::plan::{Datum, EntityId, Level, Link, RelationId};
use crate::world::{ANYONE, AnyRole, Fact, FactKind, Holder, World};

/// How many groups, and how many scopes to share with, are looked at.
const MOST: usize = 512;

/// How many members of a group are looked through for groups.
const MOST_READ: usize = 4096;

/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// How many shares with scopes that are not near are looked at.
const WINDOWS: usize = 64;

/// A change of one fact.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) change: Change,
    /// What it costs beside others: the wider, the dearer.
    pub(super) cost: usize,
    fact: Fact,
}

impl Candidate {
    /// The name of a subject that no fact names.
    pub(super) fn know(subject: &EntityName) -> Self {
        let fact = Fact::from(FactKind::Entity {
            entity: subject.clone(),
            containers: Vec::new(),
            until: None,
            attributes: BTreeMap::new(),
        });
        let change = Change::Know {
            fact: fact.kind.to_string(),
        };
        Self {
            change,
            cost: 5,
            fact,
        }
    }

    /// A share of something with a scope at a level.
    fn share(world: &World, entity: EntityId, with: EntityId, level: &Level, cost: usize) -> Self {
        let fact = Fact::from(FactKind::Share {
            entity: world.name(entity),
            with: world.name(with),
            level: level.name.clone(),
            until: None,
        });
        let width = level.masks.lanes.iter();
        let width = width.map(|(_, mask)| mask.count_ones() as usize);
        let change = Change::Share {
            fact: fact.kind.to_string(),
        };
        Self {
            change,
            cost: cost + width.sum::<usize>(),
            fact,
        }
    }

    /// Whether it names the subject, and so tells of it that it is there.
    pub(super) fn names_subject(&self) -> bool {
        match self.change {
            Change::Hold { .. } | Change::Join { .. } | Change::Relate { .. } => true,
            Change::Know { .. }
            | Change::Share { .. }
            | Change::Prolong { .. }
            | Change::Remove { .. } => false,
        }
    }

    /// The world with the change, if that fits.
    pub(super) fn applied(&self, world: &World) -> Option<World> {
        let mut world = world.clone();
        let done = match self.change {
            Change::Remove { .. } => world.remove(&self.fact),
            _ => world.add(&self.fact),
        };
        done.is_ok().then_some(world)
    }

    pub(super) fn text(&self) -> String {
        self.fact.kind.to_string()
    }
}

/// Everything that is worth a try, and whether something was left out.
pub(super) fn candidates(
    look: &Look<'_>,
    support: &Support,
    question: Question<'_>,
) -> (Vec<Candidate>, bool) {
    let world = look.world();
    if !look.is_owned() || look.resource().is_none() {
        return (Vec::new(), false);
    }
    // Of a credential, its owner: it holds nothing itself.
    let subject = look
        .asker()
        .map_or_else(|| question.subject.clone(), |asker| world.name(asker));
    let mut search = Search {
        look,
        world,
        support,
        subject,
        found: Vec::new(),
        told: HashSet::new(),
        left_out: support.is_full(),
    };
    let places = search.places();
    search.ended(&places);
    search.roles(&places);
    search.relations();
    search.groups(&places);
    search.shares();
    search.removals();
    (search.found, search.left_out)
}

/// Shares of what is on the ways with any scope, where their level lets the action through, and
/// whether some were left out.
pub(super) fn windows(look: &Look<'_>) -> (Vec<Candidate>, bool) {
    let world = look.world();
    let mut found = Vec::new();
    for entity in look.places() {
        let ty = world
            .type_of(entity)
            .and_then(|ty| world.plan.types.find(ty));
        for (with, levels) in ty.map_or(&[][..], |ty| &ty.shares) {
            let levels = levels.iter().filter(|level| look.lets_through(**level));
            let levels = levels.filter_map(|level| world.plan.levels.find(*level));
            let levels: Vec<&Level> = levels.collect();
            for scope in world.all_of(*with).filter(|scope| *scope != entity) {
                for level in &levels {
                    if found.len() == WINDOWS {
                        return (found, true);
                    }
                    found.push(Candidate::share(world, entity, scope, level, 60));
                }
            }
        }
    }
    (found, false)
}

struct Search<'l> {
    look: &'l Look<'l>,
    world: &'l World,
    support: &'l Support,
    subject: EntityName,
    found: Vec<Candidate>,
    /// What was added so far, and whether it is removed.
    told: HashSet<(bool, String)>,
    left_out: bool,
}

impl Search<'_> {
    fn add(&mut self, fact: Fact, cost: usize, change: impl FnOnce(String) -> Change) {
        let change = change(fact.kind.to_string());
        let removes = matches!(change, Change::Remove { .. });
        if self.told.insert((removes, fact.kind.to_string())) {
            self.found.push(Candidate { change, cost, fact });
        }
    }

    /// Where a role could help: what the answer rests on, and what it would rest on if shares that
    /// have ended had not.
    fn places(&mut self) -> Vec<EntityId> {
        let world = self.world;
        let mut places = self.support.entities.clone();
        let mut seen: HashSet<EntityId> = places.iter().copied().collect();
        let mut next = 0;
        while let Some(place) = places.get(next).copied() {
            next += 1;
            let shared = world.shares_of(place).map(|share| share.with);
            for above in shared.chain(world.containers(place)).collect::<Vec<_>>() {
                if !seen.insert(above) {
                    continue;
                }
                if places.len() < MOST {
                    places.push(above);
                } else {
                    self.left_out = true;
                }
            }
        }
        places
    }

    /// What has ended: holdings, memberships and shares, each with an end that is late enough.
    fn ended(&mut self, places: &[EntityId]) {
        let (world, now) = (self.world, self.look.now());
        let members = self.members();
        for place in places {
            for member in members.iter().copied().chain([ANYONE]) {
                for edge in world.holders_from(*place, member).collect::<Vec<_>>() {
                    let held = crate::world::Holding::at(*place, edge);
                    if world.end(&held) <= now {
                        self.prolong(world.holding_fact(&held), world.end(&held));
                    }
                }
            }
            for held in world.sets_at(*place).collect::<Vec<_>>() {
                if world.end(&held) <= now {
                    self.prolong(world.holding_fact(&held), world.end(&held));
                }
            }
            for share in world.shares_of(*place).collect::<Vec<_>>() {
                if world.share_end(&share) <= now {
                    self.prolong(world.share_fact(&share), world.share_end(&share));
                }
            }
        }
        for member in members {
            for membership in world.memberships(member).collect::<Vec<_>>() {
                if membership.until <= now {
                    let fact = world.member_fact(member, membership.other, membership.until);
                    self.prolong(fact, membership.until);
                }
            }
        }
    }

    /// The subject and all groups that it is or was in.
    fn members(&mut self) -> Vec<EntityId> {
        let mut members: Vec<EntityId> = self.look.asker().into_iter().collect();
        let mut next = 0;
        while let Some(member) = members.get(next).copied() {
            next += 1;
            for membership in self.world.memberships(member) {
                if members.contains(&membership.other) {
                    continue;
                }
                if members.len() < MOST {
                    members.push(membership.other);
                } else {
                    self.left_out = true;
                }
            }
        }
        members
    }

    fn prolong(&mut self, mut fact: Fact, ended: i64) {
        let now = self.look.now();
        // Until the end of the day after.
        let day = now.div_euclid(DAY).saturating_add(2).saturating_mul(DAY);
        match &mut fact.kind {
            FactKind::Entity { until, .. }
            | FactKind::Holding { until, .. }
            | FactKind::Share { until, .. } => *until = Some(day),
            FactKind::CustomRole { .. } | FactKind::Relation { .. } => return,
        }
        let until = format_datetime(ended);
        self.add(fact, 0, |fact| Change::Prolong { fact, until });
    }

    /// Every role that could be held at the places.
    fn roles(&mut self, places: &[EntityId]) {
        let world = self.world;
        for (distance, place) in places.iter().enumerate() {
            let Some(ty) = world.type_of(*place) else {
                continue;
            };
            let declared = world.plan.types[ty].roles.iter();
            let declared =
                declared.map(|role| (world.role_name(*role).to_owned(), width(world, *role)));
            let made = world.role_facts(*place).filter_map(|fact| match fact.kind {
                FactKind::CustomRole { role, can, .. } => Some((role, can.len())),
                _ => None,
            });
            for (role, width) in declared.chain(made).collect::<Vec<_>>() {
                let fact = Fact::from(FactKind::Holding {
                    subject: Holder::Entity(self.subject.clone()),
                    role,
                    of: world.name(*place),
                    until: None,
                });
                let cost = 10 + width + distance;
                self.add(fact, cost, |fact| Change::Hold { fact });
            }
        }
    }

    /// The subject in the relations that tell who holds a role, or that a condition has read.
    fn relations(&mut self) {
        let world = self.world;
        let mut found: Vec<(EntityId, RelationId)> = Vec::new();
        for entity in &self.support.entities {
            let ty = world.type_of(*entity);
            for (of, link) in &world.plan.facets.links {
                if let (true, Link::Relation(relation)) = (Some(*of) == ty, link) {
                    found.push((*entity, *relation));
                }
            }
        }
        for touched in &self.support.touched {
            if let Touched::Related(entity, relation) = touched {
                found.push((*entity, *relation));
            }
        }
        for (entity, relation) in found {
            let Some(named) = world.plan.relations.find(relation) else {
                continue;
            };
            let fact = Fact::from(FactKind::Relation {
                entity: world.name(entity),
                relation: named.name.clone(),
                target: self.subject.clone(),
            });
            self.add(fact, 15, |fact| Change::Relate { fact });
        }
    }

    /// The groups that hold something at the places, or that a condition or an `also` looks at; and
    /// the groups in these.
    fn groups(&mut self, places: &[EntityId]) {
        let world = self.world;
        let mut groups: Vec<EntityId> = Vec::new();
        let mut seen = HashSet::new();
        let mut note = |group: EntityId| {
            if groups.len() <= MOST && takes_members(world, group) && seen.insert(group) {
                groups.push(group);
            }
        };
        for place in places {
            world
                .groups_holding_at(*place)
                .for_each(|(holder, _)| note(*holder));
            let ty = world.type_of(*place);
            for (of, link) in &world.plan.facets.links {
                if Some(*of) == ty {
                    world.follow(*place, *link).take(MOST).for_each(&mut note);
                }
            }
        }
        for touched in &self.support.touched {
            match touched {
                Touched::Inside(_, other) => note(*other),
                Touched::Related(entity, relation) => {
                    let related = world.related_by(*entity, *relation);
                    related.take(MOST).for_each(&mut note);
                }
                Touched::Attribute(entity, column) => {
                    entities(world.attribute(*entity, *column)).for_each(&mut note);
                }
                Touched::Above(_) => {}
            }
        }
        let mut next = 0;
        while let Some(group) = groups.get(next).copied() {
            next += 1;
            let mut members = world.members_of(group);
            for member in members.by_ref().take(MOST_READ) {
                if takes_members(world, member.other) && seen.insert(member.other) {
                    groups.push(member.other);
                }
            }
            self.left_out |= members.next().is_some() || groups.len() > MOST;
            groups.truncate(MOST);
        }
        for group in groups {
            let fact = Fact::from(FactKind::Entity {
                entity: self.subject.clone(),
                containers: vec![world.name(group)],
                until: None,
                attributes: BTreeMap::new(),
            });
            self.add(fact, 20, |fact| Change::Join { fact });
        }
    }

    /// Shares of what is on the ways with scopes in which the subject holds something.
    fn shares(&mut self) {
        let world = self.world;
        let mut scopes: Option<Vec<EntityId>> = None;
        for entity in self.look.places() {
            let Some(ty) = world.type_of(entity) else {
                continue;
            };
            for (with, levels) in &world.plan.types[ty].shares {
                let scopes = scopes.get_or_insert_with(|| {
                    let (scopes, left_out) = self.scopes();
                    self.left_out |= left_out;
                    scopes
                });
                let scopes = scopes
                    .iter()
                    .filter(|scope| world.type_of(**scope) == Some(*with));
                for scope in scopes.copied().collect::<Vec<_>>() {
                    for level in levels {
                        let Some(level) = world.plan.levels.find(*level) else {
                            continue;
                        };
                        let share = Candidate::share(world, entity, scope, level, 30);
                        if self.told.insert((false, share.text())) {
                            self.found.push(share);
                        }
                    }
                }
            }
        }
    }

    /// The places where the subject holds something, and what lies below them, the nearest first.
    fn scopes(&self) -> (Vec<EntityId>, bool) {
        let (world, now) = (self.world, self.look.now());
        let mut places: Vec<EntityId> = Vec::new();
        let mut seen = HashSet::new();
        for holder in self.look.holders() {
            let held = world.held_by(holder).filter(|held| world.end(held) > now);
            let held = held.map(|held| held.place);
            let linked = world.linked(holder).take(MOST);
            let here = held.chain(linked).filter(|place| seen.insert(*place));
            places.extend(here.take(MOST));
        }
        let mut next = 0;
        while let Some(place) = places.get(next).copied() {
            next += 1;
            if places.len() >= MOST {
                return (places, true);
            }
            let received = world.received_by(place).map(|share| share.entity);
            let sets = world.sets_of(place).map(|held| held.place);
            let below = world.contents(place).chain(received);
            let below = below.chain(sets).chain(world.linked(place));
            places.extend(below.filter(|below| seen.insert(*below)).take(MOST));
        }
        (places, false)
    }

    /// What may stand in the way: what the answer rests on, but for what stands where.
    fn removals(&mut self) {
        let world = self.world;
        for fact in &self.support.facts {
            let is_removable = match &fact.kind {
                FactKind::Holding { .. } | FactKind::Share { .. } | FactKind::Relation { .. } => {
                    true
                }
                FactKind::CustomRole { .. } => false,
                FactKind::Entity { containers, .. } => {
                    containers.iter().all(|container| {
                        let ty = world.find_type(&container.type_name);
                        ty.is_some_and(|ty| !world.plan.types[ty].members.is_empty())
                    }) && fact_says_something(fact)
                }
            };
            if is_removable {
                self.add(fact.clone(), 40, |fact| Change::Remove { fact });
            }
        }
        for touched in &self.support.touched {
            if let Touched::Attribute(entity, column) = touched
                && let Some(fact) = attribute(world, *entity, *column)
            {
                self.add(fact, 40, |fact| Change::Remove { fact });
            }
        }
    }
}

fn fact_says_something(fact: &Fact) -> bool {
    match &fact.kind {
        FactKind::Entity {
            containers,
            attributes,
            ..
        } => !containers.is_empty() || !attributes.is_empty(),
        _ => true,
    }
}

/// Whether an entity is a group.
fn takes_members(world: &World, entity: EntityId) -> bool {
    let ty = world.type_of(entity);
    let ty = ty.and_then(|ty| world.plan.types.find(ty));
    ty.is_some_and(|ty| !ty.members.is_empty())
}

/// How much a role gives.
fn width(world: &World, role: crate::plan::RoleId) -> usize {
    match world.role(role) {
        Some(AnyRole::Declared(role)) => {
            let grants = role
                .grants
                .iter()
                .map(|grant| grant.mask.count_ones() as usize);
            grants.sum::<usize>() + role.sights.len()
        }
        _ => 0,
    }
}

/// The entities in a value.
fn entities(value: Option<&Datum>) -> impl Iterator<Item = EntityId> {
    let values = match value {
        Some(Datum::Set(elements)) => elements,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    values.iter().filter_map(|value| match value {
        Datum::Entity(entity) => Some(*entity),
        _ => None,
    })
}
