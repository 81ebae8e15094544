//! A world of an application, in the form that each engine reads.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};
use ward::{EntityName, Fact};

use crate::applications::{self, entities, requests};
pub use crate::applications::{Entity, Request};
use crate::engines::casbin;
use crate::read;

/// An application: how its entities become what the engines read.
#[derive(Clone, Copy)]
pub struct Application {
    /// Its name, which is that of its files in `peers/` too.
    pub name: &'static str,
    /// Where Ward's policy stands.
    pub policy: &'static str,
    /// Its facts in Ward.
    pub facts: fn(&[Entity]) -> Vec<Fact>,
    /// Its lines in Casbin.
    pub lines: fn(&Entity) -> Vec<String>,
    /// The model of Casbin.
    pub model: &'static str,
}

/// Repositories of organizations.
pub const GITHUB: Application = Application {
    name: "github",
    policy: "policies/github/github.policy",
    facts: applications::github,
    lines: casbin::github,
    model: "model",
};

/// Documents in folders.
pub const GDRIVE: Application = Application {
    name: "gdrive",
    policy: "policies/gdrive/gdrive.policy",
    facts: applications::gdrive,
    lines: casbin::gdrive,
    model: "gdrive",
};

/// Lists of tasks.
pub const TINYTODO: Application = Application {
    name: "tinytodo",
    policy: "policies/tinytodo/tinytodo.policy",
    facts: applications::tinytodo,
    lines: casbin::tinytodo,
    model: "model",
};

/// A user who becomes a member of a team, and a repository that this makes readable.
#[derive(Clone, Debug)]
pub struct Change {
    /// The user.
    pub user: EntityName,
    /// The groups that the user is in before.
    pub parents: Vec<EntityName>,
    /// The team.
    pub team: EntityName,
    /// What is asked then: whether the user may read.
    pub resource: EntityName,
}

/// A world of an application with what is asked of it.
pub struct Scenario {
    /// Such as `github, n = 50`.
    pub name: String,
    /// The application.
    pub application: Application,
    /// The entities.
    pub entities: Vec<Entity>,
    /// What is asked.
    pub requests: Vec<Request>,
    /// Whose list of what they may read is asked for.
    pub listed: Vec<EntityName>,
    /// The changes that are made.
    pub changes: Vec<Change>,
}

impl Scenario {
    /// A recorded world.
    pub fn recorded(application: Application, size: usize) -> Self {
        let folder = format!("tests/worlds/{}-{size}", application.name);
        Self {
            name: format!("{}, n = {size}", application.name),
            application,
            entities: entities(&read(&format!("{folder}/entities.json"))),
            requests: requests(&read(&format!("{folder}/requests.jsonl"))).collect(),
            listed: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The facts for Ward, as JSON Lines.
    pub fn json_lines(&self) -> String {
        let mut text = String::new();
        for fact in (self.application.facts)(&self.entities) {
            let line = serde_json::to_string(&fact).expect("a fact has a JSON form");
            let _ = writeln!(text, "{line}");
        }
        text
    }

    /// The entities for Cedar, in its JSON.
    pub fn cedar_json(&self) -> String {
        let uid = |name: &EntityName| json!({"type": name.type_name, "id": name.id});
        let entities = self.entities.iter().map(|entity| {
            let parents: Vec<Json> = entity.parents.iter().map(uid).collect();
            json!({"uid": uid(&entity.name), "attrs": entity.attributes, "parents": parents})
        });
        Json::Array(entities.collect()).to_string()
    }

    /// The data document for Rego: who is in what, and the attributes by type and name.
    pub fn rego_json(&self) -> String {
        let (mut parents, mut by_type) = (Map::new(), Map::new());
        for entity in &self.entities {
            let name = entity.name.to_string();
            let above = entity
                .parents
                .iter()
                .map(|parent| parent.to_string().into());
            parents.insert(name.clone(), Json::Array(above.collect()));
            let of_type = by_type
                .entry(entity.name.type_name.clone())
                .or_insert_with(|| Json::Object(Map::new()));
            of_type[&name] = plain(&entity.attributes);
        }
        json!({"parents": parents, "entities": by_type}).to_string()
    }

    /// The lines for Casbin.
    pub fn casbin_csv(&self) -> String {
        let mut text = read(&format!(
            "benches/peers/casbin/{}.csv",
            self.application.name
        ));
        for line in self.entities.iter().flat_map(self.application.lines) {
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

/// Attributes with entities by their names: `{"__entity": {"type": "User", "id": "a"}}` is `"User:a"`.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(fields) => match fields.get("__entity") {
            Some(uid) => Json::String(applications::uid(uid).to_string()),
            None => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), plain(value)));
                Json::Object(fields.collect())
            }
        },
        Json::Array(elements) => Json::Array(elements.iter().map(plain).collect()),
        other => other.clone(),
    }
}
