//! `ward ask --batch`: many questions, a line each, answered in order.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Audience, Exit, Outcomes, Stop, input};
use crate::eval::{ConditionError, Context, Evaluator, Outcome, QueryError};
use crate::literal::EntityName;
use crate::plan::Value;

/// How many bytes a line may have.
const LINE_LIMIT: u64 = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a question as an object")]
struct Question {
    subject: String,
    action: String,
    resource: String,
    #[serde(default)]
    context: Option<Value>,
}

#[derive(Serialize)]
struct Answer<'q> {
    #[serde(flatten)]
    question: Option<Asked<'q>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Problem>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ConditionError>,
}

#[derive(Serialize)]
struct Asked<'q> {
    subject: &'q str,
    action: &'q str,
    resource: &'q str,
}

#[derive(Serialize)]
struct Problem {
    line: usize,
    code: &'static str,
    message: String,
    help: String,
}

impl Problem {
    fn new(line: usize, code: &'static str, message: impl Into<String>, help: &str) -> Self {
        Self {
            line,
            code,
            message: message.into(),
            help: help.to_owned(),
        }
    }

    fn query(line: usize, error: &QueryError) -> Self {
        Self::new(line, error.code(), error.message(), error.help())
    }
}

const FORM: &str = "write {\"subject\": \"User:alice\", \"action\": \"Volume.view\", \"resource\": \"Volume:data\"}";

/// Answers the questions of a file, or of standard input for `-`.
pub(super) fn run(
    ward: &Evaluator<'_>,
    file: &Path,
    shared: Option<&Context>,
    audience: Audience,
    out: &mut dyn Write,
) -> Outcomes {
    let mut input: Box<dyn BufRead> = if input::is_stdin(file) {
        Box::new(input::take_stdin()?)
    } else if file.is_dir() {
        // It can be opened, and what then fails names no file.
        let said = format!("cannot read `{}`: it is a directory", file.display());
        return Err(Stop::Input(said));
    } else {
        let opened = File::open(file)
            .map_err(|error| Stop::Input(format!("cannot read `{}`: {error}", file.display())))?;
        Box::new(BufReader::new(opened))
    };
    match answer_batch(ward, &mut *input, shared, audience, out)? {
        true => Ok(Exit::Success),
        false => Ok(Exit::Failure),
    }
}

/// Answers the questions of `input`, a line each; whether each line was one.
///
/// # Errors
///
/// What is read from or written to says so.
pub fn answer_batch(
    ward: &Evaluator<'_>,
    mut input: &mut dyn BufRead,
    shared: Option<&Context>,
    audience: Audience,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let mut out = io::BufWriter::new(out);
    let mut all = true;
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if (&mut input)
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut bytes)?
            == 0
        {
            break;
        }
        let whole = bytes.ends_with(b"\n") || (bytes.len() as u64) < LINE_LIMIT;
        if !whole {
            skip_line(input)?;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let answered = if whole {
            answer(ward, line, &bytes, shared, audience, &mut out)?
        } else {
            let problem = Problem::new(line, "E0610", "the line is longer than 1 MiB", FORM);
            write_answer(&mut out, None, Err(problem))?
        };
        all &= answered;
    }
    out.flush()?;
    Ok(all)
}

/// Reads on to the end of a line without keeping it.
fn skip_line(input: &mut dyn BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let (used, done) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (buffer.len(), false),
        };
        input.consume(used);
        if done {
            return Ok(());
        }
    }
}

/// Answers one line; whether it was a question.
fn answer(
    ward: &Evaluator<'_>,
    line: usize,
    bytes: &[u8],
    shared: Option<&Context>,
    audience: Audience,
    out: &mut impl Write,
) -> io::Result<bool> {
    let question: Question = match serde_json::from_slice(bytes) {
        Ok(question) => question,
        Err(error) => {
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            let problem = Problem::new(line, "E0610", format!("this is no question: {said}"), FORM);
            return write_answer(out, None, Err(problem));
        }
    };
    let asked = Asked {
        subject: &question.subject,
        action: &question.action,
        resource: &question.resource,
    };
    let mut decided = decide(ward, line, &question, shared);
    if let (Ok((_, errors)), Audience::Subject) = (&mut decided, audience) {
        errors.clear();
    }
    write_answer(out, Some(asked), decided)
}

fn decide(
    ward: &Evaluator<'_>,
    line: usize,
    question: &Question,
    shared: Option<&Context>,
) -> Result<(Outcome, Vec<ConditionError>), Problem> {
    let entity = |text: &str| {
        text.parse::<EntityName>().map_err(|error| {
            Problem::new(
                line,
                "E0611",
                error.to_string(),
                "write an entity as `Type:id`",
            )
        })
    };
    let (subject, resource) = (entity(&question.subject)?, entity(&question.resource)?);
    let context = match (&question.context, shared) {
        (Some(value), _) => {
            Context::try_from(value.clone()).map_err(|error| Problem::query(line, &error))?
        }
        (None, Some(shared)) => shared.clone(),
        (None, None) => Context::default(),
    };
    let decision = ward
        .check(&subject, &question.action, &resource, &context)
        .map_err(|error| Problem::query(line, &error))?;
    Ok((decision.outcome, decision.into_errors()))
}

fn write_answer(
    out: &mut impl Write,
    question: Option<Asked<'_>>,
    decided: Result<(Outcome, Vec<ConditionError>), Problem>,
) -> io::Result<bool> {
    let mut answer = Answer {
        question,
        outcome: None,
        error: None,
        errors: Vec::new(),
    };
    match decided {
        Ok((outcome, errors)) => {
            answer.outcome = Some(outcome);
            answer.errors = errors;
        }
        Err(problem) => answer.error = Some(problem),
    }
    serde_json::to_writer(&mut *out, &answer).map_err(io::Error::from)?;
    writeln!(out)?;
    Ok(answer.error.is_none())
}
