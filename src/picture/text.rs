//! Pictures as DOT and as Mermaid, for programs that lay them out themselves.

use std::fmt::Write;

use super::{Card, CardKind, LinkKind, Picture};

impl Picture {
    /// The picture for Graphviz.
    pub fn to_dot(&self) -> String {
        let mut out = String::from(
            "digraph ward {\n  rankdir=RL;\n  node [shape=record, fontname=\"monospace\", style=filled];\n",
        );
        for (number, card) in self.cards.iter().enumerate() {
            let fill = match card.kind {
                CardKind::Subject => "#ece3fa",
                CardKind::Scope => "#dce8fb",
                CardKind::Resource => "#e1f2e6",
                CardKind::Rules => "#f6ead9",
                CardKind::Answer => "#e4e7ee",
            };
            let mut label = escaped(&heading(card));
            if !card.rows.is_empty() {
                label.push('|');
            }
            for row in &card.rows {
                let _ = write!(
                    label,
                    "{}{}\\l",
                    "\\ \\ ".repeat(row.depth),
                    escaped(&row.text)
                );
            }
            let _ = writeln!(
                out,
                "  n{number} [label=\"{{{label}}}\", fillcolor=\"{fill}\"];"
            );
        }
        for link in &self.links {
            let style = match link.kind {
                LinkKind::In => "",
                LinkKind::Member => ", color=\"#8f74c9\"",
                LinkKind::Holds => ", color=\"#5d6b85\"",
                LinkKind::Share => ", style=dashed, color=\"#7b4fb5\", constraint=false",
                LinkKind::Override => ", style=dotted, color=\"#b96d00\", constraint=false",
                LinkKind::Decided => ", style=bold, color=\"#128a4a\"",
                LinkKind::Missing => ", style=dashed, color=\"#d0342c\"",
            };
            let word = link.kind.word();
            let _ = writeln!(
                out,
                "  n{} -> n{} [tooltip=\"{word}\"{style}];",
                link.from, link.to
            );
        }
        out.push_str("}\n");
        out
    }

    /// The picture for Markdown pages that draw Mermaid.
    pub fn to_mermaid(&self) -> String {
        let mut out = String::from("flowchart RL\n");
        for (number, card) in self.cards.iter().enumerate() {
            let (open, close) = match card.kind {
                CardKind::Subject => ("([", "])"),
                CardKind::Scope => ("[[", "]]"),
                _ => ("[", "]"),
            };
            let mut label = format!("<b>{}</b>", quoted(&heading(card)));
            for row in &card.rows {
                let _ = write!(
                    label,
                    "<br/>{}{}",
                    "#nbsp;#nbsp;".repeat(row.depth),
                    quoted(&row.text)
                );
            }
            let _ = writeln!(out, "  n{number}{open}\"{label}\"{close}");
        }
        for (number, link) in self.links.iter().enumerate() {
            let arrow = match link.kind {
                LinkKind::Share | LinkKind::Override => "-.->",
                LinkKind::Decided => "==>",
                _ => "-->",
            };
            let word = link.kind.word();
            let _ = writeln!(out, "  n{} {arrow}|{word}| n{}", link.from, link.to);
            if link.kind == LinkKind::Missing {
                let _ = writeln!(
                    out,
                    "  linkStyle {number} stroke:#d0342c,stroke-dasharray:7 4"
                );
            }
        }
        out
    }
}

fn heading(card: &Card) -> String {
    match card.kind {
        CardKind::Rules | CardKind::Answer => card.title.clone(),
        kind => format!("{} {}", kind.word(), card.title),
    }
}

/// Text in the label of a record.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for sign in text.chars() {
        match sign {
            '\n' => safe.push(' '),
            '\\' => safe.push_str("\\\\\\\\"),
            '"' => safe.push_str("\\\""),
            '{' | '}' | '|' | '<' | '>' => {
                safe.push('\\');
                safe.push(sign);
            }
            other => safe.push(other),
        }
    }
    safe
}

/// Text in a label of Mermaid, which has entities of its own.
fn quoted(text: &str) -> String {
    let mut safe = String::new();
    for sign in text.chars() {
        match sign {
            '\n' => safe.push(' '),
            '"' | '<' | '>' | '&' | '#' | '`' | '*' | '_' | '\\' | ';' => {
                let _ = write!(safe, "#{};", u32::from(sign));
            }
            other => safe.push(other),
        }
    }
    safe
}
