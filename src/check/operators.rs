//! Operators with two sides: which types they take, and the node that they become.

use super::condition::{Checker, Typed};
use crate::diagnostic::types as report;
use crate::plan::{Arithmetic, Comparison, Node, TypeId, Value, ValueType};
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr};

impl Checker<'_, '_, '_> {
    pub(super) fn negate(&mut self, span: Span, inner: &Expr) -> Option<Typed> {
        let (node, ty) = self.typed(inner)?;
        match ty {
            ValueType::Int | ValueType::Decimal | ValueType::Duration => {
                Some((self.arena.node(Node::Negate(node)), ty))
            }
            other => {
                let found = self.type_name(&other);
                self.error(report::mismatch(span, "Int", &found))
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        span: Span,
        op: BinaryOp,
        left: Typed,
        right: Typed,
    ) -> Option<Typed> {
        match op {
            BinaryOp::Equal => self.compare(span, Comparison::Equal, left, right),
            BinaryOp::NotEqual => self.compare(span, Comparison::NotEqual, left, right),
            BinaryOp::Less => self.order(span, op, Comparison::Less, left, right),
            BinaryOp::LessEqual => self.order(span, op, Comparison::LessEqual, left, right),
            BinaryOp::Greater => self.order(span, op, Comparison::Greater, left, right),
            BinaryOp::GreaterEqual => self.order(span, op, Comparison::GreaterEqual, left, right),
            BinaryOp::Add => self.calculate(span, op, Arithmetic::Add, left, right),
            BinaryOp::Subtract => self.calculate(span, op, Arithmetic::Subtract, left, right),
            BinaryOp::Multiply => self.calculate(span, op, Arithmetic::Multiply, left, right),
            BinaryOp::In => self.contained(span, left, right),
        }
    }

    fn compare(&mut self, span: Span, op: Comparison, left: Typed, right: Typed) -> Option<Typed> {
        if !comparable(&left.1, &right.1) {
            let (a, b) = (self.type_name(&left.1), self.type_name(&right.1));
            return self.error(report::unlike(span, &a, &b));
        }
        Some((
            self.arena.node(Node::Compare(op, left.0, right.0)),
            ValueType::Bool,
        ))
    }

    fn order(
        &mut self,
        span: Span,
        sign: BinaryOp,
        op: Comparison,
        left: Typed,
        right: Typed,
    ) -> Option<Typed> {
        let ordered = matches!(
            left.1,
            ValueType::Int | ValueType::Decimal | ValueType::Datetime | ValueType::Duration
        );
        if ordered && left.1 == right.1 {
            return Some((
                self.arena.node(Node::Compare(op, left.0, right.0)),
                ValueType::Bool,
            ));
        }
        if ordered || !comparable(&left.1, &right.1) {
            let (a, b) = (self.type_name(&left.1), self.type_name(&right.1));
            return self.error(report::unlike(span, &a, &b));
        }
        self.not_operable(span, sign, &left, &right)
    }

    fn not_operable<T>(
        &mut self,
        span: Span,
        op: BinaryOp,
        left: &Typed,
        right: &Typed,
    ) -> Option<T> {
        let (a, b) = (self.type_name(&left.1), self.type_name(&right.1));
        self.error(report::not_operable(span, sign(op), &a, &b))
    }

    fn contained(&mut self, span: Span, left: Typed, right: Typed) -> Option<Typed> {
        let node = match (&left.1, &right.1) {
            (element, ValueType::Set(of)) if comparable(element, of) => {
                Node::InSet(left.0, right.0)
            }
            (ValueType::Entity(_), ValueType::Entity(_)) => Node::InEntity(left.0, right.0),
            (ValueType::IpAddr, ValueType::IpAddr) => Node::InNetwork(left.0, right.0),
            _ => return self.not_operable(span, BinaryOp::In, &left, &right),
        };
        Some((self.arena.node(node), ValueType::Bool))
    }

    /// Arithmetic meets constants: that keeps what is true of all worlds decidable.
    fn calculate(
        &mut self,
        span: Span,
        sign: BinaryOp,
        op: Arithmetic,
        left: Typed,
        right: Typed,
    ) -> Option<Typed> {
        use ValueType::{Datetime, Decimal, Duration, Int};
        let ty = match (op, &left.1, &right.1) {
            (_, Int, Int) => Int,
            (Arithmetic::Add | Arithmetic::Subtract, Decimal, Decimal) => Decimal,
            (Arithmetic::Add | Arithmetic::Subtract, Duration, Duration) => Duration,
            (Arithmetic::Add | Arithmetic::Subtract, Datetime, Duration)
            | (Arithmetic::Add, Duration, Datetime) => Datetime,
            (Arithmetic::Subtract, Datetime, Datetime) => Duration,
            (Arithmetic::Multiply, Decimal, Int) | (Arithmetic::Multiply, Int, Decimal) => Decimal,
            (Arithmetic::Multiply, Duration, Int) | (Arithmetic::Multiply, Int, Duration) => {
                Duration
            }
            _ => return self.not_operable(span, sign, &left, &right),
        };
        let constants = (
            self.arena
                .constant_of(left.0)
                .and_then(|(_, value)| number(value)),
            self.arena
                .constant_of(right.0)
                .and_then(|(_, value)| number(value)),
        );
        match constants {
            (None, None) => self.error(report::no_constant_side(span)),
            (Some(a), Some(b)) => match op.apply(a, b) {
                Some(result) => Some(self.constant(value_of(&ty, result), ty)),
                None => self.error(report::constant_overflow(span)),
            },
            _ => Some((self.arena.node(Node::Calculate(op, left.0, right.0)), ty)),
        }
    }
}

/// The number behind a value that can be calculated with.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) | Value::Decimal(n) | Value::Datetime(n) | Value::Duration(n) => Some(*n),
        _ => None,
    }
}

fn value_of(ty: &ValueType, number: i64) -> Value {
    match ty {
        ValueType::Decimal => Value::Decimal(number),
        ValueType::Datetime => Value::Datetime(number),
        ValueType::Duration => Value::Duration(number),
        _ => Value::Int(number),
    }
}

/// The type that has the values of both, where there is one.
pub(super) fn join(a: &ValueType, b: &ValueType) -> Option<ValueType> {
    match (a, b) {
        // An entity of no type at all is the element of the empty set: it joins with anything.
        (ValueType::Entity(of), other) | (other, ValueType::Entity(of)) if of.is_empty() => {
            Some(other.clone())
        }
        (ValueType::Entity(a), ValueType::Entity(b)) => {
            let mut of: Vec<TypeId> = a.iter().chain(b).copied().collect();
            of.sort_unstable();
            of.dedup();
            Some(ValueType::Entity(of))
        }
        (ValueType::Set(a), ValueType::Set(b)) => Some(ValueType::Set(Box::new(join(a, b)?))),
        (a, b) => (a == b).then(|| a.clone()),
    }
}

/// Whether some value could be of both types, so that comparing them says something.
pub(super) fn comparable(a: &ValueType, b: &ValueType) -> bool {
    match (a, b) {
        (ValueType::Entity(of), _) | (_, ValueType::Entity(of)) if of.is_empty() => true,
        (ValueType::Entity(a), ValueType::Entity(b)) => a.iter().any(|ty| b.contains(ty)),
        (ValueType::Set(a), ValueType::Set(b)) => comparable(a, b),
        (a, b) => a == b,
    }
}

/// The sign of an operator.
fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::In => "in",
    }
}
