//! Whether what was read is a world: every id leads somewhere, and nothing says two things.

use std::collections::HashSet;

use super::SnapshotError;
use crate::plan::{
    Cardinality, Datum, EVERY_PERMISSION, EntityId, Field, Id, Plan, RoleId, TypeId, TypeKind,
    ValueType,
};
use crate::world::freeze::each_entity;
use crate::world::kinds::{Tag, TermKey};
use crate::world::made::MadeRoles;
use crate::world::rows::{Flag, NONE, Row};
use crate::world::runs::Runs;
use crate::world::said::is_simple;
use crate::world::sum::Sum;
use crate::world::terms::FOREVER;
use crate::world::{ANYONE, ANYONES_PLACE, Base};

type Checked<T = ()> = Result<T, SnapshotError>;

fn sound(is: bool, part: &'static str) -> Checked {
    if is {
        Ok(())
    } else {
        Err(SnapshotError::Damaged(part))
    }
}

/// The first entity of each type. Every type is one of the plan, and the entities stand type by type.
pub(super) fn types(plan: &Plan, rows: &[Row]) -> Checked<Vec<(TypeId, EntityId)>> {
    let mut types: Vec<(TypeId, EntityId)> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let last = types.last().map(|(ty, _)| *ty);
        if last == Some(row.ty()) {
            continue;
        }
        let known = plan.types.find(row.ty()).is_some();
        sound(
            known && last.is_none_or(|last| last < row.ty()),
            "its types",
        )?;
        types.push((row.ty(), EntityId::from_index(index)));
    }
    Ok(types)
}

/// Checks all of a base whose types and tree are sound; how many entities lack a container.
pub(super) fn base(plan: &Plan, base: &Base, made: &MadeRoles) -> Checked<usize> {
    let check = Check { plan, base, made };
    check.containers()?;
    check.subjects()?;
    check.sets_and_shares()?;
    check.relations()?;
    check.attributes()?;
    check.flags()
}

struct Check<'b> {
    plan: &'b Plan,
    base: &'b Base,
    made: &'b MadeRoles,
}

impl Check<'_> {
    fn ty(&self, entity: EntityId) -> Option<TypeId> {
        let types = &self.base.types;
        types.get(self.base.type_index(entity)?).map(|(ty, _)| *ty)
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
        for (index, row) in self.base.rows.iter().enumerate() {
            if row.parent != NONE {
                sound(
                    stands(EntityId::from_index(index), row.parent).is_some(),
                    part,
                )?;
            }
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

    fn attributes(&self) -> Checked {
        let part = "its attributes";
        let (values, places) = self.base.edges.attributes.parts();
        // Entities come type by type, so it is enough to know of which type the last was that has a
        // value.
        let mut had_by: Vec<Option<TypeId>> = vec![None; values.len()];
        let mut sum = Sum::default();
        let mut named: Vec<EntityId> = Vec::new();
        for (entity, places) in places.each() {
            let ty = self.ty(entity).ok_or(SnapshotError::Damaged(part))?;
            let fields = &self.plan.types[ty].attributes;
            let mut before = None;
            for at in places {
                let (Some((column, datum)), Some(by)) =
                    (values.get(*at as usize), had_by.get_mut(*at as usize))
                else {
                    return Err(SnapshotError::Damaged(part));
                };
                let fits = |field: &Field| self.fits(datum, &field.ty);
                let typed = *by == Some(ty) || fields.get(*column as usize).is_some_and(fits);
                let shared = by.is_none() || is_simple(datum);
                sound(typed && shared && before < Some(*column), part)?;
                (*by, before) = (Some(ty), Some(*column));
                if let Datum::Entity(named) = datum {
                    sum.add((*named, entity, *column));
                    continue;
                }
                named.clear();
                each_entity(datum, &mut |entity| named.push(entity));
                named.sort_unstable();
                named.dedup();
                named
                    .iter()
                    .for_each(|named| sum.add((*named, entity, *column)));
            }
        }
        sound(had_by.iter().all(Option::is_some), part)?;
        for (named, mentions) in self.base.edges.mentions.each() {
            mentions
                .iter()
                .for_each(|(entity, column)| sum.take((named, *entity, *column)));
        }
        sound(sum.is_even(), part)
    }

    fn fits(&self, datum: &Datum, ty: &ValueType) -> bool {
        match (datum, ty) {
            (Datum::Bool(_), ValueType::Bool)
            | (Datum::Int(_), ValueType::Int)
            | (Datum::Decimal(_), ValueType::Decimal)
            | (Datum::String(_), ValueType::String)
            | (Datum::Datetime(_), ValueType::Datetime)
            | (Datum::Duration(_), ValueType::Duration)
            | (Datum::IpAddr(_), ValueType::IpAddr) => true,
            (Datum::Entity(entity), ValueType::Entity(of)) => {
                self.ty(*entity).is_some_and(|ty| of.contains(&ty))
            }
            (Datum::Set(names), ValueType::Permissions) => {
                let known = |name: &Datum| match name {
                    Datum::String(name) => {
                        **name == *EVERY_PERMISSION || self.plan.permission(name).is_some()
                    }
                    _ => false,
                };
                names.is_sorted_by(|a, b| a < b) && names.iter().all(known)
            }
            (Datum::Set(elements), ValueType::Set(element)) => {
                elements.is_sorted_by(|a, b| a < b)
                    && elements.iter().all(|datum| self.fits(datum, element))
            }
            (Datum::Record(fields), ValueType::Record(types)) => {
                fields.len() == types.len()
                    && fields.iter().zip(types).all(|(field, ty)| {
                        field.as_ref().is_none_or(|field| self.fits(field, &ty.ty))
                    })
            }
            _ => false,
        }
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
        let mut lacking = 0;
        for (index, row) in self.base.rows.iter().enumerate() {
            let entity = EntityId::from_index(index);
            let (block, bit) = (index / 64, index % 64);
            let has = |bits: &[u64]| bits.get(block).is_some_and(|bits| bits >> bit & 1 == 1);
            let told = runs.iter().all(|(flag, bits)| row.has(*flag) == has(bits));
            let named = row.has(Flag::DECLARED)
                || row.parent != NONE
                || runs.iter().any(|(_, bits)| has(bits))
                || (!made.is_empty() && made.contains(&entity));
            let lacks = row.has(Flag::KNOWN) && self.lacks(entity, *row);
            let all = told
                && (row.has(Flag::KNOWN) || !named)
                && row.has(Flag::LACKING) == lacks
                && !row.has(Flag::CHANGED);
            sound(all, part)?;
            lacking += usize::from(lacks);
        }
        Ok(lacking)
    }

    fn lacks(&self, entity: EntityId, row: Row) -> bool {
        let mut required = self.plan.types[row.ty()].containers.iter();
        required.any(|(of, cardinality)| {
            let there = |container: &EntityId| self.ty(*container) == Some(*of);
            let more = || self.base.edges.more_containers.of(entity).iter().any(there);
            *cardinality == Cardinality::One && !there(&row.parent) && !more()
        })
    }
}

/// Which entities have a run.
fn bits<T>(runs: &Runs<T>) -> Vec<u64> {
    runs.parts().0.collect()
}
