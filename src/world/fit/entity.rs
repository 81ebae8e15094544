//! What a fact about an entity adds: where it stands, its groups, and its attributes.

use std::collections::BTreeSet;
use std::sync::Arc;

use smallvec::SmallVec;

use super::super::borrowed::NameRef;
use super::super::refusal::Reason;
use super::{Facts, Fit};
use crate::plan::{Cardinality, Datum, EntityId, TypeId, Value};

/// What a fact about an entity adds.
pub(super) struct EntityChanges {
    pub(super) entity: EntityId,
    pub(super) containers: SmallVec<[EntityId; 2]>,
    pub(super) groups: SmallVec<[EntityId; 2]>,
    pub(super) attributes: SmallVec<[(u32, Datum); 1]>,
}

impl<F: Facts> Fit<'_, F> {
    pub(super) fn entity_changes(
        &mut self,
        name: &NameRef<'_>,
        containers: &[NameRef<'_>],
        until: Option<i64>,
        attributes: &[(&str, &Value)],
    ) -> Result<EntityChanges, Reason> {
        let (ty, entity) = self.intern(name)?;
        let mut changes = EntityChanges {
            entity,
            containers: SmallVec::new(),
            groups: SmallVec::new(),
            attributes: SmallVec::new(),
        };
        let plan = Arc::clone(self.plan());
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
                let already = self.0.containers_of(entity).into_iter();
                let mut others = already
                    .chain(changes.containers.iter().copied())
                    .filter(|other| self.0.type_of(*other) == Some(container_type));
                if let Some(first) = others.find(|other| *other != container) {
                    return Err(Reason::SecondContainer {
                        container: group.name.clone(),
                        first: self.display(first),
                    });
                }
            }
            if container_type == ty && self.inside(container, entity) {
                return Err(Reason::ContainerCycle {
                    entity: name.to_name().to_string(),
                });
            }
            changes.containers.push(container);
        }
        if until.is_some() && changes.groups.is_empty() {
            return Err(Reason::UntilOnContainment);
        }
        for (attribute, value) in attributes {
            let (column, datum) = self.attribute(ty, attribute, value)?;
            let before = self.0.said(entity, column);
            if before.is_some_and(|before| *before != datum) {
                return Err(Reason::SecondValue {
                    attribute: (*attribute).to_owned(),
                    entity: name.to_name().to_string(),
                });
            }
            changes.attributes.push((column, datum));
        }
        Ok(changes)
    }

    fn wrong_container(&self, entity: TypeId, container: TypeId) -> Reason {
        let group = &self.plan().types[container];
        let name = self.plan().types[entity].name.clone();
        if group.members.is_empty() {
            let allowed = self.plan().types[entity]
                .containers
                .iter()
                .map(|(of, _)| *of);
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
    ///
    /// Looks up from the one and down from the other in turn, and ends when either has no more.
    fn inside(&self, entity: EntityId, other: EntityId) -> bool {
        if entity == other || self.0.nested_in(other).is_empty() {
            return entity == other;
        }
        let ty = self.0.type_of(entity);
        let same = |to: &EntityId| self.0.type_of(*to) == ty;
        let (mut above, mut below) = (BTreeSet::from([entity]), BTreeSet::from([other]));
        let (mut up, mut down) = (vec![entity], vec![other]);
        while let (Some(higher), Some(lower)) = (up.pop(), down.pop()) {
            if below.contains(&higher) || above.contains(&lower) {
                return true;
            }
            let higher = self.0.containers_of(higher).into_iter().filter(same);
            up.extend(higher.filter(|next| above.insert(*next)));
            let lower = self.0.nested_in(lower).into_iter();
            down.extend(lower.filter(|next| below.insert(*next)));
        }
        // What was found on the way may meet what is left of the other side.
        !above.is_disjoint(&below)
    }
}
