//! Facts from tables: the first line names the columns, and every other one is a fact.

use std::borrow::Cow;
use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::json_error;
use crate::literal;
use crate::plan::{Plan, Value, ValueType};
use crate::world::{Attributes, JsonFact, Text, Texts};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Entity,
    In,
    Until,
    Relation,
    To,
    Subject,
    Role,
    Of,
    Share,
    With,
    At,
    Can,
    Description,
    Attribute(String),
}

/// The columns of a table, in order.
pub(super) struct Header(Vec<Column>);

/// What is wrong, and at which character of the record, from 0.
pub(super) type Wrong = (usize, String);

const FORMS: &str = "the columns of a table are `entity` (with `in`, `until` and attributes), `entity`, `relation` and `to`, `subject`, `role` and `of`, `role`, `of` and `can`, or `share`, `with` and `at`";

impl Header {
    pub(super) fn read(record: &str) -> Result<Self, Wrong> {
        let fields = fields(record)?;
        let names: Vec<&str> = fields.iter().map(|(_, name)| &**name).collect();
        let needed: [&[&str]; 5] = [
            &["entity", "relation", "to"],
            &["subject", "role", "of"],
            &["share", "with", "at"],
            &["role", "of"],
            &["entity"],
        ];
        let form = needed
            .into_iter()
            .find(|form| form.iter().all(|name| names.contains(name)))
            .ok_or_else(|| (0, FORMS.to_owned()))?;
        let others: &[&str] = match form {
            ["entity", "relation", "to"] => &[],
            ["role", "of"] => &["can", "description"],
            ["entity"] => &["in", "until"],
            _ => &["until"],
        };
        let mut columns = Vec::with_capacity(fields.len());
        for (index, (at, name)) in fields.iter().enumerate() {
            let name = &**name;
            if names.iter().take(index).any(|before| *before == name) {
                return Err((*at, format!("the column `{name}` is there twice")));
            }
            let known = form.contains(&name) || others.contains(&name);
            columns.push(match name {
                _ if !known && form == ["entity"] && literal::is_identifier(name) => {
                    Column::Attribute(name.to_owned())
                }
                _ if !known => {
                    return Err((*at, format!("no column `{name}` goes with these: {FORMS}")));
                }
                "entity" => Column::Entity,
                "in" => Column::In,
                "until" => Column::Until,
                "relation" => Column::Relation,
                "to" => Column::To,
                "subject" => Column::Subject,
                "role" => Column::Role,
                "of" => Column::Of,
                "share" => Column::Share,
                "with" => Column::With,
                "at" => Column::At,
                "can" => Column::Can,
                _ => Column::Description,
            });
        }
        Ok(Self(columns))
    }

    /// The fact of a record, by its keys. An empty field says nothing.
    pub(super) fn fact<'r>(&self, plan: &Plan, record: &'r str) -> Result<JsonFact<'r>, Wrong> {
        let fields = fields(record)?;
        if fields.len() != self.0.len() {
            return Err((
                0,
                format!(
                    "{} fields, where the first line has {}",
                    fields.len(),
                    self.0.len()
                ),
            ));
        }
        let mut fact = JsonFact::default();
        let mut attributes = BTreeMap::new();
        let mut of_type = None;
        for (column, (at, field)) in self.0.iter().zip(fields) {
            if field.is_empty() {
                continue;
            }
            if let Column::Attribute(name) = column {
                attributes.insert(name, (at, field));
                continue;
            }
            if *column == Column::Entity {
                let found = literal::split_entity(&field);
                of_type = found.and_then(|(name, _)| plan.find_type(name));
            }
            let field = Text(field);
            match column {
                Column::Entity => fact.entity = Some(field),
                Column::In => fact.containers = Some(Texts::one(field)),
                Column::Until => fact.until = Some(field),
                Column::Relation => fact.relation = Some(field),
                Column::To => fact.to = Some(field),
                Column::Subject => fact.subject = Some(field),
                Column::Role => fact.role = Some(field),
                Column::Of => fact.of = Some(field),
                Column::Share => fact.share = Some(field),
                Column::With => fact.with = Some(field),
                Column::At => fact.at = Some(field),
                Column::Can => fact.can = Some(Texts::one(field)),
                Column::Description => fact.description = Some(field),
                Column::Attribute(_) => {}
            }
        }
        if !attributes.is_empty() {
            let declared = of_type.map_or(&[][..], |ty| plan.types[ty].attributes.as_slice());
            let mut values = SmallVec::new();
            for (name, (at, field)) in attributes {
                let ty = declared.iter().find(|field| field.name == *name);
                let value = value(&field, ty.map(|field| &field.ty)).map_err(|why| (at, why))?;
                values.push((Text(Cow::Owned(name.clone())), value));
            }
            fact.attributes = Some(Attributes(values));
        }
        Ok(fact)
    }
}

/// What a field says, as its declared type reads it: what JSON has no quotes for is written as JSON.
fn value(field: &str, ty: Option<&ValueType>) -> Result<Value, String> {
    let as_json = matches!(
        ty,
        Some(
            ValueType::Bool
                | ValueType::Int
                | ValueType::Set(_)
                | ValueType::Record(_)
                | ValueType::Permissions
        )
    );
    if as_json {
        serde_json::from_str(field).map_err(|error| json_error(&error))
    } else {
        Ok(Value::String(field.to_owned()))
    }
}

/// The fields of a record, each with the character at which it begins. A field in quotes may hold
/// commas, line ends and, doubled, quotes (RFC 4180).
fn fields(record: &str) -> Result<Vec<(usize, Cow<'_, str>)>, Wrong> {
    let mut fields = Vec::with_capacity(8);
    // Columns are told in characters, and counted only where a record has others than ASCII.
    let ascii = record.is_ascii();
    let column = |byte: usize| match record.get(..byte) {
        Some(before) if !ascii => before.chars().count(),
        _ => byte,
    };
    let mut at = 0;
    loop {
        let rest = record.get(at..).unwrap_or("");
        let (field, end) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let (text, used) = quoted_field(quoted)
                    .ok_or_else(|| (column(at), "a quote that does not end".to_owned()))?;
                (text, at + 1 + used)
            }
            None => {
                let length = rest.find(',').unwrap_or(rest.len());
                (Cow::Borrowed(rest.get(..length).unwrap_or("")), at + length)
            }
        };
        fields.push((column(at), field));
        match record.as_bytes().get(end) {
            None => return Ok(fields),
            Some(b',') => at = end + 1,
            Some(_) => {
                let said = "something behind a field in quotes: double a quote inside of it";
                return Err((column(end), said.to_owned()));
            }
        }
    }
}

/// The text of a field whose opening quote is taken, and how long it is with its closing quote.
fn quoted_field(text: &str) -> Option<(Cow<'_, str>, usize)> {
    let mut end = text.find('"')?;
    if text.as_bytes().get(end + 1) != Some(&b'"') {
        return Some((Cow::Borrowed(text.get(..end)?), end + 1));
    }
    let mut whole = String::new();
    let mut start = 0;
    loop {
        whole.push_str(text.get(start..end)?);
        if text.as_bytes().get(end + 1) != Some(&b'"') {
            return Some((Cow::Owned(whole), end + 1));
        }
        whole.push('"');
        start = end + 2;
        end = start + text.get(start..)?.find('"')?;
    }
}
