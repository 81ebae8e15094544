//! Reasons in a few lines for people.

use std::fmt::Write;

use crate::eval::{Held, Reason, Reasons, Step};
use crate::plan::Clause;

/// What decided, a line or two each, indented.
pub(super) fn lines(reasons: &Reasons) -> Vec<String> {
    let mut lines = Vec::new();
    let uncounted = |reason: &Reason| matches!(reason, Reason::Uncounted { .. });
    let word = if reasons.because.iter().any(uncounted) {
        "role that counts"
    } else {
        "role"
    };
    for reason in &reasons.because {
        match reason {
            Reason::Sees { held, way, clause } => holding(&mut lines, "sees", held, way, clause),
            Reason::Can { held, way, clause } => holding(&mut lines, "can ", held, way, clause),
            Reason::Rule { effect, clause } => {
                let name = clause
                    .id
                    .as_ref()
                    .map_or_else(String::new, |id| format!(" \"{id}\""));
                lines.push(format!("rule{name}: {}", written(clause)));
                if let (Some(reason), "forbid" | "hide") = (&clause.reason, *effect) {
                    lines.push(format!("reason: {reason}"));
                }
            }
            Reason::UnknownSubject => {
                lines.push("no fact names this subject: only what `anyone` holds counts".into());
            }
            Reason::UnknownResource => lines.push("no fact names this resource".into()),
            Reason::Incomplete { entity, container } => {
                lines.push(format!("{entity} stands in no {container}, and must"));
            }
            Reason::NoSight { places, held } => missing(&mut lines, word, "shows it", places, held),
            Reason::NoPower { places, held } => {
                missing(&mut lines, word, "gives this action", places, held)
            }
            Reason::Unmet { held, clause } => {
                lines.push(format!("{}, but its condition does not hold:", fact(held)));
                lines.push(format!("  {}", written(clause)));
            }
            Reason::Uncounted {
                held,
                role,
                requires,
                holders,
            } => {
                lines.push(format!("{}, but that does not count:", fact(held)));
                if !requires.is_empty() {
                    let requires = requires.join(" and ");
                    lines.push(format!("  {role} requires {requires}, which is not held"));
                }
                if !holders.is_empty() {
                    lines.push(format!("  {role} is for {}", holders.join(" and ")));
                }
            }
            Reason::ActsFor { credential, owner } => {
                lines.push(format!("{credential} acts for {owner}"));
            }
            Reason::NoOwner { credential } => {
                lines.push(format!("{credential} has no owner, so it sees nothing"));
            }
            Reason::Confined { credential, within } => {
                let within = if within.is_empty() {
                    "nothing".to_owned()
                } else {
                    within.join(", ")
                };
                lines.push(format!(
                    "{credential} is confined to {within}, and this lies outside"
                ));
            }
            Reason::Limited { credential } => {
                lines.push(format!(
                    "the permissions of {credential} do not have this action"
                ));
            }
            Reason::Capped { held, clause } => {
                lines.push(format!("{}, and that is a ceiling:", fact(held)));
                lines.push(format!("  {}", written(clause)));
            }
            Reason::Overridden { held } => {
                lines.push("overridden by a role that is held nearer:".into());
                lines.extend(held.iter().map(|held| format!("  {}", fact(held))));
            }
            Reason::KeptOut { share, clause } => {
                lines.push(format!("{share}: the level keeps this action out"));
                lines.push(format!("  {}", written(clause)));
            }
        }
    }
    for error in &reasons.errors {
        lines.push(format!("could not read a condition: {error}"));
    }
    lines
}

fn holding(lines: &mut Vec<String>, word: &str, held: &Held, way: &[Step], clause: &Clause) {
    lines.push(format!("{word}  {}", fact(held)));
    let mut detail = String::new();
    for step in way {
        let _ = match &step.level {
            Some(level) => write!(detail, " → shared at {level} with {}", step.to),
            None => write!(detail, " → in {}", step.to),
        };
    }
    if !detail.is_empty() {
        lines.push(format!("      way: it{detail}"));
    }
    lines.push(format!("      {}", written(clause)));
}

fn missing(lines: &mut Vec<String>, word: &str, what: &str, places: &[String], held: &[Held]) {
    if held.is_empty() {
        lines.push(format!("no {word} is held on {}", places.join(", ")));
    } else {
        lines.push(format!("no role that is held {what} here; held are"));
        lines.extend(held.iter().map(|held| format!("  {}", fact(held))));
    }
}

fn fact(held: &Held) -> String {
    let mut text = held.fact.clone();
    if let Some(place) = &held.place {
        let _ = write!(text, " ({place})");
    }
    if let Some(also) = &held.also {
        let _ = write!(text, ", by {}", written(also));
    }
    if held.through.len() > 1 {
        let _ = write!(text, ", as member: {}", held.through.join(" → "));
    }
    text
}

fn written(clause: &Clause) -> String {
    let role = clause
        .role
        .as_ref()
        .map_or_else(String::new, |role| format!("{role}: "));
    format!("{role}`{}` ({}:{})", clause.text, clause.file, clause.line)
}
