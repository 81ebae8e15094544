//! Ward alone, in worlds that grow: what a question costs where there are a thousand facts, and
//! where there are millions.

use std::fs::File;
use std::hint::black_box;
use std::io::{BufReader, BufWriter, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use tempfile::NamedTempFile;
use ward::{ActionKey, EntityKey, KeyQuestion, Outcome, Plan, World, WorldSize};
use ward_benches::archive::{Archive, Pair, document, rename, user};
use ward_benches::engines::ward::{Served, plan, world};
use ward_benches::limits::{Bound, Limit, number_text};
use ward_benches::machine::Chase;
use ward_benches::memory::{Counting, grown};
use ward_benches::mix::{Mix, mix};
use ward_benches::page::{Report, bytes, spread, time, times};
use ward_benches::read;
use ward_benches::sample::{Clock, Spread, Times, median, seconds};
use ward_benches::size::Size;

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

/// How often the machine is measured while checks are.
const ROUNDS: u32 = 11;

/// How many questions are asked at once.
const BATCH: usize = 10_000;

/// What one world needed.
struct Measured {
    size: Size,
    facts: usize,
    /// From the file to the world, in seconds.
    load: f64,
    /// What was allocated for it.
    memory: usize,
    /// What it says of itself.
    told: WorldSize,
    snapshot: Kept,
    by_names: Checks,
    by_ids: Checks,
    /// Nanoseconds for a check among many that are asked at once.
    batch: f64,
    list: Many,
    who: Many,
    change: Option<Spread>,
}

/// A snapshot file.
struct Kept {
    bytes: u64,
    /// Seconds.
    write: f64,
    /// Seconds.
    open: f64,
}

/// Checks, one at a time.
struct Checks {
    spread: Spread,
    /// What one dependent load costs in nanoseconds, in a working set as large as what they read.
    latency: f64,
    /// The median check in such loads: the median of the ratios of all rounds.
    loads: f64,
    /// How many of a hundred answers were Allowed, Forbidden, Invisible.
    outcomes: [f64; 3],
}

/// Answers that are lists.
struct Many {
    /// Nanoseconds for an element, over all lists.
    element: f64,
    /// Elements of a list, on average.
    length: f64,
}

impl Measured {
    fn per_fact(&self, bytes: usize) -> f64 {
        bytes as f64 / self.facts as f64
    }

    /// What is allocated and no name.
    fn beyond_names(&self) -> f64 {
        self.per_fact(self.memory.saturating_sub(self.told.names))
    }

    fn rate(&self) -> f64 {
        self.facts as f64 / self.load
    }
}

/// The keys of everything that is asked about, by number.
struct Keys {
    users: Vec<EntityKey>,
    documents: Vec<EntityKey>,
    actions: [(&'static str, ActionKey); 3],
}

impl Keys {
    fn of(served: &Served, archive: Archive) -> Self {
        let key = |name| served.entity(&name).expect("a fact names it");
        let actions = ["view", "edit", "delete"];
        Self {
            users: (0..archive.count_of_users())
                .map(|number| key(user(number)))
                .collect(),
            documents: (0..archive.count_of_documents())
                .map(|number| key(document(number)))
                .collect(),
            actions: actions.map(|action| (action, served.action(action, "Document"))),
        }
    }

    fn question(&self, pair: Pair) -> KeyQuestion {
        let mut actions = self.actions.iter();
        let action = actions.find(|(name, _)| *name == pair.action);
        let (_, action) = action.expect("one of three actions");
        (
            self.users[pair.user],
            *action,
            self.documents[pair.document],
        )
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
        let file = NamedTempFile::new().expect("a temporary file");
        let mut out = BufWriter::with_capacity(1 << 20, file.as_file());
        let facts = archive
            .write(&mut out)
            .and_then(|facts| out.flush().map(|()| facts));
        let facts = facts.expect("the facts fit on the disk");
        drop(out);

        let plan = plan(&read("benches/policies/archive.policy"));
        let lines = || BufReader::new(File::open(file.path()).expect("the file is there"));
        let load = seconds(self.each * 2, || {
            let start = Instant::now();
            let loaded = world(&plan, lines());
            let took = start.elapsed();
            drop(loaded);
            took
        });
        // Once more: counting what is allocated takes time.
        let (world, memory) = grown(|| world(&plan, lines()));
        drop(file);
        let told = world.size();
        let (snapshot, write) = write_snapshot(&world);
        let mut served = Served::new(world);

        let keys = Keys::of(&served, archive);
        agree(&served, archive, &keys);
        let by_names = self.by_names(&served, archive, told.names + told.facts);
        let by_ids = self.checks(archive, told.facts, |times, pair| {
            let question = keys.question(pair);
            self.clock.time(times, || served.check_key(question))
        });
        let batch = self.batches(&served, archive, &keys);
        drop(keys);
        let list = self.lists(|random| {
            let user = user(archive.user(random));
            served.list(&user, None, "Document").map(black_box).count()
        });
        let who = self.lists(|random| {
            let document = document(archive.document(random));
            served.who("view", &document).subjects.len()
        });
        let change = self.changes(&mut served, archive);
        drop(served);
        Measured {
            size,
            facts,
            load,
            memory,
            told,
            snapshot: Kept {
                bytes: snapshot.as_file().metadata().map_or(0, |data| data.len()),
                write,
                open: self.open_snapshot(&plan, &snapshot, told),
            },
            by_names,
            by_ids,
            batch,
            list,
            who,
            change,
        }
    }

    fn open_snapshot(&self, plan: &Arc<Plan>, file: &NamedTempFile, told: WorldSize) -> f64 {
        seconds(self.each * 2, || {
            let start = Instant::now();
            let file = File::open(file.path()).expect("the file is there");
            let world = World::read_snapshot(Arc::clone(plan), file);
            let took = start.elapsed();
            let world = world.unwrap_or_else(|error| panic!("{error}"));
            assert!(world.size().entities == told.entities, "a part is missing");
            took
        })
    }

    fn by_names(&self, served: &Served, archive: Archive, working_set: usize) -> Checks {
        let (mut subject, mut resource) = (user(0), document(0));
        self.checks(archive, working_set, |times, pair| {
            rename(&mut subject, pair.user);
            rename(&mut resource, pair.document);
            self.clock
                .time(times, || served.check(&subject, pair.action, &resource))
        })
    }

    /// One check at a time, of a pair that follows from the answer before, in turns with the
    /// machine's own loads. What finds the caches as those left them is not counted.
    fn checks(
        &self,
        archive: Archive,
        working_set: usize,
        mut ask: impl FnMut(&mut Times, Pair) -> Outcome,
    ) -> Checks {
        let mut chase = Chase::new(working_set);
        let turn = self.each / ROUNDS;
        let (mut all, mut cold) = (Times::default(), Times::default());
        let (mut latencies, mut loads) = (Vec::new(), Vec::new());
        let (mut counts, mut state) = ([0_u32; 3], 1);
        for _ in 0..ROUNDS {
            let latency = chase.latency();
            let mut round = Times::default();
            let start = Instant::now();
            loop {
                let spent = start.elapsed();
                if spent >= turn {
                    break;
                }
                let times = if spent < turn / 5 {
                    &mut cold
                } else {
                    &mut round
                };
                let outcome = ask(times, archive.pair(&mut Mix::new(state)));
                counts[outcome as usize] += 1;
                state = mix(state ^ outcome as u64);
            }
            if let Some(spread) = round.clone().spread() {
                loads.push(spread.p50 / latency);
            }
            latencies.push(latency);
            all.append(round);
        }
        let asked: u32 = counts.iter().sum();
        Checks {
            spread: all.spread().expect("there was time for one"),
            latency: median(latencies),
            loads: median(loads),
            outcomes: counts.map(|count| 100.0 * f64::from(count) / f64::from(asked)),
        }
    }

    /// Many questions at once, others each time: nanoseconds for one.
    fn batches(&self, served: &Served, archive: Archive, keys: &Keys) -> f64 {
        let mut random = Mix::new(17);
        let (mut spent, mut asked) = (Duration::ZERO, 0);
        while spent < self.each {
            let questions: Vec<KeyQuestion> = (0..BATCH)
                .map(|_| keys.question(archive.pair(&mut random)))
                .collect();
            let start = Instant::now();
            black_box(served.check_keys(&questions));
            spent += start.elapsed();
            asked += BATCH;
        }
        spent.as_nanos() as f64 / asked as f64
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
    fn changes(&self, served: &mut Served, archive: Archive) -> Option<Spread> {
        let mut random = Mix::new(23);
        let (mut times, mut spent) = (Times::default(), Duration::ZERO);
        // Who may do it already would not show that anything has changed.
        for _ in 0..1_000_000 {
            if spent >= self.each {
                break;
            }
            let (fact, pair) = archive.membership(&mut random);
            let (user, document) = (user(pair.user), document(pair.document));
            let may =
                |served: &Served| served.check(&user, pair.action, &document) == Outcome::Allowed;
            if may(served) {
                continue;
            }
            let start = Instant::now();
            let (added, removed) = (fact.clone(), fact);
            let visible = self.clock.time(&mut times, || {
                served.add(added);
                may(served)
            });
            assert!(visible, "{pair:?} does not follow from {removed}");
            served.remove(removed);
            assert!(!may(served), "{pair:?} does not go with the membership");
            spent += start.elapsed();
        }
        times.spread()
    }
}

/// Asks the same in each way before anything is timed.
fn agree(served: &Served, archive: Archive, keys: &Keys) {
    let mut random = Mix::new(13);
    let pairs: Vec<Pair> = (0..2_000).map(|_| archive.pair(&mut random)).collect();
    let questions: Vec<KeyQuestion> = pairs.iter().map(|pair| keys.question(*pair)).collect();
    let at_once = served.check_keys(&questions);
    for ((pair, question), at_once) in pairs.iter().zip(questions).zip(at_once) {
        let (user, document) = (user(pair.user), document(pair.document));
        let by_names = served.check(&user, pair.action, &document);
        let by_ids = served.check_key(question);
        assert!(
            by_names == by_ids && by_names == at_once,
            "{pair:?} is {by_names} by names, {by_ids} by ids, {at_once} in a batch"
        );
    }
}

/// Writes a snapshot to a file, and tells how many seconds it took until the system had all of it.
fn write_snapshot(world: &World) -> (NamedTempFile, f64) {
    let file = NamedTempFile::new().expect("a temporary file");
    let start = Instant::now();
    let mut out = BufWriter::new(file.as_file());
    let written = world.write_snapshot(&mut out).and_then(|()| out.flush());
    written.expect("the snapshot fits on the disk");
    drop(out);
    let took = start.elapsed().as_secs_f64();
    (file, took)
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
    type Way = fn(&Measured) -> &Checks;
    let ways: [(&str, Way); 2] = [
        ("by names", |one| &one.by_names),
        ("by ids", |one| &one.by_ids),
    ];
    let mut limits = Vec::new();
    for (how, checks) in ways {
        limits.push(limit(
            &format!("1M facts: median check {how} ÷ one dependent load"),
            one.map(|one| checks(one).loads),
            Bound::AtMost(4.0),
            "×",
        ));
    }
    for (how, checks) in ways {
        let median = |measured| checks(measured).spread.p50;
        limits.push(limit(
            &format!("median check {how} at 10M facts ÷ at 1M"),
            one.zip(ten).map(|(one, ten)| median(ten) / median(one)),
            Bound::AtMost(2.0),
            "×",
        ));
    }
    limits.extend([
        limit(
            "1M facts: list, for each element",
            one.map(|one| one.list.element),
            Bound::AtMost(10.0),
            " ns",
        ),
        limit(
            "1M facts: memory beyond the names, for each fact",
            one.map(|one| one.per_fact(one.told.facts)),
            Bound::AtMost(40.0),
            " bytes",
        ),
        limit(
            "1M facts: the same, all that is allocated",
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
        limit(
            "10M facts: a snapshot opens",
            ten.map(|ten| ten.snapshot.open),
            Bound::AtMost(1.0),
            " s",
        ),
    ]);
    limits
}

/// A heading, and what stands below it for a world.
type Column<'c> = (&'c str, &'c dyn Fn(&Measured) -> String);

fn table(report: &mut Report, all: &[Measured], columns: &[Column<'_>]) {
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
    let facts = |one: &Measured| number_text(one.facts as f64);
    report.heading("Check, one at a time");
    let percent = |one: &Measured| {
        let shares = one.by_ids.outcomes.map(|share| format!("{share:.0}"));
        shares.join(" / ")
    };
    table(
        &mut report,
        &all,
        &[
            ("facts", &facts),
            ("by names", &|one| spread(Some(one.by_names.spread))),
            ("one load", &|one| time(one.by_names.latency)),
            ("check ÷ load", &|one| times(one.by_names.loads)),
            ("by ids", &|one| spread(Some(one.by_ids.spread))),
            ("one load", &|one| time(one.by_ids.latency)),
            ("check ÷ load", &|one| times(one.by_ids.loads)),
            ("% Allowed / Forbidden / Invisible", &percent),
        ],
    );
    report.heading("Batches, lists and changes");
    table(
        &mut report,
        &all,
        &[
            ("facts", &facts),
            ("batch, each check", &|one| time(one.batch)),
            ("a second", &|one| number_text(1e9 / one.batch)),
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
    let per_fact = |one: &Measured, bytes| format!("{:.1}", one.per_fact(bytes));
    table(
        &mut report,
        &all,
        &[
            ("facts", &facts),
            ("facts a second", &|one| number_text(one.rate())),
            ("allocated", &|one| bytes(one.memory as f64)),
            ("bytes a fact", &|one| per_fact(one, one.memory)),
            ("facts, bytes a fact", &|one| per_fact(one, one.told.facts)),
            ("names, bytes a fact", &|one| per_fact(one, one.told.names)),
        ],
    );
    report.heading("Snapshots");
    table(
        &mut report,
        &all,
        &[
            ("facts", &facts),
            ("file", &|one| bytes(one.snapshot.bytes as f64)),
            ("written in", &|one| time(1e9 * one.snapshot.write)),
            ("opened in", &|one| time(1e9 * one.snapshot.open)),
        ],
    );
    report.heading("Limits");
    let limits = limits(&all);
    report.finish("scale", &limits, !options.no_write, options.check)
}
