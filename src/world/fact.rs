//! Facts: one statement of the world each, by name, as text and JSON write them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::literal::{self, EntityName};
use crate::plan::Value;

/// Where a fact was stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the file.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One statement of the world.
///
/// With serde it has the JSON form that `docs/facts.md` shows: `{"entity": …, "in": […],
/// "attributes": {…}}`, `{"subject": …, "role": …, "of": …}`, `{"share": …, "with": …, "at": …}`,
/// `{"entity": …, "relation": …, "to": …}`; `until` where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it says.
    pub kind: FactKind,
    /// Where it was stated, if in a file.
    pub place: Option<Place>,
}

/// Who holds a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// `anyone`: everybody, known to the world or not.
    Anyone,
    /// A subject, or a group.
    Entity(EntityName),
    /// `Team:ml#Member`: whoever holds a role somewhere. The form is that of Zanzibar's usersets.
    Set {
        /// Where that role is held.
        of: EntityName,
        /// That role.
        role: String,
    },
}

impl fmt::Display for Holder {
    /// Writes the holder as it stands in a fact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Entity(name) => write!(f, "{name}"),
            Self::Set { of, role } => write!(f, "{of}#{role}"),
        }
    }
}

impl std::str::FromStr for Holder {
    type Err = literal::EntityNameError;

    /// Reads a holder as [`Display`](fmt::Display) writes it. An id with a `#` in it wants quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "anyone" {
            return Ok(Self::Anyone);
        }
        match text.rsplit_once('#') {
            Some((of, role)) if !role.ends_with('"') => Ok(Self::Set {
                of: of.parse()?,
                role: role.to_owned(),
            }),
            _ => text.parse().map(Self::Entity),
        }
    }
}

/// The forms of facts. Moments are milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactKind {
    /// `Team:ml in Organization:acme { cost: "42" }`
    Entity {
        /// The entity.
        entity: EntityName,
        /// What it stands in, or the groups that it is a member of.
        containers: Vec<EntityName>,
        /// When the memberships end.
        until: Option<i64>,
        /// Its attributes.
        attributes: BTreeMap<String, Value>,
    },
    /// `User:bob is Member of Team:ml`
    Holding {
        /// Who holds.
        subject: Holder,
        /// The role.
        role: String,
        /// Where it is held.
        of: EntityName,
        /// When it ends.
        until: Option<i64>,
    },
    /// `share Volume:data with Team:platform at read`
    Share {
        /// What is shared.
        entity: EntityName,
        /// The scope that it is shared with.
        with: EntityName,
        /// The level.
        level: String,
        /// When it ends.
        until: Option<i64>,
    },
    /// `role Developer of Account:acme can compute.view { description: "…" }`
    CustomRole {
        /// The role.
        role: String,
        /// Where it may be held.
        of: EntityName,
        /// The actions and permission groups that it gives, by name.
        can: Vec<String>,
        /// What people are told about it.
        description: Option<String>,
    },
    /// `Doc:readme owner User:alice`
    Relation {
        /// Where the edge begins.
        entity: EntityName,
        /// Its name.
        relation: String,
        /// Where it ends.
        target: EntityName,
    },
}

impl From<FactKind> for Fact {
    fn from(kind: FactKind) -> Self {
        Self { kind, place: None }
    }
}

fn write_until(f: &mut fmt::Formatter<'_>, until: Option<i64>) -> fmt::Result {
    match until {
        Some(until) => write!(f, " until {}", literal::format_datetime(until)),
        None => Ok(()),
    }
}

impl fmt::Display for FactKind {
    /// Writes the fact as it stands in a world file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entity {
                entity,
                containers,
                until,
                attributes,
            } => {
                write!(f, "{entity}")?;
                for (index, container) in containers.iter().enumerate() {
                    f.write_str(if index == 0 { " in " } else { ", " })?;
                    write!(f, "{container}")?;
                }
                write_until(f, *until)?;
                for (index, (name, value)) in attributes.iter().enumerate() {
                    f.write_str(if index == 0 { " { " } else { ", " })?;
                    write!(f, "{name}: {value}")?;
                }
                f.write_str(if attributes.is_empty() { "" } else { " }" })
            }
            Self::Holding {
                subject,
                role,
                of,
                until,
            } => {
                write!(f, "{subject} is {role} of {of}")?;
                write_until(f, *until)
            }
            Self::Share {
                entity,
                with,
                level,
                until,
            } => {
                write!(f, "share {entity} with {with} at {level}")?;
                write_until(f, *until)
            }
            Self::CustomRole {
                role,
                of,
                can,
                description,
            } => {
                write!(f, "role {role} of {of}")?;
                for (index, permission) in can.iter().enumerate() {
                    f.write_str(if index == 0 { " can " } else { ", " })?;
                    f.write_str(permission)?;
                }
                match description {
                    Some(text) => write!(f, " {{ description: {} }}", literal::quote(text)),
                    None => Ok(()),
                }
            }
            Self::Relation {
                entity,
                relation,
                target,
            } => write!(f, "{entity} {relation} {target}"),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}
