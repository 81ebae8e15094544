//! Who holds a role where facts alone do not tell: a least fixed point over the entities that the
//! answer rests on [1].
//!
//! The entities are found first, then each stratum of roles is worked out on all of them: an entity
//! is looked at again only when one that it rests on has gained a role, so the cost is that of the
//! edges between them. What is known is kept for the rest of the question.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::asker::Asker;
use crate::plan::{Also, AlsoStep, ClauseId, EntityId, Guard, Id, Role, RoleId, TypeId};
use crate::world::{AnyRole, Holding, World};

/// A role that the asker holds at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) place: EntityId,
    pub(crate) role: RoleId,
    pub(crate) by: By,
}

/// What says so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    Fact(Holding),
    /// An `also`.
    Also(ClauseId),
}

/// A role that does not count, and why.
pub(crate) struct Uncounted {
    pub(crate) held: Held,
    /// The roles that it requires and that are not held above.
    pub(crate) requires: Vec<RoleId>,
    /// Who may hold it, where the asker may not.
    pub(crate) holders: Vec<TypeId>,
}

/// What is held at one place.
pub(super) type HeldHere = SmallVec<[Held; 4]>;

impl Held {
    pub(super) fn by_fact(holding: &Holding) -> Self {
        Self {
            place: holding.place,
            role: holding.role,
            by: By::Fact(*holding),
        }
    }

    /// Whether the holder surely has another role with it.
    pub(super) fn gives(&self, world: &World, role: RoleId) -> bool {
        match world.role(self.role) {
            Some(AnyRole::Declared(held)) => held.gives(role),
            Some(AnyRole::Custom(_)) => self.role == role,
            None => false,
        }
    }
}

/// What is known so far of one asker.
#[derive(Default)]
pub(super) struct Solved {
    index: HashMap<EntityId, usize, rustc_hash::FxBuildHasher>,
    entities: Vec<Solution>,
}

struct Solution {
    entity: EntityId,
    held: HeldHere,
    /// The roles of the plan's `above` that are held on what encloses it.
    above: SmallVec<[RoleId; 4]>,
    /// The entities that rest on this one.
    waiting: Vec<usize>,
}

impl Solved {
    fn find(&self, entity: EntityId) -> Option<&Solution> {
        self.entities.get(*self.index.get(&entity)?)
    }

    fn holds(&self, world: &World, entity: EntityId, role: RoleId) -> bool {
        self.find(entity)
            .is_some_and(|found| found.held.iter().any(|held| held.gives(world, role)))
    }

    /// Adds an entity, unless it is there.
    fn add(&mut self, entity: EntityId) -> usize {
        if let Some(found) = self.index.get(&entity) {
            return *found;
        }
        self.index.insert(entity, self.entities.len());
        self.entities.push(Solution {
            entity,
            held: SmallVec::new(),
            above: SmallVec::new(),
            waiting: Vec::new(),
        });
        self.entities.len() - 1
    }
}

