//! The rules, one file each. A new one is a file here, a line in this list, and a page.

mod admin_lockout;
mod arithmetic_overflow;
mod bidirectional_control;
mod case_sensitive_email;
mod ceiling_escape;
mod confusable_identifier;
mod constant_condition;
mod create_then_blind;
mod custom_role_assigns;
mod dangerous_widely_given;
mod dangling_fact;
mod deny_never_matches;
mod deny_without_reason;
mod duplicate_rule;
mod empty_audience;
mod empty_group;
mod except_takes_nothing;
mod expired_fact;
mod grant_always_denied;
mod guard_escaped;
mod guarded_elsewhere;
mod hidden_ancestor;
mod hide_contradicts_reveal;
mod invalid_allow;
mod last_admin_removable;
mod level_not_nested;
mod level_shows_only;
mod like_without_wildcard;
mod lonely_admin;
mod missing_description;
mod mixed_scripts;
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
mod reshare_amplification;
mod self_edited_condition;
mod self_escalation;
mod sensitive_unconditional;
mod separation_of_duties;
mod share_into_empty_scope;
mod share_leaves_tenant;
mod share_wider_than_sharer;
mod share_without_expiry;
mod too_many_holders;
mod unbounded_credential;
mod ungranted_action;
mod unread_context;
mod untested_clause;
mod unused_allow;
mod unused_attribute;
mod unused_import;
mod unused_level;
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
    &unused_level::RULE,
    &redundant_permission::RULE,
    &except_takes_nothing::RULE,
    &grant_always_denied::RULE,
    &constant_condition::RULE,
    &duplicate_rule::RULE,
    &like_without_wildcard::RULE,
    &past_time::RULE,
    &arithmetic_overflow::RULE,
    &guarded_elsewhere::RULE,
    &unread_context::RULE,
    &case_sensitive_email::RULE,
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
    &last_admin_removable::RULE,
    &separation_of_duties::RULE,
    &sensitive_unconditional::RULE,
    &WIDENED_SINCE_BASE,
    // V: visibility
    &power_without_sight::RULE,
    &never_visible::RULE,
    &hide_contradicts_reveal::RULE,
    &create_then_blind::RULE,
    &hidden_ancestor::RULE,
    // H: sharing
    &level_not_nested::RULE,
    &level_shows_only::RULE,
    &share_wider_than_sharer::RULE,
    &share_leaves_tenant::RULE,
    &reshare_amplification::RULE,
    // D: denials
    &deny_without_reason::RULE,
    &admin_lockout::RULE,
    &deny_never_matches::RULE,
    // T: tests
    &no_negative_test::RULE,
    &untested_clause::RULE,
    // N: names, and what is said about findings
    &confusable_identifier::RULE,
    &near_duplicate_names::RULE,
    &bidirectional_control::RULE,
    &mixed_scripts::RULE,
    &missing_description::RULE,
    &UNUSED_ALLOW,
    &INVALID_ALLOW,
    // W: worlds
    &public_principal::RULE,
    &lonely_admin::RULE,
    &expired_fact::RULE,
    &empty_group::RULE,
    &redundant_holding::RULE,
    &dangling_fact::RULE,
    &share_into_empty_scope::RULE,
    &too_many_holders::RULE,
    &share_without_expiry::RULE,
];
