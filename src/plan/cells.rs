//! What each role gives, looked up by numbers alone.

use super::ids::{Id, LaneId, RoleId, TypeId};
use super::{Link, Plan};

/// With more roles times lanes than this, a table of all of them would not stay in the cache.
const MOST_CELLS: usize = 1 << 16;

/// What a role gives of one lane, and what it shows of the lane's type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// The actions that it gives without a condition.
    pub(crate) power: u64,
    says: u32,
}

/// Something that is so of a role and a lane.
#[derive(Clone, Copy)]
pub(crate) struct Says(u32);

impl Says {
    /// It shows every entity of the type in reach.
    pub(crate) const SEES: Self = Self(1);
    /// It shows the entity on which it is held.
    pub(crate) const SEES_THIS: Self = Self(1 << 1);
    /// It gives the action that shows the type.
    pub(crate) const SHOWS: Self = Self(1 << 2);
    /// It has `at most`.
    pub(crate) const LIMITS: Self = Self(1 << 3);
    /// A condition decides over some of it, so that its clauses must be looked at.
    pub(crate) const DEPENDS: Self = Self(1 << 4);
    /// No table tells what it gives.
    pub(crate) const UNTOLD: Self = Self(1 << 5);

    /// One or the other.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Cell {
    /// What a role gives of which no table tells.
    pub(crate) const UNTOLD: Self = Self {
        power: 0,
        says: Says::UNTOLD.0,
    };

    /// Whether one of these is so.
    #[inline]
    pub(crate) fn says(self, what: Says) -> bool {
        self.says & what.0 != 0
    }

    /// Adds what another role gives; on the entity itself, where it is held `here`.
    #[inline]
    pub(crate) fn add(&mut self, other: Self, here: bool) {
        let hidden = if here { 0 } else { Says::SEES_THIS.0 };
        self.power |= other.power;
        self.says |= other.says & !hidden;
    }

    fn note(&mut self, what: Says, so: bool) {
        self.says |= if so { what.0 } else { 0 };
    }
}

/// What rules do in one lane, beside what roles give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruled {
    /// What every known subject has by rules without a condition.
    pub(crate) all: Cell,
    /// The actions that further rules may give.
    pub(crate) gives: u64,
    /// The actions that rules may take.
    pub(crate) takes: u64,
    /// Whether further rules may show what roles do not.
    pub(crate) reveals: bool,
    /// Whether rules may hide.
    pub(crate) hides: bool,
    /// Whether links from what is no container give roles there.
    pub(crate) linked: bool,
}

/// The cells of all declared roles, and which types they suffice for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    cells: Vec<Cell>,
    lanes: usize,
    /// By type: whether facts, sets of holders and links of one step tell of each role that counts
    /// for its entities.
    direct: Vec<bool>,
    /// By lane.
    ruled: Vec<Ruled>,
}

impl Cells {
    /// What a declared role gives of a lane; nothing where there is no table.
    #[inline]
    pub(crate) fn get(&self, role: RoleId, lane: LaneId) -> Option<Cell> {
        self.cells
            .get(role.index() * self.lanes + lane.index())
            .copied()
    }

    /// What rules do in a lane; nothing where there is no table.
    #[inline]
    pub(crate) fn ruled(&self, lane: LaneId) -> Option<&Ruled> {
        self.ruled.get(lane.index())
    }

    /// Whether it is enough to know the places of the roles that somebody holds, to tell what counts
    /// for entities of a type.
    #[inline]
    pub(crate) fn suffice(&self, ty: TypeId) -> bool {
        self.direct.get(ty.index()).copied().unwrap_or(false)
    }
}

impl Plan {
    /// The cells; `facets` must be there but for them.
    pub(super) fn cells(&self) -> Cells {
        let (roles, lanes) = (self.roles.len(), self.lanes.len());
        if self.facets.overrides || roles.saturating_mul(lanes) > MOST_CELLS {
            return Cells::default();
        }
        let mut cells = Vec::with_capacity(roles * lanes);
        for role in self.roles.rows() {
            for (id, lane) in self.lanes.iter() {
                let mut cell = Cell::default();
                cell.note(Says::LIMITS, role.ceiling.is_some());
                for sight in role.sights_of(lane.of) {
                    let plain = sight.condition.is_none();
                    cell.note(Says::SEES, !sight.this && plain);
                    cell.note(Says::SEES_THIS, sight.this && plain);
                    cell.note(Says::DEPENDS, !plain);
                }
                for grant in role.grants_in(id) {
                    if grant.condition.is_none() {
                        cell.power |= grant.mask;
                    }
                    cell.note(Says::DEPENDS, grant.condition.is_some());
                }
                if let Some((shown_in, bit)) = self.types[lane.of].visible_by {
                    for grant in role
                        .grants_in(shown_in)
                        .iter()
                        .filter(|g| g.mask & bit != 0)
                    {
                        cell.note(Says::SHOWS, grant.condition.is_none());
                        cell.note(Says::DEPENDS, grant.condition.is_some());
                    }
                }
                cells.push(cell);
            }
        }
        let direct = self.types.iter().map(|(ty, _)| self.is_direct(ty));
        Cells {
            cells,
            lanes,
            direct: direct.collect(),
            ruled: self.lanes.iter().map(|(id, _)| self.ruled(id)).collect(),
        }
    }

    fn ruled(&self, lane: LaneId) -> Ruled {
        let ty = &self.types[self.lanes[lane].of];
        let links = self.simple_also(self.lanes[lane].of).unwrap_or(&[]);
        let mut ruled = Ruled {
            linked: !links.is_empty() && !self.is_container(self.lanes[lane].of),
            reveals: !ty.reveals.is_empty(),
            hides: !ty.hides.is_empty(),
            ..Ruled::default()
        };
        for rule in &ty.permits {
            let plain = rule.condition.is_none() && rule.subjects.is_empty();
            let shows = ty
                .visible_by
                .is_some_and(|(of, bit)| of == rule.lane && rule.mask & bit != 0);
            ruled.all.note(Says::SHOWS, shows && plain);
            ruled.reveals |= shows && !plain;
            if rule.lane == lane {
                let given = if plain {
                    &mut ruled.all.power
                } else {
                    &mut ruled.gives
                };
                *given |= rule.mask;
            }
        }
        for rule in ty.forbids.iter().filter(|rule| rule.lane == lane) {
            ruled.takes |= rule.mask;
        }
        ruled
    }

    /// Whether all types on the ways from a type say of their roles no more than that facts, sets and
    /// links of one step give them.
    fn is_direct(&self, ty: TypeId) -> bool {
        let mut seen = vec![ty];
        let mut next = 0;
        while let Some(at) = seen.get(next).copied() {
            next += 1;
            let Some(simple) = self.simple_also(at) else {
                return false;
            };
            let info = &self.types[at];
            // A default names entities without a fact.
            let by_default = simple.iter().any(|also| match also.link {
                Link::Relation(_) => false,
                Link::Attribute(column) => info
                    .attributes
                    .get(column as usize)
                    .is_none_or(|field| field.default.is_some()),
            });
            if by_default {
                return false;
            }
            let above = info.containers.iter().map(|(of, _)| *of);
            for of in above.chain(info.shares.iter().map(|(with, _)| *with)) {
                if !seen.contains(&of) {
                    seen.push(of);
                }
            }
        }
        true
    }
}
