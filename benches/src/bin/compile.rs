//! Large policies and facts as text: how fast they are compiled, linted and read, and how that grows.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use ward::lint::{Config, lint_since};
use ward::{Policy, Sources, load};
use ward_benches::limits::{Bound, Limit, number_text};
use ward_benches::page::{Report, time, times};
use ward_benches::sample::{Clock, seconds};

#[path = "../../../tests/large/mod.rs"]
mod large;

/// Compiles and lints large policies, reads large worlds, and writes what that costs to
/// docs/performance.md.
#[derive(Parser)]
struct Options {
    /// How many lines the smaller policy has; the larger has five times as many
    #[arg(long, default_value_t = 20_000)]
    lines: usize,
    /// How many facts the smaller world has; the larger has five times as many
    #[arg(long, default_value_t = 400_000)]
    facts: usize,
    /// How many seconds each figure is measured, for at most five runs
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Fail where a limit is missed
    #[arg(long)]
    check: bool,
    /// Leave docs/performance.md as it is
    #[arg(long)]
    no_write: bool,
}

/// How many times as large the larger policy and the larger world are.
const GROWN: usize = 5;

/// So many documents, each in a team with its owner, one fact a line.
fn facts(count: usize) -> String {
    let mut text = String::new();
    for at in 0..count {
        let (team, user) = (at / 100, at % 1_000);
        let _ = writeln!(text, "Doc:d{at} in Team:t{team} {{ owner: User:u{user} }}");
    }
    text
}

fn compile(text: &str) -> Policy {
    ward::compile(&Sources::new().with("large.policy", text)).expect("the policy compiles")
}

/// The median of some runs, in seconds.
fn measured<T>(options: &Options, mut run: impl FnMut() -> T) -> f64 {
    seconds(Duration::from_secs(options.seconds), || {
        let start = Instant::now();
        let made = run();
        let took = start.elapsed();
        // What was made is thrown away behind the clock.
        drop(made);
        took
    })
}

/// How long something of one size takes.
struct Measured {
    count: usize,
    seconds: f64,
}

impl Measured {
    fn cells(&self) -> [String; 3] {
        let per_second = self.count as f64 / self.seconds;
        [
            number_text(self.count as f64),
            time(self.seconds * 1e9),
            number_text(per_second.round()),
        ]
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    let sizes = |small: usize| [small, GROWN * small];
    let policies = sizes(options.lines).map(large::policy);
    let compiled = policies.each_ref().map(|text| Measured {
        count: text.lines().count(),
        seconds: measured(&options, || compile(text)),
    });
    let config = Config::default();
    let linted = policies.each_ref().map(|text| {
        let policy = compile(text);
        // With all that it does where there is a base to compare with.
        measured(&options, || lint_since(&policy, &policy, &[], &config))
    });
    let read = sizes(options.facts).map(|count| {
        let text = facts(count);
        let read = || load::world_text("large.world", &text).expect("the facts are read");
        assert_eq!(read().len(), count, "each line is a fact");
        Measured {
            count,
            seconds: measured(&options, read),
        }
    });

    let mut report = Report::default();
    report.machine(Clock::measure());
    report.heading("Policies");
    let head = ["lines", "compile", "lines/s", "lint", "lint ÷ compile"];
    let rows: Vec<Vec<String>> = compiled
        .iter()
        .zip(linted)
        .map(|(one, lint)| {
            let mut row = one.cells().to_vec();
            row.extend([time(lint * 1e9), times(lint / one.seconds)]);
            row
        })
        .collect();
    report.table(&head.map(str::to_owned), &rows);
    report.heading("Facts");
    let head = ["facts", "read", "facts/s"].map(str::to_owned);
    let rows: Vec<Vec<String>> = read.iter().map(|one| one.cells().to_vec()).collect();
    report.table(&head, &rows);

    let [_, large] = &compiled;
    let [_, lint] = linted;
    let growth = |[small, large]: &[Measured; 2]| Some(large.seconds / small.seconds);
    let limit = |what: String, figure, bound, unit| Limit {
        what,
        figure,
        bound,
        unit,
    };
    let limits = [
        limit(
            format!("compile, {GROWN} times the lines"),
            growth(&compiled),
            Bound::AtMost(7.0),
            " times the time",
        ),
        limit(
            "lint ÷ compile, the larger policy".into(),
            Some(lint / large.seconds),
            Bound::AtMost(3.0),
            "",
        ),
        limit(
            format!("facts, {GROWN} times as many"),
            growth(&read),
            Bound::AtMost(7.0),
            " times the time",
        ),
    ];
    report.finish("compile", &limits, !options.no_write, options.check)
}
