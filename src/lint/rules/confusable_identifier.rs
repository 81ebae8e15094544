//! `confusable-identifier`: two names that look alike.

use super::{Findings, Level, Rule, Subject};
use std::collections::BTreeMap;

use unicode_security::skeleton;

use super::mixed_scripts::is_mixed;
use crate::lint::walk::{entities, names};

pub(super) static RULE: Rule = Rule {
    code: "N101",
    name: "confusable-identifier",
    level: Level::Warn,
    summary: "two names that look alike",
    page: include_str!("../../../docs/rules/confusable-identifier.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (kind, names) in names(subject) {
        let mut looks: BTreeMap<String, &str> = BTreeMap::new();
        for (name, span) in names {
            let look: String = skeleton(name).collect();
            let first = *looks.entry(look).or_insert(name);
            if first != name {
                found
                    .add(span, format!("the {kind} `{name}` looks like `{first}`"))
                    .help("rename one of them: a reader takes it for the other");
            }
        }
    }
    // Ids are free text: `l1` and `ll` are two people, and `аnn` with a foreign letter is none.
    let mut looks: BTreeMap<(&str, String), &str> = BTreeMap::new();
    for entity in entities(subject) {
        let look: String = skeleton(&entity.id).collect();
        let first = *looks.entry((&entity.type_name, look)).or_insert(&entity.id);
        let plain = first.is_ascii() && entity.id.is_ascii();
        // A word in two scripts at once is another rule's.
        let mixed = is_mixed(first) || is_mixed(&entity.id);
        if first != entity.id && !plain && !mixed {
            found
                .add(
                    entity.span,
                    format!(
                        "`{}:{}` looks like another `{}`, and is not the same",
                        entity.type_name, entity.id, entity.type_name
                    ),
                )
                .help("one of the two is written in another script: write the id again");
        }
    }
}
