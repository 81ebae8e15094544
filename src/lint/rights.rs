//! What a role may do at most, conditions left out of account, and what taking an action does to
//! who may do what.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::Direction;
use petgraph::visit::EdgeRef;

use super::Subject;
use super::subject::RuleView;
use crate::check::Effect;
use crate::graph::{DecisionGraph, Edge, NodeKind};
use crate::plan::{
    ActionId, ActionMasks, AlsoStep, LaneId, Node, NodeId, Plan, RoleId, Table, TypeId,
};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

/// Rights of roles, by type and action.
#[derive(Default)]
pub(crate) struct Rights {
    /// What marks say of actions: what taking one does.
    pub(crate) effects: BTreeMap<ActionId, Vec<Effect>>,
    /// The actions that should be in few hands.
    pub(crate) dangerous: BTreeSet<ActionId>,
    /// The roles that are meant to be able to do everything where they are held: by their mark, or
    /// because the configuration lists them.
    administrative: BTreeSet<RoleId>,
    /// Those, and the ones whose names say so where nobody has listed any.
    named_administrative: BTreeSet<RoleId>,
    /// What each role gives by itself, with what it includes, its ceiling left out of account.
    own: Table<RoleId, ActionMasks>,
    /// What a holder of each role may do at most.
    most: Table<RoleId, ActionMasks>,
    /// The roles that a holder of each role can assign, and by what.
    assigns: Table<RoleId, Vec<(ActionId, RoleId)>>,
    /// What a holder of each role surely holds besides, on what encloses its place.
    above: Table<RoleId, Vec<RoleId>>,
    /// For each type those that it may stand in, to any depth.
    enclosing: Table<TypeId, BTreeSet<TypeId>>,
    /// What rules give to everybody.
    everybody: ActionMasks,
}

/// Reads marks off the graph and adds up what roles give.
pub(super) fn rights(subject: &Subject<'_>, graph: &DecisionGraph) -> Rights {
    let mut rights = Rights::default();
    rights.marks(subject, graph);
    if !rights.effects.is_empty() {
        rights.add_up(subject);
    }
    rights
}

impl Rights {
    fn marks(&mut self, subject: &Subject<'_>, graph: &DecisionGraph) {
        let schema = &subject.schema;
        for (role, info) in schema.roles.iter() {
            let node = graph.graph.node_weight(graph.roles[role]);
            let marked = node.is_some_and(|node| node.marks.contains(&"administrative"));
            if marked || subject.config.lists_administrative(&info.name) {
                self.administrative.insert(role);
            }
            if marked || subject.config.is_administrative(&info.name) {
                self.named_administrative.insert(role);
            }
        }
        let roles: HashMap<_, _> = graph.roles.iter().map(|(id, node)| (*node, id)).collect();
        let levels: HashMap<_, _> = graph.levels.iter().map(|(id, node)| (*node, id)).collect();
        let types: HashMap<_, _> = graph.types.iter().map(|(id, node)| (*node, id)).collect();
        let names: HashMap<String, ActionId> = schema
            .actions
            .ids()
            .map(|id| (schema.action_name(id), id))
            .collect();
        for index in graph.graph.node_indices() {
            let Some(node) = graph.graph.node_weight(index) else {
                continue;
            };
            let action = match node.kind {
                NodeKind::Action => names.get(&node.label),
                _ => None,
            };
            let Some(action) = action.copied() else {
                continue;
            };
            if node.marks.contains(&"dangerous") {
                self.dangerous.insert(action);
            }
            for edge in graph.graph.edges_directed(index, Direction::Outgoing) {
                let to = edge.target();
                let effect = match edge.weight() {
                    Edge::Assigns => roles.get(&to).copied().map(Effect::Assigns),
                    Edge::Revokes => roles.get(&to).copied().map(Effect::Revokes),
                    Edge::Shares => levels.get(&to).copied().map(Effect::Shares),
                    Edge::Edits(name) => {
                        let of = types.get(&to).copied();
                        of.map(|of| Effect::Edits(of, name.clone()))
                    }
                    _ => None,
                };
                if let Some(effect) = effect {
                    self.effects.entry(action).or_default().push(effect);
                }
            }
        }
        for effects in self.effects.values_mut() {
            effects.reverse(); // edges come latest first
        }
    }

