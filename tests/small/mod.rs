//! Worlds of small policies.

use ward::{Sources, World};

/// A world of a policy and facts that stand in a test.
pub fn world(policy: &str, facts: &str) -> World {
    let policy = ward::compile(&Sources::new().with("small.policy", policy)).unwrap();
    let facts = ward::load::world_text("small.world", facts).unwrap();
    World::build(policy.plan().clone(), facts).unwrap()
}
