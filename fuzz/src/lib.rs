//! What is fuzzed. The same code replays the corpus in `tests/corpus.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use judge::{generate, reference};

mod targets;

// Each target links no more than it runs, since what is linked is counted anew for each input.
pub use targets::*;
