//! A subject in very many groups, on places where very many hold roles: each way of looking them up
//! gives the answer that the facts give.

#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(feature = "compiler")]

use std::sync::Arc;

use ward::{Context, EntityName, Evaluator, Fact, FactKind, Holder, Outcome, Sources, World};

const POLICY: &str = "
    subject User
    subject Group of User | Group
    scope Folder {
        actions open
        role Viewer { sees * can open }
    }
";

fn stands(entity: &str, containers: &[&str]) -> Fact {
    FactKind::Entity {
        entity: entity.parse().unwrap(),
        containers: containers
            .iter()
            .map(|name| name.parse().unwrap())
            .collect(),
        until: None,
        attributes: std::collections::BTreeMap::new(),
    }
    .into()
}

fn views(holder: &str, folder: &str) -> Fact {
    FactKind::Holding {
        subject: Holder::Entity(holder.parse().unwrap()),
        role: "Viewer".into(),
        of: folder.parse().unwrap(),
        until: None,
    }
    .into()
}

fn can_open(world: &World, user: &str, folder: &str) -> bool {
    let name = |text: &str| text.parse::<EntityName>().unwrap();
    let ward = Evaluator::new(world, 0);
    let check = ward.check(&name(user), "open", &name(folder), &Context::default());
    let allowed = check.unwrap().outcome == Outcome::Allowed;
    let listed = ward.allowed(&name(user), "open", "Folder", &Context::default());
    assert_eq!(
        listed.unwrap().contains(&name(folder)),
        allowed,
        "{user} {folder}"
    );
    let who = ward
        .who("open", &name(folder), &Context::default())
        .unwrap();
    assert_eq!(
        who.subjects.contains(&name(user)),
        allowed,
        "{user} {folder}"
    );
    allowed
}

/// Folders `f0` to `f19`: on each, `crowd` users hold the role, and the group of the same number.
fn facts(groups: usize, crowd: usize) -> Vec<Fact> {
    let mut facts = Vec::new();
    for folder in 0..20 {
        for user in 0..crowd {
            facts.push(views(
                &format!("User:other{user}"),
                &format!("Folder:f{folder}"),
            ));
        }
        facts.push(views(
            &format!("Group:g{folder}"),
            &format!("Folder:f{folder}"),
        ));
    }
    // Ann is in the groups of even numbers, and in many that hold nothing.
    for group in (0..20).step_by(2) {
        facts.push(stands("User:ann", &[&format!("Group:g{group}")]));
    }
    for group in 0..groups {
        facts.push(stands("User:ann", &[&format!("Group:idle{group}")]));
    }
    // By one of them she is in a group that holds a role; and one she holds herself.
    facts.push(stands("Group:idle0", &["Group:g1"]));
    facts.push(views("User:ann", "Folder:f3"));
    facts
}

fn expected(folder: usize) -> bool {
    folder.is_multiple_of(2) || folder == 1 || folder == 3
}

#[test]
fn each_way_of_looking_up_holders_gives_the_same() {
    let policy = ward::compile(&Sources::new().with("many.policy", POLICY)).unwrap();
    for groups in [1, 20, 100] {
        for crowd in [0, 30, 1000] {
            let plan = Arc::clone(policy.plan());
            let world = World::build(plan, facts(groups, crowd)).unwrap();
            for folder in 0..20 {
                let found = can_open(&world, "User:ann", &format!("Folder:f{folder}"));
                assert_eq!(
                    found,
                    expected(folder),
                    "{groups} groups, {crowd} others, f{folder}"
                );
            }
        }
    }
}

