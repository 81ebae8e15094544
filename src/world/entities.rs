//! Names from outside to dense ids.

use std::collections::HashMap;
use std::sync::Arc;

use crate::plan::{EntityId, Id, Plan, TypeId};

/// Gives each entity that is named a dense id. Names come from outside, so the hash is keyed.
#[derive(Clone, Debug)]
pub(crate) struct Entities {
    /// Only the types of which there are some: a policy may have very many.
    by_name: HashMap<TypeId, ByName, rustc_hash::FxBuildHasher>,
    names: Vec<(TypeId, Arc<str>)>,
    types: Arc<HashMap<String, TypeId, foldhash::fast::RandomState>>,
}

type ByName = HashMap<Arc<str>, EntityId, foldhash::fast::RandomState>;

impl Entities {
    pub(super) fn new(plan: &Plan) -> Self {
        let types = plan.types.iter();
        Self {
            by_name: HashMap::default(),
            names: Vec::new(),
            types: Arc::new(types.map(|(id, ty)| (ty.name.clone(), id)).collect()),
        }
    }

    /// The type with this name.
    pub(crate) fn find_type(&self, name: &str) -> Option<TypeId> {
        self.types.get(name).copied()
    }

    /// The id of an entity, made where it has none. [`u32::MAX`] is never given out.
    pub(super) fn intern(&mut self, ty: TypeId, id: &str) -> Option<EntityId> {
        let by_name = self.by_name.entry(ty).or_default();
        if let Some(found) = by_name.get(id) {
            return Some(*found);
        }
        let entity = EntityId(
            u32::try_from(self.names.len())
                .ok()
                .filter(|n| *n < u32::MAX)?,
        );
        let name: Arc<str> = id.into();
        by_name.insert(Arc::clone(&name), entity);
        self.names.push((ty, name));
        Some(entity)
    }

    pub(crate) fn find(&self, ty: TypeId, id: &str) -> Option<EntityId> {
        self.by_name.get(&ty)?.get(id).copied()
    }

    pub(crate) fn get(&self, entity: EntityId) -> Option<(TypeId, &str)> {
        let (ty, id) = self.names.get(entity.index())?;
        Some((*ty, id))
    }

    pub(crate) fn type_of(&self, entity: EntityId) -> Option<TypeId> {
        self.names.get(entity.index()).map(|(ty, _)| *ty)
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}
