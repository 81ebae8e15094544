//! Takes facts, checks each against the policy, and makes worlds of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fact::{Fact, FactKind, Place};
use super::refusal::{Reason, Refusal};
use super::{ANYONE, Adjacency, Entities, FOREVER, Holding, Membership, Origin, Share, World};
use crate::literal::{EntityName, nearest};
use crate::plan::{
    Cardinality, ConstantId, Datum, EntityId, Id, LevelId, Plan, RelationId, RoleId, Table, Type,
    TypeId, TypeKind, Value, typed,
};

/// When a fact ends, and where it was stated.
#[derive(Clone, Copy, Debug)]
struct Term {
    until: i64,
    origin: Origin,
}

/// Collects facts that fit a policy. The order in which they come changes nothing, but for which
/// of two that exclude each other is refused.
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    plan: Arc<Plan>,
    entities: Entities,
    constants: Table<ConstantId, Datum>,
    declared: BTreeSet<EntityId>,
    containers: BTreeSet<(EntityId, EntityId)>,
    memberships: BTreeMap<(EntityId, EntityId), Term>,
    /// By place, holder, role.
    holdings: BTreeMap<(EntityId, EntityId, RoleId), Term>,
    /// By entity, scope, level.
    shares: BTreeMap<(EntityId, EntityId, LevelId), Term>,
    relations: BTreeSet<(EntityId, RelationId, EntityId)>,
    attributes: BTreeMap<(EntityId, u32), Datum>,
    places: Vec<Place>,
}

impl WorldBuilder {
    /// A world of this policy without facts.
    pub fn new(plan: Arc<Plan>) -> Self {
        let mut entities = Entities::new(&plan);
        let constants = plan.constants.rows().iter().map(|constant| {
            let mut intern = |ty, id: &str| entities.intern(ty, id).unwrap_or(ANYONE);
            // The plan's constants fit their types: its compiler or its reader checked them.
            typed(
                &constant.value,
                &constant.ty,
                &|ty| plan.type_name(ty),
                &mut intern,
            )
            .unwrap_or(Datum::Set(Box::default()))
        });
        let constants = constants.collect();
        Self {
            entities,
            constants,
            declared: BTreeSet::new(),
            containers: BTreeSet::new(),
            memberships: BTreeMap::new(),
            holdings: BTreeMap::new(),
            shares: BTreeMap::new(),
            relations: BTreeSet::new(),
            attributes: BTreeMap::new(),
            places: Vec::new(),
            plan,
        }
    }

    /// Adds a fact. What was stated before may be stated again; of two ends the later counts.
    ///
    /// # Errors
    ///
    /// The reason why the fact does not fit the policy or the facts before it. Then nothing of it
    /// was taken.
    pub fn add(&mut self, fact: &Fact) -> Result<(), Refusal> {
        self.try_add(fact)
            .map_err(|reason| Refusal::new(fact, reason))
    }

    /// Takes a fact away. An entity alone goes with every fact that names it.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be: it does not fit the policy, or was never stated.
    pub fn remove(&mut self, fact: &Fact) -> Result<(), Refusal> {
        self.try_remove(fact)
            .map_err(|reason| Refusal::new(fact, reason))
    }

    fn try_add(&mut self, fact: &Fact) -> Result<(), Reason> {
        match &fact.kind {
            FactKind::Entity {
                entity,
                containers,
                until,
                attributes,
            } => {
                let changes = self.entity_changes(entity, containers, *until, attributes)?;
                let origin = self.origin(fact);
                self.declared.insert(changes.entity);
                self.containers
                    .extend(changes.containers.iter().map(|to| (changes.entity, *to)));
                for group in changes.groups {
                    let term = self.memberships.entry((changes.entity, group));
                    extend(term, until.unwrap_or(FOREVER), origin);
                }
                for (column, datum) in changes.attributes {
                    self.attributes.insert((changes.entity, column), datum);
                }
            }
            FactKind::Holding {
                subject,
                role,
                of,
                until,
            } => {
                let key = self.holding(subject.as_ref(), role, of)?;
                let origin = self.origin(fact);
                extend(self.holdings.entry(key), until.unwrap_or(FOREVER), origin);
            }
            FactKind::Share {
                entity,
                with,
                level,
                until,
            } => {
                let key = self.share(entity, with, level)?;
                let origin = self.origin(fact);
                extend(self.shares.entry(key), until.unwrap_or(FOREVER), origin);
            }
            FactKind::Relation {
                entity,
                relation,
                target,
            } => {
                let edge = self.relation(entity, relation, target)?;
                self.relations.insert(edge);
            }
        }
        Ok(())
    }

