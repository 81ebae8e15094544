//! Many tenants in one policy: each with five users, five documents and three sets.

use serde_json::json;
use ward::{EntityName, Fact, FactKind, Holder};

use crate::engines::casbin;
use crate::mix::Mix;
use crate::scenario::{Application, Entity, Request, Scenario};
use crate::size::Size;

/// How many requests there are.
const REQUESTS: usize = 300;

/// Users of a tenant, and documents of one.
const EACH: usize = 5;

const SETS: [(&str, &str); 3] = [
    ("viewers", "Viewer"),
    ("editors", "Editor"),
    ("admins", "Admin"),
];

/// Tenants with documents.
pub const TENANTS: Application = Application {
    name: "tenants",
    policy: "benches/policies/tenants.policy",
    facts,
    lines: casbin::tenants,
    model: "model",
};

/// A world of this many tenants.
pub fn tenants(count: Size) -> Scenario {
    let uid = |name: &EntityName| json!({"__entity": {"type": name.type_name, "id": name.id}});
    let mut random = Mix::new(11);
    let mut entities = Vec::new();
    for tenant in 0..count.0 {
        let tenant = EntityName::new("Tenant", format!("t{tenant}"));
        let role = |set: &str| EntityName::new("Role", format!("{}_{set}", tenant.id));
        let mut sets = json!({});
        for (set, _) in SETS {
            sets[set] = uid(&role(set));
            entities.push(Entity {
                name: role(set),
                attributes: json!({}),
                parents: Vec::new(),
            });
        }
        for number in 0..EACH {
            entities.push(Entity {
                name: EntityName::new("User", format!("{}_user{number}", tenant.id)),
                attributes: json!({}),
                parents: vec![role(SETS[random.below(3)].0)],
            });
            entities.push(Entity {
                name: EntityName::new("Document", format!("{}_document{number}", tenant.id)),
                attributes: json!({"tenant": uid(&tenant)}),
                parents: vec![tenant.clone()],
            });
        }
        entities.push(Entity {
            name: tenant,
            attributes: sets,
            parents: Vec::new(),
        });
    }
    let requests = (0..REQUESTS).map(|_| {
        let tenant = random.below(count.0);
        // One of eight asks for something of another tenant.
        let other = if random.once_in(8) {
            random.below(count.0)
        } else {
            tenant
        };
        Request {
            principal: EntityName::new("User", format!("t{tenant}_user{}", random.below(EACH))),
            action: ["read", "write", "delete"][random.below(3)].to_owned(),
            resource: EntityName::new(
                "Document",
                format!("t{other}_document{}", random.below(EACH)),
            ),
            allowed: false,
        }
    });
    let requests = requests.collect();
    Scenario {
        name: format!("{count} tenant{}", if count.0 == 1 { "" } else { "s" }),
        application: TENANTS,
        entities,
        requests,
        listed: Vec::new(),
        changes: Vec::new(),
    }
}

fn facts(entities: &[Entity]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for Entity { name, parents, .. } in entities {
        match (name.type_name.as_str(), parents.as_slice()) {
            ("Document", containers) => facts.push(
                FactKind::Entity {
                    entity: name.clone(),
                    containers: containers.to_vec(),
                    until: None,
                    attributes: Default::default(),
                }
                .into(),
            ),
            ("User", [set]) => {
                let (tenant, plural) = set.id.rsplit_once('_').expect("a set of a tenant");
                let (_, role) = SETS
                    .into_iter()
                    .find(|(set, _)| *set == plural)
                    .expect("a set");
                facts.push(
                    FactKind::Holding {
                        subject: Holder::Entity(name.clone()),
                        role: role.to_owned(),
                        of: EntityName::new("Tenant", tenant),
                        until: None,
                    }
                    .into(),
                );
            }
            _ => {}
        }
    }
    facts
}
