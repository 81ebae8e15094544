//! Which types can be inside which, by containment and by shares.

use std::collections::BTreeSet;

use crate::plan::{Cardinality, Table, TypeId};
use crate::resolve::Schema;

/// The steps between types that a way may take, turned around.
pub(crate) struct Reach {
    /// For each type, the types that may stand right inside it or be shared with it.
    below: Table<TypeId, Vec<TypeId>>,
}

impl Reach {
    pub(crate) fn new(schema: &Schema<'_>) -> Self {
        let mut below: Table<TypeId, Vec<TypeId>> =
            schema.types.ids().map(|_| Vec::new()).collect();
        for (id, ty) in schema.types.iter() {
            for (container, _) in &ty.containers {
                below[*container].push(id);
            }
            for share in &ty.shares {
                below[share.with].push(id);
            }
        }
        Self { below }
    }

    /// The types from which some way leads to `to`, itself among them, sorted.
    pub(crate) fn leading_to(&self, to: TypeId) -> Vec<TypeId> {
        let mut seen = BTreeSet::from([to]);
        let mut open = vec![to];
        while let Some(at) = open.pop() {
            for inner in &self.below[at] {
                if seen.insert(*inner) {
                    open.push(*inner);
                }
            }
        }
        seen.into_iter().collect()
    }
}

/// Whether an entity of `from` may stand in one of `to`, by containment alone, or is one.
pub(super) fn encloses(schema: &Schema<'_>, from: TypeId, to: TypeId) -> bool {
    let mut seen = BTreeSet::from([from]);
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        if at == to {
            return true;
        }
        for (container, _) in &schema.types[at].containers {
            if seen.insert(*container) {
                open.push(*container);
            }
        }
    }
    false
}

/// Whether an entity of `from` may stand in another, of `to`, by containment alone.
pub(super) fn encloses_strictly(schema: &Schema<'_>, from: TypeId, to: TypeId) -> bool {
    let mut above = schema.types[from].containers.iter();
    above.any(|(container, _)| encloses(schema, *container, to))
}

/// Whether every entity of `from` stands in exactly one of `to`, by one way only, or is one.
pub(super) fn exactly_one(schema: &Schema<'_>, from: TypeId, to: TypeId) -> bool {
    // One that stands in others of its type is enclosed by several.
    let repeats = |ty: TypeId| schema.types[ty].containers.iter().any(|(of, _)| *of == ty);
    if repeats(to) {
        return false;
    }
    let mut at = from;
    // Containment has no cycle but within a type, and such a step is no sure one.
    for _ in 0..=schema.types.len() {
        if at == to {
            return true;
        }
        let above = schema.types[at].containers.iter();
        let mut leading = above.filter(|(container, _)| encloses(schema, *container, to));
        let (Some((next, Cardinality::One)), None) = (leading.next(), leading.next()) else {
            return false;
        };
        at = *next;
    }
    false
}
