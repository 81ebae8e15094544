//! A question taken apart, for those who explain its answer: where the walk comes by, what is held
//! there, and what each clause would give.
//!
//! Nothing is decided here. What follows from it is always asked of the walk itself.

use super::holders::{By, Held as HeldRole, Uncounted};
use super::places::{Above, Watched, entities_on_ways};
use super::reading::Readings;
use super::reason::{Held, Step};
use super::walk::{Effect, Faults};
use super::{Context, Evaluator, Outcome, QueryError, Question};
use crate::literal::EntityName;
use crate::plan::{
    ActionId, ClauseId, ConditionId, EntityId, LaneId, LevelId, Plan, RoleId, TypeId,
};
use crate::world::{AnyRole, Fact, Holding, Share, World};

/// A question whose names are all known to the policy, and what may be asked about it.
pub(crate) struct Look<'w> {
    evaluator: Evaluator<'w>,
    question: Question<'w>,
    of: TypeId,
    action: ActionId,
    lane: LaneId,
    bit: u64,
    resource: Option<EntityId>,
}

/// A place on some way, for the one action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) entity: EntityId,
    /// Whether the levels of the shares on some way to it let the action through.
    pub(crate) passes: bool,
    /// Whether the action is also under the ceilings of that way, and a credential's limit.
    pub(crate) uncapped: bool,
    /// The same of the action that shows the resource.
    pub(crate) shown: bool,
    /// Whether a nearer role overrides what is held here.
    pub(crate) overridden: bool,
}

/// What a clause gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    Sight,
    /// Sight, by the action that shows the resource.
    Shown,
    Power,
}

/// A clause of a role that would show the resource or give the action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) gives: Gives,
    pub(crate) clause: ClauseId,
    pub(crate) condition: Option<ConditionId>,
}

/// A rule about the resource or the action.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RuleHere {
    pub(crate) effect: Effect,
    pub(crate) clause: ClauseId,
    pub(crate) condition: Option<ConditionId>,
    /// Whether a `permit` rule shows the resource, by the action that does.
    pub(crate) shows: bool,
    /// Whether it is about the action, or about sight.
    pub(crate) is_asked: bool,
}

impl<'w> Evaluator<'w> {
    /// A question taken apart.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub(crate) fn look(
        &self,
        subject: &EntityName,
        action: &str,
        resource: &EntityName,
        context: &Context,
    ) -> Result<Look<'w>, QueryError> {
        let question = self.question(subject, context)?;
        let of = self.type_named(&resource.type_name)?;
        let (action, (lane, bit)) = self.action_meant(action, of)?;
        Ok(Look {
            evaluator: *self,
            question,
            of,
            action,
            lane,
            bit,
            resource: self.world.find(of, &resource.id),
        })
    }

    /// The moment that is asked about.
    pub(crate) fn now(&self) -> i64 {
        self.now
    }
}

