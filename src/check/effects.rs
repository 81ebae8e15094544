//! What marks say: what an action does to who may do what, and which roles and actions are special.
//!
//! Marks decide nothing. They tell those who look over a policy what the service behind it does.

use super::meaning::{ActionMeaning, Effect};
use super::program::Checker;
use crate::diagnostic::{listed, model, names as report, types};
use crate::literal::nearest;
use crate::plan::{ActionId, RoleId, TypeId};
use crate::syntax::ast::{Ident, Mark};

const ON_ACTIONS: [&str; 5] = ["assigns", "revokes", "shares", "edits", "dangerous"];
const ON_ROLES: [&str; 1] = ["administrative"];

impl Checker<'_, '_> {
    /// The marks of an action.
    pub(super) fn action(&mut self, action: ActionId) -> ActionMeaning {
        let mut meaning = ActionMeaning::default();
        let info = &self.schema.actions[action];
        let (owner, decl) = (info.owner, info.decl);
        let asked_of = info.asked_of.first().copied().unwrap_or(owner);
        for mark in &decl.marks {
            if mark.name.name == "dangerous" {
                meaning.dangerous = true;
                self.without_arguments(mark);
                continue;
            }
            if !ON_ACTIONS.contains(&mark.name.name.as_str()) {
                self.unknown_mark(mark, &ON_ACTIONS);
                continue;
            }
            if mark.arguments.is_empty() {
                let error = model::mark_arguments(mark.span, &mark.name.name, true);
                self.diagnostics.push(error);
            }
            for path in &mark.arguments {
                let effect = match mark.name.name.as_str() {
                    "assigns" => self.role_at(owner, path).map(Effect::Assigns),
                    "revokes" => self.role_at(owner, path).map(Effect::Revokes),
                    "shares" => self.level_at(owner, path),
                    _ => self.edited(asked_of, path),
                };
                meaning.effects.extend(effect);
            }
        }
        meaning
    }

    /// Whether a role is marked as administrative.
    pub(super) fn administrative(&mut self, role: RoleId) -> bool {
        let decl = self.schema.roles[role].decl;
        let mut administrative = false;
        for mark in &decl.marks {
            if mark.name.name == "administrative" {
                administrative = true;
                self.without_arguments(mark);
            } else {
                self.unknown_mark(mark, &ON_ROLES);
            }
        }
        administrative
    }

    fn without_arguments(&mut self, mark: &Mark) {
        if !mark.arguments.is_empty() {
            let error = model::mark_arguments(mark.span, &mark.name.name, false);
            self.diagnostics.push(error);
        }
    }

    fn unknown_mark(&mut self, mark: &Mark, known: &[&str]) {
        let Ident { name, span } = &mark.name;
        let near = nearest(name, known.iter().copied());
        self.diagnostics
            .push(model::unknown_mark(*span, name, near, known));
    }

    /// The type that a path begins with, and the name behind it.
    fn of_type<'i>(&mut self, own: TypeId, path: &'i [Ident]) -> Option<(TypeId, &'i Ident)> {
        match path {
            [name] => Some((own, name)),
            [outer, of, name] if self.schema.type_names.contains_key(&of.name) => {
                let named = format!("{}.{}", of.name, name.name);
                let error = model::mark_too_long(outer.span, &outer.name, "before", &named);
                self.diagnostics.push(error);
                None
            }
            [of, name, ..] => Some((self.find_type(of)?, name)),
            [] => None,
        }
    }

    /// Nothing stands behind a type and the name in it.
    fn ends(&mut self, path: &[Ident]) -> Option<()> {
        let [of, name, more, ..] = path else {
            return Some(());
        };
        let named = format!("{}.{}", of.name, name.name);
        self.diagnostics.push(model::mark_too_long(
            more.span, &more.name, "behind", &named,
        ));
        None
    }

    fn role_at(&mut self, own: TypeId, path: &[Ident]) -> Option<RoleId> {
        let (of, role) = self.of_type(own, path)?;
        let role = self.role_of(of, role)?;
        self.ends(path)?;
        Some(role)
    }

    fn level_at(&mut self, own: TypeId, path: &[Ident]) -> Option<Effect> {
        let (of, name) = self.of_type(own, path)?;
        let shares = self.schema.types[of].shares.iter();
        let levels = shares.flat_map(|share| share.levels.iter().copied());
        let levels: Vec<_> = levels.collect();
        let found = levels
            .iter()
            .find(|level| self.schema.levels[**level].name == name.name);
        if found.is_none() {
            let known: Vec<&str> = levels
                .iter()
                .map(|level| &*self.schema.levels[*level].name)
                .collect();
            let near = nearest(&name.name, known.iter().copied());
            let error = report::unknown_level(name.span, &name.name, near, &known);
            self.diagnostics.push(error);
        }
        let level = found.copied()?;
        self.ends(path)?;
        Some(Effect::Shares(level))
    }

    /// `resource.owner`: an attribute or relation of what the action is asked of.
    fn edited(&mut self, asked_of: TypeId, path: &[Ident]) -> Option<Effect> {
        let (of, name) = match path {
            [resource, name, ..] if resource.name == "resource" => (asked_of, name),
            path => self.of_type(asked_of, path)?,
        };
        let info = &self.schema.types[of];
        let known = info
            .attribute_names
            .keys()
            .chain(info.relation_names.keys());
        let known: Vec<&str> = known.map(String::as_str).collect();
        if !known.contains(&name.name.as_str()) {
            let near = nearest(&name.name, known.iter().copied());
            let hint = match known.as_slice() {
                [] => format!("`{}` has neither attributes nor relations", info.name),
                known => format!("`{}` has {}", info.name, listed(known, 8)),
            };
            let (name, span) = (&name.name, name.span);
            let error = types::unknown_attribute(span, name, &info.name, near, Some(hint));
            self.diagnostics.push(error);
            return None;
        }
        self.ends(path)?;
        Some(Effect::Edits(of, name.name.clone()))
    }
}
