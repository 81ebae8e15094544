//! `unread-context`: context is declared for an action that no condition reads it for.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::SetAt;
use crate::lint::terms::{action_names, is_wild};
use crate::lint::trust::each;
use crate::plan::{ActionId, Node};
use crate::syntax::ast::Item;

pub(super) static RULE: Rule = Rule {
    code: "R119",
    name: "unread-context",
    level: Level::Warn,
    summary: "context that is declared for an action, and read for others only",
    page: include_str!("../../../docs/rules/unread-context.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let declared = subject.items().filter_map(|item| match item {
        Item::Context(decl) => Some((decl.actions.as_ref()?, &decl.attributes)),
        _ => None,
    });
    let mut declared = declared.peekable();
    if declared.peek().is_none() {
        return;
    }
    let read = read(subject);
    let given: BTreeSet<ActionId> = subject.given.rows().iter().flatten().copied().collect();
    for (set, parts) in declared {
        let at = SetAt {
            in_group: false,
            set,
            own: None,
        };
        for part in parts {
            let name = &part.name.name;
            let fields = &subject.plan.context;
            let index = fields.iter().position(|field| field.name == *name);
            let Some(index) = index.and_then(|index| u32::try_from(index).ok()) else {
                continue;
            };
            // What nothing reads at all is unused.
            if !subject.used.context.contains(&index) {
                continue;
            }
            for term in set.terms.iter().filter(|term| !is_wild(term)) {
                let actions = subject.term(&at, term);
                let needs = |action: &ActionId| {
                    !given.contains(action)
                        || read.get(action).is_some_and(|read| read.contains(&index))
                };
                if actions.is_empty() || actions.iter().any(needs) {
                    continue;
                }
                found
                    .add(
                        term.span,
                        format!(
                            "no condition about {} reads `{name}`",
                            action_names(subject, &actions)
                        ),
                    )
                    .also(part.name.span, "declared for it here")
                    .help("take the action out of this `context`, or write the rule that was meant to read it");
            }
        }
    }
}

/// For each action the parts of the context that decide about it.
fn read(subject: &Subject<'_>) -> BTreeMap<ActionId, BTreeSet<u32>> {
    let plan = subject.plan;
    let mut read: BTreeMap<ActionId, BTreeSet<u32>> = BTreeMap::new();
    let clauses = subject.roles.rows().iter().flatten();
    let clauses = clauses.flat_map(|clause| &clause.grants);
    let rules = subject.rules.iter().flat_map(|rule| &rule.grants);
    for grant in clauses.chain(rules) {
        let Some(condition) = grant.condition else {
            continue;
        };
        each(plan, plan.conditions[condition].root, &mut |node| {
            if let Node::Context(part) | Node::HasContext(part) = node {
                read.entry(grant.action).or_default().insert(part);
            }
        });
    }
    read
}
