//! Facts, as sets.

use std::collections::{BTreeMap, BTreeSet};

use ward::syntax::ast::{self, Expr, ExprKind, FactKind, Literal, Member, RoleClause, WorldFile};

use super::condition::{Ip, Value};
use super::{Mask, Model};

/// A type and an id.
pub type Entity = (String, String);

/// The entity that a node names.
pub fn entity(entity: &ast::Entity) -> Entity {
    (entity.type_name.clone(), entity.id.clone())
}

/// Who a fact says holds a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    Anyone,
    Entity(Entity),
    /// Whoever holds the role there: `Team:ml#Member`.
    Set(Entity, String),
}

/// All facts of a world; `i64::MAX` where one does not end.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub(super) named: BTreeSet<Entity>,
    /// The entities that some fact is about.
    pub(super) declared: BTreeSet<Entity>,
    /// What is said of the custom roles of an entity: permissions by name, and a description.
    pub(super) said_of_roles: BTreeMap<(Entity, String), (BTreeSet<String>, Option<String>)>,
    pub containers: BTreeSet<(Entity, Entity)>,
    pub memberships: BTreeMap<(Entity, Entity), i64>,
    pub holdings: BTreeMap<(Holder, String, Entity), i64>,
    /// What the custom roles of an entity give, by their names.
    pub custom_roles: BTreeMap<(Entity, String), Mask>,
    pub shares: BTreeMap<(Entity, Entity, String), i64>,
    pub relations: BTreeSet<(Entity, String, Entity)>,
    pub attributes: BTreeMap<(Entity, String), Value>,
}

/// The value that a constant expression says.
pub fn value(expr: &Expr) -> Value {
    match &expr.kind {
        ExprKind::Literal(literal) => match literal {
            Literal::Bool(value) => Value::Bool(*value),
            Literal::Int(value) => Value::Int(*value),
            Literal::Decimal(value) => Value::Decimal(*value),
            Literal::String(value) => Value::Text(value.clone()),
            Literal::Datetime(value) => Value::Time(*value),
            Literal::Duration(value) => Value::Span(*value),
        },
        ExprKind::Entity(named) => Value::Entity(entity(named)),
        ExprKind::Set(parts) => Value::Set(parts.iter().map(value).collect()),
        ExprKind::Record(fields) => Value::Record(
            fields
                .iter()
                .map(|(name, field)| (name.name.clone(), value(field)))
                .collect(),
        ),
        ExprKind::Call(_, arguments) => match arguments.first().map(|argument| &argument.kind) {
            Some(ExprKind::Literal(Literal::String(text))) => Value::Ip(Ip::read(text)),
            other => unreachable!("no address: {other:?}"),
        },
        other => unreachable!("no constant: {other:?}"),
    }
}

impl Facts {
    /// Reads facts that fit the policy.
    pub fn new(model: &Model<'_>, file: &WorldFile) -> Self {
        let mut facts = Self::default();
        for fact in &file.facts {
            facts.add(model, fact);
        }
        facts
    }

