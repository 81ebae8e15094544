//! What `ward` writes for other programs: SARIF against its official schema, GitHub's workflow
//! commands, GitLab's code quality reports, JUnit through a strict reader.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod directory;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use directory::{Directory, fresh};
use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A directory with these files and nothing else.
fn with(name: &str, files: &[(&str, &str)]) -> Directory {
    let path = fresh(name);
    for (name, text) in files {
        fs::create_dir_all(path.join(name).parent().unwrap()).unwrap();
        fs::write(path.join(name), text).unwrap();
    }
    path
}

/// Exit code and standard output.
fn ward(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ward"))
        .args(arguments)
        .current_dir(directory)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    (code, String::from_utf8(output.stdout).unwrap())
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The log, if it is SARIF 2.1.0 to the letter.
fn sarif(directory: &Path, arguments: &[&str]) -> (i32, Value) {
    let schema = fs::read_to_string(root().join("tests/schemas/sarif-2.1.0.json")).unwrap();
    // One pattern, of a property that is not written here, is no expression for a strict reader.
    let schema = schema.replace("{2}]?$", "{2}\\\\]?$");
    let schema = jsonschema::options()
        .should_validate_formats(true)
        .build(&parsed(&schema))
        .unwrap();
    let (code, text) = ward(directory, &[arguments, &["--format", "sarif"]].concat());
    let log = parsed(&text);
    let wrong: Vec<String> = schema
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    (code, log)
}

const SUBJECT: &str = "subject User\n";
const DOC: &str = "subject User\nscope Team { role Member { sees * } }\n\
    resource Doc in Team { name: String = \"\"  actions view, edit }\n";

#[test]
fn what_is_wrong_with_every_broken_policy_is_sarif() {
    let (code, log) = sarif(&root().join("tests/errors"), &["check", "."]);
    assert_eq!(code, 1);
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 100 && rules.len() > 50);
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string(), "{rule}");
    }
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    let some = |key: &str| results.iter().any(|result| result.get(key).is_some());
    assert!(some("relatedLocations") && some("fixes"));
    let prints = results
        .iter()
        .map(|result| result["partialFingerprints"]["ward/v1"].as_str().unwrap());
    let prints: BTreeSet<&str> = prints.collect();
    assert_eq!(prints.len(), results.len());
}

#[test]
fn a_policy_without_mistakes_is_sarif_without_results() {
    let directory = with("clean", &[("app.policy", SUBJECT)]);
    let (code, log) = sarif(&directory, &["check"]);
    assert_eq!((code, &log["runs"][0]["results"]), (0, &json!([])));
}

#[test]
fn columns_of_sarif_count_utf16_units_and_those_of_the_others_characters() {
    let text = format!("{DOC}forbid Doc.edit when \"🦀ü\" == resource.nme\n");
    let directory = with("columns", &[("a b/ü.policy", &text)]);
    let (_, log) = sarif(&directory, &["check"]);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "E0301");
    assert_eq!(
        result["locations"][0]["physicalLocation"],
        json!({
            "artifactLocation": {"uri": "a%20b/%C3%BC.policy", "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": 4, "startColumn": 40, "endLine": 4, "endColumn": 43},
        })
    );
    let (_, text) = ward(&directory, &["check", "--format", "github"]);
    let place = "::error file=a b/ü.policy,line=4,col=39,endLine=4,endColumn=42,title=E0301::";
    assert!(text.starts_with(place), "{text}");
    let (_, text) = ward(&directory, &["check", "--format", "json"]);
    let found = &parsed(&text)["diagnostics"][0];
    assert_eq!(
        (&found["column"], &found["end_column"]),
        (&json!(39), &json!(42))
    );
}

