//! Attributes and the context, with their defaults.

use std::collections::BTreeSet;

use super::program::Checker;
use crate::diagnostic::{model, types};
use crate::literal::nearest;
use crate::plan::{ConstantId, EVERY_PERMISSION, EntityId, Field, ValueType, typed};
use crate::resolve::AttributeInfo;
use crate::syntax::ast;

impl Checker<'_, '_> {
    pub(super) fn fields(&mut self, attributes: &[AttributeInfo<'_>]) -> Vec<Field> {
        attributes
            .iter()
            .map(|attribute| Field {
                name: attribute.name.clone(),
                ty: attribute.ty.clone(),
                optional: attribute.optional,
                default: attribute
                    .default
                    .and_then(|expr| self.default(attribute, expr)),
            })
            .collect()
    }

    /// The parts of the context, and the actions that each is declared for.
    pub(super) fn context_fields(&mut self) -> Vec<Field> {
        let mut fields = Vec::new();
        for part in &self.schema.context {
            fields.extend(self.fields(std::slice::from_ref(&part.attribute)));
            let sets: Option<Vec<&ast::PermissionSet>> = part.actions.iter().copied().collect();
            let actions = sets.map(|sets| {
                let mut actions = BTreeSet::new();
                for set in sets {
                    let meaning =
                        self.permissions
                            .meaning(self.schema, None, None, set, self.diagnostics);
                    self.left_over(set, &meaning);
                    actions.extend(meaning.actions());
                }
                actions
            });
            self.context.push(actions);
        }
        fields
    }

    fn default(&mut self, attribute: &AttributeInfo<'_>, expr: &ast::Expr) -> Option<ConstantId> {
        let value = match expr.value() {
            Ok(value) => value,
            Err(span) => {
                if !matches!(expr.kind, ast::ExprKind::Error) {
                    self.diagnostics.push(types::not_constant(span));
                }
                return None;
            }
        };
        let name = |ty| self.schema.type_name(ty);
        match typed(&value, &attribute.ty, &name, &mut |_, _| EntityId(0)) {
            Ok(_) => {
                if attribute.ty == ValueType::Permissions {
                    self.permission_names(expr);
                }
                Some(self.arena.constant(value, attribute.ty.clone()))
            }
            Err(mismatch) => {
                let error = types::wrong_default(expr.span, &mismatch.expected, &mismatch.found);
                self.diagnostics.push(error);
                None
            }
        }
    }

    /// Each text of a value of type `Permissions` must name one.
    fn permission_names(&mut self, expr: &ast::Expr) {
        let ast::ExprKind::Set(parts) = &expr.kind else {
            return;
        };
        for part in parts {
            let ast::ExprKind::Literal(ast::Literal::String(name)) = &part.kind else {
                continue;
            };
            if name != EVERY_PERMISSION && !self.permissions.is_name(self.schema, name) {
                let names = self.permissions.names(self.schema);
                let near = nearest(name, names.iter().map(String::as_str));
                let error = model::unknown_permission_value(part.span, name, near);
                self.diagnostics.push(error);
            }
        }
    }
}
