//! Hostile input to what decides who holds a role: long chains, circles, very many sources.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::sync::Arc;

use ward::{Context, EntityName, Evaluator, Outcome, Sources, World};

const POLICY: &str = "
subject User
subject Key in Space {
    scopes: Permissions
    acts for owner: User within Space at most scopes
}
scope Space in many Space {
    role Member { sees * can * also Space.Member }
    role Capped { at most Doc.view }
    custom roles from *
}
scope Box in Space, many Box {
    overrides Space
    role Reader { sees * }
}
resource Doc in many Box {
    visible by view
    relation parent: Doc
    relation blocked: User
    actions view, edit
    role Blocked { also blocked, parent.Blocked }
    role Viewer { can view also parent.Viewer except Blocked }
}
";

fn world(facts: &str) -> World {
    let policy = ward::compile(&Sources::new().with("roles.policy", POLICY)).unwrap();
    let facts = ward::load::world_text("roles.world", facts).unwrap();
    World::build(Arc::clone(policy.plan()), facts).unwrap()
}

fn name(text: &str) -> EntityName {
    text.parse().unwrap()
}

fn check(world: &World, subject: &str, action: &str, resource: &str) -> Outcome {
    let ward = Evaluator::new(world, 0);
    ward.check(&name(subject), action, &name(resource), &Context::default())
        .unwrap()
        .outcome
}

fn seen(world: &World, subject: &str, ty: &str) -> usize {
    let ward = Evaluator::new(world, 0);
    let seen = ward.visible(&name(subject), ty, &Context::default());
    seen.unwrap().len()
}

#[test]
fn a_role_comes_down_a_long_chain() {
    let mut facts = String::from("User:ann is Viewer of Doc:d0\nUser:bob is Viewer of Doc:d0\n");
    let count = 50_000;
    for index in 1..=count {
        let _ = writeln!(facts, "Doc:d{index} parent Doc:d{}", index - 1);
    }
    let _ = writeln!(facts, "Doc:d{} blocked User:bob", count / 2);
    let world = world(&facts);
    let last = format!("Doc:d{count}");
    assert_eq!(check(&world, "User:ann", "view", &last), Outcome::Allowed);
    assert_eq!(check(&world, "User:ann", "edit", &last), Outcome::Forbidden);
    assert_eq!(check(&world, "User:bob", "view", &last), Outcome::Invisible);
    assert_eq!(seen(&world, "User:ann", "Doc"), count + 1);
    assert_eq!(seen(&world, "User:bob", "Doc"), count / 2);
}

#[test]
fn circles_of_relations_and_sets_end() {
    let mut facts = String::new();
    let count = 20_000;
    for index in 0..count {
        let next = (index + 1) % count;
        let _ = writeln!(facts, "Doc:d{index} parent Doc:d{next}");
        let _ = writeln!(facts, "Doc:d{index}#Viewer is Viewer of Doc:d{next}");
    }
    facts.push_str("User:ann is Viewer of Doc:d7\n");
    let world = world(&facts);
    assert_eq!(
        check(&world, "User:ann", "view", "Doc:d3"),
        Outcome::Allowed
    );
    assert_eq!(
        check(&world, "User:bob", "view", "Doc:d3"),
        Outcome::Invisible
    );
    assert_eq!(seen(&world, "User:ann", "Doc"), count);
}

#[test]
fn very_many_sources_of_one_role() {
    let mut facts = String::new();
    let count = 50_000;
    for index in 0..count {
        let _ = writeln!(facts, "Doc:all parent Doc:d{index}");
    }
    let _ = writeln!(facts, "User:ann is Viewer of Doc:d{}", count - 1);
    let world = world(&facts);
    assert_eq!(
        check(&world, "User:ann", "view", "Doc:all"),
        Outcome::Allowed
    );
    let ward = Evaluator::new(&world, 0);
    let who = ward
        .who("view", &name("Doc:all"), &Context::default())
        .unwrap();
    assert_eq!(who.subjects, [name("User:ann")]);
}

#[test]
fn deep_containment_with_ceilings_overrides_and_enclosing_roles() {
    let mut facts = String::from("Space:s0\n");
    let count = 10_000;
    for index in 1..=count {
        let _ = writeln!(facts, "Space:s{index} in Space:s{}", index - 1);
    }
    let _ = writeln!(facts, "Box:b0 in Space:s{count}");
    for index in 1..=count {
        let _ = writeln!(facts, "Box:b{index} in Space:s{count}, Box:b{}", index - 1);
    }
    let _ = writeln!(facts, "Doc:d in Box:b{count}");
    let _ = writeln!(
        facts,
        "Key:k in Space:s{count} {{ owner: User:ann, scopes: [\"Doc.view\"] }}"
    );
    facts.push_str("User:ann is Member of Space:s0\nUser:bob is Member of Space:s0\n");
    facts.push_str("User:bob is Capped of Space:s5\nUser:cid is Member of Space:s0\n");
    facts.push_str("User:cid is Reader of Box:b9\n");
    let world = world(&facts);
    assert_eq!(check(&world, "User:ann", "edit", "Doc:d"), Outcome::Allowed);
    assert_eq!(check(&world, "User:bob", "view", "Doc:d"), Outcome::Allowed);
    assert_eq!(
        check(&world, "User:bob", "edit", "Doc:d"),
        Outcome::Forbidden
    );
    assert_eq!(check(&world, "Key:k", "view", "Doc:d"), Outcome::Allowed);
    assert_eq!(check(&world, "Key:k", "edit", "Doc:d"), Outcome::Forbidden);
    // Every box lies in the space by itself, so the space is also reached beside the override.
    assert_eq!(check(&world, "User:cid", "edit", "Doc:d"), Outcome::Allowed);
}

