//! `no-negative-test`: a file of tests that never expects a refusal.

use super::{Findings, Level, Rule, Subject};
use crate::syntax::ast::{Claim, Item, Statement};

pub(super) static RULE: Rule = Rule {
    code: "T101",
    name: "no-negative-test",
    level: Level::Warn,
    summary: "a file of tests that never expects a refusal",
    page: include_str!("../../../docs/rules/no-negative-test.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for file in subject.files {
        let tests = file.items.iter().filter_map(|item| match item {
            Item::Test(test) => Some(test),
            _ => None,
        });
        let Some(first) = tests.clone().next() else {
            continue;
        };
        let mut statements = tests.clone().flat_map(|test| &test.statements);
        let refuses = statements.any(|statement| match statement {
            Statement::Refused(..) => true,
            Statement::Expect(expectation) => matches!(
                expectation.claim,
                Claim::Cannot(_) | Claim::CannotSee | Claim::SeesOnly | Claim::SeesNo(_)
            ),
            Statement::Fact(_) | Statement::Remove(..) => false,
        });
        let mut statements = tests.flat_map(|test| &test.statements);
        let claims = statements.any(|statement| matches!(statement, Statement::Expect(_)));
        if refuses || !claims {
            continue;
        }
        found
            .add(
                first.name.span,
                "no test in this file expects that anything is refused",
            )
            .help("a policy that allows everything passes them: add `expect … cannot …` or `expect … cannot see …`");
    }
}
