//! What is known of each entity without looking further.

use crate::plan::{EntityId, TypeId};

/// No entity.
pub(crate) const NONE: EntityId = EntityId(u32::MAX);

/// The type of an entity, its first container, and which further facts there are to look up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The container whose interval it lies in; [`NONE`] without one.
    pub(crate) parent: EntityId,
    /// The type, and below it the flags.
    tag: u32,
}

/// Something that is so of an entity.
#[derive(Clone, Copy)]
pub(crate) struct Flag(u32);

pub(super) const FLAG_BITS: u32 = 12;

impl Flag {
    /// Some fact names it.
    pub(crate) const KNOWN: Self = Self(1);
    /// Some fact is about the entity itself, not only about what is held on it or leads to it.
    pub(crate) const DECLARED: Self = Self(1 << 1);
    /// A container that it must have is missing.
    pub(crate) const LACKING: Self = Self(1 << 2);
    /// It has containers beside the first.
    pub(crate) const MORE_CONTAINERS: Self = Self(1 << 3);
    /// It is shared.
    pub(crate) const SHARED: Self = Self(1 << 4);
    /// Roles are held on it.
    pub(crate) const HELD_ON: Self = Self(1 << 5);
    /// Sets hold roles on it.
    pub(crate) const SETS_HOLD_ON: Self = Self(1 << 6);
    /// It is a member of groups.
    pub(crate) const MEMBER: Self = Self(1 << 7);
    /// Something about it has changed since the base was made: the flags of what there is to look up
    /// tell of the base alone.
    pub(crate) const CHANGED: Self = Self(1 << 8);
    /// Some membership of it, or of a group of it, ends one day.
    pub(crate) const LEAVES: Self = Self(1 << 9);
    /// Some set that holds a role on it is not told by facts alone.
    pub(crate) const NESTED_SETS: Self = Self(1 << 10);
    /// Of it, or of something that it lies in, the tree alone does not tell all ways up.
    pub(crate) const GATED: Self = Self(1 << 11);
}

impl std::ops::BitOr for Flag {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Row {
    /// An entity of which only the type is known.
    pub(crate) fn new(ty: TypeId) -> Self {
        Self {
            parent: NONE,
            tag: ty.0 << FLAG_BITS,
        }
    }

    /// The row as two numbers.
    pub(super) fn parts(self) -> (u32, u32) {
        (self.parent.0, self.tag)
    }

    pub(super) fn of_parts(parent: u32, tag: u32) -> Self {
        Self {
            parent: EntityId(parent),
            tag,
        }
    }

    pub(crate) fn ty(self) -> TypeId {
        TypeId(self.tag >> FLAG_BITS)
    }

    /// Whether some fact names it.
    pub(crate) fn is_known(self) -> bool {
        self.has(Flag::KNOWN)
    }

    /// Whether one of these flags is set.
    pub(crate) fn has(self, flag: Flag) -> bool {
        self.tag & flag.0 != 0
    }

    pub(crate) fn set(&mut self, flag: Flag, to: bool) {
        self.tag = if to {
            self.tag | flag.0
        } else {
            self.tag & !flag.0
        };
    }
}
