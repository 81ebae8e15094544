//! A world that is updated while others read it.

#![cfg(all(feature = "live", feature = "compiler"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ward::{Context, Evaluator, Fact, Live, Outcome, Sources, Transaction, Version, World};

const POLICY: &str = "
    subject User
    subject Group of User
    scope Team {
        role Member { sees * }
        role Editor { can * }
        custom roles from Doc.*
    }
    resource Doc in Team { actions view, edit }
";

fn facts(text: &str) -> Vec<Fact> {
    ward::load::world_text("test.world", text).unwrap()
}

fn world(text: &str) -> World {
    let policy = ward::compile(&Sources::new().with("test.policy", POLICY)).unwrap();
    World::build(Arc::clone(policy.plan()), facts(text)).unwrap()
}

fn adding(text: &str) -> Transaction {
    facts(text)
        .into_iter()
        .fold(Transaction::new(), Transaction::with)
}

fn removing(transaction: Transaction, text: &str) -> Transaction {
    facts(text)
        .into_iter()
        .fold(transaction, Transaction::without)
}

fn outcome(world: &World, subject: &str, action: &str, resource: &str) -> Outcome {
    let (subject, resource) = (subject.parse().unwrap(), resource.parse().unwrap());
    let ward = Evaluator::new(world, 0);
    let decision = ward.check(&subject, action, &resource, &Context::default());
    decision.unwrap().outcome
}

#[test]
fn a_transaction_happens_whole_or_not_at_all() {
    let live = Live::new(world("Doc:plan in Team:red"));
    let before = live.snapshot();
    let transaction = adding(
        "User:ann is Member of Team:red
         User:ann is Baker of Team:red
         Doc:plan in Team:blue
         User:ann is Editor of Team:red",
    );
    let refused = live.commit(&transaction).unwrap_err();
    let told: Vec<(usize, &str)> = refused
        .iter()
        .map(|refused| (refused.index, refused.refusal.reason.code()))
        .collect();
    assert_eq!(told, [(1, "E0503"), (2, "E0507")]);
    assert!(
        refused[0].to_string().starts_with("change 2: "),
        "{}",
        refused[0]
    );
    assert_eq!(live.snapshot().version(), Version(0));
    assert_eq!(
        outcome(&live.snapshot(), "User:ann", "view", "Doc:plan"),
        Outcome::Invisible
    );

    let version = live
        .commit(&adding("User:ann is Member of Team:red"))
        .unwrap();
    assert_eq!(version, Version(1));
    assert_eq!(
        outcome(&live.snapshot(), "User:ann", "view", "Doc:plan"),
        Outcome::Forbidden
    );
    assert_eq!(
        outcome(&before, "User:ann", "view", "Doc:plan"),
        Outcome::Invisible
    );
}

#[test]
fn changes_of_one_transaction_see_each_other() {
    let live = Live::new(world("Doc:plan in Team:red"));
    let moved = removing(Transaction::new(), "Doc:plan in Team:red");
    let moved = facts(
        "Doc:plan in Team:blue
         role Reader of Team:blue can Doc.view
         User:ann is Reader of Team:blue, Member of Team:blue",
    )
    .into_iter()
    .fold(moved, Transaction::with);
    live.commit(&moved).unwrap();
    assert_eq!(
        outcome(&live.snapshot(), "User:ann", "view", "Doc:plan"),
        Outcome::Allowed
    );
}

#[test]
fn a_reader_can_wait_for_a_version() {
    let live = Live::new(world("Doc:plan in Team:red"));
    assert!(
        live.at_least(Version(1), Duration::from_millis(20))
            .is_none()
    );
    assert!(live.at_least(Version(0), Duration::ZERO).is_some());
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| live.at_least(Version(2), Duration::from_secs(60)));
        std::thread::sleep(Duration::from_millis(20));
        live.commit(&adding("User:ann is Member of Team:red"))
            .unwrap();
        live.commit(&adding("User:bob is Member of Team:red"))
            .unwrap();
        let snapshot = reader.join().unwrap().unwrap();
        assert!(snapshot.version() >= Version(2));
        assert_eq!(
            outcome(&snapshot, "User:bob", "view", "Doc:plan"),
            Outcome::Forbidden
        );
    });
}