#[test]
fn fixes_are_told_where_they_are_certain() {
    let directory = with("fixes", &[("app.policy", "subject User;\n")]);
    let (_, log) = sarif(&directory, &["check"]);
    assert_eq!(
        log["runs"][0]["results"][0]["fixes"],
        json!([{
            "description": {"text": "take the `;` out"},
            "artifactChanges": [{
                "artifactLocation": {"uri": "app.policy", "uriBaseId": "%SRCROOT%"},
                "replacements": [{
                    "deletedRegion":
                        {"startLine": 1, "startColumn": 13, "endLine": 1, "endColumn": 14},
                    "insertedContent": {"text": ""},
                }],
            }],
        }])
    );
    let (_, text) = ward(&directory, &["check", "--format", "json"]);
    assert_eq!(
        parsed(&text)["diagnostics"][0]["fix"],
        json!({"title": "take the `;` out", "edits": [{
            "file": "app.policy", "line": 1, "column": 13, "end_line": 1, "end_column": 14, "text": "",
        }]})
    );
}

#[test]
fn commands_of_github_are_one_line_each_and_escaped() {
    let text = format!("{DOC}test \"100%, or: not\" {{\n  expect User:a sees Doc:b\n}}\n");
    let directory = with("github", &[("x,y:z.policy", &text)]);
    let (code, text) = ward(&directory, &["test", "--format", "github"]);
    assert_eq!(code, 1);
    let [command, summary] = text.lines().collect::<Vec<_>>()[..] else {
        unreachable!("{text}");
    };
    let place = "::error file=x%2Cy%3Az.policy,line=5,col=3,endLine=5,endColumn=27";
    let title = "title=test \"100%25%2C or%3A not\"";
    let said = "test \"100%25, or: not\": expected that User:a sees Doc:b%0A";
    assert!(
        command.starts_with(&format!("{place},{title}::{said}")),
        "{command}"
    );
    assert_eq!(summary, "0 passed, 1 failed");
}

#[test]
fn fingerprints_of_gitlab_stay_when_lines_move_and_are_told_apart() {
    let broken = "forbid Doc.edit when resource.nme == \"\"\n".repeat(2);
    let directory = with("gitlab", &[("app.policy", &format!("{DOC}{broken}"))]);
    let (code, text) = ward(&directory, &["check", "--format", "gitlab"]);
    assert_eq!(code, 1);
    let before = parsed(&text);
    assert_eq!(before[0]["check_name"], "E0301");
    assert_eq!(before[0]["severity"], "major");
    assert_eq!(
        before[0]["location"],
        json!({"path": "app.policy", "lines": {"begin": 4, "end": 4}})
    );
    assert!(before[0]["description"].as_str().unwrap().contains("nme"));
    assert_ne!(before[0]["fingerprint"], before[1]["fingerprint"]);
    let moved = format!("// A line.\n\n{DOC}{broken}");
    fs::write(directory.join("app.policy"), moved).unwrap();
    // The same file by its whole name is the same file.
    let whole = directory.join("app.policy");
    let arguments = ["check", "--format", "gitlab", whole.to_str().unwrap()];
    let after = parsed(&ward(&directory, &arguments).1);
    assert_eq!(after[0]["location"]["path"], "app.policy");
    assert_eq!(after[0]["location"]["lines"]["begin"], 6);
    for (before, after) in before
        .as_array()
        .unwrap()
        .iter()
        .zip(after.as_array().unwrap())
    {
        assert_eq!(before["fingerprint"], after["fingerprint"]);
    }
}

#[test]
fn a_strict_reader_of_xml_opens_the_report_of_tests() {
    let text = format!(
        "{DOC}test \"a < b & \\\"c\\\" \\u{{1}} ü\" {{ expect User:a sees Doc:b }}\n\
         test \"fine\" {{ expect User:a cannot see Doc:b }}\n"
    );
    let directory = with("junit", &[("app.policy", &text)]);
    let (code, text) = ward(&directory, &["test", "--format", "junit"]);
    assert_eq!(code, 1);
    let report = roxmltree::Document::parse(&text).unwrap();
    let suites = report.root_element();
    assert!(suites.has_tag_name("testsuites"));
    assert_eq!(suites.attribute("tests"), Some("2"));
    assert_eq!(suites.attribute("failures"), Some("1"));
    let cases = report
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let cases: Vec<_> = cases.collect();
    assert_eq!(cases[0].attribute("name"), Some("a < b & \"c\"  ü"));
    assert_eq!(cases[0].attribute("classname"), Some("app.policy"));
    let failure = cases[0].first_element_child().unwrap();
    assert!(failure.has_tag_name("failure"));
    let message = failure.attribute("message");
    assert_eq!(message, Some("expected that User:a sees Doc:b"));
    assert_eq!(cases[1].first_element_child(), None);
}

