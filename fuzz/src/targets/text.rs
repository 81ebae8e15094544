//! Text: bytes, words in any order, and the formatter.

use ward::syntax::{parse, parse_condition, parse_world};
use ward::{Diagnostics, FileId, Sources};

use super::POLICY;

/// Lexer and parser on bytes: there is an answer, and errors lie in the text.
pub fn bytes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = parse_world(FileId(0), &text);
    let _ = parse_condition(FileId(0), &text);
    compiles(&text);
}

/// Words of the language in any order: one byte, one word.
pub fn soup(data: &[u8]) {
    let words: Vec<&str> = POLICY.split_whitespace().collect();
    let mut text = String::new();
    for byte in data {
        match MORE_WORDS.get(usize::from(*byte)) {
            Some(word) => text.push_str(word),
            None => text.push_str(words[usize::from(*byte) % words.len()]),
        }
        text.push(' ');
    }
    let _ = parse_world(FileId(0), &text);
    compiles(&text);
}

/// What stands alone: signs, words that a policy begins with, and pieces that give a parser room.
const MORE_WORDS: [&str; 96] = [
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    ":",
    "?",
    "!",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "+",
    "-",
    "*",
    "|",
    "#",
    "@id(\"i\")",
    "@reason(\"r\")",
    "\n",
    "subject",
    "scope",
    "resource",
    "role",
    "actions",
    "relation",
    "share",
    "with",
    "level",
    "includes",
    "also",
    "and",
    "except",
    "requires",
    "for",
    "at",
    "most",
    "sees",
    "can",
    "when",
    "unless",
    "this",
    "permit",
    "forbid",
    "reveal",
    "hide",
    "to",
    "permissions",
    "context",
    "use",
    "test",
    "expect",
    "cannot",
    "see",
    "only",
    "no",
    "on",
    "remove",
    "until",
    "is",
    "of",
    "in",
    "many",
    "anyone",
    "principal",
    "resource.owner",
    "now",
    "if",
    "then",
    "else",
    "has",
    "like",
    "true",
    "false",
    "1",
    "0.5",
    "2h",
    "2000-01-01",
    "\"text\"",
    "ip(\"10.0.0.0/8\")",
    "User:u0",
    "Doc:d0",
    "Set of",
    "visible by",
    "acts for",
    "within",
    "overrides",
    "custom roles from",
];

/// Compiles; every error is told with a place that lies in the text.
fn compiles(text: &str) {
    let mut sources = Sources::new();
    let file = sources.add("fuzz.policy", text);
    let _ = parse(file, text);
    match ward::compile(&sources) {
        Ok(_) => assert_eq!(plan(text), plan(text), "the same text, another plan"),
        Err(errors) => told(&errors, text),
    }
}

fn told(errors: &Diagnostics, text: &str) {
    assert!(errors.iter().count() > 0, "refused without an error");
    for error in errors.iter() {
        let span = error.span();
        assert!(span.start <= span.end && span.end as usize <= text.len());
        assert!(text.is_char_boundary(span.start as usize));
        assert!(text.is_char_boundary(span.end as usize));
        assert!(!error.message.is_empty());
    }
}

/// The formatter: what was parsed is formatted, twice is as once, and the plan is the same.
pub fn format(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(once) = ward::fmt::policy("fuzz.policy", &text) {
        let twice = ward::fmt::policy("fuzz.policy", &once).expect("what was formatted parses");
        assert_eq!(once, twice, "twice is not as once");
        assert_eq!(plan(&text), plan(&once), "another plan");
    }
    if let Ok(once) = ward::fmt::world("fuzz.world", &text) {
        let twice = ward::fmt::world("fuzz.world", &once).expect("what was formatted parses");
        assert_eq!(once, twice, "twice is not as once");
    }
}

/// A plan, but for where in the text its clauses stand; nothing where the text does not compile.
fn plan(text: &str) -> Option<serde_json::Value> {
    let policy = ward::compile(&Sources::new().with("fuzz.policy", text)).ok()?;
    let mut plan = serde_json::to_value(policy.plan().as_ref()).expect("a plan is written");
    strip(&mut plan);
    Some(plan)
}

fn strip(value: &mut serde_json::Value) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            for place in ["text", "line", "column"] {
                map.remove(place);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(list) => list.iter_mut().for_each(strip),
        _ => {}
    }
}
