//! A plan is written and read whole, and one that is damaged is refused or harmless.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::sync::Arc;

use serde_json::Value;
use ward::{Context, EntityName, Evaluator, Fact, Plan, Sources, World};

const POLICY: &str = r#"
    subject User { disabled: Bool = false }
    subject Key in Team { scopes: Permissions = ["docs"]  acts for holder: User within Team at most scopes }
    subject Group of User | Group { disabled: Bool = false }
    context { mfa: Bool = false, tags: Set of String }
    scope Org {
        role Admin { can * }
        role Staff { includes Admin  sees Team  at most Doc.*, Team.invite }
        custom roles from docs, Team.invite
    }
    scope Team in Org {
        overrides Org
        actions invite
        role Member { sees * when principal is User || principal in Group:eng }
        role Lead { also Org.Admin  requires Org.Staff  for User  includes Member }
    }
    resource Doc in Team, many Doc {
        owner: User
        due?: Datetime
        meta: { level: Int, note?: String }
        relation readers: User | Group
        relation parent: Doc
        visible by view
        role Banned { also parent.Banned }
        role Reader { can view  also readers, (parent.Reader except Banned), Team.Lead and owner }
        actions create in Team, view, edit
        share with Team { level read { view }  level write includes read { * } }
    }
    permissions docs { read { Doc.view }  write { Doc.* except Doc.view } }
    permit Doc.*, docs.* when resource.owner == principal || resource.readers.contains(principal)
    reveal Doc to User when resource has due && resource.due < now + 3d
    hide Doc when resource.meta.level * 2 > 10 unless principal is Admin of Org
    @id("mfa") @reason("sign in twice")
    forbid Doc.edit unless context.mfa && ["a", "b"].containsAny(context.tags)
    forbid Doc.edit when credential is Key && context.mfa && credential.holder == resource.owner
    forbid * when if principal.disabled then true else principal in Group:banned
"#;

const WORLD: &str = r#"
    Team:red in Org:acme
    Doc:a in Team:red { owner: User:ann, meta: { level: 1 } }
    Doc:b in Team:red, Doc:a { owner: User:bob, due: 2000-01-01, meta: { level: 9, note: "x" } }
    Doc:b readers User:ann
    User:ann in Group:eng until 2030-01-01
    Group:eng is Staff of Org:acme, Member of Team:red
    share Doc:a with Team:blue at read
    Team:blue in Org:acme
    anyone is Member of Team:blue
    Doc:b parent Doc:a
    Team:red#Member is Banned of Doc:a
    role Helper of Org:acme can docs.read { description: "helps" }
    User:bob is Helper of Org:acme
    Key:one in Team:red { holder: User:ann, scopes: ["Doc.view"] }
"#;

fn plan() -> Plan {
    let policy = ward::compile(&Sources::new().with("plan.policy", POLICY));
    (**policy.unwrap_or_else(|errors| panic!("{errors}")).plan()).clone()
}

fn facts() -> Vec<Fact> {
    ward::load::world_text("plan.world", WORLD).unwrap()
}

/// Asks everything there is to ask; what comes out, as text.
fn ask_all(plan: Plan) -> Vec<String> {
    let (world, _) = World::build_keeping(Arc::new(plan), facts());
    let ward = Evaluator::new(&world, 1_000_000_000_000);
    let context = Context::default();
    let name = |text: &str| text.parse::<EntityName>().unwrap();
    let mut answers = Vec::new();
    for subject in [
        "User:ann",
        "User:bob",
        "Group:eng",
        "User:nobody",
        "Key:one",
    ] {
        for resource in ["Doc:a", "Doc:b", "Team:red", "Team:blue", "Org:acme"] {
            let (subject, resource) = (name(subject), name(resource));
            answers.push(format!("{:?}", ward.actions(&subject, &resource, &context)));
            for action in ["view", "edit", "invite", "Doc.create"] {
                answers.push(format!(
                    "{:?}",
                    ward.check(&subject, action, &resource, &context)
                ));
                answers.push(format!(
                    "{:?}",
                    ward.reasons(&subject, action, &resource, &context)
                ));
            }
        }
        answers.push(format!(
            "{:?}",
            ward.visible(&name(subject), "Doc", &context)
        ));
        answers.push(format!(
            "{:?}",
            ward.allowed(&name(subject), "view", "Doc", &context)
        ));
    }
    answers.push(format!("{:?}", ward.who("view", &name("Doc:a"), &context)));
    answers.push(format!("{:?}", ward.who_sees(&name("Doc:b"), &context)));
    answers
}

#[test]
fn a_plan_is_read_as_it_was_written() {
    let written = plan();
    let read: Plan = serde_json::from_str(&serde_json::to_string(&written).unwrap()).unwrap();
    // Not `assert_eq`: two whole plans are no help to a reader.
    assert!(read == written);
    assert_eq!(ask_all(read), ask_all(written));
}

#[test]
fn facts_are_read_as_they_were_written() {
    for fact in facts() {
        let written = serde_json::to_string(&fact).unwrap();
        let read: Fact = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

/// Every place in a document, as a path of keys and indexes.
fn places(value: &Value, at: &mut Vec<String>, into: &mut Vec<Vec<String>>) {
    into.push(at.clone());
    let mut each = |key: String, inner: &Value| {
        at.push(key);
        places(inner, at, into);
        at.pop();
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each(index.to_string(), item);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                each(key.clone(), field);
            }
        }
        _ => {}
    }
}

/// Reads a damaged plan, and asks it everything where it is not refused.
fn survive(damaged: Value) -> bool {
    match serde_json::from_value::<Plan>(damaged) {
        Ok(plan) => {
            ask_all(plan);
            true
        }
        Err(_) => false,
    }
}

#[test]
fn a_damaged_plan_is_refused_or_harmless() {
    let whole = serde_json::to_value(plan()).unwrap();
    let mut all = Vec::new();
    places(&whole, &mut Vec::new(), &mut all);
    let (mut refused, mut harmless) = (0, 0);
    for path in all {
        let pointer: String = path.iter().map(|part| format!("/{part}")).collect();
        let changes: Vec<Value> = match whole.pointer(&pointer).unwrap() {
            Value::Number(number) => {
                let number = number.as_u64().unwrap_or(0);
                [number.wrapping_add(1), number / 2, 0, 4_294_967_295]
                    .map(Value::from)
                    .to_vec()
            }
            Value::Array(items) if !items.is_empty() => {
                let shorter = Value::from(items[1..].to_vec());
                let doubled = Value::from([&items[..], &items[..]].concat());
                let turned = Value::from(items.iter().rev().cloned().collect::<Vec<_>>());
                vec![shorter, doubled, turned, Value::Array(Vec::new())]
            }
            _ => continue,
        };
        for change in changes {
            let mut damaged = whole.clone();
            *damaged.pointer_mut(&pointer).unwrap() = change;
            if survive(damaged) {
                harmless += 1;
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused > 500, "{refused} refused, {harmless} harmless");
}

#[test]
fn another_version_is_refused_by_name() {
    let mut whole = serde_json::to_value(plan()).unwrap();
    whole["version"] = Value::from(99);
    let error = serde_json::from_value::<Plan>(whole)
        .unwrap_err()
        .to_string();
    assert!(error.contains("version 99"), "{error}");
}
