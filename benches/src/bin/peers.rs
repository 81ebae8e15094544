//! Ward beside other engines: the same questions, of the same worlds, in one run.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use ward_benches::engines::{self, Engine, Kind, asked};
use ward_benches::limits::{Bound, Limit};
use ward_benches::memory::{Counting, grown};
use ward_benches::page::{Report, bytes, spread, time, times};
use ward_benches::sample::{Clock, Spread, Times, in_turns};
use ward_benches::scenario::{GDRIVE, GITHUB, Scenario, TINYTODO};
use ward_benches::size::Size;
use ward_benches::{github, read, tenants};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Asks Ward and its peers the same questions, and writes what it costs to docs/performance.md.
#[derive(Parser)]
struct Options {
    /// How many users and repositories the github application is grown to
    #[arg(long, value_delimiter = ',', default_value = "1k,10k,100k")]
    sizes: Vec<Size>,
    /// How many tenants stand in one policy set
    #[arg(long, value_delimiter = ',', default_value = "1,10,100,1k,10k")]
    tenants: Vec<Size>,
    /// How many seconds each engine is asked, for each figure
    #[arg(long, default_value_t = 0.5)]
    seconds: f64,
    /// Fail where a limit is missed
    #[arg(long)]
    check: bool,
    /// Leave docs/performance.md as it is
    #[arg(long)]
    no_write: bool,
}

/// The peers of an ordinary world.
const ALL: &[Kind] = &[
    engines::WARD,
    engines::WARD_BY_IDS,
    engines::CEDAR,
    engines::REGO,
    engines::CASBIN,
];

/// Those that are asked in worlds in which Casbin, which looks at each line, would take hours.
const LARGE: &[Kind] = &[
    engines::WARD,
    engines::WARD_BY_IDS,
    engines::CEDAR,
    engines::REGO,
];

/// The largest github world that Casbin is asked in.
const LARGEST_OF_CASBIN: Size = Size(1_000);

/// Cedar twice: with policies of their own for each tenant, and with one for all.
const BY_TENANT: &[Kind] = &[
    engines::WARD,
    engines::WARD_BY_IDS,
    engines::CEDAR_BY_TENANT,
    engines::CEDAR,
    engines::REGO,
    engines::CASBIN,
];

/// What one engine needed in one world.
struct Measured {
    name: &'static str,
    /// From text to the first check, in nanoseconds.
    load: f64,
    memory: usize,
    check: Option<Spread>,
    list: Option<Spread>,
    change: Option<Spread>,
}

/// A world, and what each engine needed there.
struct Row {
    world: String,
    engines: Vec<Measured>,
}

impl Row {
    fn of(&self, name: &str) -> Option<&Measured> {
        self.engines.iter().find(|engine| engine.name == name)
    }

    /// How many times as long one engine takes as another, by the medians.
    fn ratio(&self, of: &str, to: &str, what: fn(&Measured) -> Option<f64>) -> Option<f64> {
        Some(what(self.of(of)?)? / what(self.of(to)?)?)
    }
}

fn check(engine: &Measured) -> Option<f64> {
    engine.check.map(|spread| spread.p50)
}

fn list(engine: &Measured) -> Option<f64> {
    engine.list.map(|spread| spread.p50)
}

fn change(engine: &Measured) -> Option<f64> {
    engine.change.map(|spread| spread.p50)
}

// ---- measuring ----------------------------------------------------------------------------------

struct Run {
    clock: Clock,
    each: Duration,
}

