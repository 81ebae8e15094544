//! Loading facts from streams and tables, and keeping worlds as snapshots.

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "the tests that hold answers use more of it")]
mod generate;

use std::collections::BTreeSet;
use std::io::BufReader;
use std::sync::Arc;

use ward::load::Loader;
use ward::{
    Context, EntityName, Evaluator, FactKind, Holder, Outcome, Policy, Refusal, SnapshotError,
    Sources, World,
};

const POLICY: &str = "
subject User
subject Group of User | Group
scope Org { role Admin { sees *  can * } custom roles from Doc.view, Doc.edit }
scope Team in Org { role Member { sees *  can Doc.view } }
resource Folder in Team?, Folder?, many Org { actions open }
resource Doc in Folder {
    locked: Bool = false
    size?: Int
    tags: Set of String = []
    title?: String
    owner?: User
    relation editors: User | Group
    actions view, edit
    role Reader { sees this  can view }
    share with Team { level read { view } }
}
forbid Doc.edit when resource.locked
";

const FACTS: &str = r#"
{"entity": "Team:red", "in": ["Org:o"]}
{"entity": "Folder:a", "in": ["Team:red"]}
{"entity": "Folder:b", "in": ["Folder:a", "Org:o"]}
{"entity": "Doc:plan", "in": ["Folder:b"], "attributes": {"locked": true, "tags": ["x", "y"], "owner": "User:ann", "title": "Ü"}}
{"entity": "User:ann", "in": ["Group:eng"], "until": "2040-01-01"}
{"subject": "User:zoe", "role": "Keeper", "of": "Org:o"}
{"subject": "Group:eng", "role": "Member", "of": "Team:red", "until": "2050-01-01"}
{"subject": "anyone", "role": "Reader", "of": "Doc:plan"}
{"subject": "Team:red#Member", "role": "Reader", "of": "Doc:plan"}
{"role": "Keeper", "of": "Org:o", "can": ["Doc.edit"], "description": "keeps"}
{"share": "Doc:plan", "with": "Team:blue", "at": "read", "until": "2045-01-01"}
{"entity": "Doc:plan", "relation": "editors", "to": "User:bob"}
"#;

fn policy(text: &str) -> Policy {
    let compiled = ward::compile(&Sources::new().with("app.policy", text));
    compiled.unwrap_or_else(|errors| panic!("{errors}"))
}

fn jsonl(policy: &Policy, text: &str) -> (World, Vec<Refusal>) {
    let mut loader = Loader::new(Arc::clone(policy.plan()));
    loader.json_lines("facts.jsonl", text.as_bytes()).unwrap();
    loader.finish()
}

fn csv(policy: &Policy, text: &str) -> (World, Vec<Refusal>) {
    let mut loader = Loader::new(Arc::clone(policy.plan()));
    loader.csv("facts.csv", text.as_bytes()).unwrap();
    loader.finish()
}

fn written(world: &World) -> Vec<u8> {
    let mut bytes = Vec::new();
    world.write_snapshot(&mut bytes).unwrap();
    bytes
}

fn opened(policy: &Policy, bytes: &[u8]) -> Result<World, SnapshotError> {
    World::read_snapshot(Arc::clone(policy.plan()), bytes)
}

fn told(refused: &[Refusal]) -> Vec<String> {
    let told = refused.iter().map(ToString::to_string);
    told.collect()
}

/// Every answer about these entities, with its reasons.
fn answers(policy: &Policy, world: &World, names: &BTreeSet<EntityName>) -> String {
    let mut all = String::new();
    let context = Context::default();
    for now in [0, 1_000_000_000_000, 3_000_000_000_000] {
        let ward = Evaluator::new(world, now);
        for subject in names {
            for ty in policy.plan().type_names() {
                let seen = ward.visible(subject, ty, &context);
                all += &format!("{subject} {ty} {seen:?}\n");
            }
            for resource in names {
                for action in policy.plan().actions_of(&resource.type_name) {
                    let decision = ward.check(subject, &action, resource, &context);
                    let reasons = ward.reasons(subject, &action, resource, &context);
                    all += &format!("{subject} {action} {resource} {decision:?} {reasons:?}\n");
                }
            }
        }
    }
    all
}

