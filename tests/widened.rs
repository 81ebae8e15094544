//! `widened-since-base`: what it tells of a change, and that nobody gains anything untold.
//!
//! `WARD_PAIRS` sets how many random policies are tried (60), `WARD_SEED` where to begin (0), and
//! `WARD_STEP` says of how many lines one is taken out (10).

#![cfg(feature = "compiler")]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod generate;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ward::lint::{Config, Level, RULES, lint_since};
use ward::{Context, EntityName, Evaluator, Fact, FactKind, Holder, Policy, Sources, World};

fn from_environment(name: &str, otherwise: u64) -> u64 {
    let said = std::env::var(name).ok();
    said.and_then(|said| said.parse().ok()).unwrap_or(otherwise)
}

fn compiled(text: &str) -> Option<Policy> {
    ward::compile(&Sources::new().with("app.policy", text)).ok()
}

/// Only the rule in question.
fn config() -> Config {
    let mut config = Config::default();
    for rule in RULES {
        let own = rule.needs_base();
        config.force(rule, if own { Level::Warn } else { Level::Allow });
    }
    config
}

/// What is told of a change: the line, and the message.
fn told(then: &Policy, now: &Policy) -> Vec<(u32, String)> {
    let report = lint_since(now, then, &[], &config());
    let findings = report.findings.iter().map(|finding| {
        let (_, at) = report.sources.locate(finding.diagnostic.span());
        (at.line, finding.diagnostic.message.clone())
    });
    findings.collect()
}

// ---- random changes -----------------------------------------------------------------------------

fn entities(facts: &[Fact]) -> BTreeSet<EntityName> {
    let mut all = BTreeSet::new();
    for fact in facts {
        match &fact.kind {
            FactKind::Entity {
                entity, containers, ..
            } => {
                all.insert(entity.clone());
                all.extend(containers.iter().cloned());
            }
            FactKind::Holding { subject, of, .. } => {
                if let Holder::Entity(subject) = subject {
                    all.insert(subject.clone());
                }
                all.insert(of.clone());
            }
            _ => {}
        }
    }
    all
}

/// The facts that fit both policies: one that is refused by one of them is another world there.
fn fitting(policies: [&Policy; 2], facts: &[Fact]) -> Vec<Fact> {
    let mut left = facts.to_vec();
    loop {
        let before = left.len();
        for policy in policies {
            let (_, refused) = World::build_keeping(Arc::clone(policy.plan()), left.clone());
            left.retain(|fact| refused.iter().all(|refusal| refusal.place != fact.place));
        }
        if left.len() == before {
            return left;
        }
    }
}

/// What everybody sees and may do, among those types that both policies have.
fn decisions(policy: &Policy, other: &Policy, facts: &[Fact]) -> BTreeSet<String> {
    let (world, _) = World::build_keeping(Arc::clone(policy.plan()), facts.iter().cloned());
    let ward = Evaluator::new(&world, ward::parse_datetime("2001-01-01").unwrap());
    let types: BTreeSet<&str> = other.plan().type_names().collect();
    let subjects: BTreeSet<&str> = other.plan().subject_names().collect();
    let mut all = entities(facts);
    all.retain(|name| types.contains(name.type_name.as_str()));
    let is_subject = |name: &&EntityName| subjects.contains(name.type_name.as_str());
    let mut said = BTreeSet::new();
    for asker in all.iter().filter(is_subject) {
        for resource in &all {
            if let Ok(found) = ward.actions(asker, resource, &Context::default()) {
                if found.sees {
                    said.insert(format!("{asker} sees {resource}"));
                }
                for action in found.actions {
                    said.insert(format!("{asker} {action} {resource}"));
                }
            }
        }
    }
    said
}

