//! `duplicate-rule`: a rule that another one makes superfluous.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::RuleView;
use crate::plan::TypeId;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "R114",
    name: "duplicate-rule",
    level: Level::Warn,
    summary: "a rule that says nothing beyond another one",
    page: include_str!("../../../docs/rules/duplicate-rule.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    // What a rule says of the first thing that it is about, another must say too.
    let mut by_first: std::collections::HashMap<_, Vec<usize>> = std::collections::HashMap::new();
    for (index, rule) in subject.rules.iter().enumerate() {
        for grant in &rule.grants {
            let key = (rule.kind, grant.of, Some(grant.action));
            by_first.entry(key).or_default().push(index);
        }
        for sight in &rule.sights {
            let key = (rule.kind, sight.of, None);
            by_first.entry(key).or_default().push(index);
        }
    }
    for (index, rule) in subject.rules.iter().enumerate() {
        let grant = rule
            .grants
            .first()
            .map(|grant| (grant.of, Some(grant.action)));
        let sight = rule.sights.first().map(|sight| (sight.of, None));
        let Some((of, action)) = grant.or(sight) else {
            continue;
        };
        let others = by_first.get(&(rule.kind, of, action));
        let wider = others.into_iter().flatten().find(|&&other| {
            other != index
                && subject.rules.get(other).is_some_and(|wide| {
                    says_all(subject, wide, rule)
                        // Of two that say the same the later one is too much.
                        && (other < index || !says_all(subject, rule, wide))
                })
        });
        let Some(wider) = wider.and_then(|wider| subject.rules.get(*wider)) else {
            continue;
        };
        let word = match rule.kind {
            RuleKind::Permit => "gives",
            RuleKind::Forbid => "takes away",
            RuleKind::Reveal => "shows",
            RuleKind::Hide => "hides",
        };
        found
            .add(
                rule.decl.span,
                format!("another rule {word} all that this one {word}"),
            )
            .also(wider.decl.span, "this one")
            .help("remove one of them, or give this one the condition that it was meant to have");
    }
}

/// Whether a rule matches wherever another one does, and is about all that it is about.
fn says_all(subject: &Subject<'_>, wide: &RuleView<'_>, narrow: &RuleView<'_>) -> bool {
    let for_all = |of: &TypeId| wide.subjects.binary_search(of).is_ok();
    let subjects = wide.subjects.is_empty()
        || !narrow.subjects.is_empty() && narrow.subjects.iter().all(for_all);
    subjects
        && narrow.grants.iter().all(|grant| {
            wide.grants.iter().any(|other| {
                (other.of, other.action) == (grant.of, grant.action)
                    && subject.shapes.covers(other.condition, grant.condition)
            })
        })
        && narrow.sights.iter().all(|sight| {
            wide.sights.iter().any(|other| {
                other.of == sight.of && subject.shapes.covers(other.condition, sight.condition)
            })
        })
}
