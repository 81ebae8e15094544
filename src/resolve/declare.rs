//! Declares types, then their members, then what the members point to.

use super::schema::{
    ActionInfo, AttributeInfo, ContextInfo, LevelInfo, Named, RelationInfo, RoleInfo, Schema,
    ShareInfo, TypeInfo, kind_word, of_other_languages,
};
use crate::diagnostic::{Diagnostic, model, names as report, syntax};
use crate::literal::nearest;
use crate::plan::{Field, LevelId, MAX_TYPE_DEPTH, TypeId, TypeKind, ValueType};
use crate::syntax::ast::{self, Ident, Item, Member, TypeExpr};

const VALUE_TYPES: [(&str, ValueType); 8] = [
    ("Bool", ValueType::Bool),
    ("Int", ValueType::Int),
    ("Decimal", ValueType::Decimal),
    ("String", ValueType::String),
    ("Datetime", ValueType::Datetime),
    ("Duration", ValueType::Duration),
    ("IpAddr", ValueType::IpAddr),
    ("Permissions", ValueType::Permissions),
];

struct Declarer<'a, 'd> {
    schema: Schema<'a>,
    diagnostics: &'d mut Vec<Diagnostic>,
}

/// Builds the schema of these items.
pub(super) fn schema<'a>(
    items: impl Iterator<Item = &'a Item> + Clone,
    diagnostics: &mut Vec<Diagnostic>,
) -> Schema<'a> {
    let mut declarer = Declarer {
        schema: Schema::default(),
        diagnostics,
    };
    let declarations = items.clone().filter_map(|item| match item {
        Item::Type(decl) => Some(decl),
        _ => None,
    });
    let mut types: Vec<(TypeId, &'a ast::TypeDecl)> = Vec::new();
    for decl in declarations {
        types.extend(declarer.declare_type(decl).map(|id| (id, decl)));
    }
    // Each pass needs the names of the one before, of all types.
    for (id, decl) in &types {
        declarer.place(*id, decl);
    }
    for (id, decl) in &types {
        declarer.members(*id, decl);
    }
    for (id, decl) in &types {
        declarer.shares(*id, decl);
    }
    declarer.role_includes();
    for item in items {
        if let Item::Context(context) = item {
            declarer.context(context);
        }
    }
    declarer.schema
}

