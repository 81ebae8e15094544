//! Takes facts, checks each against the policy, and makes worlds of them.

use std::sync::Arc;

use super::World;
use super::fact::Fact;
use super::fit;
use super::refusal::Refusal;
use super::stage::Stage;
use crate::plan::Plan;

/// Collects facts that fit a policy. The order in which they come changes nothing, but for which
/// of two that exclude each other is refused.
#[derive(Clone, Debug)]
pub struct WorldBuilder {
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Only added to so far, which is quick.
    Loading(Box<Stage>),
    /// Something was taken away.
    Changing(Box<World>),
}

impl WorldBuilder {
    /// A world of this policy without facts.
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            state: State::Loading(Box::new(Stage::new(plan))),
        }
    }

    /// Checks what comes against another plan, which has the same types, roles, levels and names.
    #[cfg(feature = "compiler")]
    pub(crate) fn set_plan(&mut self, plan: &Arc<Plan>) {
        match &mut self.state {
            State::Loading(stage) => stage.plan = Arc::clone(plan),
            State::Changing(world) => world.set_plan(plan),
        }
    }

    /// Adds a fact. What was stated before may be stated again; of two ends the later counts.
    ///
    /// # Errors
    ///
    /// The reason why the fact does not fit the policy or the facts before it. Then nothing of it
    /// was taken.
    pub fn add(&mut self, fact: &Fact) -> Result<(), Refusal> {
        match &mut self.state {
            State::Loading(stage) => {
                fit::add(&mut **stage, &fact.into()).map_err(|reason| Refusal::new(fact, reason))
            }
            State::Changing(world) => world.add(fact),
        }
    }

    /// Takes a fact away. An entity alone goes with every fact that names it.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be: it does not fit the policy, or was never stated.
    pub fn remove(&mut self, fact: &Fact) -> Result<(), Refusal> {
        if let State::Loading(_) = &self.state {
            self.state = State::Changing(Box::new(self.world()));
        }
        match &mut self.state {
            State::Changing(world) => world.remove(fact),
            State::Loading(_) => Ok(()),
        }
    }

    /// The world that the facts so far make.
    pub fn world(&self) -> World {
        match &self.state {
            State::Loading(stage) => stage.clone().freeze(),
            State::Changing(world) => (**world).clone(),
        }
    }

    /// The world that all facts make.
    pub fn into_world(self) -> World {
        match self.state {
            State::Loading(stage) => stage.freeze(),
            State::Changing(world) => *world,
        }
    }
}
