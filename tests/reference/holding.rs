//! Who holds a role [1].

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use ward::syntax::ast::{Also, AlsoOp, AlsoTerm, Member, RoleClause, RoleRef, TypeExpr};

use super::condition::Value;
use super::world::Holder;
use super::{Asking, Entity, Facts, Model, Request};

impl<'a> Asking<'a> {
    /// Nobody asks by a credential that has no owner.
    pub(super) fn new(model: &'a Model<'a>, facts: &'a Facts, request: Request) -> Option<Self> {
        let subject = request.subject.clone();
        let (principal, credential) = match model.acts_for(&subject.0) {
            None => (subject, None),
            Some(acts_for) => {
                let owner = (subject.clone(), acts_for.owner.name.clone());
                let Some(Value::Entity(owner)) = facts.attributes.get(&owner) else {
                    return None;
                };
                (owner.clone(), Some(subject))
            }
        };
        let mut asking = Self {
            model,
            facts,
            subjects: subjects(facts, &principal, request.now),
            request,
            principal,
            credential,
            held: BTreeMap::new(),
            ceilings: RefCell::default(),
            ways: RefCell::default(),
        };
        let strata: BTreeSet<usize> = model.levels.values().copied().collect();
        for level in strata.into_iter().chain([model.last_level()]) {
            while asking.hold_more(level) {}
        }
        Some(asking)
    }

    /// The same with another context, on which who holds what does not depend.
    pub fn set_context(&mut self, context: BTreeMap<String, Value>) {
        self.request.context = context;
    }

    /// Whose rights are asked for.
    pub fn principal(&self) -> &Entity {
        &self.principal
    }

    /// The credential that asks, if it is one.
    pub fn credential(&self) -> Option<&Entity> {
        self.credential.as_ref()
    }

    /// Whether an entity is the principal, or a group of it.
    pub fn is(&self, entity: &Entity) -> bool {
        self.subjects.contains(entity)
    }

    /// The roles that the principal holds on an entity.
    pub fn held(&self, on: &Entity) -> BTreeSet<&str> {
        let held = self.held.get(on).into_iter().flatten();
        held.map(String::as_str).collect()
    }

    fn holds(&self, on: &Entity, role: &str) -> bool {
        self.held.get(on).is_some_and(|held| held.contains(role))
    }

    /// One round of the least fixed point: what follows in a stratum from what is held so far.
    fn hold_more(&mut self, level: usize) -> bool {
        let mut more = Vec::new();
        for on in self.facts.entities() {
            let declared = self.model.roles(&on.0).into_keys();
            let custom = self.facts.custom_roles.keys();
            let custom = custom.filter(|(of, _)| of == on).map(|(_, role)| &**role);
            for role in declared.chain(custom) {
                if self.model.level(&on.0, role) == level
                    && !self.holds(on, role)
                    && self.guards_hold(on, role)
                    && (self.by_fact(on, role) || self.by_also(on, role) || self.included(on, role))
                {
                    more.push((on.clone(), role.to_owned()));
                }
            }
        }
        let found = !more.is_empty();
        for (on, role) in more {
            self.held.entry(on).or_default().insert(role);
        }
        found
    }

    fn by_fact(&self, on: &Entity, role: &str) -> bool {
        let holdings = self.facts.holdings.iter();
        let mut holders = holdings
            .filter(|((_, named, place), until)| {
                place == on && named == role && **until > self.request.now
            })
            .map(|((holder, _, _), _)| holder);
        holders.any(|holder| match holder {
            Holder::Anyone => true,
            Holder::Entity(holder) => self.subjects.contains(holder),
            Holder::Set(of, held) => self.holds(of, held),
        })
    }

    fn included(&self, on: &Entity, role: &str) -> bool {
        self.held(on).into_iter().any(|held| {
            self.model.clauses(&on.0, held).iter().any(|clause| {
                matches!(clause, RoleClause::Includes { roles, .. }
                    if roles.iter().any(|included| included.name == role))
            })
        })
    }

