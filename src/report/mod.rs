//! A report on a policy and a world: static pages that need no network and no program but a browser.
//!
//! The same policy, world, moment and context give the same bytes.

mod attention;
mod pages;
mod policy;
mod proofs;

use serde::Serialize;

use crate::eval::{Context, Evaluator, QueryError};
use crate::matrix::{Extent, RoleMatrix, WorldTable};
use crate::picture::Picture;
use crate::policy::Policy;
use crate::world::World;

/// How much of a world is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At most so many subjects in a table.
    pub subjects: usize,
    /// At most so many entities of each type in a table.
    pub resources: usize,
    /// At most so many proofs.
    pub proofs: usize,
    /// At most so many rows in a list of what deserves attention.
    pub rows: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            subjects: 40,
            resources: 24,
            proofs: 2000,
            rows: 200,
        }
    }
}

/// One file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its name, without a directory.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// Something that can be searched for.
#[derive(Serialize)]
struct Entry {
    kind: &'static str,
    text: String,
    to: String,
}

/// Everything that pages are made of.
struct Site<'s> {
    policy: &'s Policy,
    world: &'s World,
    ward: Evaluator<'s>,
    now: i64,
    context: &'s Context,
    bounds: Bounds,
    title: String,
    entries: Vec<Entry>,
}

/// The files of a report on a policy and a world as of a moment, in milliseconds since
/// 1970-01-01T00:00:00Z.
///
/// # Errors
///
/// The context does not fit the policy.
pub fn files(
    policy: &Policy,
    world: &World,
    now: i64,
    context: &Context,
    bounds: Bounds,
) -> Result<Vec<File>, QueryError> {
    let root = policy.sources().iter().next();
    let name = root.map_or("policy", |(_, source)| source.name());
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut site = Site {
        policy,
        world,
        ward: Evaluator::new(world, now),
        now,
        context,
        bounds,
        title: name.trim_end_matches(".policy").to_owned(),
        entries: Vec::new(),
    };
    let mut proofs = proofs::Proofs::new(bounds.proofs);
    let extent = Extent {
        types: Vec::new(),
        subjects: bounds.subjects,
        resources: bounds.resources,
    };
    let tables = WorldTable::of(world, now, context, &extent)?;
    let attention = attention::body(&mut site, &tables, &mut proofs)?;
    let access = pages::access(&mut site, &tables, &mut proofs)?;
    let roles = pages::roles(&mut site, &RoleMatrix::of(policy.plan()));
    let declared = policy::body(&mut site);
    let overview = pages::overview(&site, &attention, &Picture::of_policy(policy));
    let mut files = vec![
        site.page("index.html", "Overview", &overview),
        site.page("policy.html", "Policy", &declared),
        site.page("roles.html", "Roles", &roles),
        site.page("access.html", "Access", &access),
        site.page("attention.html", "Attention", &attention.body),
    ];
    for (name, title, body) in proofs.pages() {
        files.push(site.page(&name, &title, &body));
    }
    files.push(pages::style());
    files.push(site.search());
    Ok(files)
}