    /// Takes one more fact, which fits.
    pub fn add(&mut self, model: &Model<'_>, fact: &ast::Fact) {
        let facts = self;
        let end = |until: &Option<ast::Moment>| until.map_or(i64::MAX, |moment| moment.millis);
        {
            match &fact.kind {
                FactKind::Entity {
                    entity: named,
                    containers,
                    until,
                    attributes,
                } => {
                    let this = entity(named);
                    facts.named.insert(this.clone());
                    facts.declared.insert(this.clone());
                    for container in containers {
                        let edge = (this.clone(), entity(container));
                        facts.named.insert(edge.1.clone());
                        let group = &model.types[edge.1.0.as_str()].members;
                        if group.iter().any(|member| member.name == this.0) {
                            later(&mut facts.memberships, edge, end(until));
                        } else {
                            facts.containers.insert(edge);
                        }
                    }
                    for (name, expr) in attributes {
                        let value = value(expr);
                        value.entities(&mut facts.named);
                        facts
                            .attributes
                            .insert((this.clone(), name.name.clone()), value);
                    }
                }
                FactKind::Holding {
                    subject,
                    role,
                    on,
                    until,
                } => {
                    let holder = match subject {
                        ast::Holder::Anyone => Holder::Anyone,
                        ast::Holder::Entity(holder) => Holder::Entity(entity(holder)),
                        ast::Holder::Set(of, role) => Holder::Set(entity(of), role.name.clone()),
                    };
                    if let Holder::Entity(named) | Holder::Set(named, _) = &holder {
                        facts.named.insert(named.clone());
                    }
                    facts.named.insert(entity(on));
                    let key = (holder, role.name.clone(), entity(on));
                    later(&mut facts.holdings, key, end(until));
                }
                FactKind::Share {
                    entity: shared,
                    with,
                    level,
                    until,
                } => {
                    facts.named.extend([entity(shared), entity(with)]);
                    let key = (entity(shared), entity(with), level.name.clone());
                    later(&mut facts.shares, key, end(until));
                }
                FactKind::CustomRole {
                    role,
                    of,
                    can,
                    attributes,
                } => {
                    facts.named.insert(entity(of));
                    let key = (entity(of), role.name.clone());
                    let said = facts.said_of_roles.entry(key.clone()).or_default();
                    said.0.extend(can.iter().map(permission_name));
                    let mut description = attributes.iter().map(|(_, text)| description(text));
                    said.1 = description.next_back().or(said.1.take());
                    let gives = facts.custom_roles.entry(key).or_default();
                    gives.extend(can.iter().flat_map(|term| model.permission(term)));
                }
                FactKind::Relation {
                    entity: from,
                    relation,
                    target,
                } => {
                    facts.named.extend([entity(from), entity(target)]);
                    let edge = (entity(from), relation.name.clone(), entity(target));
                    facts.relations.insert(edge);
                }
            }
        }
    }

    /// Whether any fact names an entity.
    pub fn knows(&self, entity: &Entity) -> bool {
        self.named.contains(entity)
    }

    /// Every entity that some fact names.
    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.named.iter()
    }

    /// What an entity stands in right away.
    pub fn containers_of<'f>(&'f self, entity: &'f Entity) -> impl Iterator<Item = &'f Entity> {
        let nothing = Entity::default();
        let edges = self.containers.range((entity.clone(), nothing)..);
        let edges = edges.take_while(move |(inner, _)| inner == entity);
        edges.map(|(_, container)| container)
    }

    /// What an entity is shared with, at which level and until when.
    pub(super) fn shares_of<'f>(
        &'f self,
        entity: &'f Entity,
    ) -> impl Iterator<Item = ((&'f Entity, &'f str), i64)> {
        let first = (entity.clone(), Entity::default(), String::new());
        let shares = self.shares.range(first..);
        let shares = shares.take_while(move |((shared, ..), _)| shared == entity);
        shares.map(|((_, with, level), until)| ((with, level.as_str()), *until))
    }

    /// Everything that an entity stands in, to the top; not the entity itself.
    pub fn above(&self, entity: &Entity) -> BTreeSet<Entity> {
        let mut above = BTreeSet::new();
        for container in self.containers_of(entity) {
            above.insert(container.clone());
            above.extend(self.above(container));
        }
        above
    }

    /// What an edge of a relation leads to.
    pub fn related<'f>(
        &'f self,
        entity: &'f Entity,
        name: &'f str,
    ) -> impl Iterator<Item = &'f Entity> {
        let first = (entity.clone(), name.to_owned(), Entity::default());
        let edges = self.relations.range(first..);
        let edges = edges.take_while(move |(from, of, _)| from == entity && of == name);
        edges.map(|(_, _, target)| target)
    }

    /// Whether all containers that it must have are there, and theirs, to the top.
    pub fn complete(&self, model: &Model<'_>, entity: &Entity) -> bool {
        let required = model.required(&entity.0);
        let there = required.iter().all(|of| {
            self.containers_of(entity)
                .any(|container| container.0 == **of)
        });
        there
            && self
                .containers_of(entity)
                .all(|container| self.complete(model, container))
    }
}

