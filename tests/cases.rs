//! Small policies on what random ones seldom say: each file in `tests/cases/` compiles, its plan
//! is read as it was written, and its tests pass.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod small;

use std::path::Path;

use ward::{Context, EntityName, Evaluator, Outcome, Plan, Sources, World};

use small::world;

#[test]
fn cases_come_out_as_they_say() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut wrong = Vec::new();
    let mut tests = 0;
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let policy = ward::compile(&Sources::new().with(name.as_str(), text))
            .unwrap_or_else(|errors| panic!("{errors}"));
        let written = serde_json::to_string(&**policy.plan()).unwrap();
        let read: Plan = serde_json::from_str(&written).unwrap();
        // Not `assert_eq`: two whole plans are no help to a reader.
        assert!(read == **policy.plan(), "{name}");
        for result in ward::spec::run(&policy) {
            tests += 1;
            for failure in result.failures {
                wrong.push(format!("{name}, {}: {}", result.name, failure.message));
            }
        }
    }
    assert!(tests > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const SETTLED: &str = r#"
subject User
scope Team {
    role Editor { can Doc.view  can Doc.edit when resource.open }
    role Guest { sees Page when resource.open }
    role Reader { sees Page when resource.open  can Page.view }
}
resource Doc in Team { open: Bool  visible by view  actions view, edit }
resource Page in Team {
    open: Bool
    actions view
    role Keeper { sees this when resource.open }
    role Warden { sees this when resource.open  can view }
}
"#;

const FACTS: &str = "
Doc:open in Team:t { open: true }
Doc:closed in Team:t { open: false }
Page:open in Team:t { open: true }
Page:closed in Team:t { open: false }
User:editor is Editor of Team:t
User:guest is Guest of Team:t
User:keeper is Keeper of Page:open, Keeper of Page:closed
User:reader is Reader of Team:t
User:warden is Warden of Page:open, Warden of Page:closed
";

/// What a test block makes is new, and asked in another way than a world that stands.
#[test]
fn conditions_count_in_a_world_that_stands() {
    let world = world(SETTLED, FACTS);
    let ward = Evaluator::new(&world, 0);
    let name = |text: &str| text.parse::<EntityName>().unwrap();
    for (subject, action, resource, outcome) in [
        ("User:editor", "view", "Doc:open", Outcome::Allowed),
        ("User:editor", "edit", "Doc:open", Outcome::Allowed),
        ("User:editor", "view", "Doc:closed", Outcome::Allowed),
        ("User:editor", "edit", "Doc:closed", Outcome::Forbidden),
        ("User:guest", "view", "Page:open", Outcome::Forbidden),
        ("User:guest", "view", "Page:closed", Outcome::Invisible),
        ("User:keeper", "view", "Page:open", Outcome::Forbidden),
        ("User:keeper", "view", "Page:closed", Outcome::Invisible),
        ("User:reader", "view", "Page:open", Outcome::Allowed),
        ("User:reader", "view", "Page:closed", Outcome::Invisible),
        ("User:warden", "view", "Page:open", Outcome::Allowed),
        ("User:warden", "view", "Page:closed", Outcome::Invisible),
    ] {
        let context = Context::default();
        let decision = ward.check(&name(subject), action, &name(resource), &context);
        let found = decision.unwrap().outcome;
        assert_eq!(found, outcome, "{subject} {action} {resource}");
    }
}

/// A scope that overrides: with it in a policy every question is walked.
const WALKED: &str = "scope Zone in Org { overrides Org }";

fn come_out(policy: &str, facts: &str, questions: &[(&str, &str, Outcome)]) {
    for policy in [policy.to_owned(), format!("{policy}{WALKED}")] {
        let world = world(&policy, facts);
        let ward = Evaluator::new(&world, 0);
        let mut batch = Vec::new();
        for (subject, question, outcome) in questions {
            let (action, resource) = question.split_once(' ').unwrap();
            let (subject, resource) = (subject.parse().unwrap(), resource.parse().unwrap());
            let decision = ward.check(&subject, action, &resource, &Context::default());
            let found = decision.unwrap().outcome;
            assert_eq!(found, *outcome, "{subject} {question}, {policy}");
            let key = |name| ward.entity_key(name).unwrap();
            let action = ward.action_key(action, &resource.type_name).unwrap();
            if let (Some(subject), Some(resource)) = (key(&subject), key(&resource)) {
                batch.push(((subject, action, resource), *outcome));
            }
        }
        // Those of one subject follow one another, and those of others come between.
        let (questions, outcomes): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
        let found = ward.check_keys(&questions, &Context::default()).unwrap();
        assert_eq!(found, outcomes, "{policy}");
    }
}

/// What is held on one way from something shared, and on another, with ceilings and without.
#[test]
fn each_way_counts_for_itself() {
    let policy = "
        subject User
        scope Org {}
        scope Team in Org {
            role Member { sees * }
            role Editor { can * }
            role Capped { at most Doc.view }
        }
        resource Doc in Team {
            actions view, edit
            role Helper { can edit }
            share with Team { level all { view, edit } }
        }
    ";
    let facts = "
        Team:a in Org:o
        Team:b in Org:o
        Team:c in Org:o
        Doc:d in Team:a
        share Doc:d with Team:b at all
        User:ann is Member of Team:a, Editor of Team:b
        User:bob is Member of Team:a, Editor of Team:a, Capped of Team:b
        User:cap is Member of Team:a, Editor of Team:a, Capped of Team:a
        User:old is Member of Team:a, Editor of Team:b until 1969-01-01
        User:off is Member of Team:a, Editor of Team:c
        User:hal is Helper of Doc:d
    ";
    let questions = [
        ("User:ann", "Doc.edit Doc:d", Outcome::Allowed),
        ("User:bob", "Doc.edit Doc:d", Outcome::Allowed),
        ("User:cap", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:cap", "Doc.view Doc:d", Outcome::Allowed),
        ("User:old", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:off", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:hal", "Doc.edit Doc:d", Outcome::Invisible),
    ];
    come_out(policy, facts, &questions);
    let uncapped = policy.replace("at most Doc.view", "");
    let others = questions.into_iter().filter(|(by, ..)| *by != "User:cap");
    come_out(&uncapped, facts, &others.collect::<Vec<_>>());
}

/// What a subject and its groups hold adds up, what limits among it; what has ended does not count.
#[test]
fn what_is_held_adds_up() {
    let policy = "
        subject User
        subject Group of User
        scope Org {}
        scope Team in Org {
            role Member { sees * }
            role Editor { can * }
            role Capped { at most Doc.view }
        }
        resource Doc in Team { actions view, edit }
        resource Note in Team {
            relation readers: User
            actions view
            role Reader { also readers  sees this  can view }
        }
    ";
    let mut facts = String::from(
        "
        Team:a in Org:o
        Doc:d in Team:a
        Note:n in Team:a
        Group:g is Member of Team:a
        Group:capped is Capped of Team:a
        User:ann in Group:g
        User:ann is Editor of Team:a
        User:bob is Member of Team:a, Editor of Team:a
        User:bob in Group:capped
        User:old is Member of Team:a, Editor of Team:a until 1969-01-01
        ",
    );
    for reader in 10..30 {
        facts += &format!("Note:n readers User:r{reader}\n");
    }
    let questions = [
        ("User:ann", "Doc.edit Doc:d", Outcome::Allowed),
        ("User:bob", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:old", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:r10", "Note.view Note:n", Outcome::Allowed),
        ("User:r20", "Note.view Note:n", Outcome::Allowed),
        ("User:r29", "Note.view Note:n", Outcome::Allowed),
        ("User:capped", "Note.view Note:n", Outcome::Invisible),
        ("User:old", "Note.view Note:n", Outcome::Forbidden),
    ];
    come_out(policy, &facts, &questions);
    let uncapped = policy.replace("at most Doc.view", "");
    let others = questions.into_iter().filter(|(by, ..)| *by != "User:bob");
    come_out(&uncapped, &facts, &others.collect::<Vec<_>>());
}

/// What an action shows, through shares and under ceilings.
#[test]
fn an_action_shows_as_far_as_it_goes() {
    let policy = "
        subject User
        subject Robot
        scope Org {
            role Reads { at most Doc.read }
            role Edits { at most Doc.edit }
        }
        scope Team in Org { role Reader { can Doc.read, Doc.edit } }
        resource Doc in Team {
            visible by read
            actions read, edit
            share with Team { level change { edit }  level look { read }  level both { read, edit } }
        }
        resource Menu in Team { visible by read  actions read }
        permit Menu.read to Robot
    ";
    let facts = "
        Team:a in Org:o
        Team:b in Org:z
        Team:c in Org:z
        Doc:d in Team:a
        Doc:e in Team:a
        Menu:m in Team:a
        share Doc:d with Team:b at change
        share Doc:e with Team:b at look
        share Doc:e with Team:c at both
        User:ann is Reader of Team:b
        User:bob is Reader of Team:b, Reader of Team:c
        User:both is Reads of Org:o, Edits of Org:o, Reader of Team:a
        User:edits is Edits of Org:o, Reader of Team:a
        User:reads is Reads of Org:o, Reader of Team:a
        Robot:r is Reader of Team:c
        Robot:edits is Edits of Org:o
    ";
    let questions = [
        ("User:ann", "Doc.read Doc:d", Outcome::Invisible),
        ("User:ann", "Doc.edit Doc:d", Outcome::Invisible),
        ("User:ann", "Doc.read Doc:e", Outcome::Allowed),
        ("User:ann", "Doc.edit Doc:e", Outcome::Forbidden),
        ("User:bob", "Doc.edit Doc:e", Outcome::Allowed),
        ("User:both", "Doc.read Doc:d", Outcome::Allowed),
        ("User:both", "Doc.edit Doc:d", Outcome::Allowed),
        ("User:edits", "Doc.edit Doc:d", Outcome::Invisible),
        ("User:reads", "Doc.read Doc:d", Outcome::Allowed),
        ("User:reads", "Doc.edit Doc:d", Outcome::Forbidden),
        ("User:ann", "Menu.read Menu:m", Outcome::Invisible),
        ("Robot:r", "Menu.read Menu:m", Outcome::Allowed),
        ("Robot:edits", "Menu.read Menu:m", Outcome::Invisible),
    ];
    come_out(policy, facts, &questions);
}

/// What a set in a set holds, and one of a role that follows from a link, also where sets are new.
#[test]
fn new_sets_count_in_a_world_that_stands() {
    let policy = "
        subject User
        scope Team { role Member {} }
        scope Crew { owner?: User  role Owner { also owner } }
        scope Box { role Reader { sees this } }
        scope Shelf { role Reader { sees this } }
    ";
    let facts = "
        Team:a#Member is Reader of Box:b
        Crew:o { owner: User:bob }
        Crew:o#Owner is Reader of Shelf:s
        User:ann is Member of Team:z
    ";
    let mut world = world(policy, facts);
    let sees = |world: &World, subject: &str, resource: &str| {
        let ward = Evaluator::new(world, 0);
        let (subject, resource) = (subject.parse().unwrap(), resource.parse().unwrap());
        ward.actions(&subject, &resource, &Context::default())
            .unwrap()
            .sees
    };
    assert!(!sees(&world, "User:ann", "Box:b"));
    assert!(sees(&world, "User:bob", "Shelf:s"));
    let facts = ward::load::world_text("new.world", "Team:z#Member is Member of Team:a").unwrap();
    for fact in &facts {
        world.add(fact).unwrap();
    }
    for world in [&world, &world.compacted()] {
        assert!(sees(world, "User:ann", "Box:b"));
        assert!(!sees(world, "User:bob", "Box:b"));
        assert!(sees(world, "User:bob", "Shelf:s"));
        assert!(!sees(world, "User:ann", "Shelf:s"));
    }
}

/// Two groups of one subject, whatever their numbers.
#[test]
fn groups_hold_whatever_their_numbers_are() {
    let policy = "
        subject User
        subject Group of User
        scope Org {}
        scope Team in Org { overrides Org  role Member { sees this } }
    ";
    let mut facts = String::from("Team:t in Org:o\n");
    for group in 0..130 {
        facts += &format!("Team:t{group} in Org:o\nGroup:g{group} is Member of Team:t{group}\n");
        facts += &format!("User:u{group} in Group:g0\nUser:u{group} in Group:g{group}\n");
    }
    let world = world(policy, &facts);
    let ward = Evaluator::new(&world, 0);
    for group in 0..130 {
        let user: EntityName = format!("User:u{group}").parse().unwrap();
        let sees = |team: usize| {
            let team = format!("Team:t{team}").parse().unwrap();
            let actions = ward.actions(&user, &team, &Context::default());
            actions.unwrap().sees
        };
        assert!(sees(0) && sees(group), "{user}");
        assert!(!sees((group + 1) % 130) || group == 129, "{user}");
    }
}

/// Something in two of many containers, whatever their numbers.
#[test]
fn what_holds_a_thing_and_what_does_not() {
    let policy = "
        subject User
        scope Folder { role Viewer { sees * } }
        resource Doc in many Folder { actions view }
    ";
    let mut facts = String::from("Doc:d in Folder:f0\nDoc:d in Folder:f1\n");
    for folder in 0..200 {
        facts += &format!("User:u{folder} is Viewer of Folder:f{folder}\n");
    }
    let world = world(policy, &facts);
    let ward = Evaluator::new(&world, 0);
    for folder in 0..200 {
        let user = format!("User:u{folder}").parse().unwrap();
        let doc = "Doc:d".parse().unwrap();
        let decision = ward.check(&user, "view", &doc, &Context::default());
        let sees = decision.unwrap().outcome != Outcome::Invisible;
        assert_eq!(sees, folder < 2, "{user}");
    }
}

const MANY: &str = "
subject User
subject Group of User
resource Doc {
    relation readers: User | Group
    relation writers: User | Group
    actions view, edit
    role Reader { also readers  sees this  can view }
    role Writer { also writers  sees this  can edit }
}
";

/// Whom relations name is found among few and among many, by a group too.
#[test]
fn relations_may_name_many() {
    let policy = ward::compile(&Sources::new().with("many.policy", MANY)).unwrap();
    let mut facts = String::from("User:in in Group:20\nUser:out in Group:21\n");
    for even in (0..40).step_by(2) {
        facts += &format!("Doc:a readers User:{even:02}, Group:{even:02}\n");
    }
    for third in (0..40).step_by(3) {
        facts += &format!("Doc:a writers User:{third:02}\n");
    }
    let facts = ward::load::world_text("many.world", &facts).unwrap();
    let world = World::build(policy.plan().clone(), facts).unwrap();
    let ward = Evaluator::new(&world, 0);
    let doc = "Doc:a".parse().unwrap();
    let outcome = |subject: &str, action: &str| {
        let subject = subject.parse().unwrap();
        let decision = ward.check(&subject, action, &doc, &Context::default());
        decision.unwrap().outcome
    };
    for number in 0..40 {
        let subject = format!("User:{number:02}");
        let (reads, writes) = (number % 2 == 0, number % 3 == 0);
        for (action, may) in [("view", reads), ("edit", writes)] {
            let expected = match (may, reads || writes) {
                (true, _) => Outcome::Allowed,
                (false, true) => Outcome::Forbidden,
                (false, false) => Outcome::Invisible,
            };
            assert_eq!(outcome(&subject, action), expected, "{subject} {action}");
        }
    }
    assert_eq!(outcome("User:in", "view"), Outcome::Allowed);
    assert_eq!(outcome("User:in", "edit"), Outcome::Forbidden);
    assert_eq!(outcome("User:out", "view"), Outcome::Invisible);
}

/// A role with an end counts until then, on a container and on the thing itself, and beside one that
/// has no end.
#[test]
fn what_has_an_end_counts_until_then() {
    let policy = "
        subject User
        scope Team { role Member { sees *  can Doc.view } }
        resource Doc in Team { actions view, edit  role Editor { sees this  can view, edit } }
    ";
    let facts = "
        Doc:d in Team:t
        User:ann is Member of Team:t until 2030-01-01
        User:bob is Editor of Doc:d until 2030-01-01
        User:cleo is Member of Team:t
        User:cleo is Editor of Doc:d until 2030-01-01
    ";
    let world = world(policy, facts);
    let end = 1_893_456_000_000;
    let questions = [
        ("User:ann", "view", Outcome::Allowed, Outcome::Invisible),
        ("User:ann", "edit", Outcome::Forbidden, Outcome::Invisible),
        ("User:bob", "edit", Outcome::Allowed, Outcome::Invisible),
        ("User:cleo", "view", Outcome::Allowed, Outcome::Allowed),
        ("User:cleo", "edit", Outcome::Allowed, Outcome::Forbidden),
    ];
    for (subject, action, before, after) in questions {
        for (now, outcome) in [(end - 1, before), (end, after)] {
            let ward = Evaluator::new(&world, now);
            let subject = subject.parse().unwrap();
            let doc = "Doc:d".parse().unwrap();
            let decision = ward.check(&subject, action, &doc, &Context::default());
            assert_eq!(
                decision.unwrap().outcome,
                outcome,
                "{subject} {action} {now}"
            );
        }
    }
}

/// What is new for everybody, and for a group of a group, counts for those of whom nothing is new.
#[test]
fn what_is_new_around_a_subject_counts_in_a_world_that_stands() {
    let policy = "
        subject User
        subject Group of User | Group
        scope Team { actions go  role Member { sees *  can go } }
    ";
    let facts = "
        User:ann in Group:inner
        Group:outer is Member of Team:red
        User:bob is Member of Team:green
        Team:blue
    ";
    let standing = world(policy, facts);
    let may = |world: &World, subject: &str, team: &str| {
        let ward = Evaluator::new(world, 0);
        let (subject, team) = (subject.parse().unwrap(), team.parse().unwrap());
        let decision = ward.check(&subject, "go", &team, &Context::default());
        decision.unwrap().outcome == Outcome::Allowed
    };
    let new = [
        ("Group:inner in Group:outer", "User:ann", "Team:red"),
        ("anyone is Member of Team:blue", "User:bob", "Team:blue"),
        ("User:bob in Group:outer", "User:bob", "Team:red"),
        (
            "Group:inner is Member of Team:blue",
            "User:ann",
            "Team:blue",
        ),
    ];
    for (fact, subject, team) in new {
        assert!(!may(&standing, subject, team), "{fact}");
        let mut world = standing.clone();
        for fact in &ward::load::world_text("new.world", fact).unwrap() {
            world.add(fact).unwrap();
        }
        assert!(may(&world, subject, team), "{fact}");
        assert!(may(&world.compacted(), subject, team), "{fact}");
        for fact in &ward::load::world_text("new.world", fact).unwrap() {
            world.remove(fact).unwrap();
        }
        assert!(!may(&world, subject, team), "{fact}");
    }
}
