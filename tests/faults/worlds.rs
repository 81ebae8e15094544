//! Faults in facts.

use super::{AS_IS, WorldFault};

pub const WORLD_FAULTS: &[WorldFault] = &[
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
