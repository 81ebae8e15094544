//! Runs the lexer over a whole file: tokens for the parser, comments and docs beside them, and
//! one report for each run of characters that no token begins with.

use std::collections::HashMap;

use logos::Logos;
use unicode_security::confusable_detection::skeleton;

use super::ast::Comment;
use super::token::{KEYWORDS, Token};
use super::{MAX_DEPTH, MAX_MISTAKES};
use crate::diagnostic::{Diagnostic, syntax as report};
use crate::source::{FileId, Span};

/// A token between its first byte and the byte after its last.
pub(super) type Spanned<'s> = (u32, Token<'s>, u32);

pub(super) struct Lexed<'s> {
    pub(super) tokens: Vec<Spanned<'s>>,
    pub(super) comments: Vec<Comment>,
    /// Doc comments by the first byte of the token that they stand before.
    pub(super) docs: HashMap<u32, String>,
    /// The brackets that are never closed, outermost first.
    pub(super) brackets: Vec<(u32, char)>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) too_deep: bool,
}

pub(super) fn lex(file: FileId, text: &str) -> Lexed<'_> {
    let mut out = Lexed {
        tokens: Vec::new(),
        comments: Vec::new(),
        docs: HashMap::new(),
        brackets: Vec::new(),
        diagnostics: Vec::new(),
        too_deep: false,
    };
    let mut doc: Vec<&str> = Vec::new();
    let mut lexer = Token::lexer(text);
    let mut pending = lexer.next().map(|token| (token, lexer.span()));
    while let Some((token, range)) = pending.take() {
        let (start, mut end) = (offset(range.start), offset(range.end));
        pending = lexer.next().map(|token| (token, lexer.span()));
        let mut token = token.unwrap_or(Token::Invalid);
        if token == Token::Invalid {
            // One report for the whole run, and none beyond what will be shown.
            let mut stop = range.end;
            while let Some((Err(()), next)) = &pending
                && next.start == stop
            {
                stop = next.end;
                pending = lexer.next().map(|token| (token, lexer.span()));
            }
            end = offset(stop);
            let run = text.get(range.start..stop).unwrap_or("");
            if run.chars().any(char::is_alphabetic) {
                let begin = match out.tokens.last() {
                    Some((before, Token::Identifier(_), to)) if *to == start => *before,
                    Some((before, word, to)) if *to == start && is_keyword(word) => *before,
                    _ => start,
                };
                if begin < start {
                    out.tokens.pop();
                }
                while let Some((Ok(next), range)) = &pending
                    && range.start == stop
                    && (matches!(next, Token::Identifier(_)) || is_keyword(next))
                {
                    stop = range.end;
                    end = offset(stop);
                    pending = lexer.next().map(|token| (token, lexer.span()));
                    while let Some((Err(()), next)) = &pending
                        && next.start == stop
                    {
                        stop = next.end;
                        end = offset(stop);
                        pending = lexer.next().map(|token| (token, lexer.span()));
                    }
                }
                let word = text.get(begin as usize..stop).unwrap_or("");
                token = strange_word(&mut out, Span::new(file, begin, end), word);
                out.tokens.push((begin, token, end));
                continue;
            }
            if out.diagnostics.len() <= MAX_MISTAKES {
                out.diagnostics
                    .push(report::unknown_character(Span::new(file, start, end), run));
            }
            continue;
        }
        match token {
            Token::Comment(content) => {
                match content.strip_prefix("///") {
                    Some(line) if !line.starts_with('/') => doc.push(line.trim()),
                    _ => doc.clear(),
                }
                out.comments.push(Comment {
                    span: Span::new(file, start, end),
                    text: content.trim_end().to_owned(),
                });
                continue;
            }
            Token::SingleQuoted(content) => {
                if out.diagnostics.len() <= MAX_MISTAKES {
                    let span = Span::new(file, start, end);
                    out.diagnostics.push(report::single_quotes(span));
                }
                token = Token::String(content);
            }
            Token::UnclosedString(content) => {
                if out.diagnostics.len() <= MAX_MISTAKES {
                    let span = Span::new(file, start, end);
                    out.diagnostics.push(report::unclosed_text(span));
                }
                // Read on as if it ended with the line.
                token = Token::String(content);
            }
            Token::OpenBrace | Token::OpenParen | Token::OpenBracket => {
                let sign = match token {
                    Token::OpenBrace => '{',
                    Token::OpenParen => '(',
                    _ => '[',
                };
                out.brackets.push((start, sign));
                if out.brackets.len() > MAX_DEPTH as usize {
                    let span = Span::new(file, start, end);
                    out.diagnostics.push(report::too_deep(span, MAX_DEPTH));
                    out.too_deep = true;
                    return out;
                }
            }
            Token::CloseBrace | Token::CloseParen | Token::CloseBracket => {
                out.brackets.pop();
            }
            _ => {}
        }
        if !doc.is_empty() {
            out.docs.insert(start, doc.join("\n"));
            doc.clear();
        }
        if token == Token::Identifier("most")
            && let Some((_, before @ Token::At, to)) = out.tokens.last_mut()
        {
            (*before, *to) = (Token::AtMost, end);
            continue;
        }
        out.tokens.push((start, token, end));
    }
    out
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn is_keyword(token: &Token<'_>) -> bool {
    let shown = token.to_string();
    KEYWORDS.iter().any(|word| {
        word.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
            && shown.trim_matches('`') == *word
    })
}

/// A word with letters that are not ASCII: reported, and then read as what it looks like.
fn strange_word<'s>(out: &mut Lexed<'s>, span: Span, word: &'s str) -> Token<'s> {
    // Letter by letter: the skeleton of a whole word would take ASCII letters apart too.
    let plain: String = word
        .chars()
        .flat_map(|c| {
            let alone = c.to_string();
            if c.is_ascii() {
                alone
            } else {
                skeleton(&alone).collect()
            }
            .chars()
            .collect::<Vec<_>>()
        })
        .collect();
    let plain = Some(plain).filter(|plain| {
        plain
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_')
            && !plain.is_empty()
    });
    let strange: Vec<char> = word.chars().filter(|c| !c.is_ascii()).collect();
    if out.diagnostics.len() <= MAX_MISTAKES {
        out.diagnostics
            .push(report::look_alike(span, word, &strange, plain.as_deref()));
    }
    match plain.as_deref().map(|plain| Token::lexer(plain).next()) {
        Some(Some(Ok(Token::Identifier(_)))) | None => Token::Identifier(word),
        // A keyword carries no text of the lexed word, so it may outlive it.
        Some(Some(Ok(keyword))) => KEYWORDS
            .iter()
            .find(|text| keyword.to_string().trim_matches('`') == **text)
            .and_then(|text| Token::lexer(text).next())
            .and_then(Result::ok)
            .unwrap_or(Token::Identifier(word)),
        _ => Token::Identifier(word),
    }
}
