//! What the machine can do: the yardstick that figures are held against.

use std::hint::black_box;
use std::time::Instant;

use crate::mix::Mix;

/// How many cores there are.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One cache line, which holds the number of the next one to go to.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(usize);

/// A walk along one random circle through all cache lines of a working set.
pub struct Chase {
    circle: Vec<Line>,
    at: usize,
}

impl Chase {
    /// A circle through so many bytes.
    pub fn new(bytes: usize) -> Self {
        let lines = (bytes / size_of::<Line>()).max(2);
        let mut circle: Vec<Line> = (0..lines).map(Line).collect();
        // Sattolo's shuffle makes a single circle of all.
        let mut random = Mix::new(bytes as u64);
        for last in (1..lines).rev() {
            circle.swap(last, random.below(last));
        }
        Self { circle, at: 0 }
    }

    /// What one load costs in nanoseconds where it has to wait for the load before. What was there
    /// before has left the caches by then.
    pub fn latency(&mut self) -> f64 {
        let lines = self.circle.len();
        self.walk(lines.min(1_000_000));
        let steps = lines.clamp(100_000, 500_000);
        let start = Instant::now();
        self.walk(steps);
        start.elapsed().as_nanos() as f64 / steps as f64
    }

    fn walk(&mut self, steps: usize) {
        let mut at = self.at;
        for _ in 0..steps {
            at = self.circle[at].0;
        }
        self.at = black_box(at);
    }
}

/// What one dependent load costs in a working set of this many bytes: the median of five walks.
pub fn dependent_load(bytes: usize) -> f64 {
    let mut chase = Chase::new(bytes);
    let rounds = (0..5).map(|_| chase.latency()).collect();
    crate::sample::median(rounds)
}

/// The working sets that the page shows the latency of.
pub const WORKING_SETS: &[(&str, usize)] = &[
    ("16 KiB", 16 << 10),
    ("512 KiB", 512 << 10),
    ("8 MiB", 8 << 20),
    ("64 MiB", 64 << 20),
    ("256 MiB", 256 << 20),
    ("1 GiB", 1 << 30),
];
