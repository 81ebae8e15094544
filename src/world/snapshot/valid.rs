//! Whether what was read is a world: every id leads somewhere, and nothing says two things.

use std::collections::HashSet;
use std::ops::Range;

use smallvec::SmallVec;

use super::SnapshotError;
use super::attributes;
use crate::plan::{Cardinality, EntityId, Id, Plan, RoleId, TypeId, TypeKind};
use crate::world::kinds::{Tag, TermKey};
use crate::world::made::MadeRoles;
use crate::world::rows::{Flag, NONE, Row};
use crate::world::runs::Runs;
use crate::world::sum::Sum;
use crate::world::terms::FOREVER;
use crate::world::{ANYONE, ANYONES_PLACE, Base};

pub(super) type Checked<T = ()> = Result<T, SnapshotError>;

pub(super) fn sound(is: bool, part: &'static str) -> Checked {
    if is {
        Ok(())
    } else {
        Err(SnapshotError::Damaged(part))
    }
}

/// Checks all of a base whose types and tree are sound; how many entities lack a
/// container.
pub(super) fn base(plan: &Plan, base: &Base, made: &MadeRoles) -> Checked<usize> {
    let check = Check { plan, base, made };
    check.containers()?;
    check.subjects()?;
    check.sets_and_shares()?;
    check.relations()?;
    attributes::check(plan, base)?;
    check.flags()
}

struct Check<'b> {
    plan: &'b Plan,
    base: &'b Base,
    made: &'b MadeRoles,
}

/// All entities of a type.
struct All<'b> {
    ids: Range<u32>,
    rows: &'b [Row],
    /// Of each type in which one can stand, all entities.
    containers: SmallVec<[Range<u32>; 4]>,
}

impl All<'_> {
    fn can_be_in(&self, container: EntityId) -> bool {
        let mut containers = self.containers.iter();
        containers.any(|all| all.contains(&container.0))
    }
}

