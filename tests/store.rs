//! Stores: what was committed is there, and what is damaged or does not fit is told.

#![cfg(all(feature = "store", feature = "compiler"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "other tests use more of it")]
mod generate;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use ward::store::{CommitError, Note, Store, StoreError};
use ward::{Change, Fact, Live, Plan, Sources, Transaction, Version, World};

const POLICY: &str = r#"
    subject User
    subject Group of User | Group
    scope Org {
        role Admin { sees * can * }
        custom roles from Doc.*
    }
    scope Team in Org { role Member { sees * } role Banned { } }
    resource Doc in Team {
        owner: User
        size: Decimal
        tags: Set of String
        at: Datetime
        from: IpAddr
        box: { a: Int, b?: User }
        relation editors: User | Group
        actions view, edit
        role Reader { sees this can Doc.view }
        share with Team { level read { view } }
    }
"#;

const FACTS: &str = r#"
    Team:red in Org:o
    Team:blue in Org:o
    Doc:plan in Team:red { owner: User:ann, size: 0.25, tags: ["b", "a"], at: 2026-01-31, from: ip("10.0.0.0/8"), box: { a: 1, b: User:"Ann Lee" } }
    Doc:"a b" in Team:red
    User:bob in Group:eng until 2030-01-01
    Group:eng in Group:staff
    Group:eng is Member of Team:red until 2031-01-01
    anyone is Reader of Doc:plan
    Team:blue#Member is Reader of Doc:"a b"
    role Scribe of Org:o can Doc.edit, Doc.view { description: "writes \"all\" of it" }
    role Nobody of Org:o
    User:zoe is Scribe of Org:o
    Org:o#Scribe is Member of Team:blue
    share Doc:plan with Team:blue at read until 2029-05-05T05:05:05Z
    Doc:plan editors User:ann, Group:eng
    User:lone
"#;

/// A directory that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ward-store-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("facts.store")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn plan(text: &str) -> Arc<Plan> {
    let policy = ward::compile(&Sources::new().with("test.policy", text)).unwrap();
    Arc::clone(policy.plan())
}

fn facts(text: &str) -> Vec<Fact> {
    ward::load::world_text("test.world", text).unwrap()
}

fn adding(text: &str) -> Transaction {
    facts(text)
        .into_iter()
        .fold(Transaction::new(), Transaction::with)
}

fn removing(text: &str) -> Transaction {
    facts(text)
        .into_iter()
        .fold(Transaction::new(), Transaction::without)
}

fn told(world: &World) -> BTreeSet<String> {
    world.facts().map(|fact| fact.to_string()).collect()
}

#[test]
fn every_form_of_fact_is_there_again() {
    let scratch = Scratch::new("forms");
    let plan = plan(POLICY);
    let store = Store::create(scratch.file(), Arc::clone(&plan)).unwrap();
    store.commit(&adding(FACTS), &Note::new()).unwrap();
    let direct = World::build(Arc::clone(&plan), facts(FACTS)).unwrap();
    assert_eq!(told(&store.snapshot()), told(&direct));
    drop(store);
    let store = Store::open(scratch.file(), Arc::clone(&plan)).unwrap();
    assert_eq!(told(&store.snapshot()), told(&direct));
    assert_eq!(store.snapshot().version(), Version(1));
    // Made of many facts at once, it is the same.
    let at_once = scratch.0.join("at-once.store");
    let plan_again = Arc::clone(&plan);
    let made = Store::create_with(&at_once, plan_again, facts(FACTS), &Note::new()).unwrap();
    assert_eq!(told(&made.snapshot()), told(&direct));
    drop(made);
    let once = Store::open(&at_once, Arc::clone(&plan)).unwrap();
    assert_eq!(told(&once.snapshot()), told(&direct));
    assert_eq!(once.snapshot().version(), Version(1));
    assert_eq!(once.log(Version(1)).unwrap().len(), 1);
    // What is read without a policy makes the same world.
    drop(store);
    let alone = ward::store::facts(scratch.file()).unwrap();
    assert_eq!(told(&World::build(plan, alone).unwrap()), told(&direct));
}

