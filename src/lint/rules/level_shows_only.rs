//! `level-shows-only`: a level that shows and lets nothing through.

use super::{Findings, Level, Rule, Subject};

pub(super) static RULE: Rule = Rule {
    code: "H102",
    name: "level-shows-only",
    level: Level::Allow,
    summary: "a level that shows and lets nothing through",
    page: include_str!("../../../docs/rules/level-shows-only.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (level, info) in subject.schema.levels.iter() {
        let masks = &subject.plan.levels[level].masks.lanes;
        if masks.iter().any(|(_, mask)| *mask != 0) {
            continue;
        }
        let of = subject.schema.type_name(info.of);
        found
            .add(
                info.decl.name.span,
                format!(
                    "a `{of}` that is shared at `{}` is seen, and nothing may be done with it",
                    info.name
                ),
            )
            .help("name what the window lets through, if it is to let anything through");
    }
}
