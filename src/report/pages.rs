//! Pages: their frame, the overview, and the tables.

use std::fmt::Write;

use super::attention::Attention;
use super::proofs::Proofs;
use super::{Entry, File, Site};
use crate::eval::QueryError;
use crate::literal::format_datetime;
use crate::markup::{html, slug};
use crate::matrix::{RoleMatrix, STYLE, WorldTable, legend, role_table, world_table};
use crate::picture::Picture;

const SITE_STYLE: &str = include_str!("site.css");
const SCRIPT: &str = include_str!("site.js");

/// The pages that stand in the head of each.
const PAGES: [(&str, &str); 5] = [
    ("index.html", "Overview"),
    ("attention.html", "Attention"),
    ("access.html", "Access"),
    ("roles.html", "Roles"),
    ("policy.html", "Policy"),
];

impl Site<'_> {
    /// A page with its head, its search and its foot.
    pub(super) fn page(&self, name: &str, title: &str, body: &str) -> File {
        let (site, heading) = (html(&self.title), html(title));
        let mut nav = String::new();
        for (to, word) in PAGES {
            let here = if to == name {
                " aria-current=\"page\""
            } else {
                ""
            };
            let _ = write!(nav, "<a href=\"{to}\"{here}>{word}</a>");
        }
        let at = html(&format_datetime(self.now));
        let text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<title>{heading} · {site}</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"style.css\">\n<script src=\"search.js\" defer></script>\n</head>\n<body>\n\
<a class=\"skip\" href=\"#main\">Skip to content</a>\n<header>\n<div class=\"bar\">\n<a class=\"brand\" href=\"index.html\">{site}</a>\n<nav aria-label=\"Pages\">{nav}</nav>\n\
<div class=\"search\" role=\"search\"><input id=\"search\" type=\"search\" placeholder=\"Search ( / )\" aria-label=\"Search\" autocomplete=\"off\" role=\"combobox\" aria-expanded=\"false\" aria-controls=\"found\">\
<ul id=\"found\" hidden></ul></div>\n</div>\n</header>\n<main id=\"main\" tabindex=\"-1\">\n<h1>{heading}</h1>\n{body}</main>\n<footer>Answers as of {at}. Written by <code>ward report</code>.</footer>\n</body>\n</html>\n"
        );
        File {
            name: name.to_owned(),
            text,
        }
    }

    pub(super) fn entry(
        &mut self,
        kind: &'static str,
        text: impl Into<String>,
        to: impl Into<String>,
    ) {
        self.entries.push(Entry {
            kind,
            text: text.into(),
            to: to.into(),
        });
    }

    /// The script with all that can be searched for.
    pub(super) fn search(&self) -> File {
        let entries = serde_json::to_string(&self.entries).unwrap_or_default();
        File {
            name: "search.js".to_owned(),
            text: format!(
                "const ENTRIES = {};\n{SCRIPT}",
                entries.replace('<', "\\u003c")
            ),
        }
    }
}

pub(super) fn style() -> File {
    File {
        name: "style.css".to_owned(),
        text: format!("{SITE_STYLE}\n{STYLE}"),
    }
}

fn figure(picture: &Picture) -> String {
    format!(
        "<figure class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">\n{}</figure>\n",
        html(&picture.title),
        picture.to_svg()
    )
}

/// The first page: what deserves attention, and the policy as a picture.
pub(super) fn overview(site: &Site<'_>, attention: &Attention, picture: &Picture) -> String {
    let mut out = String::from("<ul class=\"tiles\">\n");
    for (anchor, count, text) in &attention.counts {
        let calm = if *count == 0 { " class=\"calm\"" } else { "" };
        let _ = writeln!(
            out,
            "<li{calm}><a href=\"attention.html#{anchor}\"><b>{count}</b> {}</a></li>",
            html(text)
        );
    }
    out.push_str("</ul>\n<h2 id=\"picture\">The policy</h2>\n");
    out.push_str(&figure(picture));
    out.push_str("<h2 id=\"world\">The world</h2>\n");
    out.push_str(&figure(&Picture::of_world(site.world)));
    out
}

/// What each role gives.
pub(super) fn roles(site: &mut Site<'_>, matrix: &RoleMatrix) -> String {
    let mut out = legend();
    out.push_str(&contents(
        matrix.tables.iter().map(|table| table.type_name.as_str()),
    ));
    for table in &matrix.tables {
        let id = slug(&table.type_name);
        site.entry(
            "table",
            format!("{}: what each role gives", table.type_name),
            format!("roles.html#{id}"),
        );
        let _ = writeln!(out, "<h2 id=\"{id}\">{}</h2>", html(&table.type_name));
        out.push_str(&role_table(table));
    }
    out
}

/// The headings of a page.
pub(super) fn contents<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let links =
        names.map(|name| format!("<li><a href=\"#{}\">{}</a></li>", slug(name), html(name)));
    format!(
        "<ul class=\"contents\">{}</ul>\n",
        links.collect::<String>()
    )
}

/// Who may do what in the world, each cell with its proof.
pub(super) fn access(
    site: &mut Site<'_>,
    tables: &[WorldTable],
    proofs: &mut Proofs,
) -> Result<String, QueryError> {
    let mut out = String::from(
        "<p>A cell says what the subject may do: <b>all</b> of the actions, those that are named, or only <b>sees</b>. \
Empty: does not see it. <b>?</b>: a condition could not be read, and gave nothing. Each leads to its proof.</p>\n",
    );
    if tables.is_empty() {
        out.push_str("<p>The world has no scopes and no resources.</p>\n");
    }
    out.push_str(&contents(
        tables.iter().map(|table| table.type_name.as_str()),
    ));
    for table in tables {
        let id = slug(&table.type_name);
        site.entry(
            "table",
            format!("{}: who may do what", table.type_name),
            format!("access.html#{id}"),
        );
        let _ = writeln!(out, "<h2 id=\"{id}\">{}</h2>", html(&table.type_name));
        let mut links = Vec::new();
        for (subject, answers) in table.subjects.iter().zip(&table.cells) {
            let mut row = Vec::new();
            for (resource, answer) in table.resources.iter().zip(answers) {
                let mut to = None;
                if answer.sees {
                    // What is only seen is proved by any action.
                    let seen = table
                        .actions
                        .iter()
                        .take(usize::from(answer.actions.is_empty()));
                    for action in answer.actions.iter().chain(seen) {
                        let found = proofs.link(site, subject, action, resource)?;
                        to = to.or(found);
                    }
                }
                row.push(to);
            }
            links.push(row);
        }
        let link = |row: usize, column: usize| links.get(row)?.get(column)?.clone();
        out.push_str(&world_table(table, link));
    }
    Ok(out)
}
