//! Values from outside, and the types that they must have.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ids::{ConstantId, TypeId};
use super::nested::{MAX_VALUE_DEPTH, deeper, inner_type};
use crate::literal::{self, EntityName};

/// A value as a fact, a request or a constant says it, before it meets its declared type.
///
/// In JSON, moments, lengths of time, decimals, addresses and entities are strings; which of them a
/// string is, the declared type tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, in ten-thousandths.
    Decimal(i64),
    /// A text, or in JSON anything that is written as one.
    String(String),
    /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
    Datetime(i64),
    /// A length of time, in milliseconds.
    Duration(i64),
    /// An address or a network.
    IpAddr(IpNet),
    /// An entity.
    Entity(EntityName),
    /// Several values.
    Set(Vec<Value>),
    /// Named values.
    Record(BTreeMap<String, Value>),
}

impl Value {
    /// An empty record: the context of a request that says nothing.
    pub fn empty() -> Self {
        Self::Record(BTreeMap::new())
    }

    /// The same value as its type says it, where JSON had a string for it.
    pub(super) fn settled(self, ty: &ValueType) -> Self {
        match (self, ty) {
            (Self::String(text), ty) => {
                let read = match ty {
                    ValueType::Decimal => literal::parse_decimal(&text).map(Self::Decimal),
                    ValueType::Datetime => literal::parse_datetime(&text).map(Self::Datetime),
                    ValueType::Duration => literal::parse_duration(&text).map(Self::Duration),
                    ValueType::IpAddr => literal::parse_ip(&text).map(Self::IpAddr),
                    ValueType::Entity(_) => text.parse().ok().map(Self::Entity),
                    _ => None,
                };
                read.unwrap_or(Self::String(text))
            }
            (Self::Set(values), ValueType::Set(element)) => {
                let settled = values.into_iter().map(|value| value.settled(element));
                Self::Set(settled.collect())
            }
            (value, _) => value,
        }
    }
}

impl fmt::Display for Value {
    /// Writes the value as it stands in policy text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Decimal(value) => f.write_str(&literal::format_decimal(*value)),
            Self::String(value) => f.write_str(&literal::quote(value)),
            Self::Datetime(value) => f.write_str(&literal::format_datetime(*value)),
            Self::Duration(value) => f.write_str(&literal::format_duration(*value)),
            Self::IpAddr(value) => write!(f, "ip(\"{}\")", literal::format_ip(*value)),
            Self::Entity(value) => write!(f, "{value}"),
            Self::Set(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{value}")?;
                }
                f.write_str("]")
            }
            Self::Record(fields) => {
                f.write_str("{")?;
                for (index, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if index > 0 { ", " } else { " " })?;
                    write!(f, "{name}: {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Decimal(value) => serializer.serialize_str(&literal::format_decimal(*value)),
            Self::String(value) => serializer.serialize_str(value),
            Self::Datetime(value) => serializer.serialize_str(&literal::format_datetime(*value)),
            Self::Duration(value) => serializer.serialize_str(&literal::format_duration(*value)),
            Self::IpAddr(value) => serializer.serialize_str(&literal::format_ip(*value)),
            Self::Entity(value) => serializer.collect_str(value),
            Self::Set(values) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
            Self::Record(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean, a whole number, a string, a list or an object")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Int(value))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
                i64::try_from(value)
                    .map(Value::Int)
                    .map_err(|_| E::custom(format!("{value} is larger than a whole number may be")))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
                Err(E::custom(format!(
                    "{value} is no whole number; write a decimal as a string: \"{value}\""
                )))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
                Ok(Value::String(value.to_owned()))
            }
            fn visit_string<E: de::Error>(self, value: String) -> Result<Value, E> {
                Ok(Value::String(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Value::Set(values))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if fields.insert(name.clone(), value).is_some() {
                        return Err(de::Error::custom(format!("`{name}` is said twice")));
                    }
                }
                Ok(Value::Record(fields))
            }
        }

        deeper(MAX_VALUE_DEPTH, || deserializer.deserialize_any(Reader))
    }
}

/// How many sets and records may stand in each other in a type. A plan with as many is still read by
/// serde_json, which stops at 128 brackets: a record has three for each level.
pub(crate) const MAX_TYPE_DEPTH: u32 = 32;

/// The type of an attribute, a part of the context, or a constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `Bool`
    Bool,
    /// `Int`: 64 bits.
    Int,
    /// `Decimal`: four digits behind the point, 64 bits in all.
    Decimal,
    /// `String`
    String,
    /// `Datetime`
    Datetime,
    /// `Duration`
    Duration,
    /// `IpAddr`: an address or a network.
    IpAddr,
    /// `Permissions`: names of actions and permission groups, for `at most` of a credential.
    Permissions,
    /// An entity of one of these types, sorted.
    Entity(Vec<TypeId>),
    /// `Set of T`
    Set(#[serde(deserialize_with = "inner_type")] Box<ValueType>),
    /// `{ name: T }`
    Record(#[serde(deserialize_with = "inner_type")] Vec<Field>),
}

#[cfg(feature = "compiler")]
impl ValueType {
    /// How many sets and records stand in each other.
    pub(crate) fn depth(&self) -> u32 {
        match self {
            Self::Set(element) => 1 + element.depth(),
            Self::Record(fields) => {
                1 + fields
                    .iter()
                    .map(|field| field.ty.depth())
                    .max()
                    .unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// A named, typed place for a value: an attribute, a field of a record, a part of the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: ValueType,
    /// Whether it may be absent.
    #[serde(default)]
    pub optional: bool,
    /// Its value where none is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<ConstantId>,
}
