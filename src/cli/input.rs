//! Reading policies and worlds from disk.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, StdinLock};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::git::Revision;
use super::{Scene, Stop, facts, report};
use crate::compile::compile;
use crate::diagnostic::{Diagnostic, Diagnostics, syntax as problem};
use crate::live::Change;
use crate::policy::Policy;
use crate::resolve::{used_name, uses};
use crate::source::{FileId, Sources, Span};
use crate::store;
use crate::syntax::{self, ast::Item};
use crate::world::{Fact, Refusal, World};

/// One policy on disk: a file that no other one uses, with all that it uses.
pub(super) struct Unit {
    /// The name of the file that nothing else uses.
    pub(super) root: String,
    pub(super) sources: Sources,
    /// Files that cannot be read, or are not UTF-8.
    pub(super) unread: Vec<Diagnostic>,
}

impl Unit {
    /// Whether its root holds tests and `use`s, and nothing else.
    fn only_tests(&self) -> bool {
        let Some((file, source)) = self.sources.iter().next() else {
            return false;
        };
        let items = syntax::parse(file, source.text()).tree.items;
        let tells = |item: &Item| matches!(item, Item::Test(_) | Item::Use(_));
        !items.is_empty() && items.iter().all(tells)
    }

    /// Compiles it; unreadable files are among its mistakes.
    pub(super) fn compile(&self) -> Result<Policy, Diagnostics> {
        match compile(&self.sources) {
            Ok(policy) if self.unread.is_empty() => Ok(policy),
            Ok(_) => Err(Diagnostics::new(self.sources.clone(), self.unread.clone())),
            Err(found) => {
                let all = found.iter().chain(&self.unread).cloned().collect();
                Err(Diagnostics::new(self.sources.clone(), all))
            }
        }
    }
}

/// The name of a path as people see it: as it was given, with `/`, without `./` before it.
pub(super) fn shown(path: &Path) -> String {
    let name = path.to_string_lossy().replace('\\', "/");
    name.strip_prefix("./").unwrap_or(&name).to_owned()
}

/// Every policy below these paths.
pub(super) fn units(paths: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let here = [PathBuf::from(".")];
    let all = every_file(if paths.is_empty() { &here } else { paths })?;
    Ok(roots(all))
}

/// The same, and a note where there is none: it may look in the wrong place.
pub(super) fn noted_units(paths: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let units = units(paths)?;
    if units.is_empty() {
        let names = paths.iter().map(|path| format!("`{}`", shown(path)));
        let names: Vec<String> = names.collect();
        let place = if names.is_empty() {
            "here".to_owned()
        } else {
            names.join(", ")
        };
        report::note(&format!("there is no `.policy` file below {place}"));
    }
    Ok(units)
}

/// Every policy that was below these paths at a revision, and what the files of those policies were that
/// there are now: a path may lead into several repositories.
pub(super) fn units_at(
    paths: &[PathBuf],
    now: &[Unit],
    tree: &mut Revision,
) -> Result<Vec<Unit>, Stop> {
    let here = [PathBuf::from(".")];
    let mut names: BTreeSet<String> = now.iter().map(|unit| unit.root.clone()).collect();
    for path in if paths.is_empty() { &here } else { paths } {
        names.extend(tree.below(path, "policy")?);
    }
    let mut units = Vec::new();
    for name in names {
        if let Some(bytes) = tree.read(&name)? {
            units.push(unit_of(name, bytes, &mut |name| tree.read(name))?);
        }
    }
    Ok(roots(units))
}

/// Every policy below these paths, compiled.
pub(super) fn compiled(paths: &[PathBuf]) -> Result<Vec<Result<Policy, Diagnostics>>, Stop> {
    Ok(noted_units(paths)?.iter().map(Unit::compile).collect())
}

/// What stands for standard input where a file is asked for, and the name that its text then has.
pub(super) const STDIN: (&str, &str) = ("-", "<stdin>");

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN.0)
}

/// Takes standard input, which can be read to its end only once.
///
/// # Errors
///
/// Another argument has taken it.
pub(super) fn take_stdin() -> Result<StdinLock<'static>, Stop> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        let said = "`-` is given twice, and standard input can be read only once";
        return Err(Stop::Input(said.to_owned()));
    }
    Ok(std::io::stdin().lock())
}

/// The bytes of a file, or of standard input, and the name that people see.
fn read(path: &Path) -> Result<(String, Vec<u8>), Stop> {
    if is_stdin(path) {
        let mut bytes = Vec::new();
        take_stdin()?.read_to_end(&mut bytes)?;
        return Ok((STDIN.1.to_owned(), bytes));
    }
    let name = shown(path);
    match fs::read(path) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => Err(Stop::Input(format!("cannot read `{name}`: {error}"))),
    }
}

