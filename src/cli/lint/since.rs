//! `--since`: what a policy was at a revision, and what was found in it then.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::{Arguments, Baseline, Found, configuration, names, readable};
use crate::cli::git::Revision;
use crate::cli::input::{self, Unit};
use crate::cli::{Stop, report};
use crate::compile::compile;
use crate::diagnostic::Diagnostics;
use crate::lint::WorldText;
use crate::policy::Policy;
use crate::source::Sources;

/// The policies of a revision.
pub(super) struct Since {
    revision: String,
    policies: Vec<Then>,
    /// What was found in them.
    known: Baseline,
    /// What a policy is compared with that was not there, or that was broken.
    nothing: Policy,
    /// The broken ones that were told of.
    told: RefCell<BTreeSet<String>>,
}

/// A policy of the revision.
struct Then {
    root: String,
    files: BTreeSet<String>,
    /// `None` where it does not compile.
    policy: Option<Policy>,
}

impl Since {
    /// Reads the policies below the paths, and those that there are now, as they were.
    pub(super) fn new(revision: &str, arguments: &Arguments) -> Result<Self, Stop> {
        if arguments.paths.iter().any(|path| input::is_stdin(path)) {
            let said = "`-` has no revision that `--since` could compare with: name a file";
            return Err(Stop::Input(said.to_owned()));
        }
        let mut tree = Revision::new(revision);
        let now = input::units(&arguments.paths)?;
        let units = input::units_at(&arguments.paths, &now, &mut tree)?;
        let world = worlds(arguments, &mut tree)?;
        let compiled = units.iter().map(|unit| Then {
            root: unit.root.clone(),
            files: names(unit),
            policy: unit.compile().ok(),
        });
        let policies: Vec<Then> = compiled.collect();
        let mut found = Found::new(units.len());
        let mut files = Vec::new();
        for (unit, then) in units.iter().zip(&policies) {
            if let Some(policy) = &then.policy {
                let config = configuration::of(unit, arguments)?;
                found
                    .reports
                    .push(crate::lint::lint(policy, &world, &config));
                files.push(then.files.clone());
            }
        }
        super::merge(&mut found.reports, &files);
        Ok(Self {
            revision: revision.to_owned(),
            policies,
            known: Baseline::of(&found),
            nothing: compile(&Sources::new()).map_err(|errors| told(&errors))?,
            told: RefCell::default(),
        })
    }

    /// What a policy was: the one of the same name, or the one that shares most files with it. A policy
    /// that was not there, or that did not compile, was nothing.
    pub(super) fn base(&self, unit: &Unit) -> &Policy {
        let files = names(unit);
        let shared = |then: &&Then| then.files.intersection(&files).count();
        let sharing = self.policies.iter().filter(|then| shared(then) > 0);
        let best = sharing.max_by_key(|then| (then.root == unit.root, shared(then)));
        let Some(then) = best else {
            return &self.nothing;
        };
        then.policy.as_ref().unwrap_or_else(|| {
            if self.told.borrow_mut().insert(then.root.clone()) {
                let (root, revision) = (&then.root, &self.revision);
                report::note(&format!(
                    "`{root}` does not compile as it was at `{revision}`: everything in it is told"
                ));
            }
            &self.nothing
        })
    }

    /// Leaves what was not found then.
    pub(super) fn subtract(&self, found: &mut Found) {
        self.known.clone().subtract(found);
    }
}

fn told(errors: &Diagnostics) -> Stop {
    report::diagnostics(errors);
    Stop::Told
}

/// The facts as they were, if they can be read; those that lie in no repository as they are.
fn worlds(arguments: &Arguments, tree: &mut Revision) -> Result<Vec<WorldText>, Stop> {
    let mut worlds = Vec::new();
    for path in &arguments.world {
        let name = input::shown(path);
        let bytes = match tree.read(&name) {
            Err(Stop::Input(_)) => Some(std::fs::read(path)?),
            read => read?,
        };
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        worlds.extend(text.map(|text| WorldText { name, text }));
    }
    worlds.retain(|world| readable(world).is_ok());
    Ok(worlds)
}
