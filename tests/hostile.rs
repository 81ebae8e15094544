//! Hostile input: large, deep, random or cut off. Each gets an answer or an error, never a crash.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use ward::{Context, EntityName, Evaluator, Outcome, Sources, World};

const VALID: &str = include_str!("../policies/vantage/vantage.policy");

/// The codes of what is wrong with a text.
fn codes(text: &str) -> Vec<&'static str> {
    match ward::compile(&Sources::new().with("hostile.policy", text)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.iter().map(|error| error.code.0).collect(),
    }
}

#[track_caller]
fn refused(text: &str) {
    let found = codes(text);
    assert!(
        !found.is_empty(),
        "no error for {}…",
        text.chars().take(60).collect::<String>()
    );
    assert!(found.len() <= 1_000, "{} errors", found.len());
}

fn with_condition(condition: &str) -> String {
    format!(
        "subject User\nscope Team {{ n: Int  b: Bool  role M {{ sees * }} actions a }}\nforbid Team.a when {condition}\n"
    )
}

#[test]
fn random_bytes_are_refused() {
    let mut random = StdRng::seed_from_u64(1);
    let bytes: Vec<u8> = (0..10 << 20).map(|_| random.random()).collect();
    refused(&String::from_utf8_lossy(&bytes));
    let printable: String = (0..10 << 20)
        .map(|_| random.random_range(' '..='~'))
        .collect();
    refused(&printable);
}

#[test]
fn token_soup_is_refused() {
    let words: Vec<&str> = VALID.split_whitespace().collect();
    let mut random = StdRng::seed_from_u64(2);
    let soup: Vec<&str> = (0..500_000)
        .map(|_| words[random.random_range(0..words.len())])
        .collect();
    refused(&soup.join(" "));
    refused(&soup.join("\n"));
}

#[test]
fn deep_nesting_is_refused() {
    for (open, close) in [("(", ")"), ("[", "]"), ("{", "}")] {
        let nested = format!("{}true{}", open.repeat(100_000), close.repeat(100_000));
        assert_eq!(codes(&with_condition(&nested)), ["E0107"], "{open}");
        refused(&open.repeat(100_000));
        refused(&close.repeat(100_000));
    }
    for prefix in ["!", "-", "if true then ", "true == (", "a."] {
        refused(&with_condition(&format!("{}true", prefix.repeat(100_000))));
    }
    refused(&format!(
        "subject User {{ a: {}Int }}",
        "Set of ".repeat(100_000)
    ));
    let groups = format!(
        "permissions {}{}",
        "g { ".repeat(100_000),
        "}".repeat(100_000)
    );
    refused(&groups);
}

#[test]
fn long_chains_are_refused() {
    for (term, joint) in [
        ("resource.b", " && "),
        ("resource.b", " || "),
        ("1", " + "),
        ("true", " == "),
    ] {
        let chain = vec![term; 100_000].join(joint);
        refused(&with_condition(&chain));
    }
    let set = vec!["1"; 100_000].join(", ");
    refused(&with_condition(&format!("resource.n in [{set}]")));
}

#[test]
fn what_is_long_but_within_limits_compiles() {
    let chain = vec!["resource.b"; 4_000].join(" && ");
    assert_eq!(codes(&with_condition(&chain)), [] as [&str; 0]);
    let nested = format!("{}resource.b{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(codes(&with_condition(&nested)), [] as [&str; 0]);
    let long = "x".repeat(1 << 20);
    assert_eq!(
        codes(&format!("subject User {{ {long}: Int }}")),
        [] as [&str; 0]
    );
    refused(&with_condition(&format!(
        "resource.n == {}",
        "9".repeat(1 << 20)
    )));
    refused(&with_condition(&format!(
        "resource.n == \"{}",
        "a".repeat(1 << 20)
    )));
}

#[test]
fn every_prefix_of_a_policy_is_handled() {
    for end in (0..VALID.len())
        .step_by(3)
        .filter(|end| VALID.is_char_boundary(*end))
    {
        let _ = codes(&VALID[..end]);
    }
}

#[test]
fn every_token_taken_out_or_doubled_is_handled() {
    let words: Vec<&str> = VALID.split_inclusive(char::is_whitespace).collect();
    for index in (0..words.len()).step_by(2) {
        let mut fewer = words.clone();
        fewer.remove(index);
        let _ = codes(&fewer.concat());
        let mut more = words.clone();
        more.insert(index, words[index]);
        let _ = codes(&more.concat());
    }
}

#[test]
fn one_mistake_gives_few_errors() {
    // Blank out each line of a valid policy's body in turn: what follows must not drown the reader.
    let lines: Vec<&str> = VALID.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("//") || line.trim().is_empty() {
            continue;
        }
        let mut broken = lines.clone();
        let garbled = format!("%% {line}");
        broken[index] = &garbled;
        let found = codes(&broken.join("\n"));
        assert!((1..=2).contains(&found.len()), "{line}: {found:?}");
    }
}