/// Each file below these paths, with all that it uses.
fn every_file(paths: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let files = below(paths, &["policy"])?;
    files.iter().map(|file| unit(file)).collect()
}

/// Every policy and every world below these paths.
pub(super) fn texts(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Stop> {
    let here = [PathBuf::from(".")];
    let kinds = ["policy", "world"];
    let files = below(if paths.is_empty() { &here } else { paths }, &kinds)?;
    let other = |file: &&PathBuf| !kinds.iter().any(|kind| has_extension(file, kind));
    if let Some(file) = files.iter().find(other) {
        let file = shown(file);
        let said = format!("`{file}` is no .policy file and no .world file");
        return Err(Stop::Input(said));
    }
    Ok(files)
}

pub(super) fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|found| found == wanted)
}

/// These paths, and in the place of a directory the files below it with such an ending.
fn below(paths: &[PathBuf], kinds: &[&str]) -> Result<Vec<PathBuf>, Stop> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below = ignore::WalkBuilder::new(path)
                .sort_by_file_path(Path::cmp)
                .build();
            for entry in below {
                let entry = entry.map_err(|error| {
                    Stop::Input(format!("cannot read below `{}`: {error}", path.display()))
                })?;
                let file = entry.path();
                if file.is_file() && kinds.iter().any(|kind| has_extension(file, kind)) {
                    files.push(file.to_path_buf());
                }
            }
        } else if is_stdin(path) || path.exists() {
            files.push(path.clone());
        } else {
            return Err(Stop::Input(format!("cannot find `{}`", path.display())));
        }
    }
    Ok(files)
}

/// The files that are named by these paths, or have policies and lie below them; those that cannot
/// be read are left out.
pub(super) fn listed(paths: &[PathBuf]) -> BTreeSet<String> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let mut names = BTreeSet::new();
    for path in paths {
        if !path.is_dir() {
            names.insert(shown(path));
            continue;
        }
        for entry in ignore::WalkBuilder::new(path).build().flatten() {
            let file = entry.path();
            if file.extension().is_some_and(|e| e == "policy") && file.is_file() {
                names.insert(shown(file));
            }
        }
    }
    names
}

/// The files that those use, wherever they lie.
pub(super) fn used(paths: &[PathBuf]) -> BTreeSet<String> {
    let files = listed(paths)
        .into_iter()
        .filter(|name| fs::read(name).is_ok());
    let units = files.filter_map(|name| unit(Path::new(&name)).ok());
    let sources = units.flat_map(|unit| {
        let names = unit
            .sources
            .iter()
            .map(|(_, source)| source.name().to_owned());
        names.collect::<Vec<_>>()
    });
    sources.collect()
}

/// Those that no other one uses.
fn roots(mut units: Vec<Unit>) -> Vec<Unit> {
    let others = units.iter().flat_map(|unit| unit.sources.iter().skip(1));
    let used: BTreeSet<String> = others.map(|(_, source)| source.name().to_owned()).collect();
    let kept = |unit: &Unit| !used.contains(&unit.root);
    // Two files that use each other would otherwise both be left out.
    if units.iter().any(kept) {
        units.retain(kept);
    }
    units
}

/// A file with all that it uses.
fn unit(path: &Path) -> Result<Unit, Stop> {
    let (root, text) = read(path)?;
    unit_of(root, text, &mut |name| Ok(fs::read(name).ok()))
}

/// The bytes of a file, where it is there.
type Bytes = Result<Option<Vec<u8>>, Stop>;

/// A file with all that it uses, wherever files are read from.
fn unit_of(root: String, text: Vec<u8>, read: &mut dyn FnMut(&str) -> Bytes) -> Result<Unit, Stop> {
    let mut unit = Unit {
        root: root.clone(),
        sources: Sources::new(),
        unread: Vec::new(),
    };
    let mut open = vec![add(&mut unit, root, text)];
    while let Some(file) = open.pop() {
        let Some(source) = unit.sources.get(file) else {
            continue;
        };
        let user = source.name().to_owned();
        let parsed = syntax::parse(file, source.text());
        let wanted: Vec<String> = uses(&unit.sources, &parsed.tree)
            .filter(|(_, found)| found.is_none())
            .map(|(path, _)| used_name(&user, &path.value))
            .collect();
        for name in wanted {
            if unit.sources.find(&name).is_some() {
                continue;
            }
            // One that is not there is told with its place when the policy is compiled.
            if let Some(text) = read(&name)? {
                open.push(add(&mut unit, name, text));
            }
        }
    }
    Ok(unit)
}

fn add(unit: &mut Unit, name: String, bytes: Vec<u8>) -> FileId {
    match String::from_utf8(bytes) {
        Ok(text) => unit.sources.add(name, text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let text = String::from_utf8_lossy(bytes.get(..valid).unwrap_or(&[])).into_owned();
            let end = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let file = unit.sources.add(name, text);
            unit.unread
                .push(problem::not_utf8(Span::new(file, end, end), valid));
            file
        }
    }
}

