//! `dangerous-widely-given`: an action that should be in few hands is in many.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::Grant;
use crate::lint::terms::{can_set, terms};
use crate::lint::trust::each;
use crate::plan::{ActionId, Node};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "S115",
    name: "dangerous-widely-given",
    level: Level::Warn,
    summary: "a dangerous action in a role that is not administrative",
    page: include_str!("../../../docs/rules/dangerous-widely-given.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    if subject.rights.dangerous.is_empty() {
        return;
    }
    for (role, clauses) in subject.roles.iter() {
        if subject.rights.is_administrative(role) {
            continue;
        }
        let whom = format!(
            "`{}`, which is not administrative,",
            subject.role_name(role)
        );
        for clause in clauses {
            let Some(at) = can_set(subject, role, clause.decl) else {
                continue;
            };
            for term in terms(subject, &at, &clause.grants) {
                if let Some(action) = dangerous(subject, &term.grants) {
                    tell(subject, found, term.term.span, &whom, action);
                }
            }
        }
    }
    for rule in &subject.rules {
        if rule.kind == RuleKind::Permit
            && let Some(action) = dangerous(subject, &rule.grants)
        {
            tell(
                subject,
                found,
                rule.decl.span,
                "whoever this rule matches",
                action,
            );
        }
    }
}

/// A dangerous one of these, if it is not only for those whom the condition knows by themselves.
fn dangerous(subject: &Subject<'_>, grants: &[Grant]) -> Option<ActionId> {
    let plan = subject.plan;
    let narrow = |grant: &Grant| {
        let mut narrow = false;
        if let Some(condition) = grant.condition {
            each(plan, plan.conditions[condition].root, &mut |node| {
                narrow |= matches!(node, Node::Principal | Node::Holds(_));
            });
        }
        narrow
    };
    let grants = grants.iter();
    let mut wide =
        grants.filter(|grant| subject.rights.dangerous.contains(&grant.action) && !narrow(grant));
    wide.next().map(|grant| grant.action)
}

fn tell(subject: &Subject<'_>, found: &mut Findings, span: Span, whom: &str, action: ActionId) {
    let name = subject.schema.action_name(action);
    found
        .add(span, format!("{whom} can take `{name}`, which is dangerous"))
        .also(subject.action_span(action), "marked as dangerous here")
        .help("leave it out with `except`, give it under a condition on who asks, or mark the role `@administrative`");
}
