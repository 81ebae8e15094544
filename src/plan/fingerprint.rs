//! A number that tells one policy from another.
//!
//! It goes over the plan as it is written for developers, with the names of fields and variants: a
//! snapshot keeps it, and a plan of which the parts have changed their meaning is another one.

use std::fmt;
use std::sync::OnceLock;

use xxhash_rust::xxh3::Xxh3;

use super::Plan;

/// The fingerprint of a plan, once somebody has asked for it. A copy begins without one, since what is
/// copied may be changed; and it says nothing that the plan itself does not say.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint(OnceLock<u64>);

impl Clone for Fingerprint {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Fingerprint {}

impl Plan {
    /// A number that tells one policy from another. Where its clauses stand and how they are written
    /// does not count.
    pub(crate) fn fingerprint(&self) -> u64 {
        *self.fingerprint.0.get_or_init(|| {
            let names = (&self.types, &self.actions, &self.lanes, &self.roles);
            let edges = (&self.levels, &self.relations, &self.context);
            let roots = self.conditions.rows().iter();
            let roots: Vec<_> = roots.map(|condition| condition.root).collect();
            let conditions = (roots, &self.nodes, &self.operands, &self.columns);
            let values = (&self.constants, &self.permissions);
            let all = (self.version, names, edges, conditions, values);
            let mut sum = Sum(Xxh3::new());
            // Writing to a sum never fails.
            let _ = fmt::write(&mut sum, format_args!("{all:?}"));
            sum.0.digest()
        })
    }
}

/// Adds up what is written to it.
struct Sum(Xxh3);

impl fmt::Write for Sum {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}
