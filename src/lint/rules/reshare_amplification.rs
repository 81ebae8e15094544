//! `reshare-amplification`: who was given a thing at a level can share it on at a wider one.

use super::{Findings, Level, Rule, Subject};
use crate::check::Effect;
use crate::lint::terms::action_names;
use crate::lint::trust::each;
use crate::plan::{ActionId, LevelId, Node};
use crate::syntax::ast::RuleKind;

pub(super) static RULE: Rule = Rule {
    code: "H113",
    name: "reshare-amplification",
    level: Level::Warn,
    summary: "a level lets through an action that shares at a wider level",
    page: include_str!("../../../docs/rules/reshare-amplification.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for (level, info) in subject.schema.levels.iter() {
        let masks = &subject.plan.levels[level].masks;
        for (action, effects) in subject.rights.acting(subject.plan, masks) {
            let wider = effects.iter().find_map(|effect| match effect {
                Effect::Shares(other) => wider(subject, level, *other).map(|more| (*other, more)),
                _ => None,
            });
            let Some((other, more)) = wider.filter(|_| !is_kept(subject, *action)) else {
                continue;
            };
            let other = &subject.schema.levels[other];
            found
                .add(
                    info.decl.name.span,
                    format!(
                        "who has a `{}` at `{}` can share it on at `{}` by `{}`, and with it {}",
                        subject.schema.type_name(info.of),
                        info.name,
                        other.name,
                        subject.schema.action_name(*action),
                        action_names(subject, &more),
                    ),
                )
                .also(subject.action_span(*action), "this shares it on")
                .also(other.decl.name.span, "the wider level")
                .help("leave the action out of the level, or let it share at no more than the level has");
        }
    }
}

/// What a level of the same type lets through beyond another.
fn wider(subject: &Subject<'_>, level: LevelId, other: LevelId) -> Option<Vec<ActionId>> {
    let levels = &subject.schema.levels;
    if levels[level].of != levels[other].of {
        return None;
    }
    let masks = |level: LevelId| &subject.plan.levels[level].masks;
    let more = crate::lint::rights::missing(subject.plan, masks(other), masks(level));
    (!more.is_empty()).then_some(more)
}

/// Whether a denial looks at the request, which may say where and at which level.
fn is_kept(subject: &Subject<'_>, action: ActionId) -> bool {
    let forbids = subject.rules.iter();
    let forbids = forbids.filter(|rule| rule.kind == RuleKind::Forbid);
    let mut grants = forbids.flat_map(|rule| &rule.grants);
    grants.any(|grant| {
        let mut asked = false;
        if let (Some(condition), true) = (grant.condition, grant.action == action) {
            let root = subject.plan.conditions[condition].root;
            each(subject.plan, root, &mut |node| {
                asked |= matches!(node, Node::Context(_) | Node::HasContext(_));
            });
        }
        asked
    })
}
