//! What Ward is built on: where it comes from, under which licences, and how old a compiler it takes.
//! All of it is read off the lock file and off what cargo has on disk.
//!
//! `WARD_UPDATE=1` writes `sbom.cdx.json` anew.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap()
}

/// What cargo knows of all packages, and how they depend on each other.
fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(|text| Some(text.as_str()?.to_owned()))
        .collect()
}

fn deny() -> Value {
    toml::from_str(&read("deny.toml")).unwrap()
}

/// Whether some choice that a licence leaves is one that is allowed.
fn allows(allowed: &BTreeSet<String>, licence: &str) -> bool {
    // Older manifests part them by a slash.
    let licence = licence.replace('/', " OR ");
    licence.split(" AND ").all(|part| {
        let part = part.trim_matches(['(', ')', ' ']);
        let mut choices = part
            .split(" OR ")
            .map(|one| one.trim_matches(['(', ')', ' ']));
        choices.any(|one| allowed.contains(one))
    })
}

#[test]
fn every_licence_is_one_that_is_allowed() {
    let allowed: BTreeSet<String> = texts(&deny()["licenses"]["allow"]).into_iter().collect();
    let metadata = metadata();
    let mut used = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(allows(&allowed, licence), "{}: {licence}", package["name"]);
        used.extend(allowed.iter().filter(|one| licence.contains(*one)));
    }
    let unused: Vec<&String> = allowed.iter().filter(|one| !used.contains(one)).collect();
    assert!(unused.is_empty(), "allowed, and nobody has it: {unused:?}");
}

#[test]
fn all_comes_from_one_registry_with_its_checksum() {
    let lock: Value = toml::from_str(&read("Cargo.lock")).unwrap();
    let registries = texts(&deny()["sources"]["allow-registry"]);
    for package in lock["package"].as_array().unwrap() {
        if package["name"] == "ward-policy" {
            continue;
        }
        let source = package["source"].as_str().unwrap_or("a path");
        let known = registries
            .iter()
            .any(|known| source == format!("registry+{known}"));
        assert!(known, "{}: {source}", package["name"]);
        assert!(package["checksum"].is_string(), "{}", package["name"]);
    }
}

#[test]
fn what_is_there_twice_is_known() {
    let lock: Value = toml::from_str(&read("Cargo.lock")).unwrap();
    let mut versions: BTreeMap<&str, usize> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        *versions
            .entry(package["name"].as_str().unwrap())
            .or_default() += 1;
    }
    let twice = versions.into_iter().filter(|(_, count)| *count > 1);
    let twice: Vec<&str> = twice.map(|(name, _)| name).collect();
    let deny = deny();
    let known = deny["bans"]["skip"].as_array().unwrap();
    let known: Vec<&str> = known
        .iter()
        .map(|skip| skip["crate"].as_str().unwrap())
        .collect();
    assert_eq!(twice, known);
}

