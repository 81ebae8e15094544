//! `unused-level`: a level that no action shares at.

use std::collections::BTreeSet;

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::plan::{LevelId, TypeId};
use crate::syntax::ast::{FactKind, Statement};
use crate::world;

pub(super) static RULE: Rule = Rule {
    code: "R108",
    name: "unused-level",
    level: Level::Warn,
    summary: "a level of a share that no action shares at",
    page: include_str!("../../../docs/rules/unused-level.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    let effects = subject.rights.effects.values().flatten();
    let shared = effects.filter_map(|effect| match effect {
        Effect::Shares(level) => Some(*level),
        _ => None,
    });
    let shared: BTreeSet<LevelId> = shared.collect();
    let levels = &subject.schema.levels;
    let marked: BTreeSet<TypeId> = shared.iter().map(|level| levels[*level].of).collect();
    if marked.is_empty() {
        return;
    }
    let mut used = shared;
    let include = levels.rows().iter().flat_map(|level| &level.includes);
    used.extend(include);
    let told = told(subject);
    for (level, info) in levels.iter() {
        let of = subject.schema.type_name(info.of);
        // Of a type that no mark is about nothing can be said.
        if !marked.contains(&info.of)
            || used.contains(&level)
            || told.contains(&(of, info.name.as_str()))
        {
            continue;
        }
        found
            .add(
                info.decl.name.span,
                format!("no action shares a `{of}` at `{}`", info.name),
            )
            .help("name it in the `@shares` of the action that does, or remove the level");
    }
}

/// The types and levels of which tests and worlds have a share.
fn told<'s>(subject: &'s Subject<'_>) -> BTreeSet<(&'s str, &'s str)> {
    let mut told = BTreeSet::new();
    for statement in subject.tests().flat_map(|test| &test.statements) {
        if let Statement::Fact(fact) = statement
            && let FactKind::Share { entity, level, .. } = &fact.kind
        {
            told.insert((entity.type_name.as_str(), level.name.as_str()));
        }
    }
    for (_, fact) in &subject.facts {
        if let world::FactKind::Share { entity, level, .. } = &fact.kind {
            told.insert((entity.type_name.as_str(), level.as_str()));
        }
    }
    told
}
