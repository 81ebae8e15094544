//! Single calls, timed one by one.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The times of many calls, in nanoseconds, the clock's own cost taken off.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<f64>);

impl Times {
    /// Adds one call.
    pub fn push(&mut self, took: Duration, clock: Clock) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.0.push(nanoseconds as f64 - clock.0);
    }

    /// Adds the calls of another round.
    pub fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// What comes out of them; nothing where there was no call.
    pub fn spread(mut self) -> Option<Spread> {
        self.0.sort_by(f64::total_cmp);
        Some(Spread {
            p50: mid_quantile(&self.0, 0.5)?,
            // A 99th percentile of fewer calls would be the slowest one.
            p99: mid_quantile(&self.0, 0.99).filter(|_| self.0.len() >= 100),
            calls: self.0.len(),
        })
    }
}

/// The quantile of sorted figures, where many are the same: a clock may tick in steps as long as a
/// check. The share below a figure is taken to be in the middle of those that are the same, and between
/// two figures there is a straight line (mid-quantiles, after Ma, Genton and Parzen 2011).
fn mid_quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let sought = sorted.len() as f64 * share;
    let (mut below, mut before) = (0.0, None);
    for same in sorted.chunk_by(|a, b| a == b) {
        let (figure, middle) = (same[0], below + same.len() as f64 / 2.0);
        if middle >= sought {
            return Some(before.map_or(figure, |(lower, at): (f64, f64)| {
                lower + (figure - lower) * (sought - at) / (middle - at)
            }));
        }
        before = Some((figure, middle));
        below += same.len() as f64;
    }
    before.map(|(figure, _)| figure)
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
pub struct Clock(f64);

impl Clock {
    /// Measures it: the median of many pairs of readings with nothing between them.
    pub fn measure() -> Self {
        let mut pairs = Times::default();
        for _ in 0..20_000 {
            Self(0.0).time(&mut pairs, || ());
        }
        Self(pairs.spread().map_or(0.0, |pairs| pairs.p50))
    }

    /// The cost in nanoseconds.
    pub fn nanoseconds(self) -> f64 {
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
