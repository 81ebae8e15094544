//! Facts that fit no policy.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Diagnostics, facts};
use crate::lint::WorldText;
use crate::load::{self, Loader};
use crate::plan::Plan;
use crate::source::{Sources, Span};
use crate::syntax;
use crate::world::Refusal;

/// Whether facts are JSON Lines, and not text.
pub(super) fn are_lines(world: &WorldText) -> bool {
    world.name.ends_with(".jsonl") || world.name.ends_with(".ndjson")
}

/// What all of these policies refuse: of several, a world may belong to any one.
pub(super) fn refused(plans: &[Arc<Plan>], worlds: &[WorldText]) -> Vec<Diagnostics> {
    let mut plans = plans.iter().filter(|_| !worlds.is_empty());
    let Some(first) = plans.next() else {
        return Vec::new();
    };
    let mut all = refused_by(first, worlds);
    for plan in plans {
        let others = refused_by(plan, worlds);
        let others: HashSet<String> = others.iter().map(name).collect();
        all.retain(|refusal| others.contains(&name(refusal)));
    }
    let told = worlds.iter().map(|world| located(world, &all));
    told.filter(|errors| errors.iter().next().is_some())
        .collect()
}

/// A fact and where it is stated.
fn name(refusal: &Refusal) -> String {
    let place = refusal.place.as_ref();
    let place = place.map_or_else(String::new, ToString::to_string);
    format!("{place} {}", refusal.fact)
}

fn refused_by(plan: &Arc<Plan>, worlds: &[WorldText]) -> Vec<Refusal> {
    let mut loader = Loader::new(Arc::clone(plan));
    let mut all = Vec::new();
    for world in worlds {
        if are_lines(world) {
            let (facts, wrong) = load::json_lines(&world.name, &world.text);
            loader.facts(facts);
            all.extend(wrong);
        } else if let Ok(facts) = load::world_text(&world.name, &world.text) {
            loader.facts(facts);
        }
    }
    all.extend(loader.finish().1);
    all
}

/// Those of one file, at the words or the line that is wrong.
fn located(world: &WorldText, refused: &[Refusal]) -> Diagnostics {
    let mut sources = Sources::new();
    let file = sources.add(world.name.as_str(), world.text.as_str());
    let mut lines: BTreeMap<u32, Span> = BTreeMap::new();
    let mut written = BTreeMap::new();
    if are_lines(world) {
        let mut start = 0;
        for (number, line) in (1..).zip(world.text.split_inclusive('\n')) {
            let end = start + line.trim_end().len() as u32;
            lines.insert(number, Span::new(file, start, end));
            start += line.len() as u32;
        }
    } else {
        for fact in syntax::parse_world(file, &world.text).tree.facts {
            if let Ok(Some(place)) = load::fact(&sources, &fact).map(|fact| fact.place) {
                written.insert((place.line, place.column), fact);
            }
        }
    }
    let here = refused.iter().filter_map(|refusal| {
        let place = refusal.place.as_ref()?;
        if *place.file != *world.name {
            return None;
        }
        let fact = written.get(&(place.line, place.column));
        let words = fact.map(|fact| load::words(fact, &refusal.reason));
        let span = words.or_else(|| lines.get(&place.line).copied())?;
        Some(facts::refused(span, refusal))
    });
    let found = here.collect();
    Diagnostics::new(sources, found)
}
