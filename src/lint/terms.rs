//! Terms of sets: what each one brings, and what goes when it is removed.

use super::Subject;
use super::subject::{Grant, SetAt};
use crate::plan::ActionId;
use crate::source::Span;
use crate::syntax::ast::{PermissionTerm, RoleClause};

/// A term of a permission set, and what it has of what the clause around it gives.
pub(crate) struct Term<'a> {
    pub(crate) term: &'a PermissionTerm,
    /// Whether it has a `*`.
    pub(crate) wild: bool,
    pub(crate) actions: Vec<ActionId>,
    pub(crate) grants: Vec<Grant>,
}

/// The terms of a set, with what each gives.
pub(crate) fn terms<'a>(subject: &Subject<'a>, at: &SetAt<'a>, grants: &[Grant]) -> Vec<Term<'a>> {
    let terms = at.set.terms.iter();
    terms
        .map(|term| {
            let actions = subject.term(at, term);
            let given = grants
                .iter()
                .filter(|grant| actions.binary_search(&grant.action).is_ok());
            Term {
                term,
                wild: is_wild(term),
                grants: given.copied().collect(),
                actions,
            }
        })
        .collect()
}

/// Whether a term has a `*`.
pub(crate) fn is_wild(term: &PermissionTerm) -> bool {
    term.path.iter().any(|(part, _)| part.is_none())
}

/// Whether a term takes in whatever actions a type will have: `*`, `Doc.*`, and no group.
pub(crate) fn takes_new_actions(subject: &Subject<'_>, term: &PermissionTerm) -> bool {
    match term.path.as_slice() {
        [(None, _)] => true,
        [(Some(first), _), (None, _)] => subject.schema.type_names.contains_key(first),
        _ => false,
    }
}

/// The set of a `can` clause of a role.
pub(crate) fn can_set<'a>(
    subject: &Subject<'a>,
    role: crate::plan::RoleId,
    clause: &'a RoleClause,
) -> Option<SetAt<'a>> {
    let RoleClause::Can { set, .. } = clause else {
        return None;
    };
    Some(SetAt::of(subject.schema.roles[role].on, set))
}

/// What goes with one of several things in a list with commas; nothing where it is the only one.
pub(crate) fn out_of_list(list: &[Span], index: usize) -> Option<Span> {
    let this = *list.get(index)?;
    let before = index.checked_sub(1).and_then(|before| list.get(before));
    match (list.get(index + 1), before) {
        (Some(next), _) => Some(Span::new(this.file, this.start, next.start)),
        (None, Some(before)) => Some(Span::new(this.file, before.end, this.end)),
        (None, None) => None,
    }
}

/// Some names of actions: `` `Doc.view`, `Doc.edit` and 2 more ``.
pub(crate) fn action_names(subject: &Subject<'_>, actions: &[ActionId]) -> String {
    let mut actions = actions.to_vec();
    actions.sort_unstable();
    actions.dedup();
    let names: Vec<String> = actions
        .iter()
        .map(|action| subject.schema.action_name(*action))
        .collect();
    crate::diagnostic::listed(&names, 3)
}
