//! From a checked policy to its graph.

use petgraph::graph::{DiGraph, NodeIndex};

use super::{DecisionGraph, Edge, Node, NodeKind};
use crate::check::{ActionGrant, Program, TypeGrant};
use crate::plan::{ActionId, ConditionId, Table, TypeId};
use crate::source::{Sources, Span, one_line};
use crate::syntax::ast::RuleKind;

struct Builder<'p, 'a> {
    program: &'p Program<'a>,
    sources: &'p Sources,
    graph: DiGraph<Node, Edge>,
    types: Table<TypeId, NodeIndex>,
    actions: Table<ActionId, NodeIndex>,
    conditions: std::collections::HashMap<ConditionId, NodeIndex, rustc_hash::FxBuildHasher>,
}

/// Builds the graph of a checked policy.
pub(crate) fn build(program: &Program<'_>, sources: &Sources) -> DecisionGraph {
    let mut builder = Builder {
        program,
        sources,
        graph: DiGraph::new(),
        types: Table::default(),
        actions: Table::default(),
        conditions: std::collections::HashMap::default(),
    };
    builder.types();
    builder.permissions();
    let roles = builder.roles();
    let levels = builder.levels();
    let rules = builder.rules();
    DecisionGraph {
        graph: builder.graph,
        types: builder.types,
        roles,
        levels,
        rules,
    }
}

impl Builder<'_, '_> {
    fn node(&mut self, kind: NodeKind, label: impl Into<String>, span: Option<Span>) -> NodeIndex {
        self.graph.add_node(Node {
            kind,
            label: label.into(),
            span,
        })
    }

    fn text(&self, span: Span) -> String {
        one_line(self.sources.text(span))
    }

    fn types(&mut self) {
        let schema = &self.program.schema;
        for ty in schema.types.rows() {
            let node = self.node(NodeKind::Type(ty.kind), ty.name.as_str(), Some(ty.span));
            self.types.push(node);
        }
        for (id, ty) in schema.types.iter() {
            let from = self.types[id];
            for (container, cardinality) in &ty.containers {
                self.graph
                    .add_edge(from, self.types[*container], Edge::In(*cardinality));
            }
            for member in &ty.members {
                self.graph
                    .add_edge(self.types[*member], from, Edge::MemberOf);
            }
        }
        for (id, action) in schema.actions.iter() {
            let node = self.node(NodeKind::Action, schema.action_name(id), None);
            self.actions.push(node);
            for of in &action.asked_of {
                self.graph.add_edge(node, self.types[*of], Edge::AskedOf);
            }
        }
    }

    fn permissions(&mut self) {
        for group in self.program.permissions.groups.rows() {
            let node = self.node(NodeKind::Permissions, group.path.as_str(), Some(group.span));
            for action in &group.actions {
                self.graph.add_edge(node, self.actions[*action], Edge::Has);
            }
        }
    }

    fn condition(&mut self, from: NodeIndex, condition: Option<ConditionId>) {
        let Some(condition) = condition else {
            return;
        };
        let node = match self.conditions.get(&condition) {
            Some(node) => *node,
            None => {
                let text = self.program.arena.conditions[condition].text.as_str();
                let node = self.node(NodeKind::Condition, text, None);
                self.conditions.insert(condition, node);
                node
            }
        };
        if self.graph.find_edge(from, node).is_none() {
            self.graph.add_edge(from, node, Edge::When);
        }
    }

    fn shows(&mut self, from: NodeIndex, types: &[TypeGrant]) {
        for grant in types {
            self.graph
                .add_edge(from, self.types[grant.of], Edge::Shows(grant.condition));
            self.condition(from, grant.condition);
        }
    }

    fn gives(&mut self, from: NodeIndex, actions: &[ActionGrant]) {
        let mut sorted: Vec<&ActionGrant> = actions.iter().collect();
        sorted.sort_by_key(|grant| (grant.of, grant.action));
        for of_one_type in sorted.chunk_by(|a, b| a.of == b.of) {
            let Some(first) = of_one_type.first() else {
                continue;
            };
            let given = of_one_type
                .iter()
                .map(|grant| (grant.action, grant.condition));
            self.graph
                .add_edge(from, self.types[first.of], Edge::Gives(given.collect()));
            for grant in of_one_type {
                self.condition(from, grant.condition);
            }
        }
    }

    fn roles(&mut self) -> Table<crate::plan::RoleId, NodeIndex> {
        let schema = &self.program.schema;
        let nodes: Table<_, _> = schema
            .roles
            .rows()
            .iter()
            .map(|role| {
                let node = self.node(
                    NodeKind::Role,
                    role.name.as_str(),
                    Some(role.decl.name.span),
                );
                self.graph.add_edge(node, self.types[role.on], Edge::HeldOn);
                node
            })
            .collect();
        for (id, meaning) in self.program.roles.iter() {
            let role = nodes[id];
            for included in &schema.roles[id].includes {
                self.graph.add_edge(role, nodes[*included], Edge::Includes);
            }
            for clause in &meaning.sees {
                let node = self.node(NodeKind::Sight, self.text(clause.span), Some(clause.span));
                self.graph
                    .add_edge(role, node, Edge::Sees { this: clause.this });
                self.shows(node, &clause.types);
            }
            for clause in &meaning.can {
                let text = self.text(clause.span);
                let node = self.node(NodeKind::Capability, text, Some(clause.span));
                self.graph.add_edge(role, node, Edge::Can);
                self.gives(node, &clause.actions);
            }
        }
        nodes
    }

    fn levels(&mut self) -> Table<crate::plan::LevelId, NodeIndex> {
        let schema = &self.program.schema;
        let nodes: Table<_, _> = schema
            .levels
            .rows()
            .iter()
            .map(|level| {
                let node = self.node(
                    NodeKind::Level,
                    level.name.as_str(),
                    Some(level.decl.name.span),
                );
                self.graph
                    .add_edge(self.types[level.of], node, Edge::SharedAt);
                self.graph
                    .add_edge(node, self.types[level.with], Edge::With);
                node
            })
            .collect();
        for (id, meaning) in self.program.levels.iter() {
            for included in &schema.levels[id].includes {
                self.graph
                    .add_edge(nodes[id], nodes[*included], Edge::Includes);
            }
            let actions: Vec<ActionGrant> = meaning
                .actions
                .iter()
                .map(|(of, action)| ActionGrant {
                    of: *of,
                    action: *action,
                    condition: None,
                })
                .collect();
            self.gives(nodes[id], &actions);
        }
        nodes
    }

    fn rules(&mut self) -> Vec<NodeIndex> {
        let rules = self.program.rules.iter();
        rules
            .map(|rule| {
                let label = match &rule.id {
                    Some(id) => id.clone(),
                    None => self.text(rule.span),
                };
                let node = self.node(NodeKind::Rule(rule.kind), label, Some(rule.span));
                for subject in &rule.subjects {
                    self.graph.add_edge(node, self.types[*subject], Edge::To);
                }
                match rule.kind {
                    RuleKind::Permit | RuleKind::Forbid => self.gives(node, &rule.actions),
                    RuleKind::Reveal | RuleKind::Hide => self.shows(node, &rule.types),
                }
                node
            })
            .collect()
    }
}