    fn add_up(&mut self, subject: &Subject<'_>) {
        let plan = subject.plan;
        let ids = || plan.types.ids();
        self.enclosing = ids().map(|of| enclosing(plan, of)).collect();
        let mut given: Table<RoleId, ActionMasks> =
            plan.roles.ids().map(|_| ActionMasks::default()).collect();
        for (role, declared) in plan.roles.iter() {
            for grant in &declared.grants {
                given[role].extend(&one(grant.lane, grant.mask));
            }
        }
        for rule in plan.types.rows().iter().flat_map(|ty| &ty.permits) {
            let masks = one(rule.lane, rule.mask);
            match rule.condition {
                None if rule.subjects.is_empty() => self.everybody.extend(&masks),
                None => {}
                Some(condition) => {
                    for role in required(plan, plan.conditions[condition].root) {
                        given[role].extend(&masks);
                    }
                }
            }
        }
        let holders = self.also(plan);
        self.above = plan.roles.ids().map(|role| above(subject, role)).collect();
        self.own = plan
            .roles
            .ids()
            .map(|role| sum(&given, &subject.included[role]))
            .collect();
        let reached: Table<RoleId, ActionMasks> = plan
            .roles
            .ids()
            .map(|role| {
                let all = closure(role, |at| {
                    let included = subject.included[at].iter();
                    included.chain(&holders[at]).copied().collect()
                });
                let masks = sum(&given, &all);
                match &plan.roles[role].ceiling {
                    Some((ceiling, _)) => masks.intersection(ceiling),
                    None => masks,
                }
            })
            .collect();
        self.most = plan
            .roles
            .ids()
            .map(|role| {
                let mut masks = reached[role].clone();
                for other in &self.above[role] {
                    masks.extend(&reached[*other]);
                }
                masks.extend(&self.everybody);
                masks
            })
            .collect();
        let rights = self.most.rows().iter();
        self.assigns = rights.map(|most| self.assigned(plan, most)).collect();
    }

    /// The actions of a set that do something to who may do what.
    pub(crate) fn acting(
        &self,
        plan: &Plan,
        masks: &ActionMasks,
    ) -> Vec<(&ActionId, &Vec<Effect>)> {
        let actions = missing(plan, masks, &ActionMasks::default());
        let actions = actions.iter();
        let acting = actions.filter_map(|action| self.effects.get_key_value(action));
        acting.collect()
    }

    /// What a role with these rights can assign.
    fn assigned(&self, plan: &Plan, most: &ActionMasks) -> Vec<(ActionId, RoleId)> {
        let taken = self.acting(plan, most).into_iter();
        let assigned = taken.flat_map(|(action, effects)| {
            effects.iter().filter_map(|effect| match effect {
                Effect::Assigns(other) => Some((*action, *other)),
                _ => None,
            })
        });
        assigned.collect()
    }

    /// For each role those that its holders get by an `also` of theirs.
    fn also(&self, plan: &Plan) -> Table<RoleId, Vec<RoleId>> {
        let mut got: Table<RoleId, Vec<RoleId>> = plan.roles.ids().map(|_| Vec::new()).collect();
        for (role, declared) in plan.roles.iter() {
            for step in declared.also.iter().flat_map(|also| &also.steps) {
                match step {
                    AlsoStep::Own(of) | AlsoStep::Enclosing(of) => got[*of].push(role),
                    AlsoStep::Linked(_, roles) => {
                        for of in roles {
                            got[*of].push(role);
                        }
                    }
                    AlsoStep::Subject(_) | AlsoStep::And | AlsoStep::Except => {}
                }
            }
        }
        got
    }

