//! `public-principal`: `anyone` holds a role that gives more than viewing.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::plan::ActionId;
use crate::world::{FactKind, Holder};

pub(super) static RULE: Rule = Rule {
    code: "W101",
    name: "public-principal",
    level: Level::Warn,
    summary: "`anyone` holds a role that gives more than viewing",
    page: include_str!("../../../docs/rules/public-principal.md"),
    check,
};

/// Words for actions that only look.
const LOOKING: &[&str] = &[
    "view", "read", "get", "list", "open", "see", "show", "describe",
];

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (span, fact) in &subject.facts {
        let FactKind::Holding {
            subject: Holder::Anyone,
            role: name,
            of,
            ..
        } = &fact.kind
        else {
            continue;
        };
        let on = subject.schema.type_names.get(&of.type_name);
        let role = on.and_then(|on| subject.schema.types[*on].role_names.get(name));
        let Some(role) = role else {
            continue;
        };
        let looks = |action: &ActionId| {
            let name = &subject.schema.actions[*action].name;
            LOOKING.iter().any(|word| {
                name.strip_prefix(word)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            })
        };
        let grants = subject.gives(*role).flat_map(|clause| &clause.grants);
        let actions = grants.map(|grant| grant.action);
        let actions: Vec<ActionId> = actions.filter(|action| !looks(action)).collect();
        if actions.is_empty() {
            continue;
        }
        found
            .add(
                *span,
                format!(
                    "everybody, signed in or not, has {} by `{name}` of {of}",
                    action_names(subject, &actions)
                ),
            )
            .help("give it to a group, or let `anyone` hold a role that only looks");
    }
}
