//! Faults that show once somebody has said what actions do; and those of sight, conditions and text.

use super::Fault;

pub const FAULTS: &[Fault] = &[
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
        "submit in Cluster, view, cancel",
        "submit in Cluster, view, @dangerous cancel",
        "dangerous-widely-given",
    ),
    (
        "vantage",
        "{ can *.view } ~~ view, mount, write, @dangerous delete",
        "{ can *.view, Volume.lend } ~~ view, mount, write, @dangerous delete, @shares(write) lend",
        "share-wider-than-sharer",
    ),
    (
        "vantage",
        "view, mount, write, @dangerous delete",
        "view, mount, write, @dangerous delete, @shares(read, write) lend",
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
        "view, mount, write, @dangerous delete ~~ level read { view, mount }",
        "view, mount, write, @dangerous delete, @shares(write) lend ~~ level read { view, mount, lend }",
        "reshare-amplification",
    ),
    (
        "vantage",
        "view, mount, write, @dangerous delete",
        "view, mount, write, @dangerous delete, @shares(read) lend",
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
        "view, mount, write, @dangerous delete ~~ permissions clusters {",
        "view, mount, write, @dangerous delete, @shares(read) lend ~~ permit Volume.lend\n\npermissions clusters {",
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
