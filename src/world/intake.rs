//! Many facts in any order: those that fit make a world, the others are told.

#[cfg(feature = "compiler")]
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

#[cfg(feature = "compiler")]
use super::ahead;
#[cfg(feature = "compiler")]
use super::borrowed::HolderRef;
use super::borrowed::{FactRef, KindRef};
use super::fact::{Fact, FactKind, Holder, Place};
use super::fit::{self, Facts};
use super::kinds::{Tag, TermKey};
use super::refusal::{Reason, Refusal};
use super::stage::Stage;
use super::terms::FOREVER;
use super::{ANYONE, World};
use crate::literal::EntityName;
#[cfg(feature = "compiler")]
use crate::literal::split_entity;
use crate::plan::{EntityId, Plan, RoleId};
#[cfg(feature = "compiler")]
use crate::plan::{Id, TypeId, Value};

/// With fewer entities, there is nothing to wait for.
#[cfg(feature = "compiler")]
const FITS_THE_CACHE: usize = 1 << 15;

/// Takes facts as they come, and holds back only those that may fit later: holdings of roles that
/// nobody has made yet.
pub(crate) struct Intake {
    stage: Stage,
    waiting: Vec<Waiting>,
    refused: Vec<(usize, Refusal)>,
    /// Where a custom role was refused because the policy has one of that name: its holders do not
    /// get that one.
    taken: HashSet<(EntityName, String)>,
}

struct Waiting {
    index: usize,
    fact: Fact,
    stated: Option<Place>,
}

