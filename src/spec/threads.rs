//! The same work on many things, on all cores.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Fewer than this are not worth a thread more.
const FEW: usize = 4;

/// What `work` makes of each, in the order in which they stand. Each thread starts with a state of
/// its own.
pub(crate) fn in_order<T: Sync, S, R: Send>(
    all: &[T],
    state: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, &T) -> R + Sync,
) -> Vec<R> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(all.len().div_ceil(FEW));
    if threads < 2 {
        let mut state = state();
        return all.iter().map(|one| work(&mut state, one)).collect();
    }
    let next = AtomicUsize::new(0);
    let share = || {
        let mut state = state();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(index) else {
                return done;
            };
            done.push((index, work(&mut state, one)));
        }
    };
    let mut done: Vec<(usize, R)> = thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(share)).collect();
        let parts = running.into_iter().map(|thread| thread.join());
        parts
            .flat_map(|part| part.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    done.sort_unstable_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn whoever_is_done_first_the_order_stays() {
        for many in [0, 1, 5, 1000] {
            let all: Vec<u64> = (0..many).collect();
            let made = in_order(
                &all,
                || 0_u64,
                |seen, one| {
                    *seen += 1;
                    // The first take longest.
                    std::thread::sleep(std::time::Duration::from_micros(
                        200_u64.saturating_sub(*one),
                    ));
                    one * 2
                },
            );
            let expected: Vec<u64> = all.iter().map(|one| one * 2).collect();
            assert_eq!(made, expected);
        }
    }
}
