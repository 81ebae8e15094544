//! Pictures of worlds: who holds what where.

use std::collections::{BTreeMap, BTreeSet};

use super::{Card, CardKind, LinkKind, Picture, Tone};
use crate::literal::{EntityName, format_datetime};
use crate::plan::{Link, Plan, TypeKind, Value};
use crate::world::{FactKind, World};

/// How many names stand in one row.
const NAMES: usize = 6;
/// How many shares are told in one card.
const SHARES: usize = 8;
/// How many scopes of one type in one container have a card, how many scopes have one in all, and how many
/// groups.
const SIBLINGS: usize = 6;
const SCOPES: usize = 40;
const GROUPS: usize = 12;

/// The facts of a world by what they are about.
#[derive(Default)]
struct Facts {
    containers: BTreeMap<EntityName, Vec<EntityName>>,
    /// By roles, and by the relations and attributes from which roles follow.
    holdings: BTreeMap<EntityName, BTreeMap<String, Vec<String>>>,
    shares: BTreeMap<EntityName, Vec<(EntityName, String)>>,
    members: BTreeMap<EntityName, Vec<EntityName>>,
    known: BTreeSet<EntityName>,
}

impl Facts {
    fn of(world: &World) -> Self {
        let mut facts = Self::default();
        for fact in world.facts() {
            match fact.kind {
                FactKind::Entity {
                    entity,
                    containers,
                    attributes,
                    ..
                } => {
                    for (name, value) in attributes {
                        if gives_roles(world.plan(), &entity, &name) {
                            facts.hold(&entity, name, entities(value));
                        }
                    }
                    facts.known.extend(containers.iter().cloned());
                    facts.known.insert(entity.clone());
                    let is_group = |of: &EntityName| {
                        let ty = world.plan().find_type(&of.type_name);
                        let ty = ty.and_then(|ty| world.plan().types.find(ty));
                        ty.is_some_and(|ty| !ty.members.is_empty())
                    };
                    for container in containers {
                        if is_group(&container) {
                            facts
                                .members
                                .entry(container)
                                .or_default()
                                .push(entity.clone());
                        } else {
                            facts
                                .containers
                                .entry(entity.clone())
                                .or_default()
                                .push(container);
                        }
                    }
                }
                FactKind::Holding {
                    subject, role, of, ..
                } => {
                    facts.known.insert(of.clone());
                    facts.hold(&of, role, [subject.to_string()]);
                }
                FactKind::Share {
                    entity,
                    with,
                    level,
                    until,
                } => {
                    facts.known.extend([entity.clone(), with.clone()]);
                    let until = until.map(|until| format!(" until {}", format_datetime(until)));
                    let level = format!("{level}{}", until.unwrap_or_default());
                    facts.shares.entry(entity).or_default().push((with, level));
                }
                FactKind::CustomRole { of, .. } => {
                    facts.known.insert(of);
                }
                FactKind::Relation {
                    entity,
                    relation,
                    target,
                } => {
                    if gives_roles(world.plan(), &entity, &relation) {
                        facts.hold(&entity, relation, [target.to_string()]);
                    }
                    facts.known.insert(entity);
                }
            }
        }
        facts
    }

    fn hold(&mut self, of: &EntityName, role: String, holders: impl IntoIterator<Item = String>) {
        let roles = self.holdings.entry(of.clone()).or_default();
        roles.entry(role).or_default().extend(holders);
    }

    /// The scope in which an entity stands, itself where it is one; by first containers.
    fn scope(&self, plan: &Plan, entity: &EntityName) -> Option<EntityName> {
        let mut at = entity.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(at.clone()) {
            if kind(plan, &at) == Some(TypeKind::Scope) {
                return Some(at);
            }
            at = self.containers.get(&at)?.first()?.clone();
        }
        None
    }
}

/// Whether an `also` of an entity's type follows a relation or an attribute of this name.
fn gives_roles(plan: &Plan, entity: &EntityName, name: &str) -> bool {
    let Some(ty) = plan.find_type(&entity.type_name) else {
        return false;
    };
    plan.facets.links.iter().any(|(of, link)| {
        *of == ty
            && match link {
                Link::Relation(relation) => {
                    let relation = plan.relations.find(*relation);
                    relation.is_some_and(|relation| relation.name == name)
                }
                Link::Attribute(column) => {
                    let attributes = plan.types.find(ty).map(|ty| &ty.attributes);
                    let attribute = attributes.and_then(|all| all.get(*column as usize));
                    attribute.is_some_and(|attribute| attribute.name == name)
                }
            }
    })
}

/// The entities in a value.
fn entities(value: Value) -> Vec<String> {
    match value {
        Value::Set(elements) => elements.into_iter().flat_map(entities).collect(),
        Value::Entity(name) => vec![name.to_string()],
        _ => Vec::new(),
    }
}

fn kind(plan: &Plan, entity: &EntityName) -> Option<TypeKind> {
    let ty = plan.find_type(&entity.type_name)?;
    plan.types.find(ty).map(|ty| ty.kind)
}

/// The first few, and how many there are besides.
fn few<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let mut text = names
        .iter()
        .take(NAMES)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > NAMES {
        text.push_str(&format!(", +{}", names.len() - NAMES));
    }
    text
}

