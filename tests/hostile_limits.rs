//! What is built to be slow: policies and worlds that a careless algorithm takes exponential time
//! over. Each is measured at two sizes, and grows no faster than `docs/security.md` says.
//!
//! `WARD_HOSTILE` multiplies the sizes (1); by hand it is set to 10 or 50.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ward::{Context, EntityName, Evaluator, Outcome, Policy, Sources, World};

fn times() -> usize {
    let said = std::env::var("WARD_HOSTILE").ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(1)
}

fn compiled(text: &str) -> Policy {
    ward::compile(&Sources::new().with("hostile.policy", text)).unwrap()
}

/// The codes of what is wrong with a text.
fn codes(text: &str) -> Vec<&'static str> {
    match ward::compile(&Sources::new().with("hostile.policy", text)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.code.0).collect(),
    }
}

fn built(policy: &Policy, facts: &str) -> World {
    let facts = ward::load::world_text("hostile.world", facts).unwrap();
    World::build(Arc::clone(policy.plan()), facts).unwrap()
}

fn name(text: &str) -> EntityName {
    text.parse().unwrap()
}

fn check(world: &World, subject: &str, action: &str, resource: &str) -> Outcome {
    let ward = Evaluator::new(world, 0);
    let found = ward.check(&name(subject), action, &name(resource), &Context::default());
    found.unwrap().outcome
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}

/// What three times the size may cost, in times: it is three for what grows with its length, nine with
/// the square and twenty-seven with the cube. Each bound lies between two of these, about twice as high
/// as the lower, since a machine with little cache or with other work takes more.
const LENGTH: f64 = 6.0;
const SQUARE: f64 = 18.0;

/// Holds how what is three times as large grows. Another process may take its turn in the middle: of a
/// few tries one is enough.
fn grows(what: &str, size: usize, bound: f64, run: impl Fn(usize)) {
    let mut tried = Vec::new();
    for _ in 0..5 {
        let small = timed(|| run(size)).1;
        let large = timed(|| run(3 * size)).1;
        println!("{what}: {size} in {small:.1?}, {} in {large:.1?}", 3 * size);
        if large < small.mul_f64(bound) + Duration::from_millis(200) {
            return;
        }
        tried.push((small, large));
    }
    panic!("{what}: {size} and three times as many took {tried:?}");
}

// ---- policies ------------------------------------------------------------------------------------

#[test]
fn groups_that_double() {
    grows(
        "permission groups that take the last two twice",
        130,
        SQUARE,
        |size| {
            let mut text = String::from(
                "subject User\nscope T { actions a, b  role R { can g0 } }\npermissions g0 { T.a }\npermissions h0 { T.b }\n",
            );
            for index in 1..=size {
                let last = index - 1;
                let _ = writeln!(
                    text,
                    "permissions g{index} {{ g{last}, h{last}, g{last}.* }}"
                );
                let _ = writeln!(
                    text,
                    "permissions h{index} {{ h{last}, g{last} except g{last}.* }}"
                );
            }
            // An `except` of all that there is leaves nothing, which is an error; neither may be slow.
            let _ = codes(&text);
        },
    );
}

#[test]
fn roles_that_double() {
    grows(
        "roles that include and have the last two",
        70,
        SQUARE,
        |size| {
            let mut text = String::from(
                "subject User\nscope T { actions a\n role R0 { can a } role S0 { sees this }\n",
            );
            for index in 1..=size {
                let last = index - 1;
                let _ = writeln!(
                    text,
                    "role R{index} {{ includes R{last}, S{last} also S{last} and R{last} }}"
                );
                let _ = writeln!(text, "role S{index} {{ includes S{last}, R{last} }}");
            }
            text.push_str("}\n");
            let policy = compiled(&text);
            let world = built(
                &policy,
                &format!("User:ann is R{size} of T:t\nUser:bob is R0 of T:t"),
            );
            assert_eq!(check(&world, "User:ann", "a", "T:t"), Outcome::Allowed);
            let bob = check(&world, "User:bob", "a", "T:t");
            assert_eq!(bob, Outcome::Invisible, "he may, and does not see it");
        },
    );
}

