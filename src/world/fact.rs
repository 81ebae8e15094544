//! Facts: one statement of the world each, by name, as text and JSON write them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "JsonFact", into = "JsonFact")]
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

/// The JSON form: one flat object, told apart by the keys that it has.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a fact as an object")]
struct JsonFact {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<String>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    containers: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attributes: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    with: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    can: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

const FORMS: &str = "a fact has the keys `entity` (with `in`, `attributes`), `entity`, `relation` and `to`, `subject`, `role` and `of`, `role`, `of` and `can`, or `share`, `with` and `at`";

impl TryFrom<JsonFact> for Fact {
    type Error = String;

    fn try_from(json: JsonFact) -> Result<Self, String> {
        let entity = |text: String| {
            text.parse::<EntityName>()
                .map_err(|error| error.to_string())
        };
        let moment =
            |text| literal::parse_datetime(text).ok_or_else(|| format!("`{text}` is no time"));
        let until = json.until.as_deref().map(moment).transpose()?;
        let kind = match json {
            JsonFact {
                entity: Some(from),
                relation: Some(relation),
                to: Some(to),
                containers: None,
                attributes: None,
                subject: None,
                role: None,
                of: None,
                share: None,
                with: None,
                at: None,
                until: None,
                can: None,
                description: None,
            } => FactKind::Relation {
                entity: entity(from)?,
                relation,
                target: entity(to)?,
            },
            JsonFact {
                entity: Some(name),
                containers,
                attributes,
                until: _,
                relation: None,
                to: None,
                subject: None,
                role: None,
                of: None,
                share: None,
                with: None,
                at: None,
                can: None,
                description: None,
            } => FactKind::Entity {
                entity: entity(name)?,
                containers: containers
                    .unwrap_or_default()
                    .into_iter()
                    .map(entity)
                    .collect::<Result<_, _>>()?,
                until,
                attributes: match attributes {
                    None => BTreeMap::new(),
                    Some(Value::Record(attributes)) => attributes,
                    Some(_) => return Err("`attributes` is an object".into()),
                },
            },
            JsonFact {
                subject: Some(subject),
                role: Some(role),
                of: Some(of),
                until: _,
                entity: None,
                containers: None,
                attributes: None,
                relation: None,
                to: None,
                share: None,
                with: None,
                at: None,
                can: None,
                description: None,
            } => FactKind::Holding {
                subject: subject
                    .parse()
                    .map_err(|error: literal::EntityNameError| error.to_string())?,
                role,
                of: entity(of)?,
                until,
            },
            JsonFact {
                share: Some(shared),
                with: Some(with),
                at: Some(level),
                until: _,
                entity: None,
                containers: None,
                attributes: None,
                relation: None,
                to: None,
                subject: None,
                role: None,
                of: None,
                can: None,
                description: None,
            } => FactKind::Share {
                entity: entity(shared)?,
                with: entity(with)?,
                level,
                until,
            },
            JsonFact {
                role: Some(role),
                of: Some(of),
                can,
                description,
                entity: None,
                containers: None,
                attributes: None,
                relation: None,
                to: None,
                subject: None,
                share: None,
                with: None,
                at: None,
                until: None,
            } => FactKind::CustomRole {
                role,
                of: entity(of)?,
                can: can.unwrap_or_default(),
                description,
            },
            _ => return Err(FORMS.into()),
        };
        Ok(kind.into())
    }
}

impl From<Fact> for JsonFact {
    fn from(fact: Fact) -> Self {
        let moment = |until: Option<i64>| until.map(literal::format_datetime);
        match fact.kind {
            FactKind::Entity {
                entity,
                containers,
                until,
                attributes,
            } => Self {
                entity: Some(entity.to_string()),
                containers: (!containers.is_empty())
                    .then(|| containers.iter().map(EntityName::to_string).collect()),
                attributes: (!attributes.is_empty()).then_some(Value::Record(attributes)),
                until: moment(until),
                ..Self::default()
            },
            FactKind::Holding {
                subject,
                role,
                of,
                until,
            } => Self {
                subject: Some(subject.to_string()),
                role: Some(role),
                of: Some(of.to_string()),
                until: moment(until),
                ..Self::default()
            },
            FactKind::Share {
                entity,
                with,
                level,
                until,
            } => Self {
                share: Some(entity.to_string()),
                with: Some(with.to_string()),
                at: Some(level),
                until: moment(until),
                ..Self::default()
            },
            FactKind::CustomRole {
                role,
                of,
                can,
                description,
            } => Self {
                role: Some(role),
                of: Some(of.to_string()),
                can: (!can.is_empty()).then_some(can),
                description,
                ..Self::default()
            },
            FactKind::Relation {
                entity,
                relation,
                target,
            } => Self {
                entity: Some(entity.to_string()),
                relation: Some(relation),
                to: Some(target.to_string()),
                ..Self::default()
            },
        }
    }
}
