//! Proofs: facts and clauses cut down until each of them is needed, by asking again.

use std::collections::HashSet;
use std::sync::Arc;

use super::Question;
use super::support::{Support, inside};
use super::types::{Given, Passed, Proof, Stated};
use crate::eval::{Effect, Evaluator, Gives, HeldRole, Look, Outcome, Spot, also_of, fact_of};
use crate::plan::{ClauseId, ConditionId, EntityId, Id, Plan};
use crate::world::{Fact, FactKind, World};

/// How many beginnings are followed.
const MOST_BEGINNINGS: usize = 64;

/// A clause that gives something in a world.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// Where a role with it is held; nothing for a rule.
    held: Option<(Spot, HeldRole)>,
    effect: Effect,
    clause: ClauseId,
    condition: Option<ConditionId>,
}

/// What a proof should be about, if it can: facts and clauses that are cut away last.
struct Beginning {
    facts: Vec<Fact>,
    clauses: Vec<ClauseId>,
}

/// Proofs of what came out, the shortest first, and whether there may be more.
pub(super) fn proofs(
    look: &Look<'_>,
    support: &Support,
    question: Question<'_>,
    outcome: Outcome,
    all: bool,
) -> (Vec<Proof>, bool) {
    let replay = Replay {
        plan: &look.world().plan,
        question,
        sight: outcome != Outcome::Allowed,
    };
    let beginnings = beginnings(look, replay.sight);
    let mut more = beginnings.len() > MOST_BEGINNINGS;
    let mut found: Vec<(HashSet<String>, Proof)> = Vec::new();
    for beginning in beginnings.iter().take(MOST_BEGINNINGS) {
        let Some(facts) = replay.facts(support, beginning) else {
            // What it rests on is more than was gathered.
            more = true;
            continue;
        };
        let texts: HashSet<String> = facts.iter().map(ToString::to_string).collect();
        if found.iter().any(|(known, _)| *known == texts) {
            continue;
        }
        if let Some(proof) = replay.proof(facts, beginning) {
            found.push((texts, proof));
        }
    }
    found.sort_by_cached_key(|(_, proof)| {
        let facts = proof.facts.iter().map(|fact| fact.fact.clone());
        (
            proof.facts.len(),
            proof.clauses.len(),
            facts.collect::<Vec<_>>(),
        )
    });
    if !all {
        more |= found.len() > 1;
        found.truncate(1);
    }
    let passed = passed(look, replay.sight);
    let proofs = found.into_iter().map(|(_, proof)| Proof {
        passed: passed.clone(),
        ..proof
    });
    (proofs.collect(), more)
}

/// The clauses that give sight, and those that give the action, each with the conditions met.
pub(super) fn sources(look: &Look<'_>, sight: bool) -> (Vec<Source>, Vec<Source>) {
    let (mut sights, mut powers) = (Vec::new(), Vec::new());
    let holds = |condition| look.readings(condition).holds == Some(true);
    let spots = look.spots();
    for spot in spots.iter().filter(|spot| !spot.overridden) {
        for held in look.held_at(spot.entity) {
            for offer in look.offers(spot.entity, held.role) {
                let reaches = sight || spot.passes;
                let counts = match offer.gives {
                    Gives::Sight => reaches,
                    Gives::Shown => reaches && spot.shown,
                    Gives::Power => spot.uncapped,
                };
                if !counts || !holds(offer.condition) {
                    continue;
                }
                let source = Source {
                    held: Some((*spot, held)),
                    effect: Effect::Permit,
                    clause: offer.clause,
                    condition: offer.condition,
                };
                match offer.gives {
                    Gives::Power => powers.push(source),
                    Gives::Sight | Gives::Shown => sights.push(source),
                }
            }
        }
    }
    let Some(own) = spots.first() else {
        return (sights, powers);
    };
    for rule in look.rules() {
        let gives_sight = rule.effect == Effect::Reveal || rule.shows && own.shown;
        let gives_power = rule.effect == Effect::Permit && rule.is_asked && own.uncapped;
        if !gives_sight && !gives_power || !holds(rule.condition) {
            continue;
        }
        let source = Source {
            held: None,
            effect: rule.effect,
            clause: rule.clause,
            condition: rule.condition,
        };
        if gives_sight {
            sights.push(source);
        }
        if gives_power {
            powers.push(source);
        }
    }
    (sights, powers)
}

