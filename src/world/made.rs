//! Roles that customers made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::sync::Arc;

use super::SharedMap;
use super::refusal::Reason;
use super::snapshot::{Input, Output, SnapshotError};
use crate::plan::{ActionMasks, EntityId, Plan, RoleId, TypeId};

/// A role that customers made: what it gives at the one place where it is defined.
#[derive(Clone, Debug)]
pub(crate) struct CustomRole {
    pub(crate) name: Arc<str>,
    pub(crate) of: EntityId,
    /// What it gives: nothing beyond what the policy allows.
    pub(crate) masks: ActionMasks,
    /// The names of actions and permission groups.
    pub(super) permissions: BTreeSet<Box<str>>,
    pub(super) description: Option<Box<str>>,
}

/// All roles that customers made. Ids begin where those of the policy end; none is given twice.
#[derive(Clone, Debug)]
pub(super) struct MadeRoles {
    first: u32,
    count: u32,
    by_id: SharedMap<RoleId, Arc<CustomRole>>,
    by_place: SharedMap<EntityId, Arc<BTreeMap<Arc<str>, RoleId>>>,
}

impl MadeRoles {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            first: u32::try_from(plan.roles.len()).unwrap_or(u32::MAX),
            count: 0,
            by_id: SharedMap::default(),
            by_place: SharedMap::default(),
        }
    }

    pub(super) fn get(&self, role: RoleId) -> Option<&CustomRole> {
        self.by_id.get(&role).map(|role| &**role)
    }

    /// The role of this name that was made at a place.
    pub(super) fn find(&self, place: EntityId, name: &str) -> Option<RoleId> {
        self.by_place.get(&place)?.get(name).copied()
    }

    /// The names of the roles that were made at a place.
    pub(super) fn at(&self, place: EntityId) -> impl Iterator<Item = (&Arc<str>, RoleId)> {
        let roles = self.by_place.get(&place);
        let roles = roles.into_iter().flat_map(|roles| roles.iter());
        roles.map(|(name, role)| (name, *role))
    }

    /// The entities on which some role was made.
    pub(super) fn places(&self) -> impl Iterator<Item = EntityId> {
        self.by_place.keys().copied()
    }

    /// Makes a role, or adds to one: what is said of it is a set of permissions.
    pub(super) fn define(
        &mut self,
        plan: &Plan,
        (place, ty): (EntityId, TypeId),
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> Result<(), Reason> {
        let known = self.find(place, name);
        let before = known.and_then(|role| self.get(role)?.description.as_deref());
        if let (Some(before), Some(description)) = (before, description)
            && before != description
        {
            return Err(Reason::SecondValue {
                attribute: "description".into(),
                entity: name.to_owned(),
            });
        }
        let id = match known {
            Some(id) => id,
            None => {
                let id = self.first.checked_add(self.count).ok_or(Reason::TooMany)?;
                if id >= super::MOST_ENTITIES {
                    return Err(Reason::TooMany);
                }
                self.count += 1;
                let id = RoleId(id);
                let name: Arc<str> = name.into();
                let role = CustomRole {
                    name: Arc::clone(&name),
                    of: place,
                    masks: ActionMasks::default(),
                    permissions: BTreeSet::new(),
                    description: None,
                };
                self.by_id.insert_mut(id, Arc::new(role));
                let mut here = self.by_place.get(&place).cloned().unwrap_or_default();
                Arc::make_mut(&mut here).insert(name, id);
                self.by_place.insert_mut(place, here);
                id
            }
        };
        self.change(id, |role| {
            role.permissions.extend(permissions.iter().cloned());
            if let Some(description) = description {
                role.description = Some(description.into());
            }
            role.masks = masks(plan, ty, &role.permissions);
        });
        Ok(())
    }

    /// Takes permissions from a role; whether all of them were there.
    pub(super) fn reduce(
        &mut self,
        plan: &Plan,
        ty: TypeId,
        id: RoleId,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> bool {
        let Some(role) = self.get(id) else {
            return false;
        };
        let there = permissions
            .iter()
            .all(|name| role.permissions.contains(name))
            && (description.is_none() || role.description.as_deref() == description);
        if there {
            self.change(id, |role| {
                for name in permissions {
                    role.permissions.remove(name);
                }
                if description.is_some() {
                    role.description = None;
                }
                role.masks = masks(plan, ty, &role.permissions);
            });
        }
        there
    }

    /// Takes a role away.
    pub(super) fn remove(&mut self, id: RoleId) {
        let Some(role) = self.by_id.get(&id).cloned() else {
            return;
        };
        self.by_id.remove_mut(&id);
        let mut here = self.by_place.get(&role.of).cloned().unwrap_or_default();
        Arc::make_mut(&mut here).remove(&role.name);
        if here.is_empty() {
            self.by_place.remove_mut(&role.of);
        } else {
            self.by_place.insert_mut(role.of, here);
        }
    }

    fn change(&mut self, id: RoleId, change: impl FnOnce(&mut CustomRole)) {
        if let Some(role) = self.by_id.get_mut(&id) {
            change(Arc::make_mut(role));
        }
    }

    /// Writes the roles for a snapshot.
    pub(super) fn write<W: Write>(&self, out: &mut Output<'_, W>) -> io::Result<()> {
        out.u32(self.count)?;
        out.count(self.by_id.size())?;
        for (id, role) in &self.by_id {
            out.u32(id.0)?;
            out.u32(role.of.0)?;
            out.text(&role.name)?;
            out.count(role.permissions.len())?;
            for name in &role.permissions {
                out.text(name)?;
            }
            out.u8(u8::from(role.description.is_some()))?;
            out.text(role.description.as_deref().unwrap_or(""))?;
        }
        Ok(())
    }

    /// Reads what [`write`](Self::write) wrote. `types` tells what type an entity has; what the
    /// roles give is worked out anew.
    pub(super) fn read<R: Read>(
        input: &mut Input<R>,
        plan: &Plan,
        types: impl Fn(EntityId) -> Option<TypeId>,
    ) -> Result<Self, SnapshotError> {
        let damaged = || SnapshotError::Damaged("its custom roles");
        let mut made = Self::new(plan);
        made.count = input.u32()?;
        let end = made.first.checked_add(made.count).ok_or_else(damaged)?;
        for _ in 0..input.u64()? {
            let id = RoleId(input.u32()?);
            let of = EntityId(input.u32()?);
            let name: Arc<str> = input.text()?.into();
            let mut permissions = BTreeSet::new();
            for _ in 0..input.u64()? {
                permissions.insert(input.text()?.into_boxed_str());
            }
            let described = input.u8()? == 1;
            let description = Some(input.text()?.into_boxed_str()).filter(|_| described);
            let ty = types(of).ok_or_else(damaged)?;
            let info = plan.types.find(ty).ok_or_else(damaged)?;
            let declared = info
                .roles
                .iter()
                .any(|role| plan.roles[*role].name == *name);
            let known = permissions
                .iter()
                .all(|name| plan.permission(name).is_some());
            let new = id.0 >= made.first && id.0 < end && made.get(id).is_none();
            let fits = info.custom_roles.is_some() && known && !declared;
            if !new || !fits || made.find(of, &name).is_some() || end > super::MOST_ENTITIES {
                return Err(damaged());
            }
            let role = CustomRole {
                name: Arc::clone(&name),
                of,
                masks: masks(plan, ty, &permissions),
                permissions,
                description,
            };
            made.by_id.insert_mut(id, Arc::new(role));
            let mut here = made.by_place.get(&of).cloned().unwrap_or_default();
            Arc::make_mut(&mut here).insert(name, id);
            made.by_place.insert_mut(of, here);
        }
        Ok(made)
    }

    /// Gives every entity another id.
    pub(super) fn renumbered(&self, id: impl Fn(EntityId) -> EntityId) -> Self {
        let mut made = self.clone();
        for role in self.by_id.keys() {
            made.change(*role, |role| role.of = id(role.of));
        }
        made.by_place = SharedMap::default();
        for (place, roles) in &self.by_place {
            made.by_place.insert_mut(id(*place), Arc::clone(roles));
        }
        made
    }
}

/// What permissions give together: nothing beyond what the policy lets customers make roles of.
fn masks(plan: &Plan, ty: TypeId, permissions: &BTreeSet<Box<str>>) -> ActionMasks {
    let mut masks = ActionMasks::default();
    for permission in permissions {
        if let Some(permission) = plan.permission(permission) {
            masks.extend(&permission.masks);
        }
    }
    match &plan.types[ty].custom_roles {
        Some(universe) => masks.intersection(&universe.masks),
        None => ActionMasks::default(),
    }
}
