//! Ward.
pub mod source;
mod literal;
pub mod diagnostic;
pub mod syntax;
pub mod plan;
pub mod world;
mod resolve;
mod check;
pub mod graph;
mod compile;
mod spec;
pub use compile::{Policy, compile};
pub use diagnostic::Diagnostics;
pub use literal::EntityName;
pub use source::Sources;
