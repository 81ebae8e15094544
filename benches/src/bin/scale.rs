//! Ward alone, in worlds that grow: what a question costs where there are a thousand facts, and
//! where there are millions.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use ward::Outcome;
use ward_benches::archive::{Archive, Pair, Written, document, rename, user};
use ward_benches::engines::ward::{Live, plan};
use ward_benches::limits::{Bound, Limit, State, number_text};
use ward_benches::memory::{Counting, grown};
use ward_benches::mix::{Mix, mix};
use ward_benches::page::{Report, bytes, spread, time, times};
use ward_benches::sample::{Clock, Spread, Times};
use ward_benches::size::Size;
use ward_benches::{machine, read};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Asks Ward in worlds of many sizes, and writes what it costs to docs/performance.md.
#[derive(Parser)]
struct Options {
    /// How many facts the worlds have
    #[arg(long, value_delimiter = ',', default_value = "1k,1M,10M")]
    sizes: Vec<Size>,
    /// How many seconds go into each figure
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Fail where a limit is missed
    #[arg(long)]
    check: bool,
    /// Leave docs/performance.md as it is
    #[arg(long)]
    no_write: bool,
}

/// What one world needed.
struct Measured {
    size: Size,
    written: Written,
    /// From the file to the first check, in seconds.
    load: f64,
    memory: usize,
    /// What one dependent load costs in a working set as large as this world, in nanoseconds.
    latency: f64,
    check: Spread,
    /// How many of a hundred answers were Allowed, Forbidden, Invisible.
    outcomes: [f64; 3],
    /// Checks that do not wait for each other, a second.
    throughput: f64,
    list: Many,
    who: Many,
    change: Option<Spread>,
}

/// Answers that are lists.
struct Many {
    /// Nanoseconds for an element, over all lists.
    element: f64,
    /// Elements of a list, on average.
    length: f64,
}

impl Measured {
    fn per_fact(&self) -> f64 {
        self.memory as f64 / self.written.facts as f64
    }

    fn beyond_names(&self) -> f64 {
        self.memory.saturating_sub(self.written.names) as f64 / self.written.facts as f64
    }

    fn rate(&self) -> f64 {
        self.written.facts as f64 / self.load
    }
}

// ---- measuring ----------------------------------------------------------------------------------

struct Run {
    clock: Clock,
    each: Duration,
}

impl Run {
    fn measure(&self, size: Size) -> Measured {
        eprintln!("{size} facts …");
        let archive = Archive::of(size);
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        let mut out = BufWriter::with_capacity(1 << 20, File::create(file.path()).expect("a file"));
        let written = archive
            .write(&mut out)
            .and_then(|written| out.flush().map(|()| written));
        let written = written.expect("the facts fit on the disk");

        let plan = plan(&read("benches/policies/archive.policy"));
        let start = Instant::now();
        let (mut live, memory) = grown(|| {
            let text = std::fs::read_to_string(file.path()).expect("the file is there");
            Live::load(&plan, &text)
        });
        let load = start.elapsed().as_secs_f64();
        drop(file);

        let (check, outcomes) = self.checks(&live, archive);
        Measured {
            size,
            written,
            load,
            memory,
            latency: machine::dependent_load(memory),
            check,
            outcomes,
            throughput: self.throughput(&live, archive),
            list: self.lists(|random| live.visible(&user(archive.user(random)), "Document").len()),
            who: self.lists(|random| {
                live.who("view", &document(archive.document(random)))
                    .subjects
                    .len()
            }),
            change: self.changes(&mut live, archive),
        }
    }

    /// One check at a time, of a pair that follows from the answer before.
    fn checks(&self, live: &Live, archive: Archive) -> (Spread, [f64; 3]) {
        let (mut subject, mut resource) = (user(0), document(0));
        let (mut times, mut counts) = (Times::default(), [0_u32; 3]);
        let mut state = 1;
        let start = Instant::now();
        let mut asked = 0;
        while start.elapsed() < self.each {
            let Pair {
                user,
                document,
                action,
            } = archive.pair(&mut Mix::new(state));
            rename(&mut subject, user);
            rename(&mut resource, document);
            let outcome = self
                .clock
                .time(&mut times, || live.check(&subject, action, &resource));
            counts[outcome as usize] += 1;
            state = mix(state ^ outcome as u64);
            asked += 1;
        }
        let share = |count| 100.0 * f64::from(count) / f64::from(asked);
        (
            times.spread().expect("there was time for one"),
            counts.map(share),
        )
    }

    /// Checks a second, of pairs that are known beforehand.
    fn throughput(&self, live: &Live, archive: Archive) -> f64 {
        let mut random = Mix::new(17);
        let pairs: Vec<_> = (0..20_000)
            .map(|_| {
                let pair = archive.pair(&mut random);
                (user(pair.user), pair.action, document(pair.document))
            })
            .collect();
        let (mut asked, mut allowed) = (0, 0);
        let start = Instant::now();
        for (subject, action, resource) in pairs.iter().cycle() {
            allowed += u32::from(live.check(subject, action, resource) == Outcome::Allowed);
            asked += 1;
            if asked % 64 == 0 && start.elapsed() >= self.each {
                break;
            }
        }
        black_box(allowed);
        f64::from(asked) / start.elapsed().as_secs_f64()
    }