impl Asker<'_> {
    /// The roles held at a place, by facts and by everything else.
    pub(super) fn solve(&self, world: &World, place: EntityId, now: i64) -> HeldHere {
        let mut solved = self.solved.borrow_mut();
        let solved = solved.get_or_insert_default();
        if solved.find(place).is_none() {
            self.extend(solved, world, place, now);
        }
        let found = solved.find(place);
        found.map_or_else(SmallVec::new, |found| found.held.clone())
    }

    /// The roles held at a place, where nothing but the place itself and facts tell.
    pub(super) fn gather(&self, world: &World, place: EntityId, now: i64) -> HeldHere {
        let mut gathering = Gathering {
            asker: self,
            solved: None,
            world,
            entity: place,
            stratum: world.plan.facets.strata,
            above: &[],
            held: SmallVec::new(),
            uncounted: None,
        };
        gathering.gather(now);
        gathering.held
    }

    /// The roles that facts and `also` give at a place, and that do not count for their guards.
    pub(super) fn uncounted(&self, world: &World, place: EntityId, now: i64) -> Vec<Uncounted> {
        self.solve(world, place, now);
        let solved = self.solved.borrow();
        let Some(solved) = solved.as_deref() else {
            return Vec::new();
        };
        let Some(found) = solved.find(place) else {
            return Vec::new();
        };
        let mut gathering = Gathering {
            asker: self,
            solved: Some(solved),
            world,
            entity: place,
            stratum: world.plan.facets.strata,
            above: &found.above,
            held: SmallVec::new(),
            uncounted: Some(Vec::new()),
        };
        gathering.gather(now);
        let mut uncounted = gathering.uncounted.unwrap_or_default();
        let mut told = Vec::new();
        uncounted.retain(|held| {
            let new = !told.contains(&held.role);
            told.push(held.role);
            new
        });
        let guarded = uncounted.into_iter().filter_map(|held| {
            let Guard { requires, holders } = &world.plan.roles.find(held.role)?.guard;
            let missing = requires.iter().filter(|role| !found.above.contains(role));
            Some(Uncounted {
                held,
                requires: missing.copied().collect(),
                holders: if holders.contains(&self.ty) {
                    Vec::new()
                } else {
                    holders.clone()
                },
            })
        });
        guarded.collect()
    }

    fn extend(&self, solved: &mut Solved, world: &World, place: EntityId, now: i64) {
        let first = solved.entities.len();
        solved.add(place);
        let mut next = first;
        while let Some(entity) = solved.entities.get(next).map(|found| found.entity) {
            for rests_on in rests_on(world, entity) {
                let other = solved.add(rests_on);
                // What was there before is known to its end.
                if other >= first
                    && let Some(other) = solved.entities.get_mut(other)
                {
                    other.waiting.push(next);
                }
            }
            next += 1;
        }
        for stratum in 0..=world.plan.facets.strata {
            // Those found last are looked at first: the others rest on them.
            let mut open: Vec<usize> = (first..solved.entities.len()).collect();
            let mut is_open = vec![true; open.len()];
            while let Some(index) = open.pop() {
                if let Some(flag) = is_open.get_mut(index - first) {
                    *flag = false;
                }
                if !self.update(solved, world, index, stratum, now) {
                    continue;
                }
                let waiting = solved.entities.get(index).map(|found| &found.waiting);
                for other in waiting.into_iter().flatten() {
                    if let Some(flag) = is_open.get_mut(*other - first)
                        && !std::mem::replace(flag, true)
                    {
                        open.push(*other);
                    }
                }
            }
        }
    }

    /// Works out one entity from what is known of the others; whether it has gained something.
    fn update(
        &self,
        solved: &mut Solved,
        world: &World,
        index: usize,
        stratum: u32,
        now: i64,
    ) -> bool {
        let Some(entity) = solved.entities.get(index).map(|found| found.entity) else {
            return false;
        };
        let mut above: SmallVec<[RoleId; 4]> = SmallVec::new();
        for role in &world.plan.facets.above {
            let mut containers = world.containers(entity);
            let held = containers.any(|container| {
                solved.holds(world, container, *role)
                    || solved
                        .find(container)
                        .is_some_and(|found| found.above.contains(role))
            });
            if held {
                above.push(*role);
            }
        }
        let mut gathering = Gathering {
            asker: self,
            solved: Some(solved),
            world,
            entity,
            stratum,
            above: &above,
            held: SmallVec::new(),
            uncounted: None,
        };
        gathering.gather(now);
        let held = gathering.held;
        let Some(known) = solved.entities.get_mut(index) else {
            return false;
        };
        let gained = held.len() > known.held.len() || above.len() > known.above.len();
        (known.held, known.above) = (held, above);
        gained
    }
}

/// The entities that the roles held on one rest on.
pub(super) fn rests_on(world: &World, entity: EntityId) -> SmallVec<[EntityId; 16]> {
    let plan = &world.plan;
    let mut found: SmallVec<[EntityId; 16]> = SmallVec::new();
    if !plan.facets.above.is_empty() {
        found.extend(world.containers(entity));
    }
    let sets = world.sets_at(entity);
    found.extend(sets.map(|held| held.holder));
    let Some(ty) = world.type_of(entity) else {
        return found;
    };
    let links = &plan.facets.links;
    let start = links.partition_point(|(of, _)| *of < ty);
    let links = links.get(start..).unwrap_or(&[]).iter();
    for (_, link) in links.take_while(|(of, _)| *of == ty) {
        found.extend(world.follow(entity, *link));
    }
    found
}

/// The roles of one entity while they are gathered.
struct Gathering<'g> {
    asker: &'g Asker<'g>,
    /// What is known of others; nothing where facts alone tell.
    solved: Option<&'g Solved>,
    world: &'g World,
    entity: EntityId,
    stratum: u32,
    above: &'g [RoleId],
    held: HeldHere,
    /// Those whose guards do not hold, where that is asked.
    uncounted: Option<Vec<Held>>,
}

