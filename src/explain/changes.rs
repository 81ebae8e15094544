//! The nearest changes of facts that would make it allowed: found among what is near the question,
//! and each tried in a world with it.

use super::Question;
use super::candidates::{Candidate, candidates, windows};
use super::opens::opens;
use super::support::Support;
use super::types::Suggestion;
use crate::eval::{Evaluator, Look, Outcome, Progress, QueryError};
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
    let mut search = Search {
        look,
        trial: Trial { question },
        left: MOST_PAIRS,
        helping: Vec::new(),
        more: false,
    };
    let near = search.near(look, support);
    let others = search.one_by_one(&near);
    if search.helping.is_empty() {
        search.two_by_two(others);
    }
    if search.helping.is_empty() {
        search.through_windows();
    }
    search.told()
}

/// What was found so far.
struct Search<'l> {
    look: &'l Look<'l>,
    trial: Trial<'l>,
    /// How many worlds with two changes may still be tried.
    left: usize,
    helping: Vec<(Vec<Candidate>, World)>,
    more: bool,
}

impl Search<'_> {
    /// What is near the question in a world that may be changed already.
    fn near(&mut self, look: &Look<'_>, support: &Support) -> Vec<Candidate> {
        let question = self.trial.question;
        if look.asker().is_some() || look.credential().is_some() {
            let (near, more) = candidates(look, support, question);
            self.more |= more;
            return near;
        }
        // What names the subject makes it known too, so what is near is near to one that is known.
        let know = Candidate::know(question.subject);
        let Some(known) = know.applied(look.world()) else {
            return Vec::new();
        };
        let Ok(close) = self.trial.look(&known) else {
            return Vec::new();
        };
        let (mut near, more) = candidates(&close, &Support::of(&close), question);
        self.more |= more;
        // Where the name is enough, whatever else is said with it is not needed.
        if close.verdict().0 == Outcome::Allowed {
            near.retain(|candidate| !candidate.names_subject());
        }
        near.push(know);
        near
    }

    /// Tries each by itself, and gives back those that are not enough, in their worlds: first those
    /// by which something is gained.
    fn one_by_one<'c>(&mut self, near: &'c [Candidate]) -> Vec<(&'c Candidate, World)> {
        let (_, start) = self.look.verdict();
        let (mut nearer, mut others) = (Vec::new(), Vec::new());
        for candidate in near {
            let Some(world) = candidate.applied(self.look.world()) else {
                continue;
            };
            let (outcome, progress) = self.trial.ask(&world);
            if outcome == Outcome::Allowed {
                self.helping.push((vec![candidate.clone()], world));
            } else if progress.is_beyond(start) {
                nearer.push((candidate, world));
            } else {
                others.push((candidate, world));
            }
        }
        nearer.extend(others);
        nearer
    }

    fn two_by_two(&mut self, tried: Vec<(&Candidate, World)>) {
        for (index, (first, world)) in tried.iter().enumerate() {
            for (second, _) in tried.iter().skip(index + 1) {
                if !self.both(first, world, second) {
                    return;
                }
            }
        }
    }

    /// Shares with scopes that are not near, and one more change that the share brings near.
    fn through_windows(&mut self) {
        let (windows, more) = windows(self.look);
        self.more |= more;
        for window in windows {
            let Some(world) = window.applied(self.look.world()) else {
                continue;
            };
            let Ok(look) = self.trial.look(&world) else {
                return;
            };
            if look.verdict().0 == Outcome::Allowed {
                self.helping.push((vec![window], world.clone()));
                continue;
            }
            for second in self.near(&look, &Support::of(&look)) {
                if !self.both(&window, &world, &second) {
                    return;
                }
            }
        }
    }

    /// Tries a second change in the world of the first; not if enough was tried.
    fn both(&mut self, first: &Candidate, world: &World, second: &Candidate) -> bool {
        if self.left == 0 {
            self.more = true;
            return false;
        }
        self.left -= 1;
        if let Some(both) = second.applied(world)
            && self.trial.ask(&both).0 == Outcome::Allowed
        {
            let changes = vec![first.clone(), second.clone()];
            self.helping.push((changes, both));
        }
        true
    }

    /// The cheapest, those that open least first, and whether there may be more.
    fn told(mut self) -> (Vec<Suggestion>, bool) {
        self.helping.sort_by_cached_key(|(changes, _)| {
            let costs = changes.iter().map(|change| change.cost);
            let texts = changes.iter().map(Candidate::text);
            (costs.sum::<usize>(), texts.collect::<Vec<_>>())
        });
        self.more |= self.helping.len() > MOST;
        self.helping.truncate(MOST);
        let (look, question) = (self.look, self.trial.question);
        let told = self.helping.into_iter().map(|(changes, world)| Suggestion {
            changes: changes.into_iter().map(|change| change.change).collect(),
            opens: opens(look, &world, question),
        });
        let mut told: Vec<Suggestion> = told.collect();
        // Equal ones stay in the order of their costs.
        told.sort_by_key(|suggestion| suggestion.opens.total());
        (told, self.more)
    }
}

/// Asks the question in changed worlds.
#[derive(Clone, Copy)]
struct Trial<'q> {
    question: Question<'q>,
}

impl Trial<'_> {
    fn look<'w>(&self, world: &'w World) -> Result<Look<'w>, QueryError> {
        let Question {
            subject,
            action,
            resource,
            context,
            now,
        } = self.question;
        Evaluator::new(world, now).look(subject, action, resource, context)
    }

    fn ask(&self, world: &World) -> (Outcome, Progress) {
        let look = self.look(world);
        look.map_or((Outcome::Invisible, Progress::default()), |look| {
            look.verdict()
        })
    }
}
