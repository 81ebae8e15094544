//! `never-visible`: a type that nothing shows, and on which nothing is given either.

use super::{Findings, Level, Rule, Subject};
use crate::plan::TypeKind;

pub(super) static RULE: Rule = Rule {
    code: "V102",
    name: "never-visible",
    level: Level::Warn,
    summary: "a type that no role and no rule shows",
    page: include_str!("../../../docs/rules/never-visible.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (of, info) in subject.schema.types.iter() {
        // A scope or a subject of which nothing is asked need not be seen.
        let matters = subject.kind(of) == TypeKind::Resource || !info.asked.is_empty();
        if !matters || subject.shown[of] || !subject.given[of].is_empty() {
            continue;
        }
        found
            .add(
                info.decl.name.span,
                format!("no role and no rule shows a `{}`", info.name),
            )
            .help(format!(
                "let a role on what it stands in have `sees {}`, or remove the type",
                info.name
            ));
    }
}
