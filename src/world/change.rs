//! A world that changes: the same facts, one more or one less.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use smallvec::SmallVec;

use super::borrowed::{KindRef, NameRef};
use super::fact::{Fact, FactKind};
use super::fit::{self, Fit, HoldingKey, ShareKey};
use super::freeze::each_entity;
use super::kinds::{Tag, TermKey};
use super::refusal::{Reason, Refusal};
use super::rows::{Flag, NONE, Row};
use super::stage::Stage;
use super::terms::Term;
use super::{ANYONE, ANYONES_PLACE, Changed, Holding, World};
use crate::plan::{Datum, EntityId, Id, RelationId, RoleId, Value};

/// Adds an edge to both of its ends, or takes it away; whether something has changed.
macro_rules! edge {
    ($world:ident, $change:ident, $there:ident($a:expr, $ab:expr), $back:ident($b:expr, $ba:expr)) => {{
        let changed = Arc::make_mut(&mut $world.changed);
        let (patches, base) = changed.edges.$there(&$world.base);
        let new = patches.$change(base, $a, edge!(@$change $ab));
        let (patches, base) = changed.edges.$back(&$world.base);
        patches.$change(base, $b, edge!(@$change $ba));
        new
    }};
    (@insert $edge:expr) => { $edge };
    (@remove $edge:expr) => { &$edge };
}

pub(super) use edge;

impl World {
    /// Adds a fact. What was stated before may be stated again; of two ends the later counts.
    ///
    /// # Errors
    ///
    /// The reason why the fact does not fit the policy or the facts that are there. Then nothing of
    /// it was taken.
    pub fn add(&mut self, fact: &Fact) -> Result<(), Refusal> {
        fit::add(self, &fact.into()).map_err(|reason| Refusal::new(fact, reason))
    }

    /// Takes a fact away. An entity alone goes with every fact that names it.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be: it does not fit the policy, or is not there.
    pub fn remove(&mut self, fact: &Fact) -> Result<(), Refusal> {
        self.take_away(&fact.kind)
            .map_err(|reason| Refusal::new(fact, reason))
    }

    /// How many changes there were since the world was built, or put in order.
    pub fn changes(&self) -> usize {
        self.changed.count
    }

    /// The same world put in order: what has changed becomes part of what is quick to read. Costs
    /// what building it costs.
    pub fn compacted(&self) -> Self {
        Stage::thaw(self).freeze()
    }

    pub(super) fn changed(&mut self) -> &mut Changed {
        // Two copies that change each in their own way must not pass for one version.
        static EDITIONS: AtomicU64 = AtomicU64::new(1);
        let changed = Arc::make_mut(&mut self.changed);
        changed.edition = EDITIONS.fetch_add(1, Ordering::Relaxed);
        changed
    }

    fn take_away(&mut self, fact: &FactKind) -> Result<(), Reason> {
        let removed = match &KindRef::from(fact) {
            KindRef::Entity {
                entity,
                containers,
                until: _,
                attributes,
            } => {
                if containers.is_empty() && attributes.is_empty() {
                    return self.remove_entity(entity);
                }
                self.remove_parts(entity, containers, attributes)?
            }
            KindRef::Holding {
                subject, role, of, ..
            } => {
                let key = Fit(self).holding(subject, role, of)?;
                self.drop_holding(key)
            }
            KindRef::Share {
                entity,
                with,
                level,
                ..
            } => {
                let key = Fit(self).share(entity, with, level)?;
                self.drop_share(key)
            }
            KindRef::CustomRole {
                role,
                of,
                can,
                description,
            } => {
                let (place, permissions) = Fit(self).custom_role(role, of, can)?;
                self.undefine(place, role, &permissions, *description)
            }
            KindRef::Relation {
                entity,
                relation,
                target,
            } => {
                let (from, relation, to) = Fit(self).relation(entity, relation, target)?;
                self.drop_relation(from, relation, to)
            }
        };
        if removed {
            Ok(())
        } else {
            Err(Reason::NotThere)
        }
    }

