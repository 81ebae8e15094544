//! Who holds a role beyond the facts, what stands above it, and what types say of overrides,
//! custom roles and credentials.

use super::meaning::{AlsoMeaning, LevelMeaning, RoleMeaning, TypeMeaning};
use super::program::Checker;
use super::reach::{encloses, encloses_strictly};
use crate::diagnostic::{model, names as report};
use crate::literal::{a, nearest};
use crate::plan::{
    ActionId, AlsoStep, Guard, Link, MAX_OVERRIDDEN, RoleId, Table, TypeId, TypeKind, ValueType,
};
use crate::source::Span;
use crate::syntax::ast::{self, AlsoOp, AlsoTerm, Ident, Member, RoleClause};

impl Checker<'_, '_> {
    // ---- roles --------------------------------------------------------------------------------

    /// The clauses of a role that say who holds it, and its ceiling.
    pub(super) fn holding(&mut self, role: RoleId, meaning: &mut RoleMeaning) {
        let info = &self.schema.roles[role];
        let (on, decl) = (info.on, info.decl);
        let mut ceiling: Option<Span> = None;
        let mut holders: Option<Span> = None;
        for clause in &decl.clauses {
            match clause {
                RoleClause::Sees { .. } | RoleClause::Can { .. } | RoleClause::Includes { .. } => {}
                RoleClause::AtMost { set, span } => {
                    if self.twice(&mut ceiling, *span, "at most") {
                        continue;
                    }
                    let reach = self.reach.leading_to(on);
                    meaning.ceiling = Some(LevelMeaning {
                        span: *span,
                        actions: self.plain_set(on, &reach, set, "at most"),
                    });
                }
                RoleClause::Also { who, span } => {
                    for also in who {
                        let mut steps = Vec::new();
                        if self.also(on, also, &mut steps).is_some() {
                            meaning.also.push(AlsoMeaning { span: *span, steps });
                        }
                    }
                }
                RoleClause::Requires { roles, .. } => {
                    for required in roles {
                        let found =
                            self.enclosing_role(on, &required.of, &required.role, "requires");
                        meaning.guard.requires.extend(found);
                    }
                }
                RoleClause::For { types, span } => {
                    if self.twice(&mut holders, *span, "for") {
                        continue;
                    }
                    for name in types {
                        let found = self.subject_named(name, "hold a role");
                        meaning.guard.holders.extend(found);
                    }
                }
            }
        }
        let Guard { requires, holders } = &mut meaning.guard;
        requires.sort_unstable();
        requires.dedup();
        holders.sort_unstable();
        holders.dedup();
    }

    fn twice(&mut self, first: &mut Option<Span>, span: Span, clause: &str) -> bool {
        match first.replace(span) {
            Some(before) => {
                let error = report::clause_twice(span, clause, before);
                self.diagnostics.push(error);
                true
            }
            None => false,
        }
    }

    /// A subject type that is no credential.
    pub(super) fn subject_named(&mut self, name: &Ident, what: &str) -> Option<TypeId> {
        let of = self.find_type(name)?;
        let info = &self.schema.types[of];
        if info.acts_for.is_some() {
            let error = model::no_credential(name.span, &name.name, what);
            self.diagnostics.push(error);
            return None;
        }
        if info.kind != TypeKind::Subject {
            let kind = crate::resolve::kind_word(info.kind);
            let error = report::wrong_kind(name.span, &name.name, kind, "subject");
            self.diagnostics.push(error);
            return None;
        }
        Some(of)
    }

    pub(super) fn role_of(&mut self, of: TypeId, role: &Ident) -> Option<RoleId> {
        let info = &self.schema.types[of];
        let found = info.role_names.get(&role.name).copied();
        if found.is_none() {
            let known = info.roles.iter();
            let known: Vec<&str> = known.map(|id| &*self.schema.roles[*id].name).collect();
            let near = nearest(&role.name, known.iter().copied());
            let error = report::unknown_role(role.span, &role.name, &info.name, near, &known);
            self.diagnostics.push(error);
        }
        found
    }

    /// `T.R`, where a T may enclose the type.
    fn enclosing_role(
        &mut self,
        on: TypeId,
        of: &Ident,
        role: &Ident,
        clause: &str,
    ) -> Option<RoleId> {
        let of_type = self.find_type(of)?;
        if !encloses_strictly(self.schema, on, of_type) {
            return self.never_encloses(on, of, clause);
        }
        self.role_of(of_type, role)
    }

