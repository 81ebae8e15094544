//! The short way to an answer: from what the subject holds, not from what the resource lies in.
//!
//! Every place at which a role is held is an interval of the tree, and a resource lies in a place
//! where its number lies in the interval. So the cost is that of looking at what the subject holds,
//! however deep the resource lies. What intervals do not tell (`Reach`) is asked of the walk.

use smallvec::SmallVec;

use super::holders::{By, Held};
use super::places::{Passing, Place};
use super::walk::{Case, Trace, Verdict, Wanted};
use crate::plan::{EntityId, LaneId, RoleId, Says};
use crate::world::{Flag, Hold, Holding, Places, Records, Row, Tag};

/// With more ways than this from one resource, the walk is asked.
const MOST_WAYS: usize = 16;

/// A way up from the resource: along its own containers, or along those of a scope that something on
/// another way is shared with.
struct Way<'w> {
    start: EntityId,
    row: Row,
    number: u32,
    /// Everything above, where that is more than intervals tell.
    above: Option<Places<'w>>,
    mask: u64,
    shown: bool,
    /// The way that it leaves, and the number of the entity at which it does.
    leaves: Option<(usize, u32)>,
}

type Ways<'w> = SmallVec<[Way<'w>; 4]>;

/// What is held, and on which of the ways.
type Found = SmallVec<[(Hold, usize); 8]>;

impl Way<'_> {
    #[inline]
    fn leads_to(&self, hold: &Hold) -> bool {
        hold.spans(self.number) || self.above.is_some_and(|above| above.contains(hold.place))
    }
}