fn named(facts: &[ward::Fact]) -> BTreeSet<EntityName> {
    let mut names = BTreeSet::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Entity { entity, .. } => names.insert(entity.clone()),
            FactKind::Holding {
                subject: Holder::Entity(name),
                ..
            } => names.insert(name.clone()),
            FactKind::Holding { of, .. } => names.insert(of.clone()),
            FactKind::Share { with, .. } => names.insert(with.clone()),
            _ => false,
        };
    }
    names
}

#[test]
fn a_snapshot_of_a_random_world_answers_as_the_world_itself() {
    let mut asked = 0;
    for seed in 0..60 {
        let pair = generate::pair(seed);
        let policy = policy(&pair.policy_text());
        let facts = ward::load::world_text("random.world", &pair.world_text()).unwrap();
        let (world, _) = World::build_keeping(Arc::clone(policy.plan()), facts.clone());
        let again = opened(&policy, &written(&world));
        let again = again.unwrap_or_else(|error| panic!("{seed}: {error}"));
        let names = named(&facts);
        let (before, after) = (
            answers(&policy, &world, &names),
            answers(&policy, &again, &names),
        );
        assert_eq!(before, after, "{seed}");
        asked += before.len();

        // What is changed is put in order before it is written.
        let mut changed = again.clone();
        for fact in facts.iter().step_by(3) {
            let _ = changed.remove(fact);
        }
        let kept = opened(&policy, &written(&changed)).unwrap();
        let ordered = changed.compacted();
        let (before, after) = (
            answers(&policy, &ordered, &names),
            answers(&policy, &kept, &names),
        );
        assert_eq!(before, after, "{seed}, changed");
    }
    assert!(asked > 1_000_000, "{asked}");
}

#[test]
fn lines_in_any_order_say_the_same() {
    let policy = policy(POLICY);
    let (world, refused) = jsonl(&policy, FACTS);
    assert_eq!(told(&refused), [""; 0]);
    let (facts, _) = ward::load::json_lines("facts.jsonl", FACTS);
    let mut backwards: Vec<&str> = FACTS.lines().collect();
    backwards.reverse();
    let (other, refused) = jsonl(&policy, &backwards.join("\n"));
    assert_eq!(told(&refused), [""; 0]);
    let names = named(&facts);
    let (before, after) = (
        answers(&policy, &world, &names),
        answers(&policy, &other, &names),
    );
    assert_eq!(before, after);
    let ward = Evaluator::new(&world, 0);
    let zoe = EntityName::new("User", "zoe");
    let plan = EntityName::new("Doc", "plan");
    let decision = ward.check(&zoe, "Doc.view", &plan, &Context::default());
    assert_eq!(decision.unwrap().outcome, Outcome::Allowed);
}

#[test]
fn who_holds_a_refused_custom_role_does_not_get_the_one_of_the_policy() {
    let policy = policy(POLICY);
    let holds = r#"{"subject": "User:bob", "role": "Admin", "of": "Org:o"}"#;
    let made = r#"{"role": "Admin", "of": "Org:o", "can": ["Doc.view"]}"#;
    for text in [format!("{holds}\n{made}\n"), format!("{made}\n{holds}\n")] {
        let (world, refused) = jsonl(&policy, &text);
        let mut codes: Vec<&str> = refused
            .iter()
            .map(|refusal| refusal.reason.code())
            .collect();
        codes.sort_unstable();
        assert_eq!(codes, ["E0523", "E0526"], "{:?}", told(&refused));
        let bob = EntityName::new("User", "bob");
        let seen = Evaluator::new(&world, 0).visible(&bob, "Org", &Context::default());
        assert!(seen.map_or(true, |seen| format!("{seen:?}").find("\"o\"").is_none()));
    }
}

