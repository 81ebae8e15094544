//! `ward matrix`

use std::io::Write;

use clap::{Args, ValueEnum};

use super::{Exit, Outcomes, Scene, Stop, facts, input, report, write_json, written};
use crate::eval::QueryError;
use crate::matrix::{Extent, RoleMatrix, WorldTable};

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Markdown,
    Csv,
    Html,
    Json,
}

/// Tables: what each role gives, or with a world who may do what
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward matrix -p app.policy --type Doc\n  ward matrix -p app.policy -w app.world --format csv"
)]
pub(super) struct Arguments {
    #[command(flatten)]
    scene: Scene,
    /// Only this type; may be given several times
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// At most so many subjects, and so many entities of each type, of a world
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: usize,
    /// How the tables are written
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let scene = &arguments.scene;
    let policy = input::policy(&scene.policy)?;
    let wrong = |error: &QueryError| {
        report::question(error);
        Stop::Told
    };
    if scene.world.is_empty() {
        let plan = policy.plan();
        let mut matrix = RoleMatrix::of(plan);
        let kept = matrix.only(plan, &arguments.types);
        kept.map_err(|error| wrong(&error))?;
        let done = match arguments.format {
            Form::Text => write!(out, "{}", matrix.to_text()),
            Form::Markdown => write!(out, "{}", matrix.to_markdown()),
            Form::Csv => write!(out, "{}", matrix.to_csv()),
            Form::Html => write!(out, "{}", matrix.to_html()),
            Form::Json => write_json(out, &matrix),
        };
        return written(Exit::Success, done);
    }
    let world = facts::world(policy.plan(), &scene.world)?;
    let extent = Extent {
        types: arguments.types.clone(),
        subjects: arguments.limit,
        resources: arguments.limit,
    };
    let context = scene.context.clone().unwrap_or_default();
    let tables = WorldTable::of(&world, scene.now(), &context, &extent);
    let tables = tables.map_err(|error| wrong(&error))?;
    let done = match arguments.format {
        Form::Text => write!(out, "{}", WorldTable::to_text(&tables)),
        Form::Markdown => write!(out, "{}", WorldTable::to_markdown(&tables)),
        Form::Csv => write!(out, "{}", WorldTable::to_csv(&tables)),
        Form::Html => write!(out, "{}", WorldTable::to_html(&tables)),
        Form::Json => write_json(out, &serde_json::json!({ "tables": tables })),
    };
    written(Exit::Success, done)
}
