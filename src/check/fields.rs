//! Attributes, fields, relations and enclosing entities: what stands behind a dot.

use super::condition::{Checker, Known, Typed, path, text};
use super::operators::join;
use super::reach::exactly_one;
use crate::diagnostic::{names, types as report};
use crate::literal::{a, nearest};
use crate::plan::{Field, Node, NodeId, TypeId, ValueType};
use crate::syntax::ast::{Expr, ExprKind, Ident};

impl Checker<'_, '_, '_> {
    /// The type that an `is` before has left.
    pub(super) fn narrowed(&self, expr: &Expr, (node, ty): Typed) -> Typed {
        let (ValueType::Entity(mut of), Some(at)) = (ty.clone(), path(expr)) else {
            return (node, ty);
        };
        for known in &self.known {
            if let Known::Is(path, types) = known
                && *path == at
            {
                of.retain(|ty| types.contains(ty));
            }
        }
        (node, ValueType::Entity(of))
    }

    fn is_present(&self, expr: &Expr) -> bool {
        path(expr).is_some_and(|at| self.known.contains(&Known::Has(at)))
    }

    pub(super) fn field(&mut self, expr: &Expr, base: &Expr, name: &Ident) -> Option<Typed> {
        if matches!(&base.kind, ExprKind::Name(word) if word == "context") {
            return self.context(expr, name);
        }
        let (node, ty) = self.typed(base)?;
        let typed = match ty {
            ValueType::Entity(of) if name.name.starts_with(|c: char| c.is_ascii_uppercase()) => {
                self.enclosing(node, &of, name)?
            }
            ValueType::Entity(of) => self.attribute(expr, base, node, &of, name)?,
            ValueType::Record(fields) => {
                let (index, field) = self.record_field(base, &fields, name)?;
                if field.optional && !self.is_present(expr) {
                    return self.error(report::unguarded(name.span, &text(base), &name.name));
                }
                (self.arena.node(Node::Field(node, index)), field.ty.clone())
            }
            other => {
                let found = self.type_name(&other);
                return self.error(report::no_fields(name.span, &found, &name.name));
            }
        };
        Some(self.narrowed(expr, typed))
    }

    fn record_field<'f>(
        &mut self,
        base: &Expr,
        fields: &'f [Field],
        name: &Ident,
    ) -> Option<(u32, &'f Field)> {
        let found = (0u32..)
            .zip(fields)
            .find(|(_, field)| field.name == name.name);
        if found.is_none() {
            let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            let near = nearest(&name.name, known.iter().copied());
            let of = path(base).map(|path| path.join("."));
            let error = report::unknown_field(name.span, &name.name, of.as_deref(), near, &known);
            self.errors.push(error);
        }
        found
    }

    fn context(&mut self, expr: &Expr, name: &Ident) -> Option<Typed> {
        let (index, ty, optional) = self.context_field(name)?;
        if optional && !self.is_present(expr) {
            return self.error(report::unguarded(name.span, "context", &name.name));
        }
        let typed = (self.arena.node(Node::Context(index)), ty);
        Some(self.narrowed(expr, typed))
    }

    fn context_field(&mut self, name: &Ident) -> Option<(u32, ValueType, bool)> {
        let context = &self.environment.schema.context;
        let found = (0u32..)
            .zip(context)
            .find(|(_, part)| part.attribute.name == name.name);
        if let Some((index, part)) = found {
            let actions = self.environment.context.get(index as usize);
            let Some(Some(actions)) = actions else {
                return Some((index, part.attribute.ty.clone(), part.attribute.optional));
            };
            let action = self.environment.action;
            if action.is_some_and(|action| actions.contains(&action)) {
                return Some((index, part.attribute.ty.clone(), part.attribute.optional));
            }
            let action = action.map(|action| self.environment.schema.action_name(action));
            let error = report::context_of_others(name.span, &name.name, action.as_deref());
            return self.error(error);
        }
        let known = context.iter().map(|part| part.attribute.name.as_str());
        let near = nearest(&name.name, known);
        let declared = !context.is_empty();
        self.error(report::unknown_context(
            name.span, &name.name, near, declared,
        ))
    }

    /// The column of an attribute in each of these types; reports where one lacks it.
    fn columns(
        &mut self,
        base: &Expr,
        of: &[TypeId],
        name: &Ident,
    ) -> Option<Vec<(TypeId, u32, ValueType, bool)>> {
        let schema = self.environment.schema;
        let mut columns = Vec::with_capacity(of.len());
        for ty in of {
            let info = &schema.types[*ty];
            let column = info.attribute_names.get(&name.name).copied();
            let Some((column, attribute)) =
                column.and_then(|at| Some((u32::try_from(at).ok()?, info.attributes.get(at)?)))
            else {
                let members = info
                    .attributes
                    .iter()
                    .map(|attribute| attribute.name.as_str());
                let near = nearest(
                    &name.name,
                    members.chain(info.relation_names.keys().map(String::as_str)),
                );
                let elsewhere = of.iter().any(|other| {
                    schema.types[*other]
                        .attribute_names
                        .contains_key(&name.name)
                });
                let (near, hint) = if elsewhere {
                    let base = text(base);
                    let hint = format!(
                        "`{base}` may be {} too: ask first what it is, or let the rule be `to` one type",
                        a(&info.name)
                    );
                    (None, Some(hint))
                } else {
                    (near, None)
                };
                let error =
                    report::unknown_attribute(name.span, &name.name, &info.name, near, hint);
                return self.error(error);
            };
            columns.push((*ty, column, attribute.ty.clone(), attribute.optional));
        }
        Some(columns)
    }

    fn attribute(
        &mut self,
        expr: &Expr,
        base: &Expr,
        node: NodeId,
        of: &[TypeId],
        name: &Ident,
    ) -> Option<Typed> {
        let schema = self.environment.schema;
        if let [only] = of
            && let Some(relation) = schema.types[*only].relation_names.get(&name.name)
        {
            let targets = schema.relations[*relation].targets.clone();
            let node = self.arena.node(Node::Related(node, *relation));
            return Some((node, ValueType::Set(Box::new(ValueType::Entity(targets)))));
        }
        let columns = self.columns(base, of, name)?;
        let optional = columns.iter().any(|(.., optional)| *optional);
        if optional && !self.is_present(expr) {
            return self.error(report::unguarded(name.span, &text(base), &name.name));
        }
        let mut ty = ValueType::Entity(Vec::new());
        for (_, _, other, _) in &columns {
            let Some(joined) = join(&ty, other) else {
                let (a, b) = (self.type_name(&ty), self.type_name(other));
                return self.error(report::mismatch(name.span, &a, &b));
            };
            ty = joined;
        }
        if ty == ValueType::Permissions {
            return self.error(report::permissions_read(name.span, &name.name));
        }
        let range = self
            .arena
            .columns(columns.iter().map(|(of, column, ..)| (*of, *column)));
        Some((self.arena.node(Node::Attribute(node, range)), ty))
    }

    fn enclosing(&mut self, node: NodeId, of: &[TypeId], name: &Ident) -> Option<Typed> {
        let schema = self.environment.schema;
        let Some(to) = schema.type_names.get(&name.name).copied() else {
            let near = nearest(&name.name, schema.all_type_names());
            return self.error(names::unknown_type(name.span, &name.name, near));
        };
        let misfit = of.iter().find(|from| !exactly_one(schema, **from, to));
        if let Some(from) = misfit {
            let from = schema.type_name(*from);
            return self.error(report::not_one_container(name.span, from, &name.name));
        }
        Some((
            self.arena.node(Node::Enclosing(node, to)),
            ValueType::Entity(vec![to]),
        ))
    }

    pub(super) fn has(&mut self, base: &Expr, name: &Ident) -> Option<NodeId> {
        if matches!(&base.kind, ExprKind::Name(word) if word == "context") {
            let (index, ..) = self.context_field(name)?;
            return Some(self.arena.node(Node::HasContext(index)));
        }
        let (node, ty) = self.typed(base)?;
        match ty {
            ValueType::Entity(of) => {
                let columns = self.columns(base, &of, name)?;
                let range = self
                    .arena
                    .columns(columns.iter().map(|(of, column, ..)| (*of, *column)));
                Some(self.arena.node(Node::HasAttribute(node, range)))
            }
            ValueType::Record(fields) => {
                let (index, _) = self.record_field(base, &fields, name)?;
                Some(self.arena.node(Node::HasField(node, index)))
            }
            other => {
                let found = self.type_name(&other);
                self.error(report::no_fields(name.span, &found, &name.name))
            }
        }
    }
}
