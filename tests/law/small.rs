//! Makes a case that breaks a law small, and leaves it where it can be read.

use std::fmt;

use super::{Case, In, Told};
use crate::generate;

/// Takes lines away as long as the law is broken in the same way: whole blocks first, then single
/// lines.
pub fn smallest(mut case: Case, why: &str, check: impl Fn(&Case) -> Told) -> Case {
    let kind = |why: &str| why.split(' ').next().map(str::to_owned);
    let wanted = kind(why);
    let still = |case: &Case| {
        // A crash would be another finding than the one at hand.
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(case)));
        told.is_ok_and(|told| told.err().is_some_and(|why| kind(&why) == wanted))
    };
    loop {
        let before = case.policy.len() + case.world.len();
        for of_world in [true, false] {
            let mut index = 0;
            loop {
                let lines = if of_world { &case.world } else { &case.policy };
                let Some((place, _)) = lines.get(index) else {
                    break;
                };
                let changes = *place != In::Both;
                let whole = block(lines, index);
                let taken = [whole, 1].into_iter().find_map(|count| {
                    let mut smaller = case.clone();
                    let lines = if of_world {
                        &mut smaller.world
                    } else {
                        &mut smaller.policy
                    };
                    lines.drain(index..index + count);
                    (!changes && still(&smaller)).then_some(smaller)
                });
                match taken {
                    Some(smaller) => case = smaller,
                    None => index += 1,
                }
            }
        }
        if case.policy.len() + case.world.len() == before {
            return case;
        }
    }
}

/// How many lines the block has that begins on a line.
fn block(lines: &[(In, String)], first: usize) -> usize {
    let mut depth = 0_usize;
    for (count, (_, line)) in lines[first..].iter().enumerate() {
        depth += line.matches('{').count();
        depth = depth.saturating_sub(line.matches('}').count());
        if depth == 0 {
            return count + 1;
        }
    }
    1
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, lines) in [("policy", &self.policy), ("world", &self.world)] {
            writeln!(out, "--- {title}")?;
            for (place, line) in lines {
                let mark = match place {
                    In::Both => ' ',
                    In::Before => '-',
                    In::After => '+',
                };
                writeln!(out, "{mark} {line}")?;
            }
        }
        Ok(())
    }
}

/// Writes the smaller case as a policy with its world as a test; where it was written. What stands
/// only in the first of the two is behind a comment.
pub fn leave(law: &str, seed: u64, case: &Case) -> String {
    let text = |lines: &[(In, String)]| {
        let marked = lines.iter().map(|(place, line)| match place {
            In::Before => format!("// before: {line}\n"),
            _ => format!("{line}\n"),
        });
        marked.collect::<String>()
    };
    let name = format!("{} {seed}", law).replace(' ', "-");
    generate::leave(&name, &text(&case.policy), &text(&case.world))
}
