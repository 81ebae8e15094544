//! What tests cover: each construct in each direction, and the shipped policies.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use ward::Sources;
use ward::coverage::{Covered, measure, merged};

// ---- each construct -----------------------------------------------------------------------------

/// A policy around one construct: its kind, its declarations, facts, and what a test claims that
/// sees it do its work (`granted`) or not (`refused`).
struct Case {
    kind: &'static str,
    policy: &'static str,
    facts: &'static str,
    granted: &'static str,
    refused: &'static str,
}

const CASES: &[Case] = &[
    Case {
        kind: "sees",
        policy: "scope Team { role Member { sees Doc } } resource Doc in Team",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:u cannot see Team:t",
    },
    Case {
        kind: "sees",
        policy: "scope Team { role Member { sees Doc when resource.open } }
                 resource Doc in Team { open: Bool = true }",
        facts: "Doc:a in Team:t  Doc:b in Team:t { open: false }  User:u is Member of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:u sees no Team  expect User:u cannot see Doc:b",
    },
    Case {
        kind: "can",
        policy: "scope Team { role Member { sees *  can Doc.view } }
                 resource Doc in Team { actions view, edit }",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u can view on Doc:a",
        refused: "expect User:u cannot edit on Doc:a",
    },
    Case {
        kind: "can",
        policy: "scope Team { role Member { sees *  can Doc.view when resource.open } }
                 resource Doc in Team { open: Bool = true  actions view, edit }",
        facts: "Doc:a in Team:t  Doc:b in Team:t { open: false }  User:u is Member of Team:t",
        granted: "expect User:u can view on Doc:a  expect User:u cannot edit on Doc:a",
        refused: "expect User:u cannot view on Doc:b",
    },
    Case {
        kind: "also",
        policy: "scope Team
                 resource Doc in Team { relation readers: User  role Reader { also readers  sees this } }",
        facts: "Doc:a in Team:t  Doc:a readers User:u",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:v cannot see Doc:a",
    },
    Case {
        kind: "requires",
        policy: "scope Org { role Staff { sees this } }
                 scope Team in Org { role Member { requires Org.Staff  sees * } }",
        facts: "Team:t in Org:o  User:u is Member of Team:t
                User:v is Member of Team:t, Staff of Org:o",
        granted: "expect User:u cannot see Team:t",
        refused: "expect User:v sees Team:t",
    },
    Case {
        kind: "for",
        policy: "subject Group of User  scope Team { role Owner { for User  sees * } }",
        facts: "User:u is Owner of Team:t",
        granted: "expect refused Group:g is Owner of Team:t",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "for",
        policy: "subject Bot
                 scope Team { relation runs: User | Bot  role Owner { for User  also runs  sees * } }",
        facts: "Team:t runs User:u  Team:t runs Bot:b",
        granted: "expect Bot:b cannot see Team:t",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "at most",
        policy: "scope Team {
                     role Guest { at most Doc.view }
                     role Editor { sees *  can Doc.view, Doc.edit }
                 }
                 resource Doc in Team { actions view, edit, close }",
        facts: "Doc:a in Team:t  User:u is Guest of Team:t, Editor of Team:t",
        granted: "expect User:u cannot edit on Doc:a",
        refused: "expect User:u can view on Doc:a  expect User:u cannot close on Doc:a",
    },
    Case {
        kind: "level",
        policy: "scope Team { role Editor { sees *  can Doc.* } }
                 resource Doc in Team { actions view, edit  share with Team { level read { view } } }",
        facts: "Doc:a in Team:s  share Doc:a with Team:t at read  User:u is Editor of Team:t",
        granted: "expect User:u cannot edit on Doc:a",
        refused: "expect User:u can view on Doc:a",
    },
    Case {
        kind: "visible by",
        policy: "scope Team { role Reader { can Doc.view }  role Writer { can Doc.edit } }
                 resource Doc in Team { visible by view  actions view, edit }",
        facts: "Doc:a in Team:t  User:u is Reader of Team:t  User:v is Writer of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:v cannot see Doc:a",
    },
    Case {
        kind: "overrides",
        policy: "scope Org { role Admin { sees *  can Doc.* } }
                 scope Team in Org { overrides Org  role Member { sees * } }
                 resource Doc in Team { actions view }",
        facts: "Team:t in Org:o  Doc:a in Team:t  User:u is Admin of Org:o
                User:v is Admin of Org:o, Member of Team:t",
        granted: "expect User:v cannot view on Doc:a",
        refused: "expect User:u can view on Doc:a",
    },
    Case {
        kind: "overrides",
        policy: "scope Org { role Boss { sees * } }
                 scope Team in Org?, Team? { overrides Org  role Member { sees this } }
                 resource Doc in Team",
        facts: "Team:t in Org:o  Team:in in Team:t  Doc:d in Team:in
                User:u is Boss of Org:o, Member of Team:in  User:v is Boss of Org:o",
        granted: "expect User:u cannot see Doc:d",
        refused: "expect User:v sees Doc:d",
    },
    Case {
        kind: "custom roles",
        policy: "scope Team { custom roles from Doc.view  role Member { sees * } }
                 resource Doc in Team { actions view, edit }",
        facts: "Doc:a in Team:t  role Reader of Team:t can Doc.view
                User:u is Reader of Team:t, Member of Team:t",
        granted: "expect User:u can view on Doc:a",
        refused: "expect refused role Writer of Team:t can Doc.edit",
    },
    Case {
        kind: "within",
        policy: "subject Key in Team { acts for owner: User within Team }
                 scope Team { role Member { sees * } }",
        facts: "User:u is Member of Team:s, Member of Team:t  Key:k in Team:t { owner: User:u }",
        granted: "expect Key:k cannot see Team:s",
        refused: "expect Key:k sees Team:t",
    },
    Case {
        kind: "at most",
        policy: "subject Key { scopes: Permissions  acts for owner: User at most scopes }
                 scope Team { actions view, edit  role Member { sees *  can * } }",
        facts: "User:u is Member of Team:t  Key:k { owner: User:u, scopes: [\"Team.view\"] }",
        granted: "expect Key:k cannot edit on Team:t",
        refused: "expect Key:k can view on Team:t",
    },
    Case {
        kind: "permit",
        policy: "scope Team { open: Bool = true  actions view  role Member { sees * } }
                 permit Team.view when resource.open",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { open: false }",
        granted: "expect User:u can view on Team:t",
        refused: "expect User:u cannot view on Team:s",
    },
    Case {
        kind: "forbid",
        policy: "scope Team { open: Bool = true  actions view  role Member { sees *  can * } }
                 forbid Team.view unless resource.open",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { open: false }",
        granted: "expect User:u cannot view on Team:s",
        refused: "expect User:u can view on Team:t",
    },
    Case {
        kind: "reveal",
        policy: "subject Bot  scope Team { role Member { can * }  actions view }  reveal Team to User",
        facts: "User:u is Member of Team:t  Bot:b is Member of Team:t",
        granted: "expect User:u can view on Team:t",
        refused: "expect Bot:b cannot see Team:t",
    },
    Case {
        kind: "hide",
        policy: "scope Team { secret: Bool = false  role Member { sees * } }
                 hide Team when resource.secret",
        facts: "User:u is Member of Team:t, Member of Team:s  Team:s { secret: true }",
        granted: "expect User:u cannot see Team:s",
        refused: "expect User:u sees Team:t",
    },
    Case {
        kind: "includes",
        policy: "scope Team { role Member { sees * }  role Chief { includes Member } }",
        facts: "User:u is Chief of Team:t  User:v is Member of Team:t",
        granted: "expect User:u sees Team:t",
        // It has no condition that could fail.
        refused: "",
    },
    Case {
        kind: "sees",
        policy: "scope Team { role Member { sees this } } resource Doc in Team",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u sees Team:t",
        refused: "expect User:u cannot see Doc:a",
    },
    Case {
        kind: "can",
        policy: "scope Team { actions close  role Member { sees *  can Team.close } }
                 resource Doc in Team { actions edit }",
        facts: "Doc:a in Team:t  User:u is Member of Team:t",
        granted: "expect User:u can close on Team:t",
        refused: "expect User:u cannot edit on Doc:a",
    },
    Case {
        kind: "visible by",
        policy: "scope Team { role Reader { can Doc.view }  role Member { sees Doc when resource.open } }
                 resource Doc in Team { open: Bool = false  visible by view  actions view }",
        facts: "Doc:a in Team:t  User:u is Reader of Team:t  User:v is Member of Team:t",
        granted: "expect User:u sees Doc:a",
        refused: "expect User:v cannot see Doc:a",
    },
    Case {
        kind: "visible by",
        policy: "scope Team { role Reader { can Doc.view } }
                 resource Doc in Team, Doc? { visible by view  actions view  role Keeper { sees this } }",
        facts: "Doc:a in Team:t  Doc:b in Team:t, Doc:a
                User:u is Reader of Team:t  User:v is Keeper of Doc:a",
        granted: "expect User:u sees Doc:b",
        refused: "expect User:v cannot see Doc:b",
    },
    Case {
        kind: "includes",
        policy: "scope Team {
                     actions view, edit
                     role Guest { at most Team.view }
                     role Owner { includes Guest }
                     role Editor { sees *  can * }
                 }",
        facts: "User:u is Owner of Team:t, Editor of Team:t",
        granted: "expect User:u cannot edit on Team:t",
        refused: "",
    },
];

