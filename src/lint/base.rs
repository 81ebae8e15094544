//! The policy as it was at a revision, matched with the policy as it is: by names.

use std::collections::{HashMap, HashSet};

use super::shape::{Shaper, Shapes};
use crate::plan::{
    ActionId, ActionMasks, ConditionId, Id, LaneId, NodeId, Plan, RoleId, Table, TypeId,
};

/// An earlier state of a policy. Ids are those of the policy as it is, unless `then` says otherwise.
pub(crate) struct Base<'a> {
    pub(crate) then: &'a Plan,
    now: &'a Plan,
    types: Matched<TypeId>,
    actions: Matched<ActionId>,
    roles: Matched<RoleId>,
    /// What the conditions say, in numbers that both plans share.
    shapes_then: Shapes,
    shapes_now: Shapes,
}

/// Ids of one plan and of the other, where both have a thing of this name.
struct Matched<I> {
    now: Table<I, Option<I>>,
    then: Table<I, Option<I>>,
}

impl<I: Id> Matched<I> {
    fn new(now: Vec<String>, then: Vec<String>) -> Self {
        let find = |of: &[String], among: &[String]| -> Table<I, Option<I>> {
            let ids = among.iter().enumerate();
            let ids: HashMap<&str, I> = ids
                .map(|(index, name)| (name.as_str(), I::from_index(index)))
                .collect();
            of.iter()
                .map(|name| ids.get(name.as_str()).copied())
                .collect()
        };
        Self {
            then: find(&then, &now),
            now: find(&now, &then),
        }
    }

    /// The one that there is now.
    fn is(&self, then: I) -> Option<I> {
        self.then.find(then).copied().flatten()
    }

    /// The one that there was.
    fn was(&self, now: I) -> Option<I> {
        self.now.find(now).copied().flatten()
    }
}

fn role_names(plan: &Plan) -> Vec<String> {
    let roles = plan.roles.rows().iter();
    let named = roles.map(|role| format!("{}.{}", plan.types[role.on].name, role.name));
    named.collect()
}

fn action_names(plan: &Plan) -> Vec<String> {
    plan.actions.ids().map(|id| plan.action_name(id)).collect()
}

impl<'a> Base<'a> {
    pub(super) fn new(now: &'a Plan, then: &'a Plan) -> Self {
        let names = |plan: &Plan| plan.type_names().map(str::to_owned).collect();
        let types = Matched::new(names(now), names(then));
        let mut shaper = Shaper::default();
        let known: HashSet<&str> = then.type_names().collect();
        let shared: HashSet<&str> = now.type_names().filter(|of| known.contains(of)).collect();
        let both = |of: &str| shared.contains(of);
        let shapes_now = shaper.shapes(now, &both);
        let shapes_then = shaper.shapes(then, &both);
        Self {
            then,
            now,
            types,
            actions: Matched::new(action_names(now), action_names(then)),
            roles: Matched::new(role_names(now), role_names(then)),
            shapes_then,
            shapes_now,
        }
    }

    /// What a type was, by its id then.
    pub(crate) fn type_then(&self, now: TypeId) -> Option<TypeId> {
        self.types.was(now)
    }

    pub(crate) fn type_now(&self, then: TypeId) -> Option<TypeId> {
        self.types.is(then)
    }

    pub(crate) fn role_then(&self, now: RoleId) -> Option<RoleId> {
        self.roles.was(now)
    }

    pub(crate) fn role_now(&self, then: RoleId) -> Option<RoleId> {
        self.roles.is(then)
    }

    /// The actions of a mask of then that there still are, by the type that they are asked of.
    pub(crate) fn actions_now(&self, lane: LaneId, mask: u64) -> Vec<(TypeId, ActionId)> {
        let actions = actions_of(self.then, lane, mask).into_iter();
        let still =
            actions.filter_map(|(of, action)| Some((self.types.is(of)?, self.actions.is(action)?)));
        still.collect()
    }

    /// The same of several lanes.
    pub(crate) fn set_now(&self, masks: &ActionMasks) -> Vec<(TypeId, ActionId)> {
        let lanes = masks.lanes.iter();
        let mut all: Vec<_> = lanes
            .flat_map(|(lane, mask)| self.actions_now(*lane, *mask))
            .collect();
        all.sort_unstable();
        all
    }

    /// A condition of the policy as it is.
    pub(crate) fn now(&self, condition: Option<ConditionId>) -> Holds<'_> {
        Holds::new(self.now, &self.shapes_now, condition)
    }

    /// A condition of the policy as it was.
    pub(crate) fn then(&self, condition: Option<ConditionId>) -> Holds<'_> {
        Holds::new(self.then, &self.shapes_then, condition)
    }
}

/// The actions of a mask, each with the type that it is asked of.
pub(crate) fn actions_of(plan: &Plan, lane: LaneId, mask: u64) -> Vec<(TypeId, ActionId)> {
    let lane = &plan.lanes[lane];
    let actions = lane.actions.iter().enumerate();
    let taken = actions.filter(|(bit, _)| mask >> bit & 1 != 0);
    taken.map(|(_, action)| (lane.of, *action)).collect()
}

/// The same of several lanes.
pub(crate) fn set_of(plan: &Plan, masks: &ActionMasks) -> Vec<(TypeId, ActionId)> {
    let lanes = masks.lanes.iter();
    let all = lanes.flat_map(|(lane, mask)| actions_of(plan, *lane, *mask));
    all.collect()
}

