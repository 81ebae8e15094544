//! `ward who`

use std::io::Write;

use clap::Args;
use serde::Serialize;

use super::{Exit, Format, Outcomes, Scene, Stop, input, parse_entity, report, write_json};
use crate::eval::{Evaluator, QueryError, Who};
use crate::literal::EntityName;

/// List who may take an action on a resource, or who sees it
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward who Doc.edit Doc:plan -p app.policy -w app.world\n  ward who --sees Doc:plan -p app.policy -w app.world"
)]
pub(super) struct Arguments {
    /// The action, such as Volume.view
    #[arg(required_unless_present = "sees", conflicts_with = "sees")]
    action: Option<String>,
    /// What it is asked of, such as Volume:data
    #[arg(value_parser = parse_entity, required_unless_present = "sees")]
    resource: Option<EntityName>,
    /// Who sees this resource
    #[arg(long, value_name = "RESOURCE", value_parser = parse_entity)]
    sees: Option<EntityName>,
    /// As far as this subject sees: the resource, and the others
    #[arg(long = "for", value_name = "SUBJECT", value_parser = parse_entity)]
    reader: Option<EntityName>,
    #[command(flatten)]
    scene: Scene,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Serialize)]
struct JsonWho<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'a str>,
    resource: String,
    subjects: Vec<String>,
    anyone: bool,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let scene = &arguments.scene;
    let world = input::world(scene)?;
    let ward = Evaluator::new(&world, scene.now());
    let context = scene.context.clone().unwrap_or_default();
    let action = arguments.action.as_deref();
    let (resource, found) = match (action, &arguments.resource, &arguments.sees) {
        (Some(action), Some(resource), _) => (resource, ward.who(action, resource, &context)),
        (_, _, Some(resource)) => (resource, ward.who_sees(resource, &context)),
        _ => {
            let said = "name an action and a resource, or `--sees` a resource";
            return Err(Stop::Input(said.to_owned()));
        }
    };
    let wrong = |error: QueryError| {
        report::question(&error);
        Stop::Told
    };
    let mut found = found.map_err(wrong)?;
    if let Some(reader) = &arguments.reader {
        let sees = |other: &EntityName| Ok(ward.actions(reader, other, &context)?.sees);
        found = seen_by(reader, resource, found, sees).map_err(wrong)?;
    }
    match arguments.format {
        Format::Json => write_json(
            out,
            &JsonWho {
                action,
                resource: resource.to_string(),
                subjects: found.subjects.iter().map(EntityName::to_string).collect(),
                anyone: found.anyone,
            },
        )?,
        Format::Text => {
            for subject in found.subjects {
                writeln!(out, "{subject}")?;
            }
            if found.anyone {
                writeln!(out, "anyone else")?;
            }
        }
    }
    Ok(Exit::Success)
}

/// What of an answer somebody may know who sees only some of it.
fn seen_by(
    reader: &EntityName,
    resource: &EntityName,
    mut found: Who,
    sees: impl Fn(&EntityName) -> Result<bool, QueryError>,
) -> Result<Who, QueryError> {
    if !sees(resource)? {
        found.subjects.clear();
        found.anyone = false;
        return Ok(found);
    }
    let mut subjects = Vec::new();
    for subject in found.subjects {
        if subject == *reader || sees(&subject)? {
            subjects.push(subject);
        }
    }
    found.subjects = subjects;
    Ok(found)
}