impl Check<'_> {
    fn ty(&self, entity: EntityId) -> Option<TypeId> {
        self.base.types.of(entity)
    }

    /// The entities of each type, with the ranges of those in which they can stand as often as `often`
    /// says.
    fn all(&self, often: impl Fn(Cardinality) -> bool) -> impl Iterator<Item = All<'_>> {
        let types = &self.base.types;
        types.iter().map(move |ty| {
            let ids = types.range(ty);
            let rows = self.base.rows.get(ids.start as usize..ids.end as usize);
            let containers = self.plan.types[ty].containers.iter();
            let containers = containers.filter(|(_, cardinality)| often(*cardinality));
            let containers = containers.map(|(container, _)| types.range(*container));
            All {
                ids,
                rows: rows.unwrap_or(&[]),
                containers: containers.collect(),
            }
        })
    }

    fn containers(&self) -> Checked {
        let part = "what stands in what";
        let stands = |entity: EntityId, container: EntityId| {
            let (Some(ty), Some(of)) = (self.ty(entity), self.ty(container)) else {
                return None;
            };
            let mut specs = self.plan.types[ty].containers.iter();
            let found = specs.find(|(other, _)| *other == of);
            found.map(|(_, cardinality)| (*cardinality, of))
        };
        for all in self.all(|_| true) {
            let stands = |row: &Row| row.parent == NONE || all.can_be_in(row.parent);
            sound(all.rows.iter().all(stands), part)?;
        }
        let edges = &self.base.edges;
        let mut sum = Sum::default();
        for (entity, more) in edges.more_containers.each() {
            let row = self.base.rows.get(entity.index());
            let first = row.map(|row| row.parent).filter(|parent| *parent != NONE);
            let mut single: Vec<TypeId> = Vec::new();
            for container in first.iter().chain(more) {
                let (cardinality, of) =
                    stands(entity, *container).ok_or(SnapshotError::Damaged(part))?;
                if cardinality != Cardinality::Many {
                    sound(!single.contains(&of), part)?;
                    single.push(of);
                }
            }
            sound(first.is_some_and(|first| !more.contains(&first)), part)?;
            more.iter()
                .for_each(|container| sum.add((entity, *container)));
        }
        for (container, contents) in edges.more_contents.each() {
            contents
                .iter()
                .for_each(|entity| sum.take((*entity, container)));
        }
        sound(sum.is_even() && !self.goes_in_circles(), part)
    }

    /// Whether something stands inside of itself. The first containers make a tree, so only another
    /// container of the same type can lead back.
    fn goes_in_circles(&self) -> bool {
        let edges = &self.base.edges;
        let same = |entity: EntityId, other: EntityId| self.ty(entity) == self.ty(other);
        let mut starts = edges.more_containers.each();
        let more_of_one_type = starts.any(|(entity, more)| more.iter().any(|of| same(entity, *of)));
        if !more_of_one_type {
            return false;
        }
        // Takes away what stands in nothing that is left, until nothing is.
        let above = |entity: EntityId| {
            let row = self.base.rows.get(entity.index());
            let first = row.map(|row| row.parent);
            let more = edges.more_containers.of(entity).iter().copied();
            let all = first.into_iter().chain(more);
            all.filter(move |of| *of != NONE && same(entity, *of))
        };
        let count = self.base.rows.len();
        let entities = (0..count).map(EntityId::from_index);
        let mut left: Vec<usize> = entities
            .clone()
            .map(|entity| above(entity).count())
            .collect();
        let mut free: Vec<EntityId> = entities
            .filter(|entity| left.get(entity.index()) == Some(&0))
            .collect();
        let mut gone = 0;
        while let Some(entity) = free.pop() {
            gone += 1;
            let children = self.base.tree.children(entity);
            let more = edges.more_contents.of(entity).iter().copied();
            for inside in children.chain(more).filter(|inside| same(entity, *inside)) {
                if let Some(above) = left.get_mut(inside.index()) {
                    *above = above.saturating_sub(1);
                    if *above == 0 {
                        free.push(inside);
                    }
                }
            }
        }
        gone < count
    }

    /// Whether a role can be held there by somebody of that type; nobody in particular for sets.
    fn role(&self, place: EntityId, role: RoleId, holder: Option<TypeId>) -> bool {
        match self.plan.roles.find(role) {
            Some(declared) => {
                let allowed = &declared.guard.holders;
                let fits = holder.is_none_or(|ty| allowed.is_empty() || allowed.contains(&ty));
                self.ty(place) == Some(declared.on) && fits
            }
            None => self.made.get(role).is_some_and(|role| role.of == place),
        }
    }

    /// Whether an edge that says so ends.
    fn ends(&self, tag: Tag, key: TermKey) -> bool {
        let term = self.base.terms.get(&key);
        tag.timed() == term.is_some_and(|term| term.until != FOREVER)
    }

    fn subjects(&self) -> Checked {
        let edges = &self.base.edges;
        let mut sum = Sum::default();
        for (member, groups) in edges.groups.each() {
            for tag in groups {
                let group = EntityId(tag.id());
                let takes = match (self.ty(member), self.ty(group)) {
                    (Some(ty), Some(group)) => self.plan.types[group].members.contains(&ty),
                    _ => false,
                };
                let ends = self.ends(*tag, TermKey::Membership(member, group));
                sound(takes && ends, "its groups")?;
                sum.add((member, group, tag.timed()));
            }
        }
        for (group, members) in edges.members.each() {
            for tag in members {
                sum.take((EntityId(tag.id()), group, tag.timed()));
            }
        }
        sound(sum.is_even(), "its groups")?;

        let part = "who holds what";
        let mut sum = Sum::default();
        for (place, holdings) in edges.holdings.each() {
            for (holder, tag) in holdings {
                let role = RoleId(tag.id());
                let ty = self.ty(*holder);
                let subject = ty
                    .map(|ty| &self.plan.types[ty])
                    .is_some_and(|info| info.kind == TypeKind::Subject && info.acts_for.is_none());
                let holds = (*holder == ANYONE || subject) && self.role(place, role, ty);
                let ends = self.ends(*tag, TermKey::Holding(place, *holder, role));
                sound(holds && ends, part)?;
                sum.add((place, *holder, *tag));
            }
        }
        for (holder, held) in edges.held.each() {
            held.iter()
                .for_each(|(place, tag)| sum.take((*place, holder, *tag)));
        }
        for (key, held) in edges.held_by_anyone.each() {
            sound(key == ANYONES_PLACE, part)?;
            held.iter()
                .for_each(|(place, tag)| sum.take((*place, ANYONE, *tag)));
        }
        sound(sum.is_even(), part)
    }

    fn sets_and_shares(&self) -> Checked {
        let edges = &self.base.edges;
        let part = "its sets of holders";
        let stratum = |role: RoleId| {
            let declared = self.plan.roles.find(role);
            declared.map_or(self.plan.facets.strata, |role| role.stratum)
        };
        let mut sum = Sum::default();
        for (place, sets) in edges.set_holdings.each() {
            for (at, set, tag) in sets {
                let role = RoleId(tag.id());
                let holds = self.role(place, role, None) && self.role(*at, *set, None);
                let ends = self.ends(*tag, TermKey::SetHolding(place, *at, *set, role));
                sound(holds && ends && stratum(*set) <= stratum(role), part)?;
                sum.add((place, *at, *set, *tag));
            }
        }
        for (at, held) in edges.set_held.each() {
            held.iter()
                .for_each(|(set, place, tag)| sum.take((*place, at, *set, *tag)));
        }
        sound(sum.is_even(), part)?;

        let part = "its shares";
        let mut sum = Sum::default();
        for (entity, shares) in edges.shares.each() {
            for (with, tag) in shares {
                let level = crate::plan::LevelId(tag.id());
                let declared = match (self.ty(entity), self.ty(*with)) {
                    (Some(ty), Some(with)) => {
                        let mut shares = self.plan.types[ty].shares.iter();
                        shares.any(|(of, levels)| *of == with && levels.contains(&level))
                    }
                    _ => false,
                };
                let ends = self.ends(*tag, TermKey::Share(entity, *with, level));
                sound(declared && ends, part)?;
                sum.add((entity, *with, *tag));
            }
        }
        for (with, received) in edges.received.each() {
            received
                .iter()
                .for_each(|(entity, tag)| sum.take((*entity, with, *tag)));
        }
        sound(sum.is_even(), part)
    }

    fn relations(&self) -> Checked {
        let part = "its relations";
        let mut sum = Sum::default();
        for (from, related) in self.base.edges.relations.each() {
            for (relation, to) in related {
                let declared = self.plan.relations.find(*relation).is_some_and(|relation| {
                    let of = self.ty(from) == Some(relation.of);
                    of && self
                        .ty(*to)
                        .is_some_and(|ty| relation.targets.contains(&ty))
                });
                sound(declared, part)?;
                sum.add((from, *relation, *to));
            }
        }
        for (to, related) in self.base.edges.related.each() {
            related
                .iter()
                .for_each(|(relation, from)| sum.take((*from, *relation, to)));
        }
        sound(sum.is_even(), part)
    }

    /// Whether the flags of each entity say what there is to look up; how many entities lack a
    /// container.
    fn flags(&self) -> Checked<usize> {
        let part = "its rows";
        let edges = &self.base.edges;
        let runs: [(Flag, Vec<u64>); 5] = [
            (Flag::MORE_CONTAINERS, bits(&edges.more_containers)),
            (Flag::MEMBER, bits(&edges.groups)),
            (Flag::HELD_ON, bits(&edges.holdings)),
            (Flag::SETS_HOLD_ON, bits(&edges.set_holdings)),
            (Flag::SHARED, bits(&edges.shares)),
        ];
        let made: HashSet<EntityId> = self.made.places().collect();
        sound(made.iter().all(|place| self.ty(*place).is_some()), part)?;
        let more = &edges.more_containers;
        let mut lacking = 0;
        for required in self.all(|often| often == Cardinality::One) {
            for (entity, row) in required.ids.clone().map(EntityId).zip(required.rows) {
                let (block, bit) = (entity.index() / 64, entity.index() % 64);
                let has = |bits: &[u64]| bits.get(block).is_some_and(|bits| bits >> bit & 1 == 1);
                let told = runs.iter().all(|(flag, bits)| row.has(*flag) == has(bits));
                let named = row.has(Flag::DECLARED)
                    || row.parent != NONE
                    || runs.iter().any(|(_, bits)| has(bits))
                    || (!made.is_empty() && made.contains(&entity));
                let lacks = row.has(Flag::KNOWN)
                    && required.containers.iter().any(|all| {
                        let there = |container: &EntityId| all.contains(&container.0);
                        !there(&row.parent) && !more.of(entity).iter().any(there)
                    });
                let all = told
                    && (row.has(Flag::KNOWN) || !named)
                    && row.has(Flag::LACKING) == lacks
                    && !row.has(Flag::CHANGED);
                sound(all, part)?;
                lacking += usize::from(lacks);
            }
        }
        Ok(lacking)
    }
}

/// Which entities have a run.
fn bits<T>(runs: &Runs<T>) -> Vec<u64> {
    runs.parts().0.collect()
}
