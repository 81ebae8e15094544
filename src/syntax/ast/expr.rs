//! Conditions and values in the syntax tree.

use std::collections::BTreeMap;

use super::{Entity, Ident, Text};
use crate::literal::{self, EntityName};
use crate::plan::Value;
use crate::source::Span;

/// A condition or a value.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
    /// How deep it is nested, at most [`crate::syntax::MAX_DEPTH`].
    pub depth: u32,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `true`, `12`, `"text"`, …
    Literal(Literal),
    /// `principal`, `resource`, `context`, `now`
    Name(String),
    /// `User:alice`
    Entity(Entity),
    /// `[a, b]`
    Set(Vec<Expr>),
    /// `{ name: value }`
    Record(Vec<(Ident, Expr)>),
    /// `base.name`
    Field(Box<Expr>, Ident),
    /// `base.name(arguments)`
    Method(Box<Expr>, Ident, Vec<Expr>),
    /// `name(arguments)`
    Call(Ident, Vec<Expr>),
    /// `!e`
    Not(Box<Expr>),
    /// `-e`
    Negate(Box<Expr>),
    /// `a && b && c`, at least two
    And(Vec<Expr>),
    /// `a || b || c`, at least two
    Or(Vec<Expr>),
    /// `a == b` and the other operators with two sides
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `e has name`
    Has(Box<Expr>, Ident),
    /// `e like "a*"`
    Like(Box<Expr>, Text),
    /// `e is T | T`
    IsType(Box<Expr>, Vec<Ident>),
    /// `e is Role of Type`
    IsRole(Box<Expr>, Ident, Ident),
    /// `if a then b else c`
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Could not be read; already reported.
    Error,
}

/// A literal value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, in ten-thousandths.
    Decimal(i64),
    /// A text.
    String(String),
    /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
    Datetime(i64),
    /// A length of time, in milliseconds.
    Duration(i64),
}

/// Operators with two sides, `&&` and `||` left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
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
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `in`
    In,
}

impl Expr {
    /// The value of an expression that is one: a literal, an entity, `ip("…")`, or a set or record
    /// of these.
    ///
    /// # Errors
    ///
    /// The span of the part that is none.
    pub fn value(&self) -> Result<Value, Span> {
        Ok(match &self.kind {
            ExprKind::Literal(literal) => match literal {
                Literal::Bool(value) => Value::Bool(*value),
                Literal::Int(value) => Value::Int(*value),
                Literal::Decimal(value) => Value::Decimal(*value),
                Literal::String(value) => Value::String(value.clone()),
                Literal::Datetime(value) => Value::Datetime(*value),
                Literal::Duration(value) => Value::Duration(*value),
            },
            ExprKind::Entity(entity) => {
                Value::Entity(EntityName::new(entity.type_name.clone(), entity.id.clone()))
            }
            ExprKind::Call(name, arguments) if name.name == "ip" => {
                let [
                    Expr {
                        kind: ExprKind::Literal(Literal::String(text)),
                        ..
                    },
                ] = arguments.as_slice()
                else {
                    return Err(self.span);
                };
                Value::IpAddr(literal::parse_ip(text).ok_or(self.span)?)
            }
            ExprKind::Set(parts) => {
                Value::Set(parts.iter().map(Self::value).collect::<Result<_, _>>()?)
            }
            ExprKind::Record(fields) => {
                let mut record = BTreeMap::new();
                for (name, value) in fields {
                    if record.insert(name.name.clone(), value.value()?).is_some() {
                        return Err(name.span);
                    }
                }
                Value::Record(record)
            }
            _ => return Err(self.span),
        })
    }
}
