//! A seeded audit: realistic faults, planted in the shipped policies one at a time. Lint finds them.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use ward::Sources;
use ward::lint::{Config, lint};

/// A fault: the policy, what stands there, what is written instead, and the rule that must find it.
type Fault = (&'static str, &'static str, &'static str, &'static str);

/// For faults that no rule can tell from what is meant.
const NOBODY: &str = "";

const FAULTS: &[Fault] = &[
    // ---- vantage
    (
        "vantage",
        "role Viewer { can *.view }",
        "role Viewer { }",
        "unused-role",
    ),
    (
        "vantage",
        "role Viewer { can *.view }",
        "role Viewer { can * }",
        "wildcard-action",
    ),
    (
        "vantage",
        "role Member { sees * }",
        "role Member { sees Team }",
        "power-without-sight",
    ),
    (
        "vantage",
        "role Member { sees * }",
        "role Member { sees * except Cluster }",
        "power-without-sight",
    ),
    (
        "vantage",
        "level write includes read { write }",
        "level write { write }",
        "level-not-nested",
    ),
    (
        "vantage",
        "Volume.* when resource.owner == principal",
        "Volume.* when resource.owner == resource.owner",
        "constant-condition",
    ),
    (
        "vantage",
        "Team.remove_member, jobs.administer",
        "Team.remove_member, jobs.administer, jobs.run",
        "redundant-permission",
    ),
    (
        "vantage",
        "permissions clusters {",
        "@reason(\"costs are closed\")\nforbid Workspace.view_costs, Workspace.adjust_quota\n\npermissions clusters {",
        "grant-always-denied",
    ),
    (
        "vantage",
        "permissions clusters {",
        "permit Volume.view\n\npermissions clusters {",
        "permit-without-condition",
    ),
    (
        "vantage",
        "permissions clusters {",
        "reveal Volume when resource.owner == principal\nhide Volume\n\npermissions clusters {",
        "hide-contradicts-reveal",
    ),
    (
        "vantage",
        "permissions clusters {",
        "forbid Volume.delete when resource.owner != principal\n\npermissions clusters {",
        "deny-without-reason",
    ),
    (
        "vantage",
        "subject User\n",
        "subject User\ncontext { mfa: Bool = false }\n",
        "unused-attribute",
    ),
    (
        "vantage",
        "permissions jobs {",
        "permissions volumes { Volume.mount }\n\npermissions jobs {",
        "unused-permissions",
    ),
    // ---- infralo
    (
        "infralo",
        "requires Tenant.Member\n        sees *\n        can work.use",
        "sees *\n        can work.use",
        "ceiling-escape",
    ),
    (
        "infralo",
        "requires Tenant.Member\n        sees *\n        can work.*\n    }",
        "sees *\n        can work.*\n    }",
        "ceiling-escape",
    ),
    (
        "infralo",
        "acts for owner: User within Workspace",
        "acts for owner: User",
        "unbounded-credential",
    ),
    (
        "infralo",
        "when principal.disabled",
        "when principal.disabled && !principal.disabled",
        "constant-condition",
    ),
    (
        "infralo",
        "@reason(\"the tenant has taken this model off its whitelist\")\n",
        "",
        "deny-without-reason",
    ),
    ("infralo", "        also creator\n", "", "unused-attribute"),
    (
        "infralo",
        "@id(\"single-sign-on\")",
        "@reason(\"not whitelisted\")\nforbid Model.call unless resource.source in resource.Tenant.whitelist\n\n@id(\"single-sign-on\")",
        "duplicate-rule",
    ),
    (
        "infralo",
        "can work.*, Workspace.*",
        "can work.*, Workspace.*, Model.view",
        "redundant-permission",
    ),
    (
        "infralo",
        "context.sign_in == \"sso\"",
        "context.sign_in like \"sso\"",
        "like-without-wildcard",
    ),
    (
        "infralo",
        "permissions work {",
        "permissions audit { AuditLog.view, AuditLog.export }\n\npermissions work {",
        "unused-permissions",
    ),
    (
        "infralo",
        "at most * except Workspace.set_budget, Workspace.delete",
        "at most * except Workspace.set_budget, Workspace.delete\n        can Workspace.delete",
        NOBODY,
    ),
    (
        "infralo",
        "unless context.sign_in == \"sso\"",
        "unless context.sign_in == \"sso\" || context.sign_in != \"sso\"",
        "constant-condition",
    ),
    (
        "infralo",
        "relation whitelist: GlobalModel",
        "relation whitelist: GlobalModel\n    relation blacklist: GlobalModel",
        "unused-relation",
    ),
    // ---- cloud-account
    (
        "cloud-account",
        "acts for owner: User within Account at most scopes",
        "acts for owner: User",
        "unbounded-credential",
    ),
    (
        "cloud-account",
        "view, change, restart, delete  visible by view",
        "view, change, restart, delete",
        "power-without-sight",
    ),
    (
        "cloud-account",
        "can *.view except team",
        "can *.view except api_token",
        "except-takes-nothing",
    ),
    (
        "cloud-account",
        "role Operator { can *.view, *.manage }",
        "role Operator { can * }",
        "wildcard-action",
    ),
    (
        "cloud-account",
        "when now >= resource.sent + 72h",
        "when now >= 2025-01-01",
        "past-time",
    ),
    (
        "cloud-account",
        "permit Invitation.accept when resource.invited == principal",
        "permit Invitation.accept",
        "permit-without-condition",
    ),
    (
        "cloud-account",
        "permit Invitation.accept when resource.invited == principal",
        "reveal Team when resource.Account.owner == principal",
        "ungranted-action",
    ),
    (
        "cloud-account",
        "role Viewer   { can *.view }",
        "role Viewer   { can *.view, Instance.view, Instance.view }",
        "redundant-permission",
    ),
    (
        "cloud-account",
        "actions create in Project, view, console, power",
        "actions create in Project, view, console, Power, power",
        "near-duplicate-names",
    ),
    // ---- together
    ("together", "        also users\n", "", "unused-relation"),
    (
        "together",
        "        can Job.run when resource.members_run\n",
        "",
        "unused-attribute",
    ),
    (
        "together",
        "Cluster.pod_status when resource.members_kubectl",
        "Cluster.pod_status when true",
        "constant-condition",
    ),
    (
        "together",
        "actions rename, create in Organization, add_user",
        "actions rename, create in Organization, add_user, addUser",
        "near-duplicate-names",
    ),
    (
        "together",
        "@reason(\"nobody has an account under this name: ask them to sign up, then add them\")\n",
        "",
        "deny-without-reason",
    ),
    (
        "together",
        "can *.view, Volume.mount, Endpoint.query",
        "can *, Volume.mount, Endpoint.query",
        "wildcard-action",
    ),
    (
        "together",
        "sees this\n        can Project.create",
        "can Project.create",
        "power-without-sight",
    ),
    // ---- chat
    (
        "chat",
        "requires Workspace.Person\n        includes Participant",
        "includes Participant",
        "guard-escaped",
    ),
    (
        "chat",
        "acts for owner: User within Workspace at most scopes",
        "acts for owner: User",
        "unbounded-credential",
    ),
    (
        "chat",
        "level talk includes listen {",
        "level talk {",
        "level-not-nested",
    ),
    (
        "chat",
        "when !resource.private\n",
        "when !resource.private || resource.private\n",
        "constant-condition",
    ),
    (
        "chat",
        "can invite, rename, Channel.archive",
        "can invite, rename, Channel.archive, Channel.read",
        "redundant-permission",
    ),
    (
        "chat",
        "role Participant {\n        requires Workspace.Person",
        "role Participant {",
        "ceiling-escape",
    ),
    // ---- hospital
    (
        "hospital",
        "role Physician {\n        requires Hospital.Clinician",
        "role Physician {",
        "guard-escaped",
    ),
    (
        "hospital",
        "        can Access.read\n",
        "",
        "ungranted-action",
    ),
    (
        "hospital",
        "sees Record when !resource.sealed",
        "sees Record",
        "unused-attribute",
    ),
    ("hospital", "        also treating\n", "", "unused-relation"),
    ("hospital", "for User\n", "for Shift\n", NOBODY),
    // ---- pages
    (
        "pages",
        "role Editor {\n        also author",
        "role Editor {\n        includes Reader\n        also author",
        "guard-escaped",
    ),
    (
        "pages",
        "@id(\"frozen\") @reason(\"the space is being archived\")",
        "@id(\"frozen\")",
        "deny-without-reason",
    ),
    (
        "pages",
        "can manage, Page.view, Page.restrict",
        "can manage, Page.view, Page.restrict, view",
        "redundant-permission",
    ),
    // ---- gdrive, github, tinytodo
    (
        "gdrive",
        "permit Document.create when principal in resource.owner",
        "",
        "ungranted-action",
    ),
    (
        "gdrive",
        "permit Document.read when resource.public",
        "permit Document.read",
        "permit-without-condition",
    ),
    ("gdrive", "    visible by read\n", "", "power-without-sight"),
    (
        "github",
        "{ includes Triager     can write }",
        "{ includes Triager     can triage, write }",
        "redundant-permission",
    ),
    ("github", "    visible by read\n", "", "power-without-sight"),
    (
        "github",
        "{ includes Writer      can maintain }",
        "{ includes Writer      can Repository.* }",
        "wildcard-action",
    ),
    (
        "tinytodo",
        "{ also editors  can",
        "{ also readers  can",
        "unused-attribute",
    ),
    (
        "tinytodo",
        "can List.* }",
        "can List.* except Application.get_lists }",
        "except-takes-nothing",
    ),
];

