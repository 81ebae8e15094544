//! The containers of the base as intervals: what an entity holds, to any depth, is one of them.

use super::rows::{NONE, Row};
use super::runs::Runs;
use crate::plan::{EntityId, Id};

/// Entities numbered in pre-order along their first containers.
///
/// Ids are given out type by type, and within a type in this order; so what lies in a container is,
/// of each type, an interval of ids too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// By entity, its number.
    pub(super) number: Vec<u32>,
    /// By an entity in which something lies, the number of the last that does.
    last: Runs<u32>,
    /// The entities in the order of their numbers.
    pub(super) order: Vec<EntityId>,
}

/// Entities in pre-order along their parents, which must make no circle; what is in one is left out.
pub(super) fn pre_order(rows: &[Row]) -> Vec<EntityId> {
    let count = rows.len();
    let parent = |entity: EntityId| rows.get(entity.index()).map_or(NONE, |row| row.parent);
    // The children of each, in the order of their ids, as one list; a counting sort.
    let mut starts = vec![0u32; count + 1];
    for row in rows {
        if let Some(start) = starts.get_mut(row.parent.index().saturating_add(1)) {
            *start += 1;
        }
    }
    let mut sum = 0;
    for start in &mut starts {
        sum += *start;
        *start = sum;
    }
    let mut next = starts.clone();
    let mut children = vec![NONE; sum as usize];
    for entity in (0..count).map(EntityId::from_index) {
        if let Some(at) = next.get_mut(parent(entity).index()) {
            if let Some(child) = children.get_mut(*at as usize) {
                *child = entity;
            }
            *at += 1;
        }
    }
    let children_of = |entity: EntityId| {
        let start = starts.get(entity.index()).copied().unwrap_or(0) as usize;
        let end = starts.get(entity.index() + 1).copied().unwrap_or(0) as usize;
        children.get(start..end).unwrap_or(&[])
    };
    let mut order = Vec::with_capacity(count);
    let mut open: Vec<EntityId> = Vec::new();
    for root in (0..count).map(EntityId::from_index) {
        if parent(root) != NONE {
            continue;
        }
        open.push(root);
        while let Some(entity) = open.pop() {
            order.push(entity);
            open.extend(children_of(entity).iter().rev());
        }
    }
    order
}

impl Tree {
    /// The tree of entities in this order, if it is the one that their rows tell: whatever stands in
    /// something follows on it, and the ids of a type are in order too.
    pub(super) fn of_order(order: Vec<EntityId>, rows: &[Row]) -> Option<Self> {
        const OPEN: u32 = u32::MAX;
        let mut number = vec![OPEN; rows.len()];
        let mut last: Vec<(EntityId, u32)> = Vec::new();
        // What the next one may stand in, the innermost last, with their numbers.
        let mut open: Vec<(EntityId, u32)> = Vec::new();
        let mut close = |(entity, number): (EntityId, u32), end: u32| {
            if number < end {
                last.push((entity, end));
            }
        };
        for (at, entity) in (0u32..).zip(&order) {
            let row = rows.get(entity.index())?;
            let place = number.get_mut(entity.index())?;
            if *place != OPEN {
                return None;
            }
            *place = at;
            while let Some(top) = open.pop_if(|(top, _)| *top != row.parent) {
                close(top, at.checked_sub(1)?);
            }
            if open.is_empty() && row.parent != NONE {
                return None;
            }
            open.push((*entity, at));
        }
        let end = u32::try_from(order.len()).ok()?.wrapping_sub(1);
        open.into_iter().for_each(|entity| close(entity, end));
        let mut pairs = rows.array_windows::<2>().zip(number.array_windows::<2>());
        let ordered = pairs.all(|([row, next], [a, b])| row.ty() != next.ty() || a < b);
        (order.len() == rows.len() && ordered).then(|| Self {
            number,
            last: Runs::new(last),
            order,
        })
    }

    /// The numbers of an entity and of all that lies in it, first and last; nothing for one that is
    /// not in the base.
    pub(crate) fn span(&self, entity: EntityId) -> Option<(u32, u32)> {
        let number = *self.number.get(entity.index())?;
        let last = self.last.of(entity).first();
        Some((number, last.copied().unwrap_or(number)))
    }

    pub(crate) fn number(&self, entity: EntityId) -> u32 {
        self.number.get(entity.index()).copied().unwrap_or(u32::MAX)
    }

    /// What stands right in an entity, in order.
    pub(crate) fn children(&self, entity: EntityId) -> impl Iterator<Item = EntityId> + use<'_> {
        let (mut next, last) = match self.span(entity) {
            Some((number, last)) => (number.saturating_add(1), last),
            None => (1, 0),
        };
        std::iter::from_fn(move || {
            if next > last {
                return None;
            }
            let child = *self.order.get(next as usize)?;
            next = self.span(child)?.1.saturating_add(1);
            Some(child)
        })
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        (self.number.capacity() + self.order.capacity()) * size_of::<u32>() + self.last.bytes()
    }
}
