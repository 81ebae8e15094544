//! The corpus of the fuzz targets, replayed: what they once found, and what reaches far into the code.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "other tests use more of it")]
mod generate;
#[allow(dead_code, reason = "other tests use more of it")]
mod reference;
#[path = "../fuzz/src/targets/mod.rs"]
mod targets;

use std::path::Path;

fn replay(target: &str) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut count = 0;
    let mut files: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let data = std::fs::read(&file).unwrap();
        let done = std::panic::catch_unwind(|| targets::run(target, &data));
        assert!(done.is_ok(), "{}", file.display());
        count += 1;
    }
    println!("{count} inputs of `{target}`");
    assert!(count > 0);
}

#[test]
fn every_target_has_a_corpus() {
    for (target, _) in targets::TARGETS {
        let bin =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz/fuzz_targets/{target}.rs"));
        assert!(bin.is_file(), "{target}");
    }
}

macro_rules! replayed {
    ($($target:ident),*) => {$(
        #[test]
        fn $target() {
            replay(stringify!($target));
        }
    )*};
}

replayed!(
    bytes, soup, format, grammar, conditions, facts, snapshot, store, batch
);