    fn try_remove(&mut self, fact: &Fact) -> Result<(), Reason> {
        let removed = match &fact.kind {
            FactKind::Entity {
                entity,
                containers,
                until: _,
                attributes,
            } => {
                if containers.is_empty() && attributes.is_empty() {
                    return self.remove_entity(entity);
                }
                self.remove_parts(entity, containers, attributes)?
            }
            FactKind::Holding {
                subject, role, of, ..
            } => {
                let key = self.holding(subject.as_ref(), role, of)?;
                self.holdings.remove(&key).is_some()
            }
            FactKind::Share {
                entity,
                with,
                level,
                ..
            } => {
                let key = self.share(entity, with, level)?;
                self.shares.remove(&key).is_some()
            }
            FactKind::Relation {
                entity,
                relation,
                target,
            } => {
                let edge = self.relation(entity, relation, target)?;
                self.relations.remove(&edge)
            }
        };
        if removed {
            Ok(())
        } else {
            Err(Reason::NotThere)
        }
    }

    /// Takes containers, memberships and attributes of an entity away; all of them must be there.
    fn remove_parts(
        &mut self,
        entity: &EntityName,
        containers: &[EntityName],
        attributes: &BTreeMap<String, Value>,
    ) -> Result<bool, Reason> {
        let (ty, id) = self.intern(entity)?;
        let mut edges = Vec::new();
        for container in containers {
            edges.push((id, self.intern(container)?.1));
        }
        let mut columns = Vec::new();
        for (name, value) in attributes {
            let (column, datum) = self.attribute(ty, name, value)?;
            if self.attributes.get(&(id, column)) != Some(&datum) {
                return Ok(false);
            }
            columns.push(column);
        }
        let there = |edge| self.containers.contains(edge) || self.memberships.contains_key(edge);
        if !edges.iter().all(there) {
            return Ok(false);
        }
        for edge in edges {
            self.containers.remove(&edge);
            self.memberships.remove(&edge);
        }
        for column in columns {
            self.attributes.remove(&(id, column));
        }
        Ok(true)
    }

    fn remove_entity(&mut self, entity: &EntityName) -> Result<(), Reason> {
        let (_, gone) = self.intern(entity)?;
        if !self.known().get(gone.index()).copied().unwrap_or(false) {
            return Err(Reason::NotThere);
        }
        self.declared.remove(&gone);
        self.containers.retain(|(a, b)| *a != gone && *b != gone);
        self.memberships
            .retain(|(a, b), _| *a != gone && *b != gone);
        self.holdings
            .retain(|(place, holder, _), _| *place != gone && *holder != gone);
        self.shares.retain(|(a, b, _), _| *a != gone && *b != gone);
        self.relations.retain(|(a, _, b)| *a != gone && *b != gone);
        self.attributes
            .retain(|(of, _), datum| *of != gone && !names(datum, gone));
        Ok(())
    }

    // ---- names to ids, with what the policy says about them -------------------------------------

    fn type_named(&self, name: &str) -> Result<TypeId, Reason> {
        self.entities
            .find_type(name)
            .ok_or_else(|| Reason::UnknownType {
                name: name.to_owned(),
                near: nearest(name, self.plan.type_names()).map(str::to_owned),
            })
    }

