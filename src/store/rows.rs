//! Facts as rows: one thing that is said in each, by a key that never changes.
//!
//! The key has the kind of the row and up to three names; the value is what may be said of it anew: when it
//! ends, the value of an attribute, a description.

use std::collections::BTreeMap;

use crate::plan::Value;
use crate::world::{Fact, FactKind, Holder, World};

/// What identifies a row: its kind, and names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u8, pub(super) [String; 3]);

/// The kinds of rows. Their numbers are part of the format.
mod kind {
    /// Entity.
    pub(super) const ENTITY: u8 = 1;
    /// Entity, what it stands in or is a member of: when that ends.
    pub(super) const IN: u8 = 2;
    /// Entity, name: the value as JSON.
    pub(super) const ATTRIBUTE: u8 = 3;
    /// Place, role, and a permission of it, or nothing: then the description as JSON.
    pub(super) const ROLE: u8 = 4;
    /// Place, role, holder: when it ends.
    pub(super) const HOLDING: u8 = 5;
    /// Entity, scope, level: when it ends.
    pub(super) const SHARE: u8 = 6;
    /// Entity, relation, entity.
    pub(super) const RELATION: u8 = 7;
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It is there with this value, whatever it had before.
    Put(Key, String),
    /// It is there; the value only counts if it is new.
    Ensure(Key, String),
    /// It is there until the later of this end and the one that it had.
    Extend(Key, Option<i64>),
    /// It is there no longer.
    Delete(Key),
}

impl Edit {
    /// The row that it is about.
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::Put(key, _) | Self::Ensure(key, _) | Self::Extend(key, _) | Self::Delete(key) => {
                key
            }
        }
    }
}

/// When a row ends, as it is written: nothing where it does not.
pub(super) fn end(until: Option<i64>) -> String {
    until.map_or_else(String::new, |until| until.to_string())
}

/// The later of two ends as they are written.
pub(super) fn later<'e>(one: &'e str, other: &'e str) -> &'e str {
    match (one.parse::<i64>(), other.parse::<i64>()) {
        (Ok(first), Ok(second)) if first < second => other,
        (Ok(_), Err(_)) => other,
        _ => one,
    }
}

fn key<const N: usize>(kind: u8, names: [&dyn ToString; N]) -> Key {
    let mut key = Key(kind, Default::default());
    for (place, name) in key.1.iter_mut().zip(names) {
        *place = name.to_string();
    }
    key
}

/// A value as JSON. What is written so is read as the same: the type that an attribute is declared
/// with tells what a text means.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// What adding a fact does.
pub(super) fn added(fact: &FactKind, edits: &mut Vec<Edit>) {
    match fact {
        FactKind::Entity {
            entity,
            containers,
            until,
            attributes,
        } => {
            edits.push(Edit::Ensure(key(kind::ENTITY, [entity]), String::new()));
            for container in containers {
                edits.push(Edit::Extend(key(kind::IN, [entity, container]), *until));
            }
            for (name, value) in attributes {
                edits.push(Edit::Put(key(kind::ATTRIBUTE, [entity, name]), json(value)));
            }
        }
        FactKind::Holding {
            subject,
            role,
            of,
            until,
        } => edits.push(Edit::Extend(
            key(kind::HOLDING, [of, role, subject]),
            *until,
        )),
        FactKind::Share {
            entity,
            with,
            level,
            until,
        } => edits.push(Edit::Extend(
            key(kind::SHARE, [entity, with, level]),
            *until,
        )),
        FactKind::CustomRole {
            role,
            of,
            can,
            description,
        } => {
            let this = key(kind::ROLE, [of, role]);
            edits.push(match description {
                Some(text) => Edit::Put(this, json(text)),
                None => Edit::Ensure(this, String::new()),
            });
            for permission in can {
                let this = key(kind::ROLE, [of, role, permission]);
                edits.push(Edit::Ensure(this, String::new()));
            }
        }
        FactKind::Relation {
            entity,
            relation,
            target,
        } => {
            let this = key(kind::RELATION, [entity, relation, target]);
            edits.push(Edit::Ensure(this, String::new()));
        }
    }
}

