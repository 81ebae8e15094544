//! Facts: what is in what, who holds which role where, what is shared.
//!
//! A [`WorldBuilder`] takes facts one by one and refuses those that do not fit the policy; a
//! [`World`] is the form that questions are asked of. It is flat: dense ids, runs of edges, intervals
//! for what lies in what. What changes later stands beside it and is shared between copies, so a copy
//! costs nothing and stays as it is.

mod builder;
mod change;
mod edges;
mod fact;
mod fit;
mod freeze;
mod kinds;
mod made;
mod names;
mod refusal;
mod rows;
mod runs;
mod sorted;
mod stage;
mod terms;
mod tree;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use rpds::{HashTrieMapSync, VectorSync};
use rustc_hash::{FxBuildHasher, FxHasher};
use smallvec::SmallVec;

pub use builder::WorldBuilder;
pub(crate) use edges::Run;
pub use fact::{Fact, FactKind, Holder, Place};
pub(crate) use kinds::{Tag, TermKey};
pub(crate) use made::CustomRole;
pub use refusal::{Reason, Refusal};
pub(crate) use rows::{Flag, NONE, Row};
pub(crate) use terms::FOREVER;

use crate::literal::EntityName;
use crate::plan::{
    Cardinality, ConstantId, Datum, EntityId, Id, LevelId, Link, Plan, RelationId, Role, RoleId,
    Table, TypeId,
};
use kinds::{BaseEdges, ChangedEdges};
use made::MadeRoles;
use names::Names;
use sorted::Sorted;
use terms::{BaseTerms, ChangedTerms, Term};
use tree::Tree;

/// The holder that stands for everybody.
pub(crate) const ANYONE: EntityId = EntityId(u32::MAX);

/// Where what everybody holds is kept.
const ANYONES_PLACE: EntityId = EntityId(0);

/// How many entities a world has room for: an edge keeps one bit of an id for itself.
const MOST_ENTITIES: u32 = 1 << 31;

/// A membership, seen from either side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership {
    /// The group of a member, or the member of a group.
    pub(crate) other: EntityId,
    pub(crate) until: i64,
}

/// A role that is held at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holding {
    /// Who holds; [`ANYONE`] for everybody.
    pub(crate) holder: EntityId,
    /// Not the holder itself, but whoever has this role there: `Team:ml#Member`.
    pub(crate) set: Option<RoleId>,
    pub(crate) place: EntityId,
    pub(crate) role: RoleId,
    /// Whether it ends one day.
    timed: bool,
}

/// An entity in the window of a scope.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) entity: EntityId,
    pub(crate) with: EntityId,
    pub(crate) level: LevelId,
    timed: bool,
}

