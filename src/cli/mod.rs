//! The `ward` command: the one room that reads files, writes to terminals and knows their libraries.
//!
//! One file for each command. Exit codes are the same everywhere; `docs/cli.md` has them in a table.

mod actions;
mod ask;
mod batch;
mod check;
mod ci;
mod compile;
mod completions;
mod coverage;
mod excerpt;
mod explain;
mod facts;
mod fmt;
mod formats;
mod git;
mod graph;
mod init;
mod input;
mod lint;
mod list;
mod man;
mod matrix;
mod progress;
mod reasons;
mod report;
mod rules;
mod site;
mod store;
mod test;
mod watch;
mod who;
mod world;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use batch::answer_batch;

use crate::eval::Outcome;

/// What a command comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// All is well, or Allowed.
    Success = 0,
    /// Something is wrong with the policy, the facts or the question, or a test failed.
    Failure = 1,
    /// The command line is wrong, or something that it names cannot be read or written.
    Usage = 2,
    /// The subject sees the resource, and may not.
    Forbidden = 3,
    /// The subject does not see the resource.
    Invisible = 4,
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Allowed => Self::Success,
            Outcome::Forbidden => Self::Forbidden,
            Outcome::Invisible => Self::Invisible,
        }
    }
}

/// Why a command stopped: told already, or an error of reading or writing.
enum Stop {
    /// The diagnostics, refusals or errors were written; only the exit code is left.
    Told,
    /// What it names cannot be used, which was told.
    Unusable,
    /// The command line asks for what cannot be: a file that is not there.
    Input(String),
    /// A file that cannot be read or written.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

type Outcomes = Result<Exit, Stop>;

#[derive(Parser)]
#[command(
    name = "ward",
    version,
    about = "What may they see, and what may they do? Policies, checked, tested and asked.",
    help_template = "{about}\n{usage-heading} {usage}\n\n{subcommands}{after-help}",
    after_help = "-h after a command tells its options. Also: `completions SHELL`, `man DIR`, -V.\nExit codes: 0 done or Allowed, 1 findings, 2 usage, 3 Forbidden, 4 Invisible.",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Arguments),
    Check(check::Arguments),
    Test(test::Arguments),
    Lint(lint::Arguments),
    Rules(rules::Arguments),
    Fmt(fmt::Arguments),
    Ci(ci::Arguments),
    Ask(ask::Arguments),
    Explain(explain::Arguments),
    Actions(actions::Arguments),
    List(list::Arguments),
    Who(who::Arguments),
    Graph(graph::Arguments),
    Matrix(matrix::Arguments),
    Report(site::Arguments),
    Compile(compile::Arguments),
    Store(store::Arguments),
    World(world::Arguments),
    #[command(hide = true)]
    Completions(completions::Arguments),
    #[command(hide = true)]
    Man(man::Arguments),
}

/// For people or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The policy, the world and the moment of a question.
#[derive(Args)]
struct Scene {
    /// The policy: a file, or a directory with one policy in it
    #[arg(short, long, value_name = "PATH")]
    policy: PathBuf,
    /// The facts: `.world` text, `.jsonl`, `.csv`, a store or a snapshot; may be given several times
    #[arg(short, long, value_name = "FILE")]
    world: Vec<PathBuf>,
    /// When it is asked [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<i64>,
    /// What the request says, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = parse_context)]
    context: Option<crate::Context>,
}

/// Who reads the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Audience {
    /// Whoever runs the system: everything.
    Admin,
    /// The one who asked: of what it does not see, nothing.
    Subject,
}

impl Scene {
    /// The moment, in milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> i64 {
        self.now.unwrap_or_else(clock)
    }
}

/// The clock, in milliseconds since 1970-01-01T00:00:00Z.
fn clock() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

fn parse_time(text: &str) -> Result<i64, String> {
    crate::literal::parse_datetime(text)
        .ok_or_else(|| "write a time as 2026-12-31 or 2026-12-31T23:59:00Z".to_owned())
}

fn parse_context(text: &str) -> Result<crate::Context, String> {
    let value: crate::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    crate::Context::try_from(value).map_err(|error| error.to_string())
}

fn parse_entity(text: &str) -> Result<crate::EntityName, String> {
    text.parse().map_err(|_| {
        "write an entity as its type and its id, such as User:alice or 'User:\"a b\"'".to_owned()
    })
}

/// What a command comes to when its answer is written. Whoever reads it may stop early: that changes
/// nothing of it.
fn written(exit: Exit, done: io::Result<()>) -> Outcomes {
    match done {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Stop::Io(error)),
        _ => Ok(exit),
    }
}

/// Writes one JSON document.
fn write_json(out: &mut dyn Write, value: &impl serde::Serialize) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    serde_json::to_writer_pretty(&mut out, value).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()
}

/// Keeps quiet about panics in redb: these come of damaged files, are caught, and told as what they
/// are. Others are told as always.
fn quiet_on_damage() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or("", |place| place.file());
        if !place.contains("redb-") {
            usual(panic);
        }
    }));
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    quiet_on_damage();
    let out: &mut dyn Write = &mut anstream::stdout().lock();
    let done = match &cli.command {
        Command::Check(arguments) => check::run(arguments, out),
        Command::Test(arguments) => test::run(arguments, out),
        Command::Lint(arguments) => lint::run(arguments, out),
        Command::Rules(arguments) => rules::run(arguments, out),
        Command::Fmt(arguments) => fmt::run(arguments, out),
        Command::Ask(arguments) => ask::run(arguments, out),
        Command::Explain(arguments) => explain::run(arguments, out),
        Command::Actions(arguments) => actions::run(arguments, out),
        Command::List(arguments) => list::run(arguments, out),
        Command::Who(arguments) => who::run(arguments, out),
        Command::Graph(arguments) => graph::run(arguments, out),
        Command::Matrix(arguments) => matrix::run(arguments, out),
        Command::Report(arguments) => site::run(arguments, out),
        Command::Compile(arguments) => compile::run(arguments, out),
        Command::Store(arguments) => store::run(arguments, out),
        Command::World(arguments) => world::run(arguments, out),
        Command::Init(arguments) => init::run(arguments, out),
        Command::Ci(arguments) => ci::run(arguments, out),
        Command::Completions(arguments) => completions::run(arguments, out),
        Command::Man(arguments) => man::run(arguments, out),
    };
    let done = done.and_then(|exit| written(exit, out.flush()));
    let exit = match done {
        Ok(exit) => exit,
        Err(Stop::Told) => Exit::Failure,
        Err(Stop::Unusable) => Exit::Usage,
        Err(Stop::Input(said)) => {
            report::plain(&said);
            Exit::Usage
        }
        // Whoever reads this has read enough.
        Err(Stop::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Success,
        Err(Stop::Io(error)) => {
            report::plain(&error.to_string());
            Exit::Usage
        }
    };
    ExitCode::from(exit as u8)
}
