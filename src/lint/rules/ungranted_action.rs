//! `ungranted-action`: an action that nothing gives.

use super::{Findings, Level, Rule, Subject};
use crate::syntax::ast::Member;

pub(super) static RULE: Rule = Rule {
    code: "R105",
    name: "ungranted-action",
    level: Level::Warn,
    summary: "an action that no role, rule or custom role gives",
    page: include_str!("../../../docs/rules/ungranted-action.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for info in subject.schema.types.rows() {
        for member in &info.decl.body {
            let Member::Actions(actions) = member else {
                continue;
            };
            for action in actions {
                let Some(id) = info.action_names.get(&action.name.name) else {
                    continue;
                };
                let asked = &subject.schema.actions[*id].asked_of;
                let given = asked
                    .iter()
                    .any(|of| subject.given[*of].binary_search(id).is_ok());
                // A type of which nothing at all is given or seen is `never-visible`.
                let alive = asked
                    .iter()
                    .any(|of| subject.shown[*of] || !subject.given[*of].is_empty());
                if given || !alive {
                    continue;
                }
                let name = subject.schema.action_name(*id);
                found
                    .add(action.name.span, format!("nobody can ever be allowed `{name}`"))
                    .help("no role, `permit` rule or custom role gives it: add it to one, or remove it");
            }
        }
    }
}
