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
    /// Whether it shows every entity of the type in reach.
    pub(crate) sees: bool,
    /// Whether it shows the entity on which it is held.
    pub(crate) sees_this: bool,
    /// Whether it gives the action that shows the type.
    pub(crate) shows: bool,
    /// Whether it has `at most`.
    pub(crate) limits: bool,
    /// Whether a condition decides over some of it, so that its clauses must be looked at.
    pub(crate) depends: bool,
}

/// The cells of all declared roles, and which types they suffice for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cells {
    cells: Vec<Cell>,
    lanes: usize,
    /// By type: whether facts, sets of holders and links of one step tell of each role that counts
    /// for its entities.
    direct: Vec<bool>,
}

impl Cells {
    /// What a declared role gives of a lane; nothing where there is no table.
    #[inline]
    pub(crate) fn get(&self, role: RoleId, lane: LaneId) -> Option<Cell> {
        self.cells
            .get(role.index() * self.lanes + lane.index())
            .copied()
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
                let mut cell = Cell {
                    limits: role.ceiling.is_some(),
                    ..Cell::default()
                };
                for sight in role.sights_of(lane.of) {
                    cell.sees |= !sight.this && sight.condition.is_none();
                    cell.sees_this |= sight.this && sight.condition.is_none();
                    cell.depends |= sight.condition.is_some();
                }
                for grant in role.grants_in(id) {
                    if grant.condition.is_none() {
                        cell.power |= grant.mask;
                    }
                    cell.depends |= grant.condition.is_some();
                }
                if let Some((shown_in, bit)) = self.types[lane.of].visible_by {
                    for grant in role
                        .grants_in(shown_in)
                        .iter()
                        .filter(|g| g.mask & bit != 0)
                    {
                        cell.shows |= grant.condition.is_none();
                        cell.depends |= grant.condition.is_some();
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
        }
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