impl Run {
    fn measure(&self, scenario: &Scenario, kinds: &[Kind]) -> Row {
        eprintln!("{} …", scenario.name);
        let (mut engines, mut measured) = (Vec::new(), Vec::new());
        for kind in kinds {
            let (engine, figures) = self.load(kind, scenario);
            engines.push(engine);
            measured.push(figures);
        }
        let requests = scenario.requests.len();
        agree_on_requests(scenario, &mut engines);
        let checks = in_turns(self.clock, self.each, &mut engines, |engine, turn| {
            engine.check(turn % requests);
        });
        for (figures, check) in measured.iter_mut().zip(checks) {
            figures.check = check;
        }
        if !scenario.listed.is_empty() {
            let lengths = agree_on_lists(scenario, &mut engines);
            let lists = in_turns(self.clock, self.each, &mut engines, |engine, turn| {
                let at = turn % lengths.len();
                let count = engine.count_readable(&scenario.listed[at]);
                assert!(count == lengths[at], "{} lists {count}", engine.name());
            });
            let changes = self.changes(scenario, &mut engines);
            for ((figures, list), change) in measured.iter_mut().zip(lists).zip(changes) {
                figures.list = list;
                figures.change = change;
            }
        }
        Row {
            world: scenario.name.clone(),
            engines: measured,
        }
    }

    /// Loads an engine as often as the time allows, up to ten times.
    fn load(&self, kind: &Kind, scenario: &Scenario) -> (Box<dyn Engine>, Measured) {
        let texts = (kind.texts)(scenario);
        let mut times = Times::default();
        let start = Instant::now();
        let load = |times: &mut Times| grown(|| self.clock.time(times, || (kind.load)(&texts)));
        let (mut engine, memory) = load(&mut times);
        for _ in 1..10 {
            if start.elapsed() >= self.each {
                break;
            }
            (engine, _) = load(&mut times);
        }
        engine.prepare(scenario);
        let figures = Measured {
            name: kind.name,
            load: times.spread().map_or(0.0, |spread| spread.p50),
            memory,
            check: None,
            list: None,
            change: None,
        };
        (engine, figures)
    }

    /// One user becomes a member of one team, and the next check knows it. Each is taken back.
    fn changes(&self, scenario: &Scenario, engines: &mut [Box<dyn Engine>]) -> Vec<Option<Spread>> {
        // What the user may read already would not show that anything has changed.
        let mut telling: Vec<_> = scenario.changes.iter().collect();
        telling.retain(|change| {
            engines
                .iter_mut()
                .all(|engine| !engine.may_read(&change.user, &change.resource))
        });
        assert!(!telling.is_empty(), "no change in {} shows", scenario.name);
        let mut all: Vec<(Times, Duration)> = engines.iter().map(|_| Default::default()).collect();
        for change in telling.iter().cycle() {
            if all.iter().all(|(_, spent)| *spent >= self.each) {
                break;
            }
            for (engine, (times, spent)) in engines.iter_mut().zip(&mut all) {
                if *spent >= self.each {
                    continue;
                }
                let start = Instant::now();
                let visible = self.clock.time(times, || {
                    engine.join(change);
                    engine.may_read(&change.user, &change.resource)
                });
                *spent += start.elapsed();
                assert!(visible, "{} does not know the change", engine.name());
                engine.leave(change);
                let left = engine.may_read(&change.user, &change.resource);
                assert!(!left, "{} does not forget the change", engine.name());
            }
        }
        all.into_iter().map(|(times, _)| times.spread()).collect()
    }
}

/// Asks all engines every request. What was recorded counts, and else what Cedar says.
fn agree_on_requests(scenario: &Scenario, engines: &mut [Box<dyn Engine>]) {
    let recorded = scenario.requests.iter().any(|request| request.allowed);
    let mut expected: Vec<bool> = scenario
        .requests
        .iter()
        .map(|request| request.allowed)
        .collect();
    if !recorded {
        let judge = engines
            .iter_mut()
            .find(|engine| engine.name().starts_with("Cedar"));
        let judge = judge.expect("Cedar is asked in every world");
        expected = (0..expected.len())
            .map(|request| judge.check(request))
            .collect();
    }
    let allowed = expected.iter().filter(|allowed| **allowed).count();
    assert!(
        0 < allowed && allowed < expected.len(),
        "{allowed} requests are allowed"
    );
    for engine in engines {
        for (at, expected) in expected.iter().enumerate() {
            let (name, request) = (engine.name(), asked(&scenario.requests[at]));
            let answer = engine.check(at);
            assert!(
                answer == *expected,
                "{name} says {answer} to {request}, {}",
                scenario.name
            );
        }
    }
}

