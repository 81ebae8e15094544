//! The policy in the words of its authors: what is declared, with its doc comments.

use std::fmt::Write;

use super::Site;
use super::pages::contents;
use crate::markup::{html, slug};
use crate::source::Span;
use crate::syntax::ast::{Item, Member, RoleClause, TypeDecl};

pub(super) fn body(site: &mut Site<'_>) -> String {
    let policy = site.policy;
    let items: Vec<&Item> = policy.files.iter().flat_map(|file| &file.items).collect();
    let types: Vec<&TypeDecl> = items
        .iter()
        .filter_map(|item| match item {
            Item::Type(ty) => Some(ty),
            _ => None,
        })
        .collect();
    let mut out = contents(
        types
            .iter()
            .map(|ty| ty.name.name.as_str())
            .chain(["Rules"]),
    );
    for ty in types {
        type_section(site, &mut out, ty);
    }
    out.push_str("<h2 id=\"Rules\">Rules</h2>\n");
    let mut rules = 0;
    for item in items {
        if let Item::Rule(rule) = item {
            rules += 1;
            let _ = writeln!(
                out,
                "<pre class=\"clause\">{}</pre>",
                html(&text(site, rule.span))
            );
        }
    }
    if rules == 0 {
        out.push_str("<p>The policy has none.</p>\n");
    }
    out
}

/// The text of a clause, its lines as they are.
fn text(site: &Site<'_>, span: Span) -> String {
    let words = site.policy.sources().text(span).split_whitespace();
    words.collect::<Vec<_>>().join(" ")
}

fn place(site: &Site<'_>, span: Span) -> String {
    let (file, at) = site.policy.sources().locate(span);
    format!("<span class=\"place\">{}:{}</span>", html(file), at.line)
}

fn documented(out: &mut String, doc: Option<&String>) {
    if let Some(doc) = doc {
        let _ = writeln!(out, "<p class=\"doc\">{}</p>", html(doc.trim()));
    }
}

fn type_section(site: &mut Site<'_>, out: &mut String, ty: &TypeDecl) {
    let name = &ty.name.name;
    let id = slug(name);
    let kind = match ty.kind {
        crate::plan::TypeKind::Subject => "subject",
        crate::plan::TypeKind::Scope => "scope",
        crate::plan::TypeKind::Resource => "resource",
    };
    site.entry(kind, name.clone(), format!("policy.html#{id}"));
    let _ = writeln!(
        out,
        "<section><h2 id=\"{id}\">{} <small>{kind} {}</small></h2>",
        html(name),
        place(site, ty.name.span)
    );
    documented(out, ty.doc.as_ref());
    let mut actions = String::new();
    for member in &ty.body {
        let Member::Actions(declared) = member else {
            continue;
        };
        for action in declared {
            let dangerous = action
                .marks
                .iter()
                .any(|mark| mark.name.name == "dangerous");
            let mark = if dangerous {
                " <span class=\"outcome forbidden\">dangerous</span>"
            } else {
                ""
            };
            let doc = action
                .doc
                .as_ref()
                .map(|doc| format!(" {}", html(doc.trim())));
            let _ = write!(
                actions,
                "<li><code>{}</code>{mark}{}</li>",
                html(&action.name.name),
                doc.unwrap_or_default()
            );
            site.entry(
                "action",
                format!("{name}.{}", action.name.name),
                format!("policy.html#{id}"),
            );
        }
    }
    if !actions.is_empty() {
        let _ = writeln!(out, "<ul class=\"actions\">{actions}</ul>");
    }
    for member in &ty.body {
        match member {
            Member::Role(role) => {
                let role_id = format!("{id}--{}", slug(&role.name.name));
                site.entry(
                    "role",
                    format!("{} of {name}", role.name.name),
                    format!("policy.html#{role_id}"),
                );
                let marks: Vec<String> = role
                    .marks
                    .iter()
                    .map(|mark| format!(" @{}", mark.name.name))
                    .collect();
                let _ = writeln!(
                    out,
                    "<h3 id=\"{role_id}\">role {}{} <small>{}</small></h3>",
                    html(&role.name.name),
                    html(&marks.join("")),
                    place(site, role.name.span)
                );
                documented(out, role.doc.as_ref());
                for clause in &role.clauses {
                    let (RoleClause::Sees { span, .. }
                    | RoleClause::Can { span, .. }
                    | RoleClause::Includes { span, .. }
                    | RoleClause::Also { span, .. }
                    | RoleClause::AtMost { span, .. }
                    | RoleClause::Requires { span, .. }
                    | RoleClause::For { span, .. }) = clause;
                    let _ = writeln!(
                        out,
                        "<pre class=\"clause\">{}</pre>",
                        html(&text(site, *span))
                    );
                }
            }
            Member::Share(share) => {
                let _ = writeln!(out, "<h3>share with {}</h3>", html(&share.with.name));
                for level in &share.levels {
                    let _ = writeln!(
                        out,
                        "<pre class=\"clause\">{}</pre>",
                        html(&text(site, level.span))
                    );
                }
            }
            Member::VisibleBy(_, span)
            | Member::Overrides(_, span)
            | Member::CustomRoles(_, span) => {
                let _ = writeln!(
                    out,
                    "<pre class=\"clause\">{}</pre>",
                    html(&text(site, *span))
                );
            }
            Member::ActsFor(acts) => {
                let _ = writeln!(
                    out,
                    "<pre class=\"clause\">{}</pre>",
                    html(&text(site, acts.span))
                );
            }
            Member::Attribute(_) | Member::Relation(_) | Member::Actions(_) => {}
        }
    }
    out.push_str("</section>\n");
}
