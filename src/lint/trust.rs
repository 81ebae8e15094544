//! What conditions and sets of holders trust: the attributes and relations that they read.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::plan::{ActionId, AlsoStep, ConditionId, Link, Node, NodeId, Plan, TypeId};
use crate::source::Span;
use crate::syntax::ast::{RoleClause, RuleKind};

/// An attribute or relation of a type.
pub(crate) type Datum = (TypeId, String);

/// Something that decides by an attribute or relation.
pub(crate) struct Trust {
    /// Where it stands.
    pub(crate) span: Span,
    /// What it gives where it only gives actions; changes of others may gain anything.
    pub(crate) gives: Option<Vec<ActionId>>,
}

/// For each attribute and relation what decides by it.
pub(crate) fn trusted(subject: &Subject<'_>) -> BTreeMap<Datum, Vec<Trust>> {
    let plan = subject.plan;
    let mut trusted: BTreeMap<Datum, Vec<Trust>> = BTreeMap::new();
    let mut add = |condition: Option<ConditionId>, span: Span, gives: Option<ActionId>| {
        let Some(condition) = condition else {
            return;
        };
        for datum in reads(plan, condition) {
            let all = trusted.entry(datum).or_default();
            match all.iter_mut().find(|trust| trust.span == span) {
                Some(known) => {
                    if let Some(actions) = &mut known.gives {
                        actions.extend(gives);
                    }
                }
                None => all.push(Trust {
                    span,
                    gives: gives.map(|action| vec![action]),
                }),
            }
        }
    };
    for clause in subject.roles.rows().iter().flatten() {
        for sight in &clause.sights {
            add(sight.condition, clause.span, None);
        }
        for grant in &clause.grants {
            add(grant.condition, clause.span, Some(grant.action));
        }
    }
    for rule in &subject.rules {
        for sight in &rule.sights {
            add(sight.condition, rule.decl.span, None);
        }
        for grant in &rule.grants {
            let gives = (rule.kind == RuleKind::Permit).then_some(grant.action);
            add(grant.condition, rule.decl.span, gives);
        }
    }
    for (role, declared) in plan.roles.iter() {
        let clauses = subject.schema.roles[role].decl.clauses.iter();
        let mut also = clauses.filter_map(|clause| match clause {
            RoleClause::Also { span, .. } => Some(*span),
            _ => None,
        });
        let span = also.next().unwrap_or_else(|| subject.role_span(role));
        for step in declared.also.iter().flat_map(|also| &also.steps) {
            let (AlsoStep::Subject(link) | AlsoStep::Linked(link, _)) = step else {
                continue;
            };
            let datum = match link {
                Link::Relation(relation) => {
                    let relation = &plan.relations[*relation];
                    (relation.of, relation.name.clone())
                }
                Link::Attribute(column) => (declared.on, column_name(plan, declared.on, *column)),
            };
            let all = trusted.entry(datum).or_default();
            all.push(Trust { span, gives: None });
        }
    }
    trusted
}

/// What a condition reads.
pub(crate) fn reads(plan: &Plan, condition: ConditionId) -> BTreeSet<Datum> {
    let mut read = BTreeSet::new();
    each(
        plan,
        plan.conditions[condition].root,
        &mut |node| match node {
            Node::Attribute(_, columns) | Node::HasAttribute(_, columns) => {
                for (of, column) in columns.of(&plan.columns) {
                    read.insert((*of, column_name(plan, *of, *column)));
                }
            }
            Node::Related(_, relation) => {
                let relation = &plan.relations[relation];
                read.insert((relation.of, relation.name.clone()));
            }
            _ => {}
        },
    );
    read
}

/// Shows each step of a condition.
pub(crate) fn each(plan: &Plan, node: NodeId, show: &mut dyn FnMut(Node)) {
    let this = plan.nodes[node];
    show(this);
    match this {
        Node::Constant(_)
        | Node::Principal
        | Node::Credential
        | Node::IsCredential(_)
        | Node::Resource
        | Node::Now
        | Node::Context(_)
        | Node::HasContext(_)
        | Node::Holds(_) => {}
        Node::Attribute(a, _)
        | Node::Field(a, _)
        | Node::Related(a, _)
        | Node::Enclosing(a, _)
        | Node::HasAttribute(a, _)
        | Node::HasField(a, _)
        | Node::Not(a)
        | Node::Negate(a)
        | Node::IsType(a, _)
        | Node::Like(a, _)
        | Node::IsEmpty(a) => each(plan, a, show),
        Node::And(parts) | Node::Or(parts) | Node::Set(parts) => {
            for part in parts.of(&plan.operands) {
                each(plan, *part, show);
            }
        }
        Node::If(a, b, c) => {
            each(plan, a, show);
            each(plan, b, show);
            each(plan, c, show);
        }
        Node::Compare(_, a, b)
        | Node::Calculate(_, a, b)
        | Node::InSet(a, b)
        | Node::InEntity(a, b)
        | Node::InNetwork(a, b)
        | Node::ContainsAll(a, b)
        | Node::ContainsAny(a, b) => {
            each(plan, a, show);
            each(plan, b, show);
        }
    }
}

fn column_name(plan: &Plan, of: TypeId, column: u32) -> String {
    let field = plan.types[of].attributes.get(column as usize);
    field.map_or_else(String::new, |field| field.name.clone())
}
