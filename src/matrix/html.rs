//! Tables as HTML.

use std::fmt::Write;

use super::world::LEGEND as WORLD_LEGEND;
use super::{Cell, LEGEND, RULES, RoleMatrix, RoleTable, RowKind, State, WorldTable};
use crate::markup::{html, slug};

/// How tables look, for pages that have some.
pub(crate) const STYLE: &str = include_str!("matrix.css");

const HEAD: &str = "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">";

const PAGE: &str = ":root { color-scheme: light dark; }\nbody { font: 15px/1.5 system-ui, sans-serif; \
margin: 2rem auto; max-width: 85rem; padding: 0 1rem; overflow-wrap: anywhere; }\n";

fn page(title: &str, body: &str) -> String {
    let title = html(title);
    format!(
        "{HEAD}<title>{title}</title>\n<style>\n{PAGE}{STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n{body}</body></html>\n"
    )
}

impl RoleMatrix {
    /// The tables as one page that needs nothing beside itself.
    pub fn to_html(&self) -> String {
        let mut body = legend();
        for table in &self.tables {
            let (id, name) = (slug(&table.type_name), html(&table.type_name));
            let _ = writeln!(body, "<h2 id=\"{id}\">{name}</h2>");
            body.push_str(&role_table(table));
        }
        page("What each role gives", &body)
    }
}

impl WorldTable {
    /// Tables as one page that needs nothing beside itself.
    pub fn to_html(tables: &[Self]) -> String {
        let mut body = format!("<p>{}</p>\n", html(WORLD_LEGEND));
        for table in tables {
            let (id, name) = (slug(&table.type_name), html(&table.type_name));
            let _ = writeln!(body, "<h2 id=\"{id}\">{name}</h2>");
            body.push_str(&world_table(table, |_, _| None));
        }
        page("Who may do what", &body)
    }
}

/// What the cells in tables of roles mean.
pub(crate) fn legend() -> String {
    let mut out = String::from("<ul class=\"legend\">\n");
    for (state, text) in LEGEND {
        let _ = writeln!(out, "<li>{} {}</li>", mark(state), html(text));
    }
    let _ = writeln!(out, "</ul>\n<p>{}</p>", html(RULES));
    out
}

fn mark(state: State) -> String {
    let word = state.word();
    format!("<span class=\"mark {word}\">{word}</span>")
}

fn cell(cell: &Cell) -> String {
    let conditions = match cell.conditions() {
        none if none.is_empty() => none,
        some => format!("<code>{}</code>", html(&some)),
    };
    let word = cell.state.word();
    format!("<td class=\"{word}\">{}{conditions}</td>", mark(cell.state))
}

/// One table of roles, which scrolls by itself where it is wide.
pub(crate) fn role_table(table: &RoleTable) -> String {
    let mut out = String::new();
    let label = html(&format!("What each role gives on {}", table.type_name));
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table class=\"matrix\">\n<thead><tr><th scope=\"col\">role</th><th scope=\"col\">sees</th>"
    );
    for action in &table.actions {
        let _ = write!(out, "<th scope=\"col\">{}</th>", html(action));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        let (kind, name) = match row.kind {
            RowKind::Role => ("role", html(&row.name)),
            RowKind::Level => ("level", html(&row.name)),
            RowKind::Rule => ("rule", format!("<code>{}</code>", html(&row.name))),
        };
        let notes = match row.notes.join("; ") {
            none if none.is_empty() => none,
            notes => format!("<small>{}</small>", html(&notes)),
        };
        let _ = write!(
            out,
            "<tr class=\"{kind}\"><th scope=\"row\">{name}{notes}</th>"
        );
        out.push_str(&cell(&row.sees));
        out.extend(row.cells.iter().map(cell));
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    out
}

/// One table of a world; `link` says where a cell leads to, by the number of its row and column.
pub(crate) fn world_table(
    table: &WorldTable,
    link: impl Fn(usize, usize) -> Option<String>,
) -> String {
    let mut out = String::new();
    let label = html(&format!("Who may do what on {}", table.type_name));
    let _ = write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table class=\"matrix\">\n<thead><tr><th scope=\"col\">subject</th>"
    );
    for resource in &table.resources {
        let _ = write!(out, "<th scope=\"col\">{}</th>", html(table.bare(resource)));
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (row, (subject, answers)) in table.subjects.iter().zip(&table.cells).enumerate() {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", html(subject));
        for (column, answer) in answers.iter().enumerate() {
            let class = match answer {
                answer if !answer.sees => "never",
                answer if answer.actions.is_empty() => "conditional",
                _ => "allowed",
            };
            let words = html(&table.short(answer));
            let words = match link(row, column) {
                Some(to) if !words.is_empty() => format!("<a href=\"{}\">{words}</a>", html(&to)),
                _ => words,
            };
            let _ = write!(out, "<td class=\"{class}\">{words}</td>");
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
    if let Some(left) = table.left_out() {
        let _ = writeln!(out, "<p class=\"left\">{}</p>", html(&left));
    }
    out
}
