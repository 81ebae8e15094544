//! Worlds as bytes: written once, and opened by reading them in one go.
//!
//! The tables of the base stand in the file as they stand in memory; what can be worked out in the
//! order in which it is read is left out. What is read is checked as a plan is (`valid`): no id can
//! miss, no walk can go in circles, and both directions of every kind of edge say the same.

mod attributes;
mod bytes;
mod datum;
mod parts;
mod valid;

use std::fmt;
use std::io::{self, Read, Write};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::{self, ScopedJoinHandle};

pub(super) use bytes::{Input, Output};

use super::made::MadeRoles;
use super::reach::Reach;
use super::runs::Runs;
use super::stage;
use super::tree::Tree;
use super::types::Types;
use super::{Base, Changed, World, freeze};
use crate::plan::{EntityId, Plan, TypeId};
use parts::{
    read_edges, read_names, read_rows, read_terms, write_names, write_rows, write_runs, write_terms,
};

/// How every snapshot begins; no text does.
pub(crate) const MAGIC: [u8; 8] = *b"\x89WARD\r\n\x1a";

/// The version of the form in which snapshots are written.
const VERSION: u32 = 5;

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
        write_rows(&mut out, &base.rows)?;
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
        attributes::write(&mut out, &edges.attributes)?;
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
        let count = names.count() as u64;
        let (mut names, mut order) = (Some(names), Vec::new());
        let (names, read) = both(
            || names.take()?.checked(),
            || -> Result<_, SnapshotError> {
                let rows = read_rows(&mut input, count)?;
                order = input.values(count, |id| EntityId(u32::from_le_bytes(id)))?;
                let (tree, edges) = both(
                    || Tree::of_order(std::mem::take(&mut order), &rows),
                    || read_edges(&mut input, &plan),
                );
                Ok((rows, tree, edges?))
            },
        );
        let (rows, tree, edges) = read?;
        let terms = read_terms(&mut input)?;
        let types = Types::of_rows(&plan, &rows).ok_or(SnapshotError::Damaged("its types"))?;
        let made = MadeRoles::read(&mut input, &plan, |entity| types.of(entity))?;
        input.finish()?;
        let mut base = Base {
            rows,
            names: names.ok_or(SnapshotError::Damaged("its names"))?,
            tree: tree.ok_or(SnapshotError::Damaged("its tree"))?,
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
            base.names.find(ty, id, |entity| base.types.is(entity, ty))
        });
        let constants = constants.ok_or(SnapshotError::Damaged("its constants"))?;
        Ok(Self {
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
