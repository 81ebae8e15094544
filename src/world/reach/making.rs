//! How the records of all holders are made from the facts of the base.

use smallvec::SmallVec;

use super::super::freeze::each_entity;
use super::super::kinds::Tag;
use super::super::rows::{Flag, NONE};
use super::super::runs::Runs;
use super::super::{ANYONES_PLACE, Base};
use super::{Above, Reach, Record, UNTOLD, WIDE, WIDE_BITS};
use crate::plan::{EntityId, Id, Link, Plan, RoleId, TypeKind};

/// A holder of more than this on containers is asked in the general way: there, what it holds elsewhere
/// costs nothing.
const MOST: usize = 256;

/// So is a subject of more groups than this, and one that holds four times as much with its groups.
const MOST_GROUPS: usize = 64;

const _: () = assert!(MOST <= WIDE as usize);

/// What a holder holds, on containers and on what is none.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    wide: Vec<[u32; 4]>,
    points: Vec<[u32; 2]>,
}

impl Gathered {
    /// It as a record of no groups.
    pub(super) fn record(&self) -> Record<'_> {
        Record {
            wide: &self.wide,
            points: &self.points,
            signs: self.signs(),
            ..Record::default()
        }
    }

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
    base: &'m Base,
    containers: Containers,
    /// Whether some container gives roles to whom it names.
    is_linked: bool,
    /// How many roles on containers the record of a group has at most.
    widest: usize,
}

/// The numbers of all containers and of what lies in them. There are few of them, so that these stay in
/// the cache while everything that is held is looked at.
struct Containers {
    /// For each type of the base in which something can stand, where its spans begin.
    starts: Vec<Option<usize>>,
    spans: Vec<[u32; 2]>,
}

impl Containers {
    fn of(plan: &Plan, base: &Base) -> Self {
        let mut spans = Vec::new();
        let starts = base.types.iter().map(|ty| {
            let start = plan.is_container(ty).then_some(spans.len())?;
            let all = base.types.range(ty).map(EntityId);
            spans.extend(all.filter_map(|entity| {
                let (first, last) = base.tree.span(entity)?;
                Some([first, last])
            }));
            Some(start)
        });
        Self {
            starts: starts.collect(),
            spans,
        }
    }
}

