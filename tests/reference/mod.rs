//! The reference evaluator: the section "Meaning" of the language page, written down as plainly as
//! possible. Sets of strings, recursion, no cleverness, and no code shared with the product but its
//! parser. Numbers in brackets are the items of that section.

mod condition;
mod decision;
mod holding;
mod permissions;
#[cfg(test)]
mod stories;
mod update;
mod ways;
mod world;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use ward::Span;
use ward::syntax::ast::{
    ActsFor, Cardinality, Item, Member, PolicyFile, RoleClause, RoleDecl, Rule, ShareDecl,
    TypeDecl, TypeKind,
};

pub use condition::Value;
pub use decision::Outcome;
pub use world::{Entity, Facts};

/// An action by its full name: `Doc.view`.
pub type Action = String;

/// A set of actions.
pub type Mask = BTreeSet<Action>;

/// A policy, read off its syntax tree.
pub struct Model<'p> {
    /// The types by their names.
    pub types: BTreeMap<&'p str, &'p TypeDecl>,
    rules: Vec<&'p Rule>,
    groups: permissions::Groups<'p>,
    context: BTreeMap<&'p str, Parameter>,
    /// Every action that there is.
    all: Mask,
    /// By the types, the actions that are asked of them.
    asked: BTreeMap<&'p str, Mask>,
    /// What permission sets came to, by where they stand and the type that they are read for.
    expanded: RefCell<BTreeMap<(Span, String), Rc<permissions::Set>>>,
    /// What the levels of shares came to, by the types and the name of the level.
    levels_of_shares: RefCell<BTreeMap<[String; 3], ways::Row>>,
    /// The stratum of each role of each type.
    levels: BTreeMap<(&'p str, &'p str), usize>,
}

/// What a caller may say about a request.
#[derive(Default)]
struct Parameter {
    default: Option<Value>,
    /// The actions that it is declared for, if not for all.
    actions: Option<Mask>,
}

/// Who asks, when, and with which context.
#[derive(Clone, Debug)]
pub struct Request {
    pub subject: Entity,
    pub now: i64,
    pub context: BTreeMap<String, Value>,
}

/// Somebody who asks of a world, with all the roles that they hold in it.
pub struct Asking<'a> {
    model: &'a Model<'a>,
    facts: &'a Facts,
    request: Request,
    /// Whose rights are asked for: the subject, or the owner of the credential that it is.
    principal: Entity,
    /// The credential that asks, if it is one.
    credential: Option<Entity>,
    /// The principal and its groups; nothing where the world does not know it.
    subjects: BTreeSet<Entity>,
    /// The roles held on each entity.
    held: BTreeMap<Entity, BTreeSet<String>>,
    /// The ceiling of each place that a way came to.
    ceilings: RefCell<BTreeMap<Entity, Option<ways::Row>>>,
    /// The ways from each resource that was asked for.
    ways: RefCell<BTreeMap<Entity, Rc<BTreeSet<ways::Way>>>>,
}

impl<'p> Model<'p> {
    /// Reads a policy that compiles.
    pub fn new(policy: &'p PolicyFile) -> Self {
        let types = policy.items.iter().filter_map(|item| match item {
            Item::Type(decl) => Some((decl.name.name.as_str(), decl)),
            _ => None,
        });
        let rules = policy.items.iter().filter_map(|item| match item {
            Item::Rule(rule) => Some(rule),
            _ => None,
        });
        let mut model = Self {
            types: types.collect(),
            rules: rules.collect(),
            groups: permissions::Groups::new(policy),
            context: BTreeMap::new(),
            all: Mask::new(),
            asked: BTreeMap::new(),
            expanded: RefCell::default(),
            levels_of_shares: RefCell::default(),
            levels: BTreeMap::new(),
        };
        for (action, asked) in model.actions() {
            for ty in asked {
                model.asked.entry(ty).or_default().insert(action.clone());
            }
            model.all.insert(action);
        }
        model.context = model.context(policy);
        model.levels = model.levels();
        model
    }

    /// Somebody who asks; nobody where a credential has no owner.
    pub fn ask<'a>(&'a self, facts: &'a Facts, request: Request) -> Option<Asking<'a>> {
        Asking::new(self, facts, request)
    }

