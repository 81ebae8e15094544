//! A plan without one of its parts, or with that part at its strongest: what a test can tell apart
//! from the plan itself, it has covered.

use std::collections::BTreeSet;

use super::SimpleAlso;
use super::{
    ActionMasks, ClauseId, Grant, LANE_WIDTH, LaneId, Plan, Role, RoleId, Sight, Type, TypeId,
};

/// Something of a policy that can decide.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// Whatever says so by a clause: `sees`, `can`, `also`, `at most`, levels, rules, custom roles.
    Clause(ClauseId),
    /// `includes`, by what each role includes without it.
    Includes(Vec<(RoleId, Vec<RoleId>)>),
    /// `requires`: these roles, of a role.
    Requires(RoleId, Vec<RoleId>),
    /// `for`
    Holders(RoleId),
    /// `visible by`
    VisibleBy(TypeId),
    /// `overrides`: a type, and what it overrides.
    Overrides(TypeId, TypeId),
    /// `acts for … within`
    Within(TypeId),
    /// `acts for … at most`
    Limit(TypeId),
}

impl Plan {
    /// The same plan without a part.
    pub(crate) fn without(&self, part: &Part) -> Self {
        let mut plan = self.clone();
        match part {
            Part::Clause(clause) => plan.take_out(*clause),
            Part::Includes(edges) => plan.include(edges),
            Part::Requires(role, roles) => {
                let guard = &mut plan.roles[*role].guard;
                guard.requires.retain(|of| !roles.contains(of));
            }
            Part::Holders(role) => plan.roles[*role].guard.holders.clear(),
            Part::VisibleBy(ty) => plan.types[*ty].visible_by = None,
            Part::Overrides(ty, of) => plan.types[*ty].overrides &= !self.types[*of].overridden,
            Part::Within(ty) => {
                if let Some(acts_for) = &mut plan.types[*ty].acts_for {
                    acts_for.within = None;
                }
            }
            Part::Limit(ty) => {
                if let Some(acts_for) = &mut plan.types[*ty].acts_for {
                    acts_for.at_most = None;
                }
            }
        }
        plan
    }

    /// The same plan with a part that always applies: what gives gives all, and what takes takes all.
    /// It is for asking only, and would not be read back.
    pub(crate) fn with_always(&self, part: &Part) -> Self {
        // No entity is of this type, and no attribute stands in this column.
        const NOBODY: TypeId = TypeId(u32::MAX);
        const NOWHERE: u32 = u32::MAX;
        let mut plan = self.clone();
        match part {
            Part::Clause(clause) => plan.let_always(*clause),
            Part::Includes(_) => {}
            Part::Requires(role, _) | Part::Holders(role) => {
                plan.roles[*role].guard.holders = vec![NOBODY];
            }
            Part::VisibleBy(ty) => {
                // Whatever is held on a way from it shows it; no clause is read where there is no
                // condition.
                let (of, clause) = (*ty, ClauseId(u32::MAX));
                plan.change_roles(|_, role| {
                    let mut known = role.sights_of(of).iter();
                    let shows = known.any(|sight| sight.condition.is_none() && !sight.this);
                    if !shows && self.inside(role.on).contains(&of) {
                        role.sights.push(Sight {
                            of,
                            this: false,
                            condition: None,
                            clause,
                        });
                        role.sights.sort_by_key(|sight| sight.of);
                    }
                });
            }
            Part::Overrides(ty, of) => {
                plan.facets.forced = Some((*ty, self.types[*of].overridden));
            }
            Part::Within(ty) => {
                if let Some(acts_for) = &mut plan.types[*ty].acts_for {
                    acts_for.within = Some(NOBODY);
                }
            }
            Part::Limit(ty) => {
                if let Some(acts_for) = &mut plan.types[*ty].acts_for {
                    acts_for.at_most = Some(NOWHERE);
                }
            }
        }
        plan
    }

    fn change_roles(&mut self, mut change: impl FnMut(RoleId, &mut Role)) {
        for id in self.roles.ids() {
            change(id, &mut self.roles[id]);
        }
    }

    fn change_types(&mut self, mut change: impl FnMut(&mut Type)) {
        for id in self.types.ids() {
            change(&mut self.types[id]);
        }
    }

    /// Forgets what was told of an `also` beforehand, so that it is read as it stands.
    fn forget_links(&mut self, clause: ClauseId) {
        for simple in &mut self.facets.simple {
            let about = |also: &SimpleAlso| also.clause == clause;
            if simple.as_ref().is_some_and(|all| all.iter().any(about)) {
                *simple = None;
            }
        }
    }

