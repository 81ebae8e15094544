//! `ward graph`

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Exit, Outcomes, Stop, input, written};
use crate::picture::Picture;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GraphFormat {
    Svg,
    #[cfg(feature = "png")]
    Png,
    Dot,
    Mermaid,
    Json,
}

/// Draw a policy, one type of it, a world, or why something is allowed or not
#[derive(Args)]
#[command(
    after_help = "Example:\n  ward graph app.policy -o app.svg\n  ward graph app.policy --type Doc --format mermaid"
)]
pub(super) struct Arguments {
    /// The policy: a file, or a directory with one policy in it
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only this type: where it stands, and what each role gives on it
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = GraphFormat::Dot)]
    format: GraphFormat,
    /// Where it is written [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, out: &mut dyn Write) -> Outcomes {
    let policy = input::policy(&arguments.path)?;
    let bytes = match arguments.format {
        GraphFormat::Json => format!("{}\n", policy.graph().to_json(policy.sources())).into_bytes(),
        format => {
            let picture = match &arguments.type_name {
                None => Picture::of_policy(&policy),
                Some(name) => Picture::of_type(&policy, name).ok_or_else(|| {
                    Stop::Input(format!("the policy has no type `{name}`"))
                })?,
            };
            drawn(&picture, format)?
        }
    };
    match &arguments.output {
        None => written(Exit::Success, out.write_all(&bytes)),
        Some(path) => {
            fs::write(path, bytes)?;
            Ok(Exit::Success)
        }
    }
}

fn drawn(picture: &Picture, format: GraphFormat) -> Result<Vec<u8>, Stop> {
    Ok(match format {
        GraphFormat::Svg | GraphFormat::Json => picture.to_svg().into_bytes(),
        #[cfg(feature = "png")]
        GraphFormat::Png => picture.to_png().map_err(|error| Stop::Input(error.to_string()))?,
        GraphFormat::Dot => picture.to_dot().into_bytes(),
        GraphFormat::Mermaid => picture.to_mermaid().into_bytes(),
    })
}