#[test]
fn levels_that_double() {
    grows("levels that include the last two", 70, SQUARE, |size| {
        let mut text = String::from(
            "subject User\nscope T { role R { sees * can * } }\nresource D in T { actions a\n share with T { level k0 { a } level l0 { a }\n",
        );
        for index in 1..=size {
            let last = index - 1;
            let _ = writeln!(text, "level k{index} includes k{last}, l{last} {{ }}");
            let _ = writeln!(text, "level l{index} includes l{last}, k{last} {{ }}");
        }
        text.push_str("} }\n");
        assert_eq!(codes(&text), [] as [&str; 0]);
    });
}

#[test]
fn types_whose_containers_double() {
    grows("types that stand in the last two", 40, SQUARE, |size| {
        let mut text = String::from(
            "subject User\nscope A0 { actions a role R { sees * can * } }\nscope B0 { role R { sees * } }\n",
        );
        for index in 1..=size {
            let last = index - 1;
            let _ = writeln!(
                text,
                "scope A{index} in A{last}?, B{last}? {{ actions a role R {{ also A{last}.R sees * can *.a }} }}"
            );
            let _ = writeln!(
                text,
                "scope B{index} in A{last}?, B{last}? {{ role R {{ requires A{last}.R }} }}"
            );
        }
        let policy = compiled(&text);
        let mut facts = String::from("User:ann is R of A0:x\n");
        for index in 1..=size {
            let last = index - 1;
            let _ = writeln!(
                facts,
                "A{index}:x in A{last}:x, B{last}:x\nB{index}:x in A{last}:x, B{last}:x"
            );
        }
        let world = built(&policy, &facts);
        assert_eq!(
            check(&world, "User:ann", "a", &format!("A{size}:x")),
            Outcome::Allowed
        );
        assert_eq!(
            check(&world, "User:bob", "a", &format!("A{size}:x")),
            Outcome::Invisible
        );
    });
}

#[test]
fn very_many_actions_and_roles_on_them() {
    grows(
        "types with sixty actions, and roles that can all",
        25,
        SQUARE,
        |size| {
            let mut text = String::from("subject User\nscope T {\n");
            for index in 0..size {
                let _ = writeln!(
                    text,
                    "role R{index} {{ sees * can *, *.a{} except D{index}.* at most * }}",
                    index % 60
                );
            }
            text.push_str("}\n");
            let actions: Vec<String> = (0..60).map(|index| format!("a{index}")).collect();
            for index in 0..size {
                let _ = writeln!(
                    text,
                    "resource D{index} in T {{ actions {} }}",
                    actions.join(", ")
                );
            }
            assert_eq!(codes(&text), [] as [&str; 0]);
        },
    );
}

#[test]
fn thousands_of_wildcards() {
    grows("wildcards in one set", 700, LENGTH, |size| {
        let terms = vec!["*, *.a, D.*"; size / 3].join(", ");
        let text = format!(
            "subject User\nscope T {{ role R {{ sees * can {terms} }} }}\nresource D in T {{ owner: User actions a, b }}\n"
        );
        let _ = codes(&text);
    });
    grows(
        "clauses and rules with wildcards and conditions",
        350,
        LENGTH,
        |size| {
            let mut text = String::from("subject User\nscope T { role R { sees *\n");
            for _ in 0..size {
                text.push_str("can *, *.a when resource.n > 1\n");
            }
            text.push_str("} }\n");
            for index in 0..20 {
                let _ = writeln!(text, "resource D{index} in T {{ n: Int actions a, b }}");
            }
            for _ in 0..size {
                text.push_str("permit * when resource.n > 2\n");
            }
            assert_eq!(codes(&text), [] as [&str; 0]);
        },
    );
}

