//! What a condition reads, told value by value: the same walk as that of `condition.rs`, which tells
//! no more where that one stops.

use serde::Serialize;

use super::condition::{Fault, Operand, Reader};
use super::walk::Case;
use crate::plan::{ConditionId, EntityId, Node, NodeId, RelationId, Value, ValueType};

/// Something that a condition read, and what stood there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reading {
    /// What was read, in the words of the policy: `resource.owner`.
    pub what: String,
    /// The value as it stands in policy text, or why there is none.
    pub value: String,
}

/// Something in the world that a condition looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touched {
    Attribute(EntityId, u32),
    Related(EntityId, RelationId),
    /// Whether the one is in the other.
    Inside(EntityId, EntityId),
    /// What an entity stands in.
    Above(EntityId),
}

/// A condition as it was read.
pub(crate) struct Readings {
    /// Nothing where it could not be read.
    pub(crate) holds: Option<bool>,
    pub(crate) values: Vec<Reading>,
    pub(crate) touched: Vec<Touched>,
}

/// How many elements of a set are told.
const TOLD: usize = 5;

impl Case<'_> {
    /// Whether a condition holds of a resource, and what it read to say so.
    pub(super) fn readings(&self, condition: ConditionId, resource: EntityId) -> Readings {
        let mut teller = Teller {
            reader: Reader::new(*self, resource),
            resource,
            values: Vec::new(),
            touched: Vec::new(),
            settled: false,
        };
        teller.visit(self.world.plan.conditions[condition].root);
        Readings {
            holds: self.holds(condition, resource).ok(),
            values: teller.values,
            touched: teller.touched,
        }
    }
}

struct Teller<'c> {
    reader: Reader<'c>,
    resource: EntityId,
    values: Vec<Reading>,
    touched: Vec<Touched>,
    /// The answer is settled: what is left would be read if something else were not there.
    settled: bool,
}

