//! Ways from a resource to where roles are held [2], and what bars them: overrides [3] and
//! ceilings [4].

use std::collections::BTreeSet;
use std::rc::Rc;

use ward::syntax::ast::RoleClause;

use super::{Asking, Entity, Mask, Model};

/// A set of actions on a way: of each action of the policy, in their order, whether it is in. There
/// can be many ways, and these compare quicker than names.
pub(super) type Row = Rc<[bool]>;

/// A way, and what it has come through.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Way {
    /// Where it ends.
    pub(super) place: Entity,
    /// What the levels of its shares let through.
    pub(super) mask: Row,
    /// What the ceilings of the places on it let through, its end among them; of a way that is
    /// whole, those of all that its end stands in too.
    pub(super) ceiling: Row,
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
        let all = self.model.row(&self.model.all);
        let start = Way {
            place: resource.clone(),
            ceiling: self.cut(&all, resource),
            mask: all,
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
        let step = |to: &Entity, mask: Row| Way {
            place: to.clone(),
            mask,
            ceiling: self.cut(&way.ceiling, to),
            pending: pending.clone(),
        };
        for container in self.facts.containers_of(place) {
            self.walk(step(container, Rc::clone(mask)), ways);
        }
        for ((with, level), until) in self.facts.shares_of(place) {
            if until > self.request.now && self.facts.complete(self.model, with) {
                let level = self.model.share_row(&place.0, &with.0, level);
                self.walk(step(with, in_both(mask, &level)), ways);
            }
        }
    }

    /// What the ceilings of the roles held at a place leave of a set.
    fn cut(&self, row: &Row, place: &Entity) -> Row {
        let mut known = self.ceilings.borrow_mut();
        let ceiling = known.entry(place.clone());
        match ceiling.or_insert_with(|| self.ceiling(place)) {
            None => Rc::clone(row),
            Some(ceiling) => in_both(row, ceiling),
        }
    }

    /// What the ceilings of the roles held at a place name, if any of these has one.
    fn ceiling(&self, place: &Entity) -> Option<Row> {
        let held = self.held(place).into_iter();
        let clauses = held.flat_map(|role| self.model.clauses(&place.0, role));
        let sets = clauses.filter_map(|clause| match clause {
            RoleClause::AtMost { set, .. } => Some(self.model.expand(set, Some(&place.0)).all()),
            _ => None,
        });
        let sets: Vec<Mask> = sets.collect();
        let all = || self.model.row(&sets.iter().flatten().cloned().collect());
        (!sets.is_empty()).then(all)
    }

    /// What the ceilings of all that an entity stands in leave of a set.
    fn cut_above(&self, row: &Row, entity: &Entity) -> Row {
        let above = self.facts.above(entity);
        let above = above.iter();
        above.fold(Rc::clone(row), |row, place| self.cut(&row, place))
    }

    /// What the ceilings of an entity and of all that it stands in leave of a set.
    pub(super) fn under_own_ceilings(&self, mask: &Mask, entity: &Entity) -> Mask {
        let own = self.cut(&self.model.row(mask), entity);
        self.model.named(&self.cut_above(&own, entity))
    }
}

impl Model<'_> {
    fn row(&self, mask: &Mask) -> Row {
        self.all
            .iter()
            .map(|action| mask.contains(action))
            .collect()
    }

    /// The actions of a row.
    pub(super) fn named(&self, row: &[bool]) -> Mask {
        let all = self.all.iter().zip(row);
        all.filter(|(_, is_in)| **is_in)
            .map(|(action, _)| action.clone())
            .collect()
    }

    /// The same as [`Model::share_level`], read once.
    fn share_row(&self, ty: &str, with: &str, level: &str) -> Row {
        let key = [ty, with, level].map(str::to_owned);
        let mut known = self.levels_of_shares.borrow_mut();
        let row = known.entry(key);
        Rc::clone(row.or_insert_with(|| self.row(&self.share_level(ty, with, level))))
    }

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
pub(super) fn in_both(a: &[bool], b: &[bool]) -> Row {
    a.iter().zip(b).map(|(a, b)| *a && *b).collect()
}

/// What is in both.
pub(super) fn both(a: &Mask, b: &Mask) -> Mask {
    a.intersection(b).cloned().collect()
}
