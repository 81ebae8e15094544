//! Three applications with recorded worlds: their entities as facts of the shipped policies, and their
//! actions as those of these policies.
//!
//! Used by `tests/recorded.rs` and by `benches/`.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use serde_json::Value as Json;
use ward::{EntityName, Fact, FactKind, Holder, Value};

/// An entity as the recorded worlds write it.
pub struct Entity {
    pub name: EntityName,
    pub attributes: Json,
    pub parents: Vec<EntityName>,
}

/// A request as the recorded worlds write it.
pub struct Request {
    pub principal: EntityName,
    pub action: String,
    pub resource: EntityName,
    /// What the other engine said.
    pub allowed: bool,
}

/// The requests of a `requests.jsonl`.
pub fn requests(text: &str) -> impl Iterator<Item = Request> {
    text.lines().map(|line| {
        let request: Json = serde_json::from_str(line).unwrap();
        Request {
            principal: quoted(&request["principal"]),
            action: request["action"].as_str().unwrap().to_owned(),
            resource: quoted(&request["resource"]),
            allowed: request["decision"] == "allow",
        }
    })
}

/// `{"type": "User", "id": "user_0"}`
pub fn uid(json: &Json) -> EntityName {
    let text = |key: &str| json[key].as_str().unwrap().to_owned();
    EntityName::new(text("type"), text("id"))
}

/// `{"__entity": …}`
pub fn reference(json: &Json) -> EntityName {
    uid(&json["__entity"])
}

/// The entities of an `entities.json`.
pub fn entities(text: &str) -> Vec<Entity> {
    let all: Vec<Json> = serde_json::from_str(text).unwrap();
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

/// The facts of policies/github.
pub fn github(entities: &[Entity]) -> Vec<Fact> {
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

/// The facts of policies/gdrive.
pub fn gdrive(entities: &[Entity]) -> Vec<Fact> {
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

/// The facts of policies/tinytodo.
pub fn tinytodo(entities: &[Entity]) -> Vec<Fact> {
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
pub fn action(name: &str) -> String {
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
