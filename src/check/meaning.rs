//! The checked policy: what each clause of a role, each level and each rule comes to, type by type.

use super::arena::Arena;
use crate::plan::{ActionId, AlsoStep, ConditionId, Field, Guard, LevelId, RoleId, Table, TypeId};
use crate::resolve::{Permissions, Schema};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

/// A checked policy: the schema, and what everything in it comes to.
pub(crate) struct Program<'a> {
    pub(crate) schema: Schema<'a>,
    pub(crate) permissions: Permissions,
    pub(crate) types: Table<TypeId, TypeMeaning>,
    pub(crate) actions: Table<ActionId, ActionMeaning>,
    pub(crate) roles: Table<RoleId, RoleMeaning>,
    pub(crate) levels: Table<LevelId, LevelMeaning>,
    pub(crate) rules: Vec<RuleMeaning>,
    pub(crate) attributes: Table<TypeId, Vec<Field>>,
    pub(crate) context: Vec<Field>,
    pub(crate) arena: Arena,
}

/// The clauses of a role; what it includes is not counted in.
#[derive(Default)]
pub(crate) struct RoleMeaning {
    pub(crate) sees: Vec<SeesClause>,
    pub(crate) can: Vec<CanClause>,
    pub(crate) ceiling: Option<LevelMeaning>,
    pub(crate) also: Vec<AlsoMeaning>,
    pub(crate) guard: Guard,
    pub(crate) stratum: u32,
    /// `@administrative`
    pub(crate) administrative: bool,
}

/// What marks say of an action.
#[derive(Default)]
pub(crate) struct ActionMeaning {
    pub(crate) effects: Vec<Effect>,
    /// `@dangerous`
    pub(crate) dangerous: bool,
}

/// What taking an action does to who may do what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Somebody gets this role.
    Assigns(RoleId),
    /// Somebody loses this role.
    Revokes(RoleId),
    /// The thing is shared at this level.
    Shares(LevelId),
    /// An attribute or a relation of this type changes.
    Edits(TypeId, String),
}

/// One source of `also E, F`.
pub(crate) struct AlsoMeaning {
    /// The whole clause.
    pub(crate) span: Span,
    pub(crate) steps: Vec<AlsoStep>,
}

impl AlsoMeaning {
    /// The roles that it names, and whether each stands behind an `except`.
    pub(crate) fn roles(&self) -> Vec<(RoleId, bool)> {
        // For each answer on the stack, the roles that it rests on.
        let mut stack: Vec<Vec<(RoleId, bool)>> = Vec::new();
        for step in &self.steps {
            match step {
                AlsoStep::Subject(_) => stack.push(Vec::new()),
                AlsoStep::Own(of) | AlsoStep::Enclosing(of) => stack.push(vec![(*of, false)]),
                AlsoStep::Linked(_, roles) => {
                    stack.push(roles.iter().map(|of| (*of, false)).collect());
                }
                AlsoStep::And | AlsoStep::Except => {
                    let right = stack.pop().unwrap_or_default();
                    let negative = matches!(step, AlsoStep::Except);
                    if let Some(left) = stack.last_mut() {
                        left.extend(
                            right
                                .into_iter()
                                .map(|(of, already)| (of, already || negative)),
                        );
                    }
                }
            }
        }
        stack.pop().unwrap_or_default()
    }
}

/// What a type says beside its roles and shares.
#[derive(Default)]
pub(crate) struct TypeMeaning {
    pub(crate) visible_by: Option<ActionId>,
    pub(crate) overrides: Vec<TypeId>,
    pub(crate) custom_roles: Option<LevelMeaning>,
    /// Of a credential: the type that it is confined to, and the column of its limit.
    pub(crate) within: Option<TypeId>,
    pub(crate) at_most: Option<u32>,
}

/// `sees SET when E`
pub(crate) struct SeesClause {
    pub(crate) span: Span,
    /// `sees this`
    pub(crate) this: bool,
    pub(crate) types: Vec<TypeGrant>,
}

/// `can SET when E`
pub(crate) struct CanClause {
    pub(crate) span: Span,
    pub(crate) actions: Vec<ActionGrant>,
}

/// A type, under a condition.
pub(crate) struct TypeGrant {
    pub(crate) of: TypeId,
    pub(crate) condition: Option<ConditionId>,
}

/// An action asked of a type, under a condition.
pub(crate) struct ActionGrant {
    pub(crate) of: TypeId,
    pub(crate) action: ActionId,
    pub(crate) condition: Option<ConditionId>,
}

/// A set of actions without conditions: what a level lets through (what it includes is not counted
/// in), a ceiling, what custom roles are made of.
pub(crate) struct LevelMeaning {
    pub(crate) span: Span,
    pub(crate) actions: Vec<(TypeId, ActionId)>,
}

/// A rule.
pub(crate) struct RuleMeaning {
    pub(crate) kind: RuleKind,
    pub(crate) span: Span,
    pub(crate) id: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) subjects: Vec<TypeId>,
    /// Of `permit` and `forbid`.
    pub(crate) actions: Vec<ActionGrant>,
    /// Of `reveal` and `hide`.
    pub(crate) types: Vec<TypeGrant>,
}
