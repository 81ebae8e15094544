//! The reference is judged by hand: small stories whose outcomes nobody doubts.

use std::collections::BTreeMap;

use ward::Sources;
use ward::syntax::{parse, parse_world};

use super::Outcome::{Allowed, Forbidden, Invisible};
use super::{Entity, Facts, Model, Outcome, Request, Value};

/// Who asks, for which action, of what, and what should come out.
type Claim<'c> = (&'c str, &'c str, &'c str, Outcome);

fn entity(text: &str) -> Entity {
    let (ty, id) = text.split_once(':').unwrap();
    (ty.to_owned(), id.to_owned())
}

fn tell(policy_text: &str, world_text: &str, now: &str, claims: &[Claim<'_>]) {
    let mut sources = Sources::new();
    let policy = parse(sources.add("story.policy", policy_text), policy_text);
    assert!(policy.diagnostics.is_empty(), "{:?}", policy.diagnostics);
    let world = parse_world(sources.add("story.world", world_text), world_text);
    assert!(world.diagnostics.is_empty(), "{:?}", world.diagnostics);
    let model = Model::new(&policy.tree);
    let facts = Facts::new(&model, &world.tree);
    for (subject, action, resource, expected) in claims {
        let request = Request {
            subject: entity(subject),
            now: ward::parse_datetime(now).unwrap(),
            context: BTreeMap::from([("mfa".to_owned(), Value::Bool(true))]),
        };
        let asking = model.ask(&facts, request);
        let found = asking.map_or(Invisible, |asking| asking.check(action, &entity(resource)));
        assert_eq!(
            found, *expected,
            "{subject} {action} on {resource} at {now}"
        );
    }
}

#[test]
fn rooms_keycards_and_windows() {
    let policy = "
        subject User
        subject Group of User | Group
        scope Team { role Member { sees * }  role Editor { can Doc.* } }
        resource Doc in Team {
            owner: User
            actions view, edit
            share with Team { level read { view } }
        }
        forbid Doc.edit unless resource.owner == principal";
    let world = "
        Doc:plan in Team:red { owner: User:ann }
        Doc:lost
        User:ann is Member of Team:red, Editor of Team:red
        User:bob in Group:eng until 2001-01-01
        Group:eng is Member of Team:red, Editor of Team:red
        User:cleo is Member of Team:blue, Editor of Team:blue until 2001-01-01
        share Doc:plan with Team:blue at read";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.edit", "Doc:plan", Allowed),
            // Not the owner.
            ("User:bob", "Doc.edit", "Doc:plan", Forbidden),
            ("User:bob", "Doc.view", "Doc:plan", Allowed),
            // Through a window that lets `view` pass, and no more.
            ("User:cleo", "Doc.view", "Doc:plan", Allowed),
            ("User:cleo", "Doc.edit", "Doc:plan", Forbidden),
            ("User:ann", "Doc.view", "Doc:lost", Invisible),
            ("User:ann", "Doc.view", "Doc:none", Invisible),
            ("User:zoe", "Doc.view", "Doc:plan", Invisible),
        ],
    );
    tell(
        policy,
        world,
        "2001-01-01",
        &[
            // Out of the group from that very moment on.
            ("User:bob", "Doc.view", "Doc:plan", Invisible),
            ("User:cleo", "Doc.view", "Doc:plan", Forbidden),
        ],
    );
}

