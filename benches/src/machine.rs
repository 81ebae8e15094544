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

/// What one load costs in nanoseconds where it has to wait for the load before, somewhere in a
/// working set of this many bytes: a walk along one random circle through all of its cache lines.
pub fn dependent_load(bytes: usize) -> f64 {
    let lines = (bytes / size_of::<Line>()).max(2);
    let mut circle: Vec<Line> = (0..lines).map(Line).collect();
    // Sattolo's shuffle makes a single circle of all.
    let mut random = Mix::new(bytes as u64);
    for last in (1..lines).rev() {
        circle.swap(last, random.below(last));
    }
    let steps = lines.clamp(200_000, 2_000_000);
    let mut at = 0;
    let mut rounds = [0.0; 5];
    for round in &mut rounds {
        let start = Instant::now();
        for _ in 0..steps {
            at = circle[at].0;
        }
        *round = start.elapsed().as_nanos() as f64 / steps as f64;
    }
    black_box(at);
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
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
