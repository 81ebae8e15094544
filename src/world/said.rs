//! The attributes of a base: each value stands once, and whoever has it says where.

use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::edges::{Edges, Stored};
use super::freeze::each_entity;
use super::runs::Runs;
use crate::plan::{Datum, EntityId, Id};

/// What is said of entities, by column.
///
/// Most values are of a few: owners, states, yes or no. So an entity has a number for each value,
/// and all that have the same value in a column have the same number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// Sorted by column. A set or a record is of one entity alone.
    values: Vec<(u32, Datum)>,
    /// Where the values of each column begin; and where the last end.
    columns: Vec<u32>,
    /// By entity, which values it has; sorted, and so by column.
    places: Runs<u32>,
}

/// What a fact says.
#[derive(Clone, Debug)]
pub(super) struct Saying {
    pub(super) entity: EntityId,
    pub(super) column: u32,
    pub(super) datum: Datum,
}

/// What facts say while they are loaded, in the order in which they come: each column of an entity
/// once.
#[derive(Clone, Debug, Default)]
pub(super) struct Sayings {
    /// With where that stands which was said of the same entity before, or [`UNSAID`].
    all: Vec<(Saying, usize)>,
    /// By entity, where the last stands that is said of it.
    last: Vec<usize>,
}

const UNSAID: usize = usize::MAX;

impl Sayings {
    fn place(&self, entity: EntityId, column: u32) -> Option<usize> {
        let mut at = *self.last.get(entity.index())?;
        while let Some((said, before)) = self.all.get(at) {
            if said.column == column {
                return Some(at);
            }
            at = *before;
        }
        None
    }

    /// What is said of an entity in a column.
    pub(super) fn value(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        let (said, _) = self.all.get(self.place(entity, column)?)?;
        Some(&said.datum)
    }

