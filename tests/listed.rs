//! Small policies on what lists and who-lists have in them, and what not.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod small;

use ward::{Context, EntityName, Evaluator, Sources, World};

use small::world;

const LISTED: &str = "
subject User
scope Team { role Member { sees Doc } }
scope Folder { role Reader { sees Doc } }
scope Shelf { role Reader { sees Note } }
resource Doc in Team, Folder { actions view }
resource Note in many Shelf { actions view }
";

/// What a role shows is listed too where it stands in another container first.
#[test]
fn lists_have_what_stands_in_further_containers() {
    let facts = "
        Doc:a in Team:t, Folder:f
        Note:n in Shelf:f, Shelf:g
        User:ann is Member of Team:t
        User:bob is Reader of Folder:f
        User:bob is Reader of Shelf:f
        User:cleo is Reader of Shelf:g
    ";
    let lists = [
        ("User:ann", "Doc", "Doc:a"),
        ("User:bob", "Doc", "Doc:a"),
        ("User:bob", "Note", "Note:n"),
        ("User:cleo", "Note", "Note:n"),
    ];
    are_listed(LISTED, facts, &lists);
}

const NAMED: &str = "
subject User
scope Team {}
resource Doc in Team { owner: User  actions view  role Owner { also owner  sees this } }
";

/// The same where no fact says who holds a role.
#[test]
fn lists_have_what_a_link_shows() {
    let facts = "Doc:a in Team:t { owner: User:ann }";
    are_listed(NAMED, facts, &[("User:ann", "Doc", "Doc:a")]);
}

/// The same of what is shown by an action: what the level of a share keeps out is not in the list.
#[test]
fn lists_leave_out_what_a_share_does_not_show() {
    let policy = "
        subject User
        scope Team { role Reader { can Doc.read, Doc.edit } }
        resource Doc in Team {
            visible by read
            actions read, edit
            share with Team { level look { read }  level change { edit }  level both { read, edit } }
        }
    ";
    let facts = "
        Doc:looked in Team:a
        Doc:changed in Team:a
        Doc:both in Team:a
        share Doc:looked with Team:b at look
        share Doc:changed with Team:b at change
        share Doc:both with Team:b at both
        User:ann is Reader of Team:b
    ";
    let world = world(policy, facts);
    let ward = Evaluator::new(&world, 0);
    let ann: EntityName = "User:ann".parse().unwrap();
    let none = Context::default();
    let names = |found: Vec<EntityName>| {
        let found = found.iter().map(EntityName::to_string);
        found.collect::<Vec<_>>().join(" ")
    };
    let listed = |action: &str| names(ward.allowed(&ann, action, "Doc", &none).unwrap());
    assert_eq!(
        names(ward.visible(&ann, "Doc", &none).unwrap()),
        "Doc:both Doc:looked"
    );
    assert_eq!(listed("read"), "Doc:both Doc:looked");
    assert_eq!(listed("edit"), "Doc:both");
    let list = ward.list(&ann, None, "Doc", &none).unwrap();
    assert_eq!(format!("{list:?}"), "List { .. }");
}

/// What a role surely shows and what it shows under a condition stand in one order, so that a page
/// goes on where the one before was left.
#[test]
fn pages_go_on_where_sure_and_asked_meet() {
    let policy = "
        subject User
        scope Team {
            role Member { sees Doc }
            role Guest { sees Doc when resource.open }
        }
        resource Doc in Team { open: Bool = false  actions view }
    ";
    let facts = "
        Doc:a1 in Team:a
        Doc:b1 in Team:b { open: true }
        Doc:b2 in Team:b
        Doc:b3 in Team:b { open: true }
        Doc:c1 in Team:c
        Doc:d1 in Team:d { open: true }
        User:ann is Member of Team:a, Guest of Team:b, Member of Team:c, Guest of Team:d
    ";
    let world = world(policy, facts);
    let ward = Evaluator::new(&world, 0);
    let ann: EntityName = "User:ann".parse().unwrap();
    let list = || ward.list(&ann, None, "Doc", &Context::default()).unwrap();
    let whole: Vec<String> = list().map(|key| ward.name_of(key).unwrap().id).collect();
    assert_eq!(whole, ["a1", "b1", "b3", "c1", "d1"]);
    let mut paged = Vec::new();
    let mut page = list();
    while let Some(key) = page.next() {
        paged.push(ward.name_of(key).unwrap().id);
        let token = page.token();
        page = list().after(token).unwrap();
        assert_eq!(page.token(), token, "nothing is read of it yet");
    }
    assert_eq!(paged, whole);
    // Of the stretches, only those of `a` and `c` are sure.
    assert_eq!(list().size_hint(), (2, Some(6)));
    assert_eq!(list().fold(0, |count, _| count + 1), 5);
}

