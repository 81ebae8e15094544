//! `create-then-blind`: whoever makes a thing by a role does not see it afterwards.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::subject::RuleView;
use crate::plan::{ActionId, RoleId, TypeId};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "V104",
    name: "create-then-blind",
    level: Level::Warn,
    summary: "a role that may create what it then cannot see",
    page: include_str!("../../../docs/rules/create-then-blind.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, clauses) in subject.roles.iter() {
        let mut told: Vec<TypeId> = Vec::new();
        for clause in clauses {
            for grant in &clause.grants {
                let action = &subject.schema.actions[grant.action];
                let made = action.owner;
                // What is asked of a container makes something in it.
                let makes = !action.decl.asked_of.is_empty();
                if !makes || told.contains(&made) || !sees(subject, role, grant.of) {
                    continue;
                }
                if may_see(subject, role, made, grant.action) {
                    continue;
                }
                told.push(made);
                let name = subject.schema.type_name(made);
                found
                    .add(
                        clause.span,
                        format!(
                            "a `{}` can take `{}`, and does not see the `{name}` that it makes",
                            subject.role_name(role),
                            subject.schema.action_name(grant.action),
                        ),
                    )
                    .also(subject.action_span(grant.action), "this makes it")
                    .help(format!(
                        "let the role have `sees {name}`, or let the `{name}` say who holds a role on it: `also owner`"
                    ));
            }
        }
    }
}

/// Whether a role shows a type by itself: without that another role, a room, is needed to act.
fn sees(subject: &Subject<'_>, role: RoleId, of: TypeId) -> bool {
    let mut sights = subject.gives(role).flat_map(|clause| &clause.sights);
    sights.any(|sight| sight.of == of)
}

/// Whether something may show a new thing to its maker.
fn may_see(subject: &Subject<'_>, role: RoleId, made: TypeId, by: ActionId) -> bool {
    let plan = subject.plan;
    let visible_by = plan.types[made].visible_by.and_then(|(lane, bit)| {
        let actions = &plan.lanes[lane].actions;
        actions.get(bit.trailing_zeros() as usize).copied()
    });
    let shows = |role: RoleId, this: bool| {
        subject.gives(role).any(|clause| {
            let mut sights = clause.sights.iter();
            let mut grants = clause.grants.iter();
            sights.any(|sight| sight.of == made && (this || !sight.this))
                || grants.any(|grant| grant.of == made && Some(grant.action) == visible_by)
        })
    };
    let ruled = |rule: &RuleView<'_>| match rule.kind {
        RuleKind::Reveal => rule.sights.iter().any(|sight| sight.of == made),
        RuleKind::Permit => {
            let mut grants = rule.grants.iter();
            grants.any(|grant| grant.of == made && Some(grant.action) == visible_by)
        }
        RuleKind::Forbid | RuleKind::Hide => false,
    };
    let assigned =
        |effect: &Effect| matches!(effect, Effect::Assigns(other) if shows(*other, true));
    let mut effects = subject.rights.effects.get(&by).into_iter().flatten();
    // The maker may get a role on the thing itself, or hold one by what a role says.
    let gets = |other: RoleId| {
        let declared = &plan.roles[other];
        (declared.on == made || !declared.also.is_empty()) && shows(other, declared.on == made)
    };
    shows(role, false)
        || effects.any(assigned)
        || subject.rules.iter().any(ruled)
        || plan.roles.ids().any(gets)
}