    fn never_encloses<T>(&mut self, ty: TypeId, of: &Ident, clause: &str) -> Option<T> {
        let types = self.schema.types.iter();
        let around = types.filter(|(above, _)| encloses_strictly(self.schema, ty, *above));
        let around: Vec<&str> = around.map(|(_, above)| above.name.as_str()).collect();
        let name = self.schema.type_name(ty);
        let error = model::never_encloses(of.span, &of.name, name, clause, &around);
        self.diagnostics.push(error);
        None
    }

    fn also(&mut self, on: TypeId, also: &ast::Also, steps: &mut Vec<AlsoStep>) -> Option<()> {
        self.also_term(on, &also.first, steps)?;
        for (op, term) in &also.rest {
            self.also_term(on, term, steps)?;
            steps.push(match op {
                AlsoOp::And => AlsoStep::And,
                AlsoOp::Except => AlsoStep::Except,
            });
        }
        Some(())
    }

    fn also_term(&mut self, on: TypeId, term: &AlsoTerm, steps: &mut Vec<AlsoStep>) -> Option<()> {
        let step = match term {
            AlsoTerm::Group(also) => return self.also(on, also, steps),
            AlsoTerm::Name(name) => match self.link(on, name) {
                Some((link, targets)) => {
                    if !targets.iter().any(|of| self.schema.is_subject(*of)) {
                        let roles = targets.iter();
                        let mut roles = roles.flat_map(|of| &self.schema.types[*of].roles);
                        let role = roles.next().map(|id| &*self.schema.roles[*id].name);
                        let targets: Vec<String> = targets
                            .iter()
                            .map(|of| a(self.schema.type_name(*of)))
                            .collect();
                        let targets = targets.join(", ");
                        let error = model::no_holder(name.span, &name.name, &targets, role);
                        self.diagnostics.push(error);
                        return None;
                    }
                    AlsoStep::Subject(link)
                }
                None if self.schema.types[on].role_names.contains_key(&name.name) => {
                    AlsoStep::Own(self.role_of(on, name)?)
                }
                None => return self.unknown_source(on, name),
            },
            AlsoTerm::Role { base, role } => match self.link(on, base) {
                Some((link, targets)) => AlsoStep::Linked(link, self.linked(&targets, role)?),
                None if self.schema.type_names.contains_key(&base.name) => {
                    AlsoStep::Enclosing(self.enclosing_role(on, base, role, "also")?)
                }
                None => return self.unknown_source(on, base),
            },
        };
        steps.push(step);
        Some(())
    }

    /// What a relation, or an attribute of entities, leads to.
    fn link(&self, on: TypeId, name: &Ident) -> Option<(Link, Vec<TypeId>)> {
        let info = &self.schema.types[on];
        if let Some(relation) = info.relation_names.get(&name.name) {
            let targets = self.schema.relations[*relation].targets.clone();
            return Some((Link::Relation(*relation), targets));
        }
        let column = *info.attribute_names.get(&name.name)?;
        let targets = match &info.attributes.get(column)?.ty {
            ValueType::Entity(of) => of.clone(),
            ValueType::Set(element) => match &**element {
                ValueType::Entity(of) => of.clone(),
                _ => return None,
            },
            _ => return None,
        };
        Some((Link::Attribute(u32::try_from(column).ok()?), targets))
    }

    /// The roles of a name on those of the types that have it.
    fn linked(&mut self, targets: &[TypeId], role: &Ident) -> Option<Vec<RoleId>> {
        let named = targets.iter().filter_map(|of| {
            let names = &self.schema.types[*of].role_names;
            names.get(&role.name).copied()
        });
        let mut roles: Vec<RoleId> = named.collect();
        if roles.is_empty() {
            self.role_of(*targets.first()?, role)?;
        }
        roles.sort_unstable();
        Some(roles)
    }

