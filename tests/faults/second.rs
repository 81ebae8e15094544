//! Faults in the other policies.

use super::{Fault, NOBODY};

pub const FAULTS: &[Fault] = &[
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
];
