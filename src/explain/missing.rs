//! Why not: what was missing on each place where something could have been held.

use super::proof::sources;
use super::types::Missing;
use crate::eval::{Effect, Gives, HeldRole, Look, Outcome, Spot};
use crate::literal::format_datetime;
use crate::plan::{ClauseId, EntityId};
use crate::world::{ANYONE, Holding, World};

/// What stood in the way, in the order of the places on the ways.
pub(super) fn missing(look: &Look<'_>, outcome: Outcome) -> Vec<Missing> {
    let mut missing = Vec::new();
    if look.asker().is_none() && look.credential().is_none() {
        missing.push(Missing::UnknownSubject);
    }
    let Some(_) = look.resource() else {
        missing.push(Missing::UnknownResource);
        return missing;
    };
    let credential = look.credential();
    if !look.is_owned() {
        let credential = credential.map_or_else(|| look.asker_name(), |(id, _)| look.name(id));
        missing.push(Missing::NoOwner { credential });
        return missing;
    }
    if let Some((entity, container)) = look.lacking() {
        missing.push(Missing::Incomplete { entity, container });
        return missing;
    }
    let spots = look.spots();
    if let Some((credential, Some(within))) = credential
        && !spots.iter().any(|spot| within.contains(&spot.entity))
    {
        missing.push(Missing::Confined {
            credential: look.name(credential),
            within: within.iter().map(|scope| look.name(*scope)).collect(),
        });
        return missing;
    }
    let mut finding = Finding::new(look, spots);
    finding.rules(outcome);
    if finding.wants_sight || finding.wants_power || !finding.reaches {
        finding.places();
        finding.ended();
        finding.unmet_rules();
    }
    // What reaches the scope of a credential through a share is cut to its level.
    if let (Some((_, Some(within))), true) = (credential, finding.missing.is_empty()) {
        within.iter().for_each(|scope| finding.kept_out(*scope));
    }
    missing.extend(finding.missing);
    missing
}

struct Finding<'l> {
    look: &'l Look<'l>,
    world: &'l World,
    spots: Vec<Spot>,
    /// Nothing shows it, or nothing gives the action.
    wants_sight: bool,
    wants_power: bool,
    /// What shows it lets the action through.
    reaches: bool,
    missing: Vec<Missing>,
    bare: Vec<String>,
}

impl<'l> Finding<'l> {
    fn new(look: &'l Look<'l>, spots: Vec<Spot>) -> Self {
        let (sights, powers) = sources(look, true);
        let (reaching, _) = sources(look, false);
        Self {
            look,
            world: look.world(),
            spots,
            wants_sight: sights.is_empty(),
            wants_power: powers.is_empty(),
            reaches: !reaching.is_empty(),
            missing: Vec::new(),
            bare: Vec::new(),
        }
    }

    fn clause(&self, clause: ClauseId) -> crate::plan::Clause {
        self.world.plan.clauses[clause].clone()
    }

    fn push(&mut self, missing: Missing) {
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }

    /// The rules that take it away.
    fn rules(&mut self, outcome: Outcome) {
        for rule in self.look.rules() {
            let takes = match rule.effect {
                Effect::Hide => outcome == Outcome::Invisible,
                Effect::Forbid => true,
                Effect::Permit | Effect::Reveal => false,
            };
            let readings = self.look.readings(rule.condition);
            // What cannot be read counts as matched.
            if takes && readings.holds != Some(false) {
                self.push(Missing::Struck {
                    effect: rule.effect.name(),
                    clause: self.clause(rule.clause),
                    reads: readings.values,
                });
            }
        }
    }

    fn unmet_rules(&mut self) {
        for rule in self.look.rules() {
            let gives = match rule.effect {
                Effect::Reveal => self.wants_sight,
                Effect::Permit => {
                    self.wants_power && rule.is_asked || self.wants_sight && rule.shows
                }
                Effect::Forbid | Effect::Hide => false,
            };
            let readings = self.look.readings(rule.condition);
            if gives && readings.holds != Some(true) {
                self.push(Missing::RuleUnmet {
                    effect: rule.effect.name(),
                    clause: self.clause(rule.clause),
                    reads: readings.values,
                });
            }
        }
    }

