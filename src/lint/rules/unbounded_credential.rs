//! `unbounded-credential`: a credential that can do all that its owner can.

use super::{Findings, Level, Rule, Subject};

pub(super) static RULE: Rule = Rule {
    code: "S108",
    name: "unbounded-credential",
    level: Level::Warn,
    summary: "a credential with nothing that limits it",
    page: include_str!("../../../docs/rules/unbounded-credential.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (of, ty) in subject.plan.types.iter() {
        let Some(acts_for) = &ty.acts_for else {
            continue;
        };
        if acts_for.within.is_some() || acts_for.at_most.is_some() {
            continue;
        }
        let info = &subject.schema.types[of];
        let span = info.acts_for.map_or(info.span, |(_, clause)| clause.span);
        let owner = ty.attributes.get(acts_for.owner as usize);
        let owner = owner.map_or("owner", |field| field.name.as_str());
        found
            .add(
                span,
                format!(
                    "whoever has a `{}` may do all that its `{owner}` may, everywhere",
                    ty.name
                ),
            )
            .help("confine it with `within T`, or cut it down with `at most` an attribute of type `Permissions`");
    }
}
