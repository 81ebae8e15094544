//! Random policies, and worlds that fit them, as text.
//!
//! The name space is small, so that things meet. An attribute has one type wherever it is declared,
//! and one line says one thing, so that a failing pair can be made small line by line.

mod conditions;
mod dice;
mod facts;
mod holders;
mod marks;
mod rules;
mod seen;
mod sets;
mod shape;
mod typed;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use conditions::Conditions;
use dice::Dice;
#[allow(unused_imports, reason = "one test uses it")]
pub use seen::{Seen, TEXTS};
use shape::{Shape, TypeShape};
pub use typed::conditions;

/// A policy and a world, line by line.
#[derive(Clone, Debug)]
pub struct Pair {
    pub policy: Vec<String>,
    pub world: Vec<String>,
    /// How often each of [`CONSTRUCTS`] stands in it.
    pub constructs: BTreeMap<&'static str, usize>,
}

/// The constructs that are counted one by one.
pub const CONSTRUCTS: [&str; 39] = [
    "acts for",
    "also and",
    "also attribute",
    "also enclosing role",
    "also except",
    "also except of a role",
    "also in parentheses",
    "also own role",
    "also relation",
    "also role through attribute",
    "also role through relation",
    "anyone",
    "at most",
    "at most scopes",
    "context",
    "context of some actions",
    "credential conditions",
    "credential without owner",
    "custom role facts",
    "custom role holdings",
    "custom roles",
    "for",
    "groups in groups",
    "holdings on resources",
    "in many",
    "many homes of a credential",
    "marks on actions",
    "marks on roles",
    "memberships",
    "overrides",
    "overrides of two",
    "requires",
    "set holders",
    "share of a container",
    "until on holdings",
    "until on memberships",
    "until on shares",
    "visible by",
    "within",
];

/// A policy with its world as a story, to read and to play with; where it was written.
pub fn leave(name: &str, policy: &str, world: &str) -> String {
    let path = std::path::Path::new(option_env!("CARGO_TARGET_TMPDIR").unwrap_or("."))
        .join(format!("{name}.policy"));
    let story: String = world.lines().map(|line| format!("    {line}\n")).collect();
    let text = format!("{policy}\n\ntest \"{name}\" {{\n{story}}}\n");
    match std::fs::write(&path, text) {
        Ok(()) => path.display().to_string(),
        Err(error) => error.to_string(),
    }
}

impl Pair {
    /// The policy as text.
    pub fn policy_text(&self) -> String {
        self.policy.join("\n")
    }
    /// The world as text.
    pub fn world_text(&self) -> String {
        self.world.join("\n")
    }
}

/// Attributes and relations, each with its one type; those that begin with `o` may be absent.
/// `PARENTS` and `HOME` stand for types of the policy.
const ATTRIBUTES: [(&str, &str); 18] = [
    ("n", "n: Int"),
    ("b", "b: Bool = false"),
    ("t", "t: String"),
    ("d", "d: Decimal = 1.5"),
    ("at", "at: Datetime"),
    ("dur", "dur: Duration = 2h"),
    ("ip", "ip: IpAddr"),
    ("owner", "owner: User"),
    ("by", "by: User | Group"),
    ("tags", "tags: Set of String = [\"x\"]"),
    ("nums", "nums: Set of Int"),
    ("rec", "rec: { a: Int, b?: String }"),
    ("on", "on?: Int"),
    ("oo", "oo?: User"),
    ("editors", "relation editors: User | Group"),
    ("parent", "relation parent: PARENTS"),
    ("home", "home: HOME"),
    ("admins", "admins: Set of User = [User:u1]"),
];

/// Makes one pair.
pub struct Generator {
    rng: Dice,
    /// Marks decide nothing, and what they are must not change what else is made.
    marks: StdRng,
    shape: Shape,
    policy: Vec<String>,
    constructs: BTreeMap<&'static str, usize>,
    deep: bool,
}

/// Makes the pair of a seed.
pub fn pair(seed: u64) -> Pair {
    pair_and_more(seed).0
}

/// Makes the pair of a seed, and another world that fits its policy.
pub fn pair_and_more(seed: u64) -> (Pair, Vec<String>) {
    let (mut generator, pair) = made(seed, false);
    let more = facts::world(&mut generator);
    (pair, more)
}

/// Makes the pair of a seed, and rules that fit its policy and are not in it.
pub fn pair_and_rules(seed: u64, count: usize) -> (Pair, Vec<String>) {
    let (mut generator, pair) = made(seed, false);
    let groups = generator.shape.has_permissions;
    generator.policy.clear();
    while generator.policy.len() < count {
        generator.write_rule(groups);
    }
    (pair, generator.policy)
}

