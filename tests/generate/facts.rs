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
    let index = generator.index();
    format!("{ty}:{}{index}", if ty == "User" { "u" } else { "g" })
}

/// Who holds a role of a type, and how that is said where it is counted.
fn holder(generator: &mut Generator, ty: &TypeShape, role: &str) -> String {
    let set = generator.chance(18).then(|| set(generator, role)).flatten();
    if let Some(set) = set {
        generator.count("set holders");
        return set;
    }
    if generator.chance(12) {
        generator.count("anyone");
        return "anyone".to_owned();
    }
    loop {
        let holder = subject(generator);
        let fits = |types: &Vec<String>| {
            let mut types = types.iter();
            types.any(|ty| holder.starts_with(&format!("{ty}:")))
        };
        // One whose type may not hold it is refused; now and then that is tried.
        if ty.holders.get(role).is_none_or(fits) || generator.chance(5) {
            return holder;
        }
    }
}

/// A set of those who hold some role: `S0:x1#Reader`. Those that hold it do not depend on the role
/// that is given, or not behind an `except`.
fn set(generator: &mut Generator, role: &str) -> Option<String> {
    let types = generator.shape.types.iter();
    let types: Vec<TypeShape> = types.filter(|ty| !ty.roles.is_empty()).cloned().collect();
    if types.is_empty() {
        return None;
    }
    let ty = generator.pick(&types).clone();
    let of = generator.pick(&ty.roles);
    let ranks = &generator.shape.ranks;
    let fits = ranks.get(role).is_none_or(|rank| ranks[of] <= *rank);
    let place = generator.index();
    fits.then(|| format!("{}:x{place}#{of}", ty.name))
}

/// Custom roles of a type, and who holds them.
fn custom_roles(generator: &mut Generator, ty: &TypeShape, world: &mut Vec<String>) {
    if ty.custom.is_empty() {
        return;
    }
    for _ in 0..generator.rng.random_range(1..4) {
        let name = *generator.pick(&["C0", "C1"]);
        let place = format!("{}:x{}", ty.name, generator.index());
        let mut can = generator.pick(&ty.custom).clone();
        if generator.chance(40) {
            let more = generator.pick(&ty.custom).clone();
            can = format!("{can}, {more}");
        }
        // Whether the group is inside of what such roles may have, the product says.
        if generator.shape.has_permissions && generator.chance(10) {
            can = (*generator.pick(&["g.some", "g.b"])).to_owned();
        }
        let said = *generator.pick(&["", "", " { description: \"one of ours\" }"]);
        world.push(format!("role {name} of {place} can {can}{said}"));
        generator.count("custom role facts");
        for _ in 0..generator.rng.random_range(0..3) {
            let holder = holder(generator, ty, name);
            let until = until(generator);
            world.push(format!("{holder} is {name} of {place}{until}"));
            generator.count("custom role holdings");
        }
        if generator.chance(20)
            && let Some(role) = ty.roles.first()
        {
            let other = generator.index();
            world.push(format!("{place}#{name} is {role} of {}:x{other}", ty.name));
            generator.count("set holders");
        }
    }
}

/// What a credential may do at most.
fn scopes(generator: &mut Generator) -> String {
    let mut names: Vec<String> = Vec::new();
    for _ in 0..generator.rng.random_range(0..4) {
        names.extend(generator.action().map(|action| format!("\"{action}\"")));
    }
    if generator.shape.has_permissions && generator.chance(30) {
        names.push((*generator.pick(&["\"g\"", "\"g.some\"", "\"g.b\""])).to_owned());
    }
    if generator.chance(30) {
        names.push("\"*\"".into());
    }
    format!("[{}]", names.join(", "))
}

fn value(generator: &mut Generator, name: &str) -> String {
    match name {
        "scopes" => return scopes(generator),
        "home" => {
            let place = generator.index();
            return format!("{}:x{place}", generator.shape.home);
        }
        _ => {}
    }
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
        "admins" => &["[]", "[User:u0]", "[User:u2, User:u1]"],
        "nums" => &["[]", "[1]", "[2, 1]", "[3, 3]"],
        _ => &["{ a: 1 }", "{ a: 2, b: \"x\" }", "{ b: \"y\" }", "{}"],
    };
    (*generator.pick(choices)).to_owned()
}

