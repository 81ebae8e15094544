//! `share-wider-than-sharer`: a role can let others do by a share what it may not do itself.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::terms::action_names;

pub(super) static RULE: Rule = Rule {
    code: "H111",
    name: "share-wider-than-sharer",
    level: Level::Warn,
    summary: "a role can share at a level with actions that it does not have",
    page: include_str!("../../../docs/rules/share-wider-than-sharer.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    everybody(subject, found);
    for role in subject.plan.roles.ids() {
        if subject.rights.is_administrative(role) {
            continue;
        }
        for (action, effect) in subject.rights.effects_of(subject, role) {
            let Effect::Shares(level) = effect else {
                continue;
            };
            let masks = &subject.plan.levels[*level].masks;
            let wider = subject.rights.not_had(subject.plan, role, masks);
            if wider.is_empty() {
                continue;
            }
            let info = &subject.schema.levels[*level];
            found
                .add(
                    subject.gives_at(role, action),
                    format!(
                        "a `{}` can share at `{}` by `{}`, and lets others do what it may not: {}",
                        subject.role_name(role),
                        info.name,
                        subject.schema.action_name(action),
                        action_names(subject, &wider),
                    ),
                )
                .also(info.decl.name.span, "the level")
                .help("let the action share at narrower levels only, or give it to roles that have all that the level lets through");
        }
    }
}

/// What everybody can share lets through what not everybody has.
fn everybody(subject: &Subject<'_>, found: &mut Findings) {
    for rule in subject.rules.iter().filter(|rule| rule.is_open_permit()) {
        let told = rule.grants.iter().find_map(|grant| {
            let effects = subject.rights.effects.get(&grant.action)?;
            effects.iter().find_map(|effect| match effect {
                Effect::Shares(level) => {
                    let masks = &subject.plan.levels[*level].masks;
                    let wider = subject.rights.not_for_everybody(subject.plan, masks);
                    (!wider.is_empty()).then_some((grant.action, *level, wider))
                }
                _ => None,
            })
        });
        let Some((action, level, wider)) = told else {
            continue;
        };
        let info = &subject.schema.levels[level];
        found
            .add(
                rule.decl.span,
                format!(
                    "everybody can share at `{}` by `{}`, and lets others do what not everybody may: {}",
                    info.name,
                    subject.schema.action_name(action),
                    action_names(subject, &wider),
                ),
            )
            .also(info.decl.name.span, "the level")
            .help("add a `when` on who asks or on the thing, or let a role give the action");
    }
}
