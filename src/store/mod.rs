//! A world that is kept on disk, for services that have no database of their own.
//!
//! A [`Store`] is a [`Live`] world together with a file. A transaction that was committed is in the
//! file: it is there after a crash, a power cut or `kill -9`, and one that was not is not there, nor
//! is half of it. Facts are kept one by one under keys of their own, so a commit costs what it
//! changes. Beside them stands a log: when which changes were made, by whom, and why.

mod error;
mod log;
mod pages;
mod rows;

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redb::backends::FileBackend;
use redb::{ReadableTable, ReadableTableMetadata, TableDefinition};

pub use error::{CommitError, StoreError};
pub use log::{Entry, Note};

use crate::live::{Change, Keeper, Live, Snapshot, Transaction, Version};
use crate::plan::Plan;
use crate::world::{Fact, FactKind, Reason, Refusal, World};
use pages::{Pages, guarded};
use rows::Edit;

/// The number of the format that is written, and the only one that is read.
pub const FORMAT: u64 = 1;

type Names<'k> = (u8, &'k str, &'k str, &'k str);

/// Facts, one thing that is said in each.
const FACTS: TableDefinition<'static, Names<'static>, &'static str> = TableDefinition::new("facts");

/// What is known of the whole store.
const HEAD: TableDefinition<'static, &'static str, u64> = TableDefinition::new("head");

/// How a redb file begins.
const MAGIC: &[u8] = b"redb\x1A\x0A\xA9\x0D\x0A";

/// A world that is kept on disk and updated while it is read.
///
/// Only one process at a time has a store open.
///
/// ```
/// # #[cfg(feature = "compiler")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ward::store::{Note, Store};
/// use ward::{Sources, Transaction};
///
/// let policy = ward::compile(&Sources::new().with("app.policy", "
///     subject User
///     scope Team { role Member { sees * } }
/// "))?;
/// # let directory = std::env::temp_dir().join(format!("ward-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = directory.join("facts.store");
/// # let _ = std::fs::remove_file(&path);
/// let facts = ward::load::world_text("app.world", "User:ann is Member of Team:red")?;
///
/// let store = Store::create(&path, policy.plan().clone())?;
/// let joins = facts.into_iter().fold(Transaction::new(), Transaction::with);
/// let version = store.commit(&joins, &Note::new().by("bob").because("she has joined"))?;
/// drop(store);
///
/// let store = Store::open(&path, policy.plan().clone())?;
/// assert_eq!(store.snapshot().version(), version);
/// assert_eq!(store.snapshot().facts().count(), 1);
/// # drop(store);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "compiler"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Store {
    live: Live,
    database: Pages,
    /// Facts that do not fit the policy, and are left out.
    unfit: Mutex<Vec<(Fact, Refusal)>>,
}

impl Store {
    /// Makes a store without facts.
    ///
    /// # Errors
    ///
    /// There is something at the path, or it cannot be written.
    pub fn create(path: impl AsRef<Path>, plan: Arc<Plan>) -> Result<Self, StoreError> {
        let world = World::build_keeping(plan, []).0;
        Ok(Self {
            live: Live::new(world),
            database: make(path.as_ref())?,
            unfit: Mutex::default(),
        })
    }

    /// Makes a store of many facts, in any order: they are its version 1. Much quicker than committing
    /// them.
    ///
    /// # Errors
    ///
    /// There is something at the path, or it cannot be written; or facts that do not fit the policy:
    /// then all of these are told, and nothing is made.
    pub fn create_with(
        path: impl AsRef<Path>,
        plan: Arc<Plan>,
        facts: Vec<Fact>,
        note: &Note,
    ) -> Result<Self, StoreError> {
        let world = World::build(plan, facts.iter().cloned()).map_err(StoreError::Unfit)?;
        let transaction: Transaction = facts.into_iter().map(Change::Add).collect();
        let database = make(path.as_ref())?;
        let version = Version(1);
        let mut writer = Writer {
            database: &database,
            transaction: &transaction,
            note,
            edits: Vec::new(),
        };
        for change in transaction.changes() {
            rows::added(&change.fact().kind, &mut writer.edits);
        }
        writer.write(version)?;
        Ok(Self {
            live: Live::at(world, version),
            database,
            unfit: Mutex::default(),
        })
    }

