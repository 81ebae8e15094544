//! `permit-without-condition`: a `permit` that gives to everybody, everywhere.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::plan::ActionId;
use crate::source::Span;

pub(super) static RULE: Rule = Rule {
    code: "S102",
    name: "permit-without-condition",
    level: Level::Warn,
    summary: "a `permit` that gives to everybody, everywhere",
    page: include_str!("../../../docs/rules/permit-without-condition.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for rule in &subject.rules {
        let decl = rule.decl;
        // What gives rights on is told as that.
        let mut grants = rule.grants.iter();
        if !rule.is_open_permit()
            || grants.any(|grant| subject.rights.gives_on(subject.plan, grant.action))
        {
            continue;
        }
        let actions: Vec<ActionId> = rule.grants.iter().map(|grant| grant.action).collect();
        let actions = action_names(subject, &actions);
        let who: Vec<&str> = decl
            .subjects
            .iter()
            .map(|name| name.name.as_str())
            .collect();
        let who = match who.as_slice() {
            [] => "everybody".to_owned(),
            some => format!("every {}", crate::diagnostic::listed(some, 9)),
        };
        let start = decl.span.start;
        let word = Span::new(decl.span.file, start, start.saturating_add(6));
        found
            .add(word, format!("{who} may {actions}, wherever they see it"))
            .help("add a `when`, or let a role give it: roles are held somewhere");
    }
}
