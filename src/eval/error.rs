//! Questions that cannot be asked, and conditions that could not be read.

use std::fmt;

use serde::Serialize;

use crate::literal::{a, nearest};
use crate::plan::{Clause, Mismatch, Plan, TypeId};

/// A question that does not fit the policy: an error of the caller, not a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryError(Box<Parts>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    code: &'static str,
    message: String,
    help: String,
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message(), self.help())
    }
}

impl std::error::Error for QueryError {}

fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    quoted.join(", ")
}

impl QueryError {
    /// The stable code: `E0601`.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do.
    pub fn help(&self) -> &str {
        &self.0.help
    }

    /// Whether the error is about this name.
    #[cfg(feature = "compiler")]
    pub(crate) fn names(&self, name: &str) -> bool {
        self.0.message.contains(&format!("`{name}`"))
    }

    fn new(code: &'static str, message: String, near: Option<&str>, otherwise: String) -> Self {
        let help = near.map_or(otherwise, |near| format!("did you mean `{near}`?"));
        Self(Box::new(Parts {
            code,
            message,
            help,
        }))
    }

    pub(crate) fn unknown_type(plan: &Plan, name: &str) -> Self {
        let help = match plan.types.len() {
            0 => "it declares no types".to_owned(),
            _ => format!("the types are {}", quoted(plan.type_names())),
        };
        let near = nearest(name, plan.type_names());
        Self::new(
            "E0601",
            format!("the policy has no type `{name}`"),
            near,
            help,
        )
    }

    pub(super) fn no_subject(plan: &Plan, name: &str) -> Self {
        let help = format!("subjects are of {}", quoted(plan.subject_names()));
        Self::new("E0602", format!("{} cannot ask", a(name)), None, help)
    }

    pub(super) fn unknown_action(plan: &Plan, name: &str, of: TypeId) -> Self {
        let ty = &plan.types[of];
        let bare = name.rsplit('.').next().unwrap_or(name);
        let names = ty
            .actions
            .iter()
            .map(|action| plan.actions[*action].name.as_str());
        let near = nearest(bare, names);
        let known: Vec<String> = ty
            .actions
            .iter()
            .map(|action| plan.action_name(*action))
            .collect();
        let help = match known.as_slice() {
            [] => "no action is asked of it".to_owned(),
            known => format!("these are: {}", quoted(known)),
        };
        let message = format!("no action `{name}` is asked of {}", a(&ty.name));
        Self::new("E0603", message, near, help)
    }

    pub(super) fn ambiguous_action(plan: &Plan, name: &str, of: TypeId) -> Self {
        let actions = plan.types[of].actions.iter();
        let same = actions.filter(|action| plan.actions[**action].name == name);
        let help = format!(
            "write one of {}",
            quoted(same.map(|action| plan.action_name(*action)))
        );
        let message = format!("`{name}` could be one of several actions");
        Self::new("E0604", message, None, help)
    }

    pub(super) fn unknown_context(plan: &Plan, name: &str) -> Self {
        let known = || plan.context.iter().map(|field| field.name.as_str());
        let help = match plan.context.as_slice() {
            [] => "the policy declares no context".to_owned(),
            _ => format!("it has {}", quoted(known())),
        };
        let message = format!("the policy's context has no `{name}`");
        Self::new("E0605", message, nearest(name, known()), help)
    }

    pub(super) fn context_mismatch(name: &str, mismatch: &Mismatch) -> Self {
        let path = format!("{name}{}", mismatch.path);
        let message = format!(
            "`context.{path}` is of type `{}`, not {}",
            mismatch.expected, mismatch.found
        );
        let help = format!("give a value of type `{}`", mismatch.expected);
        Self::new("E0606", message, None, help)
    }

    pub(super) fn wrong_token(what: &str) -> Self {
        let help = "ask for the list from its beginning".to_owned();
        Self::new(
            "E0608",
            format!("the page token does not fit: {what}"),
            None,
            help,
        )
    }

    pub(super) fn wrong_key(what: &str) -> Self {
        let help = "look the names up in the world that is asked".to_owned();
        Self::new("E0607", format!("a key does not fit: {what}"), None, help)
    }

    pub(super) fn context_is_no_record() -> Self {
        let help = "write `{\"name\": value}`".to_owned();
        Self::new("E0606", "the context is no object".into(), None, help)
    }
}

/// A condition that could not be read, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConditionError {
    /// The clause or rule that it belongs to.
    pub clause: Clause,
    /// What went wrong.
    pub message: String,
}

impl fmt::Display for ConditionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Clause {
            text, file, line, ..
        } = &self.clause;
        write!(f, "{}, in `{text}` ({file}:{line})", self.message)
    }
}
