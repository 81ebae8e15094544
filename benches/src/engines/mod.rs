//! Ward and its peers behind one interface.
//!
//! Each is loaded from text, as a service that starts would, and is then asked requests that were
//! made ready beforehand in the form that its library takes.

pub mod casbin;
pub mod cedar;
pub mod rego;
pub mod ward;

use ::ward::EntityName;

use crate::applications::Request;
use crate::scenario::{Change, Scenario};

/// An engine with a policy and a world.
pub trait Engine {
    /// What the columns call it.
    fn name(&self) -> &'static str;

    /// Makes requests ready.
    fn prepare(&mut self, scenario: &Scenario);

    /// Whether one of the requests is allowed.
    fn check(&mut self, request: usize) -> bool;

    /// Whether a subject may read something.
    fn may_read(&mut self, subject: &EntityName, resource: &EntityName) -> bool;

    /// The repositories that a subject may read, in any order.
    fn readable(&mut self, subject: &EntityName) -> Vec<EntityName>;

    /// How many those are, found in the form in which its library lists them.
    fn count_readable(&mut self, subject: &EntityName) -> usize;

    /// Makes a user a member of a team.
    fn join(&mut self, change: &Change);

    /// Takes that membership away.
    fn leave(&mut self, change: &Change);
}

/// The texts that an engine is loaded from.
pub struct Texts {
    /// Policy or model.
    pub policy: String,
    /// Entities, facts, data or lines.
    pub data: String,
}

/// An engine that can be loaded.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What the columns call it.
    pub name: &'static str,
    /// The texts of a scenario in its form.
    pub texts: fn(&Scenario) -> Texts,
    /// From texts to the first check.
    pub load: fn(&Texts) -> Box<dyn Engine>,
}

/// Ward, asked by names.
pub const WARD: Kind = Kind {
    name: ward::NAME,
    texts: ward::texts,
    load: ward::load,
};

/// Ward, asked by the keys of names that were looked up once.
pub const WARD_BY_IDS: Kind = Kind {
    name: ward::NAME_BY_IDS,
    texts: ward::texts,
    load: ward::load_by_ids,
};

/// Cedar.
pub const CEDAR: Kind = Kind {
    name: cedar::NAME,
    texts: cedar::texts,
    load: cedar::load,
};

/// Cedar with a policy set that has policies of their own for each tenant.
pub const CEDAR_BY_TENANT: Kind = Kind {
    name: cedar::NAME_BY_TENANT,
    texts: cedar::texts_by_tenant,
    load: cedar::load_by_tenant,
};

/// Rego.
pub const REGO: Kind = Kind {
    name: rego::NAME,
    texts: rego::texts,
    load: rego::load,
};

/// Casbin.
pub const CASBIN: Kind = Kind {
    name: casbin::NAME,
    texts: casbin::texts,
    load: casbin::load,
};

/// What a request asks, in the words of an answer that differs.
pub fn asked(request: &Request) -> String {
    format!(
        "{} {} {}",
        request.principal, request.action, request.resource
    )
}
