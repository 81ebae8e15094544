//! The rules, one file each. A new one is a file here, a line in this list, and a page.

mod ceiling_escape;
mod confusable_identifier;
mod constant_condition;
mod custom_role_assigns;
mod dangerous_widely_given;
mod dangling_fact;
mod deny_without_reason;
mod duplicate_rule;
mod empty_audience;
mod empty_group;
mod except_takes_nothing;
mod expired_fact;
mod grant_always_denied;
mod guard_escaped;
mod hide_contradicts_reveal;
mod invalid_allow;
mod level_not_nested;
mod level_shows_only;
mod like_without_wildcard;
mod lonely_admin;
mod near_duplicate_names;
mod never_visible;
mod no_negative_test;
mod nobody_assigns;
mod past_time;
mod permit_without_condition;
mod power_without_sight;
mod public_principal;
mod redundant_holding;
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
mod widened_since_base;
mod wildcard_action;

use super::{Findings, Level, Rule, Subject};

pub(super) use invalid_allow::RULE as INVALID_ALLOW;
pub(super) use unused_allow::RULE as UNUSED_ALLOW;
pub(super) use widened_since_base::RULE as WIDENED_SINCE_BASE;

/// Every rule, by code.
pub static RULES: &[&Rule] = &[
    // R: dead or doubled
    &unused_role::RULE,
    &unused_permissions::RULE,
    &unused_relation::RULE,
    &unused_attribute::RULE,
    &ungranted_action::RULE,
    &unused_import::RULE,
    &empty_audience::RULE,
    &redundant_permission::RULE,
    &except_takes_nothing::RULE,
    &grant_always_denied::RULE,
    &constant_condition::RULE,
    &duplicate_rule::RULE,
    &like_without_wildcard::RULE,
    &past_time::RULE,
    // S: security
    &wildcard_action::RULE,
    &permit_without_condition::RULE,
    &guard_escaped::RULE,
    &ceiling_escape::RULE,
    &unbounded_credential::RULE,
    &self_escalation::RULE,
    &custom_role_assigns::RULE,
    &self_edited_condition::RULE,
    &nobody_assigns::RULE,
    &dangerous_widely_given::RULE,
    &WIDENED_SINCE_BASE,
    // V: visibility
    &power_without_sight::RULE,
    &never_visible::RULE,
    &hide_contradicts_reveal::RULE,
    // H: sharing
    &level_not_nested::RULE,
    &level_shows_only::RULE,
    &share_wider_than_sharer::RULE,
    &share_leaves_tenant::RULE,
    // D: denials
    &deny_without_reason::RULE,
    // T: tests
    &no_negative_test::RULE,
    // N: names, and what is said about findings
    &confusable_identifier::RULE,
    &near_duplicate_names::RULE,
    &UNUSED_ALLOW,
    &INVALID_ALLOW,
    // W: worlds
    &public_principal::RULE,
    &lonely_admin::RULE,
    &expired_fact::RULE,
    &empty_group::RULE,
    &redundant_holding::RULE,
    &dangling_fact::RULE,
];
