//! What deserves attention: dangerous actions, shares that leave a scope, and what will end.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Site;
use super::proofs::Proofs;
use crate::eval::QueryError;
use crate::explain::{Explain, Given};
use crate::graph::NodeKind;
use crate::literal::{EntityName, format_datetime};
use crate::markup::html;
use crate::matrix::{Answer, WorldTable};
use crate::plan::TypeKind;
use crate::world::{Fact, FactKind, Holder};

/// The page, and what the overview says of it.
pub(super) struct Attention {
    pub(super) body: String,
    /// The place on the page, how many there are, and of what.
    pub(super) counts: Vec<(&'static str, usize, &'static str)>,
}

/// A table that grows row by row up to a bound.
struct List {
    rows: String,
    count: usize,
    most: usize,
}

impl List {
    fn add(&mut self, cells: &[String]) {
        self.count += 1;
        if self.count <= self.most {
            let cells = cells.iter().map(|cell| format!("<td>{cell}</td>"));
            let _ = writeln!(self.rows, "<tr>{}</tr>", cells.collect::<String>());
        }
    }

    fn is_full(&self) -> bool {
        self.count >= self.most
    }

    fn write(&self, out: &mut String, label: &str, head: &[&str], none: &str) {
        if self.count == 0 {
            let _ = writeln!(out, "<p>{}</p>", html(none));
            return;
        }
        let head = head
            .iter()
            .map(|name| format!("<th scope=\"col\">{name}</th>"));
        let _ = writeln!(
            out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table class=\"matrix\"><thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody></table></div>",
            html(label),
            head.collect::<String>(),
            self.rows
        );
        if self.count > self.most {
            let _ = writeln!(
                out,
                "<p class=\"left\">Left out: {} rows.</p>",
                self.count - self.most
            );
        }
    }
}

fn anchor(text: &str, to: Option<String>) -> String {
    match to {
        Some(to) => format!("<a href=\"{}\">{}</a>", html(&to), html(text)),
        None => html(text),
    }
}

pub(super) fn body(
    site: &mut Site<'_>,
    tables: &[WorldTable],
    proofs: &mut Proofs,
) -> Result<Attention, QueryError> {
    let most = site.bounds.rows;
    let list = || List {
        rows: String::new(),
        count: 0,
        most,
    };
    let (mut dangerous, mut whole, mut shares, mut ending) = (list(), list(), list(), list());
    let facts: Vec<Fact> = site.world.facts().collect();
    let marked = risky(site, proofs, &mut dangerous)?;
    everything(site, tables, proofs, &mut whole)?;
    let containers = containers(&facts);
    for fact in &facts {
        share(site, proofs, &mut shares, fact, &containers)?;
    }
    let mut timed: Vec<(i64, &Fact)> = facts
        .iter()
        .filter_map(|fact| Some((until(fact)?, fact)))
        .collect();
    timed.sort_by_key(|(until, fact)| (*until, fact.to_string()));
    for (until, fact) in timed {
        let state = match until <= site.now {
            true => "<span class=\"outcome invisible\">ended</span>",
            false => "<span class=\"outcome forbidden\">ends</span>",
        };
        let days = (until - site.now).div_euclid(86_400_000);
        let left = if until <= site.now {
            String::new()
        } else {
            format!(" in {days} d")
        };
        let to = proof_of(site, proofs, fact)?;
        ending.add(&[
            format!("{state}{left}"),
            html(&format_datetime(until)),
            anchor(&fact.to_string(), to),
            fact.place
                .as_ref()
                .map_or_else(String::new, |place| html(&place.to_string())),
        ]);
    }
    let mut out = String::new();
    out.push_str("<h2 id=\"dangerous\">Dangerous permissions</h2>\n<p>Who may take the actions that the policy marks as <code>@dangerous</code>.</p>\n");
    let none = match marked {
        0 => "The policy marks no action as dangerous.",
        _ => "Nobody may take any of them.",
    };
    dangerous.write(
        &mut out,
        "Dangerous permissions",
        &["action", "resource", "who"],
        none,
    );
    out.push_str("<h2 id=\"whole\">Everything at once</h2>\n<p>Who may take every action that is asked of a scope, where there are several.</p>\n");
    whole.write(
        &mut out,
        "Everything at once",
        &["scope", "who"],
        "Nobody may.",
    );
    out.push_str("<h2 id=\"shares\">Shares</h2>\n<p>What is shared with another scope, and whether that leaves the outermost one; with whom then sees it through the share.</p>\n");
    shares.write(
        &mut out,
        "Shares",
        &["leaves", "what", "with", "level", "seen by"],
        "Nothing is shared.",
    );
    out.push_str("<h2 id=\"ending\">What ends</h2>\n<p>Holdings, memberships and shares that are said for a time, the next to end first.</p>\n");
    ending.write(
        &mut out,
        "What ends",
        &["state", "when", "fact", "stated"],
        "Nothing ends.",
    );
    let counts = vec![
        (
            "dangerous",
            dangerous.count,
            "dangerous permissions that somebody has",
        ),
        (
            "whole",
            whole.count,
            "scopes where somebody may do everything",
        ),
        ("shares", shares.count, "shares between scopes"),
        ("ending", ending.count, "facts with an end"),
    ];
    for (id, _, text) in &counts {
        site.entry("list", *text, format!("attention.html#{id}"));
    }
    Ok(Attention { body: out, counts })
}