#[test]
fn nobody_gains_anything_untold() {
    let first = from_environment("WARD_SEED", 0);
    let (mut changes, mut gains, mut silent) = (0, 0, 0);
    let pairs = from_environment("WARD_PAIRS", 60);
    for seed in first..first + pairs {
        let pair = generate::pair(seed);
        let facts = ward::load::world_text("random.world", &pair.world_text()).unwrap();
        let whole = compiled(&pair.policy_text()).unwrap();
        assert_eq!(told(&whole, &whole), [], "seed {seed}");
        let step = from_environment("WARD_STEP", 10);
        let offset = usize::try_from(seed % step).unwrap();
        for line in (offset..pair.policy.len()).step_by(usize::try_from(step).unwrap()) {
            let mut fewer = pair.clone();
            fewer.policy.remove(line);
            let Some(part) = compiled(&fewer.policy_text()) else {
                continue;
            };
            let facts = fitting([&part, &whole], &facts);
            for (then, now) in [(&part, &whole), (&whole, &part)] {
                changes += 1;
                let said = told(then, now);
                let before = decisions(then, now, &facts);
                let after = decisions(now, then, &facts);
                let gained: Vec<&String> = after.difference(&before).collect();
                gains += u64::from(!gained.is_empty());
                silent += u64::from(said.is_empty());
                assert!(
                    gained.is_empty() || !said.is_empty(),
                    "seed {seed}, line {line}: {gained:?}\n---- then\n{}\n---- now\n{}",
                    text(then),
                    text(now)
                );
            }
        }
    }
    println!(
        "{changes} changes, {gains} by which somebody gains, {silent} of which nothing is told"
    );
    assert!(
        gains * 3 > pairs && silent > pairs,
        "{changes} changes, {gains} gain, {silent} silent"
    );
}

fn text(policy: &Policy) -> String {
    let texts = policy.sources().iter().map(|(_, source)| source.text());
    texts.collect()
}

#[test]
fn a_policy_has_gained_nothing_on_itself() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
    for entry in std::fs::read_dir(policies).unwrap() {
        let mut sources = Sources::new();
        for file in std::fs::read_dir(entry.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|found| found == "policy") {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                sources.add(name, std::fs::read_to_string(&path).unwrap());
            }
        }
        let (then, now) = (
            ward::compile(&sources).unwrap(),
            ward::compile(&sources).unwrap(),
        );
        assert_eq!(told(&then, &now), []);
        // And everything on nothing.
        let nothing = ward::compile(&Sources::new()).unwrap();
        assert!(!told(&nothing, &now).is_empty());
        assert_eq!(told(&now, &nothing), []);
    }
}

// ---- single changes -----------------------------------------------------------------------------

