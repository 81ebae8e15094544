//! Facts from text, from JSON Lines and from tables.

mod csv;
mod lines;
mod loader;

use crate::diagnostic::{Diagnostic, Diagnostics, facts as report};
use crate::literal::{EntityName, nearest};
use crate::plan::Value;
use crate::source::{Sources, Span};
use crate::syntax::{self, ast};
use crate::world::{Fact, FactKind, Holder, Place, Reason, Refusal};

pub use loader::Loader;

/// Reads the facts of a `.world` file.
///
/// # Errors
///
/// Every place at which the text is no fact. Whether the facts fit a policy is found when a world is
/// built of them.
pub fn world_text(name: &str, text: &str) -> Result<Vec<Fact>, Diagnostics> {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    let parsed = syntax::parse_world(file, text);
    let mut diagnostics = parsed.diagnostics;
    let mut facts = Vec::with_capacity(parsed.tree.facts.len());
    for fact in &parsed.tree.facts {
        match self::fact(&sources, fact) {
            Ok(fact) => facts.push(fact),
            Err(error) => diagnostics.push(error),
        }
    }
    if diagnostics.is_empty() {
        Ok(facts)
    } else {
        Err(Diagnostics::new(sources, diagnostics))
    }
}

/// Reads facts from JSON Lines: one object a line, empty lines left out.
///
/// A line that is no fact is given back with its place, and the others are read all the same.
pub fn json_lines(name: &str, text: &str) -> (Vec<Fact>, Vec<Refusal>) {
    let file: std::sync::Arc<str> = name.into();
    let (mut facts, mut refused) = (Vec::new(), Vec::new());
    for (line, content) in (1u32..).zip(text.lines()) {
        if content.trim().is_empty() {
            continue;
        }
        let place = |column| {
            Some(Place {
                file: std::sync::Arc::clone(&file),
                line,
                column,
            })
        };
        match serde_json::from_str::<Fact>(content) {
            Ok(mut fact) => {
                fact.place = place(1);
                facts.push(fact);
            }
            Err(error) => {
                let column = u32::try_from(error.column()).unwrap_or(1).max(1);
                refused.push(Refusal {
                    place: place(column),
                    fact: content.to_owned(),
                    reason: Reason::Malformed(json_error(&error)),
                });
            }
        }
    }
    (facts, refused)
}

