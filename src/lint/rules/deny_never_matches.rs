//! `deny-never-matches`: a denial for subjects who have nothing of what it takes away.

use std::collections::{BTreeMap, BTreeSet};

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::{Grant, Sight};
use crate::plan::{ActionId, TypeId};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "D103",
    name: "deny-never-matches",
    level: Level::Warn,
    summary: "a `forbid` or `hide` for subjects who never have what it takes away",
    page: include_str!("../../../docs/rules/deny-never-matches.md"),
    check,
};

/// Who may have an action on a type, or see it: the types of subjects.
type Having = BTreeMap<(TypeId, Option<ActionId>), BTreeSet<TypeId>>;

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let rules = subject.rules.iter();
    let mut denials = rules
        .filter(|rule| takes(rule.kind) && !rule.subjects.is_empty())
        .peekable();
    if denials.peek().is_none() || subject.has_custom_roles() {
        return;
    }
    let having = having(subject);
    for rule in denials {
        let keys = keys(&rule.sights, &rule.grants);
        let had: BTreeSet<&TypeId> = keys.filter_map(|key| having.get(&key)).flatten().collect();
        // What nobody has at all, other rules tell.
        if had.is_empty() || rule.subjects.iter().any(|of| had.contains(of)) {
            continue;
        }
        let names = rule.subjects.iter();
        let names: Vec<&str> = names.map(|of| subject.schema.type_name(*of)).collect();
        let what = match rule.kind {
            RuleKind::Forbid => "may take any of these actions anyway",
            _ => "sees any of these anyway",
        };
        found
            .add(
                rule.decl.span,
                format!("no {} {what}", crate::diagnostic::listed(&names, 3)),
            )
            .help("name the subjects that it is meant for, or remove it");
    }
}

fn takes(kind: RuleKind) -> bool {
    matches!(kind, RuleKind::Forbid | RuleKind::Hide)
}

fn keys(sights: &[Sight], grants: &[Grant]) -> impl Iterator<Item = (TypeId, Option<ActionId>)> {
    let sights = sights.iter().map(|sight| (sight.of, None));
    sights.chain(grants.iter().map(|grant| (grant.of, Some(grant.action))))
}

fn having(subject: &Subject<'_>) -> Having {
    let mut having = Having::new();
    let mut give = |who: &[TypeId], sights: &[Sight], grants: &[Grant]| {
        for key in keys(sights, grants) {
            having.entry(key).or_default().extend(who);
            // An action may show the thing, too.
            if subject.plan.types[key.0].visible_by.is_some() {
                having.entry((key.0, None)).or_default().extend(who);
            }
        }
    };
    for (role, clauses) in subject.roles.iter() {
        let who = subject.holders(role);
        for clause in clauses {
            give(&who, &clause.sights, &clause.grants);
        }
    }
    let everybody = &subject.everybody;
    for rule in subject.rules.iter().filter(|rule| !takes(rule.kind)) {
        let who = if rule.subjects.is_empty() {
            everybody
        } else {
            &rule.subjects
        };
        give(who, &rule.sights, &rule.grants);
    }
    having
}
