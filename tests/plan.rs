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

/// What else a condition can be made of.
const CONDITIONS: &str = r#"
    context { from?: IpAddr }
    forbid Doc.edit when context has from && !(context.from in ip("10.0.0.0/8")) && resource.meta has note
        && resource.meta.note like "secret*" && -resource.meta.level < -3
    forbid Doc.view when [resource.owner].containsAll(resource.readers) && !resource.readers.isEmpty()
    forbid Team.invite when resource.Org == Org:closed
"#;

fn plan() -> Plan {
    compiled(POLICY)
}

fn compiled(text: &str) -> Plan {
    let policy = ward::compile(&Sources::new().with("plan.policy", text));
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

/// The places that a path leads to; `*` stands for every element.
fn expand(value: &Value, path: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for part in path.split('/') {
        let each = found.into_iter().flat_map(|pointer| {
            let parts = match (part, value.pointer(&pointer)) {
                ("*", Some(Value::Array(items))) => {
                    (0..items.len()).map(|n| n.to_string()).collect()
                }
                _ => vec![part.to_owned()],
            };
            parts
                .into_iter()
                .map(move |part| format!("{pointer}/{part}"))
        });
        found = each.collect();
        found.retain(|pointer| value.pointer(pointer).is_some_and(|found| !found.is_null()));
    }
    found
}

/// What is said of a plan with another value somewhere.
fn refusal(whole: &Value, pointer: &str, other: Value) -> Option<String> {
    let mut damaged = whole.clone();
    *damaged.pointer_mut(pointer).unwrap() = other;
    let error = serde_json::from_value::<Plan>(damaged).err()?.to_string();
    let part = error.strip_prefix("this plan is damaged (")?;
    Some(part.split_once(')').unwrap().0.to_owned())
}

/// Where ids stand, what they are ids of, and the part that is named where one is too large.
const IDS: &[(&str, &str, &str)] = &[
    ("types/*/members/*", "types", "members"),
    ("types/*/containers/*/0", "types", "containers"),
    ("types/*/relations/*", "relations", "relations"),
    ("types/*/roles/*", "roles", "roles"),
    ("types/*/shares/*/0", "types", "shares"),
    ("types/*/shares/*/1/*", "levels", "shares"),
    ("types/*/permits/*/lane", "lanes", "rules"),
    ("types/*/forbids/*/lane", "lanes", "rules"),
    ("types/*/permits/*/condition", "conditions", "conditions"),
    ("types/*/forbids/*/clause", "clauses", "clauses"),
    ("types/*/reveals/*/condition", "conditions", "conditions"),
    ("types/*/reveals/*/subjects/*", "types", "subjects"),
    ("types/*/hides/*/clause", "clauses", "clauses"),
    ("types/*/custom_roles/clause", "clauses", "custom roles"),
    ("types/*/custom_roles/masks/*/0", "lanes", "custom roles"),
    ("types/*/acts_for/within", "types", "credentials"),
    ("types/*/visible_by/0", "lanes", "visible by"),
    ("types/*/attributes/*/default", "constants", "defaults"),
    ("context/*/default", "constants", "defaults"),
    ("types/*/attributes/*/type/entity/*", "types", "value types"),
    ("actions/*/owner", "types", "actions"),
    ("lanes/*/actions/*", "actions", "lanes"),
    ("relations/*/of", "types", "relations"),
    ("relations/*/targets/*", "types", "relations"),
    ("roles/*/on", "types", "roles"),
    ("roles/*/implies/*", "roles", "roles"),
    ("roles/*/guard/requires/*", "roles", "roles"),
    ("roles/*/guard/holders/*", "types", "roles"),
    ("roles/*/stratum", "roles", "roles"),
    ("roles/*/ceiling/0/*/0", "lanes", "ceilings"),
    ("roles/*/ceiling/1", "clauses", "ceilings"),
    ("roles/*/also/*/clause", "clauses", "also"),
    ("roles/*/also/*/steps/*/own", "roles", "also"),
    ("roles/*/also/*/steps/*/enclosing", "roles", "also"),
    (
        "roles/*/also/*/steps/*/linked/0/relation",
        "relations",
        "also",
    ),
    ("roles/*/also/*/steps/*/linked/1/*", "roles", "also"),
    (
        "roles/*/also/*/steps/*/subject/relation",
        "relations",
        "also",
    ),
    ("roles/*/sights/*/type", "types", "sights"),
    ("roles/*/sights/*/condition", "conditions", "conditions"),
    ("roles/*/sights/*/clause", "clauses", "clauses"),
    ("roles/*/grants/*/lane", "lanes", "grants"),
    ("roles/*/grants/*/clause", "clauses", "clauses"),
    ("levels/*/masks/*/0", "lanes", "levels"),
    ("levels/*/clause", "clauses", "levels"),
    ("permissions/*/masks/*/0", "lanes", "permissions"),
    ("conditions/*/root", "nodes", "conditions"),
    ("columns/*/0", "types", "columns"),
    ("nodes/*/constant", "constants", "nodes"),
    ("nodes/*/context", "context", "nodes"),
    ("nodes/*/has_context", "context", "nodes"),
    ("nodes/*/holds", "roles", "nodes"),
    ("nodes/*/related/1", "relations", "nodes"),
    ("nodes/*/enclosing/1", "types", "nodes"),
    ("nodes/*/like/1", "constants", "nodes"),
];

/// A plan with every construct there is.
fn everything() -> Value {
    serde_json::to_value(compiled(&format!("{POLICY}{CONDITIONS}"))).unwrap()
}

#[test]
fn an_id_that_points_nowhere_is_refused_by_its_part() {
    let whole = everything();
    for (path, table, part) in IDS {
        let places = expand(&whole, path);
        assert!(!places.is_empty(), "no plan of this test has {path}");
        let first_beyond = Value::from(whole[table].as_array().unwrap().len());
        for place in places {
            let said = refusal(&whole, &place, first_beyond.clone());
            assert_eq!(said.as_deref(), Some(*part), "{place}");
        }
    }
}

/// What a node says of other nodes, and of columns and operands in a row.
const OPERANDS: &[&str] = &[
    "attribute/0",
    "has_attribute/0",
    "field/0",
    "has_field/0",
    "related/0",
    "enclosing/0",
    "not",
    "negate",
    "is_empty",
    "if/0",
    "if/1",
    "if/2",
    "compare/1",
    "compare/2",
    "calculate/1",
    "calculate/2",
    "in_set/0",
    "in_set/1",
    "in_entity/0",
    "in_network/1",
    "is_type/0",
    "like/0",
    "contains_all/0",
    "contains_any/1",
];
const ROWS: &[(&str, &str)] = &[
    ("and", "nodes"),
    ("or", "nodes"),
    ("set", "nodes"),
    ("is_type/1", "columns"),
    ("is_credential", "columns"),
    ("attribute/1", "columns"),
    ("has_attribute/1", "columns"),
];

#[test]
fn conditions_of_a_plan_are_read_from_what_stands_before() {
    let whole = everything();
    for operand in OPERANDS {
        let places = expand(&whole, &format!("nodes/*/{operand}"));
        assert!(!places.is_empty(), "no plan of this test has {operand}");
        for place in places {
            let own: u64 = place.split('/').nth(2).unwrap().parse().unwrap();
            let said = refusal(&whole, &place, Value::from(own));
            assert_eq!(said.as_deref(), Some("nodes"), "{place}");
        }
    }
    for place in expand(&whole, "operands/*") {
        let said = refusal(&whole, &place, Value::from(u32::MAX));
        assert_eq!(said.as_deref(), Some("nodes"), "{place}");
    }
    for (row, part) in ROWS {
        let places = expand(&whole, &format!("nodes/*/{row}/count"));
        assert!(!places.is_empty(), "no plan of this test has {row}");
        for place in places {
            let said = refusal(&whole, &place, Value::from(1_000));
            assert_eq!(said.as_deref(), Some(*part), "{place}");
        }
    }
    for node in ["attribute", "has_attribute"] {
        for first in expand(&whole, &format!("nodes/*/{node}/1/start")) {
            let column = format!("/columns/{}", whole.pointer(&first).unwrap());
            let of = whole.pointer(&format!("{column}/0")).unwrap();
            let attributes = whole.pointer(&format!("/types/{of}/attributes"));
            let beyond = attributes.unwrap().as_array().unwrap().len();
            let said = refusal(&whole, &format!("{column}/1"), Value::from(beyond));
            assert_eq!(said.as_deref(), Some("nodes"), "{column}");
        }
    }
}

/// The place of something by its name, as in `types/Team`.
fn named(whole: &Value, path: &str) -> String {
    let parts = path.split('/').map(|part| {
        let tables = ["types", "roles", "actions", "levels"].map(|table| whole[table].as_array());
        let mut rows = tables.into_iter().flatten();
        let at = rows.find_map(|rows| rows.iter().position(|row| row["name"] == part));
        at.map_or_else(|| part.to_owned(), |at| at.to_string())
    });
    parts.map(|part| format!("/{part}")).collect()
}

#[test]
fn a_snapshot_is_of_one_policy_whatever_tells_two_of_them_apart() {
    let policy = everything();
    let read = |plan: Value| serde_json::from_value::<Plan>(plan).ok();
    let world = World::build(Arc::new(read(policy.clone()).unwrap()), []).unwrap();
    let mut snapshot = Vec::new();
    world.write_snapshot(&mut snapshot).unwrap();
    let mut all = Vec::new();
    places(&policy, &mut Vec::new(), &mut all);
    let (mut same, mut other) = (0, 0);
    for path in all {
        let pointer: String = path.iter().map(|part| format!("/{part}")).collect();
        let changed = match policy.pointer(&pointer).unwrap() {
            Value::Number(number) => Value::from(number.as_u64().unwrap_or(0) ^ 1),
            Value::String(text) => Value::from(format!("{text}x")),
            Value::Bool(value) => Value::from(!value),
            Value::Null => Value::from(0),
            Value::Array(items) if !items.is_empty() => items[1..].into(),
            Value::Array(_) | Value::Object(_) => continue,
        };
        let mut plan = policy.clone();
        *plan.pointer_mut(&pointer).unwrap() = changed;
        let Some(plan) = read(plan) else {
            continue;
        };
        let opened = World::read_snapshot(Arc::new(plan), &snapshot[..]);
        let in_words = path[0] == "clauses" || pointer.ends_with("/text");
        match opened {
            Ok(_) => assert!(in_words, "{pointer}"),
            Err(ward::SnapshotError::OtherPolicy) => assert!(!in_words, "{pointer}"),
            Err(error) => panic!("{pointer}: {error}"),
        }
        if in_words {
            same += 1;
        } else {
            other += 1;
        }
    }
    assert!(same > 50 && other > 100, "{same} the same, {other} others");
}

#[test]
fn what_contradicts_itself_is_refused_by_its_part() {
    let whole = serde_json::to_value(plan()).unwrap();
    let turned = |path: &str| {
        let items = whole.pointer(&named(&whole, path)).unwrap();
        let mut items = items.as_array().unwrap().clone();
        assert!(items.len() > 1, "{path}");
        items.reverse();
        Value::from(items)
    };
    let at = |path: &str| whole.pointer(&named(&whole, path)).unwrap().clone();
    let (doc_lane, team_lane) = (at("types/Doc/first_lane"), at("types/Team/first_lane"));
    let (own, other) = (at("roles/Reader/implies/0"), at("roles/Member/implies/0"));
    let mut overrides_itself = at("types/Team");
    overrides_itself["overrides"] = 256.into();
    overrides_itself["overridden"] = 256.into();
    let mut asked_twice = at("actions/invite/asked_of");
    let beyond = [asked_twice[0][0].clone(), 2.into()].to_vec();
    asked_twice.as_array_mut().unwrap().push(beyond.into());
    let cases = [
        ("types/Team", overrides_itself, "overrides"),
        ("actions/invite/asked_of", asked_twice, "actions"),
        ("lanes/0/of", 0.into(), "lanes"),
        ("types/Team/overridden", 3.into(), "overrides"),
        ("types/Team/overrides", 256.into(), "overrides"),
        ("types/Team/lane_count", 0.into(), "lanes"),
        ("types/Team/lane_count", 100.into(), "lanes"),
        ("types/Team/first_lane", doc_lane, "lanes"),
        ("types/Team/actions", turned("types/Team/actions"), "lanes"),
        ("types/User/actions", at("types/Team/actions"), "lanes"),
        ("types/Doc/visible_by/0", team_lane, "visible by"),
        ("types/Doc/visible_by/1", 3.into(), "visible by"),
        ("types/Doc/visible_by/1", 0.into(), "visible by"),
        ("types/Key/acts_for/owner", 2.into(), "credentials"),
        ("types/Key/acts_for/at_most", 2.into(), "credentials"),
        ("types/Key/attributes/0/default", 0.into(), "defaults"),
        ("types/Team/roles/0", own.clone(), "roles"),
        ("actions/invite/asked_of/0/1", 1.into(), "lanes"),
        ("actions/invite/asked_of/0/1", 2.into(), "lanes"),
        ("roles/Lead/implies", turned("roles/Lead/implies"), "roles"),
        ("roles/Lead/implies", vec![other.clone()].into(), "roles"),
        ("roles/Lead/guard/holders", vec![2, 0].into(), "roles"),
        (
            "roles/Member/sights",
            turned("roles/Member/sights"),
            "sights",
        ),
        ("roles/Member/sights/0/this", true.into(), "sights"),
        ("roles/Admin/grants", turned("roles/Admin/grants"), "grants"),
        (
            "roles/Staff/ceiling/0",
            turned("roles/Staff/ceiling/0"),
            "ceilings",
        ),
        (
            "roles/Staff/ceiling/0/1",
            at("roles/Staff/ceiling/0/0"),
            "ceilings",
        ),
        ("roles/Reader/also/0/steps", Value::Array(vec![]), "also"),
        (
            "roles/Reader/also/0/steps",
            serde_json::json!([{"own": own}, {"own": own}]),
            "also",
        ),
        (
            "roles/Reader/also/0/steps",
            serde_json::json!([{"own": own}, "and"]),
            "also",
        ),
        (
            "roles/Reader/also/0/steps",
            serde_json::json!([{"own": own}, "except", {"own": own}]),
            "also",
        ),
        (
            "roles/Reader/also/0/steps",
            serde_json::json!([{"own": other}]),
            "also",
        ),
        (
            "roles/Reader/also/2/steps/1/subject/attribute",
            3.into(),
            "also",
        ),
        ("permissions", turned("permissions"), "permissions"),
        ("constants/0/value", 1.into(), "constants"),
        (
            "relations/0/targets",
            serde_json::json!([0, 100]),
            "relations",
        ),
        (
            "types/Doc/attributes/0/type/entity",
            vec![2, 0].into(),
            "value types",
        ),
    ];
    for (path, value, part) in cases {
        let pointer = named(&whole, path);
        let value: Value = value;
        assert_eq!(
            refusal(&whole, &pointer, value.clone()).as_deref(),
            Some(part),
            "{path}: {value}"
        );
    }
}

/// An object of one field.
fn object(key: &str, value: Value) -> Value {
    Value::Object([(key.to_owned(), value)].into_iter().collect())
}

#[test]
fn conditions_of_a_plan_nest_no_deeper_than_can_be_walked() {
    let whole = everything();
    let negated = |times: usize| {
        let mut plan = whole.clone();
        let nodes = plan["nodes"].as_array_mut().unwrap();
        nodes.push(object("constant", 0.into()));
        let first = nodes.len();
        nodes.extend((0..times).map(|at| object("not", (first + at - 1).into())));
        serde_json::from_value::<Plan>(plan).is_ok()
    };
    assert!(negated(1_000));
    assert!(!negated(1_100));
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
