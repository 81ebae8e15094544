//! Names to dense ids: the [`Schema`] of a policy.
//!
//! Types first, then what stands in them, then what these point to; a name that means nothing is
//! reported and left out, so that everything else is still resolved.

mod cycles;
mod declare;
mod permissions;
mod schema;

pub(crate) use permissions::{GroupId, Permissions, SetMeaning};
pub(crate) use schema::{AttributeInfo, Schema, TypeInfo, kind_word};

use crate::diagnostic::{Diagnostic, names as report};
use crate::literal::nearest;
use crate::source::{FileId, Sources};
use crate::syntax::ast::{Item, PolicyFile, Rule};

/// A policy in which each name has its meaning.
pub(crate) struct Resolved<'a> {
    pub(crate) schema: Schema<'a>,
    pub(crate) permissions: Permissions,
    pub(crate) rules: Vec<&'a Rule>,
}

/// Resolves the files of one policy.
pub(crate) fn resolve<'a>(
    sources: &Sources,
    files: &'a [PolicyFile],
    diagnostics: &mut Vec<Diagnostic>,
) -> Resolved<'a> {
    for file in files {
        check_uses(sources, file, diagnostics);
    }
    let items = || files.iter().flat_map(|file| &file.items);
    let mut schema = declare::schema(items(), diagnostics);
    cycles::check(&mut schema, diagnostics);
    let permissions = permissions::groups(&schema, items(), diagnostics);
    Resolved {
        permissions,
        rules: items()
            .filter_map(|item| match item {
                Item::Rule(rule) => Some(rule),
                _ => None,
            })
            .collect(),
        schema,
    }
}

/// The name that a path behind `use` has among the sources: relative to the file it stands in.
pub(crate) fn used_name(user: &str, path: &str) -> String {
    let folder = user.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if user.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

/// The files that a file uses: each path and the file that it names.
pub(crate) fn uses<'a>(
    sources: &'a Sources,
    file: &'a PolicyFile,
) -> impl Iterator<Item = (&'a crate::syntax::ast::Text, Option<FileId>)> {
    let user = sources.get(file.file).map_or("", |source| source.name());
    file.items.iter().filter_map(move |item| match item {
        Item::Use(path) => Some((path, sources.find(&used_name(user, &path.value)))),
        _ => None,
    })
}

fn check_uses(sources: &Sources, file: &PolicyFile, diagnostics: &mut Vec<Diagnostic>) {
    for (path, found) in uses(sources, file) {
        if found.is_none() {
            let names = sources.iter().map(|(_, source)| source.name());
            let near = nearest(&path.value, names);
            diagnostics.push(report::unknown_file(path.span, &path.value, near));
        }
    }
}