/// A role of the policy, or one that customers made.
#[derive(Clone, Copy)]
pub(crate) enum AnyRole<'w> {
    Declared(&'w Role),
    Custom(&'w CustomRole),
}

/// A map by dense id of which a copy shares all that has not changed.
type SharedMap<K, V> = HashTrieMapSync<K, V, BuildHasherDefault<FxHasher>>;

/// The types of a policy by name.
type TypeIndex = HashMap<String, TypeId, foldhash::fast::RandomState>;

/// What was there when the world was built, or put in order again.
#[derive(Debug, Default)]
pub(crate) struct Base {
    rows: Vec<Row>,
    names: Names,
    tree: Tree,
    /// The first entity of each type that has some, sorted by type and by entity; then one more.
    types: Vec<(TypeId, EntityId)>,
    edges: BaseEdges,
    terms: BaseTerms,
}

/// What has changed since; a copy shares all that does not change again.
#[derive(Clone, Debug, Default)]
struct Changed {
    rows: SharedMap<EntityId, Row>,
    /// New entities by name, whatever their types. Names come from outside, so the hash is keyed.
    by_name: HashTrieMapSync<Arc<str>, SmallVec<[(TypeId, EntityId); 1]>, foldhash::fast::RandomState>,
    /// The names of new entities; their ids begin where those of the base end.
    names: VectorSync<Arc<str>>,
    edges: ChangedEdges,
    terms: ChangedTerms,
    /// The entities that have left their first container, by number.
    detached: Sorted<(u32, EntityId)>,
    /// How many entities lack a container that they must have.
    lacking: usize,
    /// How many changes there were.
    count: usize,
}

/// All that is known at one moment of writing; answers questions through
/// [`Evaluator`](crate::Evaluator).
///
/// A copy costs a few counters, and what changes in one copy does not change in the other.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) plan: Arc<Plan>,
    types: Arc<TypeIndex>,
    /// The constants of the plan, with the ids that their entities have here.
    pub(crate) constants: Arc<Table<ConstantId, Datum>>,
    base: Arc<Base>,
    changed: Arc<Changed>,
    made: MadeRoles,
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
        (builder.into_world(), refused)
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

    /// How many ids of entities there are, known or not.
    pub(crate) fn entity_count(&self) -> usize {
        self.base.rows.len() + self.changed.names.len()
    }

    /// The type with this name.
    pub(crate) fn find_type(&self, name: &str) -> Option<TypeId> {
        self.types.get(name).copied()
    }

    /// The entity with this name, if any fact names it.
    pub(crate) fn find(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        let found = self.find_any(ty, id)?;
        self.is_known(found).then_some(found)
    }

    /// The entity with this name, if it has an id.
    fn find_any(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        let base = &self.base;
        let types = |entity: EntityId| base.rows.get(entity.index()).map(|row| row.ty());
        base.names.find(ty, id, types).or_else(|| {
            if self.changed.by_name.is_empty() {
                return None;
            }
            let named = self.changed.by_name.get(id)?.iter();
            let mut named = named.filter(|(of, _)| *of == ty);
            named.next().map(|(_, entity)| *entity)
        })
    }

    /// What is known of an entity without looking further.
    #[inline]
    pub(crate) fn row(&self, entity: EntityId) -> Option<Row> {
        if !self.changed.rows.is_empty()
            && let Some(row) = self.changed.rows.get(&entity)
        {
            return Some(*row);
        }
        self.base.rows.get(entity.index()).copied()
    }

    pub(crate) fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        // The type of an entity never changes; only a new one is not in the base.
        match self.base.rows.get(entity.index()) {
            Some(row) => Some(row.ty()),
            None => self.changed.rows.get(&entity).map(|row| row.ty()),
        }
    }

    fn has(&self, entity: EntityId, flag: Flag) -> bool {
        self.row(entity).is_some_and(|row| row.has(flag))
    }

    pub(crate) fn is_known(&self, entity: EntityId) -> bool {
        self.has(entity, Flag::KNOWN)
    }

    /// Whether its containers are all there, to the top.
    pub(crate) fn is_complete(&self, entity: EntityId) -> bool {
        if self.changed.lacking == 0 {
            return self.row(entity).is_some();
        }
        let mut open: SmallVec<[EntityId; 16]> = SmallVec::from_slice(&[entity]);
        // What many ways lead to is looked at once.
        let mut seen: HashSet<EntityId, FxBuildHasher> = HashSet::default();
        while let Some(at) = open.pop() {
            let Some(row) = self.row(at).filter(|row| !row.has(Flag::LACKING)) else {
                return false;
            };
            for container in self.containers_of_row(at, row) {
                if !row.has(Flag::MORE_CONTAINERS | Flag::CHANGED) || seen.insert(container) {
                    open.push(container);
                }
            }
        }
        true
    }

    /// Whether it has the containers that it must have.
    fn has_required(&self, entity: EntityId) -> bool {
        let Some(ty) = self.type_of(entity) else {
            return false;
        };
        let mut required = self.plan.types[ty].containers.iter();
        required.all(|(of, cardinality)| {
            *cardinality != Cardinality::One
                || self
                    .containers(entity)
                    .any(|container| self.type_of(container) == Some(*of))
        })
    }

    /// What an entity stands in.
    #[inline]
    pub(crate) fn containers(&self, entity: EntityId) -> Containers<'_> {
        match self.row(entity) {
            Some(row) => self.containers_of_row(entity, row),
            None => Containers::default(),
        }
    }

    #[inline]
    fn containers_of_row(&self, entity: EntityId, row: Row) -> Containers<'_> {
        let more = if row.has(Flag::MORE_CONTAINERS | Flag::CHANGED) {
            self.more_containers().of(entity)
        } else {
            Run::default()
        };
        Containers {
            first: row.parent,
            more,
        }
    }

    /// What stands right in an entity.
    pub(crate) fn contents(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        let detached = !self.changed.detached.is_empty();
        let children = self.base.tree.children(entity);
        let children = children
            .filter(move |child| !detached || self.row(*child).is_some_and(|row| row.parent == entity));
        children.chain(self.more_contents().of(entity).copied())
    }

    /// The known entities of a type: those of the base in the order of their containers, then the
    /// new ones.
    pub(crate) fn all_of(&self, ty: TypeId) -> impl Iterator<Item = EntityId> {
        let (first, end) = self.base.range(ty);
        let base = (first.0..end.0).map(EntityId);
        let new = self.base.rows.len()..self.entity_count();
        let new = new.map(EntityId::from_index);
        let new = new.filter(move |entity| self.type_of(*entity) == Some(ty));
        base.chain(new).filter(|entity| self.is_known(*entity))
    }

    /// The groups that an entity is in.
    pub(crate) fn memberships(&self, member: EntityId) -> impl Iterator<Item = Membership> {
        let groups = match self.row(member) {
            Some(row) if row.has(Flag::MEMBER | Flag::CHANGED) => self.groups().of(member),
            _ => Run::default(),
        };
        groups.map(move |tag| {
            let group = EntityId(tag.id());
            let key = TermKey::Membership(member, group);
            Membership {
                other: group,
                until: self.until(tag.timed(), key),
            }
        })
    }

    /// What is in a group.
    pub(crate) fn members_of(&self, group: EntityId) -> impl Iterator<Item = Membership> {
        self.members().of(group).map(move |tag| {
            let member = EntityId(tag.id());
            let key = TermKey::Membership(member, group);
            Membership {
                other: member,
                until: self.until(tag.timed(), key),
            }
        })
    }

    /// When an edge ends.
    #[inline]
    fn until(&self, timed: bool, key: TermKey) -> i64 {
        if timed { self.term(&key).until } else { FOREVER }
    }

    fn term(&self, key: &TermKey) -> &Term {
        let changed = self.changed.terms.get(key);
        changed.or_else(|| self.base.terms.get(key)).unwrap_or(&Term::PLAIN)
    }

    /// When a holding ends.
    #[inline]
    pub(crate) fn end(&self, holding: &Holding) -> i64 {
        if holding.timed {
            self.term(&holding.key()).until
        } else {
            FOREVER
        }
    }

    /// When a share ends.
    #[inline]
    pub(crate) fn share_end(&self, share: &Share) -> i64 {
        if share.timed {
            self.term(&share.key()).until
        } else {
            FOREVER
        }
    }

    /// Where a holding was stated.
    pub(crate) fn holding_place(&self, holding: &Holding) -> Option<&Place> {
        self.term(&holding.key()).place.as_deref()
    }

    /// Where a share was stated.
    pub(crate) fn share_place(&self, share: &Share) -> Option<&Place> {
        self.term(&share.key()).place.as_deref()
    }

    /// Everything that is held at a place by subjects and groups, sorted by holder.
    #[inline]
    pub(crate) fn holdings_at(&self, place: EntityId) -> impl Iterator<Item = Holding> {
        self.holders_at(place).map(move |edge| Holding::at(place, edge))
    }

    /// The holders at a place with their roles, sorted by holder.
    #[inline]
    pub(crate) fn holders_at(&self, place: EntityId) -> Run<'_, (EntityId, Tag)> {
        match self.row(place) {
            Some(row) if row.has(Flag::HELD_ON | Flag::CHANGED) => self.holdings().of(place),
            _ => Run::default(),
        }
    }

    /// What one holder holds at a place.
    #[inline]
    pub(crate) fn holdings_by(
        &self,
        place: EntityId,
        holder: EntityId,
    ) -> impl Iterator<Item = Holding> {
        let from = self.holdings().from(place, &(holder, Tag::new(0, false)));
        let own = from.take_while(move |(other, _)| *other == holder);
        own.map(move |edge| Holding::at(place, edge))
    }

    /// What a subject, a group or [`ANYONE`] holds, wherever.
    pub(crate) fn held_by(&self, holder: EntityId) -> impl Iterator<Item = Holding> {
        let run = if holder == ANYONE {
            self.held_by_anyone().of(ANYONES_PLACE)
        } else {
            self.held().of(holder)
        };
        run.map(move |(place, role)| Holding::at(*place, &(holder, *role)))
    }

    /// What sets hold at a place.
    #[inline]
    pub(crate) fn sets_at(&self, place: EntityId) -> impl Iterator<Item = Holding> {
        let run = match self.row(place) {
            Some(row) if row.has(Flag::SETS_HOLD_ON | Flag::CHANGED) => {
                self.set_holdings().of(place)
            }
            _ => Run::default(),
        };
        run.map(move |(of, set, role)| Holding {
            holder: *of,
            set: Some(*set),
            place,
            role: RoleId(role.id()),
            timed: role.timed(),
        })
    }

    /// Whether sets hold roles at a place.
    #[inline]
    pub(crate) fn has_sets_at(&self, place: EntityId) -> bool {
        self.row(place).is_some_and(|row| {
            row.has(Flag::SETS_HOLD_ON | Flag::CHANGED)
                && !self.set_holdings().of(place).is_empty()
        })
    }

    /// The places at which sets of those who hold a role here hold one.
    pub(crate) fn places_of_sets(&self, of: EntityId) -> impl Iterator<Item = EntityId> {
        self.set_held().of(of).map(|(_, place, _)| *place)
    }

    /// The windows in which an entity stands.
    #[inline]
    pub(crate) fn shares_of(&self, entity: EntityId) -> impl Iterator<Item = Share> {
        let run = match self.row(entity) {
            Some(row) if row.has(Flag::SHARED | Flag::CHANGED) => self.shares().of(entity),
            _ => Run::default(),
        };
        run.map(move |(with, level)| Share::new(entity, *with, *level))
    }

    /// What stands in the window of a scope.
    pub(crate) fn received_by(&self, with: EntityId) -> impl Iterator<Item = Share> {
        let run = self.received().of(with);
        run.map(move |(entity, level)| Share::new(*entity, with, *level))
    }

    /// The value of an attribute: what a fact says, else the default where the entity is known.
    pub(crate) fn attribute(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        self.said(entity, column).or_else(|| {
            let row = self.row(entity).filter(|row| row.has(Flag::KNOWN))?;
            let ty = self.plan.types.find(row.ty())?;
            let default = ty.attributes.get(column as usize)?.default?;
            self.constants.find(default)
        })
    }

    /// What a fact says of an attribute.
    fn said(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        let mut run = self.attributes().of(entity);
        run.find(|(of, _)| *of == column).map(|(_, datum)| datum)
    }

    pub(crate) fn related_by(
        &self,
        entity: EntityId,
        relation: RelationId,
    ) -> impl Iterator<Item = EntityId> {
        let run = self.relations().from(entity, &(relation, EntityId(0)));
        let run = run.take_while(move |(of, _)| *of == relation);
        run.map(|(_, target)| *target)
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
        let related = related.flat_map(move |relation| self.related_by(entity, relation));
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

    /// The entities that some `also` finds this one by.
    pub(crate) fn linked(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        let links = &self.plan.facets.links;
        let is_link = move |from: EntityId, link: Link| {
            let of = self.type_of(from);
            of.is_some_and(|of| links.binary_search(&(of, link)).is_ok())
        };
        let related = self.related().of(entity);
        let related = related.filter(move |(of, from)| is_link(*from, Link::Relation(*of)));
        let mentions = self.mentions().of(entity);
        let mentions = mentions.filter(move |(of, column)| is_link(*of, Link::Attribute(*column)));
        // Where nothing is said, the default names it.
        let by_default = links.iter().filter_map(move |(of, link)| {
            let Link::Attribute(column) = link else {
                return None;
            };
            let default = self.plan.types[*of].attributes.get(*column as usize)?.default?;
            let names = freeze::names(self.constants.find(default)?, entity);
            names.then_some((*of, *column))
        });
        let by_default = by_default.flat_map(move |(of, column)| {
            let all = self.all_of(of);
            all.filter(move |entity| self.said(*entity, column).is_none())
        });
        let said = related.map(|(_, from)| *from);
        said.chain(mentions.map(|(of, _)| *of)).chain(by_default)
    }

    /// The credentials that act for an owner.
    pub(crate) fn credentials_of(&self, owner: EntityId) -> impl Iterator<Item = EntityId> {
        let mentions = self.mentions().of(owner);
        let credentials = mentions.filter(|(of, column)| {
            let ty = self.type_of(*of).and_then(|ty| self.plan.types.find(ty));
            let acts_for = ty.and_then(|ty| ty.acts_for.as_ref());
            acts_for.is_some_and(|acts_for| acts_for.owner == *column)
        });
        credentials.map(|(of, _)| *of)
    }

    /// A role by its id; nothing for one that customers made and took away.
    #[inline]
    pub(crate) fn role(&self, role: RoleId) -> Option<AnyRole<'_>> {
        match self.plan.roles.find(role) {
            Some(declared) => Some(AnyRole::Declared(declared)),
            None => self.made.get(role).map(AnyRole::Custom),
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

    /// The id of an entity within its type.
    pub(crate) fn id_text(&self, entity: EntityId) -> Option<&str> {
        self.base.names.get(entity).or_else(|| {
            let index = entity.index().checked_sub(self.base.rows.len())?;
            self.changed.names.get(index).map(|name| &**name)
        })
    }

    /// The name of an entity.
    pub(crate) fn name(&self, entity: EntityId) -> EntityName {
        match (self.type_of(entity), self.id_text(entity)) {
            (Some(ty), Some(id)) => EntityName::new(self.plan.types[ty].name.as_str(), id),
            _ => EntityName::new("", ""),
        }
    }
}

impl Base {
    /// The entities of a type, from the first to before the last.
    fn range(&self, ty: TypeId) -> (EntityId, EntityId) {
        let count = EntityId::from_index(self.rows.len());
        match self.types.binary_search_by_key(&ty, |(of, _)| *of) {
            Ok(found) => {
                let start = self.types.get(found).map_or(count, |(_, first)| *first);
                let end = self.types.get(found + 1).map_or(count, |(_, first)| *first);
                (start, end)
            }
            Err(_) => (count, count),
        }
    }
}

impl Holding {
    fn at(place: EntityId, (holder, role): &(EntityId, Tag)) -> Self {
        Self {
            holder: *holder,
            set: None,
            place,
            role: RoleId(role.id()),
            timed: role.timed(),
        }
    }

    fn key(&self) -> TermKey {
        match self.set {
            None => TermKey::Holding(self.place, self.holder, self.role),
            Some(set) => TermKey::SetHolding(self.place, self.holder, set, self.role),
        }
    }
}

impl Share {
    fn new(entity: EntityId, with: EntityId, level: Tag) -> Self {
        Self {
            entity,
            with,
            level: LevelId(level.id()),
            timed: level.timed(),
        }
    }

    fn key(&self) -> TermKey {
        TermKey::Share(self.entity, self.with, self.level)
    }
}

/// What an entity stands in.
#[derive(Clone, Debug)]
pub(crate) struct Containers<'w> {
    first: EntityId,
    more: Run<'w, EntityId>,
}

impl Default for Containers<'_> {
    fn default() -> Self {
        Self {
            first: NONE,
            more: Run::default(),
        }
    }
}

impl Iterator for Containers<'_> {
    type Item = EntityId;

    #[inline]
    fn next(&mut self) -> Option<EntityId> {
        if self.first != NONE {
            return Some(std::mem::replace(&mut self.first, NONE));
        }
        self.more.next().copied()
    }
}
