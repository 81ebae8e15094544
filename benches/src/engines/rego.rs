//! Rego: a policy compiled for the virtual machine of regorus, over a data document.

use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::RegoVM;
use regorus::value::Array;
use regorus::{Engine as Regorus, Value};
use serde_json::json;
use ward::EntityName;

use super::{Engine, Texts};
use crate::applications::Request;
use crate::read;
use crate::scenario::{Change, Scenario};

/// What the columns call it.
pub const NAME: &str = "regorus";

const ALLOW: &str = "data.bench.allow";
const READABLE: &str = "data.bench.readable";

struct Rego {
    machine: RegoVM,
    data: Value,
    requests: Vec<Value>,
}

/// The policy of the application, and its data.
pub fn texts(scenario: &Scenario) -> Texts {
    Texts {
        policy: read(&format!(
            "benches/peers/rego/{}.rego",
            scenario.application.name
        )),
        data: scenario.rego_json(),
    }
}

/// From text to the first query.
pub fn load(texts: &Texts) -> Box<dyn Engine> {
    let mut engine = Regorus::new();
    engine
        .add_policy("bench.rego".into(), texts.policy.clone())
        .expect("the policy is right");
    let policy = engine
        .compile_with_entrypoint(&ALLOW.into())
        .expect("it compiles");
    let lists = texts.policy.contains("readable");
    let entries: &[&str] = if lists { &[ALLOW, READABLE] } else { &[ALLOW] };
    let program = Compiler::compile_from_policy(&policy, entries).expect("it compiles");
    let data = Value::from_json_str(&texts.data).expect("the data is JSON");
    let mut machine = RegoVM::new();
    // A list goes through all repositories.
    machine.set_max_instructions(usize::MAX);
    machine.load_program(program);
    machine
        .set_data(data.clone())
        .expect("no rule has the name of data");
    Box::new(Rego {
        machine,
        data,
        requests: Vec::new(),
    })
}

fn input(principal: &EntityName, action: &str, resource: &EntityName) -> Value {
    let (principal, resource) = (principal.to_string(), resource.to_string());
    Value::from(json!({"principal": principal, "action": action, "resource": resource}))
}

impl Rego {
    fn allows(&mut self, input: Value) -> bool {
        self.machine.set_input(input);
        let answer = self
            .machine
            .execute_entry_point_by_name(ALLOW)
            .expect("it runs");
        answer == Value::from(true)
    }

    /// The set of what a subject may read.
    fn list(&mut self, subject: &EntityName) -> Value {
        self.machine
            .set_input(Value::from(json!({"principal": subject.to_string()})));
        self.machine
            .execute_entry_point_by_name(READABLE)
            .expect("it runs")
    }

    /// Changes the groups that a user is in, in place: nobody else holds the data then.
    fn change(&mut self, user: &EntityName, change: impl FnOnce(&mut Array)) {
        self.machine.set_data(Value::new_object()).expect("no data");
        let parents = self.data.as_object_mut().ok();
        let parents = parents.and_then(|data| data.get_mut(&Value::from("parents")));
        let parents = parents.and_then(|parents| parents.as_object_mut().ok());
        let groups = parents.and_then(|all| all.get_mut(&Value::from(user.to_string())));
        let groups = groups.and_then(|groups| groups.as_array_mut().ok());
        change(groups.expect("the user is known"));
        self.machine
            .set_data(self.data.clone())
            .expect("no rule has the name of data");
    }
}

impl Engine for Rego {
    fn name(&self) -> &'static str {
        NAME
    }

    fn prepare(&mut self, scenario: &Scenario) {
        let requests = scenario.requests.iter();
        let input = |Request {
                         principal,
                         action,
                         resource,
                         ..
                     }: &Request| { input(principal, action, resource) };
        self.requests = requests.map(input).collect();
    }

    fn check(&mut self, request: usize) -> bool {
        let input = self.requests[request].clone();
        self.allows(input)
    }

    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool {
        self.allows(input(subject, "read", resource))
    }

    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName> {
        let answer = self.list(subject);
        let names = answer.as_set().expect("a set").iter();
        let name = |name: &Value| name.as_string().expect("a name").parse().expect("a name");
        names.map(name).collect()
    }

    fn count_readable(&mut self, subject: &EntityName) -> usize {
        self.list(subject).as_set().expect("a set").len()
    }

    fn join(&mut self, change: &Change) {
        self.change(&change.user, |groups| {
            groups.push(Value::from(change.team.to_string()))
        });
    }

    fn leave(&mut self, change: &Change) {
        let team = Value::from(change.team.to_string());
        self.change(&change.user, |groups| {
            groups.retain(|group| *group != team);
        });
    }
}
