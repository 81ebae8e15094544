//! `ward lint`

mod baseline;
mod configuration;
mod facts;
mod since;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::check::plural;
use super::formats::{self, ReportFormat, finding, github, gitlab, sarif};
use super::input::{self, Unit};
use super::report::{self, JsonDiagnostic};
use super::{Exit, Outcomes, Stop, write_json, written};
use crate::diagnostic::{Code, Diagnostics, Edit, Fix as Mend};
use crate::lint::{self, Finding, Level, Report, WorldText};
use crate::source::Sources;
use baseline::Baseline;
use since::Since;

/// Find what compiles and most likely does not mean what it says
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward lint policies/\n  ward lint --fix --diff app.policy\n  ward lint --explain unused-role\n  ward lint --since origin/main\n\nA comment allows a finding: // ward: allow(rule-name) because …\nExit codes: 0 nothing is denied, 1 something is, or a policy does not compile."
)]
pub(super) struct Arguments {
    /// Files, or directories with `.policy` files below them; `-` is standard input [default: .]
    paths: Vec<PathBuf>,
    /// Facts, which have to fit a policy, and for the rules about worlds: `.world` text or `.jsonl`
    #[arg(short, long, value_name = "FILE")]
    world: Vec<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Mend what can be mended without a change of meaning
    #[arg(long)]
    fix: bool,
    /// Mend what changes the meaning too
    #[arg(long)]
    unsafe_fixes: bool,
    /// Show what fixes would change, and write nothing
    #[arg(long)]
    diff: bool,
    /// Leave out what stands in this file
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to the baseline [default: ward-baseline.json]
    #[arg(long)]
    write_baseline: bool,
    /// Tell only what is new against this revision of git, and who may see or do more than then
    #[arg(long, value_name = "REV", conflicts_with = "write_baseline")]
    since: Option<String>,
    /// Let a rule be an error; `warnings` for whatever is a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    deny: Vec<String>,
    /// Let a rule be a warning
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    warn: Vec<String>,
    /// Leave a rule out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    allow: Vec<String>,
    /// Print the page of a rule
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
}

impl Arguments {
    /// Nothing but paths, facts, and a revision to compare with.
    fn of_paths(paths: Vec<PathBuf>, world: &[PathBuf], since: Option<&str>) -> Self {
        Self {
            paths,
            world: world.to_vec(),
            format: ReportFormat::Text,
            fix: false,
            unsafe_fixes: false,
            diff: false,
            baseline: None,
            write_baseline: false,
            since: since.map(str::to_owned),
            deny: Vec::new(),
            warn: Vec::new(),
            allow: Vec::new(),
            explain: None,
        }
    }
}

impl Arguments {
    fn since(&self) -> Result<Option<Since>, Stop> {
        let revision = self.since.as_ref();
        revision.map(|name| Since::new(name, self)).transpose()
    }
}

/// What lint finds, as a stage of `ward ci`. Of policies that do not compile `check` tells.
pub(super) struct Linted {
    found: Found,
}

impl Linted {
    pub(super) fn new(
        paths: &[PathBuf],
        units: &[Unit],
        world: &[PathBuf],
        since: Option<&str>,
    ) -> Result<Self, Stop> {
        let arguments = Arguments::of_paths(paths.to_vec(), world, since);
        let mut found = findings(&arguments, units, arguments.since()?.as_ref())?;
        found.broken.clear();
        found.policies = found.reports.len();
        Ok(Self { found })
    }

    pub(super) fn exit(&self) -> Exit {
        self.found.exit()
    }

    pub(super) fn findings(&self) -> Vec<formats::Finding> {
        reported(&self.found)
    }

    pub(super) fn json(&self) -> JsonLint {
        self.found.json()
    }

    pub(super) fn shown(&self, out: &mut dyn Write) -> std::io::Result<()> {
        self.found.shown(out).map(|_| ())
    }

    /// `2 findings in 1 policy`, of those that compile.
    pub(super) fn summary(&self) -> String {
        self.found.summary()
    }
}