    /// `for` and `requires`: what must be so, however the role came.
    fn guards_hold(&self, on: &Entity, role: &str) -> bool {
        let mut clauses = self.model.clauses(&on.0, role).iter();
        clauses.all(|clause| match clause {
            RoleClause::For { types, .. } => types.iter().any(|ty| ty.name == self.principal.0),
            RoleClause::Requires { roles, .. } => roles
                .iter()
                .all(|RoleRef { of, role }| self.holds_above(on, &of.name, &role.name)),
            _ => true,
        })
    }

    /// Whether the role is held on some enclosing entity of the type.
    fn holds_above(&self, on: &Entity, ty: &str, role: &str) -> bool {
        let above = self.facts.above(on);
        let mut above = above.iter().filter(|place| place.0 == ty);
        above.any(|place| self.holds(place, role))
    }

    fn by_also(&self, on: &Entity, role: &str) -> bool {
        let mut clauses = self.model.clauses(&on.0, role).iter();
        clauses.any(|clause| match clause {
            RoleClause::Also { who, .. } => who.iter().any(|also| self.also(on, also)),
            _ => false,
        })
    }

    fn also(&self, on: &Entity, also: &Also) -> bool {
        let mut so_far = self.also_term(on, &also.first);
        for (op, term) in &also.rest {
            so_far = match op {
                AlsoOp::And => so_far && self.also_term(on, term),
                AlsoOp::Except => so_far && !self.also_term(on, term),
            };
        }
        so_far
    }

    fn also_term(&self, on: &Entity, term: &AlsoTerm) -> bool {
        match term {
            AlsoTerm::Group(also) => self.also(on, also),
            AlsoTerm::Name(name) if self.model.is_link(&on.0, &name.name) => {
                let mut there = self.linked(on, &name.name).into_iter();
                there.any(|entity| self.subjects.contains(&entity))
            }
            AlsoTerm::Name(name) => self.holds(on, &name.name),
            AlsoTerm::Role { base, role } if self.model.is_link(&on.0, &base.name) => {
                let mut there = self.linked(on, &base.name).into_iter();
                there.any(|entity| self.holds(&entity, &role.name))
            }
            AlsoTerm::Role { base, role } => self.holds_above(on, &base.name, &role.name),
        }
    }

    /// The entities that a relation or an attribute leads to.
    fn linked(&self, on: &Entity, name: &str) -> BTreeSet<Entity> {
        let mut there = BTreeSet::new();
        if self.model.has_relation(&on.0, name) {
            there.extend(self.facts.related(on, name).cloned());
        } else if let Some(value) = self.attribute(on, name) {
            value.entities(&mut there);
        }
        there
    }
}

/// The principal itself and every group that has it among its members, to any depth.
fn subjects(facts: &Facts, principal: &Entity, now: i64) -> BTreeSet<Entity> {
    let mut all = BTreeSet::new();
    if facts.knows(principal) {
        all.insert(principal.clone());
    }
    loop {
        let more = facts
            .memberships
            .iter()
            .filter(|((member, _), until)| all.contains(member) && **until > now);
        let groups: Vec<Entity> = more.map(|((_, group), _)| group.clone()).collect();
        let before = all.len();
        all.extend(groups);
        if all.len() == before {
            return all;
        }
    }
}

// ---- strata --------------------------------------------------------------------------------------

impl<'p> Model<'p> {
    /// The stratum of a role; custom roles are in the last.
    pub(super) fn level(&self, ty: &str, role: &str) -> usize {
        let declared = self.levels.get(&(ty, role)).copied();
        declared.unwrap_or_else(|| self.last_level())
    }

    fn last_level(&self) -> usize {
        let roles = self.types.keys().map(|ty| self.roles(ty).len());
        roles.sum()
    }

