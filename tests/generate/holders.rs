//! Random clauses that say who holds a role: `also`, `requires`, `for`.

use rand::RngExt;

use super::shape::ROLES;
use super::{Generator, TypeShape};

/// What an `also` names: the construct, its text.
type Term = (&'static str, String);

impl Generator {
    pub(super) fn write_holders(&mut self, ty: &TypeShape, role: &'static str) {
        if self.chance_deep(45)
            && let Some(first) = self.also(ty, role)
        {
            let second = self.also(ty, role).filter(|_| self.chance(25));
            let more = second.map_or(String::new(), |second| format!(", {second}"));
            self.line(format!("    also {first}{more}"));
            if self.chance(15)
                && let Some(another) = self.also(ty, role)
            {
                self.line(format!("    also {another}"));
            }
        }
        if self.chance(15) {
            let required = self.enclosing_roles(ty, |generator, other| {
                generator.shape.ranks[other] <= generator.shape.ranks[role]
            });
            if !required.is_empty() {
                let first = self.pick(&required).clone();
                let second = self.pick(&required).clone();
                let more = if first != second && self.chance(25) {
                    format!(", {second}")
                } else {
                    String::new()
                };
                self.line(format!("    requires {first}{more}"));
                self.count("requires");
            }
        }
        if let Some(holders) = ty.holders.get(role) {
            self.line(format!("    for {}", holders.join(" | ")));
            self.count("for");
        }
    }

    /// One of what stands between the commas of an `also`.
    fn also(&mut self, ty: &TypeShape, role: &'static str) -> Option<String> {
        let mut text = self.named_term(ty, role, false)?;
        for _ in 0..2 {
            if self.chance(65) {
                continue;
            }
            let except = self.chance(60);
            let Some(mut term) = self.named_term(ty, role, except) else {
                continue;
            };
            if self.chance(20)
                && let Some(other) = self.named_term(ty, role, except)
            {
                // What stands behind `except` stays below it, whatever is between.
                let joined = *self.pick(&["and", "except"]);
                if joined == "and" || self.named_before(role, &other) {
                    term = format!("({term} {joined} {other})");
                    self.count("also in parentheses");
                }
            }
            text = if except {
                self.count("also except");
                if ROLES.iter().any(|role| term.contains(role)) {
                    self.count("also except of a role");
                }
                format!("{text} except {term}")
            } else {
                self.count("also and");
                format!("{text} and {term}")
            };
        }
        Some(text)
    }

    /// Whether no role that a term names depends on the role.
    fn named_before(&self, role: &'static str, term: &str) -> bool {
        let mut named = ROLES.iter().filter(|name| term.contains(**name));
        named.all(|name| self.shape.ranks[name] < self.shape.ranks[role])
    }

    fn named_term(&mut self, ty: &TypeShape, role: &'static str, except: bool) -> Option<String> {
        let fits = |generator: &Self, other: &str| {
            let (other, own) = (generator.shape.ranks[other], generator.shape.ranks[role]);
            other < own || !except && other == own
        };
        let mut kinds: Vec<Vec<Term>> = Vec::new();
        let attributes = ["owner", "by", "oo", "admins"].iter();
        let attributes = attributes.filter(|name| ty.attributes.contains(**name));
        kinds.push(
            attributes
                .map(|name| ("also attribute", (*name).to_owned()))
                .collect(),
        );
        if ty.attributes.contains("editors") {
            kinds.push(vec![("also relation", "editors".into())]);
        }
        let own = ty
            .roles
            .iter()
            .filter(|other| **other != role && fits(self, other));
        kinds.push(
            own.map(|other| ("also own role", (*other).to_owned()))
                .collect(),
        );
        let enclosing = self.enclosing_roles(ty, fits).into_iter();
        kinds.push(
            enclosing
                .map(|named| ("also enclosing role", named))
                .collect(),
        );
        for (link, construct, targets) in [
            (
                "parent",
                "also role through relation",
                self.shape.parents.clone(),
            ),
            (
                "home",
                "also role through attribute",
                vec![self.shape.home.clone()],
            ),
        ] {
            if ty.attributes.contains(link) {
                let has = |role: &str| {
                    let mut targets = targets.iter();
                    targets.any(|of| self.type_shape(of).roles.contains(&role))
                };
                let there = ROLES.iter().filter(|role| has(role) && fits(self, role));
                kinds.push(
                    there
                        .map(|role| (construct, format!("{link}.{role}")))
                        .collect(),
                );
            }
        }
        kinds.retain(|kind| !kind.is_empty());
        // Only where a role is taken out do strata matter.
        let names_role = |kind: &Vec<Term>| kind[0].0.contains("role");
        if except && kinds.iter().any(names_role) && self.chance(70) {
            kinds.retain(names_role);
        }
        if kinds.is_empty() {
            return None;
        }
        let kind = self.rng.random_range(0..kinds.len());
        let (construct, text) = self.pick(&kinds[kind]).clone();
        self.count(construct);
        Some(text)
    }

    /// The roles of enclosing types that fit: `S0.Reader`.
    fn enclosing_roles(&self, ty: &TypeShape, fits: impl Fn(&Self, &str) -> bool) -> Vec<String> {
        let mut all = Vec::new();
        for above in self.above(&ty.name) {
            for role in &self.type_shape(&above).roles {
                if fits(self, role) {
                    all.push(format!("{above}.{role}"));
                }
            }
        }
        all
    }
}
