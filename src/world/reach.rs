//! Where what each holder holds counts, as intervals of the tree.
//!
//! A check that knows the number of its resource finds the roles that count there by looking at what
//! its subject holds, without going up from the resource. All of it is worked out when the base is
//! made; what does not fit into it is asked for in the general way.

mod making;

use std::ops::Range;

use smallvec::SmallVec;

use self::making::Gathered;
use super::Changed;
use super::kinds::Tag;
use super::runs::Runs;
use crate::plan::{EntityId, Id, RoleId, TypeId};

/// How many bits the number of roles on containers takes in a record.
const WIDE_BITS: u32 = 9;
const WIDE: u32 = (1 << WIDE_BITS) - 1;

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
        self.anyone.as_ref().map(Gathered::record)
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
