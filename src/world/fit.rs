//! Whether a fact fits the policy: its names become ids here, or the reason why they cannot.

mod entity;

use std::sync::Arc;

use smallvec::SmallVec;

use super::ANYONE;
use super::borrowed::{FactRef, HolderRef, KindRef, NameRef};
use super::refusal::Reason;
use super::terms::{FOREVER, Term};
use crate::literal::{self, EntityName, nearest};
use crate::plan::{
    Datum, EVERY_PERMISSION, EntityId, LevelId, Plan, RelationId, RoleId, Type, TypeId, TypeKind,
    Value, ValueType, typed,
};

/// Facts that are taken: those that are loaded, or a world that changes.
pub(super) trait Facts {
    fn plan(&self) -> &Arc<Plan>;
    fn find_type(&self, name: &str) -> Option<TypeId>;
    /// The id of an entity, made where it has none.
    fn intern(&mut self, ty: TypeId, id: &str) -> Option<EntityId>;
    fn type_of(&self, entity: EntityId) -> Option<TypeId>;
    fn id_text(&self, entity: EntityId) -> Option<&str>;
    fn containers_of(&self, entity: EntityId) -> SmallVec<[EntityId; 4]>;
    /// What stands right in an entity and has its type.
    fn nested_in(&self, entity: EntityId) -> SmallVec<[EntityId; 4]>;
    /// What a fact says of an attribute.
    fn said(&self, entity: EntityId, column: u32) -> Option<&Datum>;
    /// A role that customers made there.
    fn made_role(&self, place: EntityId, name: &str) -> Option<RoleId>;
    /// The names of all of them.
    fn made_roles(&self, place: EntityId) -> Vec<String>;

    // What follows is said of what fits.
    fn declare(&mut self, entity: EntityId);
    fn contain(&mut self, entity: EntityId, container: EntityId);
    fn join(&mut self, member: EntityId, group: EntityId, term: Term);
    fn say(&mut self, entity: EntityId, column: u32, datum: Datum);
    fn hold(&mut self, holding: HoldingKey, term: Term);
    fn share(&mut self, share: ShareKey, term: Term);
    fn relate(&mut self, from: EntityId, relation: RelationId, to: EntityId);
    /// Makes a role, or adds to one.
    fn define(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> Result<(), Reason>;
}

/// Place, holder, the role there that makes it a set, role.
pub(super) type HoldingKey = (EntityId, EntityId, Option<RoleId>, RoleId);

/// What is shared, with which scope, level.
pub(super) type ShareKey = (EntityId, EntityId, LevelId);

/// Takes a fact, whole or not at all.
pub(super) fn add(facts: &mut impl Facts, fact: &FactRef<'_>) -> Result<(), Reason> {
    let term = |until: Option<i64>| Term {
        until: until.unwrap_or(FOREVER),
        place: fact.place.cloned().map(Arc::new),
    };
    let mut fit = Fit(facts);
    match &fact.kind {
        KindRef::Entity {
            entity,
            containers,
            until,
            attributes,
        } => {
            let changes = fit.entity_changes(entity, containers, *until, attributes)?;
            facts.declare(changes.entity);
            for container in changes.containers {
                facts.contain(changes.entity, container);
            }
            for group in changes.groups {
                facts.join(changes.entity, group, term(*until));
            }
            for (column, datum) in changes.attributes {
                facts.say(changes.entity, column, datum);
            }
        }
        KindRef::Holding {
            subject,
            role,
            of,
            until,
        } => {
            let key = fit.holding(subject, role, of)?;
            facts.hold(key, term(*until));
        }
        KindRef::Share {
            entity,
            with,
            level,
            until,
        } => {
            let key = fit.share(entity, with, level)?;
            facts.share(key, term(*until));
        }
        KindRef::CustomRole {
            role,
            of,
            can,
            description,
        } => {
            let (place, permissions) = fit.custom_role(role, of, can)?;
            facts.define(place, role, &permissions, *description)?;
        }
        KindRef::Relation {
            entity,
            relation,
            target,
        } => {
            let (from, relation, to) = fit.relation(entity, relation, target)?;
            facts.relate(from, relation, to);
        }
    }
    Ok(())
}

/// Looks at facts before they are taken.
pub(super) struct Fit<'f, F>(pub(super) &'f mut F);