    /// Takes containers, memberships and attributes of an entity away; all of them must be there.
    fn remove_parts(
        &mut self,
        entity: &NameRef<'_>,
        containers: &[NameRef<'_>],
        attributes: &[(&str, &Value)],
    ) -> Result<bool, Reason> {
        let mut fit = Fit(self);
        let (ty, id) = fit.intern(entity)?;
        let mut others = Vec::new();
        for container in containers {
            others.push(fit.intern(container)?.1);
        }
        let mut columns = Vec::new();
        for (name, value) in attributes {
            let (column, datum) = fit.attribute(ty, name, value)?;
            if World::said(fit.0, id, column) != Some(&datum) {
                return Ok(false);
            }
            columns.push((column, datum));
        }
        let there = |other: &EntityId| {
            self.containers(id).any(|container| container == *other)
                || self.membership(id, *other).is_some()
        };
        if !others.iter().all(there) {
            return Ok(false);
        }
        for other in others {
            self.drop_container(id, other);
            self.drop_membership(id, other);
        }
        for (column, datum) in columns {
            self.drop_attribute(id, column, datum);
        }
        Ok(true)
    }

    fn remove_entity(&mut self, name: &NameRef<'_>) -> Result<(), Reason> {
        let (_, gone) = Fit(self).intern(name)?;
        if !self.is_known(gone) {
            return Err(Reason::NotThere);
        }
        if self.has(gone, Flag::DECLARED) {
            self.changed().count += 1;
            self.set(gone, Flag::DECLARED, false);
        }
        for container in self.containers(gone).collect::<Vec<_>>() {
            self.drop_container(gone, container);
        }
        for inside in self.contents(gone).collect::<Vec<_>>() {
            self.drop_container(inside, gone);
        }
        for group in self.groups().of(gone).copied().collect::<Vec<_>>() {
            self.drop_membership(gone, EntityId(group.id()));
        }
        for member in self.members().of(gone).copied().collect::<Vec<_>>() {
            self.drop_membership(EntityId(member.id()), gone);
        }
        let at = self.holdings_at(gone).chain(self.held_by(gone));
        let sets = self.sets_at(gone).chain(self.sets_of(gone));
        for held in at.chain(sets).collect::<Vec<_>>() {
            self.drop_holding((held.place, held.holder, held.set, held.role));
        }
        for share in self
            .shares_of(gone)
            .chain(self.received_by(gone))
            .collect::<Vec<_>>()
        {
            self.drop_share((share.entity, share.with, share.level));
        }
        for (relation, to) in self.relations().of(gone).copied().collect::<Vec<_>>() {
            self.drop_relation(gone, relation, to);
        }
        for (relation, from) in self.related().of(gone).copied().collect::<Vec<_>>() {
            self.drop_relation(from, relation, gone);
        }
        for (column, datum) in self.attributes().of(gone).cloned().collect::<Vec<_>>() {
            self.drop_attribute(gone, column, datum);
        }
        for (of, column) in self.mentions().of(gone).copied().collect::<Vec<_>>() {
            if let Some(datum) = self.said(of, column).cloned() {
                self.drop_attribute(of, column, datum);
            }
        }
        let made: Vec<RoleId> = self.made.at(gone).map(|(_, role)| role).collect();
        for role in made {
            self.made.remove(role);
        }
        self.settle(gone);
        Ok(())
    }

    /// What the sets of those who hold a role at an entity hold elsewhere.
    pub(crate) fn sets_of(&self, at: EntityId) -> impl Iterator<Item = Holding> {
        self.set_held()
            .of(at)
            .map(move |(set, place, role)| Holding {
                holder: at,
                set: Some(*set),
                place: *place,
                role: RoleId(role.id()),
                timed: role.timed(),
            })
    }

    /// Takes permissions from a role that customers made; or, where none is named, the role itself
    /// and every holding of it, so that a later role of that name has no holders.
    fn undefine(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> bool {
        let (Some(id), Some(ty)) = (self.made.find(place, name), self.type_of(place)) else {
            return false;
        };
        if !permissions.is_empty() || description.is_some() {
            let made = &mut self.made;
            let reduced = made.reduce(&self.plan, ty, id, permissions, description);
            self.changed().count += usize::from(reduced);
            return reduced;
        }
        let at = self.holdings_at(place).chain(self.sets_at(place));
        let at = at.filter(|held| held.role == id);
        let of = self.sets_of(place).filter(|held| held.set == Some(id));
        for held in at.chain(of).collect::<Vec<_>>() {
            self.drop_holding((held.place, held.holder, held.set, held.role));
        }
        self.changed().count += 1;
        self.made.remove(id);
        self.settle(place);
        true
    }

    /// Sets a flag of an entity that may be new.
    pub(super) fn set(&mut self, entity: EntityId, flag: Flag, to: bool) {
        if let Some(mut row) = self.row(entity) {
            row.set(flag, to);
            self.put(entity, row);
        }
    }

    pub(super) fn put(&mut self, entity: EntityId, mut row: Row) {
        row.set(Flag::CHANGED, true);
        self.changed().rows.insert_mut(entity, row);
    }

    /// Notes that a fact names an entity.
    pub(super) fn touch(&mut self, entity: EntityId) {
        let Some(row) = self.row(entity) else { return };
        if row.has(Flag::KNOWN) && row.has(Flag::CHANGED) {
            return;
        }
        self.set(entity, Flag::KNOWN, true);
        if !row.has(Flag::KNOWN) {
            self.note_lack(entity);
        }
    }

    /// Sets anew whether an entity lacks a container.
    pub(super) fn note_lack(&mut self, entity: EntityId) {
        let Some(row) = self.row(entity) else { return };
        let lacks = row.has(Flag::KNOWN) && !self.has_required(entity);
        if lacks == row.has(Flag::LACKING) {
            return;
        }
        self.set(entity, Flag::LACKING, lacks);
        let lacking = &mut self.changed().lacking;
        *lacking = if lacks {
            *lacking + 1
        } else {
            lacking.saturating_sub(1)
        };
    }

    /// Forgets an entity that no fact names any more.
    fn settle(&mut self, entity: EntityId) {
        let Some(row) = self.row(entity) else { return };
        let named = row.has(Flag::DECLARED)
            || row.parent != NONE
            || self.contents(entity).next().is_some()
            || self.has_edges(entity)
            || self.made.at(entity).next().is_some();
        if !named {
            self.set(entity, Flag::KNOWN, false);
            self.note_lack(entity);
        }
    }

    fn drop_container(&mut self, entity: EntityId, container: EntityId) -> bool {
        let Some(mut row) = self.row(entity) else {
            return false;
        };
        let dropped = if row.parent == container {
            row.parent = NONE;
            let number = self.base.tree.number(entity);
            self.put(entity, row);
            self.changed().detached.insert((number, entity));
            true
        } else {
            edge!(
                self,
                remove,
                more_containers(entity, container),
                more_contents(container, entity)
            )
        };
        if dropped {
            self.changed().count += 1;
            self.disturb(entity);
            self.note_lack(entity);
            self.settle(entity);
            self.settle(container);
        }
        dropped
    }

    /// Notes that something leads into an entity that did not before.
    pub(super) fn note_entry(&mut self, into: EntityId) {
        self.changed().count += 1;
        if into.index() < self.base.rows.len() {
            self.changed().entered.insert(into);
        }
    }

    /// Notes that other ways lead up from an entity than before, or that it gives roles to others.
    pub(super) fn disturb(&mut self, entity: EntityId) {
        let span = self.base.tree.span(entity);
        self.changed().disturb(span);
    }

    /// The same where an entity names another in another way, and gives what lies in it to whom it
    /// names.
    pub(super) fn disturb_named(&mut self, entity: EntityId) {
        let container = self.type_of(entity);
        if container.is_some_and(|ty| self.plan.is_container(ty)) {
            self.disturb(entity);
        }
    }

    /// Notes that a member has joined a group or left one: it may be a group itself.
    pub(super) fn note_move(&mut self, member: EntityId) {
        let ty = self.type_of(member);
        if ty.is_some_and(|ty| !self.plan.types[ty].members.is_empty()) {
            self.changed().groups_moved = true;
        }
        self.set(member, Flag::CHANGED, true);
    }

    /// The tag of a group that an entity is in.
    pub(super) fn membership(&self, member: EntityId, group: EntityId) -> Option<bool> {
        let groups = self.groups();
        let is = |timed| groups.contains(member, &Tag::new(group.0, timed));
        [false, true].into_iter().find(|timed| is(*timed))
    }

    pub(super) fn drop_membership(&mut self, member: EntityId, group: EntityId) -> bool {
        let Some(timed) = self.membership(member, group) else {
            return false;
        };
        let (there, back) = (Tag::new(group.0, timed), Tag::new(member.0, timed));
        edge!(self, remove, groups(member, there), members(group, back));
        self.drop_term(TermKey::Membership(member, group));
        self.note_move(member);
        self.settle(member);
        self.settle(group);
        true
    }

    /// Whether something is held, and if so, whether it ends.
    pub(super) fn held_for(&self, (place, holder, set, role): HoldingKey) -> Option<bool> {
        let is = |timed: bool| {
            let role = Tag::new(role.0, timed);
            match set {
                None => self.holdings().contains(place, &(holder, role)),
                Some(set) => self.set_holdings().contains(place, &(holder, set, role)),
            }
        };
        [false, true].into_iter().find(|timed| is(*timed))
    }

    pub(super) fn drop_holding(&mut self, key: HoldingKey) -> bool {
        let (place, holder, set, role) = key;
        let Some(timed) = self.held_for(key) else {
            return false;
        };
        let tag = Tag::new(role.0, timed);
        match set {
            None if holder == ANYONE => {
                let (there, back) = ((holder, tag), (place, tag));
                edge!(
                    self,
                    remove,
                    holdings(place, there),
                    held_by_anyone(ANYONES_PLACE, back)
                );
                self.drop_term(TermKey::Holding(place, holder, role));
            }
            None => {
                let (there, back) = ((holder, tag), (place, tag));
                edge!(self, remove, holdings(place, there), held(holder, back));
                self.drop_term(TermKey::Holding(place, holder, role));
            }
            Some(set) => {
                let (there, back) = ((holder, set, tag), (set, place, tag));
                edge!(
                    self,
                    remove,
                    set_holdings(place, there),
                    set_held(holder, back)
                );
                self.disturb(place);
                self.drop_term(TermKey::SetHolding(place, holder, set, role));
            }
        }
        self.settle(place);
        self.settle(holder);
        true
    }

    /// Whether something is shared so, and if so, whether that ends.
    pub(super) fn shared_for(&self, (entity, with, level): ShareKey) -> Option<bool> {
        let is = |timed| {
            self.shares()
                .contains(entity, &(with, Tag::new(level.0, timed)))
        };
        [false, true].into_iter().find(|timed| is(*timed))
    }

    pub(super) fn drop_share(&mut self, key: ShareKey) -> bool {
        let (entity, with, level) = key;
        let Some(timed) = self.shared_for(key) else {
            return false;
        };
        let tag = Tag::new(level.0, timed);
        let (there, back) = ((with, tag), (entity, tag));
        edge!(self, remove, shares(entity, there), received(with, back));
        self.disturb(entity);
        self.drop_term(TermKey::Share(entity, with, level));
        self.settle(entity);
        self.settle(with);
        true
    }

    fn drop_relation(&mut self, from: EntityId, relation: RelationId, to: EntityId) -> bool {
        let (there, back) = ((relation, to), (relation, from));
        let dropped = edge!(self, remove, relations(from, there), related(to, back));
        if dropped {
            self.changed().count += 1;
            self.disturb_named(from);
            self.settle(from);
            self.settle(to);
        }
        dropped
    }

    fn drop_attribute(&mut self, entity: EntityId, column: u32, datum: Datum) {
        let mut named: SmallVec<[EntityId; 4]> = SmallVec::new();
        each_entity(&datum, &mut |entity| named.push(entity));
        let changed = Arc::make_mut(&mut self.changed);
        changed.count += 1;
        let (patches, base) = changed.edges.attributes(&self.base);
        patches.remove(base, entity, &(column, datum));
        for named in &named {
            let (patches, base) = changed.edges.mentions(&self.base);
            patches.remove(base, *named, &(entity, column));
        }
        self.disturb_named(entity);
        self.settle(entity);
        for named in named {
            self.settle(named);
        }
    }

    fn drop_term(&mut self, key: TermKey) {
        self.changed().count += 1;
        if *self.term(&key) != Term::PLAIN {
            self.set_term(key, Term::PLAIN);
        }
    }

    pub(super) fn set_term(&mut self, key: TermKey, term: Term) {
        let in_base = self.base.terms.contains_key(&key);
        if term == Term::PLAIN && !in_base {
            self.changed().terms.remove_mut(&key);
        } else {
            self.changed().terms.insert_mut(key, term);
        }
    }

    /// The term of an edge that is stated again, or for the first time; nothing where what was said
    /// before counts for more.
    pub(super) fn extended(&self, key: &TermKey, known: bool, term: Term) -> Option<Term> {
        if !known {
            return Some(term);
        }
        let before = self.term(key);
        (before.until < term.until).then_some(term)
    }
}