const POLICY: &str = "\
subject User
subject Bot
subject Group of User
subject Key in Org { acts for owner: User within Org at most scopes  scopes: Permissions = [\"*\"]  other: Permissions = [] }
scope Org in Realm { role Boss { sees this } role Guest { at most Doc.view } role Plain { sees this } }
scope Realm { role King { sees this } }
scope Team in Org {
    overrides Org
    relation helpers: User | Group
    lead: User
    custom roles from Doc.view
    role Viewer { sees Doc can docs.read }
    role Editor { includes Viewer can Doc.edit when resource.owner == principal }
    role Printer { also helpers except Viewer requires Org.Boss for User can Doc.print when resource.owner == principal && context.mfa }
    role Strict { can Doc.edit at most Doc.view }
}
resource Doc in Team {
    owner: User
    public: Bool = false
    actions view, edit, print
    share with Team { level read { view } level write includes read { edit } }
}
context { mfa: Bool = false, ip: IpAddr }
permissions docs { read { Doc.view } write { Doc.edit } }
permit Doc.view to User when resource.public
reveal Doc when resource.public && context.mfa
forbid Doc.print, Doc.edit when resource.public
hide Doc to Bot
";

/// Changes of [`POLICY`], and what is told of each.
const CHANGES: &[(&str, &str, &[&str])] = &[
    // Roles: what they give.
    (
        "can docs.read",
        "can docs.read, Doc.print",
        &["`Viewer of Team` can `Doc.print` now"],
    ),
    (
        "can docs.read",
        "can *",
        &["`Viewer of Team` can `Doc.edit`, `Doc.print` now"],
    ),
    (
        "sees Doc can",
        "sees Doc, Team can",
        &["`Viewer of Team` sees `Team` now"],
    ),
    (
        "Boss { sees this }",
        "Boss { sees Org }",
        &["`Boss of Org` sees `Org` now"],
    ),
    (
        "Boss { sees this }",
        "Boss { sees * }",
        &["`Boss of Org` sees `Doc`, `Key`, `Org`, `Team` now"],
    ),
    (
        "read { Doc.view }",
        "read { Doc.view, Doc.print }",
        &[
            "`Viewer of Team` can `Doc.print` now",
            "facts that name the permission group `docs`, in custom roles or credentials, give `Doc.print` now",
            "facts that name the permission group `docs.read`, in custom roles or credentials, give `Doc.print` now",
        ],
    ),
    (
        "Doc.edit when resource.owner == principal }",
        "Doc.edit }",
        &["`Editor of Team` can `Doc.edit` without a condition now"],
    ),
    (
        " && context.mfa }",
        " }",
        &["`Printer of Team` can `Doc.print` under a looser condition now"],
    ),
    (
        "Doc.edit when resource.owner == principal }",
        "Doc.edit when resource.owner == principal can Doc.edit when context.mfa }",
        &["`Editor of Team` can `Doc.edit` under one more condition now"],
    ),
    (
        "Printer { also helpers",
        "Painter { also helpers",
        &[
            "new role `Painter of Team` can `Doc.print`",
            "role `Printer` is gone: it does not override what the others hold outside",
        ],
    ),
    (
        "Printer { also helpers",
        "Printer { includes Strict also helpers",
        &["`Printer of Team` includes `Strict` now and can `Doc.edit`"],
    ),
    (
        "Editor { includes Viewer",
        "Editor {",
        &[
            "`Editor of Team` does not include `Viewer` any more: an `except` does not keep the others out of another role",
        ],
    ),
    // Roles: who holds them, and what limits them.
    (
        "also helpers except Viewer",
        "also helpers",
        &["by this `also`, others than before may hold `Printer of Team` now"],
    ),
    (
        "also helpers except Viewer",
        "also helpers except Viewer, lead",
        &["by this `also`, others than before may hold `Printer of Team` now"],
    ),
    (
        "requires Org.Boss",
        "",
        &["`Printer of Team` counts without `Boss of Org` now"],
    ),
    (
        "requires Org.Boss",
        "requires Org.Boss, Org.Plain",
        &["fewer hold `Printer of Team` now: it does not override what the others hold outside"],
    ),
    (
        "for User",
        "for User | Bot",
        &["`Printer of Team` can be held by `Bot` now"],
    ),
    (
        "for User",
        "",
        &["`Printer of Team` can be held by subjects of every type now"],
    ),
    (
        "at most Doc.view }\n}",
        "}\n}",
        &["`Strict of Team` has no ceiling any more"],
    ),
    (
        "at most Doc.view }\n}",
        "at most docs }\n}",
        &["the ceiling of `Strict of Team` lets `Doc.edit` through now"],
    ),
    (
        "Plain { sees this }",
        "Plain { sees this at most Doc.* }",
        &[
            "the new ceiling of `Plain of Org` lets `Doc.edit`, `Doc.print` through for those who hold `Guest of Org` too",
        ],
    ),
    (
        "role Viewer {",
        "role Viewer { requires Org.Boss",
        &[
            "fewer hold `Viewer of Team` now: an `except` does not keep the others out of another role",
        ],
    ),
    (
        "role Guest { at most Doc.view }",
        "",
        &["role `Guest` is gone: its ceiling does not bind the others"],
    ),
    // Rules.
    (
        "permit Doc.view to User",
        "permit Doc.view",
        &["by this `permit`, everybody can `Doc.view` now"],
    ),
    (
        "to User when resource.public",
        "to User",
        &["by this `permit`, every `User` can `Doc.view` without a condition now"],
    ),
    (
        "permit Doc.view to User when resource.public",
        "permit Doc.view to User when resource.public && context.mfa",
        &[],
    ),
    (
        "public && context.mfa",
        "public",
        &["by this `reveal`, everybody sees `Doc` under a looser condition now"],
    ),
    (
        "reveal Doc when resource.public && context.mfa",
        "reveal Doc when resource.public && context.ip == ip(\"10.0.0.1\")",
        &[
            "condition changed: by this `reveal`, everybody sees `Doc` when something else holds than before",
        ],
    ),
    (
        "forbid Doc.print, Doc.edit",
        "forbid Doc.edit",
        &["no rule forbids `Doc.print` any more"],
    ),
    (
        "forbid Doc.print, Doc.edit when resource.public",
        "",
        &["no rule forbids `Doc.edit`, `Doc.print` any more"],
    ),
    (
        "Doc.edit when resource.public\nhide",
        "Doc.edit when resource.public && context.mfa\nhide",
        &["`Doc.edit`, `Doc.print` is forbidden in fewer cases now"],
    ),
    (
        "Doc.edit when resource.public\nhide",
        "Doc.edit when resource.public || context.mfa\nhide",
        &[],
    ),
    ("Doc.edit when resource.public\nhide", "Doc.edit\nhide", &[]),
    ("hide Doc to Bot", "", &["no rule hides `Doc` any more"]),
    ("hide Doc to Bot", "hide Doc", &[]),
    (
        "hide Doc to Bot",
        "hide Doc to Bot when resource.public",
        &["`Doc` is hidden in fewer cases now"],
    ),
    // Types.
    (
        "read { view }",
        "read { view, print }",
        &["level `read` of `Doc` with `Team` lets `Doc.print` through now"],
    ),
    (
        "write includes",
        "full { print } level write includes",
        &[
            "new level `full`: `Doc` can be shared with a `Team` so that it lets `Doc.print` through",
        ],
    ),
    (
        "share with Team {",
        "share with Realm { level all { view } } share with Team {",
        &["`Doc` can be shared with a `Realm` now, at `all`"],
    ),
    (
        "roles from Doc.view",
        "roles from Doc.view, Doc.edit",
        &["custom roles of `Team` can have `Doc.edit` now"],
    ),
    (
        "actions view, edit",
        "visible by edit actions view, edit",
        &["whoever has `Doc.edit` on a `Doc` sees it now"],
    ),
    (
        "overrides Org",
        "",
        &["`Team` does not override `Org` any more: roles held there count beside its own"],
    ),
    (
        "at most scopes",
        "",
        &["a `Key` is not limited by its `scopes` any more"],
    ),
    (
        "at most scopes",
        "at most other",
        &["a `Key` is limited by its `other` now, and was by its `scopes`"],
    ),
    (
        "of User\n",
        "of User | Bot\n",
        &["`Bot` can be a member of `Group` now"],
    ),
];

#[test]
fn each_change_is_told_for_what_it_is() {
    let compile = |text: &str| {
        let sources = Sources::new().with("app.policy", text);
        ward::compile(&sources).unwrap_or_else(|errors| panic!("{errors}"))
    };
    let base = compile(POLICY);
    let mut wrong = String::new();
    for (part, other, expected) in CHANGES {
        assert_eq!(POLICY.matches(part).count(), 1, "`{part}` stands once");
        let now = compile(&POLICY.replace(part, other));
        let mut said: Vec<String> = told(&base, &now)
            .into_iter()
            .map(|(_, said)| said)
            .collect();
        let mut expected = expected.to_vec();
        said.sort();
        expected.sort_unstable();
        if said != expected {
            wrong += &format!("{part} => {other}\n  {}\n", said.join("\n  "));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_order_of_declarations_means_nothing() {
    let compile = |text: &str| compiled(text).unwrap();
    for part in [
        "subject Bot\n",
        "scope Realm { role King { sees this } }\n",
        "hide Doc to Bot\n",
    ] {
        let moved = format!("{}{part}", POLICY.replace(part, ""));
        let first = format!("{part}{}", POLICY.replace(part, ""));
        assert_eq!(told(&compile(&first), &compile(&moved)), []);
        assert_eq!(told(&compile(&moved), &compile(POLICY)), []);
    }
}
