//! What a condition comes to without looking at any fact, where that can be said.

use std::collections::BTreeMap;

use super::shape::Shapes;
use crate::plan::{Comparison, Node, NodeId, NodeRange, Plan, TypeId, Value};

/// What a condition is asked about.
pub(crate) struct Asked<'s> {
    pub(crate) plan: &'s Plan,
    pub(crate) shapes: &'s Shapes,
    pub(crate) resource: TypeId,
    pub(crate) principals: &'s [TypeId],
}

/// True or false, where a node is that for all facts and requests. Errors are left out of account:
/// `resource.size == resource.size` is true.
pub(crate) fn truth(asked: &Asked<'_>, node: NodeId) -> Option<bool> {
    match asked.plan.nodes[node] {
        Node::Constant(id) => match &asked.plan.constants[id].value {
            Value::Bool(value) => Some(*value),
            _ => None,
        },
        Node::Not(a) => truth(asked, a).map(|value| !value),
        Node::And(range) => {
            // One that is false makes it false, wherever it stands.
            let parts = range.of(&asked.plan.operands);
            let values: Vec<Option<bool>> = parts.iter().map(|part| truth(asked, *part)).collect();
            if values.contains(&Some(false)) || contradicts(asked, range, false) {
                return Some(false);
            }
            values
                .iter()
                .all(|value| *value == Some(true))
                .then_some(true)
        }
        Node::Or(range) => {
            let parts = range.of(&asked.plan.operands);
            let values: Vec<Option<bool>> = parts.iter().map(|part| truth(asked, *part)).collect();
            if values.contains(&Some(true)) || contradicts(asked, range, true) {
                return Some(true);
            }
            values
                .iter()
                .all(|value| *value == Some(false))
                .then_some(false)
        }
        Node::If(condition, a, b) => match truth(asked, condition) {
            Some(true) => truth(asked, a),
            Some(false) => truth(asked, b),
            None => truth(asked, a).filter(|value| truth(asked, b) == Some(*value)),
        },
        Node::Compare(comparison, a, b) => compare(asked, comparison, a, b),
        Node::IsType(base, range) => {
            let types = range.of(&asked.plan.columns);
            let has = |ty: &TypeId| types.iter().any(|(of, _)| of == ty);
            let possible = match asked.plan.nodes[base] {
                Node::Resource => std::slice::from_ref(&asked.resource),
                Node::Principal => asked.principals,
                _ => return None,
            };
            let count = possible.iter().filter(|ty| has(ty)).count();
            match count {
                0 => Some(false),
                all if all == possible.len() => Some(true),
                _ => None,
            }
        }
        Node::HasAttribute(_, range) => {
            let columns = range.of(&asked.plan.columns);
            let has_default = |(of, column): &(TypeId, u32)| {
                let attributes = &asked.plan.types[*of].attributes;
                let field = attributes.get(*column as usize);
                field.is_some_and(|field| field.default.is_some())
            };
            (!columns.is_empty() && columns.iter().all(has_default)).then_some(true)
        }
        Node::HasContext(part) => {
            let field = asked.plan.context.get(part as usize)?;
            field.default.is_some().then_some(true)
        }
        Node::InSet(_, set) => is_empty(asked, set).then_some(false),
        Node::ContainsAny(a, b) => (is_empty(asked, a) || is_empty(asked, b)).then_some(false),
        Node::ContainsAll(a, b) => {
            let same = asked.shapes.node(a) == asked.shapes.node(b);
            (is_empty(asked, b) || same).then_some(true)
        }
        Node::IsEmpty(set) => match constant(asked, set)? {
            Value::Set(values) => Some(values.is_empty()),
            _ => None,
        },
        Node::InEntity(a, b) => (asked.shapes.node(a) == asked.shapes.node(b)).then_some(true),
        Node::Like(_, pattern) => match &asked.plan.constants[pattern].value {
            Value::String(text) if !text.is_empty() && text.chars().all(|c| c == '*') => Some(true),
            _ => None,
        },
        _ => None,
    }
}

fn constant<'s>(asked: &Asked<'s>, node: NodeId) -> Option<&'s Value> {
    match asked.plan.nodes[node] {
        Node::Constant(id) => Some(&asked.plan.constants[id].value),
        _ => None,
    }
}

