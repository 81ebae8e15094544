//! Pictures and reports of all shipped policies: nothing lies on anything else, nothing is lost, nothing in a
//! name is taken for more than text, and the same input gives the same bytes.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ward::picture::{LinkKind, Picture};
use ward::report::{Bounds, File};
use ward::{Context, Evaluator, Explain, Policy, Sources, World};

const NOW: i64 = 1_767_225_600_000;

fn compiled(name: &str, text: &str) -> Policy {
    let sources = Sources::new().with(name, text);
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

fn opened(directory: &Path, name: &str) -> (Policy, World) {
    let read =
        |ending: &str| std::fs::read_to_string(directory.join(format!("{name}.{ending}"))).unwrap();
    let policy = compiled("app.policy", &read("policy"));
    let facts = ward::load::world_text("app.world", &read("world")).unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    (policy, world)
}

/// The shipped policies with their worlds, and one whose names are meant to break out.
fn all() -> Vec<(String, Policy, World)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shipped: Vec<PathBuf> = std::fs::read_dir(root.join("policies"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    shipped.sort();
    let mut all: Vec<_> = shipped
        .iter()
        .map(|directory| {
            let name = directory.file_name().unwrap().to_str().unwrap();
            let (policy, world) = opened(directory, name);
            (name.to_owned(), policy, world)
        })
        .collect();
    assert!(all.len() >= 10);
    let (policy, world) = opened(&root.join("tests/browser/hostile"), "app");
    all.push(("hostile".to_owned(), policy, world));
    all
}

/// The boxes of a drawing: left, top, width and height.
fn boxes(svg: &str) -> Vec<[f64; 4]> {
    let document = roxmltree::Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    let boxes = document
        .descendants()
        .filter(|node| node.attribute("class") == Some("box"));
    boxes
        .map(|node| {
            ["x", "y", "width", "height"].map(|name| node.attribute(name).unwrap().parse().unwrap())
        })
        .collect()
}

/// A drawing is sound: cards apart from one another and inside of it, texts inside of their cards, and as many
/// lines as there are links.
fn sound(name: &str, picture: &Picture) {
    let svg = picture.to_svg();
    assert_eq!(svg, picture.to_svg(), "{name}");
    let boxes = boxes(&svg);
    assert_eq!(boxes.len(), picture.cards.len(), "{name}");
    for (at, [x, y, width, height]) in boxes.iter().enumerate() {
        for [left, top, wide, high] in &boxes[at + 1..] {
            let apart =
                x + width < *left || left + wide < *x || y + height < *top || top + high < *y;
            assert!(apart, "{name}: two cards lie on each other\n{svg}");
        }
    }
    let document = roxmltree::Document::parse(&svg).unwrap();
    let root = document.root_element();
    let size = |name: &str| root.attribute(name).unwrap().parse::<f64>().unwrap();
    let (wide, high) = (size("width"), size("height"));
    assert!(boxes.iter().all(|[x, y, width, height]| *x >= 0.0
        && *y >= 0.0
        && x + width <= wide
        && y + height <= high));
    let class = |node: &roxmltree::Node<'_, '_>, word: &str| {
        node.attribute("class")
            .is_some_and(|class| class.split(' ').any(|one| one == word))
    };
    let lines = document
        .descendants()
        .filter(|node| class(node, "tip"))
        .count();
    assert_eq!(lines, picture.links.len(), "{name}");
    for card in document.descendants().filter(|node| class(node, "card")) {
        let frame = card.children().find(|node| class(node, "box")).unwrap();
        let of = |name: &str| frame.attribute(name).unwrap().parse::<f64>().unwrap();
        for text in card
            .children()
            .filter(|node| node.has_tag_name("text") && !class(node, "kind"))
        {
            let x: f64 = text.attribute("x").unwrap().parse().unwrap();
            let long = text.text().unwrap_or("").chars().count() as f64 * 7.25;
            assert!(
                x + long <= of("x") + of("width") + 1.0,
                "{name}: `{}` leaves its card",
                text.text().unwrap()
            );
        }
    }
}

#[test]
fn pictures_of_shipped_policies_are_sound() {
    for (name, policy, world) in all() {
        let whole = Picture::of_policy(&policy);
        sound(&name, &whole);
        let rows: Vec<&str> = whole
            .cards
            .iter()
            .flat_map(|card| &card.rows)
            .map(|row| row.text.as_str())
            .collect();
        assert!(rows.iter().any(|row| row.starts_with("role ")), "{name}");
        for ty in policy.plan().type_names() {
            sound(
                &format!("{name} {ty}"),
                &Picture::of_type(&policy, ty).unwrap(),
            );
        }
        assert!(Picture::of_type(&policy, "Nothing").is_none());
        sound(&format!("the world of {name}"), &Picture::of_world(&world));
    }
}

#[test]
fn a_proof_is_bold_and_what_is_missing_is_red() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/vantage");
    let (_, world) = opened(&root, "vantage");
    let ward = Evaluator::new(&world, NOW);
    let drawn = |subject: &str, action: &str, resource: &str| {
        let (subject, resource) = (subject.parse().unwrap(), resource.parse().unwrap());
        let found = ward
            .explain(
                &subject,
                action,
                &resource,
                &Context::default(),
                Explain::default(),
            )
            .unwrap();
        let picture = Picture::of_explanation(&found, &world);
        sound(action, &picture);
        picture.to_svg()
    };
    let (bold, red) = ("class=\"line decided\"", "class=\"line missing\"");
    let allowed = drawn("User:alice", "Workspace.adjust_quota", "Workspace:a100");
    assert!(allowed.contains(bold) && !allowed.contains(red));
    assert!(allowed.contains("User:alice is FullAdmin of Organization:acme"));
    let forbidden = drawn("User:bob", "Workspace.adjust_quota", "Workspace:a100");
    assert!(forbidden.contains(bold) && forbidden.contains("gives no action"));
    let invisible = drawn("User:carol", "Cluster.manage", "Cluster:a100");
    assert!(!invisible.contains(bold) && invisible.contains(red));
}

/// The lines of a kind, by the titles of their cards.
fn lines(picture: &Picture, kind: LinkKind) -> Vec<(&str, &str)> {
    let title = |card: usize| picture.cards[card].title.as_str();
    let of_kind = picture.links.iter().filter(|link| link.kind == kind);
    of_kind
        .map(|link| (title(link.from), title(link.to)))
        .collect()
}

#[test]
fn what_a_share_leads_to_is_not_what_it_stands_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/vantage");
    let (_, world) = opened(&root, "vantage");
    let (subject, volume) = ("User:carol", "Volume:data");
    let found = Evaluator::new(&world, NOW).explain(
        &subject.parse().unwrap(),
        "view",
        &volume.parse().unwrap(),
        &Context::default(),
        Explain::default(),
    );
    let picture = Picture::of_explanation(&found.unwrap(), &world);
    let inside = lines(&picture, LinkKind::In);
    assert!(inside.contains(&(volume, "Team:ml")), "{inside:?}");
    assert!(!inside.contains(&(volume, "Team:platform")), "{inside:?}");
    let decided = lines(&picture, LinkKind::Decided);
    let share = (volume, "Team:platform");
    assert_eq!(decided, [share, (subject, "Team:platform")]);
}