fn attributes(generator: &mut Generator, ty: &TypeShape) -> String {
    let mut fields = Vec::new();
    for name in ty.attributes.clone() {
        if name != "editors" && name != "parent" && generator.chance(80) {
            fields.push(format!("{name}: {}", value(generator, name)));
        }
    }
    let owned = |owner: &str| {
        fields
            .iter()
            .any(|field| field.starts_with(&format!("{owner}:")))
    };
    if ty
        .credential
        .as_ref()
        .is_some_and(|credential| !owned(credential.owner))
    {
        generator.count("credential without owner");
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
        for index in 0..generator.size() {
            if generator.chance(if is_subject { 20 } else { 10 }) {
                continue;
            }
            let mut containers = Vec::new();
            for (of, how) in &ty.containers {
                // Within a type only downwards, so that nothing stands inside of itself.
                let range = if *of == ty.name {
                    index
                } else {
                    generator.size()
                };
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
            if ty.attributes.contains("parent") {
                for _ in 0..generator.rng.random_range(0..3) {
                    let parents = generator.shape.parents.clone();
                    let parent = generator.pick(&parents).clone();
                    let other = generator.index();
                    world.push(format!(
                        "{}:{prefix}{index} parent {parent}:x{other}",
                        ty.name
                    ));
                }
            }
        }
        for role in &ty.roles {
            for _ in 0..generator.rng.random_range(0..4) {
                let holder = holder(generator, ty, role);
                let place = generator.index();
                let until = until(generator);
                if !until.is_empty() {
                    generator.count("until on holdings");
                }
                if !ty.scope {
                    generator.count("holdings on resources");
                }
                world.push(format!("{holder} is {role} of {}:x{place}{until}", ty.name));
            }
        }
        custom_roles(generator, ty, &mut world);
        for (with, levels) in &ty.shares {
            // What comes to the home of a credential by shares alone is what it is confined to.
            let homes = types.iter().filter_map(|ty| ty.credential.as_ref());
            let mut homes = homes.filter_map(|credential| credential.within.as_ref());
            let most = if homes.any(|home| home == with) { 8 } else { 4 };
            for _ in 0..generator.rng.random_range(0..most) {
                let (from, to) = (generator.index(), generator.index());
                let level = generator.pick(levels).clone();
                let until = until(generator);
                if !until.is_empty() {
                    generator.count("until on shares");
                }
                if ty.scope {
                    generator.count("share of a container");
                }
                world.push(format!(
                    "share {}:x{from} with {with}:x{to} at {level}{until}",
                    ty.name
                ));
            }
        }
    }
    if generator.deep {
        chains(generator, &types, &mut world);
    }
    if generator.shape.has_groups {
        for _ in 0..generator.rng.random_range(0..5) {
            let member = subject(generator);
            let group = generator.index();
            let until = until(generator);
            generator.count("memberships");
            if !until.is_empty() {
                generator.count("until on memberships");
            }
            if member.starts_with("Group") {
                generator.count("groups in groups");
            }
            world.push(format!("{member} in Group:g{group}{until}"));
        }
    }
    world
}

/// What makes a world deep: each group in the next, each parent a child, and each scope shared on.
fn chains(generator: &mut Generator, types: &[TypeShape], world: &mut Vec<String>) {
    let size = generator.size();
    if generator.shape.has_groups {
        for index in 1..size {
            world.push(format!("Group:g{} in Group:g{index}", index - 1));
            generator.count("groups in groups");
        }
    }
    for ty in types {
        let parents = generator.shape.parents.contains(&ty.name);
        if parents && ty.attributes.contains("parent") {
            for index in 1..size {
                world.push(format!("{0}:x{index} parent {0}:x{1}", ty.name, index - 1));
            }
        }
        for (with, levels) in &ty.shares {
            // One that is shared with its own type goes from hand to hand.
            for index in 1..size {
                let level = generator.pick(levels).clone();
                let (from, to) = (index - 1, index);
                world.push(format!(
                    "share {}:x{from} with {with}:x{to} at {level}",
                    ty.name
                ));
            }
        }
    }
}
