//! What each clause of a role, each level and each rule comes to, type by type.

use std::collections::{BTreeSet, HashMap};

use super::arena::Arena;
use super::condition::{Environment, Guards, condition};
use super::meaning::{
    ActionGrant, CanClause, LevelMeaning, Program, RoleMeaning, RuleMeaning, SeesClause, TypeGrant,
};
use super::reach::Reach;
use crate::diagnostic::{Diagnostic, model, names as report, types};
use crate::literal::nearest;
use crate::plan::{ActionId, ConditionId, LevelId, RoleId, TypeId};
use crate::resolve::{Permissions, Resolved, Schema, SetMeaning};
use crate::source::{Sources, Span};
use crate::syntax::ast::{self, RoleClause, RuleKind, RuleTarget, TypeTerm};

/// Checks a resolved policy.
pub(crate) fn check<'a>(
    sources: &Sources,
    resolved: Resolved<'a>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Program<'a> {
    let Resolved {
        schema,
        permissions,
        rules,
    } = resolved;
    let mut checker = Checker {
        sources,
        subjects: schema.subjects(),
        reach: Reach::new(&schema),
        schema: &schema,
        permissions: &permissions,
        overridden: Vec::new(),
        context: Vec::new(),
        arena: Arena::default(),
        compiled: HashMap::default(),
        diagnostics,
    };
    let attributes = schema.types.rows().iter();
    let attributes = attributes
        .map(|ty| checker.fields(&ty.attributes))
        .collect();
    let context = checker.context_fields();
    let types = schema.types.ids().map(|ty| checker.powers(ty)).collect();
    let actions = schema.actions.ids();
    let actions = actions.map(|action| checker.action(action)).collect();
    let mut roles = schema.roles.ids().map(|role| checker.role(role)).collect();
    checker.strata(&mut roles);
    let levels = schema
        .levels
        .ids()
        .map(|level| checker.level(level))
        .collect();
    let rules = rules.into_iter().map(|rule| checker.rule(rule)).collect();
    let arena = checker.arena;
    Program {
        schema,
        permissions,
        types,
        actions,
        roles,
        levels,
        rules,
        attributes,
        context,
        arena,
    }
}

/// What became of each condition that was read.
type Compiled = HashMap<
    (Span, Option<TypeId>, Option<ActionId>),
    Result<ConditionId, Vec<Diagnostic>>,
    rustc_hash::FxBuildHasher,
>;

pub(super) struct Checker<'c, 'a> {
    pub(super) sources: &'c Sources,
    pub(super) schema: &'c Schema<'a>,
    pub(super) permissions: &'c Permissions,
    pub(super) reach: Reach,
    pub(super) subjects: Vec<TypeId>,
    /// The types that some type overrides.
    pub(super) overridden: Vec<TypeId>,
    /// For each part of the context the actions that it is declared for; `None` for all.
    pub(super) context: Vec<Option<BTreeSet<ActionId>>>,
    pub(super) arena: Arena,
    /// Conditions by where they stand and what they are about: one that does not speak of the
    /// resource is the same for all types.
    compiled: Compiled,
    pub(super) diagnostics: &'c mut Vec<Diagnostic>,
}

impl Checker<'_, '_> {
    fn role(&mut self, role: RoleId) -> RoleMeaning {
        let info = &self.schema.roles[role];
        let reach = self.reach.leading_to(info.on);
        let mut meaning = RoleMeaning::default();
        for clause in &info.decl.clauses {
            match clause {
                RoleClause::Sees { set, when, span } => {
                    let guards = Guards::when(when.as_ref());
                    let sees = self.sees(info.on, &reach, set, &guards, *span);
                    meaning.sees.extend(sees);
                }
                RoleClause::Can { set, when, span } => {
                    let guards = Guards::when(when.as_ref());
                    let actions = self.can(info.on, &reach, set, &guards);
                    meaning.can.push(CanClause {
                        span: *span,
                        actions,
                    });
                }
                // What they say of holders is read below.
                RoleClause::Includes { .. }
                | RoleClause::AtMost { .. }
                | RoleClause::Also { .. }
                | RoleClause::Requires { .. }
                | RoleClause::For { .. } => {}
            }
        }
        self.holding(role, &mut meaning);
        meaning.administrative = self.administrative(role);
        meaning
    }

