//! `nobody-assigns`: a scope with roles that no action assigns.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::plan::{TypeId, TypeKind};

pub(super) static RULE: Rule = Rule {
    code: "S114",
    name: "nobody-assigns",
    level: Level::Warn,
    summary: "a scope in which nobody can assign a role",
    page: include_str!("../../../docs/rules/nobody-assigns.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let (plan, effects) = (subject.plan, &subject.rights.effects);
    let mut all = effects.values().flatten();
    if !all.any(|effect| matches!(effect, Effect::Assigns(_))) {
        return;
    }
    let given: BTreeSet<_> = subject.given.rows().iter().flatten().collect();
    let taken = effects.iter().filter(|(action, _)| given.contains(action));
    let assigned: BTreeSet<TypeId> = taken
        .flat_map(|(_, effects)| effects)
        .filter_map(|effect| match effect {
            Effect::Assigns(role) => Some(plan.roles[*role].on),
            _ => None,
        })
        .collect();
    for (of, ty) in plan.types.iter() {
        // Where every role says itself who holds it, there is nothing to assign.
        let mut roles = ty.roles.iter();
        let derived = roles.all(|role| !plan.roles[*role].also.is_empty());
        if ty.kind != TypeKind::Scope || derived || assigned.contains(&of) {
            continue;
        }
        found
            .add(
                subject.schema.types[of].decl.name.span,
                format!(
                    "no action that anybody may take assigns a role of `{}`",
                    ty.name
                ),
            )
            .help("mark the action that does with `@assigns`, and give it to a role; where roles are assigned outside of the policy, allow it with a reason");
    }
}