/// Every pair of what shows the resource and what gives the action, those with few facts first.
fn beginnings(look: &Look<'_>, sight: bool) -> Vec<Beginning> {
    let (sights, powers) = sources(look, sight);
    let of = |source: &Source| (main_facts(look, source), source.clause);
    let sights: Vec<(Vec<Fact>, ClauseId)> = sights.iter().map(of).collect();
    let powers: Vec<(Vec<Fact>, ClauseId)> = powers.iter().map(of).collect();
    let mut all = Vec::new();
    for (shown_by, sees) in &sights {
        if sight {
            all.push(Beginning {
                facts: shown_by.clone(),
                clauses: vec![*sees],
            });
            continue;
        }
        for (given_by, can) in &powers {
            let mut facts = shown_by.clone();
            facts.extend(
                given_by
                    .iter()
                    .filter(|fact| !shown_by.contains(fact))
                    .cloned(),
            );
            all.push(Beginning {
                facts,
                clauses: vec![*sees, *can],
            });
            if all.len() > 4096 {
                break;
            }
        }
    }
    all.sort_by_key(|beginning| beginning.facts.len());
    all
}

/// The way, the holding, and the groups by which it is held.
fn main_facts(look: &Look<'_>, source: &Source) -> Vec<Fact> {
    let world = look.world();
    let Some((spot, held)) = &source.held else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    let mut at = look.resource();
    for (to, share) in look.way_edges(spot.entity, spot.passes) {
        match share {
            Some(share) => facts.push(world.share_fact(&share)),
            None => facts.extend(at.map(|at| inside(world, at, to))),
        }
        at = Some(to);
    }
    if let Some(holding) = fact_of(held) {
        facts.push(world.holding_fact(&holding));
        if holding.set.is_none() {
            facts.extend(look.chain_to(holding.holder));
        }
    }
    facts
}

/// Takes as much away as can be, from the front, as long as what is left still says the same.
fn minimal<T: Clone>(items: Vec<T>, says: impl Fn(&[T]) -> bool) -> Option<Vec<T>> {
    if !says(&items) {
        return None;
    }
    let mut left = items;
    loop {
        let before = left.len();
        let mut open = vec![(0, left.len())];
        let mut gone = vec![false; left.len()];
        while let Some((start, end)) = open.pop() {
            let mut tried = gone.clone();
            tried
                .iter_mut()
                .take(end)
                .skip(start)
                .for_each(|gone| *gone = true);
            let kept = left.iter().zip(&tried).filter(|(_, gone)| !**gone);
            let kept: Vec<T> = kept.map(|(item, _)| item.clone()).collect();
            if says(&kept) {
                gone = tried;
            } else if end - start > 1 {
                let middle = start + (end - start) / 2;
                open.push((middle, end));
                open.push((start, middle));
            }
        }
        let mut gone = gone.iter();
        left.retain(|_| gone.next() == Some(&false));
        if left.len() == before {
            return Some(left);
        }
    }
}

/// Asks the same question in worlds of few facts.
struct Replay<'q> {
    plan: &'q Arc<Plan>,
    question: Question<'q>,
    /// Whether it is only asked whether the resource is seen.
    sight: bool,
}

impl Replay<'_> {
    fn world(&self, facts: &[Fact]) -> Option<World> {
        World::build(Arc::clone(self.plan), facts.iter().cloned()).ok()
    }

    /// The same under a policy of which only some clauses give anything.
    fn world_by(&self, facts: &[Fact], clauses: &[ClauseId]) -> Option<World> {
        let plan = Arc::new(self.plan.with_only(clauses));
        World::build(plan, facts.iter().cloned()).ok()
    }

    fn says(&self, world: &World) -> bool {
        let Question {
            subject,
            action,
            resource,
            context,
            now,
        } = self.question;
        let decision = Evaluator::new(world, now).check(subject, action, resource, context);
        decision.is_ok_and(|decision| match decision.outcome {
            Outcome::Allowed => true,
            Outcome::Forbidden => self.sight,
            Outcome::Invisible => false,
        })
    }

    /// Facts each of which is needed, of the beginning as many as can be.
    fn facts(&self, support: &Support, beginning: &Beginning) -> Option<Vec<Fact>> {
        let last: HashSet<String> = beginning.facts.iter().map(ToString::to_string).collect();
        let mut facts = support.facts.clone();
        facts.sort_by_cached_key(|fact| {
            let order = match &fact.kind {
                FactKind::Entity {
                    containers,
                    attributes,
                    ..
                } if containers.is_empty() && attributes.is_empty() => 2,
                FactKind::Entity { containers, .. } if !containers.is_empty() => 1,
                _ => 0,
            };
            (last.contains(&fact.to_string()), order)
        });
        let says = |facts: &[Fact]| self.world(facts).is_some_and(|world| self.says(&world));
        // Mostly the beginning is enough, with what its places stand in.
        let is_near = |fact: &&Fact| {
            let is_entity = |fact: &Fact| matches!(fact.kind, FactKind::Entity { .. });
            is_entity(fact) || last.contains(&fact.to_string())
        };
        let near: Vec<Fact> = facts.iter().filter(is_near).cloned().collect();
        minimal(near, says).or_else(|| minimal(facts, says))
    }

    /// What the facts prove, by clauses each of which is needed.
    fn proof(&self, facts: Vec<Fact>, beginning: &Beginning) -> Option<Proof> {
        let Question {
            subject,
            action,
            resource,
            context,
            now,
        } = self.question;
        let mut clauses = {
            let world = self.world(&facts)?;
            let look = Evaluator::new(&world, now).look(subject, action, resource, context);
            candidates(&look.ok()?, self.sight)
        };
        clauses.sort_by_key(|clause| beginning.clauses.contains(clause));
        let says = |clauses: &[ClauseId]| {
            let world = self.world_by(&facts, clauses);
            world.is_some_and(|world| self.says(&world))
        };
        let clauses = minimal(clauses.clone(), says).or_else(|| {
            // Some other `also` is behind it.
            let roles = self.plan.roles.rows().iter();
            let also = roles.flat_map(|role| role.also.iter().map(|also| also.clause));
            let mut all: Vec<ClauseId> = also.filter(|also| !clauses.contains(also)).collect();
            all.extend(&clauses);
            minimal(all, says)
        })?;
        let world = self.world_by(&facts, &clauses)?;
        let look = Evaluator::new(&world, now).look(subject, action, resource, context);
        let look = look.ok()?;
        let (sights, powers) = sources(&look, self.sight);
        let given = |source: &Source| given(&look, source);
        let can = powers.first().map(given);
        if can.is_none() && !self.sight {
            return None;
        }
        Some(Proof {
            sees: given(sights.first()?),
            can: can.filter(|_| !self.sight),
            facts: facts.iter().map(stated).collect(),
            clauses: clauses
                .iter()
                .map(|clause| self.plan.clauses[*clause].clone())
                .collect(),
            passed: Vec::new(),
        })
    }
}