    fn unknown_source(&mut self, on: TypeId, name: &Ident) -> Option<()> {
        let info = &self.schema.types[on];
        let column = info.attribute_names.get(&name.name);
        if let Some(attribute) = column.and_then(|column| info.attributes.get(*column)) {
            let value = self.schema.value_type_name(&attribute.ty);
            let leads_to = format!("`{value}`");
            let error = model::no_holder(name.span, &name.name, &leads_to, None);
            self.diagnostics.push(error);
            return None;
        }
        let known = info.relation_names.keys().map(String::as_str);
        let known = known.chain(info.role_names.keys().map(String::as_str));
        let known = known.chain(info.attribute_names.keys().map(String::as_str));
        let near = nearest(&name.name, known.chain(self.schema.all_type_names()));
        let error = report::unknown_source(name.span, &name.name, &info.name, near);
        self.diagnostics.push(error);
        None
    }

    // ---- types --------------------------------------------------------------------------------

    /// What a type says beside its roles and shares.
    pub(super) fn powers(&mut self, ty: TypeId) -> TypeMeaning {
        let mut meaning = TypeMeaning::default();
        let decl = self.schema.types[ty].decl;
        let (mut visible, mut custom) = (None, None);
        for member in &decl.body {
            match member {
                Member::VisibleBy(action, span) => {
                    let twice = self.twice(&mut visible, *span, "visible by");
                    let found = self.own_action(ty, action);
                    meaning.visible_by = found.filter(|_| !twice).or(meaning.visible_by);
                }
                Member::Overrides(of, _) => {
                    let found = self.overridden(ty, of);
                    if !found.is_some_and(|of| meaning.overrides.contains(&of)) {
                        meaning.overrides.extend(found);
                    }
                }
                Member::CustomRoles(set, span) => {
                    if decl.kind == TypeKind::Subject {
                        let name = &decl.name.name;
                        let wanted = "scopes and resources";
                        let error =
                            model::only_on(*span, "`custom roles`", name, "subject", wanted);
                        self.diagnostics.push(error);
                    } else if !self.twice(&mut custom, *span, "custom roles") {
                        let reach = self.reach.leading_to(ty);
                        meaning.custom_roles = Some(LevelMeaning {
                            span: *span,
                            actions: self.plain_set(ty, &reach, set, "custom roles"),
                        });
                    }
                }
                Member::ActsFor(acts_for) => self.credential(ty, acts_for, &mut meaning),
                _ => {}
            }
        }
        for member in &decl.members {
            let of = self.schema.type_names.get(&member.name);
            if of.is_some_and(|of| self.schema.types[*of].acts_for.is_some()) {
                let error =
                    model::no_credential(member.span, &member.name, "be a member of a group");
                self.diagnostics.push(error);
            }
        }
        meaning
    }

    fn own_action(&mut self, ty: TypeId, name: &Ident) -> Option<ActionId> {
        let info = &self.schema.types[ty];
        let Some(action) = info.action_names.get(&name.name).copied() else {
            let known = info.actions.iter();
            let known: Vec<&str> = known.map(|id| &*self.schema.actions[*id].name).collect();
            let near = nearest(&name.name, known.iter().copied());
            let error = report::unknown_action(name.span, &name.name, &info.name, near, &known);
            self.diagnostics.push(error);
            return None;
        };
        if !self.schema.actions[action].asked_of.contains(&ty) {
            let error = model::not_its_own_action(name.span, &name.name, &info.name);
            self.diagnostics.push(error);
            return None;
        }
        Some(action)
    }

    fn overridden(&mut self, ty: TypeId, of: &Ident) -> Option<TypeId> {
        let found = self.find_type(of)?;
        let info = &self.schema.types[ty];
        if info.kind != TypeKind::Scope {
            let kind = crate::resolve::kind_word(info.kind);
            let error = model::only_on(of.span, "`overrides`", &info.name, kind, "scopes");
            self.diagnostics.push(error);
            return None;
        }
        if !encloses_strictly(self.schema, ty, found) {
            return self.never_encloses(ty, of, "overrides");
        }
        if !self.overridden.contains(&found) {
            if self.overridden.len() == MAX_OVERRIDDEN as usize {
                let error = model::too_many_overridden(of.span, MAX_OVERRIDDEN);
                self.diagnostics.push(error);
                return None;
            }
            self.overridden.push(found);
        }
        Some(found)
    }

