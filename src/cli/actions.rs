//! `ward actions`

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::{
    Audience, Exit, Format, Outcomes, Scene, Stop, input, parse_entity, report, write_json,
};
use crate::eval::{ConditionError, Evaluator};
use crate::literal::EntityName;

/// List every action that a subject may take on a resource
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward actions User:bob Doc:plan -p app.policy -w app.world\n\nExit codes: 0 it sees the resource, 4 Invisible, 1 error."
)]
pub(super) struct Arguments {
    /// Who asks, such as User:alice
    #[arg(value_parser = parse_entity)]
    subject: EntityName,
    /// What it is asked of, such as Volume:data
    #[arg(value_parser = parse_entity)]
    resource: EntityName,
    #[command(flatten)]
    scene: Scene,
    /// Who reads it: the subject is not told of conditions that could not be read
    #[arg(long = "for", value_name = "WHOM", value_enum, default_value_t = Audience::Admin)]
    audience: Audience,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonActions {
    subject: String,
    resource: String,
    sees: bool,
    actions: Vec<String>,
    errors: Vec<ConditionError>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let Arguments {
        subject,
        resource,
        scene,
        ..
    } = arguments;
    let world = input::world(scene)?;
    let ward = Evaluator::new(&world, scene.now());
    let context = scene.context.clone().unwrap_or_default();
    let mut answer = ward.actions(subject, resource, &context).map_err(|error| {
        report::question(&error);
        Stop::Told
    })?;
    if arguments.audience == Audience::Subject {
        answer.errors.clear();
    }
    let exit = if answer.sees {
        Exit::Success
    } else {
        Exit::Invisible
    };
    match arguments.format {
        Format::Json => write_json(
            out,
            &JsonActions {
                subject: subject.to_string(),
                resource: resource.to_string(),
                sees: answer.sees,
                actions: answer.actions,
                errors: answer.errors,
            },
        )?,
        Format::Text if !answer.sees => writeln!(out, "Invisible")?,
        Format::Text if answer.actions.is_empty() => {
            writeln!(out, "{subject} sees {resource}, and may do nothing there")?;
        }
        Format::Text => {
            for action in answer.actions {
                writeln!(out, "{action}")?;
            }
        }
    }
    Ok(exit)
}
