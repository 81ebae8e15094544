//! Who holds a role, beyond the facts that say so.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::ids::{ActionId, ClauseId, LaneId, RelationId, RoleId, TypeId};
use super::spelled::Spelled;
use super::{Cardinality, Id, Plan, Role};

/// Something that an entity names other entities by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Link {
    Relation(RelationId),
    /// The column of an attribute that is an entity, or a set of entities.
    Attribute(u32),
}

/// One step of an `also`, in postfix: each source says yes or no, the others join two answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AlsoStep {
    /// The subject, or a group of it, is what the link leads to.
    Subject(Link),
    /// The subject holds that role on the same entity.
    Own(RoleId),
    /// It holds that role on an enclosing entity.
    Enclosing(RoleId),
    /// It holds one of these roles on an entity that the link leads to.
    Linked(Link, Vec<RoleId>),
    And,
    Except,
}

/// `also E`: who else holds a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Also {
    pub(crate) steps: Vec<AlsoStep>,
    pub(crate) clause: ClauseId,
}

/// What must be so for a holding to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Guard {
    /// `requires`: roles that the subject must hold on enclosing entities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) requires: Vec<RoleId>,
    /// `for`: the subject types that may hold it, sorted; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) holders: Vec<TypeId>,
}

impl Guard {
    pub(crate) fn is_empty(&self) -> bool {
        self.requires.is_empty() && self.holders.is_empty()
    }
}

/// A set of actions without conditions: a level, a ceiling, what custom roles are made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ActionMasks {
    /// Sorted by lane; a lane that is not there has nothing.
    pub(crate) lanes: Vec<(LaneId, u64)>,
}

impl ActionMasks {
    /// What it has of a lane.
    pub(crate) fn mask(&self, lane: LaneId) -> u64 {
        match self.lanes.binary_search_by_key(&lane, |(of, _)| *of) {
            Ok(found) => self.lanes.get(found).map_or(0, |(_, mask)| *mask),
            Err(_) => 0,
        }
    }

    /// What it has together with another.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        let lanes = self.lanes.iter();
        let lanes = lanes.map(|(lane, mask)| (*lane, mask & other.mask(*lane)));
        Self {
            lanes: lanes.filter(|(_, mask)| *mask != 0).collect(),
        }
    }

    /// Adds what another has.
    pub(crate) fn extend(&mut self, other: &Self) {
        for (lane, mask) in &other.lanes {
            match self.lanes.binary_search_by_key(lane, |(of, _)| *of) {
                Ok(found) => {
                    if let Some((_, known)) = self.lanes.get_mut(found) {
                        *known |= mask;
                    }
                }
                Err(at) => self.lanes.insert(at, (*lane, *mask)),
            }
        }
    }
}

/// A name that custom roles and credentials may use: an action or a permission group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Permission {
    pub(crate) name: String,
    pub(crate) masks: ActionMasks,
}

/// `custom roles from SET`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CustomRoles {
    pub(crate) masks: ActionMasks,
    pub(crate) clause: ClauseId,
}

/// `acts for owner: User within T at most scopes`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActsFor {
    /// The column of the owner.
    pub(crate) owner: u32,
    pub(crate) within: Option<TypeId>,
    /// The column of the permissions that limit it.
    pub(crate) at_most: Option<u32>,
}

/// The name that stands for every permission in a value of type `Permissions`.
pub(crate) const EVERY_PERMISSION: &str = "*";

impl Plan {
    /// The permission with this name.
    pub(crate) fn permission(&self, name: &str) -> Option<&Permission> {
        let found = self
            .permissions
            .binary_search_by(|permission| permission.name.as_str().cmp(name));
        self.permissions.get(found.ok()?)
    }

