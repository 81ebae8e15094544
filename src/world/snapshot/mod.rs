//! Worlds as bytes: written once, and opened by reading them in one go.
//!
//! The tables of the base stand in the file as they stand in memory; what can be worked out in the
//! order in which it is read is left out. What is read is checked as a plan is (`valid`): no id can
//! miss, no walk can go in circles, and both directions of every kind of edge say the same.

mod bytes;
mod datum;
mod valid;

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Read, Write};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

pub(super) use bytes::{Input, Output};

use super::fact::Place;
use super::kinds::{BaseEdges, Tag, TermKey};
use super::made::MadeRoles;
use super::names::{self, Names, Slot};
use super::reach::Reach;
use super::rows::Row;
use super::runs::Runs;
use super::said::Said;
use super::stage;
use super::terms::{BaseTerms, Term};
use super::tree::Tree;
use super::{Base, Changed, World, freeze};
use crate::plan::{EntityId, Id, LevelId, Plan, RelationId, RoleId, TypeId};

/// How every snapshot begins; no text does.
pub(crate) const MAGIC: [u8; 8] = *b"\x89WARD\r\n\x1a";

/// The version of the form in which snapshots are written.
const VERSION: u32 = 4;

/// A snapshot that cannot be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes are something else.
    NotASnapshot,
    /// Written in a form that this version does not read.
    Version(u32),
    /// Written for another policy.
    OtherPolicy,
    /// Cut off or changed; which part of it is named.
    Damaged(&'static str),
    /// The bytes cannot be read.
    Io(io::Error),
}

impl SnapshotError {
    /// The code of the error, as the errors page has it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotASnapshot => "E0801",
            Self::Version(_) => "E0802",
            Self::OtherPolicy => "E0803",
            Self::Damaged(_) => "E0804",
            Self::Io(_) => "E0805",
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotASnapshot => "name a file that `ward world build` wrote",
            Self::Version(_) => "build it again with this version of Ward",
            Self::OtherPolicy => {
                "build it again with this policy, or name the policy that it was built with"
            }
            Self::Damaged(_) => "build it again from its facts, or copy it again",
            Self::Io(_) => "see whether the file is there and may be read",
        }
    }
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASnapshot => f.write_str("this is no snapshot of a world"),
            Self::Version(found) => {
                write!(
                    f,
                    "the snapshot has version {found}, and version {VERSION} is read"
                )
            }
            Self::OtherPolicy => f.write_str("the snapshot belongs to another policy"),
            Self::Damaged(part) => write!(f, "the snapshot is damaged ({part})"),
            Self::Io(error) => write!(f, "the snapshot cannot be read: {error}"),
        }
    }
}

impl std::error::Error for SnapshotError {}

impl From<io::Error> for SnapshotError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged("it ends too early"),
            _ => Self::Io(error),
        }
    }
}

impl World {
    /// Writes the world as bytes that [`World::read_snapshot`] opens. What has changed since it was
    /// built is put in order first.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn write_snapshot(&self, writer: &mut impl Write) -> io::Result<()> {
        if self.changes() > 0 || !self.changed.rows.is_empty() {
            return self.compacted().write_snapshot(writer);
        }
        let mut out = Output::new(writer);
        out.bytes(&MAGIC)?;
        out.u32(VERSION)?;
        out.u64(self.plan.fingerprint())?;
        let base = &self.base;
        write_names(&mut out, &base.names, base.rows.len())?;
        for row in &base.rows {
            let (parent, tag) = row.parts();
            out.u32(parent)?;
            out.u32(tag)?;
        }
        for entity in &base.tree.order {
            out.u32(entity.0)?;
        }
        let edges = &base.edges;
        write_runs(&mut out, &edges.more_containers)?;
        write_runs(&mut out, &edges.more_contents)?;
        write_runs(&mut out, &edges.groups)?;
        write_runs(&mut out, &edges.members)?;
        write_runs(&mut out, &edges.holdings)?;
        write_runs(&mut out, &edges.held)?;
        write_runs(&mut out, &edges.held_by_anyone)?;
        write_runs(&mut out, &edges.set_holdings)?;
        write_runs(&mut out, &edges.set_held)?;
        write_runs(&mut out, &edges.shares)?;
        write_runs(&mut out, &edges.received)?;
        write_runs(&mut out, &edges.relations)?;
        write_runs(&mut out, &edges.related)?;
        write_said(&mut out, &edges.attributes)?;
        write_runs(&mut out, &edges.mentions)?;
        write_terms(&mut out, &base.terms)?;
        self.made.write(&mut out)?;
        out.finish()
    }

    /// Opens what [`World::write_snapshot`] wrote for the same policy.
    ///
    /// All of it is checked: what is damaged, cut off, or of another policy or version is refused.
    /// The checksum tells accidents, and is no signature: whoever can write the file can state any
    /// fact.
    ///
    /// # Errors
    ///
    /// Why it cannot be opened.
    pub fn read_snapshot(plan: Arc<Plan>, reader: impl Read) -> Result<Self, SnapshotError> {
        let mut input = Input::new(reader);
        let first = input.u64().map_err(|error| match error {
            SnapshotError::Damaged(_) => SnapshotError::NotASnapshot,
            other => other,
        })?;
        if first.to_le_bytes() != MAGIC {
            return Err(SnapshotError::NotASnapshot);
        }
        match input.u32()? {
            VERSION => {}
            other => return Err(SnapshotError::Version(other)),
        }
        if input.u64()? != plan.fingerprint() {
            return Err(SnapshotError::OtherPolicy);
        }
        // What stands in no order in memory is gone through beside the reading.
        let names = read_names(&mut input)?;
        let count = names.lengths.len() as u64;
        let mut names = Some(names);
        let (names, read) = both(
            || names.take()?.checked(),
            || -> Result<_, SnapshotError> {
                let rows = input.pairs(count)?.into_iter();
                let rows: Vec<Row> = rows
                    .map(|(parent, tag)| Row::of_parts(parent, tag))
                    .collect();
                let order = input.u32s(count)?.into_iter();
                let mut order: Vec<EntityId> = order.map(EntityId).collect();
                let (tree, edges) = both(
                    || Tree::of_order(std::mem::take(&mut order), &rows),
                    || read_edges(&mut input, &plan),
                );
                Ok((rows, tree, edges?))
            },
        );
        let (rows, tree, edges) = read?;
        let names = names.ok_or(SnapshotError::Damaged("its names"))?;
        let terms = read_terms(&mut input)?;
        let types = valid::types(&plan, &rows)?;
        let type_of = |entity: EntityId| rows.get(entity.index()).map(|row| row.ty());
        let made = MadeRoles::read(&mut input, &plan, type_of)?;
        input.finish()?;
        let tree = tree.ok_or(SnapshotError::Damaged("its tree"))?;
        let mut base = Base {
            rows,
            names,
            tree,
            types,
            edges,
            closures: Runs::default(),
            terms,
            lineage: freeze::next_lineage(),
            stamp: freeze::new_stamp(),
        };
        // What follows needs no sound base to come to an end, so it is worked out meanwhile.
        base.derive(&plan);
        let (reach, lacking) = both(
            || Reach::new(&plan, &base),
            || valid::base(&plan, &base, &made),
        );
        let lacking = lacking?;
        let constants = stage::constants(&plan, &mut |ty: TypeId, id: &str| {
            let types = |entity: EntityId| base.rows.get(entity.index()).map(|row| row.ty());
            base.names.find(ty, id, types)
        });
        let constants = constants.ok_or(SnapshotError::Damaged("its constants"))?;
        Ok(Self {
            types: Arc::new(stage::type_index(&plan)),
            plan,
            constants: Arc::new(constants),
            base: Arc::new(base),
            reach: Arc::new(reach),
            changed: Arc::new(Changed::none(lacking)),
            made,
        })
    }
}

