//! Facts while they are loaded: in the order in which they come, with just what it takes to tell
//! whether the next one fits.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::ANYONE;
use super::fit::{Facts, HoldingKey, ShareKey};
use super::kinds::{Tag, TermKey};
use super::made::MadeRoles;
use super::names::Names;
use super::refusal::Reason;
use super::rows::{Flag, NONE, Row};
use super::said::Sayings;
use super::terms::{BaseTerms, FOREVER, Term};
use crate::plan::{
    ConstantId, Datum, EntityId, Id, Plan, RelationId, RoleId, Table, TypeId, typed,
};

/// Edges that lead from an entity to a few others.
type Few = HashMap<EntityId, SmallVec<[EntityId; 2]>, FxBuildHasher>;

/// Facts in the order in which they came; an edge may be there twice.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) plan: Arc<Plan>,
    pub(super) constants: Arc<Table<ConstantId, Datum>>,
    pub(super) names: Names,
    /// The type of each entity and its first container.
    pub(super) rows: Vec<Row>,
    /// The containers beside the first.
    pub(super) more_containers: Few,
    /// What stands in an entity of the same type.
    nested: Few,
    /// Member, group.
    pub(super) memberships: Vec<(EntityId, Tag)>,
    /// Place, holder, role.
    pub(super) holdings: Vec<(EntityId, (EntityId, Tag))>,
    /// Place, where the set's own role is held, that role, role.
    pub(super) set_holdings: Vec<(EntityId, (EntityId, RoleId, Tag))>,
    pub(super) shares: Vec<(EntityId, (EntityId, Tag))>,
    pub(super) relations: Vec<(EntityId, (RelationId, EntityId))>,
    pub(super) attributes: Sayings,
    pub(super) terms: BaseTerms,
    pub(super) made: MadeRoles,
}

impl Stage {
    /// No facts.
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let mut stage = Self {
            constants: Arc::default(),
            names: Names::default(),
            rows: Vec::new(),
            more_containers: Few::default(),
            nested: Few::default(),
            memberships: Vec::new(),
            holdings: Vec::new(),
            set_holdings: Vec::new(),
            shares: Vec::new(),
            relations: Vec::new(),
            attributes: Sayings::default(),
            terms: BaseTerms::default(),
            made: MadeRoles::new(&plan),
            plan,
        };
        let plan = Arc::clone(&stage.plan);
        let mut intern = |ty, id: &str| stage.intern(ty, id);
        if let Some(constants) = constants(&plan, &mut intern) {
            stage.constants = Arc::new(constants);
        }
        stage
    }

    /// Keeps when an edge ends and where it was stated; whether it ends.
    fn keep(&mut self, key: TermKey, term: Term) -> bool {
        let timed = term.until != FOREVER;
        if timed || term.place.is_some() {
            let known = self.terms.entry(key).or_insert_with(|| term.clone());
            known.extend(term);
        }
        timed
    }

    fn row(&mut self, entity: EntityId) -> Option<&mut Row> {
        self.rows.get_mut(entity.index())
    }
}

/// The constants of a plan with the ids of their entities; nothing where one has none.
pub(super) fn constants(
    plan: &Plan,
    entity: &mut impl FnMut(TypeId, &str) -> Option<EntityId>,
) -> Option<Table<ConstantId, Datum>> {
    let mut found = true;
    let mut id = |ty, id: &str| {
        entity(ty, id).unwrap_or_else(|| {
            found = false;
            ANYONE
        })
    };
    let constants = plan.constants.rows().iter().map(|constant| {
        // The plan's constants fit their types: its compiler or its reader checked them.
        typed(
            &constant.value,
            &constant.ty,
            &|ty| plan.type_name(ty),
            &mut id,
        )
        .unwrap_or(Datum::Set(Box::default()))
    });
    let constants = constants.collect();
    found.then_some(constants)
}

impl Facts for Stage {
    fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn find_type(&self, name: &str) -> Option<TypeId> {
        self.plan.find_type(name)
    }

