//! `ward store`

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{Exit, Format, Outcomes, Stop, input, report, write_json};
use crate::literal::format_datetime;
use crate::live::{Change, Transaction, Version};
use crate::store::{self, CommitError, Note, Store, StoreError};
use crate::world::{FactKind, Refusal};

/// Keep facts on disk: make a store, change it, read its log
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward store init facts.store -p app.policy -w app.world\n  ward store apply facts.store -p app.policy --add new.world --by ann --reason hired\n  ward store log facts.store\n  ward ask User:bob Doc.edit Doc:plan -p app.policy -w facts.store"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(Init),
    Apply(Apply),
    Check(Check),
    Export(Export),
    Log(Log),
    Trim(Trim),
}

/// Make a store, with facts or without
#[derive(Args)]
#[command(after_help = "Example:\n  ward store init facts.store -p app.policy -w app.world")]
struct Init {
    /// Where to put it; there must be nothing yet
    store: PathBuf,
    /// The policy: a file, or a directory with one policy in it
    #[arg(short, long, value_name = "PATH")]
    policy: PathBuf,
    /// The facts: `.world` text, `.jsonl`, or another store; may be given several times
    #[arg(short, long, value_name = "FILE")]
    world: Vec<PathBuf>,
    #[command(flatten)]
    note: NoteArguments,
}

/// Change facts, all or nothing
///
/// First what --remove names goes, then what --add names comes, then the CHANGES happen in their order: JSON
/// Lines, `{"add": FACT}` or `{"remove": FACT}` in each.
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward store apply facts.store -p app.policy --add new.world --reason hired\n  ward store apply facts.store -p app.policy changes.jsonl --by ann"
)]
struct Apply {
    /// The store
    store: PathBuf,
    /// Changes in order, as JSON Lines; `-` reads standard input
    changes: Option<PathBuf>,
    /// The policy: a file, or a directory with one policy in it
    #[arg(short, long, value_name = "PATH")]
    policy: PathBuf,
    /// Facts that come: `.world` text or `.jsonl`; may be given several times
    #[arg(long, value_name = "FILE")]
    add: Vec<PathBuf>,
    /// Facts that go; an entity alone goes with every fact that names it
    #[arg(long, value_name = "FILE")]
    remove: Vec<PathBuf>,
    #[command(flatten)]
    note: NoteArguments,
}

/// Tell whether all facts fit a policy: ask before a new one is deployed
#[derive(Args)]
#[command(after_help = "Example:\n  ward store check facts.store -p new.policy")]
struct Check {
    /// The store
    store: PathBuf,
    /// The policy: a file, or a directory with one policy in it
    #[arg(short, long, value_name = "PATH")]
    policy: PathBuf,
    /// Take the facts that do not fit away for good
    #[arg(long)]
    drop: bool,
    #[command(flatten)]
    note: NoteArguments,
}

/// Write all facts as JSON Lines
#[derive(Args)]
#[command(after_help = "Example:\n  ward store export facts.store > facts.jsonl")]
struct Export {
    /// The store
    store: PathBuf,
}

