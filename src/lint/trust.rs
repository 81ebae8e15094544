//! What conditions and sets of holders trust: the attributes and relations that they read.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::subject::{Grant, Sight};
use crate::plan::{ActionId, AlsoStep, ConditionId, Link, Node, NodeId, Plan, RoleId, TypeId};
use crate::source::Span;
use crate::syntax::ast::{RoleClause, RuleKind};

/// An attribute or relation of a type.
pub(crate) type Datum = (TypeId, String);

/// Something that decides by an attribute or relation.
pub(crate) struct Trust {
    /// Where it stands.
    pub(crate) span: Span,
    /// Whether it takes away: `forbid` and `hide`.
    pub(crate) denies: bool,
    /// The actions that it gives.
    pub(crate) gives: Vec<ActionId>,
    /// The types that it shows.
    pub(crate) shows: Vec<TypeId>,
    /// The role that an `also` gives.
    pub(crate) role: Option<RoleId>,
}

/// For each attribute and relation what decides by it.
pub(crate) fn trusted(subject: &Subject<'_>) -> BTreeMap<Datum, Vec<Trust>> {
    let plan = subject.plan;
    let mut trusted: BTreeMap<Datum, Vec<Trust>> = BTreeMap::new();
    let mut add = |span: Span, denies: bool, sights: &[Sight], grants: &[Grant]| {
        for (datum, (shows, gives)) in about(plan, sights, grants) {
            trusted.entry(datum).or_default().push(Trust {
                span,
                denies,
                gives,
                shows,
                role: None,
            });
        }
    };
    for clause in subject.roles.rows().iter().flatten() {
        add(clause.span, false, &clause.sights, &clause.grants);
    }
    for rule in &subject.rules {
        let denies = matches!(rule.kind, RuleKind::Forbid | RuleKind::Hide);
        add(rule.decl.span, denies, &rule.sights, &rule.grants);
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
            let grants = subject.gives(role).flat_map(|clause| &clause.grants);
            let sights = subject.gives(role).flat_map(|clause| &clause.sights);
            trusted.entry(datum).or_default().push(Trust {
                span,
                denies: false,
                gives: grants.map(|grant| grant.action).collect(),
                shows: sights.map(|sight| sight.of).collect(),
                role: Some(role),
            });
        }
    }
    trusted
}

/// For each thing that these read what they show and give by it.
fn about(
    plan: &Plan,
    sights: &[Sight],
    grants: &[Grant],
) -> BTreeMap<Datum, (Vec<TypeId>, Vec<ActionId>)> {
    let mut all: BTreeMap<Datum, (Vec<TypeId>, Vec<ActionId>)> = BTreeMap::new();
    let read = |condition: Option<ConditionId>| {
        let condition = condition.into_iter();
        condition.flat_map(|condition| reads(plan, condition))
    };
    for sight in sights {
        for datum in read(sight.condition) {
            all.entry(datum).or_default().0.push(sight.of);
        }
    }
    for grant in grants {
        for datum in read(grant.condition) {
            all.entry(datum).or_default().1.push(grant.action);
        }
    }
    all
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