    fn intern(&mut self, name: &EntityName) -> Result<(TypeId, EntityId), Reason> {
        let ty = self.type_named(&name.type_name)?;
        let entity = self.entities.intern(ty, &name.id).ok_or(Reason::TooMany)?;
        Ok((ty, entity))
    }

    fn type_names(&self, types: impl IntoIterator<Item = TypeId>) -> Vec<String> {
        let types = types.into_iter();
        types.map(|ty| self.plan.types[ty].name.clone()).collect()
    }

    fn origin(&mut self, fact: &Fact) -> Origin {
        let Some(place) = &fact.place else {
            return Origin::NONE;
        };
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(place.clone());
        Origin(index)
    }

    fn entity_changes(
        &mut self,
        name: &EntityName,
        containers: &[EntityName],
        until: Option<i64>,
        attributes: &BTreeMap<String, Value>,
    ) -> Result<EntityChanges, Reason> {
        let (ty, entity) = self.intern(name)?;
        let mut changes = EntityChanges {
            entity,
            containers: Vec::new(),
            groups: Vec::new(),
            attributes: Vec::new(),
        };
        let plan = Arc::clone(&self.plan);
        for container_name in containers {
            let (container_type, container) = self.intern(container_name)?;
            let group = &plan.types[container_type];
            if group.members.contains(&ty) {
                changes.groups.push(container);
                continue;
            }
            let specs = &plan.types[ty].containers;
            let Some((_, cardinality)) = specs.iter().find(|(of, _)| *of == container_type) else {
                return Err(self.wrong_container(ty, container_type));
            };
            if until.is_some() {
                return Err(Reason::UntilOnContainment);
            }
            if *cardinality != Cardinality::Many {
                let here = (entity, EntityId(0))..=(entity, EntityId(u32::MAX));
                let already = self.containers.range(here).map(|(_, to)| *to);
                let mut others = already
                    .chain(changes.containers.iter().copied())
                    .filter(|other| self.entities.type_of(*other) == Some(container_type));
                if let Some(first) = others.find(|other| *other != container) {
                    return Err(Reason::SecondContainer {
                        container: group.name.clone(),
                        first: self.display(first),
                    });
                }
            }
            if container_type == ty && self.inside(container, entity) {
                return Err(Reason::ContainerCycle {
                    entity: name.to_string(),
                });
            }
            changes.containers.push(container);
        }
        if until.is_some() && changes.groups.is_empty() {
            return Err(Reason::UntilOnContainment);
        }
        for (attribute, value) in attributes {
            let (column, datum) = self.attribute(ty, attribute, value)?;
            let before = self.attributes.get(&(entity, column));
            if before.is_some_and(|before| *before != datum) {
                return Err(Reason::SecondValue {
                    attribute: attribute.clone(),
                    entity: name.to_string(),
                });
            }
            changes.attributes.push((column, datum));
        }
        Ok(changes)
    }

    fn wrong_container(&self, entity: TypeId, container: TypeId) -> Reason {
        let group = &self.plan.types[container];
        let name = self.plan.types[entity].name.clone();
        if group.members.is_empty() {
            let allowed = self.plan.types[entity].containers.iter().map(|(of, _)| *of);
            Reason::WrongContainer {
                entity: name,
                container: group.name.clone(),
                allowed: self.type_names(allowed),
            }
        } else {
            Reason::WrongMember {
                member: name,
                group: group.name.clone(),
                allowed: self.type_names(group.members.iter().copied()),
            }
        }
    }

    /// Whether `entity` is `other` or stands in it, by way of entities of its own type. Containment
    /// repeats only within a type, so that is where a cycle could be.
    fn inside(&self, entity: EntityId, other: EntityId) -> bool {
        let ty = self.entities.type_of(entity);
        let mut seen = BTreeSet::from([entity]);
        let mut open = vec![entity];
        while let Some(next) = open.pop() {
            if next == other {
                return true;
            }
            let above = self
                .containers
                .range((next, EntityId(0))..=(next, EntityId(u32::MAX)));
            for (_, container) in above {
                if self.entities.type_of(*container) == ty && seen.insert(*container) {
                    open.push(*container);
                }
            }
        }
        false
    }

