//! What decided: the holdings, ways, clauses and rules behind an outcome, or what was missing.

use super::condition::Fault;
use super::error::QueryError;
use super::holders::{By, Held as HeldRole};
use super::places::{Watched, entities_on_ways};
use super::reason::{Held, Reason, Reasons, Step};
use super::walk::{Effect, Faults, Trace, Unmet, Verdict};
use super::{Context, Evaluator, Outcome, Question};
use crate::literal::{EntityName, format_datetime};
use crate::plan::{Cardinality, ClauseId, EntityId, LaneId, RoleId};
use crate::world::{ANYONE, AnyRole, FOREVER, Share, World};

/// Keeps the first holding or rule that gave sight, and power, and every rule that took away.
struct Recorder {
    faults: Faults,
    sight: Option<(HeldRole, ClauseId)>,
    power: Option<(HeldRole, ClauseId)>,
    rules: Vec<(Effect, ClauseId)>,
    unmet: Vec<(Unmet, HeldRole, ClauseId)>,
    capped: bool,
    overridden: Vec<HeldRole>,
    confined: bool,
}

impl Trace for Recorder {
    const ALL: bool = true;

    fn sight(&mut self, held: &HeldRole, clause: ClauseId) {
        // The last one that is told is the one whose reach has the action.
        self.sight = Some((*held, clause));
    }
    fn grant(&mut self, held: &HeldRole, clause: ClauseId) {
        // With one action asked for, only the first that gives it is told.
        self.power = Some((*held, clause));
    }
    fn unmet(&mut self, held: &HeldRole, clause: ClauseId, effect: Unmet) {
        let told = self.unmet.iter().any(|(_, _, before)| *before == clause);
        if !told {
            self.unmet.push((effect, *held, clause));
        }
    }
    fn capped(&mut self, _held: &HeldRole, _clause: ClauseId) {
        self.capped = true;
    }
    fn overridden(&mut self, held: &HeldRole) {
        let same = |before: &HeldRole| (before.place, before.role) == (held.place, held.role);
        if !self.overridden.iter().any(same) {
            self.overridden.push(*held);
        }
    }
    fn confined(&mut self) {
        self.confined = true;
    }
    fn rule(&mut self, effect: Effect, clause: ClauseId) {
        self.rules.push((effect, clause));
    }
    fn fault(&mut self, clause: ClauseId, fault: Fault) {
        self.faults.fault(clause, fault);
    }
}

