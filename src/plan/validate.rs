//! Reading a plan that somebody else wrote: every id and every order that the evaluator relies on
//! is checked before the first question.

use std::fmt;

use serde::Deserialize;

use super::condition::{Condition, Constant, Node, NodeRange};
use super::ids::{
    ActionId, ClauseId, ConditionId, ConstantId, EntityId, Id, LaneId, LevelId, NodeId, RelationId,
    RoleId, Table, TypeId,
};
use super::value::{Field, ValueType};
use super::{
    Action, ActionMasks, AlsoStep, Clause, Facets, Fingerprint, LANE_WIDTH, Lane, Level, Link,
    PLAN_VERSION, Permission, Plan, Relation, Role, Type, typed,
};

/// How deep a condition of a plan may nest; the compiler stays far below.
const MAX_CONDITION_DEPTH: u32 = 1024;

/// How many types can be overridden, one bit each: a walk may come to a place once for each set of
/// them, so these are 256 times at most.
pub(crate) const MAX_OVERRIDDEN: u32 = 8;

/// A plan that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanError {
    /// Written in a form that this version does not read.
    Version(u32),
    /// Some part of it points nowhere or stands in the wrong order; which one is named.
    Damaged(&'static str),
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(found) => write!(
                f,
                "this plan has version {found}, and version {PLAN_VERSION} is read; compile the policy again"
            ),
            Self::Damaged(part) => {
                write!(f, "this plan is damaged ({part}); compile the policy again")
            }
        }
    }
}

impl std::error::Error for PlanError {}

/// A plan as it was read.
#[derive(Deserialize)]
pub(super) struct Unchecked {
    version: u32,
    types: Table<TypeId, Type>,
    actions: Table<ActionId, Action>,
    lanes: Table<LaneId, Lane>,
    roles: Table<RoleId, Role>,
    levels: Table<LevelId, Level>,
    relations: Table<RelationId, Relation>,
    context: Vec<Field>,
    conditions: Table<ConditionId, Condition>,
    nodes: Table<NodeId, Node>,
    operands: Vec<NodeId>,
    columns: Vec<(TypeId, u32)>,
    constants: Table<ConstantId, Constant>,
    clauses: Table<ClauseId, Clause>,
    permissions: Vec<Permission>,
}

impl TryFrom<Unchecked> for Plan {
    type Error = PlanError;

    fn try_from(read: Unchecked) -> Result<Self, PlanError> {
        let mut plan = Self {
            version: read.version,
            types: read.types,
            actions: read.actions,
            lanes: read.lanes,
            roles: read.roles,
            levels: read.levels,
            relations: read.relations,
            context: read.context,
            conditions: read.conditions,
            nodes: read.nodes,
            operands: read.operands,
            columns: read.columns,
            constants: read
                .constants
                .rows()
                .iter()
                .map(|constant| Constant {
                    value: constant.value.clone().settled(&constant.ty),
                    ty: constant.ty.clone(),
                })
                .collect(),
            clauses: read.clauses,
            permissions: read.permissions,
            facets: Facets::default(),
            fingerprint: Fingerprint::default(),
        };
        plan.validate()?;
        plan.index();
        Ok(plan)
    }
}

/// `Ok` where it holds, the named damage where it does not.
fn hold(condition: bool, part: &'static str) -> Result<(), PlanError> {
    if condition {
        Ok(())
    } else {
        Err(PlanError::Damaged(part))
    }
}

fn inside<I: Id, T>(table: &Table<I, T>, id: I, part: &'static str) -> Result<(), PlanError> {
    hold(id.index() < table.len(), part)
}