/// What is wrong with a line, without where: its place tells that.
fn json_error(error: &serde_json::Error) -> String {
    let said = error.to_string();
    said.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn name(entity: &ast::Entity) -> EntityName {
    EntityName::new(entity.type_name.as_str(), entity.id.as_str())
}

/// A constant where a fact or a request wants one.
pub(crate) fn value(expr: &ast::Expr) -> Result<Value, Diagnostic> {
    expr.value().map_err(report::no_value)
}

/// Named values, each name once.
pub(crate) fn values(
    fields: &[(ast::Ident, ast::Expr)],
) -> Result<std::collections::BTreeMap<String, Value>, Diagnostic> {
    let mut values = std::collections::BTreeMap::new();
    for (name, expr) in fields {
        if values.insert(name.name.clone(), value(expr)?).is_some() {
            return Err(report::said_twice(name.span, &name.name));
        }
    }
    Ok(values)
}

/// A fact as it was written, by name.
pub(crate) fn fact(sources: &Sources, fact: &ast::Fact) -> Result<Fact, Diagnostic> {
    let kind = match &fact.kind {
        ast::FactKind::Entity {
            entity,
            containers,
            until,
            attributes,
        } => FactKind::Entity {
            entity: name(entity),
            containers: containers.iter().map(name).collect(),
            until: until.map(|moment| moment.millis),
            attributes: values(attributes)?,
        },
        ast::FactKind::Holding {
            subject,
            role,
            on,
            until,
        } => FactKind::Holding {
            subject: match subject {
                ast::Holder::Anyone => Holder::Anyone,
                ast::Holder::Entity(entity) => Holder::Entity(name(entity)),
                ast::Holder::Set(of, role) => Holder::Set {
                    of: name(of),
                    role: role.name.clone(),
                },
            },
            role: role.name.clone(),
            of: name(on),
            until: until.map(|moment| moment.millis),
        },
        ast::FactKind::Share {
            entity,
            with,
            level,
            until,
        } => FactKind::Share {
            entity: name(entity),
            with: name(with),
            level: level.name.clone(),
            until: until.map(|moment| moment.millis),
        },
        ast::FactKind::CustomRole {
            role,
            of,
            can,
            attributes,
        } => FactKind::CustomRole {
            role: role.name.clone(),
            of: name(of),
            can: can.iter().map(permission).collect::<Result<_, _>>()?,
            description: description(attributes)?,
        },
        ast::FactKind::Relation {
            entity,
            relation,
            target,
        } => FactKind::Relation {
            entity: name(entity),
            relation: relation.name.clone(),
            target: name(target),
        },
    };
    Ok(Fact {
        kind,
        place: Some(place(sources, fact.span)),
    })
}

/// A permission by name; a custom role says each of them.
fn permission(term: &ast::PermissionTerm) -> Result<String, Diagnostic> {
    let parts: Option<Vec<&str>> = term.path.iter().map(|(part, _)| part.as_deref()).collect();
    parts
        .map(|parts| parts.join("."))
        .ok_or_else(|| report::wildcard_in_role(term.span))
}

/// What a custom role says of itself: a description, and nothing else.
fn description(attributes: &[(ast::Ident, ast::Expr)]) -> Result<Option<String>, Diagnostic> {
    let mut said = None;
    for (name, value) in values(attributes)? {
        match (name.as_str(), value) {
            ("description", Value::String(text)) => said = Some(text),
            _ => {
                let said = attributes.iter().find(|(ident, _)| ident.name == name);
                let Some((ident, expr)) = said else { continue };
                return Err(match name.as_str() {
                    "description" => report::no_text(expr.span, &name),
                    _ => {
                        report::only_description(ident.span, &name, nearest(&name, ["description"]))
                    }
                });
            }
        }
    }
    Ok(said)
}

/// The words of a fact that a refusal is about; the whole fact where it is about all of it.
pub(crate) fn words(fact: &ast::Fact, reason: &Reason) -> Span {
    found_words(&fact.kind, reason).unwrap_or(fact.span)
}

fn found_words(kind: &ast::FactKind, reason: &Reason) -> Option<Span> {
    let entities = entities(kind);
    let of_type = |name: &str| {
        let mut named = entities.iter().filter(|entity| entity.type_name == name);
        named.next().map(|entity| entity.span)
    };
    match (reason, kind) {
        (Reason::UnknownType { name, .. }, _) => {
            let span = of_type(name)?;
            let end = span.start + u32::try_from(name.len()).ok()?;
            Some(Span::new(span.file, span.start, end.min(span.end)))
        }
        (
            Reason::UnknownRole { role: name, of, .. },
            ast::FactKind::Holding { subject, role, .. },
        ) => match subject {
            ast::Holder::Set(on, set) if set.name == *name && on.type_name == *of => Some(set.span),
            _ => Some(role.span),
        },
        (
            Reason::HolderIsNoSubject { .. }
            | Reason::WrongHolder { .. }
            | Reason::CredentialHolds { .. }
            | Reason::SetOutOfOrder { .. },
            ast::FactKind::Holding { subject, .. },
        ) => match subject {
            ast::Holder::Anyone => None,
            ast::Holder::Entity(entity) => Some(entity.span),
            ast::Holder::Set(of, role) => Some(of.span.to(role.span)),
        },
        (
            Reason::WrongContainer { container: of, .. } | Reason::WrongMember { group: of, .. },
            ast::FactKind::Entity { containers, .. },
        ) => {
            let mut wrong = containers.iter().filter(|entity| entity.type_name == *of);
            wrong.next().map(|entity| entity.span)
        }
        (
            Reason::SecondContainer { container, first },
            ast::FactKind::Entity { containers, .. },
        ) => {
            let mut others = containers.iter().filter(|entity| {
                entity.type_name == *container && name(entity).to_string() != *first
            });
            others.next().map(|entity| entity.span)
        }
        (
            Reason::ContainerCycle { .. },
            ast::FactKind::Entity {
                entity, containers, ..
            },
        ) => {
            let mut same = containers
                .iter()
                .filter(|of| of.type_name == entity.type_name);
            same.next().map(|of| of.span)
        }
        (Reason::UntilOnContainment, ast::FactKind::Entity { until, .. }) => {
            until.map(|until| until.span)
        }
        (Reason::NotShareable { allowed, .. }, ast::FactKind::Share { entity, with, .. }) => {
            let wrong = if allowed.is_empty() { entity } else { with };
            Some(wrong.span)
        }
        (Reason::UnknownLevel { .. }, ast::FactKind::Share { level, .. }) => Some(level.span),
        (Reason::UnknownRelation { .. }, ast::FactKind::Relation { relation, .. }) => {
            Some(relation.span)
        }
        (Reason::WrongTarget { .. }, ast::FactKind::Relation { target, .. }) => Some(target.span),
        (Reason::UnknownAttribute { attribute, .. }, ast::FactKind::Entity { attributes, .. }) => {
            field(attributes, attribute).map(|(name, _)| name.span)
        }
        (Reason::WrongValue { attribute, .. }, ast::FactKind::Entity { attributes, .. }) => {
            field(attributes, attribute).map(|(_, value)| value.span)
        }
        (
            Reason::SecondValue { attribute, .. },
            ast::FactKind::Entity { attributes, .. } | ast::FactKind::CustomRole { attributes, .. },
        ) => field(attributes, attribute).map(|(name, value)| name.span.to(value.span)),
        (Reason::NoCustomRoles { .. }, ast::FactKind::CustomRole { of, .. }) => Some(of.span),
        (Reason::RoleName { .. }, ast::FactKind::CustomRole { role, .. }) => Some(role.span),
        (
            Reason::UnknownPermission {
                permission: wrong, ..
            }
            | Reason::OutsideOfCustomRoles {
                permission: wrong, ..
            },
            ast::FactKind::CustomRole { can, .. },
        ) => {
            let is_it =
                |term: &&ast::PermissionTerm| permission(term).is_ok_and(|name| name == *wrong);
            can.iter().find(is_it).map(|term| term.span)
        }
        (
            Reason::UnknownPermission {
                permission: wrong, ..
            },
            ast::FactKind::Entity { attributes, .. },
        ) => {
            let values = attributes.iter().map(|(_, value)| value);
            values.flat_map(elements).find_map(|value| {
                let is_it = self::value(value).ok() == Some(Value::String(wrong.clone()));
                is_it.then_some(value.span)
            })
        }
        _ => None,
    }
}

/// Every entity that a fact is about, in the order in which they are looked up.
fn entities(kind: &ast::FactKind) -> Vec<&ast::Entity> {
    match kind {
        ast::FactKind::Entity {
            entity, containers, ..
        } => std::iter::once(entity).chain(containers).collect(),
        ast::FactKind::Holding { subject, on, .. } => match subject {
            ast::Holder::Anyone => vec![on],
            ast::Holder::Entity(entity) | ast::Holder::Set(entity, _) => vec![entity, on],
        },
        ast::FactKind::Share { entity, with, .. } => vec![entity, with],
        ast::FactKind::CustomRole { of, .. } => vec![of],
        ast::FactKind::Relation { entity, target, .. } => vec![entity, target],
    }
}

/// The attribute at the beginning of a path: `limits.cpu`, `tags[0]`.
fn field<'f>(
    fields: &'f [(ast::Ident, ast::Expr)],
    path: &str,
) -> Option<&'f (ast::Ident, ast::Expr)> {
    let name = path.split(['.', '[']).next();
    fields
        .iter()
        .find(|(field, _)| Some(field.name.as_str()) == name)
}