impl Evaluator<'_> {
    /// What a check comes to, and what decided it: the holdings with their ways and clauses, the
    /// rules, or what was missing.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn reasons(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Reasons, QueryError> {
        let ty = self.type_named(&resource.type_name)?;
        let (lane, bit) = self.action_named(action, ty)?;
        self.because(subject, resource, Some((lane, bit)), context)
    }

    /// Whether a subject sees a resource, and what decided that. The outcome is `Allowed` where it
    /// does: it may look.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn sight_reasons(
        &self,
        subject: &EntityName,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Reasons, QueryError> {
        self.because(subject, resource, None, context)
    }

    fn because(
        &self,
        subject: &EntityName,
        resource: &EntityName,
        asked: Option<(LaneId, u64)>,
        context: &Context,
    ) -> Result<Reasons, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(&resource.type_name)?;
        let mut recorder = Recorder {
            faults: Faults::default(),
            sight: None,
            power: None,
            rules: Vec::new(),
            unmet: Vec::new(),
            capped: false,
            overridden: Vec::new(),
            confined: false,
        };
        let mut because = Vec::new();
        let asker = &question.asker;
        if let Some(by) = &asker.credential {
            let credential = question.bound.name(self.world, by.id).to_string();
            if !by.owned {
                return Ok(Reasons {
                    outcome: Outcome::Invisible,
                    because: vec![Reason::NoOwner { credential }],
                    errors: Vec::new(),
                });
            }
            because.push(Reason::ActsFor {
                credential,
                owner: self.world.name(asker.id).to_string(),
            });
        }
        if !asker.known {
            because.push(Reason::UnknownSubject);
        }
        let Some(resource) = self.world.find(ty, &resource.id) else {
            return Ok(Reasons {
                outcome: Outcome::Invisible,
                because: vec![Reason::UnknownResource],
                errors: Vec::new(),
            });
        };
        let lane = asked.map(|(lane, _)| lane);
        let want = asked.map_or(0, |(_, bit)| bit);
        let verdict = self
            .case(&question)
            .judge(resource, lane, want, &mut recorder);
        let outcome = match asked {
            Some((_, bit)) => verdict.outcome(bit),
            None if verdict.sees => Outcome::Allowed,
            None => Outcome::Invisible,
        };
        let plan = self.plan();
        if let Some((held, clause)) = recorder.sight {
            because.push(Reason::Sees {
                held: self.held(&question, &held),
                way: self.way(resource, held.place, lane, want),
                clause: plan.clauses[clause].clone(),
            });
        }
        if let Some((held, clause)) = recorder.power {
            because.push(Reason::Can {
                held: self.held(&question, &held),
                way: self.way(resource, held.place, lane, want),
                clause: plan.clauses[clause].clone(),
            });
        }
        for (effect, clause) in &recorder.rules {
            because.push(Reason::Rule {
                effect: effect.name(),
                clause: plan.clauses[*clause].clone(),
            });
        }
        let struck = |effect| recorder.rules.iter().any(|(matched, _)| *matched == effect);
        let unmet = |effect| {
            let missed = recorder.unmet.iter().filter(move |(of, ..)| *of == effect);
            missed.map(|(_, held, clause)| Reason::Unmet {
                held: self.held(&question, held),
                clause: plan.clauses[*clause].clone(),
            })
        };
        let overridden = recorder.overridden.iter();
        let overridden: Vec<Held> = overridden.map(|held| self.held(&question, held)).collect();
        let overridden =
            (!overridden.is_empty()).then_some(Reason::Overridden { held: overridden });
        if let (Some(by), true) = (&asker.credential, recorder.confined) {
            let within = by.within.iter().flatten();
            because.push(Reason::Confined {
                credential: self.world.name(by.id).to_string(),
                within: within
                    .map(|scope| self.world.name(*scope).to_string())
                    .collect(),
            });
        } else if outcome == Outcome::Invisible && !struck(Effect::Hide) {
            because.extend(unmet(Unmet::Sight));
            because.extend(overridden);
            because.extend(self.uncounted(&question, resource));
            because.push(self.no_sight(&question, resource));
        } else if outcome == Outcome::Forbidden && !struck(Effect::Forbid) {
            let given = recorder.power.is_some() || struck(Effect::Permit);
            let kept_out = self.kept_out(&question, resource, lane, want, verdict, given);
            if kept_out.is_empty() && recorder.capped {
                because.extend(self.caps(&question, resource, lane, want));
            } else if kept_out.is_empty() {
                because.extend(unmet(Unmet::Actions));
                because.extend(overridden);
                because.extend(self.uncounted(&question, resource));
                let (places, held) = self.looked_at(&question, resource);
                because.push(Reason::NoPower { places, held });
            }
            because.extend(kept_out);
        }
        Ok(Reasons {
            outcome,
            because,
            errors: recorder.faults.into_errors(plan),
        })
    }

    fn no_sight(&self, question: &Question, resource: EntityId) -> Reason {
        match self.lacking(resource) {
            Some((entity, container)) => Reason::Incomplete { entity, container },
            None => {
                let (places, held) = self.looked_at(question, resource);
                Reason::NoSight { places, held }
            }
        }
    }

    /// What on the way up lacks a container that it must have.
    pub(super) fn lacking(&self, resource: EntityId) -> Option<(String, String)> {
        if self.world.is_complete(resource) {
            return None;
        }
        let plan = self.plan();
        let mut open = vec![resource];
        // Containers have no cycles, so this ends.
        while let Some(entity) = open.pop() {
            let ty = &plan.types[self.world.type_of(entity)?];
            let above: Vec<EntityId> = self.world.containers(entity).collect();
            let lacks = ty.containers.iter().find(|(of, cardinality)| {
                let there = |above: &EntityId| self.world.type_of(*above) == Some(*of);
                *cardinality == Cardinality::One && !above.iter().any(there)
            });
            if let Some((of, _)) = lacks {
                let of = plan.type_name(*of).to_owned();
                return Some((self.world.name(entity).to_string(), of));
            }
            open.extend(
                above
                    .iter()
                    .filter(|above| !self.world.is_complete(**above)),
            );
        }
        None
    }

    /// Every place on the ways from a resource, and what the subject holds there.
    fn looked_at(&self, question: &Question, resource: EntityId) -> (Vec<String>, Vec<Held>) {
        let mut places = Vec::new();
        let mut all = Vec::new();
        for place in entities_on_ways(self.world, self.now, resource) {
            places.push(self.world.name(place).to_string());
            let held = question.asker.held_at(self.world, place, self.now);
            all.extend(held.iter().map(|held| self.held(question, held)));
        }
        (places, all)
    }

    /// The roles on the ways from a resource that do not count for their guards.
    fn uncounted(&self, question: &Question, resource: EntityId) -> Vec<Reason> {
        let plan = self.plan();
        let role_name = |role: &RoleId| {
            let role = plan.roles.find(*role);
            role.map_or_else(String::new, |role| {
                format!("{}.{}", plan.type_name(role.on), role.name)
            })
        };
        let mut reasons = Vec::new();
        for place in entities_on_ways(self.world, self.now, resource) {
            let uncounted = question.asker.uncounted(self.world, place, self.now);
            reasons.extend(uncounted.iter().map(|uncounted| {
                Reason::Uncounted {
                    held: self.held(question, &uncounted.held),
                    role: role_name(&uncounted.held.role),
                    requires: uncounted.requires.iter().map(role_name).collect(),
                    holders: uncounted
                        .holders
                        .iter()
                        .map(|ty| plan.type_name(*ty).to_owned())
                        .collect(),
                }
            }));
        }
        reasons
    }

    /// What keeps an action down that a role gives: ceilings, and the limit of a credential.
    fn caps(
        &self,
        question: &Question,
        resource: EntityId,
        lane: Option<LaneId>,
        bit: u64,
    ) -> Vec<Reason> {
        let Some(lane) = lane else {
            return Vec::new();
        };
        let mut caps = Vec::new();
        if let Some(by) = &question.asker.credential
            && by.limit(self.world, lane) & bit == 0
        {
            caps.push(Reason::Limited {
                credential: self.world.name(by.id).to_string(),
            });
        }
        for place in entities_on_ways(self.world, self.now, resource) {
            for held in question.asker.held_at(self.world, place, self.now) {
                if let Some(AnyRole::Declared(role)) = self.world.role(held.role)
                    && let Some((masks, clause)) = &role.ceiling
                    && masks.mask(lane) & bit == 0
                {
                    caps.push(Reason::Capped {
                        held: self.held(question, &held),
                        clause: self.plan().clauses[*clause].clone(),
                    });
                }
            }
        }
        caps
    }

    /// The shares whose level keeps an action out: of what the subject sees, where it has the power,
    /// and else of the power that its roles behind the window would give. Where the action is given,
    /// those too by which it is in what a credential is confined to.
    fn kept_out(
        &self,
        question: &Question,
        resource: EntityId,
        lane: Option<LaneId>,
        bit: u64,
        verdict: Verdict,
        given: bool,
    ) -> Vec<Reason> {
        let Some(lane) = lane else {
            return Vec::new();
        };
        let plan = self.plan();
        let mut reasons = Vec::new();
        let watched = Watched {
            lane: Some(lane),
            shows: None,
        };
        let case = self.case(question);
        let places = case.ways(resource, watched);
        let confined = given && case.confines(&places).is_some_and(|mask| mask & bit == 0);
        let credential = question.asker.credential.as_ref();
        let within = credential
            .and_then(|by| by.within.as_deref())
            .unwrap_or(&[]);
        let has_power = verdict.power & bit != 0;
        for place in places {
            let confines = confined && within.contains(&place.entity);
            let held = question.asker.held_at(self.world, place.entity, self.now);
            let mut would = held.iter().map(|held| match has_power {
                true => self.shows_one(held, resource),
                false => self.grants(held, lane, bit),
            });
            let counts = confines || place.pending == 0 && would.any(|would| would);
            if place.mask & bit != 0 || !counts {
                continue;
            }
            for share in self
                .way_edges(resource, place.entity)
                .iter()
                .filter_map(|(_, share)| *share)
            {
                let level = &plan.levels[share.level];
                if level.mask(lane) & bit == 0 {
                    reasons.push(Reason::KeptOut {
                        share: share_text(self.world, &share),
                        clause: plan.clauses[level.clause].clone(),
                    });
                }
            }
        }
        reasons.dedup();
        reasons
    }

    /// Whether a role that is held has an action, under a condition or without.
    fn grants(&self, held: &HeldRole, lane: LaneId, bit: u64) -> bool {
        match self.world.role(held.role) {
            Some(AnyRole::Declared(role)) => {
                let mut grants = role.grants_in(lane).iter();
                grants.any(|grant| grant.mask & bit != 0)
            }
            Some(AnyRole::Custom(role)) => role.masks.mask(lane) & bit != 0,
            None => false,
        }
    }

    /// Whether a role that is held can show a resource.
    fn shows_one(&self, held: &HeldRole, resource: EntityId) -> bool {
        let Some(of) = self.world.type_of(resource) else {
            return false;
        };
        let sees = match self.world.role(held.role) {
            Some(AnyRole::Declared(role)) => !role.sights_of(of).is_empty(),
            _ => false,
        };
        let shown_by = self.plan().types[of].visible_by;
        sees || shown_by.is_some_and(|(lane, bit)| self.grants(held, lane, bit))
    }

    pub(super) fn held(&self, question: &Question, held: &HeldRole) -> Held {
        let world = self.world;
        let role = world.role_name(held.role);
        let place = world.name(held.place);
        let asker = question.bound.name(world, question.asker.id);
        let holding = match held.by {
            By::Also(clause) => {
                return Held {
                    fact: format!("{asker} is {role} of {place}"),
                    place: None,
                    through: Vec::new(),
                    also: Some(self.plan().clauses[clause].clone()),
                };
            }
            By::Fact(holding) => holding,
        };
        let holder = match holding.set {
            _ if holding.holder == ANYONE => "anyone".to_owned(),
            Some(set) => format!("{}#{}", world.name(holding.holder), world.role_name(set)),
            None => world.name(holding.holder).to_string(),
        };
        // What a role includes is held by the same fact.
        let said = world.role_name(holding.role);
        Held {
            fact: format!(
                "{holder} is {said} of {place}{}",
                until(world.end(&holding))
            ),
            place: world.holding_place(&holding).map(ToString::to_string),
            through: self.group_path(question.asker.id, holding.holder),
            also: None,
        }
    }

    /// A shortest chain of memberships from a subject to a group, both with it; empty where there
    /// is none.
    fn group_path(&self, from: EntityId, to: EntityId) -> Vec<String> {
        let path = self.groups_to(from, to).into_iter().map(|(to, _)| to);
        let path: Vec<EntityId> = path.collect();
        let first = path.first().map(|_| from);
        let names = first.into_iter().chain(path);
        names
            .map(|name| self.world.name(name).to_string())
            .collect()
    }

    /// The groups on a shortest chain of memberships, each with the end of the one that leads to it.
    pub(super) fn groups_to(&self, from: EntityId, to: EntityId) -> Vec<(EntityId, i64)> {
        shortest(from, to, |at, step| {
            for membership in self.world.memberships(at) {
                if membership.until > self.now {
                    step(membership.other, membership.until);
                }
            }
        })
    }

    /// A shortest way from a resource to a place on which the actions wanted still go through.
    pub(super) fn way(
        &self,
        from: EntityId,
        to: EntityId,
        lane: Option<LaneId>,
        want: u64,
    ) -> Vec<Step> {
        let plan = self.plan();
        let passing = lane.map(|lane| {
            self.way_through(from, to, |share| {
                plan.levels[share.level].mask(lane) & want != 0
            })
        });
        // Sight alone goes through any window.
        let edges = passing
            .filter(|edges| from == to || !edges.is_empty())
            .unwrap_or_else(|| self.way_edges(from, to));
        edges
            .into_iter()
            .map(|(to, share)| Step {
                to: self.world.name(to).to_string(),
                level: share.map(|share| plan.levels[share.level].name.clone()),
            })
            .collect()
    }

    fn way_edges(&self, from: EntityId, to: EntityId) -> Vec<(EntityId, Option<Share>)> {
        self.way_through(from, to, |_| true)
    }

    pub(super) fn way_through(
        &self,
        from: EntityId,
        to: EntityId,
        passes: impl Fn(&Share) -> bool,
    ) -> Vec<(EntityId, Option<Share>)> {
        shortest(from, to, |at, step| {
            for container in self.world.containers(at) {
                step(container, None);
            }
            for share in self.world.shares_of(at) {
                if self.world.share_end(&share) > self.now
                    && self.world.is_complete(share.with)
                    && passes(&share)
                {
                    step(share.with, Some(share));
                }
            }
        })
    }
}

