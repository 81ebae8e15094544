//! Tables of roles, from the masks of the plan.

use super::{Cell, RoleMatrix, RoleRow, RoleTable, RowKind, State};
use crate::eval::QueryError;
use crate::plan::{
    ActionId, ActionRule, Clause, ConditionId, LaneId, Level, Plan, Role, RoleId, SightRule, Type,
    TypeId,
};

impl RoleMatrix {
    /// The tables of a policy, of every type that is seen or acted on.
    pub fn of(plan: &Plan) -> Self {
        let types = plan.types.iter().map(|(id, ty)| Page { plan, id, ty });
        let tables = types.map(|page| page.table());
        Self {
            tables: tables.filter(|table| !table.rows.is_empty()).collect(),
        }
    }

    /// Keeps the tables of these types; all where there are none.
    ///
    /// # Errors
    ///
    /// The policy has no such type.
    pub fn only(&mut self, plan: &Plan, types: &[String]) -> Result<(), QueryError> {
        if let Some(unknown) = types.iter().find(|name| plan.find_type(name).is_none()) {
            return Err(QueryError::unknown_type(plan, unknown));
        }
        if !types.is_empty() {
            self.tables.retain(|table| types.contains(&table.type_name));
        }
        Ok(())
    }
}

/// What gives something: under a condition, and by which role.
struct Source {
    condition: Option<ConditionId>,
    /// What must hold besides.
    also: Option<String>,
}

struct Page<'p> {
    plan: &'p Plan,
    id: TypeId,
    ty: &'p Type,
}

impl<'p> Page<'p> {
    fn table(&self) -> RoleTable {
        let roles = self.plan.roles.iter();
        let roles = roles.filter_map(|(id, role)| self.role(id, role));
        let mut rows: Vec<RoleRow> = roles.collect();
        rows.extend(self.levels());
        rows.extend(self.rules());
        RoleTable {
            type_name: self.ty.name.clone(),
            actions: self
                .actions()
                .map(|(_, _, action)| self.name(action))
                .collect(),
            rows,
        }
    }