/// How often fixes are tried again: one may make room for the next.
const ROUNDS: usize = 10;

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    if let Some(name) = &arguments.explain {
        let rule = configuration::named(name)?;
        write!(out, "{}", rule.page)?;
        return Ok(Exit::Success);
    }
    let mends = (arguments.fix || arguments.unsafe_fixes) && !arguments.diff;
    if mends && arguments.paths.iter().any(|path| input::is_stdin(path)) {
        let said = "`-` has no file that could be mended: `--diff` shows what would change";
        return Err(Stop::Input(said.to_owned()));
    }
    let since = arguments.since()?;
    let read = || input::noted_units(&arguments.paths);
    let mut found = findings(arguments, &read()?, since.as_ref())?;
    if mends {
        for _ in 0..ROUNDS {
            if !mend(&found, arguments.unsafe_fixes)? {
                break;
            }
            found = findings(arguments, &read()?, since.as_ref())?;
        }
    }
    if arguments.write_baseline {
        return write_baseline(arguments, &found, out);
    }
    if arguments.diff {
        return diff(&found, arguments.unsafe_fixes, out);
    }
    tell(arguments.format, &found, out)
}

/// What is found in all policies below the paths, by policy.
struct Found {
    policies: usize,
    reports: Vec<Report>,
    /// Policies that do not compile.
    broken: Vec<Diagnostics>,
    /// Facts that fit no policy.
    misfits: Vec<Diagnostics>,
}

impl Found {
    fn new(policies: usize) -> Self {
        Self {
            policies,
            reports: Vec::new(),
            broken: Vec::new(),
            misfits: Vec::new(),
        }
    }

    fn all(&self) -> impl Iterator<Item = (&Sources, &Finding)> {
        self.reports.iter().flat_map(|report| {
            let findings = report.findings.iter();
            findings.map(|finding| (&report.sources, finding))
        })
    }

    /// What is wrong with policies and facts, which no level and no comment allows.
    fn errors(&self) -> impl Iterator<Item = &Diagnostics> {
        self.broken.iter().chain(&self.misfits)
    }

    fn exit(&self) -> Exit {
        if self.denied() == 0 && self.errors().next().is_none() {
            Exit::Success
        } else {
            Exit::Failure
        }
    }

    /// `1 error, 2 findings in 1 policy`
    fn summary(&self) -> String {
        let policies = plural(self.policies, "policy", "policies");
        let errors: usize = self.errors().map(|errors| errors.iter().count()).sum();
        let findings = self.all().count();
        let mut parts = Vec::new();
        if errors > 0 {
            parts.push(plural(errors, "error", "errors"));
        }
        if findings > 0 {
            parts.push(plural(findings, "finding", "findings"));
        }
        if parts.is_empty() {
            format!("{policies}, no findings")
        } else {
            format!("{} in {policies}", parts.join(", "))
        }
    }

    fn json(&self) -> JsonLint {
        let findings = self
            .all()
            .filter_map(|(sources, finding)| json(sources, finding));
        JsonLint {
            policies: self.policies,
            errors: report::json(&finding::findings(self.errors())),
            findings: findings.collect(),
        }
    }

    /// Writes each error and finding with its lines; how many of them can be mended safely.
    fn shown(&self, out: &mut dyn Write) -> std::io::Result<usize> {
        let mut mendable = 0;
        for errors in self.errors() {
            report::diagnostics_to(out, errors)?;
        }
        for report in &self.reports {
            let named = report.findings.iter().map(|finding| {
                mendable += usize::from(finding.fix.as_ref().is_some_and(|fix| fix.safe));
                let mut diagnostic = finding.diagnostic.clone();
                // People write the name: in comments, and in `ward.toml`.
                diagnostic.code = Code(finding.rule.name);
                diagnostic
            });
            let all = Diagnostics::all(report.sources.clone(), named.collect());
            report::diagnostics_to(out, &all)?;
        }
        Ok(mendable)
    }

    fn text(&self, out: &mut dyn Write) -> std::io::Result<()> {
        let mendable = self.shown(out)?;
        write!(out, "{}", self.summary())?;
        if mendable > 0 {
            write!(out, "; --fix mends {mendable}")?;
        }
        writeln!(out)
    }

