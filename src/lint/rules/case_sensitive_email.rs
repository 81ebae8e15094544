//! `case-sensitive-email`: an e-mail address is compared letter by letter.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::lint::walk::{conditions, each};
use crate::plan::ValueType;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, Literal};

pub(super) static RULE: Rule = Rule {
    code: "R120",
    name: "case-sensitive-email",
    level: Level::Warn,
    summary: "an e-mail address is compared with its capital letters",
    page: include_str!("../../../docs/rules/case-sensitive-email.md"),
    check,
};

/// Parts of names for addresses.
const ADDRESSES: &[&str] = &["email", "emails", "mail", "mails", "upn", "upns"];

/// Parts of names that promise one spelling.
const FOLDED: &[&str] = &[
    "lower",
    "lowercase",
    "normalized",
    "normalised",
    "canonical",
    "folded",
];

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let texts = texts(subject);
    for condition in conditions(subject) {
        each(condition, &mut |part| {
            let sides: Vec<Side> = match &part.kind {
                ExprKind::Binary(BinaryOp::Equal | BinaryOp::NotEqual | BinaryOp::In, a, b) => {
                    vec![side(&texts, a), side(&texts, b)]
                }
                ExprKind::Like(base, pattern) => {
                    vec![side(&texts, base), of_text(&pattern.value)]
                }
                ExprKind::Method(base, method, arguments)
                    if method.name.starts_with("contains") =>
                {
                    let all = std::iter::once(&**base).chain(arguments);
                    all.map(|side| self::side(&texts, side)).collect()
                }
                _ => return,
            };
            let alone = sides.contains(&Side::Text) && !sides.contains(&Side::Folded);
            if !alone && !sides.contains(&Side::Address) {
                return;
            }
            found
                .add(
                    part.span,
                    "an address in other letters, `Ann@…` for `ann@…`, is another one here",
                )
                .help("keep addresses in lower case, and say so in the name: `email_lower`; let the caller lower what it puts into the context");
        });
    }
}

/// What stands on one side of a comparison.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// An address as somebody wrote it.
    Address,
    /// What is kept in one spelling, by its name.
    Folded,
    /// An address in the policy, in lower case.
    Text,
    /// Anything else.
    Other,
}

fn side(texts: &BTreeSet<&str>, expr: &Expr) -> Side {
    match &expr.kind {
        ExprKind::Field(_, name) if texts.contains(&name.name.as_str()) => of_name(&name.name),
        ExprKind::Literal(Literal::String(text)) => of_text(text),
        ExprKind::Set(parts) => {
            let sides: Vec<Side> = parts.iter().map(|part| side(texts, part)).collect();
            let first = |wanted: Side| sides.iter().copied().find(|side| *side == wanted);
            let found = first(Side::Address).or_else(|| first(Side::Text));
            found.unwrap_or(Side::Other)
        }
        _ => Side::Other,
    }
}

/// A text in the policy.
fn of_text(text: &str) -> Side {
    let domain = text.rsplit_once('@').map(|(_, domain)| domain);
    match domain.filter(|domain| domain.contains('.')) {
        Some(_) if text.chars().any(char::is_uppercase) => Side::Address,
        Some(_) => Side::Text,
        None => Side::Other,
    }
}

fn of_name(name: &str) -> Side {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter != '_') {
            word.extend(letter.to_lowercase());
        }
    }
    let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    match (has(ADDRESSES), has(FOLDED)) {
        (_, true) => Side::Folded,
        (true, false) => Side::Address,
        (false, false) => Side::Other,
    }
}

/// The names of attributes and parts of the context that are texts.
fn texts<'s>(subject: &'s Subject<'_>) -> BTreeSet<&'s str> {
    let attributes = subject.plan.types.rows().iter();
    let attributes = attributes.flat_map(|ty| &ty.attributes);
    let fields = attributes.chain(&subject.plan.context);
    let text = |ty: &ValueType| match ty {
        ValueType::String => true,
        ValueType::Set(of) => **of == ValueType::String,
        _ => false,
    };
    let fields = fields.filter(|field| text(&field.ty));
    fields.map(|field| field.name.as_str()).collect()
}
