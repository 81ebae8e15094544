//! The facts that an answer can rest on: all that the walk and the conditions could look at.
//!
//! More than is needed does no harm, since proofs are cut down; too little would, and shows itself,
//! since every proof is asked again.

use std::collections::{BTreeMap, HashSet};

use crate::eval::{Look, Touched};
use crate::plan::{EntityId, Link, RelationId, Value};
use crate::world::{Fact, FactKind, World};

/// With more facts than this, the rest is left out.
const MOST: usize = 4096;

/// The facts that an answer can rest on, and the entities that they are about.
pub(super) struct Support {
    pub(super) facts: Vec<Fact>,
    /// The resource first; then what it stands in, is shared with, and what roles on these rest on.
    pub(super) entities: Vec<EntityId>,
    /// What conditions looked at.
    pub(super) touched: Vec<Touched>,
}

impl Support {
    pub(super) fn of(look: &Look<'_>) -> Self {
        let mut gathering = Gathering {
            look,
            world: look.world(),
            facts: Vec::new(),
            told: HashSet::new(),
            entities: Vec::new(),
            entered: HashSet::default(),
        };
        let mut touched = Vec::new();
        if let Some(resource) = look.resource() {
            gathering.asked(resource);
            gathering.entered();
            touched = gathering.conditions();
            for touched in &touched {
                gathering.read(*touched);
            }
            gathering.entered();
        }
        Self {
            facts: gathering.facts,
            entities: gathering.entities,
            touched,
        }
    }

    /// Whether something may have been left out.
    pub(super) fn is_full(&self) -> bool {
        self.facts.len() >= MOST || self.entities.len() >= MOST
    }
}

struct Gathering<'l> {
    look: &'l Look<'l>,
    world: &'l World,
    facts: Vec<Fact>,
    /// Their texts.
    told: HashSet<String>,
    entities: Vec<EntityId>,
    entered: HashSet<EntityId, rustc_hash::FxBuildHasher>,
}

/// A fact that says nothing but that there is such an entity.
pub(super) fn named(world: &World, entity: EntityId) -> Fact {
    world.about(entity, Vec::new(), BTreeMap::new())
}

/// Facts that say one thing each.
pub(super) fn inside(world: &World, inner: EntityId, outer: EntityId) -> Fact {
    world.about(inner, vec![world.name(outer)], BTreeMap::new())
}

/// What a fact says of an attribute.
pub(super) fn attribute(world: &World, entity: EntityId, column: u32) -> Option<Fact> {
    let (name, value): (String, Value) = world.attribute_value(entity, column)?;
    Some(world.about(entity, Vec::new(), BTreeMap::from([(name, value)])))
}

