//! Lists: what a subject sees, and what it may take an action on.
//!
//! Found inwards from what the subject holds, so a list costs what its answer costs. Where a role
//! gives without a condition and nothing can take away, all that lies below the place is in the list
//! as it stands; the rest is asked about as a check would, and so is everything where a policy says
//! more of holders than facts and simple links do. So no list can disagree with a check.

use std::fmt;
use std::str::FromStr;

use super::finds::Asked;
use super::keys::EntityKey;
use super::ranges::Ranges;
use super::walk::{Case, Faults};
use super::{Context, Evaluator, Outcome, QueryError, Question};
use crate::literal::EntityName;
use crate::plan::{ActionRule, EntityId, RoleId, TypeId};
use crate::world::AnyRole;

/// A list that is worked out while it is read, in an order that stays the same for one version of
/// the world: that of its keys.
pub struct List<'w> {
    evaluator: Evaluator<'w>,
    question: Question<'w>,
    asked: Asked,
    current: Stretch,
    /// What follows on it.
    left: std::vec::IntoIter<Stretch>,
}

/// Entities from one to before another.
#[derive(Clone, Copy)]
struct Stretch {
    next: u32,
    end: u32,
    open: Open,
}

/// What is not known yet of the entities of a stretch.
#[derive(Clone, Copy)]
enum Open {
    /// Nothing: they are in the list.
    Nothing,
    /// Whether something else than a role keeps them out.
    Taken,
    /// All of it: each is asked about as a check would.
    All,
}

impl Stretch {
    /// None at all, up to one.
    fn before(end: u32) -> Self {
        Self {
            next: end,
            end,
            open: Open::Nothing,
        }
    }

    /// All of a list, cut where what is sure begins and ends.
    fn of(all: &Ranges, sure: &Ranges, of_sure: Open) -> Vec<Self> {
        let stretch = |open| move |(next, end)| Self { next, end, open };
        if all == sure {
            return all.iter().map(stretch(of_sure)).collect();
        }
        let asked = all.difference(sure);
        let sure = all.intersection(sure);
        let sure = sure.iter().map(stretch(of_sure));
        let mut all: Vec<Self> = sure.chain(asked.iter().map(stretch(Open::All))).collect();
        all.sort_unstable_by_key(|stretch| stretch.next);
        all
    }

    fn length(&self) -> usize {
        self.end.saturating_sub(self.next) as usize
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

/// Where a list was left, to go on from there later: of the very version of the world that it was cut
/// from.
///
/// Its text form can be given to others: it names no entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageToken {
    /// The version of the world.
    version: (u64, u64),
    next: u32,
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (stamp, changes) = self.version;
        write!(f, "{stamp:x}.{changes:x}.{:x}", self.next)
    }
}

impl FromStr for PageToken {
    type Err = QueryError;

    /// Reads a token as [`Display`](fmt::Display) writes it.
    fn from_str(text: &str) -> Result<Self, QueryError> {
        let parts = || {
            let mut parts = text.split('.');
            let stamp = u64::from_str_radix(parts.next()?, 16).ok()?;
            let changes = u64::from_str_radix(parts.next()?, 16).ok()?;
            let next = u32::from_str_radix(parts.next()?, 16).ok()?;
            parts.next().is_none().then_some(Self {
                version: (stamp, changes),
                next,
            })
        };
        parts().ok_or_else(|| QueryError::wrong_token("it is not one that a list gave"))
    }
}

impl<'w> Evaluator<'w> {
    /// The resources of a type that a subject sees, sorted by id.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn visible(
        &self,
        subject: &EntityName,
        type_name: &str,
        context: &Context,
    ) -> Result<Vec<EntityName>, QueryError> {
        let list = self.list(subject, None, type_name, context)?;
        Ok(self.sorted_names(list.entities()))
    }

    /// The resources of a type that a subject may take an action on, sorted by id.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn allowed(
        &self,
        subject: &EntityName,
        action: &str,
        type_name: &str,
        context: &Context,
    ) -> Result<Vec<EntityName>, QueryError> {
        let list = self.list(subject, Some(action), type_name, context)?;
        Ok(self.sorted_names(list.entities()))
    }

    /// The resources of a type that a subject sees, or with an action, may take it on; in the order
    /// of their keys, and worked out while the list is read.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn list(
        &self,
        subject: &EntityName,
        action: Option<&str>,
        type_name: &str,
        context: &Context,
    ) -> Result<List<'w>, QueryError> {
        let question = self.question(subject, context)?;
        let ty = self.type_named(type_name)?;
        let action = match action {
            Some(action) => Some(self.action_named(action, ty)?),
            None => None,
        };
        let asked = Asked { ty, action };
        let (sure, all) = self.regions(&question, asked);
        let of_sure = match self.may_be_taken(asked) {
            true => Open::Taken,
            false => Open::Nothing,
        };
        Ok(List {
            evaluator: *self,
            question,
            asked,
            current: Stretch::before(0),
            left: Stretch::of(&all, &sure, of_sure).into_iter(),
        })
    }

    /// Whether something else than a role can keep out what roles surely show and give.
    fn may_be_taken(&self, asked: Asked) -> bool {
        let ty = &self.plan().types[asked.ty];
        let takes = |rule: &ActionRule| {
            let action = asked.action;
            action.is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        self.world.is_lacking() || !ty.hides.is_empty() || ty.forbids.iter().any(takes)
    }

    /// Whether some rule can show entities of a type.
    pub(super) fn shown_by_rule(&self, ty: TypeId) -> bool {
        let ty = &self.plan().types[ty];
        let shows = |rule: &ActionRule| {
            let shown = ty.visible_by;
            shown.is_some_and(|(lane, bit)| rule.lane == lane && rule.mask & bit != 0)
        };
        !ty.reveals.is_empty() || ty.permits.iter().any(shows)
    }

    /// Whether facts alone tell who holds which role.
    pub(super) fn held_by_facts(&self) -> bool {
        !self.plan().facets.also && self.world.set_held().is_empty()
    }

    /// Whether a role can show entities of a type.
    pub(super) fn shows(&self, role: RoleId, ty: TypeId) -> bool {
        let shown_by = self.plan().types[ty].visible_by;
        match self.world.role(role) {
            Some(AnyRole::Declared(role)) => {
                let mut all = std::iter::once(role).chain(
                    role.guarded
                        .iter()
                        .filter_map(|guarded| self.plan().roles.find(*guarded)),
                );
                // A guarded role may include further ones.
                let deep = role.guarded.iter().any(|guarded| {
                    let guarded = self.plan().roles.find(*guarded);
                    guarded.is_some_and(|role| !role.guarded.is_empty())
                });
                deep || all.any(|role| {
                    let grants = shown_by.map(|(lane, bit)| (role.grants_in(lane), bit));
                    let gives = grants.is_some_and(|(grants, bit)| {
                        grants.iter().any(|grant| grant.mask & bit != 0)
                    });
                    gives || !role.sights_of(ty).is_empty()
                })
            }
            Some(AnyRole::Custom(role)) => {
                shown_by.is_some_and(|(lane, bit)| role.masks.mask(lane) & bit != 0)
            }
            None => false,
        }
    }
}

