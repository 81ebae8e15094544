//! What a policy declares, by dense ids.

use std::collections::HashMap;

use crate::plan::{
    ActionId, Cardinality, LevelId, RelationId, RoleId, Table, TypeId, TypeKind, ValueType,
    type_name,
};
use crate::source::Span;
use crate::syntax::ast;

/// Names to ids, and where each was declared.
pub(crate) type Named<I> = HashMap<String, I, rustc_hash::FxBuildHasher>;

/// Everything that a policy declares, apart from its rules and tests.
#[derive(Default)]
pub(crate) struct Schema<'a> {
    pub(crate) types: Table<TypeId, TypeInfo<'a>>,
    pub(crate) actions: Table<ActionId, ActionInfo<'a>>,
    pub(crate) roles: Table<RoleId, RoleInfo<'a>>,
    pub(crate) levels: Table<LevelId, LevelInfo<'a>>,
    pub(crate) relations: Table<RelationId, RelationInfo>,
    pub(crate) context: Vec<ContextInfo<'a>>,
    pub(crate) type_names: Named<TypeId>,
    /// The actions of each name, over all types.
    pub(crate) actions_by_name: Named<Vec<ActionId>>,
}

pub(crate) struct TypeInfo<'a> {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) decl: &'a ast::TypeDecl,
    pub(crate) kind: TypeKind,
    pub(crate) members: Vec<TypeId>,
    pub(crate) containers: Vec<(TypeId, Cardinality)>,
    pub(crate) attributes: Vec<AttributeInfo<'a>>,
    pub(crate) relations: Vec<RelationId>,
    /// The actions that it declares.
    pub(crate) actions: Vec<ActionId>,
    /// The actions that are asked of it.
    pub(crate) asked: Vec<ActionId>,
    pub(crate) roles: Vec<RoleId>,
    pub(crate) shares: Vec<ShareInfo>,
    /// `acts for`: the attribute that names the owner, and the clause.
    pub(crate) acts_for: Option<(usize, &'a ast::ActsFor)>,
    pub(crate) attribute_names: Named<usize>,
    pub(crate) relation_names: Named<RelationId>,
    pub(crate) action_names: Named<ActionId>,
    pub(crate) role_names: Named<RoleId>,
}

pub(crate) struct AttributeInfo<'a> {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) ty: ValueType,
    pub(crate) optional: bool,
    pub(crate) default: Option<&'a ast::Expr>,
}

/// A part of the context, and the actions that it is declared for.
pub(crate) struct ContextInfo<'a> {
    pub(crate) attribute: AttributeInfo<'a>,
    /// One for each declaration; `None` is for all actions.
    pub(crate) actions: Vec<Option<&'a ast::PermissionSet>>,
}

pub(crate) struct RelationInfo {
    pub(crate) name: String,
    pub(crate) of: TypeId,
    pub(crate) targets: Vec<TypeId>,
}

pub(crate) struct ActionInfo<'a> {
    pub(crate) name: String,
    pub(crate) decl: &'a ast::ActionDecl,
    pub(crate) owner: TypeId,
    pub(crate) asked_of: Vec<TypeId>,
}

pub(crate) struct RoleInfo<'a> {
    pub(crate) name: String,
    pub(crate) on: TypeId,
    pub(crate) decl: &'a ast::RoleDecl,
    pub(crate) includes: Vec<RoleId>,
}

pub(crate) struct ShareInfo {
    pub(crate) with: TypeId,
    pub(crate) levels: Vec<LevelId>,
}

pub(crate) struct LevelInfo<'a> {
    pub(crate) name: String,
    pub(crate) of: TypeId,
    pub(crate) with: TypeId,
    pub(crate) decl: &'a ast::LevelDecl,
    pub(crate) includes: Vec<LevelId>,
}

impl Schema<'_> {
    pub(crate) fn type_name(&self, ty: TypeId) -> &str {
        &self.types[ty].name
    }

    pub(crate) fn all_type_names(&self) -> impl Iterator<Item = &str> {
        self.types.rows().iter().map(|ty| ty.name.as_str())
    }

    /// `Type.action`
    pub(crate) fn action_name(&self, action: ActionId) -> String {
        let action = &self.actions[action];
        format!("{}.{}", self.type_name(action.owner), action.name)
    }

    /// Every subject type that asks as itself: all but the credentials.
    pub(crate) fn subjects(&self) -> Vec<TypeId> {
        self.types.ids().filter(|id| self.is_subject(*id)).collect()
    }

    /// Whether entities of a type are principals: subjects, and no credentials.
    pub(crate) fn is_subject(&self, ty: TypeId) -> bool {
        let ty = &self.types[ty];
        ty.kind == TypeKind::Subject && ty.acts_for.is_none()
    }

    /// How a type of values is written.
    pub(crate) fn value_type_name(&self, ty: &ValueType) -> String {
        match ty {
            ValueType::Entity(of) if of.is_empty() => "nothing".into(),
            ValueType::Record(_) => "a record".into(),
            _ => type_name(ty, &|id| self.type_name(id)),
        }
    }
}

/// The word for a kind of type.
pub(crate) fn kind_word(kind: TypeKind) -> &'static str {
    match kind {
        TypeKind::Subject => "subject",
        TypeKind::Scope => "scope",
        TypeKind::Resource => "resource",
    }
}

/// The type of values that has this name elsewhere.
pub(super) fn of_other_languages(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "boolean" => "Bool",
        "integer" | "long" | "number" => "Int",
        "double" | "float" => "Decimal",
        "text" | "varchar" => "String",
        "date" | "time" | "timestamp" => "Datetime",
        "interval" | "timespan" => "Duration",
        "cidr" | "inet" | "ip" => "IpAddr",
        _ => return None,
    })
}