#[test]
fn of_two_ends_the_later_stays_and_what_is_removed_stays_away() {
    let scratch = Scratch::new("ends");
    let plan = plan(POLICY);
    let store = Store::create(scratch.file(), Arc::clone(&plan)).unwrap();
    let steps = [
        adding("User:ann is Member of Team:red until 2030-01-01"),
        adding("User:ann is Member of Team:red until 2029-01-01"),
        adding("User:bob is Member of Team:red\nUser:bob is Member of Team:red until 2040-01-01"),
        adding(FACTS),
        removing("role Scribe of Org:o can Doc.edit { description: \"writes \\\"all\\\" of it\" }"),
        removing("role Nobody of Org:o"),
        removing("Doc:plan { size: 0.25 }\nDoc:\"a b\" in Team:red"),
        removing("User:ann"),
        removing("role Scribe of Org:o"),
        adding("role Scribe of Org:o can Doc.view"),
    ];
    for step in &steps {
        store.commit(step, &Note::new()).unwrap();
    }
    let before = told(&store.snapshot());
    assert!(
        before.contains("User:bob is Member of Team:red"),
        "{before:#?}"
    );
    assert!(
        before.iter().all(|fact| !fact.contains("User:ann")),
        "{before:#?}"
    );
    assert!(
        before
            .iter()
            .all(|fact| !fact.contains("Scribe") || fact.starts_with("role"))
    );
    drop(store);
    let store = Store::open(scratch.file(), plan).unwrap();
    assert_eq!(told(&store.snapshot()), before);
    let version = store.commit(&removing("User:lone"), &Note::new()).unwrap();
    assert_eq!(version, Version(steps.len() as u64 + 1));
}

#[test]
fn random_transactions_are_there_again() {
    let scratch = Scratch::new("random");
    let sequences = std::env::var("WARD_SEQUENCES").ok();
    let sequences: u64 = sequences.and_then(|text| text.parse().ok()).unwrap_or(20);
    let mut taken = 0;
    for seed in 0..sequences {
        let (pair, more) = generate::pair_and_more(seed);
        let plan = plan(&pair.policy_text());
        let mut rng = StdRng::seed_from_u64(seed);
        let _ = std::fs::remove_file(scratch.file());
        let mut store = Store::create(scratch.file(), Arc::clone(&plan)).unwrap();
        let live = Live::new(World::build(Arc::clone(&plan), []).unwrap());
        let mut pool: Vec<String> = pair.world.iter().chain(&more).cloned().collect();
        // Entities and custom roles alone, to be removed with all that goes with them.
        for line in pool.clone() {
            pool.extend(line.split(" can ").next().map(str::to_owned));
            let words = line.split([' ', ',']).filter(|word| word.contains(":x"));
            pool.extend(words.filter(|word| !word.contains('#')).map(str::to_owned));
        }
        for index in 0..60 {
            let mut transaction = Transaction::new();
            for _ in 0..rng.random_range(1..4) {
                let Ok(read) = ward::load::world_text("a.world", pool.choose(&mut rng).unwrap())
                else {
                    continue;
                };
                let add = rng.random_bool(0.6);
                transaction.extend(read.into_iter().map(if add {
                    Change::Add
                } else {
                    Change::Remove
                }));
            }
            let (kept, expected) = (
                store.commit(&transaction, &Note::new()),
                live.commit(&transaction),
            );
            match (kept, expected) {
                (Ok(kept), Ok(expected)) => assert_eq!(kept, expected),
                (Err(CommitError::Refused(kept)), Err(expected)) => assert_eq!(kept, expected),
                (kept, expected) => panic!("seed {seed}: {kept:?}, {expected:?}"),
            }
            if index % 20 == 19 {
                drop(store);
                store = Store::open(scratch.file(), Arc::clone(&plan)).unwrap();
                let (found, wanted) = (told(&store.snapshot()), told(&live.snapshot()));
                assert_eq!(found, wanted, "seed {seed} after {index}");
            }
        }
        taken += live.snapshot().version().0;
    }
    println!("{sequences} sequences, {taken} transactions taken");
    assert!(taken > sequences * 10);
}

#[test]
fn the_log_says_when_who_what_and_why() {
    let scratch = Scratch::new("log");
    let store = Store::create(scratch.file(), plan(POLICY)).unwrap();
    let joins = adding("User:ann is Member of Team:red until 2030-01-01");
    let note = Note::new().by("bob").because("she has joined");
    store.commit(&joins, &note).unwrap();
    store.commit(&removing("User:ann"), &Note::new()).unwrap();
    store
        .commit(&adding("User:zoe"), &Note::new().because("new"))
        .unwrap();
    let log = store.log(Version(1)).unwrap();
    assert_eq!(log.len(), 3);
    assert_eq!((log[0].version, &log[0].note), (Version(1), &note));
    assert!(log[0].time > 1_700_000_000_000 && log[0].time <= log[2].time);
    let shown: Vec<String> = log
        .iter()
        .flat_map(|entry| &entry.changes)
        .map(Change::to_string)
        .collect();
    assert_eq!(
        shown,
        [
            "User:ann is Member of Team:red until 2030-01-01T00:00:00Z",
            "remove User:ann",
            "User:zoe",
        ]
    );
    assert_eq!(store.log(Version(3)).unwrap().len(), 1);
    assert_eq!(store.trim(Version(3)).unwrap(), 2);
    drop(store);
    let log = ward::store::history(scratch.file(), Version(0)).unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].version, Version(3));
    // The facts and the count of versions do not depend on it.
    let store = Store::open(scratch.file(), plan(POLICY)).unwrap();
    assert_eq!(
        store.commit(&adding("User:kim"), &Note::new()).unwrap(),
        Version(4)
    );
}

