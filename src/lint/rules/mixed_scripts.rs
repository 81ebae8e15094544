//! `mixed-scripts`: a word with letters of another script that look like its own.

use unicode_security::skeleton;

use super::{Findings, Level, Rule, Subject};
use crate::lint::text::lines;

pub(super) static RULE: Rule = Rule {
    code: "N104",
    name: "mixed-scripts",
    level: Level::Warn,
    summary: "a word with letters of another script that look like its own",
    page: include_str!("../../../docs/rules/mixed-scripts.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for line in lines(subject) {
        let mut start = 0;
        for word in line.text.split(|sign: char| !sign.is_alphanumeric()) {
            if let Some(sign) = disguised(word) {
                let look: String = skeleton(&sign.to_string()).collect();
                found
                    .add(
                        line.span(start, word.len()),
                        format!(
                            "`{word}` has a letter of another script: U+{:04X}, which looks like `{look}`",
                            u32::from(sign)
                        ),
                    )
                    .help("write the word again, in one script");
            }
            let rest = line.text.get(start + word.len()..).unwrap_or("");
            start += word.len() + rest.chars().next().map_or(0, char::len_utf8);
        }
    }
}

/// Whether some word of a text is found.
pub(super) fn is_mixed(text: &str) -> bool {
    let mut words = text.split(|sign: char| !sign.is_alphanumeric());
    words.any(|word| disguised(word).is_some())
}

/// A letter that is not of the word's script and looks like one that is: the word is one of plain
/// letters but for some.
fn disguised(word: &str) -> Option<char> {
    let plain = word.chars().filter(char::is_ascii_alphabetic).count();
    let mut foreign = word.chars().filter(|sign| !sign.is_ascii());
    if plain < 2 || word.is_ascii() {
        return None;
    }
    foreign.find(|sign| {
        let mut look = skeleton(&sign.to_string()).collect::<String>();
        let first = look.pop();
        // `é` is a letter of the same script, and looks like nothing else.
        look.is_empty() && first.is_some_and(|look| look.is_ascii_alphabetic())
    })
}
