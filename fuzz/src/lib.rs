//! What is fuzzed. The same code replays the corpus in `tests/corpus.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/generate/mod.rs"]
mod generate;
#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/reference/mod.rs"]
mod reference;
mod targets;

// Each target links no more than it runs, since what is linked is counted anew for each input.
pub use targets::*;
