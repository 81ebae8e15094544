//! An explanation in a few lines, for terminals and for Markdown.

use std::fmt;

use super::lines::{Line, TOLD, Tone};
use super::told::Told;
use super::types::{
    Change, Explanation, Given, Missing, Opens, Passed, Proof, Stated, Suggestion, Tally,
};
use crate::eval::{Outcome, Reading};
use crate::plan::Clause;

impl Explanation {
    /// The explanation in lines, as few as tell it.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines = Lines::default();
        lines.outcome(self.outcome, &self.subject, &self.action, &self.resource);
        for (index, proof) in self.proofs.iter().enumerate() {
            if index > 0 {
                lines.start(1, Tone::Detail).words("or");
            }
            lines.proof(proof, self.outcome == Outcome::Allowed);
        }
        if self.more_proofs && self.outcome == Outcome::Allowed {
            let word = if self.proofs.len() > 1 {
                "there may be further proofs"
            } else {
                "there are further proofs; `--all` shows them"
            };
            lines.start(1, Tone::Detail).words(word);
        }
        let mut missing: Vec<&Missing> = self.missing.iter().collect();
        missing.sort_by_key(|missing| missing.is_common());
        for missing in missing.into_iter().take(TOLD) {
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

    fn proof(&mut self, proof: &Proof, is_whole: bool) {
        let is_credential = |passed: &&Passed| matches!(passed, Passed::Credential { .. });
        proof
            .passed
            .iter()
            .filter(is_credential)
            .for_each(|passed| self.passed(passed));
        match &proof.can {
            Some(can) if is_same_holding(&proof.sees, can) => {
                self.given("sees it and may do it: ", &proof.sees, Some(can));
            }
            Some(can) => {
                self.given("sees it: ", &proof.sees, None);
                self.given("may do it: ", can, None);
            }
            None => self.given("sees it: ", &proof.sees, None),
        }
        let told = told(proof);
        let others = proof.facts.iter();
        let others = others.filter(|fact| !is_plain(&fact.fact) && !told.contains(&fact.fact));
        let others: Vec<&Stated> = others.collect();
        if !others.is_empty() {
            let line = self.start(1, Tone::Given);
            line.words("with ");
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
        // Where something else is in the way, what is not does not matter.
        if is_whole {
            let others = proof.passed.iter().filter(|passed| !is_credential(passed));
            others.take(TOLD - 1).for_each(|passed| self.passed(passed));
        }
    }

    /// What gives, by the clause of one and, where there is one, of the other.
    fn given(&mut self, word: &str, given: &Given, other: Option<&Given>) {
        let Given::Role { held, way, .. } = given else {
            let line = self.start(1, Tone::Given);
            line.words(word).clause(given.clause()).reads(given.reads());
            return;
        };
        self.start(1, Tone::Given).words(word).held(held);
        let line = self.start(2, Tone::Detail);
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
        line.clause(given.clause()).reads(given.reads());
        if let Some(other) = other.filter(|other| other.clause() != given.clause()) {
            line.words("; ").clause(other.clause()).reads(other.reads());
        }
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
                line.words("condition not met: ").held(held);
                self.start(2, Tone::Detail).clause(clause).reads(reads);
            }
            Missing::RuleUnmet { clause, reads, .. } => {
                line.words("rule not met: ").clause(clause).reads(reads);
            }
            Missing::Capped { held, clause } => {
                line.words("kept down by the ceiling of ").held(held);
                self.start(2, Tone::Detail).clause(clause);
            }
            Missing::KeptOut { share, clause } => {
                line.words("kept out by ").fact(share);
                self.start(2, Tone::Detail).clause(clause);
            }
            Missing::Overridden { held, by } => {
                line.words("overridden: ").held(held);
                self.start(2, Tone::Detail).words("by ").several(by);
            }
            Missing::Uncounted {
                held,
                role,
                requires,
                holders,
            } => {
                line.words("does not count: ").held(held);
                let line = self.start(2, Tone::Detail);
                line.fact(role);
                if !requires.is_empty() {
                    line.words(" requires ").fact(&requires.join(" and "));
                }
                if !holders.is_empty() {
                    line.words(" is for ").fact(&holders.join(" and "));
                }
            }
            Missing::Ended { fact, place, .. } => {
                line.words("has ended: ").fact(fact).place(place.as_deref());
            }
            Missing::Lacks { lacks, held, .. } => {
                match *lacks {
                    "sight" => line.words("does not show it: "),
                    _ => line.words("does not give it: "),
                };
                line.several(held);
            }
            Missing::NothingHeld { places } => {
                line.words("no role is held on ").fact(&first(places));
            }
        }
    }

    fn changes(&mut self, explanation: &Explanation) {
        let is_known = !explanation.missing.contains(&Missing::UnknownResource);
        if explanation.outcome == Outcome::Allowed || !explanation.searched || !is_known {
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
                    line.words("no change of one or two facts that was tried would allow it");
                }
            }
        }
    }

    fn suggestion(&mut self, suggestion: &Suggestion) {
        let line = self.start(1, Tone::Change);
        for (index, change) in suggestion.changes.iter().enumerate() {
            line.words(if index == 0 { "would help: " } else { " and " });
            match change {
                Change::Know { fact } => line.words("add ").fact(fact).words(" by its name alone"),
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

impl Given {
    fn clause(&self) -> &Clause {
        match self {
            Self::Role { clause, .. } | Self::Rule { clause, .. } => clause,
        }
    }

    fn reads(&self) -> &[Reading] {
        match self {
            Self::Role { reads, .. } | Self::Rule { reads, .. } => reads,
        }
    }
}

impl Missing {
    /// Whether it is so on most places, and tells little by itself.
    fn is_common(&self) -> bool {
        matches!(
            self,
            Self::Lacks { .. } | Self::NothingHeld { .. } | Self::RuleUnmet { .. }
        )
    }
}

/// Whether two are given by one role, the same way.
fn is_same_holding(one: &Given, other: &Given) -> bool {
    match (one, other) {
        (
            Given::Role { held, way, .. },
            Given::Role {
                held: other,
                way: and,
                ..
            },
        ) => held == other && way == and,
        _ => false,
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
    let told = if tally.count == 2 { 2 } else { 1 };
    let shown: Vec<&str> = tally
        .examples
        .iter()
        .take(told)
        .map(String::as_str)
        .collect();
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
