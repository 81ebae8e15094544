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

fn replay(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut count = 0;
    let mut files: Vec<_> = std::fs::read_dir(&corpus)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let data = std::fs::read(&file).unwrap();
        let done = std::panic::catch_unwind(|| target(&data));
        assert!(done.is_ok(), "{}", file.display());
        count += 1;
    }
    println!("{count} inputs of `{name}`");
    assert!(count > 0);
}

#[test]
fn every_target_is_replayed() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut there: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().path())
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    there.sort();
    let mut replayed = REPLAYED.to_vec();
    replayed.sort_unstable();
    assert_eq!(there, replayed);
}

macro_rules! replayed {
    ($($target:ident),*) => {
        const REPLAYED: &[&str] = &[$(stringify!($target)),*];
        $(
            #[test]
            fn $target() {
                replay(stringify!($target), targets::$target);
            }
        )*
    };
}

replayed!(
    bytes, soup, format, grammar, conditions, facts, snapshot, store, batch, literals, requests
);
