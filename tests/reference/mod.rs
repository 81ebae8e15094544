//! The reference evaluator: the section "Meaning" of the language page, written down as plainly as
//! possible. Sets of strings, recursion, no cleverness, and no code shared with the product but its
//! parser. Numbers in brackets are the items of that section.

mod condition;
mod permissions;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use ward::syntax::ast::{
    Cardinality, Expr, Item, Member, PolicyFile, RoleClause, RoleDecl, Rule, RuleKind, RuleTarget,
    ShareDecl, TypeDecl, TypeKind, TypeTerm,
};

pub use condition::Value;
pub use world::{Entity, Facts};

/// An action by its full name: `Doc.view`.
pub type Action = String;

/// A set of actions.
pub type Mask = BTreeSet<Action>;

/// A policy, read off its syntax tree.
pub struct Model<'p> {
    pub types: BTreeMap<&'p str, &'p TypeDecl>,
    pub rules: Vec<&'p Rule>,
    groups: permissions::Groups<'p>,
    context: BTreeMap<&'p str, Option<Value>>,
}

/// Who asks, when, and with which context.
#[derive(Clone, Debug)]
pub struct Request {
    pub subject: Entity,
    pub now: i64,
    pub context: BTreeMap<String, Value>,
}

/// What a request comes to on one resource.
#[derive(Debug, Default)]
pub struct Verdict {
    pub sees: bool,
    pub reach: Mask,
    pub power: Mask,
    pub allowed: Mask,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Forbidden,
    Invisible,
}