#[test]
fn very_many_custom_roles() {
    let mut facts = String::from("Box:b in Space:s\nDoc:d in Box:b\n");
    for index in 0..20_000 {
        let _ = writeln!(facts, "role R{index} of Space:s can Doc.view");
        let _ = writeln!(facts, "User:u{index} is R{index} of Space:s");
    }
    let world = world(&facts);
    assert_eq!(
        check(&world, "User:u19999", "view", "Doc:d"),
        Outcome::Allowed
    );
    assert_eq!(
        check(&world, "User:u19999", "edit", "Doc:d"),
        Outcome::Forbidden
    );
}

#[test]
fn a_custom_role_takes_an_action_that_is_asked_of_several_types() {
    let policy = "
        subject User
        scope Org { role Member { sees * }  custom roles from Doc.create, Doc.view }
        scope Club { role Member { sees * } }
        resource Doc in Org, many Club { actions create in Org | Club, view, edit }
        permissions docs { some { Doc.create, Doc.view }  all { Doc.* } }
        test \"inside of its reach\" {
            Doc:a in Org:acme, Club:chess
            User:ann is Member of Org:acme, Member of Club:chess
            role Writer of Org:acme can docs.some
            User:ann is Writer of Org:acme
            expect User:ann can Doc.create on Org:acme
            expect User:ann cannot Doc.create on Club:chess
            expect refused role Writer of Org:acme can docs.all
        }
    ";
    let policy = ward::compile(&Sources::new().with("roles.policy", policy)).unwrap();
    let results = ward::spec::run(&policy);
    assert!(
        results.iter().all(ward::spec::TestResult::passed),
        "{results:?}"
    );
}

#[test]
fn a_credential_lives_in_the_nearest_scope_of_a_type_that_repeats() {
    let world = world(
        "Space:inner in Space:outer
         Box:in in Space:inner
         Box:out in Space:outer
         Doc:in in Box:in
         Doc:out in Box:out
         User:ann is Member of Space:outer
         Key:k in Space:inner { owner: User:ann, scopes: [\"*\"] }",
    );
    assert_eq!(check(&world, "Key:k", "view", "Doc:in"), Outcome::Allowed);
    assert_eq!(
        check(&world, "User:ann", "view", "Doc:out"),
        Outcome::Allowed
    );
    assert_eq!(
        check(&world, "Key:k", "view", "Doc:out"),
        Outcome::Invisible
    );
}

#[test]
fn holders_of_a_custom_role_do_not_get_a_role_of_the_policy_by_its_name() {
    let policy = ward::compile(&Sources::new().with("roles.policy", POLICY)).unwrap();
    let facts = ward::load::world_text(
        "roles.world",
        "Box:b in Space:s
         User:ann is Member of Space:s
         role Member of Space:s can Doc.view
         User:bob is Member of Space:other",
    );
    let (world, refused) = World::build_keeping(Arc::clone(policy.plan()), facts.unwrap());
    let codes: Vec<&str> = refused
        .iter()
        .map(|refusal| refusal.reason.code())
        .collect();
    assert_eq!(codes, ["E0526", "E0523"]);
    assert_eq!(seen(&world, "User:ann", "Box"), 0);
    assert_eq!(seen(&world, "User:bob", "Space"), 1);
}

#[test]
fn an_also_of_very_many_terms() {
    let terms = vec!["owner"; 4_000].join(" and ");
    let many = format!(
        "subject User\nscope S {{ relation owner: User role R {{ sees * also {terms} }} }}\n"
    );
    assert!(ward::compile(&Sources::new().with("many.policy", many)).is_ok());
    let terms = vec!["owner"; 10_000].join(" except ");
    let more =
        format!("subject User\nscope S {{ relation owner: User role R {{ also {terms} }} }}\n");
    assert!(ward::compile(&Sources::new().with("more.policy", more)).is_err());
    let deep = format!(
        "subject User\nscope S {{ relation owner: User role R {{ also {}owner{} }} }}\n",
        "(".repeat(100_000),
        ")".repeat(100_000)
    );
    assert!(ward::compile(&Sources::new().with("deep.policy", deep)).is_err());
}
