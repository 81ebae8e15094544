//! Small policies on what random ones seldom say: each file in `tests/cases/` compiles, its plan
//! is read as it was written, and its tests pass.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use ward::{Context, EntityName, Evaluator, Outcome, Plan, Sources, World};

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
    let policy = ward::compile(&Sources::new().with("settled.policy", SETTLED)).unwrap();
    let facts = ward::load::world_text("settled.world", FACTS).unwrap();
    let world = World::build(policy.plan().clone(), facts).unwrap();
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

fn are_listed(policy: &str, facts: &str, lists: &[(&str, &str, &str)]) {
    let policy = ward::compile(&Sources::new().with("listed.policy", policy)).unwrap();
    let facts = ward::load::world_text("listed.world", facts).unwrap();
    let world = World::build(policy.plan().clone(), facts).unwrap();
    let ward = Evaluator::new(&world, 0);
    for (subject, ty, one) in lists {
        let subject: EntityName = subject.parse().unwrap();
        let seen = ward.visible(&subject, ty, &Context::default()).unwrap();
        let seen: Vec<String> = seen.iter().map(EntityName::to_string).collect();
        assert_eq!(seen, [*one], "{subject} {ty}");
    }
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
