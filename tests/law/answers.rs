//! All that is answered of a policy and a world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ward::{
    Context, EntityName, Evaluator, FactKind, Plan, Policy, Sources, Value, World, WorldBuilder,
};

use super::{Texts, other_names};

/// The moments at which everything is asked.
pub const NOWS: [&str; 3] = ["2000-06-01", "2001-01-01", "2003-01-01"];

/// A subject and a resource, with the number of the moment and that of the context.
pub type Asked = (usize, usize, String, String);

/// What is seen, and what is allowed.
pub type Seen = (bool, BTreeSet<String>);

/// Everything that was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What each subject sees and may do.
    pub each: BTreeMap<Asked, Seen>,
    /// Lists of resources, by subject and what is asked; of subjects, by resource and what is asked.
    pub lists: BTreeMap<Asked, Vec<String>>,
}

/// One policy with one world.
pub struct Side {
    pub policy: Policy,
    /// The lines of the world that fit.
    pub lines: Vec<String>,
    world: World,
}

/// What is asked of both sides.
pub struct Ask {
    pub nows: Vec<&'static str>,
    /// Whether lists are asked for too.
    pub lists: bool,
    pub names: BTreeSet<String>,
}

impl Ask {
    /// Everything about all entities that some line names, and an unknown one of each type.
    pub fn about<'l>(plan: &Plan, lines: impl IntoIterator<Item = &'l String>) -> Self {
        let mut names: BTreeSet<String> = lines.into_iter().flat_map(|line| named(line)).collect();
        names.extend(plan.type_names().map(|ty| format!("{ty}:ghost")));
        Self {
            nows: NOWS.to_vec(),
            lists: false,
            names,
        }
    }

    pub fn with_lists(mut self) -> Self {
        self.lists = true;
        self
    }

    pub fn at(mut self, now: &'static str) -> Self {
        self.nows = vec![now];
        self
    }
}

/// The entities that a line of a world names.
pub fn named(line: &str) -> Vec<String> {
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let is_entity = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.split_once(':').is_some_and(|(_, id)| !id.is_empty())
    };
    words.filter(is_entity).map(str::to_owned).collect()
}

/// Compiles; nothing where it does not.
pub fn compiled(policy: &[String]) -> Option<Policy> {
    ward::compile(&Sources::new().with("law.policy", policy.join("\n"))).ok()
}

impl Side {
    /// Nothing where the policy does not compile. Facts that do not fit are left out.
    pub fn new(texts: &Texts) -> Option<Self> {
        let policy = compiled(&texts.policy)?;
        Some(Self::of(policy, &texts.world))
    }

    pub fn of(policy: Policy, world: &[String]) -> Self {
        let mut builder = WorldBuilder::new(Arc::clone(policy.plan()));
        let read = |line: &String| {
            let facts = ward::load::world_text("law.world", line).expect("a fact");
            let defines = facts
                .iter()
                .any(|fact| matches!(fact.kind, FactKind::CustomRole { .. }));
            (line.clone(), facts, defines)
        };
        let mut all: Vec<_> = world.iter().map(read).collect();
        all.sort_by_key(|(_, _, defines)| !defines);
        let (mut lines, mut kept) = (Vec::new(), Vec::new());
        for (line, facts, _) in all {
            if facts.iter().all(|fact| builder.add(fact).is_ok()) {
                lines.push(line);
                kept.extend(facts);
            }
        }
        Self {
            world: World::build(Arc::clone(policy.plan()), kept).expect("what fits"),
            policy,
            lines,
        }
    }

