//! Which parts of a policy its tests decide.
//!
//! Every claim of every test is asked again of the policy without one part, and of the policy with
//! that part always in force. Where the answer changes, the part has decided it. So what is covered
//! is what taking it out, or turning it around, would let a test notice; nothing is guessed from
//! what an answer has come past, and a plain question pays nothing for it.

mod parts;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::Plan;
use crate::policy::Policy;
use crate::source::Span;
use crate::spec::scene::{Answer, Scene, scenes};
use crate::spec::{self, threads};
use crate::world::WorldBuilder;

/// A part of a policy that can decide, and how often tests see it do so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// `sees`, `can`, `forbid`, `level`, …
    pub kind: &'static str,
    /// The name of the file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// Its text on one line, shortened where it is long.
    pub text: String,
    /// How many answers would be others without it; nothing where it cannot change any.
    pub granted: Option<usize>,
    /// How many answers would be others if it always applied; nothing where it always does.
    pub refused: Option<usize>,
}

impl Covered {
    /// How many directions it has, and how many of them some test sees.
    pub fn directions(&self) -> (usize, usize) {
        let both = [self.granted, self.refused];
        let seen = both.iter().flatten().filter(|count| **count > 0);
        (both.iter().flatten().count(), seen.count())
    }

    /// The directions that no test sees.
    pub fn missing(&self) -> impl Iterator<Item = &'static str> + use<> {
        let granted = (self.granted == Some(0)).then_some("granted");
        let refused = (self.refused == Some(0)).then_some("refused");
        granted.into_iter().chain(refused)
    }
}

/// Measures what the tests decide whose name is wanted, in the order of the policy's files.
pub fn measure(policy: &Policy, wanted: impl Fn(&str) -> bool) -> Vec<Covered> {
    let measured = measured(policy, wanted).into_iter();
    measured.map(|(_, covered)| covered).collect()
}

/// The same, each with its place in the text.
pub(crate) fn measured(policy: &Policy, wanted: impl Fn(&str) -> bool) -> Vec<(Span, Covered)> {
    let plan = policy.plan();
    let blank = WorldBuilder::new(Arc::clone(plan));
    let tests = spec::tests(policy).filter(|test| wanted(&test.name.value));
    let mut told: Vec<Scene> = tests
        .flat_map(|test| scenes(policy, &blank, test))
        .collect();
    let answers: Vec<Vec<Answer>> = told.iter_mut().map(|scene| scene.answers(plan)).collect();
    let found = parts::parts(policy);
    let decided = |scenes: &mut Vec<Scene>, varied: Plan| {
        if varied == **plan {
            return None;
        }
        let varied = Arc::new(varied);
        let changed = scenes.iter_mut().zip(&answers).map(|(scene, before)| {
            let now = scene.answers(&varied);
            let pairs = now.iter().zip(before);
            let asked = pairs.filter(|(now, _)| **now != Answer::None);
            asked.filter(|(now, before)| now != before).count()
        });
        Some(changed.sum())
    };
    let counts = threads::in_order(
        &found,
        || told.clone(),
        |scenes, (_, _, part)| {
            let granted = decided(scenes, plan.without(part));
            let refused = decided(scenes, plan.with_always(part));
            (granted, refused)
        },
    );
    let found = found.into_iter().zip(counts);
    found
        .map(|((span, covered, _), (granted, refused))| {
            let covered = Covered {
                granted,
                refused,
                ..covered
            };
            (span, covered)
        })
        .collect()
}

/// Brings together what was measured of several policies: a file that two of them use is covered by
/// the tests of both. By file, and in the order of its lines.
pub fn merged(all: impl IntoIterator<Item = Covered>) -> Vec<Covered> {
    let mut merged: BTreeMap<(String, u32, u32, &'static str), Covered> = BTreeMap::new();
    let sum = |a: Option<usize>, b: Option<usize>| match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    };
    for covered in all {
        let Covered {
            file, line, column, ..
        } = &covered;
        let key = (file.clone(), *line, *column, covered.kind);
        match merged.get_mut(&key) {
            Some(before) => {
                before.granted = sum(before.granted, covered.granted);
                before.refused = sum(before.refused, covered.refused);
            }
            None => {
                merged.insert(key, covered);
            }
        }
    }
    merged.into_values().collect()
}