#[test]
fn order_is_kept_without_being_asked() {
    let live = Live::new(world("Doc:plan in Team:red")).compact_after(100);
    for user in 0..2_000 {
        live.commit(&adding(&format!("User:u{user} is Member of Team:red")))
            .unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    // One is started by every hundredth change, if none is at work.
    while live.snapshot().changes() >= 2_000 {
        assert!(Instant::now() < deadline, "never put in order");
        std::thread::sleep(Duration::from_millis(5));
    }
    live.compact_now();
    let snapshot = live.snapshot();
    assert_eq!(snapshot.changes(), 0);
    assert_eq!(snapshot.version(), Version(2_000));
    for user in 0..2_000 {
        let user = format!("User:u{user}");
        assert_eq!(
            outcome(&snapshot, &user, "view", "Doc:plan"),
            Outcome::Forbidden
        );
    }
}

/// Every transaction carries the roles of one user from a team to the next, the number of which follows
/// from the version: in each snapshot exactly that team's document is allowed, and seen.
#[test]
fn readers_see_one_moment_each() {
    const TEAMS: u64 = 7;
    let rounds: u64 = std::env::var("WARD_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3_000);
    let mut text = String::new();
    for team in 0..TEAMS {
        text += &format!("Doc:d{team} in Team:t{team}\n");
    }
    text += "User:ann is Member of Team:t0, Editor of Team:t0\n";
    let live = Live::new(world(&text)).compact_after(64);
    let done = AtomicBool::new(false);
    let (seen, read) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for reader in 0..4u64 {
            let (live, done, seen, read) = (&live, &done, &seen, &read);
            scope.spawn(move || {
                let mut last = Version(0);
                while !done.load(Ordering::Relaxed) {
                    let snapshot = if reader == 0 {
                        // One of them always asks for the version that it knows of.
                        live.at_least(last, Duration::ZERO).expect("it was there")
                    } else {
                        live.snapshot()
                    };
                    let version = snapshot.version();
                    assert!(version >= last, "back from {last} to {version}");
                    if version > last {
                        seen.fetch_add(1, Ordering::Relaxed);
                    }
                    last = version;
                    let here = version.0 % TEAMS;
                    for team in 0..TEAMS {
                        let expected = if team == here {
                            Outcome::Allowed
                        } else {
                            Outcome::Invisible
                        };
                        let found = outcome(&snapshot, "User:ann", "edit", &format!("Doc:d{team}"));
                        assert_eq!(found, expected, "team {team} at {version}");
                    }
                    let ward = Evaluator::new(&snapshot, 0);
                    let ann = "User:ann".parse().unwrap();
                    let docs = ward.visible(&ann, "Doc", &Context::default()).unwrap();
                    let docs: Vec<String> = docs.into_iter().map(|doc| doc.id).collect();
                    assert_eq!(docs, [format!("d{here}")]);
                    read.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..rounds {
            let (from, to) = (round % TEAMS, (round + 1) % TEAMS);
            let held = |team| format!("User:ann is Member of Team:t{team}, Editor of Team:t{team}");
            let moved = removing(Transaction::new(), &held(from));
            let moved = facts(&held(to)).into_iter().fold(moved, Transaction::with);
            let version = live.commit(&moved).unwrap();
            assert_eq!(version, Version(round + 1));
            // Refused, and so never seen by anybody.
            if round % 10 == 0 {
                let both = adding(&format!("{}\nUser:ann is Baker of Team:t0", held(from)));
                assert_eq!(live.commit(&both).unwrap_err().len(), 1);
            }
            if round % 500 == 499 {
                live.compact_now();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    let (seen, read) = (seen.into_inner(), read.into_inner());
    println!("{rounds} transactions, {read} snapshots read, {seen} versions seen");
    assert!(seen > 4, "readers saw {seen} versions");
}