    fn attribute(&mut self, ty: TypeId, name: &str, value: &Value) -> Result<(u32, Datum), Reason> {
        let plan = Arc::clone(&self.plan);
        let of = &plan.types[ty];
        let found = of.attributes.iter().position(|field| field.name == name);
        let column = found.and_then(|at| Some((u32::try_from(at).ok()?, of.attributes.get(at)?)));
        let Some((column, field)) = column else {
            let known = of.attributes.iter().map(|field| field.name.as_str());
            return Err(Reason::UnknownAttribute {
                attribute: name.to_owned(),
                of: of.name.clone(),
                near: nearest(name, known).map(str::to_owned),
            });
        };
        let entities = &mut self.entities;
        let mut full = false;
        let mut intern = |ty, id: &str| {
            entities.intern(ty, id).unwrap_or_else(|| {
                full = true;
                ANYONE
            })
        };
        let datum =
            typed(value, &field.ty, &|ty| plan.type_name(ty), &mut intern).map_err(|mismatch| {
                Reason::WrongValue {
                    attribute: format!("{name}{}", mismatch.path),
                    expected: mismatch.expected,
                    found: mismatch.found,
                }
            })?;
        if full {
            Err(Reason::TooMany)
        } else {
            Ok((column, datum))
        }
    }

    fn holding(
        &mut self,
        subject: Option<&EntityName>,
        role: &str,
        of: &EntityName,
    ) -> Result<(EntityId, EntityId, RoleId), Reason> {
        let holder = match subject {
            None => ANYONE,
            Some(name) => {
                let (ty, holder) = self.intern(name)?;
                let ty = &self.plan.types[ty];
                if ty.kind != TypeKind::Subject {
                    return Err(Reason::HolderIsNoSubject {
                        holder: ty.name.clone(),
                    });
                }
                holder
            }
        };
        let (ty, place) = self.intern(of)?;
        let plan = &self.plan;
        let named = |id: &&RoleId| plan.roles[**id].name == role;
        match plan.types[ty].roles.iter().find(named) {
            Some(role) => Ok((place, holder, *role)),
            None => Err(self.unknown_role(role, &plan.types[ty])),
        }
    }

    fn unknown_role(&self, role: &str, of: &Type) -> Reason {
        let name = |id: &RoleId| self.plan.roles[*id].name.as_str();
        let elsewhere = self
            .plan
            .roles
            .rows()
            .iter()
            .filter(|other| other.name == role);
        Reason::UnknownRole {
            role: role.to_owned(),
            of: of.name.clone(),
            near: nearest(role, of.roles.iter().map(name)).map(str::to_owned),
            elsewhere: self.type_names(elsewhere.map(|other| other.on)),
            known: of.roles.iter().map(|id| name(id).to_owned()).collect(),
        }
    }

    fn share(
        &mut self,
        entity: &EntityName,
        with: &EntityName,
        level: &str,
    ) -> Result<(EntityId, EntityId, LevelId), Reason> {
        let (ty, shared) = self.intern(entity)?;
        let (scope_type, scope) = self.intern(with)?;
        let plan = &self.plan;
        let shares = &plan.types[ty].shares;
        let Some((_, levels)) = shares.iter().find(|(with, _)| *with == scope_type) else {
            let around = plan.types[ty].containers.iter().map(|(of, _)| *of);
            let instead = around.filter(|of| {
                let shares = &plan.types[*of].shares;
                shares.iter().any(|(with, _)| *with == scope_type)
            });
            return Err(Reason::NotShareable {
                entity: plan.types[ty].name.clone(),
                with: plan.types[scope_type].name.clone(),
                allowed: self.type_names(shares.iter().map(|(with, _)| *with)),
                instead: self.type_names(instead),
            });
        };
        let name = |id: &LevelId| plan.levels[*id].name.as_str();
        match levels.iter().find(|id| name(id) == level) {
            Some(level) => Ok((shared, scope, *level)),
            None => Err(Reason::UnknownLevel {
                level: level.to_owned(),
                near: nearest(level, levels.iter().map(name)).map(str::to_owned),
                known: levels.iter().map(|id| name(id).to_owned()).collect(),
            }),
        }
    }

