//! `unused-allow`: told where comments are read, in `src/lint/allow.rs`.

use super::{Level, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "N901",
    name: "unused-allow",
    level: Level::Warn,
    summary: "a comment allows what nothing finds",
    page: include_str!("../../../docs/rules/unused-allow.md"),
    check: |_, _| {},
};