    /// Whether every action of a set is in another, wherever it can be asked: of one that is asked of
    /// several types, only some may be in reach there.
    pub(crate) fn within(&self, set: &ActionMasks, other: &ActionMasks) -> bool {
        let is_in = |action: &ActionId| {
            let Some(info) = self.actions.find(*action) else {
                return false;
            };
            info.asked_of.iter().any(|(of, _)| {
                let bit = self.bit(*action, *of);
                bit.is_some_and(|(lane, bit)| other.mask(lane) & bit != 0)
            })
        };
        set.lanes.iter().all(|(lane, mask)| {
            let actions = self.lanes.find(*lane).map(|lane| lane.actions.iter());
            let mut actions = actions.into_iter().flatten().enumerate();
            actions.all(|(bit, action)| mask >> bit & 1 == 0 || is_in(action))
        })
    }

    /// Sets what is worked out from the rest, so that no question has to.
    pub(crate) fn index(&mut self) {
        let mut above: Vec<RoleId> = Vec::new();
        let mut links: Vec<(TypeId, Link)> = Vec::new();
        for role in self.roles.rows() {
            above.extend(&role.guard.requires);
            for step in role.also.iter().flat_map(|also| &also.steps) {
                match step {
                    AlsoStep::Enclosing(of) => above.push(*of),
                    AlsoStep::Subject(link) | AlsoStep::Linked(link, _) => {
                        links.push((role.on, *link));
                    }
                    AlsoStep::Own(_) | AlsoStep::And | AlsoStep::Except => {}
                }
            }
        }
        above.sort_unstable();
        above.dedup();
        links.sort_unstable();
        links.dedup();
        let derived: Vec<bool> = self
            .types
            .rows()
            .iter()
            .map(|ty| {
                let mut roles = ty.roles.iter().filter_map(|role| self.roles.find(*role));
                roles.any(|role| !role.also.is_empty() || !role.guard.is_empty())
            })
            .collect();
        // What is asked of the entity and its subject alone.
        let is_local = |role: &Role| {
            let steps = role.also.iter().flat_map(|also| &also.steps);
            let mut other =
                steps.filter(|step| matches!(step, AlsoStep::Enclosing(_) | AlsoStep::Linked(..)));
            role.guard.requires.is_empty() && other.next().is_none()
        };
        let local = self.types.rows().iter().map(|ty| {
            let mut roles = ty.roles.iter().filter_map(|role| self.roles.find(*role));
            roles.all(is_local)
        });
        let local = local.collect();
        let simple = self.types.rows().iter().map(|ty| {
            let mut found = Vec::new();
            for id in &ty.roles {
                let role = self.roles.find(*id)?;
                if !role.guard.is_empty() || !role.guarded.is_empty() {
                    return None;
                }
                for also in &role.also {
                    let [AlsoStep::Subject(link)] = also.steps.as_slice() else {
                        return None;
                    };
                    found.push(SimpleAlso {
                        role: *id,
                        link: *link,
                        clause: also.clause,
                    });
                }
            }
            Some(found)
        });
        let simple = simple.collect();
        let groups = self.types.iter().filter(|(_, ty)| !ty.members.is_empty());
        let groups = groups.map(|(id, _)| id);
        let strata = self.roles.rows().iter().map(|role| role.stratum);
        self.facets = Facets {
            ceilings: self.roles.rows().iter().any(|role| role.ceiling.is_some()),
            overrides: self.types.rows().iter().any(|ty| ty.overrides != 0),
            strata: strata.max().unwrap_or(0),
            forced: None,
            also: self.roles.rows().iter().any(|role| !role.also.is_empty()),
            above,
            links,
            derived,
            local,
            groups: groups.collect(),
            simple,
            cells: Cells::default(),
            spelled: self.spelled(),
            above_by_type: self
                .types
                .iter()
                .map(|(ty, _)| self.above(ty, true))
                .collect(),
            around_by_type: self
                .types
                .iter()
                .map(|(ty, _)| self.above(ty, false))
                .collect(),
            containers: self.containers(),
            entered: self.entered(),
        };
        self.facets.cells = self.cells();
    }
}

impl Plan {
    /// The types on ways from a type, by containers and shares, itself among them; sorted.
    pub(crate) fn types_above(&self, ty: TypeId) -> &[TypeId] {
        let above = self.facets.above_by_type.get(ty.index());
        above.map_or(&[], Vec::as_slice)
    }

