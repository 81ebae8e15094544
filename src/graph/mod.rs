//! The decision graph: scopes, roles, permission sets, sight, capability, shares, rules and
//! conditions as nodes, with where each stands in the source.
//!
//! It is what a policy *is*, once names and types are gone. The plan is lowered from it, and
//! analyses walk it.

mod build;
mod draw;
mod lower;

use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::{ActionId, Cardinality, ConditionId, LevelId, RoleId, Table, TypeId, TypeKind};
use crate::source::Span;
use crate::syntax::ast::RuleKind;

pub(crate) use build::build;
pub(crate) use lower::lower;

/// A policy as a graph.
#[derive(Debug)]
pub struct DecisionGraph {
    pub(crate) graph: DiGraph<Node, Edge>,
    /// The nodes of the types, roles and levels, by id.
    pub(crate) types: Table<TypeId, NodeIndex>,
    pub(crate) roles: Table<RoleId, NodeIndex>,
    pub(crate) levels: Table<LevelId, NodeIndex>,
    pub(crate) rules: Vec<NodeIndex>,
    /// The nodes of what custom roles of a type are made of.
    pub(crate) custom_roles: Vec<(TypeId, NodeIndex)>,
}

/// A node, with its name and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// `administrative`, `dangerous`: what a mark says of it.
    pub marks: Vec<&'static str>,
    /// Its name, or its text where it has none.
    pub label: String,
    /// Where it stands.
    pub span: Option<Span>,
}

/// The kinds of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A subject, scope or resource type.
    Type(TypeKind),
    /// An action.
    Action,
    /// A permission group.
    Permissions,
    /// A role.
    Role,
    /// `sees`: sight that a role gives.
    Sight,
    /// `can`: capability that a role gives.
    Capability,
    /// A level of a share.
    Level,
    /// A rule.
    Rule(RuleKind),
    /// A condition.
    Condition,
    /// `at most`: the ceiling of a role.
    Ceiling,
    /// `also`: a source of holders.
    Also,
    /// `custom roles from`: what customers may make roles of.
    CustomRoles,
}

impl NodeKind {
    /// Its word in pictures and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Type(TypeKind::Subject) => "subject",
            Self::Type(TypeKind::Scope) => "scope",
            Self::Type(TypeKind::Resource) => "resource",
            Self::Action => "action",
            Self::Permissions => "permissions",
            Self::Role => "role",
            Self::Sight => "sight",
            Self::Capability => "capability",
            Self::Level => "level",
            Self::Rule(RuleKind::Permit) => "permit",
            Self::Rule(RuleKind::Forbid) => "forbid",
            Self::Rule(RuleKind::Reveal) => "reveal",
            Self::Rule(RuleKind::Hide) => "hide",
            Self::Condition => "condition",
            Self::Ceiling => "ceiling",
            Self::Also => "also",
            Self::CustomRoles => "custom roles",
        }
    }
}

/// What one node has to do with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A type stands in another.
    In(Cardinality),
    /// A subject type may be a member of a group.
    MemberOf,
    /// An action is asked of a type.
    AskedOf,
    /// A permission group has an action or another group.
    Has,
    /// A role is held on a type.
    HeldOn,
    /// A role or level includes another.
    Includes,
    /// A role gives sight.
    Sees {
        /// Only of the entity on which the role is held.
        this: bool,
    },
    /// A role gives capability.
    Can,
    /// Sight or a rule is about a type.
    Shows(Option<ConditionId>),
    /// Capability, a level or a rule is about actions asked of a type.
    Gives(Vec<(ActionId, Option<ConditionId>)>),
    /// A type can be shared at a level.
    SharedAt,
    /// A level opens a window into a scope.
    With,
    /// A rule is for a subject type.
    To,
    /// A clause or rule holds under a condition.
    When,
    /// A role has a ceiling.
    AtMost,
    /// A role is held by others too.
    Also,
    /// Holders of a role hold another one too.
    HoldersOf {
        /// Not those who hold it: it stands behind an `except`.
        except: bool,
    },
    /// A role counts only with another one.
    Requires,
    /// A role may be held by a subject type.
    For,
    /// An action shows its type.
    VisibleBy,
    /// Roles on a type replace those on another.
    Overrides,
    /// A type has custom roles.
    CustomRoles,
    /// A credential acts for a subject type.
    ActsFor,
    /// A credential is confined to a type.
    Within,
    /// Taking an action gives somebody a role.
    Assigns,
    /// An action takes a role away.
    Revokes,
    /// Taking an action shares a thing at a level.
    Shares,
    /// Taking an action changes this attribute or relation of a type.
    Edits(String),
}

impl Edge {
    /// Its word in pictures and JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::In(Cardinality::One) => "in",
            Self::In(Cardinality::Optional) => "in?",
            Self::In(Cardinality::Many) => "in many",
            Self::MemberOf => "member of",
            Self::AskedOf => "asked of",
            Self::Has => "has",
            Self::HeldOn => "held on",
            Self::Includes => "includes",
            Self::Sees { this: false } => "sees",
            Self::Sees { this: true } => "sees this",
            Self::Can => "can",
            Self::Shows(_) => "shows",
            Self::Gives(_) => "gives",
            Self::SharedAt => "shared at",
            Self::With => "with",
            Self::To => "to",
            Self::When => "when",
            Self::AtMost => "at most",
            Self::Also => "also",
            Self::HoldersOf { except: false } => "holders of",
            Self::HoldersOf { except: true } => "except holders of",
            Self::Requires => "requires",
            Self::For => "for",
            Self::VisibleBy => "visible by",
            Self::Overrides => "overrides",
            Self::CustomRoles => "custom roles",
            Self::ActsFor => "acts for",
            Self::Within => "within",
            Self::Assigns => "assigns",
            Self::Revokes => "revokes",
            Self::Shares => "shares",
            Self::Edits(_) => "edits",
        }
    }
}

impl DecisionGraph {
    /// The nodes, in a stable order.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.graph.node_weights()
    }

    /// How many edges there are.
    pub fn edge_count(&self) -> usize {
        self.graph.edge_count()
    }
}