// ---- worlds -------------------------------------------------------------------------------------

const NESTED: &str = "
    subject User
    subject Group of User | Group
    scope Team { role Member { sees * can * } }
    resource Folder in Team?, many Folder { actions view }
";

fn world(facts: &str) -> World {
    let policy = ward::compile(&Sources::new().with("nested.policy", NESTED)).unwrap();
    let facts = ward::load::world_text("hostile.world", facts).unwrap();
    World::build(Arc::clone(policy.plan()), facts).unwrap()
}

fn check(world: &World, subject: &str, resource: &str) -> Outcome {
    let ward = Evaluator::new(world, 0);
    let name = |text: &str| text.parse::<EntityName>().unwrap();
    ward.check(&name(subject), "view", &name(resource), &Context::default())
        .unwrap()
        .outcome
}

#[test]
fn long_chains_of_folders_and_groups_are_answered() {
    let count = 1_000;
    let mut facts = String::from("Folder:f0 in Team:red\nGroup:g0 is Member of Team:red\n");
    for index in 1..count {
        facts += &format!("Folder:f{index} in Folder:f{}\n", index - 1);
        facts += &format!("Group:g{index} in Group:g{}\n", index - 1);
    }
    facts += &format!(
        "User:ann in Group:g{}\nGroup:g0 in Group:g{}\n",
        count - 1,
        count - 1
    );
    let world = world(&facts);
    let last = format!("Folder:f{}", count - 1);
    assert_eq!(check(&world, "User:ann", &last), Outcome::Allowed);
    assert_eq!(check(&world, "User:bob", &last), Outcome::Invisible);
    let ward = Evaluator::new(&world, 0);
    let who = ward
        .who_sees(&last.parse().unwrap(), &Context::default())
        .unwrap();
    assert_eq!(who.subjects.len(), count + 1);
}

#[test]
fn a_circle_of_containers_is_refused() {
    let policy = ward::compile(&Sources::new().with("nested.policy", NESTED)).unwrap();
    let facts =
        "Folder:a in Folder:b\nFolder:b in Folder:c\nFolder:c in Folder:a\nFolder:d in Folder:d";
    let facts = ward::load::world_text("hostile.world", facts).unwrap();
    let refused = World::build(Arc::clone(policy.plan()), facts).unwrap_err();
    let found: Vec<&str> = refused
        .iter()
        .map(|refusal| refusal.reason.code())
        .collect();
    assert_eq!(found, ["E0508", "E0508"]);
}

#[test]
fn hostile_facts_are_refused_or_kept() {
    let long = "x".repeat(1 << 20);
    let kept = world(&format!(
        "User:\"{long}\" is Member of Team:red\nFolder:a in Team:red"
    ));
    assert_eq!(
        check(&kept, &format!("User:{long}"), "Folder:a"),
        Outcome::Allowed
    );
    let deep = format!(
        "{{\"entity\":\"Team:a\",\"attributes\":{}{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    for line in [
        deep.as_str(),
        "{",
        "[]",
        "\u{0}",
        "{\"entity\":1}",
        "{\"subject\":\"User:a\"}",
    ] {
        let (facts, refused) = ward::load::json_lines("hostile.jsonl", line);
        assert!(facts.is_empty() && refused.len() == 1, "{line:.40}");
    }
    for text in [
        "Team:a in",
        "share",
        "User:a is",
        "{{{{",
        "Team:\"a",
        "User:a is Member of Team:b until 9999-99-99",
    ] {
        assert!(
            ward::load::world_text("hostile.world", text).is_err(),
            "{text}"
        );
    }
}
