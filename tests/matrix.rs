//! Tables tell the truth: each cell is held against the evaluator.
//!
//! A cell of a role is asked about in the smallest world in which the role can be held, on random
//! policies; a cell of a world is asked about by a check.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "shared with other tests")]
mod generate;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ward::matrix::{Extent, RoleMatrix, RoleRow, RoleTable, RowKind, State, WorldTable};
use ward::syntax::ast::{Item, TypeDecl};
use ward::{Cardinality, Context, EntityName, Evaluator, Outcome, Policy, Sources, World};

fn compiled(text: &str) -> Policy {
    let sources = Sources::new().with("app.policy", text);
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

/// The containers of each type.
fn containers(text: &str) -> BTreeMap<String, Vec<(String, Cardinality)>> {
    let mut sources = Sources::new();
    let file = sources.add("app.policy", text);
    let tree = ward::syntax::parse(file, text).tree;
    let types = tree.items.iter().filter_map(|item| match item {
        Item::Type(ty) => Some(ty),
        _ => None,
    });
    let of = |ty: &TypeDecl| {
        let all = ty.containers.iter();
        all.map(|of| (of.type_name.name.to_string(), of.cardinality))
            .collect()
    };
    types.map(|ty| (ty.name.name.to_string(), of(ty))).collect()
}

/// The shortest line of containers from one type to another, both with it.
fn line(
    containers: &BTreeMap<String, Vec<(String, Cardinality)>>,
    from: &str,
    to: &str,
) -> Option<Vec<String>> {
    let mut lines = vec![vec![from.to_owned()]];
    let mut seen = vec![from.to_owned()];
    while !lines.is_empty() {
        let mut longer = Vec::new();
        for line in lines {
            let last = line.last().unwrap();
            if last == to {
                return Some(line);
            }
            for (next, _) in containers.get(last).into_iter().flatten() {
                if !seen.contains(next) {
                    seen.push(next.clone());
                    longer.push([line.clone(), vec![next.clone()]].concat());
                }
            }
        }
        lines = longer;
    }
    None
}

/// The smallest world in which a role on one type bears on an entity of another.
fn world(
    containers: &BTreeMap<String, Vec<(String, Cardinality)>>,
    line: &[String],
    role: &str,
) -> String {
    let mut facts = String::new();
    let mut open: Vec<String> = line.to_vec();
    let mut stated: Vec<String> = Vec::new();
    while let Some(ty) = open.pop() {
        if stated.contains(&ty) {
            continue;
        }
        let next = line
            .iter()
            .position(|of| *of == ty)
            .and_then(|at| line.get(at + 1));
        let wanted = containers.get(&ty).into_iter().flatten();
        let wanted =
            wanted.filter(|(of, cardinality)| *cardinality == Cardinality::One || next == Some(of));
        let names: Vec<String> = wanted.map(|(of, _)| of.clone()).collect();
        if !names.is_empty() {
            let all: Vec<String> = names.iter().map(|of| format!("{of}:x")).collect();
            facts.push_str(&format!("{ty}:x in {}\n", all.join(", ")));
        }
        open.extend(names);
        stated.push(ty);
    }
    let place = line.last().unwrap();
    facts.push_str(&format!("User:asker is {role} of {place}:x\n"));
    facts
}

/// What the cells of a row promise, asked; how many questions that were, by state.
fn hold(
    policy: &Policy,
    facts: &str,
    table: &RoleTable,
    row: &RoleRow,
    rules: &[&RoleRow],
    asked: &mut BTreeMap<(bool, &'static str), usize>,
) {
    let stated = ward::load::world_text("app.world", facts).unwrap();
    // A user who must stand somewhere, or may not hold it: not a question of the table.
    let Ok(world) = World::build(Arc::clone(policy.plan()), stated) else {
        return;
    };
    let ward = Evaluator::new(&world, 0);
    let (asker, resource) = (
        EntityName::new("User", "asker"),
        EntityName::new(table.type_name.as_str(), "x"),
    );
    for (index, (action, cell)) in table.actions.iter().zip(&row.cells).enumerate() {
        let came = ward
            .check(&asker, action, &resource, &Context::default())
            .unwrap();
        let by_rule = rules
            .iter()
            .any(|rule| rule.cells[index].state != State::Never);
        let shown = rules.iter().any(|rule| rule.sees.state != State::Never);
        let told = format!(
            "{} {action}: {cell:?} {:?} {came:?}\n{facts}",
            row.name, row.sees
        );
        let outcome = came.outcome;
        match row.sees.state {
            State::Allowed => assert_ne!(outcome, Outcome::Invisible, "{told}"),
            State::Never if !shown => assert_eq!(outcome, Outcome::Invisible, "{told}"),
            _ => {}
        }
        match (row.sees.state, cell.state) {
            (State::Allowed, State::Allowed) => assert_eq!(outcome, Outcome::Allowed, "{told}"),
            (_, State::Never) if !by_rule => assert_ne!(outcome, Outcome::Allowed, "{told}"),
            (_, State::Capped) => assert_ne!(outcome, Outcome::Allowed, "{told}"),
            _ => {}
        }
        let sees = row.sees.state == State::Allowed;
        *asked.entry((sees, cell.state.word())).or_default() += 1;
    }
}

#[test]
fn a_cell_of_a_role_is_what_the_evaluator_says_of_it_alone() {
    let mut asked = BTreeMap::new();
    for seed in 0..400 {
        // `also` may give the asker more than the one role.
        let mut pair = generate::pair(seed);
        pair.policy
            .retain(|line| !line.trim_start().starts_with("also "));
        let text = pair.policy_text();
        let Ok(policy) = ward::compile(&Sources::new().with("app.policy", text.as_str())) else {
            continue;
        };
        let containers = containers(&text);
        for table in &RoleMatrix::of(policy.plan()).tables {
            let of = |kind: RowKind| table.rows.iter().filter(move |row| row.kind == kind);
            let rules: Vec<&RoleRow> = of(RowKind::Rule).collect();
            for row in of(RowKind::Role)
                .filter(|row| !row.notes.iter().any(|note| note.starts_with("requires")))
            {
                let (role, place) = row.name.split_once(" of ").unwrap();
                let Some(line) = line(&containers, &table.type_name, place) else {
                    continue;
                };
                let facts = world(&containers, &line, role);
                hold(&policy, &facts, table, row, &rules, &mut asked);
            }
        }
    }
    for (sees, state) in [
        (true, "allowed"),
        (true, "never"),
        (true, "conditional"),
        (false, "allowed"),
    ] {
        let count = asked.get(&(sees, state)).copied().unwrap_or(0);
        assert!(count > 100, "{sees} {state}: {asked:?}");
    }
    let capped: usize = asked
        .iter()
        .filter(|((_, state), _)| *state == "capped")
        .map(|(_, count)| count)
        .sum();
    assert!(capped > 100, "{asked:?}");
}

/// The shipped policies with their worlds.
fn shipped() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    let mut all: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    all.sort_by_key(|entry| entry.file_name());
    let files = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        let file = |ending: &str| entry.path().join(format!("{name}.{ending}"));
        (file("policy"), file("world"))
    };
    all.into_iter().map(files).collect()
}