#[test]
fn tables_say_what_lines_say() {
    let policy = policy(POLICY);
    let mut loader = Loader::new(Arc::clone(policy.plan()));
    for table in [
        "entity,in\nTeam:red,Org:o\nFolder:a,Team:red\nFolder:b,Folder:a\nFolder:b,Org:o\n",
        "entity,in,until\nUser:ann,Group:eng,2040-01-01\n",
        "\u{feff}entity,in,locked,tags,title,owner,size\r\nDoc:plan,Folder:b,true,\"[\"\"x\"\",\"\"y\"\"]\",Ü,User:ann,\r\n\r\n",
        "subject,role,of,until\nGroup:eng,Member,Team:red,2050-01-01\nanyone,Reader,Doc:plan,\nTeam:red#Member,Reader,Doc:plan,\nUser:zoe,Keeper,Org:o,\n",
        "role,of,can,description\nKeeper,Org:o,Doc.edit,keeps\n",
        "at,with,share,until\nread,Team:blue,Doc:plan,2045-01-01\n",
        "entity,relation,to\nDoc:plan,editors,User:bob\n",
    ] {
        loader.csv("facts.csv", table.as_bytes()).unwrap();
    }
    let (world, refused) = loader.finish();
    assert_eq!(told(&refused), [""; 0]);
    let (facts, _) = ward::load::json_lines("facts.jsonl", FACTS);
    let (other, _) = jsonl(&policy, FACTS);
    let names = named(&facts);
    let (before, after) = (
        answers(&policy, &world, &names),
        answers(&policy, &other, &names),
    );
    assert_eq!(before, after);
}

