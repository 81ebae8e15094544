//! What the evaluator runs: flat tables, masks over dense action ids, and conditions as nodes.
//!
//! A plan is made by the compiler and knows nothing of it. It can be written and read with serde;
//! reading checks every id in it, so that a damaged plan is refused and none can make the evaluator
//! panic.
//!
//! **Lanes.** The actions that can be asked of one type are numbered, and every 64 of them make a
//! *lane*. All masks are `u64` over one lane, so a walk carries one word, however many actions a
//! policy has.

mod by_name;
mod cells;
mod condition;
mod datum;
mod fingerprint;
mod holding;
mod ids;
mod nested;
mod only;
mod spelled;
mod validate;
mod value;
#[cfg(feature = "compiler")]
mod vary;

use serde::{Deserialize, Serialize};

pub(crate) use cells::{Cell, Cells, Says};
pub use condition::{Arithmetic, Comparison, Condition, Constant, Node, NodeRange};
#[cfg(feature = "compiler")]
pub(crate) use datum::type_name;
pub(crate) use datum::{Datum, Mismatch, typed};
pub(crate) use fingerprint::Fingerprint;

pub(crate) use holding::{
    ActionMasks, ActsFor, Also, AlsoStep, CustomRoles, EVERY_PERMISSION, Facets, Guard, Link,
    Permission, SimpleAlso,
};
pub use ids::{
    ActionId, ClauseId, ConditionId, ConstantId, EntityId, Id, LaneId, LevelId, NodeId, RelationId,
    RoleId, Table, TypeId,
};
pub(crate) use spelled::MeantAction;
#[cfg(feature = "compiler")]
pub(crate) use validate::MAX_OVERRIDDEN;
pub use validate::PlanError;
#[cfg(feature = "compiler")]
pub(crate) use value::MAX_TYPE_DEPTH;
pub use value::{Field, Value, ValueType};
#[cfg(feature = "compiler")]
pub(crate) use vary::Part;

/// How many actions one lane has room for.
pub const LANE_WIDTH: usize = 64;

/// The version of the form in which plans are written.
pub const PLAN_VERSION: u32 = 2;

/// A compiled policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "validate::Unchecked")]
pub struct Plan {
    /// The form in which it is written, [`PLAN_VERSION`].
    pub(crate) version: u32,
    pub(crate) types: Table<TypeId, Type>,
    pub(crate) actions: Table<ActionId, Action>,
    pub(crate) lanes: Table<LaneId, Lane>,
    pub(crate) roles: Table<RoleId, Role>,
    pub(crate) levels: Table<LevelId, Level>,
    pub(crate) relations: Table<RelationId, Relation>,
    pub(crate) context: Vec<Field>,
    pub(crate) conditions: Table<ConditionId, Condition>,
    pub(crate) nodes: Table<NodeId, Node>,
    /// Operands of the nodes that have any number of them.
    pub(crate) operands: Vec<NodeId>,
    /// For attributes that are read from entities of several types: the column in each.
    pub(crate) columns: Vec<(TypeId, u32)>,
    pub(crate) constants: Table<ConstantId, Constant>,
    pub(crate) clauses: Table<ClauseId, Clause>,
    /// What custom roles and credentials may name, sorted by name; empty where nothing does.
    pub(crate) permissions: Vec<Permission>,
    #[serde(skip)]
    pub(crate) facets: Facets,
    #[serde(skip)]
    pub(crate) fingerprint: Fingerprint,
}

/// The three kinds of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TypeKind {
    /// A type of principal.
    Subject,
    /// A container on which roles are held.
    Scope,
    /// A thing inside a scope or another resource.
    Resource,
}

/// How many containers of one type an entity stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cardinality {
    /// `in T`: exactly one.
    One,
    /// `in T?`: one or none.
    Optional,
    /// `in many T`: any number.
    Many,
}

