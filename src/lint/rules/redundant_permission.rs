//! `redundant-permission`: what a clause gives, its holders have anyway.

use super::{Findings, Level, Rule, Subject};
use crate::lint::subject::{Clause, Grant, Sight};
use crate::lint::terms::{Term, can_set, out_of_list, terms};
use crate::plan::{RoleId, TypeId};
use crate::source::Span;
use crate::syntax::ast::{RoleClause, TypeSet, TypeTerm};

pub(super) static RULE: Rule = Rule {
    code: "R110",
    name: "redundant-permission",
    level: Level::Warn,
    summary: "a term that an included role or another clause already gives",
    page: include_str!("../../../docs/rules/redundant-permission.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (role, clauses) in subject.roles.iter() {
        includes(subject, found, role);
        for (index, clause) in clauses.iter().enumerate() {
            let looked = Looked {
                subject,
                role,
                index,
                clause,
            };
            match clause.decl {
                RoleClause::Can { .. } => looked.can(found),
                RoleClause::Sees { set, .. } => looked.sees(found, set),
                _ => {}
            }
        }
    }
}

/// `includes A, B` where A includes B.
fn includes(subject: &Subject<'_>, found: &mut Findings, role: RoleId) {
    let info = &subject.schema.roles[role];
    for clause in &info.decl.clauses {
        let RoleClause::Includes { roles, .. } = clause else {
            continue;
        };
        let names = &subject.schema.types[info.on].role_names;
        let spans: Vec<Span> = roles.iter().map(|name| name.span).collect();
        for (index, name) in roles.iter().enumerate() {
            let Some(this) = names.get(&name.name) else {
                continue;
            };
            // One with a guard gives what it includes only to some.
            let mut others = info.includes.iter().filter(|other| *other != this);
            let by = others.find(|other| {
                let other = &subject.plan.roles[**other];
                other.guard.is_empty()
                    && (other.implies.contains(this) || other.guarded.contains(this))
            });
            let Some(by) = by else {
                continue;
            };
            let by = &subject.schema.roles[*by].name;
            let finding = found.add(
                name.span,
                format!("`{}` is already included by `{by}`", name.name),
            );
            finding.help("remove it here");
            if let Some(stretch) = out_of_list(&spans, index) {
                finding.safe_fix("remove it", vec![(stretch, String::new())]);
            }
        }
    }
}

/// A clause, and where it stands.
struct Looked<'s, 'a> {
    subject: &'s Subject<'a>,
    role: RoleId,
    index: usize,
    clause: &'s Clause<'a>,
}

impl<'s, 'a> Looked<'s, 'a> {
    /// The other clauses that a holder surely has, with their role, and whether each stands before.
    fn others(&self) -> impl Iterator<Item = (RoleId, &'s Clause<'a>, bool)> {
        let (subject, role, index) = (self.subject, self.role, self.index);
        let implied = subject.plan.roles[role].implies.iter().copied();
        implied.flat_map(move |owner| {
            let clauses = subject.roles[owner].iter().enumerate();
            clauses
                .filter(move |(at, _)| owner != role || *at != index)
                .map(move |(at, clause)| (owner, clause, owner != role || at < index))
        })
    }

    /// Which other clause gives this too.
    fn giver(&self, grant: Grant) -> Option<(RoleId, Span)> {
        let shapes = &self.subject.shapes;
        let found = self.others().find(|(_, clause, before)| {
            clause.grants.iter().any(|other| {
                (other.of, other.action) == (grant.of, grant.action)
                    && shapes.covers(other.condition, grant.condition)
                    && (*before || !shapes.same(other.condition, grant.condition))
            })
        });
        found.map(|(role, clause, _)| (role, clause.span))
    }

    fn can(&self, found: &mut Findings) {
        let subject = self.subject;
        let Some(at) = can_set(subject, self.role, self.clause.decl) else {
            return;
        };
        let terms = terms(subject, &at, &self.clause.grants);
        let spans: Vec<Span> = terms.iter().map(|term| term.term.span).collect();
        for (index, term) in terms.iter().enumerate() {
            // A wildcard stands for what is still to come.
            if term.wild || term.grants.is_empty() {
                continue;
            }
            let sibling = sibling(&terms, index);
            let mut giver = None;
            let covered = sibling.is_some()
                || term.grants.iter().all(|grant| {
                    let by = self.giver(*grant);
                    giver = giver.or(by);
                    by.is_some()
                });
            if !covered {
                continue;
            }
            let place = sibling.map(|span| (self.role, span)).or(giver);
            self.tell(found, &spans, index, place, "given");
        }
    }

