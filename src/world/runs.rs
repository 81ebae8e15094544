//! Edges from each entity, flat.

use crate::plan::{EntityId, Id};

/// For each entity that has any, a sorted run of edges; the runs stand one behind the other.
///
/// Most entities have no edges of most kinds, so there is no place for each of them: a bit says
/// whether an entity has a run, and counting the bits before it says which (a rank vector, after
/// Jacobson 1989).
#[derive(Clone, Debug)]
pub(crate) struct Runs<T> {
    blocks: Vec<Block>,
    /// Where each run begins; one more than there are runs.
    starts: Vec<u32>,
    edges: Vec<T>,
}

/// Which of 64 entities have a run, and how many runs come before theirs.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    bits: u64,
    before: u32,
}

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            starts: vec![0],
            edges: Vec::new(),
        }
    }
}

impl<T> Runs<T> {
    /// Groups edges by the entity that they begin at; each is kept once.
    pub(super) fn new(edges: Vec<(EntityId, T)>) -> Self
    where
        T: Ord + Copy,
    {
        let mut runs = Self::default();
        let last = edges.iter().map(|(from, _)| from.index()).max();
        let (Some(last), Some((_, blank))) = (last, edges.first().copied()) else {
            return runs;
        };
        runs.blocks = vec![Block::default(); last / 64 + 1];
        for (from, _) in &edges {
            if let Some(block) = runs.blocks.get_mut(from.index() / 64) {
                block.bits |= 1 << (from.index() % 64);
            }
        }
        let mut count = 0;
        for block in &mut runs.blocks {
            block.before = count;
            count += block.bits.count_ones();
        }
        // Runs are counted out and then sorted each by itself: most have an edge or two, and sorting
        // all edges takes longer than all the rest of this.
        let mut next = vec![0; count as usize];
        for (from, _) in &edges {
            if let Some(next) = runs.index(*from).and_then(|run| next.get_mut(run)) {
                *next += 1;
            }
        }
        let mut start = 0;
        for next in &mut next {
            start += std::mem::replace(next, start);
        }
        let mut grouped = vec![blank; edges.len()];
        for (from, edge) in edges {
            if let Some(next) = runs.index(from).and_then(|run| next.get_mut(run)) {
                if let Some(place) = grouped.get_mut(*next) {
                    *place = edge;
                }
                *next += 1;
            }
        }
        // What was the beginning of each run is its end now.
        let end_of = |edges: usize| u32::try_from(edges).unwrap_or(u32::MAX);
        runs.starts.reserve_exact(next.len());
        runs.edges.reserve_exact(grouped.len());
        let mut start = 0;
        for end in next {
            let run = grouped.get_mut(start..end).unwrap_or(&mut []);
            run.sort_unstable();
            let different = run.chunk_by(PartialEq::eq).filter_map(<[T]>::first);
            runs.edges.extend(different.copied());
            runs.starts.push(end_of(runs.edges.len()));
            start = end;
        }
        runs.edges.shrink_to_fit();
        runs
    }

    /// Which entities have a run, where each run begins, and all edges.
    pub(super) fn parts(&self) -> (impl Iterator<Item = u64> + use<'_, T>, &[u32], &[T]) {
        let bits = self.blocks.iter().map(|block| block.bits);
        (bits, &self.starts, &self.edges)
    }

    /// How many blocks of 64 entities there are.
    pub(super) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The runs of these parts, if they are in order: a run for each bit, none empty, and each sorted
    /// without doubles.
    pub(super) fn of_parts(bits: Vec<u64>, starts: Vec<u32>, edges: Vec<T>) -> Option<Self>
    where
        T: Ord,
    {
        let mut before = 0u32;
        let mut blocks = Vec::with_capacity(bits.len());
        for bits in bits {
            blocks.push(Block { bits, before });
            before = before.checked_add(bits.count_ones())?;
        }
        let ends = (starts.first(), starts.last());
        let whole = starts.len() == before as usize + 1
            && ends == (Some(&0), Some(&u32::try_from(edges.len()).ok()?));
        let mut runs = starts.array_windows::<2>();
        let sorted = runs.all(|[start, end]| {
            let run = edges.get(*start as usize..*end as usize);
            run.is_some_and(|run| !run.is_empty() && run.is_sorted_by(|a, b| a < b))
        });
        (whole && sorted).then_some(Self {
            blocks,
            starts,
            edges,
        })
    }

    /// Each entity that has a run, with it, in order.
    pub(super) fn each(&self) -> impl Iterator<Item = (EntityId, &[T])> {
        let keys = self.keys(EntityId(0), EntityId(u32::MAX));
        let runs = self.starts.array_windows::<2>();
        keys.zip(runs).map(|(key, [start, end])| {
            let run = self.edges.get(*start as usize..*end as usize);
            (key, run.unwrap_or(&[]))
        })
    }

    /// Which run is that of an entity, if it has one.
    #[inline]
    fn index(&self, entity: EntityId) -> Option<usize> {
        let block = self.blocks.get(entity.index() / 64)?;
        let bit = 1u64 << (entity.index() % 64);
        if block.bits & bit == 0 {
            return None;
        }
        Some((block.before + (block.bits & (bit - 1)).count_ones()) as usize)
    }

    /// The edges of an entity; none for one that has none here.
    pub(crate) fn of(&self, entity: EntityId) -> &[T] {
        let run = || {
            let index = self.index(entity)?;
            let start = *self.starts.get(index)? as usize;
            let end = *self.starts.get(index + 1)? as usize;
            self.edges.get(start..end)
        };
        run().unwrap_or(&[])
    }

    /// The entities from `first` to before `end` that have a run, in order.
    pub(crate) fn keys(&self, first: EntityId, end: EntityId) -> impl Iterator<Item = EntityId> {
        let (first, end) = (first.index(), end.index().min(self.blocks.len() * 64));
        let blocks = self.blocks.iter().enumerate();
        let blocks = blocks
            .skip(first / 64)
            .take((end.div_ceil(64)).saturating_sub(first / 64));
        let keys = blocks.flat_map(|(index, block)| {
            let mut bits = block.bits;
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros() as usize;
                bits &= bits.wrapping_sub(1);
                (bit < 64).then_some(index * 64 + bit)
            })
        });
        let inside = keys.filter(move |key| first <= *key && *key < end);
        inside.map(EntityId::from_index)
    }

    /// How many edges there are.
    pub(crate) fn len(&self) -> usize {
        self.edges.len()
    }

    /// What it takes in memory, in bytes, but for what the edges point to.
    pub(crate) fn bytes(&self) -> usize {
        self.blocks.capacity() * size_of::<Block>()
            + self.starts.capacity() * size_of::<u32>()
            + self.edges.capacity() * size_of::<T>()
    }
}
