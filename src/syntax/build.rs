//! What the grammar's actions do: builds nodes, reads literals, keeps limits, reports mistakes.

use std::collections::HashMap;

use lalrpop_util::ParseError;

use super::ast::*;
use super::token::{KEYWORDS, Token};
use super::{MAX_DEPTH, MAX_PARTS};
use crate::diagnostic::{Diagnostic, syntax as report};
use crate::literal;
use crate::source::{FileId, Span};

/// What the one start symbol yields, by the token that was put first.
pub enum Root {
    /// A policy file.
    Policy(Vec<Item>),
    /// A world file.
    World(Vec<Fact>),
    /// One condition; nothing where it cannot be read.
    Condition(Option<Expr>),
}

impl Root {
    /// What a file without anything in it is.
    pub(super) fn empty(start: &Token<'_>) -> Self {
        match start {
            Token::StartWorld => Self::World(Vec::new()),
            Token::StartCondition => Self::Condition(None),
            _ => Self::Policy(Vec::new()),
        }
    }

    /// Adds what the next part of the file says.
    pub(super) fn append(&mut self, part: Self) {
        match (self, part) {
            (Self::Policy(items), Self::Policy(more)) => items.extend(more),
            (Self::World(facts), Self::World(more)) => facts.extend(more),
            (whole, part) => *whole = part,
        }
    }

    /// Notes a stretch that could not be read.
    pub(super) fn unread(&mut self, span: Span) {
        if let Self::Policy(items) = self {
            items.push(Item::Error(span));
        }
    }
}

/// The state that the grammar's actions share.
pub struct Builder<'s> {
    file: FileId,
    docs: HashMap<u32, String>,
    pub(super) diagnostics: Vec<Diagnostic>,
    limits_told: bool,
    text: std::marker::PhantomData<&'s str>,
}

type Failure<'s> = ParseError<u32, Token<'s>, ()>;

impl<'s> Builder<'s> {
    pub(super) fn new(file: FileId, docs: HashMap<u32, String>) -> Self {
        Self {
            file,
            docs,
            diagnostics: Vec::new(),
            limits_told: false,
            text: std::marker::PhantomData,
        }
    }

    pub fn span(&self, l: u32, r: u32) -> Span {
        Span::new(self.file, l, r.max(l))
    }

    fn doc(&mut self, l: u32) -> Option<String> {
        self.docs.get(&l).cloned()
    }

    // ---- mistakes -----------------------------------------------------------------------------

    pub(super) fn report(&mut self, error: &Failure<'s>) {
        let diagnostic = match error {
            ParseError::UnrecognizedToken {
                token: (l, token, r),
                expected,
            } => {
                let expected = Expected::new(expected);
                report::unexpected(
                    self.span(*l, *r),
                    &token.to_string(),
                    &expected.shown(),
                    expected.help(token),
                )
            }
            ParseError::UnrecognizedEof { location, expected } => {
                let here = self.span(*location, *location);
                report::unexpected_end(here, &Expected::new(expected).shown())
            }
            ParseError::ExtraToken {
                token: (l, token, r),
            } => report::unexpected(self.span(*l, *r), &token.to_string(), "", None),
            ParseError::InvalidToken { location } => {
                report::unexpected(self.span(*location, *location), "character", "", None)
            }
            ParseError::User { error: () } => return,
        };
        self.diagnostics.push(diagnostic);
    }

    fn limit(&mut self, error: Diagnostic) {
        if !self.limits_told {
            self.limits_told = true;
            self.diagnostics.push(error);
        }
    }

    // ---- items --------------------------------------------------------------------------------

