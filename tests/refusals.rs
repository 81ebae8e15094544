//! Refusals that teach: what one of the shipped policies does not let anybody say or do is refused
//! with the rule's name, and with what to do instead.

#![cfg(feature = "cli")]
#![allow(clippy::panic, clippy::unwrap_used)]

mod directory;

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use directory::fresh;

/// Asks in the shipped world of a policy, with one more fact.
fn ask(policy: &str, fact: &str, question: &[&str]) -> Output {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = root.join("policies").join(policy);
    // A directory of its own, so that the file's name in what is told is always the same.
    let own = fresh(&format!(
        "refusals-{}",
        NEXT.fetch_add(1, Ordering::Relaxed)
    ));
    std::fs::write(own.join("more.world"), fact).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ward"))
        .arg("ask")
        .args(question)
        .arg("--policy")
        .arg(&directory)
        .arg("--world")
        .arg(directory.join(format!("{policy}.world")))
        .args(["--world", "more.world"])
        .current_dir(&own)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// What is told of a fact that is refused: its place and error, and the help.
fn refused(policy: &str, fact: &str) -> (String, String) {
    let output = ask(policy, fact, &["User:ann", "view", "Project:p"]);
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{fact}: {told}");
    // What it refuses besides, of the world itself, is told before.
    let mut lines = told
        .lines()
        .skip_while(|line| !line.starts_with("more.world"));
    let error = lines.next().unwrap_or_default().to_owned();
    let help = lines.find_map(|line| line.trim().strip_prefix("help: "));
    let help = help.unwrap_or_else(|| panic!("{fact}: no help in {told}"));
    (error, help.to_owned())
}

/// Facts, each with its refusal and what to do instead.
type Refused<'t> = &'t [(&'t str, &'t str, &'t str)];

fn all_refused(policy: &str, facts: Refused<'_>) {
    for (fact, error, help) in facts {
        let (told, helped) = refused(policy, fact);
        assert_eq!(
            (told.as_str(), helped.as_str()),
            (format!("more.world:{error}").as_str(), *help),
            "{fact}"
        );
    }
}

#[test]
fn together_has_no_roles_and_no_shares_below_a_project() {
    all_refused(
        "together",
        &[
            (
                "share Cluster:h100-cluster-1 with Project:research at read",
                "1:7: error[E0510]: a `Cluster` cannot be shared with a `Project`",
                "give a role on the `Project` that it stands in, or declare `share with Project` in `Cluster`",
            ),
            (
                "User:bob is Member of Cluster:h100-cluster-1",
                "1:13: error[E0503]: `Cluster` has no role `Member`",
                "that is a role of `Project` or `Organization`: hold it there",
            ),
            (
                "Cluster:h100-cluster-1 in Project:research",
                "1:27: error[E0507]: it already stands in `Project:ml-training`",
                "remove it from `Project:ml-training` first, or declare `in many Project`",
            ),
            (
                "ApiKey:nightly is Admin of Project:ml-training",
                "1:1: error[E0520]: an `ApiKey` is a credential and holds no roles itself",
                "give the role to its owner: a credential may do what its owner may",
            ),
        ],
    );
}

#[test]
fn together_adds_nobody_without_an_account() {
    let add = |person: &str| {
        let context = format!("{{\"person\": \"{person}\"}}");
        let question = ["User:ann", "add_user", "Project:research", "--context"];
        let question = [&question[..], &[context.as_str()]].concat();
        ask("together", "User:nobody", &question)
    };
    let known = add("User:bob");
    assert_eq!(known.status.code(), Some(0));
    let unknown = add("User:nobody");
    assert_eq!(unknown.status.code(), Some(3));
    let told = String::from_utf8(unknown.stdout).unwrap();
    assert!(told.contains("rule \"account-first\""), "{told}");
    let reason =
        "reason: nobody has an account under this name: ask them to sign up, then add them";
    assert!(told.contains(reason), "{told}");
}

#[test]
fn cloud_account_has_one_table_of_permissions() {
    all_refused(
        "cloud-account",
        &[
            (
                "role Clerk of Account:acme can ApiToken.view",
                "1:32: error[E0524]: unknown permission `ApiToken.view`",
                "`ApiToken` has `ApiToken.create` and `ApiToken.revoke`; take it out, or name one of them",
            ),
            (
                "role Clerk of Account:acme can billing.view, api_token.view",
                "1:46: error[E0524]: unknown permission `api_token.view`",
                "`api_token` has `api_token.manage`; take it out, or name one of them",
            ),
            (
                "role Clerk of Account:acme can billing.vew",
                "1:32: error[E0524]: unknown permission `billing.vew`",
                "did you mean `billing.view`?",
            ),
            (
                "role Clerk of Account:acme can Invitation.accept",
                "1:32: error[E0525]: `Invitation.accept` cannot be put into a custom role: the policy says `custom roles from compute, vpc, load_balancer, security_group, database, object_storage, image, static_ip, autoscaling, billing, ssh_key, user_script, project,…`",
                "take it out: who needs it gets a role that the policy declares on `Account`",
            ),
            (
                "role Admin of Account:acme can billing.view",
                "1:6: error[E0523]: `Admin` is a role of every `Account` already",
                "choose another name",
            ),
            (
                "role Clerk of Project:production can billing.view",
                "1:15: error[E0522]: a `Project` has no custom roles",
                "make it on `Account`",
            ),
            (
                "User:dan is Developer of Project:production",
                "1:13: error[E0503]: `Project` has no role `Developer`",
                "the roles of `Project` are `Viewer` and `Operator`; those that customers make are held on `Account`",
            ),
            (
                "ApiToken:pipeline is Admin of Account:acme",
                "1:1: error[E0520]: an `ApiToken` is a credential and holds no roles itself",
                "give the role to its owner: a credential may do what its owner may",
            ),
            (
                "ApiToken:other in Account:acme { owner: User:dan, scopes: [\"compute\", \"compute.fly\"] }",
                "1:71: error[E0524]: unknown permission `compute.fly`",
                "`compute` has `compute.delete`, `compute.manage` and `compute.view`; take it out, or name one of them",
            ),
        ],
    );
}

#[test]
fn infralo_counts_workspace_roles_of_registered_people_only() {
    all_refused(
        "infralo",
        &[
            (
                "ApiKey:bob is Owner of Workspace:chat",
                "1:1: error[E0520]: an `ApiKey` is a credential and holds no roles itself",
                "give the role to its owner: a credential may do what its owner may",
            ),
            (
                "User:bob is SuperAdmin of Workspace:chat",
                "1:13: error[E0503]: `Workspace` has no role `SuperAdmin`",
                "that is a role of `Tenant`: hold it there",
            ),
        ],
    );
    let told = |fact: &str| {
        let output = ask(
            "infralo",
            fact,
            &["User:eve", "Deployment.view_logs", "Deployment:chat"],
        );
        let told = String::from_utf8(output.stdout).unwrap();
        (output.status.code(), told)
    };
    let (code, text) = told("User:eve is Member of Workspace:chat");
    assert_eq!(code, Some(4), "{text}");
    assert_eq!(
        text,
        "Invisible
  User:eve is Member of Workspace:chat (more.world:1:1), but that does not count:
    Workspace.Member requires Tenant.Member, which is not held
  no role that counts is held on Deployment:chat, Workspace:chat, Tenant:acme
"
    );
    let (code, text) =
        told("User:eve is Member of Workspace:chat\nUser:eve is Member of Tenant:acme");
    assert_eq!(code, Some(0), "{text}");
}