    /// Whether an entity of one type can lie in one of another, by containers to any depth, or is of
    /// the same type.
    pub(crate) fn can_hold(&self, outer: TypeId, inner: TypeId) -> bool {
        let around = self.facets.around_by_type.get(inner.index());
        around.is_some_and(|around| around.binary_search(&outer).is_ok())
    }

    fn above(&self, ty: TypeId, by_shares: bool) -> Vec<TypeId> {
        let mut above = BTreeSet::from([ty]);
        let mut open = vec![ty];
        while let Some(at) = open.pop() {
            let ty = &self.types[at];
            let containers = ty.containers.iter().map(|(of, _)| *of);
            let shares = ty.shares.iter().map(|(with, _)| *with);
            for next in containers.chain(shares.filter(|_| by_shares)) {
                if above.insert(next) {
                    open.push(next);
                }
            }
        }
        above.into_iter().collect()
    }

    /// Whether ways lead to entities of a type from others.
    pub(crate) fn is_container(&self, ty: TypeId) -> bool {
        self.facets.containers.binary_search(&ty).is_ok()
    }

    fn containers(&self) -> Vec<TypeId> {
        let mut containers = BTreeSet::new();
        for ty in self.types.rows() {
            containers.extend(ty.containers.iter().map(|(of, _)| *of));
            containers.extend(ty.shares.iter().map(|(with, _)| *with));
        }
        containers.into_iter().collect()
    }

    fn entered(&self) -> Vec<TypeId> {
        let mut entered = BTreeSet::new();
        for ty in self.types.rows() {
            entered.extend(ty.shares.iter().map(|(with, _)| *with));
            let several = ty.containers.len() > 1
                || ty
                    .containers
                    .iter()
                    .any(|(_, many)| *many == Cardinality::Many);
            if several {
                entered.extend(ty.containers.iter().map(|(of, _)| *of));
            }
        }
        entered.into_iter().collect()
    }
}

/// An `also` of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SimpleAlso {
    pub(crate) role: RoleId,
    pub(crate) link: Link,
    pub(crate) clause: ClauseId,
}

/// What a plan uses, worked out once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facets {
    /// Some role has `at most`.
    pub(crate) ceilings: bool,
    /// Some type overrides another.
    pub(crate) overrides: bool,
    /// Overrides of a type that are in force whatever is held there; only where coverage is measured.
    pub(crate) forced: Option<(TypeId, u64)>,
    /// The last stratum of roles.
    pub(crate) strata: u32,
    /// Some role has `also`.
    pub(crate) also: bool,
    /// The roles that are asked for on enclosing entities, sorted.
    pub(crate) above: Vec<RoleId>,
    /// The links that some `also` of a type follows, sorted.
    pub(crate) links: Vec<(TypeId, Link)>,
    /// By type: whether facts alone do not tell who holds its roles.
    pub(crate) derived: Vec<bool>,
    /// By type: whether nothing but the entity itself tells who holds its roles.
    pub(crate) local: Vec<bool>,
    /// The types that have members.
    pub(crate) groups: Vec<TypeId>,
    /// By type: the roles that `also` gives to those whom a link leads to, where no role of the type
    /// says more of its holders than that.
    pub(crate) simple: Vec<Option<Vec<SimpleAlso>>>,
    /// By type: the types on ways from it, by containers and shares, itself among them; sorted.
    above_by_type: Vec<Vec<TypeId>>,
    /// The same by containers alone.
    around_by_type: Vec<Vec<TypeId>>,
    /// The types to whose entities ways lead from others, sorted.
    containers: Vec<TypeId>,
    /// The types into which shares lead, or containers that may not be the first.
    pub(crate) entered: Vec<TypeId>,
    /// What each role gives, looked up by numbers.
    pub(crate) cells: Cells,
    /// Types and actions by their names.
    pub(crate) spelled: Spelled,
}