impl<F: Facts> Fit<'_, F> {
    fn plan(&self) -> &Arc<Plan> {
        self.0.plan()
    }

    fn type_named(&self, name: &str) -> Result<TypeId, Reason> {
        let found = self.0.find_type(name);
        found.ok_or_else(|| Reason::UnknownType {
            name: name.to_owned(),
            near: nearest(name, self.plan().type_names()).map(str::to_owned),
        })
    }

    pub(super) fn intern(&mut self, name: &NameRef<'_>) -> Result<(TypeId, EntityId), Reason> {
        let ty = self.type_named(name.type_name)?;
        let entity = self.0.intern(ty, &name.id).ok_or(Reason::TooMany)?;
        Ok((ty, entity))
    }

    fn type_names(&self, types: impl IntoIterator<Item = TypeId>) -> Vec<String> {
        let types = types.into_iter();
        types
            .map(|ty| self.plan().type_name(ty).to_owned())
            .collect()
    }

    pub(super) fn attribute(
        &mut self,
        ty: TypeId,
        name: &str,
        value: &Value,
    ) -> Result<(u32, Datum), Reason> {
        let plan = Arc::clone(self.plan());
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
        let entities = &mut *self.0;
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
            return Err(Reason::TooMany);
        }
        if let (ValueType::Permissions, Datum::Set(names)) = (&field.ty, &datum) {
            for name in names {
                if let Datum::String(name) = name
                    && **name != *EVERY_PERMISSION
                    && plan.permission(name).is_none()
                {
                    return Err(self.unknown_permission(name));
                }
            }
        }
        Ok((column, datum))
    }

    pub(super) fn holding(
        &mut self,
        subject: &HolderRef<'_>,
        role: &str,
        of: &NameRef<'_>,
    ) -> Result<HoldingKey, Reason> {
        let plan = Arc::clone(self.plan());
        let (holder, set, holder_type) = match subject {
            HolderRef::Anyone => (ANYONE, None, None),
            HolderRef::Entity(name) => {
                let (ty, holder) = self.intern(name)?;
                let info = &plan.types[ty];
                if info.acts_for.is_some() {
                    return Err(Reason::CredentialHolds {
                        credential: info.name.clone(),
                    });
                }
                if info.kind != TypeKind::Subject {
                    return Err(Reason::HolderIsNoSubject {
                        holder: info.name.clone(),
                    });
                }
                (holder, None, Some(ty))
            }
            HolderRef::Set { of, role } => {
                let (ty, place) = self.intern(of)?;
                (place, Some(self.role_named(ty, place, role)?), None)
            }
        };
        let (ty, place) = self.intern(of)?;
        let held = self.role_named(ty, place, role)?;
        if let Some(declared) = plan.roles.find(held) {
            let allowed = &declared.guard.holders;
            let fits = allowed.is_empty() || holder_type.is_none_or(|ty| allowed.contains(&ty));
            if let (false, Some(holder)) = (fits, holder_type) {
                return Err(Reason::WrongHolder {
                    holder: plan.type_name(holder).to_owned(),
                    role: role.to_owned(),
                    allowed: self.type_names(allowed.iter().copied()),
                });
            }
        }
        // Who is in a set must be known before who holds the role: `except` rests on that.
        if let Some(set) = set
            && self.stratum(set) > self.stratum(held)
        {
            return Err(Reason::SetOutOfOrder {
                role: role.to_owned(),
            });
        }
        Ok((place, holder, set, held))
    }

    fn stratum(&self, role: RoleId) -> u32 {
        let declared = self.plan().roles.find(role);
        declared.map_or(self.plan().facets.strata, |role| role.stratum)
    }

    /// A role of a type, or one that customers made on that very entity.
    fn role_named(&self, ty: TypeId, place: EntityId, role: &str) -> Result<RoleId, Reason> {
        let plan = self.plan();
        let named = |id: &&RoleId| plan.roles[**id].name == role;
        if let Some(declared) = plan.types[ty].roles.iter().find(named) {
            return Ok(*declared);
        }
        match self.0.made_role(place, role) {
            Some(made) => Ok(made),
            None => Err(self.unknown_role(role, &plan.types[ty], place)),
        }
    }

    /// Where a custom role is made, and what it gives.
    pub(super) fn custom_role(
        &mut self,
        role: &str,
        of: &NameRef<'_>,
        can: &[&str],
    ) -> Result<(EntityId, Vec<Box<str>>), Reason> {
        let plan = Arc::clone(self.plan());
        let (ty, place) = self.intern(of)?;
        let info = &plan.types[ty];
        let Some(universe) = &info.custom_roles else {
            return Err(Reason::NoCustomRoles {
                of: info.name.clone(),
                instead: self.with_custom_roles(),
            });
        };
        let is_name = literal::is_identifier(role);
        if !is_name || info.roles.iter().any(|id| plan.roles[*id].name == role) {
            return Err(Reason::RoleName {
                role: role.to_owned(),
                of: info.name.clone(),
                taken: is_name,
            });
        }
        let mut permissions: Vec<Box<str>> = Vec::with_capacity(can.len());
        for name in can {
            let Some(permission) = plan.permission(name) else {
                return Err(self.unknown_permission(name));
            };
            if !plan.within(&permission.masks, &universe.masks) {
                return Err(Reason::OutsideOfCustomRoles {
                    permission: (*name).to_owned(),
                    of: info.name.clone(),
                    universe: plan.clauses[universe.clause].text.clone(),
                });
            }
            permissions.push((*name).into());
        }
        Ok((place, permissions))
    }

    fn unknown_permission(&self, name: &str) -> Reason {
        let known = self.plan().permissions.iter();
        let known = known.map(|permission| permission.name.as_str());
        // A near name of another type would be another thing altogether.
        let (of, last) = name.rsplit_once('.').unwrap_or(("", name));
        let same: Vec<&str> = known
            .clone()
            .filter(|known| known.rsplit_once('.').is_some_and(|(other, _)| other == of))
            .collect();
        let near = if same.is_empty() {
            nearest(name, known)
        } else {
            let names = same.iter().filter_map(|known| known.rsplit('.').next());
            let near = nearest(last, names);
            same.iter()
                .find(|known| known.rsplit('.').next() == near)
                .copied()
        };
        Reason::UnknownPermission {
            permission: name.to_owned(),
            near: near.filter(|_| !name.contains('*')).map(str::to_owned),
            known: same.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The types on which customers can make roles.
    fn with_custom_roles(&self) -> Vec<String> {
        let types = self.plan().types.iter();
        let types = types.filter(|(_, ty)| ty.custom_roles.is_some());
        self.type_names(types.map(|(id, _)| id))
    }

    /// Whether a name is that of an action: `Cluster.ssh`.
    fn is_action(&self, name: &str) -> bool {
        name.split_once('.').is_some_and(|(of, action)| {
            let mut actions = self.plan().actions.rows().iter();
            actions.any(|known| known.name == action && self.plan().type_name(known.owner) == of)
        })
    }

    /// The types that stand around one, the nearest first.
    fn around(&self, ty: &Type) -> Vec<TypeId> {
        let mut around: Vec<TypeId> = ty.containers.iter().map(|(of, _)| *of).collect();
        let mut next = 0;
        while let Some(of) = around.get(next) {
            let above = self.plan().types[*of].containers.iter();
            let new: Vec<TypeId> = above.map(|(of, _)| *of).collect();
            for of in new {
                if !around.contains(&of) {
                    around.push(of);
                }
            }
            next += 1;
        }
        around
    }

    fn unknown_role(&self, role: &str, of: &Type, place: EntityId) -> Reason {
        let name = |id: &RoleId| self.plan().roles[*id].name.as_str();
        let known: Vec<String> = of
            .roles
            .iter()
            .map(|id| name(id).to_owned())
            .chain(self.0.made_roles(place))
            .collect();
        let has_it = |ty: &TypeId| {
            let roles = &self.plan().types[*ty].roles;
            roles.iter().any(|id| name(id) == role)
        };
        // Where it can be held instead: best on what stands around.
        let mut elsewhere: Vec<TypeId> = self.around(of).into_iter().filter(has_it).collect();
        if elsewhere.is_empty() {
            elsewhere = self.plan().types.iter().map(|(id, _)| id).collect();
            elsewhere.retain(has_it);
        }
        Reason::UnknownRole {
            role: role.to_owned(),
            of: of.name.clone(),
            near: nearest(role, known.iter().map(String::as_str)).map(str::to_owned),
            elsewhere: self.type_names(elsewhere),
            custom: of.custom_roles.is_some(),
            custom_on: if of.custom_roles.is_some() {
                Vec::new()
            } else {
                self.with_custom_roles()
            },
            permission: self.plan().permission(role).is_some() || self.is_action(role),
            known,
        }
    }

    pub(super) fn share(
        &mut self,
        entity: &NameRef<'_>,
        with: &NameRef<'_>,
        level: &str,
    ) -> Result<ShareKey, Reason> {
        let (ty, shared) = self.intern(entity)?;
        let (scope_type, scope) = self.intern(with)?;
        let plan = self.plan();
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
                around: self.type_names(
                    self.around(&plan.types[ty])
                        .into_iter()
                        .filter(|of| !plan.types[*of].roles.is_empty())
                        .take(1),
                ),
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
        entity: &NameRef<'_>,
        relation: &str,
        target: &NameRef<'_>,
    ) -> Result<(EntityId, RelationId, EntityId), Reason> {
        let (ty, from) = self.intern(entity)?;
        let (target_type, to) = self.intern(target)?;
        let of = &self.plan().types[ty];
        let name = |id: &RelationId| self.plan().relations[*id].name.as_str();
        let Some(found) = of.relations.iter().find(|id| name(id) == relation) else {
            return Err(Reason::UnknownRelation {
                relation: relation.to_owned(),
                of: of.name.clone(),
                near: nearest(relation, of.relations.iter().map(name)).map(str::to_owned),
                attribute: of.attributes.iter().any(|field| field.name == relation),
            });
        };
        let targets = &self.plan().relations[*found].targets;
        if !targets.contains(&target_type) {
            return Err(Reason::WrongTarget {
                relation: relation.to_owned(),
                target: self.plan().types[target_type].name.clone(),
                allowed: self.type_names(targets.iter().copied()),
            });
        }
        Ok((from, *found, to))
    }

    fn display(&self, entity: EntityId) -> String {
        match (self.0.type_of(entity), self.0.id_text(entity)) {
            (Some(ty), Some(id)) => EntityName::new(self.plan().type_name(ty), id).to_string(),
            _ => String::new(),
        }
    }
}
