//! `ward explain`

use std::io::{self, Write};

use clap::builder::styling::{AnsiColor, Style};
use clap::{Args, ValueEnum};

use super::{
    Audience, Exit, Outcomes, Scene, Stop, input, parse_entity, report, write_json, written,
};
use crate::eval::{Evaluator, Outcome};
use crate::explain::{Explain, Line, Part, Tone};
use crate::literal::EntityName;

/// Explain why it may, or why not and what would change that
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward explain User:bob Doc.edit Doc:plan -p app.policy -w app.world\n\nExit codes: 0 Allowed, 3 Forbidden, 4 Invisible, 1 error, 2 usage or input."
)]
pub(super) struct Arguments {
    /// Who asks, such as User:alice
    #[arg(value_parser = parse_entity)]
    subject: EntityName,
    /// The action, such as Volume.view
    action: String,
    /// What it is asked of, such as Volume:data
    #[arg(value_parser = parse_entity)]
    resource: EntityName,
    #[command(flatten)]
    scene: Scene,
    /// All proofs, and not just the shortest
    #[arg(long)]
    all: bool,
    /// Who reads it: of what the subject does not see, it is told nothing
    #[arg(long = "for", value_name = "WHOM", value_enum, default_value_t = Audience::Admin)]
    audience: Audience,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    Text,
    Json,
    Markdown,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let scene = &arguments.scene;
    let world = input::world(scene)?;
    let ward = Evaluator::new(&world, scene.now());
    let context = scene.context.clone().unwrap_or_default();
    let for_admin = arguments.audience == Audience::Admin;
    let wanted = Explain {
        all: arguments.all,
        changes: for_admin,
    };
    let found = ward.explain(
        &arguments.subject,
        &arguments.action,
        &arguments.resource,
        &context,
        wanted,
    );
    let explanation = found.map_err(|error| {
        report::question(&error);
        Stop::Told
    })?;
    let told = explanation.for_subject();
    let done = match (arguments.format, for_admin) {
        (Form::Json, true) => write_json(out, &explanation),
        (Form::Json, false) => write_json(out, &told),
        (Form::Markdown, true) => write!(out, "{}", explanation.to_markdown()),
        (Form::Markdown, false) => write!(out, "{}", told.to_markdown()),
        (Form::Text, true) => lines(&explanation.lines(), out),
        (Form::Text, false) => lines(&told.lines(), out),
    };
    written(Exit::from(explanation.outcome), done)
}

/// Writes lines for a terminal, indented; where there are no colors, whoever takes them leaves them
/// out.
pub(super) fn lines(lines: &[Line], out: &mut dyn Write) -> io::Result<()> {
    for line in lines {
        write!(out, "{:indent$}", "", indent = line.depth * 2)?;
        let mut first = true;
        for (part, text) in &line.parts {
            let style = style(line.tone, *part, std::mem::replace(&mut first, false));
            let fence = if *part == Part::Clause { "`" } else { "" };
            write!(out, "{style}{fence}{text}{fence}{style:#}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// The first words of a line say what it tells; places are less to look at.
fn style(tone: Tone, part: Part, is_first: bool) -> Style {
    let color = |color: AnsiColor| color.on_default();
    match (tone, part) {
        (_, Part::Place) => Style::new().dimmed(),
        (Tone::Outcome(outcome), _) if is_first => match outcome {
            Outcome::Allowed => color(AnsiColor::Green).bold(),
            Outcome::Forbidden => color(AnsiColor::Red).bold(),
            Outcome::Invisible => color(AnsiColor::Magenta).bold(),
        },
        (Tone::Given, Part::Words) if is_first => color(AnsiColor::Green),
        (Tone::Missing, Part::Words) => color(AnsiColor::Red),
        (Tone::Change, Part::Words) if is_first => color(AnsiColor::Cyan),
        _ => Style::new(),
    }
}