#[test]
fn the_nearer_role_replaces_the_farther_one() {
    let policy = "
        subject User
        scope Account {
            role Owner { sees *  can Doc.* }
            role Guest { sees Project }
        }
        scope Realm in Account { role Owner { sees *  can Doc.* } }
        scope Project in Realm {
            overrides Account
            role Viewer { sees *  can Doc.view }
            role Blank { }
        }
        resource Doc in Project {
            actions view, edit
            share with Project { level all { * } }
        }";
    let world = "
        Realm:r in Account:a
        Project:p in Realm:r
        Project:q in Realm:r
        Doc:d in Project:p
        Doc:e in Project:q
        User:ann is Owner of Account:a, Viewer of Project:p
        User:bob is Owner of Account:a, Blank of Project:p until 2001-01-01
        User:cleo is Owner of Realm:r, Viewer of Project:p
        share Doc:e with Project:p at all";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.view", "Doc:d", Allowed),
            ("User:ann", "Doc.edit", "Doc:d", Forbidden),
            // She has no role on that project, and so her account's counts.
            ("User:ann", "Doc.edit", "Doc:e", Allowed),
            // A role that gives nothing replaces all the same.
            ("User:bob", "Doc.view", "Doc:d", Invisible),
            // Nothing counts until the way has passed an Account, the Realm neither.
            ("User:cleo", "Doc.edit", "Doc:d", Forbidden),
            ("User:cleo", "Doc.edit", "Doc:e", Allowed),
        ],
    );
    // Taken away, it brings the farther one back.
    tell(
        policy,
        world,
        "2001-01-01",
        &[("User:bob", "Doc.edit", "Doc:d", Allowed)],
    );
}

#[test]
fn beyond_the_overridden_scope_roles_count_again() {
    let policy = "
        subject User
        scope Group { role Admin { sees *  can * } }
        scope Account in Group { role Owner { sees *  can * } }
        scope Project in Account { overrides Account  role Blank { } }
        resource Doc in Project { actions view }";
    let world = "
        Account:a in Group:g
        Project:p in Account:a
        Doc:d in Project:p
        User:ann is Owner of Account:a, Blank of Project:p
        User:bob is Admin of Group:g, Blank of Project:p";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.view", "Doc:d", Invisible),
            ("User:bob", "Doc.view", "Doc:d", Allowed),
        ],
    );
}

#[test]
fn ceilings_bind_inwards_and_outwards_and_not_sight() {
    let policy = "
        subject User
        scope Org {
            role Boss { sees *  can * }
            role Auditor { at most Doc.view }
            role Robot { at most Doc.edit }
        }
        scope Team in Org {
            role Member { sees *  can Doc.* }
            role Trainee { includes Member  at most Doc.view }
        }
        resource Doc in Team { actions view, edit, drop  visible by view }
        permit Doc.drop when principal == User:dan";
    let world = "
        Team:t in Org:o
        Doc:d in Team:t
        User:ann is Auditor of Org:o, Member of Team:t
        User:bob is Boss of Org:o, Trainee of Team:t
        User:cleo is Auditor of Org:o, Robot of Org:o, Member of Team:t
        User:dan is Member of Team:t, Auditor of Org:o
        User:eve is Robot of Org:o, Boss of Org:o";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            // An outer ceiling binds the inner role.
            ("User:ann", "Doc.view", "Doc:d", Allowed),
            ("User:ann", "Doc.edit", "Doc:d", Forbidden),
            // An inner one binds the outer role.
            ("User:bob", "Doc.view", "Doc:d", Allowed),
            ("User:bob", "Doc.drop", "Doc:d", Forbidden),
            // Two ceilings at one place: the union.
            ("User:cleo", "Doc.edit", "Doc:d", Allowed),
            ("User:cleo", "Doc.drop", "Doc:d", Forbidden),
            // A rule is under them too.
            ("User:dan", "Doc.drop", "Doc:d", Forbidden),
            // Sight is not.
            ("User:eve", "Doc.view", "Doc:d", Forbidden),
        ],
    );
}