    fn relation(
        &mut self,
        entity: &EntityName,
        relation: &str,
        target: &EntityName,
    ) -> Result<(EntityId, RelationId, EntityId), Reason> {
        let (ty, from) = self.intern(entity)?;
        let (target_type, to) = self.intern(target)?;
        let of = &self.plan.types[ty];
        let name = |id: &RelationId| self.plan.relations[*id].name.as_str();
        let Some(found) = of.relations.iter().find(|id| name(id) == relation) else {
            return Err(Reason::UnknownRelation {
                relation: relation.to_owned(),
                of: of.name.clone(),
                near: nearest(relation, of.relations.iter().map(name)).map(str::to_owned),
                attribute: of.attributes.iter().any(|field| field.name == relation),
            });
        };
        let targets = &self.plan.relations[*found].targets;
        if !targets.contains(&target_type) {
            return Err(Reason::WrongTarget {
                relation: relation.to_owned(),
                target: self.plan.types[target_type].name.clone(),
                allowed: self.type_names(targets.iter().copied()),
            });
        }
        Ok((from, *found, to))
    }

    fn display(&self, entity: EntityId) -> String {
        self.entities
            .get(entity)
            .map_or_else(String::new, |(ty, id)| {
                EntityName::new(self.plan.types[ty].name.as_str(), id).to_string()
            })
    }

    // ---- the flat form --------------------------------------------------------------------------

    /// Which entities some fact names.
    fn known(&self) -> Vec<bool> {
        let mut known = vec![false; self.entities.len()];
        let mut mark = |entity: EntityId| {
            if let Some(flag) = known.get_mut(entity.index()) {
                *flag = true;
            }
        };
        self.declared.iter().for_each(|entity| mark(*entity));
        for (a, b) in self.containers.iter().chain(self.memberships.keys()) {
            mark(*a);
            mark(*b);
        }
        for (place, holder, _) in self.holdings.keys() {
            mark(*place);
            mark(*holder);
        }
        for (a, b, _) in self.shares.keys() {
            mark(*a);
            mark(*b);
        }
        for (a, _, b) in &self.relations {
            mark(*a);
            mark(*b);
        }
        for ((of, _), datum) in &self.attributes {
            mark(*of);
            each_entity(datum, &mut mark);
        }
        known
    }

    /// Which entities have all their containers, to the top. Without recursion: chains may be long.
    fn complete(&self, containers: &Adjacency<EntityId>) -> Vec<bool> {
        let mut state: Vec<Option<bool>> = vec![None; self.entities.len()];
        let get =
            |state: &[Option<bool>], entity: EntityId| state.get(entity.index()).copied().flatten();
        for start in 0..self.entities.len() {
            let mut open = vec![EntityId::from_index(start)];
            while let Some(entity) = open.last().copied() {
                let above = containers.of(entity);
                let waiting = above
                    .iter()
                    .find(|container| get(&state, **container).is_none());
                if get(&state, entity).is_none()
                    && let Some(container) = waiting
                {
                    // Containers have no cycles, so this ends.
                    open.push(*container);
                    continue;
                }
                open.pop();
                let whole = above
                    .iter()
                    .all(|container| get(&state, *container) == Some(true))
                    && self.has_required(entity, above);
                if let Some(slot) = state.get_mut(entity.index()) {
                    slot.get_or_insert(whole);
                }
            }
        }
        state.into_iter().map(|whole| whole == Some(true)).collect()
    }

    fn has_required(&self, entity: EntityId, above: &[EntityId]) -> bool {
        let Some(ty) = self.entities.type_of(entity) else {
            return false;
        };
        let mut required = self.plan.types[ty].containers.iter();
        required.all(|(of, cardinality)| {
            let there = |container: &EntityId| self.entities.type_of(*container) == Some(*of);
            *cardinality != Cardinality::One || above.iter().any(there)
        })
    }

