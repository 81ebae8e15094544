//! Facts: what is in what, who holds which role where, what is shared.
//!
//! A [`WorldBuilder`] takes facts one by one and refuses those that do not fit the policy; a
//! [`World`] is the form that questions are asked of. It is flat: dense ids, runs of edges, intervals
//! for what lies in what. What changes later stands beside it and is shared between copies, so a copy
//! costs nothing and stays as it is.

mod ahead;
mod borrowed;
mod builder;
mod change;
mod derived;
mod edges;
mod fact;
mod fit;
mod freeze;
mod intake;
mod json;
mod kinds;
mod made;
mod names;
mod reach;
mod read;
mod records;
mod refusal;
mod rows;
mod runs;
mod said;
mod snapshot;
mod sorted;
mod stage;
mod sum;
mod take;
mod terms;
mod told;
mod tree;
mod types;

use std::hash::BuildHasherDefault;
use std::hint::black_box;
use std::sync::Arc;

use rpds::{HashTrieMapSync, VectorSync};
use rustc_hash::FxHasher;
use smallvec::SmallVec;

#[cfg(feature = "compiler")]
pub(crate) use borrowed::{FactRef, KindRef};
pub use builder::WorldBuilder;
pub(crate) use edges::Run;
pub use fact::{Fact, FactKind, Holder, Place};
pub(crate) use intake::Intake;
#[cfg(feature = "compiler")]
pub(crate) use json::{Attributes, JsonFact, Text, Texts};
pub(crate) use kinds::{Tag, TermKey};
pub(crate) use made::CustomRole;
pub(crate) use reach::{Hold, Places, Records};
pub use refusal::{Reason, Refusal};
pub(crate) use rows::{Flag, Row};
#[cfg(feature = "cli")]
pub(crate) use snapshot::MAGIC;
pub use snapshot::SnapshotError;
pub(crate) use terms::FOREVER;

use crate::plan::{ConstantId, Datum, EntityId, LevelId, Plan, Role, RoleId, Table, TypeId};
use kinds::{BaseEdges, ChangedEdges};
use made::MadeRoles;
use names::Names;
use reach::Reach;
use runs::Runs;
use sorted::Sorted;
use terms::{BaseTerms, ChangedTerms};
use tree::Tree;
use types::Types;

/// The holder that stands for everybody.
pub(crate) const ANYONE: EntityId = EntityId(u32::MAX);

/// Where what everybody holds is kept.
const ANYONES_PLACE: EntityId = EntityId(0);

/// How many entities a world has room for: an edge keeps one bit of an id for itself.
const MOST_ENTITIES: u32 = 1 << 31;

/// How many types a world can tell apart: the rest of a row is for flags.
const MOST_TYPES: u32 = 1 << (32 - rows::FLAG_BITS);

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

/// The entities of each name, whatever their types. Names come from outside, so the hash is keyed.
type NewNames =
    HashTrieMapSync<Arc<str>, SmallVec<[(TypeId, EntityId); 1]>, foldhash::quality::RandomState>;

/// In a world of fewer entities, some ten megabytes, memory answers so soon that the processor looks far
/// enough ahead by itself, and more would only take time. The worlds of tests are to go both ways.
const SMALL: usize = if cfg!(debug_assertions) { 24 } else { 1 << 17 };

/// What was there when the world was built, or put in order again.
#[derive(Debug, Default)]
pub(crate) struct Base {
    rows: Vec<Row>,
    names: Names,
    tree: Tree,
    types: Types,
    edges: BaseEdges,
    /// By a group that is in others, all groups around it, to any depth.
    closures: Runs<Tag>,
    terms: BaseTerms,
    /// Another one for each base of this process.
    lineage: u32,
    /// Another one for each base of any process: drawn by lot.
    stamp: u64,
}

/// What has changed since; a copy shares all that does not change again.
#[derive(Clone, Debug, Default)]
struct Changed {
    rows: SharedMap<EntityId, Row>,
    /// New entities by name.
    by_name: NewNames,
    /// The names of new entities; their ids begin where those of the base end.
    names: VectorSync<Arc<str>>,
    edges: ChangedEdges,
    terms: ChangedTerms,
    /// The entities that have left their first container, by number.
    detached: Sorted<(u32, EntityId)>,
    /// The entities of the base that something was put into, or shared with.
    entered: Sorted<EntityId>,
    /// The spans of entities from which other ways lead up than before, by their last and first
    /// numbers; none lies in another.
    disturbed: Sorted<(u32, u32)>,
    /// Whether a group has joined or left another.
    groups_moved: bool,
    /// How many entities lack a container that they must have.
    lacking: usize,
    /// How many changes there were.
    count: usize,
    /// Another one after each change.
    edition: u64,
}

