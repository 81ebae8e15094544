//! Facts that own nothing: what is read from a line, or a [`Fact`] as it is looked at.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::fact::{Fact, FactKind, Holder, Place};
use crate::literal::EntityName;
use crate::plan::Value;

/// The name of an entity.
#[derive(Clone, Debug)]
pub(crate) struct NameRef<'a> {
    pub(crate) type_name: &'a str,
    /// Owned only where it was written with escapes.
    pub(crate) id: Cow<'a, str>,
}

/// Who holds a role.
#[derive(Clone, Debug)]
pub(crate) enum HolderRef<'a> {
    Anyone,
    Entity(NameRef<'a>),
    Set { of: NameRef<'a>, role: &'a str },
}

/// Several entities; most facts name one.
pub(crate) type NameRefs<'a> = SmallVec<[NameRef<'a>; 1]>;

/// Attributes by their names; most facts say one, or none.
pub(crate) type AttributeRefs<'a> = SmallVec<[(&'a str, &'a Value); 1]>;

/// The forms of facts, as those of [`FactKind`].
#[derive(Clone, Debug)]
pub(crate) enum KindRef<'a> {
    Entity {
        entity: NameRef<'a>,
        containers: NameRefs<'a>,
        until: Option<i64>,
        attributes: AttributeRefs<'a>,
    },
    Holding {
        subject: HolderRef<'a>,
        role: &'a str,
        of: NameRef<'a>,
        until: Option<i64>,
    },
    Share {
        entity: NameRef<'a>,
        with: NameRef<'a>,
        level: &'a str,
        until: Option<i64>,
    },
    CustomRole {
        role: &'a str,
        of: NameRef<'a>,
        can: SmallVec<[&'a str; 1]>,
        description: Option<&'a str>,
    },
    Relation {
        entity: NameRef<'a>,
        relation: &'a str,
        target: NameRef<'a>,
    },
}

/// A fact, and where it was stated if the world is to know that.
#[derive(Clone, Debug)]
pub(crate) struct FactRef<'a> {
    pub(crate) kind: KindRef<'a>,
    pub(crate) place: Option<&'a Place>,
}

impl NameRef<'_> {
    pub(crate) fn to_name(&self) -> EntityName {
        EntityName::new(self.type_name, &*self.id)
    }
}

impl<'a> From<&'a EntityName> for NameRef<'a> {
    fn from(name: &'a EntityName) -> Self {
        Self {
            type_name: &name.type_name,
            id: Cow::Borrowed(&name.id),
        }
    }
}

impl<'a> From<&'a Holder> for HolderRef<'a> {
    fn from(holder: &'a Holder) -> Self {
        match holder {
            Holder::Anyone => Self::Anyone,
            Holder::Entity(name) => Self::Entity(name.into()),
            Holder::Set { of, role } => Self::Set {
                of: of.into(),
                role,
            },
        }
    }
}

impl<'a> From<&'a FactKind> for KindRef<'a> {
    fn from(kind: &'a FactKind) -> Self {
        match kind {
            FactKind::Entity {
                entity,
                containers,
                until,
                attributes,
            } => Self::Entity {
                entity: entity.into(),
                containers: containers.iter().map(NameRef::from).collect(),
                until: *until,
                attributes: attributes
                    .iter()
                    .map(|(name, value)| (&**name, value))
                    .collect(),
            },
            FactKind::Holding {
                subject,
                role,
                of,
                until,
            } => Self::Holding {
                subject: subject.into(),
                role,
                of: of.into(),
                until: *until,
            },
            FactKind::Share {
                entity,
                with,
                level,
                until,
            } => Self::Share {
                entity: entity.into(),
                with: with.into(),
                level,
                until: *until,
            },
            FactKind::CustomRole {
                role,
                of,
                can,
                description,
            } => Self::CustomRole {
                role,
                of: of.into(),
                can: can.iter().map(String::as_str).collect(),
                description: description.as_deref(),
            },
            FactKind::Relation {
                entity,
                relation,
                target,
            } => Self::Relation {
                entity: entity.into(),
                relation,
                target: target.into(),
            },
        }
    }
}

impl<'a> From<&'a Fact> for FactRef<'a> {
    fn from(fact: &'a Fact) -> Self {
        Self {
            kind: (&fact.kind).into(),
            place: fact.place.as_ref(),
        }
    }
}

impl KindRef<'_> {
    pub(crate) fn to_kind(&self) -> FactKind {
        match self {
            Self::Entity {
                entity,
                containers,
                until,
                attributes,
            } => FactKind::Entity {
                entity: entity.to_name(),
                containers: containers.iter().map(NameRef::to_name).collect(),
                until: *until,
                attributes: attributes
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).clone()))
                    .collect(),
            },
            Self::Holding {
                subject,
                role,
                of,
                until,
            } => FactKind::Holding {
                subject: match subject {
                    HolderRef::Anyone => Holder::Anyone,
                    HolderRef::Entity(name) => Holder::Entity(name.to_name()),
                    HolderRef::Set { of, role } => Holder::Set {
                        of: of.to_name(),
                        role: (*role).to_owned(),
                    },
                },
                role: (*role).to_owned(),
                of: of.to_name(),
                until: *until,
            },
            Self::Share {
                entity,
                with,
                level,
                until,
            } => FactKind::Share {
                entity: entity.to_name(),
                with: with.to_name(),
                level: (*level).to_owned(),
                until: *until,
            },
            Self::CustomRole {
                role,
                of,
                can,
                description,
            } => FactKind::CustomRole {
                role: (*role).to_owned(),
                of: of.to_name(),
                can: can.iter().map(|name| (*name).to_owned()).collect(),
                description: description.map(str::to_owned),
            },
            Self::Relation {
                entity,
                relation,
                target,
            } => FactKind::Relation {
                entity: entity.to_name(),
                relation: (*relation).to_owned(),
                target: target.to_name(),
            },
        }
    }
}