/// Lists for each subject what it may read, and tells how much that is.
fn agree_on_lists(scenario: &Scenario, engines: &mut [Box<dyn Engine>]) -> Vec<usize> {
    let lengths = scenario.listed.iter().map(|subject| {
        let mut first = None;
        for engine in engines.iter_mut() {
            let mut list = engine.readable(subject);
            list.sort();
            let expected = first.get_or_insert_with(|| list.clone());
            assert!(
                *expected == list,
                "{} lists something else for {subject}",
                engine.name()
            );
        }
        first.map_or(0, |list| list.len())
    });
    lengths.collect()
}

// ---- reporting ----------------------------------------------------------------------------------

/// A table of one figure: a column for each engine, then how many times as much each peer takes.
fn table(
    report: &mut Report,
    rows: &[Row],
    names: &[&str],
    cell: fn(&Measured) -> String,
    figure: fn(&Measured) -> Option<f64>,
) {
    let ward = engines::WARD.name;
    let peers = || {
        let of_ward = [ward, engines::WARD_BY_IDS.name];
        names.iter().filter(move |name| !of_ward.contains(name))
    };
    let mut head = vec!["world".to_owned()];
    head.extend(names.iter().map(|name| (*name).to_owned()));
    head.extend(peers().map(|name| format!("{name} ÷ {ward}")));
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![row.world.clone()];
            let figures = names
                .iter()
                .map(|name| row.of(name).map_or("–".into(), cell));
            cells.extend(figures);
            let ratios = peers().map(|name| row.ratio(name, ward, figure));
            cells.extend(ratios.map(|ratio| ratio.map_or("–".into(), times)));
            cells
        })
        .collect();
    report.table(&head, &rows);
}

fn names(kinds: &[Kind]) -> Vec<&'static str> {
    kinds.iter().map(|kind| kind.name).collect()
}

/// Without those that differ in how they are asked alone: they load and change as the others.
fn loaded(kinds: &[Kind]) -> Vec<&'static str> {
    let mut names = names(kinds);
    names.retain(|name| *name != engines::WARD_BY_IDS.name);
    names
}

fn limits(recorded: &[Row], grown: &[Row], by_tenant: &[Row]) -> Vec<Limit> {
    let cedar = engines::CEDAR.name;
    let ways = [
        (engines::WARD.name, "by names"),
        (engines::WARD_BY_IDS.name, "by ids"),
    ];
    let row = |rows: &'_ [Row], world: &str| rows.iter().position(|row| row.world == world);
    let mut limits = Vec::new();
    for application in [GITHUB, GDRIVE, TINYTODO] {
        let world = format!("{}, n = 50", application.name);
        let ratio = |name| recorded[row(recorded, &world)?].ratio(cedar, name, check);
        for ((name, how), bound) in ways.into_iter().zip([50.0, 100.0]) {
            limits.push(Limit {
                what: format!("{world}: check {how}, Cedar ÷ Ward"),
                figure: ratio(name),
                bound: Bound::AtLeast(bound),
                unit: "×",
            });
        }
    }
    for (name, how) in ways {
        let check_with = |world| check(by_tenant[row(by_tenant, world)?].of(name)?);
        let many = check_with("10k tenants").zip(check_with("1 tenant"));
        limits.push(Limit {
            what: format!("check {how} with 10,000 tenants ÷ with one"),
            figure: many.map(|(many, one)| many / one),
            bound: Bound::AtMost(1.5),
            unit: "×",
        });
    }
    let large = row(grown, "github, n = 100k").map(|at| &grown[at]);
    let [by_names, by_ids] = ways.map(|(name, _)| name);
    for (what, name, figure) in [
        ("list of names", by_names, list as fn(&Measured) -> _),
        ("list of ids", by_ids, list),
        ("one membership", by_names, change),
    ] {
        limits.push(Limit {
            what: format!("github, n = 100k: {what}, Cedar ÷ Ward"),
            figure: large.and_then(|row| row.ratio(cedar, name, figure)),
            bound: Bound::AtLeast(10_000.0),
            unit: "×",
        });
    }
    limits
}