impl<'w> Look<'w> {
    pub(crate) fn world(&self) -> &'w World {
        self.evaluator.world
    }

    pub(crate) fn now(&self) -> i64 {
        self.evaluator.now
    }

    fn plan(&self) -> &'w Plan {
        self.evaluator.plan()
    }

    /// The resource, if the world knows it.
    pub(crate) fn resource(&self) -> Option<EntityId> {
        self.resource
    }

    /// Who is judged: of a credential, its owner. Nothing where the world does not know it.
    pub(crate) fn asker(&self) -> Option<EntityId> {
        self.question.asker.known.then_some(self.question.asker.id)
    }

    /// The credential by which it is asked, and the scopes that it is confined to.
    pub(crate) fn credential(&self) -> Option<(EntityId, Option<&[EntityId]>)> {
        let by = self.question.asker.credential.as_ref()?;
        let known = self.world().is_known(by.id);
        known.then_some((by.id, by.within.as_deref()))
    }

    /// Whether the credential, if there is one, has an owner.
    pub(crate) fn is_owned(&self) -> bool {
        let credential = self.question.asker.credential.as_ref();
        credential.is_none_or(|by| by.owned)
    }

    /// Whether the credential's own permissions, if it has some, have the action.
    pub(crate) fn is_within_limit(&self) -> bool {
        let credential = self.question.asker.credential.as_ref();
        credential.is_none_or(|by| by.limit(self.world(), self.lane) & self.bit != 0)
    }

    /// The action, as `Type.action`.
    pub(crate) fn action_name(&self) -> String {
        self.plan().action_name(self.action)
    }

    /// What a name stands for, also of a subject that only the request knows.
    pub(crate) fn name(&self, entity: EntityId) -> String {
        self.question.bound.name(self.world(), entity).to_string()
    }

    pub(crate) fn asker_name(&self) -> String {
        self.name(self.question.asker.id)
    }

    /// What comes out, and whether it is seen with the action in reach, whether the action is given,
    /// and whether anything takes it away.
    pub(crate) fn verdict(&self) -> (Outcome, Progress) {
        let Some(resource) = self.resource else {
            return (Outcome::Invisible, Progress::default());
        };
        let case = self.evaluator.case(&self.question);
        let verdict = case.judge(resource, Some(self.lane), self.bit, &mut Faults::default());
        let progress = Progress {
            sees: verdict.sees,
            reaches: verdict.reach & self.bit != 0,
            has_power: verdict.power & self.bit != 0,
        };
        (verdict.outcome(self.bit), progress)
    }

    /// The places on all ways from the resource, itself first, with what comes through there.
    pub(crate) fn spots(&self) -> Vec<Spot> {
        let Some(resource) = self.resource else {
            return Vec::new();
        };
        let case = self.evaluator.case(&self.question);
        let watched = Watched {
            lane: Some(self.lane),
            shows: self.plan().types[self.of].visible_by,
        };
        let mut above = Above::new(case, watched);
        let places = case.ways(resource, watched);
        let spots = places.iter().map(|place| {
            let left = above.of(place.entity);
            Spot {
                entity: place.entity,
                passes: place.mask & self.bit != 0,
                uncapped: place.power & left.power & self.bit != 0,
                shown: place.shown && left.shown,
                overridden: place.pending != 0,
            }
        });
        spots.collect()
    }

    /// Every place on some way from the resource, whoever asks.
    pub(crate) fn places(&self) -> Vec<EntityId> {
        let resource = self.resource.into_iter();
        resource
            .flat_map(|resource| entities_on_ways(self.world(), self.now(), resource))
            .collect()
    }

    /// The roles that the asker holds at a place.
    pub(crate) fn held_at(&self, place: EntityId) -> Vec<HeldRole> {
        let held = self.question.asker.held_at(self.world(), place, self.now());
        held.into_vec()
    }

    /// The roles at a place that do not count for their guards.
    pub(crate) fn uncounted_at(&self, place: EntityId) -> Vec<Uncounted> {
        let asker = &self.question.asker;
        asker.uncounted(self.world(), place, self.now())
    }

    /// Whether an entity is the asker, a group of it, or everybody.
    pub(crate) fn is_asker(&self, entity: EntityId) -> bool {
        self.question.asker.is(entity)
    }

    /// The asker, its groups and everybody.
    pub(crate) fn holders(&self) -> Vec<EntityId> {
        self.question.asker.holders().collect()
    }

    /// What facts say that the asker holds at a place, by itself or by a group.
    pub(crate) fn direct_at(&self, place: EntityId) -> Vec<Holding> {
        let mut all = Vec::new();
        if let Some(row) = self.world().row(place) {
            let asker = &self.question.asker;
            asker.each_direct(self.world(), place, row, self.now(), &mut |held| {
                all.push(held)
            });
        }
        all
    }

    /// What a role would do for the question where it is held.
    pub(crate) fn offers(&self, place: EntityId, role: RoleId) -> Vec<Offer> {
        let mut offers = Vec::new();
        let mut offer = |gives, clause, condition| {
            offers.push(Offer {
                gives,
                clause,
                condition,
            });
        };
        let shown_by = self.plan().types[self.of].visible_by;
        match self.world().role(role) {
            Some(AnyRole::Declared(role)) => {
                for sight in role.sights_of(self.of) {
                    if !sight.this || Some(place) == self.resource {
                        offer(Gives::Sight, sight.clause, sight.condition);
                    }
                }
                let asked = Some((self.lane, self.bit));
                for (gives, of) in [(Gives::Shown, shown_by), (Gives::Power, asked)] {
                    let Some((lane, bit)) = of else { continue };
                    for grant in role.grants_in(lane) {
                        if grant.mask & bit != 0 {
                            offer(gives, grant.clause, grant.condition);
                        }
                    }
                }
            }
            Some(AnyRole::Custom(role)) => {
                let ty = self.world().type_of(role.of);
                let ty = ty.and_then(|ty| self.plan().types.find(ty));
                let Some(made) = ty.and_then(|ty| ty.custom_roles.as_ref()) else {
                    return offers;
                };
                let asked = Some((self.lane, self.bit));
                for (gives, of) in [(Gives::Shown, shown_by), (Gives::Power, asked)] {
                    if of.is_some_and(|(lane, bit)| role.masks.mask(lane) & bit != 0) {
                        offer(gives, made.clause, None);
                    }
                }
            }
            None => {}
        }
        offers
    }

    /// The ceiling of a role, and whether the action is under it.
    pub(crate) fn ceiling(&self, role: RoleId) -> Option<(ClauseId, bool)> {
        let Some(AnyRole::Declared(role)) = self.world().role(role) else {
            return None;
        };
        let (masks, clause) = role.ceiling.as_ref()?;
        Some((*clause, masks.mask(self.lane) & self.bit != 0))
    }

    /// Whether the level of a share lets the action through.
    pub(crate) fn lets_through(&self, level: LevelId) -> bool {
        self.plan().levels[level].mask(self.lane) & self.bit != 0
    }

    /// The rules about the resource and the action that are for such a subject.
    pub(crate) fn rules(&self) -> Vec<RuleHere> {
        let ty = &self.plan().types[self.of];
        let asker = &self.question.asker;
        let is_for = |subjects: &[TypeId]| subjects.is_empty() || subjects.contains(&asker.ty);
        let mut rules = Vec::new();
        for (effect, sights) in [(Effect::Reveal, &ty.reveals), (Effect::Hide, &ty.hides)] {
            let known = asker.known || effect == Effect::Hide;
            let sights = sights.iter().filter(|rule| known && is_for(&rule.subjects));
            rules.extend(sights.map(|rule| RuleHere {
                effect,
                clause: rule.clause,
                condition: rule.condition,
                shows: false,
                is_asked: true,
            }));
        }
        for (effect, actions) in [(Effect::Permit, &ty.permits), (Effect::Forbid, &ty.forbids)] {
            let known = asker.known || effect == Effect::Forbid;
            for rule in actions
                .iter()
                .filter(|rule| known && is_for(&rule.subjects))
            {
                let has = |lane, bit| rule.lane == lane && rule.mask & bit != 0;
                let shows = effect == Effect::Permit
                    && ty.visible_by.is_some_and(|(lane, bit)| has(lane, bit));
                let is_asked = has(self.lane, self.bit);
                if shows || is_asked {
                    rules.push(RuleHere {
                        effect,
                        clause: rule.clause,
                        condition: rule.condition,
                        shows,
                        is_asked,
                    });
                }
            }
        }
        rules
    }

    /// A condition as it is read; one that is not there always holds.
    pub(crate) fn readings(&self, condition: Option<ConditionId>) -> Readings {
        match condition.zip(self.resource) {
            Some((condition, resource)) => {
                let case = self.evaluator.case(&self.question);
                case.readings(condition, resource)
            }
            None => Readings {
                holds: Some(condition.is_none()),
                values: Vec::new(),
                touched: Vec::new(),
            },
        }
    }

    /// The known subjects that could see the resource at all.
    pub(super) fn who_could(&self) -> Vec<EntityId> {
        let resource = self.resource.into_iter();
        let all = resource.flat_map(|resource| self.evaluator.who_could(self.of, resource));
        all.collect()
    }

    pub(super) fn bound(&self) -> &super::context::Bound {
        &self.question.bound
    }

    /// The lane and the bit of the action.
    pub(super) fn asked(&self) -> (LaneId, u64) {
        (self.lane, self.bit)
    }

    /// What lacks a container that it must have, and its type.
    pub(crate) fn lacking(&self) -> Option<(String, String)> {
        self.evaluator.lacking(self.resource?)
    }

    /// A holding in a form for people.
    pub(crate) fn held(&self, held: &HeldRole) -> Held {
        self.evaluator.held(&self.question, held)
    }

    /// A shortest way from the resource to a place, where there is one through shares that let the
    /// action through.
    pub(crate) fn way(&self, place: EntityId) -> Vec<Step> {
        let resource = self.resource.into_iter();
        let lane = Some(self.lane);
        let way = resource.flat_map(|resource| self.evaluator.way(resource, place, lane, self.bit));
        way.collect()
    }

    /// The steps of a shortest way, and the shares that they go through.
    pub(crate) fn way_edges(
        &self,
        place: EntityId,
        passing: bool,
    ) -> Vec<(EntityId, Option<Share>)> {
        let resource = self.resource.into_iter();
        let way = resource.flat_map(|resource| {
            self.evaluator.way_through(resource, place, |share| {
                !passing || self.lets_through(share.level)
            })
        });
        way.collect()
    }

    /// The memberships by which the asker is in a group.
    pub(crate) fn chain_to(&self, group: EntityId) -> Vec<Fact> {
        let mut at = self.question.asker.id;
        let chain = self.evaluator.groups_to(at, group).into_iter();
        let facts = chain.map(|(group, until)| {
            let member = std::mem::replace(&mut at, group);
            self.world().member_fact(member, group, until)
        });
        facts.collect()
    }

    /// A share in words.
    pub(crate) fn share(&self, share: &Share) -> String {
        super::reasons::share_text(self.world(), share)
    }
}

/// How far a question has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) sees: bool,
    /// The action goes through some window that shows the resource.
    pub(crate) reaches: bool,
    /// Some role or rule gives the action.
    pub(crate) has_power: bool,
}

impl Progress {
    /// Whether something is there that was not before.
    pub(crate) fn is_beyond(self, before: Self) -> bool {
        self.sees && !before.sees
            || self.reaches && !before.reaches
            || self.has_power && !before.has_power
    }
}

/// The `also` that a role is held by, where no fact says so.
pub(crate) fn also_of(held: &HeldRole) -> Option<ClauseId> {
    match held.by {
        By::Also(clause) => Some(clause),
        By::Fact(_) => None,
    }
}

/// The fact by which a role is held.
pub(crate) fn fact_of(held: &HeldRole) -> Option<Holding> {
    match held.by {
        By::Fact(holding) => Some(holding),
        By::Also(_) => None,
    }
}
