//! The walk that every answer rests on: ways up from a resource, and what the subject holds on them.
//!
//! The numbers in brackets are the items of "Meaning" in `docs/language.md`.

use super::Outcome;
use super::asker::Asker;
use super::condition::Fault;
use super::context::Bound;
use super::error::ConditionError;
use super::holders::Held;
use smallvec::SmallVec;

use super::places::{Above, Passing, Place, Places, Watched};
use super::seen::Seen;
use crate::plan::{
    ActionRule, ClauseId, ConditionId, EntityId, Grant, LaneId, Plan, SightRule, TypeId,
};
use crate::world::{AnyRole, Row, World};

/// One question in its world: everything that a condition may look at.
#[derive(Clone, Copy)]
pub(super) struct Case<'c> {
    pub(super) world: &'c World,
    pub(super) now: i64,
    pub(super) asker: &'c Asker<'c>,
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
pub(crate) enum Effect {
    Permit,
    Forbid,
    Reveal,
    Hide,
}

impl Effect {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Forbid => "forbid",
            Self::Reveal => "reveal",
            Self::Hide => "hide",
        }
    }
}

/// What is asked of one resource.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub(super) resource: EntityId,
    pub(super) of: TypeId,
    pub(super) watched: Watched,
    pub(super) want: u64,
}

/// What a clause would have given, had its condition held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmet {
    Sight,
    Actions,
}

/// Is told what the walk finds. What is not listened to costs nothing.
pub(super) trait Trace {
    /// Whether it wants to know of everything, and not just of what decides.
    const ALL: bool;
    /// A held role gave sight.
    fn sight(&mut self, _held: &Held, _clause: ClauseId) {}
    /// A held role gave actions.
    fn grant(&mut self, _held: &Held, _clause: ClauseId) {}
    /// A held role would have given sight or actions, but for its condition.
    fn unmet(&mut self, _held: &Held, _clause: ClauseId, _effect: Unmet) {}
    /// A held role would have given actions, but for a ceiling, or for what limits a credential.
    fn capped(&mut self, _held: &Held, _clause: ClauseId) {}
    /// A held role gives nothing: a nearer one overrides it.
    fn overridden(&mut self, _held: &Held) {}
    /// No way leads to what the credential is confined to.
    fn confined(&mut self) {}
    /// A rule matched.
    fn rule(&mut self, _effect: Effect, _clause: ClauseId) {}
    /// A condition could not be read.
    fn fault(&mut self, clause: ClauseId, fault: Fault);
}

/// Keeps the conditions that could not be read, and nothing else.
#[derive(Default)]
pub(super) struct Faults {
    all: Vec<(ClauseId, Fault)>,
}

impl Trace for Faults {
    const ALL: bool = false;

    fn fault(&mut self, clause: ClauseId, fault: Fault) {
        if !self.all.contains(&(clause, fault.clone())) {
            self.all.push((clause, fault));
        }
    }
}

impl Faults {
    pub(super) fn into_errors(self, plan: &Plan) -> Vec<ConditionError> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let faults = self.all.into_iter();
        faults
            .map(|(clause, fault)| ConditionError {
                clause: plan.clauses[clause].clone(),
                message: fault.to_string(),
            })
            .collect()
    }
}

