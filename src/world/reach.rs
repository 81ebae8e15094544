//! Where what each holder holds counts, as intervals of the tree.
//!
//! A check that knows the number of its resource finds the roles that count there by looking at what
//! its subject holds, without going up from the resource. All of it is worked out when the base is
//! made; what does not fit into it is asked for in the general way.

use std::ops::Range;

use smallvec::SmallVec;

use super::kinds::{BaseEdges, Tag};
use super::rows::{Flag, NONE, Row};
use super::runs::Runs;
use super::tree::Tree;
use super::{ANYONES_PLACE, Base, Changed, World};
use crate::plan::{EntityId, Id, Link, Plan, RoleId, TypeId, TypeKind};

/// A holder with more than this is asked in the general way: there, what it holds elsewhere costs
/// nothing.
const MOST: usize = 256;

/// The same goes for a subject of more groups than this.
const MOST_GROUPS: usize = 64;

/// Where no record is.
const UNTOLD: u32 = u32::MAX;

/// A role held at a place, with the numbers of what lies in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hold {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) place: EntityId,
    pub(crate) role: Tag,
}

/// What is known of one holder.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Record<'w> {
    /// Its groups; of a group, all around it to any depth.
    groups: &'w [u32],
    /// Where the records of its groups begin; none for a group, which has in its own what they hold.
    starts: &'w [u32],
    holds: &'w [[u32; 4]],
}

/// What is known of a subject, of everybody, and of the groups of the subject.
pub(crate) type Records<'w> = SmallVec<[Record<'w>; 8]>;

/// The records of all holders, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// By type, the ids of its entities and where theirs begin in `starts`; none where entities of the
    /// type hold nothing.
    holders: Vec<(Range<u32>, u32)>,
    /// Where the record of each holder begins, and that of its first group: so neither has to be
    /// waited for before the other is read.
    starts: Vec<[u32; 2]>,
    /// Each record: how many groups, records of groups and roles; then these, four numbers for each
    /// role held.
    words: Vec<u32>,
    /// What everybody holds; nothing where that is not told here.
    anyone: Option<Vec<[u32; 4]>>,
    above: Above,
}

/// By an entity that has several containers, all that it lies in to any depth, where that is all that
/// there is to know of the ways up from it.
#[derive(Debug, Default)]
struct Above {
    /// Whose list begins where in `words`, sorted.
    starts: Runs<u32>,
    /// Each list: how many, 64 bits that say which lowest bits of ids are in it, the ids.
    words: Vec<u32>,
}

/// Entities, with the bits that most others fail at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places<'w> {
    signs: u64,
    all: &'w [u32],
}

impl Places<'_> {
    #[inline]
    pub(crate) fn contains(self, place: EntityId) -> bool {
        // Without an early end, so that several are compared at once.
        let among = |all: &[u32]| all.iter().fold(false, |is, other| is | (*other == place.0));
        self.signs >> (place.0 & 63) & 1 == 1 && among(self.all)
    }
}

impl<'w> Record<'w> {
    /// Whether it names a group.
    #[inline]
    pub(crate) fn is_in(self, group: EntityId) -> bool {
        self.groups.contains(&group.0)
    }

    /// The roles that are held, by itself or, of a group, by a group around it.
    #[inline]
    pub(crate) fn holds(self) -> impl Iterator<Item = Hold> + use<'w> {
        self.holds.iter().map(|[first, last, place, role]| Hold {
            first: *first,
            last: *last,
            place: EntityId(*place),
            role: Tag::of_bits(*role),
        })
    }
}

impl Reach {
    /// Where the record of a holder begins, and that of its first group.
    #[inline]
    fn starts(&self, ty: TypeId, holder: EntityId) -> Option<[u32; 2]> {
        let (ids, begin) = self.holders.get(ty.index())?;
        // Whoever is new, or known to nobody, has an id behind those of the base.
        let index = begin.checked_add(holder.0.checked_sub(ids.start)?)?;
        let starts = self.starts.get(index as usize);
        starts.filter(|_| ids.contains(&holder.0)).copied()
    }

