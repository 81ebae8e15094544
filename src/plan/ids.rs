//! Dense ids, and tables that they index.

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

/// A dense id: the place of a thing in its [`Table`].
pub trait Id: Copy {
    /// The id of the thing at this place.
    fn from_index(index: usize) -> Self;
    /// The place of the thing with this id.
    fn index(self) -> usize;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl Id for $name {
            fn from_index(index: usize) -> Self {
                // No table reaches 2^32: sources and plans are bounded long before.
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

ids! {
    /// A subject, scope or resource type.
    TypeId
    /// An action of a type.
    ActionId
    /// A role of a type.
    RoleId
    /// A level of a share.
    LevelId
    /// A relation of a type.
    RelationId
    /// A block of at most 64 actions that are asked of one type: what one mask covers.
    LaneId
    /// A place in the policy that can decide: a clause of a role, a level, a rule.
    ClauseId
    /// A condition.
    ConditionId
    /// A node of a condition.
    NodeId
    /// An entity of a world.
    EntityId
    /// A constant in a condition, or the default of an attribute.
    ConstantId
}

/// A list that is indexed by the ids of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table<I, T> {
    rows: Vec<T>,
    #[serde(skip)]
    ids: PhantomData<fn(I) -> I>,
}

impl<I, T> Default for Table<I, T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            ids: PhantomData,
        }
    }
}

impl<I: Id, T> Table<I, T> {
    /// Adds a row and returns its id.
    #[cfg(feature = "compiler")]
    pub fn push(&mut self, row: T) -> I {
        let id = I::from_index(self.rows.len());
        self.rows.push(row);
        id
    }

    /// Keeps the first `len` rows.
    #[cfg(feature = "compiler")]
    pub(crate) fn truncate(&mut self, len: usize) {
        self.rows.truncate(len);
    }

    /// The row of an id that may be of another table.
    pub fn find(&self, id: I) -> Option<&T> {
        self.rows.get(id.index())
    }

    /// How many rows there are.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The ids in order.
    #[cfg(feature = "compiler")]
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + use<I, T> {
        (0..self.rows.len()).map(I::from_index)
    }

    /// The rows with their ids, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (I, &T)> {
        self.rows
            .iter()
            .enumerate()
            .map(|(index, row)| (I::from_index(index), row))
    }

    /// The rows in order.
    pub fn rows(&self) -> &[T] {
        &self.rows
    }
}

impl<I: Id, T> FromIterator<T> for Table<I, T> {
    fn from_iter<It: IntoIterator<Item = T>>(rows: It) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            ids: PhantomData,
        }
    }
}

/// Ids come from the table that they index: from its `push`, or checked by `Plan::validate` when
/// a plan is read. So this indexing cannot miss.
#[allow(clippy::indexing_slicing, reason = "ids are made with their table")]
impl<I: Id, T> std::ops::Index<I> for Table<I, T> {
    type Output = T;
    fn index(&self, id: I) -> &T {
        &self.rows[id.index()]
    }
}

#[allow(clippy::indexing_slicing, reason = "ids are made with their table")]
impl<I: Id, T> std::ops::IndexMut<I> for Table<I, T> {
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.rows[id.index()]
    }
}