    fn take_out(&mut self, clause: ClauseId) {
        self.forget_links(clause);
        let ceilings = self.ceilings_without(clause);
        self.change_roles(|id, role| {
            role.sights.retain(|sight| sight.clause != clause);
            role.grants.retain(|grant| grant.clause != clause);
            role.also.retain(|also| also.clause != clause);
            if role.ceiling.as_ref().is_some_and(|(_, of)| *of == clause) {
                role.ceiling = ceilings.get(id.0 as usize).cloned().flatten();
            }
        });
        self.change_types(|ty| {
            ty.permits.retain(|rule| rule.clause != clause);
            ty.forbids.retain(|rule| rule.clause != clause);
            ty.reveals.retain(|rule| rule.clause != clause);
            ty.hides.retain(|rule| rule.clause != clause);
            if ty
                .custom_roles
                .as_ref()
                .is_some_and(|of| of.clause == clause)
            {
                ty.custom_roles = None;
            }
        });
        for level in self.levels.ids() {
            if self.levels[level].clause == clause {
                let shared = self.types.iter().find(|(_, ty)| {
                    let mut shares = ty.shares.iter();
                    shares.any(|(_, levels)| levels.contains(&level))
                });
                let inside = shared.map(|(ty, _)| self.inside(ty)).unwrap_or_default();
                self.levels[level].masks = self.everything(&inside);
            }
        }
    }

    fn let_always(&mut self, clause: ClauseId) {
        let ceilings = self.ceilings_without(clause);
        let roles = self.roles.rows().iter();
        let inside: Vec<BTreeSet<TypeId>> = roles.map(|role| self.inside(role.on)).collect();
        let all: Vec<ActionMasks> = inside.iter().map(|types| self.everything(types)).collect();
        // Where nothing of a type stands in another of it, `this` is all that there is of it.
        let above = |ty: TypeId| {
            let Type {
                containers, shares, ..
            } = &self.types[ty];
            let containers = containers.iter().map(|(of, _)| *of);
            containers.chain(shares.iter().map(|(with, _)| *with))
        };
        let nests: Vec<bool> = self
            .roles
            .rows()
            .iter()
            .zip(&inside)
            .map(|(role, inside)| above(role.on).any(|of| inside.contains(&of)))
            .collect();
        self.forget_links(clause);
        self.change_roles(|id, role| {
            let index = id.0 as usize;
            if let (Some(inside), Some(all), Some(nests)) =
                (inside.get(index), all.get(index), nests.get(index))
            {
                show_always(role, clause, inside, *nests);
                give_always(role, clause, all);
            }
            // Without a step, it says yes whoever asks.
            let own = role.also.iter_mut().find(|also| also.clause == clause);
            own.into_iter().for_each(|also| also.steps.clear());
            if let Some((masks, of)) = &mut role.ceiling
                && *of == clause
            {
                let others = ceilings.get(id.0 as usize).cloned().flatten();
                let nothing = ActionMasks { lanes: Vec::new() };
                *masks = others.map_or(nothing, |(masks, _)| masks);
            }
        });
        self.change_types(|ty| {
            for rule in ty.permits.iter_mut().chain(&mut ty.forbids) {
                if rule.clause == clause {
                    (rule.condition, rule.subjects) = (None, Vec::new());
                }
            }
            for rule in ty.reveals.iter_mut().chain(&mut ty.hides) {
                if rule.clause == clause {
                    (rule.condition, rule.subjects) = (None, Vec::new());
                }
            }
        });
        for id in self.types.ids() {
            let made = self.types[id].custom_roles.as_ref();
            if made.is_some_and(|made| made.clause == clause) {
                let masks = self.everything(&self.inside(id));
                let made = self.types[id].custom_roles.as_mut();
                made.into_iter().for_each(|made| made.masks = masks.clone());
            }
        }
        for level in self.levels.ids() {
            if self.levels[level].clause == clause {
                self.levels[level].masks.lanes.clear();
            }
        }
    }

    /// Sets what each role includes.
    fn include(&mut self, edges: &[(RoleId, Vec<RoleId>)]) {
        let included = |role: RoleId| {
            let found = edges.iter().filter(move |(of, _)| *of == role);
            found.flat_map(|(_, roles)| roles.iter().copied())
        };
        let before = self.clone();
        let named: Vec<(String, RoleId)> = before
            .roles
            .iter()
            .map(|(id, role)| {
                (
                    format!("{} of {}", role.name, before.type_name(role.on)),
                    id,
                )
            })
            .collect();
        let owner = |clause: ClauseId| {
            let name = before.clauses[clause].role.as_deref()?;
            let (_, id) = named.iter().find(|(of, _)| of == name)?;
            Some(*id)
        };
        self.change_roles(|id, role| {
            let (mut implies, mut guarded) = (vec![id], Vec::new());
            let mut next = 0;
            while let Some(at) = implies.get(next).copied() {
                next += 1;
                for of in included(at) {
                    let is_guarded = !before.roles[of].guard.is_empty();
                    let into = if is_guarded {
                        &mut guarded
                    } else {
                        &mut implies
                    };
                    if !into.contains(&of) {
                        into.push(of);
                    }
                }
            }
            implies.sort_unstable();
            guarded.sort_unstable();
            let kept = |clause: ClauseId| owner(clause).is_none_or(|of| implies.contains(&of));
            role.sights.retain(|sight| kept(sight.clause));
            role.grants.retain(|grant| kept(grant.clause));
            if role.ceiling.as_ref().is_some_and(|(_, of)| !kept(*of)) {
                role.ceiling = before.ceiling_of(&implies, kept);
            }
            (role.implies, role.guarded) = (implies, guarded);
        });
    }

