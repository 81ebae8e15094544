//! Ward.

use std::fmt::Display;
use std::io::BufRead;
use std::sync::Arc;

use ward::load::Loader;
use ward::{
    ActionKey, Context, EntityKey, EntityName, Evaluator, Explain, Explanation, Fact, FactKind,
    KeyQuestion, List, Live, Outcome, Plan, Snapshot, Sources, Transaction, Who, World,
};

use super::{Engine, Texts};
use crate::applications::{self, Request};
use crate::read;
use crate::scenario::{Change, Scenario};

/// What the columns call it.
pub const NAME: &str = "Ward";

/// What the columns call it where it is asked by keys.
pub const NAME_BY_IDS: &str = "Ward, by ids";

/// The moment at which everything is asked. No fact in these worlds ends.
const NOW: i64 = 0;

/// A world from JSON Lines.
///
/// # Panics
///
/// If a line is no fact, or one that does not fit the policy.
pub fn world(plan: &Arc<Plan>, lines: impl BufRead) -> World {
    let mut loader = Loader::new(Arc::clone(plan));
    loader
        .json_lines("facts.jsonl", lines)
        .expect("the facts can be read");
    let (world, refused) = loader.finish();
    none_refused(&refused);
    world
}

/// A world that is asked and changed: every question and change that is measured stands here.
pub struct Served {
    live: Live,
    snapshot: Arc<Snapshot>,
    context: Context,
}

impl Served {
    /// A world as it was loaded.
    pub fn new(world: World) -> Self {
        let live = Live::new(world);
        let snapshot = live.snapshot();
        Self {
            live,
            snapshot,
            context: Context::default(),
        }
    }

    /// The world as it is now.
    pub fn world(&self) -> &World {
        self.snapshot.world()
    }

    fn ask(&self) -> Evaluator<'_> {
        Evaluator::new(self.snapshot.world(), NOW)
    }

    /// What comes out of a check by names.
    pub fn check(&self, subject: &EntityName, action: &str, resource: &EntityName) -> Outcome {
        let decision = self.ask().check(subject, action, resource, &self.context);
        decision.expect("the policy knows these names").outcome
    }

    /// What explains an answer, and which facts would change it.
    pub fn explain(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
        changes: bool,
    ) -> Explanation {
        let wanted = Explain {
            all: false,
            changes,
        };
        let ward = self.ask();
        let explanation = ward.explain(subject, action, resource, &self.context, wanted);
        explanation.expect("the policy knows these names")
    }

    /// The key of an entity; nothing where no fact names it.
    pub fn entity(&self, name: &EntityName) -> Option<EntityKey> {
        self.ask()
            .entity_key(name)
            .expect("the policy knows this type")
    }

    /// The key of an action.
    pub fn action(&self, action: &str, of: &str) -> ActionKey {
        self.ask()
            .action_key(action, of)
            .expect("the policy knows these names")
    }

    /// What comes out of a check by keys.
    pub fn check_key(&self, (subject, action, resource): KeyQuestion) -> Outcome {
        let decision = self
            .ask()
            .check_key(subject, action, resource, &self.context);
        decision.expect("the keys are of this world").outcome
    }

    /// What comes out of many checks, asked at once.
    pub fn check_keys(&self, questions: &[KeyQuestion]) -> Vec<Outcome> {
        let outcomes = self.ask().check_keys(questions, &self.context);
        outcomes.expect("the keys are of this world")
    }

    /// What a subject sees or, with an action, may take it on: keys, found while they are read.
    pub fn list(&self, subject: &EntityName, action: Option<&str>, of: &str) -> List<'_> {
        let list = self.ask().list(subject, action, of, &self.context);
        list.expect("the policy knows these names")
    }

    /// What a subject may take an action on, by name.
    pub fn allowed(&self, subject: &EntityName, action: &str, of: &str) -> Vec<EntityName> {
        let list = self.ask().allowed(subject, action, of, &self.context);
        list.expect("the policy knows these names")
    }

    /// The name that belongs to a key.
    pub fn name_of(&self, key: EntityKey) -> EntityName {
        self.ask().name_of(key).expect("the key is of this world")
    }

    /// Who may take an action on a resource.
    pub fn who(&self, action: &str, resource: &EntityName) -> Who {
        let who = self.ask().who(action, resource, &self.context);
        who.expect("the policy knows these names")
    }

    /// Adds a fact, so that the next question knows it.
    pub fn add(&mut self, fact: Fact) {
        self.commit(&Transaction::new().with(fact));
    }

    /// Takes a fact away.
    pub fn remove(&mut self, fact: Fact) {
        self.commit(&Transaction::new().without(fact));
    }

    fn commit(&mut self, transaction: &Transaction) {
        if let Err(refused) = self.live.commit(transaction) {
            none_refused(&refused);
        }
        self.snapshot = self.live.snapshot();
    }
}

