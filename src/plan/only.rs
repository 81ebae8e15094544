//! A plan of which only some clauses give anything: what takes away stays as it is.

use super::{ClauseId, Plan};

impl Plan {
    /// The same plan where nothing but these clauses shows or gives anything, or says who holds a
    /// role.
    pub(crate) fn with_only(&self, clauses: &[ClauseId]) -> Self {
        let mut plan = self.clone();
        let stays = |clause: ClauseId| clauses.contains(&clause);
        for index in 0..plan.roles.len() {
            let role = &mut plan.roles[super::Id::from_index(index)];
            role.sights.retain(|sight| stays(sight.clause));
            role.grants.retain(|grant| stays(grant.clause));
            role.also.retain(|also| stays(also.clause));
        }
        for index in 0..plan.types.len() {
            let ty = &mut plan.types[super::Id::from_index(index)];
            ty.permits.retain(|rule| stays(rule.clause));
            ty.reveals.retain(|rule| stays(rule.clause));
            ty.custom_roles = ty.custom_roles.take().filter(|made| stays(made.clause));
        }
        plan.index();
        plan
    }
}
