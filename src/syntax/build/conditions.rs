//! Nodes of conditions, and the limits on how deep and how long they are.

use super::Builder;
use crate::diagnostic::syntax as report;
use crate::literal;
use crate::source::Span;
use crate::syntax::ast::*;
use crate::syntax::{MAX_DEPTH, MAX_PARTS};

impl Builder<'_> {
    fn node(&mut self, span: Span, kind: ExprKind, children: u32) -> Expr {
        let depth = children + 1;
        if depth > MAX_DEPTH {
            self.limit(report::too_deep(span, MAX_DEPTH));
            return Expr {
                kind: ExprKind::Error,
                span,
                depth: 0,
            };
        }
        Expr { kind, span, depth }
    }

    pub fn not(&mut self, l: u32, e: Expr, r: u32) -> Expr {
        let (span, depth) = (self.span(l, r), e.depth);
        self.node(span, ExprKind::Not(Box::new(e)), depth)
    }

    pub fn negate(&mut self, l: u32, e: Expr, r: u32) -> Expr {
        let (span, depth) = (self.span(l, r), e.depth);
        let folded = match &e.kind {
            ExprKind::Literal(Literal::Int(n)) => n.checked_neg().map(Literal::Int),
            ExprKind::Literal(Literal::Decimal(n)) => n.checked_neg().map(Literal::Decimal),
            ExprKind::Literal(Literal::Duration(n)) => n.checked_neg().map(Literal::Duration),
            _ => None,
        };
        match folded {
            Some(literal) => self.node(span, ExprKind::Literal(literal), 0),
            None => self.node(span, ExprKind::Negate(Box::new(e)), depth),
        }
    }

    pub fn binary(&mut self, op: BinaryOp, a: Expr, b: Expr) -> Expr {
        let (span, depth) = (a.span.to(b.span), a.depth.max(b.depth));
        self.node(span, ExprKind::Binary(op, Box::new(a), Box::new(b)), depth)
    }

    pub fn and(&mut self, a: Expr, b: Expr) -> Expr {
        self.chain(a, b, ExprKind::And, |kind| match kind {
            ExprKind::And(parts) => Ok(parts),
            other => Err(other),
        })
    }

    pub fn or(&mut self, a: Expr, b: Expr) -> Expr {
        self.chain(a, b, ExprKind::Or, |kind| match kind {
            ExprKind::Or(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// Joins into one flat chain, so that a long one is not a deep one.
    fn chain(
        &mut self,
        a: Expr,
        b: Expr,
        wrap: fn(Vec<Expr>) -> ExprKind,
        unwrap: fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
    ) -> Expr {
        let span = a.span.to(b.span);
        let (a_span, a_depth, b_depth) = (a.span, a.depth, b.depth);
        let (mut parts, depth) = match unwrap(a.kind) {
            Ok(parts) => (parts, (a_depth - 1).max(b_depth)),
            Err(kind) => {
                let first = Expr {
                    kind,
                    span: a_span,
                    depth: a_depth,
                };
                (vec![first], a_depth.max(b_depth))
            }
        };
        self.push_part(&mut parts, b);
        self.node(span, wrap(parts), depth)
    }

    fn push_part(&mut self, parts: &mut Vec<Expr>, part: Expr) {
        if parts.len() < MAX_PARTS {
            parts.push(part);
        } else {
            self.limit(report::too_long(part.span, MAX_PARTS));
        }
    }

    fn check_parts(&mut self, parts: &mut Vec<Expr>) -> u32 {
        if let Some(first) = parts.get(MAX_PARTS) {
            let span = first.span;
            self.limit(report::too_long(span, MAX_PARTS));
            parts.truncate(MAX_PARTS);
        }
        parts.iter().map(|part| part.depth).max().unwrap_or(0)
    }

    pub fn has(&mut self, e: Expr, name: Ident) -> Expr {
        let (span, depth) = (e.span.to(name.span), e.depth);
        self.node(span, ExprKind::Has(Box::new(e), name), depth)
    }

    pub fn like(&mut self, e: Expr, pattern: Text) -> Expr {
        let (span, depth) = (e.span.to(pattern.span), e.depth);
        self.node(span, ExprKind::Like(Box::new(e), pattern), depth)
    }

    pub fn is_type(&mut self, e: Expr, types: Vec<Ident>, r: u32) -> Expr {
        let (span, depth) = (self.span(e.span.start, r), e.depth);
        self.node(span, ExprKind::IsType(Box::new(e), types), depth)
    }

    pub fn is_role(&mut self, e: Expr, role: Ident, of: Ident) -> Expr {
        let (span, depth) = (e.span.to(of.span), e.depth);
        self.node(span, ExprKind::IsRole(Box::new(e), role, of), depth)
    }

    pub fn choose(&mut self, l: u32, c: Expr, a: Expr, b: Expr) -> Expr {
        let depth = c.depth.max(a.depth).max(b.depth);
        let span = self.span(l, b.span.end);
        self.node(
            span,
            ExprKind::If(Box::new(c), Box::new(a), Box::new(b)),
            depth,
        )
    }

    pub fn field(&mut self, e: Expr, name: Ident) -> Expr {
        let (span, depth) = (e.span.to(name.span), e.depth);
        self.node(span, ExprKind::Field(Box::new(e), name), depth)
    }

    pub fn method(&mut self, e: Expr, name: Ident, mut arguments: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut arguments).max(e.depth);
        let span = self.span(e.span.start, r);
        self.node(span, ExprKind::Method(Box::new(e), name, arguments), depth)
    }

    pub fn call(&mut self, name: Ident, mut arguments: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut arguments);
        let span = self.span(name.span.start, r);
        self.node(span, ExprKind::Call(name, arguments), depth)
    }

    pub fn set(&mut self, l: u32, mut parts: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut parts);
        let span = self.span(l, r);
        self.node(span, ExprKind::Set(parts), depth)
    }

    pub fn record(&mut self, l: u32, fields: Vec<(Ident, Expr)>, r: u32) -> Expr {
        let depth = fields
            .iter()
            .map(|(_, value)| value.depth)
            .max()
            .unwrap_or(0);
        let span = self.span(l, r);
        self.node(span, ExprKind::Record(fields), depth)
    }

    // ---- literals and words -------------------------------------------------------------------

    pub fn literal(&mut self, l: u32, literal: Literal, r: u32) -> Expr {
        let span = self.span(l, r);
        self.node(span, ExprKind::Literal(literal), 0)
    }

    fn number(&mut self, l: u32, text: &str, r: u32, what: &str, read: Option<Literal>) -> Expr {
        let span = self.span(l, r);
        match read {
            Some(literal) => self.node(span, ExprKind::Literal(literal), 0),
            None => {
                self.diagnostics.push(report::bad_number(span, text, what));
                self.node(span, ExprKind::Error, 0)
            }
        }
    }

    pub fn integer(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "whole number",
            literal::parse_int(text).map(Literal::Int),
        )
    }

    pub fn decimal(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "decimal",
            literal::parse_decimal(text).map(Literal::Decimal),
        )
    }

    pub fn duration(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "duration",
            literal::parse_duration(text).map(Literal::Duration),
        )
    }

    pub fn datetime(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "time",
            literal::parse_datetime(text).map(Literal::Datetime),
        )
    }

    pub fn moment(&mut self, l: u32, text: &str, r: u32) -> Moment {
        let span = self.span(l, r);
        let millis = literal::parse_datetime(text).unwrap_or_else(|| {
            self.diagnostics
                .push(report::bad_number(span, text, "time"));
            0
        });
        Moment { millis, span }
    }

    pub fn text(&mut self, l: u32, quoted: &str, r: u32) -> Text {
        let inner = quoted.strip_prefix('"').unwrap_or(quoted);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let value = self.unescape(l + 1, inner);
        Text {
            value,
            span: self.span(l, r),
        }
    }

    fn unescape(&mut self, at: u32, inner: &str) -> String {
        literal::unescape(inner).unwrap_or_else(|(from, to)| {
            let shift = |n: usize| at.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            let span = self.span(shift(from), shift(to));
            let escape = inner.get(from..to).unwrap_or("");
            self.diagnostics.push(report::unknown_escape(span, escape));
            inner.to_owned()
        })
    }

    pub fn text_literal(&mut self, text: Text) -> Expr {
        self.node(text.span, ExprKind::Literal(Literal::String(text.value)), 0)
    }

    pub fn entity(&mut self, l: u32, text: &str, r: u32) -> Entity {
        let (type_name, id) = text.split_once(':').unwrap_or((text, ""));
        let quoted = id.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let id = match quoted {
            Some(inner) => {
                let before = u32::try_from(type_name.len() + 2).unwrap_or(0);
                self.unescape(l.saturating_add(before), inner)
            }
            None => id.to_owned(),
        };
        Entity {
            type_name: type_name.to_owned(),
            id,
            span: self.span(l, r),
        }
    }

    pub fn entity_literal(&mut self, entity: Entity) -> Expr {
        self.node(entity.span, ExprKind::Entity(entity), 0)
    }

    pub fn ident(&mut self, l: u32, text: &str, r: u32) -> Ident {
        Ident {
            name: text.to_owned(),
            span: self.span(l, r),
        }
    }

    pub fn name(&mut self, name: Ident) -> Expr {
        self.node(name.span, ExprKind::Name(name.name), 0)
    }

    pub fn word(&mut self, l: u32, word: &str, r: u32) -> Expr {
        let name = self.ident(l, word, r);
        self.name(name)
    }
}
