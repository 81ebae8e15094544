//! What decided: the holdings, ways, clauses and rules behind an outcome, or what was missing.

use serde::Serialize;

use super::condition::Fault;
use super::error::{ConditionError, QueryError};
use super::walk::{Effect, Faults, Trace, Unmet, Verdict, ways};
use super::{Context, Evaluator, Outcome, Question};
use crate::literal::{EntityName, format_datetime};
use crate::plan::{Cardinality, Clause, ClauseId, EntityId, LaneId};
use crate::world::{ANYONE, FOREVER, Holding, Share, World};

/// An outcome and what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reasons {
    /// What came out.
    pub outcome: Outcome,
    /// What decided, sight first.
    pub because: Vec<Reason>,
    /// Conditions that could not be read; none of them gave anything.
    pub errors: Vec<ConditionError>,
}

/// A step from a place to the next on a way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Where it leads.
    pub to: String,
    /// The level of the share that it goes through, if it is no containment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A role that somebody holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The fact: `Group:eng is Member of Team:ml`.
    pub fact: String,
    /// Where it was stated, if in a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The groups by which the subject is in the holder, the subject itself first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

/// One thing that decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// A held role shows the resource.
    Sees {
        /// The holding.
        held: Held,
        /// The way from the resource to where it is held.
        way: Vec<Step>,
        /// The clause that shows it.
        clause: Clause,
    },
    /// A held role gives the action.
    Can {
        /// The holding.
        held: Held,
        /// The way from the resource to where it is held.
        way: Vec<Step>,
        /// The clause that gives it.
        clause: Clause,
    },
    /// A rule matched.
    Rule {
        /// `permit`, `forbid`, `reveal` or `hide`.
        effect: &'static str,
        /// The rule.
        clause: Clause,
    },
    /// The world knows no such subject: only what `anyone` holds counts.
    UnknownSubject,
    /// The world knows no such resource.
    UnknownResource,
    /// The resource, or something that it stands in, lacks a container.
    Incomplete {
        /// What lacks it.
        entity: String,
        /// The type of the container.
        container: String,
    },
    /// Nothing that the subject holds on these places shows the resource.
    NoSight {
        /// The places on all ways, the resource first.
        places: Vec<String>,
        /// What the subject holds on them.
        held: Vec<Held>,
    },
    /// Nothing that the subject holds on these places gives the action.
    NoPower {
        /// The places on all ways, the resource first.
        places: Vec<String>,
        /// What the subject holds on them.
        held: Vec<Held>,
    },
    /// A held role would show the resource, or give the action, but its condition does not hold.
    Unmet {
        /// The holding.
        held: Held,
        /// The clause.
        clause: Clause,
    },
    /// The action is given, but the level of the share through which the subject sees it lets it not
    /// pass.
    KeptOut {
        /// The share.
        share: String,
        /// Its level in the policy.
        clause: Clause,
    },
}

/// Keeps the first holding or rule that gave sight, and power, and every rule that took away.
struct Recorder {
    faults: Faults,
    bit: u64,
    sight: Option<(EntityId, Holding, ClauseId)>,
    power: Option<(EntityId, Holding, ClauseId)>,
    rules: Vec<(Effect, ClauseId)>,
    unmet: Vec<(Unmet, Holding, ClauseId)>,
}