#[test]
fn conditions_as_large_as_they_may_be() {
    let deep = |size: usize| {
        let condition = format!(
            "{}resource.b{}",
            "(if resource.b then ".repeat(size),
            " else resource.b)".repeat(size)
        );
        format!("subject User\nscope T {{ b: Bool actions a }}\npermit T.a when {condition}\n")
    };
    grows("conditions in conditions", 40, LENGTH, |size| {
        assert_eq!(codes(&deep(size)), [] as [&str; 0])
    });
    assert_eq!(codes(&deep(300)), ["E0107"]);
    // A condition is read for each type that a wildcard brings.
    grows("types that a condition is read for", 130, LENGTH, |size| {
        let terms = vec!["resource.n > 1"; 200].join(" && ");
        let mut text = format!("subject User\nscope T {{ n: Int }}\nforbid * when {terms}\n");
        for index in 0..size {
            let _ = writeln!(text, "resource D{index} in T {{ n: Int actions a }}");
        }
        assert_eq!(codes(&text), [] as [&str; 0]);
    });
}

// ---- worlds --------------------------------------------------------------------------------------

const POLICY: &str = "
subject User
subject Group of User | Group
scope Team in many Team {
    role Member { sees * can Doc.view }
    role Capped { at most *.view }
    share with Team { level read { Doc.view } }
}
resource Doc in many Team { actions view, edit  relation parent: Doc  role Reader { sees this can view also parent.Reader } }
";

#[test]
fn a_nest_of_groups_and_a_circle_of_them() {
    let policy = compiled(POLICY);
    grows("groups in groups", 13_000 * times(), LENGTH, |size| {
        let mut facts =
            format!("Doc:d in Team:t\nGroup:g{size} is Member of Team:t\nUser:ann in Group:g0\n");
        for index in 0..size {
            let _ = writeln!(facts, "Group:g{index} in Group:g{}", index + 1);
        }
        // The last is in the first again: all of them are in all.
        let _ = writeln!(facts, "Group:g{size} in Group:g0");
        let world = built(&policy, &facts);
        assert_eq!(check(&world, "User:ann", "view", "Doc:d"), Outcome::Allowed);
        assert_eq!(
            check(&world, "User:bob", "view", "Doc:d"),
            Outcome::Invisible
        );
        let seen = Evaluator::new(&world, 0).visible(&name("User:ann"), "Doc", &Context::default());
        assert_eq!(seen.unwrap(), [name("Doc:d")]);
    });
}

#[test]
fn overrides_that_are_open_at_once() {
    // At each step a way may take up one override or another: two to the power of the steps, and so
    // there may be few types that are overridden.
    let nested = |steps: usize| {
        let mut policy = String::from("subject User\nscope Top { role Boss { sees * can * } }\n");
        let mut facts = String::from("User:ann is Boss of Top:t\n");
        let mut above = String::from("Top");
        for index in 0..steps {
            let _ = writeln!(policy, "scope A{index} {{ }}\nscope B{index} {{ }}");
            for (here, of) in [("P", "A"), ("N", "B")] {
                let _ = writeln!(
                    policy,
                    "scope {here}{index} in {above}, {of}{index}? {{ overrides {of}{index} role R {{ }} }}"
                );
                let _ = writeln!(
                    facts,
                    "{here}{index}:x in {above}:t\nUser:ann is R of {here}{index}:x"
                );
            }
            let _ = writeln!(
                policy,
                "scope L{index} in P{index}, N{index} {{ actions view }}"
            );
            let _ = writeln!(facts, "L{index}:t in P{index}:x, N{index}:x");
            above = format!("L{index}");
        }
        (policy, facts, above)
    };
    let (policy, facts, last) = nested(4);
    let world = built(&compiled(&policy), &facts);
    let (found, took) = timed(|| check(&world, "User:ann", "view", &format!("{last}:t")));
    println!("eight overridden types: a check in {took:.1?}");
    // Each way has left one of the two behind it that it never passes.
    assert_eq!(found, Outcome::Invisible);
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(codes(&nested(5).0), ["E0420", "E0420"]);
}

