//! What a check reads of a world: what its subject holds, and where its resource lies.

use super::World;
use super::reach::{Places, Reach, Record, Records, UNTOLD};
use super::rows::Row;
use crate::plan::{EntityId, Id, RoleId, TypeId};

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
        let mut find = || {
            let mut all = self.records(ty, subject)?;
            while let Some(record) = all.next()? {
                records.push(record);
            }
            Some(())
        };
        find().is_some()
    }

    /// What is known of a subject of the base, of its groups and of everybody, one after the other;
    /// nothing where it is not known, or no more so.
    #[inline(always)]
    pub(crate) fn records(&self, ty: TypeId, subject: EntityId) -> Option<EachRecord<'_>> {
        let reach = &*self.reach;
        let [own, group] = reach.starts(ty, subject)?;
        // To the walk that means an end, and not that nobody knows.
        if own == UNTOLD {
            return None;
        }
        let changed = self.changed.count != 0;
        if changed && !self.is_settled(subject) {
            return None;
        }
        Some(EachRecord {
            world: self,
            reach,
            changed,
            at: own,
            next: group,
            rest: None,
            anyone: reach.of_anyone()?,
        })
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

    /// Whether something has changed of what these groups hold.
    #[cold]
    fn has_moved(&self, groups: &[u32]) -> bool {
        let held = &self.changed.edges.held;
        let mut groups = groups.iter();
        groups.any(|group| held.has(EntityId(*group)))
    }

    /// Whom the links of a resource of the base name, sorted, with the roles that these give.
    #[inline]
    pub(crate) fn named_by(&self, resource: EntityId) -> &[(EntityId, RoleId)] {
        self.reach.named.of(resource)
    }

    /// Everything that an entity of the base with several containers lies in; nothing where there is
    /// more to know of the ways up from it.
    // A call of it would cost as much as what it does.
    #[inline(always)]
    pub(crate) fn all_above(&self, entity: EntityId) -> Option<Places<'_>> {
        let above = self.reach.above(entity)?;
        // A change further up disturbs what lies below in the tree, which this entity may not.
        let is_settled = |place: &u32| self.settled_number(EntityId(*place)).is_some();
        let settled = self.changed.disturbed.is_empty() || above.all.iter().all(is_settled);
        settled.then_some(above)
    }

    /// The number of a resource of the base above which no way has changed.
    // A call of it would cost as much as what it does.
    #[inline(always)]
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

/// Goes through the records of a subject.
pub(crate) struct EachRecord<'w> {
    world: &'w World,
    reach: &'w Reach,
    changed: bool,
    /// Where the next record begins, and the one behind it. That of the first group is known
    /// beforehand, so that it can be read while that of the subject is not read yet.
    at: u32,
    next: u32,
    /// Where those of the groups begin, from `next` on; nothing before the first record is read.
    rest: Option<&'w [u32]>,
    anyone: Record<'w>,
}

impl<'w> EachRecord<'w> {
    /// The next record, or that there is none; nothing where something is not known, or no more so.
    // A record that goes through memory on its way to the caller costs more than to look at it.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Option<Record<'w>>> {
        if self.at == UNTOLD {
            let anyone = std::mem::take(&mut self.anyone);
            return Some(Some(anyone).filter(|anyone| !anyone.is_empty()));
        }
        let record = self.reach.record(self.at)?;
        if self.changed && self.world.has_moved(record.groups) {
            return None;
        }
        let groups = self.rest.unwrap_or(record.starts);
        let after = groups.get(1..).unwrap_or(&[]);
        self.at = self.next;
        self.next = after.first().copied().unwrap_or(UNTOLD);
        self.rest = Some(after);
        Some(Some(record))
    }
}
