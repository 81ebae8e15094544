//! Conditions [9], on values that know their own type.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ward::syntax::ast::{BinaryOp, Cardinality, Expr, ExprKind};

use super::world::{self, Entity, Facts};
use super::{Action, Asking, Model};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Decimal(i64),
    Text(String),
    Time(i64),
    Span(i64),
    Ip(Ip),
    Entity(Entity),
    Set(BTreeSet<Value>),
    Record(BTreeMap<String, Value>),
}

impl Value {
    pub(super) fn entities(&self, into: &mut BTreeSet<Entity>) {
        match self {
            Self::Entity(entity) => {
                into.insert(entity.clone());
            }
            Self::Set(elements) => elements.iter().for_each(|element| element.entities(into)),
            Self::Record(fields) => fields.values().for_each(|field| field.entities(into)),
            _ => {}
        }
    }
}

/// An address as a bit string, as long as its network: `10.0.0.0/8` has eight bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ip {
    six: bool,
    address: String,
    length: usize,
}

impl Ip {
    pub(super) fn read(text: &str) -> Self {
        let (address, length) = text.split_once('/').unwrap_or((text, "999"));
        let address: IpAddr = address.parse().unwrap();
        let (six, bits) = match address {
            IpAddr::V4(four) => (false, format!("{:032b}", u32::from(four))),
            IpAddr::V6(six) => (true, format!("{:0128b}", u128::from(six))),
        };
        let length = length.parse::<usize>().unwrap().min(bits.len());
        Self {
            six,
            address: bits,
            length,
        }
    }

    fn inside(&self, network: &Self) -> bool {
        self.six == network.six
            && self.length >= network.length
            && self.address[..network.length] == network.address[..network.length]
    }
}

type Read = Result<Value, ()>;

