//! Which conditions say the same: the same steps over the same things, wherever they are written.

use std::collections::HashMap;

use crate::plan::{
    ConditionId, ConstantId, Field, Node, NodeId, NodeRange, Plan, Table, TypeId, ValueType,
    type_name,
};

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
    Shaper::default().shapes(plan, &|_| true)
}

/// Gives shapes to the conditions of several plans: they are keyed by names, so that equal numbers say
/// the same in all of them.
#[derive(Default)]
pub(super) struct Shaper {
    known: HashMap<String, u32, rustc_hash::FxBuildHasher>,
    plans: u32,
}

impl Shaper {
    /// Gives each condition of a plan its shape. An attribute that entities of several types have is
    /// looked at only for those types that `counts` says yes to.
    pub(super) fn shapes(&mut self, plan: &Plan, counts: &dyn Fn(&str) -> bool) -> Shapes {
        self.plans += 1;
        let namer = Namer {
            plan,
            counts,
            number: self.plans,
        };
        let mut nodes: Table<NodeId, u32> = Table::default();
        // Operands stand before what they are operands of.
        for node in plan.nodes.rows() {
            let key = namer.key(&nodes, *node);
            let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
            nodes.push(*self.known.entry(key).or_insert(next));
        }
        let conditions = plan.conditions.rows().iter();
        let conditions = conditions.map(|condition| nodes[condition.root]).collect();
        Shapes { conditions, nodes }
    }
}

/// How an attribute is told from any other: where it is, what may stand in it, and what does where
/// nothing is said.
pub(super) fn attribute(plan: &Plan, of: TypeId, column: u32) -> String {
    let field = plan.types[of].attributes.get(column as usize);
    format!(
        "{}.{}",
        plan.types[of].name,
        field.map_or_else(String::new, |field| spelled_field(plan, field))
    )
}

fn spelled_field(plan: &Plan, field: &Field) -> String {
    let optional = if field.optional { "?" } else { "" };
    let default = field.default.map(|id| constant(plan, id));
    let ty = spelled(plan, &field.ty);
    format!("{}{optional}: {ty} = {default:?}", field.name)
}

fn constant(plan: &Plan, id: ConstantId) -> String {
    let constant = &plan.constants[id];
    format!("{:?}: {}", constant.value, spelled(plan, &constant.ty))
}

/// A type of values, the same in whatever order a policy declares its types.
fn spelled(plan: &Plan, ty: &ValueType) -> String {
    match ty {
        ValueType::Entity(of) => type_names(plan, of.iter().copied()),
        ValueType::Set(element) => format!("Set of {}", spelled(plan, element)),
        ValueType::Record(fields) => {
            let fields = fields.iter().map(|field| spelled_field(plan, field));
            format!("{:?}", fields.collect::<Vec<_>>())
        }
        plain => type_name(plain, &|id| plan.type_name(id)),
    }
}

/// The names of types, sorted.
pub(super) fn type_names(plan: &Plan, types: impl Iterator<Item = TypeId>) -> String {
    let mut names: Vec<&str> = types.map(|of| plan.types[of].name.as_str()).collect();
    names.sort_unstable();
    names.join(" | ")
}

struct Namer<'p> {
    plan: &'p Plan,
    counts: &'p dyn Fn(&str) -> bool,
    number: u32,
}

impl Namer<'_> {
    fn key(&self, shapes: &Table<NodeId, u32>, node: Node) -> String {
        let plan = self.plan;
        let of = |node: NodeId| NodeId(shapes[node]);
        let all = |range: NodeRange| -> Vec<u32> {
            let operands = range.of(&plan.operands).iter();
            operands.map(|node| shapes[*node]).collect()
        };
        let types = |range: NodeRange| {
            let types = range.of(&plan.columns).iter().map(|(of, _)| *of);
            type_names(plan, types)
        };
        let context = |index: u32| {
            let field = plan.context.get(index as usize);
            field.map_or_else(String::new, |field| spelled_field(plan, field))
        };
        let shaped = match node {
            Node::Constant(id) => return format!("constant {}", constant(plan, id)),
            Node::IsCredential(range) => return format!("credential {}", types(range)),
            Node::Attribute(base, range) => {
                return format!("attribute {:?} {:?}", of(base), self.columns(range));
            }
            Node::HasAttribute(base, range) => {
                return format!("has {:?} {:?}", of(base), self.columns(range));
            }
            Node::IsType(base, range) => return format!("is {:?} {}", of(base), types(range)),
            Node::And(range) => return format!("and {:?}", all(range)),
            Node::Or(range) => return format!("or {:?}", all(range)),
            Node::Set(range) => return format!("set {:?}", all(range)),
            Node::Like(text, pattern) => {
                return format!("like {:?} {}", of(text), constant(plan, pattern));
            }
            Node::Context(index) => return format!("context {}", context(index)),
            Node::HasContext(index) => return format!("context has {}", context(index)),
            Node::Holds(role) => {
                let role = &plan.roles[role];
                return format!("holds {} of {}", role.name, plan.types[role.on].name);
            }
            Node::Related(base, relation) => {
                let relation = &plan.relations[relation];
                let on = &plan.types[relation.of].name;
                let targets = type_names(plan, relation.targets.iter().copied());
                return format!("related {:?} {on}.{}: {targets}", of(base), relation.name);
            }
            Node::Enclosing(base, ty) => {
                return format!("enclosing {:?} {}", of(base), plan.types[ty].name);
            }
            Node::Field(base, field) => {
                return format!("field {:?} {}", of(base), self.field(base, field));
            }
            Node::HasField(base, field) => {
                return format!("has field {:?} {}", of(base), self.field(base, field));
            }
            Node::Principal | Node::Credential | Node::Resource | Node::Now => node,
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

    /// Attributes that are one in a condition: the same name, in each type that counts.
    fn columns(&self, range: NodeRange) -> Vec<String> {
        let columns = range.of(&self.plan.columns);
        let counts = |of: TypeId| (self.counts)(&self.plan.types[of].name);
        let none = !columns.iter().any(|(of, _)| counts(*of));
        let counting = columns.iter().filter(|(of, _)| none || counts(*of));
        let mut names: Vec<String> = counting
            .map(|(of, column)| attribute(self.plan, *of, *column))
            .collect();
        names.sort_unstable();
        names
    }

    /// A field of a record, by name where the form of its base tells the record.
    fn field(&self, base: NodeId, field: u32) -> String {
        let found = self.record(base).and_then(|all| all.get(field as usize));
        match found {
            Some(found) => spelled_field(self.plan, found),
            None => format!("{field} of plan {}", self.number),
        }
    }

    fn record(&self, node: NodeId) -> Option<&[Field]> {
        let plan = self.plan;
        let ty = match plan.nodes[node] {
            Node::Attribute(_, range) => {
                let (of, column) = range.of(&plan.columns).first()?;
                &plan.types[*of].attributes.get(*column as usize)?.ty
            }
            Node::Context(index) => &plan.context.get(index as usize)?.ty,
            Node::Constant(id) => &plan.constants[id].ty,
            Node::Field(base, field) => &self.record(base)?.get(field as usize)?.ty,
            Node::If(_, then, _) => return self.record(then),
            _ => return None,
        };
        match ty {
            ValueType::Record(fields) => Some(fields),
            _ => None,
        }
    }
}