    fn denied(&self) -> usize {
        let denied = self.all().filter(|(_, found)| found.level == Level::Deny);
        denied.count()
    }
}

fn findings(arguments: &Arguments, units: &[Unit], since: Option<&Since>) -> Result<Found, Stop> {
    let world = worlds(arguments)?;
    let mut found = Found::new(units.len());
    let mut files: Vec<BTreeSet<String>> = Vec::new();
    let mut plans = Vec::new();
    for unit in units {
        match unit.compile() {
            Ok(policy) => {
                let config = configuration::of(unit, arguments)?;
                found.reports.push(match since {
                    Some(since) => lint::lint_since(&policy, since.base(unit), &world, &config),
                    None => lint::lint(&policy, &world, &config),
                });
                files.push(names(unit));
                plans.push(Arc::clone(policy.plan()));
            }
            Err(errors) => found.broken.push(errors),
        }
    }
    found.broken = input::distinct(&std::mem::take(&mut found.broken));
    found.misfits = facts::refused(&plans, &world);
    merge(&mut found.reports, &files);
    if let Some(since) = since {
        since.subtract(&mut found);
    }
    if let Some(path) = arguments
        .baseline
        .as_ref()
        .filter(|_| !arguments.write_baseline)
    {
        Baseline::read(path)?.subtract(&mut found);
    }
    Ok(found)
}

fn names(unit: &Unit) -> BTreeSet<String> {
    let names = unit.sources.iter().map(|(_, source)| source.name());
    names.map(str::to_owned).collect()
}

fn worlds(arguments: &Arguments) -> Result<Vec<WorldText>, Stop> {
    let read = arguments.world.iter().map(|path| {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Stop::Input(format!("cannot read `{}`: {error}", path.display())))?;
        let world = WorldText {
            name: input::shown(path),
            text,
        };
        readable(&world).map_err(|errors| {
            report::diagnostics(&errors);
            Stop::Told
        })?;
        Ok(world)
    });
    read.collect()
}

/// Whether facts can be read; of JSON Lines those that cannot are refused one by one.
fn readable(world: &WorldText) -> Result<(), Diagnostics> {
    if !facts::are_lines(world) {
        crate::load::world_text(&world.name, &world.text)?;
    }
    Ok(())
}