impl List<'_> {
    /// Goes on where a list of the same question was left.
    ///
    /// # Errors
    ///
    /// The token was cut from another world, or from this one before or after a change.
    pub fn after(mut self, token: PageToken) -> Result<Self, QueryError> {
        if token.version != self.evaluator.world.version() {
            return Err(QueryError::wrong_token("the world has changed since"));
        }
        let rest = std::iter::once(self.current).chain(self.left);
        let rest = rest.map(|stretch| Stretch {
            next: stretch.next.max(token.next),
            ..stretch
        });
        let rest: Vec<Stretch> = rest.collect();
        self.current = Stretch::before(token.next);
        self.left = rest.into_iter();
        Ok(self)
    }

    /// Where the list was left: behind the last one that it gave.
    pub fn token(&self) -> PageToken {
        PageToken {
            version: self.evaluator.world.version(),
            next: self.current.next,
        }
    }

    /// The entities of the list.
    fn entities(mut self) -> impl Iterator<Item = EntityId> {
        std::iter::from_fn(move || self.next_entity())
    }

    #[inline]
    pub(super) fn next_entity(&mut self) -> Option<EntityId> {
        loop {
            if self.current.next < self.current.end {
                let entity = EntityId(self.current.next);
                self.current.next += 1;
                if self.has(entity) {
                    return Some(entity);
                }
            } else {
                self.current = self.left.next()?;
            }
        }
    }

    /// Whether an entity of the present stretch is in the list.
    #[inline]
    fn has(&self, entity: EntityId) -> bool {
        match self.current.open {
            Open::Nothing => true,
            Open::Taken => !self.is_taken(entity),
            Open::All => self.is_in(entity),
        }
    }

    /// Whether something else than a role keeps out what roles surely show and give.
    fn is_taken(&self, entity: EntityId) -> bool {
        let world = self.evaluator.world;
        let case: Case<'_> = self.evaluator.case(&self.question);
        let (lane, bit) = self.asked.action.unzip();
        !world.is_complete(entity) || case.is_taken(entity, lane, bit.unwrap_or(0))
    }

    /// Asks about one entity, as a check would.
    fn is_in(&self, entity: EntityId) -> bool {
        let case: Case<'_> = self.evaluator.case(&self.question);
        if !self.evaluator.world.is_known(entity) {
            return false;
        }
        let faults = &mut Faults::default();
        match self.asked.action {
            None => case.judge(entity, None, 0, faults).sees,
            Some((lane, bit)) => {
                case.judge(entity, Some(lane), bit, faults).outcome(bit) == Outcome::Allowed
            }
        }
    }
}

impl Iterator for List<'_> {
    type Item = EntityKey;

    #[inline]
    fn next(&mut self) -> Option<EntityKey> {
        let entity = self.next_entity()?;
        Some(self.evaluator.key(self.asked.ty, entity))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let stretches = || std::iter::once(&self.current).chain(self.left.as_slice());
        let sure = stretches().filter(|stretch| matches!(stretch.open, Open::Nothing));
        let add = |all: usize, stretch: &Stretch| all.saturating_add(stretch.length());
        (sure.fold(0, add), Some(stretches().fold(0, add)))
    }

    // Stretch by stretch: what holds for a whole one is looked at once.
    fn fold<B, F>(mut self, init: B, mut add: F) -> B
    where
        F: FnMut(B, EntityKey) -> B,
    {
        let mut all = init;
        loop {
            for number in self.current.next..self.current.end {
                let entity = EntityId(number);
                if self.has(entity) {
                    all = add(all, self.evaluator.key(self.asked.ty, entity));
                }
            }
            let Some(next) = self.left.next() else {
                return all;
            };
            self.current = next;
        }
    }
}
