//! `bidirectional-control`: signs that nobody sees, and that change what a reader reads.

use super::{Findings, Level, Rule, Subject};
use crate::lint::text::lines;

pub(super) static RULE: Rule = Rule {
    code: "N103",
    name: "bidirectional-control",
    level: Level::Deny,
    summary: "an unseen sign that turns text around or hides in it",
    page: include_str!("../../../docs/rules/bidirectional-control.md"),
    check,
};

fn check(subject: &Subject<'_>, found: &mut Findings) {
    for line in lines(subject) {
        let foreign = line.text.chars().any(is_written_leftwards);
        let mut before = None;
        let mut signs = line.text.char_indices().peekable();
        while let Some((at, sign)) = signs.next() {
            let behind = signs.peek().map(|(_, sign)| *sign);
            let word = match sign {
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                    Some("changes the direction in which a reader sees the text")
                }
                // In Hebrew or Arabic text these have their place.
                '\u{200e}' | '\u{200f}' | '\u{61c}' if !foreign => {
                    Some("changes the direction in which a reader sees the text")
                }
                '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{ad}' | '\u{180e}' | '\u{feff}' => {
                    Some("is not seen, and makes two texts differ that look the same")
                }
                // These join letters of other scripts, and pictures.
                '\u{200c}' | '\u{200d}' if is_plain(before) && is_plain(behind) => {
                    Some("is not seen, and makes two texts differ that look the same")
                }
                '\u{e0000}'..='\u{e007f}' => Some("is not seen, and can carry hidden words"),
                _ => None,
            };
            let first = line.begins_file && at == 0 && sign == '\u{feff}';
            before = Some(sign);
            if let Some(word) = word.filter(|_| !first) {
                found
                    .add(
                        line.span(at, sign.len_utf8()),
                        format!("the sign U+{:04X} {word}", u32::from(sign)),
                    )
                    .help(format!(
                        "remove it; where a text needs it, write `\\u{{{:x}}}`",
                        u32::from(sign)
                    ));
            }
        }
    }
}

fn is_plain(sign: Option<char>) -> bool {
    sign.is_none_or(|sign| sign.is_ascii())
}

/// Whether a letter belongs to a script that is written from right to left.
fn is_written_leftwards(sign: char) -> bool {
    matches!(sign, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
        && !matches!(sign, '\u{61c}')
}
