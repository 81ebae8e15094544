//! The type checker of conditions: from the syntax tree to typed nodes.

use std::collections::BTreeSet;

use super::arena::Arena;
use super::operators::{comparable, join};
use super::reach::encloses;
use crate::diagnostic::{Diagnostic, names, syntax, types as report};
use crate::literal::{self, nearest};
use crate::plan::{
    ActionId, Condition, ConditionId, MAX_TYPE_DEPTH, Node, NodeId, TypeId, Value, ValueType,
};
use crate::resolve::Schema;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Guard, Ident, Literal};

/// The conditions of one clause or rule: all `when` true, all `unless` false, left to right.
pub(super) struct Guards<'e> {
    parts: Vec<(bool, &'e Expr)>,
}

impl<'e> Guards<'e> {
    pub(super) fn when(expr: Option<&'e Expr>) -> Self {
        Self {
            parts: expr.into_iter().map(|expr| (false, expr)).collect(),
        }
    }

    pub(super) fn of(guards: &'e [Guard]) -> Self {
        let parts = guards.iter().map(|guard| (guard.negated, &guard.condition));
        Self {
            parts: parts.collect(),
        }
    }

    /// The stretch from the first to the last; nothing where there is no condition.
    pub(super) fn span(&self) -> Option<Span> {
        let (first, last) = (self.parts.first()?, self.parts.last()?);
        Some(first.1.span.to(last.1.span))
    }

    /// Whether a condition names one of the variables: then its answer, or its fit, depends on it.
    /// `principal is R of T` speaks of the resource too.
    pub(super) fn speaks_of(&self, variable: &str) -> bool {
        fn speaks_of(expr: &Expr, variable: &str) -> bool {
            let speaks = |expr: &Expr| speaks_of(expr, variable);
            match &expr.kind {
                ExprKind::Name(name) => name == variable,
                ExprKind::IsRole(..) => variable == "resource",
                ExprKind::Literal(_) | ExprKind::Entity(_) | ExprKind::Error => false,
                ExprKind::Set(parts)
                | ExprKind::And(parts)
                | ExprKind::Or(parts)
                | ExprKind::Call(_, parts) => parts.iter().any(speaks),
                ExprKind::Record(fields) => fields.iter().any(|(_, value)| speaks(value)),
                ExprKind::Method(base, _, arguments) => {
                    speaks(base) || arguments.iter().any(speaks)
                }
                ExprKind::Field(e, _)
                | ExprKind::Not(e)
                | ExprKind::Negate(e)
                | ExprKind::Has(e, _)
                | ExprKind::Like(e, _)
                | ExprKind::IsType(e, _) => speaks(e),
                ExprKind::Binary(_, a, b) => speaks(a) || speaks(b),
                ExprKind::If(a, b, c) => speaks(a) || speaks(b) || speaks(c),
            }
        }
        self.parts.iter().any(|(_, expr)| speaks_of(expr, variable))
    }
}

/// What a condition may speak of.
#[derive(Clone, Copy)]
pub(super) struct Environment<'c, 's> {
    pub(super) schema: &'c Schema<'s>,
    /// The type of the resource.
    pub(super) resource: TypeId,
    /// The action that is given or taken; nothing for sight.
    pub(super) action: Option<ActionId>,
    /// For each part of the context the actions that it is declared for; `None` for all.
    pub(super) context: &'c [Option<BTreeSet<ActionId>>],
    /// The types that the principal may have.
    pub(super) principals: &'c [TypeId],
}

/// Checks and compiles the conditions of one clause or rule.
pub(super) fn condition(
    environment: Environment<'_, '_>,
    arena: &mut Arena,
    guards: &Guards<'_>,
    text: &str,
) -> Result<ConditionId, Vec<Diagnostic>> {
    let mark = arena.mark();
    let mut checker = Checker {
        environment,
        arena,
        known: Vec::new(),
        errors: Vec::new(),
    };
    let mut parts = Vec::new();
    let mut broken = false;
    for (negated, expr) in &guards.parts {
        match checker.boolean(expr) {
            Some((node, known)) if *negated => {
                drop(known);
                parts.push(checker.arena.node(Node::Not(node)));
            }
            Some((node, known)) => {
                checker.known.extend(known);
                parts.push(node);
            }
            None => broken = true,
        }
    }
    let errors = checker.errors;
    if broken || !errors.is_empty() {
        arena.reset(mark);
        return Err(errors);
    }
    let root = match parts.as_slice() {
        [only] => *only,
        _ => {
            let operands = arena.operands(parts);
            arena.node(Node::And(operands))
        }
    };
    let text = crate::source::one_line(text);
    Ok(arena.conditions.push(Condition { root, text }))
}

