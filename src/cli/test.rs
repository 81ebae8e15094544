//! `ward test`

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::Serialize;

use super::coverage::{Coverage, JsonCoverage};
use super::formats::finding::{self, Place};
use super::formats::{FAILED_TEST, Finding, github};
use super::{Exit, Outcomes, Stop, input, reasons, report, watch, write_json, written};
use crate::diagnostic::{Diagnostics, Severity};
use crate::eval::Reasons;
use crate::policy::Policy;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TestFormat {
    /// For people
    Text,
    /// For programs
    Json,
    /// JUnit's report
    Junit,
    /// Workflow commands of GitHub Actions
    Github,
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
    /// Files, or directories with `.policy` files below them; `-` is standard input [default: .]
    paths: Vec<PathBuf>,
    /// Only tests whose name has this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// How it is told
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
pub(super) struct JsonTests {
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
    #[serde(skip)]
    place: Place,
}

impl JsonFailure {
    /// What decided otherwise, a line each.
    fn because(&self) -> Vec<String> {
        self.reasons.iter().flat_map(reasons::lines).collect()
    }
}

/// What came of the tests of some policies.
pub(super) struct Tested {
    tests: Vec<JsonTest>,
}

impl Tested {
    /// Runs them, those of a file that several policies use once.
    pub(super) fn new<'p>(
        policies: impl IntoIterator<Item = &'p Policy>,
        filter: Option<&str>,
    ) -> Self {
        let mut tests = Vec::new();
        let mut told = BTreeSet::new();
        for policy in policies {
            let sources = policy.sources();
            for result in crate::spec::run(policy) {
                let (file, at) = sources.locate(result.span);
                let wanted = filter.is_none_or(|text| result.name.contains(text));
                if !wanted || !told.insert((file.to_owned(), at)) {
                    continue;
                }
                let failures = result.failures.iter().map(|failure| {
                    let place = Place::new(sources, failure.span);
                    JsonFailure {
                        file: place.file.clone(),
                        line: place.start.line,
                        source: crate::source::one_line(sources.text(failure.span)),
                        message: failure.message.clone(),
                        reasons: failure.reasons.clone(),
                        place,
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
        Self { tests }
    }

    fn failed(&self) -> usize {
        self.tests.iter().filter(|test| !test.passed).count()
    }

    pub(super) fn exit(&self) -> Exit {
        if self.failed() == 0 {
            Exit::Success
        } else {
            Exit::Failure
        }
    }

    pub(super) fn into_json(self) -> JsonTests {
        let failed = self.failed();
        JsonTests {
            passed: self.tests.len() - failed,
            failed,
            tests: self.tests,
            coverage: None,
        }
    }

    /// `4 passed, 0 failed`
    pub(super) fn summary(&self) -> String {
        if self.tests.is_empty() {
            return "no tests found".to_owned();
        }
        let failed = self.failed();
        format!("{} passed, {failed} failed", self.tests.len() - failed)
    }

    /// Each claim that did not come true.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let failures = self.tests.iter().flat_map(|test| {
            test.failures.iter().map(|failure| Finding {
                rule: FAILED_TEST,
                title: format!("test \"{}\"", test.name),
                severity: Severity::Error,
                message: format!("test \"{}\": {}", test.name, failure.message),
                help: Some(failure.because().join("\n")).filter(|why| !why.is_empty()),
                place: failure.place.clone(),
                text: failure.source.clone(),
                related: Vec::new(),
                fix: None,
            })
        });
        failures.collect()
    }

    /// Each test that failed, with its reasons.
    pub(super) fn shown(&self, out: &mut dyn Write) -> io::Result<()> {
        for test in self.tests.iter().filter(|test| !test.passed) {
            writeln!(out, "FAILED  {} ({}:{})", test.name, test.file, test.line)?;
            for failure in &test.failures {
                let JsonFailure {
                    file, line, source, ..
                } = failure;
                writeln!(out, "  {file}:{line}: {source}")?;
                writeln!(out, "    {}", failure.message)?;
                for line in failure.because() {
                    writeln!(out, "      {line}")?;
                }
            }
        }
        Ok(())
    }
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
    let compiled = input::compiled(&arguments.paths)?;
    let filter = arguments.filter.as_deref();
    let tested = Tested::new(compiled.iter().flatten(), filter);
    let broken = input::distinct(compiled.iter().filter_map(|one| one.as_ref().err()));
    if arguments.format != TestFormat::Github {
        for diagnostics in &broken {
            report::diagnostics(diagnostics);
        }
    }
    let coverage = arguments.coverage.then(|| {
        let mut coverage = Coverage::default();
        for policy in compiled.iter().flatten() {
            coverage.add(policy, |name| filter.is_none_or(|text| name.contains(text)));
        }
        coverage
    });
    let enough = covers(arguments.min, coverage.as_ref());
    let exit = if broken.is_empty() && enough {
        tested.exit()
    } else {
        Exit::Failure
    };
    let text = |out: &mut dyn Write| {
        tested.shown(out)?;
        // Where nothing compiles, that no test was found says nothing.
        if tested.tests.is_empty() && !broken.is_empty() {
            return Ok(());
        }
        writeln!(out, "{}", tested.summary())
    };
    let done = match (arguments.format, &coverage) {
        (TestFormat::Text, None) => text(out),
        (TestFormat::Text, Some(coverage)) => text(out)
            .and_then(|()| writeln!(out))
            .and_then(|()| coverage.text(out)),
        // The report alone goes to where it is kept; people read the rest.
        (TestFormat::Lcov, Some(coverage)) => {
            text(&mut anstream::stderr()).and_then(|()| coverage.lcov(out))
        }
        (TestFormat::Html, Some(coverage)) => {
            text(&mut anstream::stderr()).and_then(|()| coverage.html(out))
        }
        // These two are not asked for without it.
        (TestFormat::Lcov | TestFormat::Html, None) => Ok(()),
        (TestFormat::Json, coverage) => {
            let mut json = tested.into_json();
            json.coverage = coverage.as_ref().map(Coverage::json);
            write_json(out, &json)
        }
        (TestFormat::Junit, _) => junit(&tested.tests, out),
        (TestFormat::Github, _) => github(&broken, &tested, out),
    };
    written(exit, done)
}

/// Whether as much is covered as is asked for; where not, it is told.
fn covers(min: Option<f64>, coverage: Option<&Coverage>) -> bool {
    let (Some(min), Some(coverage)) = (min, coverage) else {
        return true;
    };
    if coverage.is_enough(min) {
        return true;
    }
    report::plain(&format!(
        "{} of the policy is covered, and at least {min}% is asked for",
        coverage.total()
    ));
    false
}

fn github(broken: &[Diagnostics], tested: &Tested, out: &mut dyn Write) -> io::Result<()> {
    github::write(out, &finding::findings(broken))?;
    github::write(out, &tested.findings())?;
    writeln!(out, "{}", tested.summary())
}

fn junit(tests: &[JsonTest], out: &mut dyn Write) -> io::Result<()> {
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
                    let because = failure.because().join("\n");
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
