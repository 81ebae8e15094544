//! Changes of facts, all that there are in a small world: what suggestions are held against.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use ward::explain::Change;
use ward::{EntityName, Fact, FactKind, Holder, Plan, World};

pub fn parsed(facts: &[String]) -> Vec<Fact> {
    ward::load::world_text("some", &facts.join("\n")).unwrap_or_else(|e| panic!("{facts:?}: {e}"))
}

pub fn kind(change: &Change) -> &'static str {
    match change {
        Change::Know { .. } => "know",
        Change::Hold { .. } => "hold",
        Change::Join { .. } => "join",
        Change::Share { .. } => "share",
        Change::Relate { .. } => "relate",
        Change::Prolong { .. } => "prolong",
        Change::Remove { .. } => "remove",
    }
}

/// The fact of a change.
pub fn fact_of(change: &Change) -> Fact {
    let (Change::Know { fact }
    | Change::Hold { fact }
    | Change::Join { fact }
    | Change::Share { fact }
    | Change::Relate { fact }
    | Change::Prolong { fact, .. }
    | Change::Remove { fact }) = change;
    let mut facts = parsed(std::slice::from_ref(fact));
    assert_eq!(facts.len(), 1, "no single fact: {fact}");
    facts.remove(0)
}

pub fn applied(world: &World, (change, fact): (&Change, &Fact)) -> Option<World> {
    let mut world = world.clone();
    let done = match change {
        Change::Remove { .. } => world.remove(fact),
        _ => world.add(fact),
    };
    done.ok().map(|()| world)
}

/// Every entity that a fact names.
pub fn entities(facts: &[Fact]) -> BTreeSet<EntityName> {
    let mut found = BTreeSet::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Entity {
                entity,
                containers,
                attributes,
                ..
            } => {
                found.insert(entity.clone());
                found.extend(containers.iter().cloned());
                for value in attributes.values() {
                    let all = match value {
                        ward::Value::Set(all) => all.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    found.extend(all.iter().filter_map(|value| match value {
                        ward::Value::Entity(name) => Some(name.clone()),
                        _ => None,
                    }));
                }
            }
            FactKind::Holding { subject, of, .. } => {
                found.insert(of.clone());
                match subject {
                    Holder::Entity(name) | Holder::Set { of: name, .. } => {
                        found.insert(name.clone());
                    }
                    Holder::Anyone => {}
                }
            }
            FactKind::Share { entity, with, .. } => {
                found.extend([entity.clone(), with.clone()]);
            }
            FactKind::CustomRole { of, .. } => {
                found.insert(of.clone());
            }
            FactKind::Relation { entity, target, .. } => {
                found.extend([entity.clone(), target.clone()]);
            }
        }
    }
    found
}

/// Every change of one fact that there is, whether it is near the question or not.
pub fn every_change(plan: &Plan, facts: &[Fact], subject: &EntityName, now: i64) -> Vec<Change> {
    let json = serde_json::to_value(plan).unwrap();
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let index = |value: &Json| usize::try_from(value.as_u64().unwrap()).unwrap();
    let name = |value: &Json| value["name"].as_str().unwrap().to_owned();
    let types = list(&json["types"]);
    let type_of = |entity: &EntityName| {
        types
            .iter()
            .position(|ty| ty["name"] == entity.type_name.as_str())
            .unwrap()
    };
    let all = entities(facts);
    let mut changes = Vec::new();
    if !all.contains(subject) {
        let fact = subject.to_string();
        changes.push(Change::Know { fact });
    }
    for entity in &all {
        let ty = &types[type_of(entity)];
        for role in list(&ty["roles"]) {
            let role = name(&json["roles"][index(&role)]);
            let fact = format!("{subject} is {role} of {entity}");
            changes.push(Change::Hold { fact });
        }
        if !list(&ty["members"]).is_empty() {
            let fact = format!("{subject} in {entity}");
            changes.push(Change::Join { fact });
        }
        for relation in list(&ty["relations"]) {
            let relation = name(&json["relations"][index(&relation)]);
            let fact = format!("{entity} {relation} {subject}");
            changes.push(Change::Relate { fact });
        }
        for share in list(&ty["shares"]) {
            let with = all
                .iter()
                .filter(|other| type_of(other) == index(&share[0]));
            for other in with {
                for level in list(&share[1]) {
                    let level = name(&json["levels"][index(&level)]);
                    let fact = format!("share {entity} with {other} at {level}");
                    changes.push(Change::Share { fact });
                }
            }
        }
    }
    for fact in facts {
        changes.extend(of_a_fact(fact, subject, now, &|group| {
            !list(&types[type_of(group)]["members"]).is_empty()
        }));
    }
    changes
}

/// The changes of a fact that is there: a later end, or its removal, part by part.
fn of_a_fact(
    fact: &Fact,
    subject: &EntityName,
    now: i64,
    is_group: &dyn Fn(&EntityName) -> bool,
) -> Vec<Change> {
    let text = |kind: FactKind| Fact::from(kind).to_string();
    let mut changes = Vec::new();
    let mut prolonged = fact.kind.clone();
    if let FactKind::Entity { until, .. }
    | FactKind::Holding { until, .. }
    | FactKind::Share { until, .. } = &mut prolonged
        && let Some(end) = until.filter(|end| *end <= now)
    {
        *until = Some(now + 1);
        changes.push(Change::Prolong {
            fact: text(prolonged),
            until: ward::format_datetime(end),
        });
    }
    match &fact.kind {
        FactKind::Holding { .. } | FactKind::Share { .. } | FactKind::Relation { .. } => {
            changes.push(Change::Remove {
                fact: text(fact.kind.clone()),
            });
        }
        FactKind::Entity {
            entity,
            containers,
            attributes,
            ..
        } => {
            let part = |containers, attributes| {
                let entity = entity.clone();
                let fact = text(FactKind::Entity {
                    entity,
                    containers,
                    until: None,
                    attributes,
                });
                Change::Remove { fact }
            };
            for container in containers.iter().filter(|container| is_group(container)) {
                changes.push(part(vec![container.clone()], BTreeMap::new()));
            }
            for (name, value) in attributes {
                let one = BTreeMap::from([(name.clone(), value.clone())]);
                changes.push(part(Vec::new(), one));
            }
        }
        FactKind::CustomRole { role, of, .. } => {
            let fact = format!("{subject} is {role} of {of}");
            changes.push(Change::Hold { fact });
        }
    }
    changes
}