/// What removing a fact from a world does.
pub(super) fn removed(world: &World, fact: &FactKind, edits: &mut Vec<Edit>) {
    match fact {
        FactKind::Entity {
            entity,
            containers,
            attributes,
            ..
        } if containers.is_empty() && attributes.is_empty() => {
            for fact in world.facts_naming(entity) {
                gone(&fact.kind, edits);
            }
        }
        FactKind::CustomRole {
            role,
            of,
            can,
            description,
        } => {
            let has = |holder: &Holder| matches!(holder, Holder::Set { of: at, role: held } if (at, held) == (of, role));
            let whole = can.is_empty() && description.is_none();
            if whole {
                // The role with whoever holds it, and with what its holders hold as a set.
                for fact in world.facts_naming(of) {
                    let goes = match &fact.kind {
                        FactKind::CustomRole {
                            role: name, of: at, ..
                        } => (at, name) == (of, role),
                        FactKind::Holding {
                            subject,
                            role: held,
                            of: at,
                            ..
                        } => (at, held) == (of, role) || has(subject),
                        _ => false,
                    };
                    if goes {
                        gone(&fact.kind, edits);
                    }
                }
                return;
            }
            for permission in can {
                edits.push(Edit::Delete(key(kind::ROLE, [of, role, permission])));
            }
            if description.is_some() {
                edits.push(Edit::Put(key(kind::ROLE, [of, role]), String::new()));
            }
        }
        other => gone(other, edits),
    }
}

/// A fact that goes with all that it says; of an entity only what it stands in and its attributes,
/// if it says any.
pub(super) fn gone(fact: &FactKind, edits: &mut Vec<Edit>) {
    let mut rows = Vec::new();
    added(fact, &mut rows);
    let parts = matches!(fact, FactKind::Entity { containers, attributes, .. } if !containers.is_empty() || !attributes.is_empty());
    let keys = rows.iter().map(|edit| edit.key().clone());
    let keys = keys.filter(|key| !(parts && key.0 == kind::ENTITY));
    edits.extend(keys.map(Edit::Delete));
}

/// The fact that a row says; nothing if it is none.
pub(super) fn fact(kind: u8, [a, b, c]: [&str; 3], value: &str) -> Option<Fact> {
    let until = match value {
        "" => None,
        end if matches!(kind, kind::IN | kind::HOLDING | kind::SHARE) => Some(end.parse().ok()?),
        _ => None,
    };
    let about = |containers, attributes| {
        Some(FactKind::Entity {
            entity: a.parse().ok()?,
            containers,
            until,
            attributes,
        })
    };
    let said = match kind {
        kind::ENTITY => about(Vec::new(), BTreeMap::new())?,
        kind::IN => about(vec![b.parse().ok()?], BTreeMap::new())?,
        kind::ATTRIBUTE => {
            let value: Value = serde_json::from_str(value).ok()?;
            about(Vec::new(), BTreeMap::from([(b.to_owned(), value)]))?
        }
        kind::ROLE => FactKind::CustomRole {
            role: b.to_owned(),
            of: a.parse().ok()?,
            can: if c.is_empty() {
                Vec::new()
            } else {
                vec![c.to_owned()]
            },
            description: match value {
                "" => None,
                text => Some(serde_json::from_str(text).ok()?),
            },
        },
        kind::HOLDING => FactKind::Holding {
            subject: c.parse().ok()?,
            role: b.to_owned(),
            of: a.parse().ok()?,
            until,
        },
        kind::SHARE => FactKind::Share {
            entity: a.parse().ok()?,
            with: b.parse().ok()?,
            level: c.to_owned(),
            until,
        },
        kind::RELATION => FactKind::Relation {
            entity: a.parse().ok()?,
            relation: b.to_owned(),
            target: c.parse().ok()?,
        },
        _ => return None,
    };
    Some(Fact::from(said))
}

/// A number that tells a row from others. The sum of all of them tells whether any has changed.
pub(super) fn fingerprint(kind: u8, names: [&str; 3], value: &str) -> u64 {
    // FNV-1a, which is short, and the same for ever.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut mix = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    mix(kind);
    for text in names.into_iter().chain([value]) {
        text.bytes().for_each(&mut mix);
        // No byte of UTF-8, so that no two rows run together.
        mix(0xff);
    }
    hash
}
