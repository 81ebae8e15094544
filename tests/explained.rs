//! What `ward explain` tells: snapshots on the shipped policies, the form of its JSON, and what it
//! keeps from those who do not see.

#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod directory;

use std::fs;
use std::path::Path;
use std::process::Command;

use directory::fresh;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Exit code and standard output, asked in the middle of 2026.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(arguments).current_dir(directory);
    command.args(["--now", "2026-07-01"]).env("NO_COLOR", "1");
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.code().unwrap(), text)
}

/// An explanation in the world of a shipped policy.
fn explained(policy: &str, question: &str, more: &[&str]) -> String {
    let directory = root().join("policies").join(policy);
    let world = format!("{policy}.world");
    let mut arguments = vec!["explain"];
    arguments.extend(question.split(' '));
    arguments.extend(["-p", ".", "-w", &world]);
    arguments.extend(more);
    run(&directory, &arguments).1
}

/// One that people read at a glance.
fn short(policy: &str, question: &str) -> String {
    let text = explained(policy, question, &[]);
    assert!(text.lines().count() <= 12, "{text}");
    text
}

#[test]
fn three_people_of_vantage() {
    let of = |question| short("vantage", question);
    insta::assert_snapshot!(
        "alice",
        of("User:alice Workspace.adjust_quota Workspace:a100")
    );
    insta::assert_snapshot!("bob", of("User:bob Workspace.adjust_quota Workspace:a100"));
    insta::assert_snapshot!("carol", of("User:carol Cluster.manage Cluster:a100"));
    insta::assert_snapshot!("carol_window", of("User:carol Volume.view Volume:data"));
    insta::assert_snapshot!("sam", of("User:sam Volume.write Volume:data"));
}

#[test]
fn overrides_and_tokens_of_a_cloud_account() {
    let of = |question| short("cloud-account", question);
    insta::assert_snapshot!("c8_down", of("User:dan Instance.power Instance:web-1"));
    insta::assert_snapshot!("c8_up", of("User:dan Instance.power Instance:dev-1"));
    insta::assert_snapshot!("c14", of("ApiToken:pipeline Instance.power Instance:web-1"));
}

#[test]
fn clusters_of_together() {
    let of = |question| short("together", question);
    insta::assert_snapshot!("t4", of("User:bob Cluster.ssh Cluster:b200-cluster"));
    insta::assert_snapshot!("t8", of("User:bob Cluster.ssh Cluster:h100-cluster-2"));
}

#[test]
fn a_ceiling_of_infralo() {
    let of = |question| short("infralo", question);
    insta::assert_snapshot!(
        "ceiling",
        of("User:ann Workspace.set_budget Workspace:chat")
    );
    insta::assert_snapshot!(
        "under_a_ceiling",
        of("User:ann Workspace.rename Workspace:chat")
    );
    insta::assert_snapshot!(
        "switched_off",
        of("User:dan Deployment.view Deployment:chat")
    );
}

#[test]
fn markdown_says_the_same() {
    let question = "User:carol Volume.view Volume:data";
    let text = explained("vantage", question, &["--format", "markdown"]);
    insta::assert_snapshot!("markdown", text);
}

/// Questions of every outcome, with all that an explanation can hold.
const QUESTIONS: [(&str, &str); 12] = [
    (
        "vantage",
        "User:alice Workspace.adjust_quota Workspace:a100",
    ),
    ("vantage", "User:bob Job.cancel Job:ablation"),
    ("vantage", "User:bob Job.cancel Job:training"),
    ("vantage", "User:iris Cluster.manage Cluster:a100"),
    ("vantage", "User:sam Volume.write Volume:data"),
    ("vantage", "User:nobody Volume.write Volume:nothing"),
    ("cloud-account", "User:dan Instance.power Instance:web-1"),
    ("cloud-account", "User:dan Instance.power Instance:dev-1"),
    (
        "cloud-account",
        "ApiToken:pipeline Database.view Database:dev",
    ),
    ("infralo", "User:ann Workspace.set_budget Workspace:chat"),
    ("infralo", "User:dan Deployment.view Deployment:chat"),
    ("together", "User:bob Cluster.ssh Cluster:h100-cluster-2"),
];