    fn is_wanted(&self, gives: Gives) -> bool {
        match gives {
            Gives::Sight | Gives::Shown => self.wants_sight,
            Gives::Power => self.wants_power,
        }
    }

    fn places(&mut self) {
        for place in self.look.places() {
            let before = self.missing.len();
            self.uncounted(place);
            let held = self.look.held_at(place);
            if held.is_empty() {
                if self.missing.len() == before {
                    self.bare.push(self.world.name(place).to_string());
                }
                continue;
            }
            let lacking: Vec<&HeldRole> = held
                .iter()
                .filter(|held| !self.offers_something(place, held))
                .collect();
            let lacking = lacking
                .iter()
                .map(|held| self.look.held(held))
                .collect::<Vec<_>>();
            if !lacking.is_empty() && (self.wants_sight || self.wants_power) {
                let lacks = if self.wants_sight { "sight" } else { "action" };
                self.push(Missing::Lacks {
                    lacks,
                    place: self.world.name(place).to_string(),
                    held: lacking,
                });
            }
            for held in &held {
                self.kept_down(place, held);
            }
        }
        let bare = std::mem::take(&mut self.bare);
        if !bare.is_empty() && (self.wants_sight || self.wants_power) {
            self.missing.push(Missing::NothingHeld { places: bare });
        }
    }

    /// Whether a role would give something that is wanted, whatever its condition says.
    fn offers_something(&self, place: EntityId, held: &HeldRole) -> bool {
        let offers = self.look.offers(place, held.role);
        let first = if self.wants_sight {
            [Gives::Sight, Gives::Shown]
        } else {
            [Gives::Power, Gives::Power]
        };
        offers.iter().any(|offer| first.contains(&offer.gives))
    }

    /// Why a role that would give something here gives nothing.
    fn kept_down(&mut self, place: EntityId, held: &HeldRole) {
        let spots: Vec<Spot> = self
            .spots
            .iter()
            .filter(|spot| spot.entity == place)
            .copied()
            .collect();
        for offer in self.look.offers(place, held.role) {
            let is_sight = offer.gives != Gives::Power;
            // Sight that is had, and does not reach far enough, is looked at too.
            if !self.is_wanted(offer.gives) && (self.reaches || !is_sight) {
                continue;
            }
            let readings = self.look.readings(offer.condition);
            if readings.holds != Some(true) {
                self.push(Missing::Unmet {
                    gives: if is_sight { "sight" } else { "action" },
                    held: self.look.held(held),
                    clause: self.clause(offer.clause),
                    reads: readings.values,
                });
                continue;
            }
            if spots.iter().all(|spot| spot.overridden) {
                self.push(Missing::Overridden {
                    held: self.look.held(held),
                    by: self.overriding(place),
                });
                continue;
            }
            if !spots.iter().any(|spot| spot.passes) {
                self.kept_out(place);
            } else if !is_sight && !spots.iter().any(|spot| spot.uncapped)
                || offer.gives == Gives::Shown && !spots.iter().any(|spot| spot.shown)
            {
                self.capped();
            }
        }
    }

    /// The roles that override what is held at a place.
    fn overriding(&self, place: EntityId) -> Vec<crate::eval::Held> {
        let plan = &self.world.plan;
        let nearer = self
            .look
            .places()
            .into_iter()
            .take_while(|other| *other != place);
        let overrides = nearer.filter(|other| {
            let ty = self.world.type_of(*other);
            ty.is_some_and(|ty| plan.types[ty].overrides != 0)
        });
        let held = overrides.flat_map(|other| self.look.held_at(other));
        held.map(|held| self.look.held(&held)).collect()
    }

