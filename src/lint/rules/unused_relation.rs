//! `unused-relation`: a relation that nothing reads.

use super::{Findings, Level, Rule, Subject};
use crate::syntax::ast::Member;

pub(super) static RULE: Rule = Rule {
    code: "R103",
    name: "unused-relation",
    level: Level::Warn,
    summary: "a relation that decides nothing",
    page: include_str!("../../../docs/rules/unused-relation.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for info in subject.schema.types.rows() {
        for member in &info.decl.body {
            let Member::Relation(relation) = member else {
                continue;
            };
            let id = info.relation_names.get(&relation.name.name);
            if id.is_none_or(|id| subject.used.relations.contains(id)) {
                continue;
            }
            let name = &relation.name.name;
            found
                .add(
                    relation.name.span,
                    format!("no condition and no `also` reads `{name}` of `{}`", info.name),
                )
                .help(format!(
                    "whoever is in `{name}` has nothing by it: let a role have `also {name}`, read it in a condition, or remove it"
                ));
        }
    }
}