fn compiled(text: &str) -> ward::Policy {
    let sources = Sources::new().with("case.policy", text);
    ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_construct_is_covered_in_each_direction_by_itself() {
    for case in CASES {
        let Case {
            kind,
            policy,
            facts,
            granted,
            refused,
        } = case;
        let text = format!(
            "subject User\n{policy}\ntest \"granted\" {{ {facts} {granted} }}\ntest \"refused\" {{ {facts} {refused} }}"
        );
        let policy = compiled(&text);
        let results = ward::spec::run(&policy);
        assert!(results.iter().all(ward::spec::TestResult::passed), "{text}");
        let seen = |wanted: &dyn Fn(&str) -> bool| {
            let all = measure(&policy, wanted);
            // The construct that the case is about is the last of its kind.
            let found = all.into_iter().rfind(|covered| covered.kind == *kind);
            let found = found.unwrap_or_else(|| panic!("no {kind} in {text}"));
            (found.granted.map(|n| n > 0), found.refused.map(|n| n > 0))
        };
        let second = |covered: bool| (!refused.is_empty()).then_some(covered);
        assert_eq!(
            seen(&|_| false),
            (Some(false), second(false)),
            "none: {text}"
        );
        assert_eq!(
            seen(&|name| name == "granted"),
            (Some(true), second(false)),
            "granted: {text}"
        );
        assert_eq!(
            seen(&|name| name == "refused"),
            (Some(false), second(true)),
            "refused: {text}"
        );
        assert_eq!(seen(&|_| true), (Some(true), second(true)), "both: {text}");
    }
}

#[test]
fn what_gives_everything_has_one_direction_only() {
    let policy = compiled(
        "subject User
         scope Team { actions view  role Member { sees *  can * }  role Split { sees Team  can view } }
         scope Club { actions enter, leave  role Guest { sees this  can *  can enter } }
         scope Hall { role Porter { sees this } }
         resource Box in Club, Box? { role Keeper { sees this } }
         forbid Team.view to User",
    );
    let all = measure(&policy, |_| true);
    let refused: Vec<_> = all
        .iter()
        .map(|found| (found.kind, found.refused))
        .collect();
    assert_eq!(
        refused,
        [
            ("sees", None),
            ("can", None),
            ("sees", None),
            ("can", None),
            ("sees", Some(0)),
            ("can", None),
            ("can", None),
            ("sees", None),
            ("sees", Some(0)),
            ("forbid", Some(0))
        ]
    );
}

#[test]
fn without_one_includes_the_others_include_what_they_did() {
    let policy = compiled(
        "subject User
         scope Org { role Staff { sees this } }
         scope Team in Org {
             role Member { sees * }
             role Guest { sees *  requires Org.Staff }
             role Chief { includes Member }
             role Host { includes Guest }
             role Other { includes Member }
         }
         reveal Team when principal is Guest of Team
         test \"neither more nor less\" {
             Team:t in Org:o
             User:u is Chief of Team:t
             User:v is Host of Team:t
             expect User:u sees Team:t
             expect User:v cannot see Team:t
         }",
    );
    let all = measure(&policy, |_| true);
    let includes = all.iter().filter(|found| found.kind == "includes");
    let granted: Vec<_> = includes.map(|found| found.granted).collect();
    assert_eq!(granted, [Some(1), Some(0), Some(0)]);
}

