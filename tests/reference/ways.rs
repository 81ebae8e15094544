//! Ways from a resource to where roles are held [2], and what bars them: overrides [3] and
//! ceilings [4].

use std::collections::BTreeSet;
use std::rc::Rc;

use ward::syntax::ast::RoleClause;

use super::{Asking, Entity, Mask, Model};

/// A way, and what it has come through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// Where it ends.
    pub(super) place: Entity,
    /// What the levels of its shares let through.
    pub(super) mask: Mask,
    /// What the ceilings of the places on it let through, its end among them; of a way that is
    /// whole, those of all that its end stands in too.
    pub(super) ceiling: Mask,
    /// The types that were overridden before it came to its end, and not passed since.
    pending: BTreeSet<String>,
}

impl Way {
    /// Whether roles held at its end give anything.
    pub(super) fn gives(&self) -> bool {
        self.pending.is_empty()
    }
}

impl Asking<'_> {
    /// Every way from a resource. One that was there before in the same state is not taken again,
    /// so that cycles of shares end.
    pub(super) fn ways(&self, resource: &Entity) -> Rc<BTreeSet<Way>> {
        if let Some(known) = self.ways.borrow().get(resource) {
            return Rc::clone(known);
        }
        let mut ways = BTreeSet::new();
        let start = Way {
            place: resource.clone(),
            mask: self.model.all.clone(),
            ceiling: self.cut(&self.model.all, resource),
            pending: BTreeSet::new(),
        };
        self.walk(start, &mut ways);
        let under = ways.into_iter().map(|way| Way {
            ceiling: self.cut_above(&way.ceiling, &way.place),
            ..way
        });
        let ways = Rc::new(under.collect());
        let mut known = self.ways.borrow_mut();
        known.insert(resource.clone(), Rc::clone(&ways));
        ways
    }

    fn walk(&self, way: Way, ways: &mut BTreeSet<Way>) {
        if !ways.insert(way.clone()) {
            return;
        }
        let Way { place, mask, .. } = &way;
        let mut pending = way.pending.clone();
        pending.remove(&place.0);
        if !self.held(place).is_empty() {
            pending.extend(self.model.overrides(&place.0));
        }
        let step = |to: &Entity, mask: Mask| Way {
            place: to.clone(),
            mask,
            ceiling: self.cut(&way.ceiling, to),
            pending: pending.clone(),
        };
        for container in self.facts.containers_of(place) {
            self.walk(step(container, mask.clone()), ways);
        }
        for ((entity, with, level), until) in &self.facts.shares {
            if entity == place && *until > self.request.now && self.facts.complete(self.model, with)
            {
                let level = self.model.share_level(&place.0, &with.0, level);
                self.walk(step(with, both(mask, &level)), ways);
            }
        }
    }

    /// What the ceilings of the roles held at a place leave of a set.
    fn cut(&self, mask: &Mask, place: &Entity) -> Mask {
        let held = self.held(place).into_iter();
        let clauses = held.flat_map(|role| self.model.clauses(&place.0, role));
        let sets = clauses.filter_map(|clause| match clause {
            RoleClause::AtMost { set, .. } => Some(self.model.expand(set, Some(&place.0)).all()),
            _ => None,
        });
        let sets: Vec<Mask> = sets.collect();
        if sets.is_empty() {
            return mask.clone();
        }
        both(mask, &sets.into_iter().flatten().collect())
    }

    /// What the ceilings of all that an entity stands in leave of a set.
    fn cut_above(&self, mask: &Mask, entity: &Entity) -> Mask {
        let above = self.facts.above(entity);
        let above = above.iter();
        above.fold(mask.clone(), |mask, place| self.cut(&mask, place))
    }

    /// What the ceilings of an entity and of all that it stands in leave of a set.
    pub(super) fn under_own_ceilings(&self, mask: &Mask, entity: &Entity) -> Mask {
        self.cut_above(&self.cut(mask, entity), entity)
    }
}

impl Model<'_> {
    /// What a level of a share lets through.
    pub fn share_level(&self, ty: &str, with: &str, level: &str) -> Mask {
        let mut mask = Mask::new();
        for share in self
            .shares(ty)
            .iter()
            .filter(|share| share.with.name == with)
        {
            for decl in share.levels.iter().filter(|decl| decl.name.name == level) {
                if let Some(set) = &decl.set {
                    mask.extend(self.expand(set, Some(ty)).all());
                }
                for included in &decl.includes {
                    mask.extend(self.share_level(ty, with, &included.name));
                }
            }
        }
        mask
    }
}

/// What is in both.
pub(super) fn both(a: &Mask, b: &Mask) -> Mask {
    a.intersection(b).cloned().collect()
}
