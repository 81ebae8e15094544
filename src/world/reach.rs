//! Where what each holder holds counts, as intervals of the tree.
//!
//! A check that knows the number of its resource finds the roles that count there by looking at what
//! its subject holds, without going up from the resource. All of it is worked out when the base is
//! made; what does not fit into it is asked for in the general way.

use std::ops::Range;

use smallvec::SmallVec;

use super::freeze::each_entity;
use super::kinds::{BaseEdges, Tag};
use super::rows::{Flag, NONE, Row};
use super::runs::Runs;
use super::tree::Tree;
use super::{ANYONES_PLACE, Base, Changed};
use crate::plan::{EntityId, Id, Link, Plan, RoleId, TypeId, TypeKind};

/// A holder of more than this on containers is asked in the general way: there, what it holds elsewhere
/// costs nothing.
const MOST: usize = 256;

/// So is a subject of more groups than this, and one that holds four times as much with its groups.
const MOST_GROUPS: usize = 64;

/// How many bits the number of roles on containers takes in a record.
const WIDE_BITS: u32 = 9;
const WIDE: u32 = (1 << WIDE_BITS) - 1;
const _: () = assert!(MOST <= WIDE as usize);

/// Where no record is.
pub(super) const UNTOLD: u32 = u32::MAX;

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
    pub(super) groups: &'w [u32],
    /// Where the records of its groups begin; none for a group, which has in its own what they hold.
    pub(super) starts: &'w [u32],
    pub(super) wide: &'w [[u32; 4]],
    points: &'w [[u32; 2]],
    /// A bit for each number in `points`, by its lowest bits: most others have none of these.
    signs: u32,
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
    /// Each record: how many groups, and whether the records of these are told; how many roles on
    /// containers, and how many others; signs of these. Then all of it in this order. The former are
    /// intervals with place and role; the latter have the number of what they are held on, sorted.
    pub(super) words: Vec<u32>,
    /// What everybody holds; nothing where that is not told here.
    anyone: Option<Gathered>,
    above: Above,
    /// Whom the links of a resource name, and the roles that these give them there. Those of
    /// containers stand with whom they name.
    pub(super) named: Runs<(EntityId, RoleId)>,
}

/// By an entity that has several containers, all that it lies in to any depth, where that is all that
/// there is to know of the ways up from it.
#[derive(Debug, Default)]
struct Above {
    /// The first entity that has a list, and where in `words` it begins, and those of all others up to
    /// the last that has one. Their types stand together, so these are not many more.
    first: u32,
    starts: Vec<u32>,
    /// Each list: how many, 64 bits that say which lowest bits of ids are in it, the ids.
    words: Vec<u32>,
}

/// Entities, with the bits that most others fail at.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places<'w> {
    signs: u64,
    pub(super) all: &'w [u32],
}

impl Places<'_> {
    /// Whether the lowest bits of an id are among theirs.
    #[inline]
    pub(crate) fn may_contain(self, place: EntityId) -> bool {
        self.signs >> (place.0 & 63) & 1 == 1
    }

    #[inline]
    pub(crate) fn contains(self, place: EntityId) -> bool {
        // Without an early end, so that several are compared at once.
        let among = |all: &[u32]| all.iter().fold(false, |is, other| is | (*other == place.0));
        self.may_contain(place) && among(self.all)
    }
}

impl Hold {
    /// Whether what has this number lies in the place.
    #[inline]
    pub(crate) fn spans(&self, number: u32) -> bool {
        number.wrapping_sub(self.first) <= self.last.wrapping_sub(self.first)
    }
}

impl<'w> Record<'w> {
    /// Whether it names a group.
    #[inline]
    pub(crate) fn is_in(&self, group: EntityId) -> bool {
        self.groups.contains(&group.0)
    }

    /// Whether nothing is held by it.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.wide.is_empty() && self.points.is_empty()
    }

    /// The groups that it names.
    #[inline]
    pub(crate) fn groups(&self) -> impl Iterator<Item = EntityId> + use<'w> {
        self.groups.iter().map(|group| EntityId(*group))
    }

    /// The roles that are held on containers, by itself or, of a group, by a group around it.
    #[inline]
    pub(crate) fn wide(&self) -> impl Iterator<Item = Hold> + use<'w> {
        self.wide.iter().map(|[first, last, place, role]| Hold {
            first: *first,
            last: *last,
            place: EntityId(*place),
            role: Tag::of_bits(*role),
        })
    }

    /// The roles that are held so on what has this number and is no container.
    #[inline(always)]
    pub(crate) fn held_on(&self, number: u32) -> impl Iterator<Item = Tag> + use<'w> {
        let points = match self.signs >> (number & 31) & 1 {
            0 => &[],
            _ => self.points,
        };
        let first = points.partition_point(|[at, _]| *at < number);
        let points = points.get(first..).unwrap_or(&[]).iter();
        let here = points.take_while(move |[at, _]| *at == number);
        here.map(|[_, role]| Tag::of_bits(*role))
    }

    /// The roles on all containers, and on an entity, whose number this is.
    pub(crate) fn holds(
        &self,
        entity: EntityId,
        number: u32,
    ) -> impl Iterator<Item = Hold> + use<'w> {
        let here = self.held_on(number).map(move |role| Hold {
            first: number,
            last: number,
            place: entity,
            role,
        });
        self.wide().chain(here)
    }
}

