//! What Ward costs: worlds, other engines, and ways to measure.
//!
//! Two programs use it. `peers` asks Ward and other engines the same questions of the same worlds;
//! `scale` asks Ward alone, of worlds that grow. Each prints tables and writes them to
//! `docs/performance.md`.

#[path = "../../tests/applications/mod.rs"]
pub mod applications;
pub mod archive;
pub mod engines;
pub mod github;
pub mod limits;
pub mod machine;
pub mod memory;
pub mod mix;
pub mod page;
pub mod sample;
pub mod scenario;
pub mod size;
pub mod tenants;

use std::path::{Path, PathBuf};

/// The directory of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a file of the repository.
///
/// # Panics
///
/// If it cannot be read: a measurement without its input is none.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
