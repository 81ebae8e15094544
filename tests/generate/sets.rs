//! Random permission sets.

use std::collections::BTreeSet;

use rand::seq::IndexedRandom;

use super::Generator;

impl Generator {
    /// Some action of some type: `R0.a`.
    pub(super) fn action(&mut self) -> Option<String> {
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

    pub(super) fn write_groups(&mut self) {
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
    pub(super) fn wild_set(&mut self, groups: bool, in_role: bool, below: &[String]) -> String {
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

    pub(super) fn named_types(&self) -> Vec<String> {
        let types = self
            .shape
            .types
            .iter()
            .filter(|ty| !self.shape.subjects.contains(&ty.name));
        types.map(|ty| ty.name.clone()).collect()
    }

    /// The types from which a way leads to a type.
    pub(super) fn below(&self, name: &str) -> BTreeSet<String> {
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

    /// A type among these with actions of its own, if there is one.
    pub(super) fn acting(&mut self, among: &[String]) -> Option<String> {
        let acting: Vec<String> = self
            .shape
            .types
            .iter()
            .filter(|ty| among.contains(&ty.name) && !ty.actions.is_empty())
            .map(|ty| ty.name.clone())
            .collect();
        acting.choose(&mut self.rng).cloned()
    }

    pub(super) fn has_action(&self, name: &str) -> bool {
        self.shape
            .types
            .iter()
            .any(|ty| ty.actions.iter().any(|action| action == name))
    }
}