    fn lists(&self, list: impl Fn(&mut Mix) -> usize) -> Many {
        let mut random = Mix::new(19);
        let (mut lists, mut elements) = (0, 0);
        let start = Instant::now();
        while lists == 0 || start.elapsed() < self.each {
            elements += black_box(list(&mut random));
            lists += 1;
        }
        let took = start.elapsed().as_nanos() as f64;
        Many {
            element: took / elements as f64,
            length: elements as f64 / f64::from(lists),
        }
    }

    /// One user becomes a member of one group, and the next check knows it. Each is taken back.
    fn changes(&self, live: &mut Live, archive: Archive) -> Option<Spread> {
        let mut random = Mix::new(23);
        let (mut times, mut spent) = (Times::default(), Duration::ZERO);
        let sees = |live: &Live, pair: &Pair| {
            let outcome = live.check(&user(pair.user), pair.action, &document(pair.document));
            outcome == Outcome::Allowed
        };
        // Who may do it already would not show that anything has changed.
        for _ in 0..1_000_000 {
            if spent >= self.each {
                break;
            }
            let (fact, pair) = archive.membership(&mut random);
            if sees(live, &pair) {
                continue;
            }
            let start = Instant::now();
            let visible = self.clock.time(&mut times, || {
                live.add(&fact);
                sees(live, &pair)
            });
            assert!(visible, "{pair:?} does not follow from {fact:?}");
            live.remove(&fact);
            assert!(!sees(live, &pair), "{pair:?} does not go with {fact:?}");
            spent += start.elapsed();
        }
        times.spread()
    }
}

// ---- reporting ----------------------------------------------------------------------------------

fn limits(measured: &[Measured]) -> Vec<Limit> {
    let of = |size| measured.iter().find(|measured| measured.size == Size(size));
    let (one, ten) = (of(1_000_000), of(10_000_000));
    let limit = |what: &str, figure, bound, unit| Limit {
        what: what.into(),
        figure,
        bound,
        unit,
    };
    vec![
        limit(
            "1M facts: median check ÷ one dependent load in a working set of that size",
            one.map(|one| one.check.p50 / one.latency),
            Bound::AtMost(4.0),
            "×",
        ),
        limit(
            "median check at 10M facts ÷ at 1M",
            one.zip(ten).map(|(one, ten)| ten.check.p50 / one.check.p50),
            Bound::AtMost(2.0),
            "×",
        ),
        limit(
            "1M facts: list, for each element",
            one.map(|one| one.list.element),
            Bound::AtMost(10.0),
            " ns",
        ),
        limit(
            "1M facts: memory beyond the names, for each fact",
            one.map(Measured::beyond_names),
            Bound::AtMost(40.0),
            " bytes",
        ),
        limit(
            "1M facts: load from JSON Lines on one core",
            one.map(Measured::rate),
            Bound::AtLeast(1_000_000.0),
            " facts/s",
        ),
    ]
}

fn table(report: &mut Report, all: &[Measured], columns: &[(&str, &dyn Fn(&Measured) -> String)]) {
    let head: Vec<String> = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
    let row = |one| columns.iter().map(|(_, cell)| cell(one)).collect();
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    report.table(&head, &rows);
}

fn main() -> ExitCode {
    let options = Options::parse();
    let run = Run {
        clock: Clock::measure(),
        each: Duration::from_secs_f64(options.seconds),
    };
    let all: Vec<Measured> = options
        .sizes
        .iter()
        .map(|size| run.measure(*size))
        .collect();

    let mut report = Report::default();
    report.machine(run.clock);
    report.heading("Check, one at a time");
    let percent = |one: &Measured| one.outcomes.map(|share| format!("{share:.0}")).join(" / ");
    table(
        &mut report,
        &all,
        &[
            ("facts", &|one| number_text(one.written.facts as f64)),
            ("median / 99th percentile", &|one| spread(Some(one.check))),
            ("one dependent load", &|one| time(one.latency)),
            ("median ÷ load", &|one| times(one.check.p50 / one.latency)),
            ("independent checks a second", &|one| {
                number_text(one.throughput)
            }),
            ("% Allowed / Forbidden / Invisible", &percent),
        ],
    );
    report.heading("Lists and changes");
    table(
        &mut report,
        &all,
        &[
            ("facts", &|one| number_text(one.written.facts as f64)),
            ("what one sees, each", &|one| time(one.list.element)),
            ("of", &|one| number_text(one.list.length.round())),
            ("who may view, each", &|one| time(one.who.element)),
            ("of", &|one| number_text(one.who.length.round())),
            ("one membership, until a check knows it", &|one| {
                spread(one.change)
            }),
        ],
    );
    report.heading("Loading and memory");
    table(
        &mut report,
        &all,
        &[
            ("facts", &|one| number_text(one.written.facts as f64)),
            ("facts a second", &|one| number_text(one.rate())),
            ("memory", &|one| bytes(one.memory as f64)),
            ("bytes a fact", &|one| format!("{:.0}", one.per_fact())),
            ("without the names", &|one| {
                format!("{:.0}", one.beyond_names())
            }),
        ],
    );
    report.heading("Limits");
    let limits = limits(&all);
    report.limits(&limits);

    if !options.no_write
        && let Err(error) = report.write("scale")
    {
        eprintln!("{error}");
        return ExitCode::from(2);
    }
    let missed = limits.iter().any(|limit| limit.state() == State::Missed);
    if options.check && missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
