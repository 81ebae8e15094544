//! Random conditions, well typed by how they are put together.

use rand::RngExt;

use super::{ATTRIBUTES, Generator, TypeShape};

/// Makes conditions for a generator.
pub struct Conditions<'g> {
    pub(super) generator: &'g mut Generator,
}

impl<'g> Conditions<'g> {
    /// For a policy that is being made.
    pub fn new(generator: &'g mut Generator) -> Self {
        Self { generator }
    }

    /// A condition that fits every type.
    pub fn sure(mut self) -> String {
        self.any(2)
    }

    /// A condition that fits a type of this name, and perhaps no other: it speaks of one attribute
    /// of the resource.
    pub fn lenient(mut self, ty: &str) -> String {
        let types = &self.generator.shape.types;
        let names: Vec<&str> = types
            .iter()
            .filter(|known| known.name == ty)
            .flat_map(|known| known.attributes.iter().copied())
            .filter(|name| *name != "scopes")
            .collect();
        // The enclosing entity, where there is exactly one for sure.
        let shapes = &self.generator.shape.types;
        let only = shapes.iter().find(|known| known.name == ty);
        let only = only.and_then(|known| match known.containers.as_slice() {
            [(of, "")] => Some(of.clone()),
            _ => None,
        });
        let only = only.filter(|of| {
            let outer = shapes.iter().find(|known| known.name == *of);
            outer.is_some_and(|outer| outer.containers.iter().all(|(inner, _)| inner != of))
        });
        if let (Some(of), true) = (only, self.chance(20)) {
            return format!(
                "resource.{of} == {of}:x{}",
                self.generator.rng.random_range(0..2)
            );
        }
        if names.is_empty() || self.chance(15) {
            return self.any(2);
        }
        let name = *self.generator.pick(&names);
        let first = self.about("resource", name);
        if self.chance(60) {
            return first;
        }
        let mut other = self.any(1);
        while narrows(&first, &other) || narrows(&other, &first) {
            other = self.any(0);
        }
        match self.generator.rng.random_range(0..4) {
            0 => format!("{first} && {other}"),
            1 => format!("({other}) || ({first})"),
            2 => format!("!({first})"),
            _ => format!("(if {other} then {first} else {other})"),
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.generator.chance(percent)
    }

    pub(super) fn about(&mut self, base: &str, name: &str) -> String {
        let choices: &[&str] = match name {
            "n" => &[
                "# < 3",
                "# + 1 <= 2",
                "# * 9223372036854775807 > 0",
                "[1, 2].contains(#)",
                "# in [0, 3]",
                "-# < 0",
                "# != 2",
                "# - 1 >= 0",
                "# == context.num",
            ],
            "b" => &["#", "!#", "# == true", "# || context.flag"],
            "t" => &[
                "# like \"a*\"",
                "# == \"ab\"",
                "# != \"a*b\"",
                "# like \"*\\\\*b\"",
                "# in [\"ab\", \"x\"]",
            ],
            "d" => &[
                "# >= 1.5",
                "# + 0.5 < 3.0",
                "# * 2 == 3.0",
                "# - 1.5 == 0.0",
            ],
            "at" => &[
                "# < now",
                "now < # + 1d",
                "# == 2000-01-01",
                "# - 2000-01-01 > 2h",
                "# > now - 30d",
            ],
            "dur" => &["# == 2h", "# * 2 > 3h", "# + 1h <= 3h", "-# < 1h"],
            "ip" => &[
                "# in ip(\"10.0.0.0/8\")",
                "# == ip(\"10.0.0.1\")",
                "# in ip(\"::/0\")",
            ],
            "owner" => &[
                "# == principal",
                "# != User:u0",
                "# in [principal, User:u1]",
                "# in Group:g0",
                "principal in [#]",
            ],
            "by" => &[
                "# == principal",
                "# is User",
                "# is Group",
                "principal in #",
            ],
            "tags" => &[
                "#.contains(\"x\")",
                "#.containsAll([\"x\", \"y\"])",
                "#.containsAny([\"y\"])",
                "#.isEmpty()",
                "# == [\"x\"]",
                "\"y\" in #",
            ],
            "nums" => &[
                "#.contains(1)",
                "# == []",
                "#.containsAll([])",
                "!#.isEmpty()",
                "[1, 2].containsAll(#)",
            ],
            "rec" => &["#.a == 1", "# has b && #.b == \"x\"", "# has b"],
            "on" => &[
                "@ has on && # > 1",
                "@ has on",
                "!(@ has on) || context.flag",
            ],
            "oo" => &[
                "@ has oo && # == principal",
                "(if @ has oo then # == principal else context.flag)",
            ],
            "parent" => &["#.isEmpty()", "!#.isEmpty()"],
            "home" => &["# == %:x0", "# != %:x1", "# in %:x2"],
            "admins" => &[
                "principal in #",
                "#.contains(User:u1)",
                "#.containsAny([User:u0, User:u2])",
            ],
            _ => &[
                "#.contains(principal)",
                "principal in #",
                "#.isEmpty()",
                "#.containsAny([principal])",
                "#.contains(User:u0)",
            ],
        };
        let text = (*self.generator.pick(choices)).to_owned();
        text.replace('#', &format!("{base}.{name}"))
            .replace('@', base)
            .replace('%', &self.generator.shape.home)
    }

    /// A condition that speaks of the principal, the context and the time, which all resources share.
    fn any(&mut self, depth: u32) -> String {
        if depth > 0 && self.chance(30) {
            let (a, mut b) = (self.any(depth - 1), self.any(depth - 1));
            // `principal is User && principal is Group` can never be, and is a compile error.
            while narrows(&a, &b) {
                b = self.any(0);
            }
            return match self.generator.rng.random_range(0..5) {
                0 => format!("({a}) && ({b})"),
                1 => format!("({a}) || ({b})"),
                2 => format!("!({a})"),
                3 => format!("({a}) == ({b})"),
                _ => format!("(if {a} then {b} else {a})"),
            };
        }
        let scopes: Vec<String> = self
            .generator
            .shape
            .types
            .iter()
            .filter(|ty| ty.scope)
            .map(|ty| ty.name.clone())
            .collect();
        let scope = self.generator.pick(&scopes).clone();
        // What every subject type has.
        let subjects = self.generator.shape.subjects.clone();
        let shared: Vec<&str> = ATTRIBUTES
            .iter()
            .map(|(name, _)| *name)
            .filter(|name| *name != "editors" && *name != "parent")
            .filter(|name| {
                let types = self.generator.shape.types.iter();
                let mut declared = types.filter(|ty| subjects.contains(&ty.name)).peekable();
                declared.peek().is_some() && declared.all(|ty| ty.attributes.contains(name))
            })
            .collect();
        if !shared.is_empty() && self.chance(40) {
            let name = *self.generator.pick(&shared);
            return self.about("principal", name);
        }
        if self.chance(20)
            && let Some(asked) = self.of_credential()
        {
            return asked;
        }
        let choices = [
            "context.flag".to_owned(),
            "!context.flag".into(),
            "context.num > 2".into(),
            "context.num + 9223372036854775800 > 0".into(),
            "context has who && context.who == principal".into(),
            "context has who".into(),
            "principal is User".into(),
            "principal is Group".into(),
            "principal in Group:g0".into(),
            "principal == User:u0".into(),
            "principal != Group:g1".into(),
            "now < 2001-06-01".into(),
            "now + 400d > 2001-12-31T00:00:00Z".into(),
            format!("resource in {scope}:x0"),
            "true".into(),
            "false".into(),
        ];
        self.generator.pick(&choices).clone()
    }
}

impl Conditions<'_> {
    /// A condition that asks whether a credential asks, and of it.
    fn of_credential(&mut self) -> Option<String> {
        let types = self.generator.shape.types.iter();
        let types: Vec<TypeShape> = types
            .filter(|ty| ty.credential.is_some())
            .cloned()
            .collect();
        if types.is_empty() {
            return None;
        }
        self.generator.count("credential conditions");
        let ty = self.generator.pick(&types).clone();
        let is = format!("credential is {}", ty.name);
        let names = ty.attributes.iter().copied();
        let names: Vec<&str> = names
            .filter(|name| !["scopes", "parent", "editors"].contains(name))
            .collect();
        Some(match self.generator.rng.random_range(0..6) {
            0 => is,
            1 => format!("!({is})"),
            2 => format!("({is} && credential == {}:x0)", ty.name),
            3 => match ty.containers.first() {
                Some((of, _)) => format!("({is} && credential in {of}:x0)"),
                None => is,
            },
            _ if !names.is_empty() => {
                let name = *self.generator.pick(&names);
                format!("({is} && ({}))", self.about("credential", name))
            }
            _ => format!("(if {is} then credential != {}:x1 else true)", ty.name),
        })
    }
}

/// Whether one part may say of the principal what leaves nothing for the other to ask.
pub fn narrows(a: &str, b: &str) -> bool {
    a.contains(" is ") && (b.contains("principal") || b.contains(" is "))
}