/// What tells a finding from all others: the rule, the place, and what is said.
type Key = (&'static str, String, u32, u32);

fn key(sources: &Sources, finding: &Finding) -> Key {
    let (file, at) = sources.locate(finding.diagnostic.span());
    (finding.rule.name, file.to_owned(), at.line, at.column)
}

/// Tells each finding once. That nothing needs a thing is so only if no policy does.
fn merge(reports: &mut [Report], files: &[BTreeSet<String>]) {
    let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
    for report in reports.iter() {
        let keys = report
            .findings
            .iter()
            .map(|found| key(&report.sources, found));
        for key in keys.collect::<BTreeSet<Key>>() {
            *counts.entry(key).or_insert(0) += 1;
        }
    }
    let mut told: BTreeSet<(Key, String)> = BTreeSet::new();
    for report in reports.iter_mut() {
        let sources = &report.sources;
        report.findings.retain(|finding| {
            let key = key(sources, finding);
            let having = files.iter().filter(|names| names.contains(&key.1)).count();
            let everywhere = counts.get(&key).is_some_and(|count| *count >= having);
            (everywhere || !finding.rule.is_about_absence())
                && told.insert((key, finding.diagnostic.message.clone()))
        });
    }
}

/// Writes fixes to the files; whether there were any.
fn mend(found: &Found, unsafe_too: bool) -> Result<bool, Stop> {
    let mut mended = false;
    for report in &found.reports {
        let fixes = lint::chosen(&report.findings, unsafe_too);
        for (file, text) in lint::apply(&report.sources, &fixes) {
            if let Some(source) = report.sources.get(file) {
                // Another policy may have mended the same file in this round.
                if std::fs::read_to_string(source.name())? == source.text() {
                    std::fs::write(source.name(), text)?;
                    mended = true;
                }
            }
        }
    }
    Ok(mended)
}

fn diff(found: &Found, unsafe_too: bool, out: &mut dyn Write) -> Outcomes {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    for report in &found.reports {
        let fixes = lint::chosen(&report.findings, unsafe_too);
        for (file, text) in lint::apply(&report.sources, &fixes) {
            let Some(source) = report.sources.get(file) else {
                continue;
            };
            if shown.insert(source.name().to_owned()) {
                let changes = similar::TextDiff::from_lines(source.text(), &text);
                let mut unified = changes.unified_diff();
                let name = source.name();
                write!(out, "{}", unified.header(name, name))?;
            }
        }
    }
    Ok(found.exit())
}

fn write_baseline(arguments: &Arguments, found: &Found, out: &mut dyn Write) -> Outcomes {
    let path = arguments
        .baseline
        .clone()
        .unwrap_or_else(|| PathBuf::from("ward-baseline.json"));
    for diagnostics in found.errors() {
        report::diagnostics(diagnostics);
    }
    if found.errors().next().is_some() {
        return Err(Stop::Told);
    }
    let count = Baseline::of(found).write(&path)?;
    let findings = plural(count, "finding", "findings");
    writeln!(out, "wrote {findings} to {}", path.display())?;
    Ok(Exit::Success)
}

#[derive(Serialize)]
pub(super) struct JsonLint {
    policies: usize,
    errors: Vec<JsonDiagnostic>,
    findings: Vec<JsonFinding>,
}

#[derive(Serialize)]
struct JsonFinding {
    rule: &'static str,
    level: Level,
    #[serde(flatten)]
    diagnostic: JsonDiagnostic,
    fix: Option<JsonFix>,
}

#[derive(Serialize)]
struct JsonFix {
    title: String,
    safe: bool,
    edits: Vec<JsonEdit>,
}

#[derive(Serialize)]
struct JsonEdit {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    text: String,
}

fn json(sources: &Sources, finding: &Finding) -> Option<JsonFinding> {
    let one = Diagnostics::new(sources.clone(), vec![finding.diagnostic.clone()]);
    let fix = finding.fix.as_ref().map(|fix| JsonFix {
        title: fix.title.clone(),
        safe: fix.safe,
        edits: fix
            .edits
            .iter()
            .filter_map(|(span, text)| {
                let source = sources.get(span.file)?;
                let (start, end) = (source.position(span.start), source.position(span.end));
                Some(JsonEdit {
                    file: source.name().to_owned(),
                    line: start.line,
                    column: start.column,
                    end_line: end.line,
                    end_column: end.column,
                    text: text.clone(),
                })
            })
            .collect(),
    });
    Some(JsonFinding {
        rule: finding.rule.name,
        level: finding.level,
        diagnostic: report::json(&finding::findings([&one]))
            .into_iter()
            .next()?,
        fix,
    })
}

type Writes = fn(&mut dyn Write, &[formats::Finding]) -> std::io::Result<()>;

/// What writes findings for another program.
fn for_programs(format: ReportFormat) -> Option<Writes> {
    match format {
        ReportFormat::Text | ReportFormat::Json => None,
        ReportFormat::Sarif => Some(sarif::write),
        ReportFormat::Github => Some(github::write),
        ReportFormat::Gitlab => Some(gitlab::write),
    }
}

/// Everything that was found, for reports that know no difference.
fn reported(found: &Found) -> Vec<formats::Finding> {
    let mut all = finding::findings(found.errors());
    all.extend(found.all().map(|(sources, finding)| {
        let mut diagnostic = finding.diagnostic.clone();
        diagnostic.fix = finding.fix.as_ref().map(|fix| Mend {
            title: fix.title.clone(),
            edits: fix
                .edits
                .iter()
                .map(|(span, text)| Edit {
                    span: *span,
                    text: text.clone(),
                })
                .collect(),
        });
        formats::Finding::new(sources, &diagnostic)
    }));
    all
}

fn tell(format: ReportFormat, found: &Found, out: &mut dyn Write) -> Outcomes {
    let done = match (for_programs(format), format) {
        (Some(write), _) => write(out, &reported(found)),
        (None, ReportFormat::Json) => write_json(out, &found.json()),
        (None, _) => found.text(out),
    };
    written(found.exit(), done)
}