fn none_refused(refused: &[impl Display]) {
    if let Some(first) = refused.first() {
        panic!("{} facts are refused, the first: {first}", refused.len());
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

/// The policy, and facts as JSON Lines.
pub fn texts(scenario: &Scenario) -> Texts {
    Texts {
        policy: read(scenario.application.policy),
        data: scenario.json_lines(),
    }
}

fn served(texts: &Texts) -> Served {
    Served::new(world(&plan(&texts.policy), texts.data.as_bytes()))
}

struct ByNames {
    served: Served,
    requests: Vec<Request>,
}

/// From text to the first check.
pub fn load(texts: &Texts) -> Box<dyn Engine> {
    Box::new(ByNames {
        served: served(texts),
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
        self.served.check(principal, action, resource) == Outcome::Allowed
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.served.check(subject, "read", resource) == Outcome::Allowed
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        self.served.allowed(subject, "read", REPOSITORY)
    }

    fn count_readable(&mut self, subject: &EntityName) -> usize {
        self.readable(subject).len()
    }

    fn join(&mut self, change: &Change) {
        self.served.add(member(&change.user, &change.team));
    }

    fn leave(&mut self, change: &Change) {
        self.served.remove(member(&change.user, &change.team));
    }
}

/// As [`ByNames`], but that requests are made ready as keys, and a list is one of keys.
struct ByIds {
    by_names: ByNames,
    questions: Vec<Option<KeyQuestion>>,
}

/// As [`load`], to be asked by keys.
pub fn load_by_ids(texts: &Texts) -> Box<dyn Engine> {
    Box::new(ByIds {
        by_names: ByNames {
            served: served(texts),
            requests: Vec::new(),
        },
        questions: Vec::new(),
    })
}

impl Engine for ByIds {
    fn name(&self) -> &'static str {
        NAME_BY_IDS
    }

    fn prepare(&mut self, scenario: &Scenario) {
        self.by_names.prepare(scenario);
        let served = &self.by_names.served;
        let question = |request: &Request| {
            let subject = served.entity(&request.principal)?;
            let action = served.action(&request.action, &request.resource.type_name);
            Some((subject, action, served.entity(&request.resource)?))
        };
        self.questions = self.by_names.requests.iter().map(question).collect();
    }

    /// What no fact names has no key, and is asked by its name.
    fn check(&mut self, request: usize) -> bool {
        match self.questions[request] {
            Some(question) => self.by_names.served.check_key(question) == Outcome::Allowed,
            None => self.by_names.check(request),
        }
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.by_names.may_read(subject, resource)
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        let served = &self.by_names.served;
        let keys = served.list(subject, Some("read"), REPOSITORY);
        keys.map(|key| served.name_of(key)).collect()
    }

    fn count_readable(&mut self, subject: &EntityName) -> usize {
        let served = &self.by_names.served;
        served.list(subject, Some("read"), REPOSITORY).count()
    }

    fn join(&mut self, change: &Change) {
        self.by_names.join(change);
    }

    fn leave(&mut self, change: &Change) {
        self.by_names.leave(change);
    }
}

const REPOSITORY: &str = "Repository";