fn is_empty(asked: &Asked<'_>, node: NodeId) -> bool {
    matches!(constant(asked, node), Some(Value::Set(values)) if values.is_empty())
}

/// What can be put in order, as a number.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) | Value::Decimal(n) | Value::Datetime(n) | Value::Duration(n) => Some(*n),
        _ => None,
    }
}

fn compare(asked: &Asked<'_>, comparison: Comparison, a: NodeId, b: NodeId) -> Option<bool> {
    let equal = if asked.shapes.node(a) == asked.shapes.node(b) {
        std::cmp::Ordering::Equal
    } else {
        let (a, b) = (constant(asked, a)?, constant(asked, b)?);
        match (number(a), number(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => match comparison {
                Comparison::Equal => return Some(a == b),
                Comparison::NotEqual => return Some(a != b),
                _ => return None,
            },
        }
    };
    Some(match comparison {
        Comparison::Equal => equal.is_eq(),
        Comparison::NotEqual => equal.is_ne(),
        Comparison::Less => equal.is_lt(),
        Comparison::LessEqual => equal.is_le(),
        Comparison::Greater => equal.is_gt(),
        Comparison::GreaterEqual => equal.is_ge(),
    })
}

/// What the parts of an `&&` leave of one thing: between which numbers, and equal to what.
#[derive(Default)]
struct Left<'s> {
    equal: Option<&'s Value>,
    unequal: Vec<&'s Value>,
    at_least: Option<i64>,
    at_most: Option<i64>,
}

/// Whether the parts of an `&&` cannot all be true, or those of an `||` (`negated`) not all false.
fn contradicts(asked: &Asked<'_>, range: NodeRange, negated: bool) -> bool {
    let parts = range.of(&asked.plan.operands);
    let shape = |node: &NodeId| asked.shapes.node(*node);
    let shapes: Vec<u32> = parts.iter().map(shape).collect();
    let mut left: BTreeMap<u32, Left<'_>> = BTreeMap::new();
    for part in parts {
        let (mut node, mut negated) = (*part, negated);
        while let Node::Not(inner) = asked.plan.nodes[node] {
            if shapes.contains(&asked.shapes.node(inner)) {
                return true;
            }
            (node, negated) = (inner, !negated);
        }
        let Node::Compare(comparison, a, b) = asked.plan.nodes[node] else {
            continue;
        };
        let (thing, value, comparison) = match (constant(asked, a), constant(asked, b)) {
            (None, Some(value)) => (a, value, comparison),
            (Some(value), None) => (b, value, turned(comparison)),
            _ => continue,
        };
        let comparison = if negated {
            opposite(comparison)
        } else {
            comparison
        };
        let left = left.entry(asked.shapes.node(thing)).or_default();
        if left.excludes(comparison, value) {
            return true;
        }
    }
    false
}

impl<'s> Left<'s> {
    /// Takes in a comparison; whether nothing is left.
    fn excludes(&mut self, comparison: Comparison, value: &'s Value) -> bool {
        let bound = number(value);
        let (low, high) = match comparison {
            Comparison::Equal => {
                let other = self.equal.is_some_and(|before| before != value);
                if other || self.unequal.contains(&value) {
                    return true;
                }
                self.equal = Some(value);
                (bound, bound)
            }
            Comparison::NotEqual => {
                if self.equal == Some(value) {
                    return true;
                }
                self.unequal.push(value);
                (None, None)
            }
            Comparison::Less => (None, bound.and_then(|n| n.checked_sub(1))),
            Comparison::LessEqual => (None, bound),
            Comparison::Greater => (bound.and_then(|n| n.checked_add(1)), None),
            Comparison::GreaterEqual => (bound, None),
        };
        self.at_least = self.at_least.max(low);
        self.at_most = match (self.at_most, high) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        matches!((self.at_least, self.at_most), (Some(low), Some(high)) if low > high)
    }
}

/// The same with its sides changed.
fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessEqual => Comparison::GreaterEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterEqual => Comparison::LessEqual,
        same => same,
    }
}

/// What is true where it is false.
fn opposite(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::GreaterEqual,
        Comparison::LessEqual => Comparison::Greater,
        Comparison::Greater => Comparison::LessEqual,
        Comparison::GreaterEqual => Comparison::Less,
    }
}
