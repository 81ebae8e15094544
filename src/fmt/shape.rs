//! What begins a line and what holds lines, as the tree says it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::pieces::Pieces;
use crate::source::Span;
use crate::syntax::Token;
use crate::syntax::ast::{
    Fact, Item, Member, PermissionGroup, PermissionSet, PolicyFile, RoleClause, Statement,
    WorldFile,
};

/// What an entry is, as far as its form depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Type,
    Role,
    Level,
    /// A group of permissions; `permissions` stands before its name.
    Permissions,
    /// A group in another one.
    Group,
    Test,
    Fact,
    Other,
}

/// What begins on a line of its own.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// All of its tokens.
    pub(super) tokens: Range<usize>,
    pub(super) block: Option<Block>,
}

/// Braces with entries inside, at the end of an entry.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) open: usize,
    pub(super) close: usize,
    pub(super) entries: Vec<Entry>,
}

impl Entry {
    /// The tokens before its block.
    pub(super) fn head(&self) -> Range<usize> {
        let end = self.block.as_ref().map(|block| block.open);
        self.tokens.start..end.unwrap_or(self.tokens.end)
    }
}

/// The tokens at which entries begin, and the braces that hold entries.
pub(super) struct Starts {
    kinds: BTreeMap<usize, Kind>,
    blocks: BTreeSet<usize>,
}

impl Starts {
    pub(super) fn policy(pieces: &Pieces<'_>, file: &PolicyFile) -> Self {
        let mut finder = Finder::new(pieces);
        for item in &file.items {
            finder.item(item);
        }
        finder.starts
    }

    pub(super) fn world(pieces: &Pieces<'_>, file: &WorldFile) -> Self {
        let mut finder = Finder::new(pieces);
        for fact in &file.facts {
            finder.fact(fact);
        }
        finder.starts
    }

    pub(super) fn entries(&self, pieces: &Pieces<'_>) -> Vec<Entry> {
        self.within(pieces, 0..pieces.len())
    }

    fn within(&self, pieces: &Pieces<'_>, range: Range<usize>) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let start = at;
            let mut block = None;
            at += 1;
            while at < range.end && !self.kinds.contains_key(&at) {
                let other = pieces.other(at);
                if self.blocks.contains(&other) && other > at {
                    block = Some(Block {
                        open: at,
                        close: other,
                        entries: self.within(pieces, at + 1..other),
                    });
                    at = other + 1;
                    break;
                }
                at = at.max(other) + 1;
            }
            entries.push(Entry {
                kind: self.kinds.get(&start).copied().unwrap_or(Kind::Other),
                tokens: start..at,
                block,
            });
        }
        entries
    }
}

struct Finder<'p, 's> {
    pieces: &'p Pieces<'s>,
    starts: Starts,
}

impl<'p, 's> Finder<'p, 's> {
    fn new(pieces: &'p Pieces<'s>) -> Self {
        let starts = Starts {
            kinds: BTreeMap::new(),
            blocks: BTreeSet::new(),
        };
        Self { pieces, starts }
    }

    fn start(&mut self, span: Span, kind: Kind) {
        let at = self.pieces.at(span.start);
        self.starts.kinds.insert(at, kind);
    }

    /// It begins one token before the part that has a place.
    fn start_before(&mut self, span: Span, kind: Kind) {
        let at = self.pieces.at(span.start).saturating_sub(1);
        self.starts.kinds.insert(at, kind);
    }

    /// It ends with braces that hold entries, if it ends with braces.
    fn block(&mut self, span: Span) {
        let last = self.pieces.at(span.end).saturating_sub(1);
        if self.pieces.token(last) == Some(&Token::CloseBrace) {
            self.starts.blocks.insert(last);
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Use(file) => self.start_before(file.span, Kind::Other),
            Item::Context(context) => {
                self.start(context.span, Kind::Other);
                self.block(context.span);
                for attribute in &context.attributes {
                    self.start(attribute.span, Kind::Other);
                }
            }
            Item::Type(decl) => {
                self.start(decl.span, Kind::Type);
                self.block(decl.span);
                for member in &decl.body {
                    self.member(member);
                }
            }
            Item::Permissions(group) => {
                self.start_before(group.span, Kind::Permissions);
                self.group(group);
            }
            Item::Rule(rule) => {
                for annotation in &rule.annotations {
                    self.start_before(annotation.name.span, Kind::Other);
                }
                self.start(rule.span, Kind::Other);
            }
            Item::Test(test) => {
                self.start(test.span, Kind::Test);
                self.block(test.span);
                for statement in &test.statements {
                    match statement {
                        Statement::Fact(fact) => self.fact(fact),
                        Statement::Remove(_, span) | Statement::Refused(_, span) => {
                            self.start(*span, Kind::Other);
                        }
                        Statement::Expect(expectation) => {
                            self.start(expectation.span, Kind::Other);
                        }
                    }
                }
            }
            Item::Error(span) => self.start(*span, Kind::Other),
        }
    }

    fn member(&mut self, member: &Member) {
        match member {
            Member::Attribute(attribute) => self.start(attribute.span, Kind::Other),
            Member::Relation(relation) => self.start(relation.span, Kind::Other),
            Member::Actions(actions) => {
                if let Some(first) = actions.first() {
                    let mark = first.marks.first().map(|mark| mark.span);
                    self.start_before(mark.unwrap_or(first.name.span), Kind::Other);
                }
            }
            Member::Role(role) => {
                for mark in &role.marks {
                    self.start(mark.span, Kind::Other);
                }
                self.start(role.span, Kind::Role);
                self.block(role.span);
                for clause in &role.clauses {
                    self.start(clause_span(clause), Kind::Other);
                }
            }
            Member::Share(share) => {
                self.start(share.span, Kind::Other);
                self.block(share.span);
                for level in &share.levels {
                    self.start(level.span, Kind::Level);
                    self.block(level.span);
                    self.set(level.set.as_ref());
                }
            }
            Member::VisibleBy(_, span)
            | Member::Overrides(_, span)
            | Member::CustomRoles(_, span) => self.start(*span, Kind::Other),
            Member::ActsFor(acts) => self.start(acts.span, Kind::Other),
        }
    }

    fn group(&mut self, group: &PermissionGroup) {
        self.block(group.span);
        self.set(group.set.as_ref());
        for inner in &group.groups {
            self.start(inner.span, Kind::Group);
            self.group(inner);
        }
    }

    fn set(&mut self, set: Option<&PermissionSet>) {
        if let Some(set) = set {
            self.start(set.span, Kind::Other);
        }
    }

    /// `User:ann is A of T:t, B of T:t` is several facts; the second one begins behind a comma.
    fn fact(&mut self, fact: &Fact) {
        let at = self.pieces.at(fact.span.start);
        if self.pieces.before(at) != Some(&Token::Comma) {
            self.starts.kinds.insert(at, Kind::Fact);
        }
    }
}

fn clause_span(clause: &RoleClause) -> Span {
    match clause {
        RoleClause::Sees { span, .. }
        | RoleClause::Can { span, .. }
        | RoleClause::Includes { span, .. }
        | RoleClause::AtMost { span, .. }
        | RoleClause::Also { span, .. }
        | RoleClause::Requires { span, .. }
        | RoleClause::For { span, .. } => *span,
    }
}