impl Reach {
    pub(in super::super) fn new(plan: &Plan, base: &Base) -> Self {
        if !plan
            .types
            .iter()
            .any(|(ty, _)| plan.facets.cells.suffice(ty))
        {
            return Self::default();
        }
        let mut links = plan.facets.links.iter();
        let mut making = Making {
            plan,
            base,
            containers: Containers::of(plan, base),
            is_linked: links.any(|(ty, _)| plan.is_container(*ty)),
            widest: 0,
        };
        let mut reach = Self {
            holders: vec![(0..0, 0); plan.types.len()],
            ..Self::default()
        };
        let holders = base.types.iter().filter_map(|ty| {
            let info = plan.types.find(ty)?;
            let holds = info.kind == TypeKind::Subject && info.acts_for.is_none();
            holds.then_some((ty, !info.members.is_empty()))
        });
        let (groups, others): (Vec<_>, Vec<_>) = holders.partition(|(_, is_group)| *is_group);
        // Room for what most records take, so that they need not be moved while they grow.
        let ranges = groups.iter().chain(&others);
        let holders: usize = ranges.map(|(ty, _)| base.types.range(*ty).len()).sum();
        let edges = 4 * base.edges.held.len() + 2 * base.edges.groups.len() + base.closures.len();
        reach.starts.reserve_exact(holders);
        reach.words.reserve_exact(3 * holders + edges);
        let mut held = Gathered::default();
        // The records of members say where those of their groups begin.
        for (ty, is_group) in groups.into_iter().chain(others) {
            let range = base.types.range(ty);
            let begin = u32::try_from(reach.starts.len()).unwrap_or(u32::MAX);
            if let Some(holders) = reach.holders.get_mut(ty.index()) {
                *holders = (range.clone(), begin);
            }
            for holder in range.map(EntityId) {
                held.clear();
                let starts = making.record(&mut reach, holder, is_group, &mut held);
                reach.starts.push(starts.unwrap_or([UNTOLD; 2]));
                if is_group && starts.is_some() {
                    making.widest = making.widest.max(held.wide.len());
                }
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
        reach.named = making.named();
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
        let edges = &self.base.edges;
        let row = self.base.rows.get(holder.index())?;
        if !row.is_known() || row.has(Flag::LEAVES) || !self.add_all(holder, is_group, held) {
            return None;
        }
        let groups: &[Tag] = match row.has(Flag::MEMBER) {
            true if is_group => self.base.closures.of(holder),
            true => edges.groups.of(holder),
            false => &[],
        };
        let mut starts: SmallVec<[u32; 8]> = SmallVec::new();
        let mut by_groups = 0;
        // Whether what the groups hold has to be counted: it takes a look at the record of each.
        let counts = held.wide.len() + groups.len().saturating_mul(self.widest) > 4 * MOST;
        for group in groups.iter().map(|group| EntityId(group.id())) {
            if is_group {
                // What many hold together would be written down for each of them.
                let few = edges.held.of(group).len() <= MOST && !held.is_much();
                if !few || !self.add_all(group, true, held) {
                    return None;
                }
            } else {
                let [start, _] = reach
                    .starts(self.base.types.of(group)?, group)
                    .filter(|[start, _]| *start != UNTOLD)?;
                if counts {
                    by_groups += reach.record(start)?.wide.len();
                }
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
        let all = self.base.edges.held.of(holder);
        self.add_held(all, held) && self.add_linked(holder, is_group, held)
    }

    fn add(&self, place: EntityId, role: Tag, held: &mut Gathered) -> bool {
        let Some(ty) = self.base.types.index(place) else {
            return false;
        };
        let containers = &self.containers;
        match containers.starts.get(ty).copied().flatten() {
            Some(start) => {
                let first = self.base.types.first(ty).map_or(0, Id::index);
                let span = containers.spans.get(start + (place.index() - first));
                let Some([first, last]) = span.copied() else {
                    return false;
                };
                held.wide.push([first, last, place.0, role.bits()]);
            }
            None => held
                .points
                .push([self.base.tree.number(place), role.bits()]),
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
        let sets = self.base.edges.set_held.of(at);
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
        let related = self.base.edges.related.of(holder).iter();
        let related = related.map(|(relation, from)| (*from, Link::Relation(*relation)));
        let mentions = self.base.edges.mentions.of(holder).iter();
        let mentions = mentions.map(|(from, column)| (*from, Link::Attribute(*column)));
        if !self.is_linked {
            return true;
        }
        // All groups in a group look at what names it.
        if is_group && related.len() + mentions.len() > 4 * MOST {
            return false;
        }
        related.chain(mentions).all(|(from, link)| {
            let ty = self.base.type_of(from);
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
    fn named(&self) -> Runs<(EntityId, RoleId)> {
        let mut named = Vec::new();
        for (ty, _) in self.plan.types.iter() {
            let simple = self.plan.simple_also(ty).unwrap_or(&[]);
            if simple.is_empty() || self.plan.is_container(ty) {
                continue;
            }
            for entity in self.base.types.range(ty).map(EntityId) {
                for also in simple {
                    let mut add = |to| named.push((entity, (to, also.role)));
                    match also.link {
                        Link::Relation(relation) => {
                            let related = self.base.edges.relations.of(entity).iter();
                            let related = related.filter(|(of, _)| *of == relation);
                            related.for_each(|(_, to)| add(*to));
                        }
                        Link::Attribute(column) => {
                            let said = self.base.edges.attributes.value(entity, column);
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
        let mut left = 8 * self.base.edges.more_containers.len() + 1024;
        for (entity, _) in self.base.edges.more_containers.each() {
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
            let row = self.base.rows.get(at.index())?;
            let parent = Some(row.parent).filter(|parent| *parent != NONE);
            let more = match row.has(Flag::MORE_CONTAINERS) {
                true => self.base.edges.more_containers.of(at),
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
                .base
                .rows
                .get(at.index())?
                .has(Flag::SHARED | Flag::NESTED_SETS)
            {
                return None;
            }
        }
    }
}
