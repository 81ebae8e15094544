//! Reads conditions: a recursive walk over the plan's nodes, on values that borrow from the world.

use std::cmp::Ordering;
use std::fmt;

use ipnet::IpNet;
use smallvec::SmallVec;

use super::places::enclosing;
use super::seen::Seen;
use super::walk::Case;
use crate::literal::EntityName;
use crate::plan::{
    Comparison, ConditionId, Datum, EntityId, Node, NodeId, NodeRange, RelationId, RoleId, TypeId,
};
use crate::world::World;

/// Why a condition could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A result left 64 bits.
    Overflow,
    /// An attribute, field or part of the context is not there.
    Missing(String),
    /// The enclosing entity is not there.
    NotEnclosed(String),
    /// The plan asks for something that its types do not allow.
    Damaged,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow => f.write_str("a number left 64 bits"),
            Self::Missing(what) => write!(f, "`{what}` is not there"),
            Self::NotEnclosed(what) => write!(f, "there is no enclosing {what}"),
            Self::Damaged => f.write_str("the plan is damaged"),
        }
    }
}

/// A value while a condition is read.
#[derive(Clone, Debug)]
pub(super) enum Operand<'a> {
    Bool(bool),
    Int(i64),
    Decimal(i64),
    String(&'a str),
    Datetime(i64),
    Duration(i64),
    IpAddr(IpNet),
    Entity(EntityId),
    /// A set that stands in the world, the plan or the request.
    Set(&'a [Datum]),
    /// A set that the condition puts together.
    Parts(Vec<Operand<'a>>),
    /// The entities in a relation to one.
    Related(EntityId, RelationId),
    Record(&'a [Option<Datum>]),
}

impl<'a> From<&'a Datum> for Operand<'a> {
    fn from(datum: &'a Datum) -> Self {
        match datum {
            Datum::Bool(value) => Self::Bool(*value),
            Datum::Int(value) => Self::Int(*value),
            Datum::Decimal(value) => Self::Decimal(*value),
            Datum::String(value) => Self::String(value),
            Datum::Datetime(value) => Self::Datetime(*value),
            Datum::Duration(value) => Self::Duration(*value),
            Datum::IpAddr(value) => Self::IpAddr(*value),
            Datum::Entity(value) => Self::Entity(*value),
            Datum::Set(elements) => Self::Set(elements),
            Datum::Record(fields) => Self::Record(fields),
        }
    }
}

impl Operand<'_> {
    /// The order of two values of one ordered type.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b))
            | (Self::Decimal(a), Self::Decimal(b))
            | (Self::Datetime(a), Self::Datetime(b))
            | (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}

impl<'c> Case<'c> {
    /// Whether a condition holds of a resource.
    pub(super) fn holds(&self, condition: ConditionId, resource: EntityId) -> Result<bool, Fault> {
        let reader = Reader::new(*self, resource);
        reader.boolean(self.world.plan.conditions[condition].root)
    }
}

pub(super) struct Reader<'c> {
    case: Case<'c>,
    resource: EntityId,
}

impl<'c> Reader<'c> {
    pub(super) fn new(case: Case<'c>, resource: EntityId) -> Self {
        Self { case, resource }
    }

    pub(super) fn world(&self) -> &'c World {
        self.case.world
    }

    fn operands(&self, range: NodeRange) -> &'c [NodeId] {
        range.of(&self.case.world.plan.operands)
    }

    fn columns(&self, range: NodeRange) -> &'c [(TypeId, u32)] {
        range.of(&self.case.world.plan.columns)
    }

    // What most conditions are made of is answered without an operand.
    pub(super) fn boolean(&self, node: NodeId) -> Result<bool, Fault> {
        match self.world().plan.nodes[node] {
            Node::Attribute(base, columns) => match self.value(base, columns)? {
                Datum::Bool(value) => Ok(*value),
                _ => Err(Fault::Damaged),
            },
            Node::Not(inner) => Ok(!self.boolean(inner)?),
            Node::And(range) => {
                for part in self.operands(range) {
                    if !self.boolean(*part)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Node::Or(range) => {
                for part in self.operands(range) {
                    if self.boolean(*part)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => match self.read(node)? {
                Operand::Bool(value) => Ok(value),
                _ => Err(Fault::Damaged),
            },
        }
    }

    pub(super) fn entity(&self, node: NodeId) -> Result<EntityId, Fault> {
        match self.world().plan.nodes[node] {
            Node::Principal => Ok(self.case.asker.id),
            Node::Resource => Ok(self.resource),
            _ => match self.read(node)? {
                Operand::Entity(value) => Ok(value),
                _ => Err(Fault::Damaged),
            },
        }
    }

    pub(super) fn read(&self, node: NodeId) -> Result<Operand<'c>, Fault> {
        let plan = &*self.case.world.plan;
        Ok(match plan.nodes[node] {
            Node::Constant(id) => (&self.world().constants[id]).into(),
            Node::Principal | Node::Resource => Operand::Entity(self.entity(node)?),
            Node::Credential => match &self.case.asker.credential {
                Some(credential) => Operand::Entity(credential.id),
                None => return Err(Fault::Missing("credential".into())),
            },
            Node::IsCredential(types) => {
                let of = self.case.asker.credential.as_ref().map(|by| by.ty);
                Operand::Bool(self.columns(types).iter().any(|(ty, _)| Some(*ty) == of))
            }
            Node::Now => Operand::Datetime(self.case.now),
            Node::Context(index) => match self.context(index) {
                Some(datum) => datum.into(),
                None => return Err(Fault::Missing(self.context_name(index))),
            },
            Node::HasContext(index) => Operand::Bool(self.context(index).is_some()),
            Node::Attribute(base, columns) => self.value(base, columns)?.into(),
            Node::HasAttribute(base, columns) => {
                let entity = self.entity(base)?;
                Operand::Bool(self.attribute(entity, columns)?.1.is_some())
            }
            Node::Field(base, index) => match self.field(base, index)? {
                Some(datum) => datum.into(),
                None => return Err(Fault::Missing(format!("field {}", index + 1))),
            },
            Node::HasField(base, index) => Operand::Bool(self.field(base, index)?.is_some()),
            Node::Related(base, relation) => Operand::Related(self.entity(base)?, relation),
            Node::Enclosing(base, ty) => {
                let mut found = enclosing(self.world(), self.entity(base)?, ty);
                match found.pop() {
                    Some(entity) => Operand::Entity(entity),
                    None => return Err(Fault::NotEnclosed(plan.type_name(ty).to_owned())),
                }
            }
            Node::Not(_) | Node::And(_) | Node::Or(_) => Operand::Bool(self.boolean(node)?),
            Node::Negate(inner) => {
                let negated = |n: i64| n.checked_neg().ok_or(Fault::Overflow);
                match self.read(inner)? {
                    Operand::Int(n) => Operand::Int(negated(n)?),
                    Operand::Decimal(n) => Operand::Decimal(negated(n)?),
                    Operand::Duration(n) => Operand::Duration(negated(n)?),
                    _ => return Err(Fault::Damaged),
                }
            }
            Node::If(condition, then, otherwise) => {
                let chosen = if self.boolean(condition)? {
                    then
                } else {
                    otherwise
                };
                self.read(chosen)?
            }
            Node::Compare(op, a, b) => {
                let (a, b) = (self.read(a)?, self.read(b)?);
                Operand::Bool(match op {
                    Comparison::Equal => self.equal(&a, &b),
                    Comparison::NotEqual => !self.equal(&a, &b),
                    _ => {
                        let order = a.order(&b).ok_or(Fault::Damaged)?;
                        match op {
                            Comparison::Less => order.is_lt(),
                            Comparison::LessEqual => order.is_le(),
                            Comparison::Greater => order.is_gt(),
                            _ => order.is_ge(),
                        }
                    }
                })
            }
            Node::Calculate(op, a, b) => {
                let (a, b) = (self.read(a)?, self.read(b)?);
                calculate(op, &a, &b)?
            }
            Node::Set(range) => {
                let parts = self.operands(range).iter().map(|part| self.read(*part));
                Operand::Parts(parts.collect::<Result<_, _>>()?)
            }
            Node::InSet(element, set) => {
                let (element, set) = (self.read(element)?, self.read(set)?);
                Operand::Bool(self.contains(&set, &element)?)
            }
            Node::InEntity(a, b) => {
                let (a, b) = (self.entity(a)?, self.entity(b)?);
                Operand::Bool(self.inside(a, b))
            }
            Node::InNetwork(a, b) => match (self.read(a)?, self.read(b)?) {
                (Operand::IpAddr(a), Operand::IpAddr(b)) => Operand::Bool(b.contains(&a)),
                _ => return Err(Fault::Damaged),
            },
            Node::IsType(base, types) => {
                let of = self.case.bound.type_of(self.world(), self.entity(base)?);
                Operand::Bool(self.columns(types).iter().any(|(ty, _)| Some(*ty) == of))
            }
            Node::Holds(role) => Operand::Bool(self.holds_role(role)),
            Node::Like(base, pattern) => {
                let (text, pattern) = (self.read(base)?, &self.world().constants[pattern]);
                match (text, pattern) {
                    (Operand::String(text), Datum::String(pattern)) => {
                        Operand::Bool(like(text, pattern))
                    }
                    _ => return Err(Fault::Damaged),
                }
            }
            Node::ContainsAll(set, others) => {
                let (set, others) = (self.read(set)?, self.read(others)?);
                let mut all = true;
                self.each(&others, &mut |element| {
                    all = all && self.contains(&set, &element)?;
                    Ok(all)
                })?;
                Operand::Bool(all)
            }
            Node::ContainsAny(set, others) => {
                let (set, others) = (self.read(set)?, self.read(others)?);
                let mut any = false;
                self.each(&others, &mut |element| {
                    any = self.contains(&set, &element)?;
                    Ok(!any)
                })?;
                Operand::Bool(any)
            }
            Node::IsEmpty(set) => {
                let set = self.read(set)?;
                let mut empty = true;
                self.each(&set, &mut |_| {
                    empty = false;
                    Ok(false)
                })?;
                Operand::Bool(empty)
            }
        })
    }

    fn context(&self, index: u32) -> Option<&'c Datum> {
        let said = self.case.bound.value(index);
        said.or_else(|| {
            let default = self.case.world.plan.context.get(index as usize)?.default?;
            self.case.world.constants.find(default)
        })
    }

    pub(super) fn context_name(&self, index: u32) -> String {
        let field = self.case.world.plan.context.get(index as usize);
        format!("context.{}", field.map_or("", |field| field.name.as_str()))
    }

    /// The value of an attribute, which must be there.
    fn value(&self, base: NodeId, columns: NodeRange) -> Result<&'c Datum, Fault> {
        let entity = self.entity(base)?;
        let (name, datum) = self.attribute(entity, columns)?;
        datum.ok_or_else(|| {
            let entity = self.case.bound.name(self.world(), entity);
            Fault::Missing(format!("{entity}.{name}"))
        })
    }

    /// An attribute's name and value, by the column that it has in the entity's type.
    fn attribute(
        &self,
        entity: EntityId,
        columns: NodeRange,
    ) -> Result<(&'c str, Option<&'c Datum>), Fault> {
        let of = self
            .case
            .bound
            .type_of(self.world(), entity)
            .ok_or(Fault::Damaged)?;
        let column = self.columns(columns).iter().find(|(ty, _)| *ty == of);
        let (_, column) = column.ok_or(Fault::Damaged)?;
        let field = self.world().plan.types[of].attributes.get(*column as usize);
        let name = field.map_or("", |field| field.name.as_str());
        Ok((name, self.world().attribute(entity, *column)))
    }

    /// The column that an attribute has in the type of an entity.
    pub(super) fn column(&self, entity: EntityId, columns: NodeRange) -> Option<u32> {
        let of = self.type_of(entity)?;
        let mut columns = self.columns(columns).iter();
        columns.find(|(ty, _)| *ty == of).map(|(_, column)| *column)
    }

    /// The type of an entity, which the request alone may know.
    pub(super) fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        self.case.bound.type_of(self.world(), entity)
    }

    /// The name of an entity, which the request alone may know.
    pub(super) fn name(&self, entity: EntityId) -> EntityName {
        self.case.bound.name(self.world(), entity)
    }

    fn field(&self, base: NodeId, index: u32) -> Result<Option<&'c Datum>, Fault> {
        match self.read(base)? {
            Operand::Record(fields) => {
                Ok(fields.get(index as usize).ok_or(Fault::Damaged)?.as_ref())
            }
            _ => Err(Fault::Damaged),
        }
    }

    /// Hands each element of a set to `act`, until it answers false.
    fn each(
        &self,
        set: &Operand<'c>,
        act: &mut dyn FnMut(Operand<'c>) -> Result<bool, Fault>,
    ) -> Result<(), Fault> {
        match set {
            Operand::Set(elements) => {
                for element in *elements {
                    if !act(element.into())? {
                        break;
                    }
                }
            }
            Operand::Parts(parts) => {
                for part in parts {
                    if !act(part.clone())? {
                        break;
                    }
                }
            }
            Operand::Related(entity, relation) => {
                for target in self.world().related_by(*entity, *relation) {
                    if !act(Operand::Entity(target))? {
                        break;
                    }
                }
            }
            _ => return Err(Fault::Damaged),
        }
        Ok(())
    }

    fn contains(&self, set: &Operand<'c>, element: &Operand<'c>) -> Result<bool, Fault> {
        // Most sets are short, but one of thousands of ids should not be read through.
        if let (Operand::Set(elements), Operand::Entity(entity)) = (set, element) {
            return Ok(elements.binary_search(&Datum::Entity(*entity)).is_ok());
        }
        if let (Operand::Related(from, relation), Operand::Entity(entity)) = (set, element) {
            let mut named = self.world().related_by(*from, *relation);
            return Ok(named.any(|named| named == *entity));
        }
        let mut found = false;
        self.each(set, &mut |candidate| {
            found = self.equal(&candidate, element);
            Ok(!found)
        })?;
        Ok(found)
    }

    fn equal(&self, a: &Operand<'c>, b: &Operand<'c>) -> bool {
        match (a, b) {
            (Operand::Bool(a), Operand::Bool(b)) => a == b,
            (Operand::String(a), Operand::String(b)) => a == b,
            (Operand::IpAddr(a), Operand::IpAddr(b)) => a == b,
            (Operand::Entity(a), Operand::Entity(b)) => a == b,
            (Operand::Set(a), Operand::Set(b)) => a == b,
            (Operand::Record(a), Operand::Record(b)) => a == b,
            (Operand::Set(_) | Operand::Parts(_) | Operand::Related(..), _) => {
                self.includes(a, b) && self.includes(b, a)
            }
            _ => a.order(b) == Some(Ordering::Equal),
        }
    }

    fn includes(&self, set: &Operand<'c>, others: &Operand<'c>) -> bool {
        let mut all = true;
        let read = self.each(others, &mut |element| {
            all = all && self.contains(set, &element)?;
            Ok(all)
        });
        read.is_ok() && all
    }

    /// Whether one entity is the other, stands in it, or is a member of it, to any depth.
    fn inside(&self, entity: EntityId, other: EntityId) -> bool {
        let mut seen = Seen::from(entity);
        let mut next = 0;
        while let Some(at) = seen.get(next) {
            if at == other {
                return true;
            }
            next += 1;
            let groups = self.world().memberships(at);
            let groups = groups.filter(|membership| membership.until > self.case.now);
            let groups = groups.map(|membership| membership.other);
            for above in self.world().containers(at).chain(groups) {
                seen.insert(above);
            }
        }
        false
    }

    /// Whether the asker holds a role on the resource or on what encloses it.
    fn holds_role(&self, role: RoleId) -> bool {
        let plan = &self.world().plan;
        let places = enclosing(self.world(), self.resource, plan.roles[role].on);
        places.into_iter().any(|place| {
            self.case
                .asker
                .holds(self.world(), place, role, self.case.now)
        })
    }
}

