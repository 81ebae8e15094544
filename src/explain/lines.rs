//! One line of an explanation, with what its parts are.

use std::fmt;

use crate::eval::{Held, Outcome, Reading};
use crate::plan::Clause;

/// How many of a kind are told in lines; programs get them all.
pub(super) const TOLD: usize = 3;

/// What a part of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words.
    Words,
    /// A fact, or the name of something.
    Fact,
    /// A clause of the policy.
    Clause,
    /// Where something is stated.
    Place,
}

/// What a line tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// The outcome.
    Outcome(Outcome),
    /// Something that gives.
    Given,
    /// Something that is missing.
    Missing,
    /// A change that would help.
    Change,
    /// More about the line before.
    Detail,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How far in it stands.
    pub depth: usize,
    /// What it tells.
    pub tone: Tone,
    /// Its parts, one behind the other.
    pub parts: Vec<(Part, String)>,
}

impl fmt::Display for Line {
    /// Writes the line without its indent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (part, text) in &self.parts {
            match part {
                Part::Clause => write!(f, "`{text}`")?,
                Part::Words | Part::Fact | Part::Place => f.write_str(text)?,
            }
        }
        Ok(())
    }
}

impl Line {
    pub(super) fn part(&mut self, part: Part, text: impl Into<String>) -> &mut Self {
        self.parts.push((part, text.into()));
        self
    }

    pub(super) fn words(&mut self, text: &str) -> &mut Self {
        self.part(Part::Words, text)
    }

    pub(super) fn fact(&mut self, text: &str) -> &mut Self {
        self.part(Part::Fact, text)
    }

    pub(super) fn place(&mut self, place: Option<&str>) -> &mut Self {
        match place {
            Some(place) => self.part(Part::Place, format!(" ({place})")),
            None => self,
        }
    }

    /// A clause with its role and its place.
    pub(super) fn clause(&mut self, clause: &Clause) -> &mut Self {
        if let Some(role) = &clause.role {
            self.words(&format!("{role}: "));
        }
        self.part(Part::Clause, &clause.text);
        self.part(Part::Place, format!(" ({}:{})", clause.file, clause.line))
    }

    pub(super) fn reads(&mut self, reads: &[Reading]) -> &mut Self {
        for (index, reading) in reads.iter().enumerate() {
            self.words(if index == 0 { ", where " } else { " and " });
            self.fact(&reading.what).words(" is ").fact(&reading.value);
        }
        self
    }

    /// A holding, with what says so.
    pub(super) fn held(&mut self, held: &Held) -> &mut Self {
        self.fact(&held.fact).place(held.place.as_deref());
        if let Some(also) = &held.also {
            self.words(", by ").clause(also);
        }
        if held.through.len() > 1 {
            self.words(", as member: ").fact(&held.through.join(" → "));
        }
        self
    }

    pub(super) fn several(&mut self, held: &[Held]) -> &mut Self {
        for (index, held) in held.iter().take(TOLD).enumerate() {
            if index > 0 {
                self.words("; ");
            }
            self.held(held);
        }
        if held.len() > TOLD {
            self.words(&format!(" and {} more", held.len() - TOLD));
        }
        self
    }
}
