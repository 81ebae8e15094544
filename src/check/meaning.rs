//! The checked policy: what each clause of a role, each level and each rule comes to, type by type.

use super::arena::Arena;
use crate::plan::{ActionId, ConditionId, Field, LevelId, RoleId, Table, TypeId};
use crate::resolve::{Permissions, Schema};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

/// A checked policy: the schema, and what everything in it comes to.
pub(crate) struct Program<'a> {
    pub(crate) schema: Schema<'a>,
    pub(crate) permissions: Permissions,
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

/// What a level lets through; what it includes is not counted in.
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