impl Trace for Recorder {
    fn sight(&mut self, place: EntityId, held: &Holding, clause: ClauseId) {
        // The last one that is told is the one whose reach has the action.
        self.sight = Some((place, *held, clause));
    }
    fn grant(&mut self, place: EntityId, held: &Holding, clause: ClauseId, mask: u64) {
        if mask & self.bit != 0 && self.power.is_none() {
            self.power = Some((place, *held, clause));
        }
    }
    fn unmet(&mut self, held: &Holding, clause: ClauseId, effect: Unmet) {
        let told = self.unmet.iter().any(|(_, _, before)| *before == clause);
        if !told {
            self.unmet.push((effect, *held, clause));
        }
    }
    fn rule(&mut self, effect: Effect, clause: ClauseId, mask: u64) {
        if mask & self.bit != 0 {
            self.rules.push((effect, clause));
        }
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
        let (lane, bit) = self.bit(self.action_named(action, ty)?, ty)?;
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
            bit: asked.map_or(u64::MAX, |(_, bit)| bit),
            sight: None,
            power: None,
            rules: Vec::new(),
            unmet: Vec::new(),
        };
        let mut because = Vec::new();
        if !question.asker.known {
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
        if let Some((place, held, clause)) = recorder.sight {
            because.push(Reason::Sees {
                held: self.held(&question, &held),
                way: self.way(resource, place, lane, want),
                clause: plan.clauses[clause].clone(),
            });
        }
        if let Some((place, held, clause)) = recorder.power {
            because.push(Reason::Can {
                held: self.held(&question, &held),
                way: self.way(resource, place, lane, want),
                clause: plan.clauses[clause].clone(),
            });
        }
        for (effect, clause) in &recorder.rules {
            because.push(Reason::Rule {
                effect: match effect {
                    Effect::Permit => "permit",
                    Effect::Forbid => "forbid",
                    Effect::Reveal => "reveal",
                    Effect::Hide => "hide",
                },
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
        if outcome == Outcome::Invisible && !struck(Effect::Hide) {
            because.extend(unmet(Unmet::Sight));
            because.push(self.no_sight(&question, resource));
        } else if outcome == Outcome::Forbidden && !struck(Effect::Forbid) {
            let kept_out = self.kept_out(&question, resource, lane, want, verdict);
            if kept_out.is_empty() {
                because.extend(unmet(Unmet::Actions));
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
    fn lacking(&self, resource: EntityId) -> Option<(String, String)> {
        if self.world.is_complete(resource) {
            return None;
        }
        let plan = self.plan();
        let mut open = vec![resource];
        // Containers have no cycles, so this ends.
        while let Some(entity) = open.pop() {
            let ty = &plan.types[self.world.entities.type_of(entity)?];
            let above = self.world.containers.of(entity);
            let lacks = ty.containers.iter().find(|(of, cardinality)| {
                let there = |above: &EntityId| self.world.entities.type_of(*above) == Some(*of);
                *cardinality == Cardinality::One && !above.iter().any(there)
            });
            if let Some((of, _)) = lacks {
                return Some((self.world.name(entity).to_string(), plan.type_name(*of)));
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
        for place in ways(self.world, self.now, resource, None) {
            places.push(self.world.name(place.entity).to_string());
            let held = question.asker.held_at(self.world, place.entity, self.now);
            all.extend(held.map(|held| self.held(question, held)));
        }
        (places, all)
    }

    /// The shares whose level keeps an action out: of what the subject sees, where it has the power,
    /// and else of the power that its roles behind the window would give.
    fn kept_out(
        &self,
        question: &Question,
        resource: EntityId,
        lane: Option<LaneId>,
        bit: u64,
        verdict: Verdict,
    ) -> Vec<Reason> {
        let Some(lane) = lane else {
            return Vec::new();
        };
        let plan = self.plan();
        let of = self.world.entities.type_of(resource);
        let mut reasons = Vec::new();
        for place in ways(self.world, self.now, resource, Some(lane)) {
            let mut held = question.asker.held_at(self.world, place.entity, self.now);
            let has_power = verdict.power & bit != 0;
            let would = held.any(|held| {
                let role = &plan.roles[held.role];
                if has_power {
                    of.is_some_and(|of| !role.sights_of(of).is_empty())
                } else {
                    role.grants_in(lane)
                        .iter()
                        .any(|grant| grant.mask & bit != 0)
                }
            });
            if !would || place.mask & bit != 0 {
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

    fn held(&self, question: &Question, held: &Holding) -> Held {
        let world = self.world;
        let holder = if held.holder == ANYONE {
            "anyone".to_owned()
        } else {
            world.name(held.holder).to_string()
        };
        let role = &self.plan().roles[held.role].name;
        let place = world.name(held.place);
        let fact = format!("{holder} is {role} of {place}{}", until(held.until));
        let is_group = held.holder != ANYONE && held.holder != question.asker.id;
        Held {
            fact,
            place: world.place(held.origin).map(ToString::to_string),
            through: if is_group {
                self.group_path(question.asker.id, held.holder)
            } else {
                Vec::new()
            },
        }
    }

    /// A shortest chain of memberships from a subject to a group.
    fn group_path(&self, from: EntityId, to: EntityId) -> Vec<String> {
        let path = shortest(from, to, |at, step| {
            for membership in self.world.groups.of(at) {
                if membership.until > self.now {
                    step(membership.other, ());
                }
            }
        });
        let first = std::iter::once(self.world.name(from).to_string());
        first
            .chain(path.iter().map(|(to, ())| self.world.name(*to).to_string()))
            .collect()
    }

    /// A shortest way from a resource to a place on which the actions wanted still go through.
    fn way(&self, from: EntityId, to: EntityId, lane: Option<LaneId>, want: u64) -> Vec<Step> {
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

    fn way_through(
        &self,
        from: EntityId,
        to: EntityId,
        passes: impl Fn(&Share) -> bool,
    ) -> Vec<(EntityId, Option<Share>)> {
        shortest(from, to, |at, step| {
            for container in self.world.containers.of(at) {
                step(*container, None);
            }
            for share in self.world.shares.of(at) {
                if share.until > self.now && self.world.is_complete(share.with) && passes(share) {
                    step(share.with, Some(*share));
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

fn share_text(world: &World, share: &Share) -> String {
    let (entity, with) = (world.name(share.entity), world.name(share.with));
    let level = &world.plan.levels[share.level].name;
    let place = world
        .place(share.origin)
        .map_or_else(String::new, |place| format!(" ({place})"));
    format!(
        "share {entity} with {with} at {level}{}{place}",
        until(share.until)
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
