//! `--watch`: runs again whenever a file changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{Stop, input};

/// How often files are looked at.
const PAUSE: Duration = Duration::from_millis(500);
/// How long nothing must change before what has changed is read: a file may be half written.
const QUIET: Duration = Duration::from_millis(50);

/// Runs once, and again with what has changed, until it is told to stop. `changed` gives the files
/// that changed since it was asked before; it is asked again after every pause, and when something
/// has changed until nothing more does.
pub(super) fn watch(
    stop: &AtomicBool,
    (pause, quiet): (Duration, Duration),
    mut changed: impl FnMut() -> Vec<String>,
    mut run: impl FnMut(&[String]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    // What changes while the first run goes on must not be missed.
    changed();
    run(&[])?;
    while !stop.load(Ordering::Relaxed) {
        let mut files = changed();
        if files.is_empty() {
            thread::sleep(pause);
            continue;
        }
        loop {
            thread::sleep(quiet);
            let more = changed();
            if more.is_empty() {
                break;
            }
            files.extend(more);
        }
        files.sort_unstable();
        files.dedup();
        run(&files)?;
    }
    Ok(())
}

/// Watches the policies below these paths until the process is ended.
pub(super) fn policies(
    paths: &[PathBuf],
    run: impl FnMut(&[String]) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut before = BTreeMap::new();
    let mut used = BTreeSet::new();
    let changed = || {
        let mut files = input::listed(paths);
        files.extend(used.iter().cloned());
        let now = stamps(files);
        let changes = differences(&before, &now);
        before = now;
        if !changes.is_empty() {
            // What is new among these counts from here on, and is no change by itself. None is taken
            // out: a file that cannot be read at the moment may still use it.
            used.extend(input::used(paths));
            let new = used.iter().filter(|name| !before.contains_key(*name));
            let new = stamps(new.cloned().collect());
            before.extend(new);
        }
        changes
    };
    watch(&AtomicBool::new(false), (PAUSE, QUIET), changed, run)
}

/// When a file was written last, and how long it is.
type Stamp = (SystemTime, u64);

/// The files that are there.
fn stamps(files: BTreeSet<String>) -> BTreeMap<String, Stamp> {
    let files = files.into_iter().filter_map(|name| {
        let known = fs::metadata(Path::new(&name)).ok()?;
        Some((name, (known.modified().ok()?, known.len())))
    });
    files.collect()
}

/// The files that are new, gone, or others than before.
fn differences(before: &BTreeMap<String, Stamp>, now: &BTreeMap<String, Stamp>) -> Vec<String> {
    let all: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let differs = |name: &&String| before.get(*name) != now.get(*name);
    all.into_iter().filter(differs).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_once_and_again_for_each_change_until_it_is_stopped() {
        let stop = AtomicBool::new(false);
        let told: [&[&str]; 8] = [
            &["first look"],
            &[],
            &["b.policy"],
            &["a.policy", "b.policy"],
            &[],
            &[],
            &["c.policy"],
            &[],
        ];
        let mut seen = told
            .iter()
            .map(|files| files.iter().map(|&name| name.to_owned()).collect());
        let mut ran = Vec::new();
        let changed = || {
            seen.next().unwrap_or_else(|| {
                stop.store(true, Ordering::Relaxed);
                Vec::new()
            })
        };
        let at_once = (Duration::ZERO, Duration::ZERO);
        let done = watch(&stop, at_once, changed, |files| {
            ran.push(files.join(" "));
            Ok(())
        });
        assert!(done.is_ok());
        assert_eq!(ran, ["", "a.policy b.policy", "c.policy"]);
    }

    #[test]
    fn what_cannot_be_written_ends_it() {
        let done = watch(
            &AtomicBool::new(false),
            (Duration::ZERO, Duration::ZERO),
            Vec::new,
            |_| Err(Stop::Told),
        );
        assert!(matches!(done, Err(Stop::Told)));
    }

    #[test]
    fn new_gone_and_changed_files_are_told() {
        let at = |seconds| (SystemTime::UNIX_EPOCH + Duration::from_secs(seconds), 7);
        let files = |files: &[(&str, Stamp)]| {
            let files = files
                .iter()
                .map(|(name, stamp)| ((*name).to_owned(), *stamp));
            files.collect::<BTreeMap<_, _>>()
        };
        let before = files(&[("same", at(1)), ("gone", at(1)), ("old", at(1))]);
        let now = files(&[("same", at(1)), ("new", at(2)), ("old", at(2))]);
        assert_eq!(differences(&before, &now), ["gone", "new", "old"]);
        assert!(differences(&now, &now).is_empty());
    }
}