    /// For each role, the ceiling that is left of what it implies where a clause is not counted.
    fn ceilings_without(&self, clause: ClauseId) -> Vec<Option<(ActionMasks, ClauseId)>> {
        let roles = self.roles.rows().iter();
        roles
            .map(|role| self.ceiling_of(&role.implies, |of| of != clause))
            .collect()
    }

    /// The union of the ceilings of roles, of those clauses that count.
    fn ceiling_of(
        &self,
        roles: &[RoleId],
        counts: impl Fn(ClauseId) -> bool,
    ) -> Option<(ActionMasks, ClauseId)> {
        let ceilings = roles
            .iter()
            .filter_map(|of| self.roles[*of].ceiling.as_ref());
        let mut union: Option<(ActionMasks, ClauseId)> = None;
        for (masks, clause) in ceilings.filter(|(_, clause)| counts(*clause)) {
            match &mut union {
                Some((union, _)) => union.extend(masks),
                None => union = Some((masks.clone(), *clause)),
            }
        }
        union
    }

    /// The types from which some way leads to a type, itself among them.
    fn inside(&self, ty: TypeId) -> BTreeSet<TypeId> {
        let mut found = BTreeSet::from([ty]);
        loop {
            let before = found.len();
            for (id, ty) in self.types.iter() {
                let containers = ty.containers.iter().map(|(of, _)| of);
                let mut above = containers.chain(ty.shares.iter().map(|(with, _)| with));
                if above.any(|of| found.contains(of)) {
                    found.insert(id);
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// Every action that is asked of some types.
    fn everything(&self, types: &BTreeSet<TypeId>) -> ActionMasks {
        let lanes = self
            .lanes
            .iter()
            .filter(|(_, lane)| types.contains(&lane.of));
        ActionMasks {
            lanes: lanes.map(|(id, _)| (id, self.all_of(id))).collect(),
        }
    }

    fn all_of(&self, lane: LaneId) -> u64 {
        let actions = self.lanes.find(lane).map_or(0, |lane| lane.actions.len());
        match actions {
            0 => 0,
            some => u64::MAX >> (LANE_WIDTH - some.min(LANE_WIDTH)),
        }
    }
}

/// A `sees` shows whatever its condition says; one that has none shows all that can be inside,
/// unless its role shows that anyhow.
fn show_always(role: &mut Role, clause: ClauseId, inside: &BTreeSet<TypeId>, nests: bool) {
    let own = |sight: &&Sight| sight.clause == clause;
    let Some(first) = role.sights.iter().find(own).cloned() else {
        return;
    };
    if role
        .sights
        .iter()
        .filter(own)
        .any(|sight| sight.condition.is_some())
    {
        let own = role
            .sights
            .iter_mut()
            .filter(|sight| sight.clause == clause);
        own.for_each(|sight| sight.condition = None);
        return;
    }
    let shown = |of: &TypeId| {
        let mut sights = role.sights_of(*of).iter();
        let all = |sight: &Sight| !sight.this || *of == role.on && !nests;
        sights.any(|sight| sight.condition.is_none() && all(sight))
    };
    let hidden: Vec<TypeId> = inside.iter().copied().filter(|of| !shown(of)).collect();
    let more = hidden.into_iter().map(|of| Sight {
        of,
        this: false,
        ..first.clone()
    });
    role.sights.extend(more);
    role.sights.sort_by_key(|sight| sight.of);
}

/// A `can` gives whatever its condition says; one that has none gives every action, unless its role
/// gives that anyhow.
fn give_always(role: &mut Role, clause: ClauseId, all: &ActionMasks) {
    let own = |grant: &&Grant| grant.clause == clause;
    let Some(first) = role.grants.iter().find(own).cloned() else {
        return;
    };
    if role
        .grants
        .iter()
        .filter(own)
        .any(|grant| grant.condition.is_some())
    {
        let own = role
            .grants
            .iter_mut()
            .filter(|grant| grant.clause == clause);
        own.for_each(|grant| grant.condition = None);
        return;
    }
    let lacking = |lane: LaneId, mask: u64| {
        let grants = role.grants_in(lane).iter();
        let grants = grants.filter(|grant| grant.condition.is_none());
        mask & !grants.fold(0, |all, grant| all | grant.mask)
    };
    let more: Vec<Grant> = all
        .lanes
        .iter()
        .map(|(lane, mask)| (*lane, lacking(*lane, *mask)))
        .filter(|(_, mask)| *mask != 0)
        .map(|(lane, mask)| Grant {
            lane,
            mask,
            ..first.clone()
        })
        .collect();
    role.grants.extend(more);
    role.grants.sort_by_key(|grant| grant.lane);
}
