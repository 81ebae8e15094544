//! The nearest changes of facts that would make it allowed: found among what is near the question,
//! and each tried in a world with it.

use super::Question;
use super::candidates::{Candidate, candidates};
use super::opens::opens;
use super::support::Support;
use super::types::Suggestion;
use crate::eval::{Evaluator, Look, Outcome, Progress};
use crate::world::World;

/// How many worlds with two changes are tried.
const MOST_PAIRS: usize = 20_000;

/// How many changes that help are looked at for what else they open, and how many are told.
const MOST: usize = 12;

/// Changes that make it allowed, those that open least first, and whether there may be more.
pub(super) fn changes(
    look: &Look<'_>,
    support: &Support,
    question: Question<'_>,
) -> (Vec<Suggestion>, bool) {
    let (candidates, mut more) = candidates(look, support, question);
    let trial = Trial { question };
    let mut helping: Vec<(Vec<&Candidate>, World)> = Vec::new();
    let mut tried: Vec<(&Candidate, World, Progress)> = Vec::new();
    let (_, start) = look.verdict();
    for candidate in &candidates {
        let Some(world) = candidate.applied(look.world()) else {
            continue;
        };
        let (outcome, progress) = trial.ask(&world);
        if outcome == Outcome::Allowed {
            helping.push((vec![candidate], world));
        } else {
            tried.push((candidate, world, progress));
        }
    }
    if helping.is_empty() {
        // What gets nearer by itself is tried with all others first.
        tried.sort_by_key(|(_, _, progress)| !progress.is_beyond(start));
        let mut left = MOST_PAIRS;
        'pairs: for (index, (first, world, _)) in tried.iter().enumerate() {
            for (second, ..) in tried.iter().skip(index + 1) {
                if left == 0 {
                    more = true;
                    break 'pairs;
                }
                left -= 1;
                let Some(both) = second.applied(world) else {
                    continue;
                };
                if trial.ask(&both).0 == Outcome::Allowed {
                    helping.push((vec![first, second], both));
                }
            }
        }
    }
    helping.sort_by_cached_key(|(changes, _)| {
        let costs = changes.iter().map(|change| change.cost);
        let texts = changes.iter().map(|change| change.text());
        (costs.sum::<usize>(), texts.collect::<Vec<_>>())
    });
    more |= helping.len() > MOST;
    helping.truncate(MOST);
    let mut suggestions: Vec<Suggestion> = helping
        .iter()
        .map(|(changes, world)| Suggestion {
            changes: changes.iter().map(|change| change.change.clone()).collect(),
            opens: opens(look, world, question),
        })
        .collect();
    // Equal ones stay in the order of their costs.
    suggestions.sort_by_key(|suggestion| suggestion.opens.total());
    (suggestions, more)
}

/// Asks the question in changed worlds.
struct Trial<'q> {
    question: Question<'q>,
}

impl Trial<'_> {
    fn ask(&self, world: &World) -> (Outcome, Progress) {
        let Question {
            subject,
            action,
            resource,
            context,
            now,
        } = self.question;
        let look = Evaluator::new(world, now).look(subject, action, resource, context);
        look.map_or((Outcome::Invisible, Progress::default()), |look| {
            look.verdict()
        })
    }
}
