//! Takes facts, checks each against the policy, and makes worlds of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fact::{Fact, FactKind, Place};
use super::flat::names;
use super::refusal::{Reason, Refusal};
use super::{ANYONE, Entities, FOREVER, Origin};
use crate::literal::EntityName;
use crate::plan::{
    ConstantId, Datum, EntityId, Id, LevelId, Plan, RelationId, RoleId, Table, Value, typed,
};

/// When a fact ends, and where it was stated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) until: i64,
    pub(super) origin: Origin,
}

/// Place, holder, the role there that makes it a set, role.
pub(super) type HoldingKey = (EntityId, EntityId, Option<RoleId>, RoleId);

/// A role that customers made.
#[derive(Clone, Debug)]
pub(super) struct MadeRole {
    pub(super) id: RoleId,
    /// The names of actions and permission groups.
    pub(super) permissions: BTreeSet<Box<str>>,
    pub(super) description: Option<Box<str>>,
}

/// Collects facts that fit a policy. The order in which they come changes nothing, but for which
/// of two that exclude each other is refused.
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    pub(super) plan: Arc<Plan>,
    pub(super) entities: Entities,
    pub(super) constants: Arc<Table<ConstantId, Datum>>,
    pub(super) declared: BTreeSet<EntityId>,
    pub(super) containers: BTreeSet<(EntityId, EntityId)>,
    /// Containers of the same type, turned around: what is right inside.
    pub(super) nested: BTreeSet<(EntityId, EntityId)>,
    pub(super) memberships: BTreeMap<(EntityId, EntityId), Term>,
    /// By place, holder, the role there that makes it a set, role.
    pub(super) holdings: BTreeMap<HoldingKey, Term>,
    /// By place and name.
    pub(super) custom_roles: BTreeMap<(EntityId, Arc<str>), MadeRole>,
    /// How many ids were given to roles that customers made; none is given twice.
    pub(super) made_roles: u32,
    /// By entity, scope, level.
    pub(super) shares: BTreeMap<(EntityId, EntityId, LevelId), Term>,
    pub(super) relations: BTreeSet<(EntityId, RelationId, EntityId)>,
    pub(super) attributes: BTreeMap<(EntityId, u32), Datum>,
    pub(super) places: Vec<Place>,
}

impl WorldBuilder {
    /// Checks what comes against another plan, which has the same types, roles, levels and names.
    #[cfg(feature = "compiler")]
    pub(crate) fn set_plan(&mut self, plan: &Arc<Plan>) {
        self.plan = Arc::clone(plan);
    }

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
        let constants = Arc::new(constants.collect());
        Self {
            entities,
            constants,
            declared: BTreeSet::new(),
            containers: BTreeSet::new(),
            nested: BTreeSet::new(),
            memberships: BTreeMap::new(),
            holdings: BTreeMap::new(),
            custom_roles: BTreeMap::new(),
            made_roles: 0,
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
                for container in &changes.containers {
                    self.containers.insert((changes.entity, *container));
                    let ty = |entity| self.entities.type_of(entity);
                    if ty(*container) == ty(changes.entity) {
                        self.nested.insert((*container, changes.entity));
                    }
                }
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
                let key = self.holding(subject, role, of)?;
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
            FactKind::CustomRole {
                role,
                of,
                can,
                description,
            } => {
                let (place, permissions) = self.custom_role(role, of, can)?;
                self.define_role(place, role, permissions, description.as_deref())?;
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
                let key = self.holding(subject, role, of)?;
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
            FactKind::CustomRole {
                role,
                of,
                can,
                description,
            } => {
                let (place, permissions) = self.custom_role(role, of, can)?;
                self.undefine_role(place, role, &permissions, description.as_deref())
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
            self.nested.remove(&(edge.1, edge.0));
            self.memberships.remove(&edge);
        }
        for column in columns {
            self.attributes.remove(&(id, column));
        }
        Ok(true)
    }

    /// Makes a role, or adds to one: what is said of it is a set of permissions.
    fn define_role(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: Vec<Box<str>>,
        description: Option<&str>,
    ) -> Result<(), Reason> {
        let key: (EntityId, Arc<str>) = (place, name.into());
        let before = self.custom_roles.get(&key);
        let before = before.and_then(|role| role.description.as_deref());
        if let (Some(before), Some(description)) = (before, description)
            && before != description
        {
            return Err(Reason::SecondValue {
                attribute: "description".into(),
                entity: name.to_owned(),
            });
        }
        if !self.custom_roles.contains_key(&key) {
            let taken = u32::try_from(self.plan.roles.len()).unwrap_or(u32::MAX);
            let id = taken.checked_add(self.made_roles).ok_or(Reason::TooMany)?;
            self.made_roles += 1;
            let role = MadeRole {
                id: RoleId(id),
                permissions: BTreeSet::new(),
                description: None,
            };
            self.custom_roles.insert(key.clone(), role);
        }
        if let Some(role) = self.custom_roles.get_mut(&key) {
            role.permissions.extend(permissions);
            if let Some(description) = description {
                role.description = Some(description.into());
            }
        }
        Ok(())
    }

    /// Takes permissions from a role that customers made; or, where none is named, the role itself
    /// and every holding of it, so that a later role of that name has no holders.
    fn undefine_role(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> bool {
        let key: (EntityId, Arc<str>) = (place, name.into());
        let Some(role) = self.custom_roles.get_mut(&key) else {
            return false;
        };
        if permissions.is_empty() && description.is_none() {
            let id = role.id;
            self.custom_roles.remove(&key);
            self.holdings
                .retain(|(.., set, role), _| *set != Some(id) && *role != id);
            return true;
        }
        let there = permissions
            .iter()
            .all(|name| role.permissions.contains(name))
            && (description.is_none() || role.description.as_deref() == description);
        if there {
            for name in permissions {
                role.permissions.remove(name);
            }
            if description.is_some() {
                role.description = None;
            }
        }
        there
    }

    fn origin(&mut self, fact: &Fact) -> Origin {
        let Some(place) = &fact.place else {
            return Origin::NONE;
        };
        let index = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push(place.clone());
        Origin(index)
    }

    fn remove_entity(&mut self, entity: &EntityName) -> Result<(), Reason> {
        let (_, gone) = self.intern(entity)?;
        if !self.known().get(gone.index()).copied().unwrap_or(false) {
            return Err(Reason::NotThere);
        }
        self.declared.remove(&gone);
        self.containers.retain(|(a, b)| *a != gone && *b != gone);
        self.nested.retain(|(a, b)| *a != gone && *b != gone);
        self.memberships
            .retain(|(a, b), _| *a != gone && *b != gone);
        self.holdings
            .retain(|(place, holder, ..), _| *place != gone && *holder != gone);
        self.custom_roles.retain(|(of, _), _| *of != gone);
        self.shares.retain(|(a, b, _), _| *a != gone && *b != gone);
        self.relations.retain(|(a, _, b)| *a != gone && *b != gone);
        self.attributes
            .retain(|(of, _), datum| *of != gone && !names(datum, gone));
        Ok(())
    }
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
