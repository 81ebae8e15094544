//! A world that is updated while it is read.
//!
//! Readers take snapshots, which never change and cost one atomic step; no reader waits for a writer,
//! nor a writer for a reader. Writers take turns: each commits a transaction, all of it or nothing.
//! What has changed since the world was built stands beside it, and is put in order from time to
//! time on a thread of its own, while reading and writing go on.

mod transaction;

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

pub use transaction::{Change, RefusedChange, Transaction, Version};

use crate::world::World;

/// From how many changes on a world is put in order, however small it is.
const FEWEST_CHANGES: usize = 4_096;

/// From which share of its entities on a larger world is.
const SHARE: usize = 8;

/// How many changes may be left to replay when writers are made to wait for the last of them.
const LAST_CHANGES: usize = 256;

/// How often more than that is replayed before writers are made to wait all the same.
const ROUNDS: usize = 8;

/// A world as it was at one version. It never changes.
#[derive(Clone, Debug)]
pub struct Snapshot {
    world: World,
    version: Version,
}

impl Snapshot {
    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Which version it is.
    pub fn version(&self) -> Version {
        self.version
    }
}

impl Deref for Snapshot {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

/// A world that is updated while it is read.
///
/// ```
/// # #[cfg(feature = "compiler")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ward::{Context, Evaluator, Fact, Holder, FactKind, Live, Outcome, Sources, Transaction, World};
///
/// let policy = ward::compile(&Sources::new().with("app.policy", "
///     subject User
///     scope Team { role Member { sees * can * } }
///     resource Doc in Team { actions view }
/// "))?;
/// let facts = ward::load::world_text("app.world", "Doc:plan in Team:red")?;
/// let world = World::build(policy.plan().clone(), facts).map_err(|refused| format!("{refused:?}"))?;
///
/// let live = Live::new(world);
/// let before = live.snapshot();
/// let joins = Fact::from(FactKind::Holding {
///     subject: Holder::Entity("User:ann".parse()?),
///     role: "Member".into(),
///     of: "Team:red".parse()?,
///     until: None,
/// });
/// let version = live
///     .commit(&Transaction::new().with(joins))
///     .map_err(|refused| format!("{refused:?}"))?;
///
/// let ann_views = |world: &World| {
///     let ward = Evaluator::new(world, 0);
///     let (ann, plan) = ("User:ann".parse().unwrap(), "Doc:plan".parse().unwrap());
///     ward.check(&ann, "view", &plan, &Context::default()).unwrap().outcome
/// };
/// assert_eq!(live.snapshot().version(), version);
/// assert_eq!(ann_views(&live.snapshot()), Outcome::Allowed);
/// // Whoever began to read before goes on with what was there.
/// assert_eq!(ann_views(&before), Outcome::Invisible);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "compiler"))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct Live {
    shared: Arc<Shared>,
    /// The thread that last put the world in order.
    compactor: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug)]
struct Shared {
    current: ArcSwap<Snapshot>,
    writing: Mutex<Writing>,
    /// Held by whoever puts the world in order.
    compacting: Mutex<()>,
    /// The current version, for those who wait for a later one.
    published: Mutex<Version>,
    later: Condvar,
    /// After how many changes the world is put in order; 0 for the usual share.
    compact_after: AtomicUsize,
}

/// Keeps transactions somewhere else too.
pub(crate) trait Keeper {
    /// Why a transaction is not committed.
    type Error: From<Vec<RefusedChange>>;

    /// Sees a change, and the world right before it; it may be refused yet.
    fn note(&mut self, world: &World, change: &Change);

    /// Keeps the changes, none of which was refused, as this version.
    fn keep(&mut self, version: Version) -> Result<(), Self::Error>;
}

/// A world in memory is all there is.
struct Unkept;

impl Keeper for Unkept {
    type Error = Vec<RefusedChange>;

    fn note(&mut self, _: &World, _: &Change) {}

    fn keep(&mut self, _: Version) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// What only the one who writes may touch.
#[derive(Debug, Default)]
struct Writing {
    /// What was committed since the world that is being put in order was taken.
    since: Option<Vec<Change>>,
    /// Whether the thread that puts it in order has begun and not ended.
    scheduled: bool,
}

/// Locks a mutex. What it guards is only ever replaced whole, so a panic elsewhere left it whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Live {
    /// A world at version 0.
    pub fn new(world: World) -> Self {
        Self::at(world, Version::default())
    }

    /// A world at a version that it had before.
    pub fn at(world: World, version: Version) -> Self {
        let shared = Shared {
            current: ArcSwap::from_pointee(Snapshot { world, version }),
            writing: Mutex::default(),
            compacting: Mutex::default(),
            published: Mutex::new(version),
            later: Condvar::new(),
            compact_after: AtomicUsize::new(0),
        };
        Self {
            shared: Arc::new(shared),
            compactor: Mutex::default(),
        }
    }