    #[allow(
        clippy::too_many_arguments,
        reason = "one for each part of the production"
    )]
    pub fn type_decl(
        &mut self,
        l: u32,
        kind: TypeKind,
        name: Ident,
        members: Option<Vec<Ident>>,
        containers: Option<Vec<Container>>,
        body: Option<Vec<Member>>,
        r: u32,
    ) -> Item {
        Item::Type(TypeDecl {
            doc: self.doc(l),
            kind,
            name,
            members: members.unwrap_or_default(),
            containers: containers.unwrap_or_default(),
            body: body.unwrap_or_default(),
            span: self.span(l, r),
        })
    }

    pub fn container(
        &mut self,
        l: u32,
        type_name: Ident,
        cardinality: Cardinality,
        r: u32,
    ) -> Container {
        Container {
            type_name,
            cardinality,
            span: self.span(l, r),
        }
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "one for each part of the production"
    )]
    pub fn rule(
        &mut self,
        annotations: Vec<Annotation>,
        l: u32,
        kind: RuleKind,
        target: RuleTarget,
        subjects: Option<Vec<Ident>>,
        conditions: Vec<Guard>,
        r: u32,
    ) -> Item {
        // With annotations, the doc stands before their `@`.
        let first = annotations
            .first()
            .map_or(l, |a| a.name.span.start.saturating_sub(1));
        Item::Rule(Rule {
            doc: self.doc(first).or_else(|| self.doc(l)),
            annotations,
            kind,
            target,
            subjects: subjects.unwrap_or_default(),
            conditions,
            span: self.span(l, r),
        })
    }

    pub fn test(&mut self, l: u32, name: Text, statements: Vec<Vec<Statement>>, r: u32) -> Item {
        Item::Test(Test {
            doc: self.doc(l),
            name,
            statements: statements.into_iter().flatten().collect(),
            span: self.span(l, r),
        })
    }

    pub fn relation(&mut self, l: u32, name: Ident, targets: Vec<Ident>, r: u32) -> Member {
        Member::Relation(Relation {
            doc: self.doc(l),
            name,
            targets,
            span: self.span(l, r),
        })
    }

    pub fn role(&mut self, l: u32, name: Ident, clauses: Vec<RoleClause>, r: u32) -> Member {
        Member::Role(RoleDecl {
            doc: self.doc(l),
            name,
            clauses,
            span: self.span(l, r),
        })
    }

    pub fn attribute(
        &mut self,
        l: u32,
        name: Ident,
        optional: bool,
        ty: TypeExpr,
        default: Option<Expr>,
        r: u32,
    ) -> Attribute {
        Attribute {
            doc: self.doc(l),
            name,
            optional,
            ty,
            default,
            span: self.span(l, r),
        }
    }

    pub fn named_type(&mut self, l: u32, mut names: Vec<Ident>, r: u32) -> TypeExpr {
        match (names.pop(), names.is_empty()) {
            (Some(only), true) => TypeExpr::Named(only),
            (last, _) => {
                names.extend(last);
                TypeExpr::Union(names, self.span(l, r))
            }
        }
    }

    pub fn set_type(&mut self, l: u32, name: Ident, element: TypeExpr, r: u32) -> TypeExpr {
        if name.name != "Set" {
            self.diagnostics
                .push(report::wrong_set_type(name.span, &name.name));
        }
        let nested = {
            let (mut depth, mut inner) = (0, &element);
            while let TypeExpr::Set(next, _) = inner {
                depth += 1;
                inner = next;
            }
            depth
        };
        if nested >= MAX_DEPTH {
            self.limit(report::too_deep(name.span, MAX_DEPTH));
            return element;
        }
        TypeExpr::Set(Box::new(element), self.span(l, r))
    }

    pub fn action(&mut self, l: u32, name: Ident, asked_of: Option<Vec<Ident>>) -> ActionDecl {
        ActionDecl {
            doc: self.doc(l),
            name,
            asked_of: asked_of.unwrap_or_default(),
        }
    }

    pub fn level(
        &mut self,
        l: u32,
        name: Ident,
        includes: Option<Vec<Ident>>,
        set: Option<PermissionSet>,
        r: u32,
    ) -> LevelDecl {
        LevelDecl {
            doc: self.doc(l),
            name,
            includes: includes.unwrap_or_default(),
            set,
            span: self.span(l, r),
        }
    }

    pub fn permission_group(
        &mut self,
        l: u32,
        name: Ident,
        set: Option<PermissionSet>,
        groups: Vec<PermissionGroup>,
        r: u32,
    ) -> PermissionGroup {
        PermissionGroup {
            doc: self.doc(l),
            name,
            set,
            groups,
            span: self.span(l, r),
        }
    }

    pub fn type_set(
        &mut self,
        l: u32,
        terms: Vec<TypeTerm>,
        except: Option<Vec<TypeTerm>>,
        r: u32,
    ) -> TypeSet {
        TypeSet {
            terms,
            except: except.unwrap_or_default(),
            span: self.span(l, r),
        }
    }

    pub fn permission_set(
        &mut self,
        l: u32,
        terms: Vec<PermissionTerm>,
        except: Option<Vec<PermissionTerm>>,
        r: u32,
    ) -> PermissionSet {
        PermissionSet {
            terms,
            except: except.unwrap_or_default(),
            span: self.span(l, r),
        }
    }

    // ---- tests and facts ----------------------------------------------------------------------

    pub fn remove(&mut self, l: u32, facts: Vec<Fact>, r: u32) -> Vec<Statement> {
        let span = self.span(l, r);
        facts
            .into_iter()
            .map(|fact| Statement::Remove(fact, span))
            .collect()
    }

    pub fn expect(
        &mut self,
        l: u32,
        subject: Entity,
        (claim, resources): (Claim, Vec<Entity>),
        context: Option<Vec<(Ident, Expr)>>,
        at: Option<Moment>,
        r: u32,
    ) -> Vec<Statement> {
        vec![Statement::Expect(Expectation {
            subject,
            claim,
            resources,
            context: context.unwrap_or_default(),
            at,
            span: self.span(l, r),
        })]
    }

    pub fn entity_fact(
        &mut self,
        l: u32,
        entity: Entity,
        containers: Option<Vec<Entity>>,
        until: Option<Moment>,
        attributes: Option<Vec<(Ident, Expr)>>,
        r: u32,
    ) -> Vec<Fact> {
        vec![Fact {
            kind: FactKind::Entity {
                entity,
                containers: containers.unwrap_or_default(),
                until,
                attributes: attributes.unwrap_or_default(),
            },
            span: self.span(l, r),
        }]
    }

    pub fn holdings(
        &mut self,
        l: u32,
        subject: Option<Entity>,
        holdings: Vec<(Ident, Entity, Option<Moment>, u32)>,
    ) -> Vec<Fact> {
        let mut begin = l;
        holdings
            .into_iter()
            .map(|(role, on, until, end)| {
                let span = self.span(begin.min(role.span.start), end);
                begin = u32::MAX;
                Fact {
                    kind: FactKind::Holding {
                        subject: subject.clone(),
                        role,
                        on,
                        until,
                    },
                    span,
                }
            })
            .collect()
    }

    pub fn share(
        &mut self,
        l: u32,
        entity: Entity,
        with: Entity,
        level: Ident,
        until: Option<Moment>,
        r: u32,
    ) -> Vec<Fact> {
        vec![Fact {
            kind: FactKind::Share {
                entity,
                with,
                level,
                until,
            },
            span: self.span(l, r),
        }]
    }

    pub fn relations(
        &mut self,
        l: u32,
        entity: Entity,
        relation: Ident,
        targets: Vec<Entity>,
        r: u32,
    ) -> Vec<Fact> {
        let span = self.span(l, r);
        targets
            .into_iter()
            .map(|target| Fact {
                kind: FactKind::Relation {
                    entity: entity.clone(),
                    relation: relation.clone(),
                    target,
                },
                span,
            })
            .collect()
    }

    // ---- conditions ---------------------------------------------------------------------------

    fn node(&mut self, span: Span, kind: ExprKind, children: u32) -> Expr {
        let depth = children + 1;
        if depth > MAX_DEPTH {
            self.limit(report::too_deep(span, MAX_DEPTH));
            return Expr {
                kind: ExprKind::Error,
                span,
                depth: 0,
            };
        }
        Expr { kind, span, depth }
    }

    pub fn not(&mut self, l: u32, e: Expr, r: u32) -> Expr {
        let (span, depth) = (self.span(l, r), e.depth);
        self.node(span, ExprKind::Not(Box::new(e)), depth)
    }

    pub fn negate(&mut self, l: u32, e: Expr, r: u32) -> Expr {
        let (span, depth) = (self.span(l, r), e.depth);
        let folded = match &e.kind {
            ExprKind::Literal(Literal::Int(n)) => n.checked_neg().map(Literal::Int),
            ExprKind::Literal(Literal::Decimal(n)) => n.checked_neg().map(Literal::Decimal),
            ExprKind::Literal(Literal::Duration(n)) => n.checked_neg().map(Literal::Duration),
            _ => None,
        };
        match folded {
            Some(literal) => self.node(span, ExprKind::Literal(literal), 0),
            None => self.node(span, ExprKind::Negate(Box::new(e)), depth),
        }
    }

    pub fn binary(&mut self, op: BinaryOp, a: Expr, b: Expr) -> Expr {
        let (span, depth) = (a.span.to(b.span), a.depth.max(b.depth));
        self.node(span, ExprKind::Binary(op, Box::new(a), Box::new(b)), depth)
    }

    pub fn and(&mut self, a: Expr, b: Expr) -> Expr {
        self.chain(a, b, ExprKind::And, |kind| match kind {
            ExprKind::And(parts) => Ok(parts),
            other => Err(other),
        })
    }

    pub fn or(&mut self, a: Expr, b: Expr) -> Expr {
        self.chain(a, b, ExprKind::Or, |kind| match kind {
            ExprKind::Or(parts) => Ok(parts),
            other => Err(other),
        })
    }

    /// Joins into one flat chain, so that a long one is not a deep one.
    fn chain(
        &mut self,
        a: Expr,
        b: Expr,
        wrap: fn(Vec<Expr>) -> ExprKind,
        unwrap: fn(ExprKind) -> Result<Vec<Expr>, ExprKind>,
    ) -> Expr {
        let span = a.span.to(b.span);
        let (a_span, a_depth, b_depth) = (a.span, a.depth, b.depth);
        let (mut parts, depth) = match unwrap(a.kind) {
            Ok(parts) => (parts, (a_depth - 1).max(b_depth)),
            Err(kind) => {
                let first = Expr {
                    kind,
                    span: a_span,
                    depth: a_depth,
                };
                (vec![first], a_depth.max(b_depth))
            }
        };
        self.push_part(&mut parts, b);
        self.node(span, wrap(parts), depth)
    }

    fn push_part(&mut self, parts: &mut Vec<Expr>, part: Expr) {
        if parts.len() < MAX_PARTS {
            parts.push(part);
        } else {
            self.limit(report::too_long(part.span, MAX_PARTS));
        }
    }

    fn check_parts(&mut self, parts: &mut Vec<Expr>) -> u32 {
        if let Some(first) = parts.get(MAX_PARTS) {
            let span = first.span;
            self.limit(report::too_long(span, MAX_PARTS));
            parts.truncate(MAX_PARTS);
        }
        parts.iter().map(|part| part.depth).max().unwrap_or(0)
    }

    pub fn has(&mut self, e: Expr, name: Ident) -> Expr {
        let (span, depth) = (e.span.to(name.span), e.depth);
        self.node(span, ExprKind::Has(Box::new(e), name), depth)
    }

    pub fn like(&mut self, e: Expr, pattern: Text) -> Expr {
        let (span, depth) = (e.span.to(pattern.span), e.depth);
        self.node(span, ExprKind::Like(Box::new(e), pattern), depth)
    }

    pub fn is_type(&mut self, e: Expr, types: Vec<Ident>, r: u32) -> Expr {
        let (span, depth) = (self.span(e.span.start, r), e.depth);
        self.node(span, ExprKind::IsType(Box::new(e), types), depth)
    }

    pub fn is_role(&mut self, e: Expr, role: Ident, of: Ident) -> Expr {
        let (span, depth) = (e.span.to(of.span), e.depth);
        self.node(span, ExprKind::IsRole(Box::new(e), role, of), depth)
    }

    pub fn choose(&mut self, l: u32, c: Expr, a: Expr, b: Expr) -> Expr {
        let depth = c.depth.max(a.depth).max(b.depth);
        let span = self.span(l, b.span.end);
        self.node(
            span,
            ExprKind::If(Box::new(c), Box::new(a), Box::new(b)),
            depth,
        )
    }

    pub fn field(&mut self, e: Expr, name: Ident) -> Expr {
        let (span, depth) = (e.span.to(name.span), e.depth);
        self.node(span, ExprKind::Field(Box::new(e), name), depth)
    }

    pub fn method(&mut self, e: Expr, name: Ident, mut arguments: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut arguments).max(e.depth);
        let span = self.span(e.span.start, r);
        self.node(span, ExprKind::Method(Box::new(e), name, arguments), depth)
    }

    pub fn call(&mut self, name: Ident, mut arguments: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut arguments);
        let span = self.span(name.span.start, r);
        self.node(span, ExprKind::Call(name, arguments), depth)
    }

    pub fn set(&mut self, l: u32, mut parts: Vec<Expr>, r: u32) -> Expr {
        let depth = self.check_parts(&mut parts);
        let span = self.span(l, r);
        self.node(span, ExprKind::Set(parts), depth)
    }

    pub fn record(&mut self, l: u32, fields: Vec<(Ident, Expr)>, r: u32) -> Expr {
        let depth = fields
            .iter()
            .map(|(_, value)| value.depth)
            .max()
            .unwrap_or(0);
        let span = self.span(l, r);
        self.node(span, ExprKind::Record(fields), depth)
    }

    // ---- literals and words -------------------------------------------------------------------

    pub fn literal(&mut self, l: u32, literal: Literal, r: u32) -> Expr {
        let span = self.span(l, r);
        self.node(span, ExprKind::Literal(literal), 0)
    }

    fn number(&mut self, l: u32, text: &str, r: u32, what: &str, read: Option<Literal>) -> Expr {
        let span = self.span(l, r);
        match read {
            Some(literal) => self.node(span, ExprKind::Literal(literal), 0),
            None => {
                self.diagnostics.push(report::bad_number(span, text, what));
                self.node(span, ExprKind::Error, 0)
            }
        }
    }

    pub fn integer(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "whole number",
            literal::parse_int(text).map(Literal::Int),
        )
    }

    pub fn decimal(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "decimal",
            literal::parse_decimal(text).map(Literal::Decimal),
        )
    }

    pub fn duration(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "duration",
            literal::parse_duration(text).map(Literal::Duration),
        )
    }

    pub fn datetime(&mut self, l: u32, text: &str, r: u32) -> Expr {
        self.number(
            l,
            text,
            r,
            "time",
            literal::parse_datetime(text).map(Literal::Datetime),
        )
    }

    pub fn moment(&mut self, l: u32, text: &str, r: u32) -> Moment {
        let span = self.span(l, r);
        let millis = literal::parse_datetime(text).unwrap_or_else(|| {
            self.diagnostics
                .push(report::bad_number(span, text, "time"));
            0
        });
        Moment { millis, span }
    }

    pub fn text(&mut self, l: u32, quoted: &str, r: u32) -> Text {
        let inner = quoted.strip_prefix('"').unwrap_or(quoted);
        let inner = inner.strip_suffix('"').unwrap_or(inner);
        let value = self.unescape(l + 1, inner);
        Text {
            value,
            span: self.span(l, r),
        }
    }

    fn unescape(&mut self, at: u32, inner: &str) -> String {
        literal::unescape(inner).unwrap_or_else(|(from, to)| {
            let shift = |n: usize| at.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
            let span = self.span(shift(from), shift(to));
            let escape = inner.get(from..to).unwrap_or("");
            self.diagnostics.push(report::unknown_escape(span, escape));
            inner.to_owned()
        })
    }

    pub fn text_literal(&mut self, text: Text) -> Expr {
        self.node(text.span, ExprKind::Literal(Literal::String(text.value)), 0)
    }

    pub fn entity(&mut self, l: u32, text: &str, r: u32) -> Entity {
        let (type_name, id) = text.split_once(':').unwrap_or((text, ""));
        let quoted = id.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let id = match quoted {
            Some(inner) => {
                let before = u32::try_from(type_name.len() + 2).unwrap_or(0);
                self.unescape(l.saturating_add(before), inner)
            }
            None => id.to_owned(),
        };
        Entity {
            type_name: type_name.to_owned(),
            id,
            span: self.span(l, r),
        }
    }

    pub fn entity_literal(&mut self, entity: Entity) -> Expr {
        self.node(entity.span, ExprKind::Entity(entity), 0)
    }

    pub fn ident(&mut self, l: u32, text: &str, r: u32) -> Ident {
        Ident {
            name: text.to_owned(),
            span: self.span(l, r),
        }
    }

    pub fn name(&mut self, name: Ident) -> Expr {
        self.node(name.span, ExprKind::Name(name.name), 0)
    }

    pub fn word(&mut self, l: u32, word: &str, r: u32) -> Expr {
        let name = self.ident(l, word, r);
        self.name(name)
    }
}