    /// The record that begins there; nothing where none does.
    #[inline]
    fn record(&self, start: u32) -> Option<Record<'_>> {
        let (counts, rest) = self.words.get(start as usize..)?.split_first_chunk::<3>()?;
        let [groups, starts, holds] = counts.map(|count| count as usize);
        let (groups, rest) = rest.split_at_checked(groups)?;
        let (starts, rest) = rest.split_at_checked(starts)?;
        let holds = rest.as_chunks().0.get(..holds)?;
        Some(Record {
            groups,
            starts,
            holds,
        })
    }

    /// What everybody holds; nothing where that is not told here.
    #[inline]
    pub(crate) fn of_anyone(&self) -> Option<Record<'_>> {
        let holds = self.anyone.as_deref()?;
        Some(Record {
            holds,
            ..Record::default()
        })
    }

    /// Everything that an entity with several containers lies in; nothing where there is more to
    /// know of the ways up from it.
    #[inline]
    pub(crate) fn above(&self, entity: EntityId) -> Option<Places<'_>> {
        let start = *self.above.starts.of(entity).first()? as usize;
        let (head, rest) = self.above.words.get(start..)?.split_at_checked(3)?;
        let [count, low, high] = head else {
            return None;
        };
        Some(Places {
            signs: u64::from(*high) << 32 | u64::from(*low),
            all: rest.get(..*count as usize)?,
        })
    }

    /// What it takes in memory, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let words =
            2 * self.starts.capacity() + self.words.capacity() + self.above.words.capacity();
        words * 4 + self.above.starts.bytes()
    }
}

/// What records are made from.
struct Making<'m> {
    plan: &'m Plan,
    rows: &'m [Row],
    tree: &'m Tree,
    edges: &'m BaseEdges,
    closures: &'m Runs<Tag>,
    /// Whether some container gives roles to whom it names.
    is_linked: bool,
}

impl Reach {
    pub(super) fn new(plan: &Plan, base: &Base) -> Self {
        if !plan
            .types
            .iter()
            .any(|(ty, _)| plan.facets.cells.suffice(ty))
        {
            return Self::default();
        }
        let making = Making {
            plan,
            rows: &base.rows,
            tree: &base.tree,
            edges: &base.edges,
            closures: &base.closures,
            is_linked: plan
                .facets
                .links
                .iter()
                .any(|(ty, _)| plan.is_container(*ty)),
        };
        let mut reach = Self {
            holders: vec![(0..0, 0); plan.types.len()],
            ..Self::default()
        };
        let ends = base.types.iter().skip(1).map(|(_, first)| first.0);
        let count = u32::try_from(base.rows.len()).unwrap_or(u32::MAX);
        let holders = base.types.iter().zip(ends.chain([count]));
        let holders = holders.filter_map(|((ty, first), end)| {
            let info = plan.types.find(*ty)?;
            let holds = info.kind == TypeKind::Subject && info.acts_for.is_none();
            holds.then_some((*ty, !info.members.is_empty(), first.0..end))
        });
        let (groups, others): (Vec<_>, Vec<_>) = holders.partition(|(_, is_group, _)| *is_group);
        let mut holds = Vec::new();
        // The records of members say where those of their groups begin.
        for (ty, is_group, range) in groups.into_iter().chain(others) {
            let begin = u32::try_from(reach.starts.len()).unwrap_or(u32::MAX);
            if let Some(holders) = reach.holders.get_mut(ty.index()) {
                *holders = (range.clone(), begin);
            }
            for holder in range.map(EntityId) {
                holds.clear();
                let starts = making.record(&mut reach, holder, is_group, &mut holds);
                reach.starts.push(starts.unwrap_or([UNTOLD; 2]));
            }
        }
        reach.starts.shrink_to_fit();
        reach.words.shrink_to_fit();
        let mut anyone = Vec::new();
        let all = base.edges.held_by_anyone.of(ANYONES_PLACE);
        let told = making.add_held(all, &mut anyone);
        reach.anyone = told.then_some(anyone);
        reach.above = making.above();
        reach
    }
}

