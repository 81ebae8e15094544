//! A seeded audit: realistic faults, planted in the shipped policies one at a time. Lint finds them.

#![cfg(feature = "compiler")]
#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::Path;

use ward::Sources;
use ward::lint::{Config, Level, RULES, WorldText, lint};

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
        "@reason(\"the space is being archived\")\n",
        "",
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
    // ---- what actions do, once somebody says it
    (
        "vantage",
        "actions invite, remove_member",
        "actions @assigns(Member, Organization.FullAdmin) invite, remove_member",
        "self-escalation",
    ),
    (
        "chat",
        "actions invite, rename",
        "actions @assigns(Member, Admin) invite, rename\n    custom roles from invite, rename",
        "custom-role-assigns",
    ),
    (
        "infralo",
        "actions configure",
        "actions @edits(resource.whitelist) configure",
        "self-edited-condition",
    ),
    (
        "hospital",
        "actions break_glass",
        "actions @edits(resource.treating) break_glass",
        "self-edited-condition",
    ),
    (
        "vantage",
        "actions invite, remove_member",
        "actions @assigns(Member) invite, remove_member",
        "nobody-assigns",
    ),
    (
        "vantage",
        "create in Workspace, view, manage, delete",
        "create in Workspace, view, manage, @dangerous delete",
        "dangerous-widely-given",
    ),
    (
        "vantage",
        "{ can *.view } ~~ view, mount, write, delete",
        "{ can *.view, Volume.lend } ~~ view, mount, write, delete, @shares(write) lend",
        "share-wider-than-sharer",
    ),
    (
        "vantage",
        "view, mount, write, delete",
        "view, mount, write, delete, @shares(read, write) lend",
        "share-leaves-tenant",
    ),
    (
        "chat",
        "read, join, leave, invite, archive",
        "read, join, leave, @shares(listen, talk) invite, archive",
        "share-leaves-tenant",
    ),
    (
        "vantage",
        "view, mount, write, delete ~~ level read { view, mount }",
        "view, mount, write, delete, @shares(write) lend ~~ level read { view, mount, lend }",
        "reshare-amplification",
    ),
    (
        "vantage",
        "view, mount, write, delete",
        "view, mount, write, delete, @shares(read) lend",
        "unused-level",
    ),
    (
        "vantage",
        "actions view_costs, adjust_quota ~~ permissions clusters {",
        "closed: Bool = false\nactions view_costs, @edits(resource.closed) adjust_quota ~~ @reason(\"its books are closed\")\nforbid Workspace.* when resource.closed\n\npermissions clusters {",
        "admin-lockout",
    ),
    (
        "chat",
        "actions invite, rename ~~ can invite, rename, Channel.archive",
        "actions @assigns(Member, Guest, Admin) invite, @revokes(Member, Guest, Admin) remove, rename ~~ can invite, remove, rename, Channel.archive",
        "last-admin-removable",
    ),
    (
        "vantage",
        "actions invite, remove_member ~~ permissions clusters {",
        "actions @assigns(Member) invite, remove_member ~~ permit Team.invite\n\npermissions clusters {",
        "self-escalation",
    ),
    (
        "vantage",
        "view, mount, write, delete ~~ permissions clusters {",
        "view, mount, write, delete, @shares(read) lend ~~ permit Volume.lend\n\npermissions clusters {",
        "share-wider-than-sharer",
    ),
    // ---- sight, conditions, denials, text
    (
        "infralo",
        "sees User, AuditLog",
        "sees AuditLog",
        "create-then-blind",
    ),
    (
        "chat",
        "sees Channel, Message when !resource.private",
        "sees Channel when !resource.private",
        "create-then-blind",
    ),
    (
        "infralo",
        "context Model.enable { model: GlobalModel }",
        "context Model.enable, Model.call { model: GlobalModel }",
        "unread-context",
    ),
    (
        "cloud-account",
        "permit Invitation.accept when resource.invited == principal",
        "permit Invitation.accept when resource has sent && resource.invited == principal",
        "guarded-elsewhere",
    ),
    (
        "together",
        "unless context.person has email",
        "unless context.person has email && context.person.email like \"*@acme.com\"",
        "case-sensitive-email",
    ),
    (
        "vantage",
        "subject User\n ~~ role Member { sees * } ~~ permissions clusters {",
        "subject User\nsubject Robot\n ~~ role Member { for User | Group  sees * } ~~ hide Volume to Robot\n\npermissions clusters {",
        "deny-never-matches",
    ),
    (
        "infralo",
        "context.sign_in == \"sso\"",
        "context.sign_in == \"ss\u{43e}\"",
        "mixed-scripts",
    ),
    (
        "infralo",
        "// ---- what holds everywhere, whatever the role",
        "// ---- what holds everywhere, \u{202e}whatever the role",
        "bidirectional-control",
    ),
    (
        "infralo",
        "@id(\"disabled\")",
        "test \"an admin\" {\n    User:ann is Admin of Tenant:easy\n    expect User:ann sees Tenant:easy\n}\n\n@id(\"disabled\")",
        "no-negative-test",
    ),
];

/// A fault in a world: the policy, what it says otherwise for this, what stands in the world, what
/// is written instead, and the rule that must find it. Nothing to replace means that it is added.
type WorldFault = (
    &'static str,
    (&'static str, &'static str),
    &'static str,
    &'static str,
    &'static str,
);