impl<'a> Declarer<'a, '_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn declare_type(&mut self, decl: &'a ast::TypeDecl) -> Option<TypeId> {
        let Ident { name, span } = &decl.name;
        if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            let mut better = name.trim_start_matches('_').to_owned();
            if let Some(first) = better.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            self.report(report::lower_case_type(*span, name, &better));
        }
        if VALUE_TYPES.iter().any(|(reserved, _)| reserved == name) || name == "Set" {
            self.report(report::reserved_type(*span, name));
        }
        if let Some(first) = self.schema.type_names.get(name) {
            let first = self.schema.types[*first].span;
            self.report(report::declared_twice(*span, "type", name, first));
            return None;
        }
        let id = self.schema.types.push(TypeInfo {
            name: name.clone(),
            span: *span,
            decl,
            kind: decl.kind,
            members: Vec::new(),
            containers: Vec::new(),
            attributes: Vec::new(),
            relations: Vec::new(),
            actions: Vec::new(),
            asked: Vec::new(),
            roles: Vec::new(),
            shares: Vec::new(),
            acts_for: None,
            attribute_names: Named::default(),
            relation_names: Named::default(),
            action_names: Named::default(),
            role_names: Named::default(),
        });
        self.schema.type_names.insert(name.clone(), id);
        Some(id)
    }

    fn find_type(&mut self, name: &Ident) -> Option<TypeId> {
        let found = self.schema.type_names.get(&name.name).copied();
        if found.is_none() {
            let near = nearest(&name.name, self.schema.all_type_names()).map(str::to_owned);
            self.report(report::unknown_type(name.span, &name.name, near.as_deref()));
        }
        found
    }

    fn find_types(&mut self, names: &[Ident]) -> Vec<TypeId> {
        let found = names.iter().filter_map(|name| self.find_type(name));
        let mut found: Vec<TypeId> = found.collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn want_kind(&mut self, name: &Ident, id: TypeId, wanted: &[TypeKind]) -> bool {
        let kind = self.schema.types[id].kind;
        if wanted.contains(&kind) {
            return true;
        }
        let words: Vec<&str> = wanted.iter().map(|kind| kind_word(*kind)).collect();
        let error = report::wrong_kind(name.span, &name.name, kind_word(kind), &words.join(" or "));
        self.report(error);
        false
    }

    /// `of` and `in`.
    fn place(&mut self, id: TypeId, decl: &'a ast::TypeDecl) {
        let name = &decl.name.name;
        if let (Some(first), true) = (decl.members.first(), decl.kind != TypeKind::Subject) {
            let word = kind_word(decl.kind);
            self.report(model::only_on(
                first.span,
                "members (`of`)",
                name,
                word,
                "subjects",
            ));
        } else {
            let members = self.find_types(&decl.members);
            self.schema.types[id].members = members;
            for member in &decl.members {
                // What is not found is told already.
                if let Some(of) = self.schema.type_names.get(&member.name).copied() {
                    self.want_kind(member, of, &[TypeKind::Subject]);
                }
            }
        }
        for container in &decl.containers {
            let Some(of) = self.find_type(&container.type_name) else {
                continue;
            };
            let wanted: &[TypeKind] = match decl.kind {
                TypeKind::Resource => &[TypeKind::Scope, TypeKind::Resource],
                TypeKind::Scope | TypeKind::Subject => &[TypeKind::Scope],
            };
            if !self.want_kind(&container.type_name, of, wanted) {
                continue;
            }
            let containers = &mut self.schema.types[id].containers;
            if containers.iter().any(|(before, _)| *before == of) {
                let container_name = &container.type_name.name;
                self.report(model::same_container_twice(
                    container.span,
                    name,
                    container_name,
                ));
                continue;
            }
            containers.push((of, container.cardinality));
        }
    }

    fn members(&mut self, id: TypeId, decl: &'a ast::TypeDecl) {
        let type_name = decl.name.name.clone();
        for member in &decl.body {
            match member {
                Member::Attribute(attribute) => {
                    let info = &mut self.schema.types[id];
                    let mut attributes = std::mem::take(&mut info.attributes);
                    let mut names = std::mem::take(&mut info.attribute_names);
                    self.attribute(attribute, &mut attributes, &mut names);
                    let info = &mut self.schema.types[id];
                    info.attributes = attributes;
                    info.attribute_names = names;
                }
                Member::Relation(relation) => self.relation(id, relation),
                Member::Actions(actions) => {
                    for action in actions {
                        self.action(id, action);
                    }
                }
                Member::Role(role) => {
                    if decl.kind == TypeKind::Subject {
                        let error = model::only_on(
                            role.name.span,
                            "roles",
                            &type_name,
                            "subject",
                            "scopes and resources",
                        );
                        self.report(error);
                        continue;
                    }
                    let first = self.schema.types[id]
                        .role_names
                        .get(&role.name.name)
                        .copied();
                    if let Some(first) = first {
                        let first = self.schema.roles[first].decl.name.span;
                        let Ident { name, span } = &role.name;
                        self.report(report::declared_twice(*span, "role", name, first));
                        continue;
                    }
                    let role_id = self.schema.roles.push(RoleInfo {
                        name: role.name.name.clone(),
                        on: id,
                        decl: role,
                        includes: Vec::new(),
                    });
                    let info = &mut self.schema.types[id];
                    info.roles.push(role_id);
                    info.role_names.insert(role.name.name.clone(), role_id);
                }
                Member::ActsFor(acts_for) => self.acts_for(id, decl.kind, acts_for),
                // These need the names of other types' members.
                Member::Share(_)
                | Member::VisibleBy(..)
                | Member::Overrides(..)
                | Member::CustomRoles(..) => {}
            }
        }
    }

    /// `acts for owner: User` declares the attribute `owner`.
    fn acts_for(&mut self, id: TypeId, kind: TypeKind, acts_for: &'a ast::ActsFor) {
        let name = self.schema.type_name(id).to_owned();
        if kind != TypeKind::Subject {
            let word = kind_word(kind);
            let error = model::only_on(acts_for.span, "`acts for`", &name, word, "subjects");
            self.report(error);
            return;
        }
        if let Some((_, first)) = self.schema.types[id].acts_for {
            let error = report::clause_twice(acts_for.span, "acts for", first.span);
            self.report(error);
            return;
        }
        let Ident { name, span } = &acts_for.owner;
        if let Some(first) = self.schema.types[id].attribute_names.get(name) {
            let first = self.schema.types[id].attributes.get(*first);
            let first = first.map_or(acts_for.span, |first| first.span);
            self.report(report::declared_twice(*span, "attribute", name, first));
            return;
        }
        let types = self.find_types(&acts_for.types);
        for (ty, ident) in types.clone().iter().zip(&acts_for.types) {
            self.want_kind(ident, *ty, &[TypeKind::Subject]);
        }
        let info = &mut self.schema.types[id];
        let column = info.attributes.len();
        info.attribute_names.insert(name.clone(), column);
        info.attributes.push(AttributeInfo {
            name: name.clone(),
            span: *span,
            ty: ValueType::Entity(types),
            optional: false,
            default: None,
        });
        info.acts_for = Some((column, acts_for));
    }

    fn attribute(
        &mut self,
        decl: &'a ast::Attribute,
        into: &mut Vec<AttributeInfo<'a>>,
        names: &mut Named<usize>,
    ) {
        let Ident { name, span } = &decl.name;
        if let Some(first) = names.get(name).and_then(|at| into.get(*at)) {
            self.report(report::declared_twice(*span, "attribute", name, first.span));
            return;
        }
        let Some(ty) = self.value_type(&decl.ty) else {
            return;
        };
        if ty.depth() > MAX_TYPE_DEPTH {
            self.report(syntax::type_too_deep(decl.ty.span(), MAX_TYPE_DEPTH));
            return;
        }
        names.insert(name.clone(), into.len());
        into.push(AttributeInfo {
            name: name.clone(),
            span: *span,
            ty,
            optional: decl.optional,
            default: decl.default.as_ref(),
        });
    }

    /// What may be said about a request. A name has one type, whatever the actions.
    fn context(&mut self, decl: &'a ast::ContextDecl) {
        let mut names = Named::default();
        let mut declared = Vec::new();
        for attribute in &decl.attributes {
            self.attribute(attribute, &mut declared, &mut names);
        }
        for attribute in declared {
            if attribute.ty == ValueType::Permissions {
                let said = decl.attributes.iter();
                let mut said = said.filter(|said| said.name.name == attribute.name);
                let span = said.next().map_or(attribute.span, |said| said.ty.span());
                self.report(model::misplaced_permissions(span));
                continue;
            }
            let actions = decl.actions.as_ref();
            let known = self.schema.context.iter_mut();
            let mut known = known.filter(|known| known.attribute.name == attribute.name);
            match known.next() {
                // Twice for the same actions, or with another type, it would say two things.
                Some(first)
                    if first.attribute.ty != attribute.ty
                        || first.attribute.optional != attribute.optional
                        || attribute.default.is_some()
                        || first.attribute.default.is_some()
                        || actions.is_none() && first.actions.iter().any(Option::is_none) =>
                {
                    let first = first.attribute.span;
                    let error = report::context_twice(attribute.span, &attribute.name, first);
                    self.diagnostics.push(error);
                }
                Some(first) => first.actions.push(actions),
                None => self.schema.context.push(ContextInfo {
                    attribute,
                    actions: vec![actions],
                }),
            }
        }
    }

    fn value_type(&mut self, ty: &TypeExpr) -> Option<ValueType> {
        let value = self.any_value_type(ty)?;
        let parts: Vec<&TypeExpr> = match (&value, ty) {
            (ValueType::Set(of), TypeExpr::Set(element, _)) if **of == ValueType::Permissions => {
                vec![&**element]
            }
            (ValueType::Record(of), TypeExpr::Record(fields, _)) => {
                let parts = of.iter().zip(fields);
                let parts = parts.filter(|(of, _)| of.ty == ValueType::Permissions);
                parts.map(|(_, field)| &field.ty).collect()
            }
            _ => Vec::new(),
        };
        if !parts.is_empty() {
            for part in parts {
                self.report(model::misplaced_permissions(part.span()));
            }
            return None;
        }
        Some(value)
    }

    fn any_value_type(&mut self, ty: &TypeExpr) -> Option<ValueType> {
        match ty {
            TypeExpr::Named(name) => {
                let value = VALUE_TYPES.iter().find(|(known, _)| *known == name.name);
                if let Some((_, value)) = value {
                    return Some(value.clone());
                }
                if let Some(found) = self.schema.type_names.get(&name.name) {
                    return Some(ValueType::Entity(vec![*found]));
                }
                let values = VALUE_TYPES.iter().map(|(known, _)| *known);
                let known = values.chain(self.schema.all_type_names());
                let near = of_other_languages(&name.name).or_else(|| nearest(&name.name, known));
                let near = near.map(str::to_owned);
                self.report(report::unknown_value_type(
                    name.span,
                    &name.name,
                    near.as_deref(),
                ));
                None
            }
            TypeExpr::Union(names, _) => {
                let types = self.find_types(names);
                (!types.is_empty()).then_some(ValueType::Entity(types))
            }
            TypeExpr::Set(element, _) => {
                let element = self.value_type(element)?;
                Some(ValueType::Set(Box::new(element)))
            }
            TypeExpr::Record(fields, _) => {
                let mut record: Vec<Field> = Vec::new();
                for field in fields {
                    let Ident { name, span } = &field.name;
                    let first = fields.iter().find(|other| other.name.name == *name);
                    if let Some(first) = first.filter(|first| first.name.span != *span) {
                        let first = first.name.span;
                        self.report(report::declared_twice(*span, "field", name, first));
                        continue;
                    }
                    record.push(Field {
                        name: name.clone(),
                        ty: self.value_type(&field.ty)?,
                        optional: field.optional,
                        default: None,
                    });
                }
                Some(ValueType::Record(record))
            }
        }
    }

    fn relation(&mut self, id: TypeId, decl: &'a ast::Relation) {
        let Ident { name, span } = &decl.name;
        let info = &self.schema.types[id];
        let attribute = info
            .attribute_names
            .get(name)
            .and_then(|at| info.attributes.get(*at));
        if let Some(first) = attribute {
            let first = first.span;
            self.report(report::declared_twice(*span, "member", name, first));
            return;
        }
        if info.relation_names.contains_key(name) {
            let first = self.schema.types[id].span;
            self.report(report::declared_twice(*span, "relation", name, first));
            return;
        }
        let targets = self.find_types(&decl.targets);
        let relation = self.schema.relations.push(RelationInfo {
            name: name.clone(),
            of: id,
            targets,
        });
        let info = &mut self.schema.types[id];
        info.relations.push(relation);
        info.relation_names.insert(name.clone(), relation);
    }

    fn action(&mut self, id: TypeId, decl: &'a ast::ActionDecl) {
        let Ident { name, span } = &decl.name;
        if self.schema.types[id].action_names.contains_key(name) {
            let first = self.schema.types[id].span;
            self.report(report::declared_twice(*span, "action", name, first));
            return;
        }
        let mut asked_of = Vec::new();
        for container in &decl.asked_of {
            let Some(of) = self.find_type(container) else {
                continue;
            };
            let containers = &self.schema.types[id].containers;
            if containers.iter().all(|(container, _)| *container != of) {
                let known = containers.iter().map(|(of, _)| self.schema.type_name(*of));
                let known: Vec<&str> = known.collect();
                let error = model::not_a_container(container.span, name, &container.name, &known);
                self.report(error);
            } else if !asked_of.contains(&of) {
                asked_of.push(of);
            }
        }
        if decl.asked_of.is_empty() {
            asked_of.push(id);
        }
        let action = self.schema.actions.push(ActionInfo {
            name: name.clone(),
            decl,
            owner: id,
            asked_of: asked_of.clone(),
        });
        for of in asked_of {
            self.schema.types[of].asked.push(action);
        }
        self.schema
            .actions_by_name
            .entry(name.clone())
            .or_default()
            .push(action);
        let info = &mut self.schema.types[id];
        info.actions.push(action);
        info.action_names.insert(name.clone(), action);
    }

    fn shares(&mut self, id: TypeId, decl: &'a ast::TypeDecl) {
        for member in &decl.body {
            let Member::Share(share) = member else {
                continue;
            };
            if decl.kind == TypeKind::Subject {
                let name = &decl.name.name;
                let error = model::only_on(
                    share.span,
                    "shares",
                    name,
                    "subject",
                    "scopes and resources",
                );
                self.report(error);
                continue;
            }
            let Some(with) = self.find_type(&share.with) else {
                continue;
            };
            if !self.want_kind(&share.with, with, &[TypeKind::Scope]) {
                continue;
            }
            if share.levels.is_empty() {
                self.report(model::unused_level(share.span, &share.with.name));
            }
            if self.schema.types[id]
                .shares
                .iter()
                .any(|before| before.with == with)
            {
                let first = self.schema.types[id].span;
                let Ident { name, span } = &share.with;
                self.report(report::declared_twice(*span, "a share with", name, first));
                continue;
            }
            let mut names: Named<LevelId> = Named::default();
            let mut levels = Vec::new();
            for level in &share.levels {
                let Ident { name, span } = &level.name;
                if let Some(first) = names.get(name) {
                    let first = self.schema.levels[*first].decl.name.span;
                    self.report(report::declared_twice(*span, "level", name, first));
                    continue;
                }
                let level_id = self.schema.levels.push(LevelInfo {
                    name: name.clone(),
                    of: id,
                    with,
                    decl: level,
                    includes: Vec::new(),
                });
                names.insert(name.clone(), level_id);
                levels.push(level_id);
            }
            for level in &levels {
                for included in &self.schema.levels[*level].decl.includes {
                    if let Some(found) = names.get(&included.name) {
                        self.schema.levels[*level].includes.push(*found);
                    } else {
                        let known: Vec<&str> = names.keys().map(String::as_str).collect();
                        let near = nearest(&included.name, known.iter().copied());
                        let error =
                            report::unknown_level(included.span, &included.name, near, &known);
                        self.diagnostics.push(error);
                    }
                }
            }
            self.schema.types[id]
                .shares
                .push(ShareInfo { with, levels });
        }
    }

    fn role_includes(&mut self) {
        for role in self.schema.roles.ids() {
            let info = &self.schema.roles[role];
            let on = &self.schema.types[info.on];
            let mut includes = Vec::new();
            for clause in &info.decl.clauses {
                let ast::RoleClause::Includes { roles, .. } = clause else {
                    continue;
                };
                for name in roles {
                    if let Some(found) = on.role_names.get(&name.name) {
                        includes.push(*found);
                    } else {
                        let known = on
                            .roles
                            .iter()
                            .map(|id| self.schema.roles[*id].name.as_str());
                        let known: Vec<&str> = known.collect();
                        let near = nearest(&name.name, known.iter().copied());
                        let error =
                            report::unknown_role(name.span, &name.name, &on.name, near, &known);
                        self.diagnostics.push(error);
                    }
                }
            }
            self.schema.roles[role].includes = includes;
        }
    }
}
