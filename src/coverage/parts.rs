//! The parts of a policy that can decide, found in its text.

use std::collections::HashMap;

use super::Covered;
use crate::plan::{ClauseId, Part, Plan, RoleId, TypeId};
use crate::policy::Policy;
use crate::source::{Span, one_line};
use crate::syntax::ast::{ActsFor, Item, Member, RoleClause, RoleDecl, Rule, RuleKind, TypeDecl};

/// Every part, with nothing measured of it, in the order of the policy's files.
pub(super) fn parts(policy: &Policy) -> Vec<(Span, Covered, Part)> {
    let clauses = policy.plan().clauses.iter();
    let mut finder = Finder {
        policy,
        plan: policy.plan(),
        clauses: clauses
            .map(|(id, clause)| ((clause.file.as_str(), clause.line, clause.column), id))
            .collect(),
        includes: Vec::new(),
        found: Vec::new(),
    };
    let items = || policy.files.iter().flat_map(|file| &file.items);
    for item in items() {
        if let Item::Type(decl) = item {
            finder.included(decl);
        }
    }
    for item in items() {
        match item {
            Item::Type(decl) => finder.declared(decl),
            Item::Rule(rule) => finder.rule(rule),
            _ => {}
        }
    }
    finder.found
}

struct Finder<'p> {
    policy: &'p Policy,
    plan: &'p Plan,
    clauses: HashMap<(&'p str, u32, u32), ClauseId>,
    /// What each `includes` of the policy says: where it stands, whose it is, what it includes.
    includes: Vec<(Span, RoleId, Vec<RoleId>)>,
    found: Vec<(Span, Covered, Part)>,
}

impl Finder<'_> {
    fn add(&mut self, kind: &'static str, span: Span, text: Option<String>, part: Part) {
        let sources = self.policy.sources();
        let (file, at) = sources.locate(span);
        let covered = Covered {
            kind,
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            text: text.unwrap_or_else(|| one_line(sources.text(span))),
            granted: None,
            refused: None,
        };
        self.found.push((span, covered, part));
    }

    /// What decides by a clause of the plan, where that has it.
    fn clause(&mut self, kind: &'static str, span: Span) {
        let (file, at) = self.policy.sources().locate(span);
        let clause = self.clauses.get(&(file, at.line, at.column)).copied();
        if let Some(clause) = clause {
            self.add(kind, span, None, Part::Clause(clause));
        }
    }

    fn role_named(&self, on: TypeId, name: &str) -> Option<RoleId> {
        let mut roles = self.plan.types[on].roles.iter().copied();
        roles.find(|role| self.plan.roles[*role].name == name)
    }

    fn included(&mut self, decl: &TypeDecl) {
        let Some(ty) = self.plan.find_type(&decl.name.name) else {
            return;
        };
        for member in &decl.body {
            let Member::Role(role) = member else { continue };
            let Some(id) = self.role_named(ty, &role.name.name) else {
                continue;
            };
            for clause in &role.clauses {
                if let RoleClause::Includes { roles, span } = clause {
                    let named = roles.iter();
                    let named = named.filter_map(|name| self.role_named(ty, &name.name));
                    let named = named.collect();
                    self.includes.push((*span, id, named));
                }
            }
        }
    }

    fn declared(&mut self, decl: &TypeDecl) {
        let Some(ty) = self.plan.find_type(&decl.name.name) else {
            return;
        };
        for member in &decl.body {
            match member {
                Member::Role(role) => self.role(ty, role),
                Member::Share(share) => {
                    for level in &share.levels {
                        self.clause("level", level.span);
                    }
                }
                Member::VisibleBy(_, span) => {
                    self.add("visible by", *span, None, Part::VisibleBy(ty));
                }
                Member::Overrides(of, span) => {
                    if let Some(of) = self.plan.find_type(&of.name) {
                        self.add("overrides", *span, None, Part::Overrides(ty, of));
                    }
                }
                Member::CustomRoles(_, span) => self.clause("custom roles", *span),
                Member::ActsFor(acts_for) => self.acts_for(ty, acts_for),
                Member::Attribute(_) | Member::Relation(_) | Member::Actions(_) => {}
            }
        }
    }

    fn acts_for(&mut self, ty: TypeId, acts_for: &ActsFor) {
        if let Some(within) = &acts_for.within {
            let text = format!("within {}", within.name);
            self.add("within", within.span, Some(text), Part::Within(ty));
        }
        if let Some(limit) = &acts_for.at_most {
            let text = format!("at most {}", limit.name);
            self.add("at most", limit.span, Some(text), Part::Limit(ty));
        }
    }

    fn role(&mut self, on: TypeId, decl: &RoleDecl) {
        let Some(role) = self.role_named(on, &decl.name.name) else {
            return;
        };
        for clause in &decl.clauses {
            match clause {
                RoleClause::Sees { span, .. } => self.clause("sees", *span),
                RoleClause::Can { span, .. } => self.clause("can", *span),
                RoleClause::Also { span, .. } => self.clause("also", *span),
                RoleClause::AtMost { span, .. } => self.clause("at most", *span),
                RoleClause::Includes { span, .. } => {
                    let others = self.includes.iter().filter(|(other, ..)| other != span);
                    let others = others.map(|(_, role, roles)| (*role, roles.clone()));
                    let part = Part::Includes(others.collect());
                    self.add("includes", *span, None, part);
                }
                RoleClause::Requires { roles, span } => {
                    let named = roles.iter().filter_map(|of| {
                        self.role_named(self.plan.find_type(&of.of.name)?, &of.role.name)
                    });
                    let part = Part::Requires(role, named.collect());
                    self.add("requires", *span, None, part);
                }
                RoleClause::For { span, .. } => self.add("for", *span, None, Part::Holders(role)),
            }
        }
    }

    fn rule(&mut self, rule: &Rule) {
        let kind = match rule.kind {
            RuleKind::Permit => "permit",
            RuleKind::Forbid => "forbid",
            RuleKind::Reveal => "reveal",
            RuleKind::Hide => "hide",
        };
        self.clause(kind, rule.span);
    }
}