/// Who is in a set by a role that includes its own, and by one that customers made.
#[test]
fn lists_have_what_sets_hold() {
    let policy = "
        subject User
        scope Team {
            role Member {}
            role Lead { includes Member }
            role Other {}
            actions open
            custom roles from open
        }
        scope Box { role Reader { sees this } }
    ";
    let facts = "
        role Made of Team:t can Team.open
        Team:t#Member is Reader of Box:members
        Team:t#Other is Reader of Box:others
        Team:t#Made is Reader of Box:made
        User:ann is Lead of Team:t
        User:bob is Other of Team:t
        User:cleo is Made of Team:t
    ";
    let lists = [
        ("User:cleo", "Box", "Box:made"),
        ("User:ann", "Box", "Box:members"),
        ("User:bob", "Box", "Box:others"),
    ];
    are_listed(policy, facts, &lists);
}

/// At the very moment at which a fact ends it has ended, in lists too.
#[test]
fn lists_leave_out_what_has_ended() {
    let policy = "
        subject User
        subject Group of User
        scope Team { role Member { sees Doc } }
        resource Doc in Team { share with Team { level look {} } }
    ";
    let facts = "
        Doc:a in Team:t
        Doc:b in Team:u
        User:ann is Member of Team:t until 2030-01-01
        Group:g is Member of Team:t
        User:bob in Group:g until 2030-01-01
        share Doc:b with Team:v at look until 2030-01-01
        User:cleo is Member of Team:v
        Team:w#Member is Member of Team:t until 2030-01-01
        User:dan is Member of Team:w
    ";
    let world = world(policy, facts);
    let end = ward::parse_datetime("2030-01-01").unwrap();
    for (now, count) in [(end - 1, 1), (end, 0)] {
        let ward = Evaluator::new(&world, now);
        for subject in ["User:ann", "User:bob", "User:cleo", "User:dan"] {
            let subject = subject.parse().unwrap();
            let seen = ward.visible(&subject, "Doc", &Context::default()).unwrap();
            assert_eq!(seen.len(), count, "{subject} at {now}");
        }
    }
}

/// Containers and shares that came after the world was put in order; the ways to the last document
/// are twice as many with each folder, and each is gone once.
#[test]
fn lists_have_what_is_new() {
    let policy = "
        subject User
        scope Team { role Member { sees * } }
        resource Folder in Team?, many Folder { actions open  share with Team { level look {} } }
        resource Doc in Folder { actions view }
    ";
    let mut world = world(policy, "User:ann is Member of Team:old");
    let mut facts = "
        User:ann is Member of Team:new
        Folder:a0 in Team:new
        Doc:first in Folder:a0
        User:bob is Member of Team:newer
        share Folder:a0 with Team:newer at look
    "
    .to_owned();
    for step in 0..48 {
        for side in ["a", "b"] {
            let next = step + 1;
            facts += &format!("\nFolder:{side}{next} in Folder:a{step}, Folder:b{step}");
        }
    }
    facts += "\nDoc:last in Folder:a48";
    for fact in ward::load::world_text("new.world", &facts).unwrap() {
        world.add(&fact).unwrap();
    }
    for world in [&world, &world.compacted()] {
        let ward = Evaluator::new(world, 0);
        for subject in ["User:ann", "User:bob"] {
            let subject = subject.parse().unwrap();
            let list = |ty| ward.visible(&subject, ty, &Context::default()).unwrap();
            let seen: Vec<String> = list("Doc").iter().map(EntityName::to_string).collect();
            assert_eq!(seen, ["Doc:first", "Doc:last"], "{subject}");
            assert_eq!(list("Folder").len(), 97, "{subject}");
        }
    }
}

