//! Facts: what is in what, who holds which role where, what is shared.
//!
//! A [`WorldBuilder`] takes facts one by one and refuses those that do not fit the policy; a
//! [`World`] is the flat, immutable form that questions are asked of.

mod adjacency;
mod builder;
mod entities;
mod fact;
mod fit;
mod flat;
mod refusal;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(crate) use adjacency::Adjacency;
pub use builder::WorldBuilder;
pub(crate) use entities::Entities;
pub use fact::{Fact, FactKind, Holder, Place};
pub use refusal::{Reason, Refusal};

use crate::literal::EntityName;
use crate::plan::{
    ActionMasks, ConstantId, Datum, EntityId, Id, LevelId, Link, Plan, RelationId, Role, RoleId,
    Table, TypeId,
};

/// The moment that never comes: a fact without `until`.
pub(crate) const FOREVER: i64 = i64::MAX;

/// The holder that stands for everybody.
pub(crate) const ANYONE: EntityId = EntityId(u32::MAX);

/// A membership, seen from either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership {
    /// The group of a member, or the member of a group.
    pub(crate) other: EntityId,
    pub(crate) until: i64,
}

/// A role that is held at a place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holding {
    /// Who holds; [`ANYONE`] for everybody.
    pub(crate) holder: EntityId,
    /// Not the holder itself, but whoever has this role there: `Team:ml#Member`.
    pub(crate) set: Option<RoleId>,
    pub(crate) place: EntityId,
    pub(crate) role: RoleId,
    pub(crate) until: i64,
    pub(crate) origin: Origin,
}

/// An entity in the window of a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) entity: EntityId,
    pub(crate) with: EntityId,
    pub(crate) level: LevelId,
    pub(crate) until: i64,
    pub(crate) origin: Origin,
}

/// A role that customers made: what it gives at the one place where it is defined.
#[derive(Clone, Debug)]
pub(crate) struct CustomRole {
    pub(crate) name: Arc<str>,
    pub(crate) of: EntityId,
    pub(crate) masks: ActionMasks,
}

/// A role of the policy, or one that customers made.
#[derive(Clone, Copy)]
pub(crate) enum AnyRole<'w> {
    Declared(&'w Role),
    Custom(&'w CustomRole),
}

/// Where a fact was stated: an index into the places of its world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin(u32);

impl Origin {
    const NONE: Self = Self(u32::MAX);
}

/// All that is known at one moment of writing; answers questions through
/// [`Evaluator`](crate::Evaluator).
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) entities: Entities,
    /// The constants of the plan, with the ids that their entities have here.
    pub(crate) constants: Arc<Table<ConstantId, Datum>>,
    /// Whether some fact names the entity.
    known: Vec<bool>,
    /// Whether its containers are all there, to the top.
    complete: Vec<bool>,
    /// The known entities of each type, sorted by id.
    by_type: HashMap<TypeId, Vec<EntityId>, rustc_hash::FxBuildHasher>,
    pub(crate) containers: Adjacency<EntityId>,
    pub(crate) contents: Adjacency<EntityId>,
    pub(crate) groups: Adjacency<Membership>,
    pub(crate) members: Adjacency<Membership>,
    /// By the place at which they are held.
    pub(crate) holdings: Adjacency<Holding>,
    /// By the holder.
    pub(crate) held: Adjacency<Holding>,
    pub(crate) held_by_anyone: Vec<Holding>,
    /// Those of sets, by the place at which they are held.
    pub(crate) set_holdings: Adjacency<Holding>,
    /// Those of sets, by where the set's own role is held.
    pub(crate) set_held: Adjacency<Holding>,
    /// The roles that customers made, by how far their ids lie behind those of the plan.
    custom_roles: Vec<Option<CustomRole>>,
    /// By an entity, those that some `also` finds it by.
    pub(crate) linked: Adjacency<EntityId>,
    /// By an owner, the credentials that act for it.
    pub(crate) credentials: Adjacency<EntityId>,
    /// By the entity that is shared.
    pub(crate) shares: Adjacency<Share>,
    /// By the scope that it is shared with.
    pub(crate) received: Adjacency<Share>,
    relations: Adjacency<(RelationId, EntityId)>,
    attributes: Adjacency<(u32, Datum)>,
    places: Vec<Place>,
}

/// The role that a fact gives to somebody, and where.
fn given_role(fact: &Fact) -> Option<(EntityName, String)> {
    match &fact.kind {
        FactKind::Holding { role, of, .. } => Some((of.clone(), role.clone())),
        _ => None,
    }
}

impl World {
    /// Builds a world from facts, all or nothing.
    ///
    /// # Errors
    ///
    /// Every fact that does not fit the policy, in the order in which they were given.
    pub fn build(
        plan: Arc<Plan>,
        facts: impl IntoIterator<Item = Fact>,
    ) -> Result<Self, Vec<Refusal>> {
        let (world, refused) = Self::build_keeping(plan, facts);
        if refused.is_empty() {
            Ok(world)
        } else {
            Err(refused)
        }
    }