impl Picture {
    /// A world: its scopes with who holds what on them and what is in them, shares, and groups. What is large is
    /// told in numbers.
    pub fn of_world(world: &World) -> Self {
        let plan = world.plan();
        let facts = Facts::of(world);
        let mut inside: BTreeMap<EntityName, BTreeMap<String, BTreeSet<EntityName>>> =
            BTreeMap::new();
        let mut scopes: BTreeMap<Option<EntityName>, Vec<EntityName>> = BTreeMap::new();
        for entity in &facts.known {
            match kind(plan, entity) {
                Some(TypeKind::Scope) => {
                    let first = facts.containers.get(entity).and_then(|of| of.first());
                    scopes
                        .entry(first.cloned())
                        .or_default()
                        .push(entity.clone());
                }
                Some(TypeKind::Resource) => {
                    if let Some(scope) = facts.scope(plan, entity) {
                        let of = inside.entry(scope).or_default();
                        of.entry(entity.type_name.to_string())
                            .or_default()
                            .insert(entity.clone());
                    }
                }
                _ => {}
            }
        }
        let mut picture = Self {
            title: "The world".to_owned(),
            ..Self::default()
        };
        let mut cards: BTreeMap<EntityName, usize> = BTreeMap::new();
        let mut windows: Vec<(usize, Option<usize>, EntityName)> = Vec::new();
        let mut left = 0;
        let mut open: Vec<Option<EntityName>> = vec![None];
        while let Some(container) = open.pop() {
            let mut told: BTreeMap<&str, usize> = BTreeMap::new();
            let mut next = Vec::new();
            for entity in scopes.get(&container).into_iter().flatten() {
                let count = told.entry(entity.type_name.as_str()).or_default();
                *count += 1;
                let most = if container.is_none() {
                    SCOPES
                } else {
                    SIBLINGS
                };
                if *count > most || cards.len() >= SCOPES {
                    left += 1;
                    continue;
                }
                let card = picture.add(Card::new(CardKind::Scope, entity.to_string()));
                cards.insert(entity.clone(), card);
                fill(&mut picture, card, entity, &facts, &inside, &mut windows);
                next.push(Some(entity.clone()));
            }
            let over = told.iter().filter(|(_, count)| **count > SIBLINGS);
            if let Some(card) = container.as_ref().and_then(|of| cards.get(of)) {
                for (name, count) in over {
                    if let Some(card) = picture.cards.get_mut(*card) {
                        card.row(
                            Tone::Plain,
                            0,
                            format!("and {} more {name}", count - SIBLINGS),
                        );
                    }
                }
            }
            open.extend(next.into_iter().rev());
        }
        for (entity, card) in &cards {
            for container in facts.containers.get(entity).into_iter().flatten() {
                if let Some(to) = cards.get(container) {
                    picture.link(*card, None, *to, LinkKind::In);
                }
            }
        }
        for (card, row, with) in windows {
            if let Some(to) = cards.get(&with) {
                picture.link(card, row, *to, LinkKind::Share);
            }
        }
        let mut groups: BTreeMap<&EntityName, usize> = BTreeMap::new();
        for (group, members) in facts.members.iter().take(GROUPS) {
            let mut card = Card::new(CardKind::Subject, group.to_string());
            card.row(Tone::Plain, 0, few(members));
            groups.insert(group, picture.add(card));
        }
        for (group, card) in &groups {
            for member in facts.members.get(*group).into_iter().flatten() {
                if let Some(from) = groups.get(member) {
                    picture.link(*from, None, *card, LinkKind::Member);
                }
            }
        }
        let groups = facts.members.len().saturating_sub(GROUPS);
        if left + groups > 0 {
            picture.notes.push(format!(
                "Left out: {left} scopes with what is in them, {groups} groups."
            ));
        }
        picture
    }
}

/// What is held on a scope, and what is in it.
fn fill(
    picture: &mut Picture,
    card: usize,
    scope: &EntityName,
    facts: &Facts,
    inside: &BTreeMap<EntityName, BTreeMap<String, BTreeSet<EntityName>>>,
    windows: &mut Vec<(usize, Option<usize>, EntityName)>,
) {
    let Some(at) = picture.cards.get_mut(card) else {
        return;
    };
    for (role, holders) in facts.holdings.get(scope).into_iter().flatten() {
        at.row(Tone::Role, 0, role.as_str());
        at.row(Tone::Plain, 1, few(holders));
    }
    let contents = inside.get(scope);
    for (name, entities) in contents.into_iter().flatten() {
        at.row(
            Tone::Sight,
            0,
            format!("{name}: {}", few(entities.iter().map(|of| of.id.as_str()))),
        );
    }
    let within = contents
        .into_iter()
        .flatten()
        .flat_map(|(_, entities)| entities);
    let within: Vec<&EntityName> = std::iter::once(scope).chain(within).collect();
    let mut held = 0;
    for entity in within.iter().skip(1) {
        for (role, holders) in facts.holdings.get(*entity).into_iter().flatten() {
            held += 1;
            if held <= SHARES {
                at.row(Tone::Role, 0, format!("{role} of {entity}"));
                at.row(Tone::Plain, 1, few(holders));
            }
        }
    }
    if held > SHARES {
        at.row(
            Tone::Role,
            0,
            format!("and {} more roles inside", held - SHARES),
        );
    }
    let mut count = 0;
    for entity in within {
        for (with, level) in facts.shares.get(entity).into_iter().flatten() {
            count += 1;
            if count <= SHARES {
                let row = at.row(
                    Tone::Share,
                    0,
                    format!("{entity} shared with {with} at {level}"),
                );
                windows.push((card, Some(row), with.clone()));
            }
        }
    }
    if count > SHARES {
        at.row(
            Tone::Share,
            0,
            format!("and {} more shares", count - SHARES),
        );
    }
}
