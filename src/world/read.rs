//! What a world answers to whoever walks through it.

use std::collections::HashSet;

use rustc_hash::FxBuildHasher;
use smallvec::SmallVec;

use super::kinds::{Tag, TermKey};
use super::rows::{Flag, NONE, Row};
use super::terms::{FOREVER, Term};
use super::{
    ANYONE, ANYONES_PLACE, AnyRole, Holding, Membership, Place, Run, Share, World, freeze,
};
use crate::literal::EntityName;
use crate::plan::{Cardinality, Datum, EntityId, Id, Link, RelationId, RoleId, TypeId};

/// How many entities are looked at before they are searched.
const NEAR: usize = 8;

impl World {
    /// What is known of an entity without looking further.
    #[inline]
    pub(crate) fn row(&self, entity: EntityId) -> Option<Row> {
        if !self.changed.rows.is_empty()
            && let Some(row) = self.changed.rows.get(&entity)
        {
            return Some(*row);
        }
        self.base.rows.get(entity.index()).copied()
    }

    pub(crate) fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        // The type of an entity never changes; only a new one is not in the base.
        match self.base.type_of(entity) {
            Some(ty) => Some(ty),
            None => self.changed.rows.get(&entity).map(|row| row.ty()),
        }
    }

    pub(super) fn has(&self, entity: EntityId, flag: Flag) -> bool {
        self.row(entity).is_some_and(|row| row.has(flag))
    }

    pub(crate) fn is_known(&self, entity: EntityId) -> bool {
        self.has(entity, Flag::KNOWN)
    }

    /// Whether some entity lacks a container that it must have.
    pub(crate) fn is_lacking(&self) -> bool {
        self.changed.lacking > 0
    }

    /// Whether its containers are all there, to the top.
    pub(crate) fn is_complete(&self, entity: EntityId) -> bool {
        if self.changed.lacking == 0 {
            let is_new = || self.changed.rows.get(&entity).is_some();
            return entity.index() < self.base.rows.len() || is_new();
        }
        let mut open: SmallVec<[EntityId; 16]> = SmallVec::from_slice(&[entity]);
        // What many ways lead to is looked at once.
        let mut seen: HashSet<EntityId, FxBuildHasher> = HashSet::default();
        while let Some(at) = open.pop() {
            let Some(row) = self.row(at).filter(|row| !row.has(Flag::LACKING)) else {
                return false;
            };
            for container in self.containers_of_row(at, row) {
                if !row.has(Flag::MORE_CONTAINERS | Flag::CHANGED) || seen.insert(container) {
                    open.push(container);
                }
            }
        }
        true
    }

    /// Whether it has the containers that it must have.
    pub(super) fn has_required(&self, entity: EntityId) -> bool {
        let Some(ty) = self.type_of(entity) else {
            return false;
        };
        let mut required = self.plan.types[ty].containers.iter();
        required.all(|(of, cardinality)| {
            *cardinality != Cardinality::One
                || self
                    .containers(entity)
                    .any(|container| self.type_of(container) == Some(*of))
        })
    }

    /// What an entity stands in.
    #[inline]
    pub(crate) fn containers(&self, entity: EntityId) -> Containers<'_> {
        match self.row(entity) {
            Some(row) => self.containers_of_row(entity, row),
            None => Containers::default(),
        }
    }

    #[inline]
    pub(crate) fn containers_of_row(&self, entity: EntityId, row: Row) -> Containers<'_> {
        let more = if row.has(Flag::MORE_CONTAINERS | Flag::CHANGED) {
            self.more_containers().of(entity)
        } else {
            Run::default()
        };
        Containers {
            first: row.parent,
            more,
        }
    }

    /// What stands right in an entity.
    pub(crate) fn contents(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        let detached = !self.changed.detached.is_empty();
        let children = self.base.tree.children(entity);
        let children = children.filter(move |child| {
            !detached || self.row(*child).is_some_and(|row| row.parent == entity)
        });
        children.chain(self.more_contents().of(entity).copied())
    }

    /// The numbers of an entity and of what lies in it, first and last, as the tree of the base has
    /// it; nothing for a new entity.
    pub(crate) fn span(&self, entity: EntityId) -> Option<(u32, u32)> {
        self.base.tree.span(entity)
    }

    /// What is left of a span of numbers without what has left its container since, but for the
    /// first itself.
    pub(crate) fn left_in(&self, (first, last): (u32, u32)) -> SmallVec<[(u32, u32); 2]> {
        let mut left = SmallVec::new();
        let mut from = first;
        let behind = (first.saturating_add(1), EntityId(0));
        for (number, entity) in self.changed.detached.from(&behind) {
            if *number > last {
                break;
            }
            if *number < from {
                // It lies in something that has left already.
                continue;
            }
            if from < *number {
                left.push((from, *number - 1));
            }
            let end = self.base.tree.span(*entity).map_or(*number, |(_, end)| end);
            from = end.saturating_add(1);
        }
        if from <= last {
            left.push((from, last));
        }
        left
    }

    /// The entities of a type that are in the base, from the first to before the last.
    pub(crate) fn range_of(&self, ty: TypeId) -> (u32, u32) {
        let (first, end) = self.base.range(ty);
        (first.0, end.0)
    }

    /// Whether something was put into an entity of the base, or shared with it.
    pub(crate) fn is_entered(&self) -> bool {
        !self.changed.entered.is_empty()
    }

    /// The entities of a range of the base into which more leads than first containers.
    pub(crate) fn entered(&self, (start, end): (u32, u32)) -> impl Iterator<Item = EntityId> {
        let (first, end) = (EntityId(start), EntityId(end));
        let edges = &self.base.edges;
        let contents = edges.more_contents.keys(first, end);
        let received = edges.received.keys(first, end);
        let since = self.changed.entered.from(&first).copied();
        let since = since.take_while(move |entity| *entity < end);
        contents.chain(received).chain(since)
    }

    /// The entities of a type with numbers in a span: a range of ids, if there are any.
    pub(crate) fn numbered(&self, ty: TypeId, (first, last): (u32, u32)) -> Option<(u32, u32)> {
        let base = &self.base;
        // Mostly the first of the type stands near the beginning, and the last near the end.
        let order = base.tree.order.get(first as usize..=last as usize)?;
        let (start, end) = base.range(ty);
        let is = |entity: &&EntityId| start <= **entity && **entity < end;
        let near = order.iter().take(NEAR).find(is);
        if let (Some(from), Some(to)) = (near, order.iter().rev().take(NEAR).find(is)) {
            return Some((from.0, to.0.saturating_add(1)));
        }
        if order.len() <= NEAR {
            return None;
        }
        let numbers = base.tree.number.get(start.index()..end.index())?;
        let from = numbers.partition_point(|number| *number < first);
        let rest = numbers.get(from..)?;
        let rest = rest.get(..order.len()).unwrap_or(rest);
        let count = rest.partition_point(|number| *number <= last);
        let from = start.index() + from;
        let range = (
            EntityId::from_index(from).0,
            EntityId::from_index(from + count).0,
        );
        (count > 0).then_some(range)
    }

    /// The known entities of a type: those of the base in the order of their containers, then the
    /// new ones.
    pub(crate) fn all_of(&self, ty: TypeId) -> impl Iterator<Item = EntityId> {
        let (first, end) = self.base.range(ty);
        let base = (first.0..end.0).map(EntityId);
        let new = self.base.rows.len()..self.entity_count();
        let new = new.map(EntityId::from_index);
        let new = new.filter(move |entity| self.type_of(*entity) == Some(ty));
        base.chain(new).filter(|entity| self.is_known(*entity))
    }

    /// All groups that an entity is in, to any depth and for ever, sorted; nothing where that must be
    /// found by going from group to group.
    #[inline]
    pub(crate) fn all_groups(&self, member: EntityId) -> Option<SmallVec<[Tag; 8]>> {
        let row = self.row(member)?;
        if self.changed.groups_moved || row.has(Flag::CHANGED | Flag::LEAVES) {
            return None;
        }
        if !row.has(Flag::MEMBER) {
            return Some(SmallVec::new());
        }
        let base = &self.base;
        if self.plan.facets.groups.contains(&row.ty()) {
            return Some(SmallVec::from_slice(base.closures.of(member)));
        }
        let own = base.edges.groups.of(member);
        let mut all: SmallVec<[Tag; 8]> = SmallVec::from_slice(own);
        for group in own {
            all.extend_from_slice(base.closures.of(EntityId(group.id())));
            if all.len() > 4 * own.len() + 64 {
                return None;
            }
        }
        if all.len() > own.len() {
            all.sort_unstable();
            all.dedup();
        }
        Some(all)
    }

    /// The groups that an entity is in.
    pub(crate) fn memberships(&self, member: EntityId) -> impl Iterator<Item = Membership> {
        let groups = match self.row(member) {
            Some(row) if row.has(Flag::MEMBER | Flag::CHANGED) => self.groups().of(member),
            _ => Run::default(),
        };
        groups.map(move |tag| {
            let group = EntityId(tag.id());
            let key = TermKey::Membership(member, group);
            Membership {
                other: group,
                until: self.until(tag.timed(), key),
            }
        })
    }

    /// What is in a group.
    pub(crate) fn members_of(&self, group: EntityId) -> impl Iterator<Item = Membership> {
        self.members().of(group).map(move |tag| {
            let member = EntityId(tag.id());
            let key = TermKey::Membership(member, group);
            Membership {
                other: member,
                until: self.until(tag.timed(), key),
            }
        })
    }

    /// When an edge ends.
    #[inline]
    fn until(&self, timed: bool, key: TermKey) -> i64 {
        if timed {
            self.term(&key).until
        } else {
            FOREVER
        }
    }

    pub(super) fn term(&self, key: &TermKey) -> &Term {
        let changed = self.changed.terms.get(key);
        changed
            .or_else(|| self.base.terms.get(key))
            .unwrap_or(&Term::PLAIN)
    }

    /// When a holding ends.
    #[inline]
    pub(crate) fn end(&self, holding: &Holding) -> i64 {
        if holding.timed {
            self.term(&holding.key()).until
        } else {
            FOREVER
        }
    }

    /// When a share ends.
    #[inline]
    pub(crate) fn share_end(&self, share: &Share) -> i64 {
        if share.timed {
            self.term(&share.key()).until
        } else {
            FOREVER
        }
    }

    /// Where a holding was stated.
    pub(crate) fn holding_place(&self, holding: &Holding) -> Option<&Place> {
        self.term(&holding.key()).place.as_deref()
    }

    /// Where a share was stated.
    pub(crate) fn share_place(&self, share: &Share) -> Option<&Place> {
        self.term(&share.key()).place.as_deref()
    }

    /// Everything that is held at a place by subjects and groups, sorted by holder.
    #[inline]
    pub(crate) fn holdings_at(&self, place: EntityId) -> impl Iterator<Item = Holding> {
        let row = self.row(place).into_iter();
        let all = row.flat_map(move |row| self.holders_at(place, row));
        all.map(move |edge| Holding::at(place, edge))
    }

    /// The holders at a place with their roles, sorted by holder.
    #[inline]
    pub(crate) fn holders_at(&self, place: EntityId, row: Row) -> Run<'_, (EntityId, Tag)> {
        if row.has(Flag::HELD_ON | Flag::CHANGED) {
            self.holdings().of(place)
        } else {
            Run::default()
        }
    }

    /// What one holder holds at a place.
    #[inline]
    pub(crate) fn holders_from(
        &self,
        place: EntityId,
        holder: EntityId,
    ) -> impl Iterator<Item = &(EntityId, Tag)> {
        let from = self.holdings().from(place, &(holder, Tag::new(0, false)));
        from.take_while(move |(other, _)| *other == holder)
    }

    /// What groups hold at a place, and what holders do that are new since the base was made.
    pub(crate) fn groups_holding_at(
        &self,
        place: EntityId,
    ) -> impl Iterator<Item = &(EntityId, Tag)> {
        let groups = self.plan.facets.groups.iter();
        let known = groups.flat_map(move |ty| {
            let (first, end) = self.base.range(*ty);
            let from = self.holdings().from(place, &(first, Tag::new(0, false)));
            from.take_while(move |(holder, _)| *holder < end)
        });
        let first = EntityId::from_index(self.base.rows.len());
        let new = self.holdings().from(place, &(first, Tag::new(0, false)));
        known.chain(new.take_while(|(holder, _)| *holder != ANYONE))
    }

    /// What a subject, a group or [`ANYONE`] holds, wherever.
    pub(crate) fn held_by(&self, holder: EntityId) -> impl Iterator<Item = Holding> {
        let run = if holder == ANYONE {
            self.held_by_anyone().of(ANYONES_PLACE)
        } else {
            self.held().of(holder)
        };
        run.map(move |(place, role)| Holding::at(*place, &(holder, *role)))
    }

    /// What sets hold at a place.
    #[inline]
    pub(crate) fn sets_at(&self, place: EntityId) -> impl Iterator<Item = Holding> {
        let run = match self.row(place) {
            Some(row) if row.has(Flag::SETS_HOLD_ON | Flag::CHANGED) => {
                self.set_holdings().of(place)
            }
            _ => Run::default(),
        };
        run.map(move |(of, set, role)| Holding {
            holder: *of,
            set: Some(*set),
            place,
            role: RoleId(role.id()),
            timed: role.timed(),
        })
    }

    /// Whether sets hold roles at a place.
    #[inline]
    pub(crate) fn has_sets_at(&self, place: EntityId, row: Row) -> bool {
        row.has(Flag::SETS_HOLD_ON | Flag::CHANGED) && !self.set_holdings().of(place).is_empty()
    }

    /// Whether facts alone tell who is in each set that holds a role at a place, as far as that is
    /// known beforehand.
    #[inline]
    pub(crate) fn has_plain_sets(&self, row: Row) -> Option<bool> {
        let changed = !self.changed.edges.set_holdings.is_empty();
        (!changed).then(|| !row.has(Flag::NESTED_SETS))
    }

    /// The windows in which an entity stands.
    #[inline]
    pub(crate) fn shares_of(&self, entity: EntityId) -> impl Iterator<Item = Share> {
        let row = self.row(entity).into_iter();
        row.flat_map(move |row| self.shares_of_row(entity, row))
    }

    /// The windows in which an entity stands, whose row is known.
    #[inline]
    pub(crate) fn shares_of_row(
        &self,
        entity: EntityId,
        row: Row,
    ) -> impl Iterator<Item = Share> + use<'_> {
        let run = if row.has(Flag::SHARED | Flag::CHANGED) {
            self.shares().of(entity)
        } else {
            Run::default()
        };
        run.map(move |(with, level)| Share::new(entity, *with, *level))
    }

    /// What stands in the window of a scope.
    pub(crate) fn received_by(&self, with: EntityId) -> impl Iterator<Item = Share> {
        let run = self.received().of(with);
        run.map(move |(entity, level)| Share::new(*entity, with, *level))
    }

    /// The value of an attribute: what a fact says, else the default where the entity is known.
    pub(crate) fn attribute(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        self.said(entity, column).or_else(|| {
            let row = self.row(entity).filter(|row| row.has(Flag::KNOWN))?;
            let ty = self.plan.types.find(row.ty())?;
            let default = ty.attributes.get(column as usize)?.default?;
            self.constants.find(default)
        })
    }

    /// What a fact says of an attribute.
    pub(super) fn said(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        self.attributes().value(entity, column)
    }

    pub(crate) fn related_by(
        &self,
        entity: EntityId,
        relation: RelationId,
    ) -> impl Iterator<Item = EntityId> {
        let run = self.relations().from(entity, &(relation, EntityId(0)));
        let run = run.take_while(move |(of, _)| *of == relation);
        run.map(|(_, target)| *target)
    }

    /// What an entity names by a link.
    pub(crate) fn follow(
        &self,
        entity: EntityId,
        link: Link,
    ) -> impl Iterator<Item = EntityId> + use<'_> {
        let (relation, column) = match link {
            Link::Relation(relation) => (Some(relation), None),
            Link::Attribute(column) => (None, Some(column)),
        };
        let related = relation.into_iter();
        let related = related.flat_map(move |relation| self.related_by(entity, relation));
        let value = column.and_then(|column| self.attribute(entity, column));
        let values = match value {
            Some(Datum::Set(elements)) => elements,
            Some(one) => std::slice::from_ref(one),
            None => &[],
        };
        related.chain(values.iter().filter_map(|value| match value {
            Datum::Entity(entity) => Some(*entity),
            _ => None,
        }))
    }

    /// The entities that some `also` finds this one by.
    pub(crate) fn linked(&self, entity: EntityId) -> impl Iterator<Item = EntityId> {
        let links = &self.plan.facets.links;
        let is_link = move |from: EntityId, link: Link| {
            let of = self.type_of(from);
            of.is_some_and(|of| links.binary_search(&(of, link)).is_ok())
        };
        let related = self.related().of(entity);
        let related = related.filter(move |(of, from)| is_link(*from, Link::Relation(*of)));
        let mentions = self.mentions().of(entity);
        let mentions = mentions.filter(move |(of, column)| is_link(*of, Link::Attribute(*column)));
        // Where nothing is said, the default names it.
        let by_default = links.iter().filter_map(move |(of, link)| {
            let Link::Attribute(column) = link else {
                return None;
            };
            let default = self.plan.types[*of]
                .attributes
                .get(*column as usize)?
                .default?;
            let names = freeze::names(self.constants.find(default)?, entity);
            names.then_some((*of, *column))
        });
        let by_default = by_default.flat_map(move |(of, column)| {
            let all = self.all_of(of);
            all.filter(move |entity| self.said(*entity, column).is_none())
        });
        let said = related.map(|(_, from)| *from);
        said.chain(mentions.map(|(of, _)| *of)).chain(by_default)
    }

    /// The credentials that act for an owner.
    pub(crate) fn credentials_of(&self, owner: EntityId) -> impl Iterator<Item = EntityId> {
        let mentions = self.mentions().of(owner);
        let credentials = mentions.filter(|(of, column)| {
            let ty = self.type_of(*of).and_then(|ty| self.plan.types.find(ty));
            let acts_for = ty.and_then(|ty| ty.acts_for.as_ref());
            acts_for.is_some_and(|acts_for| acts_for.owner == *column)
        });
        credentials.map(|(of, _)| *of)
    }

    /// A role by its id; nothing for one that customers made and took away.
    #[inline]
    pub(crate) fn role(&self, role: RoleId) -> Option<AnyRole<'_>> {
        match self.plan.roles.find(role) {
            Some(declared) => Some(AnyRole::Declared(declared)),
            None => self.made.get(role).map(AnyRole::Custom),
        }
    }

    /// The name of a role.
    pub(crate) fn role_name(&self, role: RoleId) -> &str {
        match self.role(role) {
            Some(AnyRole::Declared(role)) => &role.name,
            Some(AnyRole::Custom(role)) => &role.name,
            None => "",
        }
    }

    /// The id of an entity within its type.
    pub(crate) fn id_text(&self, entity: EntityId) -> Option<&str> {
        self.base.names.get(entity).or_else(|| {
            let index = entity.index().checked_sub(self.base.rows.len())?;
            self.changed.names.get(index).map(|name| &**name)
        })
    }

    /// The name of an entity.
    pub(crate) fn name(&self, entity: EntityId) -> EntityName {
        match (self.type_of(entity), self.id_text(entity)) {
            (Some(ty), Some(id)) => EntityName::new(self.plan.types[ty].name.as_str(), id),
            _ => EntityName::new("", ""),
        }
    }
}

/// What an entity stands in.
#[derive(Clone, Debug)]
pub(crate) struct Containers<'w> {
    first: EntityId,
    more: Run<'w, EntityId>,
}

impl Default for Containers<'_> {
    fn default() -> Self {
        Self {
            first: NONE,
            more: Run::default(),
        }
    }
}

impl Iterator for Containers<'_> {
    type Item = EntityId;

    #[inline]
    fn next(&mut self) -> Option<EntityId> {
        if self.first != NONE {
            return Some(std::mem::replace(&mut self.first, NONE));
        }
        self.more.next().copied()
    }
}