    /// Opens a store, and reads all of its facts.
    ///
    /// # Errors
    ///
    /// It is none, is damaged or of another format, is open elsewhere, or cannot be read; or some of
    /// its facts do not fit the policy: then all of these are told, and nothing of it is answered.
    pub fn open(path: impl AsRef<Path>, plan: Arc<Plan>) -> Result<Self, StoreError> {
        let (store, refused) = Self::open_keeping(path, plan)?;
        if refused.is_empty() {
            Ok(store)
        } else {
            Err(StoreError::Unfit(refused))
        }
    }

    /// Opens a store of which some facts may not fit the policy; those are left out and given back.
    ///
    /// What is left out gives nothing to anybody. But it may also have taken away, by `except` or by
    /// a role that overrides another: look at it before you go on. As long as there is any, nothing can be
    /// committed: [`drop_unfit`](Self::drop_unfit) takes it away for good.
    ///
    /// # Errors
    ///
    /// As those of [`open`](Self::open), but for facts that do not fit.
    pub fn open_keeping(
        path: impl AsRef<Path>,
        plan: Arc<Plan>,
    ) -> Result<(Self, Vec<Refusal>), StoreError> {
        let (database, facts, version) = read(path.as_ref())?;
        let (mut world, mut refused) = World::build_keeping(Arc::clone(&plan), facts.clone());
        let others = torn(&facts, &refused);
        if !others.is_empty() {
            refused.extend(others);
            let left_out: HashSet<&str> = texts(&refused).collect();
            let rest = facts.iter();
            let rest = rest.filter(|fact| !left_out.contains(fact.to_string().as_str()));
            world = World::build_keeping(plan, rest.cloned()).0;
        }
        let unfit = if refused.is_empty() {
            Vec::new()
        } else {
            let by_text = refused
                .iter()
                .map(|refusal| (refusal.fact.as_str(), refusal));
            let by_text: HashMap<&str, &Refusal> = by_text.collect();
            let unfit = facts.into_iter().filter_map(|fact| {
                let refusal = by_text.get(fact.to_string().as_str()).copied()?;
                Some((fact, refusal.clone()))
            });
            unfit.collect()
        };
        let store = Self {
            live: Live::at(world, version),
            database,
            unfit: Mutex::new(unfit),
        };
        Ok((store, refused))
    }

    /// The world as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.live.snapshot()
    }

    /// The world as it is as soon as it has this version, or a later one; nothing if that takes longer
    /// than it may.
    pub fn at_least(&self, version: Version, timeout: Duration) -> Option<Arc<Snapshot>> {
        self.live.at_least(version, timeout)
    }

    /// Puts the world in memory in order, as [`Live::compact_now`] does.
    pub fn compact_now(&self) {
        self.live.compact_now();
    }

    /// Commits a transaction: all of its changes, in their order, or none. Once this returns they are
    /// on disk, and every snapshot that is taken has them.
    ///
    /// # Errors
    ///
    /// Every change that was refused, in order; or what kept the store from being written.
    pub fn commit(&self, transaction: &Transaction, note: &Note) -> Result<Version, CommitError> {
        let unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        if !unfit.is_empty() {
            let refused = unfit.iter().map(|(_, refusal)| refusal.clone());
            return Err(StoreError::Unfit(refused.collect()).into());
        }
        drop(unfit);
        let mut keeper = Writer {
            database: &self.database,
            transaction,
            note,
            edits: Vec::new(),
        };
        self.live.commit_kept(transaction, &mut keeper)
    }

    /// Takes away for good what does not fit the policy; how many facts that were.
    ///
    /// # Errors
    ///
    /// What kept the store from being written.
    pub fn drop_unfit(&self, note: &Note) -> Result<usize, CommitError> {
        let mut unfit = self.unfit.lock().unwrap_or_else(PoisonError::into_inner);
        if unfit.is_empty() {
            return Ok(0);
        }
        let gone = unfit.iter().map(|(fact, _)| Change::Remove(fact.clone()));
        let gone: Transaction = gone.collect();
        let mut keeper = Writer {
            database: &self.database,
            transaction: &gone,
            note,
            edits: Vec::new(),
        };
        for (fact, _) in unfit.iter() {
            rows::gone(&fact.kind, &mut keeper.edits);
        }
        // The world does not have them, so nothing changes in it but the version.
        self.live.commit_kept(&Transaction::new(), &mut keeper)?;
        Ok(std::mem::take(&mut *unfit).len())
    }

    /// The transactions from this version on, the oldest first, as far as the log goes back.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self, from: Version) -> Result<Vec<Entry>, StoreError> {
        guarded(|| log::read(&self.database, from))
    }

    /// Forgets what the log says of transactions before this version; how many these were. The facts
    /// stay.
    ///
    /// # Errors
    ///
    /// What kept the store from being written.
    pub fn trim(&self, before: Version) -> Result<u64, StoreError> {
        guarded(|| log::trim(&self.database, before))
    }
}

