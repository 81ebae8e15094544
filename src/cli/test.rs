//! `ward test`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::{Exit, Outcomes, Stop, explain, input, report, write_json};
use crate::eval::Reasons;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    Text,
    Json,
    Junit,
}

/// Run the test blocks of policies
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward test policies/\n  ward test app.policy --filter \"guests\"\n  ward test --format junit > report.xml"
)]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them [default: .]
    paths: Vec<PathBuf>,
    /// Only tests whose name has this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    format: TestFormat,
}

#[derive(Serialize)]
struct JsonTests {
    passed: usize,
    failed: usize,
    tests: Vec<JsonTest>,
}

#[derive(Serialize)]
struct JsonTest {
    name: String,
    file: String,
    line: u32,
    claims: usize,
    passed: bool,
    failures: Vec<JsonFailure>,
}

#[derive(Serialize)]
struct JsonFailure {
    file: String,
    line: u32,
    source: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasons: Option<Reasons>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let mut tests = Vec::new();
    let mut broken = Vec::new();
    let mut told = BTreeSet::new();
    for unit in input::units(&arguments.paths)? {
        let policy = match unit.compile() {
            Ok(policy) => policy,
            Err(diagnostics) => {
                broken.push(diagnostics);
                continue;
            }
        };
        let sources = policy.sources();
        for result in crate::spec::run(&policy) {
            let (file, at) = sources.locate(result.span);
            let wanted = arguments
                .filter
                .as_ref()
                .is_none_or(|text| result.name.contains(text));
            // A file that several policies use is tested once.
            if !wanted || !told.insert((file.to_owned(), at)) {
                continue;
            }
            let failures = result.failures.iter().map(|failure| {
                let (file, at) = sources.locate(failure.span);
                JsonFailure {
                    file: file.to_owned(),
                    line: at.line,
                    source: crate::source::one_line(sources.text(failure.span)),
                    message: failure.message.clone(),
                    reasons: failure.reasons.clone(),
                }
            });
            tests.push(JsonTest {
                file: file.to_owned(),
                line: at.line,
                claims: result.claims,
                passed: result.passed(),
                failures: failures.collect(),
                name: result.name,
            });
        }
    }
    for diagnostics in input::distinct(broken.clone()) {
        report::diagnostics(&diagnostics);
    }
    let passed = tests.iter().filter(|test| test.passed).count();
    let failed = tests.len() - passed;
    match arguments.format {
        TestFormat::Text => text(&tests, passed, failed, broken.is_empty(), out)?,
        TestFormat::Json => write_json(
            out,
            &JsonTests {
                passed,
                failed,
                tests,
            },
        )?,
        TestFormat::Junit => junit(&tests, out)?,
    }
    if !broken.is_empty() {
        return Err(Stop::Told);
    }
    Ok(if failed == 0 {
        Exit::Success
    } else {
        Exit::Failure
    })
}

fn text(
    tests: &[JsonTest],
    passed: usize,
    failed: usize,
    compiled: bool,
    out: &mut dyn Write,
) -> std::io::Result<()> {
    for test in tests.iter().filter(|test| !test.passed) {
        writeln!(out, "FAILED  {} ({}:{})", test.name, test.file, test.line)?;
        for failure in &test.failures {
            writeln!(
                out,
                "  {}:{}: {}",
                failure.file, failure.line, failure.source
            )?;
            writeln!(out, "    {}", failure.message)?;
            for line in failure.reasons.iter().flat_map(explain::lines) {
                writeln!(out, "      {line}")?;
            }
        }
    }
    if tests.is_empty() {
        return if compiled {
            writeln!(out, "no tests found")
        } else {
            Ok(())
        };
    }
    writeln!(out, "{passed} passed, {failed} failed")
}

fn junit(tests: &[JsonTest], out: &mut dyn Write) -> std::io::Result<()> {
    let mut report = Report::new("ward");
    for of_one_file in tests.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = of_one_file.first() else {
            continue;
        };
        let mut suite = TestSuite::new(first.file.as_str());
        for test in of_one_file {
            let mut status = TestCaseStatus::success();
            if !test.passed {
                let texts = test.failures.iter().map(|failure| {
                    let because = failure.reasons.iter().flat_map(explain::lines);
                    let because = because.collect::<Vec<_>>().join("\n");
                    let JsonFailure {
                        file, line, source, ..
                    } = failure;
                    format!("{file}:{line}: {source}\n{}\n{because}", failure.message)
                });
                let texts: Vec<String> = texts.collect();
                status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(test.failures.first().map_or("", |first| &first.message));
                status.set_description(texts.join("\n\n"));
            }
            let mut case = TestCase::new(test.name.as_str(), status);
            case.set_classname(test.file.as_str());
            case.extra
                .insert("line".into(), test.line.to_string().into());
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    let text = report.to_string().map_err(std::io::Error::other)?;
    out.write_all(text.as_bytes())
}
