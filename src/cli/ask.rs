//! `ward ask`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{
    Audience, Exit, Format, Outcomes, Scene, Stop, batch, explain, input, parse_entity, reasons,
    report, write_json, written,
};
use crate::eval::{Evaluator, QueryError, Reasons};
use crate::explain::Explain;
use crate::literal::EntityName;

/// Ask whether a subject may take an action on a resource
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward ask User:bob Doc.edit Doc:plan -p app.policy -w app.world\n  ward ask --batch questions.jsonl -p app.policy -w app.world\n\nA line of a batch:\n  {\"subject\": \"User:bob\", \"action\": \"Doc.edit\", \"resource\": \"Doc:plan\", \"context\": {\"mfa\": true}}\n\nExit codes: 0 Allowed, 3 Forbidden, 4 Invisible, 1 error, 2 usage or input."
)]
pub(super) struct Arguments {
    /// Who asks, such as User:alice
    #[arg(value_parser = parse_entity, required_unless_present = "batch", conflicts_with = "batch")]
    subject: Option<EntityName>,
    /// The action, such as Volume.view
    #[arg(required_unless_present = "batch")]
    action: Option<String>,
    /// What it is asked of, such as Volume:data
    #[arg(value_parser = parse_entity, required_unless_present = "batch")]
    resource: Option<EntityName>,
    /// Questions as JSON Lines; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    scene: Scene,
    /// Who reads it: of what the subject does not see, it is told nothing
    #[arg(long = "for", value_name = "WHOM", value_enum, default_value_t = Audience::Admin)]
    audience: Audience,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    subject: String,
    action: &'a str,
    resource: String,
    #[serde(flatten)]
    reasons: &'a Reasons,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let scene = &arguments.scene;
    let world = input::world(scene)?;
    let ward = Evaluator::new(&world, scene.now());
    if let Some(file) = &arguments.batch {
        return batch::run(&ward, file, scene.context.as_ref(), arguments.audience, out);
    }
    let (Some(subject), Some(action), Some(resource)) =
        (&arguments.subject, &arguments.action, &arguments.resource)
    else {
        let said = "a question has a subject, an action and a resource";
        return Err(Stop::Input(said.to_owned()));
    };
    let context = scene.context.clone().unwrap_or_default();
    if arguments.audience == Audience::Subject {
        let wanted = Explain {
            all: false,
            changes: false,
        };
        let found = ward.explain(subject, action, resource, &context, wanted);
        let told = found.map_err(wrong)?.for_subject();
        let done = match arguments.format {
            Format::Json => write_json(out, &told),
            Format::Text => explain::lines(&told.lines(), out),
        };
        return written(Exit::from(told.outcome), done);
    }
    let reasons = ward.reasons(subject, action, resource, &context);
    let reasons = reasons.map_err(wrong)?;
    let done = match arguments.format {
        Format::Json => write_json(
            out,
            &JsonAnswer {
                subject: subject.to_string(),
                action,
                resource: resource.to_string(),
                reasons: &reasons,
            },
        ),
        Format::Text => text(&reasons, out),
    };
    written(Exit::from(reasons.outcome), done)
}

fn wrong(error: QueryError) -> Stop {
    report::question(&error);
    Stop::Told
}

fn text(answer: &Reasons, out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "{}", answer.outcome)?;
    for line in reasons::lines(answer) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}
