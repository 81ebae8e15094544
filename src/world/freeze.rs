//! From facts as they came to the base of a world, and back.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::fit::Facts;
use super::kinds::{BaseEdges, Tag, TermKey};
use super::reach::Reach;
use super::rows::{Flag, NONE, Row};
use super::runs::Runs;
use super::said::{Said, Saying};
use super::stage::Stage;
use super::terms::{BaseTerms, Term};
use super::tree::{Tree, pre_order};
use super::types::Types;
use super::{ANYONE, ANYONES_PLACE, Base, Changed, World};
use crate::plan::{Cardinality, Datum, EntityId, Id, LevelId, RoleId, TypeId};

/// What tells the next base from all others.
pub(super) fn next_lineage() -> u32 {
    static LINEAGES: AtomicU32 = AtomicU32::new(0);
    LINEAGES.fetch_add(1, Ordering::Relaxed)
}

/// What tells the next base from those of other processes too.
pub(super) fn new_stamp() -> u64 {
    // Each of the standard library's states has keys of its own, drawn by lot.
    std::hash::RandomState::new().hash_one(next_lineage())
}

impl Changed {
    /// No changes, in a world in which so many entities lack a container.
    pub(super) fn none(lacking: usize) -> Self {
        Self {
            lacking,
            ..Self::default()
        }
    }
}

/// The ids that entities get in a base: type by type, and within a type in the order of the tree.
struct Order {
    /// By the id so far.
    new: Vec<EntityId>,
    types: Types,
}

impl Order {
    fn new(rows: &[Row], in_order: &[EntityId]) -> Self {
        let mut counts = std::collections::BTreeMap::<TypeId, usize>::new();
        for row in rows {
            *counts.entry(row.ty()).or_default() += 1;
        }
        let types = Types::counted(counts);
        let firsts = types.iter().map(|ty| (ty, types.range(ty).start));
        let mut by_type: Vec<(TypeId, u32)> = firsts.collect();
        let mut new = vec![NONE; rows.len()];
        for old in in_order {
            let Some(row) = rows.get(old.index()) else {
                continue;
            };
            let found = by_type.binary_search_by_key(&row.ty(), |(ty, _)| *ty);
            if let Some((_, next)) = found.ok().and_then(|at| by_type.get_mut(at)) {
                if let Some(place) = new.get_mut(old.index()) {
                    *place = EntityId(*next);
                }
                *next += 1;
            }
        }
        Self { new, types }
    }

    fn of(&self, old: EntityId) -> EntityId {
        // Those that stand for no entity stay what they are.
        self.new.get(old.index()).copied().unwrap_or(old)
    }

    /// A column in the new order.
    fn column<T: Copy>(&self, column: &[T], blank: T) -> Vec<T> {
        let mut ordered = vec![blank; column.len()];
        for (value, new) in column.iter().zip(&self.new) {
            if let Some(place) = ordered.get_mut(new.index()) {
                *place = *value;
            }
        }
        ordered
    }

    fn key(&self, key: TermKey) -> TermKey {
        let of = |entity| self.of(entity);
        match key {
            TermKey::Membership(member, group) => TermKey::Membership(of(member), of(group)),
            TermKey::Holding(place, holder, role) => TermKey::Holding(of(place), of(holder), role),
            TermKey::SetHolding(place, holder, set, role) => {
                TermKey::SetHolding(of(place), of(holder), set, role)
            }
            TermKey::Share(entity, with, level) => TermKey::Share(of(entity), of(with), level),
        }
    }
}