impl Model<'_> {
    /// Whether a fact keeps to what the policy says of holders and of custom roles, beside facts
    /// that do.
    pub fn accepts(&self, facts: &Facts, fact: &ast::Fact) -> bool {
        let there = |on: &ast::Entity, role: &ast::Ident| {
            self.roles(&on.type_name).contains_key(role.name.as_str())
                || facts
                    .custom_roles
                    .contains_key(&(entity(on), role.name.clone()))
        };
        match &fact.kind {
            FactKind::Holding {
                subject, role, on, ..
            } if there(on, role) => match subject {
                ast::Holder::Anyone => true,
                ast::Holder::Entity(holder) => {
                    let mut clauses = self.clauses(&on.type_name, &role.name).iter();
                    self.acts_for(&holder.type_name).is_none()
                        && clauses.all(|clause| match clause {
                            RoleClause::For { types, .. } => {
                                types.iter().any(|ty| ty.name == holder.type_name)
                            }
                            _ => true,
                        })
                }
                ast::Holder::Set(of, held) => {
                    there(of, held)
                        && self.level(&of.type_name, &held.name)
                            <= self.level(&on.type_name, &role.name)
                }
            },
            FactKind::Holding { .. } => false,
            FactKind::CustomRole { of, can, .. } => {
                let universe = self.universe(&of.type_name);
                can.iter().all(|term| {
                    self.is_permission(term) && self.permission(term).is_subset(&universe)
                })
            }
            _ => true,
        }
    }

    /// What custom roles of a type may have: of the set, what can be asked inside at all.
    fn universe(&self, ty: &str) -> Mask {
        let sets = self.body(ty).iter().filter_map(|member| match member {
            Member::CustomRoles(set, _) => Some(self.expand(set, Some(ty)).all()),
            _ => None,
        });
        let set: Mask = sets.flatten().collect();
        let inside = self.inside(ty);
        let actions = self.actions().into_iter();
        let asked_inside = actions.filter(|(_, asked)| asked.iter().any(|of| inside.contains(of)));
        asked_inside
            .map(|(action, _)| action)
            .filter(|action| set.contains(action))
            .collect()
    }

    /// The types from which a way may lead to a type, itself among them.
    fn inside(&self, ty: &str) -> BTreeSet<&str> {
        let mut inside = BTreeSet::from([ty]);
        loop {
            let leads = |name: &str| {
                let decl = self.types[name];
                let mut up = decl.containers.iter().map(|of| &of.type_name.name);
                up.any(|of| inside.contains(of.as_str()))
                    || self
                        .shares(name)
                        .iter()
                        .any(|share| inside.contains(share.with.name.as_str()))
            };
            let more: Vec<&str> = self.types.keys().copied().filter(|ty| leads(ty)).collect();
            let before = inside.len();
            inside.extend(more);
            if inside.len() == before {
                return self
                    .types
                    .keys()
                    .copied()
                    .filter(|ty| inside.contains(ty))
                    .collect();
            }
        }
    }
}

/// A permission as a custom role names it.
pub(super) fn permission_name(term: &ast::PermissionTerm) -> String {
    let parts = term.path.iter().map(|(part, _)| part.as_deref());
    let parts: Vec<&str> = parts.map(|part| part.expect("no wildcard")).collect();
    parts.join(".")
}

/// What a custom role says of itself.
pub(super) fn description(text: &Expr) -> String {
    match value(text) {
        Value::Text(text) => text,
        other => unreachable!("no description: {other:?}"),
    }
}

fn later<K: Ord>(into: &mut BTreeMap<K, i64>, key: K, until: i64) {
    let end = into.entry(key).or_insert(until);
    *end = (*end).max(until);
}