#[test]
fn a_refused_transaction_leaves_no_trace() {
    let scratch = Scratch::new("refused");
    let store = Store::create(scratch.file(), plan(POLICY)).unwrap();
    let error = store.commit(
        &adding("User:ann is Member of Team:red\nUser:bob is Chef of Team:red"),
        &Note::new(),
    );
    let Err(CommitError::Refused(refused)) = error else {
        panic!("{error:?}");
    };
    assert_eq!((refused.len(), refused[0].index), (1, 1));
    assert_eq!(store.snapshot().version(), Version(0));
    assert!(store.log(Version(0)).unwrap().is_empty());
    drop(store);
    assert!(ward::store::facts(scratch.file()).unwrap().is_empty());
}

#[test]
fn facts_that_do_not_fit_are_listed_and_give_nothing() {
    let scratch = Scratch::new("unfit");
    let store = Store::create(scratch.file(), plan(POLICY)).unwrap();
    store.commit(&adding(FACTS), &Note::new()).unwrap();
    drop(store);
    // The role is gone, a name is taken, and one attribute has another type.
    let other = POLICY
        .replace("role Member { sees * }", "")
        .replace("role Admin", "role Scribe { can * } role Admin")
        .replace("size: Decimal", "size: Bool");
    let other = plan(&other);
    let error = Store::open(scratch.file(), Arc::clone(&other)).unwrap_err();
    let StoreError::Unfit(refused) = &error else {
        panic!("{error}");
    };
    assert_eq!(error.code(), Some("E0706"));
    let codes: BTreeSet<&str> = refused
        .iter()
        .map(|refusal| refusal.reason.code())
        .collect();
    assert_eq!(codes, BTreeSet::from(["E0503", "E0515", "E0523", "E0526"]));

    let (store, listed) = Store::open_keeping(scratch.file(), Arc::clone(&other)).unwrap();
    assert_eq!(&listed, refused);
    let left = told(&store.snapshot());
    // Nobody gets the role of the policy by a fact about the custom one.
    assert!(
        left.iter().all(|fact| !fact.contains("Scribe")),
        "{left:#?}"
    );
    let error = store.commit(&adding("User:new"), &Note::new()).unwrap_err();
    assert!(
        matches!(error, CommitError::Store(StoreError::Unfit(_))),
        "{error}"
    );
    assert_eq!(
        store
            .drop_unfit(&Note::new().because("new policy"))
            .unwrap(),
        listed.len()
    );
    store.commit(&adding("User:new"), &Note::new()).unwrap();
    let left = told(&store.snapshot());
    drop(store);
    let store = Store::open(scratch.file(), other).unwrap();
    assert_eq!(told(&store.snapshot()), left);
    assert_eq!(store.snapshot().version(), Version(3));
}

#[test]
fn of_two_containers_none_is_chosen() {
    let scratch = Scratch::new("torn");
    let many = "subject User scope Team { role Member { sees * } } resource Doc in many Team { actions view }";
    let store = Store::create(scratch.file(), plan(many)).unwrap();
    let text =
        "Doc:d in Team:a, Team:b\nDoc:e in Team:a\nUser:ann is Member of Team:a, Member of Team:b";
    store.commit(&adding(text), &Note::new()).unwrap();
    drop(store);
    let one = plan(&many.replace("in many", "in"));
    let (store, refused) = Store::open_keeping(scratch.file(), Arc::clone(&one)).unwrap();
    assert_eq!(refused.len(), 2, "{refused:?}");
    let left = told(&store.snapshot());
    assert!(
        left.contains("Doc:d") && left.contains("Doc:e in Team:a"),
        "{left:?}"
    );
    assert_eq!(store.drop_unfit(&Note::new()).unwrap(), 2);
    drop(store);
    let store = Store::open(scratch.file(), one).unwrap();
    assert_eq!(told(&store.snapshot()), left);
}

fn code(opened: Result<Store, StoreError>) -> &'static str {
    match opened {
        Ok(_) => "opened",
        Err(error) => error.code().unwrap_or("system"),
    }
}

