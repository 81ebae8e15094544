//! Ward: a policy language that keeps apart what a subject **sees** and what it **may do**.
//!
//! Most systems ask one question, *may she do this?* Ward asks two. A check has three outcomes:
//! [`Outcome::Allowed`], [`Outcome::Forbidden`] (she sees it, and may not), and
//! [`Outcome::Invisible`] (she does not see it: it might as well not exist).
//!
//! # From text to a decision
//!
//! ```
//! use std::sync::Arc;
//! use ward::{Context, Evaluator, Outcome, Sources, World};
//!
//! let policy = ward::compile(&Sources::new().with("app.policy", r#"
//!     subject User
//!
//!     scope Team {
//!         role Member { sees * }
//!         role Editor { can Doc.* }
//!     }
//!
//!     resource Doc in Team { actions create in Team, read, write }
//! "#))?;
//!
//! let facts = ward::load::world_text("app.world", "
//!     Doc:plan in Team:red
//!     User:ann is Member of Team:red, Editor of Team:red
//!     User:bob is Editor of Team:red
//! ")?;
//! let world = World::build(Arc::clone(policy.plan()), facts).map_err(|refused| format!("{refused:?}"))?;
//!
//! let ward = Evaluator::new(&world, 0);
//! let context = Context::default();
//! let (ann, bob, plan) = ("User:ann".parse()?, "User:bob".parse()?, "Doc:plan".parse()?);
//! assert_eq!(ward.check(&ann, "write", &plan, &context)?.outcome, Outcome::Allowed);
//! // Bob may write documents, but this one he does not see.
//! assert_eq!(ward.check(&bob, "write", &plan, &context)?.outcome, Outcome::Invisible);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | none | the evaluator over a serialized [`Plan`]: no parser, no graph |
//! | `live` | [`Live`]: a world that is updated while it is read |
//! | `store` | [`store::Store`]: and that is kept on disk |
//! | `compiler` | policy text to a plan, `.world` text and JSON Lines to facts, test blocks |
//! | `cli` (default) | the `ward` command |
//! | `png` (default) | and its pictures as PNG |

#[cfg(feature = "compiler")]
mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "compiler")]
mod compile;
#[cfg(feature = "compiler")]
pub mod coverage;
#[cfg(feature = "compiler")]
pub mod diagnostic;
mod eval;
pub mod explain;
#[cfg(feature = "compiler")]
pub mod fmt;
#[cfg(feature = "compiler")]
pub mod graph;
#[cfg(feature = "compiler")]
pub mod lint;
mod literal;
#[cfg(feature = "live")]
mod live;
#[cfg(feature = "compiler")]
pub mod load;
#[cfg(feature = "compiler")]
mod markup;
#[cfg(feature = "compiler")]
pub mod matrix;
#[cfg(feature = "compiler")]
pub mod picture;
mod plan;
#[cfg(feature = "compiler")]
mod policy;
#[cfg(feature = "compiler")]
pub mod report;
#[cfg(feature = "compiler")]
mod resolve;
#[cfg(feature = "compiler")]
mod source;
#[cfg(feature = "compiler")]
pub mod spec;
#[cfg(feature = "store")]
pub mod store;
#[cfg(feature = "compiler")]
pub mod syntax;
mod world;

#[cfg(feature = "compiler")]
pub use compile::compile;
#[cfg(feature = "compiler")]
pub use diagnostic::Diagnostics;
pub use eval::{
    ActionKey, Actions, ConditionError, Context, Decision, EntityKey, Evaluator, Held, KeyQuestion,
    List, Outcome, PageToken, QueryError, Reading, Reason as Because, Reasons, Step, Who,
};
pub use explain::{Explain, Explanation};
pub use literal::{EntityName, EntityNameError, format_datetime, parse_datetime};
#[cfg(feature = "live")]
pub use live::{Change, Live, RefusedChange, Snapshot, Transaction, Version};
pub use plan::{Cardinality, Clause, Plan, PlanError, TypeKind, Value};
#[cfg(feature = "compiler")]
pub use policy::Policy;
#[cfg(feature = "compiler")]
pub use source::{FileId, Position, Source, Sources, Span};
pub use world::{
    Fact, FactKind, Holder, Place, Reason, Refusal, SnapshotError, World, WorldBuilder, WorldSize,
};

/// The README's example, run with the documentation's.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The book's examples of programs.
#[cfg(all(doctest, feature = "compiler"))]
#[doc = include_str!("../docs/embedding.md")]
#[doc = include_str!("../docs/explain.md")]
#[doc = include_str!("../docs/snapshots.md")]
struct Embedding;

/// The book's examples of facts that change.
#[cfg(all(doctest, feature = "live", feature = "store"))]
#[doc = include_str!("../docs/store.md")]
struct Changing;
