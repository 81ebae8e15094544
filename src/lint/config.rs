//! `ward.toml`, read. Finding it is the business of the command.

use std::collections::BTreeMap;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::Deserialize;

use super::{Level, RULES, Rule};
use crate::literal::nearest;

/// Levels of rules, by rule and by path.
#[derive(Clone, Debug, Default)]
pub struct Config {
    levels: BTreeMap<String, Level>,
    overrides: Vec<(GlobSet, BTreeMap<String, Level>)>,
    excluded: GlobSet,
    /// What the command line says: stronger than anything else.
    forced: BTreeMap<String, Level>,
    deny_warnings: bool,
    administrative: Option<GlobSet>,
    /// Actions that are to be in different hands.
    apart: Vec<Vec<String>>,
    dangerous_holders: Option<usize>,
    now: Option<i64>,
    /// The paths of files from where `ward.toml` stands, by their names.
    paths: BTreeMap<String, String>,
}

/// What is wrong with a `ward.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong, in one line.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where in the text, in bytes.
    pub at: usize,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    lint: Lint,
    #[serde(default)]
    limits: Limits,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    /// How many subjects may have a dangerous action in one place.
    dangerous_holders: Option<usize>,
}

type Levels = BTreeMap<toml::Spanned<String>, Level>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Lint {
    /// Files about which nothing is told.
    #[serde(default)]
    exclude: Vec<toml::Spanned<String>>,
    /// Patterns of the names of roles that are meant to have everything.
    administrative_roles: Option<Vec<toml::Spanned<String>>>,
    /// Lists of actions that no role has two of.
    #[serde(default)]
    apart: Vec<toml::Spanned<Vec<String>>>,
    #[serde(default)]
    levels: Levels,
    #[serde(default, rename = "override")]
    overrides: Vec<Override>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Override {
    paths: Vec<toml::Spanned<String>>,
    levels: Levels,
}

/// How many may have a dangerous action in one place where nobody says otherwise.
const DANGEROUS_HOLDERS: usize = 5;

/// Names of roles that are taken for administrative where nobody says otherwise.
const ADMINISTRATIVE: &[&str] = &["*Admin*", "*Owner*"];

impl Config {
    /// Reads the text of a `ward.toml`.
    ///
    /// # Errors
    ///
    /// What cannot be read, keys and rules that there are not.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| unreadable(&error))?;
        let Lint {
            exclude,
            administrative_roles,
            apart,
            levels,
            overrides,
        } = file.lint;
        let mut config = Self {
            apart: several(apart)?,
            dangerous_holders: file.limits.dangerous_holders,
            levels: known(levels)?,
            excluded: globs(&exclude)?,
            ..Self::default()
        };
        for over in overrides {
            let levels = known(over.levels)?;
            config.overrides.push((globs(&over.paths)?, levels));
        }
        config.administrative = administrative_roles
            .map(|patterns| globs(&patterns))
            .transpose()?;
        Ok(config)
    }

    /// Where a file stands from `ward.toml`; without it, by its name.
    pub fn place(&mut self, name: impl Into<String>, path: impl Into<String>) {
        self.paths.insert(name.into(), path.into());
    }

    /// Sets the level of a rule, whatever else is said of it.
    pub fn force(&mut self, rule: &Rule, level: Level) {
        self.forced.insert(rule.name.to_owned(), level);
    }

    /// Lets every warning count as an error.
    pub fn deny_warnings(&mut self) {
        self.deny_warnings = true;
    }

    /// What time it is, for rules about moments; without it they are silent.
    pub fn set_now(&mut self, millis: i64) {
        self.now = Some(millis);
    }

    pub(super) fn now(&self) -> Option<i64> {
        self.now
    }

    /// The level of a rule in a file.
    pub fn level(&self, rule: &Rule, file: &str) -> Level {
        let path = self.paths.get(file).map_or(file, String::as_str);
        let mut level = self.levels.get(rule.name).copied().unwrap_or(rule.level);
        for (paths, levels) in &self.overrides {
            if let Some(said) = levels.get(rule.name)
                && paths.is_match(path)
            {
                level = *said;
            }
        }
        if self.excluded.is_match(path) {
            level = Level::Allow;
        }
        level = self.forced.get(rule.name).copied().unwrap_or(level);
        if level == Level::Warn && self.deny_warnings {
            level = Level::Deny;
        }
        level
    }

    /// Whether there may be a file for which a rule is not allowed.
    pub(super) fn is_ever_told(&self, rule: &Rule) -> bool {
        if let Some(level) = self.forced.get(rule.name) {
            return *level != Level::Allow;
        }
        let general = self.levels.get(rule.name).copied().unwrap_or(rule.level);
        let overrides = self.overrides.iter();
        let mut levels = overrides.filter_map(|(_, levels)| levels.get(rule.name));
        general != Level::Allow || levels.any(|level| *level != Level::Allow)
    }

    /// Whether `administrative-roles` lists a role with this name.
    pub(super) fn lists_administrative(&self, role: &str) -> bool {
        let listed = self.administrative.as_ref();
        listed.is_some_and(|patterns| patterns.is_match(role))
    }

    /// Lists of actions, as `Type.action`, of which no role is to have two.
    pub(super) fn apart(&self) -> &[Vec<String>] {
        &self.apart
    }

    /// How many subjects may have a dangerous action in one place.
    pub(super) fn dangerous_holders(&self) -> usize {
        self.dangerous_holders.unwrap_or(DANGEROUS_HOLDERS)
    }

    /// Whether a role with this name is meant to have everything.
    pub(super) fn is_administrative(&self, role: &str) -> bool {
        match &self.administrative {
            Some(patterns) => patterns.is_match(role),
            None => ADMINISTRATIVE
                .iter()
                .any(|pattern| role.contains(pattern.trim_matches('*'))),
        }
    }
}

