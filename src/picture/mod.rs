//! Pictures: cards with rows, and lines between them, drawn as SVG, PNG, DOT and Mermaid.
//!
//! A card has what belongs to one thing in lines of its own, so that few lines are left to draw. The layout
//! is our own: the layout crates that there are place nodes of one line each, and know neither rows from which
//! a line starts nor cards of very different heights.

mod layout;
#[cfg(feature = "png")]
mod png;
mod policy;
mod proof;
mod svg;
mod text;
mod world;

use serde::Serialize;

#[cfg(feature = "png")]
pub use png::PngError;

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Picture {
    /// What it shows, in a few words.
    pub title: String,
    /// The cards.
    pub cards: Vec<Card>,
    /// The lines between them.
    pub links: Vec<Link>,
    /// What was left out, and what else there is to know.
    pub notes: Vec<String>,
}

/// A box with a title and rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Card {
    /// Which kind of thing it stands for.
    pub kind: CardKind,
    /// Its first line.
    pub title: String,
    /// What stands below.
    pub rows: Vec<Row>,
}

/// The kinds of cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// A subject.
    Subject,
    /// A scope.
    Scope,
    /// A resource.
    Resource,
    /// Rules.
    Rules,
    /// A proof's answer.
    Answer,
}

impl CardKind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Scope => "scope",
            Self::Resource => "resource",
            Self::Rules => "rules",
            Self::Answer => "answer",
        }
    }
}

/// One row of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it tells.
    pub tone: Tone,
    /// How far in it stands.
    pub depth: usize,
    /// Its text.
    pub text: String,
}

/// What a row tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something of the thing itself.
    Plain,
    /// A role.
    Role,
    /// Sight.
    Sight,
    /// Power.
    Power,
    /// A share.
    Share,
    /// What limits: a ceiling, an override, `requires`.
    Limit,
    /// What takes away, or is missing.
    Denial,
    /// What decided.
    Decided,
}

/// A line from one card to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// The card from which it leads, by its number.
    pub from: usize,
    /// The row from which it leads, by its number; the title where there is none.
    pub row: Option<usize>,
    /// The card to which it leads, by its number.
    pub to: usize,
    /// What it stands for.
    pub kind: LinkKind,
}

/// What lines stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// It stands in the other.
    In,
    /// It is a member of the other.
    Member,
    /// It holds a role on the other.
    Holds,
    /// It can be, or is, shared with the other.
    Share,
    /// Roles on it replace those on the other.
    Override,
    /// It led to what was decided.
    Decided,
    /// It is missing.
    Missing,
}

impl LinkKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::In,
        Self::Member,
        Self::Holds,
        Self::Share,
        Self::Override,
        Self::Decided,
        Self::Missing,
    ];

    /// What it says in words.
    pub fn word(self) -> &'static str {
        match self {
            Self::In => "stands in",
            Self::Member => "member of",
            Self::Holds => "holds a role on",
            Self::Share => "shared with",
            Self::Override => "overrides",
            Self::Decided => "decided",
            Self::Missing => "missing",
        }
    }
}

impl Picture {
    /// Adds a card and tells its number.
    pub fn add(&mut self, card: Card) -> usize {
        self.cards.push(card);
        self.cards.len() - 1
    }

    /// Adds a line, from a row or from a whole card.
    pub fn link(&mut self, from: usize, row: Option<usize>, to: usize, kind: LinkKind) {
        self.links.push(Link {
            from,
            row,
            to,
            kind,
        });
    }

    /// The kinds of lines that there are in it.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = LinkKind> {
        let kinds = LinkKind::ALL.into_iter();
        kinds.filter(|kind| self.links.iter().any(|link| link.kind == *kind))
    }
}

impl Card {
    /// A card without rows.
    pub fn new(kind: CardKind, title: impl Into<String>) -> Self {
        Self {
            kind,
            title: title.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row and tells its number.
    pub fn row(&mut self, tone: Tone, depth: usize, text: impl Into<String>) -> usize {
        self.rows.push(Row {
            tone,
            depth,
            text: text.into(),
        });
        self.rows.len() - 1
    }
}
