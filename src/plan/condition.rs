//! Conditions as nodes in one flat table.
//!
//! A node's operands stand before it, so a condition is a tree by its form and cannot loop.

use serde::{Deserialize, Serialize};

use super::ids::{ConstantId, NodeId, RelationId, RoleId, TypeId};
use super::value::{Value, ValueType};

/// A condition: where it begins to be read, and its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// The node that gives its answer.
    pub root: NodeId,
    /// Its text on one line, shortened where it is long.
    pub text: String,
}

/// A constant with its type; the world gives it its entities' ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// The value.
    pub value: Value,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: ValueType,
}

/// A stretch of a plan's list of operands or of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRange {
    /// The first.
    pub start: u32,
    /// How many.
    pub count: u32,
}

impl NodeRange {
    /// The stretch of a list, or nothing where it does not fit.
    pub fn of<T>(self, list: &[T]) -> &[T] {
        let start = self.start as usize;
        start
            .checked_add(self.count as usize)
            .and_then(|end| list.get(start..end))
            .unwrap_or(&[])
    }
}

/// Comparisons of two values of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// Arithmetic; leaving 64 bits is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arithmetic {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
}

impl Arithmetic {
    /// The result, if it stays within 64 bits. A decimal counts in ten-thousandths, a moment and a
    /// duration in milliseconds; each of these meets its own kind, or a whole number in `*`.
    pub(crate) fn apply(self, a: i64, b: i64) -> Option<i64> {
        match self {
            Self::Add => a.checked_add(b),
            Self::Subtract => a.checked_sub(b),
            Self::Multiply => a.checked_mul(b),
        }
    }
}

/// One step of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// A constant.
    Constant(ConstantId),
    /// Who asks.
    Principal,
    /// The credential by which they ask.
    Credential,
    /// Whether they ask by a credential of one of the types that the columns name.
    IsCredential(NodeRange),
    /// What is asked about.
    Resource,
    /// When it is asked.
    Now,
    /// A part of the request's context.
    Context(u32),
    /// An attribute of an entity, by the column that it has in each type.
    Attribute(NodeId, NodeRange),
    /// A field of a record.
    Field(NodeId, u32),
    /// The entities in a relation to an entity.
    Related(NodeId, RelationId),
    /// The enclosing entity of a type.
    Enclosing(NodeId, TypeId),
    /// `has` of an attribute.
    HasAttribute(NodeId, NodeRange),
    /// `has` of a field.
    HasField(NodeId, u32),
    /// `context has`
    HasContext(u32),
    /// `!`
    Not(NodeId),
    /// `-`
    Negate(NodeId),
    /// `&&`, left to right, stops at the first that is false.
    And(NodeRange),
    /// `||`, left to right, stops at the first that is true.
    Or(NodeRange),
    /// `if then else`
    If(NodeId, NodeId, NodeId),
    /// `==` and the orders.
    Compare(Comparison, NodeId, NodeId),
    /// `+ - *`
    Calculate(Arithmetic, NodeId, NodeId),
    /// `[a, b]` with parts that are no constants.
    Set(NodeRange),
    /// An element in a set.
    InSet(NodeId, NodeId),
    /// An entity in a container or in a group, to any depth, or the same.
    InEntity(NodeId, NodeId),
    /// An address in a network.
    InNetwork(NodeId, NodeId),
    /// `is T`: the columns name the types.
    IsType(NodeId, NodeRange),
    /// `principal is R of T`
    Holds(RoleId),
    /// `like`, with a constant pattern.
    Like(NodeId, ConstantId),
    /// Every element of the second set is in the first.
    ContainsAll(NodeId, NodeId),
    /// Some element of the second set is in the first.
    ContainsAny(NodeId, NodeId),
    /// A set without elements.
    IsEmpty(NodeId),
}
