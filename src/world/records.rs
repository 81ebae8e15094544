//! What a check reads of a world: what its subject holds, and where its resource lies.

use std::ops::ControlFlow;

use super::World;
use super::reach::{MOST, Places, Record, Records, UNTOLD};
use super::rows::Row;
use crate::plan::{EntityId, Id, RoleId, TypeId};

/// A subject of more groups than this is asked in the general way.
const MOST_GROUPS: usize = 64;

impl World {
    /// What can be read at once of both; a number that means nothing.
    #[inline]
    pub(crate) fn read_first(&self, (ty, subject): (TypeId, EntityId), resource: EntityId) -> u32 {
        let row = |entity: EntityId| self.base.rows.get(entity.index()).copied();
        let flags = |entity| row(entity).map_or(0, |row| row.parts().1);
        let starts = self.reach.starts(ty, subject).unwrap_or([0; 2]);
        let number = self.base.tree.number(resource);
        let sum = flags(subject).wrapping_add(flags(resource));
        sum.wrapping_add(number).wrapping_add(starts[0])
    }

    /// What can be read when it is known where the records of a subject and of its first group begin:
    /// some of each line of the cache that they stand in. A number that means nothing.
    #[inline]
    pub(crate) fn read_record(&self, ty: TypeId, subject: EntityId) -> u32 {
        const LINE: usize = 16;
        let words = &self.reach.words;
        let word = |at: usize| words.get(at).copied().unwrap_or(0);
        let [own, group] = self.reach.starts(ty, subject).unwrap_or([0; 2]);
        let (own, group) = (own as usize, group as usize);
        let lines = [own, own + LINE, group, group + LINE, group + 2 * LINE];
        lines
            .iter()
            .fold(0, |sum: u32, at| sum.wrapping_add(word(*at)))
    }

    /// Finds what is known of a subject of the base, of its groups and of everybody; whether it is
    /// known, and still so.
    pub(crate) fn find_records<'w>(
        &'w self,
        ty: TypeId,
        subject: EntityId,
        records: &mut Records<'w>,
    ) -> bool {
        self.each_record(ty, subject, &mut |record| {
            records.push(*record);
            ControlFlow::Continue(())
        })
        .is_some()
    }

    /// Tells what is known of a subject of the base, of its groups and of everybody, until it is told
    /// to stop; nothing where something is not known, or no more so.
    // A record that goes through memory on its way to the caller costs more than to look at it.
    #[inline(always)]
    pub(crate) fn each_record<'w>(
        &'w self,
        ty: TypeId,
        subject: EntityId,
        tell: &mut impl FnMut(&Record<'w>) -> ControlFlow<()>,
    ) -> Option<()> {
        let reach = &*self.reach;
        // Where the record of the first group begins is known beforehand, so that it can be read while
        // that of the subject is not read yet.
        let [mut at, mut next] = reach.starts(ty, subject)?;
        let changed = self.changed.count != 0;
        if changed && !self.is_settled(subject) {
            return None;
        }
        let anyone = reach.of_anyone()?;
        let mut rest: Option<&[u32]> = None;
        let mut held = 0;
        loop {
            let record = reach.record(at)?;
            held += record.wide.len();
            let groups = rest.unwrap_or(record.starts);
            let much = held > 4 * MOST || groups.len() > MOST_GROUPS;
            if much || changed && self.has_moved(&record) {
                return None;
            }
            if tell(&record).is_break() {
                return Some(());
            }
            if next == UNTOLD {
                break;
            }
            at = next;
            let after = groups.get(1..).unwrap_or(&[]);
            next = after.first().copied().unwrap_or(UNTOLD);
            rest = Some(after);
        }
        if !anyone.is_empty() {
            let _ = tell(&anyone);
        }
        Some(())
    }

    /// Whether nothing has changed of what a subject holds by itself, of its groups, and of what
    /// everybody holds.
    #[cold]
    fn is_settled(&self, subject: EntityId) -> bool {
        let (changed, edges) = (&self.changed, &self.changed.edges);
        !changed.groups_moved
            && edges.held_by_anyone.is_empty()
            && !changed.rows.contains_key(&subject)
            && !edges.held.has(subject)
    }

    /// Whether something has changed of what the groups in a record hold.
    #[cold]
    fn has_moved(&self, record: &Record<'_>) -> bool {
        let held = &self.changed.edges.held;
        let mut groups = record.groups.iter();
        groups.any(|group| held.has(EntityId(*group)))
    }

    /// Whom the links of a resource of the base name, sorted, with the roles that these give.
    #[inline]
    pub(crate) fn named_by(&self, resource: EntityId) -> &[(EntityId, RoleId)] {
        self.reach.named.of(resource)
    }

    /// Everything that an entity of the base with several containers lies in; nothing where there is
    /// more to know of the ways up from it.
    #[inline]
    pub(crate) fn all_above(&self, entity: EntityId) -> Option<Places<'_>> {
        let above = self.reach.above(entity)?;
        // A change further up disturbs what lies below in the tree, which this entity may not.
        let is_settled = |place: &u32| self.settled_number(EntityId(*place)).is_some();
        let settled = self.changed.disturbed.is_empty() || above.all.iter().all(is_settled);
        settled.then_some(above)
    }

    /// The number of a resource of the base above which no way has changed.
    #[inline]
    pub(crate) fn settled_number(&self, entity: EntityId) -> Option<(Row, u32)> {
        let row = *self.base.rows.get(entity.index())?;
        let number = self.base.tree.number(entity);
        let changed = &self.changed;
        if !changed.disturbed.is_empty() {
            // They do not lie in each other: the first that ends behind it, or none, has it inside.
            let mut behind = changed.disturbed.from(&(number, 0));
            if behind.next().is_some_and(|(_, first)| *first <= number) {
                return None;
            }
        }
        Some((row, number))
    }
}