/// A type of entities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Type {
    pub(crate) name: String,
    pub(crate) kind: TypeKind,
    /// What may be a member of it, where it is a set of subjects.
    pub(crate) members: Vec<TypeId>,
    pub(crate) containers: Vec<(TypeId, Cardinality)>,
    pub(crate) attributes: Vec<Field>,
    pub(crate) relations: Vec<RelationId>,
    /// The actions asked of it, in the order of their slots.
    pub(crate) actions: Vec<ActionId>,
    pub(crate) first_lane: LaneId,
    pub(crate) lane_count: u32,
    pub(crate) roles: Vec<RoleId>,
    /// The scopes that it may be shared with, and at which levels.
    pub(crate) shares: Vec<(TypeId, Vec<LevelId>)>,
    pub(crate) permits: Vec<ActionRule>,
    pub(crate) forbids: Vec<ActionRule>,
    pub(crate) reveals: Vec<SightRule>,
    pub(crate) hides: Vec<SightRule>,
    /// `visible by`: an action asked of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) visible_by: Option<(LaneId, u64)>,
    /// The bits of the types that it overrides.
    #[serde(default)]
    pub(crate) overrides: u64,
    /// Its own bit, where some type overrides it.
    #[serde(default)]
    pub(crate) overridden: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) custom_roles: Option<CustomRoles>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) acts_for: Option<ActsFor>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Action {
    pub(crate) name: String,
    /// The type that declares it.
    pub(crate) owner: TypeId,
    /// The types that it is asked of, each with its slot there.
    pub(crate) asked_of: Vec<(TypeId, u32)>,
}

/// At most 64 actions asked of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lane {
    pub(crate) of: TypeId,
    /// The actions in the order of their bits.
    pub(crate) actions: Vec<ActionId>,
}

/// A role with all that it has, what it includes counted in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) on: TypeId,
    /// The roles that a holder surely has with it, itself among them, sorted.
    pub(crate) implies: Vec<RoleId>,
    /// The included roles that have a guard of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) guarded: Vec<RoleId>,
    #[serde(default, skip_serializing_if = "Guard::is_empty")]
    pub(crate) guard: Guard,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Also>,
    /// Holders of roles of lower strata are known before those of this one are asked for.
    #[serde(default)]
    pub(crate) stratum: u32,
    /// `at most`, what the roles that it implies say counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ceiling: Option<(ActionMasks, ClauseId)>,
    /// Sorted by type.
    pub(crate) sights: Vec<Sight>,
    /// Sorted by lane.
    pub(crate) grants: Vec<Grant>,
}

/// `sees`: holders see the entities of a type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sight {
    #[serde(rename = "type")]
    pub(crate) of: TypeId,
    /// Only the entity itself on which the role is held.
    pub(crate) this: bool,
    pub(crate) condition: Option<ConditionId>,
    pub(crate) clause: ClauseId,
}

/// `can`: holders may take the actions of a mask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) lane: LaneId,
    pub(crate) mask: u64,
    pub(crate) condition: Option<ConditionId>,
    pub(crate) clause: ClauseId,
}

/// A level of a share: what goes through the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Level {
    pub(crate) name: String,
    pub(crate) masks: ActionMasks,
    pub(crate) clause: ClauseId,
}

/// A relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Relation {
    pub(crate) name: String,
    pub(crate) of: TypeId,
    pub(crate) targets: Vec<TypeId>,
}

/// `permit` or `forbid`, for one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActionRule {
    pub(crate) lane: LaneId,
    pub(crate) mask: u64,
    /// The subject types that it is for; empty for all.
    pub(crate) subjects: Vec<TypeId>,
    pub(crate) condition: Option<ConditionId>,
    pub(crate) clause: ClauseId,
}

/// `reveal` or `hide`, for one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SightRule {
    /// The subject types that it is for; empty for all.
    pub(crate) subjects: Vec<TypeId>,
    pub(crate) condition: Option<ConditionId>,
    pub(crate) clause: ClauseId,
}

/// Where something that can decide stands in the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Its text on one line, shortened where it is long.
    pub text: String,
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The role that it belongs to: `Member of Team`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What `@id` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What `@reason` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Level {
    /// What it lets through in a lane.
    pub(crate) fn mask(&self, lane: LaneId) -> u64 {
        self.masks.mask(lane)
    }
}

