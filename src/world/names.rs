//! Names from outside to dense ids.

use std::hash::{BuildHasher, Hash, Hasher};
use std::hint::black_box;

use foldhash::quality::FixedState;

#[cfg(feature = "compiler")]
use super::ahead;
use super::rows::NONE;
use super::sum::Sum;
use crate::literal::is_same;
use crate::plan::{EntityId, Id, TypeId};

/// A place in the table. It has the span too, so that finding a name waits for memory twice: for the
/// place, and for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    /// The upper half of the hash.
    hash: u32,
    pub(super) entity: EntityId,
    span: u64,
}

/// A place that is free.
const FREE: Slot = Slot {
    hash: u32::MAX,
    entity: NONE,
    span: 0,
};

impl Slot {
    fn is_free(self) -> bool {
        self.entity == NONE
    }

    /// Hash and entity as they stand in a snapshot; the span follows on them.
    pub(super) fn first_word(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.entity.0)
    }

    pub(super) fn of_words(first: u64, span: u64) -> Self {
        Self {
            hash: (first >> 32) as u32,
            entity: EntityId(first as u32),
            span,
        }
    }
}

/// How long the id of an entity may be, in bytes.
pub(super) const LONGEST: usize = (1 << 24) - 1;

/// How many places a table of so many names has at least: more than names, so that a search comes to
/// an end, and soon.
fn room_for(names: usize) -> usize {
    names + names / 2 + 1
}

/// Where a text begins, and in the lowest 24 bits how long it is.
pub(super) fn span(start: usize, length: usize) -> u64 {
    (start as u64) << 24 | length as u64
}