#[test]
fn a_world_tells_roles_that_follow_and_groups_in_groups() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/tinytodo");
    let (_, world) = opened(&root, "tinytodo");
    let picture = Picture::of_world(&world);
    let rows = picture.cards.iter().flat_map(|card| &card.rows);
    let rows: Vec<&str> = rows.map(|row| row.text.as_str()).collect();
    let owner = rows.iter().position(|row| *row == "owner of List:trip");
    assert_eq!(rows[owner.unwrap() + 1], "User:ann");
    assert_eq!(
        lines(&picture, LinkKind::Member),
        [("Team:family", "Team:all"), ("Team:kids", "Team:family")]
    );
}

/// Twenty types with fifty roles, as wide as they are deep.
#[test]
fn many_types_and_roles_stay_apart() {
    let mut text = String::from("subject User\nscope T0 { actions a  role R0 { sees * } }\n");
    for number in 1..20 {
        let container = (number - 1) / 3;
        text.push_str(&format!(
            "scope T{number} in T{container} {{\n actions a{number}, b{number}\n"
        ));
        for role in 0..3 {
            text.push_str(&format!("  role R{role} {{ sees *  can T{number}.* when resource.T0 == resource.T0 && now < 2030-01-01 }}\n"));
        }
        text.push_str(&format!(
            "  share with T{container} {{ level read {{ a{number} }} }}\n}}\n"
        ));
    }
    let policy = compiled("app.policy", &text);
    let picture = Picture::of_policy(&policy);
    assert_eq!(picture.cards.len(), 21);
    sound("twenty", &picture);
}

