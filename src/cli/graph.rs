//! `ward graph`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{
    Exit, Outcomes, Stop, facts, input, parse_context, parse_entity, parse_time, report,
    write_json, written,
};
use crate::eval::{Evaluator, QueryError};
use crate::explain::Explain;
use crate::picture::Picture;
use crate::policy::Policy;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Svg,
    #[cfg(feature = "png")]
    Png,
    Dot,
    Mermaid,
    Json,
}

/// Draw a policy, a type of it, a world, or what led to an answer
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward graph app.policy -o app.svg\n  ward graph app.policy --type Doc --format mermaid\n  ward graph app.policy -w app.world --explain User:bob Doc.edit Doc:plan --format svg"
)]
pub(super) struct Arguments {
    /// The policy: a file, or a directory with one policy in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only this type: where it stands, and what each role gives on it
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
    /// Draw the world of these facts; may be given several times
    #[arg(short, long, value_name = "FILE")]
    world: Vec<PathBuf>,
    /// Draw why this subject may, or may not, take this action on this resource
    #[arg(long, num_args = 3, value_names = ["SUBJECT", "ACTION", "RESOURCE"], requires = "world", conflicts_with = "type_name")]
    explain: Vec<String>,
    /// When it is asked [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<i64>,
    /// What the request says, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = parse_context)]
    context: Option<crate::Context>,
    /// How it is written [default: as the name of the output ends, or else dot]
    #[arg(long, value_enum)]
    format: Option<GraphFormat>,
    /// Where it is written [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let policy = input::policy(&arguments.path)?;
    let picture = picture(arguments, &policy)?;
    let bytes = match (format(arguments), picture) {
        (GraphFormat::Json, Some(picture)) => {
            let mut bytes = Vec::new();
            write_json(&mut bytes, &picture)?;
            bytes
        }
        (GraphFormat::Json, None) => {
            format!("{}\n", policy.graph().to_json(policy.sources())).into_bytes()
        }
        (format, Some(picture)) => drawn(&picture, format)?,
        (format, None) => drawn(&Picture::of_policy(&policy), format)?,
    };
    match &arguments.output {
        None => written(Exit::Success, out.write_all(&bytes)),
        Some(path) => {
            fs::write(path, bytes)?;
            Ok(Exit::Success)
        }
    }
}

/// As it is asked for, or as the name of the output says.
fn format(arguments: &Arguments) -> GraphFormat {
    let ending = arguments.output.as_ref().and_then(|path| path.extension());
    let by_name = ending.and_then(|ending| match ending.to_str()? {
        "mmd" => Some(GraphFormat::Mermaid),
        "gv" => Some(GraphFormat::Dot),
        ending => GraphFormat::from_str(ending, true).ok(),
    });
    arguments.format.or(by_name).unwrap_or(GraphFormat::Dot)
}

/// What is to be drawn in the place of the whole policy.
fn picture(arguments: &Arguments, policy: &Policy) -> Result<Option<Picture>, Stop> {
    if let Some(name) = &arguments.type_name {
        let unknown = || {
            report::question(&QueryError::unknown_type(policy.plan(), name));
            Stop::Told
        };
        return Picture::of_type(policy, name).ok_or_else(unknown).map(Some);
    }
    if arguments.world.is_empty() {
        return Ok(None);
    }
    let world = facts::world(policy.plan(), &arguments.world)?;
    let [subject, action, resource] = arguments.explain.as_slice() else {
        return Ok(Some(Picture::of_world(&world)));
    };
    let (subject, resource) = (
        parse_entity(subject).map_err(Stop::Input)?,
        parse_entity(resource).map_err(Stop::Input)?,
    );
    let ward = Evaluator::new(&world, arguments.now.unwrap_or_else(super::clock));
    let context = arguments.context.clone().unwrap_or_default();
    let wanted = Explain {
        all: false,
        changes: false,
    };
    let found = ward.explain(&subject, action, &resource, &context, wanted);
    let found = found.map_err(|error| {
        report::question(&error);
        Stop::Told
    })?;
    Ok(Some(Picture::of_explanation(&found, &world)))
}

fn drawn(picture: &Picture, format: GraphFormat) -> Result<Vec<u8>, Stop> {
    Ok(match format {
        GraphFormat::Svg | GraphFormat::Json => picture.to_svg().into_bytes(),
        #[cfg(feature = "png")]
        GraphFormat::Png => picture
            .to_png()
            .map_err(|error| Stop::Input(error.to_string()))?,
        GraphFormat::Dot => picture.to_dot().into_bytes(),
        GraphFormat::Mermaid => picture.to_mermaid().into_bytes(),
    })
}
