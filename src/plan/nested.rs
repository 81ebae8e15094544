//! How deep that may nest which is read from outside.
//!
//! Types and values hold others of their kind and are read by recursion. Not every format that serde
//! reads has a limit of its own, and a stack has one always.

use std::cell::Cell;

use serde::de::{Deserialize, Deserializer, Error};

use super::value::MAX_TYPE_DEPTH;

/// How deep a value may nest: deeper than any type, so that what is too deep for its type is told with
/// its name.
pub(super) const MAX_VALUE_DEPTH: u32 = 2 * MAX_TYPE_DEPTH;

thread_local! {
    /// How many values or types are being read, each inside the one before.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Reads one level more, where the limit allows it.
pub(super) fn deeper<T, E: Error>(limit: u32, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    /// Gives the level back, even where the reader panics.
    struct Level;
    impl Drop for Level {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get().saturating_sub(1));
        }
    }
    if DEPTH.get() >= limit {
        return Err(E::custom(format!("nested deeper than {limit} levels")));
    }
    DEPTH.set(DEPTH.get() + 1);
    let _level = Level;
    read()
}

/// Reads what a type holds.
pub(super) fn inner_type<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deeper(MAX_TYPE_DEPTH, || T::deserialize(deserializer))
}
