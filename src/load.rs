//! Facts from text and from JSON Lines.

use crate::diagnostic::{Diagnostic, Diagnostics, facts as report};
use crate::literal::EntityName;
use crate::plan::Value;
use crate::source::{Sources, Span};
use crate::syntax::{self, ast};
use crate::world::{Fact, FactKind, Holder, Place, Reason, Refusal};

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
                let said = error.to_string();
                let said = said.split(" at line ").next().unwrap_or_default();
                refused.push(Refusal {
                    place: place(column),
                    fact: content.to_owned(),
                    reason: Reason::Malformed(said.to_owned()),
                });
            }
        }
    }
    (facts, refused)
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
                return Err(report::only_description(ident.span.to(expr.span)));
            }
        }
    }
    Ok(said)
}

fn place(sources: &Sources, span: Span) -> Place {
    let (file, position) = sources.locate(span);
    Place {
        file: file.into(),
        line: position.line,
        column: position.column,
    }
}
