//! What laws are held against: two policies with two worlds that differ in a few lines, and all that
//! is answered in both.

mod answers;
mod cases;
mod changes;
mod small;

pub use answers::{Answers, Ask, Asked, Side as Answered, named};
pub use cases::{gives_only, is_holding, is_membership, with_ceiling, with_fact, with_rule};
pub use changes::{item_order, other_names, other_tenant};
pub use small::{leave, smallest};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::generate::Pair;

/// In which of the two a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum In {
    Both,
    Before,
    After,
}

/// Two policies with their worlds, line by line.
#[derive(Clone, Debug)]
pub struct Case {
    pub policy: Vec<(In, String)>,
    pub world: Vec<(In, String)>,
    /// For what is changed at random.
    pub seed: u64,
}

/// A policy and a world, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    pub policy: Vec<String>,
    pub world: Vec<String>,
}

impl Case {
    /// The pair, twice the same.
    pub fn new(pair: Pair, seed: u64) -> Self {
        let both = |lines: Vec<String>| lines.into_iter().map(|line| (In::Both, line)).collect();
        Self {
            policy: both(pair.policy),
            world: both(pair.world),
            seed,
        }
    }

    pub fn before(&self) -> Texts {
        self.without(In::After)
    }

    pub fn after(&self) -> Texts {
        self.without(In::Before)
    }

    fn without(&self, other: In) -> Texts {
        let left = |lines: &[(In, String)]| {
            let left = lines.iter().filter(|(place, _)| *place != other);
            left.map(|(_, line)| line.clone()).collect()
        };
        Texts {
            policy: left(&self.policy),
            world: left(&self.world),
        }
    }
}

/// What came of a case: `None` where the law does not speak of it, and else whether anything
/// changed at all.
pub type Told = Result<Option<bool>, String>;

/// Holds a law on `WARD_LAWS` pairs (120), from `WARD_SEED` (0) on. At least one in `rare` of them
/// must be such that something changes: a law about what never happens would say nothing.
pub fn hold(
    law: &str,
    rare: u64,
    vary: impl Fn(u64, &mut StdRng) -> Option<Case>,
    check: impl Fn(&Case) -> Told,
) {
    let number = |variable: &str, otherwise: u64| {
        let said = std::env::var(variable).ok();
        said.and_then(|said| said.parse().ok()).unwrap_or(otherwise)
    };
    let (first, pairs) = (number("WARD_SEED", 0), number("WARD_LAWS", 120));
    let (mut tried, mut changed) = (0, 0);
    for seed in first..first + pairs {
        let mut rng = StdRng::seed_from_u64(seed ^ 0x1a35);
        let Some(case) = vary(seed, &mut rng) else {
            continue;
        };
        match check(&case) {
            Ok(None) => {}
            Ok(Some(differs)) => {
                tried += 1;
                changed += u64::from(differs);
            }
            Err(why) => {
                let small = smallest(case, &why, &check);
                let why = check(&small).err().unwrap_or(why);
                let left = leave(law, seed, &small);
                panic!("{law}, seed {seed}: {why}\n{}\nleft in {left}", small);
            }
        }
    }
    println!("{law}: {tried} of {pairs} pairs, {changed} in which something changed");
    assert!(
        pairs < 100 || tried * 4 >= pairs,
        "{law}: only {tried} tried"
    );
    assert!(
        rare == 0 || pairs < 100 || changed * rare >= pairs,
        "{law}: something changed in only {changed}"
    );
}