/// The policy as it is.
const AS_IS: (&str, &str) = ("", "");

const WORLD_FAULTS: &[WorldFault] = &[
    (
        "vantage",
        AS_IS,
        "",
        "anyone is StorageAdmin of Organization:acme",
        "public-principal",
    ),
    (
        "vantage",
        ("role FullAdmin", "@administrative role FullAdmin"),
        "",
        "",
        "lonely-admin",
    ),
    (
        "chat",
        AS_IS,
        "until 2030-01-01",
        "until 2020-01-01",
        "expired-fact",
    ),
    (
        "vantage",
        AS_IS,
        "User:bob in Group:researchers\n",
        "",
        "empty-group",
    ),
    (
        "vantage",
        AS_IS,
        "",
        "User:lena is RegularUser of Organization:acme",
        "redundant-holding",
    ),
    (
        "infralo",
        AS_IS,
        "",
        "Model:chat in Workspace:lab { source: GlobalModel:gtp }",
        "dangling-fact",
    ),
    (
        "vantage",
        AS_IS,
        "with Team:platform at read",
        "with Team:plattform at read",
        "share-into-empty-scope",
    ),
    (
        "vantage",
        ("view, manage, delete", "view, manage, @dangerous delete"),
        "",
        "User:a is ClusterAdmin of Organization:acme User:b is ClusterAdmin of Organization:acme User:c is ClusterAdmin of Organization:acme Group:ops is ClusterAdmin of Organization:acme User:d in Group:ops User:e in Group:ops",
        "too-many-holders",
    ),
    (
        "chat",
        AS_IS,
        "",
        "User:zoe is Member of Workspace:\"glob\u{435}x\"",
        "mixed-scripts",
    ),
];

/// How many faults may stay undetected: a rule cannot know what its author meant.
const MISSED: usize = 2;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A text without indents and columns.
fn plain(text: &str) -> String {
    let lines = text.split('\n').map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A file of a shipped policy, with other words in some places; `~~` stands between two of them.
fn changed(path: &str, before: &str, after: &str) -> String {
    let mut text = plain(&std::fs::read_to_string(root().join(path)).unwrap());
    if before.is_empty() {
        return format!("{text}\n{after}\n");
    }
    for (before, after) in before.split(" ~~ ").zip(after.split(" ~~ ")) {
        let before = plain(before);
        assert_eq!(text.matches(&before).count(), 1, "{path}: {before}");
        text = text.replace(&before, after);
    }
    text
}

/// The rules that find something in a policy with a world; its tests are left out, as they would
/// fail, or not fit any more.
fn found(name: &str, policy: String, world: Option<String>) -> Vec<&'static str> {
    let sources = Sources::new().with(format!("{name}.policy"), policy);
    let policy = ward::compile(&sources).unwrap_or_else(|errors| panic!("{name}\n{errors}"));
    let mut config = Config::default();
    config.set_now(1_767_225_600_000); // 2026-01-01
    let world = world.map(|text| WorldText {
        name: format!("{name}.world"),
        text,
    });
    let world: Vec<WorldText> = world.into_iter().collect();
    let report = lint(&policy, &world, &config);
    let findings = report.findings.iter();
    findings.map(|finding| finding.rule.name).collect()
}

#[test]
fn planted_faults_are_found() {
    let mut missed = Vec::new();
    let mut ask = |name: &str, fault: &str, wanted: &'static str, rules: Vec<&str>| {
        if !rules.contains(&wanted) {
            missed.push(format!("{name}: {fault} wants {wanted}, found {rules:?}"));
        }
    };
    for (name, before, after, wanted) in FAULTS {
        let policy = changed(&format!("policies/{name}/{name}.policy"), before, after);
        ask(name, after, wanted, found(name, policy, None));
    }
    for (name, policy, before, after, wanted) in WORLD_FAULTS {
        let policy = changed(
            &format!("policies/{name}/{name}.policy"),
            policy.0,
            policy.1,
        );
        let world = changed(&format!("policies/{name}/{name}.world"), before, after);
        ask(name, after, wanted, found(name, policy, Some(world)));
    }
    let all = FAULTS.len() + WORLD_FAULTS.len();
    println!("{} of {all} missed\n{}", missed.len(), missed.join("\n"));
    assert!(all >= 60);
    assert!(missed.len() <= MISSED, "\n{}", missed.join("\n"));
}

/// Rules about what these policies do not have.
const NOT_PLANTED: &[&str] = &[
    "unused-import",
    "empty-audience",
    "separation-of-duties",
    "never-visible",
    "confusable-identifier",
    "unused-allow",
    "invalid-allow",
];

#[test]
fn each_rule_that_is_on_has_a_fault() {
    let planted = FAULTS.iter().map(|fault| fault.3);
    let planted: Vec<&str> = planted
        .chain(WORLD_FAULTS.iter().map(|fault| fault.4))
        .collect();
    let on = RULES.iter().filter(|rule| rule.level != Level::Allow);
    let without: Vec<&str> = on
        .map(|rule| rule.name)
        .filter(|name| !planted.contains(name))
        .collect();
    assert_eq!(without, NOT_PLANTED);
}
