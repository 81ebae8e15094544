//! What permission sets mean: actions, wildcards, groups, `except`.

use super::cycles::back_edges;
use super::schema::{Named, Schema};
use crate::diagnostic::{Diagnostic, model, names as report};
use crate::literal::nearest;
use crate::plan::{ActionId, Id, Table, TypeId};
use crate::source::Span;
use crate::syntax::ast::{Item, PermissionGroup, PermissionSet, PermissionTerm};

/// A permission group in the table of all groups, nested ones among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct GroupId(u32);

impl Id for GroupId {
    fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A permission group.
pub(crate) struct GroupInfo {
    /// `jobs.run`
    pub(crate) path: String,
    pub(crate) span: Span,
    children: Named<GroupId>,
    /// The group around it.
    pub(crate) parent: Option<GroupId>,
    /// The groups that it names, or has inside.
    pub(crate) uses: Vec<GroupId>,
    /// All its actions, those of the groups inside too; sorted.
    pub(crate) actions: Vec<ActionId>,
}

/// The permission groups of a policy.
#[derive(Default)]
pub(crate) struct Permissions {
    pub(crate) groups: Table<GroupId, GroupInfo>,
    roots: Named<GroupId>,
    /// The nested groups of each last name, for `*.name`.
    by_name: Named<Vec<GroupId>>,
}

/// What a permission set means.
#[derive(Clone, Debug, Default)]
pub(crate) struct SetMeaning {
    /// Actions that are named, alone or by a group, with the place; sorted.
    pub(crate) named: Vec<(ActionId, Span)>,
    /// Actions that only a wildcard brings in; sorted.
    pub(crate) wild: Vec<ActionId>,
    /// Groups that are named, and of which nothing can be asked here.
    pub(crate) out_of_reach: Vec<Span>,
}

impl SetMeaning {
    /// All actions, sorted.
    pub(crate) fn actions(&self) -> Vec<ActionId> {
        let named = self.named.iter().map(|(action, _)| *action);
        let mut all: Vec<ActionId> = named.chain(self.wild.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// What one term of a set means: actions, and groups with all that is in them.
struct TermMeaning {
    actions: Vec<ActionId>,
    groups: Vec<GroupId>,
    /// Whether a wildcard brings them.
    wild: bool,
}

impl TermMeaning {
    fn action(action: ActionId) -> Self {
        Self {
            actions: vec![action],
            groups: Vec::new(),
            wild: false,
        }
    }

    fn group(group: GroupId, wild: bool) -> Self {
        Self {
            actions: Vec::new(),
            groups: vec![group],
            wild,
        }
    }

    fn wild(actions: Vec<ActionId>) -> Self {
        Self {
            actions,
            groups: Vec::new(),
            wild: true,
        }
    }
}

/// Resolves every `permissions` item.
pub(super) fn groups<'a>(
    schema: &Schema<'a>,
    items: impl Iterator<Item = &'a Item>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Permissions {
    let mut permissions = Permissions::default();
    let mut declared: Vec<(GroupId, &PermissionGroup)> = Vec::new();
    for item in items {
        if let Item::Permissions(group) = item {
            permissions.declare(None, group, &mut declared, diagnostics);
        }
    }
    // What each group has of its own, and the groups that it takes in: nested or named.
    let mut takes: Table<GroupId, Vec<GroupId>> = declared.iter().map(|_| Vec::new()).collect();
    for (id, group) in &declared {
        let nested = group.groups.iter().filter_map(|inner| {
            permissions.groups[*id]
                .children
                .get(&inner.name.name)
                .copied()
        });
        takes[*id].extend(nested);
        let Some(set) = &group.set else {
            continue;
        };
        let mut own = Vec::new();
        for term in &set.terms {
            match permissions.term(schema, None, None, term) {
                Ok(meaning) => {
                    own.extend(meaning.actions);
                    takes[*id].extend(meaning.groups);
                }
                Err(error) => diagnostics.push(*error),
            }
        }
        permissions.groups[*id].actions = own;
    }
    // What stands behind `except` must be known first too.
    let mut needs = takes.clone();
    for (id, group) in &declared {
        let excepted = group.set.iter().flat_map(|set| &set.except);
        let found = excepted.filter_map(|term| permissions.term(schema, None, None, term).ok());
        needs[*id].extend(found.flat_map(|meaning| meaning.groups));
    }
    for (from, path) in back_edges(&needs) {
        let names: Vec<String> = path
            .iter()
            .map(|id| permissions.groups[*id].path.clone())
            .collect();
        diagnostics.push(model::permission_cycle(
            permissions.groups[from].span,
            &names,
        ));
        if let [.., last] = path.as_slice() {
            needs[from].retain(|of| of != last);
            takes[from].retain(|of| of != last);
        }
    }
    for id in bottom_up(&needs) {
        let mut actions = std::mem::take(&mut permissions.groups[id].actions);
        for taken in &takes[id] {
            actions.extend(&permissions.groups[*taken].actions);
        }
        actions.sort_unstable();
        actions.dedup();
        // `except` narrows what the group itself lists, not the groups inside it; with groups
        // taken in by name it narrows these as well.
        // Groups are declared in the order of their ids.
        let group = declared.get(id.index());
        if let Some(set) = group.and_then(|(_, group)| group.set.as_ref()) {
            let excepted = permissions.excepted(schema, None, set, diagnostics);
            let nested = takes[id].iter().filter(|inner| {
                let path = &permissions.groups[**inner].path;
                path.strip_prefix(permissions.groups[id].path.as_str())
                    .is_some_and(|rest| rest.starts_with('.'))
            });
            let kept: Vec<ActionId> = nested
                .flat_map(|inner| permissions.groups[*inner].actions.clone())
                .collect();
            actions
                .retain(|action| excepted.binary_search(action).is_err() || kept.contains(action));
        }
        permissions.groups[id].actions = actions;
        permissions.groups[id].uses = std::mem::take(&mut needs[id]);
    }
    permissions
}

/// The groups in an order in which each stands behind those that it takes in.
fn bottom_up(takes: &Table<GroupId, Vec<GroupId>>) -> Vec<GroupId> {
    let mut order = Vec::with_capacity(takes.len());
    let mut done: Table<GroupId, bool> = takes.rows().iter().map(|_| false).collect();
    for start in takes.ids() {
        let mut open = vec![(start, 0)];
        while let Some((id, next)) = open.last_mut() {
            let id = *id;
            match takes[id].get(*next) {
                Some(inner) if !done[id] => {
                    *next += 1;
                    if !done[*inner] {
                        open.push((*inner, 0));
                    }
                }
                _ => {
                    if !done[id] {
                        done[id] = true;
                        order.push(id);
                    }
                    open.pop();
                }
            }
        }
    }
    order
}

impl Permissions {
    fn declare<'a>(
        &mut self,
        parent: Option<GroupId>,
        group: &'a PermissionGroup,
        declared: &mut Vec<(GroupId, &'a PermissionGroup)>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let name = &group.name.name;
        let siblings = match parent {
            Some(parent) => &self.groups[parent].children,
            None => &self.roots,
        };
        if let Some(first) = siblings.get(name) {
            let first = self.groups[*first].span;
            let span = group.name.span;
            diagnostics.push(report::declared_twice(
                span,
                "permission group",
                name,
                first,
            ));
            return;
        }
        let path = match parent {
            Some(parent) => format!("{}.{name}", self.groups[parent].path),
            None => name.clone(),
        };
        let id = self.groups.push(GroupInfo {
            path,
            span: group.name.span,
            children: Named::default(),
            parent,
            uses: Vec::new(),
            actions: Vec::new(),
        });
        match parent {
            Some(parent) => {
                self.groups[parent].children.insert(name.clone(), id);
                self.by_name.entry(name.clone()).or_default().push(id);
            }
            None => {
                self.roots.insert(name.clone(), id);
            }
        }
        declared.push((id, group));
        for inner in &group.groups {
            self.declare(Some(id), inner, declared, diagnostics);
        }
    }

    /// Whether a text is an action, `Type.action`, or the path of a permission group.
    pub(crate) fn is_name(&self, schema: &Schema<'_>, name: &str) -> bool {
        let action = name.split_once('.').and_then(|(ty, action)| {
            let ty = schema.type_names.get(ty)?;
            schema.types[*ty].action_names.get(action)
        });
        action.is_some() || self.groups.rows().iter().any(|group| group.path == name)
    }

    /// Every action and every permission group by its name.
    pub(crate) fn names(&self, schema: &Schema<'_>) -> Vec<String> {
        let actions = schema.actions.ids().map(|id| schema.action_name(id));
        let groups = self.groups.rows().iter().map(|group| group.path.clone());
        actions.chain(groups).collect()
    }

    /// What a set means.
    ///
    /// `own` is the type whose actions may be named without it; `within` keeps wildcards to the
    /// actions asked of these types, sorted, so that a role costs what it can reach.
    pub(crate) fn meaning(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        within: Option<&[TypeId]>,
        set: &PermissionSet,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> SetMeaning {
        let mut meaning = SetMeaning::default();
        for term in &set.terms {
            match self.term(schema, own, within, term) {
                Ok(found) => {
                    let in_reach = |action: &ActionId| {
                        within.is_none_or(|within| {
                            let asked = &schema.actions[*action].asked_of;
                            asked.iter().any(|of| within.binary_search(of).is_ok())
                        })
                    };
                    let groups = found.groups.iter();
                    let grouped = groups.flat_map(|group| &self.groups[*group].actions);
                    let grouped: Vec<ActionId> = grouped.copied().filter(in_reach).collect();
                    let named_group = !found.wild && !found.groups.is_empty();
                    if named_group && grouped.is_empty() && within.is_some() {
                        meaning.out_of_reach.push(term.span);
                    }
                    if found.wild {
                        meaning
                            .wild
                            .extend(found.actions.into_iter().filter(in_reach).chain(grouped));
                    } else {
                        let actions = found.actions.into_iter().chain(grouped);
                        meaning
                            .named
                            .extend(actions.map(|action| (action, term.span)));
                    }
                }
                Err(error) => diagnostics.push(*error),
            }
        }
        let excepted = self.excepted(schema, own, set, diagnostics);
        let kept = |action: &ActionId| excepted.binary_search(action).is_err();
        meaning.named.retain(|(action, _)| kept(action));
        meaning.named.sort_unstable();
        meaning.named.dedup_by_key(|(action, _)| *action);
        meaning.wild.retain(kept);
        meaning.wild.sort_unstable();
        meaning.wild.dedup();
        let is_named = |action: &ActionId| {
            meaning
                .named
                .binary_search_by_key(action, |(named, _)| *named)
                .is_ok()
        };
        meaning.wild.retain(|action| !is_named(action));
        meaning
    }

    /// The actions of one term of a set, as [`Permissions::meaning`] reads it.
    pub(crate) fn term_actions(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        within: Option<&[TypeId]>,
        term: &PermissionTerm,
    ) -> Vec<ActionId> {
        let Ok(found) = self.term(schema, own, within, term) else {
            return Vec::new();
        };
        let groups = found.groups.iter();
        let grouped = groups.flat_map(|group| self.groups[*group].actions.iter().copied());
        let mut actions: Vec<ActionId> = found.actions.into_iter().chain(grouped).collect();
        actions.retain(|action| {
            within.is_none_or(|within| {
                let asked = &schema.actions[*action].asked_of;
                asked.iter().any(|of| within.binary_search(of).is_ok())
            })
        });
        actions.sort_unstable();
        actions.dedup();
        actions
    }

    /// The groups that one term of a set names.
    pub(crate) fn term_groups(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        term: &PermissionTerm,
    ) -> Vec<GroupId> {
        let found = self.term(schema, own, None, term);
        found.map_or_else(|_| Vec::new(), |found| found.groups)
    }

    fn excepted(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        set: &PermissionSet,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<ActionId> {
        let mut excepted = Vec::new();
        for term in &set.except {
            match self.term(schema, own, None, term) {
                Ok(found) => {
                    excepted.extend(found.actions);
                    let groups = found.groups.iter();
                    excepted.extend(groups.flat_map(|group| &self.groups[*group].actions));
                }
                Err(error) => diagnostics.push(*error),
            }
        }
        excepted.sort_unstable();
        excepted.dedup();
        excepted
    }

    fn term(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        within: Option<&[TypeId]>,
        term: &PermissionTerm,
    ) -> Result<TermMeaning, Box<Diagnostic>> {
        let path: Vec<Option<&str>> = term.path.iter().map(|(part, _)| part.as_deref()).collect();
        match path.as_slice() {
            [None] => Ok(TermMeaning::wild(match within {
                None => schema.actions.ids().collect(),
                Some(within) => {
                    let asked = within.iter().flat_map(|of| schema.types[*of].asked.iter());
                    asked.copied().collect()
                }
            })),
            [None, Some(name)] => {
                let actions = schema.actions_by_name.get(*name);
                let groups = self.by_name.get(*name);
                if actions.is_none() && groups.is_none() {
                    let known = schema.actions_by_name.keys().chain(self.by_name.keys());
                    let near = nearest(name, known.map(String::as_str));
                    return Err(self.unknown(term, near.map(|near| format!("*.{near}"))));
                }
                Ok(TermMeaning {
                    actions: match within {
                        None => actions.into_iter().flatten().copied().collect(),
                        // Only what is in reach: all of a name may be very many.
                        Some(within) => {
                            let asked = within.iter().flat_map(|of| &schema.types[*of].asked);
                            let named = |id: &&ActionId| schema.actions[**id].name == *name;
                            asked.filter(named).copied().collect()
                        }
                    },
                    groups: groups.into_iter().flatten().copied().collect(),
                    wild: true,
                })
            }
            [Some(name)] => self.bare(schema, own, term, name),
            [Some(first), rest @ ..] => match schema.type_names.get(*first) {
                Some(ty) => self.of_type(schema, *ty, term, rest),
                None => self.of_group(schema, term, first, rest),
            },
            _ => Err(self.unknown(term, None)),
        }
    }

    /// One name alone: an action of the type at hand, or a whole group.
    fn bare(
        &self,
        schema: &Schema<'_>,
        own: Option<TypeId>,
        term: &PermissionTerm,
        name: &str,
    ) -> Result<TermMeaning, Box<Diagnostic>> {
        let own = own.map(|ty| &schema.types[ty]);
        let action = own.and_then(|ty| Some((ty, ty.action_names.get(name)?)));
        match (action, self.roots.get(name)) {
            (Some((ty, _)), Some(_)) => Err(Box::new(report::ambiguous_permission(
                term.span, name, &ty.name,
            ))),
            (Some((_, action)), None) => Ok(TermMeaning::action(*action)),
            (None, Some(group)) => Ok(TermMeaning::group(*group, false)),
            (None, None) => {
                let own_actions = own.into_iter().flat_map(|ty| ty.action_names.keys());
                let known = own_actions.chain(self.roots.keys()).map(String::as_str);
                let mut near = nearest(name, known).map(str::to_owned);
                if near.is_none() {
                    // A type alone is a common slip, and an action of some type another.
                    near = match schema.type_names.get(name) {
                        Some(_) => Some(format!("{name}.*")),
                        None => {
                            let elsewhere = schema.actions_by_name.get(name);
                            let first = elsewhere.and_then(|actions| actions.first());
                            first.map(|action| schema.action_name(*action))
                        }
                    };
                }
                Err(self.unknown(term, near))
            }
        }
    }

    fn of_type(
        &self,
        schema: &Schema<'_>,
        ty: TypeId,
        term: &PermissionTerm,
        rest: &[Option<&str>],
    ) -> Result<TermMeaning, Box<Diagnostic>> {
        let info = &schema.types[ty];
        match rest {
            [None] => Ok(TermMeaning::wild(info.actions.clone())),
            [Some(name)] => match info.action_names.get(*name) {
                Some(action) => Ok(TermMeaning::action(*action)),
                None => {
                    let known = info
                        .actions
                        .iter()
                        .map(|id| schema.actions[*id].name.as_str());
                    let known: Vec<&str> = known.collect();
                    let near = nearest(name, known.iter().copied());
                    let span = term.path.last().map_or(term.span, |(_, span)| *span);
                    let error = report::unknown_action(span, name, &info.name, near, &known);
                    Err(Box::new(error))
                }
            },
            _ => Err(self.unknown(term, None)),
        }
    }

    fn of_group(
        &self,
        schema: &Schema<'_>,
        term: &PermissionTerm,
        first: &str,
        rest: &[Option<&str>],
    ) -> Result<TermMeaning, Box<Diagnostic>> {
        let Some(mut group) = self.roots.get(first).copied() else {
            let known = schema
                .all_type_names()
                .chain(self.roots.keys().map(String::as_str));
            let near = nearest(first, known).map(|near| {
                let rest: Vec<&str> = rest.iter().map(|part| part.unwrap_or("*")).collect();
                format!("{near}.{}", rest.join("."))
            });
            return Err(self.unknown(term, near));
        };
        for (index, part) in rest.iter().enumerate() {
            match part {
                None if index + 1 == rest.len() => {
                    return Ok(TermMeaning::group(group, true));
                }
                None => return Err(self.unknown(term, None)),
                Some(name) => match self.groups[group].children.get(*name) {
                    Some(inner) => group = *inner,
                    None => {
                        let info = &self.groups[group];
                        let near = nearest(name, info.children.keys().map(String::as_str));
                        let near = near.map(|near| format!("{}.{near}", info.path));
                        return Err(self.unknown(term, near));
                    }
                },
            }
        }
        Ok(TermMeaning::group(group, false))
    }

    fn unknown(&self, term: &PermissionTerm, near: Option<String>) -> Box<Diagnostic> {
        let path: Vec<&str> = term
            .path
            .iter()
            .map(|(part, _)| part.as_deref().unwrap_or("*"))
            .collect();
        Box::new(report::unknown_permission(
            term.span,
            &path.join("."),
            near.as_deref(),
        ))
    }
}
