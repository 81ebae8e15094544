//! What an explanation is made of. It is written as JSON as it stands; `docs/json.md` has the keys.

use serde::Serialize;

use crate::eval::{ConditionError, Held, Outcome, Reading, Step};
use crate::plan::Clause;

/// What is wanted of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explain {
    /// All proofs, up to a bound, and not just the shortest.
    pub all: bool,
    /// The nearest changes that would make it allowed.
    pub changes: bool,
}

impl Default for Explain {
    /// The shortest proof, and changes.
    fn default() -> Self {
        Self {
            all: false,
            changes: true,
        }
    }
}

/// An answer, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Who asked.
    pub subject: String,
    /// The action, as `Type.action`.
    pub action: String,
    /// What it was asked of.
    pub resource: String,
    /// The moment that was asked about.
    pub at: String,
    /// What came out.
    pub outcome: Outcome,
    /// Proofs that it is allowed; where it is forbidden, that it is seen. The shortest comes first.
    pub proofs: Vec<Proof>,
    /// Whether there may be more proofs than these.
    pub more_proofs: bool,
    /// What was missing, where it is not allowed.
    pub missing: Vec<Missing>,
    /// Whether changes were looked for.
    pub searched: bool,
    /// The nearest changes that would make it allowed, cheapest first.
    pub changes: Vec<Suggestion>,
    /// Whether there may be other changes that are as near.
    pub more_changes: bool,
    /// Conditions that could not be read; none of them gave anything.
    pub errors: Vec<ConditionError>,
}

/// Why something is allowed, or seen.
///
/// A world that has only its facts gives the same answer under the policy, and under a policy of
/// which only its clauses give anything. Without any one of the facts, or of the clauses, it does not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// What shows the resource.
    pub sees: Given,
    /// What gives the action; nothing where it is proved that it is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can: Option<Given>,
    /// Every fact that it rests on.
    pub facts: Vec<Stated>,
    /// Every clause that gives something in it.
    pub clauses: Vec<Clause>,
    /// What could have kept the action out, and lets it through.
    pub passed: Vec<Passed>,
}

/// A clause that gave sight or an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Given {
    /// By a role that is held.
    Role {
        /// The holding.
        held: Box<Held>,
        /// The way from the resource to where it is held.
        way: Vec<Step>,
        /// The clause.
        clause: Clause,
        /// What its condition read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reads: Vec<Reading>,
    },
    /// By a rule.
    Rule {
        /// `permit` or `reveal`.
        effect: &'static str,
        /// The rule.
        clause: Clause,
        /// What its condition read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reads: Vec<Reading>,
    },
}

/// A fact of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The fact. A name alone says that the world knows such an entity.
    pub fact: String,
    /// Where it was stated, if in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Something that takes away, and did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Passed {
    /// The action is under the ceiling of a role.
    Ceiling {
        /// The role.
        held: Held,
        /// Its `at most`.
        clause: Clause,
    },
    /// The question was asked by a credential, which is judged as its owner.
    Credential {
        /// The credential.
        credential: String,
        /// Its owner.
        owner: String,
    },
    /// What is held nearer overrides what is held farther out; the action comes from the nearer.
    Override {
        /// What is held nearer.
        held: Held,
    },
    /// A `forbid` or `hide` rule that does not match.
    Rule {
        /// `forbid` or `hide`.
        effect: &'static str,
        /// The rule.
        clause: Clause,
        /// What its condition read.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        reads: Vec<Reading>,
    },
}