impl Gathering<'_> {
    fn add(&mut self, fact: Fact) {
        if self.facts.len() < MOST && self.told.insert(fact.kind.to_string()) {
            self.facts.push(fact);
        }
    }

    fn enter(&mut self, entity: EntityId) {
        if self.entities.len() < MOST && self.entered.insert(entity) {
            self.entities.push(entity);
        }
    }

    /// The resource, whoever asks, and by what.
    fn asked(&mut self, resource: EntityId) {
        let (world, look) = (self.world, self.look);
        self.add(named(world, resource));
        self.enter(resource);
        if let Some(asker) = look.asker() {
            self.add(named(world, asker));
            self.memberships(asker);
        }
        if let Some((credential, _)) = look.credential() {
            self.add(named(world, credential));
            self.attributes(credential);
            self.enter(credential);
        }
    }

    /// The groups of an entity, to any depth.
    fn memberships(&mut self, member: EntityId) {
        let world = self.world;
        let mut open = vec![member];
        let mut seen = HashSet::from([member]);
        while let Some(member) = open.pop() {
            for membership in world.memberships(member) {
                if membership.until > self.look.now() && seen.len() < MOST {
                    self.add(world.member_fact(member, membership.other, membership.until));
                    if seen.insert(membership.other) {
                        open.push(membership.other);
                    }
                }
            }
        }
    }

    /// All that is said of the attributes of an entity.
    fn attributes(&mut self, entity: EntityId) {
        let ty = self.world.type_of(entity);
        let ty = ty.and_then(|ty| self.world.plan.types.find(ty));
        let count = ty.map_or(0, |ty| ty.attributes.len());
        for column in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            self.attribute(entity, column);
        }
    }

    fn attribute(&mut self, entity: EntityId, column: u32) {
        if let Some(fact) = attribute(self.world, entity, column) {
            self.add(fact);
        } else if self.world.is_known(entity) {
            // It may have a default, which only known entities have.
            self.add(named(self.world, entity));
        }
    }

    fn related(&mut self, entity: EntityId, relation: RelationId) {
        let world = self.world;
        for target in world.related_by(entity, relation).take(MOST) {
            self.add(world.relation_fact(entity, relation, target));
        }
    }

    /// What is there to know of every entity that was entered, as far as roles go.
    fn entered(&mut self) {
        let (world, look) = (self.world, self.look);
        let mut next = 0;
        while let Some(entity) = self.entities.get(next).copied() {
            next += 1;
            for container in world.containers(entity) {
                self.add(inside(world, entity, container));
                self.enter(container);
            }
            for share in world.shares_of(entity) {
                if world.share_end(&share) > look.now() && world.is_complete(share.with) {
                    self.add(world.share_fact(&share));
                    self.enter(share.with);
                }
            }
            for held in look.direct_at(entity) {
                self.add(world.holding_fact(&held));
            }
            for held in world.sets_at(entity) {
                if world.end(&held) > look.now() {
                    self.add(world.holding_fact(&held));
                    self.enter(held.holder);
                }
            }
            for role in world.role_facts(entity).collect::<Vec<_>>() {
                self.custom_role(&role);
            }
            self.links(entity);
        }
    }

    /// A fact for each permission of a role that customers made.
    fn custom_role(&mut self, role: &Fact) {
        let FactKind::CustomRole { role, of, can, .. } = &role.kind else {
            return;
        };
        for permission in can {
            self.add(Fact::from(FactKind::CustomRole {
                role: role.clone(),
                of: of.clone(),
                can: vec![permission.clone()],
                description: None,
            }));
        }
    }

    /// What an `also` may follow from an entity.
    fn links(&mut self, entity: EntityId) {
        let world = self.world;
        let Some(ty) = world.type_of(entity) else {
            return;
        };
        for (of, link) in &world.plan.facets.links {
            if *of != ty {
                continue;
            }
            match link {
                Link::Relation(relation) => {
                    for target in world.related_by(entity, *relation) {
                        let has_roles = world.type_of(target).is_some_and(|ty| {
                            world
                                .plan
                                .types
                                .find(ty)
                                .is_some_and(|ty| !ty.roles.is_empty())
                        });
                        if has_roles || self.look.is_asker(target) {
                            self.add(world.relation_fact(entity, *relation, target));
                            self.enter(target);
                        }
                    }
                }
                Link::Attribute(column) => {
                    self.attribute(entity, *column);
                    for target in world.follow(entity, *link).collect::<Vec<_>>() {
                        self.enter(target);
                    }
                }
            }
        }
    }

    /// What the conditions look at that could matter.
    fn conditions(&mut self) -> Vec<Touched> {
        let look = self.look;
        let mut conditions = Vec::new();
        // Also of roles that are not held: what would be read if they were.
        for place in look.places() {
            let ty = self.world.type_of(place);
            let roles = ty.map_or(&[][..], |ty| &self.world.plan.types[ty].roles);
            for role in roles {
                let offers = look.offers(place, *role);
                conditions.extend(offers.iter().filter_map(|offer| offer.condition));
            }
        }
        conditions.extend(look.rules().iter().filter_map(|rule| rule.condition));
        conditions.sort_unstable();
        conditions.dedup();
        let mut touched: Vec<Touched> = Vec::new();
        for condition in conditions {
            for one in look.readings(Some(condition)).touched {
                if !touched.contains(&one) {
                    touched.push(one);
                }
            }
        }
        touched
    }

    /// The facts behind what a condition looked at.
    fn read(&mut self, touched: Touched) {
        match touched {
            Touched::Attribute(entity, column) => self.attribute(entity, column),
            Touched::Related(entity, relation) => self.related(entity, relation),
            Touched::Above(entity) => self.enter(entity),
            Touched::Inside(entity, other) => self.path(entity, other),
        }
    }

    /// What one entity is in that leads to another, if anything does.
    fn path(&mut self, entity: EntityId, other: EntityId) {
        let (world, now) = (self.world, self.look.now());
        let mut came: Vec<(EntityId, Option<(usize, Fact)>)> = vec![(entity, None)];
        let mut seen = HashSet::from([entity]);
        let mut next = 0;
        while let Some(at) = came.get(next).map(|(at, _)| *at) {
            if at == other || came.len() > MOST {
                break;
            }
            let containers = world
                .containers(at)
                .map(|outer| (outer, inside(world, at, outer)));
            let groups = world.memberships(at).filter(|group| group.until > now);
            let groups =
                groups.map(|group| (group.other, world.member_fact(at, group.other, group.until)));
            for (above, fact) in containers.chain(groups).collect::<Vec<_>>() {
                if seen.insert(above) {
                    came.push((above, Some((next, fact))));
                }
            }
            next += 1;
        }
        while let Some((_, Some((before, fact)))) = came.get(next).cloned() {
            self.add(fact);
            next = before;
        }
    }
}