/// Makes a pair that reaches deep: more of each type, chains of groups, shares of what is shared,
/// and mostly policies with credentials, overrides and ceilings.
pub fn deep(seed: u64) -> Pair {
    made(seed, true).1
}

/// Makes the pair that bytes choose, one that reaches deep where the first of them is odd.
pub fn of_bytes(bytes: &[u8]) -> Pair {
    let deep = bytes.first().is_some_and(|byte| byte % 2 == 1);
    Generator::new(Dice::bytes(bytes), 0, deep).pair()
}

fn made(seed: u64, deep: bool) -> (Generator, Pair) {
    let mut generator = Generator::new(Dice::seed(seed), seed, deep);
    let pair = generator.pair();
    (generator, pair)
}

impl Generator {
    fn new(rng: Dice, seed: u64, deep: bool) -> Self {
        Self {
            rng,
            marks: StdRng::seed_from_u64(!seed),
            shape: Shape::default(),
            policy: Vec::new(),
            constructs: BTreeMap::new(),
            deep,
        }
    }

    fn pair(&mut self) -> Pair {
        self.shape();
        self.write_policy();
        let world = facts::world(self);
        Pair {
            policy: self.policy.clone(),
            world,
            constructs: self.constructs.clone(),
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// The same, and mostly so in what reaches deep.
    fn chance_deep(&mut self, percent: u32) -> bool {
        self.chance(if self.deep { percent.max(75) } else { percent })
    }

    /// How many entities of a type there may be.
    fn size(&self) -> usize {
        if self.deep { 5 } else { 3 }
    }

    /// Some entity of a type.
    fn index(&mut self) -> usize {
        let size = self.size();
        self.rng.random_range(0..size)
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        from.choose(&mut self.rng).expect("something to pick from")
    }

    /// Counts a construct.
    fn count(&mut self, construct: &'static str) {
        debug_assert!(CONSTRUCTS.contains(&construct), "{construct}");
        *self.constructs.entry(construct).or_default() += 1;
    }

    fn line(&mut self, line: impl Into<String>) {
        self.policy.push(line.into());
    }

    fn write_policy(&mut self) {
        let user = self.attributes();
        let both = if self.chance(50) {
            user.clone()
        } else {
            self.attributes()
        };
        let mut subjects = vec![("User", "subject User {".to_owned(), user)];
        if self.shape.has_groups {
            self.shape.subjects.push("Group".into());
            subjects.push(("Group", "subject Group of User | Group {".into(), both));
        } else {
            subjects.push(("Group", "subject Group {".into(), both));
            self.shape.subjects.push("Group".into());
        }
        for (name, head, attributes) in subjects {
            self.line(head);
            self.write_attributes(&attributes);
            self.line("}");
            self.shape.types.push(TypeShape {
                name: name.into(),
                attributes,
                ..TypeShape::default()
            });
        }
        self.line("context { flag: Bool, num: Int = 3, who?: User }");
        self.count("context");
        self.write_context();
        let groups = self.chance(70);
        self.shape.has_permissions = groups;
        if groups {
            self.write_groups();
        }
        for ty in self.shape.types.clone() {
            if !self.shape.subjects.contains(&ty.name) {
                self.write_type(&ty, groups);
            }
        }
        for _ in 0..self.rng.random_range(0..4) {
            self.write_rule(groups);
        }
    }

    /// Parts of the context that only some actions have: `mfa` and `lim`.
    fn write_context(&mut self) {
        let named: Vec<String> = (0..3).filter_map(|_| self.action()).collect();
        let named: BTreeSet<String> = named.into_iter().collect();
        if named.is_empty() || self.chance(40) {
            return;
        }
        self.count("context of some actions");
        let named: Vec<String> = named.into_iter().collect();
        let all = named.join(", ");
        self.line(format!("context {all} {{ mfa: Bool, lim: Int = 2 }}"));
        self.shape.mfa = named;
        if let (Some(more), true) = (self.action(), self.chance(50))
            && !self.shape.mfa.contains(&more)
        {
            // Said again, of another action.
            self.line(format!("context {more} {{ mfa: Bool }}"));
        }
    }

    fn write_attributes(&mut self, attributes: &BTreeSet<&'static str>) {
        for (name, text) in ATTRIBUTES {
            if attributes.contains(name) {
                let parents = self.shape.parents.join(" | ");
                let text = text.replace("PARENTS", &parents);
                let text = text.replace("HOME", &self.shape.home);
                self.line(format!("  {text}"));
            }
        }
    }
}