impl Stage {
    /// The world that the facts make.
    pub(super) fn freeze(mut self) -> World {
        self.settle_terms();
        self.choose_parents();
        let lacking = self.flag();
        let in_order = pre_order(&self.rows);
        let order = Order::new(&self.rows, &in_order);
        let of = |entity: EntityId| order.of(entity);

        let mut edges = BaseEdges::default();
        let both = |edges: &mut Vec<(EntityId, EntityId)>| {
            let there = Runs::new(edges.clone());
            let back = edges.iter().map(|(a, b)| (*b, *a)).collect();
            (there, Runs::new(back))
        };
        let more = self.more_containers.iter();
        let more = more.flat_map(|(entity, more)| more.iter().map(|of| (*entity, *of)));
        let mut more: Vec<(EntityId, EntityId)> = more
            .map(|(entity, container)| (of(entity), of(container)))
            .collect();
        (edges.more_containers, edges.more_contents) = both(&mut more);

        let member = |(member, group): (EntityId, Tag)| {
            (of(member), of(EntityId(group.id())), group.timed())
        };
        let memberships = std::mem::take(&mut self.memberships);
        let there = memberships.iter().map(|edge| {
            let (member, group, timed) = member(*edge);
            (member, Tag::new(group.0, timed))
        });
        let back = memberships.iter().map(|edge| {
            let (member, group, timed) = member(*edge);
            (group, Tag::new(member.0, timed))
        });
        edges.groups = Runs::new(there.collect());
        edges.members = Runs::new(back.collect());
        drop(memberships);

        let holdings = std::mem::take(&mut self.holdings);
        let there = holdings
            .iter()
            .map(|(place, (holder, role))| (of(*place), (of(*holder), *role)));
        edges.holdings = Runs::new(there.collect());
        let by_some = holdings.iter().filter(|(_, (holder, _))| *holder != ANYONE);
        let back = by_some.map(|(place, (holder, role))| (of(*holder), (of(*place), *role)));
        edges.held = Runs::new(back.collect());
        let by_all = holdings.iter().filter(|(_, (holder, _))| *holder == ANYONE);
        let back = by_all.map(|(place, (_, role))| (ANYONES_PLACE, (of(*place), *role)));
        edges.held_by_anyone = Runs::new(back.collect());
        drop(holdings);

        let sets = std::mem::take(&mut self.set_holdings);
        let there = sets
            .iter()
            .map(|(place, (at, set, role))| (of(*place), (of(*at), *set, *role)));
        edges.set_holdings = Runs::new(there.collect());
        let back = sets
            .iter()
            .map(|(place, (at, set, role))| (of(*at), (*set, of(*place), *role)));
        edges.set_held = Runs::new(back.collect());

        let shares = std::mem::take(&mut self.shares);
        let there = shares
            .iter()
            .map(|(entity, (with, level))| (of(*entity), (of(*with), *level)));
        edges.shares = Runs::new(there.collect());
        let back = shares
            .iter()
            .map(|(entity, (with, level))| (of(*with), (of(*entity), *level)));
        edges.received = Runs::new(back.collect());

        let relations = std::mem::take(&mut self.relations);
        let there = relations
            .iter()
            .map(|(from, (relation, to))| (of(*from), (*relation, of(*to))));
        edges.relations = Runs::new(there.collect());
        let back = relations
            .iter()
            .map(|(from, (relation, to))| (of(*to), (*relation, of(*from))));
        edges.related = Runs::new(back.collect());

        let attributes = std::mem::take(&mut self.attributes).into_iter();
        let attributes = attributes.map(|said| Saying {
            entity: of(said.entity),
            column: said.column,
            datum: renumbered(said.datum, &of),
        });
        (edges.attributes, edges.mentions) = Said::new(attributes);

        let constants = self.constants.rows().iter();
        let constants = Arc::new(
            constants
                .map(|datum| renumbered(datum.clone(), &of))
                .collect(),
        );
        let terms = std::mem::take(&mut self.terms).into_iter();
        let terms: BaseTerms = terms.map(|(key, term)| (order.key(key), term)).collect();
        for row in &mut self.rows {
            row.parent = of(row.parent);
        }
        let mut names = std::mem::take(&mut self.names);
        names.renumber(of);
        names.shrink();
        let rows = order.column(&self.rows, Row::new(TypeId(0)));
        // The facts that fit make no circles.
        let tree = Tree::of_order(in_order.into_iter().map(of).collect(), &rows);
        let tree = tree.unwrap_or_default();
        let mut base = Base {
            rows,
            tree,
            names,
            types: order.types.clone(),
            edges,
            closures: Runs::default(),
            terms,
            lineage: next_lineage(),
            stamp: new_stamp(),
        };
        base.derive(&self.plan);
        let reach = Reach::new(&self.plan, &base);
        World {
            made: self.made.renumbered(of),
            reach: Arc::new(reach),
            plan: self.plan,
            constants,
            base: Arc::new(base),
            changed: Arc::new(Changed::none(lacking)),
        }
    }