/// Who may take dangerous actions; how many of these there are.
fn risky(site: &mut Site<'_>, proofs: &mut Proofs, list: &mut List) -> Result<usize, QueryError> {
    let plan = site.policy.plan();
    let marked = site
        .policy
        .graph()
        .nodes()
        .filter(|node| node.kind == NodeKind::Action && node.marks.contains(&"dangerous"));
    let marked: Vec<String> = marked.map(|node| node.label.clone()).collect();
    for action in &marked {
        let of = plan
            .actions
            .iter()
            .find(|(id, _)| plan.action_name(*id) == *action);
        let types: Vec<_> = of
            .map(|(_, action)| action.asked_of.clone())
            .into_iter()
            .flatten()
            .collect();
        for (ty, _) in types {
            let mut names: Vec<EntityName> = site
                .world
                .all_of(ty)
                .map(|entity| site.world.name(entity))
                .collect();
            names.sort_unstable();
            for resource in names {
                if list.is_full() {
                    // How many more there are would cost as much as telling them.
                    list.count += 1;
                    return Ok(marked.len());
                }
                let found = site.ward.who(action, &resource, site.context)?;
                if found.subjects.is_empty() && !found.anyone {
                    continue;
                }
                let who = whom(site, proofs, &found.subjects, action, &resource.to_string())?;
                let anyone = if found.anyone { " anyone" } else { "" };
                list.add(&[
                    html(action),
                    html(&resource.to_string()),
                    format!("{who}{anyone}"),
                ]);
            }
        }
    }
    Ok(marked.len())
}

/// Who may do everything on a scope, as far as the tables tell.
fn everything(
    site: &mut Site<'_>,
    tables: &[WorldTable],
    proofs: &mut Proofs,
    list: &mut List,
) -> Result<(), QueryError> {
    let plan = site.policy.plan();
    for table in tables {
        let ty = plan
            .find_type(&table.type_name)
            .and_then(|of| plan.types.find(of));
        let [action, _, ..] = table.actions.as_slice() else {
            continue;
        };
        if ty.is_none_or(|ty| ty.kind != TypeKind::Scope) {
            continue;
        }
        for (column, resource) in table.resources.iter().enumerate() {
            let whole = |row: &&Vec<Answer>| {
                row.get(column)
                    .is_some_and(|answer| answer.actions.len() == table.actions.len())
            };
            let rows = table.subjects.iter().zip(&table.cells);
            let rows = rows.filter(|(_, row)| whole(row));
            let subjects: Vec<EntityName> = rows
                .filter_map(|(subject, _)| subject.parse().ok())
                .collect();
            if !subjects.is_empty() {
                let who = whom(site, proofs, &subjects, action, resource)?;
                list.add(&[html(resource), who]);
            }
        }
    }
    Ok(())
}

/// The first subjects of many, each with its proof.
fn whom(
    site: &mut Site<'_>,
    proofs: &mut Proofs,
    subjects: &[EntityName],
    action: &str,
    resource: &str,
) -> Result<String, QueryError> {
    const SHOWN: usize = 12;
    let mut out = Vec::new();
    for subject in subjects.iter().take(SHOWN) {
        let subject = subject.to_string();
        let to = proofs.link(site, &subject, action, resource)?;
        out.push(anchor(&subject, to));
    }
    let more = subjects.len().saturating_sub(SHOWN);
    if more > 0 {
        out.push(format!("and {more} more"));
    }
    Ok(out.join(", "))
}

