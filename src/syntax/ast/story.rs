//! Tests, and the facts that they and worlds are made of.

use super::{Entity, Expr, Ident, Moment, PermissionTerm, Text};
use crate::source::Span;

/// `test "name" { … }`: a story that is read from the top.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Text,
    /// Its statements in order.
    pub statements: Vec<Statement>,
    /// The whole block.
    pub span: Span,
}

/// One statement of a test.
#[derive(Clone, Debug)]
pub enum Statement {
    /// A fact, true from here on.
    Fact(Fact),
    /// `remove FACT`: no longer true from here on.
    Remove(Fact, Span),
    /// `expect refused FACT`: it does not fit the policy, or what was said before.
    Refused(Vec<Fact>, Span),
    /// `expect …`
    Expect(Expectation),
}

/// `expect User:alice can view on Volume:data with { … } at 2026-01-01`
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Who asks.
    pub subject: Entity,
    /// What should come out.
    pub claim: Claim,
    /// The entities asked about.
    pub resources: Vec<Entity>,
    /// What the request says.
    pub context: Vec<(Ident, Expr)>,
    /// When it is asked.
    pub at: Option<Moment>,
    /// The whole statement.
    pub span: Span,
}

/// What an `expect` claims.
#[derive(Clone, Debug)]
pub enum Claim {
    /// `can a, b on R`: Allowed, each of them.
    Can(Vec<ActionRef>),
    /// `cannot a, b on R`: Forbidden, each of them.
    Cannot(Vec<ActionRef>),
    /// `sees R`: not Invisible.
    Sees,
    /// `cannot see R`: Invisible.
    CannotSee,
    /// `sees only R, S`: these, and nothing else of their types.
    SeesOnly,
    /// `sees no T`: nothing of a type.
    SeesNo(Ident),
}

/// An action as it was written: `view` or `Volume.view`.
#[derive(Clone, Debug)]
pub struct ActionRef {
    /// The type before the dot.
    pub type_name: Option<Ident>,
    /// The action.
    pub name: Ident,
}

/// A fact as it was written.
#[derive(Clone, Debug)]
pub struct Fact {
    /// What it says.
    pub kind: FactKind,
    /// The whole fact.
    pub span: Span,
}

/// Who holds a role.
#[derive(Clone, Debug)]
pub enum Holder {
    /// `anyone`
    Anyone,
    /// A subject.
    Entity(Entity),
    /// `Team:ml#Member`: whoever holds that role there.
    Set(Entity, Ident),
}

/// The forms of facts.
#[derive(Clone, Debug)]
pub enum FactKind {
    /// `Team:ml in Organization:acme until … { name: value }`: an entity, what it is in, its attributes.
    Entity {
        /// The entity.
        entity: Entity,
        /// Its containers, or the groups that it is a member of.
        containers: Vec<Entity>,
        /// When a membership ends.
        until: Option<Moment>,
        /// Its attributes.
        attributes: Vec<(Ident, Expr)>,
    },
    /// `User:bob is Member of Team:ml until …`
    Holding {
        /// Who holds.
        subject: Holder,
        /// The role.
        role: Ident,
        /// Where it is held.
        on: Entity,
        /// When it ends.
        until: Option<Moment>,
    },
    /// `share Volume:data with Team:platform at read until …`
    Share {
        /// What is shared.
        entity: Entity,
        /// The scope that it is shared with.
        with: Entity,
        /// The level.
        level: Ident,
        /// When it ends.
        until: Option<Moment>,
    },
    /// `role Developer of Account:acme can compute.view { description: "…" }`
    CustomRole {
        /// The role.
        role: Ident,
        /// Where it may be held.
        of: Entity,
        /// The permissions that it gives.
        can: Vec<PermissionTerm>,
        /// What is said about it.
        attributes: Vec<(Ident, Expr)>,
    },
    /// `Doc:readme owner User:alice`
    Relation {
        /// Where the edge begins.
        entity: Entity,
        /// Its name.
        relation: Ident,
        /// Where it ends.
        target: Entity,
    },
}
