//! Ward.
pub mod source;
mod literal;
pub mod diagnostic;
pub mod syntax;
pub use literal::EntityName;
pub use source::Sources;
