//! What can be wrong with a store.

use std::fmt;
use std::io;

use crate::live::RefusedChange;
use crate::world::Refusal;

/// Why a store cannot be opened, read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The file is no store.
    NoStore,
    /// It was written by another version of Ward, in another format.
    Format {
        /// The number of its format.
        found: u64,
    },
    /// What it says is not what was written.
    Damaged(String),
    /// It is open elsewhere: one process at a time has it.
    InUse,
    /// There is something at its path already.
    Exists,
    /// Facts that do not fit the policy, in the order of their keys.
    Unfit(Vec<Refusal>),
    /// The disk, or the file system.
    Io(io::Error),
}

impl StoreError {
    /// The stable code; nothing for what the system says, and for facts, which have their own.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoStore => Some("E0701"),
            Self::Format { .. } => Some("E0702"),
            Self::Damaged(_) => Some("E0703"),
            Self::InUse => Some("E0704"),
            Self::Exists => Some("E0705"),
            Self::Unfit(_) => Some("E0706"),
            Self::Io(_) => None,
        }
    }

    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoStore => "`ward store init` makes one",
            Self::Format { .. } => {
                "export it with the version of Ward that wrote it, and make a new one of that"
            }
            Self::Damaged(_) => "take the last copy of it; nothing is answered from a damaged one",
            Self::InUse => "close the program that has it open, or ask that one",
            Self::Exists => "choose another path; a store that is there is never overwritten",
            Self::Unfit(_) => {
                "`ward store check` lists them; correct the policy, or take them away with `--drop`"
            }
            Self::Io(_) => "see that the file can be read and written, and that the disk has room",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStore => f.write_str("this is no store of facts"),
            Self::Format { found } => write!(
                f,
                "the store has the format {found}, and this version of Ward reads {}",
                super::FORMAT
            ),
            Self::Damaged(what) => write!(f, "the store is damaged: {what}"),
            Self::InUse => f.write_str("the store is open elsewhere"),
            Self::Exists => f.write_str("there is a file already"),
            Self::Unfit(refused) => match refused.len() {
                1 => f.write_str("a fact in the store does not fit the policy"),
                count => write!(f, "{count} facts in the store do not fit the policy"),
            },
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        use redb::Error;
        match error {
            Error::DatabaseAlreadyOpen => Self::InUse,
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
                Self::Damaged(error.to_string())
            }
            Error::Io(error) => Self::Io(error),
            Error::Corrupted(what) => Self::Damaged(what),
            Error::UpgradeRequired(found) => Self::Format {
                found: found.into(),
            },
            other @ (Error::TableTypeMismatch { .. }
            | Error::TableDoesNotExist(_)
            | Error::TypeDefinitionChanged { .. }) => Self::Damaged(other.to_string()),
            other => Self::Io(io::Error::other(other.to_string())),
        }
    }
}

macro_rules! by_way_of_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

by_way_of_redb!(
    CommitError,
    DatabaseError,
    StorageError,
    TableError,
    TransactionError
);

/// Why a transaction was not committed. Nothing of it has happened.
#[derive(Debug)]
pub enum CommitError {
    /// Every change that was refused, in order.
    Refused(Vec<RefusedChange>),
    /// It could not be kept.
    Store(StoreError),
}

impl From<Vec<RefusedChange>> for CommitError {
    fn from(refused: Vec<RefusedChange>) -> Self {
        Self::Refused(refused)
    }
}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => {
                for (index, refused) in refused.iter().enumerate() {
                    if index > 0 {
                        f.write_str("\n")?;
                    }
                    refused.fmt(f)?;
                }
                Ok(())
            }
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CommitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(_) => None,
            Self::Store(error) => Some(error),
        }
    }
}
