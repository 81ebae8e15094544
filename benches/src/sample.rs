//! Single calls, timed one by one.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The times of many calls, in nanoseconds, the clock's own cost taken off.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<u64>);

impl Times {
    /// Adds one call.
    pub fn push(&mut self, took: Duration, clock: Clock) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0.push(nanoseconds.saturating_sub(clock.0));
    }

    /// Adds the calls of another round.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// What comes out of them; nothing where there was no call.
    pub fn spread(mut self) -> Option<Spread> {
        self.0.sort_unstable();
        let at = |share: f64| {
            let last = self.0.len().checked_sub(1)?;
            self.0.get((last as f64 * share).round() as usize).copied()
        };
        Some(Spread {
            p50: at(0.5)? as f64,
            // A 99th percentile of fewer calls would be the slowest one.
            p99: at(0.99)
                .filter(|_| self.0.len() >= 100)
                .map(|p99| p99 as f64),
            calls: self.0.len(),
        })
    }
}

/// The median of some figures; not a number where there are none.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The spread of many times, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub p50: f64,
    /// The 99th percentile, of at least a hundred calls.
    pub p99: Option<f64>,
    /// How many calls there were.
    pub calls: usize,
}

/// What it costs to read the clock twice, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Clock(u64);

impl Clock {
    /// Measures it: the median of many pairs of readings with nothing between them.
    pub fn measure() -> Self {
        let mut pairs: Vec<u64> = (0..20_000)
            .map(|_| {
                let start = Instant::now();
                let took = start.elapsed();
                u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
            })
            .collect();
        pairs.sort_unstable();
        Self(pairs.get(pairs.len() / 2).copied().unwrap_or(0))
    }

    /// The cost in nanoseconds.
    pub fn nanoseconds(self) -> u64 {
        self.0
    }

    /// Times one call.
    pub fn time<T>(self, times: &mut Times, call: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = black_box(call());
        let took = start.elapsed();
        times.push(took, self);
        result
    }
}

/// Asks several engines in turns, so that what disturbs the machine disturbs all of them. A turn is a
/// short stretch of calls; the first of them, which find the caches as the engine before left them,
/// are not counted. It goes on until each engine had its time.
pub fn in_turns<E: ?Sized>(
    clock: Clock,
    each: Duration,
    engines: &mut [Box<E>],
    mut call: impl FnMut(&mut E, usize),
) -> Vec<Option<Spread>> {
    const TURN: Duration = Duration::from_millis(5);
    const WARM: Duration = Duration::from_micros(500);
    #[derive(Clone, Default)]
    struct Turns {
        times: Times,
        spent: Duration,
        next: usize,
    }
    let mut all = vec![Turns::default(); engines.len()];
    while all.iter().any(|turns| turns.spent < each) {
        for (engine, turns) in engines.iter_mut().zip(&mut all) {
            if turns.spent >= each {
                continue;
            }
            let start = Instant::now();
            while start.elapsed() < WARM {
                call(engine, turns.next);
                turns.next += 1;
            }
            let start = Instant::now();
            while start.elapsed() < TURN {
                clock.time(&mut turns.times, || call(engine, turns.next));
                turns.next += 1;
            }
            turns.spent += start.elapsed();
        }
    }
    all.into_iter().map(|turns| turns.times.spread()).collect()
}

/// Times a call until the time is over, at least once and at most five times: the median in seconds.
pub fn seconds(time: Duration, mut call: impl FnMut() -> Duration) -> f64 {
    let mut took = Vec::new();
    let start = Instant::now();
    while took.is_empty() || took.len() < 5 && start.elapsed() < time {
        took.push(call().as_secs_f64());
    }
    median(took)
}