/// When a clause applies: always, or under a condition of one of the two plans.
#[derive(Clone, Copy)]
pub(crate) struct Holds<'p> {
    plan: &'p Plan,
    shapes: &'p Shapes,
    condition: Option<(ConditionId, NodeId)>,
}

impl<'p> Holds<'p> {
    fn new(plan: &'p Plan, shapes: &'p Shapes, condition: Option<ConditionId>) -> Self {
        Self {
            plan,
            shapes,
            condition: condition.map(|id| (id, plan.conditions[id].root)),
        }
    }

    pub(crate) fn is_always(&self) -> bool {
        self.condition.is_none()
    }

    /// Its text, where it is a condition.
    pub(crate) fn text(&self) -> Option<&'p str> {
        let (id, _) = self.condition?;
        Some(&self.plan.conditions[id].text)
    }

    /// Whether a clause that gives something gives no more under this than under the other: wherever
    /// this one is true, the other one is.
    pub(crate) fn gives_no_more_than(self, other: Self) -> bool {
        self.entails(other, Mode::True)
    }

    /// Whether a clause that takes away takes no more under this than under the other: wherever this
    /// one is true or cannot be read, the other one is so too.
    pub(crate) fn takes_no_more_than(self, other: Self) -> bool {
        self.entails(other, Mode::NotFalse)
    }

    fn entails(self, other: Self, mode: Mode) -> bool {
        match (self.condition, other.condition) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some((_, a)), Some((_, b))) => {
                let mut entailment = Entailment { steps: STEPS };
                entailment.holds(self.at(a), other.at(b), mode)
            }
        }
    }

    fn at(self, node: NodeId) -> At<'p> {
        At {
            plan: self.plan,
            shapes: self.shapes,
            node,
        }
    }
}

#[derive(Clone, Copy)]
struct At<'p> {
    plan: &'p Plan,
    shapes: &'p Shapes,
    node: NodeId,
}

impl<'p> At<'p> {
    fn shape(self) -> u32 {
        self.shapes.node(self.node)
    }

    fn form(self) -> Form<'p> {
        use crate::plan::Node;
        match self.plan.nodes[self.node] {
            Node::And(parts) => Form::And(parts.of(&self.plan.operands)),
            Node::Or(parts) => Form::Or(parts.of(&self.plan.operands)),
            Node::Not(inner) => Form::Not(inner),
            _ => Form::Other,
        }
    }

    fn to(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    fn shapes_of(self, parts: &'p [NodeId]) -> impl Iterator<Item = u32> {
        parts.iter().map(move |part| self.shapes.node(*part))
    }
}

enum Form<'p> {
    And(&'p [NodeId]),
    Or(&'p [NodeId]),
    Not(NodeId),
    Other,
}

/// What a condition must come to. One that cannot be read is neither true nor false: it gives nothing,
/// and it takes away.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    True,
    NotFalse,
}

/// How many pairs of parts are looked at; beyond, two conditions cannot be compared.
const STEPS: u32 = 10_000;

/// Whether one condition follows from another, as far as `&&`, `||` and `!` tell. Parts are read from
/// left to right and one that errs ends it, so that an early part says more than a late one.
struct Entailment {
    steps: u32,
}

impl Entailment {
    fn holds(&mut self, a: At<'_>, b: At<'_>, mode: Mode) -> bool {
        let Some(left) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = left;
        a.shape() == b.shape() || self.by_premise(a, b, mode) || self.by_conclusion(a, b, mode)
    }

    fn by_premise(&mut self, a: At<'_>, b: At<'_>, mode: Mode) -> bool {
        match a.form() {
            // All its parts are true. If it is only not false, its first part is so, and a part
            // behind it perhaps was not reached.
            Form::And(parts) => {
                let sure = if mode == Mode::True { parts.len() } else { 1 };
                let mut sure = parts.iter().take(sure);
                sure.any(|part| self.holds(a.to(*part), b, mode))
            }
            Form::Or(parts) => parts.iter().all(|part| self.holds(a.to(*part), b, mode)),
            Form::Not(inner) => match b.form() {
                Form::Not(other) => {
                    let turned = match mode {
                        Mode::True => Mode::NotFalse,
                        Mode::NotFalse => Mode::True,
                    };
                    self.holds(b.to(other), a.to(inner), turned)
                }
                _ => false,
            },
            Form::Other => false,
        }
    }

    fn by_conclusion(&mut self, a: At<'_>, b: At<'_>, mode: Mode) -> bool {
        match b.form() {
            Form::And(parts) => {
                parts.iter().all(|part| self.holds(a, b.to(*part), mode)) || {
                    let longer =
                        matches!(a.form(), Form::And(all) if starts_with(a, all, b, parts));
                    longer && mode == Mode::NotFalse
                }
            }
            // A part behind the first is reached only where none before it errs.
            Form::Or(parts) => {
                let sure = if mode == Mode::True { 1 } else { parts.len() };
                let mut sure = parts.iter().take(sure);
                sure.any(|part| self.holds(a, b.to(*part), mode))
                    || matches!(a.form(), Form::Or(all) if starts_with(b, parts, a, all))
            }
            Form::Not(_) | Form::Other => false,
        }
    }
}

/// Whether the parts of one begin with those of another.
fn starts_with(long: At<'_>, parts: &[NodeId], short: At<'_>, first: &[NodeId]) -> bool {
    let mut begin = long.shapes_of(parts);
    parts.len() >= first.len()
        && short
            .shapes_of(first)
            .all(|part| begin.next() == Some(part))
}
