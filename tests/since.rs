//! `--since`: policies in repositories, against what they were.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A repository for one test, outside of any other.
struct Repository {
    path: PathBuf,
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

const THEN: &str = "\
subject User
scope Team {
    role Viewer { sees * can Doc.view }
    role Idle {}
}
resource Doc in Team { actions view, edit }
permit Doc.edit when principal is Viewer of Team
";

impl Repository {
    fn new(name: &str) -> Self {
        let name = format!("ward-since-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    /// With one policy, committed.
    fn with_policy(name: &str) -> Self {
        let repository = Self::new(name);
        repository.git(&["init", "--quiet"]);
        repository.write("app.policy", THEN);
        repository.commit();
        repository
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Runs git without the configuration of whoever runs the test.
    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.path.join("no-configuration"))
            .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "Ann")))
            .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "ann@example.com")))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", "a state"]);
    }

    /// Exit code, standard output and standard error.
    fn ward(&self, arguments: &[&str]) -> (i32, String, String) {
        ward(&self.path, arguments, |_| {})
    }

    /// The rules that find something new since HEAD, with file and line, and the exit code.
    fn since_head(&self, arguments: &[&str]) -> (i32, Vec<String>) {
        let arguments = [&["lint", "--since", "HEAD", "--format", "json"], arguments].concat();
        let (code, out, err) = self.ward(&arguments);
        let json: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        let findings = json["findings"].as_array().unwrap().iter().map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!("{} {}:{}", text("rule"), text("file"), finding["line"])
        });
        (code, findings.collect())
    }
}

fn ward(
    directory: &Path,
    arguments: &[&str],
    change: impl Fn(&mut Command),
) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1");
    change(&mut command);
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    (output.status.code().unwrap(), out, err)
}

const NONE: [&str; 0] = [];

#[test]
fn only_what_is_new_is_told() {
    let repository = Repository::with_policy("new");
    assert_eq!(
        repository.since_head(&[]),
        (0, NONE.map(str::to_owned).to_vec())
    );
    // What moves was there, and one more that looks the same is one more.
    let moved = THEN.replace("scope Team {", "// a comment\n\nscope Team {");
    let more = moved.replace("    role Idle {}\n", "    role Idle {}\n    role Lazy {}\n");
    repository.write("app.policy", &more);
    assert_eq!(repository.since_head(&[]).1, ["unused-role app.policy:7"]);
    let (_, out, _) = repository.ward(&["lint"]);
    assert!(out.contains("2 findings in 1 policy"), "{out}");
    // From below, and by another name of the same place.
    fs::create_dir_all(repository.path.join("inner")).unwrap();
    let path = repository.path.join("inner/../app.policy");
    let path = path.to_str().unwrap();
    let (_, out, err) = repository.ward(&["lint", "--since", "HEAD", path]);
    assert!(
        out.contains("`Lazy of Team`") && !out.contains("`Idle of Team`"),
        "{out}{err}"
    );
}

#[test]
fn who_gains_is_told_and_can_be_denied() {
    let repository = Repository::with_policy("widened");
    repository.write(
        "app.policy",
        &THEN.replace("can Doc.view", "can Doc.view, Doc.edit"),
    );
    let widened = ["widened-since-base app.policy:3"];
    assert_eq!(
        repository.since_head(&[]),
        (0, widened.map(str::to_owned).to_vec())
    );
    let (code, out, _) = repository.ward(&["lint", "--since", "HEAD"]);
    assert_eq!(code, 0);
    assert!(out.contains("`Viewer of Team` can `Doc.edit` now"), "{out}");
    assert_eq!(
        repository.since_head(&["--deny", "widened-since-base"]).0,
        1
    );
    repository.write(
        "ward.toml",
        "[lint.levels]\nwidened-since-base = \"deny\"\n",
    );
    assert_eq!(repository.since_head(&[]).0, 1);
    assert_eq!(repository.ward(&["ci", "--since", "HEAD"]).0, 1);
    assert_eq!(repository.ward(&["lint"]).0, 0);
    // A comment lets it through, and is left over once that has landed.
    let allowed = "    // ward: allow(widened-since-base) because viewers correct texts\n    role Viewer { sees * can Doc.view, Doc.edit }";
    let allowed = THEN.replace("    role Viewer { sees * can Doc.view }", allowed);
    repository.write("app.policy", &allowed);
    assert_eq!(repository.since_head(&[]).0, 0);
    assert_eq!(repository.ward(&["lint", "--deny", "unused-allow"]).0, 0);
    repository.commit();
    assert_eq!(repository.since_head(&[]).1, ["unused-allow app.policy:3"]);
}

