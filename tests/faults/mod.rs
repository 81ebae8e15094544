//! Realistic faults of the shipped policies, as test data.

mod effects;
mod first;
mod second;
mod worlds;

pub use worlds::WORLD_FAULTS;

/// A fault of a policy or of its world: the policy, what stands there, what is written instead, and
/// the rule that must find it. Nothing to replace means that it is added.
pub type Fault = (&'static str, &'static str, &'static str, &'static str);

/// For faults that no rule can tell from what is meant.
pub const NOBODY: &str = "";

/// The faults in policies.
pub fn faults() -> impl Iterator<Item = &'static Fault> {
    let tenants = first::FAULTS.iter();
    tenants.chain(second::FAULTS).chain(effects::FAULTS)
}
