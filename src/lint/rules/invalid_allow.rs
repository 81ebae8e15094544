//! `invalid-allow`: told where comments are read, in `src/lint/allow.rs`.

use super::{Level, Rule};

pub(in crate::lint) static RULE: Rule = Rule {
    code: "N902",
    name: "invalid-allow",
    level: Level::Deny,
    summary: "a comment allows without a reason, or what there is not",
    page: include_str!("../../../docs/rules/invalid-allow.md"),
    check: |_, _| {},
};