#[test]
fn used_files_are_read_at_the_revision_too() {
    let repository = Repository::with_policy("used");
    repository.write("shared/docs.policy", "permissions docs { Doc.view }\n");
    repository.write(
        "app.policy",
        &format!(
            "use \"shared/docs.policy\"\n{}",
            THEN.replace("can Doc.view", "can docs")
        ),
    );
    repository.commit();
    repository.write(
        "shared/docs.policy",
        "permissions docs { Doc.view, Doc.edit }\n",
    );
    assert_eq!(
        repository.since_head(&[]).1,
        ["widened-since-base app.policy:4"]
    );
    // A file of tests that uses it makes no new policy of it.
    repository.commit();
    repository.write(
        "tests.policy",
        "use \"app.policy\"\ntest \"t\" { expect User:a cannot see Doc:b }\n",
    );
    assert_eq!(repository.since_head(&[]).1, NONE);
    // What was used and is gone is still read as it was.
    let whole = format!(
        "{}permissions docs {{ Doc.view, Doc.edit }}\n",
        THEN.replace("can Doc.view", "can docs")
    );
    fs::remove_dir_all(repository.path.join("shared")).unwrap();
    repository.write("app.policy", &whole);
    assert_eq!(repository.since_head(&[]).1, NONE);
}

#[test]
fn all_of_a_new_file_is_new() {
    let repository = Repository::with_policy("file");
    let other = "subject Bot\nscope Club {\n    role Guest { sees * }\n    role Empty {}\n}\n";
    repository.write("other/other.policy", other);
    let new = [
        "widened-since-base other/other.policy:3",
        "unused-role other/other.policy:4",
    ];
    assert_eq!(repository.since_head(&[]).1, new);
}

#[test]
fn a_broken_past_is_told_once_and_everything_with_it() {
    let repository = Repository::with_policy("broken");
    repository.write("app.policy", "scope Team in Nowhere\n");
    repository.commit();
    repository.write("app.policy", THEN);
    let (code, out, err) = repository.ward(&["lint", "--since", "HEAD", "--fix"]);
    assert_eq!(code, 0);
    assert_eq!(
        err,
        "note: `app.policy` does not compile as it was at `HEAD`: everything in it is told\n"
    );
    assert!(out.contains("`Idle of Team` gives nothing"), "{out}");
    assert!(
        out.contains("new role `Viewer of Team` can `Doc.view` and sees `Doc`, `Team`"),
        "{out}"
    );
    let (_, json, _) = repository.ward(&["lint", "--since", "HEAD", "--format", "json"]);
    assert!(serde_json::from_str::<Value>(&json).is_ok(), "{json}");
}

#[test]
fn facts_are_read_at_the_revision_too() {
    let repository = Repository::with_policy("facts");
    let policy = THEN.replace("can Doc.view", "can Doc.view, Doc.edit");
    repository.write("app.policy", &policy);
    let facts = "Doc:plan in Team:red\nanyone is Viewer of Team:red\n";
    repository.write("app.world", facts);
    repository.commit();
    let world = ["-w", "app.world", "--allow", "dangling-fact,lonely-admin"];
    assert_eq!(repository.since_head(&world).1, NONE);
    repository.write(
        "app.world",
        &format!("{facts}anyone is Viewer of Team:blue\n"),
    );
    assert_eq!(
        repository.since_head(&world).1,
        ["public-principal app.world:3"]
    );
}

#[test]
fn fixes_mend_only_what_is_new() {
    let repository = Repository::with_policy("fixes");
    let more = THEN.replace("role Idle {}\n", "role Idle {}\n    role Lazy {}\n");
    repository.write("app.policy", &more);
    repository.ward(&["lint", "--since", "HEAD", "--unsafe-fixes"]);
    let mended = fs::read_to_string(repository.path.join("app.policy")).unwrap();
    assert_eq!(mended, THEN);
}

#[test]
fn a_hook_of_another_repository_does_not_lead_away() {
    let (here, other) = (
        Repository::with_policy("hook"),
        Repository::with_policy("other"),
    );
    other.write("app.policy", "scope Team in Nowhere\n");
    other.commit();
    let (code, _, err) = ward(&here.path, &["lint", "--since", "HEAD"], |command| {
        command.env("GIT_DIR", other.path.join(".git"));
    });
    assert_eq!((code, err.as_str()), (0, ""));
}

#[test]
fn what_cannot_be_compared_is_an_error_of_input() {
    let repository = Repository::with_policy("errors");
    for revision in ["nowhere", "-n", ""] {
        let option = format!("--since={revision}");
        let (code, _, err) = repository.ward(&["lint", &option]);
        assert_eq!(code, 2, "{err}");
        let begin = format!("error: there is no revision `{revision}` in `");
        assert!(
            err.starts_with(&begin) && err.contains(": name a commit"),
            "{err}"
        );
    }
    assert_eq!(repository.ward(&["ci", "--since", "nowhere"]).0, 2);
    let (code, _, err) = repository.ward(&["lint", "--since", "HEAD", "-"]);
    assert_eq!(code, 2);
    assert!(err.contains("`-` has no revision"), "{err}");
    let (code, _, err) = ward(&repository.path, &["lint", "--since", "HEAD"], |command| {
        command.env("PATH", "");
    });
    assert_eq!(code, 2);
    assert!(err.starts_with("error: cannot find `git`"), "{err}");
    let nowhere = Repository::new("nowhere");
    nowhere.write("app.policy", THEN);
    let (code, _, err) = nowhere.ward(&["lint", "--since", "HEAD", "app.policy"]);
    assert_eq!(code, 2);
    let said =
        "error: `app.policy` is in no git repository: `--since` compares with a revision of one\n";
    assert_eq!(err, said);
}