/// The versions that the lock file names.
fn versions() -> String {
    let lock = read("benches/Cargo.lock");
    let version = |name: &str| {
        let after = lock
            .split_once(&format!("name = \"{name}\"\nversion = \""))
            .map(|at| at.1);
        after
            .and_then(|after| after.split('"').next())
            .unwrap_or("?")
            .to_owned()
    };
    let peers =
        ["cedar-policy", "regorus", "casbin"].map(|name| format!("{name} {}", version(name)));
    peers.join(", ")
}

fn main() -> ExitCode {
    let options = Options::parse();
    let run = Run {
        clock: Clock::measure(),
        each: Duration::from_secs_f64(options.seconds),
    };
    let mut recorded = Vec::new();
    for application in [GITHUB, GDRIVE, TINYTODO] {
        for size in [5, 20, 50] {
            recorded.push(run.measure(&Scenario::recorded(application, size), ALL));
        }
    }
    let grown = options.sizes.iter().map(|size| {
        let kinds = if *size <= LARGEST_OF_CASBIN {
            ALL
        } else {
            LARGE
        };
        run.measure(&github::grown(*size), kinds)
    });
    let grown: Vec<Row> = grown.collect();
    let by_tenant = options.tenants.iter();
    let by_tenant: Vec<Row> = by_tenant
        .map(|count| run.measure(&tenants::tenants(*count), BY_TENANT))
        .collect();

    let mut report = Report::default();
    report.machine(run.clock);
    report.line(&format!("Measured with {}.", versions()));
    let (all, all_loaded) = (names(ALL), loaded(ALL));

    report.heading("Check");
    report
        .line("Median / 99th percentile of single calls, and how many times as long a peer takes.");
    let cell = |engine: &Measured| spread(engine.check);
    table(&mut report, &recorded, &all, cell, check);
    table(&mut report, &grown, &all, cell, check);
    report.heading("Many tenants in one policy set");
    report.line("Check, median / 99th percentile.");
    table(&mut report, &by_tenant, &names(BY_TENANT), cell, check);
    report.heading("What one user may read, of all repositories");
    table(
        &mut report,
        &grown,
        &all,
        |engine| spread(engine.list),
        list,
    );
    report.heading("One membership, until a check knows it");
    table(
        &mut report,
        &grown,
        &all_loaded,
        |engine| spread(engine.change),
        change,
    );
    report.heading("From text to the first check");
    let worlds = |rows: Vec<Row>| -> Vec<Row> {
        let large = |row: &Row| !row.world.ends_with("n = 5") && !row.world.ends_with("n = 20");
        rows.into_iter().filter(large).collect()
    };
    let limits = limits(&recorded, &grown, &by_tenant);
    let worlds = worlds(recorded.into_iter().chain(grown).collect());
    let load = |engine: &Measured| Some(engine.load);
    table(
        &mut report,
        &worlds,
        &all_loaded,
        |engine| time(engine.load),
        load,
    );
    table(
        &mut report,
        &by_tenant,
        &loaded(BY_TENANT),
        |engine| time(engine.load),
        load,
    );
    report.heading("Memory after loading");
    let memory = |engine: &Measured| Some(engine.memory as f64);
    let cell = |engine: &Measured| bytes(engine.memory as f64);
    table(&mut report, &worlds, &all_loaded, cell, memory);
    table(&mut report, &by_tenant, &loaded(BY_TENANT), cell, memory);
    report.heading("Limits");
    report.finish("peers", &limits, !options.no_write, options.check)
}
