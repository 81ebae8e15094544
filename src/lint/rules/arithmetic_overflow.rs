//! `arithmetic-overflow`: a condition computes with values that can leave 64 bits, and then errs.

use super::{Findings, Level, Rule, Subject};
use crate::lint::walk::conditioned;
use crate::plan::{Arithmetic, Field, Node, NodeId, Plan, Value, ValueType};
use crate::syntax::ast::{BinaryOp, ExprKind};

pub(super) static RULE: Rule = Rule {
    code: "R117",
    name: "arithmetic-overflow",
    level: Level::Allow,
    summary: "a comparison that errs where a number is very large",
    page: include_str!("../../../docs/rules/arithmetic-overflow.md"),
    check,
};

/// The milliseconds that a moment may have: those of the years -9999 to 9999, and a day around.
const MOMENTS: Range = (-377_705_203_200_000, 253_402_387_200_000);

/// What a number may be, from and to.
type Range = (i128, i128);

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let plan = subject.plan;
    for clause in conditioned(subject) {
        let computed = clause.find(|part| {
            matches!(
                part.kind,
                ExprKind::Binary(BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply, ..)
            )
        });
        let errs = |root: NodeId| {
            let mut errs = false;
            range(plan, root, &mut errs);
            errs
        };
        let Some(part) = computed else {
            continue;
        };
        let mut roots = clause.ids.iter().map(|id| plan.conditions[*id].root);
        if roots.any(errs) {
            found
                .add(
                    part.span,
                    "a very large number makes this err: then the condition gives nothing, and forbids",
                )
                .help("compare the attributes themselves, or keep such numbers out where they are written");
        }
    }
}

/// The numbers that a node may come to, where that can be said; whether some part of it can leave 64
/// bits.
fn range(plan: &Plan, node: NodeId, errs: &mut bool) -> Option<Range> {
    let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
    match plan.nodes[node] {
        Node::Constant(id) => match plan.constants[id].value {
            Value::Int(n) | Value::Decimal(n) | Value::Datetime(n) | Value::Duration(n) => {
                Some((n.into(), n.into()))
            }
            _ => None,
        },
        Node::Now => Some(MOMENTS),
        Node::Context(part) => plan.context.get(part as usize).and_then(of_type),
        Node::Attribute(base, columns) => {
            range(plan, base, errs);
            let (of, column) = columns.of(&plan.columns).first()?;
            of_type(plan.types[*of].attributes.get(*column as usize)?)
        }
        Node::Calculate(operator, a, b) => {
            let (a, b) = (range(plan, a, errs), range(plan, b, errs));
            let ((a, b), (c, d)) = (a?, b?);
            let (low, high) = match operator {
                Arithmetic::Add => (a + c, b + d),
                Arithmetic::Subtract => (a - d, b - c),
                Arithmetic::Multiply => {
                    let all = [a * c, a * d, b * c, b * d];
                    let (low, high) = (all.iter().min()?, all.iter().max()?);
                    (*low, *high)
                }
            };
            *errs |= low < least || high > most;
            Some((low.max(least), high.min(most)))
        }
        Node::Negate(a) => range(plan, a, errs).map(|(low, high)| (-high, (-low).min(most))),
        Node::Field(a, _)
        | Node::Not(a)
        | Node::Like(a, _)
        | Node::IsType(a, _)
        | Node::IsEmpty(a)
        | Node::HasAttribute(a, _)
        | Node::HasField(a, _)
        | Node::Related(a, _)
        | Node::Enclosing(a, _) => {
            range(plan, a, errs);
            None
        }
        Node::And(parts) | Node::Or(parts) | Node::Set(parts) => {
            for part in parts.of(&plan.operands) {
                range(plan, *part, errs);
            }
            None
        }
        Node::If(condition, a, b) => {
            range(plan, condition, errs);
            let ((a, b), (c, d)) = (range(plan, a, errs)?, range(plan, b, errs)?);
            Some((a.min(c), b.max(d)))
        }
        Node::Compare(_, a, b)
        | Node::InSet(a, b)
        | Node::InEntity(a, b)
        | Node::InNetwork(a, b)
        | Node::ContainsAll(a, b)
        | Node::ContainsAny(a, b) => {
            range(plan, a, errs);
            range(plan, b, errs);
            None
        }
        Node::Principal
        | Node::Credential
        | Node::IsCredential(_)
        | Node::Resource
        | Node::HasContext(_)
        | Node::Holds(_) => None,
    }
}

fn of_type(field: &Field) -> Option<Range> {
    match field.ty {
        ValueType::Int | ValueType::Decimal | ValueType::Duration => {
            Some((i64::MIN.into(), i64::MAX.into()))
        }
        ValueType::Datetime => Some(MOMENTS),
        _ => None,
    }
}