    /// The shares on the way to a place whose levels keep the action out.
    fn kept_out(&mut self, place: EntityId) {
        for (_, share) in self.look.way_edges(place, false) {
            let Some(share) = share.filter(|share| !self.look.lets_through(share.level)) else {
                continue;
            };
            let level = &self.world.plan.levels[share.level];
            self.push(Missing::KeptOut {
                share: self.look.share(&share),
                clause: self.clause(level.clause),
            });
        }
    }

    /// The ceilings on the ways, and the limit of a credential, that keep the action down.
    fn capped(&mut self) {
        if let (Some((credential, _)), false) =
            (self.look.credential(), self.look.is_within_limit())
        {
            self.push(Missing::Limited {
                credential: self.look.name(credential),
            });
        }
        for place in self.look.places() {
            for held in self.look.held_at(place) {
                if let Some((clause, false)) = self.look.ceiling(held.role) {
                    self.push(Missing::Capped {
                        held: self.look.held(&held),
                        clause: self.clause(clause),
                    });
                }
            }
        }
    }

    /// Roles that facts or `also` give here, and that their guards keep from counting.
    fn uncounted(&mut self, place: EntityId) {
        let plan = &self.world.plan;
        for uncounted in self.look.uncounted_at(place) {
            let wanted = self.look.offers(place, uncounted.held.role);
            if !wanted.iter().any(|offer| self.is_wanted(offer.gives)) {
                continue;
            }
            let name = |role: &crate::plan::RoleId| {
                let role = plan.roles.find(*role);
                role.map_or_else(String::new, |role| {
                    format!("{}.{}", plan.type_name(role.on), role.name)
                })
            };
            self.push(Missing::Uncounted {
                held: self.look.held(&uncounted.held),
                role: name(&uncounted.held.role),
                requires: uncounted.requires.iter().map(name).collect(),
                holders: uncounted
                    .holders
                    .iter()
                    .map(|ty| plan.type_name(*ty).to_owned())
                    .collect(),
            });
        }
    }

    /// Facts that have ended, and would have helped.
    fn ended(&mut self) {
        let (look, world, now) = (self.look, self.world, self.look.now());
        let places = look.places();
        for place in &places {
            for held in ended_at(look, *place) {
                if self.helps(&held) {
                    let fact = world.holding_fact(&held);
                    self.end(&fact, world.end(&held));
                }
            }
            for share in world.shares_of(*place) {
                let end = world.share_end(&share);
                if end <= now && !look.held_at(share.with).is_empty() {
                    self.end(&world.share_fact(&share), end);
                }
            }
        }
        let members: Vec<EntityId> = look.asker().into_iter().chain(look.holders()).collect();
        for member in members.into_iter().filter(|member| *member != ANYONE) {
            for membership in world.memberships(member) {
                let group = membership.other;
                let holds = places.iter().any(|place| {
                    let mut at = world.holders_from(*place, group);
                    at.any(|edge| self.helps(&Holding::at(*place, edge)))
                });
                if membership.until <= now && holds {
                    let fact = world.member_fact(member, group, membership.until);
                    self.end(&fact, membership.until);
                }
            }
        }
    }

    fn helps(&self, held: &Holding) -> bool {
        let offers = self.look.offers(held.place, held.role);
        offers.iter().any(|offer| self.is_wanted(offer.gives))
    }

    fn end(&mut self, fact: &crate::world::Fact, until: i64) {
        self.push(Missing::Ended {
            fact: fact.kind.to_string(),
            place: fact.place.as_ref().map(ToString::to_string),
            until: format_datetime(until),
        });
    }
}

/// The holdings of the asker at a place that have ended.
pub(super) fn ended_at(look: &Look<'_>, place: EntityId) -> Vec<Holding> {
    let world = look.world();
    let mut ended = Vec::new();
    for holder in look.holders() {
        for edge in world.holders_from(place, holder) {
            let held = Holding::at(place, edge);
            if world.end(&held) <= look.now() {
                ended.push(held);
            }
        }
    }
    ended
}