#[test]
fn also_gives_by_relations_enclosing_related_and_own_roles() {
    let policy = "
        subject User
        subject Group of User
        scope Org {
            role Admin { also Staff and keyholder  sees this }
            role Staff { }
            relation keyholder: User
        }
        scope Team in Org {
            role Lead { also Org.Admin  sees *  can Doc.* }
        }
        resource Folder in Team { role Reader { sees *  can Doc.view } }
        resource Doc in Team {
            owner: User | Group
            relation parent: Folder
            relation banned: User
            actions view, edit
            role Reader { also parent.Reader except banned  sees this  can Doc.view }
            role Editor { also owner, Reader and Team.Lead  includes Reader  can Doc.edit }
        }";
    let world = "
        Org:o keyholder User:ann, User:bob
        User:ann is Staff of Org:o
        Team:t in Org:o
        Folder:f in Team:t
        Doc:d in Team:t { owner: Group:g }
        Doc:d parent Folder:f
        Doc:d banned User:eve
        User:gus in Group:g
        User:cleo is Reader of Folder:f
        User:eve is Reader of Folder:f";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            // Both Staff and keyholder, so Admin, so Lead.
            ("User:ann", "Doc.edit", "Doc:d", Allowed),
            ("User:bob", "Doc.view", "Doc:d", Invisible),
            ("User:gus", "Doc.edit", "Doc:d", Allowed),
            ("User:cleo", "Doc.view", "Doc:d", Allowed),
            ("User:cleo", "Doc.edit", "Doc:d", Forbidden),
            ("User:eve", "Doc.view", "Doc:d", Invisible),
        ],
    );
}

#[test]
fn a_guard_that_fails_stops_all_that_comes_by_it() {
    let policy = "
        subject User
        subject Group of User
        scope Tenant { role Member { }  role Auditor { for Group  sees * } }
        scope Project in Tenant {
            role Inner { sees *  can Doc.view }
            role Middle { requires Tenant.Member  includes Inner }
            role Outer { includes Middle  can Doc.edit }
        }
        resource Doc in Project { actions view, edit }";
    let world = "
        Project:p in Tenant:t
        Doc:d in Project:p
        User:ann is Member of Tenant:t, Outer of Project:p
        User:bob is Member of Tenant:t until 2001-01-01
        User:bob is Outer of Project:p
        User:cleo in Group:g
        Group:g is Auditor of Tenant:t
        Project:p#Outer is Member of Tenant:other";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.edit", "Doc:d", Allowed),
            ("User:bob", "Doc.edit", "Doc:d", Allowed),
            // The role is for groups, and she is none.
            ("User:cleo", "Doc.view", "Doc:d", Invisible),
            ("Group:g", "Doc.view", "Doc:d", Forbidden),
        ],
    );
    // Neither Middle nor Inner, and so no sight.
    tell(
        policy,
        world,
        "2001-01-01",
        &[("User:bob", "Doc.edit", "Doc:d", Invisible)],
    );
}

#[test]
fn sets_of_holders_and_anyone() {
    let policy = "
        subject User
        scope Team { role Member { } role Friend { } }
        scope Hall { role Guest { sees *  can Doc.view } }
        resource Doc in Hall { actions view }";
    let world = "
        Doc:d in Hall:h
        Doc:e in Hall:i
        User:ann is Member of Team:t
        Team:t#Member is Friend of Team:u
        Team:u#Friend is Guest of Hall:h until 2001-01-01
        anyone is Member of Team:open
        Team:open#Member is Guest of Hall:i";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.view", "Doc:d", Allowed),
            ("User:bob", "Doc.view", "Doc:d", Invisible),
            ("User:unknown", "Doc.view", "Doc:e", Allowed),
        ],
    );
    tell(
        policy,
        world,
        "2001-01-01",
        &[("User:ann", "Doc.view", "Doc:d", Invisible)],
    );
}

#[test]
fn custom_roles_give_and_show_by_an_action() {
    let policy = "
        subject User
        scope Account { custom roles from docs.*, Doc.drop  role Owner { } }
        resource Doc in Account {
            visible by view
            actions view, edit, drop
            share with Account { level blind { edit }  level read { view } }
        }
        permissions docs { look { Doc.view }  all { Doc.* } }";
    let world = "
        Doc:d in Account:a
        Doc:e in Account:b
        role Reader of Account:a can docs.look
        role Reader of Account:a can Doc.drop { description: \"and drops\" }
        role Dropper of Account:a can Doc.drop, Doc.edit
        User:ann is Reader of Account:a
        User:bob is Dropper of Account:a
        share Doc:e with Account:a at blind
        User:cleo is Reader of Account:a, Dropper of Account:a";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.view", "Doc:d", Allowed),
            ("User:ann", "Doc.drop", "Doc:d", Allowed),
            ("User:ann", "Doc.edit", "Doc:d", Forbidden),
            // Nothing shows it to him.
            ("User:bob", "Doc.drop", "Doc:d", Invisible),
            // The level does not let `view` through.
            ("User:cleo", "Doc.edit", "Doc:e", Invisible),
        ],
    );
}

