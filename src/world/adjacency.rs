//! Edges from each entity, all in one list.

use crate::plan::{EntityId, Id};

/// For each entity a run of edges; runs stand one behind the other.
#[derive(Clone, Debug)]
pub(crate) struct Adjacency<T> {
    /// Where each run begins; one more than there are entities.
    starts: Vec<u32>,
    edges: Vec<T>,
}

impl<T> Adjacency<T> {
    /// Groups edges by the entity that they begin at, keeping their order. An edge of an entity
    /// beyond `entities` is left out.
    pub(super) fn new(entities: usize, edges: impl IntoIterator<Item = (EntityId, T)>) -> Self {
        let mut edges: Vec<(EntityId, T)> = edges.into_iter().collect();
        edges.sort_by_key(|(from, _)| *from);
        let mut starts = Vec::with_capacity(entities + 1);
        let mut at = 0;
        for entity in 0..=entities {
            while edges.get(at).is_some_and(|(from, _)| from.index() < entity) {
                at += 1;
            }
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        }
        Self {
            starts,
            edges: edges.into_iter().map(|(_, edge)| edge).collect(),
        }
    }

    /// Whether there are no edges at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// The edges of an entity; none for one that the world does not have.
    pub(crate) fn of(&self, entity: EntityId) -> &[T] {
        let run = || {
            let start = *self.starts.get(entity.index())? as usize;
            let end = *self.starts.get(entity.index() + 1)? as usize;
            self.edges.get(start..end)
        };
        run().unwrap_or(&[])
    }
}