impl<'p> Model<'p> {
    pub fn new(policy: &'p PolicyFile) -> Self {
        let types = policy.items.iter().filter_map(|item| match item {
            Item::Type(decl) => Some((decl.name.name.as_str(), decl)),
            _ => None,
        });
        let rules = policy.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            _ => None,
        });
        let context = policy.items.iter().filter_map(|item| match item {
            Item::Context(fields, _) => Some(fields),
            _ => None,
        });
        Self {
            types: types.collect(),
            rules: rules.collect(),
            groups: permissions::Groups::new(policy),
            context: context
                .flatten()
                .map(|field| {
                    (
                        field.name.name.as_str(),
                        field.default.as_ref().map(world::value),
                    )
                })
                .collect(),
        }
    }

    fn body(&self, ty: &str) -> &'p [Member] {
        self.types.get(ty).map_or(&[], |decl| &decl.body)
    }

    pub fn roles(&self, ty: &str) -> BTreeMap<&'p str, &'p RoleDecl> {
        let roles = self.body(ty).iter().filter_map(|member| match member {
            Member::Role(role) => Some((role.name.name.as_str(), role)),
            _ => None,
        });
        roles.collect()
    }

    fn shares(&self, ty: &str) -> Vec<&'p ShareDecl> {
        let shares = self.body(ty).iter().filter_map(|member| match member {
            Member::Share(share) => Some(share),
            _ => None,
        });
        shares.collect()
    }

    /// The default of an attribute; nothing where the type has no such attribute.
    fn attribute(&self, ty: &str, name: &str) -> Option<Option<Value>> {
        self.body(ty).iter().find_map(|member| match member {
            Member::Attribute(attribute) if attribute.name.name == name => {
                Some(attribute.default.as_ref().map(world::value))
            }
            _ => None,
        })
    }

    fn has_relation(&self, ty: &str, name: &str) -> bool {
        self.body(ty).iter().any(
            |member| matches!(member, Member::Relation(relation) if relation.name.name == name),
        )
    }

    /// Every action with the types that it is asked of.
    pub fn actions(&self) -> Vec<(Action, Vec<&'p str>)> {
        let mut all = Vec::new();
        for (name, decl) in &self.types {
            for member in &decl.body {
                let Member::Actions(actions) = member else {
                    continue;
                };
                for action in actions {
                    let asked: Vec<&str> = match action.asked_of.as_slice() {
                        [] => vec![name],
                        asked => asked.iter().map(|of| of.name.as_str()).collect(),
                    };
                    all.push((format!("{name}.{}", action.name.name), asked));
                }
            }
        }
        all
    }

    pub fn asked_of(&self, ty: &str) -> Vec<Action> {
        let all = self.actions().into_iter();
        all.filter(|(_, asked)| asked.contains(&ty))
            .map(|(action, _)| action)
            .collect()
    }

    pub fn subject_types(&self) -> BTreeSet<&'p str> {
        let all = self
            .types
            .iter()
            .filter(|(_, decl)| decl.kind == TypeKind::Subject);
        all.map(|(name, _)| *name).collect()
    }

    // ---- [1] holding -----------------------------------------------------------------------------

    /// The subject itself and every group that has it among its members, to any depth.
    fn subjects(&self, facts: &Facts, request: &Request) -> BTreeSet<Entity> {
        let mut all = BTreeSet::from([request.subject.clone()]);
        loop {
            let more = facts
                .memberships
                .iter()
                .filter(|((member, _), until)| all.contains(member) && **until > request.now);
            let groups: Vec<Entity> = more.map(|((_, group), _)| group.clone()).collect();
            let before = all.len();
            all.extend(groups);
            if all.len() == before {
                return all;
            }
        }
    }

    /// The roles that the subject holds on an entity.
    pub fn held(&self, facts: &Facts, request: &Request, on: &Entity) -> BTreeSet<&'p str> {
        let subjects = self.subjects(facts, request);
        let roles = self.roles(&on.0);
        let mut held = BTreeSet::new();
        for ((holder, role, place), until) in &facts.holdings {
            let holds = match holder {
                None => true,
                Some(holder) => subjects.contains(holder) && facts.knows(&request.subject),
            };
            if holds && place == on && *until > request.now {
                held.extend(roles.get_key_value(role.as_str()).map(|(name, _)| *name));
            }
        }
        // A role that is held brings those that it includes.
        loop {
            let before = held.len();
            for role in held.clone() {
                for clause in &roles[role].clauses {
                    if let RoleClause::Includes { roles, .. } = clause {
                        held.extend(roles.iter().map(|included| included.name.as_str()));
                    }
                }
            }
            if held.len() == before {
                return held;
            }
        }
    }

    // ---- [2] ways --------------------------------------------------------------------------------

    /// Every way from a resource: where it ends, and its mask.
    fn ways(&self, facts: &Facts, now: i64, resource: &Entity) -> BTreeSet<(Entity, Mask)> {
        let mut ways = BTreeSet::new();
        if facts.complete(self, resource) {
            let all = self
                .actions()
                .into_iter()
                .map(|(action, _)| action)
                .collect();
            self.step(facts, now, resource, &all, &mut ways);
        }
        ways
    }

    fn step(
        &self,
        facts: &Facts,
        now: i64,
        place: &Entity,
        mask: &Mask,
        ways: &mut BTreeSet<(Entity, Mask)>,
    ) {
        if !ways.insert((place.clone(), mask.clone())) {
            return;
        }
        for container in facts.containers_of(place) {
            self.step(facts, now, container, mask, ways);
        }
        for ((entity, with, level), until) in &facts.shares {
            if entity == place && *until > now && facts.complete(self, with) {
                let level = self.level(&place.0, &with.0, level);
                let narrowed = mask.intersection(&level).cloned().collect();
                self.step(facts, now, with, &narrowed, ways);
            }
        }
    }

    /// What a level of a share lets through.
    fn level(&self, ty: &str, with: &str, level: &str) -> Mask {
        let mut mask = Mask::new();
        for share in self
            .shares(ty)
            .iter()
            .filter(|share| share.with.name == with)
        {
            for decl in share.levels.iter().filter(|decl| decl.name.name == level) {
                if let Some(set) = &decl.set {
                    mask.extend(self.expand(set, Some(ty)).all());
                }
                for included in &decl.includes {
                    mask.extend(self.level(ty, with, &included.name));
                }
            }
        }
        mask
    }

    // ---- [5] sight, [6] power, [7] decision --------------------------------------------------------

    /// Whether a set of types, as a role says it, has a type; `this` is answered by the caller.
    fn names_type(terms: &[TypeTerm], ty: &str) -> (bool, bool) {
        let wild = terms.iter().any(|term| matches!(term, TypeTerm::All(_)));
        let named = terms
            .iter()
            .any(|term| matches!(term, TypeTerm::Named(name) if name.name == ty));
        (wild, named)
    }

    pub fn judge(&self, facts: &Facts, request: &Request, resource: &Entity) -> Verdict {
        let mut verdict = Verdict::default();
        if !facts.knows(resource) {
            return verdict;
        }
        let ty = resource.0.as_str();
        let principals = self.subject_types();
        let holds = |when: &Option<Expr>| {
            when.as_ref().is_none_or(|when| {
                self.read(facts, request, resource, when) == Ok(Value::Bool(true))
            })
        };
        let fits = |when: &Option<Expr>| {
            when.as_ref()
                .is_none_or(|when| self.fits(when, ty, &principals))
        };
        for (place, mask) in self.ways(facts, request.now, resource) {
            let roles = self.roles(&place.0);
            for role in self.held(facts, request, &place) {
                for clause in &roles[role].clauses {
                    match clause {
                        RoleClause::Sees { set, when, .. } => {
                            let (wild, named) = Self::names_type(&set.terms, ty);
                            let (all_out, out) = Self::names_type(&set.except, ty);
                            let (_, this) = Self::names_type(&set.terms, "this");
                            let shown = (wild && fits(when) || named) && !all_out && !out
                                || this && place == *resource;
                            if shown && holds(when) {
                                verdict.sees = true;
                                verdict.reach.extend(mask.clone());
                            }
                        }
                        RoleClause::Can { set, when, .. } => {
                            let set = self.expand(set, Some(&place.0));
                            let mut given = set.named.clone();
                            if fits(when) {
                                given.extend(set.wild.clone());
                            }
                            if holds(when) {
                                verdict.power.extend(given.intersection(&mask).cloned());
                            }
                        }
                        RoleClause::Includes { .. } => {}
                    }
                }
            }
        }
        // Nothing is seen of what has no whole way up, not even by a rule.
        if !facts.complete(self, resource) {
            return Verdict::default();
        }
        let all: Mask = self
            .actions()
            .into_iter()
            .map(|(action, _)| action)
            .collect();
        let mut hidden = false;
        let mut forbidden = Mask::new();
        for rule in &self.rules {
            match (&rule.kind, &rule.target) {
                (RuleKind::Reveal | RuleKind::Hide, RuleTarget::Types(set)) => {
                    let (wild, named) = Self::names_type(&set.terms, ty);
                    let (all_out, out) = Self::names_type(&set.except, ty);
                    if !(wild || named) || all_out || out {
                        continue;
                    }
                    let reveals = rule.kind == RuleKind::Reveal;
                    if self.matches(facts, request, resource, rule, named) {
                        if reveals {
                            verdict.sees = true;
                            verdict.reach.extend(all.clone());
                        } else {
                            hidden = true;
                        }
                    }
                }
                (RuleKind::Permit, RuleTarget::Actions(set)) => {
                    let set = self.expand(set, None);
                    if self.matches(facts, request, resource, rule, true) {
                        verdict.power.extend(set.named);
                    }
                    if self.matches(facts, request, resource, rule, false) {
                        verdict.power.extend(set.wild);
                    }
                }
                (RuleKind::Forbid, RuleTarget::Actions(set)) => {
                    let set = self.expand(set, None).all();
                    // Only where it takes something of this type away is its condition about it.
                    let about = self.asked_of(ty).iter().any(|action| set.contains(action));
                    if about && self.matches(facts, request, resource, rule, true) {
                        forbidden.extend(set);
                    }
                }
                _ => {}
            }
        }
        verdict.sees &= !hidden;
        if !verdict.sees {
            return Verdict::default();
        }
        verdict.allowed = verdict
            .reach
            .intersection(&verdict.power)
            .cloned()
            .collect();
        verdict.allowed.retain(|action| !forbidden.contains(action));
        let asked = self.asked_of(ty);
        verdict.allowed.retain(|action| asked.contains(action));
        verdict
    }

    /// Whether a rule matches: its subjects, and its guards from left to right. One that errs
    /// matches in `forbid` and `hide` and nowhere else; what a wildcard brings in must fit first.
    fn matches(
        &self,
        facts: &Facts,
        request: &Request,
        resource: &Entity,
        rule: &Rule,
        named: bool,
    ) -> bool {
        let gives = matches!(rule.kind, RuleKind::Permit | RuleKind::Reveal);
        if gives && !facts.knows(&request.subject) {
            return false;
        }
        let mut principals = self.subject_types();
        if !rule.subjects.is_empty() {
            principals.retain(|ty| rule.subjects.iter().any(|subject| subject.name == *ty));
        }
        if !principals.contains(request.subject.0.as_str()) {
            return false;
        }
        for guard in &rule.conditions {
            if !named && gives && !self.fits(&guard.condition, &resource.0, &principals) {
                return false;
            }
        }
        for guard in &rule.conditions {
            match self.read(facts, request, resource, &guard.condition) {
                Ok(Value::Bool(value)) if value != guard.negated => {}
                Ok(_) => return false,
                Err(()) => return !gives,
            }
        }
        true
    }

    // ---- queries ---------------------------------------------------------------------------------

    pub fn check(&self, facts: &Facts, request: &Request, action: &str, on: &Entity) -> Outcome {
        let verdict = self.judge(facts, request, on);
        match (verdict.sees, verdict.allowed.contains(action)) {
            (false, _) => Outcome::Invisible,
            (true, true) => Outcome::Allowed,
            (true, false) => Outcome::Forbidden,
        }
    }

    /// What an entity must stand in.
    pub(crate) fn required(&self, ty: &str) -> Vec<&'p str> {
        let containers = self.types.get(ty).map_or(&[][..], |decl| &decl.containers);
        let one = containers
            .iter()
            .filter(|of| of.cardinality == Cardinality::One);
        one.map(|of| of.type_name.name.as_str()).collect()
    }
}
