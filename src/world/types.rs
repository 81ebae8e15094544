//! The entities of the base by type: those of one type follow on each other.

use std::ops::Range;

use super::rows::Row;
use crate::plan::{EntityId, Id, Plan, TypeId};

/// Which entities have which type, so that nothing need be read of an entity to know its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Types {
    /// Of each type that has some, the first; sorted by both.
    firsts: Vec<(TypeId, EntityId)>,
    /// By type, all.
    ranges: Vec<Range<u32>>,
    /// How many entities there are.
    count: usize,
}

impl Types {
    /// Of so many entities of each type, types in order.
    pub(super) fn counted(counts: impl IntoIterator<Item = (TypeId, usize)>) -> Self {
        let mut types = Self::default();
        for (ty, count) in counts {
            types.firsts.push((ty, EntityId::from_index(types.count)));
            let first = EntityId::from_index(types.count).0;
            types.count += count;
            types.ranges.resize(ty.index(), 0..0);
            types
                .ranges
                .push(first..EntityId::from_index(types.count).0);
        }
        types
    }

    /// Of the entities that have these rows, if they stand type by type and each is one of the plan.
    pub(super) fn of_rows(plan: &Plan, rows: &[Row]) -> Option<Self> {
        let mut counts: Vec<(TypeId, usize)> = Vec::new();
        for row in rows {
            match counts.last_mut() {
                Some((last, count)) if *last == row.ty() => *count += 1,
                last => {
                    let follows = last.is_none_or(|(last, _)| *last < row.ty());
                    plan.types.find(row.ty()).filter(|_| follows)?;
                    counts.push((row.ty(), 1));
                }
            }
        }
        Some(Self::counted(counts))
    }

    /// The types that have entities, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = TypeId> + Clone {
        self.firsts.iter().map(|(ty, _)| *ty)
    }

    /// The type of an entity.
    pub(super) fn of(&self, entity: EntityId) -> Option<TypeId> {
        Some(self.firsts.get(self.index(entity)?)?.0)
    }

    /// Which of [`iter`](Self::iter) is the type of an entity.
    pub(super) fn index(&self, entity: EntityId) -> Option<usize> {
        if entity.index() >= self.count {
            return None;
        }
        let after = self.firsts.partition_point(|(_, first)| *first <= entity);
        after.checked_sub(1)
    }

    /// The first entity of that which [`index`](Self::index) tells.
    pub(super) fn first(&self, index: usize) -> Option<EntityId> {
        self.firsts.get(index).map(|(_, first)| *first)
    }

    /// The entities of a type.
    #[inline]
    pub(super) fn range(&self, ty: TypeId) -> Range<u32> {
        self.ranges.get(ty.index()).cloned().unwrap_or(0..0)
    }

    /// Whether an entity has a type.
    #[inline]
    pub(super) fn is(&self, entity: EntityId, ty: TypeId) -> bool {
        self.range(ty).contains(&entity.0)
    }
}