    fn credential(&mut self, ty: TypeId, acts_for: &ast::ActsFor, meaning: &mut TypeMeaning) {
        for owner in &acts_for.types {
            let of = self.schema.type_names.get(&owner.name);
            if of.is_some_and(|of| self.schema.types[*of].acts_for.is_some()) {
                let error = model::no_credential(owner.span, &owner.name, "own another");
                self.diagnostics.push(error);
            }
        }
        if let Some(within) = &acts_for.within
            && let Some(of) = self.find_type(within)
        {
            if encloses(self.schema, ty, of) && of != ty {
                meaning.within = Some(of);
            } else {
                self.never_encloses::<()>(ty, within, "within");
            }
        }
        if let Some(at_most) = &acts_for.at_most {
            let info = &self.schema.types[ty];
            let column = info.attribute_names.get(&at_most.name).copied();
            let column = column.filter(|column| {
                let attribute = info.attributes.get(*column);
                attribute.is_some_and(|attribute| attribute.ty == ValueType::Permissions)
            });
            meaning.at_most = column.and_then(|column| u32::try_from(column).ok());
            if column.is_none() {
                let permissions = info.attributes.iter();
                let permissions = permissions.filter(|known| known.ty == ValueType::Permissions);
                let near = nearest(&at_most.name, permissions.map(|known| &*known.name));
                let found = info.attribute_names.get(&at_most.name);
                let found = found.and_then(|column| info.attributes.get(*column));
                let found = found.map(|found| self.schema.value_type_name(&found.ty));
                let error = model::no_limit(at_most.span, &at_most.name, found.as_deref(), near);
                self.diagnostics.push(error);
            }
        }
    }

    // ---- strata -------------------------------------------------------------------------------

    /// Gives each role its stratum, as late as what depends on it allows: who holds what stands
    /// behind an `except` must be known in a stratum before.
    pub(super) fn strata(&mut self, roles: &mut Table<RoleId, RoleMeaning>) {
        let mut needs: Table<RoleId, Vec<(RoleId, bool)>> =
            roles.ids().map(|_| Vec::new()).collect();
        let mut excepts: Vec<(RoleId, RoleId, Span)> = Vec::new();
        for (role, meaning) in roles.iter() {
            for included in &self.schema.roles[role].includes {
                needs[*included].push((role, false));
            }
            needs[role].extend(meaning.guard.requires.iter().map(|of| (*of, false)));
            for also in &meaning.also {
                for (of, negative) in also.roles() {
                    needs[role].push((of, negative));
                    if negative {
                        excepts.push((role, of, also.span));
                    }
                }
            }
        }
        if excepts.is_empty() {
            return;
        }
        // A chain of `except` longer than there are of them goes through one twice.
        let latest = i64::try_from(excepts.len()).unwrap_or(i64::MAX);
        let mut levels: Table<RoleId, i64> = roles.ids().map(|_| latest).collect();
        let mut open: Vec<RoleId> = roles.ids().collect();
        while let Some(role) = open.pop() {
            for (of, negative) in &needs[role] {
                let level = levels[role] - i64::from(*negative);
                if level < 0 {
                    self.except_cycles(&needs, &excepts);
                    return;
                }
                if level < levels[*of] {
                    levels[*of] = level;
                    open.push(*of);
                }
            }
        }
        let first = levels.rows().iter().min().copied().unwrap_or(0);
        for role in levels.ids() {
            roles[role].stratum = u32::try_from(levels[role] - first).unwrap_or(u32::MAX);
        }
    }

    fn except_cycles(
        &mut self,
        needs: &Table<RoleId, Vec<(RoleId, bool)>>,
        excepts: &[(RoleId, RoleId, Span)],
    ) {
        for (role, of, span) in excepts {
            let mut seen: Table<RoleId, bool> = needs.ids().map(|_| false).collect();
            let mut open = vec![*of];
            while let Some(next) = open.pop() {
                if !std::mem::replace(&mut seen[next], true) {
                    open.extend(needs[next].iter().map(|(of, _)| *of));
                }
            }
            if seen[*role] {
                let name = |role: RoleId| {
                    let info = &self.schema.roles[role];
                    format!("{}.{}", self.schema.type_name(info.on), info.name)
                };
                let error = model::except_cycle(*span, &name(*role), &name(*of));
                self.diagnostics.push(error);
            }
        }
    }
}