    /// The world that the facts so far make.
    pub fn world(&self) -> World {
        let count = self.entities.len();
        let known = self.known();
        let mut by_type: Table<TypeId, Vec<EntityId>> =
            self.plan.types.ids().map(|_| Vec::new()).collect();
        for (index, is_known) in known.iter().enumerate() {
            let entity = EntityId::from_index(index);
            if let (true, Some(ty)) = (*is_known, self.entities.type_of(entity)) {
                by_type[ty].push(entity);
            }
        }
        for ty in self.plan.types.ids() {
            let id = |entity: &EntityId| self.entities.get(*entity).map(|(_, id)| id);
            by_type[ty].sort_by(|a, b| id(a).cmp(&id(b)));
        }
        let containers = Adjacency::new(count, self.containers.iter().copied());
        let complete = self.complete(&containers);
        let holdings = || {
            self.holdings
                .iter()
                .map(|((place, holder, role), term)| Holding {
                    holder: *holder,
                    place: *place,
                    role: *role,
                    until: term.until,
                    origin: term.origin,
                })
        };
        let shares = || {
            self.shares
                .iter()
                .map(|((entity, with, level), term)| Share {
                    entity: *entity,
                    with: *with,
                    level: *level,
                    until: term.until,
                    origin: term.origin,
                })
        };
        let memberships = || {
            let terms = self.memberships.iter();
            terms.map(|((member, group), term)| (*member, *group, term.until))
        };
        let member = |other, until| Membership { other, until };
        World {
            known,
            complete,
            by_type,
            containers,
            contents: Adjacency::new(count, self.containers.iter().map(|(a, b)| (*b, *a))),
            groups: Adjacency::new(count, memberships().map(|(m, g, t)| (m, member(g, t)))),
            members: Adjacency::new(count, memberships().map(|(m, g, t)| (g, member(m, t)))),
            holdings: Adjacency::new(count, holdings().map(|held| (held.place, held))),
            held: Adjacency::new(count, holdings().map(|held| (held.holder, held))),
            held_by_anyone: holdings().filter(|held| held.holder == ANYONE).collect(),
            shares: Adjacency::new(count, shares().map(|share| (share.entity, share))),
            received: Adjacency::new(count, shares().map(|share| (share.with, share))),
            relations: Adjacency::new(
                count,
                self.relations
                    .iter()
                    .map(|(from, relation, to)| (*from, (*relation, *to))),
            ),
            attributes: Adjacency::new(
                count,
                self.attributes
                    .iter()
                    .map(|((of, column), datum)| (*of, (*column, datum.clone()))),
            ),
            places: self.places.clone(),
            constants: self.constants.clone(),
            entities: self.entities.clone(),
            plan: Arc::clone(&self.plan),
        }
    }
}

/// What a fact about an entity adds.
struct EntityChanges {
    entity: EntityId,
    containers: Vec<EntityId>,
    groups: Vec<EntityId>,
    attributes: Vec<(u32, Datum)>,
}

/// Sets the end of a fact, or moves it back; the place is that of the fact that counts.
fn extend<K: Ord>(
    entry: std::collections::btree_map::Entry<'_, K, Term>,
    until: i64,
    origin: Origin,
) {
    let term = entry.or_insert(Term { until, origin });
    if term.until < until {
        *term = Term { until, origin };
    }
}

fn each_entity(datum: &Datum, act: &mut impl FnMut(EntityId)) {
    match datum {
        Datum::Entity(entity) => act(*entity),
        Datum::Set(elements) => {
            for element in elements {
                each_entity(element, act);
            }
        }
        Datum::Record(fields) => {
            for field in fields.iter().flatten() {
                each_entity(field, act);
            }
        }
        _ => {}
    }
}

fn names(datum: &Datum, entity: EntityId) -> bool {
    let mut found = false;
    each_entity(datum, &mut |named| found |= named == entity);
    found
}
