//! What is worked out of the base beforehand, so that no question has to.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::kinds::Tag;
use super::rows::{Flag, Row};
use super::runs::Runs;
use crate::plan::{EntityId, Id, Plan, RoleId};

/// The sets that hold roles at a place: where the set's own role is held, that role, the role here.
type Sets = Runs<(EntityId, RoleId, Tag)>;

/// All groups of each member, to any depth, where some of its groups are in others. What is left out
/// is found when it is asked for: members of groups that end one day, which are flagged, and what
/// would take much more room than the memberships themselves.
pub(super) fn closures(groups: &Runs<Tag>, rows: &mut [Row]) -> Runs<Tag> {
    let has = |rows: &[Row], tag: &Tag, flag: Flag| {
        let row = rows.get(tag.id() as usize);
        row.is_some_and(|row| row.has(flag))
    };
    let mut closures = Vec::new();
    let mut found: Vec<Tag> = Vec::new();
    // For those who are in very many groups.
    let mut known: HashSet<Tag, FxBuildHasher> = HashSet::default();
    for member in groups.keys(EntityId(0), EntityId(u32::MAX)) {
        let own = groups.of(member);
        found.clear();
        found.extend(own);
        known.clear();
        if own.len() > 32 {
            known.extend(own);
        }
        let most = 4 * own.len() + 64;
        let mut next = 0;
        while let Some(group) = found.get(next).copied() {
            next += 1;
            if has(rows, &group, Flag::MEMBER) {
                for above in groups.of(EntityId(group.id())) {
                    let new = if own.len() > 32 {
                        known.insert(*above)
                    } else {
                        !found.contains(above)
                    };
                    if new {
                        found.push(*above);
                    }
                }
            }
            if found.len() > most {
                break;
            }
        }
        let leaves = found.len() > most || found.iter().any(|tag| tag.timed());
        if let Some(row) = rows.get_mut(member.index()) {
            row.set(Flag::LEAVES, leaves);
        }
        if !leaves && found.len() > own.len() {
            closures.extend(found.iter().map(|group| (member, *group)));
        }
    }
    Runs::new(closures)
}

/// Flags the places at which a set holds a role of which facts alone do not tell who is in it.
pub(super) fn flag_nested_sets(plan: &Plan, sets: &Sets, rows: &mut [Row]) {
    let type_of = |entity: EntityId| rows.get(entity.index()).map(|row| row.ty());
    let is_plain = |(at, set, _): &(EntityId, RoleId, Tag)| {
        type_of(*at).is_some_and(|ty| !plan.is_derived(ty))
            && !sets.of(*at).iter().any(|(_, _, role)| {
                let role = RoleId(role.id());
                role == *set || plan.roles.find(role).is_some_and(|role| role.gives(*set))
            })
    };
    let all = sets.keys(EntityId(0), EntityId(u32::MAX));
    let nested = all.filter(|place| !sets.of(*place).iter().all(is_plain));
    let nested: HashSet<EntityId, FxBuildHasher> = nested.collect();
    for (index, row) in rows.iter_mut().enumerate() {
        let is_nested = nested.contains(&EntityId::from_index(index));
        row.set(Flag::NESTED_SETS, is_nested);
    }
}