#[test]
fn a_cell_of_a_world_is_what_a_check_says() {
    let mut asked = 0;
    for (policy, world) in shipped() {
        let policy = compiled(&std::fs::read_to_string(policy).unwrap());
        let text = std::fs::read_to_string(world).unwrap();
        let facts = ward::load::world_text("app.world", &text).unwrap();
        let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
        let (now, context) = (1_700_000_000_000, Context::default());
        let extent = Extent {
            types: Vec::new(),
            subjects: 1000,
            resources: 1000,
        };
        let ward = Evaluator::new(&world, now);
        for table in WorldTable::of(&world, now, &context, &extent).unwrap() {
            for (subject, row) in table.subjects.iter().zip(&table.cells) {
                for (resource, answer) in table.resources.iter().zip(row) {
                    for action in &table.actions {
                        let (subject, resource) =
                            (subject.parse().unwrap(), resource.parse().unwrap());
                        let came = ward
                            .check(&subject, action, &resource, &context)
                            .unwrap()
                            .outcome;
                        let expected = match answer {
                            answer if !answer.sees => Outcome::Invisible,
                            answer if answer.actions.contains(action) => Outcome::Allowed,
                            _ => Outcome::Forbidden,
                        };
                        assert_eq!(came, expected, "{subject} {action} {resource}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 2000, "{asked}");
}

#[test]
fn nothing_in_a_table_is_taken_for_more_than_text() {
    let policy = compiled(
        "subject User { s: String = \"\" }
         scope Team { role Member { sees *  can Doc.view when principal.s == \"<script>alert(1)</script>|x\" } }
         resource Doc in Team { actions view }",
    );
    let matrix = RoleMatrix::of(policy.plan());
    let html = matrix.to_html();
    assert!(
        !html.contains("<script") && html.contains("&lt;script&gt;"),
        "{html}"
    );
    let markdown = matrix.to_markdown();
    let cell = markdown
        .lines()
        .find(|line| line.contains("alert"))
        .unwrap();
    assert!(
        cell.contains("\\<script\\>") && cell.contains("\\|x"),
        "{cell}"
    );

    let facts = "Doc:\"=1+1\" in Team:x\nUser:\"@SUM(A1)\" is Member of Team:x";
    let facts = ward::load::world_text("app.world", facts).unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let extent = Extent {
        types: vec!["Doc".into()],
        subjects: 1,
        resources: 1,
    };
    let tables = WorldTable::of(&world, 0, &Context::default(), &extent).unwrap();
    for line in WorldTable::to_csv(&tables).lines() {
        assert!(
            !line.starts_with(['=', '+', '-', '@']) && !line.contains(",="),
            "{line}"
        );
    }
}

#[test]
fn what_is_left_out_is_told() {
    let policy =
        compiled("subject User scope Team { actions rename  role Member { sees * can rename } }");
    let facts: String = (0..9)
        .map(|n| format!("User:u{n} is Member of Team:t{n}\n"))
        .collect();
    let facts = ward::load::world_text("app.world", &facts).unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let extent = Extent {
        types: Vec::new(),
        subjects: 4,
        resources: 8,
    };
    let tables = WorldTable::of(&world, 0, &Context::default(), &extent).unwrap();
    assert_eq!(
        (tables[0].subjects_left_out, tables[0].resources_left_out),
        (5, 1)
    );
    for text in [
        WorldTable::to_text(&tables),
        WorldTable::to_markdown(&tables),
        WorldTable::to_csv(&tables),
        WorldTable::to_html(&tables),
    ] {
        assert!(text.contains("Left out: 5 subjects, 1 entity."), "{text}");
    }
}