/// The ids of entities by type and name: the text of all in one place, and an open table that leads
/// to it. Names come from outside, so the hash has a key that nobody can guess.
#[derive(Clone, Debug)]
pub(super) struct Names {
    text: String,
    /// For each entity where its name is.
    spans: Vec<u64>,
    /// In the order of the hashes, but for what had to go further because its place was taken.
    table: Vec<Slot>,
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
        self.text_at(*self.spans.get(entity.index())?)
    }

    fn text_at(&self, span: u64) -> Option<&str> {
        let start = usize::try_from(span >> 24).ok()?;
        let length = usize::try_from(span & 0xFF_FFFF).ok()?;
        self.text.get(start..start.checked_add(length)?)
    }

    /// Whether a name stands in a place.
    #[inline]
    fn is_at(&self, slot: Slot, name: &str) -> bool {
        let start = (slot.span >> 24) as usize;
        let text = self.text.as_bytes().get(start..start + name.len());
        (slot.span & 0xFF_FFFF) as usize == name.len()
            && text.is_some_and(|text| is_same(text, name.as_bytes()))
    }

    /// The entity of this type and name; `is` tells whether an entity has the type.
    pub(super) fn find(
        &self,
        ty: TypeId,
        name: &str,
        is: impl Fn(EntityId) -> bool,
    ) -> Option<EntityId> {
        self.find_hashed(self.hash(ty, name), name, is)
    }

    /// The hashes of two names, and where they most likely stand. Memory is waited for once for both,
    /// and the texts that they are compared with are on their way.
    #[inline]
    pub(super) fn foresee(&self, names: [(TypeId, &str); 2]) -> [(u32, Slot); 2] {
        let [one, other] = names.map(|(ty, name)| self.hash(ty, name));
        // Both are asked for before either is looked at.
        let first = (self.slot(self.first(one)), self.slot(self.first(other)));
        let (first, second) = black_box(first);
        let (found, also) = (self.likely(one, first), self.likely(other, second));
        let text = self.text.as_bytes();
        let start = |slot: Slot| text.get((slot.span >> 24) as usize).copied();
        black_box((start(found), start(also)));
        [(one, found), (other, also)]
    }

    /// The place that is most likely that of a name with this hash, from the first where it can be.
    #[inline]
    fn likely(&self, hash: u32, first: Slot) -> Slot {
        // The line of the cache that was read holds the next few too.
        let (mut at, mut slot) = (self.first(hash), first);
        while !slot.is_free() && slot.hash != hash {
            at = self.after(at);
            slot = self.slot(at);
        }
        slot
    }

    #[inline]
    fn slot(&self, at: usize) -> Slot {
        self.table.get(at).copied().unwrap_or(FREE)
    }

    /// The place after one; the table goes round.
    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 < self.table.len() { at + 1 } else { 0 }
    }

    /// As [`find`](Self::find), of a name that was foreseen.
    #[inline]
    pub(super) fn find_foreseen(
        &self,
        (hash, likely): (u32, Slot),
        name: &str,
        is: impl Fn(EntityId) -> bool,
    ) -> Option<EntityId> {
        if self.is_at(likely, name) && is(likely.entity) {
            return Some(likely.entity);
        }
        if likely.is_free() {
            return None;
        }
        self.find_hashed(hash, name, is)
    }

    fn find_hashed(
        &self,
        hash: u32,
        name: &str,
        is: impl Fn(EntityId) -> bool,
    ) -> Option<EntityId> {
        let mut at = self.first(hash);
        loop {
            let slot = self.slot(at);
            if slot.is_free() {
                return None;
            }
            if slot.hash == hash && self.is_at(slot, name) && is(slot.entity) {
                return Some(slot.entity);
            }
            at = self.after(at);
        }
    }

    /// Reads what finding these names will read, step by step for all of them, so that memory is
    /// waited for once a step; the entities that they are most likely of.
    #[cfg(feature = "compiler")]
    pub(super) fn warm<'n>(&self, names: impl Iterator<Item = (TypeId, &'n str)>) -> Vec<EntityId> {
        let hashes: Vec<u32> = names.map(|(ty, name)| self.hash(ty, name)).collect();
        let slots: Vec<Slot> = hashes
            .iter()
            .map(|hash| self.slot(self.first(*hash)))
            .collect();
        let found = hashes.iter().zip(slots).filter_map(|(hash, first)| {
            let found = self.likely(*hash, first);
            (!found.is_free()).then_some(found)
        });
        let found: Vec<Slot> = found.collect();
        let starts = found.iter().map(|slot| (slot.span >> 24) as usize);
        let bytes = starts.filter_map(|start| self.text.as_bytes().get(start));
        ahead::look(bytes.map(|byte| u32::from(*byte)));
        found.into_iter().map(|slot| slot.entity).collect()
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
        if room_for(self.spans.len() + 1) > self.table.len() {
            self.resize((self.table.len() * 2).max(16));
        }
        let span = span(self.text.len(), name.len());
        self.spans.push(span);
        self.text.push_str(name);
        let entity = EntityId(entity);
        self.place(Slot {
            hash: self.hash(ty, name),
            entity,
            span,
        });
        Some(entity)
    }

    /// The key of the hash, and the table.
    pub(super) fn parts(&self) -> (u64, &[Slot]) {
        (self.key, &self.table)
    }

    /// The names whose texts stand one behind the other, if the table leads to each of them and a
    /// search in it comes to an end.
    pub(super) fn of_parts(
        text: String,
        mut lengths: Vec<u64>,
        table: Vec<Slot>,
        key: u64,
    ) -> Option<Self> {
        let mut start = 0usize;
        // The table goes through the names in no order, so they are not looked up, but summed up.
        let mut sum = Sum::default();
        for (index, place) in lengths.iter_mut().enumerate() {
            let length = usize::try_from(*place).ok()?;
            if length > LONGEST || !text.is_char_boundary(start) {
                return None;
            }
            *place = span(start, length);
            sum.add((EntityId::from_index(index), *place));
            start = start.checked_add(length)?;
        }
        let spans = lengths;
        let free = table.is_empty() || table.len() > spans.len();
        if start != text.len() || text.len() > 1 << 40 || !free {
            return None;
        }
        for slot in &table {
            if !slot.is_free() {
                sum.take((slot.entity, slot.span));
            } else if *slot != FREE {
                return None;
            }
        }
        sum.is_even().then_some(Self {
            text,
            spans,
            table,
            key,
        })
    }

    /// Gives every entity another id.
    pub(super) fn renumber(&mut self, id: impl Fn(EntityId) -> EntityId) {
        for slot in self.table.iter_mut().filter(|slot| !slot.is_free()) {
            slot.entity = id(slot.entity);
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
        let room = room_for(self.spans.len());
        // Moving all of it to save little is not worth it.
        if room < self.table.len() - self.table.len() / 8 {
            self.resize(room);
        }
    }

    /// The upper half of the hash of a name: all that the table keeps, so it grows without reading
    /// the names again.
    fn hash(&self, ty: TypeId, name: &str) -> u32 {
        let mut hasher = FixedState::with_seed(self.key).build_hasher();
        ty.hash(&mut hasher);
        hasher.write(name.as_bytes());
        // Snapshots have 31 bits.
        (hasher.finish() >> 32) as u32 & !(1 << 31)
    }

    /// Where the search for a hash begins: as far into the table as the hash is into all hashes, so
    /// that the table may be of any length, and another length keeps the order.
    #[inline]
    fn first(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.table.len() as u64) >> 31) as usize
    }

    fn place(&mut self, slot: Slot) {
        let mut at = self.first(slot.hash);
        while !self.slot(at).is_free() {
            at = self.after(at);
        }
        if let Some(place) = self.table.get_mut(at) {
            *place = slot;
        }
    }

    /// Moves the table to one of another size, in which all of it has room.
    fn resize(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.table, vec![FREE; size]);
        for slot in old.into_iter().filter(|slot| !slot.is_free()) {
            self.place(slot);
        }
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.text.capacity()
            + self.spans.capacity() * size_of::<u64>()
            + self.table.capacity() * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a table that was read, each slot must lead to its own name, and each name must have one.
    #[test]
    fn a_table_that_leads_elsewhere_is_none() {
        let mut names = Names::default();
        for id in ["ann", "bob", "cleo", "dora", "eve"] {
            names.add(TypeId(0), id);
        }
        let read = |table: Vec<Slot>| {
            let lengths = names.spans.iter().map(|span| *span & 0xFF_FFFF).collect();
            Names::of_parts(names.text.clone(), lengths, table, names.key)
        };
        let whole = names.table.clone();
        assert!(read(whole.clone()).is_some());
        let taken = (0..whole.len()).filter(|at| whole.get(*at).is_some_and(|it| !it.is_free()));
        let taken: Vec<usize> = taken.collect();
        for (one, other) in taken.iter().zip(taken.iter().skip(1)) {
            let spoiled = |spoil: &dyn Fn(&mut Slot, Slot)| {
                let mut table = whole.clone();
                if let (Some(from), Some(slot)) = (whole.get(*other), table.get_mut(*one)) {
                    spoil(slot, *from);
                }
                read(table)
            };
            assert!(spoiled(&|slot, other| slot.entity = other.entity).is_none());
            assert!(spoiled(&|slot, other| slot.span = other.span).is_none());
            assert!(spoiled(&|slot, other| *slot = other).is_none());
            assert!(spoiled(&|slot, _| *slot = FREE).is_none());
            assert!(spoiled(&|slot, _| slot.entity = EntityId(5)).is_none());
            assert!(spoiled(&|slot, _| slot.entity = NONE).is_none());
        }
    }
}
