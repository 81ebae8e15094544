//! Sets of types and actions in the corners that policies seldom have: each policy tests itself.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use ward::Sources;

#[track_caller]
fn holds(policy: &str) {
    let compiled = ward::compile(&Sources::new().with("sets.policy", policy));
    let policy = compiled.unwrap_or_else(|errors| panic!("{errors}"));
    let results = ward::spec::run(&policy);
    assert!(!results.is_empty());
    for result in &results {
        assert!(result.passed(), "{result:?}");
    }
}

#[test]
fn a_type_beside_the_star_leaves_the_others_in() {
    holds(
        "subject User
         scope Team { role Member { sees *, Doc } }
         resource Doc in Team
         resource Page in Team
         test \"both\" {
             Doc:d in Team:t  Page:p in Team:t
             User:ann is Member of Team:t
             expect User:ann sees Doc:d, Page:p, Team:t
         }",
    );
}

#[test]
fn what_is_taken_out_of_named_types_is_out_and_nothing_else() {
    holds(
        "subject User
         scope Team { role Member { sees Doc, Page except Doc } }
         resource Doc in Team
         resource Page in Team
         test \"one\" {
             Doc:d in Team:t  Page:p in Team:t
             User:ann is Member of Team:t
             expect User:ann sees Page:p
             expect User:ann cannot see Doc:d, Team:t
         }",
    );
}