/// The facts that were refused, as text.
fn texts(refused: &[Refusal]) -> impl Iterator<Item = &str> {
    refused.iter().map(|refusal| refusal.fact.as_str())
}

/// Of several containers where there may be one, none is the right one: those that were taken, beside
/// the one that was refused.
fn torn(facts: &[Fact], refused: &[Refusal]) -> Vec<Refusal> {
    let mut others = Vec::new();
    for refusal in refused {
        let Reason::SecondContainer { container, .. } = &refusal.reason else {
            continue;
        };
        let Some((entity, second)) = refusal.fact.split_once(" in ") else {
            continue;
        };
        let taken = facts.iter().filter(|fact| match &fact.kind {
            FactKind::Entity {
                entity: named,
                containers,
                ..
            } => {
                let mut containers = containers.iter();
                named.to_string() == entity && containers.any(|of| of.type_name == *container)
            }
            _ => false,
        });
        let taken = taken.map(|fact| Refusal {
            place: None,
            fact: fact.to_string(),
            reason: Reason::SecondContainer {
                container: container.clone(),
                first: second.to_owned(),
            },
        });
        others.extend(taken.filter(|other| other.fact != refusal.fact));
    }
    let refused: HashSet<&str> = refused
        .iter()
        .map(|refusal| refusal.fact.as_str())
        .collect();
    others.retain(|other| !refused.contains(other.fact.as_str()));
    others.sort_by(|one, other| one.fact.cmp(&other.fact));
    others.dedup_by(|one, other| one.fact == other.fact);
    others
}

/// Keeps one transaction.
struct Writer<'s> {
    database: &'s Pages,
    transaction: &'s Transaction,
    note: &'s Note,
    edits: Vec<Edit>,
}

impl Keeper for Writer<'_> {
    type Error = CommitError;

    fn note(&mut self, world: &World, change: &Change) {
        match change {
            Change::Add(fact) => rows::added(&fact.kind, &mut self.edits),
            Change::Remove(fact) => rows::removed(world, &fact.kind, &mut self.edits),
        }
    }

    fn keep(&mut self, version: Version) -> Result<(), CommitError> {
        Ok(guarded(|| self.write(version))?)
    }
}

impl Writer<'_> {
    fn write(&mut self, version: Version) -> Result<(), StoreError> {
        let writing = self.database.begin_write()?;
        {
            let mut facts = writing.open_table(FACTS)?;
            let mut head = writing.open_table(HEAD)?;
            let mut sum = known(&head, "sum")?;
            // Neighbours are written together; what is said of one row stays in its order.
            self.edits.sort_by(|one, other| one.key().cmp(other.key()));
            for edit in self.edits.drain(..) {
                let key = edit.key();
                let names: [&str; 3] = key.1.each_ref().map(String::as_str);
                let [a, b, c] = names;
                let at = (key.0, a, b, c);
                let before = facts.get(at)?.map(|value| value.value().to_owned());
                let after = match (&edit, &before) {
                    (Edit::Delete(_), _) => None,
                    (Edit::Put(_, value), _) | (Edit::Ensure(_, value), None) => {
                        Some(value.clone())
                    }
                    (Edit::Ensure(..), Some(before)) => Some(before.clone()),
                    (Edit::Extend(_, until), None) => Some(rows::end(*until)),
                    (Edit::Extend(_, until), Some(before)) => {
                        Some(rows::later(before, &rows::end(*until)).to_owned())
                    }
                };
                if before == after {
                    continue;
                }
                if let Some(before) = before {
                    sum = sum.wrapping_sub(rows::fingerprint(key.0, names, &before));
                }
                match after {
                    Some(after) => {
                        sum = sum.wrapping_add(rows::fingerprint(key.0, names, &after));
                        facts.insert(at, after.as_str())?;
                    }
                    None => {
                        facts.remove(at)?;
                    }
                }
            }
            head.insert("facts", facts.len()?)?;
            head.insert("sum", sum)?;
            head.insert("version", version.0)?;
        }
        log::append(&writing, version, self.transaction, self.note)?;
        writing.commit()?;
        Ok(())
    }
}

/// A number of the head, which every store has.
fn known(
    head: &impl ReadableTable<&'static str, u64>,
    key: &'static str,
) -> Result<u64, StoreError> {
    let found = head.get(key)?.map(|value| value.value());
    found.ok_or_else(|| StoreError::Damaged(format!("it does not say its `{key}`")))
}