    /// Answers everything.
    pub fn answers(&self, ask: &Ask) -> Answers {
        let mut answers = Answers::default();
        let plan = self.policy.plan();
        let subjects: BTreeSet<&str> = plan.subject_names().collect();
        let names: Vec<EntityName> = ask.names.iter().map(|name| name.parse().unwrap()).collect();
        let known = |name: &&EntityName| plan.type_names().any(|ty| ty == name.type_name);
        let names: Vec<&EntityName> = names.iter().filter(known).collect();
        for (now, moment) in ask.nows.iter().enumerate() {
            let ward = Evaluator::new(&self.world, ward::parse_datetime(moment).unwrap());
            for (number, context) in self.contexts().iter().enumerate() {
                let at = |a: &EntityName, b: &str| (now, number, a.to_string(), b.to_owned());
                for subject in names
                    .iter()
                    .filter(|name| subjects.contains(&*name.type_name))
                {
                    for resource in &names {
                        let found = ward.actions(subject, resource, context).unwrap();
                        let actions = found.actions.into_iter().collect();
                        let key = at(subject, &resource.to_string());
                        answers.each.insert(key, (found.sees, actions));
                    }
                    if ask.lists {
                        self.list(&ward, subject, context, &at, &mut answers);
                    }
                }
                for resource in names.iter().filter(|_| ask.lists) {
                    self.list_who(&ward, resource, context, &at, &mut answers);
                }
            }
        }
        answers
    }

    fn list(
        &self,
        ward: &Evaluator<'_>,
        subject: &EntityName,
        context: &Context,
        at: &impl Fn(&EntityName, &str) -> Asked,
        answers: &mut Answers,
    ) {
        let words = |names: Vec<EntityName>| names.iter().map(ToString::to_string).collect();
        for ty in self.policy.plan().type_names() {
            let found = ward.visible(subject, ty, context).unwrap();
            answers.lists.insert(at(subject, ty), words(found));
        }
        for (action, types) in self.actions() {
            for ty in types {
                let found = ward.allowed(subject, &action, &ty, context).unwrap();
                let what = format!("{action} of {ty}");
                answers.lists.insert(at(subject, &what), words(found));
            }
        }
    }

    fn list_who(
        &self,
        ward: &Evaluator<'_>,
        resource: &EntityName,
        context: &Context,
        at: &impl Fn(&EntityName, &str) -> Asked,
        answers: &mut Answers,
    ) {
        let words = |who: ward::Who| {
            let mut words: Vec<String> = who.subjects.iter().map(ToString::to_string).collect();
            words.extend(who.anyone.then(|| "anyone".to_owned()));
            words
        };
        let found = ward.who_sees(resource, context).unwrap();
        answers.lists.insert(at(resource, "seen by"), words(found));
        for (action, types) in self.actions() {
            if types.contains(&resource.type_name) {
                let found = ward.who(&action, resource, context).unwrap();
                answers.lists.insert(at(resource, &action), words(found));
            }
        }
    }

    /// Each action with the types that it is asked of.
    fn actions(&self) -> Vec<(String, Vec<String>)> {
        let plan = self.policy.plan();
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for ty in plan.type_names() {
            for action in plan.actions_of(ty) {
                all.entry(action).or_default().push(ty.to_owned());
            }
        }
        all.into_iter().collect()
    }

    /// One without anything, and one with all that the policy takes, by whatever names.
    fn contexts(&self) -> [Context; 2] {
        let texts = self.policy.sources().iter();
        let text: String = texts.map(|(_, source)| source.text()).collect();
        let declared = |name: &str| {
            text.contains(&format!("{name}: ")) || text.contains(&format!("{name}?: "))
        };
        let mut full = Vec::new();
        for rename in [str::to_owned, other_names as fn(&str) -> String] {
            let user = rename("User:u0").parse().unwrap();
            let all = [
                ("flag", Value::Bool(true)),
                ("num", Value::Int(1)),
                ("who", Value::Entity(user)),
                ("mfa", Value::Bool(true)),
                ("lim", Value::Int(1)),
            ];
            let all = all.into_iter().map(|(name, value)| (rename(name), value));
            full.extend(all.filter(|(name, _)| declared(name)));
        }
        [Context::default(), Context::from_iter(full)]
    }
}
