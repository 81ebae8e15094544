//! Every recorded decision of another engine on nine worlds comes out here too.
//!
//! The worlds and what is known of them are in `tests/worlds/`. Each application has a converter
//! from its entities to facts, and a table from its actions to those of the shipped policy.

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use std::fs;
use std::sync::Arc;

use serde_json::Value as Json;
use ward::{
    Context, EntityName, Evaluator, Fact, FactKind, Holder, Outcome, Sources, Value, World,
};

/// An entity as the recorded worlds write it.
struct Entity {
    name: EntityName,
    attributes: Json,
    parents: Vec<EntityName>,
}

/// `{"type": "User", "id": "user_0"}`
fn uid(json: &Json) -> EntityName {
    let text = |key: &str| json[key].as_str().unwrap().to_owned();
    EntityName::new(text("type"), text("id"))
}

/// `{"__entity": …}`
fn reference(json: &Json) -> EntityName {
    uid(&json["__entity"])
}

fn entities(world: &str) -> Vec<Entity> {
    let text = fs::read_to_string(format!("tests/worlds/{world}/entities.json")).unwrap();
    let all: Vec<Json> = serde_json::from_str(&text).unwrap();
    let parents = |json: &Json| {
        json["parents"]
            .as_array()
            .unwrap()
            .iter()
            .map(uid)
            .collect()
    };
    all.iter()
        .map(|json| Entity {
            name: uid(&json["uid"]),
            attributes: json["attrs"].clone(),
            parents: parents(json),
        })
        .collect()
}

// ---- facts ----------------------------------------------------------------------------------------

fn stands(entity: &EntityName, containers: Vec<EntityName>) -> Fact {
    with(entity, containers, [])
}

fn with<const N: usize>(
    entity: &EntityName,
    containers: Vec<EntityName>,
    attributes: [(&str, Value); N],
) -> Fact {
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
    FactKind::Entity {
        entity: entity.clone(),
        containers,
        until: None,
        attributes: attributes.into(),
    }
    .into()
}

fn holds(subject: Holder, role: &str, of: &EntityName) -> Fact {
    FactKind::Holding {
        subject,
        role: role.to_owned(),
        of: of.clone(),
        until: None,
    }
    .into()
}

/// The role behind the plural at the end of a set's id, and the id of what the set belongs to:
/// `repo_7_maintainers` is Maintainer of `repo_7`.
fn role_of_set(set: &EntityName) -> (String, &str) {
    let (of, plural) = set.id.rsplit_once('_').unwrap();
    let (first, rest) = plural.trim_end_matches('s').split_at(1);
    (format!("{}{rest}", first.to_uppercase()), of)
}

fn github(entities: &[Entity]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for Entity {
        name,
        attributes,
        parents,
    } in entities
    {
        match name.type_name.as_str() {
            "Repository" => facts.push(stands(name, vec![reference(&attributes["owner"])])),
            "RepoPermission" | "OrgPermission" => continue,
            _ => facts.push(stands(name, Vec::new())),
        }
        for parent in parents {
            let holder = match name.type_name.as_str() {
                // An organization in a set stands for all its members.
                "Organization" => Holder::Set {
                    of: name.clone(),
                    role: "Member".into(),
                },
                _ => Holder::Entity(name.clone()),
            };
            match parent.type_name.as_str() {
                "Team" => facts.push(stands(name, vec![parent.clone()])),
                "Organization" => facts.push(holds(holder, "Member", parent)),
                "RepoPermission" => {
                    let (role, repository) = role_of_set(parent);
                    let repository = EntityName::new("Repository", repository);
                    facts.push(holds(holder, &role, &repository));
                }
                "OrgPermission" => {
                    let (role, organization) = role_of_set(parent);
                    let organization = EntityName::new("Organization", organization);
                    facts.push(holds(holder, &role, &organization));
                }
                other => panic!("{name} in a {other}"),
            }
        }
    }
    facts
}