#[test]
fn a_credential_never_has_more_than_its_owner() {
    let policy = "
        subject User
        subject Key in Project {
            scopes: Permissions
            acts for owner: User within Project at most scopes
        }
        subject Token { acts for owner: User }
        scope Org { role Boss { sees *  can * } }
        scope Project in Org { }
        resource Doc in Project {
            actions view, edit, drop
            visible by view
            share with Project { level read { view } }
        }
        permissions docs { look { Doc.view } }
        forbid Doc.drop when credential is Key && resource == Doc:d
        permit Doc.drop when principal == User:rob";
    let world = "
        Project:p in Org:o
        Project:q in Org:o
        Doc:d in Project:p
        Doc:e in Project:q
        Doc:f in Project:q
        share Doc:f with Project:p at read
        User:ann is Boss of Org:o
        User:rob
        Key:all in Project:p { owner: User:ann, scopes: [\"*\"] }
        Key:look in Project:p { owner: User:ann, scopes: [\"docs.look\", \"Doc.drop\"] }
        Key:none in Project:p { owner: User:ann }
        Key:orphan in Project:p { scopes: [\"*\"] }
        Key:homeless { owner: User:ann, scopes: [\"*\"] }
        Token:t { owner: User:ann }
        Token:r { owner: User:rob }";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("Key:all", "Doc.edit", "Doc:d", Allowed),
            // Not by a key.
            ("Key:all", "Doc.drop", "Doc:d", Forbidden),
            ("User:ann", "Doc.drop", "Doc:d", Allowed),
            // Outside of its project; through the window, what the window lets pass.
            ("Key:all", "Doc.view", "Doc:e", Invisible),
            ("Key:all", "Doc.view", "Doc:f", Allowed),
            ("Key:all", "Doc.edit", "Doc:f", Forbidden),
            ("User:ann", "Doc.edit", "Doc:f", Allowed),
            ("Key:look", "Doc.view", "Doc:d", Allowed),
            ("Key:look", "Doc.edit", "Doc:d", Forbidden),
            // Seen by the owner's `sees *`, without any power.
            ("Key:none", "Doc.view", "Doc:d", Forbidden),
            ("Key:orphan", "Doc.view", "Doc:d", Invisible),
            ("Key:homeless", "Doc.view", "Doc:d", Invisible),
            ("Key:unknown", "Doc.view", "Doc:d", Invisible),
            ("Token:t", "Doc.drop", "Doc:e", Allowed),
            // He may, but nothing shows it.
            ("Token:r", "Doc.drop", "Doc:d", Invisible),
        ],
    );
}

#[test]
fn context_of_some_actions_leaves_the_others_of_a_wildcard_out() {
    let policy = "
        subject User
        scope Hall { role Guest { sees *  can Doc.* when context.mfa } }
        resource Doc in Hall { actions view, edit, drop }
        context Doc.edit, Doc.drop { mfa: Bool }
        forbid Doc.drop when context.mfa";
    let world = "
        Doc:d in Hall:h
        User:ann is Guest of Hall:h";
    tell(
        policy,
        world,
        "2000-01-01",
        &[
            ("User:ann", "Doc.edit", "Doc:d", Allowed),
            ("User:ann", "Doc.view", "Doc:d", Forbidden),
            ("User:ann", "Doc.drop", "Doc:d", Forbidden),
        ],
    );
}