    /// Of facts that were stated with an end and without one, the latter count.
    fn settle_terms(&mut self) {
        if self.terms.is_empty() {
            return;
        }
        let mut terms = std::mem::take(&mut self.terms);
        self.each_tag(|key, tag| {
            if let Some(term) = terms.get_mut(&key).filter(|_| !tag.timed()) {
                term.extend(Term::PLAIN);
            }
        });
        self.each_tag(|key, tag| {
            let ends = |term: &Term| term.until != super::FOREVER;
            *tag = Tag::new(tag.id(), tag.timed() && terms.get(&key).is_some_and(ends));
        });
        terms.retain(|_, term| *term != Term::PLAIN);
        self.terms = terms;
    }

    /// Every edge that may end one day, with what its term is kept by.
    fn each_tag(&mut self, mut act: impl FnMut(TermKey, &mut Tag)) {
        for (member, tag) in &mut self.memberships {
            act(TermKey::Membership(*member, EntityId(tag.id())), tag);
        }
        for (place, (holder, tag)) in &mut self.holdings {
            act(TermKey::Holding(*place, *holder, RoleId(tag.id())), tag);
        }
        for (place, (at, set, tag)) in &mut self.set_holdings {
            act(
                TermKey::SetHolding(*place, *at, *set, RoleId(tag.id())),
                tag,
            );
        }
        for (entity, (with, tag)) in &mut self.shares {
            act(TermKey::Share(*entity, *with, LevelId(tag.id())), tag);
        }
    }

    /// Where an entity stands in several things, the nearest becomes its first container: then
    /// intervals hold the most.
    fn choose_parents(&mut self) {
        let types: Vec<TypeId> = self.rows.iter().map(|row| row.ty()).collect();
        let of = |entity: EntityId| {
            types
                .get(entity.index())
                .copied()
                .unwrap_or(TypeId(u32::MAX))
        };
        for (entity, more) in &mut self.more_containers {
            let Some(row) = self.rows.get_mut(entity.index()) else {
                continue;
            };
            for other in more.iter_mut() {
                let (now, then) = (of(row.parent), of(*other));
                let inside =
                    self.plan.types.find(then).is_some_and(|then| {
                        then.containers.iter().any(|(around, _)| *around == now)
                    });
                if now != row.ty() && (then == row.ty() || inside) {
                    std::mem::swap(&mut row.parent, other);
                }
            }
        }
    }

    /// Sets the flags of all entities; how many lack a container.
    fn flag(&mut self) -> usize {
        let rows = &mut self.rows;
        let mut flag = |entity: EntityId, flag: Flag| {
            if let Some(row) = rows.get_mut(entity.index()) {
                row.set(Flag::KNOWN | flag, true);
            }
        };
        for (member, group) in &self.memberships {
            flag(*member, Flag::MEMBER);
            flag(EntityId(group.id()), Flag::KNOWN);
        }
        for (place, (holder, _)) in &self.holdings {
            flag(*place, Flag::HELD_ON);
            flag(*holder, Flag::KNOWN);
        }
        for (place, (at, ..)) in &self.set_holdings {
            flag(*place, Flag::SETS_HOLD_ON);
            flag(*at, Flag::KNOWN);
        }
        for (entity, (with, _)) in &self.shares {
            flag(*entity, Flag::SHARED);
            flag(*with, Flag::KNOWN);
        }
        for (from, (_, to)) in &self.relations {
            flag(*from, Flag::KNOWN);
            flag(*to, Flag::KNOWN);
        }
        for said in self.attributes.iter() {
            flag(said.entity, Flag::KNOWN);
            each_entity(&said.datum, &mut |named| flag(named, Flag::KNOWN));
        }
        for more in self.more_containers.values() {
            more.iter()
                .for_each(|container| flag(*container, Flag::KNOWN));
        }
        self.made
            .places()
            .for_each(|place| flag(place, Flag::KNOWN));
        for index in 0..rows.len() {
            let Some(row) = rows.get(index).copied() else {
                break;
            };
            let mut flag = |entity: EntityId| {
                if let Some(row) = rows.get_mut(entity.index()) {
                    row.set(Flag::KNOWN, true);
                }
            };
            if row.has(Flag::DECLARED) || row.parent != NONE {
                flag(EntityId::from_index(index));
                flag(row.parent);
            }
        }
        let mut lacking = 0;
        for index in 0..self.rows.len() {
            let entity = EntityId::from_index(index);
            let lacks = self.lacks(entity);
            if let Some(row) = self.rows.get_mut(index).filter(|row| row.has(Flag::KNOWN)) {
                row.set(Flag::LACKING, lacks);
                lacking += usize::from(lacks);
            }
        }
        lacking
    }

