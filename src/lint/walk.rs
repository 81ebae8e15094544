//! Conditions and entities of the text, for rules that must point into them.

use std::collections::BTreeSet;

use super::Subject;
use super::subject::{Grant, Sight};
use crate::plan::ConditionId;
use crate::source::Span;
use crate::syntax::ast::{Entity, Expr, ExprKind, Fact, FactKind, Holder, RoleClause, Statement};

/// The conditions of roles and rules, each `when` and `unless` by itself.
pub(crate) fn conditions<'a>(subject: &Subject<'a>) -> Vec<&'a Expr> {
    let mut found = Vec::new();
    for role in subject.schema.roles.rows() {
        for clause in &role.decl.clauses {
            if let RoleClause::Sees { when, .. } | RoleClause::Can { when, .. } = clause {
                found.extend(when);
            }
        }
    }
    let rules = subject.rules.iter().flat_map(|rule| &rule.decl.conditions);
    found.extend(rules.map(|guard| &guard.condition));
    found
}

/// A clause or rule with conditions: as they are written, and as they are evaluated.
pub(crate) struct Conditioned<'a> {
    pub(crate) written: Vec<&'a Expr>,
    /// One for each type that it is about.
    pub(crate) ids: BTreeSet<ConditionId>,
}

/// The clauses and rules that have conditions.
pub(crate) fn conditioned<'a>(subject: &Subject<'a>) -> Vec<Conditioned<'a>> {
    let of = |written: Vec<&'a Expr>, sights: &[Sight], grants: &[Grant]| {
        let sights = sights.iter().filter_map(|sight| sight.condition);
        let grants = grants.iter().filter_map(|grant| grant.condition);
        Conditioned {
            written,
            ids: sights.chain(grants).collect(),
        }
    };
    let mut found = Vec::new();
    for clause in subject.roles.rows().iter().flatten() {
        if let RoleClause::Sees { when, .. } | RoleClause::Can { when, .. } = clause.decl {
            let written = when.iter().collect();
            found.push(of(written, &clause.sights, &clause.grants));
        }
    }
    for rule in &subject.rules {
        let guards = rule.decl.conditions.iter();
        let written = guards.map(|guard| &guard.condition).collect();
        found.push(of(written, &rule.sights, &rule.grants));
    }
    found.retain(|one| !one.written.is_empty());
    found
}

impl<'a> Conditioned<'a> {
    /// The first part for which this is so.
    pub(crate) fn find(&self, wanted: impl Fn(&Expr) -> bool) -> Option<&'a Expr> {
        let mut first = None;
        for condition in &self.written {
            each(condition, &mut |part| {
                if first.is_none() && wanted(part) {
                    first = Some(part);
                }
            });
        }
        first
    }
}

/// Shows each part of a condition, the whole first.
pub(crate) fn each<'e>(expr: &'e Expr, show: &mut dyn FnMut(&'e Expr)) {
    // The parser bounds how deep a condition is.
    show(expr);
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Name(_) | ExprKind::Entity(_) | ExprKind::Error => {}
        ExprKind::Set(parts)
        | ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Call(_, parts) => parts.iter().for_each(|part| each(part, show)),
        ExprKind::Record(fields) => fields.iter().for_each(|(_, part)| each(part, show)),
        ExprKind::Method(base, _, parts) => {
            each(base, show);
            parts.iter().for_each(|part| each(part, show));
        }
        ExprKind::Field(a, _)
        | ExprKind::Not(a)
        | ExprKind::Negate(a)
        | ExprKind::Has(a, _)
        | ExprKind::Like(a, _)
        | ExprKind::IsType(a, _)
        | ExprKind::IsRole(a, _, _) => each(a, show),
        ExprKind::Binary(_, a, b) => {
            each(a, show);
            each(b, show);
        }
        ExprKind::If(a, b, c) => {
            each(a, show);
            each(b, show);
            each(c, show);
        }
    }
}

/// Every entity that conditions and tests name.
pub(crate) fn entities<'a>(subject: &Subject<'a>) -> Vec<&'a Entity> {
    let mut found: Vec<&'a Entity> = Vec::new();
    for condition in conditions(subject) {
        each(condition, &mut |part| {
            if let ExprKind::Entity(entity) = &part.kind {
                found.push(entity);
            }
        });
    }
    for statement in subject.tests().flat_map(|test| &test.statements) {
        match statement {
            Statement::Fact(fact) | Statement::Remove(fact, _) => of_fact(fact, &mut found),
            Statement::Refused(facts, _) => {
                facts.iter().for_each(|fact| of_fact(fact, &mut found));
            }
            Statement::Expect(expectation) => {
                found.push(&expectation.subject);
                found.extend(&expectation.resources);
            }
        }
    }
    found
}

fn of_fact<'a>(fact: &'a Fact, found: &mut Vec<&'a Entity>) {
    match &fact.kind {
        FactKind::Entity {
            entity, containers, ..
        } => {
            found.push(entity);
            found.extend(containers);
        }
        FactKind::Holding { subject, on, .. } => {
            match subject {
                Holder::Entity(entity) | Holder::Set(entity, _) => found.push(entity),
                Holder::Anyone => {}
            }
            found.push(on);
        }
        FactKind::Share { entity, with, .. } => found.extend([entity, with]),
        FactKind::CustomRole { of, .. } => found.push(of),
        FactKind::Relation { entity, target, .. } => found.extend([entity, target]),
    }
}

/// Names that stand side by side, so that one may be taken for another: what they are, and each
/// with its place.
pub(crate) fn names<'a>(subject: &Subject<'a>) -> Vec<(&'static str, Vec<(&'a str, Span)>)> {
    use crate::syntax::ast::{Ident, Item, Member, PermissionGroup};
    fn groups<'a>(
        inside: &'a [PermissionGroup],
        all: &mut Vec<(&'static str, Vec<(&'a str, Span)>)>,
    ) {
        let names = inside.iter().map(|group| named(&group.name));
        all.push(("permission group", names.collect()));
        for group in inside {
            groups(&group.groups, all);
        }
    }
    fn named(name: &Ident) -> (&str, Span) {
        (name.name.as_str(), name.span)
    }
    let mut all = Vec::new();
    let (mut types, mut roots, mut context) = (Vec::new(), Vec::new(), Vec::new());
    for item in subject.items() {
        match item {
            Item::Permissions(group) => {
                roots.push(named(&group.name));
                groups(&group.groups, &mut all);
            }
            Item::Context(decl) => {
                for part in &decl.attributes {
                    // A part may be declared for several actions.
                    if context.iter().all(|(name, _)| *name != part.name.name) {
                        context.push(named(&part.name));
                    }
                }
            }
            Item::Type(ty) => {
                types.push(named(&ty.name));
                let (mut fields, mut actions, mut roles) = (Vec::new(), Vec::new(), Vec::new());
                for member in &ty.body {
                    match member {
                        Member::Attribute(attribute) => fields.push(named(&attribute.name)),
                        Member::Relation(relation) => fields.push(named(&relation.name)),
                        Member::Actions(some) => {
                            actions.extend(some.iter().map(|action| named(&action.name)));
                        }
                        Member::Role(role) => roles.push(named(&role.name)),
                        Member::Share(share) => {
                            let levels = share.levels.iter().map(|level| named(&level.name));
                            all.push(("level", levels.collect()));
                        }
                        _ => {}
                    }
                }
                all.push(("attribute", fields));
                all.push(("action", actions));
                all.push(("role", roles));
            }
            _ => {}
        }
    }
    all.push(("type", types));
    all.push(("permission group", roots));
    all.push(("part of the context", context));
    all
}