    /// Each role as late as what depends on it allows: those behind an `except` strictly before.
    pub(super) fn levels(&self) -> BTreeMap<(&'p str, &'p str), usize> {
        let mut levels = BTreeMap::new();
        for ty in self.types.keys() {
            for role in self.roles(ty).into_keys() {
                levels.insert((*ty, role), self.last_level());
            }
        }
        let needs = self.needs();
        loop {
            let mut lowered = false;
            for (role, of, behind_except) in &needs {
                let latest = levels[role]
                    .checked_sub(usize::from(*behind_except))
                    .expect("an `except` in its own cycle does not compile");
                if levels[of] > latest {
                    levels.insert(*of, latest);
                    lowered = true;
                }
            }
            if !lowered {
                return levels;
            }
        }
    }

    /// Which role depends on which, and whether behind an `except`.
    fn needs(&self) -> Vec<Need<'p>> {
        let mut needs = Vec::new();
        for ty in self.types.keys() {
            for (name, decl) in self.roles(ty) {
                let role = (*ty, name);
                for clause in &decl.clauses {
                    match clause {
                        RoleClause::Includes { roles, .. } => {
                            for included in roles {
                                needs.push(((*ty, included.name.as_str()), role, false));
                            }
                        }
                        RoleClause::Requires { roles, .. } => {
                            for RoleRef { of, role: required } in roles {
                                let of = (of.name.as_str(), required.name.as_str());
                                needs.push((role, of, false));
                            }
                        }
                        RoleClause::Also { who, .. } => {
                            for also in who {
                                self.also_needs(role, also, false, &mut needs);
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        needs
    }

    fn also_needs(&self, role: Named<'p>, also: &'p Also, except: bool, into: &mut Vec<Need<'p>>) {
        let rest = also.rest.iter();
        let rest = rest.map(|(op, term)| (except || *op == AlsoOp::Except, term));
        for (except, term) in [(except, &also.first)].into_iter().chain(rest) {
            match term {
                AlsoTerm::Group(also) => self.also_needs(role, also, except, into),
                AlsoTerm::Name(name) if self.is_link(role.0, &name.name) => {}
                AlsoTerm::Name(name) => into.push((role, (role.0, &name.name), except)),
                AlsoTerm::Role { base, role: of } if self.is_link(role.0, &base.name) => {
                    for ty in self.link_types(role.0, &base.name) {
                        if self.roles(ty).contains_key(of.name.as_str()) {
                            into.push((role, (ty, &of.name), except));
                        }
                    }
                }
                AlsoTerm::Role { base, role: of } => {
                    into.push((role, (&base.name, &of.name), except));
                }
            }
        }
    }

    /// Whether a name is a relation or an attribute of a type, and not one of its roles.
    fn is_link(&self, ty: &str, name: &str) -> bool {
        !self.link_types(ty, name).is_empty()
    }

    /// The types that a relation or an attribute of entities leads to.
    fn link_types(&self, ty: &str, name: &str) -> Vec<&'p str> {
        let named = self.body(ty).iter().find_map(|member| match member {
            Member::Relation(relation) if relation.name.name == name => Some(&relation.targets[..]),
            Member::Attribute(attribute) if attribute.name.name == name => {
                Some(type_names(&attribute.ty))
            }
            _ => None,
        });
        let named = named.into_iter().flatten().map(|ty| ty.name.as_str());
        named.filter(|ty| self.types.contains_key(ty)).collect()
    }
}

/// A role of a type.
type Named<'p> = (&'p str, &'p str);

/// A role, one that it depends on, and whether that stands behind an `except`.
type Need<'p> = (Named<'p>, Named<'p>, bool);

fn type_names(ty: &TypeExpr) -> &[ward::syntax::ast::Ident] {
    match ty {
        TypeExpr::Named(name) => std::slice::from_ref(name),
        TypeExpr::Union(names, _) => names,
        TypeExpr::Set(element, _) => type_names(element),
        TypeExpr::Record(..) => &[],
    }
}
