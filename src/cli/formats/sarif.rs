//! SARIF 2.1.0, for code scanning. Columns count UTF-16 units, which is what its readers expect.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::finding::{Finding, Place};
use super::rules::rule;
use super::{fingerprints, relative};
use crate::cli::write_json;
use crate::diagnostic::Severity;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";

/// Where Ward's own pages lie; empty where `Cargo.toml` names no repository.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Writes one log with one run.
pub(in crate::cli) fn write(out: &mut dyn Write, findings: &[Finding]) -> io::Result<()> {
    let mut index: BTreeMap<&str, usize> =
        findings.iter().map(|finding| (finding.rule, 0)).collect();
    for (at, (_, index)) in index.iter_mut().enumerate() {
        *index = at;
    }
    let prints = fingerprints(findings);
    let results = findings.iter().zip(prints).map(|(finding, print)| {
        let index = index.get(finding.rule).copied().unwrap_or(0);
        result(finding, index, &print)
    });
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "ward",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": index.keys().map(|id| described(id)).collect::<Vec<_>>(),
            }},
            "columnKind": "utf16CodeUnits",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    write_json(out, &log)
}

/// What a rule is, as far as it is known.
fn described(id: &str) -> Value {
    let rule = rule(id);
    let mut described = json!({"id": id});
    let mut put = |key: &str, value: Option<Value>| {
        if let (Some(object), Some(value)) = (described.as_object_mut(), value) {
            object.insert(key.to_owned(), value);
        }
    };
    put("name", rule.name.map(Value::from));
    put("shortDescription", rule.summary.map(text));
    let page = rule
        .page
        .map(|page| json!({"text": page, "markdown": page}));
    put("help", rule.help.map(text).or(page));
    put("helpUri", rule.uri(REPOSITORY).map(Value::from));
    described
}

fn result(finding: &Finding, index: usize, print: &str) -> Value {
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": text(&finding.said()),
        "locations": [{"physicalLocation": location(&finding.place)}],
        "partialFingerprints": {"ward/v1": print},
    });
    let related = (0..).zip(&finding.related).map(|(id, (said, place))| {
        let (id, place): (u32, _) = (id, location(place));
        json!({"id": id, "message": text(said), "physicalLocation": place})
    });
    let related: Vec<Value> = related.collect();
    if let Some(object) = result.as_object_mut() {
        if !related.is_empty() {
            object.insert("relatedLocations".to_owned(), related.into());
        }
        if let Some(fix) = fix(finding) {
            object.insert("fixes".to_owned(), json!([fix]));
        }
    }
    result
}

/// The edits that mend a finding, by file.
fn fix(finding: &Finding) -> Option<Value> {
    let fix = finding.fix.as_ref()?;
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (place, text) in &fix.edits {
        files.entry(&place.file).or_default().push(json!({
            "deletedRegion": region(place),
            "insertedContent": {"text": text},
        }));
    }
    let changes = files.into_iter().map(|(file, replacements)| {
        json!({"artifactLocation": artifact(file), "replacements": replacements})
    });
    let changes: Vec<Value> = changes.collect();
    Some(json!({"description": text(&fix.title), "artifactChanges": changes}))
}

fn text(text: &str) -> Value {
    json!({"text": text})
}

fn location(place: &Place) -> Value {
    json!({"artifactLocation": artifact(&place.file), "region": region(place)})
}

fn region(place: &Place) -> Value {
    let (start, end) = place.wide;
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A file by its name from the working directory, or by its whole one.
fn artifact(file: &str) -> Value {
    let name = relative(file);
    let uri = encoded(&name);
    if name.starts_with('/') {
        return json!({"uri": format!("file://{uri}")});
    }
    // `C:/…`
    if name.as_bytes().get(1) == Some(&b':') {
        return json!({"uri": format!("file:///{}", uri.replacen("%3A", ":", 1))});
    }
    json!({"uri": uri, "uriBaseId": "%SRCROOT%"})
}

/// A path as part of a URI.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_uris() {
        let uri = |file: &str| artifact(file).get("uri").cloned().unwrap_or_default();
        assert_eq!(uri("a b/ü:%.policy"), "a%20b/%C3%BC%3A%25.policy");
        assert_eq!(
            uri("/elsewhere/a b.policy"),
            "file:///elsewhere/a%20b.policy"
        );
        assert_eq!(uri("C:/x y.policy"), "file:///C:/x%20y.policy");
        assert_eq!(uri("../x.policy"), "../x.policy");
    }
}
