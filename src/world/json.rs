//! Facts in their JSON form: one flat object, told apart by the keys that it has.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smallvec::SmallVec;

use super::borrowed::{HolderRef, KindRef, NameRef};
use super::fact::{Fact, FactKind};
use crate::literal::{self, EntityName, EntityNameError};
use crate::plan::Value;

/// A text that is borrowed from the line where it has no escapes.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

/// A list of texts; most have one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts<'a>(pub(crate) SmallVec<[Text<'a>; 1]>);

impl<'a> Texts<'a> {
    #[cfg(feature = "compiler")]
    pub(crate) fn one(text: Text<'a>) -> Self {
        Self(smallvec::smallvec![text])
    }
}

/// Attributes as they stand in an object; most facts say one, or none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes<'a>(pub(crate) SmallVec<[(Text<'a>, Value); 1]>);

/// The keys of all forms.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct JsonFact<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entity: Option<Text<'a>>,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub(crate) containers: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attributes: Option<Attributes<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) relation: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) share: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) with: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) can: Option<Texts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<Text<'a>>,
}

/// A key, in lower case.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Entity,
    In,
    Attributes,
    Relation,
    To,
    Subject,
    Role,
    Of,
    Share,
    With,
    At,
    Until,
    Can,
    Description,
}

impl Key {
    /// One bit for each key.
    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

const FORMS: &str = "a fact has the keys `entity` (with `in`, `attributes`), `entity`, `relation` and `to`, `subject`, `role` and `of`, `role`, `of` and `can`, or `share`, `with` and `at`";

impl JsonFact<'_> {
    fn keys(&self) -> u16 {
        let there = [
            (self.entity.is_some(), Key::Entity.bit()),
            (self.containers.is_some(), Key::In.bit()),
            (self.attributes.is_some(), Key::Attributes.bit()),
            (self.relation.is_some(), Key::Relation.bit()),
            (self.to.is_some(), Key::To.bit()),
            (self.subject.is_some(), Key::Subject.bit()),
            (self.role.is_some(), Key::Role.bit()),
            (self.of.is_some(), Key::Of.bit()),
            (self.share.is_some(), Key::Share.bit()),
            (self.with.is_some(), Key::With.bit()),
            (self.at.is_some(), Key::At.bit()),
            (self.until.is_some(), Key::Until.bit()),
            (self.can.is_some(), Key::Can.bit()),
            (self.description.is_some(), Key::Description.bit()),
        ];
        let there = there.iter().filter(|(there, _)| *there);
        there.fold(0, |keys, (_, key)| keys | key)
    }

    /// The fact that the object states.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn fact(&self) -> Result<KindRef<'_>, String> {
        let until = match &self.until {
            Some(Text(text)) => {
                Some(literal::parse_datetime(text).ok_or_else(|| format!("`{text}` is no time"))?)
            }
            None => None,
        };
        let keys = self.keys();
        let is =
            |needed: u16, others: u16| keys & needed == needed && keys & !(needed | others) == 0;
        if is(Key::Entity.bit() | Key::Relation.bit() | Key::To.bit(), 0) {
            Ok(KindRef::Relation {
                entity: name(text(&self.entity))?,
                relation: text(&self.relation),
                target: name(text(&self.to))?,
            })
        } else if is(
            Key::Entity.bit(),
            Key::In.bit() | Key::Attributes.bit() | Key::Until.bit(),
        ) {
            let containers = self.containers.iter().flat_map(|texts| &texts.0);
            Ok(KindRef::Entity {
                entity: name(text(&self.entity))?,
                containers: containers
                    .map(|Text(text)| name(text))
                    .collect::<Result<_, _>>()?,
                until,
                attributes: self
                    .attributes
                    .iter()
                    .flat_map(|attributes| &attributes.0)
                    .map(|(Text(name), value)| (&**name, value))
                    .collect(),
            })
        } else if is(
            Key::Subject.bit() | Key::Role.bit() | Key::Of.bit(),
            Key::Until.bit(),
        ) {
            Ok(KindRef::Holding {
                subject: holder(text(&self.subject))?,
                role: text(&self.role),
                of: name(text(&self.of))?,
                until,
            })
        } else if is(
            Key::Share.bit() | Key::With.bit() | Key::At.bit(),
            Key::Until.bit(),
        ) {
            Ok(KindRef::Share {
                entity: name(text(&self.share))?,
                with: name(text(&self.with))?,
                level: text(&self.at),
                until,
            })
        } else if is(
            Key::Role.bit() | Key::Of.bit(),
            Key::Can.bit() | Key::Description.bit(),
        ) {
            let can = self.can.iter().flat_map(|texts| &texts.0);
            Ok(KindRef::CustomRole {
                role: text(&self.role),
                of: name(text(&self.of))?,
                can: can.map(|Text(text)| &**text).collect(),
                description: self.description.as_ref().map(|Text(text)| &**text),
            })
        } else {
            Err(FORMS.into())
        }
    }
}

/// A key that is there.
fn text<'t>(text: &'t Option<Text<'_>>) -> &'t str {
    text.as_ref().map_or("", |Text(text)| text)
}

fn name(text: &str) -> Result<NameRef<'_>, String> {
    let (type_name, id) =
        literal::split_entity(text).ok_or_else(|| EntityNameError::new(text).to_string())?;
    Ok(NameRef { type_name, id })
}

