//! When facts end, and where they were stated.

use std::collections::HashMap;
use std::sync::Arc;

use rustc_hash::FxBuildHasher;

use super::SharedMap;
use super::fact::Place;
use super::kinds::TermKey;

/// The moment that never comes: a fact without `until`.
pub(crate) const FOREVER: i64 = i64::MAX;

/// When a fact ends, and where it was stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) until: i64,
    pub(crate) place: Option<Arc<Place>>,
}

impl Term {
    /// Of a fact that never ends, stated nowhere.
    pub(super) const PLAIN: Self = Self {
        until: FOREVER,
        place: None,
    };

    /// What counts of two: the later end, and then the first of two places.
    pub(super) fn extend(&mut self, other: Self) {
        if self.until < other.until {
            *self = other;
        }
    }
}

/// The terms of the base; those that are [`Term::PLAIN`] are not kept.
pub(super) type BaseTerms = HashMap<TermKey, Term, FxBuildHasher>;

/// What has changed of them.
pub(super) type ChangedTerms = SharedMap<TermKey, Term>;