/// The clauses that could be needed in a small world.
fn candidates(look: &Look<'_>, sight: bool) -> Vec<ClauseId> {
    let world = look.world();
    let mut clauses = Vec::new();
    for entity in (0..world.entity_count()).map(EntityId::from_index) {
        clauses.extend(look.held_at(entity).iter().filter_map(also_of));
    }
    // A role that customers made is no fact where they may make none.
    let made = world.plan.types.rows().iter();
    clauses.extend(made.filter_map(|ty| Some(ty.custom_roles.as_ref()?.clause)));
    let (sights, powers) = sources(look, sight);
    let given = sights.iter().chain(if sight { &[][..] } else { &powers });
    clauses.extend(given.map(|source| source.clause));
    let mut told = HashSet::new();
    clauses.retain(|clause| told.insert(*clause));
    // The first that were found are kept.
    clauses.reverse();
    clauses
}

fn stated(fact: &Fact) -> Stated {
    Stated {
        fact: fact.kind.to_string(),
        place: fact.place.as_ref().map(ToString::to_string),
    }
}

fn given(look: &Look<'_>, source: &Source) -> Given {
    let clause = look.world().plan.clauses[source.clause].clone();
    let reads = look.readings(source.condition).values;
    match &source.held {
        Some((spot, held)) => Given::Role {
            held: Box::new(look.held(held)),
            way: look.way(spot.entity),
            clause,
            reads,
        },
        None => Given::Rule {
            effect: source.effect.name(),
            clause,
            reads,
        },
    }
}

/// What could have taken the answer away, and lets it through.
fn passed(look: &Look<'_>, sight: bool) -> Vec<Passed> {
    let plan = &look.world().plan;
    let mut passed = Vec::new();
    if let (Some((credential, _)), Some(owner)) = (look.credential(), look.asker()) {
        passed.push(Passed::Credential {
            credential: look.name(credential),
            owner: look.name(owner),
        });
    }
    let places = look.places();
    for place in &places {
        for held in look.held_at(*place) {
            if let (Some((clause, true)), false) = (look.ceiling(held.role), sight) {
                passed.push(Passed::Ceiling {
                    held: look.held(&held),
                    clause: plan.clauses[clause].clone(),
                });
            }
        }
    }
    if look.spots().iter().any(|spot| spot.overridden) {
        let overrides = |place: &&EntityId| {
            let ty = look.world().type_of(**place);
            ty.is_some_and(|ty| plan.types[ty].overrides != 0)
        };
        for place in places.iter().filter(overrides) {
            let held = look.held_at(*place);
            passed.extend(held.first().map(|held| Passed::Override {
                held: look.held(held),
            }));
        }
    }
    for rule in look.rules() {
        if rule.effect == Effect::Hide || rule.effect == Effect::Forbid && !sight {
            let readings = look.readings(rule.condition);
            if readings.holds == Some(false) {
                passed.push(Passed::Rule {
                    effect: rule.effect.name(),
                    clause: plan.clauses[rule.clause].clone(),
                    reads: readings.values,
                });
            }
        }
    }
    passed
}
