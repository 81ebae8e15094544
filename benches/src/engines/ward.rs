//! Ward.

use std::sync::Arc;

use ward::{
    Context, EntityName, Evaluator, Fact, FactKind, Outcome, Plan, Refusal, Sources, Who, World,
    WorldBuilder,
};

use super::{Engine, Texts};
use crate::applications::{self, Request};
use crate::read;
use crate::scenario::{Change, Scenario};

/// What the columns call it.
pub const NAME: &str = "Ward";

/// The moment at which everything is asked. No fact in these worlds ends.
const NOW: i64 = 0;

/// A world that is asked and changed: every call into the library that is measured stands here.
pub struct Live {
    builder: WorldBuilder,
    world: World,
    context: Context,
}

impl Live {
    /// A world from JSON Lines.
    ///
    /// # Panics
    ///
    /// If a line is no fact, or one that does not fit the policy.
    pub fn load(plan: &Arc<Plan>, lines: &str) -> Self {
        let (facts, malformed) = ward::load::json_lines("facts.jsonl", lines);
        none_refused(malformed);
        let mut builder = WorldBuilder::new(Arc::clone(plan));
        none_refused(
            facts
                .iter()
                .filter_map(|fact| builder.add(fact).err())
                .collect(),
        );
        let world = builder.world();
        Self {
            builder,
            world,
            context: Context::default(),
        }
    }

    fn ask(&self) -> Evaluator<'_> {
        Evaluator::new(&self.world, NOW)
    }

    /// What comes out of a check by names.
    pub fn check(&self, subject: &EntityName, action: &str, resource: &EntityName) -> Outcome {
        let decision = self.ask().check(subject, action, resource, &self.context);
        decision.expect("the policy knows these names").outcome
    }

    /// What a subject may take an action on.
    pub fn allowed(&self, subject: &EntityName, action: &str, of: &str) -> Vec<EntityName> {
        let list = self.ask().allowed(subject, action, of, &self.context);
        list.expect("the policy knows these names")
    }

    /// What a subject sees.
    pub fn visible(&self, subject: &EntityName, of: &str) -> Vec<EntityName> {
        let list = self.ask().visible(subject, of, &self.context);
        list.expect("the policy knows these names")
    }

    /// Who may take an action on a resource.
    pub fn who(&self, action: &str, resource: &EntityName) -> Who {
        let who = self.ask().who(action, resource, &self.context);
        who.expect("the policy knows these names")
    }

    /// Adds a fact, so that the next question knows it.
    pub fn add(&mut self, fact: &Fact) {
        none_refused(self.builder.add(fact).err().into_iter().collect());
        self.world = self.builder.world();
    }

    /// Takes a fact away.
    pub fn remove(&mut self, fact: &Fact) {
        none_refused(self.builder.remove(fact).err().into_iter().collect());
        self.world = self.builder.world();
    }
}

fn none_refused(refused: Vec<Refusal>) {
    if let Some(refusal) = refused.first() {
        panic!(
            "{} facts are refused, the first one: {refusal}",
            refused.len()
        );
    }
}

/// A membership.
pub fn member(user: &EntityName, group: &EntityName) -> Fact {
    FactKind::Entity {
        entity: user.clone(),
        containers: vec![group.clone()],
        until: None,
        attributes: Default::default(),
    }
    .into()
}

/// The plan of a policy.
///
/// # Panics
///
/// If it does not compile.
pub fn plan(text: &str) -> Arc<Plan> {
    let policy = ward::compile(&Sources::new().with("app.policy", text));
    Arc::clone(policy.unwrap_or_else(|errors| panic!("{errors}")).plan())
}

// ---- among its peers ----------------------------------------------------------------------------

struct ByNames {
    live: Live,
    requests: Vec<Request>,
}

/// The policy, and facts as JSON Lines.
pub fn texts(scenario: &Scenario) -> Texts {
    Texts {
        policy: read(scenario.application.policy),
        data: scenario.json_lines(),
    }
}

/// From text to the first check.
pub fn load(texts: &Texts) -> Box<dyn Engine> {
    Box::new(ByNames {
        live: Live::load(&plan(&texts.policy), &texts.data),
        requests: Vec::new(),
    })
}

impl Engine for ByNames {
    fn name(&self) -> &'static str {
        NAME
    }

    fn prepare(&mut self, scenario: &Scenario) {
        let requests = scenario.requests.iter().map(|request| Request {
            principal: request.principal.clone(),
            action: applications::action(&request.action),
            resource: request.resource.clone(),
            allowed: request.allowed,
        });
        self.requests = requests.collect();
    }

    fn check(&mut self, request: usize) -> bool {
        let Request {
            principal,
            action,
            resource,
            ..
        } = &self.requests[request];
        self.live.check(principal, action, resource) == Outcome::Allowed
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.live.check(subject, "read", resource) == Outcome::Allowed
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        self.live.allowed(subject, "read", "Repository")
    }

    fn join(&mut self, change: &Change) {
        self.live.add(&member(&change.user, &change.team));
    }

    fn leave(&mut self, change: &Change) {
        self.live.remove(&member(&change.user, &change.team));
    }
}