    fn intern(&mut self, ty: TypeId, id: &str) -> Option<EntityId> {
        let rows = &self.rows;
        let is = |entity: EntityId| rows.get(entity.index()).is_some_and(|row| row.ty() == ty);
        if let Some(found) = self.names.find(ty, id, is) {
            return Some(found);
        }
        if ty.0 >= super::MOST_TYPES {
            return None;
        }
        let entity = self.names.add(ty, id)?;
        self.rows.push(Row::new(ty));
        Some(entity)
    }

    fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        self.rows.get(entity.index()).map(|row| row.ty())
    }

    fn id_text(&self, entity: EntityId) -> Option<&str> {
        self.names.get(entity)
    }

    fn containers_of(&self, entity: EntityId) -> SmallVec<[EntityId; 4]> {
        let mut containers = SmallVec::new();
        let Some(row) = self
            .rows
            .get(entity.index())
            .filter(|row| row.parent != NONE)
        else {
            return containers;
        };
        containers.push(row.parent);
        if row.has(Flag::MORE_CONTAINERS) {
            containers.extend(
                self.more_containers
                    .get(&entity)
                    .into_iter()
                    .flatten()
                    .copied(),
            );
        }
        containers
    }

    fn nested_in(&self, entity: EntityId) -> SmallVec<[EntityId; 4]> {
        let nested = self.nested.get(&entity);
        nested.into_iter().flatten().copied().collect()
    }

    fn said(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        self.attributes.value(entity, column)
    }

    fn made_role(&self, place: EntityId, name: &str) -> Option<RoleId> {
        self.made.find(place, name)
    }

    fn made_roles(&self, place: EntityId) -> Vec<String> {
        self.made
            .at(place)
            .map(|(name, _)| name.to_string())
            .collect()
    }

    fn declare(&mut self, entity: EntityId) {
        if let Some(row) = self.row(entity) {
            row.set(Flag::DECLARED, true);
        }
    }

    fn contain(&mut self, entity: EntityId, container: EntityId) {
        let nested = self.type_of(entity) == self.type_of(container);
        let Some(row) = self.row(entity) else { return };
        if row.parent == container {
            return;
        }
        if row.parent == NONE {
            row.parent = container;
        } else {
            row.set(Flag::MORE_CONTAINERS, true);
            let more = self.more_containers.entry(entity).or_default();
            if more.contains(&container) {
                return;
            }
            more.push(container);
        }
        if nested {
            self.nested.entry(container).or_default().push(entity);
        }
    }

    fn join(&mut self, member: EntityId, group: EntityId, term: Term) {
        let timed = self.keep(TermKey::Membership(member, group), term);
        self.memberships.push((member, Tag::new(group.0, timed)));
    }

    fn say(&mut self, entity: EntityId, column: u32, datum: Datum) {
        self.attributes.say(entity, column, datum);
    }

    fn hold(&mut self, (place, holder, set, role): HoldingKey, term: Term) {
        match set {
            None => {
                let timed = self.keep(TermKey::Holding(place, holder, role), term);
                self.holdings
                    .push((place, (holder, Tag::new(role.0, timed))));
            }
            Some(set) => {
                let timed = self.keep(TermKey::SetHolding(place, holder, set, role), term);
                let edge = (holder, set, Tag::new(role.0, timed));
                self.set_holdings.push((place, edge));
            }
        }
    }

    fn share(&mut self, (entity, with, level): ShareKey, term: Term) {
        let timed = self.keep(TermKey::Share(entity, with, level), term);
        self.shares.push((entity, (with, Tag::new(level.0, timed))));
    }

    fn relate(&mut self, from: EntityId, relation: RelationId, to: EntityId) {
        self.relations.push((from, (relation, to)));
    }

    fn define(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> Result<(), Reason> {
        let ty = self.type_of(place).ok_or(Reason::TooMany)?;
        let plan = &self.plan;
        self.made
            .define(plan, (place, ty), name, permissions, description)
    }
}