/// Lines end where they end, whatever pieces the reader has them in.
#[test]
fn lines_are_the_same_in_whatever_pieces_they_come() {
    let policy = policy(POLICY);
    let mut lines: Vec<String> = FACTS.trim().lines().map(str::to_owned).collect();
    for number in 0..400 {
        let title = "Ü".repeat(if number % 90 == 7 { 9000 } else { number % 3 });
        lines.push(format!(
            r#"{{"entity": "Doc:{number}", "in": ["Folder:a"], "attributes": {{"title": "{title}"}}}}"#
        ));
        if number % 40 == 0 {
            lines.push(format!(r#"{{"entity": "doc:{number}ä"}}"#));
            lines.push(" ".repeat(number));
        }
    }
    let is_wrong = |line: &&String| line.contains("doc:");
    let numbers = (1..).zip(&lines).filter(|(_, line)| is_wrong(line));
    let numbers: Vec<u32> = numbers.map(|(number, _)| number).collect();
    for (end, last) in [("\n", "\n"), ("\r\n", "\r\n"), ("\n", "")] {
        let text = ["\u{feff}", &lines.join(end), last].concat();
        for room in [1, 2, 3, 5, 100, 8191, 8192, 8193, 1 << 20] {
            let reader = BufReader::with_capacity(room, text.as_bytes());
            let mut loader = Loader::new(Arc::clone(policy.plan()));
            loader.json_lines("app.jsonl", reader).unwrap();
            assert_eq!(
                loader.count(),
                FACTS.trim().lines().count() + 400 + numbers.len()
            );
            let (world, refused) = loader.finish();
            let places = refused.iter().map(|it| it.place.as_ref().unwrap().line);
            assert_eq!(places.collect::<Vec<u32>>(), numbers, "{room}");
            let titled = world.facts().filter(|fact| fact.to_string().contains("Ü"));
            assert_eq!(titled.count(), 1 + 400 * 2 / 3, "{room}");
        }
    }
}

#[test]
fn a_wrong_line_is_told_for_what_it_is() {
    let policy = policy(POLICY);
    for (line, why) in [
        (
            r#"{"entity": "Doc:a", "attributes": {"size": 1, "title": "x", "size": 2}}"#,
            "`size` is said twice",
        ),
        (
            r#"{"entity": "Doc:a", "attributes": [1]}"#,
            "invalid type: sequence, expected an object of attributes",
        ),
        (
            r#"{"entity": "Doc:a", "in": "Folder:b"}"#,
            "invalid type: string \"Folder:b\", expected a list of texts",
        ),
        (
            r#"{"entity": "Doc:a", "entity": "Doc:b"}"#,
            "`entity` is said twice",
        ),
        (
            r#"{"entity": "Doc:a", "in": null, "in": null}"#,
            "`in` is said twice",
        ),
        (
            r#"["Doc:a", ["Folder:b"]]"#,
            "invalid type: sequence, expected a fact as an object",
        ),
        (
            r#"{"entity": "Doc:a", "inn": []}"#,
            "unknown field `inn`, expected one of `entity`, `in`",
        ),
        (r#"{"entity": "Doc:a"} {}"#, "trailing characters"),
        (r#"{"entity": "Doc:a""#, "EOF while parsing an object"),
        ("{}", "a fact has the keys `entity` (with `in`"),
        (r#"{"entity": "doc:a"}"#, "`doc:a` names no entity"),
        (r#"{"entity": "Doc-x:a"}"#, "`Doc-x:a` names no entity"),
        (r#"{"entity": "Doc"}"#, "`Doc` names no entity"),
        (r#"{"entity": "Doc:"}"#, "`Doc:` names no entity"),
        (r#"{"entity": ":a"}"#, "`:a` names no entity"),
    ] {
        let (_, refused) = jsonl(&policy, &format!("\n{line}\n"));
        let [refusal] = refused.as_slice() else {
            panic!("{line}: {:?}", told(&refused));
        };
        assert_eq!(refusal.reason.code(), "E0501", "{line}");
        assert_eq!(refusal.place.as_ref().map(|place| place.line), Some(2));
        assert!(refusal.to_string().contains(why), "{line}: {refusal}");
    }
}

#[test]
fn a_wrong_table_is_told_with_line_and_column() {
    let policy = policy(POLICY);
    for (text, place) in [
        ("entity,to\nDoc:a,Doc:b\n", None),
        ("entity,entity\n", Some((1, 8))),
        ("subject,role,of,in\n", Some((1, 17))),
        ("name\n", Some((1, 1))),
        ("subject,role,of\nUser:a,Member\n", Some((2, 1))),
        ("entity,title\nDoc:a,\"x\n", Some((2, 7))),
        ("entity,title\nDoc:a,\"x\ny\"z\n", Some((3, 3))),
        ("entity,title,size\nDoc:a,\"Ü\ny\",1.5\n", Some((3, 4))),
        ("entity,locked\nDoc:a,yes\n", Some((2, 7))),
        ("subject,role,of\nUser:a,Membr,Team:red\n", Some((2, 1))),
    ] {
        let (_, refused) = csv(&policy, text);
        let Some((line, column)) = place else {
            // Without `relation`, `to` is the name of an attribute that there is not.
            assert_eq!(refused[0].reason.code(), "E0514", "{text}");
            continue;
        };
        let [refusal] = refused.as_slice() else {
            panic!("{text}: {:?}", told(&refused));
        };
        let found = refusal
            .place
            .as_ref()
            .map(|place| (place.line, place.column));
        assert_eq!(found, Some((line, column)), "{text}: {refusal}");
    }
}

#[test]
fn every_changed_byte_and_every_cut_is_noticed() {
    let policy = policy(POLICY);
    let bytes = written(&jsonl(&policy, FACTS).0);
    assert!(opened(&policy, &bytes).is_ok());
    for at in 0..bytes.len() {
        for bit in [0, 3, 7] {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let error = opened(&policy, &changed)
                .map(drop)
                .expect_err("a changed byte");
            let expected: &[&str] = match at {
                0..8 => &["E0801"],
                8..12 => &["E0802"],
                12..20 => &["E0803"],
                _ => &["E0804"],
            };
            assert!(expected.contains(&error.code()), "byte {at}: {error}");
        }
        assert!(opened(&policy, &bytes[..at]).is_err(), "cut at {at}");
    }
    let longer = [&bytes[..], b"x"].concat();
    assert!(opened(&policy, &longer).is_err());
}

/// What is changed in the middle with a checksum that fits is opened, if it is, without harm.
#[test]
fn no_bytes_do_harm() {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    let policy = policy(POLICY);
    let (facts, _) = ward::load::json_lines("facts.jsonl", FACTS);
    let names = named(&facts);
    let bytes = written(&jsonl(&policy, FACTS).0);
    let mut rng = StdRng::seed_from_u64(5);
    let (mut refused, mut taken) = (0, 0);
    for _ in 0..6_000 {
        let mut changed = bytes.clone();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(20..bytes.len() - 8);
            changed[at] = match rng.random_range(0..3) {
                0 => rng.random(),
                1 => changed[at] ^ 1 << rng.random_range(0..8),
                _ => changed[at].wrapping_add(1),
            };
        }
        let end = changed.len() - 8;
        let sum = xxhash_rust::xxh3::xxh3_64(&changed[..end]);
        changed[end..].copy_from_slice(&sum.to_le_bytes());
        match opened(&policy, &changed) {
            Err(_) => refused += 1,
            Ok(world) => {
                taken += 1;
                if taken % 8 == 0 {
                    answers(&policy, &world, &names);
                }
            }
        }
    }
    assert!(refused > 3_000 && taken > 10, "{refused} {taken}");
    for length in [0, 7, 8, 12, 20, 100] {
        let noise: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        assert_eq!(
            opened(&policy, &noise).map(drop).unwrap_err().code(),
            "E0801"
        );
    }
}

#[test]
fn another_policy_is_refused_and_other_words_of_the_same_are_not() {
    let first = policy(POLICY);
    let bytes = written(&jsonl(&first, FACTS).0);
    let spread = policy(&POLICY.replace("forbid", "// a comment\n\nforbid"));
    assert!(opened(&spread, &bytes).is_ok());
    let other = policy(&POLICY.replace("resource.locked", "!resource.locked"));
    let error = opened(&other, &bytes).map(drop).unwrap_err();
    assert_eq!(error.code(), "E0803");
}

#[test]
fn what_is_long_or_much_is_taken_or_refused() {
    let policy = policy(POLICY);
    let id = "x".repeat(1 << 20);
    let text =
        format!("{{\"entity\": \"Team:{id}\", \"in\": [\"Org:o\"]}}\n{{\"entity\": \"Team:b\"}}\n");
    let (world, refused) = jsonl(&policy, &text);
    assert_eq!((told(&refused), world.size().entities), (vec![], 3));
    let again = opened(&policy, &written(&world)).unwrap();
    assert_eq!(again.size().entities, 3);

    let long = format!(
        "{{\"entity\": \"{}\"}}\n{{\"entity\": \"Team:b\"}}\n{{\n",
        "x".repeat(100 << 20)
    );
    let (world, refused) = jsonl(&policy, &long);
    assert_eq!(world.size().entities, 1);
    let told: Vec<_> = refused
        .iter()
        .map(|refusal| (refusal.reason.code(), refusal.place.as_ref().unwrap().line))
        .collect();
    assert_eq!(told, [("E0501", 1), ("E0501", 3)]);
    assert!(refused[0].to_string().contains("64 MiB"), "{}", refused[0]);

    let mut many = String::new();
    for user in 0..200_000 {
        many += &format!(
            "{{\"subject\": \"User:u{}\", \"role\": \"Member\", \"of\": \"Team:red\"}}\n",
            user / 2
        );
    }
    let (world, refused) = jsonl(&policy, &many);
    assert_eq!((refused.len(), world.size().entities), (0, 100_001));
    opened(&policy, &written(&world)).unwrap();
}
