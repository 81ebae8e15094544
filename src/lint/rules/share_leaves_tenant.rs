//! `share-leaves-tenant`: an action can share with a scope in another tenant.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::trust::each;
use crate::plan::{ActionId, ConditionId, Node, TypeId};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "H112",
    name: "share-leaves-tenant",
    level: Level::Warn,
    summary: "a share can leave the outermost scope",
    page: include_str!("../../../docs/rules/share-leaves-tenant.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let mut told: Vec<(TypeId, TypeId)> = Vec::new();
    for (action, effects) in &subject.rights.effects {
        for effect in effects {
            let Effect::Shares(level) = effect else {
                continue;
            };
            let info = &subject.schema.levels[*level];
            let (of, with) = (info.of, info.with);
            let outermost = |of: TypeId| subject.rights.outermost(subject.plan, of);
            let tenants = outermost(with);
            // A share with a tenant as such is meant to leave one.
            if tenants.contains(&with)
                || told.contains(&(of, with))
                || is_kept_in(subject, *action, &tenants)
            {
                continue;
            }
            told.push((of, with));
            let common = outermost(of);
            let tenant = tenants.iter().find(|tenant| common.contains(tenant));
            let name = |of: TypeId| subject.schema.type_name(of).to_owned();
            let where_to = match tenant {
                Some(tenant) => format!("of another `{}`", name(*tenant)),
                None => "and they stand in nothing common".to_owned(),
            };
            found
                .add(
                    info.decl.name.span,
                    format!(
                        "a `{}` can be shared with a `{}` {where_to}",
                        name(of),
                        name(with)
                    ),
                )
                .also(subject.action_span(*action), "this shares it")
                .help("forbid it by a rule that compares the scope in the context of the action with the resource's own; if it is meant so, allow it with a reason");
        }
    }
}

/// Whether some rule forbids the action by the context and by what the resource stands in, or it is
/// only ever given so.
fn is_kept_in(subject: &Subject<'_>, action: ActionId, tenants: &[TypeId]) -> bool {
    let compares = |condition: Option<ConditionId>| {
        let Some(condition) = condition else {
            return false;
        };
        let (mut asked, mut placed) = (false, false);
        let root = subject.plan.conditions[condition].root;
        each(subject.plan, root, &mut |node| match node {
            Node::Context(_) => asked = true,
            Node::Enclosing(_, of) if tenants.contains(&of) => placed = true,
            _ => {}
        });
        asked && placed
    };
    let mut forbids = subject.rules.iter();
    let forbidden = forbids.any(|rule| {
        let mut grants = rule.grants.iter();
        rule.kind == RuleKind::Forbid
            && grants.any(|grant| grant.action == action && compares(grant.condition))
    });
    let permits = subject.rules.iter();
    let permits = permits.filter(|rule| rule.kind == RuleKind::Permit);
    let clauses = subject.roles.rows().iter().flatten();
    let grants = clauses.flat_map(|clause| &clause.grants);
    let mut grants = grants
        .chain(permits.flat_map(|rule| &rule.grants))
        .filter(|grant| grant.action == action)
        .peekable();
    forbidden || (grants.peek().is_some() && grants.all(|grant| compares(grant.condition)))
}
