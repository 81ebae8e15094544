//! What is read from outside: facts in their forms, snapshots, stores, questions.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use ward::load::Loader;
use ward::store::{Note, Store};
use ward::{Evaluator, Fact, Plan, Sources, Transaction, World};
use xxhash_rust::xxh3::xxh3_64;

use super::POLICY;

const FACTS: &str = r#"
Team:red in Org:o
Team:blue in Org:o
Folder:f in Team:red
Doc:plan in Team:red, Folder:f { owner: User:ann, size: 0.25, tags: ["b", "a"], at: 2026-01-31, from: ip("10.0.0.0/8"), box: { a: 1, b: User:"Ann Lee" } }
Doc:"a b" in Team:red
User:bob in Group:eng until 2030-01-01
Group:eng in Group:staff
Group:eng is Member of Team:red until 2031-01-01
anyone is Reader of Doc:plan
Team:blue#Member is Reader of Doc:"a b"
role Scribe of Org:o can Doc.edit, Doc.view { description: "writes \"all\" of it" }
User:zoe is Scribe of Org:o
share Doc:plan with Team:blue at read until 2029-05-05T05:05:05Z
Doc:plan editors User:ann, Group:eng
Key:k in Org:o { owner: User:zoe, scopes: ["Doc.view"] }
"#;

// What every execution begins with is made once.
static PLAN: LazyLock<Arc<Plan>> = LazyLock::new(|| {
    let policy = ward::compile(&Sources::new().with("fuzz.policy", POLICY)).unwrap();
    Arc::clone(policy.plan())
});
pub(super) static WORLD: LazyLock<World> = LazyLock::new(|| World::build(plan(), known()).unwrap());
static SAID: LazyLock<BTreeSet<String>> = LazyLock::new(|| told(&WORLD));
static SNAPSHOT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut bytes = Vec::new();
    WORLD.write_snapshot(&mut bytes).unwrap();
    // The checksum is made anew.
    bytes.truncate(bytes.len() - 8);
    bytes
});
static STORE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = scratch();
    let _ = std::fs::remove_file(&path);
    let store = Store::create(&path, plan()).unwrap();
    let all = known().into_iter();
    let all = all.fold(Transaction::new(), Transaction::with);
    store.commit(&all, &Note::new()).unwrap();
    drop(store);
    std::fs::read(&path).unwrap()
});

fn plan() -> Arc<Plan> {
    Arc::clone(&PLAN)
}

fn known() -> Vec<Fact> {
    ward::load::world_text("known.world", FACTS).unwrap()
}

fn told(world: &World) -> BTreeSet<String> {
    world.facts().map(|fact| fact.to_string()).collect()
}

/// Asks a little of a world, whatever is in it.
fn asked(world: &World) {
    let ward = Evaluator::new(world, 0);
    let context = ward::Context::default();
    for subject in ["User:ann", "User:zoe", "Key:k", "Group:eng"] {
        let subject = subject.parse().unwrap();
        let _ = ward.visible(&subject, "Doc", &context).unwrap();
        let _ = ward.actions(&subject, &"Doc:plan".parse().unwrap(), &context);
    }
    let _ = ward.who_sees(&"Doc:plan".parse().unwrap(), &context);
}

/// Facts as text, as JSON Lines and as tables, by the first byte: what fits makes a world, and the
/// world says its facts so that they make the same again.
pub fn facts(data: &[u8]) {
    let Some((form, data)) = data.split_first() else {
        return;
    };
    let (world, refused) = match form % 3 {
        0 => {
            let text = String::from_utf8_lossy(data);
            match ward::load::world_text("fuzz.world", &text) {
                Ok(facts) => World::build_keeping(plan(), facts),
                Err(_) => return,
            }
        }
        form => {
            let mut loader = Loader::new(plan());
            let read = match form {
                1 => loader.json_lines("fuzz.jsonl", data),
                _ => loader.csv("fuzz.csv", data),
            };
            match read {
                Ok(()) => loader.finish(),
                // What is not UTF-8 is told as the reader's.
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return,
                Err(error) => panic!("{error}"),
            }
        }
    };
    for refusal in &refused {
        assert!(refusal.reason.code().starts_with('E'));
        assert!(!refusal.to_string().is_empty() && !refusal.reason.help().is_empty());
    }
    let said = told(&world);
    let again: String = said.iter().map(|fact| format!("{fact}\n")).collect();
    let again = ward::load::world_text("again.world", &again).expect("what a world says");
    let again = World::build(plan(), again).expect("what a world says fits");
    assert_eq!(said, told(&again), "said again, it is another world");
    asked(&world);
}