fn containers(facts: &[Fact]) -> BTreeMap<&EntityName, Vec<&EntityName>> {
    let mut all: BTreeMap<&EntityName, Vec<&EntityName>> = BTreeMap::new();
    for fact in facts {
        if let FactKind::Entity {
            entity, containers, ..
        } = &fact.kind
        {
            all.entry(entity).or_default().extend(containers);
        }
    }
    all
}

/// What something stands in at the top.
fn outermost<'f>(
    containers: &BTreeMap<&'f EntityName, Vec<&'f EntityName>>,
    entity: &'f EntityName,
) -> Vec<&'f EntityName> {
    let (mut open, mut seen, mut top) = (vec![entity], Vec::new(), Vec::new());
    while let Some(next) = open.pop() {
        if seen.contains(&next) {
            continue;
        }
        seen.push(next);
        match containers.get(next).filter(|of| !of.is_empty()) {
            Some(of) => open.extend(of),
            None => top.push(next),
        }
    }
    top
}

fn share<'f>(
    site: &mut Site<'_>,
    proofs: &mut Proofs,
    list: &mut List,
    fact: &'f Fact,
    containers: &BTreeMap<&'f EntityName, Vec<&'f EntityName>>,
) -> Result<(), QueryError> {
    let FactKind::Share {
        entity,
        with,
        level,
        until,
    } = &fact.kind
    else {
        return Ok(());
    };
    if list.is_full() {
        list.count += 1;
        return Ok(());
    }
    let (from, to) = (outermost(containers, entity), outermost(containers, with));
    let leaves = from.iter().filter(|top| !to.contains(top));
    let leaves: Vec<String> = leaves.map(|top| html(&top.to_string())).collect();
    let leaves = match leaves.is_empty() {
        true => "no".to_owned(),
        false => format!(
            "<span class=\"outcome forbidden\">leaves</span> {}",
            leaves.join(", ")
        ),
    };
    let mut seen = Vec::new();
    let action = site
        .policy
        .plan()
        .actions_of(&entity.type_name)
        .into_iter()
        .next();
    if let Some(action) = action.filter(|_| until.is_none_or(|until| site.now < until)) {
        for subject in site.ward.who_sees(entity, site.context)?.subjects {
            let wanted = Explain {
                all: false,
                changes: false,
            };
            let found = site
                .ward
                .explain(&subject, &action, entity, site.context, wanted)?;
            let through = found.proofs.iter().any(|proof| match &proof.sees {
                Given::Role { way, .. } => way
                    .iter()
                    .any(|step| step.level.is_some() && step.to == with.to_string()),
                Given::Rule { .. } => false,
            });
            if through {
                seen.push(subject);
            }
        }
        let who = whom(site, proofs, &seen, &action, &entity.to_string())?;
        list.add(&[
            leaves,
            html(&entity.to_string()),
            html(&with.to_string()),
            html(level),
            who,
        ]);
        return Ok(());
    }
    list.add(&[
        leaves,
        html(&entity.to_string()),
        html(&with.to_string()),
        html(level),
        String::new(),
    ]);
    Ok(())
}

fn until(fact: &Fact) -> Option<i64> {
    match &fact.kind {
        FactKind::Entity { until, .. }
        | FactKind::Holding { until, .. }
        | FactKind::Share { until, .. } => *until,
        FactKind::CustomRole { .. } | FactKind::Relation { .. } => None,
    }
}

/// What a holding comes to where it is held.
fn proof_of(
    site: &mut Site<'_>,
    proofs: &mut Proofs,
    fact: &Fact,
) -> Result<Option<String>, QueryError> {
    let FactKind::Holding {
        subject: Holder::Entity(subject),
        of,
        ..
    } = &fact.kind
    else {
        return Ok(None);
    };
    let action = site
        .policy
        .plan()
        .actions_of(&of.type_name)
        .into_iter()
        .next();
    match action {
        Some(action) => proofs.link(site, &subject.to_string(), &action, &of.to_string()),
        None => Ok(None),
    }
}
