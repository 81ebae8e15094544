//! Deep conditions, well typed, each behind an action of its own.

use std::collections::BTreeSet;

use rand::RngExt;

use super::dice::Dice;
use super::{ATTRIBUTES, Conditions, Generator, Pair, TypeShape, facts};

/// How many conditions a policy has.
const COUNT: usize = 6;

/// A policy whose rules have deep conditions about one type that has every attribute, and a world.
pub fn conditions(bytes: &[u8]) -> Pair {
    let mut generator = Generator::new(Dice::bytes(bytes), 0, false);
    let all: BTreeSet<&'static str> = ATTRIBUTES.iter().map(|(name, _)| *name).collect();
    let shape = &mut generator.shape;
    shape.has_groups = true;
    shape.parents = vec!["R0".into()];
    shape.home = "S0".into();
    shape.subjects = vec!["User".into(), "Group".into()];
    let of = |name: &str, attributes: &BTreeSet<&'static str>| TypeShape {
        name: name.into(),
        attributes: attributes.clone(),
        ..TypeShape::default()
    };
    let mut scope = of("S0", &all);
    scope.scope = true;
    scope.roles = vec!["Reader"];
    let mut resource = of("R0", &all);
    resource.containers.push(("S0".into(), ""));
    shape.types = vec![of("User", &all), of("Group", &all), scope, resource];
    for (head, inside) in [
        ("subject User {", ""),
        ("subject Group of User | Group {", ""),
        ("scope S0 {", "  role Reader { sees * }"),
        ("resource R0 in S0 {", "  actions a0, a1, a2, a3, a4, a5"),
    ] {
        generator.line(head);
        generator.write_attributes(&all);
        generator.line(inside);
        generator.line("}");
    }
    generator.line("context { flag: Bool, num: Int = 3, who?: User }");
    for index in 0..COUNT {
        let condition = Conditions::new(&mut generator).deep(5);
        generator.line(format!("permit R0.a{index} when {condition}"));
    }
    let mut world = facts::world(&mut generator);
    world.push("anyone is Reader of S0:x0".into());
    Pair {
        policy: generator.policy,
        world,
        constructs: generator.constructs,
    }
}

impl Conditions<'_> {
    /// A condition on a resource that has every attribute.
    fn deep(mut self, depth: u32) -> String {
        self.truth(depth)
    }

    fn truth(&mut self, depth: u32) -> String {
        if depth == 0 {
            return self.plain();
        }
        match self.roll(9) {
            0 => format!("({}) && ({})", self.truth(depth - 1), self.truth(depth - 1)),
            1 => format!("({}) || ({})", self.truth(depth - 1), self.truth(depth - 1)),
            2 => format!("!({})", self.truth(depth - 1)),
            3 => format!("({}) == ({})", self.truth(depth - 1), self.truth(depth - 1)),
            4 => {
                let condition = self.truth(depth - 1);
                let (a, b) = (self.truth(depth - 1), self.truth(depth - 1));
                format!("(if {condition} then ({a}) else ({b}))")
            }
            5 => {
                let sign = ["<", "<=", ">", ">=", "==", "!="][self.roll(6)];
                format!(
                    "({} {sign} {})",
                    self.number(depth - 1),
                    self.number(depth - 1)
                )
            }
            6 => {
                let (one, other) = (self.number(depth - 1), self.number(depth - 1));
                let all = format!("[{one}, {other}, 2]");
                match self.roll(3) {
                    0 => format!("{all}.contains({})", self.number(depth - 1)),
                    1 => format!("{all}.containsAny(resource.nums)"),
                    _ => format!("resource.nums.containsAll({all})"),
                }
            }
            _ => self.plain(),
        }
    }

    fn number(&mut self, depth: u32) -> String {
        let constants = [
            "0",
            "1",
            "3",
            "9223372036854775807",
            "-2",
            "4611686018427387904",
        ];
        let constant = constants[self.roll(constants.len())];
        if depth == 0 {
            return match self.roll(4) {
                0 => "resource.n".into(),
                1 => "context.num".into(),
                2 => "resource.S0.n".into(),
                _ => constant.into(),
            };
        }
        match self.roll(6) {
            0 => format!("({} + {constant})", self.number(depth - 1)),
            1 => format!("({constant} - {})", self.number(depth - 1)),
            2 => format!("({} * {constant})", self.number(depth - 1)),
            3 => format!("(-{})", self.number(depth - 1)),
            4 => {
                let condition = self.truth(depth - 1);
                let (a, b) = (self.number(depth - 1), self.number(depth - 1));
                format!("(if {condition} then {a} else {b})")
            }
            _ => self.number(0),
        }
    }

    /// One that asks of the resource, its scope or the principal, and is not put together.
    fn plain(&mut self) -> String {
        let names: Vec<&str> = ATTRIBUTES.iter().map(|(name, _)| *name).collect();
        let name = names[self.roll(names.len())];
        let base = ["resource", "resource", "resource.S0", "resource"][self.roll(4)];
        format!("({})", self.about(base, name))
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.generator.rng.random_range(0..sides)
    }
}
