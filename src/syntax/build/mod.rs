//! What the grammar's actions do: builds nodes, reads literals, keeps limits, reports mistakes.

mod conditions;
mod expected;
mod sets;
mod slips;

use std::collections::HashMap;

use lalrpop_util::ParseError;

use super::ast::*;
use super::token::Token;
use super::{MAX_DEPTH, MAX_PARTS};
use crate::diagnostic::{Diagnostic, syntax as report};
use crate::source::{FileId, Span};
use expected::Expected;
use slips::Slip;

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

/// The tokens around a mistake.
pub(super) struct Around<'t, 's> {
    /// Those before it, as far as they can tell something.
    pub(super) before: &'t [Token<'s>],
    /// The one behind it.
    pub(super) next: Option<&'t Token<'s>>,
    /// Where the last one before it stands.
    pub(super) last: (u32, u32),
    /// Something new begins on the line of the mistake, so what stands before is not whole; and
    /// whether it begins with the mistake itself.
    pub(super) broken_off: Option<bool>,
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

    /// Reports what the parser could not take, with the tokens around it.
    pub(super) fn report(&mut self, error: &Failure<'s>, around: &Around<'_, 's>) {
        let diagnostic = match error {
            ParseError::UnrecognizedToken {
                token: (l, token, r),
                expected,
            } => {
                let expected = Expected::new(expected);
                let (span, found) = (self.span(*l, *r), token.to_string());
                let slip = match around.broken_off {
                    Some(false) => slips::broken_off(around.before),
                    _ => slips::find(around.before, Some(token), around.next, &expected),
                };
                match (slip, around.broken_off) {
                    (Some(Slip::Before(near)), _) => {
                        let (l, r) = around.last;
                        let word = around.before.last().map(ToString::to_string);
                        let help = Some(format!("did you mean `{near}`?"));
                        let word = word.unwrap_or_default();
                        report::unexpected(self.span(l, r), &word, "", help)
                    }
                    (slip, Some(at_once)) => {
                        let (_, end) = around.last;
                        let shown = if at_once {
                            expected.shown()
                        } else {
                            String::new()
                        };
                        let error = report::unexpected_end(self.span(end, end), &shown);
                        match slip {
                            Some(Slip::Help(help)) => error.help(help),
                            _ => error,
                        }
                    }
                    (Some(Slip::Help(help)), _) => {
                        report::unexpected(span, &found, &expected.shown(), Some(help))
                    }
                    (None, _) => {
                        let help = expected.help(token);
                        report::unexpected(span, &found, &expected.shown(), help)
                    }
                }
            }
            ParseError::UnrecognizedEof { location, expected } => {
                let here = self.span(*location, *location);
                let expected = Expected::new(expected);
                let error = report::unexpected_end(here, &expected.shown());
                match slips::find(around.before, None, None, &expected) {
                    Some(Slip::Help(help)) => error.help(help),
                    _ => error,
                }
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

    pub fn context_decl(
        &mut self,
        l: u32,
        actions: Option<PermissionSet>,
        attributes: Vec<Attribute>,
        r: u32,
    ) -> Item {
        Item::Context(ContextDecl {
            actions,
            attributes,
            span: self.span(l, r),
        })
    }

    pub fn acts_for(
        &mut self,
        l: u32,
        owner: Ident,
        types: Vec<Ident>,
        within: Option<Ident>,
        at_most: Option<Ident>,
        r: u32,
    ) -> Member {
        Member::ActsFor(ActsFor {
            owner,
            types,
            within,
            at_most,
            span: self.span(l, r),
        })
    }

    pub fn also(&mut self, mut also: Also, op: AlsoOp, term: AlsoTerm) -> Also {
        if also.rest.len() < MAX_PARTS {
            also.rest.push((op, term));
        } else if let AlsoTerm::Name(name) | AlsoTerm::Role { role: name, .. } = &term {
            self.limit(report::too_long(name.span, MAX_PARTS));
        }
        also
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

    pub fn role(
        &mut self,
        marks: Vec<Mark>,
        l: u32,
        name: Ident,
        clauses: Vec<RoleClause>,
        r: u32,
    ) -> Member {
        Member::Role(RoleDecl {
            doc: self.marked_doc(&marks, l),
            marks,
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

    pub fn mark(
        &mut self,
        l: u32,
        name: Ident,
        arguments: Option<Vec<Vec<Ident>>>,
        r: u32,
    ) -> Mark {
        Mark {
            name,
            arguments: arguments.unwrap_or_default(),
            span: self.span(l, r),
        }
    }

    /// The doc of a declaration, which stands before its marks.
    fn marked_doc(&mut self, marks: &[Mark], l: u32) -> Option<String> {
        let first = marks.first().map_or(l, |mark| mark.span.start);
        self.doc(first).or_else(|| self.doc(l))
    }

    pub fn action(
        &mut self,
        marks: Vec<Mark>,
        l: u32,
        name: Ident,
        asked_of: Option<Vec<Ident>>,
    ) -> ActionDecl {
        ActionDecl {
            doc: self.marked_doc(&marks, l),
            marks,
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
        subject: Holder,
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

    pub fn custom_role(
        &mut self,
        l: u32,
        role: Ident,
        of: Entity,
        can: Option<Vec<PermissionTerm>>,
        attributes: Option<Vec<(Ident, Expr)>>,
        r: u32,
    ) -> Vec<Fact> {
        vec![Fact {
            kind: FactKind::CustomRole {
                role,
                of,
                can: can.unwrap_or_default(),
                attributes: attributes.unwrap_or_default(),
            },
            span: self.span(l, r),
        }]
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
}
