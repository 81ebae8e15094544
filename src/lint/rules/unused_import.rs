//! `unused-import`: a `use` that nothing needs.

use std::collections::BTreeMap;

use super::{Findings, Level, Rule, Subject};
use crate::resolve::uses;
use crate::source::{FileId, Span};

pub(super) static RULE: Rule = Rule {
    code: "R106",
    name: "unused-import",
    level: Level::Warn,
    summary: "a `use` that nothing needs",
    page: include_str!("../../../docs/rules/unused-import.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for file in subject.files {
        let mut first: BTreeMap<FileId, Span> = BTreeMap::new();
        for (path, used) in uses(&subject.sources, file) {
            let Some(used) = used else {
                continue;
            };
            let empty = subject
                .files
                .iter()
                .any(|other| other.file == used && other.items.is_empty());
            let earlier = first.get(&used).copied();
            first.entry(used).or_insert(path.span);
            let message = match earlier {
                Some(_) => format!("`{}` is taken in twice", path.value),
                None if used == file.file => format!("`{}` is this very file", path.value),
                None if empty => format!("there is nothing in `{}`", path.value),
                None => continue,
            };
            let finding = found.add(path.span, message);
            finding.help("remove this `use`");
            if let Some(earlier) = earlier {
                finding.also(earlier, "first here");
            }
            let stretch = subject.whole_lines(subject.with_word("use", path.span));
            finding.safe_fix("remove the `use`", vec![(stretch, String::new())]);
        }
    }
}
