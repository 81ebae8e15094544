//! The rules, one file each. A new one is a file here, a line in this list, and a page.

mod constant_condition;
mod custom_role_assigns;
mod dangerous_widely_given;
mod deny_without_reason;
mod duplicate_rule;
mod except_takes_nothing;
mod grant_always_denied;
mod invalid_allow;
mod never_visible;
mod nobody_assigns;
mod power_without_sight;
mod redundant_permission;
mod self_edited_condition;
mod self_escalation;
mod share_leaves_tenant;
mod share_wider_than_sharer;
mod unbounded_credential;
mod ungranted_action;
mod unused_allow;
mod unused_attribute;
mod unused_import;
mod unused_permissions;
mod unused_relation;
mod unused_role;

use super::{Findings, Level, Rule, Subject};

pub(super) use invalid_allow::RULE as INVALID_ALLOW;
pub(super) use unused_allow::RULE as UNUSED_ALLOW;

/// Every rule, by code.
pub static RULES: &[&Rule] = &[
    // R: dead or doubled
    &unused_role::RULE,
    &unused_permissions::RULE,
    &unused_relation::RULE,
    &unused_attribute::RULE,
    &ungranted_action::RULE,
    &unused_import::RULE,
    &redundant_permission::RULE,
    &except_takes_nothing::RULE,
    &grant_always_denied::RULE,
    &constant_condition::RULE,
    &duplicate_rule::RULE,
    // S: security
    &unbounded_credential::RULE,
    &self_escalation::RULE,
    &custom_role_assigns::RULE,
    &self_edited_condition::RULE,
    &nobody_assigns::RULE,
    &dangerous_widely_given::RULE,
    // V: visibility
    &power_without_sight::RULE,
    &never_visible::RULE,
    // H: sharing
    &share_wider_than_sharer::RULE,
    &share_leaves_tenant::RULE,
    // D: denials
    &deny_without_reason::RULE,
    // N: names, and what is said about findings
    &UNUSED_ALLOW,
    &INVALID_ALLOW,
];