    /// Whether a container that an entity must have is missing.
    fn lacks(&self, entity: EntityId) -> bool {
        let Some(row) = self.rows.get(entity.index()) else {
            return true;
        };
        let mut required = self.plan.types[row.ty()].containers.iter();
        required.any(|(of, cardinality)| {
            let there = |container: &EntityId| self.type_of(*container) == Some(*of);
            *cardinality == Cardinality::One && !self.containers_of(entity).iter().any(there)
        })
    }

    /// The facts of a world, as if they came anew. Entities that no fact names are left out.
    pub(super) fn thaw(world: &World) -> Self {
        let mut stage = Self::new(Arc::clone(&world.plan));
        // The entities of the constants have their ids already; the others follow in order.
        let mut ids = vec![NONE; world.entity_count()];
        let known = (0..world.entity_count()).map(EntityId::from_index);
        for entity in known {
            let (Some(row), Some(id)) = (world.row(entity), world.id_text(entity)) else {
                continue;
            };
            if !row.has(Flag::KNOWN) {
                continue;
            }
            let Some(new) = stage.intern(row.ty(), id) else {
                continue;
            };
            if row.has(Flag::DECLARED) {
                stage.declare(new);
            }
            if let Some(place) = ids.get_mut(entity.index()) {
                *place = new;
            }
        }
        let order = Order {
            new: ids,
            types: Types::default(),
        };
        let of = |entity: EntityId| order.of(entity);
        for entity in (0..world.entity_count()).map(EntityId::from_index) {
            for container in world.containers(entity) {
                stage.contain(of(entity), of(container));
            }
        }
        let groups = world.groups().iter();
        let groups = groups.map(|(member, tag)| {
            let group = of(EntityId(tag.id()));
            (of(member), Tag::new(group.0, tag.timed()))
        });
        stage.memberships = groups.collect();
        let holdings = world.holdings().iter();
        let holdings = holdings.map(|(place, (holder, role))| (of(place), (of(*holder), *role)));
        stage.holdings = holdings.collect();
        let sets = world.set_holdings().iter();
        let sets = sets.map(|(place, (at, set, role))| (of(place), (of(*at), *set, *role)));
        stage.set_holdings = sets.collect();
        let shares = world.shares().iter();
        let shares = shares.map(|(entity, (with, level))| (of(entity), (of(*with), *level)));
        stage.shares = shares.collect();
        let relations = world.relations().iter();
        let relations = relations.map(|(from, (relation, to))| (of(from), (*relation, of(*to))));
        stage.relations = relations.collect();
        let attributes = world.attributes().iter();
        for (entity, (column, datum)) in attributes {
            let datum = renumbered(datum.clone(), &of);
            stage.attributes.say(of(entity), *column, datum);
        }
        let mut terms = world.base.terms.clone();
        for (key, term) in &world.changed.terms {
            terms.insert(*key, term.clone());
        }
        terms.retain(|_, term| *term != Term::PLAIN);
        let terms = terms.into_iter();
        stage.terms = terms.map(|(key, term)| (order.key(key), term)).collect();
        stage.made = world.made.renumbered(of);
        stage
    }
}

/// A value with other ids. Sets are sorted, so they are sorted again.
fn renumbered(datum: Datum, of: &impl Fn(EntityId) -> EntityId) -> Datum {
    match datum {
        Datum::Entity(entity) => Datum::Entity(of(entity)),
        Datum::Set(elements) => {
            let elements = elements.into_iter();
            let mut elements: Vec<Datum> =
                elements.map(|element| renumbered(element, of)).collect();
            elements.sort_unstable();
            Datum::Set(elements.into())
        }
        Datum::Record(fields) => {
            let fields = fields.into_iter();
            let fields = fields.map(|field| field.map(|field| renumbered(field, of)));
            Datum::Record(fields.collect())
        }
        other => other,
    }
}

pub(super) fn each_entity(datum: &Datum, act: &mut impl FnMut(EntityId)) {
    match datum {
        Datum::Entity(entity) => act(*entity),
        Datum::Set(elements) => {
            for element in elements {
                each_entity(element, act);
            }
        }
        Datum::Record(fields) => {
            for field in fields.iter().flatten() {
                each_entity(field, act);
            }
        }
        _ => {}
    }
}

/// Whether a value names an entity.
pub(super) fn names(datum: &Datum, entity: EntityId) -> bool {
    let mut found = false;
    each_entity(datum, &mut |named| found |= named == entity);
    found
}