#[test]
fn a_wider_ceiling_is_told_apart_from_the_one_that_it_includes() {
    let policy = compiled(
        "subject User
         scope Team {
             actions view, edit
             role Guest { at most view }
             role Owner { includes Guest  at most * }
             role Editor { sees *  can * }
         }
         test \"wide\" {
             User:u is Owner of Team:t, Editor of Team:t
             expect User:u can edit on Team:t
         }",
    );
    let all = measure(&policy, |_| true);
    let ceilings = all.iter().filter(|found| found.kind == "at most");
    let ceilings: Vec<_> = ceilings
        .map(|found| (&*found.text, found.granted))
        .collect();
    assert_eq!(
        ceilings,
        [("at most view", Some(0)), ("at most *", Some(1))]
    );
}

#[test]
fn files_of_several_policies_are_counted_together() {
    let covered = |file: &str, line, granted, refused| Covered {
        kind: "can",
        file: file.to_owned(),
        line,
        column: 1,
        text: "can view".to_owned(),
        granted,
        refused,
    };
    let all = merged([
        covered("b.policy", 1, Some(1), None),
        covered("a.policy", 9, Some(0), Some(0)),
        covered("a.policy", 2, Some(2), Some(0)),
        covered("a.policy", 9, Some(3), None),
    ]);
    assert_eq!(
        all,
        [
            covered("a.policy", 2, Some(2), Some(0)),
            covered("a.policy", 9, Some(3), Some(0)),
            covered("b.policy", 1, Some(1), None),
        ]
    );
}

// ---- shipped policies ---------------------------------------------------------------------------

#[test]
fn tests_of_shipped_policies_see_every_part_at_work() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in fs::read_dir(root).unwrap() {
        let directory = entry.unwrap().path();
        let mut sources = Sources::new();
        for file in fs::read_dir(&directory).unwrap() {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "policy")
            {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                sources.add(name, fs::read_to_string(&path).unwrap());
            }
        }
        let policy = ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"));
        let all = measure(&policy, |_| true);
        let idle: Vec<&Covered> = all.iter().filter(|of| of.granted == Some(0)).collect();
        assert!(idle.is_empty(), "{}: {idle:?}", directory.display());
        let directions = all.iter().map(Covered::directions);
        let (of, covered) = directions.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        println!("{}: {covered} of {of}", directory.display());
        assert!(
            covered * 100 >= of * 85,
            "{}: {covered} of {of}",
            directory.display()
        );
    }
}
