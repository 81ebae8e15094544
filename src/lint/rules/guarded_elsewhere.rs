//! `guarded-elsewhere`: an attribute is asked for with `has` in one place and simply read in another.

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::lint::trust::each;
use crate::lint::walk::conditioned;
use crate::plan::{Node, TypeId};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

pub(super) static RULE: Rule = Rule {
    code: "R118",
    name: "guarded-elsewhere",
    level: Level::Warn,
    summary: "an attribute that one condition guards with `has`, and another reads bare",
    page: include_str!("../../../docs/rules/guarded-elsewhere.md"),
    check,
};

/// An attribute, by its column.
type Column = (TypeId, u32);

/// What a condition asks `has` of, and what it reads.
type Asked = (BTreeMap<Column, Span>, BTreeMap<Column, Span>);

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let asked = asked(subject);
    let mut guarded: BTreeMap<Column, Span> = BTreeMap::new();
    for (has, _) in &asked {
        for (column, span) in has {
            guarded.entry(*column).or_insert(*span);
        }
    }
    for (has, reads) in &asked {
        for (column, span) in reads {
            let Some(guard) = guarded.get(column).filter(|_| !has.contains_key(column)) else {
                continue;
            };
            let (of, name) = (subject.schema.type_name(column.0), name(subject, *column));
            found
                .add(
                    *span,
                    format!("this reads `{name}` of a `{of}` without `has`, which is asked elsewhere"),
                )
                .also(*guard, "here it may be missing")
                .help(format!(
                    "declare it as `{name}?`: then nothing can read it without `has`. Where it is missing, this condition errs"
                ));
        }
    }
}

/// What each clause or rule asks, of attributes that every entity should have and that have no
/// default. Where one may be absent, the compiler wants a `has`.
fn asked(subject: &Subject<'_>) -> Vec<Asked> {
    let plan = subject.plan;
    let all = conditioned(subject).into_iter().map(|clause| {
        let (mut has, mut reads) = (BTreeMap::new(), BTreeMap::new());
        for condition in &clause.ids {
            each(plan, plan.conditions[*condition].root, &mut |node| {
                let (guards, columns) = match node {
                    Node::HasAttribute(_, columns) => (true, columns),
                    Node::Attribute(_, columns) => (false, columns),
                    _ => return,
                };
                for column in columns.of(&plan.columns) {
                    let name = name(subject, *column);
                    let here = clause.find(|part| match &part.kind {
                        ExprKind::Has(_, field) => guards && field.name == name,
                        ExprKind::Field(_, field) => !guards && field.name == name,
                        _ => false,
                    });
                    if let (Some(part), true) = (here, is_required(subject, *column)) {
                        let list = if guards { &mut has } else { &mut reads };
                        list.insert(*column, named_at(part));
                    }
                }
            });
        }
        (has, reads)
    });
    all.collect()
}

fn named_at(part: &Expr) -> Span {
    match &part.kind {
        ExprKind::Has(_, field) | ExprKind::Field(_, field) => field.span,
        _ => part.span,
    }
}

fn is_required(subject: &Subject<'_>, (of, column): Column) -> bool {
    let field = subject.plan.types[of].attributes.get(column as usize);
    field.is_some_and(|field| !field.optional && field.default.is_none())
}

fn name<'s>(subject: &'s Subject<'_>, (of, column): Column) -> &'s str {
    let field = subject.plan.types[of].attributes.get(column as usize);
    field.map_or("", |field| field.name.as_str())
}