impl Case<'_> {
    /// What the walk would say, where what the subject holds tells it; nothing where it does not.
    pub(super) fn judge_short<T: Trace>(
        &self,
        question: &Wanted,
        trace: &mut T,
    ) -> Option<Verdict> {
        let world = self.world;
        let Wanted { resource, of, .. } = *question;
        let facets = &world.plan.facets;
        if !facets.cells.suffice(of) {
            return None;
        }
        let (row, number) = world.settled_number(resource)?;
        let mut records = Records::new();
        if !world.find_records(self.asker.ty, self.asker.id, &mut records) {
            return None;
        }
        let ty = &world.plan.types[of];
        let lane = question.watched.lane.or_else(|| ty.lanes().next())?;
        if world.is_lacking() && !world.is_complete(resource) {
            return Some(Verdict::default());
        }
        let first = Way {
            start: resource,
            row,
            number,
            above: None,
            mask: u64::MAX,
            shown: true,
            leaves: None,
        };
        if !row.has(Flag::GATED) {
            let ways = std::slice::from_ref(&first);
            return Some(self.judge_on(question, lane, ways, &records, trace));
        }
        let mut ways = Ways::new();
        ways.push(first);
        self.find_ways(question, &mut ways)?;
        Some(self.judge_on(question, lane, &ways, &records, trace))
    }

    #[inline]
    fn judge_on<T: Trace>(
        &self,
        question: &Wanted,
        lane: LaneId,
        ways: &[Way<'_>],
        records: &Records<'_>,
        trace: &mut T,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let own = if self.world.plan.facets.ceilings {
            self.count_capped(question, lane, ways, records, &mut verdict, trace)
        } else {
            self.count_all(question, lane, ways, records, &mut verdict, trace);
            Passing::ALL
        };
        self.rules(question, own, u64::MAX, &mut verdict, trace);
        verdict
    }

    /// Follows shares and further containers; nothing where that is not enough.
    fn find_ways<'w>(&'w self, question: &Wanted, ways: &mut Ways<'w>) -> Option<()> {
        let world = self.world;
        let mut next = 0;
        while let Some(way) = ways.get(next) {
            let (mut at, mut row, mask, shown) = (way.start, way.row, way.mask, way.shown);
            while row.has(Flag::GATED) {
                if row.has(Flag::NESTED_SETS) {
                    return None;
                }
                if row.has(Flag::SHARED) {
                    let (_, number) = world.settled_number(at)?;
                    for share in world.shares_of_row(at, row) {
                        if world.share_end(&share) <= self.now || !world.is_complete(share.with) {
                            continue;
                        }
                        if ways.len() == MOST_WAYS {
                            return None;
                        }
                        let level = &world.plan.levels[share.level];
                        let through = question.watched.of(|lane| level.mask(lane));
                        let (row, start) = world.settled_number(share.with)?;
                        ways.push(Way {
                            start: share.with,
                            row,
                            number: start,
                            above: None,
                            mask: mask & through.power,
                            shown: shown && through.shown,
                            leaves: Some((next, number)),
                        });
                    }
                }
                if row.has(Flag::MORE_CONTAINERS) {
                    let several = Some(world.all_above(at)?);
                    if world.plan.facets.ceilings {
                        return None;
                    }
                    ways.get_mut(next)?.above = several;
                    break;
                }
                at = row.parent;
                let Some((above, _)) = world.settled_number(at) else {
                    break;
                };
                row = above;
            }
            next += 1;
        }
        Some(())
    }

    /// Counts what is held, until nothing more is wanted.
    fn count_all<T: Trace>(
        &self,
        question: &Wanted,
        lane: LaneId,
        ways: &[Way<'_>],
        records: &Records<'_>,
        verdict: &mut Verdict,
        trace: &mut T,
    ) {
        self.each_named(question, ways, records, &mut |hold| {
            let way = ways.first().map(|way| (way.mask, way.shown));
            self.count(
                question,
                lane,
                &hold,
                way.unwrap_or_default(),
                verdict,
                trace,
            );
        });
        for way in ways {
            let held = records.iter();
            for hold in held.flat_map(|record| record.holds(way.start, way.number)) {
                if way.leads_to(&hold) && self.lasts(&hold) {
                    let passing = (way.mask, way.shown);
                    self.count(question, lane, &hold, passing, verdict, trace);
                    let open = question.want & !(verdict.reach & verdict.power);
                    if verdict.sees && open == 0 {
                        return;
                    }
                }
            }
        }
    }

    /// The same where roles limit: what is held on each place of a way limits all that is held on
    /// any [4]. What goes through along the resource's own containers.
    fn count_capped<T: Trace>(
        &self,
        question: &Wanted,
        lane: LaneId,
        ways: &[Way<'_>],
        records: &Records<'_>,
        verdict: &mut Verdict,
        trace: &mut T,
    ) -> Passing {
        let mut found: Found = SmallVec::new();
        self.each_named(question, ways, records, &mut |hold| found.push((hold, 0)));
        for (index, way) in ways.iter().enumerate() {
            let held = records.iter();
            for hold in held.flat_map(|record| record.holds(way.start, way.number)) {
                if way.leads_to(&hold) && self.lasts(&hold) {
                    found.push((hold, index));
                }
            }
        }
        // What goes through from the resource to where each way begins.
        let mut left: SmallVec<[Passing; 2]> = SmallVec::new();
        let mut own = Passing::ALL;
        for (index, way) in ways.iter().enumerate() {
            let before = match way.leaves {
                None => Passing::ALL,
                Some((from, number)) => {
                    let before = left.get(from).copied().unwrap_or(Passing::ALL);
                    before.under(self.ceilings(question, lane, &found, from, number))
                }
            };
            left.push(before);
            let passing = before.under(self.ceilings(question, lane, &found, index, 0));
            if index == 0 {
                own = passing;
            }
            let passing = (way.mask & passing.power, way.shown && passing.shown);
            for (hold, _) in found.iter().filter(|(_, of)| *of == index) {
                let place = self.place(hold, question, way.mask, passing);
                self.count_at(question, lane, hold, &place, verdict, trace);
            }
        }
        own
    }

    /// What the roles held on one way let through, of those on places with numbers from `first` on.
    fn ceilings(
        &self,
        question: &Wanted,
        lane: LaneId,
        found: &Found,
        way: usize,
        first: u32,
    ) -> Passing {
        let cells = &self.world.plan.facets.cells;
        let limiting = found.iter().enumerate().filter(|(_, (hold, of))| {
            let cell = cells.get(RoleId(hold.role.id()), lane);
            *of == way && hold.first >= first && cell.is_some_and(|cell| cell.says(Says::LIMITS))
        });
        let mut left = Passing::ALL;
        for (index, (hold, _)) in limiting.clone() {
            let mut same = limiting
                .clone()
                .filter(|(_, (other, _))| other.place == hold.place);
            // Each place once.
            if same.clone().next().is_some_and(|(first, _)| first == index) {
                let ceiling = same.try_fold(None, |ceiling, (_, (hold, _))| {
                    Some(self.raised(ceiling, &self.held(hold), question.watched))
                });
                left = left.under(ceiling.flatten().unwrap_or(Passing::ALL));
            }
        }
        left
    }

    /// Tells the roles that the resource itself gives to whom it names, where records do not.
    #[inline]
    fn each_named(
        &self,
        question: &Wanted,
        ways: &[Way<'_>],
        records: &Records<'_>,
        tell: &mut impl FnMut(Hold),
    ) {
        let plan = &self.world.plan;
        let simple = plan.simple_also(question.of).unwrap_or(&[]);
        if simple.is_empty() || plan.is_container(question.of) {
            return;
        }
        let number = ways.first().map_or(0, |way| way.number);
        let is = |entity: EntityId| {
            entity == self.asker.id || records.iter().any(|record| record.is_in(entity))
        };
        self.asker
            .each_simple(self.world, question.resource, simple, &is, &mut |held| {
                tell(Hold {
                    first: number,
                    last: number,
                    place: held.place,
                    role: Tag::new(held.role.0, false),
                });
            });
    }

    /// Whether what may end has not.
    #[inline]
    fn lasts(&self, hold: &Hold) -> bool {
        !hold.role.timed() || self.is_held_still(hold)
    }

    #[cold]
    fn is_held_still(&self, hold: &Hold) -> bool {
        let Some(row) = self.world.row(hold.place) else {
            return false;
        };
        let mut held = false;
        self.asker
            .each_direct(self.world, hold.place, row, self.now, &mut |other| {
                held |= other.role.0 == hold.role.id();
            });
        held
    }

    fn held(&self, hold: &Hold) -> Held {
        Held {
            place: hold.place,
            role: RoleId(hold.role.id()),
            by: By::Fact(Holding::at(hold.place, &(self.asker.id, hold.role))),
        }
    }

    fn place(
        &self,
        hold: &Hold,
        question: &Wanted,
        mask: u64,
        (power, shown): (u64, bool),
    ) -> Place {
        Place {
            entity: hold.place,
            row: Row::new(question.of),
            mask,
            power,
            pending: 0,
            shown,
        }
    }

    #[inline]
    fn count<T: Trace>(
        &self,
        question: &Wanted,
        lane: LaneId,
        hold: &Hold,
        passing: (u64, bool),
        verdict: &mut Verdict,
        trace: &mut T,
    ) {
        let place = self.place(hold, question, passing.0, passing);
        self.count_at(question, lane, hold, &place, verdict, trace);
    }

    /// What one held role shows and gives.
    #[inline]
    fn count_at<T: Trace>(
        &self,
        question: &Wanted,
        lane: LaneId,
        hold: &Hold,
        place: &Place,
        verdict: &mut Verdict,
        trace: &mut T,
    ) {
        let cell = self
            .world
            .plan
            .facets
            .cells
            .get(RoleId(hold.role.id()), lane);
        let Some(cell) = cell.filter(|cell| !cell.says(Says::DEPENDS)) else {
            self.holding(question, place, &self.held(hold), verdict, trace);
            return;
        };
        let own = cell.says(Says::SEES_THIS) && hold.place == question.resource;
        if cell.says(Says::SEES) || own || cell.says(Says::SHOWS) && place.shown {
            verdict.sees = true;
            verdict.reach |= place.mask;
        }
        verdict.power |= cell.power & place.power & question.want;
    }
}