/// Tell who changed what, when and why
#[derive(Args)]
#[command(after_help = "Example:\n  ward store log facts.store --from 17")]
struct Log {
    /// The store
    store: PathBuf,
    /// The first version to tell of
    #[arg(long, value_name = "VERSION", default_value_t = 1)]
    from: u64,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Forget the older part of the log; the facts stay
#[derive(Args)]
#[command(after_help = "Example:\n  ward store trim facts.store --keep 10000")]
struct Trim {
    /// The store
    store: PathBuf,
    /// How many of the last versions to keep in the log
    #[arg(long, value_name = "COUNT")]
    keep: u64,
}

/// What the log is told.
#[derive(Args)]
struct NoteArguments {
    /// Who makes the change; the log keeps it
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Why; the log keeps it
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

impl NoteArguments {
    fn note(&self) -> Note {
        Note {
            author: self.by.clone(),
            reason: self.reason.clone(),
        }
    }
}

#[derive(Serialize)]
struct JsonEntry<'e> {
    version: Version,
    time: String,
    #[serde(flatten)]
    note: &'e Note,
    changes: &'e [Change],
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    match &arguments.command {
        Command::Init(arguments) => init(arguments, out),
        Command::Apply(arguments) => apply(arguments, out),
        Command::Check(arguments) => check(arguments, out),
        Command::Export(arguments) => export(arguments, out),
        Command::Log(arguments) => log(arguments, out),
        Command::Trim(arguments) => trim(arguments, out),
    }
}

/// What is wrong with a store, as the command tells it.
pub(super) fn wrong(path: &Path, error: &StoreError) -> Stop {
    let name = input::shown(path);
    match error {
        StoreError::Unfit(refused) => {
            report::refusals(refused, "answered");
            Stop::Told
        }
        StoreError::Io(error) => Stop::Input(format!("cannot read `{name}`: {error}")),
        other => {
            let code = other.code().unwrap_or_default();
            report::coded(code, &format!("`{name}`: {other}"), other.help());
            Stop::Unusable
        }
    }
}

fn not_committed(path: &Path, error: &CommitError) -> Stop {
    match error {
        CommitError::Refused(refused) => {
            let refused: Vec<Refusal> = refused.iter().map(|one| one.refusal.clone()).collect();
            report::refusals(&refused, "changed");
            Stop::Told
        }
        CommitError::Store(error) => wrong(path, error),
    }
}

fn opened(path: &Path, policy: &Path) -> Result<Store, Stop> {
    let policy = input::policy(policy)?;
    Store::open(path, Arc::clone(policy.plan())).map_err(|error| wrong(path, &error))
}

/// Facts that come, roles that customers made before their holders.
fn coming(paths: &[PathBuf]) -> Result<impl Iterator<Item = Change> + use<>, Stop> {
    let mut facts = input::facts(paths, "changed")?;
    facts.sort_by_key(|fact| !matches!(fact.kind, FactKind::CustomRole { .. }));
    Ok(facts.into_iter().map(Change::Add))
}

fn init(arguments: &Init, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let policy = input::policy(&arguments.policy)?;
    let plan = Arc::clone(policy.plan());
    let facts = input::facts(&arguments.world, "written")?;
    let count = facts.len();
    let made = if facts.is_empty() {
        Store::create(path, plan)
    } else {
        Store::create_with(path, plan, facts, &arguments.note.note())
    };
    made.map_err(|error| match &error {
        StoreError::Unfit(refused) => {
            report::refusals(refused, "written");
            Stop::Told
        }
        _ => wrong(path, &error),
    })?;
    let with = counted(count, "fact");
    writeln!(out, "wrote {}, with {with}", input::shown(path))?;
    Ok(Exit::Success)
}

fn apply(arguments: &Apply, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let removed = input::facts(&arguments.remove, "changed")?;
    let mut transaction: Transaction = removed.into_iter().map(Change::Remove).collect();
    transaction.extend(coming(&arguments.add)?);
    if let Some(changes) = &arguments.changes {
        transaction.extend(input::changes(changes)?);
    }
    if transaction.changes().is_empty() {
        let said = "there is nothing to change: name changes, or facts behind --add or --remove";
        return Err(Stop::Input(said.into()));
    }
    let store = opened(path, &arguments.policy)?;
    let version = store.commit(&transaction, &arguments.note.note());
    let version = version.map_err(|error| not_committed(path, &error))?;
    let count = transaction.changes().len();
    writeln!(out, "version {version}, {}", counted(count, "change"))?;
    Ok(Exit::Success)
}

fn check(arguments: &Check, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let policy = input::policy(&arguments.policy)?;
    let opened = Store::open_keeping(path, Arc::clone(policy.plan()));
    let (store, refused) = opened.map_err(|error| wrong(path, &error))?;
    if refused.is_empty() {
        writeln!(out, "all facts fit")?;
        return Ok(Exit::Success);
    }
    if !arguments.drop {
        report::refusals(&refused, "changed");
        return Ok(Exit::Failure);
    }
    let dropped = store.drop_unfit(&arguments.note.note());
    let dropped = dropped.map_err(|error| not_committed(path, &error))?;
    for refusal in &refused {
        writeln!(out, "dropped: {}", refusal.fact)?;
    }
    writeln!(out, "{} dropped", counted(dropped, "fact"))?;
    Ok(Exit::Success)
}

fn export(arguments: &Export, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let facts = store::facts(path).map_err(|error| wrong(path, &error))?;
    let mut out = std::io::BufWriter::new(out);
    for fact in facts {
        serde_json::to_writer(&mut out, &fact).map_err(std::io::Error::from)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn log(arguments: &Log, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let entries = store::history(path, Version(arguments.from));
    let entries = entries.map_err(|error| wrong(path, &error))?;
    if arguments.format == Format::Json {
        let entries = entries.iter().map(|entry| JsonEntry {
            version: entry.version,
            time: format_datetime(entry.time),
            note: &entry.note,
            changes: &entry.changes,
        });
        write_json(out, &entries.collect::<Vec<_>>())?;
        return Ok(Exit::Success);
    }
    let mut out = std::io::BufWriter::new(out);
    for entry in &entries {
        write!(
            out,
            "version {} at {}",
            entry.version,
            format_datetime(entry.time)
        )?;
        if let Some(author) = &entry.note.author {
            write!(out, " by {author}")?;
        }
        if let Some(reason) = &entry.note.reason {
            write!(out, ": {reason}")?;
        }
        writeln!(out)?;
        for change in &entry.changes {
            writeln!(out, "  {change}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Success)
}

fn trim(arguments: &Trim, out: &mut dyn Write) -> Outcomes {
    let path = &arguments.store;
    let trimmed = store::trim(path, arguments.keep).map_err(|error| wrong(path, &error))?;
    let trimmed = usize::try_from(trimmed).unwrap_or(usize::MAX);
    writeln!(out, "{} forgotten", counted(trimmed, "version"))?;
    Ok(Exit::Success)
}

fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