/// The packages that end up in what is shipped, not those of tests: ids, and on what each depends.
fn shipped(metadata: &Value) -> BTreeMap<String, Vec<String>> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let nodes: BTreeMap<&str, &Value> = nodes
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let first = metadata["resolve"]["root"].as_str().unwrap();
    let mut found = BTreeMap::new();
    let mut open = vec![first.to_owned()];
    while let Some(id) = open.pop() {
        if found.contains_key(&id) {
            continue;
        }
        let dependencies = nodes[id.as_str()]["deps"].as_array().unwrap().iter();
        let own = dependencies.filter(|of| {
            let kinds = of["dep_kinds"].as_array().unwrap();
            kinds.iter().any(|kind| kind["kind"] != "dev")
        });
        let own: Vec<String> = own
            .map(|of| of["pkg"].as_str().unwrap().to_owned())
            .collect();
        open.extend(own.clone());
        found.insert(id, own);
    }
    found
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_and_none_is_c() {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    let stated = "1.95";
    let number = |version: &str| -> Vec<u32> {
        version
            .split('.')
            .map(|part| part.parse().unwrap())
            .collect()
    };
    // It says so to be there once; it links nothing.
    let harmless = "wasm-bindgen-shared";
    for package in metadata["packages"].as_array().unwrap() {
        if let Some(asked) = package["rust_version"].as_str() {
            assert!(
                number(asked) <= number("1.95.0"),
                "{}: {asked}",
                package["name"]
            );
        }
        let is_shipped = shipped.contains_key(package["id"].as_str().unwrap());
        let links = !package["links"].is_null() && package["name"] != harmless;
        assert!(!is_shipped || !links, "{} links", package["name"]);
    }
    assert!(read("Cargo.toml").contains(&format!("rust-version = \"{stated}\"")));
    assert!(read("README.md").contains(&format!("Rust {stated}")));
    assert!(read("docs/architecture.md").contains(&format!("compiles it is {stated}")));
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: Value = toml::from_str(&read("Cargo.toml")).unwrap();
    let page = read("docs/architecture.md");
    let table = page.split("| crate | what for |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let named: BTreeSet<&str> = rows
        .flat_map(|row| row.split('|').nth(1).unwrap().split(','))
        .map(str::trim)
        .collect();
    let direct = manifest["dependencies"].as_object().unwrap().keys();
    // The runtime of the parser goes with the parser.
    let direct = direct
        .map(String::as_str)
        .filter(|name| *name != "lalrpop-util");
    let direct: BTreeSet<&str> = direct.chain(["lalrpop"]).collect();
    assert_eq!(named, direct);
}

#[test]
fn the_bill_of_materials_is_up_to_date() {
    let made = serde_json::to_string_pretty(&bill()).unwrap() + "\n";
    let path = root().join("sbom.cdx.json");
    if std::env::var_os("WARD_UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == made,
        "write it anew: WARD_UPDATE=1 cargo test --test supply"
    );
}

/// What is shipped, in the form of CycloneDX.
fn bill() -> Value {
    let metadata = metadata();
    let shipped = shipped(&metadata);
    let lock: Value = toml::from_str(&read("Cargo.lock")).unwrap();
    let sums = lock["package"].as_array().unwrap().iter().map(|package| {
        let key = (package["name"].as_str(), package["version"].as_str());
        (key, package["checksum"].as_str())
    });
    let sums: BTreeMap<_, _> = sums.collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let packages: BTreeMap<&str, &Value> = packages
        .map(|package| (package["id"].as_str().unwrap(), package))
        .collect();
    let purl = |id: &str| {
        let package = packages[id];
        let (name, version) = (&package["name"], &package["version"]);
        let (name, version) = (name.as_str().unwrap(), version.as_str().unwrap());
        format!("pkg:cargo/{name}@{version}")
    };
    let own = metadata["resolve"]["root"].as_str().unwrap();
    let component = |id: &str| {
        let package = packages[id];
        let sum = sums[&(package["name"].as_str(), package["version"].as_str())];
        let licence = package["license"].as_str().unwrap().replace('/', " OR ");
        let mut component = json!({
            "type": "library",
            "bom-ref": purl(id),
            "name": package["name"],
            "version": package["version"],
            "purl": purl(id),
            "licenses": [{ "expression": licence }],
        });
        if let Some(sum) = sum {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
        }
        component
    };
    let mut others: Vec<&String> = shipped.keys().filter(|id| *id != own).collect();
    others.sort_by_key(|id| purl(id));
    let mut edges: Vec<(String, Vec<String>)> = shipped
        .iter()
        .map(|(id, on)| {
            let on: BTreeSet<String> = on.iter().map(|id| purl(id)).collect();
            (purl(id), on.into_iter().collect())
        })
        .collect();
    edges.sort();
    let edges = edges
        .iter()
        .map(|(of, on)| json!({ "ref": of, "dependsOn": on }));
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(own) },
        "components": others.iter().map(|id| component(id)).collect::<Vec<_>>(),
        "dependencies": edges.collect::<Vec<_>>(),
    })
}
