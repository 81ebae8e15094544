//! From a checked policy to its graph.

use petgraph::graph::{DiGraph, NodeIndex};

use super::{DecisionGraph, Edge, Node, NodeKind};
use crate::check::{ActionGrant, Effect, LevelMeaning, Program, RoleMeaning, TypeGrant};
use crate::plan::{ActionId, ConditionId, LevelId, RoleId, Table, TypeId, ValueType};
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
    builder.effects(&roles, &levels);
    let custom_roles = builder.powers();
    DecisionGraph {
        graph: builder.graph,
        types: builder.types,
        roles,
        levels,
        rules,
        custom_roles,
    }
}

impl Builder<'_, '_> {
    fn node(&mut self, kind: NodeKind, label: impl Into<String>, span: Option<Span>) -> NodeIndex {
        self.graph.add_node(Node {
            kind,
            marks: Vec::new(),
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
            let span = Some(action.decl.name.span);
            let node = self.node(NodeKind::Action, schema.action_name(id), span);
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
            self.holders(role, meaning, &nodes);
        }
        nodes
    }

    /// What actions do, and what roles and actions are marked as.
    fn effects(&mut self, roles: &Table<RoleId, NodeIndex>, levels: &Table<LevelId, NodeIndex>) {
        for (id, meaning) in self.program.actions.iter() {
            let action = self.actions[id];
            if meaning.dangerous {
                self.mark(action, "dangerous");
            }
            for effect in &meaning.effects {
                let (to, edge) = match effect {
                    Effect::Assigns(role) => (roles[*role], Edge::Assigns),
                    Effect::Revokes(role) => (roles[*role], Edge::Revokes),
                    Effect::Shares(level) => (levels[*level], Edge::Shares),
                    Effect::Edits(ty, name) => (self.types[*ty], Edge::Edits(name.clone())),
                };
                self.graph.add_edge(action, to, edge);
            }
        }
        for (id, meaning) in self.program.roles.iter() {
            if meaning.administrative {
                self.mark(roles[id], "administrative");
            }
        }
    }

    fn mark(&mut self, node: NodeIndex, mark: &'static str) {
        if let Some(node) = self.graph.node_weight_mut(node) {
            node.marks.push(mark);
        }
    }

    /// Who holds a role, and its ceiling.
    fn holders(
        &mut self,
        role: NodeIndex,
        meaning: &RoleMeaning,
        nodes: &Table<RoleId, NodeIndex>,
    ) {
        if let Some(ceiling) = &meaning.ceiling {
            let node = self.set(NodeKind::Ceiling, ceiling);
            self.graph.add_edge(role, node, Edge::AtMost);
        }
        for also in &meaning.also {
            let node = self.node(NodeKind::Also, self.text(also.span), Some(also.span));
            self.graph.add_edge(role, node, Edge::Also);
            for (of, except) in also.roles() {
                self.graph
                    .add_edge(node, nodes[of], Edge::HoldersOf { except });
            }
        }
        for required in &meaning.guard.requires {
            self.graph.add_edge(role, nodes[*required], Edge::Requires);
        }
        for holder in &meaning.guard.holders {
            self.graph.add_edge(role, self.types[*holder], Edge::For);
        }
    }

    /// A node that gives a set of actions without conditions.
    fn set(&mut self, kind: NodeKind, set: &LevelMeaning) -> NodeIndex {
        let node = self.node(kind, self.text(set.span), Some(set.span));
        self.gives_all(node, set);
        node
    }

    fn gives_all(&mut self, node: NodeIndex, set: &LevelMeaning) {
        let actions: Vec<ActionGrant> = set
            .actions
            .iter()
            .map(|(of, action)| ActionGrant {
                of: *of,
                action: *action,
                condition: None,
            })
            .collect();
        self.gives(node, &actions);
    }

    /// What types say beside their roles and shares.
    fn powers(&mut self) -> Vec<(TypeId, NodeIndex)> {
        let mut custom_roles = Vec::new();
        for (id, meaning) in self.program.types.iter() {
            let ty = self.types[id];
            if let Some(action) = meaning.visible_by {
                self.graph
                    .add_edge(ty, self.actions[action], Edge::VisibleBy);
            }
            for of in &meaning.overrides {
                self.graph.add_edge(ty, self.types[*of], Edge::Overrides);
            }
            if let Some(set) = &meaning.custom_roles {
                let node = self.set(NodeKind::CustomRoles, set);
                self.graph.add_edge(ty, node, Edge::CustomRoles);
                custom_roles.push((id, node));
            }
            let info = &self.program.schema.types[id];
            let owner = info
                .acts_for
                .and_then(|(column, _)| info.attributes.get(column));
            if let Some(ValueType::Entity(owners)) = owner.map(|owner| &owner.ty) {
                for owner in owners {
                    self.graph.add_edge(ty, self.types[*owner], Edge::ActsFor);
                }
            }
            if let Some(within) = meaning.within {
                self.graph.add_edge(ty, self.types[within], Edge::Within);
            }
        }
        custom_roles
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
            self.gives_all(nodes[id], meaning);
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
