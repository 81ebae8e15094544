//! Findings for programs: SARIF, GitHub's workflow commands, GitLab's code quality reports.

pub(super) mod finding;
pub(super) mod github;
pub(super) mod gitlab;
mod rules;
pub(super) mod sarif;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::ValueEnum;

pub(super) use finding::Finding;
pub(super) use rules::{FAILED_TEST, UNFORMATTED};

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// Code quality report of GitLab
    Gitlab,
}

/// A file's name as other programs want it: from the working directory where it lies below, with `/`,
/// without `.` and `..` on the way.
fn relative(file: &str) -> String {
    static HERE: OnceLock<Option<PathBuf>> = OnceLock::new();
    let here = HERE.get_or_init(|| std::env::current_dir().ok());
    let path = Path::new(file);
    let below = here
        .as_ref()
        .and_then(|here| path.strip_prefix(here).ok())
        .unwrap_or(path);
    let name = below.to_string_lossy().replace('\\', "/");
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." if parts.last().is_some_and(|last| !["..", ""].contains(last)) => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What tells one finding from another however lines move: a hash of its rule, file, message and text,
/// and of how many such were before it.
fn fingerprints(findings: &[Finding]) -> Vec<String> {
    use sha2::{Digest, Sha256};
    let mut seen = std::collections::HashMap::new();
    let mut hash = |finding: &Finding| {
        let mut hasher = Sha256::new();
        let place = relative(&finding.place.file);
        for part in [finding.rule, &place, &finding.message, &finding.text] {
            hasher.update(part);
            hasher.update([0]);
        }
        let alike: u64 = *seen
            .entry(hasher.clone().finalize())
            .and_modify(|count| *count += 1)
            .or_insert(0);
        hasher.update(alike.to_le_bytes());
        let digest = hasher.finalize();
        let bytes = digest.iter().take(16);
        bytes.map(|byte| format!("{byte:02x}")).collect()
    };
    findings.iter().map(&mut hash).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_here_with_slashes() {
        let here = std::env::current_dir().unwrap_or_default();
        let here = here.join("sub/app.policy");
        assert_eq!(relative(&here.to_string_lossy()), "sub/app.policy");
        assert_eq!(relative("./a/../b\\c.policy"), "b/c.policy");
        assert_eq!(relative("../../a.policy"), "../../a.policy");
        assert_eq!(relative("/elsewhere/a.policy"), "/elsewhere/a.policy");
    }
}
