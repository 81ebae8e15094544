//! Tests as questions that can be asked again: of the same facts, under another plan.

use std::sync::Arc;

use super::{OneClaim, Step, TEST_TIME, claims, name, tell};
use crate::eval::{Context, Evaluator, Outcome};
use crate::literal::EntityName;
use crate::load;
use crate::plan::{EntityId, Plan};
use crate::policy::Policy;
use crate::syntax::ast::{self, Expectation};
use crate::world::{Fact, World, WorldBuilder};

/// What a test asks at one point of its story.
#[derive(Clone)]
pub(crate) enum Scene {
    /// Questions of one world.
    Asked(Box<World>, Vec<Question>),
    /// Facts that should be refused.
    Tried(Box<WorldBuilder>, Vec<Fact>),
}

/// One claim, without what it expects.
#[derive(Clone)]
pub(crate) struct Question {
    subject: EntityName,
    asked: Asked,
    context: Context,
    now: i64,
}

#[derive(Clone)]
enum Asked {
    Action(String, EntityName),
    Sight(EntityName),
    List(String),
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Outcome(Outcome),
    Seen(Vec<EntityId>),
    Taken(bool),
    /// The question cannot be asked.
    None,
}

/// The scenes of a test.
pub(crate) fn scenes(policy: &Policy, blank: &WorldBuilder, test: &ast::Test) -> Vec<Scene> {
    let mut scenes = Vec::new();
    tell(policy, blank, test, &mut |step| match step {
        Step::Wrong(_) => {}
        Step::Tried { builder, facts, .. } => {
            let facts = facts.iter().map(|fact| load::fact(&policy.sources, fact));
            let facts: Vec<Fact> = facts.filter_map(Result::ok).collect();
            scenes.push(Scene::Tried(Box::new(builder.clone()), facts));
        }
        Step::Asked {
            expectation,
            world,
            changed,
        } => match scenes.last_mut() {
            Some(Scene::Asked(_, questions)) if !changed => {
                questions.extend(questions_of(expectation));
            }
            _ => {
                let questions = questions_of(expectation);
                scenes.push(Scene::Asked(Box::new(world.clone()), questions));
            }
        },
    });
    scenes
}

fn questions_of(expectation: &Expectation) -> Vec<Question> {
    let context = load::values(&expectation.context).unwrap_or_default();
    let context = Context::from_iter(context);
    let questions = claims(expectation).into_iter().map(|claim| Question {
        subject: name(&expectation.subject),
        asked: match claim {
            OneClaim::List { type_name, .. } => Asked::List(type_name.to_owned()),
            OneClaim::Check {
                resource,
                action: Some(action),
                ..
            } => Asked::Action(super::action_name(action), name(resource)),
            OneClaim::Check { resource, .. } => Asked::Sight(name(resource)),
        },
        context: context.clone(),
        now: expectation.at.map_or(TEST_TIME, |moment| moment.millis),
    });
    questions.collect()
}

impl Scene {
    /// Answers every question, under a plan with the same types, roles and levels.
    pub(crate) fn answers(&mut self, plan: &Arc<Plan>) -> Vec<Answer> {
        match self {
            Self::Asked(world, questions) => {
                world.set_plan(plan);
                let answers = questions.iter().map(|question| question.answer(world));
                answers.collect()
            }
            Self::Tried(builder, facts) => {
                builder.set_plan(plan);
                let taken = facts.iter().any(|fact| builder.clone().add(fact).is_ok());
                vec![Answer::Taken(taken)]
            }
        }
    }
}

impl Question {
    fn answer(&self, world: &World) -> Answer {
        let ward = Evaluator::new(world, self.now);
        let Self {
            subject, context, ..
        } = self;
        let answer = match &self.asked {
            Asked::Action(action, resource) => ward
                .check(subject, action, resource, context)
                .map(|decision| Answer::Outcome(decision.outcome)),
            Asked::Sight(resource) => ward
                .seen(subject, &resource.type_name, Some(resource), context)
                .map(Answer::Seen),
            Asked::List(of) => ward.seen(subject, of, None, context).map(Answer::Seen),
        };
        answer.unwrap_or(Answer::None)
    }
}
