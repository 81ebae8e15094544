//! `deny-without-reason`: a `forbid` that does not tell why.

use super::{Findings, Level, Rule, Subject};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "D101",
    name: "deny-without-reason",
    level: Level::Warn,
    summary: "a `forbid` without `@reason`",
    page: include_str!("../../../docs/rules/deny-without-reason.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for rule in &subject.rules {
        let decl = rule.decl;
        let reason = decl
            .annotations
            .iter()
            .find(|annotation| annotation.name.name == "reason");
        let said = reason.is_some_and(|reason| !reason.value.value.trim().is_empty());
        if rule.kind != RuleKind::Forbid || said {
            continue;
        }
        let start = decl.span.start;
        let word = Span::new(decl.span.file, start, start.saturating_add(6));
        found
            .add(word, "this rule does not tell a refused person why")
            .help("write `@reason(\"…\")` before it: what must they do, or whom ask?");
    }
}
