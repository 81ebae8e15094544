//! Which conditions say the same: the same steps over the same things, wherever they are written.

use std::collections::HashMap;

use crate::plan::{ConditionId, Node, NodeId, NodeRange, Plan, Table};

/// The shape of each condition and of each node; equal numbers say the same.
pub(crate) struct Shapes {
    conditions: Table<ConditionId, u32>,
    nodes: Table<NodeId, u32>,
}

impl Shapes {
    /// Whether two clauses hold under the same condition, or both without one.
    pub(crate) fn same(&self, a: Option<ConditionId>, b: Option<ConditionId>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => self.conditions[a] == self.conditions[b],
            (None, None) => true,
            _ => false,
        }
    }

    /// Whether `b` holds wherever `a` does, as far as their form tells.
    pub(crate) fn covers(&self, b: Option<ConditionId>, a: Option<ConditionId>) -> bool {
        b.is_none() || self.same(a, b)
    }

    /// The shape of a node.
    pub(crate) fn node(&self, node: NodeId) -> u32 {
        self.nodes[node]
    }
}

/// Gives each condition of a plan its shape.
pub(super) fn shapes(plan: &Plan) -> Shapes {
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut nodes: Table<NodeId, u32> = Table::default();
    // Operands stand before what they are operands of.
    for node in plan.nodes.rows() {
        let key = key(plan, &nodes, *node);
        let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
        nodes.push(*known.entry(key).or_insert(next));
    }
    let conditions = plan.conditions.rows().iter();
    let conditions = conditions.map(|condition| nodes[condition.root]).collect();
    Shapes { conditions, nodes }
}

fn key(plan: &Plan, shapes: &Table<NodeId, u32>, node: Node) -> String {
    let of = |node: NodeId| NodeId(shapes[node]);
    let all = |range: NodeRange| -> Vec<u32> {
        let operands = range.of(&plan.operands).iter();
        operands.map(|node| shapes[*node]).collect()
    };
    let columns = |range: NodeRange| range.of(&plan.columns);
    let shaped = match node {
        Node::Constant(id) => return format!("constant {:?}", plan.constants[id]),
        Node::IsCredential(range) => return format!("credential {:?}", columns(range)),
        Node::Attribute(base, range) => {
            return format!("attribute {:?} {:?}", of(base), columns(range));
        }
        Node::HasAttribute(base, range) => {
            return format!("has {:?} {:?}", of(base), columns(range));
        }
        Node::IsType(base, range) => return format!("is {:?} {:?}", of(base), columns(range)),
        Node::And(range) => return format!("and {:?}", all(range)),
        Node::Or(range) => return format!("or {:?}", all(range)),
        Node::Set(range) => return format!("set {:?}", all(range)),
        Node::Like(text, pattern) => {
            return format!("like {:?} {:?}", of(text), plan.constants[pattern]);
        }
        Node::Principal
        | Node::Credential
        | Node::Resource
        | Node::Now
        | Node::Context(_)
        | Node::HasContext(_)
        | Node::Holds(_) => node,
        Node::Field(base, field) => Node::Field(of(base), field),
        Node::Related(base, relation) => Node::Related(of(base), relation),
        Node::Enclosing(base, ty) => Node::Enclosing(of(base), ty),
        Node::HasField(base, field) => Node::HasField(of(base), field),
        Node::Not(a) => Node::Not(of(a)),
        Node::Negate(a) => Node::Negate(of(a)),
        Node::If(a, b, c) => Node::If(of(a), of(b), of(c)),
        Node::Compare(operator, a, b) => Node::Compare(operator, of(a), of(b)),
        Node::Calculate(operator, a, b) => Node::Calculate(operator, of(a), of(b)),
        Node::InSet(a, b) => Node::InSet(of(a), of(b)),
        Node::InEntity(a, b) => Node::InEntity(of(a), of(b)),
        Node::InNetwork(a, b) => Node::InNetwork(of(a), of(b)),
        Node::ContainsAll(a, b) => Node::ContainsAll(of(a), of(b)),
        Node::ContainsAny(a, b) => Node::ContainsAny(of(a), of(b)),
        Node::IsEmpty(a) => Node::IsEmpty(of(a)),
    };
    format!("{shaped:?}")
}