impl Making<'_> {
    /// Writes the record of a holder; where it begins and that of its first group. Nothing where it
    /// would not tell all.
    fn record(
        &self,
        reach: &mut Reach,
        holder: EntityId,
        is_group: bool,
        holds: &mut Vec<[u32; 4]>,
    ) -> Option<[u32; 2]> {
        let row = self.rows.get(holder.index())?;
        if !row.is_known() || row.has(Flag::LEAVES) || !self.add_all(holder, is_group, holds) {
            return None;
        }
        let groups: &[Tag] = match row.has(Flag::MEMBER) {
            true if is_group => self.closures.of(holder),
            true => self.edges.groups.of(holder),
            false => &[],
        };
        let mut starts: SmallVec<[u32; 8]> = SmallVec::new();
        for group in groups.iter().map(|group| EntityId(group.id())) {
            if is_group {
                if holds.len() > MOST || !self.add_all(group, true, holds) {
                    return None;
                }
            } else {
                let ty = self.rows.get(group.index())?.ty();
                let [start, _] = reach.starts(ty, group)?;
                starts.push(Some(start).filter(|start| *start != UNTOLD)?);
            }
        }
        holds.sort_unstable();
        holds.dedup();
        if holds.len() > MOST {
            return None;
        }
        // Behind the last record nothing may begin, so that no number of one is UNTOLD.
        let start = u32::try_from(reach.words.len()).ok()?;
        let counts = [groups.len(), starts.len(), holds.len()].map(u32::try_from);
        for count in counts {
            reach.words.push(count.ok()?);
        }
        reach.words.extend(groups.iter().map(|group| group.id()));
        reach.words.extend(&starts);
        reach.words.extend(holds.as_flattened());
        Some([start, starts.first().copied().unwrap_or(UNTOLD)])
    }

    /// Adds what a holder holds by facts, by sets, and by links from containers; whether that is
    /// all.
    fn add_all(&self, holder: EntityId, is_group: bool, holds: &mut Vec<[u32; 4]>) -> bool {
        let held = self.edges.held.of(holder);
        self.add_held(held, holds) && self.add_linked(holder, is_group, holds)
    }

    fn add(&self, place: EntityId, role: Tag, holds: &mut Vec<[u32; 4]>) -> bool {
        let Some((first, last)) = self.tree.span(place) else {
            return false;
        };
        holds.push([first, last, place.0, role.bits()]);
        holds.len() <= 4 * MOST
    }

    fn add_held(&self, held: &[(EntityId, Tag)], holds: &mut Vec<[u32; 4]>) -> bool {
        held.len() <= MOST
            && held.iter().all(|(place, role)| {
                self.add(*place, *role, holds) && self.add_by_sets(*place, *role, holds)
            })
    }

    /// Adds what the sets hold that a role makes one part of.
    fn add_by_sets(&self, at: EntityId, held: Tag, holds: &mut Vec<[u32; 4]>) -> bool {
        let sets = self.edges.set_held.of(at);
        // Each member looks at all of them.
        sets.len() <= MOST
            && sets.iter().all(|(set, place, role)| {
                let id = RoleId(held.id());
                let declared = self.plan.roles.find(id);
                let is_in = id == *set || declared.is_some_and(|held| held.gives(*set));
                // When both end is not told by one number.
                !is_in || !held.timed() && !role.timed() && self.add(*place, *role, holds)
            })
    }

    /// Adds the roles that containers give to whom they name.
    fn add_linked(&self, holder: EntityId, is_group: bool, holds: &mut Vec<[u32; 4]>) -> bool {
        let related = self.edges.related.of(holder).iter();
        let related = related.map(|(relation, from)| (*from, Link::Relation(*relation)));
        let mentions = self.edges.mentions.of(holder).iter();
        let mentions = mentions.map(|(from, column)| (*from, Link::Attribute(*column)));
        if !self.is_linked {
            return true;
        }
        // All groups in a group look at what names it.
        if is_group && related.len() + mentions.len() > 4 * MOST {
            return false;
        }
        related.chain(mentions).all(|(from, link)| {
            let ty = self.rows.get(from.index()).map(|row| row.ty());
            let container = ty.filter(|ty| self.plan.is_container(*ty));
            let simple = container.and_then(|ty| self.plan.simple_also(ty));
            let mut simple = simple
                .unwrap_or(&[])
                .iter()
                .filter(|also| also.link == link);
            simple.all(|also| self.add(from, Tag::new(also.role.0, false), holds))
        })
    }

    /// Everything that each entity with several containers lies in.
    fn above(&self) -> Above {
        let mut above = Above::default();
        let mut starts = Vec::new();
        // What is found in vain counts too, so that neither memory nor time is more than that.
        let mut left = 8 * self.edges.more_containers.len() + 1024;
        for (entity, _) in self.edges.more_containers.each() {
            let all = self.all_above(entity);
            let Some(rest) = left.checked_sub(all.as_ref().map_or(MOST, Vec::len)) else {
                break;
            };
            left = rest;
            let Some(all) = all else { continue };
            let signs = all.iter().fold(0u64, |signs, of| signs | 1 << (of & 63));
            let (Ok(start), Ok(count)) =
                (u32::try_from(above.words.len()), u32::try_from(all.len()))
            else {
                break;
            };
            starts.push((entity, start));
            above
                .words
                .extend([count, signs as u32, (signs >> 32) as u32]);
            above.words.extend(all);
        }
        above.words.shrink_to_fit();
        above.starts = Runs::new(starts);
        above
    }

    fn all_above(&self, entity: EntityId) -> Option<Vec<u32>> {
        let mut all: Vec<u32> = Vec::new();
        let mut at = entity;
        let mut next = 0;
        loop {
            let row = self.rows.get(at.index())?;
            let parent = Some(row.parent).filter(|parent| *parent != NONE);
            let more = match row.has(Flag::MORE_CONTAINERS) {
                true => self.edges.more_containers.of(at),
                false => &[],
            };
            for container in parent.iter().chain(more) {
                if !all.contains(&container.0) {
                    all.push(container.0);
                }
                if all.len() > MOST {
                    return None;
                }
            }
            let Some(container) = all.get(next) else {
                return Some(all);
            };
            at = EntityId(*container);
            next += 1;
            if self
                .rows
                .get(at.index())?
                .has(Flag::SHARED | Flag::NESTED_SETS)
            {
                return None;
            }
        }
    }
}

