//! `custom-role-assigns`: customers can make roles that change who may do what.

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::subject::SetAt;
use crate::lint::trust::trusted;
use crate::plan::ActionId;
use crate::syntax::ast::Member;

pub(super) static RULE: Rule = Rule {
    code: "S112",
    name: "custom-role-assigns",
    level: Level::Warn,
    summary: "custom roles can have an action that assigns, shares, or edits what a condition trusts",
    page: include_str!("../../../docs/rules/custom-role-assigns.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let trusted = trusted(subject);
    let mut powers: BTreeMap<ActionId, String> = BTreeMap::new();
    for (action, effects) in &subject.rights.effects {
        let power = effects.iter().find_map(|effect| match effect {
            Effect::Assigns(role) => Some(format!("assigns `{}`", subject.role_name(*role))),
            // Who can only take away gains nothing.
            Effect::Revokes(_) => None,
            Effect::Shares(level) => {
                let name = &subject.schema.levels[*level].name;
                Some(format!("shares at `{name}`"))
            }
            Effect::Edits(of, name) => {
                let of_type = subject.schema.type_name(*of);
                let read = trusted.contains_key(&(*of, name.clone()));
                read.then(|| format!("changes `{name}` of `{of_type}`, which a condition trusts"))
            }
        });
        powers.extend(power.map(|power| (*action, power)));
    }
    let sets = subject.schema.types.iter().flat_map(|(of, ty)| {
        let body = ty.decl.body.iter();
        body.filter_map(move |member| match member {
            Member::CustomRoles(set, _) => Some(SetAt::of(of, set)),
            _ => None,
        })
    });
    for at in sets {
        let excepted: Vec<ActionId> = at
            .set
            .except
            .iter()
            .flat_map(|term| subject.term(&at, term))
            .collect();
        for term in &at.set.terms {
            let actions = subject.term(&at, term);
            let mut actions = actions
                .iter()
                .filter(|action| !excepted.contains(action))
                .filter_map(|action| Some((*action, powers.get(action)?)));
            let Some((action, power)) = actions.next() else {
                continue;
            };
            found
                .add(
                    term.span,
                    format!(
                        "a custom role can have `{}`, which {power}",
                        subject.schema.action_name(action)
                    ),
                )
                .also(subject.action_span(action), "the action")
                .help("leave it out with `except`: whoever holds such a role decides who may do what, and no line of the policy says so");
        }
    }
}
