//! Faults in facts.

use super::Fault;

pub const WORLD_FAULTS: &[Fault] = &[
    (
        "vantage",
        "",
        "anyone is StorageAdmin of Organization:acme",
        "public-principal",
    ),
    (
        "vantage",
        "ClusterAdmin of Organization:acme, ~~ StorageAdmin of Organization:acme,",
        " ~~ ",
        "lonely-admin",
    ),
    (
        "chat",
        "until 2030-01-01",
        "until 2020-01-01",
        "expired-fact",
    ),
    (
        "vantage",
        "User:bob in Group:researchers\n",
        "",
        "empty-group",
    ),
    (
        "vantage",
        "",
        "User:lena is RegularUser of Organization:acme",
        "redundant-holding",
    ),
    (
        "infralo",
        "",
        "Model:chat in Workspace:lab { source: GlobalModel:gtp }",
        "dangling-fact",
    ),
    (
        "vantage",
        "with Team:platform at read",
        "with Team:plattform at read",
        "share-into-empty-scope",
    ),
    (
        "vantage",
        "",
        "User:a is ClusterAdmin of Organization:acme User:b is ClusterAdmin of Organization:acme User:c is ClusterAdmin of Organization:acme Group:ops is ClusterAdmin of Organization:acme User:d in Group:ops User:e in Group:ops",
        "too-many-holders",
    ),
    (
        "chat",
        "",
        "User:zoe is Member of Workspace:\"glob\u{435}x\"",
        "mixed-scripts",
    ),
];
