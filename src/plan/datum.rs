//! Values that fit their declared type.

use ipnet::IpNet;

use super::ids::{EntityId, TypeId};
use super::value::{Value, ValueType};
use crate::literal;

/// A value that fits its type. Sets are sorted and have no element twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Datum {
    Bool(bool),
    Int(i64),
    Decimal(i64),
    String(Box<str>),
    Datetime(i64),
    Duration(i64),
    IpAddr(IpNet),
    Entity(EntityId),
    Set(Box<[Datum]>),
    /// The fields in the order of the type.
    Record(Box<[Option<Datum>]>),
}

/// Why a value does not fit its type, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    /// The path within the value: `.a.b`; empty for the value itself.
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) found: String,
}

/// How a type is written.
pub(crate) fn type_name<'n>(ty: &ValueType, names: &dyn Fn(TypeId) -> &'n str) -> String {
    match ty {
        ValueType::Bool => "Bool".into(),
        ValueType::Int => "Int".into(),
        ValueType::Decimal => "Decimal".into(),
        ValueType::String => "String".into(),
        ValueType::Datetime => "Datetime".into(),
        ValueType::Duration => "Duration".into(),
        ValueType::IpAddr => "IpAddr".into(),
        ValueType::Permissions => "Permissions".into(),
        ValueType::Entity(of) => {
            let of: Vec<&str> = of.iter().map(|id| names(*id)).collect();
            of.join(" | ")
        }
        ValueType::Set(element) => format!("Set of {}", type_name(element, names)),
        ValueType::Record(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|field| {
                    let mark = if field.optional { "?" } else { "" };
                    format!("{}{mark}: {}", field.name, type_name(&field.ty, names))
                })
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Gives a value its type; `names` tells the name of a type, and `entity` finds or makes the id of
/// an entity.
pub(crate) fn typed<'n>(
    value: &Value,
    ty: &ValueType,
    names: &dyn Fn(TypeId) -> &'n str,
    entity: &mut impl FnMut(TypeId, &str) -> EntityId,
) -> Result<Datum, Mismatch> {
    let fitted = match (ty, value) {
        (ValueType::Bool, Value::Bool(value)) => Some(Datum::Bool(*value)),
        (ValueType::Int, Value::Int(value)) => Some(Datum::Int(*value)),
        (ValueType::Decimal, Value::Decimal(value)) => Some(Datum::Decimal(*value)),
        (ValueType::Decimal, Value::String(text)) => {
            literal::parse_decimal(text).map(Datum::Decimal)
        }
        (ValueType::String, Value::String(text)) => Some(Datum::String(text.as_str().into())),
        (ValueType::Datetime, Value::Datetime(value)) => Some(Datum::Datetime(*value)),
        (ValueType::Datetime, Value::String(text)) => {
            literal::parse_datetime(text).map(Datum::Datetime)
        }
        (ValueType::Duration, Value::Duration(value)) => Some(Datum::Duration(*value)),
        (ValueType::Duration, Value::String(text)) => {
            literal::parse_duration(text).map(Datum::Duration)
        }
        (ValueType::IpAddr, Value::IpAddr(value)) => Some(Datum::IpAddr(*value)),
        (ValueType::IpAddr, Value::String(text)) => literal::parse_ip(text).map(Datum::IpAddr),
        (ValueType::Entity(of), Value::Entity(name)) => {
            named(of, &name.type_name, names).map(|ty| Datum::Entity(entity(ty, &name.id)))
        }
        (ValueType::Entity(of), Value::String(text)) => {
            literal::split_entity(text).and_then(|(type_name, id)| {
                let ty = named(of, type_name, names)?;
                Some(Datum::Entity(entity(ty, &id)))
            })
        }
        // Whether the names mean something, the policy tells; see `WorldBuilder`.
        (ValueType::Permissions, Value::Set(names)) => {
            let text = |name: &Value| match name {
                Value::String(text) => Some(Datum::String(text.as_str().into())),
                _ => None,
            };
            let names: Option<Vec<Datum>> = names.iter().map(text).collect();
            names.map(|mut names| {
                names.sort_unstable();
                names.dedup();
                Datum::Set(names.into())
            })
        }
        (ValueType::Set(element), Value::Set(values)) => {
            let mut set = Vec::with_capacity(values.len());
            for value in values {
                set.push(typed(value, element, names, entity)?);
            }
            set.sort_unstable();
            set.dedup();
            Some(Datum::Set(set.into()))
        }
        (ValueType::Record(fields), Value::Record(values)) => {
            let unknown = values
                .keys()
                .find(|name| !fields.iter().any(|f| f.name == **name));
            if let Some(name) = unknown {
                return Err(Mismatch {
                    path: String::new(),
                    expected: type_name(ty, names),
                    found: format!("a record with a field `{name}`"),
                });
            }
            let mut record = Vec::with_capacity(fields.len());
            for field in fields {
                let datum = match values.get(&field.name) {
                    Some(value) => Some(typed(value, &field.ty, names, entity).map_err(
                        |mut mismatch| {
                            mismatch.path = format!(".{}{}", field.name, mismatch.path);
                            mismatch
                        },
                    )?),
                    None => None,
                };
                record.push(datum);
            }
            Some(Datum::Record(record.into()))
        }
        _ => None,
    };
    fitted.ok_or_else(|| Mismatch {
        path: String::new(),
        expected: type_name(ty, names),
        found: format!("`{value}`"),
    })
}

fn named<'n>(of: &[TypeId], name: &str, names: &dyn Fn(TypeId) -> &'n str) -> Option<TypeId> {
    of.iter().copied().find(|id| names(*id) == name)
}
