//! `share-leaves-tenant`: an action can share with a scope in another tenant.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut told: BTreeSet<(TypeId, TypeId)> = BTreeSet::new();
    if subject.rights.effects.is_empty() {
        return;
    }
    let given = given(subject);
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
                || is_kept_in(subject, &given, *action, &tenants)
            {
                continue;
            }
            told.insert((of, with));
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

/// What gives and what forbids each action: its conditions.
type Given = BTreeMap<ActionId, (Vec<Option<ConditionId>>, Vec<Option<ConditionId>>)>;

fn given(subject: &Subject<'_>) -> Given {
    let mut given = Given::new();
    for rule in &subject.rules {
        for grant in &rule.grants {
            let (gives, forbids) = given.entry(grant.action).or_default();
            match rule.kind {
                RuleKind::Forbid => forbids.push(grant.condition),
                _ => gives.push(grant.condition),
            }
        }
    }
    let clauses = subject.roles.rows().iter().flatten();
    for grant in clauses.flat_map(|clause| &clause.grants) {
        let (gives, _) = given.entry(grant.action).or_default();
        gives.push(grant.condition);
    }
    given
}

/// Whether some rule forbids the action by the context and by what the resource stands in, or it is
/// only ever given so.
fn is_kept_in(subject: &Subject<'_>, given: &Given, action: ActionId, tenants: &[TypeId]) -> bool {
    let compares = |condition: &Option<ConditionId>| {
        let Some(condition) = *condition else {
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
    given.get(&action).is_some_and(|(gives, forbids)| {
        forbids.iter().any(compares) || (!gives.is_empty() && gives.iter().all(compares))
    })
}
