//! Cedar: policies and entities, asked by `Authorizer::is_authorized`.

use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request,
};
use ward::EntityName;

use super::{Engine, Texts};
use crate::read;
use crate::scenario::{Change, Scenario};

/// What the columns call it.
pub const NAME: &str = "Cedar";

/// What the columns call it where each tenant has policies of its own.
pub const NAME_BY_TENANT: &str = "Cedar, policies by tenant";

struct Cedar {
    name: &'static str,
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
    /// Everything that a list goes through.
    repositories: Vec<(EntityUid, EntityName)>,
}

/// The policies of the application, and its entities.
pub fn texts(scenario: &Scenario) -> Texts {
    Texts {
        policy: read(&format!(
            "benches/peers/cedar/{}.cedar",
            scenario.application.name
        )),
        data: scenario.cedar_json(),
    }
}

/// Three policies for each tenant, in one set.
pub fn texts_by_tenant(scenario: &Scenario) -> Texts {
    let one = read("benches/peers/cedar/tenant.cedar");
    let entities = scenario.entities.iter();
    let tenants = entities.filter(|entity| entity.name.type_name == "Tenant");
    Texts {
        policy: tenants
            .map(|tenant| one.replace("ID", &tenant.name.id))
            .collect(),
        data: scenario.cedar_json(),
    }
}

/// From text to the first request.
pub fn load(texts: &Texts) -> Box<dyn Engine> {
    named(NAME, texts)
}

/// As [`load`], under the other name.
pub fn load_by_tenant(texts: &Texts) -> Box<dyn Engine> {
    named(NAME_BY_TENANT, texts)
}

fn named(name: &'static str, texts: &Texts) -> Box<dyn Engine> {
    Box::new(Cedar {
        name,
        authorizer: Authorizer::new(),
        policies: PolicySet::from_str(&texts.policy).unwrap_or_else(|error| panic!("{error}")),
        entities: Entities::from_json_str(&texts.data, None).expect("these entities are right"),
        requests: Vec::new(),
        repositories: Vec::new(),
    })
}

fn uid(name: &EntityName) -> EntityUid {
    let ty = EntityTypeName::from_str(&name.type_name).expect("a name of a type");
    EntityUid::from_type_name_and_id(ty, EntityId::new(&name.id))
}

fn request(principal: EntityUid, action: &str, resource: EntityUid) -> Request {
    let action = uid(&EntityName::new("Action", action));
    Request::new(principal, action, resource, Context::empty(), None).expect("no schema to break")
}

impl Cedar {
    fn allows(&self, request: &Request) -> bool {
        let answer = self
            .authorizer
            .is_authorized(request, &self.policies, &self.entities);
        answer.decision() == Decision::Allow
    }

    /// Asks for each repository.
    fn each_readable(
        &self,
        subject: &EntityName,
    ) -> impl Iterator<Item = &(EntityUid, EntityName)> {
        let subject = uid(subject);
        let all = self.repositories.iter();
        all.filter(move |(uid, _)| self.allows(&request(subject.clone(), "read", uid.clone())))
    }

    fn replace(&mut self, user: &EntityName, parents: impl Iterator<Item = EntityUid>) {
        let user = Entity::new_no_attrs(uid(user), parents.collect());
        let entities = std::mem::replace(&mut self.entities, Entities::empty());
        self.entities = entities
            .upsert_entities([user], None)
            .expect("a user in teams");
    }
}

impl Engine for Cedar {
    fn name(&self) -> &'static str {
        self.name
    }

    fn prepare(&mut self, scenario: &Scenario) {
        let requests = scenario.requests.iter();
        self.requests = requests
            .map(|asked| request(uid(&asked.principal), &asked.action, uid(&asked.resource)))
            .collect();
        let entities = scenario.entities.iter().map(|entity| &entity.name);
        self.repositories = entities
            .filter(|name| name.type_name == "Repository")
            .map(|name| (uid(name), name.clone()))
            .collect();
    }

    fn check(&mut self, request: usize) -> bool {
        self.allows(&self.requests[request])
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.allows(&request(uid(subject), "read", uid(resource)))
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        let readable = self.each_readable(subject);
        readable.map(|(_, name)| name.clone()).collect()
    }

    fn count_readable(&mut self, subject: &EntityName) -> usize {
        self.each_readable(subject).count()
    }

    fn join(&mut self, change: &Change) {
        let groups = change.parents.iter().chain([&change.team]);
        self.replace(&change.user, groups.map(uid));
    }

    fn leave(&mut self, change: &Change) {
        self.replace(&change.user, change.parents.iter().map(uid));
    }
}