/// All that is known at one moment of writing; answers questions through
/// [`Evaluator`](crate::Evaluator).
///
/// A copy costs a few counters, and what changes in one copy does not change in the other.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) plan: Arc<Plan>,
    /// The constants of the plan, with the ids that their entities have here.
    pub(crate) constants: Arc<Table<ConstantId, Datum>>,
    base: Arc<Base>,
    /// What follows from base and plan.
    reach: Arc<Reach>,
    changed: Arc<Changed>,
    made: MadeRoles,
}

/// How large a [`World`] is. What has changed since it was built or put in order is not counted, nor
/// are texts in attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldSize {
    /// How many entities have an id.
    pub entities: usize,
    /// What their names take, and finding an entity by its name, in bytes.
    pub names: usize,
    /// What the facts about them take, in bytes.
    pub facts: usize,
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
        let mut intake = Intake::new(plan);
        // A role that customers made must be there before somebody can hold it.
        let (roles, others): (Vec<_>, Vec<_>) = facts
            .into_iter()
            .enumerate()
            .partition(|(_, fact)| matches!(fact.kind, FactKind::CustomRole { .. }));
        for (index, fact) in roles.into_iter().chain(others) {
            intake.add(index, &(&fact).into(), || fact.place.clone());
        }
        intake.finish()
    }

    /// The plan of the policy that this world fits.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Tells worlds apart of which one was not made from the other by changes: the ids of entities
    /// mean nothing from one to another.
    pub(crate) fn lineage(&self) -> u32 {
        self.base.lineage
    }

    /// Tells this version of this world from all others, also from those of other processes.
    pub(crate) fn version(&self) -> (u64, u64) {
        (self.base.stamp, self.changed.edition)
    }

    /// What it takes in memory.
    pub fn size(&self) -> WorldSize {
        let base = &self.base;
        let rows = base.rows.capacity() * size_of::<Row>() + base.closures.bytes();
        WorldSize {
            entities: self.entity_count(),
            names: base.names.bytes(),
            facts: rows + base.tree.bytes() + base.edges.bytes() + self.reach.bytes(),
        }
    }

    /// Asks the same facts of another plan, which has the same types, roles, levels and names.
    #[cfg(feature = "compiler")]
    pub(crate) fn set_plan(&mut self, plan: &Arc<Plan>) {
        self.plan = Arc::clone(plan);
        self.reach = Arc::default();
    }

    /// How many ids of entities there are, known or not.
    pub(crate) fn entity_count(&self) -> usize {
        self.base.rows.len() + self.changed.names.len()
    }

    /// The type with this name.
    pub(crate) fn find_type(&self, name: &str) -> Option<TypeId> {
        self.plan.find_type(name)
    }

    /// The entity with this name, if any fact names it.
    pub(crate) fn find(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        let found = self.find_any(ty, id)?;
        self.is_known(found).then_some(found)
    }

    /// The entity with this name, if it has an id: the policy may name one that no fact does.
    #[inline]
    pub(crate) fn find_any(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        let base = &self.base;
        let found = base.names.find(ty, id, |entity| base.types.is(entity, ty));
        found.or_else(|| self.find_new(ty, id))
    }

    /// As [`find_any`](Self::find_any), the subject and the resource of a question. What is read of
    /// them first is on its way while their names are compared.
    #[inline]
    pub(crate) fn find_both(
        &self,
        subject: (TypeId, &str),
        resource: (TypeId, &str),
    ) -> (Option<EntityId>, Option<EntityId>) {
        let base = &self.base;
        if base.rows.len() < SMALL {
            let find = |(ty, id)| self.find_any(ty, id);
            return (find(subject), find(resource));
        }
        let [by, on] = base.names.foresee([subject, resource]);
        let likely = by.1.entity;
        black_box(self.read_first((subject.0, likely), on.1.entity));
        black_box(self.read_record(subject.0, likely));
        let find = |foreseen, (ty, id)| {
            let is = |entity| base.types.is(entity, ty);
            let found = base.names.find_foreseen(foreseen, id, is);
            found.or_else(|| self.find_new(ty, id))
        };
        (find(by, subject), find(on, resource))
    }

    fn find_new(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        if self.changed.by_name.is_empty() {
            return None;
        }
        let mut named = self.changed.by_name.get(id)?.iter();
        let found = named.find(|(of, _)| *of == ty);
        found.map(|(_, entity)| *entity)
    }
}

impl Base {
    fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        self.types.of(entity)
    }

    /// The entities of a type, from the first to before the last.
    fn range(&self, ty: TypeId) -> (EntityId, EntityId) {
        let range = self.types.range(ty);
        (EntityId(range.start), EntityId(range.end))
    }
}

impl Holding {
    pub(crate) fn at(place: EntityId, (holder, role): &(EntityId, Tag)) -> Self {
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
