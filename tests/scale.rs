//! What is large takes time that grows with its length, not with its square.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

#[cfg(feature = "cli")]
mod directory;
mod large;

use std::fmt::Write;
use std::sync::Mutex;
use std::time::Instant;

use large::policy;
use ward::Sources;

/// Held while time is taken: tests that run beside each other would slow each other down.
static ALONE: Mutex<()> = Mutex::new(());

/// Holds that five times as much takes far less than twenty-five times as long: what grows with the
/// square of its size is found, and a machine with little cache, or with other work, is not mistaken
/// for it. How fast it is, a benchmark says: `benches/src/bin/compile.rs`.
#[track_caller]
fn grows_with_its_length(mut once: impl FnMut(usize), small: usize) {
    let _alone = ALONE.lock();
    let mut best = |size: usize| {
        let times = (0..3).map(|_| {
            let start = Instant::now();
            once(size);
            start.elapsed()
        });
        times.min().unwrap()
    };
    let mut tried = Vec::new();
    for _ in 0..6 {
        let (short, long) = (best(small), best(5 * small));
        println!("{small}: {short:?}, {}: {long:?}", 5 * small);
        tried.push(long.as_secs_f64() / short.as_secs_f64());
        if tried.last().is_some_and(|ratio| *ratio <= 11.0) {
            return;
        }
    }
    panic!("{tried:?}");
}

#[test]
fn a_policy_compiles_in_time_that_grows_with_its_length() {
    let (small, large) = (policy(20_000), policy(100_000));
    let lines = (small.lines().count(), large.lines().count());
    assert!((19_000..22_000).contains(&lines.0), "{lines:?}");
    assert!((95_000..110_000).contains(&lines.1), "{lines:?}");
    let compiled = |lines: usize| {
        let text = if lines == 20_000 { &small } else { &large };
        ward::compile(&Sources::new().with("large.policy", text.as_str())).unwrap();
    };
    grows_with_its_length(compiled, 20_000);
}

#[test]
fn a_policy_is_linted_in_time_that_grows_with_its_length() {
    let config = ward::lint::Config::default();
    let [small, large] = [4_000, 20_000].map(|lines| {
        ward::compile(&Sources::new().with("large.policy", policy(lines).as_str())).unwrap()
    });
    let linted = |lines: usize| {
        let compiled = if lines == 4_000 { &small } else { &large };
        // With all that it does where there is a base to compare with.
        ward::lint::lint_since(compiled, compiled, &[], &config);
    };
    grows_with_its_length(linted, 4_000);
}

#[test]
fn facts_on_one_line_are_found_in_time_that_grows_with_their_number() {
    let read = |facts: usize| {
        let line: String = (0..facts)
            .map(|at| format!("Doc:d{at} in Team:t "))
            .collect();
        let read = ward::load::world_text("line.world", &line).unwrap();
        assert_eq!(read.len(), facts);
    };
    grows_with_its_length(read, 10_000);
}

/// Runs `ward` on files that hold `count` mistakes each; all of them must be told.
#[cfg(feature = "cli")]
fn told(arguments: &[&str], mistake: &str, count: usize) {
    let directory = directory::fresh("scale");
    let file = directory.join(format!("{count}-{}", arguments.concat().replace('-', "")));
    let policy = directory.join("app.policy");
    std::fs::write(
        &policy,
        "subject User\nscope Team { role Member { sees * } }\nresource Doc in Team { n: Int actions edit }\n",
    )
    .unwrap();
    let mut text = String::new();
    if arguments == ["check"] {
        text = std::fs::read_to_string(&policy).unwrap();
    }
    for at in 0..count {
        let _ = writeln!(text, "{}", mistake.replace('#', &at.to_string()));
    }
    std::fs::write(&file, text).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(arguments);
    if arguments != ["check"] {
        command.arg("-p").arg(&policy).arg("-w");
    }
    let output = command.arg(&file).output().unwrap();
    let out = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&out);
    assert_eq!(told.matches("help: ").count(), count, "{}", told.len());
}

#[cfg(feature = "cli")]
#[test]
fn many_mistakes_are_told_in_time_that_grows_with_their_number() {
    let rule = "forbid Doc.edit when resource.no# == 1";
    grows_with_its_length(|count| told(&["check"], rule, count), 2_000);
    let list = ["list", "User:a", "Doc"];
    let twice = "Doc:d# in Team:t { n: 1, n: 2 }";
    grows_with_its_length(|count| told(&list, twice, count), 4_000);
    let refused = "User:u# is Membr of Team:t";
    grows_with_its_length(|count| told(&list, refused, count), 10_000);
}
