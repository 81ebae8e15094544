//! Explanations: the proof of what is allowed or seen, what is missing where it is not, and which
//! facts would change that.
//!
//! Nothing here decides. A proof is a set of facts for which the evaluator gives the same answer in a
//! world that has nothing else, and no longer without any one of them; a change is suggested when
//! the evaluator says in a world with that change that it helps.

mod candidates;
mod changes;
mod lines;
mod markdown;
mod missing;
mod opens;
mod proof;
mod support;
mod text;
mod told;
mod types;

pub use lines::{Line, Part, Tone};
pub use told::Told;
pub use types::{
    Change, Explain, Explanation, Given, Missing, Opens, Passed, Proof, Stated, Suggestion, Tally,
};

use crate::eval::{Context, Evaluator, Outcome, QueryError};
use crate::literal::{EntityName, format_datetime};

/// A question as it was asked.
#[derive(Clone, Copy)]
struct Question<'q> {
    subject: &'q EntityName,
    /// `Type.action`
    action: &'q str,
    resource: &'q EntityName,
    context: &'q Context,
    now: i64,
}

impl Evaluator<'_> {
    /// What a check comes to, and why: proofs of what is allowed or seen, what is missing where it is
    /// not, and the nearest changes of facts that would make it allowed.
    ///
    /// It looks at what the subject holds and at the ways from the resource, and never at the whole
    /// world; what it looks for is bounded, and it tells where that was not enough.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn explain(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
        context: &Context,
        wanted: Explain,
    ) -> Result<Explanation, QueryError> {
        let look = self.look(subject, action, resource, context)?;
        let action = look.action_name();
        let question = Question {
            subject,
            action: &action,
            resource,
            context,
            now: self.now(),
        };
        let decision = self.check(subject, &action, resource, context)?;
        let outcome = decision.outcome;
        let support = support::Support::of(&look);
        let mut explanation = Explanation {
            subject: subject.to_string(),
            action: action.clone(),
            resource: resource.to_string(),
            at: format_datetime(self.now()),
            outcome,
            proofs: Vec::new(),
            more_proofs: false,
            missing: Vec::new(),
            changes: Vec::new(),
            more_changes: false,
            searched: false,
            errors: decision.into_errors(),
        };
        if outcome != Outcome::Invisible {
            let found = proof::proofs(&look, &support, question, outcome, wanted.all);
            (explanation.proofs, explanation.more_proofs) = found;
        }
        if outcome != Outcome::Allowed {
            explanation.missing = missing::missing(&look, outcome);
            explanation.searched = wanted.changes;
            if wanted.changes {
                let found = changes::changes(&look, &support, question);
                (explanation.changes, explanation.more_changes) = found;
            }
        }
        Ok(explanation)
    }
}