fn gdrive(entities: &[Entity]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for Entity {
        name,
        attributes,
        parents,
    } in entities
    {
        match name.type_name.as_str() {
            "View" => continue,
            "Document" => {
                let public = Value::Bool(attributes["isPublic"].as_bool().unwrap());
                facts.push(with(name, Vec::new(), [("public", public)]));
            }
            _ => facts.push(stands(name, Vec::new())),
        }
        for list in ["ownedDocuments", "ownedFolders"] {
            for owned in attributes[list].as_array().into_iter().flatten() {
                let owned = reference(owned);
                facts.push(if owned.type_name == "Folder" {
                    let relation = FactKind::Relation {
                        entity: owned,
                        relation: "owner".into(),
                        target: name.clone(),
                    };
                    relation.into()
                } else {
                    holds(Holder::Entity(name.clone()), "Owner", &owned)
                });
            }
        }
        for parent in parents {
            if parent.type_name == "View" {
                // A view is called after who has it: `User user_3`, `Group group_1`.
                let (ty, id) = parent.id.split_once(' ').unwrap();
                let holder = Holder::Entity(EntityName::new(ty, id));
                facts.push(holds(holder, "Viewer", name));
            } else {
                facts.push(stands(name, vec![parent.clone()]));
            }
        }
    }
    facts
}

fn tinytodo(entities: &[Entity]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for Entity {
        name,
        attributes,
        parents,
    } in entities
    {
        let entity = |key: &str| Value::Entity(reference(&attributes[key]));
        match name.type_name.as_str() {
            "List" => facts.push(with(
                name,
                parents.clone(),
                [
                    ("owner", entity("owner")),
                    ("readers", entity("readers")),
                    ("editors", entity("editors")),
                ],
            )),
            "Application" => facts.push(stands(name, Vec::new())),
            // People and teams are in the application too; only teams decide something.
            _ => {
                let teams = parents.iter().filter(|parent| parent.type_name == "Team");
                facts.push(stands(name, teams.cloned().collect()));
            }
        }
    }
    facts
}

// ---- questions ------------------------------------------------------------------------------------

/// `createDocument` is asked as `Document.create`, and everything else by its name in snake case.
fn action(name: &str) -> String {
    match name {
        "createDocument" => "Document.create".into(),
        "CreateList" => "List.create".into(),
        _ => {
            let mut snake = String::new();
            for c in name.chars() {
                if c.is_ascii_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.push(c.to_ascii_lowercase());
            }
            snake
        }
    }
}

/// `User::"user_3"`
fn quoted(json: &Json) -> EntityName {
    let (ty, id) = json.as_str().unwrap().split_once("::").unwrap();
    EntityName::new(ty, id.trim_matches('"'))
}

/// How many requests there are, and those that come out differently.
fn run(application: &str, size: u32, convert: fn(&[Entity]) -> Vec<Fact>) -> (usize, Vec<String>) {
    let name = format!("{application}.policy");
    let policy = fs::read_to_string(format!("policies/{application}/{name}")).unwrap();
    let policy = ward::compile(&Sources::new().with(name, policy)).unwrap();
    let world = format!("{application}-{size}");
    let facts = convert(&entities(&world));
    let facts = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let ward = Evaluator::new(&facts, 0);
    let requests = fs::read_to_string(format!("tests/worlds/{world}/requests.jsonl")).unwrap();
    let mut different = Vec::new();
    for line in requests.lines() {
        let request: Json = serde_json::from_str(line).unwrap();
        let (subject, resource) = (quoted(&request["principal"]), quoted(&request["resource"]));
        let action = action(request["action"].as_str().unwrap());
        let decision = ward.check(&subject, &action, &resource, &Context::default());
        let allowed = decision.unwrap().outcome == Outcome::Allowed;
        if allowed != (request["decision"] == "allow") {
            different.push(format!("{world}: {line}"));
        }
    }
    (requests.lines().count(), different)
}

#[test]
fn every_recorded_decision_comes_out() {
    type Convert = fn(&[Entity]) -> Vec<Fact>;
    let applications: [(&str, Convert); 3] = [
        ("github", github),
        ("gdrive", gdrive),
        ("tinytodo", tinytodo),
    ];
    let (mut asked, mut different) = (0, Vec::new());
    for (application, convert) in applications {
        for size in [5, 20, 50] {
            let (requests, others) = run(application, size, convert);
            asked += requests;
            different.extend(others);
        }
    }
    println!(
        "{} of {asked} recorded decisions agree",
        asked - different.len()
    );
    assert_eq!(asked, 4500);
    assert!(different.is_empty(), "{}", different.join("\n"));
}
