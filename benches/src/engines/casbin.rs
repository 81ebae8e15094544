//! Casbin: a model, and one line for each edge and each permission.

use casbin::{CoreApi, DefaultModel, Enforcer, MgmtApi, StringAdapter};
use tokio::runtime::{Builder, Runtime};
use ward::EntityName;

use super::{Engine, Texts};
use crate::applications::{Entity, reference};
use crate::read;
use crate::scenario::{Change, Scenario};

/// What the columns call it.
pub const NAME: &str = "casbin";

struct Casbin {
    runtime: Runtime,
    enforcer: Enforcer,
    requests: Vec<[String; 3]>,
    repositories: Vec<EntityName>,
}

/// The model of the application, and its lines.
pub fn texts(scenario: &Scenario) -> Texts {
    Texts {
        policy: read(&format!(
            "benches/peers/casbin/{}.conf",
            scenario.application.model
        )),
        data: scenario.casbin_csv(),
    }
}

/// From text to the first request.
pub fn load(texts: &Texts) -> Box<dyn Engine> {
    // Nothing waits: the adapter reads from memory.
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let enforcer = runtime.block_on(async {
        let model = DefaultModel::from_str(&texts.policy).await?;
        Enforcer::new(model, StringAdapter::new(texts.data.as_str())).await
    });
    let mut enforcer = enforcer.expect("model and lines are right");
    // Changes stay in memory, as with the others.
    enforcer.enable_auto_save(false);
    Box::new(Casbin {
        runtime,
        enforcer,
        requests: Vec::new(),
        repositories: Vec::new(),
    })
}

impl Casbin {
    fn allows(&self, subject: &str, resource: &str, action: &str) -> bool {
        self.enforcer
            .enforce((subject, resource, action))
            .expect("it runs")
    }

    /// Asks for each repository.
    fn each_readable(&self, subject: &EntityName) -> impl Iterator<Item = &EntityName> {
        let subject = subject.to_string();
        let all = self.repositories.iter();
        all.filter(move |name| self.allows(&subject, &name.to_string(), "read"))
    }
}

impl Engine for Casbin {
    fn name(&self) -> &'static str {
        NAME
    }

    fn prepare(&mut self, scenario: &Scenario) {
        let requests = scenario.requests.iter();
        self.requests = requests
            .map(|asked| {
                let (subject, resource) = (asked.principal.to_string(), asked.resource.to_string());
                [subject, resource, asked.action.clone()]
            })
            .collect();
        let entities = scenario.entities.iter().map(|entity| &entity.name);
        let repositories = entities.filter(|name| name.type_name == "Repository");
        self.repositories = repositories.cloned().collect();
    }

    fn check(&mut self, request: usize) -> bool {
        let [subject, resource, action] = &self.requests[request];
        self.allows(subject, resource, action)
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.allows(&subject.to_string(), &resource.to_string(), "read")
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        self.each_readable(subject).cloned().collect()
    }

    fn count_readable(&mut self, subject: &EntityName) -> usize {
        self.each_readable(subject).count()
    }

    fn join(&mut self, change: &Change) {
        let line = vec![change.user.to_string(), change.team.to_string()];
        let added = self
            .runtime
            .block_on(self.enforcer.add_grouping_policy(line));
        assert!(
            added.expect("a line of two"),
            "the user is in the team already"
        );
    }

    fn leave(&mut self, change: &Change) {
        let line = vec![change.user.to_string(), change.team.to_string()];
        let removed = self
            .runtime
            .block_on(self.enforcer.remove_grouping_policy(line));
        assert!(removed.expect("a line of two"), "the user is in the team");
    }
}

// ---- lines --------------------------------------------------------------------------------------

/// What is in what, and what the sets of a repository or an organization give.
pub fn github(entity: &Entity) -> Vec<String> {
    let name = &entity.name;
    let mut lines = inside("g", entity);
    let permissions = [
        ("readers", "read"),
        ("triagers", "triage"),
        ("writers", "write"),
        ("maintainers", "maintain"),
        ("admins", "admin"),
    ];
    for (set, action) in permissions {
        if let Some(set) = entity.attributes.get(set) {
            lines.push(format!("p, {}, {name}, {action}", reference(set)));
        }
    }
    if let Some(owner) = entity.attributes.get("owner") {
        lines.push(format!("g2, {name}, {}", reference(owner)));
    }
    lines
}

/// Views become permissions of those who have them; folders hold documents and folders.
pub fn gdrive(entity: &Entity) -> Vec<String> {
    let name = &entity.name;
    let mut lines = match name.type_name.as_str() {
        "View" => return Vec::new(),
        "User" => inside("g", entity),
        _ => Vec::new(),
    };
    for parent in &entity.parents {
        match (parent.type_name.as_str(), parent.id.split_once(' ')) {
            // A view is called after who has it: `User user_3`.
            ("View", Some((ty, id))) => lines.push(format!("p, {ty}:{id}, {name}, viewer")),
            ("Folder", _) => lines.push(format!("g2, {name}, {parent}")),
            _ => {}
        }
    }
    for (list, role) in [
        ("ownedDocuments", "owner"),
        ("ownedFolders", "folder_owner"),
    ] {
        for owned in entity.attributes[list].as_array().into_iter().flatten() {
            lines.push(format!("p, {name}, {}, {role}", reference(owned)));
        }
    }
    if entity.attributes["isPublic"] == true {
        lines.push(format!("p, anyone, {name}, read"));
    }
    lines
}

/// Who a list names, and teams in teams.
pub fn tinytodo(entity: &Entity) -> Vec<String> {
    if entity.name.type_name != "List" {
        return inside("g", entity);
    }
    let given = |(attribute, role): (&str, &str)| {
        let to = reference(&entity.attributes[attribute]);
        format!("p, {to}, {}, {role}", entity.name)
    };
    let attributes = [
        ("owner", "owner"),
        ("readers", "reader"),
        ("editors", "editor"),
    ];
    attributes.into_iter().map(given).collect()
}

/// What the sets of a tenant give, and which documents are of which tenant.
pub fn tenants(entity: &Entity) -> Vec<String> {
    if entity.name.type_name == "Document" {
        return inside("g2", entity);
    }
    let mut lines = inside("g", entity);
    for (set, action) in [
        ("viewers", "read"),
        ("editors", "write"),
        ("admins", "delete"),
    ] {
        if let Some(set) = entity.attributes.get(set) {
            lines.push(format!("p, {}, {}, {action}", reference(set), entity.name));
        }
    }
    lines
}

fn inside(kind: &str, entity: &Entity) -> Vec<String> {
    let parents = entity.parents.iter();
    parents
        .map(|parent| format!("{kind}, {}, {parent}", entity.name))
        .collect()
}