impl Asking<'_> {
    /// Reads a condition; `Err` where it errs.
    pub(super) fn read(&self, resource: &Entity, expr: &Expr) -> Read {
        let read = |expr: &Expr| self.read(resource, expr);
        let truth = |expr: &Expr| match read(expr)? {
            Value::Bool(value) => Ok(value),
            other => unreachable!("no truth: {other:?}"),
        };
        Ok(match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Entity(_) | ExprKind::Call(..) => world::value(expr),
            ExprKind::Name(name) => match name.as_str() {
                "principal" => Value::Entity(self.principal.clone()),
                "credential" => Value::Entity(self.credential.clone().ok_or(())?),
                "resource" => Value::Entity(resource.clone()),
                "now" => Value::Time(self.request.now),
                other => unreachable!("unknown name {other}"),
            },
            ExprKind::Set(parts) => Value::Set(parts.iter().map(read).collect::<Result<_, _>>()?),
            ExprKind::Field(base, name) => self.field(resource, base, &name.name)?.ok_or(())?,
            ExprKind::Has(base, name) => {
                Value::Bool(self.field(resource, base, &name.name)?.is_some())
            }
            ExprKind::Method(base, name, arguments) => {
                let Value::Set(set) = read(base)? else {
                    unreachable!("no set");
                };
                let argument = arguments.first().map(read).transpose()?;
                Value::Bool(match (name.name.as_str(), argument) {
                    ("isEmpty", None) => set.is_empty(),
                    ("contains", Some(element)) => set.contains(&element),
                    ("containsAll", Some(Value::Set(others))) => others.is_subset(&set),
                    ("containsAny", Some(Value::Set(others))) => !others.is_disjoint(&set),
                    other => unreachable!("unknown method {other:?}"),
                })
            }
            ExprKind::Not(inner) => Value::Bool(!truth(inner)?),
            ExprKind::Negate(inner) => match read(inner)? {
                Value::Int(n) => Value::Int(n.checked_neg().ok_or(())?),
                Value::Decimal(n) => Value::Decimal(n.checked_neg().ok_or(())?),
                Value::Span(n) => Value::Span(n.checked_neg().ok_or(())?),
                other => unreachable!("no number: {other:?}"),
            },
            ExprKind::And(parts) => {
                for part in parts {
                    if !truth(part)? {
                        return Ok(Value::Bool(false));
                    }
                }
                Value::Bool(true)
            }
            ExprKind::Or(parts) => {
                for part in parts {
                    if truth(part)? {
                        return Ok(Value::Bool(true));
                    }
                }
                Value::Bool(false)
            }
            ExprKind::If(condition, then, otherwise) => {
                if truth(condition)? {
                    read(then)?
                } else {
                    read(otherwise)?
                }
            }
            ExprKind::Like(base, pattern) => {
                let Value::Text(text) = read(base)? else {
                    unreachable!("no text");
                };
                let text: Vec<char> = text.chars().collect();
                let pattern: Vec<char> = pattern.value.chars().collect();
                Value::Bool(like(&text, &pattern))
            }
            // Whether anybody asks by a credential at all is a part of this question.
            ExprKind::IsType(base, _)
                if is_name(base, "credential") && self.credential.is_none() =>
            {
                Value::Bool(false)
            }
            ExprKind::IsType(base, types) => {
                let Value::Entity(entity) = read(base)? else {
                    unreachable!("no entity");
                };
                Value::Bool(types.iter().any(|ty| ty.name == entity.0))
            }
            ExprKind::IsRole(_, role, of) => {
                let mut places = self.facts.above(resource);
                places.insert(resource.clone());
                Value::Bool(places.iter().any(|place| {
                    place.0 == of.name && self.held(place).contains(role.name.as_str())
                }))
            }
            ExprKind::Binary(op, a, b) => self.binary(*op, read(a)?, read(b)?)?,
            ExprKind::Record(_) | ExprKind::Error => unreachable!("not in a condition"),
        })
    }

    /// A field, if it is there.
    fn field(&self, resource: &Entity, base: &Expr, name: &str) -> Result<Option<Value>, ()> {
        if is_name(base, "context") {
            let said = self.request.context.get(name).cloned();
            let parameter = self.model.context.get(name);
            return Ok(said.or_else(|| parameter.and_then(|parameter| parameter.default.clone())));
        }
        let entity = match self.read(resource, base)? {
            Value::Entity(entity) => entity,
            Value::Record(fields) => return Ok(fields.get(name).cloned()),
            other => unreachable!("no fields: {other:?}"),
        };
        if self.model.types.contains_key(name) {
            let mut places = self.facts.above(&entity);
            places.insert(entity);
            let found = places.into_iter().find(|place| place.0 == name).ok_or(())?;
            return Ok(Some(Value::Entity(found)));
        }
        if self.model.has_relation(&entity.0, name) {
            let targets = self.facts.related(&entity, name).cloned();
            return Ok(Some(Value::Set(targets.map(Value::Entity).collect())));
        }
        Ok(self.attribute(&entity, name))
    }

    /// An attribute, or its default where the world knows the entity.
    pub(super) fn attribute(&self, entity: &Entity, name: &str) -> Option<Value> {
        if !self.facts.knows(entity) {
            return None;
        }
        let said = self
            .facts
            .attributes
            .get(&(entity.clone(), name.to_owned()));
        let said = said.cloned();
        said.or_else(|| self.model.attribute(&entity.0, name).flatten())
    }

    fn binary(&self, op: BinaryOp, a: Value, b: Value) -> Read {
        use Value::{Decimal, Int, Span, Time};
        let calculate = |a: i64, b: i64| {
            match op {
                BinaryOp::Add => a.checked_add(b),
                BinaryOp::Subtract => a.checked_sub(b),
                _ => a.checked_mul(b),
            }
            .ok_or(())
        };
        Ok(match op {
            BinaryOp::Equal => Value::Bool(a == b),
            BinaryOp::NotEqual => Value::Bool(a != b),
            // Both sides are of one ordered type, and so ordered by the number in them.
            BinaryOp::Less => Value::Bool(a < b),
            BinaryOp::LessEqual => Value::Bool(a <= b),
            BinaryOp::Greater => Value::Bool(a > b),
            BinaryOp::GreaterEqual => Value::Bool(a >= b),
            BinaryOp::In => Value::Bool(match (a, b) {
                (element, Value::Set(set)) => set.contains(&element),
                (Value::Ip(a), Value::Ip(b)) => a.inside(&b),
                (Value::Entity(a), Value::Entity(b)) => {
                    inside(self.facts, self.request.now, &a, &b, &mut BTreeSet::new())
                }
                other => unreachable!("no `in`: {other:?}"),
            }),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply => match (a, b) {
                (Int(a), Int(b)) => Int(calculate(a, b)?),
                (Decimal(a) | Int(a), Decimal(b) | Int(b)) => Decimal(calculate(a, b)?),
                (Time(a), Time(b)) => Span(calculate(a, b)?),
                (Time(a), Span(b)) | (Span(a), Time(b)) => Time(calculate(a, b)?),
                (Span(a) | Int(a), Span(b) | Int(b)) => Span(calculate(a, b)?),
                other => unreachable!("no arithmetic: {other:?}"),
            },
        })
    }
}

