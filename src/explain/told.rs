//! What the one who asked may be told.

use serde::Serialize;

use super::types::{Explanation, Missing};
use crate::eval::Outcome;

/// An answer as the subject itself may read it: of what it does not see, nothing that tells it from
/// what does not exist; of what it sees, what the policy's `@reason`s say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Who asked.
    pub subject: String,
    /// The action, as `Type.action`.
    pub action: String,
    /// What it was asked of.
    pub resource: String,
    /// What came out.
    pub outcome: Outcome,
    /// What the rules that forbid it say with `@reason`.
    pub reasons: Vec<String>,
}

impl Explanation {
    /// What of this the one who asked may be told.
    pub fn for_subject(&self) -> Told {
        let struck = |missing: &Missing| match missing {
            Missing::Struck { clause, .. } => clause.reason.clone(),
            _ => None,
        };
        // A reason to hide would say that there is something to hide.
        let reasons = match self.outcome {
            Outcome::Forbidden => self.missing.iter().filter_map(struck).collect(),
            Outcome::Allowed | Outcome::Invisible => Vec::new(),
        };
        Told {
            subject: self.subject.clone(),
            action: self.action.clone(),
            resource: self.resource.clone(),
            outcome: self.outcome,
            reasons,
        }
    }
}
