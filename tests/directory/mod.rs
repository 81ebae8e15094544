//! Directories for tests.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// A directory that goes away, but for where its test has failed.
pub struct Directory(PathBuf);

/// An empty directory for one test. The same test may run twice at once: where two builds share a target
/// directory, or under a tool that tries many versions. So the process stands in its name.
pub fn fresh(name: &str) -> Directory {
    let own = format!("{name}-{}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(own);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    Directory(path)
}

impl Drop for Directory {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

impl Deref for Directory {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl AsRef<Path> for Directory {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}
