//! A process that writes to a store is killed at a random moment, again and again: every transaction
//! that it had reported is there, and none is there by half.
//!
//! `WARD_KILLS` sets how many times (25).

#![cfg(all(feature = "store", feature = "compiler", unix))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ward::store::{Note, Store};
use ward::{Fact, Plan, Sources, Transaction, Version};

/// Where the child finds its store.
const STORE: &str = "WARD_KILL_STORE";

/// How many transactions long the documents of one stay.
const KEPT: u64 = 20;

fn plan() -> Arc<Plan> {
    let policy = "
        subject User
        scope Team { role Member { sees * } }
        resource Doc in Team { actions view }";
    let policy = ward::compile(&Sources::new().with("test.policy", policy)).unwrap();
    Arc::clone(policy.plan())
}

fn facts(text: &str) -> Vec<Fact> {
    ward::load::world_text("test.world", text).unwrap()
}

/// The documents of a transaction.
fn documents(number: u64) -> Vec<Fact> {
    let text = (0..4).map(|part| format!("Doc:d{number}x{part} in Team:t\n"));
    facts(&text.collect::<String>())
}

/// What makes a version: four documents more, those of an older one gone, and one membership moved.
fn transaction(version: u64) -> Transaction {
    let mut all = documents(version)
        .into_iter()
        .fold(Transaction::new(), Transaction::with);
    let member = |at: u64| facts(&format!("User:ann is Member of Team:m{at}"));
    if version > 1 {
        all = member(version - 1)
            .into_iter()
            .fold(all, Transaction::without);
    }
    all = member(version).into_iter().fold(all, Transaction::with);
    if version > KEPT {
        for part in 0..4 {
            let gone = facts(&format!("Doc:d{}x{part}", version - KEPT));
            all = gone.into_iter().fold(all, Transaction::without);
        }
    }
    all
}

/// What a store at a version has to hold.
fn expected(version: u64) -> BTreeSet<String> {
    let first = version.saturating_sub(KEPT) + 1;
    let mut all: BTreeSet<String> = (first..=version)
        .flat_map(documents)
        .map(|fact| fact.to_string())
        .collect();
    if version > 0 {
        all.insert(format!("User:ann is Member of Team:m{version}"));
    }
    all
}

/// Not a test by itself: what the child does, for as long as it lives.
#[test]
fn the_child_writes() {
    let Some(path) = std::env::var_os(STORE) else {
        return;
    };
    let store = Store::open(path, plan()).unwrap();
    let mut out = std::io::stdout();
    loop {
        let next = store.snapshot().version().0 + 1;
        let version = store
            .commit(&transaction(next), &Note::new().because("load"))
            .unwrap();
        // One write, so that it is reported whole or not at all.
        out.write_all(format!("done {version}\n").as_bytes())
            .unwrap();
        out.flush().unwrap();
    }
}

/// Runs the child for a while and kills it; the last version that it reported.
fn killed(path: &Path, after: Duration) -> Option<u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_child_writes", "--nocapture"])
        .env(STORE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        let lines = output.lines().map_while(Result::ok);
        // The name of the test may stand before the first.
        let versions = lines.filter_map(|line| line.rsplit_once("done ")?.1.parse().ok());
        versions.last()
    });
    std::thread::sleep(after);
    // SIGKILL: nothing is flushed, closed or said.
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap()
}

#[test]
fn what_was_reported_is_there_and_nothing_by_half() {
    let kills = std::env::var("WARD_KILLS").ok();
    let kills: u64 = kills.and_then(|text| text.parse().ok()).unwrap_or(25);
    let directory = std::env::temp_dir().join(format!("ward-kill-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path: PathBuf = directory.join("facts.store");
    drop(Store::create(&path, plan()).unwrap());
    let mut rng = StdRng::from_rng(&mut rand::rng());
    let (mut before, mut unreported, mut idle) = (0, 0, 0);
    for round in 0..kills {
        let after = Duration::from_micros(rng.random_range(2_000..120_000));
        let reported = killed(&path, after);
        let store = Store::open(&path, plan()).unwrap();
        let snapshot = store.snapshot();
        let Version(version) = snapshot.version();
        let said =
            format!("round {round} after {after:?}: {before}, then {reported:?}, now {version}");
        let reported = reported.unwrap_or(before);
        // At most one was on disk and not yet told of.
        assert!(version == reported || version == reported + 1, "{said}");
        assert!(version >= before, "{said}");
        let found: BTreeSet<String> = snapshot.facts().map(|fact| fact.to_string()).collect();
        assert_eq!(found, expected(version), "{said}");
        let log = store.log(Version(before + 1)).unwrap();
        let logged: Vec<u64> = log.iter().map(|entry| entry.version.0).collect();
        assert_eq!(logged, (before + 1..=version).collect::<Vec<_>>(), "{said}");
        idle += u64::from(version == before);
        unreported += u64::from(version == reported + 1);
        before = version;
    }
    std::fs::remove_dir_all(&directory).unwrap();
    println!(
        "{kills} kills, {before} transactions, {unreported} on disk but not reported, {idle} rounds without one"
    );
    assert!(before > kills, "{before} transactions in {kills} rounds");
}
