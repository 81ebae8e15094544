//! Laws that hold of every policy and every world. What each says exactly stands in
//! `docs/security.md`; here each is a test on random policies and worlds.
//!
//! `WARD_LAWS` sets how many pairs each law is tried on (120), `WARD_SEED` where to begin (0). A case
//! that breaks a law is made small before it is shown.

#![cfg(feature = "compiler")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

#[allow(dead_code, reason = "other tests use more of it")]
mod generate;
mod law;
#[allow(dead_code, reason = "other tests use more of it")]
mod reference;

use std::collections::{BTreeMap, BTreeSet};

use law::{Answered, Answers, Ask, Asked, Case, In, Texts, Told, hold};
use law::{gives_only, is_holding, is_membership, with_ceiling, with_fact, with_rule};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use reference::{Entity, Facts, Model, Request};
use ward::Sources;
use ward::syntax::{parse, parse_world};

/// Whoever has more on one side than on the other, and what.
fn more(before: &Answers, after: &Answers) -> Vec<(Asked, String)> {
    let mut gained = Vec::new();
    for (asked, (sees, allowed)) in &after.each {
        let Some((saw, had)) = before.each.get(asked) else {
            continue;
        };
        if *sees && !saw {
            gained.push((asked.clone(), "sight".to_owned()));
        }
        for action in allowed.difference(had) {
            gained.push((asked.clone(), action.clone()));
        }
    }
    gained
}

/// The first of what differs.
fn first_difference(before: &Answers, after: &Answers) -> String {
    let each = before.each.iter().find_map(|(asked, was)| {
        let is = after.each.get(asked);
        (is != Some(was)).then(|| format!("answer {asked:?}\n  before: {was:?}\n  after: {is:?}"))
    });
    let lists = || {
        before.lists.iter().find_map(|(asked, was)| {
            let is = after.lists.get(asked);
            (is != Some(was)).then(|| format!("list {asked:?}\n  before: {was:?}\n  after: {is:?}"))
        })
    };
    let more = || "more was answered after than before".to_owned();
    each.or_else(lists).unwrap_or_else(more)
}

/// Both sides with what they answer about all that either names.
fn both(case: &Case) -> Option<[Answers; 2]> {
    let sides = [case.before(), case.after()].map(|texts| Answered::new(&texts));
    let [Some(before), Some(after)] = sides else {
        return None;
    };
    let ask = Ask::about(
        before.policy.plan(),
        before.lines.iter().chain(&after.lines),
    );
    Some([before.answers(&ask), after.answers(&ask)])
}

/// Nobody sees or may do more after than before.
fn never_widens(case: &Case) -> Told {
    let Some([before, after]) = both(case) else {
        return Ok(None);
    };
    match more(&before, &after).first() {
        Some((asked, what)) => Err(format!("widened {asked:?} by {what}")),
        None => Ok(Some(before != after)),
    }
}

/// Nobody sees or may do less after than before.
fn never_narrows(case: &Case) -> Told {
    let Some([before, after]) = both(case) else {
        return Ok(None);
    };
    match more(&after, &before).first() {
        Some((asked, what)) => Err(format!("narrowed {asked:?} by {what}")),
        None => Ok(Some(before != after)),
    }
}

// ---- what takes away -----------------------------------------------------------------------------

#[test]
fn a_forbid_never_widens() {
    hold(
        "a forbid never widens",
        4,
        |seed, _| with_rule(seed, "forbid "),
        |case| {
            let changed = never_widens(case)?;
            // And it takes no sight away: what is forbidden is told so.
            if let (Some(true), Some([before, after])) = (changed, both(case)) {
                let blind = before
                    .each
                    .iter()
                    .find(|(asked, (sees, _))| *sees != after.each[*asked].0);
                if let Some((asked, _)) = blind {
                    return Err(format!("sight {asked:?}"));
                }
            }
            Ok(changed)
        },
    );
}

#[test]
fn a_hide_never_widens() {
    hold(
        "a hide never widens",
        4,
        |seed, _| with_rule(seed, "hide "),
        |case| {
            let changed = never_widens(case)?;
            // And what is still seen is as it was.
            if let (Some(true), Some([before, after])) = (changed, both(case)) {
                let other = after
                    .each
                    .iter()
                    .find(|(asked, now)| now.0 && before.each[*asked] != **now);
                if let Some((asked, _)) = other {
                    return Err(format!("power {asked:?}"));
                }
            }
            Ok(changed)
        },
    );
}

#[test]
fn an_at_most_never_widens() {
    hold("an at most never widens", 10, with_ceiling, never_widens);
}

// ---- what gives ----------------------------------------------------------------------------------

