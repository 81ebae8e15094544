//! The syntax tree: what a file says, before any name in it means something.
//!
//! Every node knows its [`Span`]. What could not be read stands as an error node, so that the rest
//! of the file is still checked.

mod expr;
mod story;

pub use expr::{BinaryOp, Expr, ExprKind, Literal};
pub use story::{ActionRef, Claim, Expectation, Fact, FactKind, Holder, Statement, Test};

pub use crate::plan::{Cardinality, TypeKind};
use crate::source::{FileId, Span};

/// One `.policy` file.
#[derive(Clone, Debug)]
pub struct PolicyFile {
    /// The file that it was read from.
    pub file: FileId,
    /// Its items in order.
    pub items: Vec<Item>,
    /// Its comments in order, doc comments among them.
    pub comments: Vec<Comment>,
}

/// One `.world` file.
#[derive(Clone, Debug)]
pub struct WorldFile {
    /// The file that it was read from.
    pub file: FileId,
    /// Its facts in order.
    pub facts: Vec<Fact>,
    /// Its comments in order.
    pub comments: Vec<Comment>,
}

/// A `//` comment, with its slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Where it stands.
    pub span: Span,
    /// Its text, slashes included.
    pub text: String,
}

/// A name as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

/// A text in quotes, escapes read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text without its quotes.
    pub value: String,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A moment as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub millis: i64,
    /// Where it stands.
    pub span: Span,
}

/// An entity: `User:alice`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// The name of its type.
    pub type_name: String,
    /// Its id within the type, unquoted.
    pub id: String,
    /// Where it stands.
    pub span: Span,
}

/// What stands at the top of a policy file.
#[derive(Clone, Debug)]
pub enum Item {
    /// `use "other.policy"`
    Use(Text),
    /// `context { … }`: what a caller may say about a request.
    Context(ContextDecl),
    /// `subject`, `scope` or `resource`.
    Type(TypeDecl),
    /// `permissions name { … }`
    Permissions(PermissionGroup),
    /// `permit`, `forbid`, `reveal` or `hide`.
    Rule(Rule),
    /// `test "name" { … }`
    Test(Test),
    /// A stretch that could not be read, of an item or a whole one; already reported.
    Error(Span),
}

/// `context { … }`, or `context Doc.delete { … }` for some actions only.
#[derive(Clone, Debug)]
pub struct ContextDecl {
    /// The actions that it is for; `None` for all.
    pub actions: Option<PermissionSet>,
    /// What may be said.
    pub attributes: Vec<Attribute>,
    /// The whole declaration.
    pub span: Span,
}

/// `scope Team in Organization { … }`
#[derive(Clone, Debug)]
pub struct TypeDecl {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Subject, scope or resource.
    pub kind: TypeKind,
    /// Its name.
    pub name: Ident,
    /// What may be a member of it: `of User | Group`. Empty where it is no set.
    pub members: Vec<Ident>,
    /// What it stands in.
    pub containers: Vec<Container>,
    /// What it says in braces.
    pub body: Vec<Member>,
    /// The whole declaration.
    pub span: Span,
}

/// `Team`, `Team?` or `many Team` behind `in`.
#[derive(Clone, Debug)]
pub struct Container {
    /// The type that contains.
    pub type_name: Ident,
    /// How many of them.
    pub cardinality: Cardinality,
    /// The whole clause.
    pub span: Span,
}

/// One member of a type's body.
#[derive(Clone, Debug)]
pub enum Member {
    /// `name: Type`
    Attribute(Attribute),
    /// `relation name: T | T`
    Relation(Relation),
    /// `actions a, b in C`
    Actions(Vec<ActionDecl>),
    /// `role Name { … }`
    Role(RoleDecl),
    /// `share with T { level … }`
    Share(ShareDecl),
    /// `visible by view`: holding the action on an entity shows it.
    VisibleBy(Ident, Span),
    /// `overrides T`: a role held here replaces those held on the enclosing T.
    Overrides(Ident, Span),
    /// `custom roles from SET`: roles as facts, out of this set.
    CustomRoles(PermissionSet, Span),
    /// `acts for owner: User within T at most scopes`: the type is a credential.
    ActsFor(ActsFor),
}

