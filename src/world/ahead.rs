//! Looking ahead: what will be read one by one, in no order, is read beforehand for many, so that
//! memory is waited for once.

use std::hint::black_box;

/// For how many at a time. What is read of so many stays in the cache until it is used.
pub(super) const AHEAD: usize = 256;

/// Has all of these read.
pub(super) fn look(values: impl Iterator<Item = u32>) {
    black_box(values.fold(0, |all, value| all ^ value));
}
