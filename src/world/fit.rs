//! Whether a fact fits the policy: its names become ids here, or the reason why they cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ANYONE;
use super::builder::WorldBuilder;
use super::refusal::Reason;
use crate::literal::{EntityName, nearest};
use crate::plan::{
    Cardinality, Datum, EntityId, LevelId, RelationId, RoleId, Type, TypeId, TypeKind, Value, typed,
};

/// What a fact about an entity adds.
pub(super) struct EntityChanges {
    pub(super) entity: EntityId,
    pub(super) containers: Vec<EntityId>,
    pub(super) groups: Vec<EntityId>,
    pub(super) attributes: Vec<(u32, Datum)>,
}

impl WorldBuilder {
    fn type_named(&self, name: &str) -> Result<TypeId, Reason> {
        self.entities
            .find_type(name)
            .ok_or_else(|| Reason::UnknownType {
                name: name.to_owned(),
                near: nearest(name, self.plan.type_names()).map(str::to_owned),
            })
    }

    pub(super) fn intern(&mut self, name: &EntityName) -> Result<(TypeId, EntityId), Reason> {
        let ty = self.type_named(&name.type_name)?;
        let entity = self.entities.intern(ty, &name.id).ok_or(Reason::TooMany)?;
        Ok((ty, entity))
    }

    fn type_names(&self, types: impl IntoIterator<Item = TypeId>) -> Vec<String> {
        let types = types.into_iter();
        types.map(|ty| self.plan.types[ty].name.clone()).collect()
    }

    pub(super) fn entity_changes(
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

    pub(super) fn attribute(
        &mut self,
        ty: TypeId,
        name: &str,
        value: &Value,
    ) -> Result<(u32, Datum), Reason> {
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

    pub(super) fn holding(
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

    pub(super) fn share(
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

    pub(super) fn relation(
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
}
