//! From the graph to the flat plan: slots and lanes for actions, masks for sets, and what each role
//! has with all that it includes.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef};

use super::{DecisionGraph, Edge};
use crate::check::{Arena, Program, RuleMeaning};
use crate::plan::{
    Action, ActionId, ActionRule, Clause, ClauseId, ConditionId, Field, Grant, LANE_WIDTH, Lane,
    LaneId, Level, PLAN_VERSION, Plan, Relation, Role, RoleId, Sight, SightRule, Table, Type,
    TypeId,
};
use crate::source::{Sources, Span, one_line};
use crate::syntax::ast::RuleKind;

struct Lowerer<'g, 'p, 'a> {
    graph: &'g DecisionGraph,
    program: &'p Program<'a>,
    sources: &'p Sources,
    plan: Plan,
    /// The clause of each node that can decide.
    clauses: BTreeMap<NodeIndex, ClauseId>,
    /// The type of each node that is one.
    types: BTreeMap<NodeIndex, TypeId>,
}

/// Lowers a graph to the plan that the evaluator runs.
pub(crate) fn lower(graph: &DecisionGraph, program: &Program<'_>, sources: &Sources) -> Plan {
    let mut lowerer = Lowerer {
        graph,
        program,
        sources,
        plan: Plan {
            version: PLAN_VERSION,
            types: Table::default(),
            actions: Table::default(),
            lanes: Table::default(),
            roles: Table::default(),
            levels: Table::default(),
            relations: Table::default(),
            context: program.context.clone(),
            conditions: Table::default(),
            nodes: Table::default(),
            operands: Vec::new(),
            columns: Vec::new(),
            constants: Table::default(),
            clauses: Table::default(),
        },
        clauses: BTreeMap::new(),
        types: graph.types.iter().map(|(id, node)| (*node, id)).collect(),
    };
    lowerer.types();
    lowerer.levels();
    lowerer.roles();
    lowerer.rules();
    let Arena {
        conditions,
        nodes,
        operands,
        columns,
        constants,
    } = &program.arena;
    let mut plan = lowerer.plan;
    plan.conditions = conditions.rows().iter().cloned().collect();
    plan.nodes = nodes.rows().iter().copied().collect();
    plan.operands = operands.clone();
    plan.columns = columns.clone();
    plan.constants = constants.rows().iter().cloned().collect();
    plan
}

