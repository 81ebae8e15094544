//! An explanation as Markdown: the same lines, as a list.

use super::lines::{Line, Part};
use super::told::Told;
use super::types::Explanation;

impl Explanation {
    /// The explanation as a list in Markdown.
    pub fn to_markdown(&self) -> String {
        markdown(&self.lines())
    }
}

impl Told {
    /// What the subject may be told, in Markdown.
    pub fn to_markdown(&self) -> String {
        markdown(&self.lines())
    }
}

fn markdown(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        match line.depth {
            0 => {}
            depth => text.push_str(&format!("{}- ", "  ".repeat(depth - 1))),
        }
        for (part, said) in &line.parts {
            match part {
                Part::Words => text.push_str(&escaped(said)),
                Part::Fact | Part::Clause => text.push_str(&code(said)),
                Part::Place => text.push_str(&escaped(said)),
            }
        }
        text.push('\n');
        if line.depth == 0 {
            text.push('\n');
        }
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// Text in a fence that is longer than every one in it.
fn code(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for sign in text.chars() {
        run = if sign == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    let room = if longest > 0 { " " } else { "" };
    format!("{fence}{room}{}{room}{fence}", text.replace('\n', " "))
}

/// Text in which no sign means more than itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        if matches!(
            sign,
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '&'
        ) {
            escaped.push('\\');
        }
        escaped.push(if sign == '\n' { ' ' } else { sign });
    }
    escaped
}