fn until(moment: i64) -> String {
    if moment == FOREVER {
        String::new()
    } else {
        format!(" until {}", format_datetime(moment))
    }
}

pub(super) fn share_text(world: &World, share: &Share) -> String {
    let (entity, with) = (world.name(share.entity), world.name(share.with));
    let level = &world.plan.levels[share.level].name;
    let place = world
        .share_place(share)
        .map_or_else(String::new, |place| format!(" ({place})"));
    format!(
        "share {entity} with {with} at {level}{}{place}",
        until(world.share_end(share))
    )
}

/// A shortest path by breadth first; empty where there is none, or nothing to go.
fn shortest<T: Copy>(
    from: EntityId,
    to: EntityId,
    edges: impl Fn(EntityId, &mut dyn FnMut(EntityId, T)),
) -> Vec<(EntityId, T)> {
    let mut came: Vec<(EntityId, Option<(usize, T)>)> = vec![(from, None)];
    let mut seen = std::collections::HashSet::from([from]);
    let mut next = 0;
    while let Some((at, _)) = came.get(next).copied() {
        if at == to {
            break;
        }
        edges(at, &mut |there, edge| {
            if seen.insert(there) {
                came.push((there, Some((next, edge))));
            }
        });
        next += 1;
    }
    let mut path = Vec::new();
    while let Some((at, Some((before, edge)))) = came.get(next).copied() {
        path.push((at, edge));
        next = before;
    }
    path.reverse();
    path
}