#[test]
fn what_is_new_counts_too() {
    let policy = ward::compile(&Sources::new().with("many.policy", POLICY)).unwrap();
    for groups in [1, 100] {
        let plan = Arc::clone(policy.plan());
        let mut world = World::build(plan, facts(groups, 1000)).unwrap();
        for step in [
            stands("User:ann", &["Group:fresh"]),
            views("Group:fresh", "Folder:f5"),
            stands("Group:idle0", &["Group:above"]),
            views("Group:above", "Folder:f7"),
            views("User:new", "Folder:f9"),
        ] {
            world.add(&step).unwrap();
        }
        world.remove(&stands("User:ann", &["Group:g0"])).unwrap();
        world.remove(&views("Group:g2", "Folder:f2")).unwrap();
        for folder in 0..20 {
            let now = expected(folder) || folder == 5 || folder == 7;
            let now = now && folder != 0 && folder != 2;
            for world in [&world, &world.compacted()] {
                let found = can_open(world, "User:ann", &format!("Folder:f{folder}"));
                assert_eq!(found, now, "{groups} groups, f{folder}");
            }
        }
        assert!(can_open(&world, "User:new", "Folder:f9"));
        assert!(!can_open(&world, "User:new", "Folder:f8"));
        assert!(!can_open(&world, "User:nobody", "Folder:f8"));
    }
}

#[test]
fn a_page_token_is_of_one_version() {
    let policy = ward::compile(&Sources::new().with("many.policy", POLICY)).unwrap();
    let world = World::build(Arc::clone(policy.plan()), facts(1, 0)).unwrap();
    let ann: EntityName = "User:ann".parse().unwrap();
    let token = |world: &World| {
        let ward = Evaluator::new(world, 0);
        let mut list = ward
            .list(&ann, None, "Folder", &Context::default())
            .unwrap();
        assert_eq!(list.by_ref().take(3).count(), 3);
        list.token()
    };
    let left = |world: &World, token| {
        let ward = Evaluator::new(world, 0);
        let list = ward
            .list(&ann, None, "Folder", &Context::default())
            .unwrap();
        list.after(token).map(Iterator::count)
    };
    assert_eq!(left(&world, token(&world)), Ok(9));
    // A copy is the same version until it changes, and two that change are two.
    let (mut one, mut other) = (world.clone(), world.clone());
    assert_eq!(left(&one, token(&world)), Ok(9));
    one.add(&views("User:ann", "Folder:f5")).unwrap();
    other.add(&views("User:ann", "Folder:f7")).unwrap();
    for (from, of) in [(&world, &one), (&one, &other), (&one, &world)] {
        let error = left(of, token(from)).unwrap_err();
        assert_eq!(error.code(), "E0608");
    }
    assert_eq!(left(&one, token(&one)), Ok(10));
    assert_eq!(
        left(&world.compacted(), token(&world)).unwrap_err().code(),
        "E0608"
    );
    for text in ["", "1.2", "1.2.3.4", "x.y.z", "1.2.99999999999"] {
        assert_eq!(text.parse::<ward::PageToken>().unwrap_err().code(), "E0608");
    }
}

#[test]
fn what_no_fact_names_any_more_is_not_known() {
    let policy = "
        subject User
        scope Team { role Member { sees * } }
        resource Doc in Team { actions view }
        reveal Team to User
    ";
    let policy = ward::compile(&Sources::new().with("left.policy", policy)).unwrap();
    let first = [stands("User:ann", &[]), stands("Doc:plan", &["Team:red"])];
    let mut world = World::build(Arc::clone(policy.plan()), first).unwrap();
    let teams = |world: &World| {
        let ward = Evaluator::new(world, 0);
        let ann = "User:ann".parse().unwrap();
        ward.visible(&ann, "Team", &Context::default())
            .unwrap()
            .len()
    };
    assert_eq!(teams(&world), 1);
    world.remove(&stands("Doc:plan", &["Team:red"])).unwrap();
    assert_eq!(teams(&world), 0);
    world.add(&stands("Doc:list", &["Team:blue"])).unwrap();
    assert_eq!(teams(&world), 1);
    world.remove(&stands("Doc:list", &["Team:blue"])).unwrap();
    assert_eq!(teams(&world), 0);
}