impl Case<'_> {
    /// Sight, reach, power and what is allowed [5, 6, 7] of the actions in `want`. Outside of
    /// `want` the masks say nothing.
    pub(super) fn judge<T: Trace>(
        &self,
        resource: EntityId,
        lane: Option<LaneId>,
        want: u64,
        trace: &mut T,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let plan = &*self.world.plan;
        let Some(of) = self.world.type_of(resource) else {
            return verdict;
        };
        if self.asker.credential.as_ref().is_some_and(|by| !by.owned) {
            return verdict;
        }
        let watched = Watched {
            lane,
            shows: plan.types[of].visible_by,
        };
        let question = Wanted {
            resource,
            of,
            watched,
            want,
        };
        let facets = &plan.facets;
        let plain = !facets.overrides && self.asker.credential.is_none();
        if plain && !T::ALL {
            if let Some(verdict) = self.judge_short(&question, trace) {
                return verdict;
            }
            let verdict = if facets.ceilings {
                self.judge_capped(&question, trace)
            } else {
                self.judge_plain(&question, trace)
            };
            if let Some(verdict) = verdict {
                return verdict;
            }
        }
        let places = self.ways(resource, watched);
        let Some(first) = places.first() else {
            return verdict;
        };
        let Some(confines) = self.confines(&places) else {
            trace.confined();
            return verdict;
        };
        let mut above = Above::new(*self, watched);
        for place in &places {
            let mut under = None;
            self.asker
                .each_held(self.world, place.entity, place.row, self.now, &mut |held| {
                    if place.pending != 0 {
                        trace.overridden(held);
                        return;
                    }
                    let under = under.get_or_insert_with(|| {
                        let left = above.of(place.entity);
                        Place {
                            power: place.power & left.power,
                            shown: place.shown && left.shown,
                            ..*place
                        }
                    });
                    self.holding(&question, under, held, &mut verdict, trace);
                });
        }
        let left = above.of(resource);
        let own = Passing {
            power: first.power & left.power,
            shown: first.shown && left.shown,
        };
        self.rules(&question, own, confines, &mut verdict, trace);
        verdict
    }

    /// The same where no role limits or overrides, and nobody asks by a credential: then containers
    /// let everything through, and it is enough to go up until nothing more is wanted. Nothing where
    /// the resource, or what it stands in, is shared.
    fn judge_plain<T: Trace>(&self, question: &Wanted, trace: &mut T) -> Option<Verdict> {
        let world = self.world;
        let mut verdict = Verdict::default();
        let Wanted { resource, want, .. } = *question;
        if world.is_lacking() && !world.is_complete(resource) {
            return Some(verdict);
        }
        let mut place = Place {
            entity: resource,
            row: world.row(resource)?,
            mask: u64::MAX,
            power: u64::MAX,
            pending: 0,
            shown: true,
        };
        // Only where ways part can they meet again.
        let mut parted: Option<(Seen, SmallVec<[EntityId; 16]>)> = None;
        loop {
            let (at, row) = (place.entity, place.row);
            if world.shares_of_row(at, row).next().is_some() {
                return None;
            }
            self.asker.each_held(world, at, row, self.now, &mut |held| {
                self.holding(question, &place, held, &mut verdict, trace);
            });
            if verdict.sees && want & !(verdict.reach & verdict.power) == 0 {
                break;
            }
            let mut containers = world.containers_of_row(at, row);
            let mut next = containers.next();
            if let Some((seen, _)) = &mut parted {
                next = next.filter(|next| seen.insert(*next));
            }
            for other in containers {
                let (seen, open) = parted.get_or_insert_with(|| {
                    (next.map_or_else(Seen::default, Seen::from), SmallVec::new())
                });
                if seen.insert(other) {
                    open.push(other);
                }
            }
            let later = || parted.as_mut().and_then(|(_, open)| open.pop());
            let Some(next) = next.or_else(later) else {
                break;
            };
            place.entity = next;
            place.row = world.row(next)?;
        }
        self.rules(question, Passing::ALL, u64::MAX, &mut verdict, trace);
        Some(verdict)
    }

    /// The same where roles limit: along one chain of containers, what is held on each of them limits
    /// all that is held on any [4]. Nothing where there are more ways than one.
    fn judge_capped<T: Trace>(&self, question: &Wanted, trace: &mut T) -> Option<Verdict> {
        let world = self.world;
        let mut verdict = Verdict::default();
        let Wanted {
            resource, watched, ..
        } = *question;
        if world.is_lacking() && !world.is_complete(resource) {
            return Some(verdict);
        }
        let mut all: SmallVec<[(Held, Row); 8]> = SmallVec::new();
        let mut left = Passing::ALL;
        let (mut at, mut row) = (resource, world.row(resource)?);
        loop {
            if world.shares_of_row(at, row).next().is_some() {
                return None;
            }
            let mut ceiling: Option<Passing> = None;
            self.asker.each_held(world, at, row, self.now, &mut |held| {
                all.push((*held, row));
                ceiling = self.raised(ceiling, held, watched);
            });
            left = left.under(ceiling.unwrap_or(Passing::ALL));
            let mut containers = world.containers_of_row(at, row);
            let Some(next) = containers.next() else { break };
            if containers.next().is_some() {
                return None;
            }
            (at, row) = (next, world.row(next)?);
        }
        for (held, row) in &all {
            let place = Place {
                entity: held.place,
                row: *row,
                mask: u64::MAX,
                power: left.power,
                pending: 0,
                shown: left.shown,
            };
            self.holding(question, &place, held, &mut verdict, trace);
        }
        self.rules(question, left, u64::MAX, &mut verdict, trace);
        Some(verdict)
    }

    /// Whether a rule takes sight of a resource away, or one of the actions asked for.
    pub(super) fn is_taken(&self, resource: EntityId, lane: Option<LaneId>, want: u64) -> bool {
        let Some(of) = self.world.type_of(resource) else {
            return true;
        };
        let ty = &self.world.plan.types[of];
        let faults = &mut Faults::default();
        let hidden = ty.hides.iter().any(|rule| {
            self.is_for(&rule.subjects)
                && self.holds_or(true, rule.condition, rule.clause, resource, faults)
        });
        hidden
            || ty.forbids.iter().any(|rule| {
                Some(rule.lane) == lane
                    && rule.mask & want != 0
                    && self.is_for(&rule.subjects)
                    && self.holds_or(true, rule.condition, rule.clause, resource, faults)
            })
    }

    /// The union of what the ways from a resource to what a credential is confined to let through;
    /// nothing where there is no such way [8].
    pub(super) fn confines(&self, places: &Places) -> Option<u64> {
        let within = self
            .asker
            .credential
            .as_ref()
            .and_then(|by| by.within.as_ref());
        let Some(within) = within else {
            return Some(u64::MAX);
        };
        let inside = places.iter().filter(|place| within.contains(&place.entity));
        inside
            .map(|place| place.mask)
            .reduce(|all, mask| all | mask)
    }

    /// What one held role shows and gives.
    pub(super) fn holding(
        &self,
        question: &Wanted,
        place: &Place,
        held: &Held,
        verdict: &mut Verdict,
        trace: &mut impl Trace,
    ) {
        let Wanted {
            resource,
            of,
            watched: Watched { lane, shows },
            want,
        } = *question;
        let shows = shows.filter(|_| place.shown);
        let (sights, role) = match self.world.role(held.role) {
            Some(AnyRole::Declared(role)) => (role.sights_of(of), Ok(role)),
            Some(AnyRole::Custom(role)) => (&[][..], Err(role)),
            None => return,
        };
        for sight in sights {
            let adds = !verdict.sees || place.mask & want & !verdict.reach != 0;
            if !adds || sight.this && place.entity != resource {
                continue;
            }
            if self.holds_or(false, sight.condition, sight.clause, resource, trace) {
                verdict.sees = true;
                verdict.reach |= place.mask;
                trace.sight(held, sight.clause);
            } else {
                trace.unmet(held, sight.clause, Unmet::Sight);
            }
        }
        // A role that customers made is one grant for each lane.
        let made = |lane: LaneId| {
            let role = role.as_ref().err()?;
            let ty = self.world.type_of(role.of)?;
            Some(Grant {
                lane,
                mask: role.masks.mask(lane),
                condition: None,
                clause: self.world.plan.types[ty].custom_roles.as_ref()?.clause,
            })
        };
        let declared = |lane: LaneId| role.as_ref().map_or(&[][..], |role| role.grants_in(lane));
        if let Some((lane, bit)) = shows {
            for grant in declared(lane).iter().chain(made(lane).as_ref()) {
                let adds = !verdict.sees || place.mask & want & !verdict.reach != 0;
                if !adds || grant.mask & bit == 0 {
                    continue;
                }
                if self.holds_or(false, grant.condition, grant.clause, resource, trace) {
                    verdict.sees = true;
                    verdict.reach |= place.mask;
                    trace.sight(held, grant.clause);
                } else {
                    trace.unmet(held, grant.clause, Unmet::Sight);
                }
            }
        }
        let Some(lane) = lane else { return };
        for grant in declared(lane).iter().chain(made(lane).as_ref()) {
            let adds = grant.mask & place.power & want & !verdict.power;
            if adds == 0 {
                if grant.mask & place.mask & want & !verdict.power != 0 {
                    trace.capped(held, grant.clause);
                }
                continue;
            }
            if self.holds_or(false, grant.condition, grant.clause, resource, trace) {
                verdict.power |= adds;
                trace.grant(held, grant.clause);
            } else {
                trace.unmet(held, grant.clause, Unmet::Actions);
            }
        }
    }

    /// Applies the rules. `own` is what the ceilings of the resource itself, and of what it stands
    /// in, let through; `confines` what a credential is confined to.
    pub(super) fn rules(
        &self,
        question: &Wanted,
        own: Passing,
        confines: u64,
        verdict: &mut Verdict,
        trace: &mut impl Trace,
    ) {
        let Wanted {
            resource,
            of,
            watched: Watched { lane, shows },
            want,
        } = *question;
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
                trace.rule(Effect::Reveal, rule.clause);
            }
        }
        let shows = shows.filter(|_| own.shown);
        let showing = |rule: &&ActionRule| {
            shows.is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        for rule in permits.iter().filter(showing) {
            let adds = !verdict.sees || want & !verdict.reach != 0;
            if adds
                && self.is_for(&rule.subjects)
                && self.holds_or(false, rule.condition, rule.clause, resource, trace)
            {
                verdict.sees = true;
                verdict.reach = u64::MAX;
                trace.rule(Effect::Permit, rule.clause);
            }
        }
        if verdict.sees {
            for rule in &ty.hides {
                if self.is_for(&rule.subjects)
                    && self.holds_or(true, rule.condition, rule.clause, resource, trace)
                {
                    trace.rule(Effect::Hide, rule.clause);
                    *verdict = Verdict::default();
                    return;
                }
            }
        }
        let of_lane = |rule: &&ActionRule| Some(rule.lane) == lane && self.is_for(&rule.subjects);
        for rule in permits.iter().filter(of_lane) {
            let adds = rule.mask & own.power & want & !verdict.power;
            if adds != 0 && self.holds_or(false, rule.condition, rule.clause, resource, trace) {
                verdict.power |= adds;
                trace.rule(Effect::Permit, rule.clause);
            }
        }
        if !verdict.sees {
            return;
        }
        verdict.reach &= confines;
        verdict.power &= confines;
        verdict.allowed = verdict.reach & verdict.power & want;
        for rule in ty.forbids.iter().filter(of_lane) {
            let takes = rule.mask & verdict.allowed;
            if takes != 0 && self.holds_or(true, rule.condition, rule.clause, resource, trace) {
                verdict.allowed &= !takes;
                trace.rule(Effect::Forbid, rule.clause);
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