/// The elements with one key, among elements that are sorted by it.
#[inline]
fn run_of<T, K: Ord>(sorted: &[T], key: K, key_of: impl Fn(&T) -> K) -> &[T] {
    // Looking through a few is quicker than searching them.
    let (start, length) = if sorted.len() <= 8 {
        let start = sorted
            .iter()
            .take_while(|element| key_of(element) < key)
            .count();
        let rest = sorted.iter().skip(start);
        (
            start,
            rest.take_while(|element| key_of(element) == key).count(),
        )
    } else {
        let start = sorted.partition_point(|element| key_of(element) < key);
        let end = sorted.partition_point(|element| key_of(element) <= key);
        (start, end - start)
    };
    sorted.get(start..start + length).unwrap_or(&[])
}

impl Role {
    /// What holders see of a type.
    pub(crate) fn sights_of(&self, of: TypeId) -> &[Sight] {
        run_of(&self.sights, of, |sight| sight.of)
    }

    /// What holders may do, of one lane.
    pub(crate) fn grants_in(&self, lane: LaneId) -> &[Grant] {
        run_of(&self.grants, lane, |grant| grant.lane)
    }

    /// Whether a holder has that other role with it, or it is that role.
    pub(crate) fn gives(&self, role: RoleId) -> bool {
        self.implies.binary_search(&role).is_ok()
    }
}

impl Type {
    /// The lanes of the actions asked of it.
    pub(crate) fn lanes(&self) -> impl DoubleEndedIterator<Item = LaneId> + use<> {
        let first = self.first_lane.0;
        (first..first.saturating_add(self.lane_count)).map(LaneId)
    }
}

impl Plan {
    /// The lane and bit of an action asked of a type, where it can be.
    pub(crate) fn bit(&self, action: ActionId, of: TypeId) -> Option<(LaneId, u64)> {
        let (_, slot) = self
            .actions
            .find(action)?
            .asked_of
            .iter()
            .find(|(asked, _)| *asked == of)?;
        let width = LANE_WIDTH as u32;
        let lane = self
            .types
            .find(of)?
            .first_lane
            .0
            .checked_add(slot / width)?;
        Some((LaneId(lane), 1 << (slot % width)))
    }

    /// The name of a type.
    pub(crate) fn type_name(&self, ty: TypeId) -> &str {
        self.types.find(ty).map_or("", |ty| ty.name.as_str())
    }

    /// `Type.action`
    pub(crate) fn action_name(&self, action: ActionId) -> String {
        let action = &self.actions[action];
        format!("{}.{}", self.types[action.owner].name, action.name)
    }

    /// The names of the types, in the order of the policy.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        self.types.rows().iter().map(|ty| ty.name.as_str())
    }

    /// Whether facts alone do not tell who holds the roles of a type.
    pub(crate) fn is_derived(&self, ty: TypeId) -> bool {
        self.facets
            .derived
            .get(ty.index())
            .copied()
            .unwrap_or(false)
    }

    /// The roles of a type that `also` gives to those whom a link leads to; nothing where some role
    /// of the type says more of its holders.
    pub(crate) fn simple_also(&self, ty: TypeId) -> Option<&[SimpleAlso]> {
        self.facets.simple.get(ty.index())?.as_deref()
    }

    /// Whether nothing but an entity of the type itself tells who holds its roles, where no sets do.
    pub(crate) fn is_local(&self, ty: TypeId) -> bool {
        self.facets.local.get(ty.index()).copied().unwrap_or(false)
    }

    /// The names of the types whose entities may ask.
    pub fn subject_names(&self) -> impl Iterator<Item = &str> {
        let subjects = self
            .types
            .rows()
            .iter()
            .filter(|ty| ty.kind == TypeKind::Subject);
        subjects.map(|ty| ty.name.as_str())
    }

    /// The actions that can be asked of a type, as `Type.action`, in the order of the policy.
    pub fn actions_of(&self, type_name: &str) -> Vec<String> {
        let found = self.find_type(type_name);
        let actions = found.map_or(&[][..], |ty| &self.types[ty].actions);
        actions
            .iter()
            .map(|action| self.action_name(*action))
            .collect()
    }
}