/// The elements of a set; a single value is its own.
fn elements(value: &ast::Expr) -> Vec<&ast::Expr> {
    match &value.kind {
        ast::ExprKind::Set(elements) => elements.iter().collect(),
        _ => vec![value],
    }
}

/// Moves the places of refusals to the words that they are about, in a file of this text.
#[cfg(feature = "cli")]
pub(crate) fn point_to_words(name: &str, text: &str, refused: &mut [Refusal]) {
    let mut sources = Sources::new();
    let file = sources.add(name, text);
    let tree = syntax::parse_world(file, text).tree;
    let mut by_place = std::collections::HashMap::new();
    for written in &tree.facts {
        if let Ok(fact) = self::fact(&sources, written)
            && let Some(place) = &fact.place
        {
            let key = (place.line, place.column, fact.to_string());
            by_place.insert(key, written);
        }
    }
    for refusal in refused {
        let Some(place) = refusal.place.as_mut().filter(|place| *place.file == *name) else {
            continue;
        };
        let key = (place.line, place.column, refusal.fact.clone());
        if let Some(written) = by_place.get(&key) {
            *place = self::place(&sources, words(written, &refusal.reason));
        }
    }
}

fn place(sources: &Sources, span: Span) -> Place {
    let (file, position) = sources.locate(span);
    Place {
        file: file.into(),
        line: position.line,
        column: position.column,
    }
}