// ---- ward ci ------------------------------------------------------------------------------------

#[test]
fn ci_tells_all_that_it_runs_in_one_report() {
    let failing = format!("{DOC}test \"sees\" {{ expect User:a sees Doc:b }}\n");
    let files = [
        ("a.policy", failing.as_str()),
        ("b.policy", "subjct User\n"),
    ];
    let directory = with("ci", &files);
    let run = |format| ward(&directory, &["ci", "--format", format]);
    let (code, text) = run("text");
    assert_eq!(code, 1);
    assert!(text.contains("did you mean `subject`?") && text.contains("FAILED  sees"));
    let summary = "check   1 error in 1 of 2 policies\nformat  1 of 2 files would be formatted\nlint    4 findings in 1 policy\ntest    0 passed, 1 failed\n";
    assert!(text.ends_with(summary), "{text}");
    let (code, text) = run("github");
    assert_eq!(code, 1);
    assert!(text.ends_with(summary), "{text}");
    let commands = text
        .lines()
        .filter(|line| line.starts_with("::error file="));
    assert_eq!(commands.count(), 3);
    let (code, text) = run("json");
    assert_eq!(code, 1);
    let report = parsed(&text);
    assert_eq!(report["passed"], false);
    assert_eq!(
        (&report["check"]["errors"], &report["test"]["failed"]),
        (&json!(1), &json!(1))
    );
    let (code, text) = run("gitlab");
    assert_eq!((code, parsed(&text).as_array().unwrap().len()), (1, 7));
    let (code, log) = sarif(&directory, &["ci"]);
    assert_eq!(code, 1);
    let results = log["runs"][0]["results"].as_array().unwrap().iter();
    let rules: Vec<&str> = results
        .map(|result| result["ruleId"].as_str().unwrap())
        .collect();
    let lint = ["R104", "R105", "R105", "T101"];
    assert_eq!(
        rules,
        [&["E0105", "format"][..], &lint[..], &["test"][..]].concat()
    );

    let directory = with("ci-fine", &[("a.policy", SUBJECT)]);
    let fine = "check   1 policy, no errors\nformat  1 file, nothing to format\nlint    1 policy, no findings\ntest    no tests found\n";
    assert_eq!(ward(&directory, &["ci"]), (0, fine.into()));
    assert_eq!(ward(&directory, &["ci", "nowhere"]).0, 2);
}

#[test]
fn ci_does_not_pass_without_a_policy() {
    let directory = with("ci-empty", &[("a.world", "User:ann\n")]);
    assert_eq!(ward(&directory, &["ci"]).0, 2);
    assert_eq!(ward(&directory, &["ci", "--format", "json"]).0, 2);
}

#[test]
fn ci_says_what_it_could_not_run() {
    let directory = with("ci-broken", &[("b.policy", "subjct User\n")]);
    let (code, text) = ward(&directory, &["ci"]);
    assert_eq!(code, 1);
    let end = "lint    not run, no policy compiles\ntest    not run, no policy compiles\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn ci_tells_facts_that_do_not_fit() {
    let facts = "Doc:plan in Team:red { name: 1 }\n";
    let directory = with("ci-facts", &[("a.policy", DOC), ("a.world", facts)]);
    assert_eq!(ward(&directory, &["ci"]).0, 0);
    let (code, text) = ward(&directory, &["ci", "-w", "a.world", "--format", "github"]);
    assert_eq!(code, 1);
    let command = "::error file=a.world,line=1,col=30,endLine=1,endColumn=31,title=E0515::";
    assert!(text.contains(command), "{text}");
    assert_eq!(ward(&directory, &["ci", "-w", "nowhere.world"]).0, 2);
}

