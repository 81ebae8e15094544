//! From the graph to the flat plan: slots and lanes for actions, masks for sets, and what each role
//! has with all that it includes.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::{Dfs, EdgeFiltered, EdgeRef};

use super::{DecisionGraph, Edge};
use crate::check::{Arena, Program, RuleMeaning};
use crate::plan::{
    Action, ActionId, ActionMasks, ActionRule, ActsFor, Also, Clause, ClauseId, ConditionId,
    CustomRoles, Facets, Field, Fingerprint, Grant, LANE_WIDTH, Lane, LaneId, Level, PLAN_VERSION,
    Permission, Plan, Relation, Role, RoleId, Sight, SightRule, Table, Type, TypeId, ValueType,
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
            permissions: Vec::new(),
            facets: Facets::default(),
            fingerprint: Fingerprint::default(),
        },
        clauses: BTreeMap::new(),
        types: graph.types.iter().map(|(id, node)| (*node, id)).collect(),
    };
    lowerer.types();
    lowerer.levels();
    lowerer.roles();
    lowerer.rules();
    lowerer.powers();
    lowerer.permissions();
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
    plan.index();
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
                visible_by: None,
                overrides: 0,
                overridden: 0,
                custom_roles: None,
                acts_for: None,
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

    /// What nodes give without conditions, together.
    fn action_masks(&self, nodes: impl IntoIterator<Item = NodeIndex>) -> ActionMasks {
        let mut masks: BTreeMap<LaneId, u64> = BTreeMap::new();
        for node in nodes {
            for edge in self.graph.graph.edges(node) {
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
        ActionMasks {
            lanes: masks.into_iter().collect(),
        }
    }

    fn levels(&mut self) {
        for (id, node) in self.graph.levels.iter() {
            let masks = self.action_masks(self.included(*node));
            let info = &self.program.schema.levels[id];
            let clause = self.new_clause(self.program.levels[id].span, None);
            self.plan.levels.push(Level {
                name: info.name.clone(),
                masks,
                clause,
            });
        }
    }

    fn roles(&mut self) {
        for id in self.graph.roles.ids() {
            let (implies, guarded) = self.implied(id);
            let (mut sights, mut grants) = (Vec::new(), Vec::new());
            for owner in &implies {
                self.role_clauses(*owner, &mut sights, &mut grants);
            }
            sights.sort_by_key(|sight: &Sight| (sight.of, sight.condition.is_some(), sight.clause));
            grants
                .sort_by_key(|grant: &Grant| (grant.lane, grant.condition.is_some(), grant.clause));
            let mut own_first = implies.clone();
            own_first.sort_by_key(|role| *role != id);
            let ceiling = self.ceiling(&own_first);
            let also = self.also(id);
            let info = &self.program.schema.roles[id];
            let meaning = &self.program.roles[id];
            self.plan.roles.push(Role {
                name: info.name.clone(),
                on: info.on,
                implies,
                guarded,
                guard: meaning.guard.clone(),
                also,
                stratum: meaning.stratum,
                ceiling,
                sights,
                grants,
            });
        }
    }

    /// The roles that a holder surely has with a role, and those of the included ones that have a
    /// guard of their own.
    fn implied(&self, start: RoleId) -> (Vec<RoleId>, Vec<RoleId>) {
        let (mut implies, mut guarded) = (vec![start], Vec::new());
        let mut next = 0;
        while let Some(role) = implies.get(next).copied() {
            next += 1;
            for included in &self.program.schema.roles[role].includes {
                let is_guarded = !self.program.roles[*included].guard.is_empty();
                let into = if is_guarded {
                    &mut guarded
                } else {
                    &mut implies
                };
                if !into.contains(included) {
                    into.push(*included);
                }
            }
        }
        implies.sort_unstable();
        guarded.sort_unstable();
        (implies, guarded)
    }

    /// The union of the ceilings of roles, if any has one, with the first clause that says so.
    fn ceiling(&mut self, roles: &[RoleId]) -> Option<(ActionMasks, ClauseId)> {
        let mut ceiling: Option<(ActionMasks, ClauseId)> = None;
        for role in roles {
            let edges = self.graph.graph.edges(self.graph.roles[*role]);
            let nodes = edges.filter(|edge| matches!(edge.weight(), Edge::AtMost));
            let nodes: Vec<NodeIndex> = nodes.map(|edge| edge.target()).collect();
            for node in nodes {
                let masks = self.action_masks([node]);
                match &mut ceiling {
                    Some((union, _)) => union.extend(&masks),
                    None => ceiling = Some((masks, self.clause(node, *role))),
                }
            }
        }
        ceiling
    }

    fn also(&mut self, role: RoleId) -> Vec<Also> {
        let meanings = &self.program.roles[role].also;
        let info = &self.program.schema.roles[role];
        let mut clauses: BTreeMap<Span, ClauseId> = BTreeMap::new();
        let mut all = Vec::with_capacity(meanings.len());
        for also in meanings {
            let clause = match clauses.get(&also.span) {
                Some(clause) => *clause,
                None => {
                    let on = self.program.schema.type_name(info.on);
                    let name = format!("{} of {on}", info.name);
                    let clause = self.new_clause(also.span, Some(name));
                    clauses.insert(also.span, clause);
                    clause
                }
            };
            all.push(Also {
                steps: also.steps.clone(),
                clause,
            });
        }
        all
    }

    /// What types say beside their roles and shares.
    fn powers(&mut self) {
        let mut bits: BTreeMap<TypeId, u64> = BTreeMap::new();
        for (id, meaning) in self.program.types.iter() {
            for of in &meaning.overrides {
                // The checker keeps their number within a word.
                let next = u32::try_from(bits.len()).unwrap_or(u32::MAX);
                let bit = *bits
                    .entry(*of)
                    .or_insert(1_u64.checked_shl(next).unwrap_or(0));
                self.plan.types[id].overrides |= bit;
                self.plan.types[*of].overridden = bit;
            }
            let visible_by = meaning
                .visible_by
                .and_then(|action| self.plan.bit(action, id));
            self.plan.types[id].visible_by = visible_by;
            let column = self.program.schema.types[id].acts_for;
            let column = column.and_then(|(column, _)| u32::try_from(column).ok());
            self.plan.types[id].acts_for = column.map(|owner| ActsFor {
                owner,
                within: meaning.within,
                at_most: meaning.at_most,
            });
        }
        for (ty, node) in &self.graph.custom_roles {
            let masks = self.action_masks([*node]);
            let meaning = &self.program.types[*ty].custom_roles;
            let span = meaning.as_ref().map(|meaning| meaning.span);
            let span = span.unwrap_or(self.program.schema.types[*ty].span);
            let clause = self.new_clause(span, None);
            self.plan.types[*ty].custom_roles = Some(CustomRoles { masks, clause });
        }
    }

    /// The names that custom roles and credentials may use, where there are any.
    fn permissions(&mut self) {
        let types = self.plan.types.rows();
        let limited = |ty: &Type| {
            ty.custom_roles.is_some()
                || ty
                    .attributes
                    .iter()
                    .any(|field| field.ty == ValueType::Permissions)
        };
        if !types.iter().any(limited) {
            return;
        }
        let schema = &self.program.schema;
        let masks = |actions: &[ActionId]| {
            let mut masks = ActionMasks { lanes: Vec::new() };
            for action in actions {
                let asked = schema.actions[*action].asked_of.iter();
                let mut lanes: Vec<(LaneId, u64)> =
                    asked.filter_map(|of| self.plan.bit(*action, *of)).collect();
                lanes.sort_unstable();
                masks.extend(&ActionMasks { lanes });
            }
            masks
        };
        let actions = schema.actions.ids().map(|action| Permission {
            name: schema.action_name(action),
            masks: masks(&[action]),
        });
        let groups = self.program.permissions.groups.rows().iter();
        let groups = groups.map(|group| Permission {
            name: group.path.clone(),
            masks: masks(&group.actions),
        });
        let mut permissions: Vec<Permission> = actions.chain(groups).collect();
        permissions.sort_by(|a, b| a.name.cmp(&b.name));
        // A type and a group cannot have one name and one action: the type is meant.
        permissions.dedup_by(|a, b| a.name == b.name);
        self.plan.permissions = permissions;
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
