//! Questions that cannot be asked are errors of the caller, each with its code and what to do; and
//! what conditions come to that are worked out beforehand, or cannot be read.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use ward::{Context, EntityName, Evaluator, Outcome, QueryError, Sources, Value, World};

const POLICY: &str = r#"
context { who?: User, box?: { size: Int, from?: IpAddr } }
subject User
scope Team { role Member { sees * can * } }
resource Doc in Team { actions create in Team, view }
resource Note in Team { actions create in Team, view }
"#;

const WORLD: &str = "
User:ann is Member of Team:t
Doc:d in Team:t
Note:n in Team:t
";

fn world(policy: &str, facts: &str) -> World {
    let policy = ward::compile(&Sources::new().with("test.policy", policy)).unwrap();
    let facts = ward::load::world_text("test.world", facts).unwrap();
    World::build(policy.plan().clone(), facts).unwrap()
}

fn name(text: &str) -> EntityName {
    text.parse().unwrap()
}

/// The code, what is wrong and what to do.
fn told<T: std::fmt::Debug>(asked: Result<T, QueryError>) -> String {
    let error = asked.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} ({})", error.message(), error.help())
    );
    format!("{} {error}", error.code())
}

#[test]
fn questions_that_do_not_fit_the_policy() {
    let world = world(POLICY, WORLD);
    let ward = Evaluator::new(&world, 0);
    let none = Context::default();
    let check = |subject: &str, action: &str, resource: &str, context: &Context| {
        told(ward.check(&name(subject), action, &name(resource), context))
    };
    assert_eq!(
        check("User:ann", "view", "Dok:d", &none),
        "E0601 the policy has no type `Dok` (did you mean `Doc`?)"
    );
    assert_eq!(
        check("Team:t", "view", "Doc:d", &none),
        "E0602 a `Team` cannot ask (subjects are of `User`)"
    );
    assert_eq!(
        check("User:ann", "Note.view", "Doc:d", &none),
        "E0603 no action `Note.view` is asked of a `Doc` (these are: `Doc.view`)"
    );
    assert_eq!(
        check("User:ann", "create", "Team:t", &none),
        "E0604 `create` could be one of several actions (write one of `Doc.create`, `Note.create`)"
    );
    let with = |name: &str, value: Value| Context::from_iter([(name.to_owned(), value)]);
    assert_eq!(
        check(
            "User:ann",
            "view",
            "Doc:d",
            &with("weather", Value::Bool(true))
        ),
        "E0605 the policy's context has no `weather` (it has `who`, `box`)"
    );
    let record = |name: &str, value: Value| {
        let size = ("size".to_owned(), Value::Int(1));
        Value::Record(BTreeMap::from([size, (name.to_owned(), value)]))
    };
    assert_eq!(
        check(
            "User:ann",
            "view",
            "Doc:d",
            &with("box", record("size", Value::Bool(true)))
        ),
        "E0606 `context.box.size` is of type `Int`, not `true` (give a value of type `Int`)"
    );
    assert_eq!(
        check(
            "User:ann",
            "view",
            "Doc:d",
            &with("box", record("from", Value::Int(1)))
        ),
        "E0606 `context.box.from` is of type `IpAddr`, not `1` (give a value of type `IpAddr`)"
    );
    let bare = self::world("subject User", "");
    assert_eq!(
        told(Evaluator::new(&bare, 0).visible(
            &name("User:ann"),
            "User",
            &with("who", Value::Int(1))
        )),
        "E0605 the policy's context has no `who` (the policy declares no context)"
    );
    assert_eq!(
        told(Context::try_from(Value::Int(1))),
        "E0606 the context is no object (write `{\"name\": value}`)"
    );
}

#[test]
fn keys_are_of_one_world_and_one_type() {
    let here = world(POLICY, WORLD);
    let there = world(POLICY, WORLD);
    let (ward, other) = (Evaluator::new(&here, 0), Evaluator::new(&there, 0));
    let none = Context::default();
    let key = |ward: &Evaluator<'_>, text: &str| ward.entity_key(&name(text)).unwrap().unwrap();
    let (ann, doc, note) = (
        key(&ward, "User:ann"),
        key(&ward, "Doc:d"),
        key(&ward, "Note:n"),
    );
    let view = ward.action_key("view", "Doc").unwrap();
    let wrong = Context::from_iter([("weather".to_owned(), Value::Bool(true))]);
    assert_eq!(
        told(ward.check_key(ann, view, doc, &wrong)),
        "E0605 the policy's context has no `weather` (it has `who`, `box`)"
    );
    assert_eq!(
        ward.check_key(ann, view, doc, &none).unwrap().outcome,
        Outcome::Allowed
    );

    let look = "(look the names up in the world that is asked)";
    let elsewhere =
        format!("E0607 a key does not fit: the entity was looked up in another world {look}");
    let strange = (key(&other, "User:ann"), key(&other, "Doc:d"));
    assert_eq!(told(ward.check_key(strange.0, view, doc, &none)), elsewhere);
    assert_eq!(told(ward.check_key(ann, view, strange.1, &none)), elsewhere);
    assert_eq!(
        told(ward.check_keys(&[(ann, view, doc), (strange.0, view, doc)], &none)),
        elsewhere
    );
    assert_eq!(told(ward.name_of(strange.1)), elsewhere);
    assert_eq!(
        told(ward.check_key(ann, view, note, &none)),
        format!("E0607 a key does not fit: the action is asked of another type {look}")
    );
    assert_eq!(
        told(ward.check_keys(&[(doc, view, doc)], &none)),
        "E0602 a `Doc` cannot ask (subjects are of `User`)"
    );
}

