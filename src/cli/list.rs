//! `ward list`

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::{Exit, Format, Outcomes, Scene, Stop, input, parse_entity, report, write_json};
use crate::eval::Evaluator;
use crate::literal::EntityName;

/// List what a subject sees, or what it may take an action on
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward list User:bob Doc -p app.policy -w app.world\n  ward list User:bob Doc --can edit -p app.policy -w app.world"
)]
pub(super) struct Arguments {
    /// Who asks, such as User:alice
    #[arg(value_parser = parse_entity)]
    subject: EntityName,
    /// The type of the resources, such as Volume
    #[arg(value_name = "TYPE")]
    type_name: String,
    /// Only those on which it may take this action
    #[arg(long, value_name = "ACTION")]
    can: Option<String>,
    #[command(flatten)]
    scene: Scene,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonList<'a> {
    subject: String,
    #[serde(rename = "type")]
    type_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    resources: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let Arguments {
        subject,
        type_name,
        can,
        scene,
        ..
    } = arguments;
    let world = input::world(scene)?;
    let ward = Evaluator::new(&world, scene.now());
    let context = scene.context.clone().unwrap_or_default();
    let found = match can {
        None => ward.visible(subject, type_name, &context),
        Some(action) => ward.allowed(subject, action, type_name, &context),
    };
    let found = found.map_err(|error| {
        report::question(&error);
        Stop::Told
    })?;
    match arguments.format {
        Format::Json => write_json(
            out,
            &JsonList {
                subject: subject.to_string(),
                type_name,
                action: can.as_deref(),
                resources: found.iter().map(EntityName::to_string).collect(),
            },
        )?,
        Format::Text => {
            for resource in found {
                writeln!(out, "{resource}")?;
            }
        }
    }
    Ok(Exit::Success)
}
