//! The log of a store: when which changes were made, by whom, and why.

use std::time::{SystemTime, UNIX_EPOCH};

use redb::{TableDefinition, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::StoreError;
use super::pages::Pages;
use crate::live::{Change, Transaction, Version};

/// By version, when and why.
const ENTRIES: TableDefinition<'static, u64, &'static str> = TableDefinition::new("log");

/// By version and number, what has changed.
const CHANGES: TableDefinition<'static, (u64, u64), &'static str> = TableDefinition::new("changes");

/// Who makes a transaction, and why; both are kept in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Note {
    /// Nothing is said.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who makes it.
    #[must_use]
    pub fn by(mut self, author: impl Into<String>) -> Self {
        self.author = Some(author.into());
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A transaction as the log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The version that it made.
    pub version: Version,
    /// When, by the clock of that machine, in milliseconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// By whom, and why.
    pub note: Note,
    /// What has changed, in order.
    pub changes: Vec<Change>,
}

/// What the log says of a transaction beside its changes.
#[derive(Serialize, Deserialize)]
struct Head {
    time: i64,
    #[serde(flatten)]
    note: Note,
}

pub(super) fn create(writing: &WriteTransaction) -> Result<(), StoreError> {
    writing.open_table(ENTRIES)?;
    writing.open_table(CHANGES)?;
    Ok(())
}

pub(super) fn append(
    writing: &WriteTransaction,
    version: Version,
    transaction: &Transaction,
    note: &Note,
) -> Result<(), StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_millis());
    let head = Head {
        time: i64::try_from(now).unwrap_or(i64::MAX),
        note: note.clone(),
    };
    let mut entries = writing.open_table(ENTRIES)?;
    entries.insert(version.0, json(&head)?.as_str())?;
    let mut changes = writing.open_table(CHANGES)?;
    for (index, change) in (0..).zip(transaction.changes()) {
        changes.insert((version.0, index), json(change)?.as_str())?;
    }
    Ok(())
}

pub(super) fn read(database: &Pages, from: Version) -> Result<Vec<Entry>, StoreError> {
    let reading = database.begin_read()?;
    let changes = reading.open_table(CHANGES)?;
    let mut all = Vec::new();
    for row in reading.open_table(ENTRIES)?.range(from.0..)? {
        let (version, head) = row?;
        let version = version.value();
        let head: Head = parsed(head.value())?;
        let of_it = changes.range((version, 0)..=(version, u64::MAX))?;
        let of_it = of_it.map(|row| parsed(row?.1.value()));
        all.push(Entry {
            version: Version(version),
            time: head.time,
            note: head.note,
            changes: of_it.collect::<Result<_, _>>()?,
        });
    }
    Ok(all)
}

pub(super) fn trim(database: &Pages, before: Version) -> Result<u64, StoreError> {
    let writing = database.begin_write()?;
    let mut trimmed = 0;
    {
        let mut entries = writing.open_table(ENTRIES)?;
        for row in entries.extract_from_if(..before.0, |_, _| true)? {
            row?;
            trimmed += 1;
        }
        let mut changes = writing.open_table(CHANGES)?;
        changes.retain_in(..(before.0, 0), |_, _| false)?;
    }
    writing.commit()?;
    Ok(trimmed)
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Io(error.into()))
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    let parsed = serde_json::from_str(text);
    parsed.map_err(|_| StoreError::Damaged("its log cannot be read".into()))
}
