//! The shortest way to an outcome: what the subject holds around the resource, added up.
//!
//! Nothing is made for it, neither an asker nor a place. It gives way where more than that decides:
//! conditions and ceilings of the roles that count, what ends one day, shares, what has changed.

use super::places::{Passing, Watched};
use super::walk::{Case, Faults, Verdict, Wanted};
use super::{Evaluator, Outcome};
use crate::plan::{Cell, Cells, EntityId, LaneId, RoleId, Says, TypeId};
use crate::world::{Flag, Places, Row, Tag};

/// A question in numbers.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) subject: (TypeId, EntityId),
    pub(super) lane: LaneId,
    pub(super) bit: u64,
    pub(super) resource: EntityId,
    pub(super) row: Row,
}

/// What shows the resource.
const SHOWN: Says = Says::SEES.or(Says::SEES_THIS).or(Says::SHOWS);

/// What the roles come to.
pub(super) enum Sum {
    /// No rule changes it.
    Settled(Outcome),
    /// Rules are to be looked at; whether it is seen without them, and what the subject may do.
    Ruled { sees: bool, power: u64 },
    /// More than that is to be looked at.
    Open,
}

impl Case<'_> {
    /// The outcome of a question of which the roles come to that.
    pub(super) fn conclude(&self, asked: &Asked, sum: Sum, faults: &mut Faults) -> Outcome {
        let Asked {
            lane,
            bit,
            resource,
            ..
        } = *asked;
        let verdict = match sum {
            Sum::Settled(outcome) => return outcome,
            Sum::Open => self.judge(resource, Some(lane), bit, faults),
            Sum::Ruled { sees, power } => {
                let of = asked.row.ty();
                let mut verdict = Verdict {
                    sees,
                    reach: if sees { u64::MAX } else { 0 },
                    power,
                    allowed: 0,
                };
                let question = Wanted {
                    resource,
                    of,
                    watched: Watched {
                        lane: Some(lane),
                        shows: self.world.plan.types[of].visible_by,
                    },
                    want: bit,
                };
                self.rules(&question, Passing::ALL, u64::MAX, &mut verdict, faults);
                verdict
            }
        };
        verdict.outcome(bit)
    }
}

impl Evaluator<'_> {
    /// What the roles come to that the subject holds around the resource, which is known.
    #[inline(always)]
    pub(super) fn sum(&self, asked: &Asked) -> Sum {
        self.sum_plainly(asked).unwrap_or(Sum::Open)
    }

    #[inline(always)]
    fn sum_plainly(&self, asked: &Asked) -> Option<Sum> {
        let Asked {
            subject: (ty, subject),
            lane,
            bit,
            resource,
            row,
        } = *asked;
        let world = self.world;
        let facets = &world.plan.facets;
        let cells = &facets.cells;
        if !cells.suffice(row.ty()) || world.is_lacking() || row.has(Flag::CHANGED) {
            return None;
        }
        let ruled = cells.ruled(lane)?;
        let (_, number) = world.settled_number(resource)?;
        let above = match row.has(Flag::GATED) {
            true => self.all_above(resource, row)?,
            false => Places::default(),
        };
        let named = match ruled.linked {
            true => world.named_by(resource),
            false => &[],
        };
        let mut adding = Adding {
            cells,
            lane,
            sum: ruled.all,
        };
        if !named.is_empty() {
            adding.add_named(named, subject);
        }
        let mut records = world.records(ty, subject)?;
        while let Some(record) = records.next()? {
            record
                .held_on(number)
                .for_each(|role| adding.add(role, true));
            for hold in record.wide() {
                // Most lie elsewhere: one branch for both, which is easily foretold.
                let inside = hold.spans(number);
                if inside | above.may_contain(hold.place) && (inside || above.contains(hold.place))
                {
                    adding.add(hold.role, hold.first == number);
                }
            }
            if !named.is_empty() {
                let groups = record.groups();
                groups.for_each(|group| adding.add_named(named, group));
            }
            let sum = adding.sum;
            if !facets.ceilings && sum.says(SHOWN) && sum.power & bit != 0 {
                break;
            }
        }
        let sum = adding.sum;
        let sees = sum.says(SHOWN);
        let has = sum.power & bit != 0;
        let open = sum.says(Says::DEPENDS) && !(sees && has);
        if open || sum.says(Says::LIMITS.or(Says::UNTOLD)) {
            return None;
        }
        let (outcome, open) = match (sees, has) {
            (false, _) => (Outcome::Invisible, ruled.reveals),
            (true, false) => (Outcome::Forbidden, ruled.hides || ruled.gives & bit != 0),
            (true, true) => (Outcome::Allowed, ruled.hides || ruled.takes & bit != 0),
        };
        Some(match open {
            false => Sum::Settled(outcome),
            true => Sum::Ruled {
                sees,
                power: sum.power & bit,
            },
        })
    }

    /// Everything that a resource lies in, where ways part and nothing else counts.
    // A call of it would cost as much as what it does.
    #[inline(always)]
    fn all_above(&self, resource: EntityId, row: Row) -> Option<Places<'_>> {
        let world = self.world;
        if world.plan.facets.ceilings {
            return None;
        }
        let (mut at, mut row) = (resource, row);
        while row.has(Flag::GATED) {
            if row.has(Flag::NESTED_SETS | Flag::SHARED) {
                return None;
            }
            if row.has(Flag::MORE_CONTAINERS) {
                return world.all_above(at);
            }
            at = row.parent;
            row = world.settled_number(at)?.0;
        }
        None
    }
}

/// Adds roles up.
struct Adding<'p> {
    cells: &'p Cells,
    lane: LaneId,
    sum: Cell,
}

impl Adding<'_> {
    /// Adds a role, held on the resource itself where it is `here`.
    #[inline]
    fn add(&mut self, role: Tag, here: bool) {
        let cell = self.cells.get(RoleId(role.id()), self.lane);
        let told = cell.filter(|_| !role.timed());
        self.sum.add(told.unwrap_or(Cell::UNTOLD), here);
    }

    /// Adds the roles that links give to a holder, of those of the resource; sorted by whom they name.
    #[inline]
    fn add_named(&mut self, named: &[(EntityId, RoleId)], holder: EntityId) {
        // Looking through a few is quicker than searching them.
        let first = match named.len() <= 8 {
            true => 0,
            false => named.partition_point(|(to, _)| *to < holder),
        };
        let rest = named.get(first..).unwrap_or(&[]).iter();
        for (_, role) in rest
            .skip_while(|(to, _)| *to < holder)
            .take_while(|(to, _)| *to == holder)
        {
            self.add(Tag::new(role.0, false), true);
        }
    }
}
