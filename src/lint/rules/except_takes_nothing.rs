//! `except-takes-nothing`: what stands behind `except` was not in the set.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::out_of_list;
use crate::plan::TypeId;
use crate::source::Span;
use crate::syntax::ast::{RoleClause, RuleTarget, TypeSet, TypeTerm};

pub(super) static RULE: Rule = Rule {
    code: "R111",
    name: "except-takes-nothing",
    level: Level::Warn,
    summary: "an `except` that takes nothing away",
    page: include_str!("../../../docs/rules/except-takes-nothing.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for at in subject.sets() {
        if at.set.except.is_empty() {
            continue;
        }
        let terms = at.set.terms.iter();
        let mut base: Vec<_> = terms.flat_map(|term| subject.term(&at, term)).collect();
        base.sort_unstable();
        let spans: Vec<Span> = at.set.except.iter().map(|term| term.span).collect();
        let last = at.set.terms.last().map(|term| term.span);
        for (index, term) in at.set.except.iter().enumerate() {
            let taken = subject.term(&at, term);
            if taken
                .iter()
                .all(|action| base.binary_search(action).is_err())
            {
                tell(subject, found, &spans, index, last);
            }
        }
    }
    for (_, info) in subject.schema.roles.iter() {
        let inside = subject.reach.leading_to(info.on);
        for clause in &info.decl.clauses {
            if let RoleClause::Sees { set, .. } = clause {
                types(subject, found, set, &inside);
            }
        }
    }
    let all: Vec<TypeId> = subject.schema.types.ids().collect();
    for rule in &subject.rules {
        if let RuleTarget::Types(set) = &rule.decl.target {
            types(subject, found, set, &all);
        }
    }
}

fn types(subject: &Subject<'_>, found: &mut Findings, set: &TypeSet, inside: &[TypeId]) {
    let span = |term: &TypeTerm| match term {
        TypeTerm::All(span) => *span,
        TypeTerm::Named(name) => name.span,
    };
    let id = |term: &TypeTerm| match term {
        TypeTerm::Named(name) => subject.schema.type_names.get(&name.name).copied(),
        TypeTerm::All(_) => None,
    };
    let everything = set
        .terms
        .iter()
        .any(|term| matches!(term, TypeTerm::All(_)));
    let spans: Vec<Span> = set.except.iter().map(span).collect();
    for (index, term) in set.except.iter().enumerate() {
        let Some(of) = id(term) else {
            continue;
        };
        let named = set.terms.iter().any(|term| id(term) == Some(of));
        let taken = named || (everything && inside.contains(&of));
        if !taken {
            tell(subject, found, &spans, index, set.terms.last().map(span));
        }
    }
}

fn tell(
    subject: &Subject<'_>,
    found: &mut Findings,
    spans: &[Span],
    index: usize,
    last: Option<Span>,
) {
    let Some(span) = spans.get(index).copied() else {
        return;
    };
    let name = subject.text(span).to_owned();
    let finding = found.add(
        span,
        format!("`except {name}` takes nothing away: it is not in the set before"),
    );
    finding.help("name what is to be left out, or remove it");
    // The only one goes with the word `except`.
    let alone = last.map(|last| Span::new(span.file, last.end, span.end));
    if let Some(stretch) = out_of_list(spans, index).or(alone) {
        finding.safe_fix("remove it", vec![(stretch, String::new())]);
    }
}
