//! Cases: what is added to a pair, or changed in it.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::{Case, In, named};
use crate::generate;

/// A pair, and some rule beside it that takes something away.
pub fn with_rule(seed: u64, kind: &str) -> Option<Case> {
    let (pair, rules) = generate::pair_and_rules(seed, 40);
    let rule = rules.iter().find(|rule| {
        let rule = rule.rsplit(") ").next().unwrap_or(rule);
        rule.starts_with(kind)
    });
    let rule = rule?.clone();
    let mut case = Case::new(pair, seed);
    case.policy.push((In::After, rule));
    Some(case)
}

/// A pair, and a ceiling in it: where no role of the type had one, or a narrower one than there was.
pub fn with_ceiling(seed: u64, rng: &mut StdRng) -> Option<Case> {
    let mut case = Case::new(generate::pair(seed), seed);
    let lines: Vec<String> = case.policy.iter().map(|(_, line)| line.clone()).collect();
    let ceilings: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].starts_with("    at most "))
        .collect();
    let wild = ["*.a", "*.b", "*.c", "* except *.a", "* except *.b"];
    if let (Some(at), true) = (ceilings.choose(rng), rng.random_bool(0.4)) {
        let line = lines[*at].clone();
        if line.contains("except") {
            return None;
        }
        let less = wild[..3].choose(rng)?;
        case.policy[*at].0 = In::Before;
        case.policy
            .insert(at + 1, (In::After, format!("{line} except {less}")));
        return Some(case);
    }
    // The types by where they begin and end, without those that have a ceiling.
    let ends = |first: usize| (first..lines.len()).find(|at| lines[*at] == "}");
    let free: Vec<usize> = (0..lines.len())
        .filter(|at| lines[*at].starts_with("  role ") && lines[*at].ends_with('{'))
        .filter(|at| {
            let first = (0..*at)
                .rfind(|first| !lines[*first].starts_with(' '))
                .unwrap_or(0);
            let last = ends(*at).unwrap_or(lines.len());
            !ceilings
                .iter()
                .any(|ceiling| (first..last).contains(ceiling))
        })
        .collect();
    let at = free.choose(rng)?;
    let set = wild.choose(rng)?;
    case.policy
        .insert(at + 1, (In::After, format!("    at most {set}")));
    Some(case)
}

/// A pair whose world is told twice, the second time with a line more that begins as these do.
/// Every entity that it names is known without it.
pub fn with_fact(seed: u64, rng: &mut StdRng, fits: impl Fn(&str) -> bool) -> Option<Case> {
    let (pair, more) = generate::pair_and_more(seed);
    let own = pair.world.iter().chain(&more).filter(|line| fits(line));
    let line = own.cloned().collect::<Vec<_>>().choose(rng)?.clone();
    let mut case = Case::new(pair, seed);
    case.world.retain(|(_, other)| *other != line);
    for name in named(&line) {
        case.world.push((In::Both, name));
    }
    case.world.push((In::After, line));
    Some(case)
}

pub fn is_holding(line: &str) -> bool {
    line.contains(" is ") && !line.starts_with("role ")
}

pub fn is_membership(line: &str) -> bool {
    line.contains(" in Group:") && !line.contains('{')
}

/// A policy without what can take away by something that is given: ceilings, overrides, `except`,
/// and rules or conditions that ask who is in what.
pub fn gives_only(case: &mut Case) {
    let takes = [
        "at most ",
        "overrides ",
        " except ",
        "Group:g",
        "principal in",
        " is Reader of",
    ];
    case.policy.retain(|(_, line)| {
        let credential = line.contains("acts for");
        let takes_away = takes.iter().any(|word| line.contains(word)) && !credential;
        !takes_away && !line.starts_with("hide ") && !line.contains("forbid ")
    });
}