/// `acts for owner: User within Project at most scopes`
#[derive(Clone, Debug)]
pub struct ActsFor {
    /// The attribute that names the owner.
    pub owner: Ident,
    /// The types that the owner may have.
    pub types: Vec<Ident>,
    /// The enclosing type that it is confined to.
    pub within: Option<Ident>,
    /// The attribute of type `Permissions` that limits it.
    pub at_most: Option<Ident>,
    /// The whole clause.
    pub span: Span,
}

/// `name: Type`, `name?: Type`, `name: Type = value`
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Ident,
    /// Whether it may be absent: `name?`.
    pub optional: bool,
    /// Its type.
    pub ty: TypeExpr,
    /// Its value where a fact says none.
    pub default: Option<Expr>,
    /// The whole declaration.
    pub span: Span,
}

/// A type as it was written.
#[derive(Clone, Debug)]
pub enum TypeExpr {
    /// `String`, `User`
    Named(Ident),
    /// `User | Group`
    Union(Vec<Ident>, Span),
    /// `Set of T`
    Set(Box<TypeExpr>, Span),
    /// `{ name: T, … }`
    Record(Vec<Attribute>, Span),
}

impl TypeExpr {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Named(name) => name.span,
            Self::Union(_, span) | Self::Set(_, span) | Self::Record(_, span) => *span,
        }
    }
}

/// `relation name: T | T`
#[derive(Clone, Debug)]
pub struct Relation {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Ident,
    /// The types that it may point to.
    pub targets: Vec<Ident>,
    /// The whole declaration.
    pub span: Span,
}

/// `create in Team | Workspace`
#[derive(Clone, Debug)]
pub struct ActionDecl {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Ident,
    /// `@assigns(Team.Member)`, `@dangerous`
    pub marks: Vec<Mark>,
    /// The containers that it is asked of; empty where it is asked of the thing itself.
    pub asked_of: Vec<Ident>,
}

/// `@assigns(Team.Member, Team.Lead)`: what an action does, or a role is. It decides nothing; it is
/// for those who look over a policy.
#[derive(Clone, Debug)]
pub struct Mark {
    /// Its name.
    pub name: Ident,
    /// What stands in parentheses: paths of names.
    pub arguments: Vec<Vec<Ident>>,
    /// From its `@` to its end.
    pub span: Span,
}

/// `role Name { … }`
#[derive(Clone, Debug)]
pub struct RoleDecl {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// `@administrative`
    pub marks: Vec<Mark>,
    /// Its name.
    pub name: Ident,
    /// Its clauses in order.
    pub clauses: Vec<RoleClause>,
    /// The whole declaration.
    pub span: Span,
}

/// One clause of a role.
#[derive(Clone, Debug)]
pub enum RoleClause {
    /// `sees Volume, Job when …`
    Sees {
        /// The types.
        set: TypeSet,
        /// The condition.
        when: Option<Expr>,
        /// The whole clause.
        span: Span,
    },
    /// `can jobs.run when …`
    Can {
        /// The actions.
        set: PermissionSet,
        /// The condition.
        when: Option<Expr>,
        /// The whole clause.
        span: Span,
    },
    /// `includes Viewer, Member`
    Includes {
        /// The included roles.
        roles: Vec<Ident>,
        /// The whole clause.
        span: Span,
    },
    /// `at most SET`: a ceiling.
    AtMost {
        /// What may be had at most.
        set: PermissionSet,
        /// The whole clause.
        span: Span,
    },
    /// `also owner, Team.Lead`: who else holds it.
    Also {
        /// Each of these does.
        who: Vec<Also>,
        /// The whole clause.
        span: Span,
    },
    /// `requires Tenant.Member`: a holding counts only with these.
    Requires {
        /// The roles, of enclosing types.
        roles: Vec<RoleRef>,
        /// The whole clause.
        span: Span,
    },
    /// `for User | Group`: who may hold it.
    For {
        /// The subject types.
        types: Vec<Ident>,
        /// The whole clause.
        span: Span,
    },
}

/// `Tenant.Member`: a role of a type.
#[derive(Clone, Debug)]
pub struct RoleRef {
    /// The type.
    pub of: Ident,
    /// The role.
    pub role: Ident,
}

/// Who else holds a role: `owner`, `Team.Lead`, `parent.Viewer and Member except Banned`, read from
/// left to right.
#[derive(Clone, Debug)]
pub struct Also {
    /// The first term.
    pub first: AlsoTerm,
    /// What narrows it, in order.
    pub rest: Vec<(AlsoOp, AlsoTerm)>,
}

