//! Types of conditions, and what each clause, level and rule comes to: the [`Program`].

mod arena;
mod attributes;
mod condition;
mod effects;
mod fields;
mod holders;
mod meaning;
mod operators;
mod program;
mod reach;

pub(crate) use arena::Arena;
pub(crate) use meaning::{
    ActionGrant, Effect, LevelMeaning, Program, RoleMeaning, RuleMeaning, TypeGrant,
};
pub(crate) use program::check;
pub(crate) use reach::Reach;
