//! The file of a store, open.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Database, ReadTransaction, WriteTransaction};

use super::StoreError;

/// The pages of a store. redb trusts that they are what it wrote; where they are not, it may panic,
/// also when it writes for the last time, at its end.
#[derive(Debug)]
pub(super) struct Pages(Option<Database>);

impl Pages {
    pub(super) fn new(database: Database) -> Self {
        Self(Some(database))
    }

    pub(super) fn begin_read(&self) -> Result<ReadTransaction, StoreError> {
        use redb::ReadableDatabase;
        Ok(self.database()?.begin_read()?)
    }

    pub(super) fn begin_write(&self) -> Result<WriteTransaction, StoreError> {
        Ok(self.database()?.begin_write()?)
    }

    fn database(&self) -> Result<&Database, StoreError> {
        let closed = || StoreError::Damaged("it is closed".into());
        self.0.as_ref().ok_or_else(closed)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let database = self.0.take();
        // What was committed is on disk already, and whoever opens it next sees the damage.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
    }
}

/// Works on the file, and tells a panic in redb as what it comes of.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let done = catch_unwind(AssertUnwindSafe(work));
    done.unwrap_or_else(|_| Err(StoreError::Damaged("its pages do not fit together".into())))
}
