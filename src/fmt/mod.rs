//! The one style of policies and worlds.
//!
//! What is written anew are the tokens of a text, in their order, with every comment between the two
//! tokens between which it stood. The tree only says where a line may begin and which braces hold
//! lines; so nothing can be lost, and nothing can come to stand in another item.
//!
//! - `pieces`: tokens, and what stood between them
//! - `shape`: items, members, clauses and statements, as ranges of tokens
//! - `write`: lines
//! - `align`: columns of lines that read as a table

mod align;
mod pieces;
mod shape;
mod write;

use crate::diagnostic::Diagnostics;
use crate::source::{FileId, Sources};
use crate::syntax::{self, Token};
use pieces::Pieces;
use shape::Starts;

/// A line becomes no longer, if there is a place to break it.
const WIDTH: usize = 100;

/// What was written on one line in braces may be as long.
const ONE_LINE: usize = 110;

/// A step to the right.
const INDENT: usize = 4;

/// Writes a `.policy` file in the one style.
///
/// # Errors
///
/// The places at which the text cannot be read. Whether it means something is not asked.
pub fn policy(name: &str, text: &str) -> Result<String, Diagnostics> {
    let (sources, file) = source(name, text);
    let parsed = syntax::parse(file, text);
    if !parsed.diagnostics.is_empty() {
        return Err(Diagnostics::new(sources, parsed.diagnostics));
    }
    let pieces = Pieces::new(file, text, &parsed.tree.comments);
    let written = written(&pieces, &Starts::policy(&pieces, &parsed.tree));
    let again = syntax::parse(file, &written);
    let comments = again.tree.comments;
    let kept = again.diagnostics.is_empty() && pieces.same(&Pieces::new(file, &written, &comments));
    Ok(kept_or(kept, written, text))
}

/// Writes a `.world` file in the one style.
///
/// # Errors
///
/// The places at which the text cannot be read. Whether it means something is not asked.
pub fn world(name: &str, text: &str) -> Result<String, Diagnostics> {
    let (sources, file) = source(name, text);
    let parsed = syntax::parse_world(file, text);
    if !parsed.diagnostics.is_empty() {
        return Err(Diagnostics::new(sources, parsed.diagnostics));
    }
    let pieces = Pieces::new(file, text, &parsed.tree.comments);
    let written = written(&pieces, &Starts::world(&pieces, &parsed.tree));
    let again = syntax::parse_world(file, &written);
    let comments = again.tree.comments;
    let kept = again.diagnostics.is_empty() && pieces.same(&Pieces::new(file, &written, &comments));
    Ok(kept_or(kept, written, text))
}

fn source(name: &str, text: &str) -> (Sources, FileId) {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    (sources, file)
}

fn written(pieces: &Pieces<'_>, starts: &Starts) -> String {
    let entries = starts.entries(pieces);
    let mut lines = write::lines(pieces, &entries);
    align::align(&mut lines);
    write::text(&lines)
}

/// What was written, if it says the same as before; otherwise the text as it is.
fn kept_or(kept: bool, written: String, text: &str) -> String {
    debug_assert!(kept, "not the same:\n{text}\n----\n{written}");
    if kept { written } else { text.to_owned() }
}

/// Whether a token opens a bracket, or closes one.
fn bracket(token: &Token<'_>) -> Option<bool> {
    match token {
        Token::OpenBrace | Token::OpenParen | Token::OpenBracket => Some(true),
        Token::CloseBrace | Token::CloseParen | Token::CloseBracket => Some(false),
        _ => None,
    }
}