impl Plan {
    /// Checks everything that the evaluator relies on.
    fn validate(&self) -> Result<(), PlanError> {
        if self.version != PLAN_VERSION {
            return Err(PlanError::Version(self.version));
        }
        self.validate_types()?;
        self.validate_roles()?;
        self.validate_nodes()?;
        for constant in self.constants.rows() {
            self.value_type(&constant.ty)?;
            let fits = typed(
                &constant.value,
                &constant.ty,
                &|ty| self.type_name(ty),
                &mut |_, _| EntityId(0),
            );
            hold(fits.is_ok(), "constants")?;
        }
        let names = self.permissions.iter().map(|permission| &permission.name);
        hold(names.is_sorted(), "permissions")?;
        for permission in &self.permissions {
            self.action_masks(&permission.masks, "permissions")?;
        }
        self.fields(&self.context)
    }

    fn validate_types(&self) -> Result<(), PlanError> {
        for (id, ty) in self.types.iter() {
            for member in &ty.members {
                inside(&self.types, *member, "members")?;
            }
            for (container, _) in &ty.containers {
                inside(&self.types, *container, "containers")?;
            }
            self.fields(&ty.attributes)?;
            self.validate_powers(id, ty)?;
            for relation in &ty.relations {
                inside(&self.relations, *relation, "relations")?;
            }
            for role in &ty.roles {
                inside(&self.roles, *role, "roles")?;
                hold(self.roles[*role].on == id, "roles")?;
            }
            for (with, levels) in &ty.shares {
                inside(&self.types, *with, "shares")?;
                for level in levels {
                    inside(&self.levels, *level, "shares")?;
                }
            }
            hold(ty.lane_count as usize <= self.lanes.len(), "lanes")?;
            let mut slot = 0_u32;
            for lane in ty.lanes() {
                let lane = self.lanes.find(lane).ok_or(PlanError::Damaged("lanes"))?;
                hold(lane.of == id && lane.actions.len() <= LANE_WIDTH, "lanes")?;
                for action in &lane.actions {
                    let asked = self.actions.find(*action).map(|action| &action.asked_of);
                    hold(
                        asked.is_some_and(|asked| asked.contains(&(id, slot))),
                        "lanes",
                    )?;
                    hold(ty.actions.get(slot as usize) == Some(action), "lanes")?;
                    slot += 1;
                }
            }
            hold(ty.actions.len() == slot as usize, "lanes")?;
            for rule in ty.permits.iter().chain(&ty.forbids) {
                inside(&self.lanes, rule.lane, "rules")?;
                self.decider(&rule.subjects, rule.condition, rule.clause)?;
            }
            for rule in ty.reveals.iter().chain(&ty.hides) {
                self.decider(&rule.subjects, rule.condition, rule.clause)?;
            }
        }
        for action in self.actions.rows() {
            inside(&self.types, action.owner, "actions")?;
            for (of, slot) in &action.asked_of {
                let ty = self.types.find(*of).ok_or(PlanError::Damaged("actions"))?;
                hold((*slot as usize) < ty.actions.len(), "actions")?;
            }
        }
        for relation in self.relations.rows() {
            inside(&self.types, relation.of, "relations")?;
            for target in &relation.targets {
                inside(&self.types, *target, "relations")?;
            }
        }
        Ok(())
    }

    fn validate_roles(&self) -> Result<(), PlanError> {
        for (id, role) in self.roles.iter() {
            inside(&self.types, role.on, "roles")?;
            for implied in &role.implies {
                inside(&self.roles, *implied, "roles")?;
            }
            hold(role.implies.is_sorted() && role.gives(id), "roles")?;
            self.validate_holding(role)?;
            hold(role.sights.is_sorted_by_key(|sight| sight.of), "sights")?;
            hold(role.grants.is_sorted_by_key(|grant| grant.lane), "grants")?;
            for sight in &role.sights {
                inside(&self.types, sight.of, "sights")?;
                hold(!sight.this || sight.of == role.on, "sights")?;
                self.decider(&[], sight.condition, sight.clause)?;
            }
            for grant in &role.grants {
                inside(&self.lanes, grant.lane, "grants")?;
                self.decider(&[], grant.condition, grant.clause)?;
            }
        }
        for level in self.levels.rows() {
            inside(&self.clauses, level.clause, "levels")?;
            self.action_masks(&level.masks, "levels")?;
        }
        Ok(())
    }

