//! Names from outside to dense ids.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::quality::FixedState;

use super::rows::NONE;
use crate::plan::{EntityId, Id, TypeId};

/// No entity has this place in the table.
const FREE: u64 = u64::MAX;

/// How long the id of an entity may be, in bytes.
pub(super) const LONGEST: usize = (1 << 24) - 1;

/// The ids of entities by type and name: the text of all in one place, and an open table that leads
/// to it. Names come from outside, so the hash has a key that nobody can guess.
#[derive(Clone, Debug)]
pub(super) struct Names {
    text: String,
    /// For each entity where its name begins, and in the lowest 24 bits how long it is.
    spans: Vec<u64>,
    /// 32 bits of the hash, then the entity. The length is a power of two.
    table: Vec<u64>,
    key: u64,
}

impl Default for Names {
    fn default() -> Self {
        let random = foldhash::quality::RandomState::default();
        Self {
            text: String::new(),
            spans: Vec::new(),
            table: Vec::new(),
            key: random.hash_one(0u64),
        }
    }
}

impl Names {
    /// The name of an entity.
    pub(super) fn get(&self, entity: EntityId) -> Option<&str> {
        let span = *self.spans.get(entity.index())?;
        let start = usize::try_from(span >> 24).ok()?;
        let length = usize::try_from(span & 0xFF_FFFF).ok()?;
        self.text.get(start..start.checked_add(length)?)
    }

    /// The entity of this type and name; `types` tells what type an entity has.
    pub(super) fn find(
        &self,
        ty: TypeId,
        name: &str,
        types: impl Fn(EntityId) -> Option<TypeId>,
    ) -> Option<EntityId> {
        self.find_hashed(self.hash(ty, name), ty, name, types)
    }

    /// The entities of two names, as [`find`](Self::find) has them. `ahead` is told of the likely ones
    /// early: what it reads of them is there when it is needed, and memory is waited for once.
    pub(super) fn find_two(
        &self,
        names: [(TypeId, &str); 2],
        types: impl Fn(EntityId) -> Option<TypeId>,
        ahead: impl FnOnce([EntityId; 2]),
    ) -> [Option<EntityId>; 2] {
        let hashes = names.map(|(ty, name)| self.hash(ty, name));
        let slots = hashes.map(|hash| {
            let first = self.first(hash).and_then(|at| self.table.get(at));
            first.map_or(NONE, |slot| EntityId((*slot & u64::from(u32::MAX)) as u32))
        });
        let spans = slots.map(|entity| self.spans.get(entity.index()).copied().unwrap_or(0));
        ahead(slots);
        let texts = spans.map(|span| self.text.as_bytes().get((span >> 24) as usize).copied());
        std::hint::black_box(texts);
        let [a, b] = names;
        let [first, second] = hashes;
        [
            self.find_hashed(first, a.0, a.1, &types),
            self.find_hashed(second, b.0, b.1, &types),
        ]
    }

    fn find_hashed(
        &self,
        hash: u64,
        ty: TypeId,
        name: &str,
        types: impl Fn(EntityId) -> Option<TypeId>,
    ) -> Option<EntityId> {
        let mut at = self.first(hash)?;
        loop {
            let slot = *self.table.get(at)?;
            if slot == FREE {
                return None;
            }
            let entity = EntityId((slot & u64::from(u32::MAX)) as u32);
            if slot >> 32 == hash >> 32
                && self.get(entity) == Some(name)
                && types(entity) == Some(ty)
            {
                return Some(entity);
            }
            at = (at + 1) & (self.table.len() - 1);
        }
    }

