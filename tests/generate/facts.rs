//! Random facts that fit a policy.

use rand::RngExt;

use super::{Generator, TypeShape};

/// The moments at which facts end.
pub const ENDS: [&str; 2] = ["2001-01-01", "2002-01-01T00:00:00Z"];

fn until(generator: &mut Generator) -> String {
    if generator.chance(30) {
        format!(" until {}", generator.pick(&ENDS))
    } else {
        String::new()
    }
}

fn subject(generator: &mut Generator) -> String {
    let subjects = generator.shape.subjects.clone();
    let ty = generator.pick(&subjects).clone();
    let index = generator.rng.random_range(0..3);
    format!("{ty}:{}{index}", if ty == "User" { "u" } else { "g" })
}

fn value(generator: &mut Generator, name: &str) -> String {
    let choices: &[&str] = match name {
        "n" | "on" => &["0", "1", "2", "3", "9223372036854775807", "-1"],
        "b" => &["true", "false"],
        "t" => &["\"ab\"", "\"a*b\"", "\"\"", "\"xa\""],
        "d" => &["1.5", "0.0", "2.25", "922337203685477.5807"],
        "at" => &[
            "2000-01-01",
            "2001-01-01T00:00:00Z",
            "1999-12-31T23:59:59.5Z",
        ],
        "dur" => &["2h", "90m", "1d", "0s"],
        "ip" => &[
            "ip(\"10.0.0.1\")",
            "ip(\"10.1.0.0/16\")",
            "ip(\"192.168.0.1\")",
            "ip(\"::1\")",
        ],
        "owner" | "oo" => &["User:u0", "User:u1", "User:u2"],
        "by" => &["User:u0", "Group:g0", "Group:g1", "User:u1"],
        "tags" => &["[]", "[\"x\"]", "[\"y\", \"x\"]", "[\"y\"]"],
        "nums" => &["[]", "[1]", "[2, 1]", "[3, 3]"],
        _ => &["{ a: 1 }", "{ a: 2, b: \"x\" }", "{ b: \"y\" }", "{}"],
    };
    (*generator.pick(choices)).to_owned()
}

fn attributes(generator: &mut Generator, ty: &TypeShape) -> String {
    let mut fields = Vec::new();
    for name in ty.attributes.clone() {
        if name != "editors" && generator.chance(80) {
            fields.push(format!("{name}: {}", value(generator, name)));
        }
    }
    if fields.is_empty() {
        String::new()
    } else {
        format!(" {{ {} }}", fields.join(", "))
    }
}

/// A world in text, a fact a line.
pub fn world(generator: &mut Generator) -> Vec<String> {
    let mut world = Vec::new();
    let types = generator.shape.types.clone();
    for ty in &types {
        let is_subject = generator.shape.subjects.contains(&ty.name);
        let prefix = match ty.name.as_str() {
            "User" => "u",
            "Group" => "g",
            _ => "x",
        };
        for index in 0..3_usize {
            if generator.chance(if is_subject { 20 } else { 10 }) {
                continue;
            }
            let mut containers = Vec::new();
            for (of, how) in &ty.containers {
                // Within a type only downwards, so that nothing stands inside of itself.
                let range = if *of == ty.name { index } else { 3 };
                let count = match *how {
                    "" => usize::from(generator.chance(95)),
                    "?" => usize::from(generator.chance(50)),
                    _ => generator.rng.random_range(0..3),
                };
                for _ in 0..count.min(range) {
                    let other = generator.rng.random_range(0..range);
                    let container = format!("{of}:x{other}");
                    if !containers.contains(&container) {
                        containers.push(container);
                    }
                }
            }
            let inside = if containers.is_empty() {
                String::new()
            } else {
                format!(" in {}", containers.join(", "))
            };
            let attributes = attributes(generator, ty);
            world.push(format!("{}:{prefix}{index}{inside}{attributes}", ty.name));
            if ty.attributes.contains("editors") {
                for _ in 0..generator.rng.random_range(0..3) {
                    let editor = subject(generator);
                    world.push(format!("{}:{prefix}{index} editors {editor}", ty.name));
                }
            }
        }
        for role in &ty.roles {
            for _ in 0..generator.rng.random_range(0..4) {
                let holder = if generator.chance(12) {
                    "anyone".to_owned()
                } else {
                    subject(generator)
                };
                let place = generator.rng.random_range(0..3);
                let until = until(generator);
                world.push(format!("{holder} is {role} of {}:x{place}{until}", ty.name));
            }
        }
        for (with, levels) in &ty.shares {
            for _ in 0..generator.rng.random_range(0..4) {
                let (from, to) = (
                    generator.rng.random_range(0..3),
                    generator.rng.random_range(0..3),
                );
                let level = generator.pick(levels).clone();
                let until = until(generator);
                world.push(format!(
                    "share {}:x{from} with {with}:x{to} at {level}{until}",
                    ty.name
                ));
            }
        }
    }
    if generator.shape.has_groups {
        for _ in 0..generator.rng.random_range(0..5) {
            let member = subject(generator);
            let group = generator.rng.random_range(0..3);
            let until = until(generator);
            world.push(format!("{member} in Group:g{group}{until}"));
        }
    }
    world
}
