//! What is named or read somewhere: the rest is dead.

use std::collections::BTreeSet;

use super::Subject;
use crate::plan::{AlsoStep, Link, Node, RelationId, RoleId, TypeId};
use crate::resolve::GroupId;
use crate::syntax::ast::{Fact, FactKind, Holder, Statement};
use crate::world;

/// What something uses.
#[derive(Default)]
pub(crate) struct Used {
    /// Roles that roles, conditions and sets of holders name; held by a fact is not named.
    pub(crate) roles: BTreeSet<RoleId>,
    /// Relations that conditions and `also` read.
    pub(crate) relations: BTreeSet<RelationId>,
    /// Attributes that conditions, `also` and credentials read, by type and column.
    pub(crate) attributes: BTreeSet<(TypeId, u32)>,
    /// Parts of the context that conditions read.
    pub(crate) context: BTreeSet<u32>,
    /// Permission groups that something other than a group uses, by itself or through groups.
    pub(crate) groups: BTreeSet<GroupId>,
}

pub(super) fn used(subject: &Subject<'_>) -> Used {
    let mut used = Used::default();
    used.conditions(subject);
    used.holders(subject);
    used.facts(subject);
    used.groups(subject);
    used
}

impl Used {
    fn conditions(&mut self, subject: &Subject<'_>) {
        let plan = subject.plan;
        for node in plan.nodes.rows() {
            match node {
                Node::Attribute(_, range) | Node::HasAttribute(_, range) => {
                    self.attributes.extend(range.of(&plan.columns));
                }
                Node::Related(_, relation) => {
                    self.relations.insert(*relation);
                }
                Node::Context(part) | Node::HasContext(part) => {
                    self.context.insert(*part);
                }
                Node::Holds(role) => {
                    self.roles.insert(*role);
                }
                _ => {}
            }
        }
    }

    fn holders(&mut self, subject: &Subject<'_>) {
        for info in subject.schema.roles.rows() {
            self.roles.extend(&info.includes);
        }
        for (id, role) in subject.plan.roles.iter() {
            self.roles.extend(&role.guard.requires);
            // What only names itself is named by nobody.
            let others = |of: &&RoleId| **of != id;
            for step in role.also.iter().flat_map(|also| &also.steps) {
                let link = match step {
                    AlsoStep::Own(of) | AlsoStep::Enclosing(of) => {
                        self.roles.extend(Some(of).filter(others));
                        continue;
                    }
                    AlsoStep::Linked(link, roles) => {
                        self.roles.extend(roles.iter().filter(others));
                        link
                    }
                    AlsoStep::Subject(link) => link,
                    AlsoStep::And | AlsoStep::Except => continue,
                };
                match link {
                    Link::Relation(relation) => {
                        self.relations.insert(*relation);
                    }
                    Link::Attribute(column) => {
                        self.attributes.insert((role.on, *column));
                    }
                }
            }
        }
        for (of, ty) in subject.plan.types.iter() {
            if let Some(acts_for) = &ty.acts_for {
                self.attributes.insert((of, acts_for.owner));
                let limit = acts_for.at_most.map(|column| (of, column));
                self.attributes.extend(limit);
            }
        }
    }

    /// `Team:ml#Member` in tests and worlds.
    fn facts(&mut self, subject: &Subject<'_>) {
        let role = |of: &str, role: &str| {
            let of = subject.schema.type_names.get(of)?;
            subject.schema.types[*of].role_names.get(role).copied()
        };
        let mut told = |fact: &Fact| {
            if let FactKind::Holding {
                subject: Holder::Set(of, name),
                ..
            } = &fact.kind
            {
                self.roles.extend(role(&of.type_name, &name.name));
            }
        };
        let statements = subject.tests().flat_map(|test| &test.statements);
        for statement in statements {
            match statement {
                Statement::Fact(fact) | Statement::Remove(fact, _) => told(fact),
                Statement::Refused(facts, _) => facts.iter().for_each(&mut told),
                Statement::Expect(_) => {}
            }
        }
        for (_, fact) in &subject.facts {
            if let world::FactKind::Holding {
                subject: world::Holder::Set { of, role: name },
                ..
            } = &fact.kind
            {
                self.roles.extend(role(&of.type_name, name));
            }
        }
    }

    fn groups(&mut self, subject: &Subject<'_>) {
        let (schema, permissions) = (&subject.schema, &subject.permissions);
        let mut open: Vec<GroupId> = Vec::new();
        for at in subject.sets() {
            if at.in_group {
                continue;
            }
            for term in at.set.terms.iter().chain(&at.set.except) {
                open.extend(permissions.term_groups(schema, at.own, term));
            }
        }
        while let Some(group) = open.pop() {
            if self.groups.insert(group) {
                open.extend(&permissions.groups[group].uses);
            }
        }
    }
}
