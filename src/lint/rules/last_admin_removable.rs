//! `last-admin-removable`: nothing keeps the last one who can assign roles from being removed.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::trust::each;
use crate::plan::{ActionId, ConditionId, Node, RoleId, TypeId};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "S116",
    name: "last-admin-removable",
    level: Level::Warn,
    summary: "a scope in which the last one who can assign roles may be removed",
    page: include_str!("../../../docs/rules/last-admin-removable.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (plan, rights) = (subject.plan, &subject.rights);
    for (of, ty) in plan.types.iter() {
        let leading = leading(subject, of);
        // Whoever leads from above, or by what the thing says itself, is still there.
        let derived = leading
            .iter()
            .any(|role| !plan.roles[*role].also.is_empty());
        if leading.is_empty() || derived || led_from_above(subject, of) {
            continue;
        }
        let removing = rights.effects.iter().find(|(action, effects)| {
            let revokes = |role: &RoleId| effects.contains(&Effect::Revokes(*role));
            leading.iter().all(revokes)
                && is_given(subject, **action)
                && !is_looked_at(subject, **action)
        });
        let Some((action, _)) = removing else {
            continue;
        };
        let names: Vec<&str> = leading
            .iter()
            .map(|role| subject.schema.roles[*role].name.as_str())
            .collect();
        found
            .add(
                subject.action_span(*action),
                format!(
                    "`{}` may remove the last {} of a `{}`, and then nobody can assign roles there",
                    subject.schema.action_name(*action),
                    crate::diagnostic::listed(&names, 3),
                    ty.name
                ),
            )
            .help("forbid it for the last one: let the caller say so, `forbid … when context.is_last`, or compare with an owner who stays");
    }
}

/// The roles on a scope whose holders can assign these roles again.
fn leading(subject: &Subject<'_>, of: TypeId) -> Vec<RoleId> {
    let roles = subject.plan.types[of].roles.iter().copied();
    roles
        .filter(|role| {
            let mut assigned = subject.rights.assigned_by(*role).iter();
            assigned.any(|(_, other)| subject.plan.roles[*other].on == of)
        })
        .collect()
}

/// Whether a role elsewhere can assign a role of this type: on what encloses it, most likely.
fn led_from_above(subject: &Subject<'_>, of: TypeId) -> bool {
    let plan = subject.plan;
    plan.roles.iter().any(|(role, declared)| {
        let mut assigned = subject.rights.assigned_by(role).iter();
        declared.on != of && assigned.any(|(_, other)| plan.roles[*other].on == of)
    })
}

fn is_given(subject: &Subject<'_>, action: ActionId) -> bool {
    let mut given = subject.given.rows().iter();
    given.any(|actions| actions.contains(&action))
}

/// Whether some denial of the action, or every grant of it, looks at the thing or the request.
fn is_looked_at(subject: &Subject<'_>, action: ActionId) -> bool {
    let looks = |condition: Option<ConditionId>| {
        let mut looks = false;
        if let Some(condition) = condition {
            let root = subject.plan.conditions[condition].root;
            each(subject.plan, root, &mut |node| {
                looks |= matches!(
                    node,
                    Node::Context(_)
                        | Node::HasContext(_)
                        | Node::Attribute(..)
                        | Node::Related(..)
                );
            });
        }
        looks
    };
    let rules = |kind: RuleKind| {
        let rules = subject.rules.iter().filter(move |rule| rule.kind == kind);
        rules.flat_map(|rule| &rule.grants)
    };
    let about = |grant: &&crate::lint::subject::Grant| grant.action == action;
    let clauses = subject.roles.rows().iter().flatten();
    let grants = clauses.flat_map(|clause| &clause.grants);
    let mut grants = grants.chain(rules(RuleKind::Permit)).filter(about);
    rules(RuleKind::Forbid)
        .filter(about)
        .any(|grant| looks(grant.condition))
        || grants.all(|grant| looks(grant.condition))
}
