//! The walk that every answer rests on: ways up from a resource, and what the subject holds on them.
//!
//! The numbers in brackets are the items of "Meaning" in `docs/language.md`.

use smallvec::SmallVec;

use super::Outcome;
use super::asker::Asker;
use super::condition::Fault;
use super::context::Bound;
use super::error::ConditionError;
use super::seen::Seen;
use crate::plan::{ActionRule, ClauseId, ConditionId, EntityId, LaneId, Plan, SightRule, TypeId};
use crate::world::{Holding, World};

/// One question in its world: everything that a condition may look at.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) world: &'c World,
    pub(super) now: i64,
    pub(super) asker: &'c Asker,
    pub(super) bound: &'c Bound,
}

/// What the walk came to, for the actions of one lane.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Verdict {
    pub(super) sees: bool,
    /// What goes through the windows that show it.
    pub(super) reach: u64,
    /// What roles and `permit` rules give.
    pub(super) power: u64,
    /// Reach and power, less what is forbidden.
    pub(super) allowed: u64,
}

impl Verdict {
    /// The outcome for one action [7].
    pub(super) fn outcome(self, bit: u64) -> Outcome {
        match (self.sees, self.allowed & bit != 0) {
            (false, _) => Outcome::Invisible,
            (true, true) => Outcome::Allowed,
            (true, false) => Outcome::Forbidden,
        }
    }
}

/// A rule that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    Permit,
    Forbid,
    Reveal,
    Hide,
}

/// What a clause would have given, had its condition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    Sight,
    Actions,
}

/// Is told what the walk finds. What is not listened to costs nothing.
pub(super) trait Trace {
    /// A holding gave sight.
    fn sight(&mut self, _place: EntityId, _held: &Holding, _clause: ClauseId) {}
    /// A holding gave actions.
    fn grant(&mut self, _place: EntityId, _held: &Holding, _clause: ClauseId, _mask: u64) {}
    /// A holding would have given sight or actions, but for its condition.
    fn unmet(&mut self, _held: &Holding, _clause: ClauseId, _effect: Unmet) {}
    /// A rule matched.
    fn rule(&mut self, _effect: Effect, _clause: ClauseId, _mask: u64) {}
    /// A condition could not be read.
    fn fault(&mut self, clause: ClauseId, fault: Fault);
}

/// Keeps the conditions that could not be read, and nothing else.
#[derive(Default)]
pub(super) struct Faults {
    all: Vec<(ClauseId, Fault)>,
}

impl Trace for Faults {
    fn fault(&mut self, clause: ClauseId, fault: Fault) {
        if !self.all.contains(&(clause, fault.clone())) {
            self.all.push((clause, fault));
        }
    }
}

impl Faults {
    pub(super) fn into_errors(self, plan: &Plan) -> Vec<ConditionError> {
        let faults = self.all.into_iter();
        faults
            .map(|(clause, fault)| ConditionError {
                clause: plan.clauses[clause].clone(),
                message: fault.to_string(),
            })
            .collect()
    }
}

/// A place on some way, with the union of what the ways to it let through [2].
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) entity: EntityId,
    pub(super) mask: u64,
}

/// Every place that some way leads to, the resource first.
pub(super) type Places = SmallVec<[Place; 16]>;

/// Follows all ways from a resource [2]: up to containers, and out to what it is shared with. All
/// that is asked of ways is a union over them, and each step keeps unions, so it is enough to know
/// for each place the union of the masks that arrive there; a place is walked on from again only
/// when its mask has grown, which ends.
pub(super) fn ways(world: &World, now: i64, resource: EntityId, lane: Option<LaneId>) -> Places {
    let mut places: Places = SmallVec::new();
    if !world.is_complete(resource) {
        return places;
    }
    let mut seen = Seen::from(resource);
    places.push(Place {
        entity: resource,
        mask: u64::MAX,
    });
    let mut open: SmallVec<[usize; 16]> = SmallVec::from_slice(&[0]);
    while let Some(place) = open.pop().and_then(|index| places.get(index).copied()) {
        let mut step = |to: EntityId, mask: u64| {
            if seen.insert(to) {
                open.push(places.len());
                places.push(Place { entity: to, mask });
                return;
            }
            let known = seen.position(to);
            let known = known.and_then(|index| Some((index, places.get_mut(index)?)));
            if let Some((index, known)) = known
                && known.mask | mask != known.mask
            {
                known.mask |= mask;
                open.push(index);
            }
        };
        for container in world.containers.of(place.entity) {
            step(*container, place.mask);
        }
        for share in world.shares.of(place.entity) {
            if share.until > now && world.is_complete(share.with) {
                let level = &world.plan.levels[share.level];
                step(
                    share.with,
                    place.mask & lane.map_or(0, |lane| level.mask(lane)),
                );
            }
        }
    }
    places
}

