//! The edges of one kind: those that were there when the world was built, and what has changed.

use std::slice;

use super::SharedMap;
use super::runs::Runs;
use super::sorted::{self, Sorted};
use crate::plan::EntityId;

/// What has changed of the edges of one entity.
#[derive(Clone, Debug)]
pub(super) struct Patch<T> {
    added: Sorted<T>,
    removed: Sorted<T>,
}

impl<T> Default for Patch<T> {
    fn default() -> Self {
        Self {
            added: Sorted::default(),
            removed: Sorted::default(),
        }
    }
}

/// What has changed of the edges of one kind. A copy shares all that has not changed since.
#[derive(Clone, Debug)]
pub(super) struct Patches<T> {
    by_entity: SharedMap<EntityId, Patch<T>>,
}

impl<T> Default for Patches<T> {
    fn default() -> Self {
        Self {
            by_entity: SharedMap::default(),
        }
    }
}

/// The edges of one kind as they stand in a base.
pub(crate) trait Stored {
    type Edge: Ord + Clone + 'static;
    type Run<'b>: ExactSizeIterator<Item = &'b Self::Edge> + Clone + Default
    where
        Self: 'b;

    /// The edges of an entity, sorted.
    fn run(&self, entity: EntityId) -> Self::Run<'_>;

    /// Whether an entity has an edge.
    fn has(&self, entity: EntityId, edge: &Self::Edge) -> bool;

    /// The entities that have edges, in order.
    fn keys(&self) -> impl Iterator<Item = EntityId>;

    /// Whether there are none.
    fn is_empty(&self) -> bool;
}

impl<T: Ord + Clone + 'static> Stored for Runs<T> {
    type Edge = T;
    type Run<'b> = slice::Iter<'b, T>;

    #[inline]
    fn run(&self, entity: EntityId) -> slice::Iter<'_, T> {
        self.of(entity).iter()
    }

    fn has(&self, entity: EntityId, edge: &T) -> bool {
        self.of(entity).binary_search(edge).is_ok()
    }

    fn keys(&self) -> impl Iterator<Item = EntityId> {
        self.keys(EntityId(0), EntityId(u32::MAX))
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The edges of one kind, as they are now.
pub(crate) struct Edges<'w, B: Stored> {
    pub(super) base: &'w B,
    pub(super) patches: &'w Patches<B::Edge>,
}

impl<B: Stored> Clone for Edges<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B: Stored> Copy for Edges<'_, B> {}

impl<T: Ord + Clone> Patches<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.by_entity.is_empty()
    }

    /// Whether some edge of an entity has changed.
    pub(super) fn has(&self, from: EntityId) -> bool {
        !self.by_entity.is_empty() && self.by_entity.contains_key(&from)
    }

    /// The entities of which some edge has changed, in any order.
    pub(super) fn keys(&self) -> impl Iterator<Item = EntityId> {
        self.by_entity.keys().copied()
    }

    /// Adds an edge; whether it is new.
    pub(super) fn insert(&mut self, base: &impl Stored<Edge = T>, from: EntityId, edge: T) -> bool {
        let there = base.has(from, &edge);
        self.change(from, |patch| {
            if there {
                patch.removed.remove(&edge)
            } else {
                patch.added.insert(edge)
            }
        })
    }

    /// Takes an edge away; whether it was there.
    pub(super) fn remove(
        &mut self,
        base: &impl Stored<Edge = T>,
        from: EntityId,
        edge: &T,
    ) -> bool {
        let there = base.has(from, edge);
        self.change(from, |patch| {
            if there {
                patch.removed.insert(edge.clone())
            } else {
                patch.added.remove(edge)
            }
        })
    }

    fn change(&mut self, from: EntityId, change: impl FnOnce(&mut Patch<T>) -> bool) -> bool {
        match self.by_entity.get_mut(&from) {
            Some(patch) => {
                let changed = change(patch);
                if patch.added.is_empty() && patch.removed.is_empty() {
                    self.by_entity.remove_mut(&from);
                }
                changed
            }
            None => {
                let mut patch = Patch::default();
                let changed = change(&mut patch);
                if changed {
                    self.by_entity.insert_mut(from, patch);
                }
                changed
            }
        }
    }
}

impl<'w, B: Stored> Edges<'w, B> {
    /// The edges of an entity, sorted.
    #[inline]
    pub(crate) fn of(self, entity: EntityId) -> Run<'w, B::Edge, B::Run<'w>> {
        Run::new(self.base.run(entity), self.patch(entity))
    }

