//! Proofs: one for each question that some page leads to, those of one subject and resource together.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Site;
use crate::eval::{Outcome, QueryError};
use crate::explain::{Explain, Line, Part, Tone};
use crate::literal::EntityName;
use crate::markup::{html, slug};

/// How many subjects with their resources one page has.
const PAGE: usize = 60;

/// The proofs so far, by their subject and resource.
pub(super) struct Proofs {
    most: usize,
    count: usize,
    places: BTreeMap<(String, String), usize>,
    groups: Vec<Group>,
    left_out: usize,
}

struct Group {
    subject: String,
    resource: String,
    proofs: Vec<(String, Outcome, Vec<Line>)>,
}

impl Proofs {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            count: 0,
            places: BTreeMap::new(),
            groups: Vec::new(),
            left_out: 0,
        }
    }

    /// Where the proof of an answer stands; nothing where there are too many already.
    pub(super) fn link(
        &mut self,
        site: &mut Site<'_>,
        subject: &str,
        action: &str,
        resource: &str,
    ) -> Result<Option<String>, QueryError> {
        let key = (subject.to_owned(), resource.to_owned());
        let known = self.places.get(&key).copied();
        let has = |group: &Group| group.proofs.iter().any(|(known, ..)| known == action);
        if let Some(at) = known
            && self.groups.get(at).is_some_and(has)
        {
            return Ok(Some(link(at, subject, resource)));
        }
        if self.count >= self.most {
            self.left_out += 1;
            return Ok(known.map(|at| link(at, subject, resource)));
        }
        let (Ok(who), Ok(what)) = (
            subject.parse::<EntityName>(),
            resource.parse::<EntityName>(),
        ) else {
            return Ok(None);
        };
        let wanted = Explain {
            all: false,
            changes: false,
        };
        let explanation = site
            .ward
            .explain(&who, action, &what, site.context, wanted)?;
        let at = known.unwrap_or_else(|| {
            self.places.insert(key, self.groups.len());
            site.entry(
                "proof",
                format!("{subject} on {resource}"),
                link(self.groups.len(), subject, resource),
            );
            self.groups.push(Group {
                subject: subject.to_owned(),
                resource: resource.to_owned(),
                proofs: Vec::new(),
            });
            self.groups.len() - 1
        });
        self.count += 1;
        if let Some(group) = self.groups.get_mut(at) {
            group
                .proofs
                .push((action.to_owned(), explanation.outcome, explanation.lines()));
        }
        Ok(Some(link(at, subject, resource)))
    }

    /// The pages: name, title and body.
    pub(super) fn pages(&self) -> Vec<(String, String, String)> {
        let count = self.groups.len().div_ceil(PAGE);
        let pages = self.groups.chunks(PAGE).zip(1..);
        let pages = pages.map(|(groups, number)| {
            let mut body = String::new();
            if count > 1 {
                let links = (1..=count).map(|other| match other == number {
                    true => format!("<li><b>{other}</b></li>"),
                    false => format!("<li><a href=\"{}\">{other}</a></li>", name(other)),
                });
                let _ = writeln!(body, "<ul class=\"contents\" aria-label=\"Pages of proofs\">{}</ul>", links.collect::<String>());
            }
            if self.left_out > 0 {
                let _ = writeln!(body, "<p class=\"left\">Left out: {} proofs. <code>ward explain</code> has them.</p>", self.left_out);
            }
            for group in groups {
                let id = anchor(&group.subject, &group.resource);
                let _ = writeln!(body, "<section id=\"{id}\" class=\"proof\"><h2>{} on {}</h2>", html(&group.subject), html(&group.resource));
                for (action, outcome, lines) in &group.proofs {
                    let word = outcome.to_string();
                    let _ = writeln!(body, "<h3><span class=\"outcome {}\">{word}</span> {}</h3>", word.to_lowercase(), html(action));
                    body.push_str(&told(lines));
                }
                body.push_str("</section>\n");
            }
            (name(number), "Proofs".to_owned(), body)
        });
        pages.collect()
    }
}

fn name(number: usize) -> String {
    format!("proofs-{number}.html")
}

fn anchor(subject: &str, resource: &str) -> String {
    format!("{}--{}", slug(subject), slug(resource))
}

fn link(at: usize, subject: &str, resource: &str) -> String {
    format!("{}#{}", name(at / PAGE + 1), anchor(subject, resource))
}

/// The lines of an explanation behind its first.
fn told(lines: &[Line]) -> String {
    let mut out = String::from("<ul class=\"lines\">\n");
    for line in lines.iter().skip(1) {
        let tone = match line.tone {
            Tone::Given | Tone::Outcome(_) => "given",
            Tone::Missing => "missing",
            Tone::Change => "change",
            Tone::Detail => "detail",
        };
        let _ = write!(out, "<li class=\"{tone} d{}\">", line.depth.min(4));
        for (part, text) in &line.parts {
            let text = html(text);
            let _ = match part {
                Part::Words => write!(out, "{text}"),
                Part::Fact => write!(out, "<b>{text}</b>"),
                Part::Clause => write!(out, "<code>{text}</code>"),
                Part::Place => write!(out, "<span class=\"place\">{text}</span>"),
            };
        }
        out.push_str("</li>\n");
    }
    out.push_str("</ul>\n");
    out
}
