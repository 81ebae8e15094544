//! From sources to a policy: every stage in one line.

use std::collections::HashSet;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::policy::Policy;
use crate::source::Sources;
use crate::syntax::ast::{Item, PolicyFile};
use crate::{check, graph, resolve, spec, syntax};

/// Compiles the files of one policy.
///
/// ```
/// let sources = ward::Sources::new().with("app.policy", "
///     subject User
///     scope Team { actions rename  role Lead { sees * can rename } }
/// ");
/// let policy = ward::compile(&sources)?;
/// assert_eq!(policy.plan().actions_of("Team"), ["Team.rename"]);
/// # Ok::<(), ward::Diagnostics>(())
/// ```
///
/// # Errors
///
/// Everything that is wrong with it, of all stages that could still be run.
pub fn compile(sources: &Sources) -> Result<Policy, Diagnostics> {
    let mut diagnostics = Vec::new();
    let mut files = Vec::new();
    for (id, source) in sources.iter() {
        let parsed = syntax::parse(id, source.text());
        diagnostics.extend(parsed.diagnostics);
        files.push(parsed.tree);
    }
    let unread = unread_words(sources, &files);
    let resolved = resolve::resolve(sources, &files, &mut diagnostics);
    let program = check::check(sources, resolved, &mut diagnostics);
    diagnostics.retain(|diagnostic| !is_follow_up(diagnostic, sources, &unread));
    if diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error)
    {
        return Err(Diagnostics::new(sources.clone(), diagnostics));
    }
    let graph = graph::build(&program, sources);
    let plan = Arc::new(graph::lower(&graph, &program, sources));
    drop(program);
    let policy = Policy::new(sources.clone(), files, plan, graph);
    let diagnostics = spec::check(&policy);
    if diagnostics.is_empty() {
        Ok(policy)
    } else {
        Err(Diagnostics::new(sources.clone(), diagnostics))
    }
}

/// The words in what could not be read: names among them may well have been declared there.
fn unread_words<'s>(sources: &'s Sources, files: &[PolicyFile]) -> HashSet<&'s str> {
    let mut words = HashSet::new();
    for item in files.iter().flat_map(|file| &file.items) {
        if let Item::Error(span) = item {
            let text: &'s str = sources.text(*span);
            words.extend(text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
        }
    }
    words
}

/// Whether an unknown name is only unknown because its declaration could not be read.
fn is_follow_up(diagnostic: &Diagnostic, sources: &Sources, unread: &HashSet<&str>) -> bool {
    let unknown = matches!(
        diagnostic.code.0,
        "E0201" | "E0202" | "E0203" | "E0204" | "E0205" | "E0212" | "E0301" | "E0314" | "E0421"
    );
    unknown
        && sources
            .text(diagnostic.span())
            .split('.')
            .any(|word| unread.contains(word))
}