/// The one policy at a path.
pub(super) fn policy(path: &Path) -> Result<Policy, Stop> {
    let mut all = every_file(&[path.to_path_buf()])?;
    // A file that only tells tests of another one is no policy of its own.
    if all.iter().any(|unit| !unit.only_tests()) {
        all.retain(|unit| !unit.only_tests());
    }
    let units = roots(all);
    let holding: Vec<&Unit> = units.iter().collect();
    let unit = match holding.as_slice() {
        [only] => *only,
        [] => {
            let said = format!("there is no .policy file in `{}`", path.display());
            return Err(Stop::Input(said));
        }
        several => {
            let names: Vec<&str> = several.iter().map(|unit| unit.root.as_str()).collect();
            return Err(Stop::Input(format!(
                "`{}` holds several policies: name one of {}",
                path.display(),
                names.join(", ")
            )));
        }
    };
    unit.compile().map_err(|diagnostics| {
        report::diagnostics(&diagnostics);
        Stop::Told
    })
}

/// The world that a scene's files make; nothing is answered from half of one.
pub(super) fn world(scene: &Scene) -> Result<World, Stop> {
    let policy = policy(&scene.policy)?;
    facts::world(policy.plan(), &scene.world)
}

/// The facts of several files, whatever policy they are for; without all of them nothing is done.
pub(super) fn facts(paths: &[PathBuf], done: &str) -> Result<Vec<Fact>, Stop> {
    let mut stated = Stated::default();
    for path in paths {
        stated.read(path)?;
    }
    if stated.refused.is_empty() {
        return Ok(stated.facts);
    }
    report::refusals(&stated.refused, done);
    Err(Stop::Told)
}

/// Changes, as JSON Lines.
pub(super) fn changes(path: &Path) -> Result<Vec<Change>, Stop> {
    let (name, text) = read_text(path)?;
    let mut changes = Vec::new();
    for (line, content) in (1..).zip(text.lines()) {
        if content.trim().is_empty() {
            continue;
        }
        changes.push(serde_json::from_str(content).map_err(|error| {
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let place = format!("{name}:{line}:{}: ", error.column());
            let help = "write {\"add\": FACT} or {\"remove\": FACT}; docs/facts.md shows the form of each fact";
            report::coded("E0612", &format!("{place}this is no change: {said}"), help);
            Stop::Told
        })?);
    }
    Ok(changes)
}

/// Facts as they were read.
#[derive(Default)]
struct Stated {
    facts: Vec<Fact>,
    refused: Vec<Refusal>,
}

impl Stated {
    fn read(&mut self, path: &Path) -> Result<(), Stop> {
        if !is_stdin(path) && store::is_store(path) {
            let facts = store::facts(path);
            self.facts
                .extend(facts.map_err(|error| super::store::wrong(path, &error))?);
            return Ok(());
        }
        let (name, text) = read_text(path)?;
        let is_json = match path.extension() {
            Some(extension) => extension == "jsonl" || extension == "ndjson",
            // Standard input has no name that tells; no fact in text begins so.
            None => is_stdin(path) && text.trim_start().starts_with('{'),
        };
        if is_json {
            let (read, bad) = crate::load::json_lines(&name, &text);
            self.facts.extend(read);
            self.refused.extend(bad);
            return Ok(());
        }
        match crate::load::world_text(&name, &text) {
            Ok(read) => {
                self.facts.extend(read);
                Ok(())
            }
            Err(diagnostics) => {
                report::diagnostics(&diagnostics);
                Err(Stop::Told)
            }
        }
    }
}

/// The text of a file, or of standard input, and the name that people see.
fn read_text(path: &Path) -> Result<(String, String), Stop> {
    let (name, bytes) = read(path)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(_) => Err(Stop::Input(format!(
            "`{name}` is not UTF-8: save it as UTF-8"
        ))),
    }
}

/// Findings of several policies, each once, by file.
pub(super) fn distinct<'d>(found: impl IntoIterator<Item = &'d Diagnostics>) -> Vec<Diagnostics> {
    let mut told = BTreeSet::new();
    let mut kept = Vec::new();
    for diagnostics in found {
        let sources = diagnostics.sources();
        let new = diagnostics.iter().filter(|diagnostic| {
            let (file, at) = sources.locate(diagnostic.span());
            let key = (
                file.to_owned(),
                at.line,
                at.column,
                diagnostic.message.clone(),
            );
            told.insert(key)
        });
        let new: Vec<Diagnostic> = new.cloned().collect();
        if !new.is_empty() {
            kept.push(Diagnostics::new(sources.clone(), new));
        }
    }
    kept
}
