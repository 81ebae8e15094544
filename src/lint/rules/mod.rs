//! The rules, one file each. A new one is a file here, a line in this list, and a page.

mod invalid_allow;
mod unbounded_credential;
mod unused_allow;
mod unused_role;

use super::{Findings, Level, Rule, Subject};

pub(super) use invalid_allow::RULE as INVALID_ALLOW;
pub(super) use unused_allow::RULE as UNUSED_ALLOW;

/// Every rule, by code.
pub static RULES: &[&Rule] = &[
    // R: dead or doubled
    &unused_role::RULE,
    // S: security
    &unbounded_credential::RULE,
    // N: names, and what is said about findings
    &UNUSED_ALLOW,
    &INVALID_ALLOW,
];
