//! What a random policy declares, as far as the rest of it and the world must know.

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt;

use super::{ATTRIBUTES, Generator};

/// What a policy declares.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    /// The types of principals.
    pub subjects: Vec<String>,
    /// Scopes and resources, containers before what stands in them; then credentials.
    pub types: Vec<TypeShape>,
    pub has_groups: bool,
    /// Whether there are permission groups.
    pub has_permissions: bool,
    /// What `relation parent` leads to.
    pub parents: Vec<String>,
    /// What the attribute `home` leads to.
    pub home: String,
    /// By the names of roles: one depends on those of no higher rank, and on those of lower rank
    /// behind an `except` too. So no `except` runs through its own cycle.
    pub ranks: BTreeMap<&'static str, usize>,
    /// The actions that have `mfa` and `lim` in their context.
    pub mfa: Vec<String>,
}

/// What a type declares.
#[derive(Clone, Debug, Default)]
pub struct TypeShape {
    pub name: String,
    pub scope: bool,
    /// Container, and `""`, `?` or `many `.
    pub containers: Vec<(String, &'static str)>,
    pub attributes: BTreeSet<&'static str>,
    pub actions: Vec<String>,
    pub roles: Vec<&'static str>,
    /// By its roles: the subject types that may hold them, where they say so.
    pub holders: BTreeMap<&'static str, Vec<String>>,
    /// The scope shared with, and the levels.
    pub shares: Vec<(String, Vec<String>)>,
    /// What its custom roles may have.
    pub custom: Vec<String>,
    pub credential: Option<Credential>,
}

/// A type of credentials.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The attribute of the owner.
    pub owner: &'static str,
    pub within: Option<String>,
    /// Whether `scopes` limits it.
    pub at_most: bool,
}

/// The names of roles.
pub const ROLES: [&str; 3] = ["Reader", "Writer", "Boss"];

impl Generator {
    pub(super) fn attributes(&mut self) -> BTreeSet<&'static str> {
        let mut chosen = BTreeSet::new();
        for _ in 0..self.rng.random_range(0..6) {
            chosen.insert(self.pick(&ATTRIBUTES).0);
        }
        chosen
    }

    pub(super) fn shape(&mut self) {
        self.shape.subjects = vec!["User".into()];
        self.shape.has_groups = self.chance(75);
        let stratified = self.chance(75);
        for role in ROLES {
            let rank = self.rng.random_range(0..3);
            let rank = if stratified { rank } else { 0 };
            self.shape.ranks.insert(role, rank);
        }
        let scopes = self.rng.random_range(1..4);
        let resources = self.rng.random_range(1..4);
        for index in 0..scopes + resources {
            let ty = self.container_or_resource(index, scopes);
            self.shape.types.push(ty);
        }
        let names: Vec<String> = self.shape.types.iter().map(|ty| ty.name.clone()).collect();
        let parents = BTreeSet::from([self.pick(&names).clone(), self.pick(&names).clone()]);
        self.shape.parents = parents.into_iter().collect();
        self.shape.home = self.pick(&names).clone();
        let scopes = names[..scopes].to_vec();
        for index in 0..self.shape.types.len() {
            for scope in &scopes {
                if self.chance_deep(30) {
                    let levels = self.rng.random_range(1..3);
                    let levels = ["read", "write"][..levels].iter();
                    let levels = levels.map(ToString::to_string).collect();
                    let ty = &mut self.shape.types[index];
                    ty.shares.push((scope.clone(), levels));
                }
            }
        }
        for name in ["Key", "Token"] {
            if self.chance_deep(if name == "Key" { 70 } else { 30 }) {
                let ty = self.credential(name, &scopes);
                self.shape.types.push(ty);
            }
        }
    }

    fn container_or_resource(&mut self, index: usize, scopes: usize) -> TypeShape {
        let scope = index < scopes;
        let name = if scope {
            format!("S{index}")
        } else {
            format!("R{}", index - scopes)
        };
        let mut ty = TypeShape {
            name: name.clone(),
            scope,
            attributes: self.attributes(),
            ..TypeShape::default()
        };
        let above: Vec<String> = self.shape.types.iter().map(|ty| ty.name.clone()).collect();
        if !above.is_empty() {
            for _ in 0..self.rng.random_range(1..3) {
                let container = self.pick(&above).clone();
                let how = *self.pick(&["", "", "", "?", "many "]);
                if ty.containers.iter().all(|(of, _)| *of != container) {
                    ty.containers.push((container, how));
                }
            }
            if self.chance(25) {
                let how = *self.pick(&["?", "many "]);
                ty.containers.push((name.clone(), how));
            }
        }
        for action in ["a", "b", "c"] {
            if self.chance(70) {
                ty.actions.push(action.into());
            }
        }
        for role in ROLES {
            if self.chance(if scope { 75 } else { 40 }) {
                ty.roles.push(role);
                if self.chance(15) {
                    let holders = match self.rng.random_range(0..3) {
                        0 => vec!["User".into()],
                        1 => vec!["Group".into()],
                        _ => vec!["User".into(), "Group".into()],
                    };
                    ty.holders.insert(role, holders);
                }
            }
        }
        ty
    }

    fn credential(&mut self, name: &str, scopes: &[String]) -> TypeShape {
        let mut ty = TypeShape {
            name: name.into(),
            attributes: self.attributes(),
            ..TypeShape::default()
        };
        if self.chance(80) {
            let container = self.pick(scopes).clone();
            let how = *self.pick(&["", "", "?", "many "]);
            ty.containers.push((container, how));
        }
        if self.chance(30) {
            ty.actions.push("a".into());
        }
        // `acts for` declares the attribute itself.
        let owner = *self.pick(&["owner", "by"]);
        ty.attributes.insert(owner);
        let mut homes: Vec<String> = Vec::new();
        for (container, _) in &ty.containers {
            homes.push(container.clone());
            homes.extend(self.above(container));
        }
        // Where a type stands in itself, it is not plain which of them the credential lives in.
        homes.retain(|home| !self.above(home).contains(home));
        let within = if homes.is_empty() || self.chance(15) {
            None
        } else {
            Some(self.pick(&homes).clone())
        };
        let at_most = self.chance(60);
        if at_most {
            ty.attributes.insert("scopes");
        }
        ty.credential = Some(Credential {
            owner,
            within,
            at_most,
        });
        ty
    }

    pub(super) fn type_shape(&self, name: &str) -> &TypeShape {
        let mut types = self.shape.types.iter();
        let found = types.find(|ty| ty.name == name);
        found.expect("a type of the policy")
    }

    /// The types that may enclose a type; itself only where it stands in its own.
    pub(super) fn above(&self, name: &str) -> BTreeSet<String> {
        let mut above = BTreeSet::new();
        let mut open = vec![name.to_owned()];
        while let Some(next) = open.pop() {
            for (of, _) in &self.type_shape(&next).containers {
                if above.insert(of.clone()) {
                    open.push(of.clone());
                }
            }
        }
        above
    }
}
