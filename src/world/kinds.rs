//! The kinds of edges that facts make, each from both of its ends.

use super::edges::{Edges, Patches, Stored};
use super::runs::Runs;
use super::said::Said;
use super::{Base, World};
use crate::plan::{EntityId, LevelId, RelationId, RoleId};

/// An id together with whether the edge ends one day; when, [`Terms`](super::terms::Terms) tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(u32);

impl Tag {
    pub(crate) fn new(id: u32, timed: bool) -> Self {
        Self(id << 1 | u32::from(timed))
    }

    pub(crate) fn id(self) -> u32 {
        self.0 >> 1
    }

    /// Both as one number.
    pub(super) fn bits(self) -> u32 {
        self.0
    }

    pub(super) fn of_bits(bits: u32) -> Self {
        Self(bits)
    }

    pub(crate) fn timed(self) -> bool {
        self.0 & 1 == 1
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $base:ty,)*) => {
        /// The edges that were there when the base was made.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct BaseEdges {
            $($(#[$doc])* pub(super) $name: $base,)*
        }

        /// What has changed of them since.
        #[derive(Clone, Debug, Default)]
        pub(super) struct ChangedEdges {
            $($(#[$doc])* pub(super) $name: Patches<<$base as Stored>::Edge>,)*
        }

        impl World {
            $($(#[$doc])*
            pub(crate) fn $name(&self) -> Edges<'_, $base> {
                Edges {
                    base: &self.base.edges.$name,
                    patches: &self.changed.edges.$name,
                }
            })*

        }

        impl BaseEdges {
            /// What they take in memory, in bytes.
            pub(super) fn bytes(&self) -> usize {
                0 $(+ self.$name.bytes())*
            }
        }

        impl ChangedEdges {
            $(pub(super) fn $name<'c>(
                &'c mut self,
                base: &'c Base,
            ) -> (&'c mut Patches<<$base as Stored>::Edge>, &'c $base) {
                (&mut self.$name, &base.edges.$name)
            })*
        }
    };
}

kinds! {
    /// By an entity, the containers that it has beside the first.
    more_containers: Runs<EntityId>,
    /// By a container, what stands in it beside what has it as the first container.
    more_contents: Runs<EntityId>,
    /// By a member, its groups.
    groups: Runs<Tag>,
    /// By a group, its members.
    members: Runs<Tag>,
    /// By the place at which they are held, who holds roles there, and which.
    holdings: Runs<(EntityId, Tag)>,
    /// By the holder, where it holds roles, and which.
    held: Runs<(EntityId, Tag)>,
    /// What everybody holds; all at the entity 0.
    held_by_anyone: Runs<(EntityId, Tag)>,
    /// By a place, the sets that hold roles there: where the set's own role is held, that role, and
    /// the role held here.
    set_holdings: Runs<(EntityId, RoleId, Tag)>,
    /// By where a set's own role is held, that role, the place at which the set holds one, and which.
    set_held: Runs<(RoleId, EntityId, Tag)>,
    /// By what is shared, the scopes that it is shared with, and at which level.
    shares: Runs<(EntityId, Tag)>,
    /// By a scope, what is shared with it.
    received: Runs<(EntityId, Tag)>,
    /// What leads from an entity.
    relations: Runs<(RelationId, EntityId)>,
    /// What leads to an entity.
    related: Runs<(RelationId, EntityId)>,
    /// By column.
    attributes: Said,
    /// By an entity, the attributes that name it: whose, and the column.
    mentions: Runs<(EntityId, u32)>,
}

impl World {
    /// Whether some edge begins or ends at an entity, but for its first container.
    pub(super) fn has_edges(&self, entity: EntityId) -> bool {
        let empty = self.more_containers().of(entity).is_empty()
            && self.more_contents().of(entity).is_empty()
            && self.groups().of(entity).is_empty()
            && self.members().of(entity).is_empty()
            && self.holdings().of(entity).is_empty()
            && self.held().of(entity).is_empty()
            && self.set_holdings().of(entity).is_empty()
            && self.set_held().of(entity).is_empty()
            && self.shares().of(entity).is_empty()
            && self.received().of(entity).is_empty()
            && self.relations().of(entity).is_empty()
            && self.related().of(entity).is_empty()
            && self.attributes().of(entity).is_empty()
            && self.mentions().of(entity).is_empty();
        !empty
    }
}

/// What an edge that may end is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TermKey {
    /// Member and group.
    Membership(EntityId, EntityId),
    /// Place, holder, role.
    Holding(EntityId, EntityId, RoleId),
    /// Place, where the set's own role is held, that role, role.
    SetHolding(EntityId, EntityId, RoleId, RoleId),
    /// What is shared, with which scope, level.
    Share(EntityId, EntityId, LevelId),
}