/// Does both, on two cores where there can be a second thread.
fn both<A: Send, B>(mut one: impl FnMut() -> A + Send, other: impl FnOnce() -> B) -> (A, B) {
    let (done, other) = thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, &mut one);
        let other = other();
        let joined = |thread: ScopedJoinHandle<'_, A>| thread.join();
        let done = thread.ok().map(joined);
        (done, other)
    });
    let done = done.map(|done| done.unwrap_or_else(|panic| resume_unwind(panic)));
    (done.unwrap_or_else(one), other)
}

const SHAPE: SnapshotError = SnapshotError::Damaged("its edges");

/// The texts stand in the order of ids, so that only their lengths are needed beside them; the table
/// has all that it has in memory, so that it is read in one go.
fn write_names<W: Write>(out: &mut Output<'_, W>, names: &Names, count: usize) -> io::Result<()> {
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
struct ReadNames {
    text: String,
    lengths: Vec<u32>,
    table: Vec<Slot>,
    key: u64,
}

impl ReadNames {
    /// The names; nothing where they are damaged.
    fn checked(self) -> Option<Names> {
        Names::of_parts(self.text, &self.lengths, self.table, self.key)
    }
}

fn read_names<R: Read>(input: &mut Input<R>) -> Result<ReadNames, SnapshotError> {
    let count = input.u64()?;
    let lengths = input.u32s(count)?;
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

fn read_edges<R: Read>(input: &mut Input<R>, plan: &Plan) -> Result<BaseEdges, SnapshotError> {
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
        attributes: read_said(input, plan)?,
        mentions: read_runs(input)?,
    })
}

/// An edge as at most three numbers.
trait Words: Sized {
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

fn write_runs<W: Write, T: Words>(out: &mut Output<'_, W>, runs: &Runs<T>) -> io::Result<()> {
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

fn read_runs<R: Read, T: Words + Ord>(input: &mut Input<R>) -> Result<Runs<T>, SnapshotError> {
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

fn write_said<W: Write>(out: &mut Output<'_, W>, said: &Said) -> io::Result<()> {
    let (values, places) = said.parts();
    out.count(values.len())?;
    for (column, datum) in values {
        out.u32(*column)?;
        datum::write(out, datum)?;
    }
    write_runs(out, places)
}

fn read_said<R: Read>(input: &mut Input<R>, plan: &Plan) -> Result<Said, SnapshotError> {
    let damaged = SnapshotError::Damaged("its attributes");
    let columns = plan.types.iter().map(|(_, ty)| ty.attributes.len()).max();
    let mut values = Vec::new();
    for _ in 0..input.u64()? {
        let column = input.u32()?;
        if columns.is_none_or(|columns| column as usize >= columns) {
            return Err(damaged);
        }
        values.push((column, datum::read(input, 0)?));
    }
    values.shrink_to_fit();
    Said::of_parts(values, read_runs(input)?).ok_or(damaged)
}

fn write_terms<W: Write>(out: &mut Output<'_, W>, terms: &BaseTerms) -> io::Result<()> {
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

fn read_terms<R: Read>(input: &mut Input<R>) -> Result<BaseTerms, SnapshotError> {
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