impl Changed {
    /// Notes that the ways up from an entity of the base, or who it names, have changed.
    pub(super) fn disturb(&mut self, span: Option<(u32, u32)>) {
        let Some((first, last)) = span else { return };
        let mut inside = Vec::new();
        for other in self.disturbed.from(&(first, 0)) {
            if other.1 <= first && last <= other.0 {
                return;
            }
            if other.0 > last {
                break;
            }
            inside.push(*other);
        }
        for other in inside {
            self.disturbed.remove(&other);
        }
        self.disturbed.insert((last, first));
    }
}

impl World {
    /// Reads what a check will read of its subject and resource, and asks nothing of it: so it is on
    /// its way while something else is waited for.
    #[inline]
    pub(crate) fn read_ahead(&self, (ty, subject): (TypeId, EntityId), resource: EntityId) {
        let first = self.read_first((ty, subject), resource);
        std::hint::black_box(first.wrapping_add(self.read_record(ty, subject)));
    }

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

    /// The type of an entity of the base, by its id alone.
    #[inline]
    pub(crate) fn type_by_id(&self, entity: EntityId) -> Option<TypeId> {
        if entity.index() >= self.base.rows.len() {
            return self.type_of(entity);
        }
        let types = &self.base.types;
        let after = types.partition_point(|(_, first)| *first <= entity);
        types.get(after.checked_sub(1)?).map(|(ty, _)| *ty)
    }

    /// Finds what is known of a subject of the base and of its groups, if that is still so; whether
    /// it is.
    #[inline]
    pub(crate) fn find_records<'w>(
        &'w self,
        ty: TypeId,
        subject: EntityId,
        records: &mut Records<'w>,
    ) -> bool {
        self.add_records(ty, subject, records).is_some()
            && (self.changed.count == 0 || self.are_settled(subject, records))
    }

    #[inline]
    fn add_records<'w>(
        &'w self,
        ty: TypeId,
        subject: EntityId,
        records: &mut Records<'w>,
    ) -> Option<()> {
        let reach = &*self.reach;
        let [own, first_group] = reach.starts(ty, subject)?;
        // The first group first: what it needs can be read while its number is not read yet.
        if let Some(group) = reach.record(first_group) {
            records.push(group);
        }
        let own = reach.record(own)?;
        records.push(own);
        if own.starts.len() > MOST_GROUPS {
            return None;
        }
        for start in own.starts.iter().skip(1) {
            records.push(reach.record(*start)?);
        }
        let held: usize = records.iter().map(|record| record.holds.len()).sum();
        if held > 4 * MOST {
            return None;
        }
        let anyone = reach.of_anyone()?;
        if !anyone.holds.is_empty() {
            records.push(anyone);
        }
        Some(())
    }

    /// Whether nothing has changed of what records tell.
    #[cold]
    fn are_settled(&self, subject: EntityId, records: &Records<'_>) -> bool {
        let (changed, edges) = (&self.changed, &self.changed.edges);
        let moved = |holder: &u32| edges.held.has(EntityId(*holder));
        !changed.groups_moved
            && edges.held_by_anyone.is_empty()
            && !changed.rows.contains_key(&subject)
            && !edges.held.has(subject)
            && !records.iter().any(|record| record.groups.iter().any(moved))
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
