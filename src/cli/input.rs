//! Reading policies and worlds from disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Scene, Stop, report};
use crate::compile::compile;
use crate::diagnostic::{Diagnostic, Diagnostics, syntax as problem};
use crate::policy::Policy;
use crate::resolve::{used_name, uses};
use crate::source::{FileId, Sources, Span};
use crate::syntax::{self, ast::Item};
use crate::world::{Fact, World};

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
fn shown(path: &Path) -> String {
    let name = path.to_string_lossy().replace('\\', "/");
    name.strip_prefix("./").unwrap_or(&name).to_owned()
}

/// Every policy below these paths.
pub(super) fn units(paths: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let here = [PathBuf::from(".")];
    let all = every_file(if paths.is_empty() { &here } else { paths })?;
    Ok(roots(all))
}

/// Each file below these paths, with all that it uses.
fn every_file(paths: &[PathBuf]) -> Result<Vec<Unit>, Stop> {
    let mut units = Vec::new();
    for path in paths {
        if path.is_dir() {
            let below = ignore::WalkBuilder::new(path)
                .sort_by_file_path(Path::cmp)
                .build();
            for entry in below {
                let entry = entry.map_err(|error| {
                    report::plain(&format!("cannot read below `{}`: {error}", path.display()));
                    Stop::Told
                })?;
                let file = entry.path();
                if file.is_file() && file.extension().is_some_and(|e| e == "policy") {
                    units.push(unit(file)?);
                }
            }
        } else if path.exists() {
            units.push(unit(path)?);
        } else {
            report::plain(&format!("cannot find `{}`", path.display()));
            return Err(Stop::Told);
        }
    }
    Ok(units)
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
    let root = shown(path);
    let mut unit = Unit {
        root: root.clone(),
        sources: Sources::new(),
        unread: Vec::new(),
    };
    let text = fs::read(path).map_err(|error| {
        report::plain(&format!("cannot read `{root}`: {error}"));
        Stop::Told
    })?;
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
            // One that is not there is told with its place when the policy is compiled.
            if let (None, Ok(text)) = (unit.sources.find(&name), fs::read(&name)) {
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
            report::plain(&format!("there is no .policy file in `{}`", path.display()));
            return Err(Stop::Told);
        }
        several => {
            let names: Vec<&str> = several.iter().map(|unit| unit.root.as_str()).collect();
            report::plain(&format!(
                "`{}` holds several policies: name one of {}",
                path.display(),
                names.join(", ")
            ));
            return Err(Stop::Told);
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
    let mut facts: Vec<Fact> = Vec::new();
    let mut refused = Vec::new();
    let mut texts = Vec::new();
    for path in &scene.world {
        let name = shown(path);
        let bytes = fs::read(path).map_err(|error| {
            report::plain(&format!("cannot read `{name}`: {error}"));
            Stop::Told
        })?;
        let Ok(text) = String::from_utf8(bytes) else {
            report::plain(&format!("`{name}` is not UTF-8: save it as UTF-8"));
            return Err(Stop::Told);
        };
        if path
            .extension()
            .is_some_and(|e| e == "jsonl" || e == "ndjson")
        {
            let (read, bad) = crate::load::json_lines(&name, &text);
            facts.extend(read);
            refused.extend(bad);
        } else {
            match crate::load::world_text(&name, &text) {
                Ok(read) => {
                    facts.extend(read);
                    texts.push((name, text));
                }
                Err(diagnostics) => {
                    report::diagnostics(&diagnostics);
                    return Err(Stop::Told);
                }
            }
        }
    }
    let (world, bad) = World::build_keeping(Arc::clone(policy.plan()), facts);
    refused.extend(bad);
    if refused.is_empty() {
        return Ok(world);
    }
    for (name, text) in &texts {
        crate::load::point_to_words(name, text, &mut refused);
    }
    report::refusals(&refused);
    Err(Stop::Told)
}

/// Findings of several policies, each once, by file.
pub(super) fn distinct(found: Vec<Diagnostics>) -> Vec<Diagnostics> {
    let mut told: BTreeMap<(String, u32, u32, String), ()> = BTreeMap::new();
    let mut kept = Vec::new();
    for diagnostics in found {
        let sources = diagnostics.sources().clone();
        let new = diagnostics.iter().filter(|diagnostic| {
            let (file, at) = sources.locate(diagnostic.span());
            let key = (
                file.to_owned(),
                at.line,
                at.column,
                diagnostic.message.clone(),
            );
            told.insert(key, ()).is_none()
        });
        let new: Vec<Diagnostic> = new.cloned().collect();
        if !new.is_empty() {
            kept.push(Diagnostics::new(sources, new));
        }
    }
    kept
}