#[test]
fn a_large_world_is_told_in_numbers() {
    let policy = compiled(
        "app.policy",
        "subject User scope Org scope Team in Org { role Member { sees * } } resource Doc in Team { actions view }",
    );
    let mut facts = String::new();
    for team in 0..300 {
        facts.push_str(&format!("Team:t{team} in Org:o{}\nDoc:d{team} in Team:t{team}\nUser:u{team} is Member of Team:t0\n", team % 3));
    }
    let facts = ward::load::world_text("app.world", &facts).unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
    let picture = Picture::of_world(&world);
    sound("large", &picture);
    assert!(picture.cards.len() <= 60);
    let rows: Vec<&str> = picture
        .cards
        .iter()
        .flat_map(|card| &card.rows)
        .map(|row| row.text.as_str())
        .collect();
    assert!(rows.contains(&"and 94 more Team"), "{rows:?}");
    assert!(rows.iter().any(|row| row.ends_with(", +294")), "{rows:?}");
    assert_eq!(
        picture.notes,
        ["Left out: 282 scopes with what is in them, 0 groups."]
    );
}

#[test]
fn other_programs_get_nothing_but_text() {
    for (name, policy, world) in all().into_iter().filter(|(name, ..)| name == "hostile") {
        for picture in [Picture::of_policy(&policy), Picture::of_world(&world)] {
            let mermaid = picture.to_mermaid();
            assert!(
                !mermaid.contains("<script")
                    && !mermaid.contains("<img")
                    && !mermaid.contains("<svg"),
                "{name}: {mermaid}"
            );
            for line in picture
                .to_dot()
                .lines()
                .filter(|line| line.contains("label="))
            {
                let label = line.split_once("label=\"").unwrap().1;
                let quotes = label
                    .replace("\\\\", "")
                    .replace("\\\"", "")
                    .matches('"')
                    .count();
                assert_eq!(quotes, 3, "{line}");
            }
        }
    }
}

#[cfg(feature = "png")]
#[test]
fn pictures_can_be_dots() {
    // The smallest of them: a debug build takes its time.
    for (name, policy, _) in all().into_iter().filter(|(name, ..)| name == "tinytodo") {
        let bytes = Picture::of_policy(&policy).to_png().unwrap();
        assert!(
            bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000,
            "{name}"
        );
    }
}

// ---- reports ----

fn report(policy: &Policy, world: &World, bounds: Bounds) -> Vec<File> {
    ward::report::files(policy, world, NOW, &Context::default(), bounds).unwrap()
}

#[test]
fn a_report_is_the_same_each_time_and_no_name_breaks_out() {
    for (name, policy, world) in all() {
        let files = report(&policy, &world, Bounds::default());
        assert_eq!(files, report(&policy, &world, Bounds::default()), "{name}");
        for file in files.iter().filter(|file| file.name.ends_with(".html")) {
            let opened = file.text.matches("<script").count();
            assert_eq!(opened, 1, "{name} {}", file.name);
            for bad in ["http:", "https:", "<img", "onerror=alert(1)>", "<b>acme"] {
                assert!(
                    bad == "http:" && file.text.contains("http://www.w3.org/2000/svg")
                        || !file.text.contains(bad),
                    "{name} {}: {bad}",
                    file.name
                );
            }
        }
        let script = files.iter().find(|file| file.name == "search.js").unwrap();
        assert!(
            !script.text.contains("<script") && !script.text.contains("</"),
            "{name}"
        );
    }
}

#[test]
fn what_deserves_attention_is_there_with_its_proof() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/hostile");
    let (policy, world) = opened(&root, "app");
    let files = report(&policy, &world, Bounds::default());
    let page = &files
        .iter()
        .find(|file| file.name == "attention.html")
        .unwrap()
        .text;
    assert!(
        page.contains("Team.delete") && page.contains("Doc.shred"),
        "{page}"
    );
    assert!(page.contains(">leaves</span>"), "{page}");
    assert!(
        page.contains(">ends</span> in 59 d") && page.contains(">ended</span>"),
        "{page}"
    );
    assert!(page.contains("proofs-1.html#"), "{page}");
}

#[test]
fn a_report_is_bounded_and_says_so() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies/vantage");
    let (policy, world) = opened(&root, "vantage");
    let bounds = Bounds {
        subjects: 2,
        resources: 1,
        proofs: 1,
        rows: 1,
    };
    let files = report(&policy, &world, bounds);
    let of = |name: &str| &files.iter().find(|file| file.name == name).unwrap().text;
    assert!(of("access.html").contains("Left out: 7 subjects"));
    assert!(of("proofs-1.html").contains("Left out: "));
}