/// Reads a holder: `anyone`, a name, or a set. An id with a `#` in it wants quotes.
pub(super) fn holder(text: &str) -> Result<HolderRef<'_>, String> {
    if text == "anyone" {
        return Ok(HolderRef::Anyone);
    }
    let set = match text.bytes().any(|b| b == b'#') {
        true => text.rsplit_once('#'),
        false => None,
    };
    match set {
        Some((of, role)) if !role.ends_with('"') => Ok(HolderRef::Set {
            of: name(of)?,
            role,
        }),
        _ => name(text).map(HolderRef::Entity),
    }
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = JsonFact::deserialize(deserializer)?;
        let kind = json.fact().map_err(de::Error::custom)?;
        Ok(kind.to_kind().into())
    }
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JsonFact::from(&self.kind).serialize(serializer)
    }
}

/// Reads an object into a fact that has no keys yet. It is large, so that handing it on would cost
/// as much as reading it.
impl<'de: 'a, 'a> DeserializeSeed<'de> for &mut JsonFact<'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for &mut JsonFact<'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fact as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0u16;
        while let Some(key) = map.next_key::<Key>()? {
            if seen & key.bit() != 0 {
                let key = format!("{key:?}").to_lowercase();
                return Err(de::Error::custom(format!("`{key}` is said twice")));
            }
            seen |= key.bit();
            match key {
                Key::Entity => self.entity = map.next_value()?,
                Key::In => self.containers = map.next_value()?,
                Key::Attributes => self.attributes = map.next_value()?,
                Key::Relation => self.relation = map.next_value()?,
                Key::To => self.to = map.next_value()?,
                Key::Subject => self.subject = map.next_value()?,
                Key::Role => self.role = map.next_value()?,
                Key::Of => self.of = map.next_value()?,
                Key::Share => self.share = map.next_value()?,
                Key::With => self.with = map.next_value()?,
                Key::At => self.at = map.next_value()?,
                Key::Until => self.until = map.next_value()?,
                Key::Can => self.can = map.next_value()?,
                Key::Description => self.description = map.next_value()?,
            }
        }
        Ok(())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for JsonFact<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fact = Self::default();
        DeserializeSeed::deserialize(&mut fact, deserializer)?;
        Ok(fact)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a str>);

        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Texts<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Texts<'a>, A::Error> {
                let mut texts = Texts::default();
                while let Some(text) = seq.next_element()? {
                    texts.0.push(text);
                }
                Ok(texts)
            }
        }

        deserializer.deserialize_seq(Reader(PhantomData))
    }
}

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<'a>(PhantomData<&'a str>);

        impl<'de: 'a, 'a> Visitor<'de> for Reader<'a> {
            type Value = Attributes<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of attributes")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes<'a>, A::Error> {
                let mut all = Attributes::default();
                while let Some(attribute) = map.next_entry()? {
                    all.0.push(attribute);
                }
                // In order, as they are told; a name that stands there twice does so one behind the other.
                all.0.sort_by(|(a, _), (b, _)| a.0.cmp(&b.0));
                let mut pairs = all.0.array_windows::<2>();
                match pairs.find(|[(a, _), (b, _)]| a.0 == b.0) {
                    Some([(Text(name), _), _]) => {
                        Err(de::Error::custom(format!("`{name}` is said twice")))
                    }
                    None => Ok(all),
                }
            }
        }

        deserializer.deserialize_map(Reader(PhantomData))
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'a> From<&'a FactKind> for JsonFact<'a> {
    fn from(kind: &'a FactKind) -> Self {
        let name = |name: &EntityName| Text(Cow::Owned(name.to_string()));
        let moment = |until: &Option<i64>| {
            until.map(|until| Text(Cow::Owned(literal::format_datetime(until))))
        };
        let word = |word: &'a str| Text(Cow::Borrowed(word));
        match kind {
            FactKind::Entity {
                entity,
                containers,
                until,
                attributes,
            } => Self {
                entity: Some(name(entity)),
                containers: (!containers.is_empty())
                    .then(|| Texts(containers.iter().map(name).collect())),
                attributes: (!attributes.is_empty()).then(|| {
                    let named = |(name, value): (&'a String, &Value)| (word(name), value.clone());
                    Attributes(attributes.iter().map(named).collect())
                }),
                until: moment(until),
                ..Self::default()
            },
            FactKind::Holding {
                subject,
                role,
                of,
                until,
            } => Self {
                subject: Some(Text(Cow::Owned(subject.to_string()))),
                role: Some(word(role)),
                of: Some(name(of)),
                until: moment(until),
                ..Self::default()
            },
            FactKind::Share {
                entity,
                with,
                level,
                until,
            } => Self {
                share: Some(name(entity)),
                with: Some(name(with)),
                at: Some(word(level)),
                until: moment(until),
                ..Self::default()
            },
            FactKind::CustomRole {
                role,
                of,
                can,
                description,
            } => Self {
                role: Some(word(role)),
                of: Some(name(of)),
                can: (!can.is_empty())
                    .then(|| Texts(can.iter().map(|permission| word(permission)).collect())),
                description: description.as_deref().map(word),
                ..Self::default()
            },
            FactKind::Relation {
                entity,
                relation,
                target,
            } => Self {
                entity: Some(name(entity)),
                relation: Some(word(relation)),
                to: Some(name(target)),
                ..Self::default()
            },
        }
    }
}
