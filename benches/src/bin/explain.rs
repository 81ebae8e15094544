//! Explanations in a large world: what a proof costs, and what it costs to find which facts would
//! change a refusal.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use tempfile::NamedTempFile;
use ward::Outcome;
use ward_benches::archive::{Archive, document, user};
use ward_benches::engines::ward::{Served, plan, world};
use ward_benches::limits::{Bound, Limit, number_text};
use ward_benches::mix::Mix;
use ward_benches::page::{Report, spread};
use ward_benches::read;
use ward_benches::sample::{Clock, Spread, Times};
use ward_benches::size::Size;

/// Asks for explanations in a large world, and writes what they cost to docs/performance.md.
#[derive(Parser)]
struct Options {
    /// How many facts the world has
    #[arg(long, default_value = "1M")]
    size: Size,
    /// How many explanations there are of each kind
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// Fail where a limit is missed
    #[arg(long)]
    check: bool,
    /// Leave docs/performance.md as it is
    #[arg(long)]
    no_write: bool,
}

/// Explanations of one outcome.
struct Measured {
    outcome: Outcome,
    /// Without changes that would help.
    why: Option<Spread>,
    /// With them, where it is not allowed.
    changes: Option<Spread>,
    /// How many changes were told, on average.
    told: f64,
    /// How many of a hundred refusals have one.
    helped: f64,
}

fn measure(served: &Served, archive: Archive, outcome: Outcome, count: usize) -> Measured {
    let clock = Clock::measure();
    let mut random = Mix::new(29);
    let (mut why, mut changes) = (Times::default(), Times::default());
    let (mut asked, mut told, mut helped) = (0, 0, 0);
    // Some outcomes are rare.
    for _ in 0..count * 1_000 {
        if asked == count {
            break;
        }
        let pair = archive.pair(&mut random);
        let (user, document) = (user(pair.user), document(pair.document));
        if served.check(&user, pair.action, &document) != outcome {
            continue;
        }
        asked += 1;
        let explain = |changes| served.explain(&user, pair.action, &document, changes);
        let found = clock.time(&mut why, || explain(false));
        assert!(found.outcome == outcome, "{pair:?} is explained as another");
        if outcome != Outcome::Allowed {
            let found = clock.time(&mut changes, || explain(true));
            told += found.changes.len();
            helped += usize::from(!found.changes.is_empty());
        }
    }
    Measured {
        outcome,
        why: why.spread(),
        changes: changes.spread(),
        told: told as f64 / asked.max(1) as f64,
        helped: 100.0 * helped as f64 / asked.max(1) as f64,
    }
}

/// The slowest of a hundred in milliseconds, over all outcomes.
fn slow(all: &[Measured], of: impl Fn(&Measured) -> Option<Spread>) -> Option<f64> {
    let slow = all.iter().filter_map(of).filter_map(|spread| spread.p99);
    slow.reduce(f64::max).map(|nanoseconds| nanoseconds / 1e6)
}

fn main() -> ExitCode {
    let options = Options::parse();
    let archive = Archive::of(options.size);
    let file = NamedTempFile::new().expect("a temporary file");
    let mut out = BufWriter::new(file.as_file());
    let facts = archive
        .write(&mut out)
        .and_then(|facts| out.flush().map(|()| facts));
    let facts = facts.expect("the facts fit on the disk");
    drop(out);
    let plan = plan(&read("benches/policies/archive.policy"));
    let lines = BufReader::new(File::open(file.path()).expect("the file is there"));
    let served = Served::new(world(&plan, lines));
    let outcomes = [Outcome::Allowed, Outcome::Forbidden, Outcome::Invisible];
    let measure = |outcome| measure(&served, archive, outcome, options.count);
    let all = outcomes.map(measure);

    let mut report = Report::default();
    report.line(&format!("A world of {} facts.", number_text(facts as f64)));
    let head = [
        "outcome",
        "proofs and what is missing",
        "with changes",
        "changes told",
        "% with a change",
    ];
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|one| {
            let refused = one.changes.is_some();
            let shown = |text: String| if refused { text } else { "–".to_owned() };
            vec![
                one.outcome.to_string(),
                spread(one.why),
                spread(one.changes),
                shown(number_text(one.told)),
                shown(number_text(one.helped)),
            ]
        })
        .collect();
    report.table(&head.map(str::to_owned), &rows);
    let limit = |what: &str, figure, bound| Limit {
        what: what.into(),
        figure,
        bound: Bound::AtMost(bound),
        unit: " ms",
    };
    let limits = [
        limit("why, 99th percentile", slow(&all, |one| one.why), 10.0),
        limit(
            "why not, with changes, 99th percentile",
            slow(&all, |one| one.changes),
            1_000.0,
        ),
    ];
    report.finish("explain", &limits, !options.no_write, options.check)
}