    /// Whether a role is meant to be able to do everything where it is held, as somebody has said.
    pub(crate) fn is_administrative(&self, role: RoleId) -> bool {
        self.administrative.contains(&role)
    }

    /// Whether a role is that, or has a name like `Admin`: enough to let it have everything, and not
    /// enough to let it give everything away.
    pub(crate) fn sounds_administrative(&self, role: RoleId) -> bool {
        self.named_administrative.contains(&role)
    }

    /// Whether an entity of `of` may stand in one of `other`.
    pub(crate) fn stands_in(&self, of: TypeId, other: TypeId) -> bool {
        self.enclosing[of].contains(&other)
    }

    /// The outermost types that an entity of a type may stand in.
    pub(crate) fn outermost(&self, plan: &Plan, of: TypeId) -> Vec<TypeId> {
        let all = self.enclosing[of].iter().copied();
        all.filter(|other| {
            let mut containers = plan.types[*other].containers.iter();
            containers.all(|(container, _)| container == other)
        })
        .collect()
    }

    /// Whether a role has an action to take, and not only because it includes a role about which
    /// the same is told.
    pub(crate) fn takes(&self, subject: &Subject<'_>, role: RoleId, action: ActionId) -> bool {
        if !has(subject.plan, &self.most[role], action) {
            return false;
        }
        let included = subject.included[role].iter().skip(1);
        let others = included.filter(|other| has(subject.plan, &self.own[**other], action));
        let mut others = others.peekable();
        if others.peek().is_none() {
            return has(subject.plan, &self.own[role], action);
        }
        let clauses = subject.roles[role].iter();
        let mut grants = clauses.flat_map(|clause| &clause.grants);
        grants.any(|grant| grant.action == action)
            || others.all(|other| self.is_administrative(*other))
    }

    /// The effects that a role can have: the action, and what taking it does.
    pub(crate) fn effects_of<'s>(
        &'s self,
        subject: &'s Subject<'_>,
        role: RoleId,
    ) -> impl Iterator<Item = (ActionId, &'s Effect)> {
        let all = self
            .most
            .find(role)
            .map(|most| self.acting(subject.plan, most));
        let all = all.into_iter().flatten();
        let taken = all.filter(move |(action, _)| self.takes(subject, role, **action));
        taken.flat_map(|(action, effects)| effects.iter().map(|effect| (*action, effect)))
    }

    /// The roles that a role can assign, however it has the action.
    pub(crate) fn assigned_by(&self, role: RoleId) -> &[(ActionId, RoleId)] {
        self.assigns.find(role).map_or(&[], Vec::as_slice)
    }

    /// What holders of `other` may do, and those of `role` may not: by type and action. On a type
    /// that encloses that of `role` it has only what it holds there.
    pub(crate) fn beyond(&self, plan: &Plan, role: RoleId, other: RoleId) -> Vec<ActionId> {
        let (on, outer) = (plan.roles[role].on, plan.roles[other].on);
        if on == outer || !self.stands_in(on, outer) {
            return missing(plan, &self.most[other], &self.most[role]);
        }
        let mut masks = self.everybody.clone();
        for held in &self.above[role] {
            let place = plan.roles[*held].on;
            if place == outer || self.stands_in(outer, place) {
                masks.extend(&self.most[*held]);
            }
        }
        missing(plan, &self.most[other], &masks)
    }

    /// What a set has, and rules do not give to everybody.
    pub(crate) fn not_for_everybody(&self, plan: &Plan, set: &ActionMasks) -> Vec<ActionId> {
        missing(plan, set, &self.everybody)
    }

    /// Whether everybody would gain by an action, if everybody could take it.
    pub(crate) fn gives_on(&self, plan: &Plan, action: ActionId) -> bool {
        let mut effects = self.effects.get(&action).into_iter().flatten();
        effects.any(|effect| match effect {
            Effect::Assigns(_) => true,
            Effect::Shares(level) => {
                let masks = &plan.levels[*level].masks;
                !self.not_for_everybody(plan, masks).is_empty()
            }
            Effect::Revokes(_) | Effect::Edits(..) => false,
        })
    }

    /// What a set has, and holders of a role may not do.
    pub(crate) fn not_had(&self, plan: &Plan, role: RoleId, set: &ActionMasks) -> Vec<ActionId> {
        missing(plan, set, &self.most[role])
    }
}

