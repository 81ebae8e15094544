//! Types and actions by the names that they are asked by.

use super::Plan;
use super::by_name::ByName;
use super::ids::{ActionId, Id, LaneId, TypeId};

/// An action with its lane and bit where it is asked of some type.
pub(crate) type MeantAction = (ActionId, (LaneId, u64));

/// What the names of a question mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spelled {
    types: ByName<TypeId>,
    /// By type, its actions by their bare and full names; nothing where several have the name.
    actions: Vec<ByName<Option<MeantAction>>>,
}

impl Plan {
    /// Types and actions by their names.
    pub(super) fn spelled(&self) -> Spelled {
        let mut spelled = Spelled::default();
        for (ty, info) in self.types.iter() {
            spelled.types.insert(&info.name, ty);
            let mut actions = ByName::default();
            for action in &info.actions {
                let Some(bit) = self.bit(*action, ty) else {
                    continue;
                };
                for name in [&self.actions[*action].name, &self.action_name(*action)] {
                    if actions.insert(name, Some((*action, bit))).is_some() {
                        // They are told apart where the name is looked up.
                        actions.insert(name, None);
                    }
                }
            }
            spelled.actions.push(actions);
        }
        spelled
    }

    /// The type with this name.
    #[inline]
    pub(crate) fn find_type(&self, name: &str) -> Option<TypeId> {
        self.facets.spelled.types.get(name).copied()
    }

    /// An action by its name, `Type.action` or bare, where it is asked of a type;
    /// nothing where the name is unknown, or several have it.
    #[inline]
    pub(crate) fn action_spelled(&self, name: &str, of: TypeId) -> Option<MeantAction> {
        let actions = self.facets.spelled.actions.get(of.index())?;
        actions.get(name).copied().flatten()
    }
}
