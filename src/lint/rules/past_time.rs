//! `past-time`: the time is compared with a moment that is past.

use super::{Findings, Level, Rule, Subject};
use crate::lint::walk::{conditions, each};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Literal};

pub(super) static RULE: Rule = Rule {
    code: "R116",
    name: "past-time",
    level: Level::Warn,
    summary: "the time is compared with a moment that is past",
    page: include_str!("../../../docs/rules/past-time.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let Some(now) = subject.config.now() else {
        return;
    };
    let is_now = |expr: &Expr| matches!(&expr.kind, ExprKind::Name(name) if name == "now");
    let moment = |expr: &Expr| match &expr.kind {
        ExprKind::Literal(Literal::Datetime(millis)) => Some(*millis),
        _ => None,
    };
    for condition in conditions(subject) {
        each(condition, &mut |part| {
            let ExprKind::Binary(operator, a, b) = &part.kind else {
                return;
            };
            let (at, before) = match (moment(a), moment(b)) {
                (None, Some(at)) if is_now(a) => (
                    at,
                    matches!(
                        operator,
                        BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Equal
                    ),
                ),
                (Some(at), None) if is_now(b) => (
                    at,
                    matches!(
                        operator,
                        BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Equal
                    ),
                ),
                _ => return,
            };
            if at >= now {
                return;
            }
            let word = if before { "false" } else { "true" };
            found
                .add(
                    part.span,
                    format!("this moment is past: from now on the comparison is always {word}"),
                )
                .help("remove what has ended, or set the next date");
        });
    }
}
