//! What makes policies and worlds, and the reference that judges them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "tests use more of it")]
#[path = "../../tests/generate/mod.rs"]
pub mod generate;
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../../tests/reference/mod.rs"]
pub mod reference;