    fn sees(
        &mut self,
        on: TypeId,
        reach: &[TypeId],
        set: &ast::TypeSet,
        guards: &Guards<'_>,
        span: Span,
    ) -> Vec<SeesClause> {
        let mut named: Vec<(TypeId, Span)> = Vec::new();
        let mut wild: Vec<TypeId> = Vec::new();
        let mut this = None;
        for term in &set.terms {
            match term {
                TypeTerm::All(_) => wild.extend(reach),
                TypeTerm::Named(name) if name.name == "this" => this = Some(name.span),
                TypeTerm::Named(name) => {
                    let Some(of) = self.find_type(name) else {
                        continue;
                    };
                    if reach.binary_search(&of).is_err() {
                        let on = self.schema.type_name(on);
                        let error = model::cannot_be_inside(name.span, &name.name, on, "sees");
                        self.diagnostics.push(error);
                    } else {
                        named.push((of, name.span));
                    }
                }
            }
        }
        let (named, wild) = self.except_types(set, named, wild);
        let mut clauses = Vec::new();
        if !named.is_empty() || !wild.is_empty() {
            clauses.push(SeesClause {
                span,
                this: false,
                types: self.types_under(
                    &named,
                    &wild,
                    guards,
                    &self.subjects.clone(),
                    set.span,
                    true,
                ),
            });
        }
        if let Some(this_span) = this {
            clauses.push(SeesClause {
                span,
                this: true,
                types: self.types_under(
                    &[(on, this_span)],
                    &[],
                    guards,
                    &self.subjects.clone(),
                    set.span,
                    true,
                ),
            });
        }
        if clauses.is_empty() && !set.except.is_empty() {
            self.diagnostics.push(model::empty_set(set.span));
        }
        clauses
    }

    /// Takes out what stands behind `except`.
    fn except_types(
        &mut self,
        set: &ast::TypeSet,
        mut named: Vec<(TypeId, Span)>,
        mut wild: Vec<TypeId>,
    ) -> (Vec<(TypeId, Span)>, Vec<TypeId>) {
        for term in &set.except {
            match term {
                TypeTerm::All(_) => {
                    named.clear();
                    wild.clear();
                }
                TypeTerm::Named(name) if name.name == "this" => {
                    self.diagnostics.push(model::this_with_others(name.span));
                }
                TypeTerm::Named(name) => {
                    if let Some(of) = self.find_type(name) {
                        named.retain(|(kept, _)| *kept != of);
                        wild.retain(|kept| *kept != of);
                    }
                }
            }
        }
        wild.retain(|of| named.iter().all(|(named, _)| named != of));
        (named, wild)
    }

    fn can(
        &mut self,
        on: TypeId,
        reach: &[TypeId],
        set: &ast::PermissionSet,
        guards: &Guards<'_>,
    ) -> Vec<ActionGrant> {
        let meaning =
            self.permissions
                .meaning(self.schema, Some(on), Some(reach), set, self.diagnostics);
        for (action, span) in &meaning.named {
            let asked = &self.schema.actions[*action].asked_of;
            if asked.iter().all(|of| reach.binary_search(of).is_err())
                && let Some(of) = asked.first()
            {
                let name = self.schema.type_name(*of);
                let on = self.schema.type_name(on);
                self.diagnostics
                    .push(model::cannot_be_inside(*span, name, on, "can"));
            }
        }
        self.out_of_reach(&meaning, on, "can");
        self.left_over(set, &meaning);
        let subjects = self.subjects.clone();
        self.actions_under(&meaning, Some(reach), guards, &subjects, set.span, false)
    }

    /// A group of which nothing can be asked where it is named is a mistake.
    fn out_of_reach(&mut self, meaning: &SetMeaning, on: TypeId, clause: &str) {
        for span in &meaning.out_of_reach {
            let (name, on) = (self.sources.text(*span), self.schema.type_name(on));
            self.diagnostics
                .push(model::group_out_of_reach(*span, name, on, clause));
        }
    }

    /// A set of which `except` leaves nothing is a mistake.
    pub(super) fn left_over(&mut self, set: &ast::PermissionSet, meaning: &SetMeaning) {
        if meaning.named.is_empty() && meaning.wild.is_empty() && !set.except.is_empty() {
            self.diagnostics.push(model::empty_set(set.span));
        }
    }