/// A document in many folders, which lie in many others: what is known of all that lies around it,
/// and what must be found by going there.
#[test]
fn every_container_counts_however_many_there_are() {
    let policy = "
        subject User
        scope Folder in many Folder { actions open  role Viewer { can open, Doc.read } }
        resource Doc in many Folder { visible by read  actions read }
    ";
    let policy = ward::compile(&Sources::new().with("many.policy", policy)).unwrap();
    let name = |text: &str| text.parse::<EntityName>().unwrap();
    for count in [2, 40, 300, 3000] {
        let mut facts = Vec::new();
        for folder in 0..count {
            facts.push(stands("Doc:d", &[&format!("Folder:f{folder}")]));
            let outer = format!("Folder:outer{}", folder % 7);
            facts.push(stands(&format!("Folder:f{folder}"), &[&outer]));
            facts.push(views(
                &format!("User:u{folder}"),
                &format!("Folder:f{folder}"),
            ));
        }
        facts.push(views("User:ann", "Folder:outer1"));
        facts.push(views("User:bob", "Folder:elsewhere"));
        let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
        let ward = Evaluator::new(&world, 0);
        let reads = |user: &str| {
            let check = ward.check(&name(user), "read", &name("Doc:d"), &Context::default());
            check.unwrap().outcome == Outcome::Allowed
        };
        for folder in [0, 1, count / 2, count - 1] {
            assert!(
                reads(&format!("User:u{folder}")),
                "{count} folders, {folder}"
            );
        }
        assert!(reads("User:ann"), "{count} folders");
        assert!(!reads("User:bob"), "{count} folders");
    }
}

/// What else a change opens is counted as far as it says, and it says where that was not all.
#[test]
fn what_a_change_opens_is_counted_as_far_as_it_is_told() {
    let actions: Vec<String> = (0..12).map(|action| format!("a{action}")).collect();
    let policy = format!(
        "subject User
        scope Team {{ role Boss {{ sees Doc  can Doc.* }} }}
        resource Doc in Team {{
            actions {}
            share with Team {{ level all {{ Doc.* }} }}
        }}",
        actions.join(", ")
    );
    let policy = ward::compile(&Sources::new().with("opens.policy", policy)).unwrap();
    let ask = |facts: &str, subject: &str| {
        let facts = ward::load::world_text("opens.world", facts).unwrap();
        let world = World::build(Arc::clone(policy.plan()), facts).unwrap();
        let wanted = ward::Explain {
            all: false,
            changes: true,
        };
        let (subject, resource) = (subject.parse().unwrap(), "Doc:d".parse().unwrap());
        let ward = Evaluator::new(&world, 0);
        let told = ward.explain(&subject, "a0", &resource, &Context::default(), wanted);
        told.unwrap().changes.into_iter().map(|change| change.opens)
    };
    // A share with the team of so many others.
    for (bosses, more) in [(4000, false), (4001, true)] {
        let mut facts = String::from("Doc:d in Team:a\n");
        for boss in 0..bosses {
            facts += &format!("User:u{boss} is Boss of Team:b\n");
        }
        let opens = ask(&facts, "User:u0")
            .find(|opens| opens.subjects.count > 0)
            .unwrap();
        assert_eq!((opens.subjects.count, opens.subjects.more), (3999, more));
    }
    // A role that opens twelve actions on six hundred things: five hundred of a list are looked at,
    // and four thousand in all.
    let mut facts = String::from("Doc:d in Team:a\nUser:ann is Boss of Team:c\n");
    for doc in 0..600 {
        facts += &format!("Doc:d{doc} in Team:a\n");
    }
    let opens = ask(&facts, "User:ann").max_by_key(|opens| opens.elsewhere.count);
    let opens = opens.unwrap();
    assert_eq!((opens.sights.count, opens.sights.more), (499, true));
    assert_eq!((opens.elsewhere.count, opens.elsewhere.more), (3493, true));
}