    fn shower(&self, sight: Sight) -> Option<(RoleId, Span)> {
        let shapes = &self.subject.shapes;
        let found = self.others().find(|(_, clause, before)| {
            clause.sights.iter().any(|other| {
                other.of == sight.of
                    && (!other.this || sight.this)
                    && shapes.covers(other.condition, sight.condition)
                    && (*before
                        || other.this != sight.this
                        || !shapes.same(other.condition, sight.condition))
            })
        });
        found.map(|(role, clause, _)| (role, clause.span))
    }

    fn sees(&self, found: &mut Findings, set: &TypeSet) {
        let subject = self.subject;
        let spans: Vec<Span> = set.terms.iter().map(span).collect();
        let all = set.terms.iter().find_map(|term| match term {
            TypeTerm::All(span) if set.terms.len() > 1 => Some(*span),
            _ => None,
        });
        for (index, term) in set.terms.iter().enumerate() {
            let TypeTerm::Named(name) = term else {
                if let Some(place) = self.same_star(set) {
                    self.tell(found, &spans, index, Some(place), "shown");
                }
                continue;
            };
            let this = name.name == "this";
            let of: Option<TypeId> = if this {
                Some(subject.schema.roles[self.role].on)
            } else {
                subject.schema.type_names.get(&name.name).copied()
            };
            let sights = self.clause.sights.iter();
            let mut own = sights.filter(|sight| Some(sight.of) == of && sight.this == this);
            let Some(sight) = own.next().copied() else {
                continue;
            };
            let place = all
                .map(|span| (self.role, span))
                .or_else(|| self.shower(sight));
            if place.is_some() {
                self.tell(found, &spans, index, place, "shown");
            }
        }
    }

    /// Another clause with the same `sees *`.
    fn same_star(&self, set: &TypeSet) -> Option<(RoleId, Span)> {
        if !set.except.is_empty() {
            return None;
        }
        let condition = self.clause.sights.first()?.condition;
        let found = self.others().find(|(_, clause, before)| {
            let RoleClause::Sees { set, .. } = clause.decl else {
                return false;
            };
            let star = set
                .terms
                .iter()
                .any(|term| matches!(term, TypeTerm::All(_)));
            let other = clause.sights.first().and_then(|sight| sight.condition);
            let same = self.subject.shapes.same(other, condition);
            star && set.except.is_empty() && (other.is_none() || same) && (*before || !same)
        });
        found.map(|(role, clause, _)| (role, clause.span))
    }

    fn tell(
        &self,
        found: &mut Findings,
        spans: &[Span],
        index: usize,
        place: Option<(RoleId, Span)>,
        word: &str,
    ) {
        let Some(span) = spans.get(index).copied() else {
            return;
        };
        let subject = self.subject;
        let name = subject.text(span);
        let by = match place {
            Some((role, _)) if role != self.role => {
                format!(
                    "by `{}`, which is included",
                    subject.schema.roles[role].name
                )
            }
            _ => "in this role".to_owned(),
        };
        let finding = found.add(span, format!("`{name}` is already {word} {by}"));
        finding.help("remove it here, so that taking it away there takes it away");
        if let Some((_, place)) = place {
            finding.also(place, "here");
        }
        let stretch = out_of_list(spans, index);
        let stretch = stretch.unwrap_or_else(|| subject.whole_lines(self.clause.span));
        finding.safe_fix("remove it", vec![(stretch, String::new())]);
    }
}

fn span(term: &TypeTerm) -> Span {
    match term {
        TypeTerm::All(span) => *span,
        TypeTerm::Named(name) => name.span,
    }
}

/// Another term of the same set that has all that a term has.
fn sibling(terms: &[Term<'_>], index: usize) -> Option<Span> {
    let term = terms.get(index)?;
    let mut others = terms.iter().enumerate().filter(|(at, _)| *at != index);
    let other = others.find(|(at, other)| {
        let has = |action| other.actions.binary_search(action).is_ok();
        term.actions.iter().all(has)
            && (*at < index || other.actions.len() > term.actions.len() || other.wild)
    });
    other.map(|(_, other)| other.term.span)
}
