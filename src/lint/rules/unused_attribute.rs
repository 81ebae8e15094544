//! `unused-attribute`: an attribute, or a part of the context, that nothing reads.

use super::{Findings, Level, Rule, Subject};

pub(super) static RULE: Rule = Rule {
    code: "R104",
    name: "unused-attribute",
    level: Level::Warn,
    summary: "an attribute or a part of the context that decides nothing",
    page: include_str!("../../../docs/rules/unused-attribute.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (of, info) in subject.schema.types.iter() {
        for (column, attribute) in (0u32..).zip(&info.attributes) {
            if subject.used.attributes.contains(&(of, column)) {
                continue;
            }
            found
                .add(
                    attribute.span,
                    format!("nothing reads `{}` of `{}`", attribute.name, info.name),
                )
                .help("read it in a condition, or remove it: what decides nothing belongs into the service's own data");
        }
    }
    for (part, info) in (0u32..).zip(&subject.schema.context) {
        if !subject.used.context.contains(&part) {
            let attribute = &info.attribute;
            found
                .add(
                    attribute.span,
                    format!("no condition reads `context.{}`", attribute.name),
                )
                .help("read it in a condition, or remove it: callers believe that it counts");
        }
    }
}
