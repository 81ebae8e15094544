//! `forbid` and `hide`: rules that take away, and take away less.

use std::collections::{BTreeMap, HashMap};

use super::{Findings, HELP, Right, Subject, reaches, subjects_now};
use crate::diagnostic::listed;
use crate::lint::base::{Base, Holds};
use crate::lint::subject::RuleView;
use crate::plan::{ClauseId, ConditionId, TypeId};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

/// A rule of now that takes something away: which one, and under which condition.
type Denials<'p> = HashMap<Right, Vec<(usize, Holds<'p>)>, rustc_hash::FxBuildHasher>;

/// What a rule of then took away that nothing takes away in the same way now.
#[derive(Default)]
struct Lost {
    rights: Vec<Right>,
    /// Rules that still take some of it away, but not from everybody or not always.
    left: BTreeMap<usize, usize>,
    /// Whether some of them may take more away too: the conditions cannot be compared.
    other: bool,
}

pub(super) fn check(subject: &Subject<'_>, base: &Base<'_>, found: &mut Findings) {
    let denials = denials(subject, base);
    let mut lost: BTreeMap<ClauseId, Lost> = BTreeMap::new();
    let mut add = |clause: ClauseId, right: Right, subjects: &[TypeId], condition| {
        let now = denials.get(&right).map_or(&[][..], Vec::as_slice);
        if !taken(subject, base, now, subjects, condition) {
            let lost = lost.entry(clause).or_default();
            lost.rights.push(right);
            for (rule, holds) in now {
                *lost.left.entry(*rule).or_insert(0) += 1;
                lost.other |= !holds.takes_no_more_than(base.then(condition));
            }
        }
    };
    for (of, ty) in base.then.types.iter() {
        for rule in &ty.forbids {
            if let Some(subjects) = subjects_now(base, &rule.subjects) {
                for (of, action) in base.actions_now(rule.lane, rule.mask) {
                    add(
                        rule.clause,
                        Right::Act(of, action),
                        &subjects,
                        rule.condition,
                    );
                }
            }
        }
        for rule in &ty.hides {
            let subjects = subjects_now(base, &rule.subjects);
            if let (Some(of), Some(subjects)) = (base.type_now(of), subjects) {
                add(
                    rule.clause,
                    Right::See(of, false),
                    &subjects,
                    rule.condition,
                );
            }
        }
    }
    for (clause, lost) in &lost {
        tell(subject, base, *clause, lost, found);
    }
}

/// Whether the rules of now still take from all of these subjects what one took under this condition.
fn taken(
    subject: &Subject<'_>,
    base: &Base<'_>,
    now: &[(usize, Holds<'_>)],
    subjects: &[TypeId],
    condition: Option<ConditionId>,
) -> bool {
    let then = base.then(condition);
    let reaching = now.iter().filter(|(rule, _)| {
        let rule = subject.rules.get(*rule);
        rule.is_some_and(|rule| reaches(&rule.subjects, subjects))
    });
    let mut reaching = reaching.map(|(_, holds)| *holds);
    reaching.any(|now| then.takes_no_more_than(now))
}

fn denials<'p>(subject: &Subject<'_>, base: &'p Base<'_>) -> Denials<'p> {
    let mut denials = Denials::default();
    for (index, rule) in subject.rules.iter().enumerate() {
        if !matches!(rule.kind, RuleKind::Forbid | RuleKind::Hide) {
            continue;
        }
        for grant in &rule.grants {
            let of = Right::Act(grant.of, grant.action);
            denials
                .entry(of)
                .or_default()
                .push((index, base.now(grant.condition)));
        }
        for sight in &rule.sights {
            let of = Right::See(sight.of, false);
            denials
                .entry(of)
                .or_default()
                .push((index, base.now(sight.condition)));
        }
    }
    denials
}

fn tell(
    subject: &Subject<'_>,
    base: &Base<'_>,
    clause: ClauseId,
    lost: &Lost,
    found: &mut Findings,
) {
    let was = &base.then.clauses[clause].text;
    let help = format!("it was `{was}`; {HELP}");
    // The rule that has most of it is most likely the same one, changed.
    let most = lost
        .left
        .iter()
        .max_by_key(|(rule, count)| (**count, usize::MAX - **rule));
    let changed: Option<&RuleView<'_>> = most.and_then(|(rule, _)| subject.rules.get(*rule));
    let (names, verb, participle) = names(subject, &lost.rights);
    let (span, message) = match (changed, place(subject, &lost.rights)) {
        (Some(rule), _) if lost.other => (
            rule.decl.span,
            format!(
                "condition changed: {names} is {participle} when something else holds than before"
            ),
        ),
        (Some(rule), _) => (
            rule.decl.span,
            format!("{names} is {participle} in fewer cases now"),
        ),
        (None, Some(place)) => (place, format!("no rule {verb} {names} any more")),
        (None, None) => return,
    };
    found.add(span, message).help(help);
}

/// What is lost, and what was done to it.
fn names(subject: &Subject<'_>, rights: &[Right]) -> (String, &'static str, &'static str) {
    let names = rights.iter().map(|right| match right {
        Right::Act(_, action) => subject.schema.action_name(*action),
        Right::See(of, _) => subject.schema.type_name(*of).to_owned(),
    });
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    names.dedup();
    let names = listed(&names, 4);
    match rights.first() {
        Some(Right::See(..)) => (names, "hides", "hidden"),
        _ => (names, "forbids", "forbidden"),
    }
}

/// Where the first of them is declared: of a rule that is gone there is nothing else to point at.
fn place(subject: &Subject<'_>, rights: &[Right]) -> Option<Span> {
    let spans = rights.iter().map(|right| match right {
        Right::Act(_, action) => subject.action_span(*action),
        Right::See(of, _) => subject.schema.types[*of].decl.name.span,
    });
    spans.min()
}