#[test]
fn a_key_of_what_is_gone_asks_for_what_is_not_there() {
    let before = world(POLICY, WORLD);
    let ward = Evaluator::new(&before, 0);
    let key = |text: &str| ward.entity_key(&name(text)).unwrap().unwrap();
    let question = (
        key("User:ann"),
        ward.action_key("view", "Doc").unwrap(),
        key("Doc:d"),
    );
    // Without its place it is still known; without the fact that names it, it is not.
    for gone in ["Doc:d in Team:t", "Doc:d"] {
        let mut after = before.clone();
        for fact in ward::load::world_text("gone.world", gone).unwrap() {
            after.remove(&fact).unwrap();
        }
        let ward = Evaluator::new(&after, 0);
        let none = Context::default();
        let (subject, action, resource) = question;
        let one = ward.check_key(subject, action, resource, &none).unwrap();
        assert_eq!(one.outcome, Outcome::Invisible, "{gone}");
        assert_eq!(
            ward.check_keys(&[question], &none).unwrap(),
            [Outcome::Invisible],
            "{gone}"
        );
        // What does not fit is refused of what is gone, too.
        let odd = Context::from_iter([("nothing".to_owned(), Value::Int(1))]);
        assert!(ward.check_key(subject, action, resource, &odd).is_err());
    }
}

const VALUES: &str = r#"
context { box?: { a: Int, b?: User } }
subject User
subject Group of User
scope Team { role Member { sees * } }
resource Doc in Team {
    due: Datetime
    price: Decimal
    long: Duration
    size: Int
    box: { a: Int, b?: User }
    people: Set of User
    next?: Doc
    relation editors: User
    actions view
}
"#;

const VALUED: &str = r#"
User:ann is Member of Team:t
Doc:d in Team:t { due: 2026-01-02, price: 1.5, long: 36h, size: 9223372036854775807, box: { a: 1 }, people: [User:ann, User:bob], next: Doc:gone }
Doc:d editors User:bob
Doc:d editors User:ann
"#;

/// What a rule with this condition comes to: whether it gives, and what could not be read.
fn decided(condition: &str) -> (bool, Vec<String>) {
    let policy = format!("{VALUES}permit Doc.view when {condition}\n");
    let world = world(&policy, VALUED);
    let box_ = Value::Record(BTreeMap::from([("a".to_owned(), Value::Int(1))]));
    let context = Context::from_iter([("box".to_owned(), box_)]);
    let ward = Evaluator::new(&world, 0);
    let decision = ward.check(&name("User:ann"), "view", &name("Doc:d"), &context);
    let decision = decision.unwrap();
    let errors = decision.errors().iter().map(ToString::to_string);
    (decision.outcome == Outcome::Allowed, errors.collect())
}

#[test]
fn what_is_worked_out_beforehand_is_what_it_says() {
    for condition in [
        "resource.due == 2026-01-01 + 1d",
        "resource.due == 24h + 2026-01-01",
        "resource.due - 1d == 2026-01-03 - 48h",
        "resource.long == 2026-01-02T12:00:00Z - 2026-01-01",
        "resource.long == 12h * 3",
        "resource.long == 3 * 12h",
        "resource.price == 0.5 + 1.0",
        "resource.price == 0.75 * 2",
        "-resource.price == 0.5 - 2.0",
        "-resource.long == 0h - 36h",
        "resource.size - 1 == 9223372036854775807 - 1",
        "context has box && resource.box == context.box",
        "resource.editors == resource.people",
        "resource.people == resource.editors && resource.editors != [User:ann]",
    ] {
        assert_eq!(decided(condition), (true, Vec::new()), "{condition}");
        let (gives, _) = decided(&format!("!({condition})"));
        assert!(!gives, "!({condition})");
    }
}

#[test]
fn what_cannot_be_read_gives_nothing_and_is_told_with_its_place() {
    let line = VALUES.lines().count() + 1;
    for (condition, why) in [
        ("resource.size + 1 > 0", "a number left 64 bits"),
        (
            "resource has next && resource.next.Team == Team:t",
            "there is no enclosing Team",
        ),
    ] {
        let (gives, errors) = decided(condition);
        assert!(!gives, "{condition}");
        let expected = format!("{why}, in `permit Doc.view when {condition}` (test.policy:{line})");
        assert_eq!(errors, [expected]);
    }
}

/// A condition that would change nothing is not read, and so it is not told that it cannot be.
#[test]
fn what_is_not_needed_is_not_read() {
    let policy = "
        subject User { level: Int }
        scope Org {}
        scope Team in Org {
            role Member {
                sees *
                sees Doc when principal.level > 1
                can Doc.view, Page.view
                can Doc.view, Page.view when principal.level > 1
            }
        }
        resource Doc in Team { actions view }
        resource Page in Team { visible by view  actions view }
        reveal Doc when principal.level > 1
        permit Doc.view, Page.view when principal.level > 1
    ";
    let facts = "
        Team:t in Org:o
        Doc:d in Team:t
        Page:p in Team:t
        User:ann is Member of Team:t
    ";
    let walked = format!("{policy}scope Zone in Org {{ overrides Org }}");
    for policy in [policy, &walked] {
        let world = world(policy, facts);
        let ward = Evaluator::new(&world, 0);
        for resource in ["Doc:d", "Page:p"] {
            let (ann, none) = (name("User:ann"), Context::default());
            let decision = ward.check(&ann, "view", &name(resource), &none).unwrap();
            assert_eq!(decision.outcome, Outcome::Allowed, "{resource}");
            assert!(decision.errors().is_empty(), "{resource}");
        }
    }
}
