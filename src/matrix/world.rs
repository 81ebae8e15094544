//! Tables of a world, asked cell by cell.

use super::{Answer, Extent, WorldTable};
use crate::eval::{Context, Evaluator, QueryError};
use crate::literal::EntityName;
use crate::plan::{Plan, TypeId, TypeKind};
use crate::world::World;

/// The tables of a world at a moment, in milliseconds since 1970-01-01T00:00:00Z. Groups have no row:
/// their members have one.
///
/// # Errors
///
/// The policy has no such type, or the context does not fit.
pub(super) fn tables(
    world: &World,
    now: i64,
    context: &Context,
    extent: &Extent,
) -> Result<Vec<WorldTable>, QueryError> {
    let plan = world.plan();
    let ward = Evaluator::new(world, now);
    let asks = |ty: &crate::plan::Type| ty.kind == TypeKind::Subject && ty.members.is_empty();
    let askers = plan.types.iter().filter(|(_, ty)| asks(ty));
    let askers: Vec<TypeId> = askers.map(|(id, _)| id).collect();
    let (subjects, subjects_left_out) = first(world, &askers, extent.subjects);
    let mut types = Vec::new();
    for name in &extent.types {
        types.push(
            plan.find_type(name)
                .ok_or_else(|| QueryError::unknown_type(plan, name))?,
        );
    }
    if types.is_empty() {
        let all = plan
            .types
            .iter()
            .filter(|(_, ty)| ty.kind != TypeKind::Subject);
        types.extend(all.map(|(id, _)| id));
    }
    let mut tables = Vec::new();
    for ty in types {
        let (resources, resources_left_out) = first(world, &[ty], extent.resources);
        if resources.is_empty() {
            continue;
        }
        let mut cells = Vec::new();
        for subject in &subjects {
            let mut row = Vec::new();
            for resource in &resources {
                let found = ward.actions(subject, resource, context)?;
                row.push(Answer {
                    sees: found.sees,
                    actions: found.actions,
                    unread: !found.errors.is_empty(),
                });
            }
            cells.push(row);
        }
        tables.push(WorldTable {
            type_name: plan.type_name(ty).to_owned(),
            actions: actions(plan, ty),
            subjects: subjects.iter().map(EntityName::to_string).collect(),
            resources: resources.iter().map(EntityName::to_string).collect(),
            cells,
            subjects_left_out,
            resources_left_out,
        });
    }
    Ok(tables)
}

fn actions(plan: &Plan, ty: TypeId) -> Vec<String> {
    let actions = plan.types.find(ty).map(|ty| ty.actions.iter());
    let actions = actions.into_iter().flatten();
    actions.map(|action| plan.action_name(*action)).collect()
}

/// The first so many entities of these types by name, and how many there are besides.
fn first(world: &World, types: &[TypeId], most: usize) -> (Vec<EntityName>, usize) {
    let all = types.iter().flat_map(|ty| world.all_of(*ty));
    let mut names: Vec<EntityName> = all.map(|entity| world.name(entity)).collect();
    names.sort_unstable();
    let left = names.len().saturating_sub(most);
    names.truncate(most);
    (names, left)
}

impl WorldTable {
    /// The tables of a world at a moment, in milliseconds since 1970-01-01T00:00:00Z. Groups have no
    /// row: their members have one.
    ///
    /// # Errors
    ///
    /// The policy has no such type, or the context does not fit.
    pub fn of(
        world: &World,
        now: i64,
        context: &Context,
        extent: &Extent,
    ) -> Result<Vec<Self>, QueryError> {
        tables(world, now, context, extent)
    }

    /// An answer in a few words: what may be done, `sees`, or nothing where it is invisible.
    pub(super) fn short(&self, answer: &Answer) -> String {
        let mut words = match answer {
            Answer { sees: false, .. } => String::new(),
            Answer { actions, .. } if actions.is_empty() => "sees".to_owned(),
            Answer { actions, .. } if actions.len() == self.actions.len() && actions.len() > 1 => {
                "all".to_owned()
            }
            Answer { actions, .. } => {
                let own = format!("{}.", self.type_name);
                let names = actions
                    .iter()
                    .map(|name| name.strip_prefix(&own).unwrap_or(name));
                names.collect::<Vec<_>>().join(", ")
            }
        };
        if answer.unread {
            words.push('?');
        }
        words
    }

    /// What was left out, in words.
    pub(super) fn left_out(&self) -> Option<String> {
        let count = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        let left = [
            count(self.subjects_left_out, "subject", "subjects"),
            count(self.resources_left_out, "entity", "entities"),
        ];
        let left: Vec<String> = left.into_iter().flatten().collect();
        (!left.is_empty()).then(|| format!("Left out: {}.", left.join(", ")))
    }
}

/// What the words in tables of a world mean.
pub(super) const LEGEND: &str = "all: every action; sees: sees it and may do nothing; empty: does not see it; ?: a condition \
could not be read, and gave nothing.";
