//! An explanation in a few lines, each with what its parts are, for terminals and for Markdown.

use std::fmt;

use super::told::Told;
use super::types::{
    Change, Explanation, Given, Missing, Opens, Passed, Proof, Stated, Suggestion, Tally,
};
use crate::eval::{Held, Outcome, Reading};
use crate::plan::Clause;

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

/// How many of a kind are told in lines; programs get them all.
const TOLD: usize = 3;

impl Explanation {
    /// The explanation in lines, as few as tell it.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        lines.outcome(self.outcome, &self.subject, &self.action, &self.resource);
        for (index, proof) in self.proofs.iter().enumerate() {
            if index > 0 {
                lines.start(1, Tone::Detail).words("or");
            }
            lines.proof(proof);
        }
        if self.more_proofs && self.outcome == Outcome::Allowed {
            let word = if self.proofs.len() > 1 {
                "there may be further proofs"
            } else {
                "there are further proofs; `--all` shows them"
            };
            lines.start(1, Tone::Detail).words(word);
        }
        for missing in self.missing.iter().take(TOLD) {
            lines.missing(missing, &self.resource, &self.action);
        }
        lines.rest(self.missing.len(), 1);
        lines.changes(self);
        for error in &self.errors {
            let line = lines.start(1, Tone::Missing);
            line.words("could not be read: ").clause(&error.clause);
            line.words(&format!(": {}", error.message));
        }
        lines.all
    }
}

impl Told {
    /// What the subject may be told, in lines.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        lines.outcome(self.outcome, &self.subject, &self.action, &self.resource);
        for reason in &self.reasons {
            lines.start(1, Tone::Missing).words(reason);
        }
        lines.all
    }
}

fn write_lines(lines: &[Line], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for line in lines {
        writeln!(f, "{:indent$}{line}", "", indent = line.depth * 2)?;
    }
    Ok(())
}

impl fmt::Display for Explanation {
    /// Writes the explanation as an indented tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(&self.lines(), f)
    }
}

impl fmt::Display for Told {
    /// Writes what the subject may be told.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lines(&self.lines(), f)
    }
}

impl Line {
    fn part(&mut self, part: Part, text: impl Into<String>) -> &mut Self {
        self.parts.push((part, text.into()));
        self
    }

    fn words(&mut self, text: &str) -> &mut Self {
        self.part(Part::Words, text)
    }

    fn fact(&mut self, text: &str) -> &mut Self {
        self.part(Part::Fact, text)
    }

    fn place(&mut self, place: Option<&str>) -> &mut Self {
        match place {
            Some(place) => self.part(Part::Place, format!(" ({place})")),
            None => self,
        }
    }

    /// A clause with its role and its place.
    fn clause(&mut self, clause: &Clause) -> &mut Self {
        if let Some(role) = &clause.role {
            self.words(&format!("{role}: "));
        }
        self.part(Part::Clause, &clause.text);
        self.part(Part::Place, format!(" ({}:{})", clause.file, clause.line))
    }

    fn reads(&mut self, reads: &[Reading]) -> &mut Self {
        for (index, reading) in reads.iter().enumerate() {
            self.words(if index == 0 { ", where " } else { " and " });
            self.fact(&reading.what).words(" is ").fact(&reading.value);
        }
        self
    }

    /// A holding, with what says so.
    fn held(&mut self, held: &Held) -> &mut Self {
        self.fact(&held.fact).place(held.place.as_deref());
        if let Some(also) = &held.also {
            self.words(", by ").clause(also);
        }
        if held.through.len() > 1 {
            self.words(", as member: ").fact(&held.through.join(" → "));
        }
        self
    }

