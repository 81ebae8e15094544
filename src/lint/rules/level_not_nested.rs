//! `level-not-nested`: two levels of a share of which neither has what the other has.

use super::{Findings, Level, Rule, Subject};
use crate::lint::terms::action_names;
use crate::plan::{ActionId, LevelId};

pub(super) static RULE: Rule = Rule {
    code: "H101",
    name: "level-not-nested",
    level: Level::Warn,
    summary: "two levels of a share of which neither has what the other has",
    page: include_str!("../../../docs/rules/level-not-nested.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for ty in subject.schema.types.rows() {
        for share in &ty.shares {
            for (index, level) in share.levels.iter().enumerate() {
                let before = share.levels.get(..index).unwrap_or(&[]);
                let stray = before.iter().find(|other| {
                    !missing(subject, *level, **other).is_empty()
                        && !missing(subject, **other, *level).is_empty()
                });
                let Some(stray) = stray else {
                    continue;
                };
                let missing = missing(subject, *level, *stray);
                let (info, other) = (
                    &subject.schema.levels[*level],
                    &subject.schema.levels[*stray],
                );
                found
                    .add(
                        info.decl.name.span,
                        format!(
                            "`{}` lets through more than `{}`, and not {}",
                            info.name,
                            other.name,
                            action_names(subject, &missing)
                        ),
                    )
                    .also(other.decl.name.span, "the other level")
                    .help(format!(
                        "write `level {} includes {}`, or allow it where the two are for different people",
                        info.name, other.name
                    ));
            }
        }
    }
}

/// What one level lets through and another does not.
fn missing(subject: &Subject<'_>, level: LevelId, other: LevelId) -> Vec<ActionId> {
    let mut missing = Vec::new();
    for (lane, mask) in &subject.plan.levels[other].masks.lanes {
        let left = mask & !subject.plan.levels[level].masks.mask(*lane);
        for (bit, action) in subject.plan.lanes[*lane].actions.iter().enumerate() {
            if left & (1 << bit) != 0 {
                missing.push(*action);
            }
        }
    }
    missing
}