/// Bytes that change some of a file: which, and to what. Or the file itself behind a zero.
fn changed(data: &[u8], file: &[u8], head: usize) -> Option<Vec<u8>> {
    let (mode, data) = data.split_first()?;
    let mut changed = file.to_vec();
    match mode % 4 {
        0 => {
            changed.truncate(head);
            changed.extend_from_slice(data);
        }
        1 => {
            let length = data
                .first_chunk()
                .map_or(0, |bytes| usize::from(u16::from_le_bytes(*bytes)));
            changed.truncate(head + length * 7 % (file.len() - head));
        }
        _ => {
            for patch in data.chunks_exact(4) {
                let at = usize::from(u16::from_le_bytes([patch[0], patch[1]]));
                let at = head + at % (file.len() - head);
                changed[at] = match patch[2] % 3 {
                    0 => patch[3],
                    1 => changed[at].wrapping_add(patch[3]),
                    _ => changed[at] ^ 1 << (patch[3] & 7),
                };
            }
        }
    }
    Some(changed)
}

/// A snapshot with its checksum put right: it is refused, or it is a world that answers.
pub fn snapshot(data: &[u8]) {
    // Magic number, version, fingerprint of the plan.
    let head = 20;
    let Some(mut bytes) = changed(data, &SNAPSHOT, head) else {
        return;
    };
    let sum = xxh3_64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    if let Ok(world) = World::read_snapshot(plan(), &*bytes) {
        asked(&world);
        let facts: Vec<Fact> = world.facts().collect();
        let _ = World::build_keeping(plan(), facts);
    }
}

/// Where stores are written: in memory, where there is such a place.
fn scratch() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    let directory = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    directory.join(format!("ward-fuzz-{}-{thread}.store", std::process::id()))
}

/// Pages of a store: what is damaged is refused, and what opens says what was in it.
pub fn store(data: &[u8]) {
    // Panics in redb come of damaged files; the store catches them.
    static QUIET: std::sync::Once = std::sync::Once::new();
    QUIET.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or("", |place| place.file());
            if !place.contains("redb-") {
                usual(panic);
            }
        }));
    });
    let path = scratch();
    let Some(bytes) = changed(data, &STORE, 0) else {
        return;
    };
    std::fs::write(&path, &bytes).unwrap();
    if let Ok(store) = Store::open(&path, plan()) {
        let found = told(&store.snapshot());
        assert_eq!(found, *SAID, "other facts than were written");
        let _ = store.log(ward::Version(0));
    }
    let _ = ward::store::facts(&path);
    let _ = std::fs::remove_file(&path);
}

/// Questions of `ward ask --batch`: a line that is one has an answer, and no other.
pub fn batch(data: &[u8]) {
    let ward = Evaluator::new(&WORLD, 0);
    let mut out = Vec::new();
    ward::cli::answer_batch(
        &ward,
        &mut &*data,
        None,
        ward::cli::Audience::Admin,
        &mut out,
    )
    .expect("bytes are read and written");
    let blank = |line: &&[u8]| !line.iter().all(u8::is_ascii_whitespace);
    let lines = data.split(|byte| *byte == b'\n').filter(blank).count();
    let answers: Vec<&[u8]> = out.split(|byte| *byte == b'\n').filter(blank).collect();
    assert_eq!(answers.len(), lines, "a line is left without an answer");
    for answer in answers {
        let text = std::str::from_utf8(answer).expect("text");
        let outcome = text.contains("\"outcome\":");
        assert!(
            outcome != text.contains("\"error\":{"),
            "neither or both: {text}"
        );
    }
}