    /// What a role says of who holds it.
    fn validate_holding(&self, role: &Role) -> Result<(), PlanError> {
        for other in role.guarded.iter().chain(&role.guard.requires) {
            inside(&self.roles, *other, "roles")?;
        }
        hold(role.guard.holders.is_sorted(), "roles")?;
        // Strata are walked one by one.
        hold((role.stratum as usize) < self.roles.len(), "roles")?;
        for holder in &role.guard.holders {
            inside(&self.types, *holder, "roles")?;
        }
        if let Some((masks, clause)) = &role.ceiling {
            inside(&self.clauses, *clause, "ceilings")?;
            self.action_masks(masks, "ceilings")?;
        }
        for also in &role.also {
            inside(&self.clauses, also.clause, "also")?;
            // How many answers are waiting to be joined.
            let mut depth = 0_usize;
            for step in &also.steps {
                match step {
                    AlsoStep::And | AlsoStep::Except => {
                        hold(depth >= 2, "also")?;
                        depth -= 1;
                        continue;
                    }
                    AlsoStep::Subject(link) => self.link(role.on, *link)?,
                    AlsoStep::Own(of) => {
                        inside(&self.roles, *of, "also")?;
                        hold(self.roles[*of].on == role.on, "also")?;
                    }
                    AlsoStep::Enclosing(of) => inside(&self.roles, *of, "also")?,
                    AlsoStep::Linked(link, roles) => {
                        self.link(role.on, *link)?;
                        for of in roles {
                            inside(&self.roles, *of, "also")?;
                        }
                    }
                }
                depth += 1;
            }
            hold(depth == 1, "also")?;
        }
        Ok(())
    }

    fn link(&self, of: TypeId, link: Link) -> Result<(), PlanError> {
        match link {
            Link::Relation(relation) => inside(&self.relations, relation, "also"),
            Link::Attribute(column) => {
                hold((column as usize) < self.types[of].attributes.len(), "also")
            }
        }
    }

    fn action_masks(&self, masks: &ActionMasks, part: &'static str) -> Result<(), PlanError> {
        // Strictly sorted: a lane that is there twice would be found in one of its two places.
        hold(masks.lanes.is_sorted_by(|(a, _), (b, _)| a < b), part)?;
        masks
            .lanes
            .iter()
            .try_for_each(|(lane, _)| inside(&self.lanes, *lane, part))
    }

    /// What a type says of sight, overrides, custom roles and credentials.
    fn validate_powers(&self, id: TypeId, ty: &Type) -> Result<(), PlanError> {
        if let Some((lane, bit)) = ty.visible_by {
            let of = self.lanes.find(lane).map(|lane| lane.of);
            hold(of == Some(id) && bit.is_power_of_two(), "visible by")?;
        }
        hold(ty.overridden.count_ones() <= 1, "overrides")?;
        let most = (1 << MAX_OVERRIDDEN) - 1;
        hold((ty.overridden | ty.overrides) <= most, "overrides")?;
        if let Some(custom) = &ty.custom_roles {
            inside(&self.clauses, custom.clause, "custom roles")?;
            self.action_masks(&custom.masks, "custom roles")?;
        }
        if let Some(acts_for) = &ty.acts_for {
            let columns = [Some(acts_for.owner), acts_for.at_most];
            for column in columns.into_iter().flatten() {
                hold((column as usize) < ty.attributes.len(), "credentials")?;
            }
            if let Some(within) = acts_for.within {
                inside(&self.types, within, "credentials")?;
            }
        }
        Ok(())
    }