/// What is known of a path where a `has` or an `is` before it was true.
#[derive(Clone, PartialEq)]
pub(super) enum Known {
    /// The optional value at the path is there.
    Has(Vec<String>),
    /// The entity at the path is of one of these types.
    Is(Vec<String>, Vec<TypeId>),
}

/// A typed expression.
pub(super) type Typed = (NodeId, ValueType);

pub(super) struct Checker<'c, 's, 'a> {
    pub(super) environment: Environment<'c, 's>,
    pub(super) arena: &'a mut Arena,
    pub(super) known: Vec<Known>,
    pub(super) errors: Vec<Diagnostic>,
}

/// `principal.manager.name` as words; nothing for what is no path.
pub(super) fn path(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        ExprKind::Name(name) => Some(vec![name.clone()]),
        ExprKind::Field(base, name) => {
            let mut path = path(base)?;
            path.push(name.name.clone());
            Some(path)
        }
        _ => None,
    }
}

impl Checker<'_, '_, '_> {
    pub(super) fn error<T>(&mut self, error: Diagnostic) -> Option<T> {
        self.errors.push(error);
        None
    }

    pub(super) fn type_name(&self, ty: &ValueType) -> String {
        self.environment.schema.value_type_name(ty)
    }

    /// An expression that must be a Bool, and what is known where it is true.
    pub(super) fn boolean(&mut self, expr: &Expr) -> Option<(NodeId, Vec<Known>)> {
        let (node, ty, known) = self.with_known(expr)?;
        if ty == ValueType::Bool {
            return Some((node, known));
        }
        let found = self.type_name(&ty);
        self.error(report::mismatch(expr.span, "Bool", &found))
    }

    pub(super) fn typed(&mut self, expr: &Expr) -> Option<Typed> {
        self.with_known(expr).map(|(node, ty, _)| (node, ty))
    }

    fn with_known(&mut self, expr: &Expr) -> Option<(NodeId, ValueType, Vec<Known>)> {
        match &expr.kind {
            ExprKind::And(parts) => {
                let before = self.known.len();
                let mut nodes = Vec::with_capacity(parts.len());
                let mut whole = true;
                for part in parts {
                    match self.boolean(part) {
                        Some((node, known)) => {
                            self.known.extend(known);
                            nodes.push(node);
                        }
                        None => whole = false,
                    }
                }
                let known = self.known.split_off(before);
                let operands = whole.then(|| self.arena.operands(nodes))?;
                Some((self.arena.node(Node::And(operands)), ValueType::Bool, known))
            }
            ExprKind::Has(base, name) => {
                let node = self.has(base, name)?;
                let mut known = Vec::new();
                if let Some(mut at) = path(base) {
                    at.push(name.name.clone());
                    known.push(Known::Has(at));
                }
                Some((node, ValueType::Bool, known))
            }
            ExprKind::IsType(base, names) => {
                let (node, of) = self.is_type(base, names)?;
                let known = path(base).map(|at| Known::Is(at, of));
                Some((node, ValueType::Bool, known.into_iter().collect()))
            }
            _ => {
                let (node, ty) = self.plain(expr)?;
                Some((node, ty, Vec::new()))
            }
        }
    }

    fn plain(&mut self, expr: &Expr) -> Option<Typed> {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Literal(literal) => Some(self.literal(literal)),
            ExprKind::Name(name) => self.name(expr, name),
            ExprKind::Entity(entity) => {
                let schema = self.environment.schema;
                let Some(of) = schema.type_names.get(&entity.type_name).copied() else {
                    let near = nearest(&entity.type_name, schema.all_type_names());
                    return self.error(names::unknown_type(span, &entity.type_name, near));
                };
                let name = literal::EntityName::new(entity.type_name.as_str(), entity.id.as_str());
                Some(self.constant(Value::Entity(name), ValueType::Entity(vec![of])))
            }
            ExprKind::Set(parts) => self.set(span, parts),
            ExprKind::Record(_) => self.error(report::record_literal(span)),
            ExprKind::Field(base, name) => self.field(expr, base, name),
            ExprKind::Method(base, name, arguments) => self.method(span, base, name, arguments),
            ExprKind::Call(name, arguments) => self.call(span, name, arguments),
            ExprKind::Not(inner) => {
                let (node, _) = self.boolean(inner)?;
                Some((self.arena.node(Node::Not(node)), ValueType::Bool))
            }
            ExprKind::Negate(inner) => self.negate(span, inner),
            ExprKind::Or(parts) => {
                let nodes: Vec<Option<NodeId>> = parts
                    .iter()
                    .map(|part| Some(self.boolean(part)?.0))
                    .collect();
                let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
                let operands = self.arena.operands(nodes);
                Some((self.arena.node(Node::Or(operands)), ValueType::Bool))
            }
            ExprKind::Binary(op, left, right) => {
                // Both sides are read, so that each tells its own mistakes.
                let (left_typed, right_typed) = (self.typed(left), self.typed(right));
                self.binary(span, *op, left_typed?, right_typed?)
            }
            ExprKind::Like(base, pattern) => {
                let (node, ty) = self.typed(base)?;
                if ty != ValueType::String {
                    let found = self.type_name(&ty);
                    return self.error(report::mismatch(base.span, "String", &found));
                }
                let value = Value::String(pattern.value.clone());
                let pattern = self.arena.constant(value, ValueType::String);
                Some((self.arena.node(Node::Like(node, pattern)), ValueType::Bool))
            }
            ExprKind::IsRole(base, role, of) => self.is_role(base, role, of),
            ExprKind::If(condition, then, otherwise) => {
                let asked = self.boolean(condition);
                let before = self.known.len();
                self.known
                    .extend(asked.iter().flat_map(|(_, known)| known.clone()));
                let then_typed = self.typed(then);
                self.known.truncate(before);
                let otherwise_typed = self.typed(otherwise);
                let ((asked, _), (a, a_type), (b, b_type)) =
                    (asked?, then_typed?, otherwise_typed?);
                let Some(ty) = join(&a_type, &b_type) else {
                    let (a, b) = (self.type_name(&a_type), self.type_name(&b_type));
                    return self.error(report::mismatch(otherwise.span, &a, &b));
                };
                Some((self.arena.node(Node::If(asked, a, b)), ty))
            }
            // These two carry what they make known; `with_known` reads them.
            ExprKind::And(_) | ExprKind::Has(..) | ExprKind::IsType(..) => {
                self.with_known(expr).map(|(node, ty, _)| (node, ty))
            }
            ExprKind::Error => None,
        }
    }

    pub(super) fn constant(&mut self, value: Value, ty: ValueType) -> Typed {
        let constant = self.arena.constant(value, ty.clone());
        (self.arena.node(Node::Constant(constant)), ty)
    }

    fn literal(&mut self, literal: &Literal) -> Typed {
        let (value, ty) = match literal {
            Literal::Bool(value) => (Value::Bool(*value), ValueType::Bool),
            Literal::Int(value) => (Value::Int(*value), ValueType::Int),
            Literal::Decimal(value) => (Value::Decimal(*value), ValueType::Decimal),
            Literal::String(value) => (Value::String(value.clone()), ValueType::String),
            Literal::Datetime(value) => (Value::Datetime(*value), ValueType::Datetime),
            Literal::Duration(value) => (Value::Duration(*value), ValueType::Duration),
        };
        self.constant(value, ty)
    }

    fn name(&mut self, expr: &Expr, name: &str) -> Option<Typed> {
        let typed = match name {
            "principal" => {
                let of = self.environment.principals.to_vec();
                (self.arena.node(Node::Principal), ValueType::Entity(of))
            }
            "resource" => {
                let of = vec![self.environment.resource];
                (self.arena.node(Node::Resource), ValueType::Entity(of))
            }
            "now" => (self.arena.node(Node::Now), ValueType::Datetime),
            "credential" if !self.credentials().is_empty() => {
                let of = self.credentials();
                let asked = |known: &Known| matches!(known, Known::Is(path, _) if *path == [name]);
                if !self.known.iter().any(asked) {
                    let first = of.first().map(|of| self.environment.schema.type_name(*of));
                    let first = first.unwrap_or_default();
                    return self.error(report::perhaps_no_credential(expr.span, first));
                }
                (self.arena.node(Node::Credential), ValueType::Entity(of))
            }
            _ => {
                let near = match name {
                    "user" | "subject" | "actor" | "caller" => Some("principal"),
                    "object" | "target" | "entity" => Some("resource"),
                    "request" | "ctx" => Some("context"),
                    "time" | "date" => Some("now"),
                    "token" | "key" => Some("credential"),
                    "context" => return self.error(report::context_alone(expr.span)),
                    _ => nearest(
                        name,
                        [
                            "principal",
                            "resource",
                            "context",
                            "now",
                            "credential",
                            "true",
                            "false",
                        ],
                    ),
                };
                let is_type = self.environment.schema.type_names.contains_key(name);
                return self.error(report::unknown_word(expr.span, name, near, is_type));
            }
        };
        Some(self.narrowed(expr, typed))
    }

    /// The types of credentials.
    fn credentials(&self) -> Vec<TypeId> {
        let types = self.environment.schema.types.iter();
        types
            .filter(|(_, ty)| ty.acts_for.is_some())
            .map(|(id, _)| id)
            .collect()
    }

    fn is_type(&mut self, base: &Expr, names: &[Ident]) -> Option<(NodeId, Vec<TypeId>)> {
        // Whether there is a credential at all is a part of this question.
        let credential = matches!(&base.kind, ExprKind::Name(word) if word == "credential");
        let (node, possible) = if credential && !self.credentials().is_empty() {
            (None, self.credentials())
        } else {
            let (node, ty) = self.typed(base)?;
            let ValueType::Entity(possible) = ty else {
                let found = self.type_name(&ty);
                return self.error(report::not_an_entity(base.span, &found));
            };
            (Some(node), possible)
        };
        let schema = self.environment.schema;
        let mut of = Vec::new();
        for name in names {
            let Some(ty) = schema.type_names.get(&name.name).copied() else {
                let near = nearest(&name.name, schema.all_type_names());
                return self.error(names::unknown_type(name.span, &name.name, near));
            };
            if !possible.contains(&ty) {
                let possible: Vec<&str> = possible
                    .iter()
                    .map(|possible| schema.type_name(*possible))
                    .collect();
                return self.error(report::never_of_type(name.span, &name.name, &possible));
            }
            of.push(ty);
        }
        let range = self.arena.columns(of.iter().map(|ty| (*ty, 0)));
        let node = match node {
            Some(node) => Node::IsType(node, range),
            None => Node::IsCredential(range),
        };
        Some((self.arena.node(node), of))
    }

    fn is_role(&mut self, base: &Expr, role: &Ident, of: &Ident) -> Option<Typed> {
        let schema = self.environment.schema;
        let Some(ty) = schema.type_names.get(&of.name).copied() else {
            let near = nearest(&of.name, schema.all_type_names());
            return self.error(names::unknown_type(of.span, &of.name, near));
        };
        let info = &schema.types[ty];
        let Some(found) = info.role_names.get(&role.name) else {
            let known: Vec<&str> = info.role_names.keys().map(String::as_str).collect();
            let near = nearest(&role.name, known.iter().copied());
            return self.error(names::unknown_role(
                role.span, &role.name, &of.name, near, &known,
            ));
        };
        if !matches!(&base.kind, ExprKind::Name(word) if word == "principal") {
            return self.error(report::only_principal(base.span));
        }
        let resource = self.environment.resource;
        if !encloses(schema, resource, ty) {
            let resource = schema.type_name(resource);
            return self.error(report::never_enclosed(of.span, resource, &of.name));
        }
        Some((self.arena.node(Node::Holds(*found)), ValueType::Bool))
    }

    fn set(&mut self, span: Span, parts: &[Expr]) -> Option<Typed> {
        let typed: Vec<Option<Typed>> = parts.iter().map(|part| self.typed(part)).collect();
        let typed: Vec<Typed> = typed.into_iter().collect::<Option<_>>()?;
        let mut element = ValueType::Entity(Vec::new());
        for ((_, ty), part) in typed.iter().zip(parts) {
            let Some(joined) = join(&element, ty) else {
                let (first, other) = (self.type_name(&element), self.type_name(ty));
                return self.error(report::unlike_elements(part.span, &first, &other));
            };
            element = joined;
        }
        let ty = ValueType::Set(Box::new(element));
        if ty.depth() > MAX_TYPE_DEPTH {
            return self.error(syntax::type_too_deep(span, MAX_TYPE_DEPTH));
        }
        let values: Option<Vec<Value>> = typed
            .iter()
            .map(|(node, _)| {
                self.arena
                    .constant_of(*node)
                    .map(|(_, value)| value.clone())
            })
            .collect();
        if let Some(values) = values {
            return Some(self.constant(Value::Set(values), ty));
        }
        let operands = self.arena.operands(typed.iter().map(|(node, _)| *node));
        Some((self.arena.node(Node::Set(operands)), ty))
    }

    fn method(
        &mut self,
        span: Span,
        base: &Expr,
        name: &Ident,
        arguments: &[Expr],
    ) -> Option<Typed> {
        let base_typed = self.typed(base);
        let arguments_typed: Vec<Option<Typed>> = arguments
            .iter()
            .map(|argument| self.typed(argument))
            .collect();
        let (set, set_type) = base_typed?;
        let ValueType::Set(element) = &set_type else {
            let found = self.type_name(&set_type);
            return self.error(report::unknown_method(name.span, &name.name, &found, None));
        };
        const METHODS: [(&str, usize); 4] = [
            ("contains", 1),
            ("containsAll", 1),
            ("containsAny", 1),
            ("isEmpty", 0),
        ];
        let Some((_, wanted)) = METHODS.iter().find(|(method, _)| *method == name.name) else {
            let near = nearest(&name.name, METHODS.iter().map(|(method, _)| *method));
            let found = self.type_name(&set_type);
            return self.error(report::unknown_method(name.span, &name.name, &found, near));
        };
        if arguments.len() != *wanted {
            let error = report::argument_count(span, &name.name, *wanted, arguments.len());
            return self.error(error);
        }
        let node = match arguments_typed.into_iter().next() {
            None => Node::IsEmpty(set),
            Some(argument) => {
                let (node, ty) = argument?;
                let expected = if name.name == "contains" {
                    element
                } else {
                    &set_type
                };
                if !comparable(expected, &ty) {
                    let at = arguments.first().map_or(span, |argument| argument.span);
                    let (expected, found) = (self.type_name(expected), self.type_name(&ty));
                    return self.error(report::mismatch(at, &expected, &found));
                }
                match name.name.as_str() {
                    "contains" => Node::InSet(node, set),
                    "containsAll" => Node::ContainsAll(set, node),
                    _ => Node::ContainsAny(set, node),
                }
            }
        };
        Some((self.arena.node(node), ValueType::Bool))
    }

    fn call(&mut self, span: Span, name: &Ident, arguments: &[Expr]) -> Option<Typed> {
        if name.name != "ip" {
            return self.error(report::unknown_function(name.span, &name.name));
        }
        let [argument] = arguments else {
            return self.error(report::argument_count(span, "ip", 1, arguments.len()));
        };
        let ExprKind::Literal(Literal::String(text)) = &argument.kind else {
            return self.error(report::not_constant(argument.span));
        };
        match literal::parse_ip(text) {
            Some(network) => Some(self.constant(Value::IpAddr(network), ValueType::IpAddr)),
            None => self.error(report::bad_address(argument.span, text)),
        }
    }
}

/// A path as it is written, for help.
pub(super) fn text(expr: &Expr) -> String {
    path(expr).map_or_else(|| "…".to_owned(), |path| path.join("."))
}