impl Gathering<'_> {
    fn gather(&mut self, now: i64) {
        let (world, asker) = (self.world, self.asker);
        if let Some(row) = world.row(self.entity) {
            asker.each_direct(world, self.entity, row, now, &mut |holding| {
                self.add(holding.role, By::Fact(holding));
            });
        }
        for holding in world.sets_at(self.entity) {
            let inside = holding.set.is_some_and(|set| match self.solved {
                // What is held here itself is being gathered.
                Some(solved) => solved.holds(world, holding.holder, set),
                None => asker.holds_directly(world, holding.holder, set, now),
            });
            if world.end(&holding) > now && inside {
                self.add(holding.role, By::Fact(holding));
            }
        }
        let Some(ty) = world.type_of(self.entity) else {
            return;
        };
        if !world.plan.is_derived(ty) {
            return;
        }
        // Stratum by stratum: an `except` may be about a role of the same entity.
        for stratum in 0..=self.stratum {
            self.gather_also(&world.plan.types[ty].roles, stratum);
        }
    }

    /// Adds what `also` brings up to a stratum; one role of the same entity may bring the next.
    fn gather_also(&mut self, roles: &[RoleId], stratum: u32) {
        loop {
            let before = self.held.len();
            for id in roles {
                let role = &self.world.plan.roles[*id];
                if role.stratum > stratum || self.has_exactly(*id) {
                    continue;
                }
                let found = role.also.iter().find(|also| self.is_so(also));
                if let Some(also) = found {
                    self.add(*id, By::Also(also.clause));
                }
            }
            if self.held.len() == before {
                return;
            }
        }
    }

    fn has_exactly(&self, role: RoleId) -> bool {
        self.held.iter().any(|held| held.role == role)
    }

    /// Adds a role, with the guarded ones that it includes, as far as their guards allow.
    fn add(&mut self, role: RoleId, by: By) {
        let mut open: SmallVec<[RoleId; 4]> = SmallVec::from_slice(&[role]);
        while let Some(role) = open.pop() {
            if self.has_exactly(role) {
                continue;
            }
            let counts = match self.world.role(role) {
                Some(AnyRole::Declared(declared)) => self.counts(declared),
                Some(AnyRole::Custom(_)) => self.stratum == self.world.plan.facets.strata,
                None => false,
            };
            let held = Held {
                place: self.entity,
                role,
                by,
            };
            if !counts {
                self.uncounted.iter_mut().for_each(|told| told.push(held));
                continue;
            }
            self.held.push(held);
            if role.index() < self.world.plan.roles.len() {
                open.extend(self.world.plan.roles[role].guarded.iter().copied());
            }
        }
    }

    fn counts(&self, role: &Role) -> bool {
        let Guard { requires, holders } = &role.guard;
        role.stratum <= self.stratum
            && (holders.is_empty() || holders.contains(&self.asker.ty))
            && requires.iter().all(|role| self.above.contains(role))
    }

    /// Whether an `also` says yes.
    fn is_so(&self, also: &Also) -> bool {
        let mut answers: SmallVec<[bool; 8]> = SmallVec::new();
        let world = self.world;
        for step in &also.steps {
            let answer = match step {
                AlsoStep::And | AlsoStep::Except => {
                    let right = answers.pop().unwrap_or(false);
                    let left = answers.pop().unwrap_or(false);
                    left && (right != matches!(step, AlsoStep::Except))
                }
                AlsoStep::Subject(link) => self.asker.is_named(world, self.entity, *link),
                AlsoStep::Own(role) => self.held.iter().any(|held| held.gives(world, *role)),
                AlsoStep::Enclosing(role) => self.above.contains(role),
                AlsoStep::Linked(link, roles) => {
                    let mut named = world.follow(self.entity, *link);
                    named.any(|named| {
                        let mut roles = roles.iter();
                        roles.any(|role| {
                            self.solved
                                .is_some_and(|solved| solved.holds(world, named, *role))
                        })
                    })
                }
            };
            answers.push(answer);
        }
        // No plan that was read has one without steps: coverage makes it, to have everybody in it.
        answers.pop().unwrap_or(also.steps.is_empty())
    }
}