    fn validate_nodes(&self) -> Result<(), PlanError> {
        let mut depths: Vec<u32> = Vec::with_capacity(self.nodes.len());
        for node in self.nodes.rows() {
            let mut deepest = 0;
            let mut operand = |id: NodeId| -> Result<(), PlanError> {
                // Only nodes that stand before this one: no loops.
                let depth = depths.get(id.index()).ok_or(PlanError::Damaged("nodes"))?;
                deepest = deepest.max(*depth);
                Ok(())
            };
            match *node {
                Node::Constant(id) => inside(&self.constants, id, "nodes")?,
                Node::Principal | Node::Credential | Node::Resource | Node::Now => {}
                Node::IsCredential(range) => {
                    self.column_range(range)?;
                }
                Node::Context(index) | Node::HasContext(index) => {
                    hold((index as usize) < self.context.len(), "nodes")?;
                }
                Node::Attribute(base, range) | Node::HasAttribute(base, range) => {
                    operand(base)?;
                    for (of, column) in self.column_range(range)? {
                        hold(
                            (*column as usize) < self.types[*of].attributes.len(),
                            "nodes",
                        )?;
                    }
                }
                Node::IsType(base, range) => {
                    operand(base)?;
                    self.column_range(range)?;
                }
                Node::Field(base, _) | Node::HasField(base, _) => operand(base)?,
                Node::Related(base, relation) => {
                    operand(base)?;
                    inside(&self.relations, relation, "nodes")?;
                }
                Node::Enclosing(base, ty) => {
                    operand(base)?;
                    inside(&self.types, ty, "nodes")?;
                }
                Node::Not(a) | Node::Negate(a) | Node::IsEmpty(a) => operand(a)?,
                Node::And(range) | Node::Or(range) | Node::Set(range) => {
                    let operands = range.of(&self.operands);
                    hold(operands.len() == range.count as usize, "nodes")?;
                    for id in operands {
                        operand(*id)?;
                    }
                }
                Node::If(a, b, c) => {
                    operand(a)?;
                    operand(b)?;
                    operand(c)?;
                }
                Node::Compare(_, a, b)
                | Node::Calculate(_, a, b)
                | Node::InSet(a, b)
                | Node::InEntity(a, b)
                | Node::InNetwork(a, b)
                | Node::ContainsAll(a, b)
                | Node::ContainsAny(a, b) => {
                    operand(a)?;
                    operand(b)?;
                }
                Node::Holds(role) => inside(&self.roles, role, "nodes")?,
                Node::Like(a, pattern) => {
                    operand(a)?;
                    inside(&self.constants, pattern, "nodes")?;
                }
            }
            hold(deepest < MAX_CONDITION_DEPTH, "nodes")?;
            depths.push(deepest + 1);
        }
        for condition in self.conditions.rows() {
            inside(&self.nodes, condition.root, "conditions")?;
        }
        Ok(())
    }

    fn column_range(&self, range: NodeRange) -> Result<&[(TypeId, u32)], PlanError> {
        let columns = range.of(&self.columns);
        hold(columns.len() == range.count as usize, "columns")?;
        for (of, _) in columns {
            inside(&self.types, *of, "columns")?;
        }
        Ok(columns)
    }

    fn decider(
        &self,
        subjects: &[TypeId],
        condition: Option<ConditionId>,
        clause: ClauseId,
    ) -> Result<(), PlanError> {
        for subject in subjects {
            inside(&self.types, *subject, "subjects")?;
        }
        if let Some(condition) = condition {
            inside(&self.conditions, condition, "conditions")?;
        }
        inside(&self.clauses, clause, "clauses")
    }

    fn fields(&self, fields: &[Field]) -> Result<(), PlanError> {
        for field in fields {
            self.value_type(&field.ty)?;
            if let Some(default) = field.default {
                let constant = self.constants.find(default);
                let fits = constant.is_some_and(|constant| constant.ty == field.ty);
                hold(fits, "defaults")?;
            }
        }
        Ok(())
    }

    fn value_type(&self, ty: &ValueType) -> Result<(), PlanError> {
        match ty {
            ValueType::Entity(of) => {
                hold(of.is_sorted(), "value types")?;
                of.iter()
                    .try_for_each(|ty| inside(&self.types, *ty, "value types"))
            }
            ValueType::Set(element) => self.value_type(element),
            ValueType::Record(fields) => self.fields(fields),
            _ => Ok(()),
        }
    }
}
