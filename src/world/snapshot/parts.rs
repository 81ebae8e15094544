//! The parts of a snapshot, written and read.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::Arc;

use super::SnapshotError;
use super::attributes;
use super::bytes::{Input, Output};
use crate::plan::{EntityId, Id, LevelId, Plan, RelationId, RoleId};
use crate::world::fact::Place;
use crate::world::kinds::{BaseEdges, Tag, TermKey};
use crate::world::names::{self, Names, Slot};
use crate::world::rows::Row;
use crate::world::runs::Runs;
use crate::world::terms::{BaseTerms, Term};

const SHAPE: SnapshotError = SnapshotError::Damaged("its edges");

pub(super) fn write_rows<W: Write>(out: &mut Output<'_, W>, rows: &[Row]) -> io::Result<()> {
    for row in rows {
        let (parent, tag) = row.parts();
        out.u32(parent)?;
        out.u32(tag)?;
    }
    Ok(())
}

pub(super) fn read_rows<R: Read>(
    input: &mut Input<R>,
    count: u64,
) -> Result<Vec<Row>, SnapshotError> {
    input.values(count, |bytes: [u8; 8]| {
        let both = u64::from_le_bytes(bytes);
        Row::of_parts(both as u32, (both >> 32) as u32)
    })
}

/// The texts stand in the order of ids, so that only their lengths are needed beside them; the table
/// has all that it has in memory, so that it is read in one go.
pub(super) fn write_names<W: Write>(
    out: &mut Output<'_, W>,
    names: &Names,
    count: usize,
) -> io::Result<()> {
    let entities = (0..count).map(EntityId::from_index);
    let name = |entity| names.get(entity).unwrap_or("");
    out.count(count)?;
    let mut spans = Vec::with_capacity(count);
    let mut start = 0;
    for entity in entities.clone() {
        let length = name(entity).len();
        out.u32(u32::try_from(length).unwrap_or(u32::MAX))?;
        spans.push(names::span(start, length));
        start += length;
    }
    out.count(start)?;
    for entity in entities {
        out.bytes(name(entity).as_bytes())?;
    }
    let (key, table) = names.parts();
    out.u64(key)?;
    out.count(table.len())?;
    for slot in table {
        let span = spans.get(slot.entity.index()).copied().unwrap_or_default();
        out.u64(slot.first_word())?;
        out.u64(span)?;
    }
    Ok(())
}

/// Names as they were read.
pub(super) struct ReadNames {
    text: String,
    lengths: Vec<u64>,
    table: Vec<Slot>,
    key: u64,
}

impl ReadNames {
    pub(super) fn count(&self) -> usize {
        self.lengths.len()
    }

    /// The names; nothing where they are damaged.
    pub(super) fn checked(self) -> Option<Names> {
        Names::of_parts(self.text, self.lengths, self.table, self.key)
    }
}

pub(super) fn read_names<R: Read>(input: &mut Input<R>) -> Result<ReadNames, SnapshotError> {
    let count = input.u64()?;
    let lengths = input.values(count, |length| u64::from(u32::from_le_bytes(length)))?;
    let text = input.text()?;
    let key = input.u64()?;
    let slots = input.u64()?;
    let table = input.values(slots, |bytes: [u8; 16]| {
        let both = u128::from_le_bytes(bytes);
        Slot::of_words(both as u64, (both >> 64) as u64)
    })?;
    Ok(ReadNames {
        text,
        lengths,
        table,
        key,
    })
}

pub(super) fn read_edges<R: Read>(
    input: &mut Input<R>,
    plan: &Plan,
) -> Result<BaseEdges, SnapshotError> {
    Ok(BaseEdges {
        more_containers: read_runs(input)?,
        more_contents: read_runs(input)?,
        groups: read_runs(input)?,
        members: read_runs(input)?,
        holdings: read_runs(input)?,
        held: read_runs(input)?,
        held_by_anyone: read_runs(input)?,
        set_holdings: read_runs(input)?,
        set_held: read_runs(input)?,
        shares: read_runs(input)?,
        received: read_runs(input)?,
        relations: read_runs(input)?,
        related: read_runs(input)?,
        attributes: attributes::read(input, plan)?,
        mentions: read_runs(input)?,
    })
}

/// An edge as at most three numbers.
pub(super) trait Words: Sized {
    const COUNT: usize;
    fn words(&self) -> [u32; 3];
    fn of(words: [u32; 3]) -> Self;
}

macro_rules! words {
    ($($edge:ty, $count:literal, $self:ident => $words:expr, $of:pat => $edge_of:expr;)*) => {$(
        impl Words for $edge {
            const COUNT: usize = $count;
            fn words(&self) -> [u32; 3] {
                let $self = self;
                $words
            }
            fn of($of: [u32; 3]) -> Self {
                $edge_of
            }
        }
    )*};
}

words! {
    EntityId, 1, it => [it.0, 0, 0], [a, ..] => EntityId(a);
    Tag, 1, it => [it.bits(), 0, 0], [a, ..] => Tag::of_bits(a);
    (EntityId, Tag), 2, it => [it.0.0, it.1.bits(), 0], [a, b, _] => (EntityId(a), Tag::of_bits(b));
    (EntityId, RoleId, Tag), 3, it => [it.0.0, it.1.0, it.2.bits()],
        [a, b, c] => (EntityId(a), RoleId(b), Tag::of_bits(c));
    (RoleId, EntityId, Tag), 3, it => [it.0.0, it.1.0, it.2.bits()],
        [a, b, c] => (RoleId(a), EntityId(b), Tag::of_bits(c));
    (RelationId, EntityId), 2, it => [it.0.0, it.1.0, 0], [a, b, _] => (RelationId(a), EntityId(b));
    u32, 1, it => [*it, 0, 0], [a, ..] => a;
    (EntityId, u32), 2, it => [it.0.0, it.1, 0], [a, b, _] => (EntityId(a), b);
}