    /// Its actions with their lanes and bits, in order.
    fn actions(&self) -> impl Iterator<Item = (LaneId, u64, ActionId)> + use<'p> {
        let plan = self.plan;
        let lanes = self.ty.lanes();
        lanes.flat_map(move |lane| {
            let actions = plan.lanes.find(lane).map(|lane| lane.actions.iter());
            let actions = actions.into_iter().flatten().enumerate();
            actions.map(move |(bit, action)| (lane, 1 << bit, *action))
        })
    }

    fn name(&self, action: ActionId) -> String {
        match self.plan.actions.find(action) {
            Some(info) if info.owner == self.id => info.name.clone(),
            _ => self.plan.action_name(action),
        }
    }

    fn text(&self, condition: ConditionId) -> String {
        let found = self.plan.conditions.find(condition);
        found.map_or_else(String::new, |condition| condition.text.clone())
    }

    fn clause(&self, clause: crate::plan::ClauseId) -> Option<&'p Clause> {
        self.plan.clauses.find(clause)
    }

    // ---- cells ----

    /// When one of these gives; nothing where there are none.
    fn when(&self, sources: impl IntoIterator<Item = Source>) -> Option<Vec<String>> {
        let mut when: Option<Vec<String>> = None;
        let mut always = false;
        for source in sources {
            let known = when.get_or_insert_default();
            let condition = source.condition.map(|condition| self.text(condition));
            let text = match (source.also, condition) {
                (None, None) => {
                    always = true;
                    continue;
                }
                (Some(text), None) | (None, Some(text)) => text,
                (Some(also), Some(condition)) => format!("{also}, and {condition}"),
            };
            if !known.contains(&text) {
                known.push(text);
            }
        }
        if always {
            return Some(Vec::new());
        }
        when
    }

    /// What takes something away; nothing where it always does.
    fn unless<'r>(
        &self,
        rules: impl Iterator<Item = (&'r [TypeId], Option<ConditionId>)>,
    ) -> Option<Vec<String>> {
        let mut unless = Vec::new();
        for (subjects, condition) in rules {
            let asked = (!subjects.is_empty()).then(|| self.asked_by(subjects));
            let condition = condition.map(|condition| self.text(condition));
            unless.push(match (asked, condition) {
                (None, None) => return None,
                (Some(text), None) | (None, Some(text)) => text,
                (Some(asked), Some(condition)) => format!("{asked}, and {condition}"),
            });
        }
        Some(unless)
    }

    fn asked_by(&self, subjects: &[TypeId]) -> String {
        let names = subjects.iter().map(|of| self.plan.type_name(*of));
        let names: Vec<&str> = names.collect();
        format!("asked by {}", names.join(" or "))
    }

    fn hidden(&self) -> Option<Vec<String>> {
        let rules = self.ty.hides.iter();
        self.unless(rules.map(|rule| (rule.subjects.as_slice(), rule.condition)))
    }

    fn forbidden(&self, lane: LaneId, bit: u64) -> Option<Vec<String>> {
        let rules = self.ty.forbids.iter();
        let rules = rules.filter(|rule| rule.lane == lane && rule.mask & bit != 0);
        self.unless(rules.map(|rule| (rule.subjects.as_slice(), rule.condition)))
    }

    fn cell(&self, sources: Vec<Source>, unless: Option<Vec<String>>) -> Cell {
        match unless {
            Some(unless) => Cell::of(self.when(sources), unless),
            None => Cell::default(),
        }
    }

    // ---- roles ----

    fn role(&self, id: RoleId, role: &'p Role) -> Option<RoleRow> {
        if !self.is_at_or_below(role.on) {
            return None;
        }
        // What it includes behind a guard counts where that guard holds.
        let mut parts: Vec<(&Role, Option<String>)> = vec![(role, None)];
        let mut known = vec![id];
        let mut open: Vec<RoleId> = role.guarded.clone();
        while let Some(next) = open.pop() {
            if known.contains(&next) {
                continue;
            }
            known.push(next);
            if let Some(part) = self.plan.roles.find(next) {
                let guards = self.guards(part).join(" and ");
                parts.push((part, Some(format!("as {} ({guards})", part.name))));
                open.extend(part.guarded.iter().copied());
            }
        }
        let caps = |lane: LaneId, bit: u64, part: &Role| {
            let ceiling = part.ceiling.as_ref();
            ceiling.map(|(masks, _)| masks.mask(lane) & bit == 0)
        };
        let mut cells = Vec::new();
        for (lane, bit, _) in self.actions() {
            let told: Vec<_> = parts
                .iter()
                .map(|(part, _)| caps(lane, bit, part))
                .collect();
            let own = told.first().copied().flatten();
            let raised = told.contains(&Some(false));
            if own == Some(true) && !raised {
                cells.push(Cell {
                    state: State::Capped,
                    ..Cell::default()
                });
                continue;
            }
            let sources = parts
                .iter()
                .flat_map(|(part, also)| self.gives(part, also, lane, bit));
            let mut cell = self.cell(sources.collect(), self.forbidden(lane, bit));
            let hit = matches!(cell.state, State::Allowed | State::Conditional);
            if hit && own != Some(false) && told.contains(&Some(true)) {
                let ceilings = parts
                    .iter()
                    .zip(&told)
                    .filter(|(_, cap)| **cap == Some(true));
                let names =
                    ceilings.map(|((part, _), _)| format!("under the ceiling of {}", part.name));
                cell.unless.extend(names);
                cell.state = State::Conditional;
            }
            cells.push(cell);
        }
        let sights = parts.iter().flat_map(|(part, also)| self.shows(part, also));
        let sees = self.cell(sights.collect(), self.hidden());
        let idle = |cell: &Cell| cell.state == State::Never;
        if idle(&sees) && cells.iter().all(idle) {
            return None;
        }
        Some(RoleRow {
            kind: RowKind::Role,
            name: format!("{} of {}", role.name, self.plan.type_name(role.on)),
            notes: self.notes(role),
            sees,
            cells,
        })
    }

    fn gives(&self, part: &Role, also: &Option<String>, lane: LaneId, bit: u64) -> Vec<Source> {
        let grants = part.grants_in(lane).iter();
        let grants = grants.filter(|grant| grant.mask & bit != 0);
        let sources = grants.map(|grant| Source {
            condition: grant.condition,
            also: also.clone(),
        });
        sources.collect()
    }

    fn shows(&self, part: &Role, also: &Option<String>) -> Vec<Source> {
        let mut sources = Vec::new();
        for sight in part.sights_of(self.id) {
            let narrow = sight.this && self.nests();
            let itself = narrow.then(|| "it is held on this very one".to_owned());
            let also = match (also.clone(), itself) {
                (Some(also), Some(itself)) => Some(format!("{also}, and {itself}")),
                (also, itself) => also.or(itself),
            };
            let condition = sight.condition;
            sources.push(Source { condition, also });
        }
        if let Some((lane, bit)) = self.ty.visible_by {
            let under = |part: &Role| {
                let ceiling = part.ceiling.as_ref();
                ceiling.is_none_or(|(masks, _)| masks.mask(lane) & bit != 0)
            };
            if under(part) {
                sources.extend(self.gives(part, also, lane, bit));
            }
        }
        sources
    }

    /// Whether its entities stand in one another, at whatever distance.
    fn nests(&self) -> bool {
        self.above().contains(&self.id)
    }

    /// The types in which its entities stand, or with which they or these are shared, to the top.
    fn above(&self) -> Vec<TypeId> {
        let mut above = Vec::new();
        let mut open = vec![self.id];
        while let Some(next) = open.pop() {
            let Some(ty) = self.plan.types.find(next) else {
                continue;
            };
            let steps = ty.containers.iter().map(|(of, _)| *of);
            for step in steps.chain(ty.shares.iter().map(|(with, _)| *with)) {
                if !above.contains(&step) {
                    above.push(step);
                    open.push(step);
                }
            }
        }
        above
    }

    /// Whether its entities are of that type, or may stand in one or be shared with one.
    fn is_at_or_below(&self, of: TypeId) -> bool {
        of == self.id || self.above().contains(&of)
    }

    fn guards(&self, role: &Role) -> Vec<String> {
        let mut guards = Vec::new();
        if !role.guard.requires.is_empty() {
            let names = role.guard.requires.iter().filter_map(|id| {
                let role = self.plan.roles.find(*id)?;
                Some(format!("{} of {}", role.name, self.plan.type_name(role.on)))
            });
            guards.push(format!("requires {}", names.collect::<Vec<_>>().join(", ")));
        }
        if !role.guard.holders.is_empty() {
            let names = role.guard.holders.iter().map(|of| self.plan.type_name(*of));
            guards.push(format!("for {}", names.collect::<Vec<_>>().join(", ")));
        }
        guards
    }

    fn notes(&self, role: &Role) -> Vec<String> {
        let mut notes = self.guards(role);
        if let Some((_, clause)) = &role.ceiling {
            notes.extend(self.clause(*clause).map(|clause| clause.text.clone()));
        }
        let bit = self.plan.types.find(role.on).map_or(0, |ty| ty.overridden);
        let over = self.plan.types.iter();
        let over =
            over.filter(|(id, ty)| bit != 0 && ty.overrides & bit != 0 && self.is_at_or_below(*id));
        notes.extend(over.map(|(_, ty)| format!("replaced where a role is held on a {}", ty.name)));
        notes
    }

    // ---- levels and rules ----

    fn levels(&self) -> Vec<RoleRow> {
        let mut rows = Vec::new();
        // What is shared takes along what stands in it.
        let shared = |id: TypeId| id == self.id || self.contains(id);
        for (id, ty) in self.plan.types.iter().filter(|(id, _)| shared(*id)) {
            for (with, levels) in &ty.shares {
                let levels = levels
                    .iter()
                    .filter_map(|level| self.plan.levels.find(*level));
                rows.extend(levels.map(|level| self.level(level, id, *with)));
            }
        }
        rows
    }

    fn level(&self, level: &Level, of: TypeId, with: TypeId) -> RoleRow {
        let through = |through: bool| Cell {
            state: if through {
                State::Allowed
            } else {
                State::Never
            },
            ..Cell::default()
        };
        let cells = self
            .actions()
            .map(|(lane, bit, _)| through(level.mask(lane) & bit != 0));
        let shared = match of == self.id {
            true => String::new(),
            false => format!("{} shared ", self.plan.type_name(of)),
        };
        RoleRow {
            kind: RowKind::Level,
            name: format!(
                "{shared}at {} with {}",
                level.name,
                self.plan.type_name(with)
            ),
            notes: Vec::new(),
            sees: through(true),
            cells: cells.collect(),
        }
    }

    /// Whether its entities may stand in those of another type, at whatever distance.
    fn contains(&self, container: TypeId) -> bool {
        let mut known = vec![self.id];
        let mut open = vec![self.id];
        while let Some(next) = open.pop() {
            let containers = self.plan.types.find(next).map(|ty| ty.containers.iter());
            for (of, _) in containers.into_iter().flatten() {
                if *of == container {
                    return true;
                }
                if !known.contains(of) {
                    known.push(*of);
                    open.push(*of);
                }
            }
        }
        false
    }

    fn rules(&self) -> Vec<RoleRow> {
        let mut rows = Vec::new();
        let reveals = self.ty.reveals.iter();
        for rule in reveals {
            let SightRule {
                condition,
                subjects,
                clause,
            } = rule;
            let sees = self.cell(vec![self.by_rule(*condition, subjects)], self.hidden());
            let cells = self.actions().map(|_| Cell::default()).collect();
            rows.push(self.rule(*clause, sees, cells));
        }
        // One rule is several in the plan where a type has several lanes.
        for (index, rule) in self.ty.permits.iter().enumerate() {
            let same = |other: &&ActionRule| other.clause == rule.clause;
            if self.ty.permits.iter().take(index).any(|other| same(&other)) {
                continue;
            }
            let parts: Vec<&ActionRule> = self.ty.permits.iter().filter(same).collect();
            let given = |lane: LaneId, bit: u64| {
                let parts = parts
                    .iter()
                    .filter(|part| part.lane == lane && part.mask & bit != 0);
                let sources = parts.map(|part| self.by_rule(part.condition, &part.subjects));
                sources.collect::<Vec<_>>()
            };
            let cells = self
                .actions()
                .map(|(lane, bit, _)| self.cell(given(lane, bit), self.forbidden(lane, bit)));
            let cells = cells.collect();
            let by = self.ty.visible_by;
            let shown = by.map_or_else(Vec::new, |(lane, bit)| given(lane, bit));
            let sees = self.cell(shown, self.hidden());
            rows.push(self.rule(rule.clause, sees, cells));
        }
        rows
    }

    fn by_rule(&self, condition: Option<ConditionId>, subjects: &[TypeId]) -> Source {
        Source {
            condition,
            also: (!subjects.is_empty()).then(|| self.asked_by(subjects)),
        }
    }

    fn rule(&self, clause: crate::plan::ClauseId, sees: Cell, cells: Vec<Cell>) -> RoleRow {
        let clause = self.clause(clause);
        RoleRow {
            kind: RowKind::Rule,
            name: clause.map_or_else(String::new, |clause| clause.text.clone()),
            notes: clause
                .and_then(|clause| clause.id.clone())
                .into_iter()
                .collect(),
            sees,
            cells,
        }
    }
}