impl Lowerer<'_, '_, '_> {
    fn types(&mut self) {
        let schema = &self.program.schema;
        for (id, info) in schema.types.iter() {
            let first_lane = LaneId(u32::try_from(self.plan.lanes.len()).unwrap_or(u32::MAX));
            for actions in info.asked.chunks(LANE_WIDTH) {
                self.plan.lanes.push(Lane {
                    of: id,
                    actions: actions.to_vec(),
                });
            }
            let lane_count = info.asked.len().div_ceil(LANE_WIDTH);
            let attributes: Vec<Field> = self.program.attributes[id].clone();
            self.plan.types.push(Type {
                name: info.name.clone(),
                kind: info.kind,
                members: info.members.clone(),
                containers: info.containers.clone(),
                attributes,
                relations: info.relations.clone(),
                actions: info.asked.clone(),
                first_lane,
                lane_count: u32::try_from(lane_count).unwrap_or(u32::MAX),
                roles: info.roles.clone(),
                shares: info
                    .shares
                    .iter()
                    .map(|share| (share.with, share.levels.clone()))
                    .collect(),
                permits: Vec::new(),
                forbids: Vec::new(),
                reveals: Vec::new(),
                hides: Vec::new(),
            });
        }
        for info in schema.actions.rows() {
            self.plan.actions.push(Action {
                name: info.name.clone(),
                owner: info.owner,
                asked_of: Vec::new(),
            });
        }
        for (id, info) in schema.types.iter() {
            for (slot, action) in (0u32..).zip(&info.asked) {
                self.plan.actions[*action].asked_of.push((id, slot));
            }
        }
        for info in schema.relations.rows() {
            self.plan.relations.push(Relation {
                name: info.name.clone(),
                of: info.of,
                targets: info.targets.clone(),
            });
        }
    }

    fn new_clause(&mut self, span: Span, role: Option<String>) -> ClauseId {
        let (file, position) = self.sources.locate(span);
        self.plan.clauses.push(Clause {
            text: one_line(self.sources.text(span)),
            file: file.to_owned(),
            line: position.line,
            column: position.column,
            role,
            id: None,
            reason: None,
        })
    }

    /// The clause of a node, made at the first asking: a role that is included by many has one.
    fn clause(&mut self, node: NodeIndex, owner: RoleId) -> ClauseId {
        if let Some(clause) = self.clauses.get(&node) {
            return *clause;
        }
        let role = &self.program.schema.roles[owner];
        let name = format!(
            "{} of {}",
            role.name,
            self.program.schema.type_name(role.on)
        );
        let span = self
            .graph
            .graph
            .node_weight(node)
            .and_then(|node| node.span);
        let clause = self.new_clause(span.unwrap_or(role.decl.span), Some(name));
        self.clauses.insert(node, clause);
        clause
    }

    /// The nodes that a node reaches by `includes`, itself among them.
    fn included(&self, start: NodeIndex) -> Vec<NodeIndex> {
        let includes = EdgeFiltered::from_fn(
            &self.graph.graph,
            |edge: petgraph::graph::EdgeReference<'_, Edge>| {
                matches!(edge.weight(), Edge::Includes)
            },
        );
        let mut walk = Dfs::new(&includes, start);
        let mut found = Vec::new();
        while let Some(node) = walk.next(&includes) {
            found.push(node);
        }
        found
    }

    /// The masks of a set of actions asked of one type: one for each lane and condition.
    fn masks(
        &self,
        of: TypeId,
        actions: &[(ActionId, Option<ConditionId>)],
    ) -> BTreeMap<(LaneId, Option<ConditionId>), u64> {
        let mut masks = BTreeMap::new();
        for (action, condition) in actions {
            if let Some((lane, bit)) = self.plan.bit(*action, of) {
                *masks.entry((lane, *condition)).or_insert(0) |= bit;
            }
        }
        masks
    }

    fn levels(&mut self) {
        for (id, node) in self.graph.levels.iter() {
            let mut masks: BTreeMap<LaneId, u64> = BTreeMap::new();
            for included in self.included(*node) {
                for edge in self.graph.graph.edges(included) {
                    let (Edge::Gives(actions), Some(of)) =
                        (edge.weight(), self.types.get(&edge.target()))
                    else {
                        continue;
                    };
                    for ((lane, _), mask) in self.masks(*of, actions) {
                        *masks.entry(lane).or_insert(0) |= mask;
                    }
                }
            }
            let info = &self.program.schema.levels[id];
            let clause = self.new_clause(self.program.levels[id].span, None);
            self.plan.levels.push(Level {
                name: info.name.clone(),
                masks: masks.into_iter().collect(),
                clause,
            });
        }
    }

    fn roles(&mut self) {
        let by_node: BTreeMap<NodeIndex, RoleId> = self
            .graph
            .roles
            .iter()
            .map(|(id, node)| (*node, id))
            .collect();
        for (id, node) in self.graph.roles.iter() {
            let included = self.included(*node);
            let mut implies: Vec<RoleId> = included
                .iter()
                .filter_map(|node| by_node.get(node).copied())
                .collect();
            implies.sort_unstable();
            let (mut sights, mut grants) = (Vec::new(), Vec::new());
            for owner in &implies {
                self.role_clauses(*owner, &mut sights, &mut grants);
            }
            sights.sort_by_key(|sight: &Sight| (sight.of, sight.condition.is_some(), sight.clause));
            grants
                .sort_by_key(|grant: &Grant| (grant.lane, grant.condition.is_some(), grant.clause));
            let info = &self.program.schema.roles[id];
            self.plan.roles.push(Role {
                name: info.name.clone(),
                on: info.on,
                implies,
                sights,
                grants,
            });
        }
    }

    /// What one role says itself.
    fn role_clauses(&mut self, owner: RoleId, sights: &mut Vec<Sight>, grants: &mut Vec<Grant>) {
        let graph = &self.graph.graph;
        let clauses: Vec<(NodeIndex, &Edge)> = graph
            .edges_directed(self.graph.roles[owner], Direction::Outgoing)
            .filter(|edge| matches!(edge.weight(), Edge::Sees { .. } | Edge::Can))
            .map(|edge| (edge.target(), edge.weight()))
            .collect();
        for (node, kind) in clauses {
            let clause = self.clause(node, owner);
            for edge in graph.edges(node) {
                let Some(of) = self.types.get(&edge.target()).copied() else {
                    continue;
                };
                match (kind, edge.weight()) {
                    (Edge::Sees { this }, Edge::Shows(condition)) => sights.push(Sight {
                        of,
                        this: *this,
                        condition: *condition,
                        clause,
                    }),
                    (Edge::Can, Edge::Gives(actions)) => {
                        for ((lane, condition), mask) in self.masks(of, actions) {
                            grants.push(Grant {
                                lane,
                                mask,
                                condition,
                                clause,
                            });
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn rules(&mut self) {
        for (node, meaning) in self.graph.rules.iter().zip(&self.program.rules) {
            let clause = self.rule_clause(meaning);
            // Edges come newest first; the order of the policy is the other way round.
            let mut edges: Vec<_> = self.graph.graph.edges(*node).collect();
            edges.reverse();
            for edge in edges {
                let Some(of) = self.types.get(&edge.target()).copied() else {
                    continue;
                };
                let subjects = meaning.subjects.clone();
                match edge.weight() {
                    Edge::Shows(condition) => {
                        let rule = SightRule {
                            subjects,
                            condition: *condition,
                            clause,
                        };
                        let ty = &mut self.plan.types[of];
                        match meaning.kind {
                            RuleKind::Reveal => ty.reveals.push(rule),
                            _ => ty.hides.push(rule),
                        }
                    }
                    Edge::Gives(actions) => {
                        for ((lane, condition), mask) in self.masks(of, actions) {
                            let rule = ActionRule {
                                lane,
                                mask,
                                subjects: subjects.clone(),
                                condition,
                                clause,
                            };
                            let ty = &mut self.plan.types[of];
                            match meaning.kind {
                                RuleKind::Permit => ty.permits.push(rule),
                                _ => ty.forbids.push(rule),
                            }
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn rule_clause(&mut self, meaning: &RuleMeaning) -> ClauseId {
        let id = self.new_clause(meaning.span, None);
        let clause = &mut self.plan.clauses[id];
        clause.id = meaning.id.clone();
        clause.reason = meaning.reason.clone();
        id
    }
}