    fn context(&self, policy: &'p PolicyFile) -> BTreeMap<&'p str, Parameter> {
        let mut context: BTreeMap<&str, Parameter> = BTreeMap::new();
        for item in &policy.items {
            let Item::Context(decl) = item else {
                continue;
            };
            let actions = decl.actions.as_ref();
            let actions = actions.map(|set| self.expand(set, None).all());
            for attribute in &decl.attributes {
                let name = attribute.name.name.as_str();
                let default = attribute.default.as_ref().map(world::value);
                let parameter = context.entry(name).or_insert_with(|| Parameter {
                    default: None,
                    actions: Some(Mask::new()),
                });
                parameter.default = parameter.default.take().or(default);
                match (&mut parameter.actions, &actions) {
                    (Some(known), Some(more)) => known.extend(more.clone()),
                    (known, _) => *known = None,
                }
            }
        }
        context
    }

    /// Whether anything may be said about a request under this name.
    pub fn has_context(&self, name: &str) -> bool {
        self.context.contains_key(name)
    }

    fn body(&self, ty: &str) -> &'p [Member] {
        self.types.get(ty).map_or(&[], |decl| &decl.body)
    }

    /// The declared roles of a type.
    fn roles(&self, ty: &str) -> BTreeMap<&'p str, &'p RoleDecl> {
        let roles = self.body(ty).iter().filter_map(|member| match member {
            Member::Role(role) => Some((role.name.name.as_str(), role)),
            _ => None,
        });
        roles.collect()
    }

    /// The clauses of a role; a custom role has none.
    fn clauses(&self, ty: &str, role: &str) -> &'p [RoleClause] {
        let roles = self.body(ty).iter();
        let mut found = roles.filter_map(|member| match member {
            Member::Role(decl) if decl.name.name == role => Some(&decl.clauses),
            _ => None,
        });
        found.next().map_or(&[], |clauses| clauses)
    }

    fn shares(&self, ty: &str) -> Vec<&'p ShareDecl> {
        let shares = self.body(ty).iter().filter_map(|member| match member {
            Member::Share(share) => Some(share),
            _ => None,
        });
        shares.collect()
    }

    /// The types that a type overrides.
    fn overrides(&self, ty: &str) -> BTreeSet<String> {
        let all = self.body(ty).iter().filter_map(|member| match member {
            Member::Overrides(of, _) => Some(of.name.clone()),
            _ => None,
        });
        all.collect()
    }

    /// The action that shows an entity of a type.
    fn visible_by(&self, ty: &str) -> Option<Action> {
        self.body(ty).iter().find_map(|member| match member {
            Member::VisibleBy(action, _) => Some(format!("{ty}.{}", action.name)),
            _ => None,
        })
    }

    /// What makes a type one of credentials.
    fn acts_for(&self, ty: &str) -> Option<&'p ActsFor> {
        self.body(ty).iter().find_map(|member| match member {
            Member::ActsFor(acts_for) => Some(acts_for),
            _ => None,
        })
    }

    /// The default of an attribute; nothing where the type has no such attribute.
    fn attribute(&self, ty: &str, name: &str) -> Option<Option<Value>> {
        self.body(ty).iter().find_map(|member| match member {
            Member::Attribute(attribute) if attribute.name.name == name => {
                Some(attribute.default.as_ref().map(world::value))
            }
            Member::ActsFor(acts_for) if acts_for.owner.name == name => Some(None),
            _ => None,
        })
    }

    fn has_relation(&self, ty: &str, name: &str) -> bool {
        self.body(ty).iter().any(
            |member| matches!(member, Member::Relation(relation) if relation.name.name == name),
        )
    }

    /// Every action with the types that it is asked of.
    fn actions(&self) -> Vec<(Action, Vec<&'p str>)> {
        let mut all = Vec::new();
        for (name, decl) in &self.types {
            for member in &decl.body {
                let Member::Actions(actions) = member else {
                    continue;
                };
                for action in actions {
                    let asked: Vec<&str> = match action.asked_of.as_slice() {
                        [] => vec![name],
                        asked => asked.iter().map(|of| of.name.as_str()).collect(),
                    };
                    all.push((format!("{name}.{}", action.name.name), asked));
                }
            }
        }
        all
    }

    /// The actions that are asked of a type.
    pub fn asked_of(&self, ty: &str) -> Mask {
        self.asked.get(ty).cloned().unwrap_or_default()
    }

    /// The types that can ask.
    pub fn asking_types(&self) -> BTreeSet<&'p str> {
        let all = self.types.iter();
        all.filter(|(_, decl)| decl.kind == TypeKind::Subject)
            .map(|(name, _)| *name)
            .collect()
    }

    /// The types of principals: a credential asks for its owner.
    pub fn principal_types(&self) -> BTreeSet<&'p str> {
        let mut all = self.asking_types();
        all.retain(|ty| self.acts_for(ty).is_none());
        all
    }

    /// What an entity must stand in.
    fn required(&self, ty: &str) -> Vec<&'p str> {
        let containers = self.types.get(ty).map_or(&[][..], |decl| &decl.containers);
        let one = containers
            .iter()
            .filter(|of| of.cardinality == Cardinality::One);
        one.map(|of| of.type_name.name.as_str()).collect()
    }
}
