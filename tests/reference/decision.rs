//! Sight [5], power [6] and the decision [7], by a credential too [8].

use std::collections::BTreeSet;

use ward::syntax::ast::{Expr, RoleClause, Rule, RuleKind, RuleTarget, TypeTerm};

use super::condition::Value;
use super::ways::{Way, both, in_both};
use super::{Action, Asking, Entity, Mask};

/// What a request comes to on one resource.
#[derive(Debug, Default)]
pub struct Verdict {
    pub sees: bool,
    reach: Mask,
    power: Mask,
    pub allowed: Mask,
}

/// The three outcomes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allowed,
    Forbidden,
    Invisible,
}

/// Whether a set of types has a type, by a star and by its name.
fn names_type(terms: &[TypeTerm], ty: &str) -> (bool, bool) {
    let wild = terms.iter().any(|term| matches!(term, TypeTerm::All(_)));
    let named = terms
        .iter()
        .any(|term| matches!(term, TypeTerm::Named(name) if name.name == ty));
    (wild, named)
}

impl Asking<'_> {
    /// What the asker sees and may do of one resource.
    pub fn judge(&self, resource: &Entity) -> Verdict {
        let mut verdict = Verdict::default();
        // Nothing is seen of what has no whole way up, not even by a rule.
        if !self.facts.knows(resource) || !self.facts.complete(self.model, resource) {
            return verdict;
        }
        let ways = self.ways(resource);
        let Some(confined) = self.confined(&ways) else {
            return verdict;
        };
        let limit = self.limit();
        let shown_by = self.model.visible_by(&resource.0);
        let shows = |given: &Mask| {
            let shown_by = shown_by.as_ref();
            shown_by.is_some_and(|action| given.contains(action) && limit.contains(action))
        };

        for way in ways.iter().filter(|way| way.gives()) {
            let under = self.model.named(&in_both(&way.ceiling, &way.mask));
            for role in self.held(&way.place) {
                let given = both(&self.role_gives(&way.place, role, resource), &under);
                if self.role_shows(&way.place, role, resource) || shows(&given) {
                    verdict.sees = true;
                    verdict.reach.extend(self.model.named(&way.mask));
                }
                verdict.power.extend(given);
            }
        }

        let permitted = self.under_own_ceilings(&self.permitted(resource), resource);
        if self.ruled(RuleKind::Reveal, resource) || shows(&permitted) {
            verdict.sees = true;
            verdict.reach.extend(self.model.all.clone());
        }
        verdict.power.extend(permitted);

        if !verdict.sees || self.ruled(RuleKind::Hide, resource) {
            return Verdict::default();
        }
        verdict.reach = both(&verdict.reach, &confined);
        verdict.power = both(&both(&verdict.power, &confined), &limit);
        verdict.allowed = both(&verdict.reach, &verdict.power);
        let forbidden = self.forbidden(resource);
        let asked = self.model.asked_of(&resource.0);
        verdict
            .allowed
            .retain(|action| asked.contains(action) && !forbidden.contains(action));
        verdict
    }

    /// The outcome for one action.
    pub fn check(&self, action: &str, on: &Entity) -> Outcome {
        let verdict = self.judge(on);
        match (verdict.sees, verdict.allowed.contains(action)) {
            (false, _) => Outcome::Invisible,
            (true, true) => Outcome::Allowed,
            (true, false) => Outcome::Forbidden,
        }
    }

    // ---- roles -----------------------------------------------------------------------------------

    /// Whether a role held at a place shows a resource inside.
    fn role_shows(&self, place: &Entity, role: &str, resource: &Entity) -> bool {
        let ty = resource.0.as_str();
        let mut clauses = self.model.clauses(&place.0, role).iter();
        clauses.any(|clause| {
            let RoleClause::Sees { set, when, .. } = clause else {
                return false;
            };
            let (wild, named) = names_type(&set.terms, ty);
            let (all_out, out) = names_type(&set.except, ty);
            let (_, this) = names_type(&set.terms, "this");
            let wild = wild && self.when_fits(when.as_ref(), ty, None);
            let shown = (wild || named) && !all_out && !out || this && place == resource;
            shown && self.when_holds(when.as_ref(), resource)
        })
    }

    /// What a role held at a place gives on a resource inside, if nothing cuts it.
    fn role_gives(&self, place: &Entity, role: &str, resource: &Entity) -> Mask {
        let custom = (place.clone(), role.to_owned());
        let custom = self.facts.custom_roles.get(&custom);
        let mut given = custom.cloned().unwrap_or_default();
        for clause in self.model.clauses(&place.0, role) {
            if let RoleClause::Can { set, when, .. } = clause
                && self.when_holds(when.as_ref(), resource)
            {
                let set = self.model.expand(set, Some(&place.0));
                given.extend(set.named.clone());
                let mut wild = set.wild.clone();
                wild.retain(|action| self.when_fits(when.as_ref(), &resource.0, Some(action)));
                given.extend(wild);
            }
        }
        given
    }

    /// Whether a condition of a role is true; one that errs is not.
    fn when_holds(&self, when: Option<&Expr>, resource: &Entity) -> bool {
        when.is_none_or(|when| self.read(resource, when) == Ok(Value::Bool(true)))
    }

    /// Whether a condition of a role fits what a wildcard brings.
    fn when_fits(&self, when: Option<&Expr>, ty: &str, action: Option<&Action>) -> bool {
        let principals = self.model.principal_types();
        when.is_none_or(|when| self.model.fits(when, ty, action, &principals))
    }

    // ---- rules -----------------------------------------------------------------------------------

    /// What `permit` rules give on a resource.
    fn permitted(&self, resource: &Entity) -> Mask {
        let mut permitted = Mask::new();
        for rule in &self.model.rules {
            if let (RuleKind::Permit, RuleTarget::Actions(set)) = (rule.kind, &rule.target)
                && self.matches(resource, rule)
            {
                let set = self.model.expand(set, None);
                permitted.extend(set.named.clone());
                let mut wild = set.wild.clone();
                wild.retain(|action| self.rule_fits(rule, &resource.0, Some(action)));
                permitted.extend(wild);
            }
        }
        permitted
    }

    /// What `forbid` rules take away on a resource.
    fn forbidden(&self, resource: &Entity) -> Mask {
        let mut forbidden = Mask::new();
        for rule in &self.model.rules {
            let (RuleKind::Forbid, RuleTarget::Actions(set)) = (rule.kind, &rule.target) else {
                continue;
            };
            let set = self.model.expand(set, None).all();
            // Only where it takes something of this type away is its condition about it.
            let asked = self.model.asked_of(&resource.0);
            let about = asked.iter().any(|action| set.contains(action));
            if about && self.matches(resource, rule) {
                forbidden.extend(set);
            }
        }
        forbidden
    }

    /// Whether a `reveal` or a `hide` rule matches a resource.
    fn ruled(&self, kind: RuleKind, resource: &Entity) -> bool {
        let ty = resource.0.as_str();
        self.model.rules.iter().any(|rule| {
            let RuleTarget::Types(set) = &rule.target else {
                return false;
            };
            let (wild, named) = names_type(&set.terms, ty);
            let (all_out, out) = names_type(&set.except, ty);
            rule.kind == kind
                && (named || wild && (kind == RuleKind::Hide || self.rule_fits(rule, ty, None)))
                && !all_out
                && !out
                && self.matches(resource, rule)
        })
    }

    /// The subject types that a rule is for.
    fn rule_principals(&self, rule: &Rule) -> BTreeSet<&str> {
        let mut principals = self.model.principal_types();
        if !rule.subjects.is_empty() {
            principals.retain(|ty| rule.subjects.iter().any(|subject| subject.name == *ty));
        }
        principals
    }

    /// Whether the conditions of a rule fit what a wildcard brings.
    fn rule_fits(&self, rule: &Rule, ty: &str, action: Option<&Action>) -> bool {
        let principals = self.rule_principals(rule);
        let mut guards = rule.conditions.iter();
        guards.all(|guard| self.model.fits(&guard.condition, ty, action, &principals))
    }

    /// Whether a rule matches: its subjects, and its guards from left to right. One that errs
    /// matches in `forbid` and `hide` and nowhere else.
    fn matches(&self, resource: &Entity, rule: &Rule) -> bool {
        let gives = matches!(rule.kind, RuleKind::Permit | RuleKind::Reveal);
        if gives && !self.facts.knows(&self.principal) {
            return false;
        }
        let principals = self.rule_principals(rule);
        if !principals.contains(self.principal.0.as_str()) {
            return false;
        }
        for guard in &rule.conditions {
            match self.read(resource, &guard.condition) {
                Ok(Value::Bool(value)) if value != guard.negated => {}
                Ok(_) => return false,
                Err(()) => return !gives,
            }
        }
        true
    }

    // ---- credentials -----------------------------------------------------------------------------

    /// What the ways to where the credential lives let through: everything where nothing confines
    /// it, and `None` where there is no such way.
    fn confined(&self, ways: &BTreeSet<Way>) -> Option<Mask> {
        let credential = self.credential.as_ref();
        let confined = credential.and_then(|credential| {
            let within = self.model.acts_for(&credential.0)?.within.as_ref()?;
            Some(self.nearest_above(credential, &within.name))
        });
        let Some(homes) = confined else {
            return Some(self.model.all.clone());
        };
        let to_home: Vec<&Way> = ways
            .iter()
            .filter(|way| homes.contains(&way.place))
            .collect();
        let masks = to_home.iter().flat_map(|way| self.model.named(&way.mask));
        (!to_home.is_empty()).then(|| masks.collect())
    }

    /// The first entities of a type on the ways up by containment; not the entity itself.
    fn nearest_above(&self, entity: &Entity, ty: &str) -> BTreeSet<Entity> {
        let mut found = BTreeSet::new();
        for container in self.facts.containers_of(entity) {
            if container.0 == ty {
                found.insert(container.clone());
            } else {
                found.extend(self.nearest_above(container, ty));
            }
        }
        found
    }

    /// What the credential may do at most.
    fn limit(&self) -> Mask {
        let limit = self.credential.as_ref().and_then(|credential| {
            let at_most = self.model.acts_for(&credential.0)?.at_most.as_ref()?;
            Some(self.attribute(credential, &at_most.name))
        });
        match limit {
            None => self.model.all.clone(),
            Some(Some(Value::Set(names))) => names
                .iter()
                .flat_map(|name| match name {
                    Value::Text(name) => self.model.permission_named(name),
                    other => unreachable!("no permission: {other:?}"),
                })
                .collect(),
            Some(_) => Mask::new(),
        }
    }
}