#[test]
fn a_lattice_of_containers() {
    let policy = compiled(POLICY);
    // From the bottom to the top there are as many ways as two to the power of the size.
    grows(
        "containers that part and meet",
        1_300 * times(),
        LENGTH,
        |size| {
            let mut facts = format!(
                "Doc:d in Team:a{size}, Team:b{size}\nUser:ann is Member of Team:a0\nUser:cap is Member of Team:a0\nUser:cap is Capped of Team:b7\n"
            );
            for index in 1..=size {
                let last = index - 1;
                let _ = writeln!(
                    facts,
                    "Team:a{index} in Team:a{last}, Team:b{last}\nTeam:b{index} in Team:b{last}, Team:a{last}"
                );
            }
            let world = built(&policy, &facts);
            assert_eq!(check(&world, "User:ann", "view", "Doc:d"), Outcome::Allowed);
            assert_eq!(check(&world, "User:cap", "view", "Doc:d"), Outcome::Allowed);
            assert_eq!(
                check(&world, "User:bob", "view", "Doc:d"),
                Outcome::Invisible
            );
        },
    );
}

#[test]
fn shares_of_shares_in_circles() {
    let policy = compiled(POLICY);
    grows(
        "shares of what is shared",
        1_300 * times(),
        LENGTH,
        |size| {
            let mut facts = String::from("Doc:d in Team:t0\nUser:ann is Member of Team:t7\n");
            for index in 0..size {
                for step in [1, 2, 5] {
                    let _ = writeln!(
                        facts,
                        "share Team:t{index} with Team:t{} at read",
                        (index + step) % size
                    );
                }
            }
            let world = built(&policy, &facts);
            assert_eq!(check(&world, "User:ann", "view", "Doc:d"), Outcome::Allowed);
            assert_eq!(
                check(&world, "User:bob", "view", "Doc:d"),
                Outcome::Invisible
            );
        },
    );
}

#[test]
fn one_entity_on_which_everybody_holds_something() {
    let policy = compiled(POLICY);
    let size = 100_000 * times();
    let mut facts = String::from("Doc:d in Team:t\n");
    for index in 0..size {
        let _ = writeln!(facts, "User:u{index} is Member of Team:t");
    }
    let (world, build) = timed(|| built(&policy, &facts));
    let last = format!("User:u{}", size - 1);
    let (found, first) = timed(|| check(&world, &last, "view", "Doc:d"));
    assert_eq!(found, Outcome::Allowed);
    assert_eq!(
        check(&world, "User:none", "view", "Doc:d"),
        Outcome::Invisible
    );
    println!("{size} holdings on one entity: built in {build:.1?}, a check in {first:.1?}");
    // A subject is looked up among those who hold something, and not looked for.
    let many = timed(|| {
        (0..1_000).for_each(|_| assert_eq!(check(&world, &last, "view", "Doc:d"), Outcome::Allowed))
    })
    .1;
    println!("and a thousand in {many:.1?}");
    assert!(many < Duration::from_secs(10), "{many:?} for a thousand");
}

#[test]
fn ids_of_a_megabyte() {
    let policy = compiled(POLICY);
    let long = |first: char| format!("{first}{}", "x".repeat(1 << 20));
    let mut facts = String::new();
    for first in 'a'..='h' {
        let _ = writeln!(facts, "Doc:{} in Team:{}", long(first), long('t'));
        let _ = writeln!(
            facts,
            "User:{} is Member of Team:{}",
            long(first),
            long('t')
        );
    }
    let world = built(&policy, &facts);
    let (found, took) = timed(|| {
        check(
            &world,
            &format!("User:{}", long('a')),
            "view",
            &format!("Doc:{}", long('h')),
        )
    });
    assert_eq!(found, Outcome::Allowed);
    assert_eq!(
        check(&world, "User:a", "view", &format!("Doc:{}", long('h'))),
        Outcome::Invisible
    );
    assert!(took < Duration::from_secs(10), "{took:?}");
}
