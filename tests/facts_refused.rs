//! Facts that a world does not take: each is told with its code, what is wrong and what to do.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used)]

use ward::{Fact, FactKind, Sources, World};

const POLICY: &str = r#"
subject User
subject Group of User | Group
scope Org {
    role Admin { sees * }
    custom roles from Doc.view
}
scope Team in Org {
    role Member { sees * }
}
scope Hall { }
resource Folder in Org?, many Folder { actions look }
resource Doc in Team {
    box: { a: Int }
    relation editors: User
    actions view
    share with Team { level read { view } }
}
"#;

/// What was told of those facts that were refused.
fn refused(facts: &str) -> Vec<String> {
    refused_of(ward::load::world_text("test.world", facts).unwrap())
}

fn refused_of(facts: Vec<Fact>) -> Vec<String> {
    let policy = ward::compile(&Sources::new().with("test.policy", POLICY)).unwrap();
    let (_, refused) = World::build_keeping(policy.plan().clone(), facts);
    let told = refused.iter().map(|refusal| {
        let reason = &refusal.reason;
        format!("{} {reason} ({})", reason.code(), reason.help())
    });
    told.collect()
}

#[test]
fn each_says_what_to_do() {
    let all = [
        (
            "Group:g in Hall:h",
            "E0505 a `Group` cannot stand in a `Hall` (`Group` stands in nothing: take the `in` out)",
        ),
        (
            "Hall:h in Group:g",
            "E0506 a `Hall` cannot be a member of a `Group` (members of `Group` are of `User` or `Group`)",
        ),
        (
            "Hall:h in Org:o",
            "E0505 a `Hall` cannot stand in an `Org` (`Hall` stands in nothing: take the `in` out)",
        ),
        (
            "User:u is Keeper of Hall:h",
            "E0503 `Hall` has no role `Keeper` (`Hall` has no roles at all; hold one on what it stands in)",
        ),
        (
            "User:u is Janitor of Team:t",
            "E0503 `Team` has no role `Janitor` (the roles of `Team` are `Member`; those that customers make are held on `Org`)",
        ),
        (
            "share Doc:d with Org:o at read",
            "E0510 a `Doc` cannot be shared with an `Org` (a `Doc` can be shared with `Team`)",
        ),
        (
            "Doc:d readers User:u",
            "E0512 `Doc` has no relation `readers` (declare it in the policy, or correct the name)",
        ),
        (
            "Doc:d editors Team:t",
            "E0513 `editors` cannot point to a `Team` (`editors` points to `User`)",
        ),
        (
            "Doc:d in Team:t { box: { a: \"one\" } }",
            "E0515 `box.a` is of type `Int`, not `\"one\"` (write a value of type `Int`)",
        ),
        (
            "role Clerk of Team:t can Doc.view",
            "E0522 a `Team` has no custom roles (make it on `Org`)",
        ),
    ];
    let told: Vec<(&str, Vec<String>)> = all
        .iter()
        .map(|(facts, _)| (*facts, refused(facts)))
        .collect();
    let expected: Vec<(&str, Vec<String>)> = all
        .iter()
        .map(|(facts, why)| (*facts, vec![(*why).to_owned()]))
        .collect();
    assert_eq!(told, expected);
}

/// Containment repeats within a type only, and never comes back to where it began.
#[test]
fn nothing_stands_inside_of_itself() {
    let circle = |entity: &str| {
        format!("E0508 `Folder:{entity}` would stand inside of itself (take one of the steps out)")
    };
    assert_eq!(refused("Folder:a in Folder:a"), [circle("a")]);
    assert_eq!(
        refused("Folder:a in Folder:b\nFolder:b in Folder:c\nFolder:c in Folder:a"),
        [circle("c")]
    );
    // Two ways up, of which one is long, and much below.
    let mut facts = String::from("Folder:top in Org:o\nFolder:a in Folder:top, Folder:side\n");
    for step in 0..20 {
        facts += &format!("Folder:s{step} in Folder:s{}\n", step + 1);
        facts += &format!("Folder:below{step} in Folder:a\n");
    }
    facts += "Folder:side in Folder:s0\n";
    assert_eq!(refused(&facts), Vec::<String>::new());
    facts += "Folder:s20 in Folder:below7\n";
    assert_eq!(refused(&facts), [circle("s20")]);
}

#[test]
fn a_membership_ends_and_containment_does_not() {
    assert_eq!(
        refused("Doc:d in Team:t until 2030-01-01"),
        [
            "E0509 containment does not end by itself (`until` goes with memberships, holdings and shares; take it out)"
        ]
    );
}

/// What the text form of facts cannot say, and JSON and a service can.
#[test]
fn a_custom_role_is_a_name_with_permissions() {
    let role = |name: &str, permission: &str| {
        let kind = FactKind::CustomRole {
            role: name.to_owned(),
            of: "Org:o".parse().unwrap(),
            can: vec![permission.to_owned()],
            description: None,
        };
        refused_of(vec![Fact { kind, place: None }])
    };
    assert_eq!(role("clerk", "Doc.view"), Vec::<String>::new());
    assert_eq!(
        role("two words", "Doc.view"),
        [
            "E0523 `two words` is no name for a role (a role's name has letters, digits and `_`; the `description` is for people)"
        ]
    );
    assert_eq!(
        role("clerk", "Doc.*"),
        [
            "E0524 unknown permission `Doc.*` (name each action as `Type.action`, or a permission group by its path)"
        ]
    );
}

/// Where a role of the policy is made too, it is not clear which is meant: nobody holds it, in whatever
/// order the facts come, and elsewhere it is held.
#[test]
fn a_role_of_the_policy_that_is_made_too_is_held_by_nobody() {
    let made = "role Admin of Org:p can Doc.view\nrole Clerk of Org:o can Doc.view\n";
    let held = [
        "Group:g is Admin of Org:p",
        "Org:o#Admin is Admin of Org:p",
        "Org:o#Clerk is Admin of Org:p",
        "User:u is Admin of Org:p until 2030-01-01T00:00:00Z",
        "anyone is Admin of Org:p",
    ];
    let elsewhere = "Org:p#Clerk is Clerk of Org:o\nrole Clerk of Org:p can Doc.view\n";
    let policy = ward::compile(&Sources::new().with("test.policy", POLICY)).unwrap();
    for facts in [
        format!("{made}{}\n{elsewhere}", held.join("\n")),
        format!("{}\n{made}{elsewhere}", held.join("\n")),
    ] {
        let facts = ward::load::world_text("test.world", &facts).unwrap();
        let mut loader = ward::load::Loader::new(policy.plan().clone());
        loader.facts(facts);
        let (world, refused) = loader.finish();
        let mut told: Vec<(&str, &str)> = refused
            .iter()
            .map(|refusal| (refusal.reason.code(), refusal.fact.as_str()))
            .collect();
        told.sort_unstable();
        let both = held.iter().map(|fact| ("E0526", *fact));
        let name = ("E0523", "role Admin of Org:p can Doc.view");
        let expected: Vec<(&str, &str)> = [name].into_iter().chain(both).collect();
        assert_eq!(told, expected);
        let left = world.facts().map(|fact| fact.to_string());
        let left: Vec<String> = left.filter(|fact| fact.contains(" is ")).collect();
        assert_eq!(left, ["Org:p#Clerk is Clerk of Org:o"]);
    }
}
