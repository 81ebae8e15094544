//! wip
use crate::compile::Policy;
use crate::diagnostic::Diagnostic;
pub(crate) fn check(_p: &Policy) -> Vec<Diagnostic> { Vec::new() }