#[test]
fn what_is_no_store_or_is_in_use_is_told() {
    let scratch = Scratch::new("errors");
    let (file, plan) = (scratch.file(), plan(POLICY));
    assert_eq!(code(Store::open(&file, Arc::clone(&plan))), "system");
    std::fs::write(&file, "Team:red in Org:o").unwrap();
    assert_eq!(code(Store::open(&file, Arc::clone(&plan))), "E0701");
    assert_eq!(code(Store::create(&file, Arc::clone(&plan))), "E0705");
    std::fs::remove_file(&file).unwrap();
    let store = Store::create(&file, Arc::clone(&plan)).unwrap();
    assert_eq!(code(Store::open(&file, Arc::clone(&plan))), "E0704");
    drop(store);
    assert_eq!(code(Store::open(&file, Arc::clone(&plan))), "opened");

    let head = redb::TableDefinition::<&str, u64>::new("head");
    let change = |key: &str, value: u64| {
        let database = redb::Database::open(&file).unwrap();
        let writing = database.begin_write().unwrap();
        writing
            .open_table(head)
            .unwrap()
            .insert(key, value)
            .unwrap();
        writing.commit().unwrap();
    };
    change("facts", 1);
    assert_eq!(code(Store::open(&file, Arc::clone(&plan))), "E0703");
    change("format", 7);
    let error = Store::open(&file, plan).unwrap_err();
    assert_eq!(error.code(), Some("E0702"));
    assert_eq!(
        error.to_string(),
        "the store has the format 7, and this version of Ward reads 1"
    );
}

#[test]
fn a_damaged_store_is_refused_or_whole() {
    let scratch = Scratch::new("damage");
    let plan = plan(POLICY);
    let store = Store::create(scratch.file(), Arc::clone(&plan)).unwrap();
    store.commit(&adding(FACTS), &Note::new()).unwrap();
    let more: String = (0..300)
        .map(|doc| format!("Doc:d{doc} in Team:red\n"))
        .collect();
    store.commit(&adding(&more), &Note::new()).unwrap();
    let whole = told(&store.snapshot());
    drop(store);
    let bytes = std::fs::read(scratch.file()).unwrap();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut rng = StdRng::seed_from_u64(5);
    let (mut refused, mut same) = (0, 0);
    for round in 0..300 {
        let mut damaged = bytes.clone();
        if round % 10 == 0 {
            damaged.truncate(rng.random_range(0..bytes.len()));
        } else {
            // Where something is written; most of the file is empty.
            let at = loop {
                let at = rng.random_range(0..bytes.len());
                if bytes[at] != 0 {
                    break at;
                }
            };
            damaged[at] ^= 1 << rng.random_range(0..8);
        }
        std::fs::write(scratch.file(), &damaged).unwrap();
        match Store::open(scratch.file(), Arc::clone(&plan)) {
            Ok(store) => {
                assert_eq!(told(&store.snapshot()), whole, "round {round}");
                same += 1;
            }
            Err(StoreError::Unfit(refused)) => panic!("round {round}: {refused:?}"),
            Err(_) => refused += 1,
        }
    }
    std::panic::set_hook(hook);
    println!("{refused} refused, {same} with all facts");
    assert!(refused > 30);
}

/// The most memory that this process had at once, in bytes, where the system tells.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib << 10)
}

#[test]
fn a_damaged_page_number_takes_no_memory() {
    let scratch = Scratch::new("number");
    let plan = plan(POLICY);
    let store = Store::create(scratch.file(), Arc::clone(&plan)).unwrap();
    let facts: String = (0..300)
        .map(|doc| format!("Doc:d{doc} in Team:red\n"))
        .collect();
    store.commit(&adding(&facts), &Note::new()).unwrap();
    let whole = told(&store.snapshot());
    drop(store);
    let bytes = std::fs::read(scratch.file()).unwrap();
    let before = peak();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    // The pages that name others begin with a 2, and the upper bits of a number say how long a page is:
    // these, 256 MiB.
    let branches = (0..bytes.len()).step_by(4096).filter(|at| bytes[*at] == 2);
    let mut refused = 0;
    // Every third word is enough: the numbers of pages stand one behind the other.
    for word in branches.flat_map(|page| (page..page + 4096).step_by(24)) {
        if bytes[word..word + 8] == [0; 8] {
            continue;
        }
        let mut damaged = bytes.clone();
        damaged[word + 7] = 0x80;
        std::fs::write(scratch.file(), &damaged).unwrap();
        match Store::open(scratch.file(), Arc::clone(&plan)) {
            Ok(store) => assert_eq!(told(&store.snapshot()), whole, "byte {word}"),
            Err(_) => refused += 1,
        }
    }
    std::panic::set_hook(hook);
    if let (Some(before), Some(after)) = (before, peak()) {
        let taken = after - before;
        println!("{refused} refused, {} MiB", taken >> 20);
        assert!(taken < 64 << 20, "{taken} bytes");
    }
    assert!(refused > 5, "{refused}");
}