    /// Says it, in place of what was said before.
    pub(super) fn say(&mut self, entity: EntityId, column: u32, datum: Datum) {
        let place = self.place(entity, column);
        if let Some((said, _)) = place.and_then(|at| self.all.get_mut(at)) {
            said.datum = datum;
            return;
        }
        if self.last.len() <= entity.index() {
            self.last.resize(entity.index() + 1, UNSAID);
        }
        if let Some(last) = self.last.get_mut(entity.index()) {
            let said = Saying {
                entity,
                column,
                datum,
            };
            let before = std::mem::replace(last, self.all.len());
            self.all.push((said, before));
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Saying> {
        self.all.iter().map(|(said, _)| said)
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Saying> {
        self.all.into_iter().map(|(said, _)| said)
    }
}

/// The attributes that name each entity: whose, and the column.
type Mentions = Vec<(EntityId, (EntityId, u32))>;

impl Said {
    /// All that is said, each column of an entity once, from either side.
    pub(super) fn new(all: impl Iterator<Item = Saying>) -> (Self, Runs<(EntityId, u32)>) {
        let mut all: Vec<(u64, Saying)> = all.map(|it| (likeness(&it.datum), it)).collect();
        // By column, likeness and entity, as one number: that is quicker to compare.
        all.sort_unstable_by_key(|(likeness, it)| {
            let likeness = u128::from(*likeness) << 32;
            u128::from(it.column) << 96 | likeness | u128::from(it.entity.0)
        });
        let mut said = Self::default();
        let mut places = Vec::with_capacity(all.len());
        let mut mentions = Mentions::new();
        for (_, it) in all {
            each_entity(&it.datum, &mut |named| {
                mentions.push((named, (it.entity, it.column)));
            });
            let last = said.values.last();
            let same = last.is_some_and(|(column, datum)| {
                *column == it.column && *datum == it.datum && is_simple(datum)
            });
            if !same {
                said.values.push((it.column, it.datum));
            }
            let at = u32::try_from(said.values.len() - 1).unwrap_or(u32::MAX);
            places.push((it.entity, at));
        }
        said.values.shrink_to_fit();
        said.places = Runs::new(places);
        said.columns = columns(&said.values);
        (said, Runs::new(mentions))
    }

    /// All values with their columns, and which of them each entity has.
    pub(super) fn parts(&self) -> (&[(u32, Datum)], &Runs<u32>) {
        (&self.values, &self.places)
    }

    /// What is said, if each entity has values that are there, and they stand by column.
    pub(super) fn of_parts(values: Vec<(u32, Datum)>, places: Runs<u32>) -> Option<Self> {
        let sorted = values.is_sorted_by_key(|(column, _)| *column);
        let (_, _, all) = places.parts();
        let there = all.iter().all(|at| (*at as usize) < values.len());
        (sorted && there).then(|| Self {
            columns: columns(&values),
            values,
            places,
        })
    }

    /// What is said of an entity in a column. Which columns the others have, their places tell.
    pub(super) fn value(&self, entity: EntityId, column: u32) -> Option<&Datum> {
        let first = *self.columns.get(column as usize)?;
        let end = *self.columns.get(column as usize + 1)?;
        let mut places = self.places.of(entity).iter();
        let at = places.find(|at| (first..end).contains(*at))?;
        self.values.get(*at as usize).map(|(_, datum)| datum)
    }

    /// What it takes in memory, in bytes, but for what the values point to.
    pub(super) fn bytes(&self) -> usize {
        self.values.capacity() * size_of::<(u32, Datum)>()
            + self.columns.capacity() * size_of::<u32>()
            + self.places.bytes()
    }
}

/// Where the values of each column begin, and where the last end.
fn columns(values: &[(u32, Datum)]) -> Vec<u32> {
    let count = values.last().map_or(0, |(column, _)| *column + 1);
    let begin = |column| values.partition_point(|(of, _)| *of < column);
    let begin = (0..=count).map(begin);
    begin
        .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
        .collect()
}

/// Whether entities share a value: what is large in itself is not worth comparing.
pub(super) fn is_simple(datum: &Datum) -> bool {
    !matches!(datum, Datum::Set(_) | Datum::Record(_))
}

/// A number that equal values have in common, and others seldom.
fn likeness(datum: &Datum) -> u64 {
    match datum {
        Datum::Bool(value) => u64::from(*value),
        Datum::Int(value)
        | Datum::Decimal(value)
        | Datum::Datetime(value)
        | Datum::Duration(value) => value.cast_unsigned(),
        Datum::Entity(entity) => u64::from(entity.0),
        Datum::String(text) => FxBuildHasher.hash_one(text),
        Datum::IpAddr(network) => FxBuildHasher.hash_one(network),
        Datum::Set(_) | Datum::Record(_) => u64::MAX,
    }
}

/// The values of one entity, by column.
#[derive(Clone, Debug, Default)]
pub(crate) struct Values<'b> {
    values: &'b [(u32, Datum)],
    places: std::slice::Iter<'b, u32>,
}

impl<'b> Iterator for Values<'b> {
    type Item = &'b (u32, Datum);

    fn next(&mut self) -> Option<Self::Item> {
        self.values.get(*self.places.next()? as usize)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl ExactSizeIterator for Values<'_> {}

impl Stored for Said {
    type Edge = (u32, Datum);
    type Run<'b> = Values<'b>;

    fn run(&self, entity: EntityId) -> Values<'_> {
        Values {
            values: &self.values,
            places: self.places.of(entity).iter(),
        }
    }

    fn has(&self, entity: EntityId, (column, datum): &(u32, Datum)) -> bool {
        self.value(entity, *column) == Some(datum)
    }

    fn keys(&self) -> impl Iterator<Item = EntityId> {
        self.places.each().map(|(entity, _)| entity)
    }

    fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl<'w> Edges<'w, Said> {
    /// The value of an entity in a column.
    pub(crate) fn value(self, entity: EntityId, column: u32) -> Option<&'w Datum> {
        if self.is_changed(entity) {
            let mut values = self.of(entity);
            return values.find(|(of, _)| *of == column).map(|(_, datum)| datum);
        }
        self.base.value(entity, column)
    }
}
