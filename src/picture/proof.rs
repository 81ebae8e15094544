//! Pictures of explanations: what led to the answer in bold, what was missing in red.

use std::collections::BTreeMap;

use super::{Card, CardKind, LinkKind, Picture, Tone};
use crate::eval::{Held, Outcome, Step};
use crate::explain::{self, Explanation, Given, Missing};
use crate::literal::{EntityName, parse_datetime};
use crate::plan::{Clause, EntityId, TypeKind};
use crate::world::World;

struct Drawing<'w> {
    world: &'w World,
    picture: Picture,
    cards: BTreeMap<String, usize>,
}

impl Picture {
    /// Why something is allowed, seen, or neither: the shortest proof, and what was missing.
    pub fn of_explanation(explanation: &Explanation, world: &World) -> Self {
        let Explanation {
            subject,
            action,
            resource,
            outcome,
            ..
        } = explanation;
        let mut drawing = Drawing {
            world,
            picture: Self {
                title: format!("{subject} {action} {resource}: {outcome}"),
                ..Self::default()
            },
            cards: BTreeMap::new(),
        };
        let mut answer = Card::new(CardKind::Answer, outcome.to_string());
        answer.row(Tone::Plain, 0, format!("{subject} {action} {resource}"));
        // The lines of a refusal are what is missing.
        for line in explanation
            .lines()
            .iter()
            .filter(|line| matches!(line.tone, explain::Tone::Missing))
        {
            answer.row(Tone::Denial, line.depth.saturating_sub(1), line.to_string());
        }
        drawing.picture.add(answer);
        drawing.card(subject);
        drawing.card(resource);
        for proof in explanation.proofs.iter().take(1) {
            drawing.given(explanation, "shows it", &proof.sees);
            if let Some(can) = &proof.can {
                drawing.given(explanation, "gives it", can);
            }
        }
        if *outcome != Outcome::Allowed {
            for missing in &explanation.missing {
                drawing.missing(explanation, missing);
            }
        }
        drawing.ways(parse_datetime(&explanation.at).unwrap_or(i64::MAX));
        drawing.picture
    }
}

/// The place on which a fact says that a role is held.
fn place(held: &Held) -> Option<&str> {
    let (_, place) = held.fact.rsplit_once(" of ")?;
    Some(
        place
            .split_once(" until ")
            .map_or(place, |(place, _)| place),
    )
}