/// What the parser would have taken, in words for people.
struct Expected {
    names: Vec<String>,
}

impl Expected {
    fn new(expected: &[String]) -> Self {
        let mut names: Vec<String> = expected
            .iter()
            .map(|name| name.trim_matches('"').to_owned())
            .filter(|name| !name.starts_with("start "))
            .collect();
        // Where any name may stand, the keywords that could be one say nothing.
        if names.iter().any(|name| name == "identifier")
            && names.iter().any(|name| name == "forbid")
            && names.iter().any(|name| name == "many")
        {
            names.retain(|name| !KEYWORDS.contains(&name.as_str()) || !is_word(name));
        }
        names.sort_by_key(|name| match name.as_str() {
            "identifier" | "entity" | "text" => 0,
            name if is_word(name) => 1,
            _ => 2,
        });
        Self { names }
    }

    /// At most seven of them; nothing where that would say little.
    fn shown(&self) -> String {
        if ["true", "false", "!"]
            .iter()
            .all(|word| self.names.iter().any(|name| name == word))
        {
            return "a condition or a value".to_owned();
        }
        let words: Vec<String> = self
            .names
            .iter()
            .map(|name| match name.as_str() {
                "identifier" => "a name".to_owned(),
                "entity" => "an entity".to_owned(),
                "text" => "a text".to_owned(),
                "integer" | "decimal" | "time" | "duration" => format!("a {name}"),
                sign => format!("`{sign}`"),
            })
            .collect();
        match words.as_slice() {
            [] => String::new(),
            [only] => only.clone(),
            [init @ .., last] if words.len() <= 12 => format!("{} or {last}", init.join(", ")),
            _ => String::new(),
        }
    }

