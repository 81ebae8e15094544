//! `like-without-wildcard`: a `like` whose pattern has no `*`.

use super::{Findings, Level, Rule, Subject};
use crate::lint::walk::{conditions, each};
use crate::source::Span;
use crate::syntax::ast::ExprKind;

pub(super) static RULE: Rule = Rule {
    code: "R115",
    name: "like-without-wildcard",
    level: Level::Warn,
    summary: "a `like` whose pattern has no `*`",
    page: include_str!("../../../docs/rules/like-without-wildcard.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for condition in conditions(subject) {
        each(condition, &mut |part| {
            let ExprKind::Like(base, pattern) = &part.kind else {
                return;
            };
            // Behind a backslash a star is a star.
            if pattern
                .value
                .replace("\\\\", "")
                .replace("\\*", "")
                .contains('*')
            {
                return;
            }
            let text = subject.text(pattern.span).to_owned();
            let finding = found.add(
                pattern.span,
                format!("{text} has no `*`, so that only this very text fits"),
            );
            finding.help("write `==`, or put a `*` where anything may stand");
            if !pattern.value.contains('\\') {
                let stretch = Span::new(part.span.file, base.span.end, pattern.span.end);
                finding.safe_fix("write `==`", vec![(stretch, format!(" == {text}"))]);
            }
        });
    }
}