/// Something without which it is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Missing {
    /// No fact names the subject: only what `anyone` holds counts.
    UnknownSubject,
    /// No fact names the resource.
    UnknownResource,
    /// The resource, or something that it stands in, lacks a container.
    Incomplete {
        /// What lacks it.
        entity: String,
        /// The type of the container.
        container: String,
    },
    /// The credential has no owner, so it sees nothing.
    NoOwner {
        /// The credential.
        credential: String,
    },
    /// The credential is confined, and the resource lies outside.
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
    /// A rule takes it away.
    Struck {
        /// `forbid` or `hide`.
        effect: &'static str,
        /// The rule, with what `@reason` says.
        clause: Clause,
        /// What its condition read.
        reads: Vec<Reading>,
    },
    /// A role is held and would give it, but its condition does not hold.
    Unmet {
        /// What it would give: `sight` or `action`.
        gives: &'static str,
        /// The holding.
        held: Held,
        /// The clause.
        clause: Clause,
        /// What its condition read.
        reads: Vec<Reading>,
    },
    /// A `permit` or `reveal` rule would give it, but its condition does not hold.
    RuleUnmet {
        /// `permit` or `reveal`.
        effect: &'static str,
        /// The rule.
        clause: Clause,
        /// What its condition read.
        reads: Vec<Reading>,
    },
    /// A role is held and gives the action, but the ceiling of another keeps it down.
    Capped {
        /// The role with the ceiling.
        held: Held,
        /// Its `at most`.
        clause: Clause,
    },
    /// A role is held behind the window of a share whose level keeps the action out.
    KeptOut {
        /// The share.
        share: String,
        /// Its level in the policy.
        clause: Clause,
    },
    /// A role is held and would give it, but one that is held nearer overrides it.
    Overridden {
        /// The role that gives nothing.
        held: Held,
        /// The roles that override it.
        by: Vec<Held>,
    },
    /// A role that a fact or an `also` gives, and that does not count for its guards.
    Uncounted {
        /// What gives it.
        held: Held,
        /// The role: `Workspace.Member`.
        role: String,
        /// The roles that it requires, and that the subject does not hold above.
        requires: Vec<String>,
        /// The types that it is for, where the subject is of none of them.
        holders: Vec<String>,
    },
    /// A fact that would have helped has ended.
    Ended {
        /// The fact.
        fact: String,
        /// Where it was stated, if in a file.
        #[serde(skip_serializing_if = "Option::is_none")]
        place: Option<String>,
        /// When it ended.
        until: String,
    },
    /// Roles are held here, and none of them gives it.
    Lacks {
        /// What they do not give: `sight` or `action`.
        lacks: &'static str,
        /// The place.
        place: String,
        /// The roles.
        held: Vec<Held>,
    },
    /// No role is held on these places, all on ways from the resource.
    NothingHeld {
        /// The places, the nearest first.
        places: Vec<String>,
    },
}

/// Facts that would make it allowed, verified in a world with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// What to change, all of it.
    pub changes: Vec<Change>,
    /// What else would then be open.
    pub opens: Opens,
}

/// One fact more or less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The subject by its name alone, where no fact names it.
    Know {
        /// The fact to add.
        fact: String,
    },
    /// A role for the subject.
    Hold {
        /// The fact to add.
        fact: String,
    },
    /// The subject in a group.
    Join {
        /// The fact to add.
        fact: String,
    },
    /// A share.
    Share {
        /// The fact to add.
        fact: String,
    },
    /// The subject in a relation.
    Relate {
        /// The fact to add.
        fact: String,
    },
    /// A later end of what has ended.
    Prolong {
        /// The fact with an end that is late enough.
        fact: String,
        /// When it ended.
        until: String,
    },
    /// A fact less.
    Remove {
        /// The fact to remove.
        fact: String,
    },
}

/// What else a change opens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Opens {
    /// Other subjects that could then take the action on the resource.
    pub subjects: Tally,
    /// Other actions that the subject could then take on the resource.
    pub actions: Tally,
    /// Actions that the subject could then take elsewhere: `Team.invite on Team:red`.
    pub elsewhere: Tally,
    /// Other things that the subject would then see.
    pub sights: Tally,
}

/// How many there are, and some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How many; of very many, as far as they were counted.
    pub count: usize,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The first few.
    pub examples: Vec<String>,
}