#[test]
fn json_fits_its_schema() {
    let schema = fs::read_to_string(root().join("tests/schemas/explanation.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (policy, question) in QUESTIONS {
        for audience in ["admin", "subject"] {
            let more = ["--all", "--format", "json", "--for", audience];
            let text = explained(policy, question, &more);
            let json: Value = serde_json::from_str(&text).unwrap();
            let wrong: Vec<String> = schema
                .iter_errors(&json)
                .map(|error| error.to_string())
                .collect();
            assert!(wrong.is_empty(), "{question}: {wrong:?}\n{text}");
            assert_eq!(json.get("proofs").is_some(), audience == "admin");
        }
    }
    // It would notice.
    assert!(!schema.is_valid(&serde_json::json!({"outcome": "perhaps"})));
}

#[test]
fn where_a_name_is_enough_nothing_more_is_suggested() {
    let directory = fresh("named");
    let policy = "
        subject User
        subject Group of User
        scope Library { role Reader { sees * } }
        resource Book in Library { open: Bool  actions borrow }
        permit Book.borrow when resource.open
        permit Book.borrow when principal in Group:staff
    ";
    let world = "
        Book:atlas in Library:north { open: true }
        Book:globe in Library:north { open: false }
        User:ann in Group:staff
        User:ann in Group:guests
        anyone is Reader of Library:north
    ";
    fs::write(directory.join("app.policy"), policy).unwrap();
    fs::write(directory.join("app.world"), world).unwrap();
    let helps = |book: &str| -> Vec<String> {
        let scene = ["-p", "app.policy", "-w", "app.world"];
        let question = ["explain", "User:ghost", "borrow", book];
        let (_, text) = run(&directory, &[&question[..], &scene].concat());
        let helps = text.lines().filter(|line| line.contains("would help"));
        helps.map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(
        helps("Book:atlas"),
        ["would help: add User:ghost by its name alone; opens nothing else"]
    );
    assert_eq!(
        helps("Book:globe"),
        ["would help: add User:ghost in Group:staff; opens elsewhere Book.borrow on Book:atlas"]
    );
}

#[test]
fn where_nothing_near_helps_other_scopes_are_tried() {
    let directory = fresh("window");
    let policy = "
        subject User
        scope Archive { role Keeper { sees * } }
        scope Club { role Member { sees *  can Film.watch } }
        resource Film in Archive { actions watch  share with Club { level evening { watch } } }
    ";
    let world = "Film:metropolis in Archive:city Club:silent User:ann";
    fs::write(directory.join("app.policy"), policy).unwrap();
    fs::write(directory.join("app.world"), world).unwrap();
    let question = "explain User:ann watch Film:metropolis -p app.policy -w app.world";
    let arguments: Vec<&str> = question.split(' ').collect();
    let (_, text) = run(&directory, &arguments);
    assert_eq!(
        text.lines().last().unwrap(),
        "  would help: add share Film:metropolis with Club:silent at evening and add User:ann is Member of Club:silent; opens sight of Club:silent"
    );
}

const POLICY: &str = r#"
subject User
subject Group of User
scope Team { role Member { sees * }  role Editor { can Doc.* } }
resource Doc in Team {
    size: Int
    actions view, edit
    role Reader { sees this when resource.size > 0 }
}
@reason("there is something to hide")
hide Doc when resource.size > 1000
@reason("too large to edit")
forbid Doc.edit when resource.size > 10
"#;

const WORLD: &str = "
Doc:plan in Team:blue { size: 20 }
User:ann is Member of Team:blue, Editor of Team:blue
User:bob is Editor of Team:blue, Member of Team:red
User:bob in Group:staff
Group:staff is Editor of Team:red
";

/// Ways in which a document is there that Bob does not see.
const UNSEEN: [&str; 6] = [
    "Doc:x in Team:blue { size: 1 }",
    "Doc:x in Team:blue",
    "Doc:x in Team:red { size: 5000 }\nUser:ann is Reader of Doc:x",
    "Doc:x in Team:blue\nUser:bob is Reader of Doc:x\nGroup:staff is Reader of Doc:x",
    "Doc:x { size: 1 }\nUser:bob is Reader of Doc:x",
    "Doc:x in Team:blue { size: 1 }\nUser:bob is Member of Team:blue until 2020-01-01",
];

#[test]
fn what_is_unseen_reads_as_what_is_not_there() {
    let directory = fresh("unseen");
    fs::write(directory.join("app.policy"), POLICY).unwrap();
    let batch = r#"{"subject": "User:bob", "action": "Doc.edit", "resource": "Doc:x"}"#;
    fs::write(directory.join("batch.jsonl"), batch).unwrap();
    let queries = [
        "explain User:bob edit Doc:x --for subject",
        "explain User:bob edit Doc:x --for subject --all",
        "explain User:bob edit Doc:x --for subject --format markdown",
        "explain User:bob edit Doc:x --for subject --format json",
        "ask User:bob edit Doc:x --for subject",
        "ask User:bob edit Doc:x --for subject --format json",
        "ask --batch batch.jsonl --for subject",
        "actions User:bob Doc:x --for subject",
        "actions User:bob Doc:x --for subject --format json",
        "list User:bob Doc",
        "list User:bob Doc --format json",
        "list User:bob Doc --can edit",
        "list User:bob Doc --can edit --format json",
        "who edit Doc:x --for User:bob",
        "who edit Doc:x --for User:bob --format json",
        "who --sees Doc:x --for User:bob",
        "who --sees Doc:x --for User:bob --format json",
    ];
    let answers = |facts: &str| -> Vec<(i32, String)> {
        fs::write(directory.join("app.world"), format!("{WORLD}{facts}\n")).unwrap();
        let ask = |query: &&str| {
            let scene = ["-p", "app.policy", "-w", "app.world"];
            let arguments: Vec<&str> = query.split(' ').chain(scene).collect();
            run(&directory, &arguments)
        };
        queries.iter().map(ask).collect()
    };
    let nothing = answers("");
    for facts in UNSEEN {
        for ((query, unseen), nothing) in queries.iter().zip(answers(facts)).zip(&nothing) {
            assert_eq!(unseen, *nothing, "{query}\nwith {facts}");
        }
    }
    // What he does see, he is told of, and these queries would notice.
    let seen = answers("Doc:x in Team:red { size: 20 }");
    let told: Vec<bool> = seen
        .iter()
        .zip(&nothing)
        .map(|(seen, nothing)| seen != nothing)
        .collect();
    assert_eq!(told.iter().filter(|told| **told).count(), 13, "{seen:?}");
    assert!(seen[0].1.contains("too large to edit"), "{seen:?}");
    // An administrator is told more.
    let admin = [
        "ask",
        "User:bob",
        "edit",
        "Doc:x",
        "-p",
        "app.policy",
        "-w",
        "app.world",
    ];
    assert!(run(&directory, &admin).1.contains("Team:red"));
}

/// One action for each kind of what conditions read.
const KINDS: &str = r#"
subject User { box: { a: Int, b?: String }  home: IpAddr }
subject Group of User
subject Key in Club { acts for owner: User }
context { asked: { n: Int, who?: User }, address: IpAddr }
scope Club { role Member { sees * }  role Guest {} }
resource Film in Club {
    box: { a: Int, b?: String }
    tags: Set of String
    parts: Set of { a: Int }
    wait: Duration
    from: IpAddr
    owner: User
    origin?: Film
    relation crew: User
    actions fields, whole, networks, waits, sets, roles, asks, edges, remakes, parts
}
permit Film.fields when resource.owner.box.a == 2 && context.asked.n > 0 && !(resource.box has b)
permit Film.whole when resource.box != resource.owner.box
permit Film.networks when context.address in resource.from && resource.owner.home in ip("::/0")
permit Film.waits when resource.wait < 1h && resource.wait * 2 > -5m
permit Film.sets when resource.tags.containsAny(["a"]) && resource.tags.containsAll(["b"]) && !resource.tags.isEmpty()
permit Film.roles when principal is Member of Club || principal is Guest of Club
permit Film.asks when credential is Key && credential.Club == resource.Club
permit Film.parts when !resource.parts.isEmpty()
permit Film.remakes when resource has origin && resource.origin.Club != resource.Club
permit Film.edges when principal in resource.crew && resource.tags == ["a", "b", "c", "d", "e", "f", "g"]
"#;

#[test]
fn what_conditions_read_is_told_by_its_kind() {
    let directory = fresh("kinds");
    let world = r#"
        User:ann { box: { a: 2, b: "x" }, home: ip("::1") }
        User:ann is Member of Club:silent
        Key:k in Club:silent { owner: User:ann }
        Film:metropolis in Club:silent {
            owner: User:ann, box: { a: 1 }, wait: 90s, from: ip("10.0.0.0/8"),
            tags: ["g", "f", "e", "d", "c", "b", "a"], origin: Film:golem,
            parts: [{ a: 1 }, { a: 2 }]
        }
        Film:golem in Club:loud
        Film:metropolis crew User:ann
    "#;
    fs::write(directory.join("app.policy"), KINDS).unwrap();
    fs::write(directory.join("app.world"), world).unwrap();
    let context = r#"{"asked": {"n": 3}, "address": "10.1.1.1"}"#;
    let reads = |subject: &str, action: &str| -> Vec<String> {
        let question = ["explain", subject, action, "Film:metropolis"];
        let scene = ["-p", "app.policy", "-w", "app.world", "--context", context];
        let form = ["--format", "json"];
        let (code, text) = run(&directory, &[&question[..], &scene, &form].concat());
        assert_eq!(code, 0, "{text}");
        let json: Value = serde_json::from_str(&text).unwrap();
        let reads = json["proofs"][0]["can"]["reads"].as_array().unwrap();
        let text = |read: &Value, part: &str| read[part].as_str().unwrap().to_owned();
        reads
            .iter()
            .map(|read| format!("{} = {}", text(read, "what"), text(read, "value")))
            .collect()
    };
    let of = |action: &str| reads("User:ann", action);
    assert_eq!(
        of("fields"),
        [
            "resource.owner.box.a = 2",
            "context.asked.n = 3",
            "resource.box has b = false",
        ]
    );
    assert_eq!(
        of("whole"),
        [
            "resource.box = { a: 1 }",
            r#"resource.owner.box = { a: 2, b: "x" }"#,
        ]
    );
    assert_eq!(
        of("networks"),
        [
            r#"context.address = ip("10.1.1.1")"#,
            r#"resource.from = ip("10.0.0.0/8")"#,
            r#"resource.owner.home = ip("::1")"#,
        ]
    );
    assert_eq!(of("parts"), ["resource.parts = [{ a: 1 }, { a: 2 }]"]);
    assert_eq!(of("waits"), ["resource.wait = 90s"]);
    let tags = r#"resource.tags = ["a", "b", "c", "d", "e", … 2 more]"#;
    assert_eq!(of("sets"), [tags]);
    assert_eq!(of("roles"), ["principal is Member of Club = true"]);
    assert_eq!(
        of("remakes"),
        [
            "resource has origin = true",
            "resource.origin.Club = Club:loud",
            "resource.Club = Club:silent",
        ]
    );
    assert_eq!(of("edges"), ["resource.crew = [User:ann]", tags]);
    assert_eq!(
        reads("Key:k", "asks"),
        [
            "credential is Key = true",
            "credential.Club = Club:silent",
            "resource.Club = Club:silent",
        ]
    );
}

#[test]
fn a_proof_names_the_also_by_which_a_role_is_held() {
    let directory = fresh("also");
    let policy = "
        subject User
        scope Team {
            relation boss: User
            role Lead { also boss }
        }
        resource Doc in Team {
            actions edit
            role Owner { also Team.Lead  sees this  can edit }
        }
    ";
    fs::write(directory.join("app.policy"), policy).unwrap();
    let world = "Doc:a in Team:t\nTeam:t boss User:ann";
    fs::write(directory.join("app.world"), world).unwrap();
    let question = ["explain", "User:ann", "edit", "Doc:a"];
    let scene = ["-p", "app.policy", "-w", "app.world", "--format", "json"];
    let (code, text) = run(&directory, &[&question[..], &scene].concat());
    assert_eq!(code, 0, "{text}");
    let json: Value = serde_json::from_str(&text).unwrap();
    let clauses = json["proofs"][0]["clauses"].as_array().unwrap();
    let mut clauses: Vec<&str> = clauses
        .iter()
        .map(|c| c["text"].as_str().unwrap())
        .collect();
    clauses.sort_unstable();
    assert_eq!(
        clauses,
        ["also Team.Lead", "also boss", "can edit", "sees this"]
    );
}