fn are_listed(policy: &str, facts: &str, lists: &[(&str, &str, &str)]) {
    let world = world(policy, facts);
    let ward = Evaluator::new(&world, 0);
    for (subject, ty, one) in lists {
        let subject: EntityName = subject.parse().unwrap();
        let seen = ward.visible(&subject, ty, &Context::default()).unwrap();
        let seen: Vec<String> = seen.iter().map(EntityName::to_string).collect();
        assert_eq!(seen, [*one], "{subject} {ty}");
    }
}

/// Whom a role follows from a role that shows nothing by itself; and strangers, of each type.
#[test]
fn who_lists_have_all_who_see() {
    let policy = "
        subject User
        subject Robot
        scope Team {
            relation crew: User
            role Staff { also crew }
            role Member { also Staff  sees Doc, Page }
        }
        resource Doc in Team
        resource Page in Team
        hide Page when principal is User
        hide Page when principal is Robot
    ";
    let facts = "
        Doc:a in Team:t
        Page:p in Team:r
        User:ann is Staff of Team:t
        anyone is Member of Team:r
    ";
    let world = world(policy, facts);
    let ward = Evaluator::new(&world, 0);
    let who = |name: &str| {
        let who = ward.who_sees(&name.parse().unwrap(), &Context::default());
        let who = who.unwrap();
        let subjects = who.subjects.iter().map(EntityName::to_string);
        (subjects.collect::<Vec<_>>().join(" "), who.anyone)
    };
    assert_eq!(who("Doc:a"), ("User:ann".to_owned(), false));
    assert_eq!(who("Page:p"), (String::new(), false));
}

/// Guards in guards, what is shown by an action alone, and what everybody holds.
#[test]
fn who_lists_have_those_who_see_by_more_than_one_role() {
    let policy = "
        subject User
        scope Org { role Staff {} }
        scope Team in Org {
            role A { includes B }
            role B { requires Org.Staff  includes C }
            role C { requires Org.Staff  includes D }
            role D { requires Org.Staff  sees Doc }
            role Reader { can Page.read }
            custom roles from Page.read
        }
        resource Doc in Team
        resource Page in Team { visible by read  actions read }
    ";
    let facts = "
        Team:t in Org:o
        Team:u in Org:o
        Doc:d in Team:t
        Page:p in Team:t
        Page:q in Team:u
        role Made of Team:t can Page.read
        User:ann is Staff of Org:o, A of Team:t
        User:bob is Reader of Team:t
        User:cleo is Made of Team:t
        anyone is Reader of Team:u
    ";
    let world = world(policy, facts);
    let ward = Evaluator::new(&world, 0);
    let who = |name: &str| {
        let who = ward.who_sees(&name.parse().unwrap(), &Context::default());
        let who = who.unwrap();
        let subjects = who.subjects.iter().map(|subject| subject.id.as_str());
        (subjects.collect::<Vec<_>>().join(" "), who.anyone)
    };
    assert_eq!(who("Doc:d"), ("ann".to_owned(), false));
    assert_eq!(who("Page:p"), ("bob cleo".to_owned(), false));
    assert_eq!(who("Page:q"), ("ann bob cleo".to_owned(), true));
}

const MADE: &str = "
subject User
scope Team { custom roles from Doc.* }
resource Doc in Team { visible by view  actions view, edit }
";

/// A role that a team makes shows by the action that shows, and by no other.
#[test]
fn who_sees_by_a_made_role_is_told() {
    let policy = ward::compile(&Sources::new().with("made.policy", MADE)).unwrap();
    let facts = "
        Doc:a in Team:t
        role Viewer of Team:t can Doc.view
        role Scribe of Team:t can Doc.edit
        User:ann is Viewer of Team:t
        User:bob is Scribe of Team:t
    ";
    let facts = ward::load::world_text("made.world", facts).unwrap();
    let world = World::build(policy.plan().clone(), facts).unwrap();
    let ward = Evaluator::new(&world, 0);
    let doc = "Doc:a".parse().unwrap();
    let who = ward.who_sees(&doc, &Context::default()).unwrap();
    let names: Vec<String> = who.subjects.iter().map(EntityName::to_string).collect();
    assert_eq!(names, ["User:ann"]);
    for (subject, shown) in [("User:ann", 1), ("User:bob", 0)] {
        let subject = subject.parse().unwrap();
        let seen = ward.visible(&subject, "Doc", &Context::default()).unwrap();
        assert_eq!(seen.len(), shown, "{subject}");
    }
}