/// The model, facts and syntax that the reference reads off a side.
fn with_reference<T>(side: &Answered, ask: impl FnOnce(&Model<'_>, &Facts) -> T) -> T {
    let text: String = side
        .policy
        .sources()
        .iter()
        .map(|(_, source)| source.text())
        .collect();
    let mut sources = Sources::new();
    let file = sources.add("law.policy", text.as_str());
    let parsed = parse(file, &text);
    let model = Model::new(&parsed.tree);
    let world = parse_world(file, &side.lines.join("\n")).tree;
    let facts = Facts::new(&model, &world);
    ask(&model, &facts)
}

fn entity(name: &str) -> Entity {
    let (ty, id) = name.split_once(':').unwrap();
    (ty.to_owned(), id.to_owned())
}

fn asking(subject: &str, now: &str) -> Request {
    Request {
        subject: entity(subject),
        now: ward::parse_datetime(now).unwrap(),
        context: BTreeMap::new(),
    }
}

/// Whether a world with one holding more lets somebody have it: the holder, who is in the group that
/// holds it, who holds the role of the set, and by a credential its owner.
fn is_holder(holder: &str, subject: &str, now: &str, model: &Model<'_>, facts: &Facts) -> bool {
    let Some(asking) = model.ask(facts, asking(subject, now)) else {
        return false;
    };
    match holder.split_once('#') {
        None => holder == "anyone" || asking.is(&entity(holder)),
        Some((of, role)) => asking.held(&entity(of)).contains(role),
    }
}

#[test]
fn a_holding_changes_nothing_for_others() {
    hold(
        "a holding changes nothing for others",
        4,
        |seed, rng| with_fact(seed, rng, is_holding),
        |case| {
            let sides = [case.before(), case.after()].map(|texts| Answered::new(&texts));
            let [Some(before), Some(after)] = sides else {
                return Ok(None);
            };
            let added = case.world.iter().find(|(place, _)| *place == In::After);
            let Some((_, added)) = added.filter(|(_, line)| after.lines.contains(line)) else {
                return Ok(None);
            };
            let holder = added.split(" is ").next().unwrap();
            let ask = Ask::about(before.policy.plan(), before.lines.iter());
            let answers = [before.answers(&ask), after.answers(&ask)];
            with_reference(&after, |model, facts| {
                for (asked, was) in &answers[0].each {
                    let (now, _, subject, _) = asked;
                    if answers[1].each[asked] != *was
                        && !is_holder(holder, subject, ask.nows[*now], model, facts)
                    {
                        return Err(format!("changed {asked:?} by {added}"));
                    }
                }
                Ok(Some(answers[0] != answers[1]))
            })
        },
    );
}

#[test]
fn a_holding_narrows_nobody_where_nothing_takes_away() {
    hold(
        "a holding narrows nobody",
        8,
        |seed, rng| {
            let mut case = with_fact(seed, rng, |line| is_holding(line) || is_membership(line))?;
            gives_only(&mut case);
            Some(case)
        },
        never_narrows,
    );
}

#[test]
fn a_share_narrows_nobody() {
    hold(
        "a share narrows nobody",
        12,
        |seed, rng| with_fact(seed, rng, |line| line.starts_with("share ")),
        never_narrows,
    );
}

/// What a way up from an entity comes to: by containers and shares, with itself.
fn on_the_ways(from: &Entity, facts: &Facts) -> BTreeSet<Entity> {
    let (mut all, mut open) = (BTreeSet::from([from.clone()]), vec![from.clone()]);
    while let Some(at) = open.pop() {
        let containers = facts.containers.iter().filter(|(inner, _)| *inner == at);
        let shares = facts.shares.keys().filter(|(shared, ..)| *shared == at);
        let next = containers
            .map(|(_, of)| of)
            .chain(shares.map(|(_, with, _)| with));
        for next in next {
            if all.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    all
}

#[test]
fn a_share_gives_no_more_than_its_level_and_nothing_to_others() {
    hold(
        "a share gives no more than its level",
        12,
        |seed, rng| with_fact(seed, rng, |line| line.starts_with("share ")),
        |case| {
            let sides = [case.before(), case.after()].map(|texts| Answered::new(&texts));
            let [Some(before), Some(after)] = sides else {
                return Ok(None);
            };
            let added = case.world.iter().find(|(place, _)| *place == In::After);
            let Some((_, added)) = added.filter(|(_, line)| after.lines.contains(line)) else {
                return Ok(None);
            };
            let words: Vec<&str> = added.split(' ').collect();
            let (shared, with, level) = (entity(words[1]), entity(words[3]), words[5]);
            let ask = Ask::about(before.policy.plan(), after.lines.iter());
            let answers = [before.answers(&ask), after.answers(&ask)];
            with_reference(&after, |model, facts| {
                let lets_through = model.share_level(&shared.0, &with.0, level);
                let beyond = on_the_ways(&with, facts);
                for (asked, what) in more(&answers[0], &answers[1]) {
                    let (now, _, subject, resource) = &asked;
                    if what != "sight" && !lets_through.contains(&what) {
                        return Err(format!("level {asked:?} gains {what} by {added}"));
                    }
                    if !on_the_ways(&entity(resource), facts).contains(&shared) {
                        return Err(format!("thing {asked:?} gains {what} by {added}"));
                    }
                    let asking = model.ask(facts, asking(subject, ask.nows[*now]));
                    let receives = asking.is_some_and(|asking| {
                        let home = on_the_ways(&entity(subject), facts);
                        let held = beyond.iter().any(|place| !asking.held(place).is_empty());
                        held || asking.credential().is_some() && !home.is_disjoint(&beyond)
                    });
                    if !receives {
                        return Err(format!("other {asked:?} gains {what} by {added}"));
                    }
                }
                Ok(Some(answers[0] != answers[1]))
            })
        },
    );
}

// ---- credentials ---------------------------------------------------------------------------------

#[test]
fn a_credential_never_exceeds_its_owner() {
    hold(
        "a credential never exceeds its owner",
        2,
        |seed, _| {
            let mut case = Case::new(generate::pair(seed), seed);
            case.policy.retain(|(_, line)| !line.contains("credential"));
            Some(case)
        },
        |case| {
            let Some(side) = Answered::new(&case.after()) else {
                return Ok(None);
            };
            let ask = Ask::about(side.policy.plan(), &side.lines);
            let answers = side.answers(&ask);
            with_reference(&side, |model, facts| {
                let mut something = false;
                for (asked, (sees, allowed)) in &answers.each {
                    let (now, context, subject, resource) = asked;
                    if model.principal_types().contains(entity(subject).0.as_str()) {
                        continue;
                    }
                    let owner = model.ask(facts, asking(subject, ask.nows[*now]));
                    let owner = owner.map(|asking| asking.principal().clone());
                    let own = owner.and_then(|(ty, id)| {
                        let owner = format!("{ty}:{id}");
                        answers.each.get(&(*now, *context, owner, resource.clone()))
                    });
                    let nothing = (false, BTreeSet::new());
                    let (saw, may) = own.unwrap_or(&nothing);
                    if *sees && !saw || !allowed.is_subset(may) {
                        return Err(format!("exceeds {asked:?}: {allowed:?}, its owner {may:?}"));
                    }
                    something |= *sees;
                }
                Ok(Some(something))
            })
        },
    );
}

// ---- what changes nothing ------------------------------------------------------------------------

/// Both sides answer alike.
fn alike(before: &Answers, after: &Answers) -> Told {
    if before == after {
        let sees = before.each.values().any(|(sees, _)| *sees);
        Ok(Some(sees))
    } else {
        Err(first_difference(before, after))
    }
}

#[test]
fn the_order_of_facts_items_and_files_changes_nothing() {
    hold(
        "order changes nothing",
        2,
        |seed, _| Some(Case::new(generate::pair(seed), seed)),
        |case| {
            let Some(before) = Answered::new(&case.before()) else {
                return Ok(None);
            };
            let files = law::item_order(&case.after().policy, case.seed);
            let mut sources = Sources::new();
            for (index, file) in files.iter().enumerate() {
                sources.add(format!("part{index}.policy"), file.join("\n"));
            }
            let policy =
                ward::compile(&sources).map_err(|errors| format!("compiles no more: {errors}"))?;
            let mut rng = StdRng::seed_from_u64(case.seed);
            let mut lines = before.lines.clone();
            lines.shuffle(&mut rng);
            let after = Answered::of(policy, &lines);
            if after.lines.len() != lines.len() {
                return Err("facts are refused in another order".into());
            }
            let ask = Ask::about(before.policy.plan(), &before.lines).with_lists();
            let ask = ask.at("2000-06-01");
            alike(&before.answers(&ask), &after.answers(&ask))
        },
    );
}

#[test]
fn names_change_nothing() {
    hold(
        "names change nothing",
        2,
        |seed, _| Some(Case::new(generate::pair(seed), seed)),
        |case| {
            let Some(before) = Answered::new(&case.before()) else {
                return Ok(None);
            };
            let others =
                |lines: &[String]| lines.iter().map(|line| law::other_names(line)).collect();
            let texts = Texts {
                policy: others(&case.after().policy),
                world: others(&before.lines),
            };
            let Some(after) = Answered::new(&texts) else {
                return Err("compiles no more by its other names".into());
            };
            if after.lines.len() != before.lines.len() {
                return Err("facts are refused by their other names".into());
            }
            let mut ask = Ask::about(before.policy.plan(), &before.lines).with_lists();
            ask = ask.at("2001-01-01");
            let mut other = Ask::about(after.policy.plan(), &after.lines);
            other.names = ask
                .names
                .iter()
                .map(|name| law::other_names(name))
                .collect();
            other.lists = true;
            other.nows = ask.nows.clone();
            let renamed = renamed(before.answers(&ask));
            let mut after = after.answers(&other);
            // Lists are in the order of the names.
            after.lists.values_mut().for_each(|list| list.sort());
            alike(&renamed, &after)
        },
    );
}

/// The same answers by other names.
fn renamed(answers: Answers) -> Answers {
    let key = |(now, context, one, other): Asked| {
        (
            now,
            context,
            law::other_names(&one),
            law::other_names(&other),
        )
    };
    let each = answers.each.into_iter().map(|(asked, (sees, allowed))| {
        let allowed = allowed.iter().map(|action| law::other_names(action));
        (key(asked), (sees, allowed.collect()))
    });
    let lists = answers.lists.into_iter().map(|(asked, list)| {
        let mut list: Vec<String> = list.iter().map(|name| law::other_names(name)).collect();
        list.sort();
        (key(asked), list)
    });
    Answers {
        each: each.collect(),
        lists: lists.collect(),
    }
}

#[test]
fn another_tenant_changes_nothing() {
    hold(
        "another tenant changes nothing",
        2,
        |seed, _| {
            let (pair, more) = generate::pair_and_more(seed);
            let mut case = Case::new(pair, seed);
            let theirs = more.iter().map(|line| (In::After, law::other_tenant(line)));
            case.world.extend(theirs);
            Some(case)
        },
        |case| {
            let Some(before) = Answered::new(&case.before()) else {
                return Ok(None);
            };
            let Some(after) = Answered::new(&case.after()) else {
                return Ok(None);
            };
            let ask = Ask::about(before.policy.plan(), &before.lines).with_lists();
            let ask = ask.at("2000-06-01");
            let own = before.answers(&ask);
            let mut with_theirs = after.answers(&ask);
            // What they name is theirs: of lists, what this tenant has is compared.
            for (asked, list) in &mut with_theirs.lists {
                let is_own = |name: &String| name == "anyone" || ask.names.contains(name);
                let all = list.len();
                list.retain(is_own);
                if all == list.len() && own.lists.get(asked) != Some(list) {
                    return Err(format!("order {asked:?}"));
                }
            }
            alike(&own, &with_theirs)
        },
    );
}

// ---- time ----------------------------------------------------------------------------------------

#[test]
fn time_only_expires() {
    let (early, late) = ("2000-06-01", "2001-01-01");
    let ended = |line: &str| line.contains(" until 2001-01-01");
    hold(
        "time only expires",
        8,
        |seed, _| {
            let mut case = Case::new(generate::pair(seed), seed);
            case.policy.retain(|(_, line)| !line.contains("now"));
            // What has ended is as if it had never been said, but that what it names is known.
            let gone: Vec<String> = case.world.iter().map(|(_, line)| line.clone()).collect();
            for line in gone.iter().filter(|line| ended(line)) {
                let names = law::named(line).into_iter().map(|name| (In::Both, name));
                case.world.extend(names);
            }
            for (place, line) in &mut case.world {
                if ended(line) {
                    *place = In::Before;
                }
            }
            Some(case)
        },
        |case| {
            let Some(all) = Answered::new(&case.before()) else {
                return Ok(None);
            };
            let left: Vec<String> = all
                .lines
                .iter()
                .filter(|line| !ended(line))
                .cloned()
                .collect();
            let left = Texts {
                policy: case.after().policy,
                world: left,
            };
            let Some(left) = Answered::new(&left) else {
                return Ok(None);
            };
            let ask = Ask::about(all.policy.plan(), &all.lines);
            let names = ask.names.clone();
            let at = |now| Ask {
                nows: vec![now],
                lists: true,
                names: names.clone(),
            };
            let (was, is) = (all.answers(&at(early)), all.answers(&at(late)));
            alike(&left.answers(&at(early)), &is)?;
            // Where nothing takes away, nobody has more later on.
            let mut giving = case.clone();
            gives_only(&mut giving);
            if let Some(side) = Answered::new(&giving.before()) {
                let sides = [late, early].map(|now| side.answers(&at(now)));
                if let Some((asked, what)) = more(&sides[1], &sides[0]).first() {
                    return Err(format!("later {asked:?} gains {what}"));
                }
            }
            Ok(Some(was != is))
        },
    );
}