    fn several(&mut self, held: &[Held]) -> &mut Self {
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

#[derive(Default)]
struct Lines {
    all: Vec<Line>,
}

impl Lines {
    fn start(&mut self, depth: usize, tone: Tone) -> &mut Line {
        self.all.push_mut(Line {
            depth,
            tone,
            parts: Vec::new(),
        })
    }

    fn outcome(&mut self, outcome: Outcome, subject: &str, action: &str, resource: &str) {
        let line = self.start(0, Tone::Outcome(outcome));
        line.words(&outcome.to_string()).words(": ");
        line.fact(&format!("{subject} {action} {resource}"));
    }

    /// Says how many were left out.
    fn rest(&mut self, count: usize, depth: usize) {
        if count > TOLD {
            let line = self.start(depth, Tone::Detail);
            line.words(&format!("and {} more", count - TOLD));
        }
    }

    fn proof(&mut self, proof: &Proof) {
        self.given("sees it: ", &proof.sees);
        if let Some(can) = &proof.can {
            self.given("may do it: ", can);
        }
        let told = told(proof);
        let others: Vec<&Stated> = proof
            .facts
            .iter()
            .filter(|fact| !is_plain(&fact.fact) && !told.contains(&fact.fact))
            .collect();
        if !others.is_empty() {
            let line = self.start(1, Tone::Given);
            line.words("for ");
            for (index, fact) in others.iter().take(TOLD).enumerate() {
                if index > 0 {
                    line.words("; ");
                }
                line.fact(&fact.fact).place(fact.place.as_deref());
            }
            if others.len() > TOLD {
                line.words(&format!(" and {} more", others.len() - TOLD));
            }
        }
        for passed in proof.passed.iter().take(TOLD - 1) {
            self.passed(passed);
        }
    }

    fn given(&mut self, word: &str, given: &Given) {
        let (clause, reads) = match given {
            Given::Role {
                held,
                clause,
                reads,
                ..
            } => {
                self.start(1, Tone::Given).words(word).held(held);
                (clause, reads)
            }
            Given::Rule { clause, reads, .. } => {
                self.start(1, Tone::Given)
                    .words(word)
                    .clause(clause)
                    .reads(reads);
                return;
            }
        };
        let line = self.start(2, Tone::Detail);
        if let Given::Role { way, .. } = given {
            if !way.is_empty() {
                line.words("it");
            }
            for step in way {
                match &step.level {
                    Some(level) => line.words(&format!(" → shared at {level} with ")),
                    None => line.words(" → in "),
                };
                line.fact(&step.to);
            }
            if !way.is_empty() {
                line.words("; ");
            }
        }
        line.clause(clause).reads(reads);
    }

    fn passed(&mut self, passed: &Passed) {
        let line = self.start(1, Tone::Given);
        match passed {
            Passed::Ceiling { held, clause } => {
                line.words("under the ceiling of ").held(held).words(": ");
                line.clause(clause);
            }
            Passed::Credential { credential, owner } => {
                line.fact(credential).words(" acts for ").fact(owner);
            }
            Passed::Override { held } => {
                line.held(held).words(" overrides what is held farther out");
            }
            Passed::Rule {
                effect,
                clause,
                reads,
            } => {
                let what = if *effect == "hide" {
                    "hidden"
                } else {
                    "forbidden"
                };
                line.words(&format!("not {what} by "))
                    .clause(clause)
                    .reads(reads);
            }
        }
    }

    fn missing(&mut self, missing: &Missing, resource: &str, action: &str) {
        let line = self.start(1, Tone::Missing);
        match missing {
            Missing::UnknownSubject => {
                line.words("no fact names this subject: only what `anyone` holds counts");
            }
            Missing::UnknownResource => {
                line.words("no fact names ").fact(resource);
            }
            Missing::Incomplete { entity, container } => {
                line.fact(entity)
                    .words(&format!(" stands in no {container}, and must"));
            }
            Missing::NoOwner { credential } => {
                line.fact(credential)
                    .words(" has no owner, so it sees nothing");
            }
            Missing::Confined { credential, within } => {
                let within = if within.is_empty() {
                    "nothing".to_owned()
                } else {
                    within.join(", ")
                };
                line.fact(credential)
                    .words(" is confined to ")
                    .fact(&within);
                line.words(", and this lies outside");
            }
            Missing::Limited { credential } => {
                line.words("the permissions of ").fact(credential);
                line.words(" do not have ").fact(action);
            }
            Missing::Struck {
                effect,
                clause,
                reads,
            } => {
                let what = if *effect == "hide" {
                    "hidden"
                } else {
                    "forbidden"
                };
                line.words(&format!("{what} by "));
                if let Some(id) = &clause.id {
                    line.words(&format!("\"{id}\": "));
                }
                line.clause(clause).reads(reads);
                if let Some(reason) = &clause.reason {
                    self.start(2, Tone::Detail)
                        .words(&format!("reason: {reason}"));
                }
            }
            Missing::Unmet {
                held,
                clause,
                reads,
                ..
            } => {
                line.held(held).words(", but its condition does not hold:");
                self.start(2, Tone::Detail).clause(clause).reads(reads);
            }
            Missing::RuleUnmet { clause, reads, .. } => {
                line.words("does not match: ").clause(clause).reads(reads);
            }
            Missing::Capped { held, clause } => {
                line.held(held).words(" is a ceiling: ").clause(clause);
            }
            Missing::KeptOut { share, clause } => {
                line.fact(share).words(" keeps it out: ").clause(clause);
            }
            Missing::Overridden { held, by } => {
                line.held(held).words(" is overridden by ").several(by);
            }
            Missing::Uncounted {
                held,
                role,
                requires,
                holders,
            } => {
                line.held(held).words(&format!(" does not count: {role}"));
                if !requires.is_empty() {
                    line.words(" requires ").fact(&requires.join(" and "));
                }
                if !holders.is_empty() {
                    line.words(" is for ").fact(&holders.join(" and "));
                }
            }
            Missing::Ended { fact, place, .. } => {
                line.fact(fact).place(place.as_deref()).words(" has ended");
            }
            Missing::Lacks { lacks, held, .. } => {
                line.several(held);
                match *lacks {
                    "sight" => line.words(" does not show it"),
                    _ => line.words(" does not give ").fact(action),
                };
            }
            Missing::NothingHeld { places } => {
                line.words("no role is held on ").fact(&first(places));
            }
        }
    }

    fn changes(&mut self, explanation: &Explanation) {
        if explanation.outcome == Outcome::Allowed || !explanation.searched {
            return;
        }
        for suggestion in explanation.changes.iter().take(TOLD) {
            self.suggestion(suggestion);
        }
        self.rest(explanation.changes.len(), 1);
        if explanation.changes.is_empty() {
            let line = self.start(1, Tone::Detail);
            let struck = explanation
                .missing
                .iter()
                .find_map(|missing| match missing {
                    Missing::Struck { clause, .. } => Some(clause),
                    _ => None,
                });
            match struck {
                Some(clause) => {
                    line.words("no fact that could be added or taken away lifts ");
                    line.clause(clause);
                }
                None => {
                    line.words("no one or two facts would allow it");
                }
            }
        }
    }

    fn suggestion(&mut self, suggestion: &Suggestion) {
        let line = self.start(1, Tone::Change);
        for (index, change) in suggestion.changes.iter().enumerate() {
            line.words(if index == 0 { "would help: " } else { " and " });
            match change {
                Change::Hold { fact }
                | Change::Join { fact }
                | Change::Share { fact }
                | Change::Relate { fact } => line.words("add ").fact(fact),
                Change::Prolong { fact, .. } => line.words("prolong to ").fact(fact),
                Change::Remove { fact } => line.words("remove ").fact(fact),
            };
        }
        line.words("; ");
        opens(line, &suggestion.opens);
    }
}

fn opens(line: &mut Line, opens: &Opens) {
    let kinds = [
        (&opens.subjects, "the same for"),
        (&opens.actions, "here"),
        (&opens.elsewhere, "elsewhere"),
        (&opens.sights, "sight of"),
    ];
    let mut told = 0;
    for (tally, word) in kinds {
        if tally.count == 0 {
            continue;
        }
        line.words(if told == 0 { "opens " } else { ", " });
        told += 1;
        line.words(word).words(" ").fact(&counted(tally));
    }
    if told == 0 {
        line.words("opens nothing else");
    }
}

fn counted(tally: &Tally) -> String {
    let shown: Vec<&str> = tally.examples.iter().take(2).map(String::as_str).collect();
    let rest = tally.count.saturating_sub(shown.len());
    let names = shown.join(", ");
    match (rest, tally.more) {
        (0, false) => names,
        (rest, false) => format!("{names} and {rest} more"),
        (rest, true) => format!("{names} and more than {rest} others"),
    }
}

fn first(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    let rest = names.len() - shown.len();
    let names = shown.join(", ");
    if rest > 0 {
        format!("{names} and {rest} more")
    } else {
        names
    }
}

/// Whether a fact says no more than what stands where.
fn is_plain(fact: &str) -> bool {
    !fact.contains(" is ")
        && !fact.starts_with("share ")
        && !fact.contains('{')
        && (fact.contains(" in ") || !fact.contains(' '))
}

/// The facts that the holdings of a proof tell of themselves.
fn told(proof: &Proof) -> Vec<String> {
    let mut told = Vec::new();
    for given in [Some(&proof.sees), proof.can.as_ref()]
        .into_iter()
        .flatten()
    {
        if let Given::Role { held, way, .. } = given {
            told.push(held.fact.clone());
            let shared = way.iter().filter(|step| step.level.is_some());
            told.extend(shared.map(|step| step.to.clone()));
        }
    }
    let shares = proof
        .facts
        .iter()
        .map(|stated| &stated.fact)
        .filter(|fact| {
            fact.starts_with("share ")
                && told.iter().any(|to| fact.contains(&format!(" with {to} ")))
        });
    let shares: Vec<String> = shares.cloned().collect();
    told.extend(shares);
    told
}