/// How many faults may stay undetected: a rule cannot know what its author meant.
const MISSED: usize = 6;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rules that find something in a policy with a fault; its tests are left out, as they would
/// fail, or not fit any more.
fn found(fault: &Fault) -> Vec<&'static str> {
    let (name, before, after, _) = fault;
    let path = root().join(format!("policies/{name}/{name}.policy"));
    let text = std::fs::read_to_string(path).unwrap();
    assert_eq!(text.matches(before).count(), 1, "{name}: {before}");
    let text = text.replace(before, after);
    let sources = Sources::new().with(format!("{name}.policy"), text);
    let policy =
        ward::compile(&sources).unwrap_or_else(|errors| panic!("{name}: {after}\n{errors}"));
    let mut config = Config::default();
    config.set_now(1_767_225_600_000); // 2026-01-01
    let report = lint(&policy, &[], &config);
    report
        .findings
        .iter()
        .map(|finding| finding.rule.name)
        .collect()
}

#[test]
fn planted_faults_are_found() {
    let mut missed = Vec::new();
    for fault in FAULTS {
        let rules = found(fault);
        if !rules.contains(&fault.3) {
            missed.push(format!(
                "{}: {} wants {}, found {rules:?}",
                fault.0, fault.2, fault.3
            ));
        }
    }
    println!(
        "{} of {} missed\n{}",
        missed.len(),
        FAULTS.len(),
        missed.join("\n")
    );
    assert!(FAULTS.len() >= 60);
    assert!(missed.len() <= MISSED, "\n{}", missed.join("\n"));
}
