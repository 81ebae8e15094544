//! Facts that come and go, one after the other.

use std::collections::BTreeSet;

use ward::syntax::ast::{self, Cardinality, FactKind};

use super::world::{Entity, Facts, Holder, description, entity, permission_name, value};
use super::{Mask, Model};

impl Facts {
    /// Whether one more fact fits beside those that are there.
    #[allow(dead_code, reason = "not every test that has the reference updates")]
    pub fn takes(&self, model: &Model<'_>, fact: &ast::Fact) -> bool {
        let alone = match &fact.kind {
            FactKind::Entity {
                entity: named,
                containers,
                attributes,
                ..
            } => {
                let this = entity(named);
                let decl = model.types[this.0.as_str()];
                // One container of a type, unless it stands in many.
                let mut ones = decl.containers.iter();
                ones.all(|spec| {
                    let of = &spec.type_name.name;
                    let said = containers.iter().map(entity);
                    let all = said.chain(self.containers_of(&this).cloned());
                    let all: BTreeSet<Entity> = all.filter(|outer| outer.0 == *of).collect();
                    spec.cardinality == Cardinality::Many || all.len() < 2
                }) && containers.iter().map(entity).all(|outer| {
                    // Nothing stands in itself. Groups may: of these no type is declared to stand in.
                    let is_inside = || outer == this || self.above(&outer).contains(&this);
                    let mut stands = decl.containers.iter();
                    let stands = stands.any(|spec| spec.type_name.name == outer.0);
                    !(stands && is_inside())
                }) && attributes.iter().all(|(name, expr)| {
                    let key = (this.clone(), name.name.clone());
                    let before = self.attributes.get(&key);
                    before.is_none_or(|before| *before == value(expr))
                })
            }
            _ => true,
        };
        alone && model.accepts(self, fact)
    }

    /// Takes a fact away; whether it was there.
    #[allow(dead_code, reason = "not every test that has the reference updates")]
    pub fn remove(&mut self, model: &Model<'_>, fact: &ast::Fact) -> bool {
        let removed = match &fact.kind {
            FactKind::Entity {
                entity: named,
                containers,
                attributes,
                ..
            } => {
                let this = entity(named);
                if containers.is_empty() && attributes.is_empty() {
                    self.remove_entity(&this)
                } else {
                    self.remove_parts(&this, containers, attributes)
                }
            }
            FactKind::Holding {
                subject, role, on, ..
            } => {
                let holder = match subject {
                    ast::Holder::Anyone => Holder::Anyone,
                    ast::Holder::Entity(holder) => Holder::Entity(entity(holder)),
                    ast::Holder::Set(of, role) => Holder::Set(entity(of), role.name.clone()),
                };
                let key = (holder, role.name.clone(), entity(on));
                self.holdings.remove(&key).is_some()
            }
            FactKind::Share {
                entity: shared,
                with,
                level,
                ..
            } => {
                let key = (entity(shared), entity(with), level.name.clone());
                self.shares.remove(&key).is_some()
            }
            FactKind::CustomRole {
                role,
                of,
                can,
                attributes,
            } => {
                let key = (entity(of), role.name.clone());
                let can: BTreeSet<String> = can.iter().map(permission_name).collect();
                let text = attributes.last().map(|(_, text)| description(text));
                self.remove_from_role(&key, &can, text)
            }
            FactKind::Relation {
                entity: from,
                relation,
                target,
            } => {
                let edge = (entity(from), relation.name.clone(), entity(target));
                self.relations.remove(&edge)
            }
        };
        self.settle(model);
        removed
    }

    fn remove_parts(
        &mut self,
        this: &Entity,
        containers: &[ast::Entity],
        attributes: &[(ast::Ident, ast::Expr)],
    ) -> bool {
        let edges: Vec<_> = containers
            .iter()
            .map(|outer| (this.clone(), entity(outer)))
            .collect();
        let there = edges
            .iter()
            .all(|edge| self.containers.contains(edge) || self.memberships.contains_key(edge))
            && attributes.iter().all(|(name, expr)| {
                let key = (this.clone(), name.name.clone());
                self.attributes.get(&key) == Some(&value(expr))
            });
        if there {
            for edge in &edges {
                self.containers.remove(edge);
                self.memberships.remove(edge);
            }
            for (name, _) in attributes {
                self.attributes.remove(&(this.clone(), name.name.clone()));
            }
        }
        there
    }

    /// Everything that names it goes with it.
    fn remove_entity(&mut self, gone: &Entity) -> bool {
        let known = self.named.contains(gone);
        let of_role = |holder: &Holder| match holder {
            Holder::Anyone => false,
            Holder::Entity(named) | Holder::Set(named, _) => named == gone,
        };
        self.declared.remove(gone);
        self.containers
            .retain(|(inner, outer)| inner != gone && outer != gone);
        self.memberships
            .retain(|(member, group), _| member != gone && group != gone);
        self.holdings
            .retain(|(holder, _, on), _| on != gone && !of_role(holder));
        self.said_of_roles.retain(|(of, _), _| of != gone);
        self.shares
            .retain(|(shared, with, _), _| shared != gone && with != gone);
        self.relations
            .retain(|(from, _, to)| from != gone && to != gone);
        self.attributes.retain(|(of, _), value| {
            let mut named = BTreeSet::new();
            value.entities(&mut named);
            of != gone && !named.contains(gone)
        });
        known
    }

    /// Takes permissions from a custom role; where none are named, the role and whoever holds it.
    fn remove_from_role(
        &mut self,
        key: &(Entity, String),
        can: &BTreeSet<String>,
        text: Option<String>,
    ) -> bool {
        let Some((names, said)) = self.said_of_roles.get_mut(key) else {
            return false;
        };
        if can.is_empty() && text.is_none() {
            self.said_of_roles.remove(key);
            let (of, role) = key;
            self.holdings.retain(|(holder, held, on), _| {
                let set = Holder::Set(of.clone(), role.clone());
                (on, held) != (of, role) && *holder != set
            });
            return true;
        }
        let there = can.is_subset(names) && (text.is_none() || text == *said);
        if there {
            names.retain(|name| !can.contains(name));
            if text.is_some() {
                *said = None;
            }
        }
        there
    }

    /// Works out anew what follows: which entities are named, and what custom roles give.
    fn settle(&mut self, model: &Model<'_>) {
        let mut named = self.declared.clone();
        named.extend(
            self.containers
                .iter()
                .flat_map(|(a, b)| [a.clone(), b.clone()]),
        );
        named.extend(
            self.memberships
                .keys()
                .flat_map(|(a, b)| [a.clone(), b.clone()]),
        );
        for (holder, _, on) in self.holdings.keys() {
            named.insert(on.clone());
            if let Holder::Entity(of) | Holder::Set(of, _) = holder {
                named.insert(of.clone());
            }
        }
        named.extend(
            self.shares
                .keys()
                .flat_map(|(a, b, _)| [a.clone(), b.clone()]),
        );
        named.extend(
            self.relations
                .iter()
                .flat_map(|(a, _, b)| [a.clone(), b.clone()]),
        );
        for ((of, _), value) in &self.attributes {
            named.insert(of.clone());
            value.entities(&mut named);
        }
        named.extend(self.said_of_roles.keys().map(|(of, _)| of.clone()));
        self.named = named;
        let said = self.said_of_roles.iter();
        let gives = said.map(|(key, (names, _))| {
            let gives = names.iter().flat_map(|name| model.permission_named(name));
            (key.clone(), gives.collect::<Mask>())
        });
        self.custom_roles = gives.collect();
    }
}