    fn level(&mut self, level: LevelId) -> LevelMeaning {
        let info = &self.schema.levels[level];
        let span = info.decl.span;
        let Some(set) = &info.decl.set else {
            return LevelMeaning {
                span,
                actions: Vec::new(),
            };
        };
        // What is inside the shared entity goes through the window with it.
        let inside = self.reach.leading_to(info.of);
        LevelMeaning {
            span,
            actions: self.plain_set(info.of, &inside, set, "level"),
        }
    }

    /// A set without conditions, of what can be asked inside a type.
    pub(super) fn plain_set(
        &mut self,
        of: TypeId,
        inside: &[TypeId],
        set: &ast::PermissionSet,
        clause: &str,
    ) -> Vec<(TypeId, ActionId)> {
        let meaning =
            self.permissions
                .meaning(self.schema, Some(of), Some(inside), set, self.diagnostics);
        self.out_of_reach(&meaning, of, clause);
        self.left_over(set, &meaning);
        for (action, span) in &meaning.named {
            let asked = &self.schema.actions[*action].asked_of;
            if asked.iter().all(|of| inside.binary_search(of).is_err())
                && let Some(asked) = asked.first()
            {
                let (name, of_name) = (self.schema.type_name(*asked), self.schema.type_name(of));
                self.diagnostics
                    .push(model::cannot_be_inside(*span, name, of_name, clause));
            }
        }
        let mut actions = Vec::new();
        for action in meaning.actions() {
            let asked = self.schema.actions[action].asked_of.iter();
            let reached = asked.filter(|of| inside.binary_search(of).is_ok());
            actions.extend(reached.map(|of| (*of, action)));
        }
        actions
    }

    fn rule(&mut self, rule: &ast::Rule) -> RuleMeaning {
        let mut meaning = RuleMeaning {
            kind: rule.kind,
            span: rule.span,
            id: None,
            reason: None,
            subjects: Vec::new(),
            actions: Vec::new(),
            types: Vec::new(),
        };
        for annotation in &rule.annotations {
            let ast::Ident { name, span } = &annotation.name;
            let slot = match name.as_str() {
                "id" => &mut meaning.id,
                "reason" => &mut meaning.reason,
                _ => {
                    let near = nearest(name, ["id", "reason"]);
                    self.diagnostics
                        .push(model::unknown_annotation(*span, name, near));
                    continue;
                }
            };
            if slot.replace(annotation.value.value.clone()).is_some() {
                let mut same = rule.annotations.iter().map(|other| &other.name);
                let first = same.find(|other| other.name == *name);
                let first = first.map_or(rule.span, |first| first.span);
                let error = report::declared_twice(*span, "annotation", name, first);
                self.diagnostics.push(error);
            }
        }
        for subject in &rule.subjects {
            let found = self.subject_named(subject, "stand behind `to`");
            meaning.subjects.extend(found);
        }
        meaning.subjects.sort_unstable();
        meaning.subjects.dedup();
        let principals = if meaning.subjects.is_empty() {
            self.subjects.clone()
        } else {
            meaning.subjects.clone()
        };
        let guards = Guards::of(&rule.conditions);
        let strict = matches!(rule.kind, RuleKind::Forbid | RuleKind::Hide);
        match &rule.target {
            RuleTarget::Actions(set) => {
                let found =
                    self.permissions
                        .meaning(self.schema, None, None, set, self.diagnostics);
                self.left_over(set, &found);
                meaning.actions =
                    self.actions_under(&found, None, &guards, &principals, set.span, strict);
            }
            RuleTarget::Types(set) => {
                let mut named = Vec::new();
                let mut wild = Vec::new();
                for term in &set.terms {
                    match term {
                        TypeTerm::All(_) => wild.extend(self.schema.types.ids()),
                        TypeTerm::Named(name) if name.name == "this" => {
                            self.diagnostics.push(model::this_with_others(name.span));
                        }
                        TypeTerm::Named(name) => {
                            named.extend(self.find_type(name).map(|of| (of, name.span)));
                        }
                    }
                }
                let (named, wild) = self.except_types(set, named, wild);
                if named.is_empty() && wild.is_empty() && !set.except.is_empty() {
                    self.diagnostics.push(model::empty_set(set.span));
                }
                meaning.types =
                    self.types_under(&named, &wild, &guards, &principals, set.span, !strict);
            }
        }
        meaning
    }

    pub(super) fn find_type(&mut self, name: &ast::Ident) -> Option<TypeId> {
        let found = self.schema.type_names.get(&name.name).copied();
        if found.is_none() {
            let near = nearest(&name.name, self.schema.all_type_names());
            self.diagnostics
                .push(report::unknown_type(name.span, &name.name, near));
        }
        found
    }

