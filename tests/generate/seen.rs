//! What stands in the random pairs: a construct that none of them has is not tested.

use std::collections::BTreeMap;

use super::Pair;

/// How often each construct stood in the pairs.
#[derive(Default)]
pub struct Seen {
    /// By the pairs whose text has it.
    pub texts: BTreeMap<&'static str, usize>,
    /// One by one.
    pub constructs: BTreeMap<&'static str, usize>,
}

pub const TEXTS: [&str; 47] = [
    "when resource.S",
    "sees *",
    "sees this",
    "sees * except",
    "can ",
    "includes ",
    "share with",
    "level ",
    "permit ",
    "forbid ",
    "reveal ",
    "hide ",
    " when ",
    " unless ",
    " to User",
    "permissions ",
    "except",
    "create in",
    "in many",
    "?",
    "context.",
    " has ",
    " like ",
    " is User",
    "is Group",
    "contains(",
    "containsAll",
    "containsAny",
    "isEmpty",
    " in Group:",
    " ip(",
    "if ",
    "now",
    "principal.",
    "resource.",
    "*.",
    "until ",
    "anyone is",
    "share S",
    "share R",
    "editors",
    "9223372036854775807",
    "@reason",
    "rec",
    "oo",
    "relation",
    "of User | Group",
];

impl Seen {
    /// Looks at one more pair.
    pub fn add(&mut self, pair: &Pair) {
        let text = format!("{}\n{}", pair.policy_text(), pair.world_text());
        for construct in TEXTS {
            if text.contains(construct) {
                *self.texts.entry(construct).or_default() += 1;
            }
        }
        self.sum(&pair.constructs);
    }

    fn sum(&mut self, constructs: &BTreeMap<&'static str, usize>) {
        for (construct, count) in constructs {
            *self.constructs.entry(construct).or_default() += count;
        }
    }

    /// Adds what another has seen.
    pub fn join(mut self, other: Self) -> Self {
        for (text, count) in other.texts {
            *self.texts.entry(text).or_default() += count;
        }
        self.sum(&other.constructs);
        self
    }
}
