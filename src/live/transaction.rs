//! What is committed together.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Keeper;
use crate::world::{Fact, Refusal, World};

/// Counts the transactions of a world: each makes the next version.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    pub(super) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One fact more, or one less. In JSON: `{"add": FACT}`, `{"remove": FACT}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "lowercase",
    expecting = "an object with `add` or `remove`"
)]
pub enum Change {
    /// The fact is so from now on.
    Add(Fact),
    /// It is so no longer. An entity alone goes with every fact that names it.
    Remove(Fact),
}

impl Change {
    /// The fact that comes or goes.
    pub fn fact(&self) -> &Fact {
        match self {
            Self::Add(fact) | Self::Remove(fact) => fact,
        }
    }

    pub(super) fn apply(&self, world: &mut World) -> Result<(), Refusal> {
        match self {
            Self::Add(fact) => world.add(fact),
            Self::Remove(fact) => world.remove(fact),
        }
    }
}

impl fmt::Display for Change {
    /// Writes it as it stands in a test: the fact, with `remove` before one that goes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(fact) => fact.fmt(f),
            Self::Remove(fact) => write!(f, "remove {fact}"),
        }
    }
}

/// Changes that happen together, in their order, or not at all.
///
/// Each is checked against the facts that those before it left: a role that customers make comes
/// before whoever holds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transaction {
    changes: Vec<Change>,
}

impl Transaction {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one fact more.
    #[must_use]
    pub fn with(mut self, fact: impl Into<Fact>) -> Self {
        self.changes.push(Change::Add(fact.into()));
        self
    }

    /// With one fact less. An entity alone goes with every fact that names it.
    #[must_use]
    pub fn without(mut self, fact: impl Into<Fact>) -> Self {
        self.changes.push(Change::Remove(fact.into()));
        self
    }

    /// What changes, in order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Makes the changes in a world of which nobody else has a copy that matters: where some are
    /// refused, the others are made.
    pub(super) fn apply(
        &self,
        world: &mut World,
        keeper: &mut impl Keeper,
    ) -> Result<(), Vec<RefusedChange>> {
        let changes = self.changes.iter().enumerate();
        let refused = changes.filter_map(|(index, change)| {
            keeper.note(world, change);
            let refusal = change.apply(world).err()?;
            Some(RefusedChange { index, refusal })
        });
        let refused: Vec<RefusedChange> = refused.collect();
        if refused.is_empty() {
            Ok(())
        } else {
            Err(refused)
        }
    }
}

impl FromIterator<Change> for Transaction {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        Self {
            changes: changes.into_iter().collect(),
        }
    }
}

impl Extend<Change> for Transaction {
    fn extend<I: IntoIterator<Item = Change>>(&mut self, changes: I) {
        self.changes.extend(changes);
    }
}

/// A change that was refused, and with it the whole transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedChange {
    /// Which change of the transaction it is, from 0.
    pub index: usize,
    /// The fact, and why.
    pub refusal: Refusal,
}

impl fmt::Display for RefusedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "change {}: {}", self.index + 1, self.refusal)
    }
}

impl std::error::Error for RefusedChange {}