impl Intake {
    pub(crate) fn new(plan: Arc<Plan>) -> Self {
        Self {
            stage: Stage::new(plan),
            waiting: Vec::new(),
            refused: Vec::new(),
            taken: HashSet::new(),
        }
    }

    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.stage.plan
    }

    /// Takes a fact; `index` is its place in the order of refusals, and `stated` tells them where it
    /// stands.
    pub(crate) fn add(
        &mut self,
        index: usize,
        fact: &FactRef<'_>,
        stated: impl FnOnce() -> Option<Place>,
    ) {
        let done = match self.clash(&fact.kind) {
            Some(reason) => Err(reason),
            None => fit::add(&mut self.stage, fact),
        };
        let Err(reason) = done else { return };
        match (&fact.kind, &reason) {
            (KindRef::Holding { .. }, Reason::UnknownRole { custom: true, .. }) => {
                self.waiting.push(Waiting {
                    index,
                    fact: Fact {
                        kind: fact.kind.to_kind(),
                        place: fact.place.cloned(),
                    },
                    stated: stated(),
                });
                return;
            }
            (KindRef::CustomRole { role, of, .. }, Reason::RoleName { taken: true, .. }) => {
                self.taken.insert((of.to_name(), (*role).to_owned()));
            }
            _ => {}
        }
        let fact = fact.kind.to_kind().to_string();
        let place = stated();
        self.refuse(
            index,
            Refusal {
                place,
                fact,
                reason,
            },
        );
    }

    /// Brings what these facts will ask of the names into the cache, for all of them at once: one by
    /// one, each would wait for memory several times.
    #[cfg(feature = "compiler")]
    pub(crate) fn warm<'f, 'k: 'f>(&self, facts: impl Iterator<Item = &'f KindRef<'k>>) {
        if self.stage.rows.len() < FITS_THE_CACHE {
            return;
        }
        let mut names: Vec<(TypeId, &str)> = Vec::new();
        let mut add = |type_name: &str, id: &'f str| {
            names.extend(self.stage.find_type(type_name).map(|ty| (ty, id)));
        };
        for fact in facts {
            let (first, second) = match fact {
                KindRef::Entity {
                    entity, containers, ..
                } => (Some(entity), containers.first()),
                KindRef::Holding { subject, of, .. } => match subject {
                    HolderRef::Anyone => (Some(of), None),
                    HolderRef::Entity(name) | HolderRef::Set { of: name, .. } => {
                        (Some(name), Some(of))
                    }
                },
                KindRef::Share { entity, with, .. } => (Some(entity), Some(with)),
                KindRef::CustomRole { of, .. } => (Some(of), None),
                KindRef::Relation { entity, target, .. } => (Some(entity), Some(target)),
            };
            for name in first.into_iter().chain(second) {
                add(name.type_name, &name.id);
            }
            let KindRef::Entity { attributes, .. } = fact else {
                continue;
            };
            for (_, value) in attributes {
                // A text may be one; where it is none, a type of that name is seldom there.
                if let Value::String(text) = value
                    && let Some((type_name, Cow::Borrowed(id))) = split_entity(text)
                {
                    add(type_name, id);
                }
            }
        }
        let found = self.stage.names.warm(names.into_iter());
        let rows = found
            .iter()
            .filter_map(|found| self.stage.rows.get(found.index()));
        ahead::look(rows.map(|row| row.ty().0));
    }

    /// Notes a line that is no fact.
    pub(crate) fn refuse(&mut self, index: usize, refusal: Refusal) {
        self.refused.push((index, refusal));
    }

    /// Why a role of the policy is not given: a custom role of its name was refused there.
    fn clash(&self, kind: &KindRef<'_>) -> Option<Reason> {
        let KindRef::Holding { role, of, .. } = kind else {
            return None;
        };
        if self.taken.is_empty() || !self.taken.contains(&(of.to_name(), (*role).to_owned())) {
            return None;
        }
        Some(Reason::NameOfBoth {
            role: (*role).to_owned(),
            of: of.to_name().to_string(),
        })
    }

    /// The world of the facts that fit, and the others in the order in which they came.
    pub(crate) fn finish(mut self) -> (World, Vec<Refusal>) {
        for waiting in std::mem::take(&mut self.waiting) {
            let fact = FactRef::from(&waiting.fact);
            let done = match self.clash(&fact.kind) {
                Some(reason) => Err(reason),
                None => fit::add(&mut self.stage, &fact),
            };
            if let Err(reason) = done {
                let refusal = Refusal {
                    place: waiting.stated,
                    fact: waiting.fact.to_string(),
                    reason,
                };
                self.refuse(waiting.index, refusal);
            }
        }
        self.withdraw_taken();
        self.refused.sort_by_key(|(index, _)| *index);
        let refused = self.refused.into_iter().map(|(_, refusal)| refusal);
        (self.stage.freeze(), refused.collect())
    }

    /// Takes back what was held before its custom role came and was refused.
    fn withdraw_taken(&mut self) {
        let mut ids: HashSet<(EntityId, RoleId)> = HashSet::new();
        let plan = Arc::clone(self.plan());
        for (of, name) in &self.taken {
            let Some(ty) = self.stage.find_type(&of.type_name) else {
                continue;
            };
            let Some(place) = self.stage.intern(ty, &of.id) else {
                continue;
            };
            let roles = plan.types[ty].roles.iter();
            ids.extend(
                roles
                    .filter(|role| plan.roles[**role].name == *name)
                    .map(|role| (place, *role)),
            );
        }
        if ids.is_empty() {
            return;
        }
        let mut withdrawn: Vec<(TermKey, EntityId, Option<RoleId>, EntityId, RoleId)> = Vec::new();
        let is_taken = |place: EntityId, tag: Tag| {
            let role = RoleId(tag.id());
            ids.contains(&(place, role)).then_some(role)
        };
        self.stage.holdings.retain(|(place, (holder, tag))| {
            let Some(role) = is_taken(*place, *tag) else {
                return true;
            };
            let key = TermKey::Holding(*place, *holder, role);
            withdrawn.push((key, *holder, None, *place, role));
            false
        });
        self.stage.set_holdings.retain(|(place, (at, set, tag))| {
            let Some(role) = is_taken(*place, *tag) else {
                return true;
            };
            let key = TermKey::SetHolding(*place, *at, *set, role);
            withdrawn.push((key, *at, Some(*set), *place, role));
            false
        });
        for (key, holder, set, place, role) in withdrawn {
            let term = self.stage.terms.remove(&key);
            let role_name = |role: RoleId| match plan.roles.find(role) {
                Some(role) => role.name.clone(),
                None => self
                    .stage
                    .made
                    .get(role)
                    .map_or_else(String::new, |role| role.name.to_string()),
            };
            let subject = match set {
                _ if holder == ANYONE => Holder::Anyone,
                None => Holder::Entity(self.name(holder)),
                Some(set) => Holder::Set {
                    of: self.name(holder),
                    role: role_name(set),
                },
            };
            let of = self.name(place);
            let reason = Reason::NameOfBoth {
                role: role_name(role),
                of: of.to_string(),
            };
            let until = term.as_ref().map(|term| term.until);
            let kind = FactKind::Holding {
                subject,
                role: role_name(role),
                of,
                until: until.filter(|until| *until != FOREVER),
            };
            let refusal = Refusal {
                place: term.and_then(|term| term.place.as_deref().cloned()),
                fact: kind.to_string(),
                reason,
            };
            self.refuse(usize::MAX, refusal);
        }
    }

    fn name(&self, entity: EntityId) -> EntityName {
        match (self.stage.type_of(entity), self.stage.id_text(entity)) {
            (Some(ty), Some(id)) => EntityName::new(self.plan().type_name(ty), id),
            _ => EntityName::new("", ""),
        }
    }
}