impl Reach {
    /// Where the record of a holder begins, and that of its first group.
    // A call of it would cost as much as what it does.
    #[inline(always)]
    pub(super) fn starts(&self, ty: TypeId, holder: EntityId) -> Option<[u32; 2]> {
        let (ids, begin) = self.holders.get(ty.index())?;
        // Whoever is new, or known to nobody, has an id behind those of the base.
        let index = begin.checked_add(holder.0.checked_sub(ids.start)?)?;
        let starts = self.starts.get(index as usize);
        starts.filter(|_| ids.contains(&holder.0)).copied()
    }

    /// The record that begins there; nothing where none does.
    #[inline(always)]
    pub(super) fn record(&self, start: u32) -> Option<Record<'_>> {
        let (head, rest) = self.words.get(start as usize..)?.split_first_chunk::<3>()?;
        let [groups, held, signs] = *head;
        let starts = (groups >> 1) * (groups & 1);
        let [groups, starts, wide, points] =
            [groups >> 1, starts, held & WIDE, held >> WIDE_BITS].map(|count| count as usize);
        let (groups, rest) = rest.split_at_checked(groups)?;
        let (starts, rest) = rest.split_at_checked(starts)?;
        let (wide, rest) = rest.split_at_checked(4 * wide)?;
        let points = rest.as_chunks().0.get(..points)?;
        Some(Record {
            groups,
            starts,
            wide: wide.as_chunks().0,
            points,
            signs,
        })
    }

    /// What everybody holds; nothing where that is not told here.
    #[inline]
    pub(crate) fn of_anyone(&self) -> Option<Record<'_>> {
        let held = self.anyone.as_ref()?;
        Some(Record {
            wide: &held.wide,
            points: &held.points,
            signs: held.signs(),
            ..Record::default()
        })
    }

    /// Everything that an entity with several containers lies in; nothing where there is more to
    /// know of the ways up from it.
    #[inline]
    pub(crate) fn above(&self, entity: EntityId) -> Option<Places<'_>> {
        let index = entity.0.checked_sub(self.above.first)?;
        let start = *self.above.starts.get(index as usize)? as usize;
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
        let above = self.above.starts.capacity() + self.above.words.capacity();
        let words = 2 * self.starts.capacity() + self.words.capacity() + above;
        words * 4 + self.named.bytes()
    }
}

/// What a holder holds, on containers and on what is none.
#[derive(Debug, Default)]
struct Gathered {
    wide: Vec<[u32; 4]>,
    points: Vec<[u32; 2]>,
}

impl Gathered {
    fn clear(&mut self) {
        self.wide.clear();
        self.points.clear();
    }

    fn sort(&mut self) {
        self.wide.sort_unstable();
        self.wide.dedup();
        self.points.sort_unstable();
        self.points.dedup();
    }

    /// The first words of a record; nothing where it is too much for them.
    fn head(&self, groups: usize, told: bool) -> Option<[u32; 3]> {
        let fits = |count: usize, taken: u32| {
            let count = u32::try_from(count).ok();
            count.filter(|count| *count <= u32::MAX >> taken)
        };
        let groups = fits(groups, 1)? << 1 | u32::from(told);
        let wide = fits(self.wide.len(), u32::BITS - WIDE_BITS)?;
        let points = fits(self.points.len(), WIDE_BITS)?;
        Some([groups, points << WIDE_BITS | wide, self.signs()])
    }

    /// What most numbers that are not in `points` fail at.
    fn signs(&self) -> u32 {
        let signs = self.points.iter().map(|[number, _]| 1 << (number & 31));
        signs.fold(0, |all, sign: u32| all | sign)
    }

