//! How a world takes one more fact, which fits.

use std::sync::Arc;

use smallvec::SmallVec;

use super::change::edge;
use super::fit::{Facts, HoldingKey, ShareKey};
use super::freeze::each_entity;
use super::kinds::{Tag, TermKey};
use super::refusal::Reason;
use super::rows::{Flag, NONE, Row};
use super::terms::{FOREVER, Term};
use super::{ANYONE, ANYONES_PLACE, World};
use crate::plan::{Datum, EntityId, Id, Plan, RelationId, RoleId, TypeId};

impl Facts for World {
    fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn find_type(&self, name: &str) -> Option<TypeId> {
        World::find_type(self, name)
    }

    fn intern(&mut self, ty: TypeId, id: &str) -> Option<EntityId> {
        if let Some(found) = self.find_any(ty, id) {
            return Some(found);
        }
        let next = u32::try_from(self.entity_count()).ok();
        let next = next.filter(|next| *next < super::MOST_ENTITIES && ty.0 < super::MOST_TYPES);
        let entity = EntityId(next.filter(|_| id.len() <= super::names::LONGEST)?);
        let changed = self.changed();
        let name: Arc<str> = id.into();
        let mut named = changed.by_name.get(id).cloned().unwrap_or_default();
        named.push((ty, entity));
        changed.by_name.insert_mut(Arc::clone(&name), named);
        changed.names.push_back_mut(name);
        self.put(entity, Row::new(ty));
        Some(entity)
    }

    fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        World::type_of(self, entity)
    }

    fn id_text(&self, entity: EntityId) -> Option<&str> {
        World::id_text(self, entity)
    }

    fn containers_of(&self, entity: EntityId) -> SmallVec<[EntityId; 4]> {
        self.containers(entity).collect()
    }

    fn nested_in(&self, entity: EntityId) -> SmallVec<[EntityId; 4]> {
        let ty = World::type_of(self, entity);
        let inside = self.contents(entity);
        inside
            .filter(|inside| World::type_of(self, *inside) == ty)
            .collect()
    }

    fn said(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        World::said(self, entity, column)
    }

    fn made_role(&self, place: EntityId, name: &str) -> Option<RoleId> {
        self.made.find(place, name)
    }

    fn made_roles(&self, place: EntityId) -> Vec<String> {
        self.made
            .at(place)
            .map(|(name, _)| name.to_string())
            .collect()
    }

    fn declare(&mut self, entity: EntityId) {
        if !self.has(entity, Flag::DECLARED) {
            self.changed().count += 1;
            self.set(entity, Flag::DECLARED, true);
        }
        self.touch(entity);
    }

    fn contain(&mut self, entity: EntityId, container: EntityId) {
        let Some(mut row) = self.row(entity) else {
            return;
        };
        if row.parent == container {
            return;
        }
        let before = self.base.rows.get(entity.index()).map(|row| row.parent);
        let new = if row.parent == NONE && before == Some(container) {
            // Back to where its interval is.
            row.parent = container;
            self.put(entity, row);
            let number = self.base.tree.number(entity);
            self.changed().detached.remove(&(number, entity));
            true
        } else {
            edge!(
                self,
                insert,
                more_containers(entity, container),
                more_contents(container, entity)
            )
        };
        if new {
            self.disturb(entity);
            self.note_entry(container);
        }
        self.touch(entity);
        self.touch(container);
        self.note_lack(entity);
    }

    fn join(&mut self, member: EntityId, group: EntityId, term: Term) {
        let key = TermKey::Membership(member, group);
        let known = self.membership(member, group).is_some();
        let Some(term) = self.extended(&key, known, term) else {
            return;
        };
        self.drop_membership(member, group);
        let timed = term.until != FOREVER;
        let (there, back) = (Tag::new(group.0, timed), Tag::new(member.0, timed));
        edge!(self, insert, groups(member, there), members(group, back));
        self.changed().count += 1;
        self.set_term(key, term);
        self.note_move(member);
        self.touch(member);
        self.touch(group);
    }

    fn say(&mut self, entity: EntityId, column: u32, datum: Datum) {
        let mut named: SmallVec<[EntityId; 4]> = SmallVec::new();
        each_entity(&datum, &mut |entity| named.push(entity));
        let changed = Arc::make_mut(&mut self.changed);
        let (patches, base) = changed.edges.attributes(&self.base);
        if patches.insert(base, entity, (column, datum)) {
            changed.count += 1;
        }
        for named in &named {
            let (patches, base) = changed.edges.mentions(&self.base);
            patches.insert(base, *named, (entity, column));
        }
        self.disturb_named(entity);
        self.touch(entity);
        for named in named {
            self.touch(named);
        }
    }

    fn hold(&mut self, key: HoldingKey, term: Term) {
        let (place, holder, set, role) = key;
        let term_key = match set {
            None => TermKey::Holding(place, holder, role),
            Some(set) => TermKey::SetHolding(place, holder, set, role),
        };
        let known = self.held_for(key).is_some();
        let Some(term) = self.extended(&term_key, known, term) else {
            return;
        };
        self.drop_holding(key);
        let tag = Tag::new(role.0, term.until != FOREVER);
        match set {
            None if holder == ANYONE => {
                let (there, back) = ((holder, tag), (place, tag));
                edge!(
                    self,
                    insert,
                    holdings(place, there),
                    held_by_anyone(ANYONES_PLACE, back)
                );
            }
            None => {
                let (there, back) = ((holder, tag), (place, tag));
                edge!(self, insert, holdings(place, there), held(holder, back));
            }
            Some(set) => {
                let (there, back) = ((holder, set, tag), (set, place, tag));
                edge!(
                    self,
                    insert,
                    set_holdings(place, there),
                    set_held(holder, back)
                );
                self.disturb(place);
            }
        }
        self.changed().count += 1;
        self.set_term(term_key, term);
        self.touch(place);
        self.touch(holder);
    }

    fn share(&mut self, key: ShareKey, term: Term) {
        let (entity, with, level) = key;
        let term_key = TermKey::Share(entity, with, level);
        let known = self.shared_for(key).is_some();
        let Some(term) = self.extended(&term_key, known, term) else {
            return;
        };
        self.drop_share(key);
        let tag = Tag::new(level.0, term.until != FOREVER);
        let (there, back) = ((with, tag), (entity, tag));
        edge!(self, insert, shares(entity, there), received(with, back));
        self.disturb(entity);
        self.note_entry(with);
        self.set_term(term_key, term);
        self.touch(entity);
        self.touch(with);
    }

    fn relate(&mut self, from: EntityId, relation: RelationId, to: EntityId) {
        let (there, back) = ((relation, to), (relation, from));
        if edge!(self, insert, relations(from, there), related(to, back)) {
            self.changed().count += 1;
            self.disturb_named(from);
        }
        self.touch(from);
        self.touch(to);
    }

    fn define(
        &mut self,
        place: EntityId,
        name: &str,
        permissions: &[Box<str>],
        description: Option<&str>,
    ) -> Result<(), Reason> {
        let ty = World::type_of(self, place).ok_or(Reason::TooMany)?;
        let plan = Arc::clone(&self.plan);
        self.made
            .define(&plan, (place, ty), name, permissions, description)?;
        self.changed().count += 1;
        self.touch(place);
        Ok(())
    }
}
