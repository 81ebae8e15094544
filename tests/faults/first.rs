//! Faults in Vantage and Infralo.

use super::{Fault, NOBODY};

pub const FAULTS: &[Fault] = &[
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
];