    /// Whether it is more than fits into the record of a group that has what others hold too.
    fn is_much(&self) -> bool {
        self.wide.len() + self.points.len() > MOST
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
        let mut held = Gathered::default();
        // The records of members say where those of their groups begin.
        for (ty, is_group, range) in groups.into_iter().chain(others) {
            let begin = u32::try_from(reach.starts.len()).unwrap_or(u32::MAX);
            if let Some(holders) = reach.holders.get_mut(ty.index()) {
                *holders = (range.clone(), begin);
            }
            for holder in range.map(EntityId) {
                held.clear();
                let starts = making.record(&mut reach, holder, is_group, &mut held);
                reach.starts.push(starts.unwrap_or([UNTOLD; 2]));
            }
        }
        reach.starts.shrink_to_fit();
        reach.words.shrink_to_fit();
        let mut anyone = Gathered::default();
        let all = base.edges.held_by_anyone.of(ANYONES_PLACE);
        let told = making.add_held(all, &mut anyone);
        anyone.sort();
        reach.anyone = told.then_some(anyone);
        reach.above = making.above();
        reach.named = making.named(base);
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
        held: &mut Gathered,
    ) -> Option<[u32; 2]> {
        let row = self.rows.get(holder.index())?;
        if !row.is_known() || row.has(Flag::LEAVES) || !self.add_all(holder, is_group, held) {
            return None;
        }
        let groups: &[Tag] = match row.has(Flag::MEMBER) {
            true if is_group => self.closures.of(holder),
            true => self.edges.groups.of(holder),
            false => &[],
        };
        let mut starts: SmallVec<[u32; 8]> = SmallVec::new();
        let mut by_groups = 0;
        for group in groups.iter().map(|group| EntityId(group.id())) {
            if is_group {
                // What many hold together would be written down for each of them.
                let few = self.edges.held.of(group).len() <= MOST && !held.is_much();
                if !few || !self.add_all(group, true, held) {
                    return None;
                }
            } else {
                let ty = self.rows.get(group.index())?.ty();
                let [start, _] = reach.starts(ty, group)?;
                by_groups += reach.record(start)?.wide.len();
                starts.push(start);
            }
        }
        held.sort();
        let much = held.wide.len() > MOST || held.wide.len() + by_groups > 4 * MOST;
        if much || starts.len() > MOST_GROUPS || is_group && !groups.is_empty() && held.is_much() {
            return None;
        }
        // Behind the last record nothing may begin, so that no number of one is UNTOLD.
        let start = u32::try_from(reach.words.len()).ok()?;
        let head = held.head(groups.len(), !starts.is_empty())?;
        reach.words.extend(head);
        reach.words.extend(groups.iter().map(|group| group.id()));
        reach.words.extend(&starts);
        reach.words.extend(held.wide.as_flattened());
        reach.words.extend(held.points.as_flattened());
        Some([start, starts.first().copied().unwrap_or(UNTOLD)])
    }

    /// Adds what a holder holds by facts, by sets, and by links from containers; whether that is
    /// all.
    fn add_all(&self, holder: EntityId, is_group: bool, held: &mut Gathered) -> bool {
        let all = self.edges.held.of(holder);
        self.add_held(all, held) && self.add_linked(holder, is_group, held)
    }

    fn add(&self, place: EntityId, role: Tag, held: &mut Gathered) -> bool {
        let row = self.rows.get(place.index());
        let (Some((first, last)), Some(row)) = (self.tree.span(place), row) else {
            return false;
        };
        if self.plan.is_container(row.ty()) {
            held.wide.push([first, last, place.0, role.bits()]);
        } else {
            held.points.push([first, role.bits()]);
        }
        held.wide.len() <= 4 * MOST
    }

    fn add_held(&self, all: &[(EntityId, Tag)], held: &mut Gathered) -> bool {
        all.iter().all(|(place, role)| {
            self.add(*place, *role, held) && self.add_by_sets(*place, *role, held)
        })
    }

    /// Adds what the sets hold that a role makes one part of.
    fn add_by_sets(&self, at: EntityId, by: Tag, held: &mut Gathered) -> bool {
        let sets = self.edges.set_held.of(at);
        // Each member looks at all of them.
        sets.len() <= MOST
            && sets.iter().all(|(set, place, role)| {
                let id = RoleId(by.id());
                let declared = self.plan.roles.find(id);
                let is_in = id == *set || declared.is_some_and(|by| by.gives(*set));
                // When both end is not told by one number.
                !is_in || !by.timed() && !role.timed() && self.add(*place, *role, held)
            })
    }

    /// Adds the roles that containers give to whom they name.
    fn add_linked(&self, holder: EntityId, is_group: bool, held: &mut Gathered) -> bool {
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
            simple.all(|also| self.add(from, Tag::new(also.role.0, false), held))
        })
    }

    /// Whom the links of resources name.
    fn named(&self, base: &Base) -> Runs<(EntityId, RoleId)> {
        let mut named = Vec::new();
        for (ty, _) in self.plan.types.iter() {
            let simple = self.plan.simple_also(ty).unwrap_or(&[]);
            if simple.is_empty() || self.plan.is_container(ty) {
                continue;
            }
            let (first, end) = base.range(ty);
            for entity in (first.0..end.0).map(EntityId) {
                for also in simple {
                    let mut add = |to| named.push((entity, (to, also.role)));
                    match also.link {
                        Link::Relation(relation) => {
                            let related = self.edges.relations.of(entity).iter();
                            let related = related.filter(|(of, _)| *of == relation);
                            related.for_each(|(_, to)| add(*to));
                        }
                        Link::Attribute(column) => {
                            let said = self.edges.attributes.value(entity, column);
                            said.into_iter()
                                .for_each(|said| each_entity(said, &mut add));
                        }
                    }
                }
            }
        }
        Runs::new(named)
    }

    /// Everything that each entity with several containers lies in.
    fn above(&self) -> Above {
        let mut above = Above::default();
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
            if above.starts.is_empty() {
                above.first = entity.0;
            }
            // They come in the order of their ids.
            let index = entity.0.saturating_sub(above.first) as usize;
            above.starts.resize(index, UNTOLD);
            above.starts.push(start);
            above
                .words
                .extend([count, signs as u32, (signs >> 32) as u32]);
            above.words.extend(all);
        }
        above.words.shrink_to_fit();
        above.starts.shrink_to_fit();
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