    /// What to do, where a near keyword or a common mistake tells it.
    fn help(&self, found: &Token<'_>) -> Option<String> {
        let takes = |name: &str| self.names.iter().any(|known| known == name);
        match found {
            Token::Identifier("and") if takes("&&") => Some("write `&&`".to_owned()),
            Token::Identifier("or") if takes("&&") => Some("write `||`".to_owned()),
            Token::Identifier("not") => Some("write `!`".to_owned()),
            Token::Identifier(word) => {
                let keywords = self
                    .names
                    .iter()
                    .map(String::as_str)
                    .filter(|name| is_word(name));
                literal::nearest(word, keywords).map(|near| format!("did you mean `{near}`?"))
            }
            Token::Assign if takes("==") => Some("compare with `==`".to_owned()),
            Token::Pipe if takes("||") => Some("write `||` for \"or\"".to_owned()),
            Token::String(_) if takes("identifier") => {
                Some("names stand without quotes".to_owned())
            }
            Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::LessEqual
            | Token::Greater
            | Token::GreaterEqual
                if takes("&&") =>
            {
                Some("comparisons do not chain: join two with `&&`".to_owned())
            }
            _ => None,
        }
    }
}

fn is_word(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_lowercase())
        && !matches!(
            name,
            "identifier" | "entity" | "text" | "integer" | "decimal" | "time" | "duration"
        )
}
