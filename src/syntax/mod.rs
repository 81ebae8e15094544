//! From text to a syntax tree: the logos lexer and the lalrpop parser behind one [`parse`].
//!
//! The grammar stands in `grammar/ward.lalrpop`. Mistakes are collected, and a broken item does not
//! hide the ones in the next.

pub mod ast;
mod build;
mod lex;
mod recover;
mod token;

use crate::diagnostic::{Diagnostic, syntax as report};
use crate::source::{FileId, Span};
use ast::{Expr, PolicyFile, WorldFile};
use build::{Builder, Root};
pub(crate) use token::Token;

#[allow(
    clippy::all,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unused,
    unreachable_pub,
    reason = "generated"
)]
mod grammar {
    lalrpop_util::lalrpop_mod!(ward);
    pub(super) use self::ward::FileParser;
}

/// How deep brackets and conditions may nest.
pub const MAX_DEPTH: u32 = 256;

/// How many parts one `&&`, `||`, set or call may have.
pub const MAX_PARTS: usize = 4096;

/// How many mistakes in one file are told before the rest is left out.
pub const MAX_MISTAKES: usize = 100;

/// How many bytes one file may have.
pub const MAX_BYTES: usize = 1 << 30;

/// What came of a text: a tree of what could be read, and what is wrong with the rest.
#[derive(Clone, Debug)]
pub struct Parsed<T> {
    /// The tree.
    pub tree: T,
    /// The mistakes, in the order in which they were met.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a policy file.
pub fn parse(file: FileId, text: &str) -> Parsed<PolicyFile> {
    let (root, comments, diagnostics) = run(file, text, Token::StartPolicy);
    let items = match root {
        Root::Policy(items) => items,
        _ => Vec::new(),
    };
    Parsed {
        tree: PolicyFile {
            file,
            items,
            comments,
        },
        diagnostics,
    }
}

/// Reads a world file: facts and nothing else.
pub fn parse_world(file: FileId, text: &str) -> Parsed<WorldFile> {
    let (root, comments, diagnostics) = run(file, text, Token::StartWorld);
    let facts = match root {
        Root::World(facts) => facts,
        _ => Vec::new(),
    };
    Parsed {
        tree: WorldFile {
            file,
            facts,
            comments,
        },
        diagnostics,
    }
}

/// Reads one condition or value.
pub fn parse_condition(file: FileId, text: &str) -> Parsed<Option<Expr>> {
    let (root, _, diagnostics) = run(file, text, Token::StartCondition);
    let tree = match root {
        Root::Condition(expr) => expr,
        _ => None,
    };
    Parsed { tree, diagnostics }
}

/// The tokens of a text, each between its first byte and the byte after its last.
pub(crate) fn tokens(file: FileId, text: &str) -> Vec<(u32, Token<'_>, u32)> {
    lex::lex(file, text).tokens
}

fn run(file: FileId, text: &str, start: Token<'_>) -> (Root, Vec<ast::Comment>, Vec<Diagnostic>) {
    if text.len() > MAX_BYTES {
        let error = report::too_large(Span::new(file, 0, 0));
        return (Root::empty(&start), Vec::new(), vec![error]);
    }
    let lexed = lex::lex(file, text);
    let mut builder = Builder::new(file, lexed.docs);
    builder.diagnostics = lexed.diagnostics;
    let root = if lexed.too_deep {
        Root::empty(&start)
    } else {
        recover::parse(text, start, lexed.tokens, &mut builder)
    };
    let mut diagnostics = builder.diagnostics;
    // What is parsed again is reported again; and of several mistakes at one place the first tells.
    diagnostics.sort_by_key(Diagnostic::span);
    diagnostics.dedup_by_key(|diagnostic| diagnostic.span());
    if let Some(last) = diagnostics.get(MAX_MISTAKES).map(Diagnostic::span) {
        diagnostics.truncate(MAX_MISTAKES);
        diagnostics.push(report::too_many(last, MAX_MISTAKES));
    }
    (root, lexed.comments, diagnostics)
}