    /// Builds a world from the facts that fit, and gives back those that do not.
    pub fn build_keeping(
        plan: Arc<Plan>,
        facts: impl IntoIterator<Item = Fact>,
    ) -> (Self, Vec<Refusal>) {
        let mut builder = WorldBuilder::new(plan);
        let mut refused: Vec<(usize, Refusal)> = Vec::new();
        // A role that customers made must be there before somebody can hold it.
        let (roles, others): (Vec<_>, Vec<_>) = facts
            .into_iter()
            .enumerate()
            .partition(|(_, fact)| matches!(fact.kind, FactKind::CustomRole { .. }));
        // Where such a name now belongs to a role of the policy, its holders do not get that one.
        let mut taken: HashSet<(EntityName, String)> = HashSet::new();
        for (index, fact) in roles.into_iter().chain(others) {
            let refusal = match given_role(&fact).filter(|role| taken.contains(role)) {
                Some((of, role)) => {
                    let of = of.to_string();
                    Some(Refusal::new(&fact, Reason::NameOfBoth { role, of }))
                }
                None => builder.add(&fact).err(),
            };
            if let (FactKind::CustomRole { role, of, .. }, Some(refusal)) = (&fact.kind, &refusal)
                && matches!(refusal.reason, Reason::RoleName { taken: true, .. })
            {
                taken.insert((of.clone(), role.clone()));
            }
            refused.extend(refusal.map(|refusal| (index, refusal)));
        }
        refused.sort_by_key(|(index, _)| *index);
        let refused = refused.into_iter().map(|(_, refusal)| refusal).collect();
        (builder.world(), refused)
    }

    /// The plan of the policy that this world fits.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Asks the same facts of another plan, which has the same types, roles, levels and names.
    #[cfg(feature = "compiler")]
    pub(crate) fn set_plan(&mut self, plan: &Arc<Plan>) {
        self.plan = Arc::clone(plan);
    }

    /// The entity with this name, if any fact names it.
    pub(crate) fn find(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        self.entities
            .find(ty, id)
            .filter(|entity| self.is_known(*entity))
    }

    pub(crate) fn is_known(&self, entity: EntityId) -> bool {
        self.known.get(entity.index()).copied().unwrap_or(false)
    }

    pub(crate) fn is_complete(&self, entity: EntityId) -> bool {
        self.complete.get(entity.index()).copied().unwrap_or(false)
    }

    pub(crate) fn all_of(&self, ty: TypeId) -> &[EntityId] {
        self.by_type.get(&ty).map_or(&[], Vec::as_slice)
    }

    /// The value of an attribute: what a fact says, else the default where the entity is known.
    pub(crate) fn attribute(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        let said = self.attributes.of(entity);
        match said.binary_search_by_key(&column, |(at, _)| *at) {
            Ok(found) => said.get(found).map(|(_, datum)| datum),
            Err(_) if self.is_known(entity) => {
                let ty = self.plan.types.find(self.entities.type_of(entity)?)?;
                let default = ty.attributes.get(column as usize)?.default?;
                self.constants.find(default)
            }
            Err(_) => None,
        }
    }

    pub(crate) fn related(
        &self,
        entity: EntityId,
        relation: RelationId,
    ) -> impl Iterator<Item = EntityId> {
        let edges = self.relations.of(entity).iter();
        edges
            .filter(move |(of, _)| *of == relation)
            .map(|(_, target)| *target)
    }

    /// What an entity names by a link.
    pub(crate) fn follow(
        &self,
        entity: EntityId,
        link: Link,
    ) -> impl Iterator<Item = EntityId> + use<'_> {
        let (relation, column) = match link {
            Link::Relation(relation) => (Some(relation), None),
            Link::Attribute(column) => (None, Some(column)),
        };
        let related = relation.into_iter();
        let related = related.flat_map(move |relation| self.related(entity, relation));
        let value = column.and_then(|column| self.attribute(entity, column));
        let values = match value {
            Some(Datum::Set(elements)) => elements,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        related.chain(values.iter().filter_map(|value| match value {
            Datum::Entity(entity) => Some(*entity),
            _ => None,
        }))
    }

    /// A role by its id; nothing for one that customers made and took away.
    pub(crate) fn role(&self, role: RoleId) -> Option<AnyRole<'_>> {
        match self.plan.roles.find(role) {
            Some(declared) => Some(AnyRole::Declared(declared)),
            None => {
                let index = role.index().checked_sub(self.plan.roles.len())?;
                let custom = self.custom_roles.get(index)?.as_ref()?;
                Some(AnyRole::Custom(custom))
            }
        }
    }

    /// The name of a role.
    pub(crate) fn role_name(&self, role: RoleId) -> &str {
        match self.role(role) {
            Some(AnyRole::Declared(role)) => &role.name,
            Some(AnyRole::Custom(role)) => &role.name,
            None => "",
        }
    }

    /// The name of an entity.
    pub(crate) fn name(&self, entity: EntityId) -> EntityName {
        match self.entities.get(entity) {
            Some((ty, id)) => EntityName::new(self.plan.types[ty].name.as_str(), id),
            None => EntityName::new("", ""),
        }
    }

    pub(crate) fn place(&self, origin: Origin) -> Option<&Place> {
        self.places.get(origin.0 as usize)
    }
}