    /// Reads what finding these names will read, step by step for all of them, so that memory is
    /// waited for once a step; the entities that they are most likely of.
    #[cfg(feature = "compiler")]
    pub(super) fn warm<'n>(&self, names: impl Iterator<Item = (TypeId, &'n str)>) -> Vec<EntityId> {
        let mask = self.table.len().saturating_sub(1);
        let hashes: Vec<u64> = names.map(|(ty, name)| self.hash(ty, name)).collect();
        let slot = |at: usize| self.table.get(at & mask).copied().unwrap_or(FREE);
        let slots: Vec<u64> = hashes.iter().map(|hash| slot(spread(*hash))).collect();
        let found = hashes.iter().zip(slots).filter_map(|(hash, first)| {
            // The line of the cache that was read holds the next few too.
            let (mut at, mut next) = (spread(*hash), first);
            while next != FREE && next >> 32 != hash >> 32 {
                at += 1;
                next = slot(at);
            }
            (next != FREE).then_some(EntityId((next & u64::from(u32::MAX)) as u32))
        });
        let found: Vec<EntityId> = found.collect();
        let spans = found
            .iter()
            .filter_map(|entity| self.spans.get(entity.index()));
        let starts: Vec<usize> = spans.map(|span| (span >> 24) as usize).collect();
        let bytes = starts
            .iter()
            .filter_map(|start| self.text.as_bytes().get(*start));
        std::hint::black_box(bytes.fold(0, |sum: u8, byte| sum.wrapping_add(*byte)));
        found
    }

    /// Adds a name that is not there. The ids are given out in order; there is none left when 2^31
    /// are, and a name that is too long gets none.
    pub(super) fn add(&mut self, ty: TypeId, name: &str) -> Option<EntityId> {
        if name.len() > LONGEST || self.text.len() >= 1 << 40 {
            return None;
        }
        let entity = u32::try_from(self.spans.len())
            .ok()
            .filter(|id| *id < super::MOST_ENTITIES)?;
        if (self.spans.len() + 1) * 3 > self.table.len() * 2 {
            self.grow();
        }
        self.spans
            .push((self.text.len() as u64) << 24 | name.len() as u64);
        self.text.push_str(name);
        self.place(self.hash(ty, name) >> 32 << 32 | u64::from(entity));
        Some(EntityId(entity))
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The key of the hash, and the table.
    pub(super) fn parts(&self) -> (u64, &[u64]) {
        (self.key, &self.table)
    }

    /// The names whose texts stand one behind the other, if the table leads to each of them and a
    /// search in it comes to an end.
    pub(super) fn of_parts(
        text: String,
        lengths: &[u32],
        table: Vec<u64>,
        key: u64,
    ) -> Option<Self> {
        let mut spans = Vec::with_capacity(lengths.len());
        let mut start = 0usize;
        for length in lengths {
            let length = *length as usize;
            if length > LONGEST || !text.is_char_boundary(start) {
                return None;
            }
            spans.push((start as u64) << 24 | length as u64);
            start = start.checked_add(length)?;
        }
        let room = table.len().is_power_of_two() || table.is_empty();
        let free = table.is_empty() || table.len() > spans.len();
        if start != text.len() || text.len() > 1 << 40 || !room || !free {
            return None;
        }
        let mut seen = vec![false; spans.len()];
        let mut count = 0;
        for slot in table.iter().filter(|slot| **slot != FREE) {
            let place = seen.get_mut((*slot & u64::from(u32::MAX)) as usize)?;
            if std::mem::replace(place, true) {
                return None;
            }
            count += 1;
        }
        (count == spans.len()).then_some(Self {
            text,
            spans,
            table,
            key,
        })
    }

    /// Gives every entity another id.
    pub(super) fn renumber(&mut self, id: impl Fn(EntityId) -> EntityId) {
        for slot in self.table.iter_mut().filter(|slot| **slot != FREE) {
            let entity = id(EntityId((*slot & u64::from(u32::MAX)) as u32));
            *slot = *slot >> 32 << 32 | u64::from(entity.0);
        }
        let mut spans = vec![0; self.spans.len()];
        for (index, span) in self.spans.iter().enumerate() {
            if let Some(place) = spans.get_mut(id(EntityId::from_index(index)).index()) {
                *place = *span;
            }
        }
        self.spans = spans;
    }

    /// Gives back what was kept for further names.
    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.spans.shrink_to_fit();
    }

    fn hash(&self, ty: TypeId, name: &str) -> u64 {
        let mut hasher = FixedState::with_seed(self.key).build_hasher();
        ty.hash(&mut hasher);
        hasher.write(name.as_bytes());
        // All bits set would look like a free place.
        hasher.finish() & !(1 << 63)
    }

    /// Where the search for a hash begins. 31 of its bits are in the table, so it grows without
    /// reading the names again.
    fn first(&self, hash: u64) -> Option<usize> {
        let mask = self.table.len().checked_sub(1)?;
        Some(spread(hash) & mask)
    }

    fn place(&mut self, slot: u64) {
        let Some(mut at) = self.first(slot) else {
            return;
        };
        let mask = self.table.len() - 1;
        while self.table.get(at).is_some_and(|slot| *slot != FREE) {
            at = (at + 1) & mask;
        }
        if let Some(place) = self.table.get_mut(at) {
            *place = slot;
        }
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(16);
        let old = std::mem::replace(&mut self.table, vec![FREE; size]);
        for slot in old.into_iter().filter(|slot| *slot != FREE) {
            self.place(slot);
        }
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity() + (self.spans.capacity() + self.table.capacity()) * 8
    }
}

/// The upper half of a hash, which is what the table keeps.
fn spread(hash: u64) -> usize {
    (hash >> 32) as usize
}
