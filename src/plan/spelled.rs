//! Actions by the names that they are asked by.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;

use super::ids::{ActionId, Id, LaneId, TypeId};
use super::{Action, Plan};
use crate::literal::is_same;

/// An action with its lane and bit where it is asked of some type.
pub(crate) type MeantAction = (ActionId, (LaneId, u64));

/// By type, its actions by the hashes of the names that mean one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spelled {
    types: Vec<HashMap<u64, Option<MeantAction>, FxBuildHasher>>,
}

fn hash(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}

impl Plan {
    /// The actions by their names.
    pub(super) fn spelled(&self) -> Spelled {
        let types = self.types.iter().map(|(ty, info)| {
            let mut spelled: HashMap<u64, Option<_>, FxBuildHasher> = HashMap::default();
            for action in &info.actions {
                let Some(bit) = self.bit(*action, ty) else {
                    continue;
                };
                for name in [
                    self.actions[*action].name.clone(),
                    self.action_name(*action),
                ] {
                    match spelled.entry(hash(&name)) {
                        Entry::Vacant(entry) => {
                            entry.insert(Some((*action, bit)));
                        }
                        // Several of one name are told apart where the name is looked up.
                        Entry::Occupied(mut entry) => *entry.get_mut() = None,
                    }
                }
            }
            spelled
        });
        Spelled {
            types: types.collect(),
        }
    }

    /// An action by its name, `Type.action` or bare, where it is asked of a type;
    /// nothing where the name is unknown, or several have it.
    #[inline]
    pub(crate) fn action_spelled(&self, name: &str, of: TypeId) -> Option<MeantAction> {
        let spelled = self.facets.spelled.types.get(of.index())?;
        let found = (*spelled.get(&hash(name))?)?;
        self.is_spelled(&self.actions[found.0], name)
            .then_some(found)
    }

    #[inline]
    fn is_spelled(&self, action: &Action, name: &str) -> bool {
        is_same(&action.name, name)
            || name.split_once('.').is_some_and(|(owner, bare)| {
                is_same(&action.name, bare) && is_same(&self.types[action.owner].name, owner)
            })
    }
}