fn write_shape<W: Write, T>(out: &mut Output<'_, W>, runs: &Runs<T>) -> io::Result<()> {
    let (blocks, starts, edges) = runs.parts();
    out.count(runs.block_count())?;
    for bits in blocks {
        out.u64(bits)?;
    }
    out.count(starts.len())?;
    for start in starts {
        out.u32(*start)?;
    }
    out.count(edges.len())
}

pub(super) fn write_runs<W: Write, T: Words>(
    out: &mut Output<'_, W>,
    runs: &Runs<T>,
) -> io::Result<()> {
    write_shape(out, runs)?;
    for edge in runs.parts().2 {
        for word in edge.words().into_iter().take(T::COUNT) {
            out.u32(word)?;
        }
    }
    Ok(())
}

/// Which entities have runs, where each begins, and how many edges there are.
type Shape = (Vec<u64>, Vec<u32>, u64);

fn read_shape<R: Read>(input: &mut Input<R>) -> Result<Shape, SnapshotError> {
    let blocks = input.u64()?;
    let blocks = input.u64s(blocks)?;
    let starts = input.u64()?;
    let starts = input.u32s(starts)?;
    Ok((blocks, starts, input.u64()?))
}

pub(super) fn read_runs<R: Read, T: Words + Ord>(
    input: &mut Input<R>,
) -> Result<Runs<T>, SnapshotError> {
    let (blocks, starts, count) = read_shape(input)?;
    let edges = match T::COUNT {
        1 => input.values(count, |bytes: [u8; 4]| {
            T::of([u32::from_le_bytes(bytes), 0, 0])
        })?,
        2 => input.values(count, |bytes: [u8; 8]| {
            let both = u64::from_le_bytes(bytes);
            T::of([both as u32, (both >> 32) as u32, 0])
        })?,
        _ => input.values(count, |bytes: [u8; 12]| {
            let (words, _) = bytes.as_chunks::<4>();
            let word = |at: usize| words.get(at).copied().map_or(0, u32::from_le_bytes);
            T::of([word(0), word(1), word(2)])
        })?,
    };
    Runs::of_parts(blocks, starts, edges).ok_or(SHAPE)
}

pub(super) fn write_terms<W: Write>(out: &mut Output<'_, W>, terms: &BaseTerms) -> io::Result<()> {
    let mut files: HashMap<&str, u32> = HashMap::new();
    let mut names: Vec<&str> = Vec::new();
    let places = terms.values().filter_map(|term| term.place.as_deref());
    for place in places {
        files.entry(&place.file).or_insert_with(|| {
            names.push(&place.file);
            u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
        });
    }
    out.count(names.len())?;
    for name in names {
        out.text(name)?;
    }
    out.count(terms.len())?;
    for (key, term) in terms {
        let (kind, words) = match *key {
            TermKey::Membership(member, group) => (0, [member.0, group.0, 0, 0]),
            TermKey::Holding(place, holder, role) => (1, [place.0, holder.0, role.0, 0]),
            TermKey::SetHolding(place, at, set, role) => (2, [place.0, at.0, set.0, role.0]),
            TermKey::Share(entity, with, level) => (3, [entity.0, with.0, level.0, 0]),
        };
        out.u8(kind)?;
        for word in words {
            out.u32(word)?;
        }
        out.u64(term.until.cast_unsigned())?;
        match term.place.as_deref() {
            None => out.u32(u32::MAX)?,
            Some(place) => {
                out.u32(files.get(&*place.file).copied().unwrap_or(u32::MAX))?;
                out.u32(place.line)?;
                out.u32(place.column)?;
            }
        }
    }
    Ok(())
}

pub(super) fn read_terms<R: Read>(input: &mut Input<R>) -> Result<BaseTerms, SnapshotError> {
    let damaged = || SnapshotError::Damaged("its ends");
    let mut files: Vec<Arc<str>> = Vec::new();
    for _ in 0..input.u64()? {
        files.push(input.text()?.into());
    }
    let mut terms = BaseTerms::default();
    for _ in 0..input.u64()? {
        let kind = input.u8()?;
        let (a, b, c, d) = (input.u32()?, input.u32()?, input.u32()?, input.u32()?);
        let key = match kind {
            0 => TermKey::Membership(EntityId(a), EntityId(b)),
            1 => TermKey::Holding(EntityId(a), EntityId(b), RoleId(c)),
            2 => TermKey::SetHolding(EntityId(a), EntityId(b), RoleId(c), RoleId(d)),
            3 => TermKey::Share(EntityId(a), EntityId(b), LevelId(c)),
            _ => return Err(damaged()),
        };
        let until = input.u64()?.cast_signed();
        let place = match input.u32()? {
            u32::MAX => None,
            file => Some(Arc::new(Place {
                file: Arc::clone(files.get(file as usize).ok_or_else(damaged)?),
                line: input.u32()?,
                column: input.u32()?,
            })),
        };
        if terms.insert(key, Term { until, place }).is_some() {
            return Err(damaged());
        }
    }
    Ok(terms)
}
