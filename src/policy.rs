//! A compiled policy.

use std::sync::Arc;

use crate::graph::DecisionGraph;
use crate::plan::Plan;
use crate::source::Sources;
use crate::syntax::ast::PolicyFile;

/// A compiled policy: its plan, its decision graph, and the tests that its files hold.
#[derive(Debug)]
pub struct Policy {
    pub(crate) sources: Sources,
    pub(crate) files: Vec<PolicyFile>,
    plan: Arc<Plan>,
    graph: DecisionGraph,
}

impl Policy {
    pub(crate) fn new(
        sources: Sources,
        files: Vec<PolicyFile>,
        plan: Arc<Plan>,
        graph: DecisionGraph,
    ) -> Self {
        Self {
            sources,
            files,
            plan,
            graph,
        }
    }

    /// What the evaluator runs.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What it was lowered from.
    pub fn graph(&self) -> &DecisionGraph {
        &self.graph
    }

    /// The files that it was compiled from.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}
