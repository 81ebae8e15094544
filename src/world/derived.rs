//! What is worked out of the base beforehand, so that no question has to.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;

use super::Base;
use super::kinds::Tag;
use super::rows::{Flag, Row};
use super::runs::Runs;
use super::tree::Tree;
use crate::plan::{EntityId, Id, Plan, RoleId};

/// The sets that hold roles at a place: where the set's own role is held, that role, the role here.
type Sets = Runs<(EntityId, RoleId, Tag)>;

/// All groups around each group, to any depth. What is left out is found when it is asked for, and
/// its members are flagged: memberships that end one day, and what would take much more room than
/// the memberships themselves.
fn closures(plan: &Plan, groups: &Runs<Tag>, rows: &mut [Row]) -> Runs<Tag> {
    let is_group = |rows: &[Row], member: EntityId| {
        let ty = rows.get(member.index()).map(|row| row.ty());
        ty.is_some_and(|ty| plan.facets.groups.contains(&ty))
    };
    let mut closures = Vec::new();
    let mut found: Vec<Tag> = Vec::new();
    // For groups in very many others.
    let mut known: HashSet<Tag, FxBuildHasher> = HashSet::default();
    let members = || groups.keys(EntityId(0), EntityId(u32::MAX));
    for member in members() {
        if !is_group(rows, member) {
            continue;
        }
        let own = groups.of(member);
        found.clear();
        known.clear();
        found.extend(own);
        known.extend(own);
        let most = 4 * own.len() + 64;
        let mut next = 0;
        while let Some(group) = found.get(next).copied().filter(|_| found.len() <= most) {
            next += 1;
            let around = groups.of(EntityId(group.id())).iter();
            found.extend(around.filter(|group| known.insert(**group)));
        }
        let leaves = found.len() > most || found.iter().any(|tag| tag.timed());
        if let Some(row) = rows.get_mut(member.index()) {
            row.set(Flag::LEAVES, leaves);
        }
        if !leaves {
            closures.extend(found.iter().map(|group| (member, *group)));
        }
    }
    for member in members() {
        if is_group(rows, member) {
            continue;
        }
        let leaves = groups.of(member).iter().any(|tag| {
            let group = rows.get(tag.id() as usize);
            tag.timed() || group.is_some_and(|group| group.has(Flag::LEAVES))
        });
        if let Some(row) = rows.get_mut(member.index()) {
            row.set(Flag::LEAVES, leaves);
        }
    }
    Runs::new(closures)
}

/// Flags what some way leads up from of which the tree alone does not tell.
fn flag_gates(rows: &mut [Row], tree: &Tree) {
    for entity in &tree.order {
        let Some(row) = rows.get(entity.index()).copied() else {
            continue;
        };
        let gate = row.has(Flag::SHARED | Flag::MORE_CONTAINERS | Flag::NESTED_SETS);
        let above = rows.get(row.parent.index());
        let gated = gate || above.is_some_and(|above| above.has(Flag::GATED));
        if let Some(row) = rows.get_mut(entity.index()) {
            row.set(Flag::GATED, gated);
        }
    }
}

/// Flags the places at which a set holds a role of which facts alone do not tell who is in it.
fn flag_nested_sets(plan: &Plan, sets: &Sets, rows: &mut [Row]) {
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

impl Base {
    /// Works out what follows from the rest; what each holder reaches, [`Reach::new`](super::reach::Reach::new) does then.
    pub(super) fn derive(&mut self, plan: &Plan) {
        self.closures = closures(plan, &self.edges.groups, &mut self.rows);
        flag_nested_sets(plan, &self.edges.set_holdings, &mut self.rows);
        flag_gates(&mut self.rows, &self.tree);
    }
}