impl Model<'_> {
    /// Whether a condition fits a resource of a type, and the action, where it is about one: the
    /// attributes, relations, enclosing types and parts of the context that it names are there. The
    /// generator gives an attribute one type wherever it is declared, so that nothing else decides.
    pub(super) fn fits(
        &self,
        expr: &Expr,
        ty: &str,
        action: Option<&Action>,
        principals: &BTreeSet<&str>,
    ) -> bool {
        let fits = |expr: &Expr| self.fits(expr, ty, action, principals);
        match &expr.kind {
            ExprKind::Field(base, name) | ExprKind::Has(base, name) => {
                let has = |ty: &str| {
                    self.attribute(ty, &name.name).is_some()
                        || self.has_relation(ty, &name.name)
                        || self.types.contains_key(name.name.as_str())
                            && self.in_exactly_one(ty, &name.name)
                };
                match &base.kind {
                    ExprKind::Name(word) if word == "resource" => has(ty),
                    ExprKind::Name(word) if word == "principal" => {
                        principals.iter().all(|ty| has(ty))
                    }
                    ExprKind::Name(word) if word == "context" => {
                        let declared = &self.context[name.name.as_str()].actions;
                        declared.as_ref().is_none_or(|actions| {
                            action.is_some_and(|action| actions.contains(action))
                        })
                    }
                    _ => fits(base),
                }
            }
            ExprKind::IsRole(_, _, of) => self.may_stand_in(ty, &of.name),
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Set(parts) => {
                parts.iter().all(fits)
            }
            ExprKind::Method(base, _, arguments) => fits(base) && arguments.iter().all(fits),
            ExprKind::Not(e)
            | ExprKind::Negate(e)
            | ExprKind::Like(e, _)
            | ExprKind::IsType(e, _) => fits(e),
            ExprKind::Binary(_, a, b) => fits(a) && fits(b),
            ExprKind::If(a, b, c) => fits(a) && fits(b) && fits(c),
            _ => true,
        }
    }

    /// Whether an entity of a type may stand in one of another, or is one.
    pub fn may_stand_in(&self, ty: &str, other: &str) -> bool {
        let containers = self.types.get(ty).map_or(&[][..], |decl| &decl.containers);
        ty == other
            || containers
                .iter()
                .any(|of| of.type_name.name != ty && self.may_stand_in(&of.type_name.name, other))
    }

    /// Whether exactly one step up leads towards the other type, and always is there, at each step.
    fn in_exactly_one(&self, ty: &str, other: &str) -> bool {
        let outer = self
            .types
            .get(other)
            .map_or(&[][..], |decl| &decl.containers);
        if outer.iter().any(|of| of.type_name.name == other) {
            return false;
        }
        if ty == other {
            return true;
        }
        let containers = self.types.get(ty).map_or(&[][..], |decl| &decl.containers);
        let leading: Vec<_> = containers
            .iter()
            .filter(|of| of.type_name.name == ty || self.may_stand_in(&of.type_name.name, other))
            .collect();
        match leading.as_slice() {
            [only] => {
                only.cardinality == Cardinality::One
                    && self.in_exactly_one(&only.type_name.name, other)
            }
            _ => false,
        }
    }
}

fn like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skip| like(&text[skip..], rest)),
        ['\\', c, rest @ ..] | [c, rest @ ..] => text.first() == Some(c) && like(&text[1..], rest),
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(&expr.kind, ExprKind::Name(word) if word == name)
}

fn inside(
    facts: &Facts,
    now: i64,
    entity: &Entity,
    other: &Entity,
    seen: &mut BTreeSet<Entity>,
) -> bool {
    if !seen.insert(entity.clone()) {
        return false;
    }
    let groups = facts.memberships.iter();
    let groups = groups.filter(|((member, _), until)| member == entity && **until > now);
    let mut next: Vec<&Entity> = groups.map(|((_, group), _)| group).collect();
    next.extend(facts.containers_of(entity));
    entity == other
        || next
            .into_iter()
            .any(|next| inside(facts, now, next, other, seen))
}
