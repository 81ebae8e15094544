//! Random policies, and worlds that fit them, as text.
//!
//! The name space is small, so that things meet. An attribute has one type wherever it is declared,
//! and one line says one thing, so that a failing pair can be made small line by line.

mod conditions;
mod facts;

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

pub use conditions::Conditions;

/// A policy and a world, line by line.
#[derive(Clone, Debug)]
pub struct Pair {
    pub policy: Vec<String>,
    pub world: Vec<String>,
}

impl Pair {
    pub fn policy_text(&self) -> String {
        self.policy.join("\n")
    }
    pub fn world_text(&self) -> String {
        self.world.join("\n")
    }
}

/// What a random policy declares, as far as the rest of it and the world must know.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub subjects: Vec<String>,
    /// Scopes and resources, containers before what stands in them.
    pub types: Vec<TypeShape>,
    pub has_groups: bool,
}

#[derive(Clone, Debug, Default)]
pub struct TypeShape {
    pub name: String,
    pub scope: bool,
    /// Container, and `""`, `?` or `many `.
    pub containers: Vec<(String, &'static str)>,
    pub attributes: BTreeSet<&'static str>,
    pub actions: Vec<String>,
    pub roles: Vec<String>,
    /// The scope shared with, and the levels.
    pub shares: Vec<(String, Vec<String>)>,
}

/// Attributes, each with its one type; those that begin with `o` may be absent.
pub const ATTRIBUTES: [(&str, &str); 15] = [
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
];

pub struct Generator {
    pub rng: StdRng,
    pub shape: Shape,
    policy: Vec<String>,
}

/// Makes the pair of a seed.
pub fn pair(seed: u64) -> Pair {
    let mut generator = Generator {
        rng: StdRng::seed_from_u64(seed),
        shape: Shape::default(),
        policy: Vec::new(),
    };
    generator.shape();
    generator.write_policy();
    let world = facts::world(&mut generator);
    Pair {
        policy: generator.policy,
        world,
    }
}

impl Generator {
    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    pub fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        from.choose(&mut self.rng).expect("something to pick from")
    }

    fn line(&mut self, line: impl Into<String>) {
        self.policy.push(line.into());
    }

