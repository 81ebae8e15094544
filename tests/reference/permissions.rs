//! What permission sets mean.

use std::collections::BTreeMap;
use std::rc::Rc;

use ward::syntax::ast::{Item, PermissionGroup, PermissionSet, PermissionTerm, PolicyFile};

use super::{Action, Mask, Model};

/// The permission groups by their paths: `jobs.run`.
pub(super) struct Groups<'p> {
    by_path: BTreeMap<String, &'p PermissionGroup>,
}

impl<'p> Groups<'p> {
    pub(super) fn new(policy: &'p PolicyFile) -> Self {
        let mut groups = Self {
            by_path: BTreeMap::new(),
        };
        for item in &policy.items {
            if let Item::Permissions(group) = item {
                groups.add(group.name.name.clone(), group);
            }
        }
        groups
    }

    fn add(&mut self, path: String, group: &'p PermissionGroup) {
        for inner in &group.groups {
            self.add(format!("{path}.{}", inner.name.name), inner);
        }
        self.by_path.insert(path, group);
    }
}

/// A permission set, what is named in it apart from what a wildcard brings.
#[derive(Default)]
pub(super) struct Set {
    pub(super) named: Mask,
    pub(super) wild: Mask,
}

impl Set {
    pub(super) fn all(&self) -> Mask {
        self.named.union(&self.wild).cloned().collect()
    }
}

impl Model<'_> {
    /// What a permission set comes to; in a type, the names of its own actions come first.
    pub(super) fn expand(&self, set: &PermissionSet, own: Option<&str>) -> Rc<Set> {
        let key = (set.span, own.unwrap_or_default().to_owned());
        if let Some(known) = self.expanded.borrow().get(&key) {
            return Rc::clone(known);
        }
        let expanded = Rc::new(self.read_set(set, own));
        self.expanded.borrow_mut().insert(key, Rc::clone(&expanded));
        expanded
    }

    fn read_set(&self, set: &PermissionSet, own: Option<&str>) -> Set {
        let mut expanded = Set::default();
        for term in &set.terms {
            let (actions, wild) = self.term(term, own);
            if wild {
                expanded.wild.extend(actions);
            } else {
                expanded.named.extend(actions);
            }
        }
        for term in &set.except {
            let (actions, _) = self.term(term, own);
            expanded.named.retain(|action| !actions.contains(action));
            expanded.wild.retain(|action| !actions.contains(action));
        }
        let named = expanded.named.clone();
        expanded.wild.retain(|action| !named.contains(action));
        expanded
    }

    /// Whether a term names an action or a group.
    pub(super) fn is_permission(&self, term: &PermissionTerm) -> bool {
        let parts = term.path.iter().map(|(part, _)| part.as_deref());
        let name: Option<Vec<&str>> = parts.collect();
        name.is_some_and(|name| {
            let name = name.join(".");
            self.all.contains(&name) || self.groups.by_path.contains_key(&name)
        })
    }

    /// What a name in a custom role stands for: an action, or a group by its path.
    pub(super) fn permission(&self, term: &PermissionTerm) -> Mask {
        self.term(term, None).0
    }

    /// What a text in a value of type `Permissions` stands for.
    pub(super) fn permission_named(&self, name: &str) -> Mask {
        match name {
            "*" => self.all.clone(),
            action if self.all.contains(action) => Mask::from([action.to_owned()]),
            path => self.group(path),
        }
    }

    /// A group with all that is in it: its own set, and the groups inside.
    fn group(&self, path: &str) -> Mask {
        let mut actions = Mask::new();
        if let Some(group) = self.groups.by_path.get(path) {
            if let Some(set) = &group.set {
                actions.extend(self.expand(set, None).all());
            }
            for inner in &group.groups {
                actions.extend(self.group(&format!("{path}.{}", inner.name.name)));
            }
        }
        actions
    }

    /// The actions of a term, and whether a wildcard brings them.
    fn term(&self, term: &PermissionTerm, own: Option<&str>) -> (Mask, bool) {
        let path: Vec<Option<&str>> = term.path.iter().map(|(part, _)| part.as_deref()).collect();
        let all = || self.all.iter().cloned();
        let starting = |ty: &str| -> Mask {
            all()
                .filter(|action| action.starts_with(&format!("{ty}.")))
                .collect()
        };
        match path.as_slice() {
            [None] => (all().collect(), true),
            [None, Some(name)] => {
                let ends = format!(".{name}");
                let mut actions: Mask = all().filter(|action| action.ends_with(&ends)).collect();
                let groups = self
                    .groups
                    .by_path
                    .keys()
                    .filter(|path| path.ends_with(&ends));
                for path in groups {
                    actions.extend(self.group(path));
                }
                (actions, true)
            }
            [Some(name)] => {
                let own_action: Option<Action> = own.map(|own| format!("{own}.{name}"));
                match own_action.filter(|own| all().any(|action| action == *own)) {
                    Some(action) => (Mask::from([action]), false),
                    None => (self.group(name), false),
                }
            }
            [Some(ty), None] if self.types.contains_key(ty) => (starting(ty), true),
            [Some(ty), Some(name)] if self.types.contains_key(ty) => {
                (Mask::from([format!("{ty}.{name}")]), false)
            }
            parts => {
                let wild = parts.last() == Some(&None);
                let names: Vec<&str> = parts.iter().copied().flatten().collect();
                (self.group(&names.join(".")), wild)
            }
        }
    }
}
