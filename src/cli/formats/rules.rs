//! What is known of a rule apart from its findings: the rows of `docs/errors.md`, and what no code has.

use std::collections::HashMap;
use std::sync::OnceLock;

const ERRORS: &str = include_str!("../../../docs/errors.md");

/// A claim of a test that did not come true.
pub(in crate::cli) const FAILED_TEST: &str = "test";

/// A file that `ward fmt` would write otherwise.
pub(in crate::cli) const UNFORMATTED: &str = "format";

/// A rule, for readers of its findings.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rule {
    /// A name for people, where it has one beside its id.
    pub(super) name: Option<&'static str>,
    /// What it finds.
    pub(super) summary: Option<&'static str>,
    /// What to do.
    pub(super) help: Option<&'static str>,
    /// A page about it, as Markdown.
    pub(super) page: Option<&'static str>,
}

/// The rule with this id.
pub(super) fn rule(id: &str) -> Rule {
    static ROWS: OnceLock<HashMap<&str, Rule>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| rows(ERRORS));
    if id == FAILED_TEST {
        return Rule {
            summary: Some("a test whose claim does not come true"),
            help: Some("correct the policy or the claim"),
            ..Rule::default()
        };
    }
    if let Some(rule) = crate::lint::RULES.iter().find(|rule| rule.code == id) {
        return Rule {
            name: Some(rule.name),
            summary: Some(rule.summary),
            page: Some(rule.page),
            ..Rule::default()
        };
    }
    if id == UNFORMATTED {
        return Rule {
            summary: Some("a file that is not in the one style"),
            help: Some("run `ward fmt`"),
            ..Rule::default()
        };
    }
    rows.get(id).copied().unwrap_or_default()
}

impl Rule {
    /// Where its page lies in a repository of Ward, in the newest version.
    pub(super) fn uri(&self, repository: &str) -> Option<String> {
        let name = self.name.filter(|_| self.page.is_some())?;
        let repository = repository.trim_end_matches('/');
        let known = !repository.is_empty();
        known.then(|| format!("{repository}/blob/HEAD/docs/rules/{name}.md"))
    }
}

/// The rows `| E0101 | what it means | what to do |` of a page.
fn rows(page: &'static str) -> HashMap<&'static str, Rule> {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split(" |").map(str::trim);
        let id = cells.next()?;
        let is_code = id.len() == 5 && id.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        let rule = Rule {
            summary: cells.next(),
            help: cells.next().filter(|help| !help.is_empty()),
            ..Rule::default()
        };
        is_code.then_some((id, rule))
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lie_in_the_repository_if_there_is_one() {
        let uri = |repository: &str| rule("R101").uri(repository);
        let expected = "https://example.com/ward/blob/HEAD/docs/rules/unused-role.md";
        assert_eq!(uri("https://example.com/ward/").as_deref(), Some(expected));
        assert_eq!(uri(""), None);
        assert_eq!(rule("E0103").uri("https://example.com/ward"), None);
    }

    #[test]
    fn rows_of_the_page_of_errors_are_rules() {
        assert!(rows(ERRORS).len() > 60);
        let rule = rule("E0103");
        assert_eq!(rule.summary, Some("a text without its closing quote"));
        assert_eq!(rule.help, Some("close it on the same line"));
    }
}