fn calculate<'a>(
    op: crate::plan::Arithmetic,
    a: &Operand<'_>,
    b: &Operand<'_>,
) -> Result<Operand<'a>, Fault> {
    use Operand::{Datetime, Decimal, Duration, Int};
    let apply = |a: &i64, b: &i64| op.apply(*a, *b).ok_or(Fault::Overflow);
    Ok(match (a, b) {
        (Int(a), Int(b)) => Int(apply(a, b)?),
        (Decimal(a), Decimal(b)) | (Decimal(a), Int(b)) | (Int(a), Decimal(b)) => {
            Decimal(apply(a, b)?)
        }
        (Datetime(a), Datetime(b)) | (Duration(a), Duration(b)) => Duration(apply(a, b)?),
        (Datetime(a), Duration(b)) | (Duration(a), Datetime(b)) => Datetime(apply(a, b)?),
        (Duration(a), Int(b)) | (Int(a), Duration(b)) => Duration(apply(a, b)?),
        _ => return Err(Fault::Damaged),
    })
}

/// Whether a text fits a pattern: `*` stands for any run of characters, `\*` for a star and `\\`
/// for a backslash. Each star is tried at its earliest place first and moved on only by a later
/// mismatch, so the cost is at most the product of the two lengths.
fn like(text: &str, pattern: &str) -> bool {
    let text: SmallVec<[char; 64]> = text.chars().collect();
    let mut parts: SmallVec<[Option<char>; 32]> = SmallVec::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        parts.push(match c {
            '*' => None,
            '\\' => Some(chars.next().unwrap_or('\\')),
            c => Some(c),
        });
    }
    let (mut at, mut part) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = text.get(at) {
        match parts.get(part) {
            Some(Some(wanted)) if wanted == c => {
                at += 1;
                part += 1;
            }
            Some(None) => {
                star = Some((part, at));
                part += 1;
            }
            _ => match &mut star {
                Some((star_part, taken)) => {
                    *taken += 1;
                    at = *taken;
                    part = *star_part + 1;
                }
                None => return false,
            },
        }
    }
    parts.iter().skip(part).all(Option::is_none)
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern, fits) in [
            ("", "", true),
            ("", "*", true),
            ("abc", "abc", true),
            ("abc", "a*", true),
            ("abc", "*c", true),
            ("abc", "a*c", true),
            ("abc", "b*", false),
            ("abcabc", "*abc", true),
            ("a*c", "a\\*c", true),
            ("abc", "a\\*c", false),
            ("aXbXc", "a*b*c", true),
            ("abc", "", false),
            ("ü€", "ü*", true),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} like {pattern}");
        }
    }
}