/// How a term of `also` narrows what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlsoOp {
    /// `and`: those who are in both.
    And,
    /// `except`: those who are not in it.
    Except,
}

/// A term of `also`.
#[derive(Clone, Debug)]
pub enum AlsoTerm {
    /// `owner`: a relation, an attribute, or a role of the same type.
    Name(Ident),
    /// `Team.Lead` of the enclosing Team, `parent.Viewer` of the related entity.
    Role {
        /// A type, a relation or an attribute.
        base: Ident,
        /// The role.
        role: Ident,
    },
    /// In parentheses.
    Group(Box<Also>),
}

/// A set of types: `*`, `this`, `Volume, Job except Job`.
#[derive(Clone, Debug)]
pub struct TypeSet {
    /// What is in it.
    pub terms: Vec<TypeTerm>,
    /// What is taken out of it.
    pub except: Vec<TypeTerm>,
    /// The whole set.
    pub span: Span,
}

/// One term of a set of types.
#[derive(Clone, Debug)]
pub enum TypeTerm {
    /// `*`
    All(Span),
    /// A type, or `this`.
    Named(Ident),
}

/// A set of permissions: `jobs.run, Cluster.* except Cluster.delete`.
#[derive(Clone, Debug)]
pub struct PermissionSet {
    /// What is in it.
    pub terms: Vec<PermissionTerm>,
    /// What is taken out of it.
    pub except: Vec<PermissionTerm>,
    /// The whole set.
    pub span: Span,
}

/// One term of a permission set: a path of names and stars.
#[derive(Clone, Debug)]
pub struct PermissionTerm {
    /// The parts between the dots; `None` is `*`.
    pub path: Vec<(Option<String>, Span)>,
    /// The whole term.
    pub span: Span,
}

/// `share with Team { level read { … } }`
#[derive(Clone, Debug)]
pub struct ShareDecl {
    /// The type of scope that it may be shared with.
    pub with: Ident,
    /// Its levels in order.
    pub levels: Vec<LevelDecl>,
    /// The whole declaration.
    pub span: Span,
}

/// `level write includes read { write }`
#[derive(Clone, Debug)]
pub struct LevelDecl {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Ident,
    /// The levels that it includes.
    pub includes: Vec<Ident>,
    /// What it lets through; `None` where the braces are empty.
    pub set: Option<PermissionSet>,
    /// The whole declaration.
    pub span: Span,
}

/// `permissions clusters { … }` and the groups inside.
#[derive(Clone, Debug)]
pub struct PermissionGroup {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// Its name.
    pub name: Ident,
    /// Its own actions; `None` where it has only groups.
    pub set: Option<PermissionSet>,
    /// The groups inside it.
    pub groups: Vec<PermissionGroup>,
    /// The whole declaration.
    pub span: Span,
}

/// The four kinds of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// Gives actions.
    Permit,
    /// Takes actions away.
    Forbid,
    /// Shows entities.
    Reveal,
    /// Takes entities out of sight.
    Hide,
}

/// What a rule is about.
#[derive(Clone, Debug)]
pub enum RuleTarget {
    /// Of `permit` and `forbid`.
    Actions(PermissionSet),
    /// Of `reveal` and `hide`.
    Types(TypeSet),
}

/// A `permit`, `forbid`, `reveal` or `hide` rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its `///` lines.
    pub doc: Option<String>,
    /// `@id("…")`, `@reason("…")`
    pub annotations: Vec<Annotation>,
    /// Which of the four.
    pub kind: RuleKind,
    /// What it is about.
    pub target: RuleTarget,
    /// The subject types that it is for; empty for all.
    pub subjects: Vec<Ident>,
    /// Its conditions in order.
    pub conditions: Vec<Guard>,
    /// The whole rule, annotations left out.
    pub span: Span,
}

/// `@name("text")`
#[derive(Clone, Debug)]
pub struct Annotation {
    /// Its name.
    pub name: Ident,
    /// Its text.
    pub value: Text,
}

/// `when E` or `unless E`
#[derive(Clone, Debug)]
pub struct Guard {
    /// Whether it was `unless`.
    pub negated: bool,
    /// The condition.
    pub condition: Expr,
}