    pub(crate) fn contains(self, entity: EntityId, edge: &B::Edge) -> bool {
        match self.patch(entity) {
            Some(patch) if patch.added.contains(edge) => true,
            Some(patch) if patch.removed.contains(edge) => false,
            _ => self.base.has(entity, edge),
        }
    }

    fn patch(self, entity: EntityId) -> Option<&'w Patch<B::Edge>> {
        if self.patches.is_empty() {
            return None;
        }
        self.patches.by_entity.get(&entity)
    }

    /// Whether some edge of an entity has changed since the base was made.
    pub(super) fn is_changed(self, entity: EntityId) -> bool {
        self.patch(entity).is_some()
    }

    /// Whether there are no edges of this kind; some may be said to be there that were taken away.
    pub(crate) fn is_empty(self) -> bool {
        self.base.is_empty() && self.patches.is_empty()
    }

    /// Every edge with the entity that it begins at.
    pub(crate) fn iter(self) -> impl Iterator<Item = (EntityId, &'w B::Edge)> {
        let before = self.base.keys();
        let before = before.filter(move |from| self.patch(*from).is_none());
        let all = before.chain(self.patches.keys());
        all.flat_map(move |from| self.of(from).map(move |edge| (from, edge)))
    }
}

impl<'w, T: Ord + Clone + 'static> Edges<'w, Runs<T>> {
    /// The edges of an entity from this one on.
    pub(crate) fn from(self, entity: EntityId, first: &T) -> Run<'w, T> {
        let base = self.base.of(entity);
        // Looking through a few is quicker than searching them.
        let start = if base.len() <= 8 {
            base.iter().take_while(|edge| *edge < first).count()
        } else {
            base.partition_point(|edge| edge < first)
        };
        let base = base.get(start..).unwrap_or(&[]).iter();
        match self.patch(entity) {
            None => Run::new(base, None),
            Some(patch) => Run {
                base,
                changes: Some(Changes {
                    removed: patch.removed.from(first),
                    added: patch.added.from(first),
                }),
            },
        }
    }
}

/// The edges of one entity in order: those of the base with what has changed since.
#[derive(Debug)]
pub(crate) struct Run<'w, T, B = slice::Iter<'w, T>> {
    base: B,
    changes: Option<Changes<'w, T>>,
}

#[derive(Debug)]
struct Changes<'w, T> {
    removed: sorted::Iter<'w, T>,
    added: sorted::Iter<'w, T>,
}

impl<T> Clone for Changes<'_, T> {
    fn clone(&self) -> Self {
        Self {
            removed: self.removed.clone(),
            added: self.added.clone(),
        }
    }
}

impl<T, B: Clone> Clone for Run<'_, T, B> {
    fn clone(&self) -> Self {
        Self {
            base: self.base.clone(),
            changes: self.changes.clone(),
        }
    }
}

impl<T, B: Default> Default for Run<'_, T, B> {
    fn default() -> Self {
        Self {
            base: B::default(),
            changes: None,
        }
    }
}

impl<'w, T: Ord + Clone, B: ExactSizeIterator<Item = &'w T> + Clone> Run<'w, T, B> {
    fn new(base: B, patch: Option<&'w Patch<T>>) -> Self {
        let changes = patch.map(|patch| Changes {
            removed: patch.removed.iter(),
            added: patch.added.iter(),
        });
        Self { base, changes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self.changes {
            None => self.base.len() == 0,
            Some(_) => self.clone().next().is_none(),
        }
    }

    /// How many there are about: not fewer.
    pub(crate) fn at_most(&self) -> usize {
        let added = self.changes.as_ref();
        self.base.len() + added.map_or(0, |changes| changes.added.at_most())
    }
}

impl<'w, T: Ord> Changes<'w, T> {
    /// The next edge of those of the base and those of the patch.
    fn next(&mut self, base: &mut (impl Iterator<Item = &'w T> + Clone)) -> Option<&'w T> {
        loop {
            let mut rest = base.clone();
            let Some(first) = rest.next() else {
                return self.added.next();
            };
            if let Some(added) = self.added.peek()
                && added < first
            {
                return self.added.next();
            }
            *base = rest;
            match self.removed.peek() {
                // All that was removed stands in the base too, so it comes up in turn.
                Some(removed) if removed == first => {
                    self.removed.next();
                }
                _ => return Some(first),
            }
        }
    }
}

impl<'w, T: Ord, B: Iterator<Item = &'w T> + Clone> Iterator for Run<'w, T, B> {
    type Item = &'w T;

    #[inline]
    fn next(&mut self) -> Option<&'w T> {
        match &mut self.changes {
            None => self.base.next(),
            Some(changes) => changes.next(&mut self.base),
        }
    }
}