impl RuleView<'_> {
    /// Whether it gives to everybody, or to everybody of some types.
    pub(crate) fn is_open_permit(&self) -> bool {
        self.kind == RuleKind::Permit && self.decl.conditions.is_empty()
    }
}

impl Subject<'_> {
    /// Where an action is given to a role by its own clauses; else its name.
    pub(crate) fn gives_at(&self, role: RoleId, action: ActionId) -> Span {
        let mut clauses = self.roles[role].iter();
        let given =
            |grants: &[super::subject::Grant]| grants.iter().any(|grant| grant.action == action);
        let clause = clauses.find(|clause| given(&clause.grants));
        clause.map_or_else(|| self.role_span(role), |clause| clause.span)
    }

    /// Where the name of an action is declared.
    pub(crate) fn action_span(&self, action: ActionId) -> Span {
        self.schema.actions[action].decl.name.span
    }
}

fn one(lane: LaneId, mask: u64) -> ActionMasks {
    ActionMasks {
        lanes: vec![(lane, mask)],
    }
}

fn sum(given: &Table<RoleId, ActionMasks>, roles: &[RoleId]) -> ActionMasks {
    let mut masks = ActionMasks::default();
    for role in roles {
        masks.extend(&given[*role]);
    }
    masks
}

/// Whether a set has an action, asked of any type.
fn has(plan: &Plan, masks: &ActionMasks, action: ActionId) -> bool {
    plan.actions[action].asked_of.iter().any(|(of, _)| {
        let bit = plan.bit(action, *of);
        bit.is_some_and(|(lane, bit)| masks.mask(lane) & bit != 0)
    })
}

/// The actions of one set that another does not have.
pub(crate) fn missing(plan: &Plan, set: &ActionMasks, other: &ActionMasks) -> Vec<ActionId> {
    let mut actions = Vec::new();
    for (lane, mask) in &set.lanes {
        let rest = mask & !other.mask(*lane);
        for (bit, action) in plan.lanes[*lane].actions.iter().enumerate() {
            if rest >> bit & 1 != 0 {
                actions.push(*action);
            }
        }
    }
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// A thing with all that is reached from it.
fn closure<T: Copy + PartialEq>(from: T, next: impl Fn(T) -> Vec<T>) -> Vec<T> {
    let mut all = vec![from];
    let mut at = 0;
    while let Some(here) = all.get(at).copied() {
        at += 1;
        for other in next(here) {
            if !all.contains(&other) {
                all.push(other);
            }
        }
    }
    all
}

/// The roles that holders of a role surely hold on what encloses its place.
fn above(subject: &Subject<'_>, role: RoleId) -> Vec<RoleId> {
    let requires = |at: RoleId| subject.plan.roles[at].guard.requires.clone();
    let mut all = closure(role, requires);
    all.remove(0);
    all
}

fn enclosing(plan: &Plan, of: TypeId) -> BTreeSet<TypeId> {
    let containers = |at: TypeId| {
        let containers = plan.types[at].containers.iter();
        containers.map(|(container, _)| *container).collect()
    };
    closure(of, containers).into_iter().collect()
}

/// The roles that whoever fulfils a condition holds.
fn required(plan: &Plan, node: NodeId) -> Vec<RoleId> {
    match plan.nodes[node] {
        Node::Holds(role) => vec![role],
        Node::And(parts) => {
            let parts = parts.of(&plan.operands).iter();
            parts.flat_map(|part| required(plan, *part)).collect()
        }
        _ => Vec::new(),
    }
}