    /// Puts the world in order after so many changes, in place of an eighth of its entities (and at
    /// least some thousands); with `usize::MAX` only [`compact_now`](Self::compact_now) does.
    #[must_use]
    pub fn compact_after(self, changes: usize) -> Self {
        let after = &self.shared.compact_after;
        after.store(changes.max(1), Ordering::Relaxed);
        self
    }

    /// The world as it is now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.current.load_full()
    }

    /// The world as it is as soon as it has this version, or a later one; nothing if that takes longer
    /// than it may.
    pub fn at_least(&self, version: Version, timeout: Duration) -> Option<Arc<Snapshot>> {
        let now = self.snapshot();
        if now.version >= version {
            return Some(now);
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut published = lock(&self.shared.published);
        while *published < version {
            let left = match deadline {
                Some(deadline) => deadline.checked_duration_since(Instant::now())?,
                None => timeout,
            };
            let waited = self.shared.later.wait_timeout(published, left);
            published = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Some(self.snapshot())
    }

    /// Commits a transaction: all of its changes, in their order, or none. Once this returns, every
    /// snapshot that is taken has them.
    ///
    /// # Errors
    ///
    /// Every change that was refused, in order, each with its reason. One may be refused because one
    /// before it was.
    pub fn commit(&self, transaction: &Transaction) -> Result<Version, Vec<RefusedChange>> {
        self.commit_kept(transaction, &mut Unkept)
    }

    /// Commits a transaction if it can be kept too.
    pub(crate) fn commit_kept<K: Keeper>(
        &self,
        transaction: &Transaction,
        keeper: &mut K,
    ) -> Result<Version, K::Error> {
        let shared = &self.shared;
        let mut writing = lock(&shared.writing);
        let before = self.snapshot();
        let mut world = before.world.clone();
        transaction.apply(&mut world, keeper)?;
        let version = before.version.next();
        keeper.keep(version)?;
        if let Some(since) = &mut writing.since {
            since.extend(transaction.changes().iter().cloned());
        }
        let due = world.changes() >= shared.limit(&world);
        shared.current.store(Arc::new(Snapshot { world, version }));
        *lock(&shared.published) = version;
        shared.later.notify_all();
        if due && !writing.scheduled {
            writing.scheduled = self.start_compacting();
        }
        Ok(version)
    }

    /// Puts the world in order, and returns when that is done: what has changed becomes part of what
    /// is quick to read. Reading and writing go on meanwhile, and no answer changes.
    pub fn compact_now(&self) {
        self.shared.compact();
    }

    /// Starts the thread that puts the world in order; whether it could be started.
    fn start_compacting(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let run = move || {
            // A panic in there must not leave it scheduled for ever.
            let _done = Done(&shared);
            shared.compact();
        };
        let started = thread::Builder::new().name("ward-compact".into());
        match started.spawn(run) {
            Ok(thread) => {
                // The one before has ended, or is about to.
                *lock(&self.compactor) = Some(thread);
                true
            }
            // The next commit tries again.
            Err(_) => false,
        }
    }
}

impl Drop for Live {
    /// Waits for the thread that puts the world in order, if it is at it.
    fn drop(&mut self) {
        let thread = lock(&self.compactor).take();
        if let Some(thread) = thread {
            // If it panicked, it has told so, and the world is as it was.
            let _ = thread.join();
        }
    }
}

/// Notes that the thread that puts the world in order has ended.
struct Done<'s>(&'s Shared);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        lock(&self.0.writing).scheduled = false;
    }
}

/// Stops keeping what is committed for a world that is put in order, however that ended.
struct Since<'s>(&'s Shared);

impl Drop for Since<'_> {
    fn drop(&mut self) {
        lock(&self.0.writing).since = None;
    }
}

impl Shared {
    /// After how many changes a world is put in order.
    fn limit(&self, world: &World) -> usize {
        match self.compact_after.load(Ordering::Relaxed) {
            0 => FEWEST_CHANGES.max(world.entity_count() / SHARE),
            changes => changes,
        }
    }

    fn compact(&self) {
        let _alone = lock(&self.compacting);
        let before = {
            let mut writing = lock(&self.writing);
            writing.since = Some(Vec::new());
            self.current.load_full()
        };
        let _since = Since(self);
        let mut world = before.world.compacted();
        drop(before);
        // Most of what was committed meanwhile is replayed while writing goes on.
        for round in 0.. {
            let mut writing = lock(&self.writing);
            let since = writing.since.as_mut().map(std::mem::take);
            let since = since.unwrap_or_default();
            let last = since.len() <= LAST_CHANGES || round == ROUNDS;
            let writing = if last {
                Some(writing)
            } else {
                drop(writing);
                None
            };
            for change in &since {
                // The same facts took it before. If they did not now, the world would stay as it is,
                // which is slower and no less right.
                if change.apply(&mut world).is_err() {
                    debug_assert!(false, "a change that was taken is refused: {change}");
                    drop(writing);
                    return;
                }
            }
            if writing.is_some() {
                let version = self.current.load().version;
                self.current.store(Arc::new(Snapshot { world, version }));
                return;
            }
        }
    }
}
