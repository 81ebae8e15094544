//! Lint: what compiles, and most likely does not mean what it says.
//!
//! One file a rule in `rules/`, one page a rule in `docs/rules/`. Rules ask the `Subject`: the
//! decision graph, the plan, and what is worked out of them once for all rules. They write
//! `Findings`; levels, comments that allow and the order are no business of theirs.

mod allow;
mod base;
mod config;
mod constant;
mod finding;
mod fix;
mod holdings;
mod rights;
mod rules;
mod shape;
mod subject;
mod terms;
mod text;
mod trust;
mod used;
mod walk;

use crate::policy::Policy;
use crate::source::Sources;

pub use config::{Config, ConfigError};
pub(crate) use finding::Findings;
pub use finding::{Finding, Fix};
pub use fix::{apply, chosen};
pub use rules::RULES;
pub(crate) use subject::Subject;

use serde::{Deserialize, Serialize};

/// What becomes of what a rule finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing: the rule does not run.
    Allow,
    /// It is told.
    Warn,
    /// It is told, and the command fails.
    Deny,
}

impl Level {
    /// The word in `ward.toml`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// A rule.
pub struct Rule {
    /// The stable code: a letter for the family, and a number.
    pub code: &'static str,
    /// The stable name: what configuration and comments say.
    pub name: &'static str,
    /// Its level where nobody says another.
    pub level: Level,
    /// What it finds, in a few words.
    pub summary: &'static str,
    /// Its page, as Markdown.
    pub page: &'static str,
    pub(crate) check: fn(&Subject<'_>, &mut Findings),
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rule({} {})", self.code, self.name)
    }
}

impl Rule {
    /// Whether it says that nothing else needs a thing. Where several policies have a file in
    /// common, such a finding counts only if all of them have it.
    pub fn is_about_absence(&self) -> bool {
        self.code.starts_with(['R', 'T', 'N'])
    }

    /// Whether it finds nothing without facts.
    pub fn needs_facts(&self) -> bool {
        self.code.starts_with('W')
    }

    /// Whether it finds nothing without an earlier state of the policy.
    pub fn needs_base(&self) -> bool {
        self.name == rules::WIDENED_SINCE_BASE.name
    }
}

/// The rule with this name.
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.name == name)
}

/// A file of facts, for the rules about worlds.
#[derive(Clone, Debug)]
pub struct WorldText {
    /// The name that people see; `.jsonl` and `.ndjson` are JSON Lines.
    pub name: String,
    /// What stands in it.
    pub text: String,
}

/// What was found, by place, and the files that it points into.
#[derive(Clone, Debug)]
pub struct Report {
    /// The files of the policy, and those of the world.
    pub sources: Sources,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Asks all rules about a policy, and about a world of it.
///
/// ```
/// let sources = ward::Sources::new().with("app.policy", "
///     subject User
///     scope Team { role Idle {} role Member { sees * } }
/// ");
/// let policy = ward::compile(&sources)?;
/// let report = ward::lint::lint(&policy, &[], &ward::lint::Config::default());
/// let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.name).collect();
/// assert_eq!(rules, ["unused-role"]);
/// # Ok::<(), ward::Diagnostics>(())
/// ```
pub fn lint(policy: &Policy, world: &[WorldText], config: &Config) -> Report {
    report(Subject::new(policy, world, config))
}

/// The same, with the rule that compares the policy with an earlier state of it. Where there was none,
/// `base` is the policy of no files. What other rules find is told whether it was there or not.
///
/// ```
/// let policy = |can: &str| {
///     let text = format!("
///         subject User
///         scope Team {{ role Member {{ sees *  can {can} }} }}
///         resource Doc in Team {{ actions view, edit }}
///     ");
///     ward::compile(&ward::Sources::new().with("app.policy", text))
/// };
/// let (then, now) = (policy("Doc.view")?, policy("Doc.view, Doc.edit")?);
/// let report = ward::lint::lint_since(&now, &then, &[], &ward::lint::Config::default());
/// let said: Vec<&str> = report.findings.iter().map(|finding| &*finding.diagnostic.message).collect();
/// assert_eq!(said, ["`Member of Team` can `Doc.edit` now"]);
/// # Ok::<(), ward::Diagnostics>(())
/// ```
pub fn lint_since(policy: &Policy, base: &Policy, world: &[WorldText], config: &Config) -> Report {
    let mut subject = Subject::new(policy, world, config);
    subject.base = Some(base::Base::new(policy.plan(), base.plan()));
    report(subject)
}

fn report(subject: Subject<'_>) -> Report {
    let config = subject.config;
    let mut found = Vec::new();
    for rule in RULES {
        if config.is_ever_told(rule) && subject.has_what_it_needs(rule) {
            let mut findings = Findings::new(rule);
            (rule.check)(&subject, &mut findings);
            found.extend(findings.all);
        }
    }
    let told = |finding: &mut Finding| {
        let (file, _) = subject.sources.locate(finding.diagnostic.span());
        finding.set_level(config.level(finding.rule, file));
        finding.level != Level::Allow
    };
    found.retain_mut(told);
    let mut said = allow::settle(&subject, &mut found);
    said.retain_mut(told);
    found.extend(said);
    found.sort_by(|a, b| {
        let key = |finding: &Finding| (finding.diagnostic.span(), finding.rule.code);
        (key(a), &a.diagnostic.message).cmp(&(key(b), &b.diagnostic.message))
    });
    found.dedup_by(|a, b| a.rule.code == b.rule.code && a.diagnostic == b.diagnostic);
    Report {
        sources: subject.sources,
        findings: found,
    }
}
