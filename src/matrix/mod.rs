//! Tables for those who audit: which role gives which action, and who may do what in a world.
//!
//! The first are read off the plan, the second are asked of the evaluator, cell by cell.

mod html;
mod roles;
mod text;
mod world;

use serde::Serialize;

pub(crate) use html::{STYLE, legend, role_table, world_table};

/// What each role gives, a table for each type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleMatrix {
    /// The tables, in the order of the policy.
    pub tables: Vec<RoleTable>,
}

/// What each role gives on the entities of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleTable {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The actions asked of it: `view`, or `Doc.create` where another type declares it.
    pub actions: Vec<String>,
    /// The roles that show or give something here, or cap it; then the levels at which it is shared, and
    /// the rules that show or give something.
    pub rows: Vec<RoleRow>,
}

/// What one role gives on the entities of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleRow {
    /// What gives it.
    pub kind: RowKind,
    /// `Member of Team`, `read with Team`, or the text of the rule.
    pub name: String,
    /// What else there is to know: what it requires, who may hold it, its ceiling.
    pub notes: Vec<String>,
    /// Whether it shows the entity.
    pub sees: Cell,
    /// What it gives, in the order of the actions.
    pub cells: Vec<Cell>,
}

/// The kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// A role.
    Role,
    /// A level of a share: what it lets through.
    Level,
    /// A `permit` or `reveal` rule.
    Rule,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// What it comes to.
    pub state: State,
    /// It is given where one of these holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<String>,
    /// And where none of these does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
}

/// What a cell comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Given, without a condition.
    Allowed,
    /// Given under conditions.
    Conditional,
    /// The ceiling of this role keeps it out, whatever other roles give.
    Capped,
    /// Not given.
    #[default]
    Never,
}

/// Who may do what on the entities of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WorldTable {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The actions asked of it, as `Type.action`.
    pub actions: Vec<String>,
    /// Who asks, one a row.
    pub subjects: Vec<String>,
    /// What is asked about, one a column.
    pub resources: Vec<String>,
    /// The answers, row by row.
    pub cells: Vec<Vec<Answer>>,
    /// How many subjects have no row.
    pub subjects_left_out: usize,
    /// How many entities of the type have no column.
    pub resources_left_out: usize,
}

/// What a subject sees and may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Whether it sees the entity.
    pub sees: bool,
    /// What it may do there, as `Type.action`.
    pub actions: Vec<String>,
    /// Whether a condition could not be read, and so gave nothing.
    pub unread: bool,
}

/// How much of a world is asked about.
#[derive(Clone, Debug)]
pub struct Extent {
    /// Only these types; every scope and resource where there are none.
    pub types: Vec<String>,
    /// At most so many subjects.
    pub subjects: usize,
    /// At most so many entities of each type.
    pub resources: usize,
}

impl Cell {
    fn of(when: Option<Vec<String>>, unless: Vec<String>) -> Self {
        let state = match &when {
            None => return Self::default(),
            Some(when) if when.is_empty() && unless.is_empty() => State::Allowed,
            Some(_) => State::Conditional,
        };
        let when = when.unwrap_or_default();
        Self {
            state,
            when,
            unless,
        }
    }

    /// Its conditions in words: `if a, or if b, unless c`; empty where it has none.
    pub fn conditions(&self) -> String {
        let when = self.when.iter().map(|when| format!("if {when}"));
        let mut words = when.collect::<Vec<_>>().join(", or ");
        if !self.unless.is_empty() {
            if !words.is_empty() {
                words.push_str(", ");
            }
            words.push_str(&format!("unless {}", self.unless.join(", or ")));
        }
        words
    }
}

impl State {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Conditional => "conditional",
            Self::Capped => "capped",
            Self::Never => "never",
        }
    }
}

/// What the words in tables of roles mean, one after the other.
pub(crate) const LEGEND: [(State, &str); 4] = [
    (State::Allowed, "gives it, without a condition"),
    (
        State::Conditional,
        "gives it under the conditions that are named",
    ),
    (
        State::Capped,
        "a ceiling of this role keeps it out, whatever other roles give",
    ),
    (State::Never, "does not give it"),
];

/// What has to be known of tables of roles.
pub(crate) const RULES: &str = "An action can be taken where a row gives it and some row shows the thing: sight and \
power may come from different roles. A level gives nothing; it tells what goes through the window of a share.";
