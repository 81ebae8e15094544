//! The typed form of conditions, in the flat shape that the plan keeps.

use crate::plan::{
    Condition, ConditionId, Constant, ConstantId, Node, NodeId, NodeRange, Table, TypeId, Value,
    ValueType,
};

/// All nodes of all conditions of a policy.
#[derive(Default)]
pub(crate) struct Arena {
    pub(crate) conditions: Table<ConditionId, Condition>,
    pub(crate) nodes: Table<NodeId, Node>,
    pub(crate) operands: Vec<NodeId>,
    pub(crate) columns: Vec<(TypeId, u32)>,
    pub(crate) constants: Table<ConstantId, Constant>,
}

impl Arena {
    pub(super) fn node(&mut self, node: Node) -> NodeId {
        self.nodes.push(node)
    }

    pub(super) fn constant(&mut self, value: Value, ty: ValueType) -> ConstantId {
        self.constants.push(Constant { value, ty })
    }

    pub(super) fn operands(&mut self, ids: impl IntoIterator<Item = NodeId>) -> NodeRange {
        append(&mut self.operands, ids)
    }

    pub(super) fn columns(
        &mut self,
        columns: impl IntoIterator<Item = (TypeId, u32)>,
    ) -> NodeRange {
        append(&mut self.columns, columns)
    }

    /// The constant that a node is, if it is one.
    pub(super) fn constant_of(&self, node: NodeId) -> Option<(ConstantId, &Value)> {
        match self.nodes[node] {
            Node::Constant(id) => Some((id, &self.constants[id].value)),
            _ => None,
        }
    }

    /// Takes back what was added since; see [`Arena::mark`].
    pub(super) fn reset(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.operands.truncate(mark.operands);
        self.columns.truncate(mark.columns);
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            operands: self.operands.len(),
            columns: self.columns.len(),
        }
    }
}

/// How much an arena held.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    nodes: usize,
    operands: usize,
    columns: usize,
}

fn append<T>(list: &mut Vec<T>, more: impl IntoIterator<Item = T>) -> NodeRange {
    let start = list.len();
    list.extend(more);
    let index = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    NodeRange {
        start: index(start),
        count: index(list.len() - start),
    }
}