    fn attributes(&mut self) -> BTreeSet<&'static str> {
        let mut chosen = BTreeSet::new();
        for _ in 0..self.rng.random_range(0..6) {
            chosen.insert(self.pick(&ATTRIBUTES).0);
        }
        chosen
    }

    fn shape(&mut self) {
        self.shape.subjects = vec!["User".into()];
        self.shape.has_groups = self.chance(75);
        let scopes = self.rng.random_range(1..4);
        let resources = self.rng.random_range(1..4);
        for index in 0..scopes + resources {
            let scope = index < scopes;
            let name = if scope {
                format!("S{index}")
            } else {
                format!("R{}", index - scopes)
            };
            let mut ty = TypeShape {
                name: name.clone(),
                scope,
                attributes: self.attributes(),
                ..TypeShape::default()
            };
            let above: Vec<String> = self.shape.types.iter().map(|ty| ty.name.clone()).collect();
            if !above.is_empty() {
                for _ in 0..self.rng.random_range(1..3) {
                    let container = self.pick(&above).clone();
                    let how = *self.pick(&["", "", "", "?", "many "]);
                    if ty.containers.iter().all(|(of, _)| *of != container) {
                        ty.containers.push((container, how));
                    }
                }
                if self.chance(25) {
                    let how = *self.pick(&["?", "many "]);
                    ty.containers.push((name.clone(), how));
                }
            }
            for action in ["a", "b", "c"] {
                if self.chance(70) {
                    ty.actions.push(action.into());
                }
            }
            for role in ["Reader", "Writer", "Boss"] {
                if self.chance(if scope { 75 } else { 40 }) {
                    ty.roles.push(role.into());
                }
            }
            self.shape.types.push(ty);
        }
        let scopes: Vec<String> = self
            .shape
            .types
            .iter()
            .filter(|ty| ty.scope)
            .map(|ty| ty.name.clone())
            .collect();
        for index in 0..self.shape.types.len() {
            for scope in &scopes {
                if self.chance(30) {
                    let levels = self.rng.random_range(1..3);
                    let levels = ["read", "write"][..levels]
                        .iter()
                        .map(|level| level.to_string());
                    self.shape.types[index]
                        .shares
                        .push((scope.clone(), levels.collect()));
                }
            }
        }
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
        let groups = self.chance(70);
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

    fn write_attributes(&mut self, attributes: &BTreeSet<&'static str>) {
        for (name, text) in ATTRIBUTES {
            if attributes.contains(name) {
                self.line(format!("  {text}"));
            }
        }
    }

    /// Some action of some type: `R0.a`.
    fn action(&mut self) -> Option<String> {
        let all: Vec<String> = self
            .shape
            .types
            .iter()
            .flat_map(|ty| {
                ty.actions
                    .iter()
                    .map(|action| format!("{}.{action}", ty.name))
            })
            .collect();
        all.choose(&mut self.rng).cloned()
    }

    fn write_groups(&mut self) {
        self.line("permissions g {");
        if let (Some(action), true) = (self.action(), self.chance(50)) {
            self.line(format!("  {action}"));
        }
        self.line("  some {");
        if let Some(action) = self.action() {
            let more = if self.has_action("c") && self.chance(50) {
                ", *.c"
            } else {
                ""
            };
            self.line(format!("    {action}{more}"));
        }
        self.line("  }");
        let mut inners = vec!["g.some", "*"];
        if self.has_action("c") {
            inners.push("g.some, *.c");
            if self.has_action("a") {
                inners.extend(["*.a except *.c", "* except *.c", "*.a, *.c except g.some"]);
            }
        }
        let inner = *self.pick(&inners);
        self.line(format!("  b {{ {inner} }}"));
        self.line("}");
    }

    /// A permission set of wildcards, with now and then an `except`. What is left may be nothing of
    /// a type, but never nothing at all.
    fn wild_set(&mut self, groups: bool, in_role: bool, below: &[String]) -> String {
        let names: Vec<String> = self.named_types();
        let ty = self.pick(&names).clone();
        let mut sets = vec!["*".to_owned(), format!("{ty}.*")];
        // Nothing may be left of a set: that is a compile error.
        if !in_role
            && !groups
            && self.has_action("b")
            && (self.has_action("a") || self.has_action("c"))
        {
            sets.push("* except *.b".to_owned());
        }
        if let Some(one) = self.shape.types.iter().find(|ty| ty.actions.len() > 1)
            && (!in_role || below.contains(&one.name))
            && let Some(first) = one.actions.first()
        {
            sets.push(format!("{0}.*, * except {0}.{first}", one.name));
        }
        for action in ["a", "b", "c"] {
            if self.has_action(action) {
                sets.push(format!("*.{action}, {ty}.*"));
                sets.push(format!("*.{action}"));
            }
        }
        if groups {
            sets.push("g.*".into());
            sets.push("g.b.*, *.some".into());
        }
        self.pick(&sets).clone()
    }

    fn named_types(&self) -> Vec<String> {
        let types = self
            .shape
            .types
            .iter()
            .filter(|ty| !self.shape.subjects.contains(&ty.name));
        types.map(|ty| ty.name.clone()).collect()
    }

    /// The types from which a way leads to a type.
    fn below(&self, name: &str) -> BTreeSet<String> {
        let mut below = BTreeSet::from([name.to_owned()]);
        loop {
            let before = below.len();
            for ty in &self.shape.types {
                let mut up = ty.containers.iter().map(|(of, _)| of);
                let mut out = ty.shares.iter().map(|(of, _)| of);
                if up.any(|of| below.contains(of)) || out.any(|of| below.contains(of)) {
                    below.insert(ty.name.clone());
                }
            }
            if below.len() == before {
                return below;
            }
        }
    }

    fn write_type(&mut self, ty: &TypeShape, groups: bool) {
        let containers: Vec<String> = ty
            .containers
            .iter()
            .map(|(of, how)| {
                if *how == "?" {
                    format!("{of}?")
                } else {
                    format!("{how}{of}")
                }
            })
            .collect();
        let inside = if containers.is_empty() {
            String::new()
        } else {
            format!(" in {}", containers.join(", "))
        };
        let kind = if ty.scope { "scope" } else { "resource" };
        self.line(format!("{kind} {}{inside} {{", ty.name));
        self.write_attributes(&ty.attributes);
        for action in &ty.actions {
            self.line(format!("  actions {action}"));
        }
        if let (Some((container, _)), true) = (ty.containers.first(), self.chance(50)) {
            self.line(format!("  actions create in {container}"));
        }
        let below: Vec<String> = self.below(&ty.name).into_iter().collect();
        for (index, role) in ty.roles.iter().enumerate() {
            self.line(format!("  role {role} {{"));
            for _ in 0..self.rng.random_range(0..4) {
                self.write_clause(&below, groups);
            }
            if index > 0 && self.chance(40) {
                let earlier = self.pick(&ty.roles[..index]).clone();
                self.line(format!("    includes {earlier}"));
            }
            self.line("  }");
        }
        for (with, levels) in &ty.shares {
            self.line(format!("  share with {with} {{"));
            for level in levels {
                let includes = if level == "write" && self.chance(50) {
                    " includes read"
                } else {
                    ""
                };
                let mut sets = vec![String::new(), "*".into(), format!("{}.*", ty.name)];
                if ty.actions.iter().any(|action| action != "a") && self.has_action("a") {
                    sets.push("* except *.a".into());
                }
                sets.extend(ty.actions.iter().cloned());
                let set = self.pick(&sets).clone();
                self.line(format!("    level {level}{includes} {{ {set} }}"));
            }
            self.line("  }");
        }
        self.line("}");
    }

    /// A type among these with actions of its own, if there is one.
    fn acting(&mut self, among: &[String]) -> Option<String> {
        let acting: Vec<String> = self
            .shape
            .types
            .iter()
            .filter(|ty| among.contains(&ty.name) && !ty.actions.is_empty())
            .map(|ty| ty.name.clone())
            .collect();
        acting.choose(&mut self.rng).cloned()
    }

    fn write_clause(&mut self, below: &[String], groups: bool) {
        let inner = self.pick(below).clone();
        let sure = if self.chance(45) {
            format!(" when {}", Conditions::new(self).sure())
        } else {
            String::new()
        };
        let acting = self.acting(below);
        let clause = match (self.rng.random_range(0..10), acting) {
            (0, _) => "sees *".into(),
            (1 | 2, _) => format!("sees * when {}", Conditions::new(self).lenient(&inner)),
            (3, _) if below.len() > 1 => format!("sees * except {inner}{sure}"),
            (4, _) => format!("sees {inner}{sure}"),
            (5, _) => format!("sees this{sure}"),
            (6, Some(ty)) => {
                let named = self.shape.types.iter().find(|known| known.name == ty);
                let action = named.and_then(|named| named.actions.first()).cloned();
                format!("can {ty}.{}{sure}", action.unwrap_or_default())
            }
            (7 | 8, Some(ty)) => {
                let more = if groups { ", g.*" } else { "" };
                let sets = ["", ", *", ", *.a", more];
                let set = *self.pick(&sets);
                let set = if set == ", *.a" && !self.has_action("a") {
                    ", *"
                } else {
                    set
                };
                let when = Conditions::new(self).lenient(&ty);
                format!("can {ty}.*{set} when {when}")
            }
            _ => format!("can {}{sure}", self.wild_set(groups, true, below)),
        };
        self.line(format!("    {clause}"));
    }

    fn has_action(&self, name: &str) -> bool {
        self.shape
            .types
            .iter()
            .any(|ty| ty.actions.iter().any(|action| action == name))
    }

    fn write_rule(&mut self, groups: bool) {
        let to = *self.pick(&["", "", " to User | Group"]);
        let types = self.named_types();
        let ty = self.pick(&types).clone();
        let sure = |generator: &mut Self| Conditions::new(generator).sure();
        let guards = match self.rng.random_range(0..5) {
            0 => String::new(),
            1 => format!(" unless {}", sure(self)),
            2 => {
                let (when, mut unless) = (sure(self), sure(self));
                while conditions::narrows(&when, &unless) {
                    unless = sure(self);
                }
                format!(" when {when} unless {unless}")
            }
            _ => format!(" when {}", sure(self)),
        };
        let lenient = format!(" when {}", Conditions::new(self).lenient(&ty));
        let action = self.action();
        let acting = self.acting(&types);
        // With `to User` nothing can be asked about groups.
        let to = match [&guards, &lenient]
            .iter()
            .any(|text| text.contains("Group"))
        {
            false if self.chance(40) => " to User",
            _ => to,
        };
        let rule = match (self.rng.random_range(0..9), action) {
            (0, _) => match acting {
                Some(ty) => {
                    let when = Conditions::new(self).lenient(&ty);
                    format!("permit {ty}.*, * when {when}")
                }
                None => format!("permit *{to}{guards}"),
            },
            (8, _) => format!("permit {}{to}{guards}", self.wild_set(groups, false, &[])),
            (1, Some(action)) => format!("permit {action}{to}{guards}"),
            (2, _) => format!("forbid {}{to}{guards}", self.wild_set(groups, false, &[])),
            (3, Some(action)) => format!("@id(\"f\") @reason(\"no\") forbid {action}{to}{guards}"),
            (4, _) => format!("reveal {ty}{to}{guards}"),
            (5, _) => format!("reveal *{to}{lenient}"),
            (6, _) => format!("hide {ty}{to}{guards}"),
            _ if types.len() > 1 => format!("hide * except {ty}{to}{guards}"),
            _ => format!("hide *{to}{guards}"),
        };
        self.line(rule);
    }
}
