//! The `ward.toml` of a policy, and what the command line says besides.

use std::path::{Path, PathBuf};

use super::Arguments;
use crate::cli::{Stop, input::Unit};
use crate::lint::{self, Config, Level, RULES, Rule};
use crate::literal::nearest;

/// The name of the file.
const NAME: &str = "ward.toml";

/// The rule with this name, or an error that tells the nearest.
pub(super) fn named(name: &str) -> Result<&'static Rule, Stop> {
    let by_code = RULES.iter().copied().find(|rule| rule.code == name);
    lint::rule(name).or(by_code).ok_or_else(|| {
        let near = nearest(name, RULES.iter().map(|rule| rule.name));
        let help = near.map_or_else(
            || "`ward rules` lists them".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        Stop::Input(format!("there is no rule `{name}`: {help}"))
    })
}

/// What is configured for a policy: the nearest `ward.toml` from its first file upward.
pub(super) fn of(unit: &Unit, arguments: &Arguments) -> Result<Config, Stop> {
    let mut config = match upward(Path::new(&unit.root)) {
        None => Config::default(),
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Stop::Input(format!("cannot read `{}`: {error}", shown(&path))))?;
            let mut config = Config::parse(&text).map_err(|error| {
                let before = text.get(..error.at).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
                let help = error
                    .help
                    .map_or_else(String::new, |help| format!(": {help}"));
                let shown = shown(&path);
                Stop::Input(format!("{shown}:{line}:{column}: {}{help}", error.message))
            })?;
            let base = path.parent().unwrap_or(Path::new(""));
            for (_, source) in unit.sources.iter() {
                let file = std::fs::canonicalize(source.name());
                if let Ok(file) = file
                    && let Ok(inside) = file.strip_prefix(base)
                {
                    config.place(source.name(), inside.to_string_lossy().replace('\\', "/"));
                }
            }
            config
        }
    };
    for (names, level) in [
        (&arguments.allow, Level::Allow),
        (&arguments.warn, Level::Warn),
        (&arguments.deny, Level::Deny),
    ] {
        for name in names {
            if name == "warnings" && level == Level::Deny {
                config.deny_warnings();
            } else {
                config.force(named(name)?, level);
            }
        }
    }
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok());
    if let Some(now) = now {
        config.set_now(now);
    }
    Ok(config)
}

/// The `ward.toml` in the directory of a file, or in one above it.
fn upward(file: &Path) -> Option<PathBuf> {
    let file = std::fs::canonicalize(file).ok()?;
    let mut above = file.ancestors().skip(1);
    above.find_map(|directory| {
        let path = directory.join(NAME);
        // What is not a file, or leads nowhere, is told rather than passed over.
        path.symlink_metadata().is_ok().then_some(path)
    })
}

/// A path from where the command runs, if it is below.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().and_then(std::fs::canonicalize).ok();
    let below = here.as_ref().and_then(|here| path.strip_prefix(here).ok());
    below.unwrap_or(path).display().to_string()
}