#[test]
fn a_rule_of_lint_has_its_page() {
    let directory = with("page", &[("a.policy", DOC)]);
    let (_, log) = sarif(&directory, &["ci"]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"]
        .as_array()
        .unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "R105").unwrap();
    for form in ["text", "markdown"] {
        let page = rule["help"][form].as_str().unwrap();
        assert!(page.starts_with("# ungranted-action\n"), "{page}");
    }
    // Where Ward's own repository is known, and nowhere else.
    let uri = rule.get("helpUri").and_then(|uri| uri.as_str());
    let repository = env!("CARGO_PKG_REPOSITORY");
    assert_eq!(uri.is_some(), !repository.is_empty());
    assert!(uri.is_none_or(|uri| uri.starts_with(repository)));
}

/// The schema of `ward graph --format json`.
fn graph_schema() -> jsonschema::Validator {
    let schema = fs::read_to_string(root().join("tests/schemas/graph.json")).unwrap();
    jsonschema::validator_for(&parsed(&schema)).unwrap()
}

/// What is written of a graph, which must fit its schema, and whose numbers must lead somewhere.
fn graph(schema: &jsonschema::Validator, directory: &Path, arguments: &[&str]) -> Value {
    let (code, text) = ward(
        directory,
        &[&["graph", "--format", "json"], arguments].concat(),
    );
    assert_eq!(code, 0, "{arguments:?}");
    let graph = parsed(&text);
    let wrong: Vec<String> = schema
        .iter_errors(&graph)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{arguments:?}: {}", wrong.join("\n"));
    let count = |key: &str| graph[key].as_array().map_or(0, Vec::len);
    let ends = if count("nodes") > 0 {
        ("nodes", "edges")
    } else {
        ("cards", "links")
    };
    for edge in graph[ends.1].as_array().unwrap() {
        for end in ["from", "to"] {
            assert!(usize::try_from(edge[end].as_u64().unwrap()).unwrap() < count(ends.0));
        }
    }
    graph
}

#[test]
fn graphs_fit_their_schema() {
    let schema = graph_schema();
    let mut kinds = BTreeSet::new();
    for policy in fs::read_dir(root().join("policies")).unwrap() {
        let directory = policy.unwrap().path();
        let name = directory.file_name().unwrap().to_str().unwrap();
        let world = format!("{name}.world");
        let whole = graph(&schema, &directory, &["."]);
        for edge in whole["edges"].as_array().unwrap() {
            kinds.insert(edge["kind"].as_str().unwrap().to_owned());
        }
        graph(&schema, &directory, &[".", "--world", &world]);
        let types = whole["nodes"].as_array().unwrap().iter();
        for ty in types.filter(|node| node["kind"] == "resource") {
            let name = ty["label"].as_str().unwrap();
            graph(&schema, &directory, &[".", "--type", name]);
        }
    }
    assert!(kinds.len() > 15, "{kinds:?}");
    for (policy, question) in [
        ("vantage", ["User:bob", "adjust_quota", "Workspace:a100"]),
        ("vantage", ["User:carol", "view", "Volume:data"]),
        ("infralo", ["User:ann", "set_budget", "Workspace:chat"]),
        ("cloud-account", ["User:dan", "power", "Instance:dev-1"]),
    ] {
        let world = format!("{policy}.world");
        let arguments = [".", "--world", &world, "--explain"];
        let arguments = [&arguments[..], &question].concat();
        let picture = graph(&schema, &root().join("policies").join(policy), &arguments);
        assert_eq!(picture["cards"][0]["kind"], "answer");
    }
    // It would notice.
    for wrong in [
        json!({}),
        json!({"nodes": [{"id": 0, "kind": "thing", "label": "x"}], "edges": []}),
        json!({"nodes": [], "edges": [], "title": ""}),
        json!({"title": "", "cards": [], "links": [{"from": 0, "to": 0, "kind": "in"}], "notes": []}),
    ] {
        assert!(!schema.is_valid(&wrong), "{wrong}");
    }
}
