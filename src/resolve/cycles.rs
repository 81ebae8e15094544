//! Circles in what must have none: containers of types, `includes` of roles and of levels.

use std::collections::HashSet;

use super::schema::Schema;
use crate::diagnostic::{Diagnostic, model as report};
use crate::plan::{Id, Table};

/// Reports each circle once and cuts it, so that later stages meet none.
pub(super) fn check(schema: &mut Schema<'_>, diagnostics: &mut Vec<Diagnostic>) {
    let containers: Table<_, Vec<_>> = schema
        .types
        .iter()
        .map(|(id, ty)| {
            let others = ty.containers.iter().map(|(of, _)| *of);
            // Repetition within a type is allowed: `Folder in many Folder`.
            others.filter(|of| *of != id).collect()
        })
        .collect();
    for (from, path) in back_edges(&containers) {
        let names: Vec<String> = path
            .iter()
            .map(|id| schema.type_name(*id).to_owned())
            .collect();
        diagnostics.push(report::container_cycle(schema.types[from].span, &names));
        if let [.., last] = path.as_slice() {
            schema.types[from].containers.retain(|(of, _)| of != last);
        }
    }
    let roles: Table<_, Vec<_>> = schema
        .roles
        .rows()
        .iter()
        .map(|role| role.includes.clone())
        .collect();
    for (from, path) in back_edges(&roles) {
        let names: Vec<String> = path
            .iter()
            .map(|id| schema.roles[*id].name.clone())
            .collect();
        diagnostics.push(report::role_cycle(
            schema.roles[from].decl.name.span,
            &names,
        ));
        if let [.., last] = path.as_slice() {
            schema.roles[from].includes.retain(|of| of != last);
        }
    }
    let levels: Table<_, Vec<_>> = schema
        .levels
        .rows()
        .iter()
        .map(|level| level.includes.clone())
        .collect();
    for (from, path) in back_edges(&levels) {
        let names: Vec<String> = path
            .iter()
            .map(|id| schema.levels[*id].name.clone())
            .collect();
        diagnostics.push(report::level_cycle(
            schema.levels[from].decl.name.span,
            &names,
        ));
        if let [.., last] = path.as_slice() {
            schema.levels[from].includes.retain(|of| of != last);
        }
    }
}

/// The edges that close a circle in a depth-first walk: where each begins, and the circle from its
/// end around to its end again. Without recursion, for chains may be long.
pub(super) fn back_edges<I: Id + Eq + std::hash::Hash>(
    edges: &Table<I, Vec<I>>,
) -> Vec<(I, Vec<I>)> {
    let mut found = Vec::new();
    let mut done: HashSet<I, rustc_hash::FxBuildHasher> = HashSet::default();
    let mut on_path: HashSet<I, rustc_hash::FxBuildHasher> = HashSet::default();
    for start in edges.ids() {
        let mut path: Vec<(I, usize)> = vec![(start, 0)];
        if done.contains(&start) {
            continue;
        }
        on_path.insert(start);
        while let Some((at, next)) = path.last_mut() {
            let from = *at;
            let Some(to) = edges[from].get(*next).copied() else {
                done.insert(from);
                on_path.remove(&from);
                path.pop();
                continue;
            };
            *next += 1;
            if on_path.contains(&to) {
                let circle = path.iter().map(|(id, _)| *id).skip_while(|id| *id != to);
                let mut circle: Vec<I> = circle.collect();
                circle.push(to);
                found.push((from, circle));
            } else if !done.contains(&to) {
                on_path.insert(to);
                path.push((to, 0));
            }
        }
    }
    found
}