/// Whether a file looks like a store, whole or damaged.
pub fn is_store(path: impl AsRef<Path>) -> bool {
    let mut begins = [0; MAGIC.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut begins));
    read.is_ok() && begins == *MAGIC
}

/// The facts of a store, one thing that is said in each, whatever policy they are for.
///
/// # Errors
///
/// As those of [`Store::open`], but for facts that do not fit.
pub fn facts(path: impl AsRef<Path>) -> Result<Vec<Fact>, StoreError> {
    read(path.as_ref()).map(|(_, facts, _)| facts)
}

/// The log of a store, as [`Store::log`] tells it, whatever policy it is for.
///
/// # Errors
///
/// The store or its log cannot be read.
pub fn history(path: impl AsRef<Path>, from: Version) -> Result<Vec<Entry>, StoreError> {
    guarded(|| log::read(&open(path.as_ref())?, from))
}

/// Forgets what the log of a store says, but for so many of its last versions, whatever policy it is for;
/// how many were forgotten. The facts stay.
///
/// # Errors
///
/// What kept the store from being read or written.
pub fn trim(path: impl AsRef<Path>, keep: u64) -> Result<u64, StoreError> {
    let (database, _, Version(last)) = read(path.as_ref())?;
    let before = last.saturating_sub(keep).saturating_add(1);
    guarded(|| log::trim(&database, Version(before)))
}

/// Opens the file alone.
fn open(path: &Path) -> Result<Pages, StoreError> {
    // So that what is no file is told as the system tells it.
    let size = File::open(path)?.metadata()?.len();
    if size == 0 || !is_store(path) {
        return Err(StoreError::NoStore);
    }
    // Sums are compared from the root down, so that nothing of a damaged page is followed.
    let mut opens = redb::Builder::new();
    opens.set_check_integrity_on_open(true);
    Ok(Pages::new(opens.open(path)?))
}

/// Everything that is in a store, held against what it says of itself.
fn read(path: &Path) -> Result<(Pages, Vec<Fact>, Version), StoreError> {
    guarded(|| {
        let database = open(path)?;
        let (facts, version) = contents(&database)?;
        Ok((database, facts, version))
    })
}

fn contents(database: &Pages) -> Result<(Vec<Fact>, Version), StoreError> {
    let reading = database.begin_read()?;
    let head = reading.open_table(HEAD)?;
    let format = known(&head, "format")?;
    if format != FORMAT {
        return Err(StoreError::Format { found: format });
    }
    let mut facts = Vec::new();
    let mut sum = 0u64;
    for row in reading.open_table(FACTS)?.iter()? {
        let (key, value) = row?;
        let ((kind, a, b, c), value) = (key.value(), value.value());
        sum = sum.wrapping_add(rows::fingerprint(kind, [a, b, c], value));
        let fact = rows::fact(kind, [a, b, c], value);
        facts.push(
            fact.ok_or_else(|| {
                StoreError::Damaged(format!("`{a}` has a fact that cannot be read"))
            })?,
        );
    }
    let said = (known(&head, "facts")?, known(&head, "sum")?);
    if said != (facts.len() as u64, sum) {
        let found = facts.len();
        let said = said.0;
        let what = format!("its {found} facts are not the {said} that were written");
        return Err(StoreError::Damaged(what));
    }
    Ok((facts, Version(known(&head, "version")?)))
}

/// Makes the file of a store without facts.
fn make(path: &Path) -> Result<Pages, StoreError> {
    // Made here and not by redb, which would take what is there.
    let made = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(path);
    let file = made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => StoreError::Exists,
        _ => StoreError::Io(error),
    })?;
    let file = FileBackend::new(file)?;
    let database = Pages::new(redb::Builder::new().create_with_backend(file)?);
    let writing = database.begin_write()?;
    {
        writing.open_table(FACTS)?;
        let mut head = writing.open_table(HEAD)?;
        head.insert("format", FORMAT)?;
        for key in ["version", "facts", "sum"] {
            head.insert(key, 0)?;
        }
        log::create(&writing)?;
    }
    writing.commit()?;
    sync_directory(path)?;
    Ok(database)
}

/// Makes sure that a new file is found again after a power cut.
fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let directory = path.parent().filter(|parent| *parent != Path::new(""));
    let directory = directory.unwrap_or(Path::new("."));
    // Where directories cannot be opened, the system keeps them safe by itself.
    if let Ok(directory) = File::open(directory) {
        directory.sync_all()?;
    }
    Ok(())
}