impl Case<'_> {
    /// Sight, reach, power and what is allowed [5, 6, 7] of the actions in `want`. Outside of
    /// `want` the masks say nothing.
    pub(super) fn judge(
        &self,
        resource: EntityId,
        lane: Option<LaneId>,
        want: u64,
        trace: &mut impl Trace,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let plan = &*self.world.plan;
        let Some(of) = self.world.entities.type_of(resource) else {
            return verdict;
        };
        let places = ways(self.world, self.now, resource, lane);
        if places.is_empty() {
            return verdict;
        }
        for place in &places {
            for held in self.asker.held_at(self.world, place.entity, self.now) {
                let role = &plan.roles[held.role];
                for sight in role.sights_of(of) {
                    let adds = !verdict.sees || place.mask & want & !verdict.reach != 0;
                    if !adds || sight.this && place.entity != resource {
                        continue;
                    }
                    if self.holds_or(false, sight.condition, sight.clause, resource, trace) {
                        verdict.sees = true;
                        verdict.reach |= place.mask;
                        trace.sight(place.entity, held, sight.clause);
                    } else {
                        trace.unmet(held, sight.clause, Unmet::Sight);
                    }
                }
                for grant in lane.map_or(&[][..], |lane| role.grants_in(lane)) {
                    let adds = grant.mask & place.mask & want & !verdict.power;
                    if adds == 0 {
                        continue;
                    }
                    if self.holds_or(false, grant.condition, grant.clause, resource, trace) {
                        verdict.power |= adds;
                        trace.grant(place.entity, held, grant.clause, adds);
                    } else {
                        trace.unmet(held, grant.clause, Unmet::Actions);
                    }
                }
            }
        }
        self.rules(resource, of, lane, want, &mut verdict, trace);
        verdict
    }

    fn rules(
        &self,
        resource: EntityId,
        of: TypeId,
        lane: Option<LaneId>,
        want: u64,
        verdict: &mut Verdict,
        trace: &mut impl Trace,
    ) {
        let ty = &self.world.plan.types[of];
        // A subject that the world does not know has only what `anyone` holds.
        let reveals: &[SightRule] = if self.asker.known { &ty.reveals } else { &[] };
        let permits: &[ActionRule] = if self.asker.known { &ty.permits } else { &[] };
        for rule in reveals {
            let adds = !verdict.sees || want & !verdict.reach != 0;
            if adds
                && self.is_for(&rule.subjects)
                && self.holds_or(false, rule.condition, rule.clause, resource, trace)
            {
                verdict.sees = true;
                verdict.reach = u64::MAX;
                trace.rule(Effect::Reveal, rule.clause, u64::MAX);
            }
        }
        if verdict.sees {
            for rule in &ty.hides {
                if self.is_for(&rule.subjects)
                    && self.holds_or(true, rule.condition, rule.clause, resource, trace)
                {
                    trace.rule(Effect::Hide, rule.clause, u64::MAX);
                    *verdict = Verdict::default();
                    return;
                }
            }
        }
        let of_lane = |rule: &&ActionRule| Some(rule.lane) == lane && self.is_for(&rule.subjects);
        for rule in permits.iter().filter(of_lane) {
            let adds = rule.mask & want & !verdict.power;
            if adds != 0 && self.holds_or(false, rule.condition, rule.clause, resource, trace) {
                verdict.power |= adds;
                trace.rule(Effect::Permit, rule.clause, adds);
            }
        }
        if !verdict.sees {
            return;
        }
        verdict.allowed = verdict.reach & verdict.power & want;
        for rule in ty.forbids.iter().filter(of_lane) {
            let takes = rule.mask & verdict.allowed;
            if takes != 0 && self.holds_or(true, rule.condition, rule.clause, resource, trace) {
                verdict.allowed &= !takes;
                trace.rule(Effect::Forbid, rule.clause, takes);
            }
        }
    }

    fn is_for(&self, subjects: &[TypeId]) -> bool {
        subjects.is_empty() || subjects.contains(&self.asker.ty)
    }

    /// Whether a condition holds of a resource [9]; `otherwise` where it cannot be read.
    fn holds_or(
        &self,
        otherwise: bool,
        condition: Option<ConditionId>,
        clause: ClauseId,
        resource: EntityId,
        trace: &mut impl Trace,
    ) -> bool {
        let Some(condition) = condition else {
            return true;
        };
        match self.holds(condition, resource) {
            Ok(holds) => holds,
            Err(fault) => {
                trace.fault(clause, fault);
                otherwise
            }
        }
    }
}
