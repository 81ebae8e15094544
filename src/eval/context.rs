//! What a request says beside subject, action and resource.

use std::collections::BTreeMap;

use super::error::QueryError;
use crate::literal::EntityName;
use crate::plan::{Datum, EntityId, Id, TypeId, Value, typed};
use crate::world::World;

/// The context of a request: values by the names that the policy's `context` declares.
///
/// ```
/// use ward::{Context, Value};
/// let context = Context::from_iter([("mfa".to_owned(), Value::Bool(true))]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    values: BTreeMap<String, Value>,
}

impl Context {
    /// Whether it says nothing.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

impl FromIterator<(String, Value)> for Context {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(values: I) -> Self {
        Self {
            values: values.into_iter().collect(),
        }
    }
}

impl TryFrom<Value> for Context {
    type Error = QueryError;

    /// Takes a record, as JSON gives it.
    fn try_from(value: Value) -> Result<Self, QueryError> {
        match value {
            Value::Record(values) => Ok(Self { values }),
            _ => Err(QueryError::context_is_no_record()),
        }
    }
}

/// A context that fits the policy, with ids, and the entities of the request that the world does
/// not know: these get ids beyond the world's, for as long as the question lasts.
pub(super) struct Bound {
    values: Vec<Option<Datum>>,
    locals: Vec<(TypeId, String)>,
    first_local: usize,
}

impl Bound {
    pub(super) fn new(world: &World, context: &Context) -> Result<Self, QueryError> {
        let mut bound = Self {
            values: Vec::new(),
            locals: Vec::new(),
            first_local: world.entity_count(),
        };
        if context.is_empty() {
            return Ok(bound);
        }
        let plan = &world.plan;
        let unknown = context
            .values
            .keys()
            .find(|name| !plan.context.iter().any(|field| field.name == **name));
        if let Some(name) = unknown {
            return Err(QueryError::unknown_context(plan, name));
        }
        for field in &plan.context {
            let value = match context.values.get(&field.name) {
                None => None,
                Some(value) => {
                    let mut find = |ty, id: &str| match world.find_any(ty, id) {
                        Some(entity) => entity,
                        None => bound.local(ty, id),
                    };
                    let datum = typed(value, &field.ty, &|ty| plan.type_name(ty), &mut find)
                        .map_err(|mismatch| QueryError::context_mismatch(&field.name, &mismatch))?;
                    Some(datum)
                }
            };
            bound.values.push(value);
        }
        Ok(bound)
    }

    /// An id for an entity that the world does not know; the same name gets the same id.
    pub(super) fn local(&mut self, ty: TypeId, id: &str) -> EntityId {
        let known = self
            .locals
            .iter()
            .position(|(of, name)| *of == ty && name == id);
        let index = known.unwrap_or_else(|| {
            self.locals.push((ty, id.to_owned()));
            self.locals.len() - 1
        });
        EntityId::from_index(self.first_local + index)
    }

    /// An id for a subject that nobody knows, not even the request.
    pub(super) fn stranger(&mut self, ty: TypeId) -> EntityId {
        self.locals.push((ty, String::new()));
        EntityId::from_index(self.first_local + self.locals.len() - 1)
    }

    pub(super) fn value(&self, index: u32) -> Option<&Datum> {
        self.values.get(index as usize)?.as_ref()
    }

    pub(super) fn type_of(&self, world: &World, entity: EntityId) -> Option<TypeId> {
        match entity.index().checked_sub(self.first_local) {
            None => world.type_of(entity),
            Some(local) => self.locals.get(local).map(|(ty, _)| *ty),
        }
    }

    pub(super) fn name(&self, world: &World, entity: EntityId) -> EntityName {
        let local = entity.index().checked_sub(self.first_local);
        match local.and_then(|local| self.locals.get(local)) {
            None => world.name(entity),
            Some((ty, id)) => EntityName::new(world.plan.type_name(*ty), id.as_str()),
        }
    }
}