impl Drawing<'_> {
    fn card(&mut self, name: &str) -> usize {
        if let Some(known) = self.cards.get(name) {
            return *known;
        }
        let plan = self.world.plan();
        let ty = name.split_once(':').and_then(|(ty, _)| plan.find_type(ty));
        let kind = ty.and_then(|ty| plan.types.find(ty)).map(|ty| ty.kind);
        let card = self
            .picture
            .add(Card::new(kind.unwrap_or(TypeKind::Scope).into(), name));
        self.cards.insert(name.to_owned(), card);
        card
    }

    fn row(&mut self, card: usize, tone: Tone, depth: usize, text: impl Into<String>) {
        let text = text.into();
        if let Some(card) = self.picture.cards.get_mut(card)
            && !card
                .rows
                .iter()
                .any(|row| row.text == text && row.tone == tone)
        {
            card.row(tone, depth, text);
        }
    }

    fn link(&mut self, from: usize, to: usize, kind: LinkKind) {
        let same = |link: &super::Link| (link.from, link.to, link.kind) == (from, to, kind);
        if from != to && !self.picture.links.iter().any(same) {
            self.picture.link(from, None, to, kind);
        }
    }

    /// What stands in what, and is shared with what, of all that has a card; once only where a line
    /// tells more.
    fn ways(&mut self, now: i64) {
        let world = self.world;
        let entities = self.cards.iter().filter_map(|(name, card)| {
            let name: EntityName = name.parse().ok()?;
            let ty = world.find_type(&name.type_name)?;
            Some((world.find(ty, &name.id)?, *card))
        });
        let entities: BTreeMap<EntityId, usize> = entities.collect();
        for (entity, card) in &entities {
            for container in world.containers(*entity) {
                if let Some(to) = entities.get(&container) {
                    self.link(*card, *to, LinkKind::In);
                }
            }
            for share in world.shares_of(*entity) {
                if let Some(to) = entities.get(&share.with)
                    && world.share_end(&share) > now
                {
                    self.link(*card, *to, LinkKind::Share);
                }
            }
        }
        let telling: Vec<(usize, usize)> = self
            .picture
            .links
            .iter()
            .filter(|link| matches!(link.kind, LinkKind::Decided | LinkKind::Missing))
            .map(|link| (link.from, link.to))
            .collect();
        self.picture.links.retain(|link| {
            matches!(link.kind, LinkKind::Decided | LinkKind::Missing)
                || !telling.contains(&(link.from, link.to))
        });
    }

    fn clause(&mut self, card: usize, tone: Tone, depth: usize, clause: &Clause) {
        let text = format!("{} ({}:{})", clause.text, clause.file, clause.line);
        self.row(card, tone, depth, text);
    }

    fn way(&mut self, resource: &str, way: &[Step]) -> usize {
        let mut at = self.card(resource);
        for step in way {
            let to = self.card(&step.to);
            if let Some(level) = &step.level {
                self.row(
                    at,
                    Tone::Share,
                    0,
                    format!("shared with {} at {level}", step.to),
                );
            }
            self.link(at, to, LinkKind::Decided);
            at = to;
        }
        at
    }

    fn held(&mut self, subject: &str, held: &Held, at: usize, kind: LinkKind) {
        let mut from = self.card(subject);
        for group in held.through.iter().filter(|group| *group != subject) {
            let to = self.card(group);
            self.link(from, to, kind);
            from = to;
        }
        self.link(from, at, kind);
    }

    fn given(&mut self, explanation: &Explanation, word: &str, given: &Given) {
        match given {
            Given::Role {
                held, way, clause, ..
            } => {
                let at = self.way(&explanation.resource, way);
                self.held(&explanation.subject, held, at, LinkKind::Decided);
                self.row(at, Tone::Role, 0, held.fact.as_str());
                self.row(
                    at,
                    Tone::Decided,
                    1,
                    format!("{word}: {} ({}:{})", clause.text, clause.file, clause.line),
                );
            }
            Given::Rule { effect, clause, .. } => {
                let at = self.card(&explanation.resource);
                self.row(at, Tone::Role, 0, *effect);
                self.clause(at, Tone::Decided, 1, clause);
                let subject = self.card(&explanation.subject);
                self.link(subject, at, LinkKind::Decided);
            }
        }
    }

    fn missing(&mut self, explanation: &Explanation, missing: &Missing) {
        let resource = self.card(&explanation.resource);
        let subject = self.card(&explanation.subject);
        match missing {
            Missing::Lacks { lacks, place, held } => {
                let at = self.card(place);
                for held in held {
                    self.held(&explanation.subject, held, at, LinkKind::Holds);
                    self.row(at, Tone::Role, 0, held.fact.as_str());
                }
                self.row(at, Tone::Denial, 1, format!("gives no {lacks}"));
            }
            Missing::NothingHeld { places } => {
                for place in places {
                    let at = self.card(place);
                    self.row(at, Tone::Denial, 0, "no role is held here");
                    self.link(subject, at, LinkKind::Missing);
                }
            }
            Missing::Struck { effect, clause, .. } => {
                self.row(resource, Tone::Denial, 0, *effect);
                self.clause(resource, Tone::Denial, 1, clause);
                self.link(subject, resource, LinkKind::Missing);
            }
            Missing::Unmet { held, clause, .. } | Missing::Capped { held, clause } => {
                let Some(at) = place(held).map(str::to_owned) else {
                    return;
                };
                let at = self.card(&at);
                self.row(at, Tone::Role, 0, held.fact.as_str());
                self.clause(at, Tone::Denial, 1, clause);
                self.held(&explanation.subject, held, at, LinkKind::Missing);
            }
            Missing::KeptOut { share, clause } => {
                self.row(resource, Tone::Share, 0, share.as_str());
                self.clause(resource, Tone::Denial, 1, clause);
            }
            Missing::Overridden { held, .. } | Missing::Uncounted { held, .. } => {
                if let Some(at) = place(held).map(str::to_owned) {
                    let at = self.card(&at);
                    self.row(at, Tone::Denial, 0, format!("{} does not count", held.fact));
                    self.held(&explanation.subject, held, at, LinkKind::Missing);
                }
            }
            Missing::Ended { fact, .. } => {
                self.row(subject, Tone::Denial, 0, format!("ended: {fact}"))
            }
            // The answer's card has these in words.
            Missing::UnknownSubject
            | Missing::UnknownResource
            | Missing::Incomplete { .. }
            | Missing::NoOwner { .. }
            | Missing::Confined { .. }
            | Missing::Limited { .. }
            | Missing::RuleUnmet { .. } => {}
        }
    }
}