/// Lists of actions, of which one alone is apart from nothing.
fn several(lists: Vec<toml::Spanned<Vec<String>>>) -> Result<Vec<Vec<String>>, ConfigError> {
    if let Some(list) = lists.iter().find(|list| list.get_ref().len() < 2) {
        return Err(ConfigError {
            message: "this keeps nothing apart".to_owned(),
            help: Some("name two actions or more".to_owned()),
            at: list.span().start,
        });
    }
    Ok(lists.into_iter().map(toml::Spanned::into_inner).collect())
}

fn globs(patterns: &[toml::Spanned<String>]) -> Result<GlobSet, ConfigError> {
    let mut set = GlobSetBuilder::new();
    let wrong = |error: globset::Error, at: usize| ConfigError {
        message: format!("cannot read this pattern: {}", error.kind()),
        help: None,
        at,
    };
    for pattern in patterns {
        let at = pattern.span().start;
        set.add(Glob::new(pattern.get_ref()).map_err(|error| wrong(error, at))?);
    }
    set.build().map_err(|error| wrong(error, 0))
}

fn known(levels: Levels) -> Result<BTreeMap<String, Level>, ConfigError> {
    for name in levels.keys() {
        if super::rule(name.get_ref()).is_none() {
            let names = RULES.iter().map(|rule| rule.name);
            let near = nearest(name.get_ref(), names);
            return Err(ConfigError {
                message: format!("there is no rule `{}`", name.get_ref()),
                help: Some(near.map_or_else(
                    || "`ward rules` lists them".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                )),
                at: name.span().start,
            });
        }
    }
    let levels = levels.into_iter();
    Ok(levels
        .map(|(name, level)| (name.into_inner(), level))
        .collect())
}

fn unreadable(error: &toml::de::Error) -> ConfigError {
    let message = error.message().lines().next().unwrap_or("");
    let message = message.replace("expected usize", "expected a number from 0");
    // Serde says "unknown field `a`, expected one of `b`, `c`".
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let unknown = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let (message, help) = match names.as_slice() {
        [name, expected @ ..] if unknown => {
            let near = nearest(name, expected.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "there {} {}",
                    if expected.len() == 1 { "is" } else { "are" },
                    crate::diagnostic::listed(expected, 9)
                ),
            };
            let what = if message.starts_with("unknown field") {
                "key"
            } else {
                "value"
            };
            (format!("unknown {what} `{name}`"), Some(help))
        }
        _ => (message, None),
    };
    ConfigError {
        message,
        help,
        at: error.span().map_or(0, |span| span.start),
    }
}
