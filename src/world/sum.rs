//! Whether the same things are in two places, whatever the order is in which they stand there.

use std::hash::{BuildHasher, Hash};

/// Adds up what is in one place and takes away what is in the other. The hash has a key that nobody
/// can guess, so nothing is left only where both are the same, each as often.
#[derive(Default)]
pub(super) struct Sum {
    key: foldhash::fast::RandomState,
    sum: u64,
}

impl Sum {
    pub(super) fn add(&mut self, thing: impl Hash) {
        self.sum = self.sum.wrapping_add(self.key.hash_one(thing));
    }

    pub(super) fn take(&mut self, thing: impl Hash) {
        self.sum = self.sum.wrapping_sub(self.key.hash_one(thing));
    }

    pub(super) fn is_even(&self) -> bool {
        self.sum == 0
    }
}
