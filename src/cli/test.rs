//! `ward test`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::coverage::{Coverage, JsonCoverage};
use super::{Exit, Outcomes, Stop, explain, input, report, watch, write_json};
use crate::eval::Reasons;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    Text,
    Json,
    Junit,
    /// Coverage for other tools
    Lcov,
    /// Coverage as one page
    Html,
}

/// Run the test blocks of policies
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward test policies/\n  ward test app.policy --filter \"guests\"\n  ward test --format junit > report.xml\n  ward test --coverage --min 80\n  ward test --coverage --format html > coverage.html\n  ward test --watch"
)]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them [default: .]
    paths: Vec<PathBuf>,
    /// Only tests whose name has this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    #[arg(requires_ifs([("lcov", "coverage"), ("html", "coverage")]))]
    format: TestFormat,
    /// Tell which parts of the policies the tests decide
    #[arg(long, action = ArgAction::SetTrue)]
    coverage: bool,
    /// Fail where less than this is covered, in percent
    #[arg(long, value_name = "PERCENT", requires = "coverage", value_parser = percent)]
    min: Option<f64>,
    /// Run again when a file changes, until Ctrl-C
    #[arg(long, action = ArgAction::SetTrue)]
    watch: bool,
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|number| (0.0..=100.0).contains(number));
    number.ok_or_else(|| "write a number from 0 to 100".to_owned())
}

#[derive(Serialize)]
struct JsonTests {
    passed: usize,
    failed: usize,
    tests: Vec<JsonTest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<JsonCoverage>,
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
    if !arguments.watch {
        return once(arguments, out);
    }
    let again = |changed: &[String]| {
        if !changed.is_empty() {
            writeln!(out, "\nchanged: {}", changed.join(", "))?;
        }
        match once(arguments, out) {
            Ok(_) | Err(Stop::Told) => {}
            Err(stop) => return Err(stop),
        }
        writeln!(out, "watching for changes, Ctrl-C ends")?;
        Ok(out.flush()?)
    };
    watch::policies(&arguments.paths, again)?;
    Ok(Exit::Success)
}

fn once(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let mut coverage = Coverage::default();
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
        let wanted = |name: &str| {
            let filter = arguments.filter.as_ref();
            filter.is_none_or(|text| name.contains(text))
        };
        if arguments.coverage {
            coverage.add(&policy, wanted);
        }
        for result in crate::spec::run(&policy) {
            let (file, at) = sources.locate(result.span);
            // A file that several policies use is tested once.
            if !wanted(&result.name) || !told.insert((file.to_owned(), at)) {
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
    let compiled = broken.is_empty();
    let measured = arguments.coverage.then_some(&coverage);
    match arguments.format {
        TestFormat::Text => {
            text(&tests, passed, failed, compiled, out)?;
            if let Some(coverage) = measured {
                writeln!(out)?;
                coverage.text(out)?;
            }
        }
        TestFormat::Json => write_json(
            out,
            &JsonTests {
                passed,
                failed,
                coverage: measured.map(Coverage::json),
                tests,
            },
        )?,
        TestFormat::Junit => junit(&tests, out)?,
        TestFormat::Lcov | TestFormat::Html => {
            // The report alone goes to where it is kept; people read the rest.
            text(&tests, passed, failed, compiled, &mut anstream::stderr())?;
            if arguments.format == TestFormat::Lcov {
                coverage.lcov(out)?;
            } else {
                coverage.html(out)?;
            }
        }
    }
    if !compiled {
        return Err(Stop::Told);
    }
    let enough = arguments.min.is_none_or(|min| coverage.is_enough(min));
    if let (false, Some(min)) = (enough, arguments.min) {
        report::plain(&format!(
            "{} of the policy is covered, and at least {min}% is asked for",
            coverage.total()
        ));
    }
    Ok(if failed == 0 && enough {
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