    // ---- conditions over sets -------------------------------------------------------------------

    /// The types of a set, each with the condition read for it. What is named must fit; of a
    /// wildcard, `lenient` leaves out what does not.
    fn types_under(
        &mut self,
        named: &[(TypeId, Span)],
        wild: &[TypeId],
        guards: &Guards<'_>,
        principals: &[TypeId],
        at: Span,
        lenient: bool,
    ) -> Vec<TypeGrant> {
        let mut types = Vec::new();
        for (of, _) in named {
            match self.condition(guards, *of, None, principals) {
                Ok(condition) => types.push(TypeGrant { of: *of, condition }),
                Err(errors) => {
                    self.diagnostics.extend(errors);
                    return types;
                }
            }
        }
        let mut misfit = None;
        for of in wild {
            match self.condition(guards, *of, None, principals) {
                Ok(condition) => types.push(TypeGrant { of: *of, condition }),
                Err(errors) => {
                    misfit.get_or_insert(errors);
                }
            }
        }
        if let Some(errors) = misfit.filter(|_| !lenient || types.is_empty()) {
            self.misfit(errors, at, lenient);
        }
        types
    }

    /// The actions of a set by the types that they are asked of, each with the condition read for
    /// it. What is named must fit; of a wildcard, what does not is left out, unless `strict`.
    fn actions_under(
        &mut self,
        set: &SetMeaning,
        within: Option<&[TypeId]>,
        guards: &Guards<'_>,
        principals: &[TypeId],
        at: Span,
        strict: bool,
    ) -> Vec<ActionGrant> {
        let asked = |schema: &Schema<'_>, action: ActionId| -> Vec<TypeId> {
            let asked = schema.actions[action].asked_of.iter().copied();
            asked
                .filter(|of| within.is_none_or(|within| within.binary_search(of).is_ok()))
                .collect()
        };
        let mut actions = Vec::new();
        for (action, span) in &set.named {
            for of in asked(self.schema, *action) {
                match self.condition(guards, of, Some(*action), principals) {
                    Ok(condition) => actions.push(ActionGrant {
                        of,
                        action: *action,
                        condition,
                    }),
                    Err(errors) => {
                        let named = self.schema.action_name(*action);
                        let asked_of = self.schema.type_name(of);
                        self.diagnostics.extend(
                            errors
                                .into_iter()
                                .map(|error| types::does_not_fit(error, &named, asked_of, *span)),
                        );
                        return actions;
                    }
                }
            }
        }
        let mut misfit = None;
        for action in &set.wild {
            for of in asked(self.schema, *action) {
                match self.condition(guards, of, Some(*action), principals) {
                    Ok(condition) => actions.push(ActionGrant {
                        of,
                        action: *action,
                        condition,
                    }),
                    Err(errors) => {
                        misfit.get_or_insert(errors);
                    }
                }
            }
        }
        if let Some(errors) = misfit.filter(|_| strict || actions.is_empty()) {
            self.misfit(errors, at, !strict);
        }
        actions
    }

    /// Tells why a condition does not fit what a wildcard takes in.
    fn misfit(&mut self, errors: Vec<Diagnostic>, at: Span, lenient: bool) {
        let told = errors.into_iter().map(|error| {
            if lenient {
                error
            } else {
                types::taken_in(error, at)
            }
        });
        self.diagnostics.extend(told);
    }

    fn condition(
        &mut self,
        guards: &Guards<'_>,
        of: TypeId,
        action: Option<ActionId>,
        principals: &[TypeId],
    ) -> Result<Option<ConditionId>, Vec<Diagnostic>> {
        let Some(span) = guards.span() else {
            return Ok(None);
        };
        // Most parts of the context are declared for all actions.
        let by_action = self.context.iter().any(Option::is_some);
        let action = action.filter(|_| by_action && guards.speaks_of("context"));
        let of_type = guards.speaks_of("resource").then_some(of);
        let key = (span, of_type, action);
        if let Some(done) = self.compiled.get(&key) {
            return done.clone().map(Some);
        }
        let environment = Environment {
            schema: self.schema,
            resource: of,
            action,
            context: &self.context,
            principals,
        };
        let compiled = condition(
            environment,
            &mut self.arena,
            guards,
            self.sources.text(span),
        );
        self.compiled.insert(key, compiled.clone());
        compiled.map(Some)
    }
}