impl Teller<'_> {
    fn visit(&mut self, node: NodeId) {
        let plan = &*self.reader.world().plan;
        match plan.nodes[node] {
            Node::Constant(_) | Node::Principal | Node::Resource => {}
            Node::IsCredential(_) | Node::Credential | Node::Now => self.note(node),
            Node::Context(_) | Node::HasContext(_) => self.note(node),
            Node::Attribute(base, _) | Node::HasAttribute(base, _) => {
                self.touch(base);
                self.touch_own(node);
                self.note(node);
            }
            Node::Field(base, _) | Node::HasField(base, _) => {
                self.touch(base);
                self.note(node);
            }
            Node::Related(base, _) | Node::Enclosing(base, _) => {
                self.touch(base);
                self.touch_own(node);
                self.note(node);
            }
            Node::Holds(_) => {
                self.touched.push(Touched::Above(self.resource));
                self.note(node);
            }
            Node::InEntity(a, b) => {
                self.visit(a);
                self.visit(b);
                if let (Ok(a), Ok(b)) = (self.reader.entity(a), self.reader.entity(b)) {
                    self.touched.push(Touched::Inside(a, b));
                }
                self.note(node);
            }
            Node::And(range) => self.visit_until(range.of(&plan.operands), false),
            Node::Or(range) => self.visit_until(range.of(&plan.operands), true),
            Node::If(condition, then, otherwise) => {
                self.visit(condition);
                let chosen = self.reader.boolean(condition).ok();
                for (branch, when) in [(then, true), (otherwise, false)] {
                    let settled = self.settled;
                    self.settled |= chosen != Some(when);
                    self.visit(branch);
                    self.settled = settled;
                }
            }
            Node::Set(range) => {
                for part in range.of(&plan.operands) {
                    self.visit(*part);
                }
            }
            Node::Not(inner) | Node::Negate(inner) | Node::IsEmpty(inner) => self.visit(inner),
            Node::IsType(inner, _) | Node::Like(inner, _) => self.visit(inner),
            Node::Compare(_, a, b)
            | Node::Calculate(_, a, b)
            | Node::InSet(a, b)
            | Node::InNetwork(a, b)
            | Node::ContainsAll(a, b)
            | Node::ContainsAny(a, b) => {
                self.visit(a);
                self.visit(b);
            }
        }
    }

    /// Visits parts; what stands behind the first that settles the answer, or cannot be read, is
    /// not told.
    fn visit_until(&mut self, parts: &[NodeId], settles: bool) {
        let settled = self.settled;
        for part in parts {
            self.visit(*part);
            self.settled |= self.reader.boolean(*part) != Ok(!settles);
        }
        self.settled = settled;
    }

    /// Notes what a path leads through.
    fn touch(&mut self, node: NodeId) {
        let plan = &*self.reader.world().plan;
        if let Node::Attribute(base, _)
        | Node::Field(base, _)
        | Node::Related(base, _)
        | Node::Enclosing(base, _) = plan.nodes[node]
        {
            self.touch(base);
            self.touch_own(node);
        }
    }

    fn touch_own(&mut self, node: NodeId) {
        let plan = &*self.reader.world().plan;
        let touched = match plan.nodes[node] {
            Node::Attribute(base, columns) | Node::HasAttribute(base, columns) => {
                let entity = self.reader.entity(base).ok();
                let column = entity.and_then(|entity| self.reader.column(entity, columns));
                entity
                    .zip(column)
                    .map(|(e, column)| Touched::Attribute(e, column))
            }
            Node::Related(base, relation) => {
                let entity = self.reader.entity(base).ok();
                entity.map(|entity| Touched::Related(entity, relation))
            }
            Node::Enclosing(base, _) => self.reader.entity(base).ok().map(Touched::Above),
            _ => None,
        };
        self.touched.extend(touched);
    }

    /// Tells what stands at a node.
    fn note(&mut self, node: NodeId) {
        let what = self.text(node);
        if self.settled || self.values.iter().any(|told| told.what == what) {
            return;
        }
        let value = match self.reader.read(node) {
            Ok(value) => self.shown(&value, self.type_of(node).as_ref()),
            Err(Fault::Missing(_) | Fault::NotEnclosed(_)) => "not there".to_owned(),
            Err(fault) => fault.to_string(),
        };
        self.values.push(Reading { what, value });
    }

    fn text(&self, node: NodeId) -> String {
        let plan = &*self.reader.world().plan;
        match plan.nodes[node] {
            Node::Principal => "principal".to_owned(),
            Node::Resource => "resource".to_owned(),
            Node::Credential => "credential".to_owned(),
            Node::Now => "now".to_owned(),
            Node::Constant(id) => match plan.constants.find(id) {
                Some(constant) => constant.value.to_string(),
                None => String::new(),
            },
            Node::Context(index) => self.reader.context_name(index),
            Node::HasContext(index) => {
                let name = self.reader.context_name(index);
                format!("context has {}", name.trim_start_matches("context."))
            }
            Node::Attribute(base, columns) => {
                format!("{}.{}", self.text(base), self.attribute_name(base, columns))
            }
            Node::HasAttribute(base, columns) => {
                format!(
                    "{} has {}",
                    self.text(base),
                    self.attribute_name(base, columns)
                )
            }
            Node::Field(base, index) => {
                format!("{}.{}", self.text(base), self.field_name(base, index))
            }
            Node::HasField(base, index) => {
                format!("{} has {}", self.text(base), self.field_name(base, index))
            }
            Node::Related(base, relation) => {
                let name = plan.relations.find(relation);
                let name = name.map_or("", |relation| relation.name.as_str());
                format!("{}.{name}", self.text(base))
            }
            Node::Enclosing(base, ty) => format!("{}.{}", self.text(base), plan.type_name(ty)),
            Node::Holds(role) => match plan.roles.find(role) {
                Some(role) => {
                    format!("principal is {} of {}", role.name, plan.type_name(role.on))
                }
                None => String::new(),
            },
            Node::InEntity(a, b) => format!("{} in {}", self.text(a), self.text(b)),
            Node::IsCredential(types) => {
                let types = types.of(&plan.columns).iter();
                let types: Vec<&str> = types.map(|(ty, _)| plan.type_name(*ty)).collect();
                format!("credential is {}", types.join(" | "))
            }
            _ => String::new(),
        }
    }

    fn attribute_name(&self, base: NodeId, columns: crate::plan::NodeRange) -> String {
        let plan = &*self.reader.world().plan;
        // Where the entity itself cannot be read, any of its possible types tells the name.
        let own = self.reader.entity(base).ok().and_then(|entity| {
            let ty = self.reader.type_of(entity)?;
            Some((ty, self.reader.column(entity, columns)?))
        });
        let first = columns.of(&plan.columns).first().copied();
        let field = own
            .or(first)
            .and_then(|(ty, column)| plan.types.find(ty)?.attributes.get(column as usize));
        field.map_or_else(String::new, |field| field.name.clone())
    }

    fn field_name(&self, base: NodeId, index: u32) -> String {
        match self.type_of(base) {
            Some(ValueType::Record(fields)) => fields
                .get(index as usize)
                .map_or_else(String::new, |field| field.name.clone()),
            _ => String::new(),
        }
    }

    /// The declared type of what a path leads to.
    fn type_of(&self, node: NodeId) -> Option<ValueType> {
        let plan = &*self.reader.world().plan;
        match plan.nodes[node] {
            Node::Context(index) => Some(plan.context.get(index as usize)?.ty.clone()),
            Node::Attribute(base, columns) => {
                let entity = self.reader.entity(base).ok()?;
                let column = self.reader.column(entity, columns)?;
                let ty = plan.types.find(self.reader.type_of(entity)?)?;
                Some(ty.attributes.get(column as usize)?.ty.clone())
            }
            Node::Field(base, index) => match self.type_of(base)? {
                ValueType::Record(fields) => Some(fields.get(index as usize)?.ty.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// A value of a declared type, as it stands in policy text.
    fn shown(&self, value: &Operand<'_>, ty: Option<&ValueType>) -> String {
        match value {
            Operand::Bool(value) => Value::Bool(*value).to_string(),
            Operand::Int(value) => Value::Int(*value).to_string(),
            Operand::Decimal(value) => Value::Decimal(*value).to_string(),
            Operand::String(value) => Value::String((*value).to_owned()).to_string(),
            Operand::Datetime(value) => Value::Datetime(*value).to_string(),
            Operand::Duration(value) => Value::Duration(*value).to_string(),
            Operand::IpAddr(value) => Value::IpAddr(*value).to_string(),
            Operand::Entity(entity) => self.reader.name(*entity).to_string(),
            Operand::Record(values) => {
                let Some(ValueType::Record(fields)) = ty else {
                    return String::new();
                };
                let said = fields.iter().zip(values.iter());
                let said = said.filter_map(|(field, datum)| {
                    let value = self.shown(&datum.as_ref()?.into(), Some(&field.ty));
                    Some(format!(" {}: {value}", field.name))
                });
                format!("{{{} }}", said.collect::<Vec<String>>().join(","))
            }
            Operand::Set(elements) => {
                let element = match ty {
                    Some(ValueType::Set(element)) => Some(&**element),
                    _ => None,
                };
                self.several(elements.iter().map(Operand::from), element)
            }
            Operand::Parts(parts) => self.several(parts.iter().cloned(), None),
            Operand::Related(entity, relation) => {
                let targets = self.reader.world().related_by(*entity, *relation);
                self.several(targets.map(Operand::Entity), None)
            }
        }
    }

    fn several<'v>(
        &self,
        mut all: impl Iterator<Item = Operand<'v>>,
        ty: Option<&ValueType>,
    ) -> String {
        let told = all.by_ref().take(TOLD).map(|value| self.shown(&value, ty));
        let mut told: Vec<String> = told.collect();
        let more = all.count();
        if more > 0 {
            told.push(format!("… {more} more"));
        }
        format!("[{}]", told.join(", "))
    }
}
