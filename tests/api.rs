//! The public items of the library, as rustdoc sees them: a change to them is one that is meant.
//!
//! `WARD_UPDATE=1` writes `tests/api.txt` anew.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Every page of the documentation.
fn pages(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "html")
        {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// HTML as the text that it shows, in one line.
fn shown(html: &str) -> String {
    let mut text = String::new();
    for part in html.split('<') {
        // A tag, and the text behind it.
        text.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"");
    let text = text
        .replace("&#39;", "'")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between two marks, each time.
fn between<'t>(text: &'t str, begin: &str, end: &str) -> Vec<&'t str> {
    let parts = text.split(begin).skip(1);
    parts
        .filter_map(|part| Some(part.split_once(end)?.0))
        .collect()
}

/// The declaration of a page's item, its own methods, and the traits that it has.
fn items(html: &str) -> Vec<String> {
    let html = html
        .split("id=\"synthetic-implementations\"")
        .next()
        .unwrap_or(html);
    let (own, traits) = html
        .split_once("id=\"trait-implementations\"")
        .unwrap_or((html, ""));
    let mut items = Vec::new();
    for declaration in between(own, "<pre class=\"rust item-decl\">", "</pre>") {
        items.push(shown(declaration));
    }
    for method in between(own, "<h4 class=\"code-header\">", "</h4>") {
        items.push(format!("  {}", shown(method)));
    }
    for implemented in between(traits, "<h3 class=\"code-header\">", "</h3>") {
        items.push(format!("  {}", shown(implemented)));
    }
    items
}

#[test]
fn the_public_items_are_those_that_are_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let documented = Command::new(env!("CARGO"))
        .args([
            "doc",
            "--locked",
            "--offline",
            "--no-deps",
            "--lib",
            "--target-dir",
        ])
        .arg(target)
        .current_dir(root)
        .env("RUSTDOCFLAGS", "-D warnings")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&documented.stderr);
    assert!(documented.status.success(), "{said}");
    let documentation = target.join("doc/ward");
    let mut made = String::new();
    for page in pages(&documentation) {
        let html = std::fs::read_to_string(&page).unwrap();
        let items = items(&html);
        if html.contains("http-equiv=\"refresh\"") || items.is_empty() {
            continue;
        }
        let name = page
            .strip_prefix(&documentation)
            .unwrap()
            .with_extension("");
        let name = name.to_str().unwrap().replace(['/', '\\'], ".");
        made.push_str(&format!("{name}\n"));
        for item in items {
            made.push_str(&format!("  {item}\n"));
        }
    }
    let path = root.join("tests/api.txt");
    if std::env::var_os("WARD_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    let new = made
        .lines()
        .find(|line| !known.lines().any(|other| other == *line));
    let gone = known
        .lines()
        .find(|line| !made.lines().any(|other| other == *line));
    assert!(
        known == made,
        "is this change meant? new: {new:?}, gone: {gone:?}; WARD_UPDATE=1 cargo test --test api"
    );
}
