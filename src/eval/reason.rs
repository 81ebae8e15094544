//! What an answer rests on, in a form for people and programs.

use serde::Serialize;

use super::Outcome;
use super::error::ConditionError;
use crate::plan::Clause;

/// An outcome and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// What came out.
    pub outcome: Outcome,
    /// What decided, sight first.
    pub because: Vec<Reason>,
    /// Conditions that could not be read; none of them gave anything.
    pub errors: Vec<ConditionError>,
}

/// A step from a place to the next on a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Where it leads.
    pub to: String,
    /// The level of the share that it goes through, if it is no containment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The fact: `Group:eng is Member of Team:ml`.
    pub fact: String,
    /// Where it was stated, if in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The groups by which the subject is in the holder, the subject itself first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
    /// The `also` that says so, where no fact does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<Clause>,
}

/// One thing that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A held role shows the resource.
    Sees {
        /// The holding.
        held: Held,
        /// The way from the resource to where it is held.
        way: Vec<Step>,
        /// The clause that shows it.
        clause: Clause,
    },
    /// A held role gives the action.
    Can {
        /// The holding.
        held: Held,
        /// The way from the resource to where it is held.
        way: Vec<Step>,
        /// The clause that gives it.
        clause: Clause,
    },
    /// A rule matched.
    Rule {
        /// `permit`, `forbid`, `reveal` or `hide`.
        effect: &'static str,
        /// The rule.
        clause: Clause,
    },
    /// The world knows no such subject: only what `anyone` holds counts.
    UnknownSubject,
    /// The world knows no such resource.
    UnknownResource,
    /// The resource, or something that it stands in, lacks a container.
    Incomplete {
        /// What lacks it.
        entity: String,
        /// The type of the container.
        container: String,
    },
    /// Nothing that the subject holds on these places shows the resource.
    NoSight {
        /// The places on all ways, the resource first.
        places: Vec<String>,
        /// What the subject holds on them.
        held: Vec<Held>,
    },
    /// Nothing that the subject holds on these places gives the action.
    NoPower {
        /// The places on all ways, the resource first.
        places: Vec<String>,
        /// What the subject holds on them.
        held: Vec<Held>,
    },
    /// A held role would show the resource, or give the action, but its condition does not hold.
    Unmet {
        /// The holding.
        held: Held,
        /// The clause.
        clause: Clause,
    },
    /// A role that a fact or an `also` gives on one of the places, and that does not count.
    Uncounted {
        /// What gives it.
        held: Held,
        /// The role: `Workspace.Member`.
        role: String,
        /// The roles that it requires, and that the subject does not hold above.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        requires: Vec<String>,
        /// The types that it is for, where the subject is of none of them.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        holders: Vec<String>,
    },
    /// The question was asked by a credential, and judged as its owner's.
    ActsFor {
        /// The credential.
        credential: String,
        /// Its owner.
        owner: String,
    },
    /// The credential has no owner, so it sees nothing.
    NoOwner {
        /// The credential.
        credential: String,
    },
    /// No way leads from the resource to what the credential is confined to.
    Confined {
        /// The credential.
        credential: String,
        /// The scopes.
        within: Vec<String>,
    },
    /// The credential's own permissions do not have the action.
    Limited {
        /// The credential.
        credential: String,
    },
    /// A held role would give the action, but for the ceiling of another role.
    Capped {
        /// The role with the ceiling.
        held: Held,
        /// Its `at most`.
        clause: Clause,
    },
    /// These roles give nothing here: one that is held nearer overrides them.
    Overridden {
        /// The roles.
        held: Vec<Held>,
    },
    /// The action is given, but the level of the share through which the subject sees it lets it not
    /// pass.
    KeptOut {
        /// The share.
        share: String,
        /// Its level in the policy.
        clause: Clause,
    },
}
