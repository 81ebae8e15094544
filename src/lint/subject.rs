//! What rules ask: the compiled policy, and what is worked out of it once for all of them.

use std::collections::HashMap;

use petgraph::Direction;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::base::Base;
use super::rights::{Rights, rights};
use super::shape::{Shapes, shapes};
use super::used::{Used, used};
use super::{Config, Rule, WorldText};
use crate::check::Reach;
use crate::graph::{DecisionGraph, Edge};
use crate::load;
use crate::plan::{ActionId, ConditionId, Id, Plan, RoleId, Table, TypeId, TypeKind};
use crate::policy::Policy;
use crate::resolve::{Permissions, Resolved, Schema, resolve};
use crate::source::{Sources, Span};
use crate::syntax::ast::{
    self, Comment, Item, Member, PermissionSet, PolicyFile, RoleClause, RuleKind, Test,
};
use crate::world::Fact;

/// A compiled policy, looked at from all sides. Ids are those of the plan throughout.
pub(crate) struct Subject<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) config: &'a Config,
    /// The files of the policy, and behind them those of the world.
    pub(crate) sources: Sources,
    pub(crate) files: &'a [PolicyFile],
    pub(crate) comments: Vec<Comment>,
    pub(crate) plan: &'a Plan,
    /// What is declared, with the places.
    pub(crate) schema: Schema<'a>,
    /// The types of those who ask.
    pub(crate) everybody: Vec<TypeId>,
    /// What permission sets mean.
    pub(crate) permissions: Permissions,
    /// The clauses of each role; what it includes is not counted in, see [`Subject::gives`].
    pub(crate) roles: Table<RoleId, Vec<Clause<'a>>>,
    /// For each role all that a holder has with it, itself first; guarded ones among them.
    pub(crate) included: Table<RoleId, Vec<RoleId>>,
    pub(crate) rules: Vec<RuleView<'a>>,
    /// For each type whether some role, rule or `visible by` may show it.
    pub(crate) shown: Table<TypeId, bool>,
    /// For each type the actions asked of it that some role, rule or custom role may give.
    pub(crate) given: Table<TypeId, Vec<ActionId>>,
    /// What stands in what, or is shared with it, to any depth.
    pub(crate) reach: Reach,
    /// What is named or read somewhere.
    pub(crate) used: Used,
    /// What roles may do at most, and what actions do.
    pub(crate) rights: Rights,
    /// Which conditions say the same.
    pub(crate) shapes: Shapes,
    /// The facts of the world, where there is one.
    pub(crate) facts: Vec<(Span, Fact)>,
    with_world: bool,
    /// The policy as it was, where it is compared with that.
    pub(crate) base: Option<Base<'a>>,
}

/// `sees …` or `can …` in a role.
pub(crate) struct Clause<'a> {
    pub(crate) span: Span,
    pub(crate) decl: &'a RoleClause,
    pub(crate) sights: Vec<Sight>,
    pub(crate) grants: Vec<Grant>,
}

/// A type that is seen.
#[derive(Clone, Copy)]
pub(crate) struct Sight {
    pub(crate) of: TypeId,
    /// Only the entity on which the role is held.
    pub(crate) this: bool,
    pub(crate) condition: Option<ConditionId>,
}

/// An action that may be taken on entities of a type.
#[derive(Clone, Copy)]
pub(crate) struct Grant {
    pub(crate) of: TypeId,
    pub(crate) action: ActionId,
    pub(crate) condition: Option<ConditionId>,
}

/// A rule.
pub(crate) struct RuleView<'a> {
    pub(crate) decl: &'a ast::Rule,
    pub(crate) kind: RuleKind,
    /// The subject types that it is for; empty for all.
    pub(crate) subjects: Vec<TypeId>,
    pub(crate) sights: Vec<Sight>,
    pub(crate) grants: Vec<Grant>,
}

/// A permission set of the policy.
pub(crate) struct SetAt<'a> {
    /// Whether it is that of a permission group.
    pub(crate) in_group: bool,
    pub(crate) set: &'a PermissionSet,
    /// The type whose actions may be named alone, and in which wildcards stay.
    pub(crate) own: Option<TypeId>,
}

impl<'a> SetAt<'a> {
    /// A set in what a type says.
    pub(crate) fn of(own: TypeId, set: &'a PermissionSet) -> Self {
        Self {
            in_group: false,
            set,
            own: Some(own),
        }
    }
}

impl<'a> Subject<'a> {
    pub(super) fn new(policy: &'a Policy, world: &[WorldText], config: &'a Config) -> Self {
        let plan: &Plan = policy.plan();
        // It compiled, so that there is nothing to tell.
        let Resolved {
            schema,
            permissions,
            rules: declared,
        } = resolve(&policy.sources, &policy.files, &mut Vec::new());
        let reader = Reader {
            graph: policy.graph(),
            types: types(policy.graph()),
        };
        let roles: Table<RoleId, Vec<Clause<'a>>> = schema
            .roles
            .iter()
            .map(|(id, info)| reader.clauses(id, info.decl))
            .collect();
        let rules: Vec<RuleView<'a>> = reader.rules(&declared);
        let included = schema.roles.ids();
        let included = included.map(|role| closure(&schema, role)).collect();
        let mut subject = Self {
            policy,
            config,
            sources: policy.sources.clone(),
            files: &policy.files,
            comments: Vec::new(),
            plan,
            reach: Reach::new(&schema),
            shown: schema.types.ids().map(|_| false).collect(),
            given: schema.types.ids().map(|_| Vec::new()).collect(),
            used: Used::default(),
            rights: Rights::default(),
            shapes: shapes(plan),
            everybody: schema.subjects(),
            schema,
            permissions,
            roles,
            included,
            rules,
            facts: Vec::new(),
            with_world: !world.is_empty(),
            base: None,
        };
        let comments = policy.files.iter().flat_map(|file| &file.comments);
        subject.comments = comments.cloned().collect();
        for file in world {
            subject.add_facts(file);
        }
        subject.spread();
        subject.used = used(&subject);
        subject.rights = rights(&subject, policy.graph());
        subject
    }

    /// Whether a rule can find something here at all.
    pub(super) fn has_what_it_needs(&self, rule: &Rule) -> bool {
        (self.with_world || !rule.needs_facts()) && (self.base.is_some() || !rule.needs_base())
    }

    fn add_facts(&mut self, file: &WorldText) {
        let id = self.sources.add(file.name.as_str(), file.text.as_str());
        if file.name.ends_with(".jsonl") || file.name.ends_with(".ndjson") {
            let starts: Vec<u32> = line_starts(&file.text);
            for fact in load::json_lines(&file.name, &file.text).0 {
                let line = fact.place.as_ref().map_or(1, |place| place.line);
                let start = line.checked_sub(1).and_then(|at| starts.get(at as usize));
                let start = start.copied().unwrap_or(0);
                self.facts.push((Span::new(id, start, start), fact));
            }
            return;
        }
        let parsed = crate::syntax::parse_world(id, &file.text);
        self.comments.extend(parsed.tree.comments);
        for fact in &parsed.tree.facts {
            if let Ok(read) = load::fact(&self.sources, fact) {
                self.facts.push((fact.span, read));
            }
        }
    }

    /// Works out what anybody may see, and may do.
    fn spread(&mut self) {
        let clauses = self.roles.rows().iter().flatten();
        let rules = self.rules.iter();
        let permits = rules.clone().filter(|rule| rule.kind == RuleKind::Permit);
        let reveals = rules.filter(|rule| rule.kind == RuleKind::Reveal);
        let sights = clauses.clone().flat_map(|clause| &clause.sights);
        for sight in sights.chain(reveals.flat_map(|rule| &rule.sights)) {
            self.shown[sight.of] = true;
        }
        let grants = clauses.flat_map(|clause| &clause.grants);
        for grant in grants.chain(permits.flat_map(|rule| &rule.grants)) {
            self.given[grant.of].push(grant.action);
        }
        for ty in self.plan.types.rows() {
            for (lane, mask) in ty
                .custom_roles
                .iter()
                .flat_map(|custom| &custom.masks.lanes)
            {
                let lane = &self.plan.lanes[*lane];
                for (bit, action) in lane.actions.iter().enumerate() {
                    if mask & (1 << bit) != 0 {
                        self.given[lane.of].push(*action);
                    }
                }
            }
        }
        for (of, ty) in self.plan.types.iter() {
            self.given[of].sort_unstable();
            self.given[of].dedup();
            if let Some((lane, bit)) = ty.visible_by {
                let lane = &self.plan.lanes[lane];
                let action = lane.actions.get(bit.trailing_zeros() as usize);
                if action.is_some_and(|action| self.given[of].binary_search(action).is_ok()) {
                    self.shown[of] = true;
                }
            }
        }
    }

    // ---- roles ----------------------------------------------------------------------------------

    /// All clauses that a holder of a role has, those of included roles too.
    pub(crate) fn gives(&self, role: RoleId) -> impl Iterator<Item = &Clause<'a>> {
        let included = self.included[role].iter();
        included.flat_map(|role| &self.roles[*role])
    }

    /// `Member of Team`
    pub(crate) fn role_name(&self, role: RoleId) -> String {
        let info = &self.schema.roles[role];
        format!("{} of {}", info.name, self.schema.type_name(info.on))
    }

    /// Where the name of a role stands.
    pub(crate) fn role_span(&self, role: RoleId) -> Span {
        self.schema.roles[role].decl.name.span
    }

    /// Whether customers make roles of their own.
    pub(crate) fn has_custom_roles(&self) -> bool {
        let mut types = self.plan.types.rows().iter();
        types.any(|ty| ty.custom_roles.is_some())
    }

    /// The subject types that may hold a role.
    pub(crate) fn holders(&self, role: RoleId) -> Vec<TypeId> {
        let allowed = &self.plan.roles[role].guard.holders;
        if allowed.is_empty() {
            self.everybody.clone()
        } else {
            allowed.clone()
        }
    }

    // ---- permission sets ------------------------------------------------------------------------

    /// Every permission set of the policy.
    pub(crate) fn sets(&self) -> Vec<SetAt<'a>> {
        let mut sets = Vec::new();
        for info in self.schema.roles.rows() {
            for clause in &info.decl.clauses {
                let (RoleClause::Can { set, .. } | RoleClause::AtMost { set, .. }) = clause else {
                    continue;
                };
                sets.push(SetAt::of(info.on, set));
            }
        }
        for level in self.schema.levels.rows() {
            let set = level.decl.set.as_ref();
            sets.extend(set.map(|set| SetAt::of(level.of, set)));
        }
        for (of, ty) in self.schema.types.iter() {
            for member in &ty.decl.body {
                if let Member::CustomRoles(set, _) = member {
                    sets.push(SetAt::of(of, set));
                }
            }
        }
        for item in self.items() {
            let set = match item {
                Item::Rule(rule) => match &rule.target {
                    ast::RuleTarget::Actions(set) => set,
                    ast::RuleTarget::Types(_) => continue,
                },
                Item::Context(ast::ContextDecl {
                    actions: Some(set), ..
                }) => set,
                Item::Permissions(group) => {
                    group_sets(group, &mut sets);
                    continue;
                }
                _ => continue,
            };
            sets.push(SetAt {
                in_group: false,
                set,
                own: None,
            });
        }
        sets
    }

    /// The actions that a term of a permission set has.
    pub(crate) fn term(&self, at: &SetAt<'_>, term: &ast::PermissionTerm) -> Vec<ActionId> {
        let within = at.own.map(|own| self.reach.leading_to(own));
        self.permissions
            .term_actions(&self.schema, at.own, within.as_deref(), term)
    }

    // ---- text -----------------------------------------------------------------------------------

    /// The items of all files.
    pub(crate) fn items(&self) -> impl Iterator<Item = &'a Item> + use<'a> {
        self.files.iter().flat_map(|file| &file.items)
    }

    /// The tests of all files.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &'a Test> + use<'a> {
        self.items().filter_map(|item| match item {
            Item::Test(test) => Some(test),
            _ => None,
        })
    }

    /// The text under a span.
    pub(crate) fn text(&self, span: Span) -> &str {
        self.sources.text(span)
    }

    /// A stretch with a word before it, where that is there.
    pub(crate) fn with_word(&self, word: &str, span: Span) -> Span {
        let source = self.sources.get(span.file);
        let text = source.map_or("", |source| source.text());
        let before = text.get(..span.start as usize).unwrap_or("").trim_end();
        match before.strip_suffix(word) {
            Some(rest) => {
                let start = u32::try_from(rest.len()).unwrap_or(span.start);
                Span::new(span.file, start, span.end)
            }
            None => span,
        }
    }

    /// An item, a member or a clause as it goes when it is removed: with its line where nothing else
    /// stands on it, and with the `///` lines before it.
    pub(crate) fn whole_lines(&self, span: Span) -> Span {
        let source = self.sources.get(span.file);
        let text = source.map_or("", |source| source.text());
        let mut before = text.get(..span.start as usize).unwrap_or("");
        let behind = text.get(span.end as usize..).unwrap_or("");
        let rest = behind.trim_start_matches([' ', '\t', '\r']);
        let line = before.trim_end_matches([' ', '\t']);
        let starts = line.is_empty() || line.ends_with('\n');
        let at = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        if !starts || !(rest.is_empty() || rest.starts_with('\n')) {
            // Others share the line: the blanks before it go with it.
            let start = if starts { before.len() } else { line.len() };
            return Span::new(span.file, at(start), span.end);
        }
        before = line;
        loop {
            let above = before.strip_suffix('\n').unwrap_or(before);
            let last = above.rsplit('\n').next().unwrap_or("");
            if !last.trim_start().starts_with("///") {
                break;
            }
            before = before.get(..above.len() - last.len()).unwrap_or("");
        }
        let gone = behind.len() - rest.len() + usize::from(!rest.is_empty());
        Span::new(
            span.file,
            at(before.len()),
            span.end.saturating_add(at(gone)),
        )
    }
}

fn group_sets<'a>(group: &'a ast::PermissionGroup, sets: &mut Vec<SetAt<'a>>) {
    sets.extend(group.set.as_ref().map(|set| SetAt {
        in_group: true,
        set,
        own: None,
    }));
    for inner in &group.groups {
        group_sets(inner, sets);
    }
}

fn line_starts(text: &str) -> Vec<u32> {
    let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
    std::iter::once(0)
        .chain(breaks)
        .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
        .collect()
}

/// A role with all that it includes, to any depth.
fn closure(schema: &Schema<'_>, role: RoleId) -> Vec<RoleId> {
    let mut all = vec![role];
    let mut next = 0;
    while let Some(at) = all.get(next).copied() {
        next += 1;
        for included in &schema.roles[at].includes {
            if !all.contains(included) {
                all.push(*included);
            }
        }
    }
    all
}

/// The types by their nodes.
fn types(graph: &DecisionGraph) -> HashMap<NodeIndex, TypeId, rustc_hash::FxBuildHasher> {
    graph.types.iter().map(|(id, node)| (*node, id)).collect()
}

/// Reads clauses and rules off the graph.
struct Reader<'g> {
    graph: &'g DecisionGraph,
    types: HashMap<NodeIndex, TypeId, rustc_hash::FxBuildHasher>,
}

impl Reader<'_> {
    fn clauses<'a>(&self, role: RoleId, decl: &'a ast::RoleDecl) -> Vec<Clause<'a>> {
        let mut found: Vec<(Span, Vec<Sight>, Vec<Grant>)> = Vec::new();
        let graph = &self.graph.graph;
        for edge in graph.edges_directed(self.graph.roles[role], Direction::Outgoing) {
            let this = match edge.weight() {
                Edge::Sees { this } => *this,
                Edge::Can => false,
                _ => continue,
            };
            let node = edge.target();
            if let Some(span) = graph.node_weight(node).and_then(|node| node.span) {
                let (sights, grants) = self.about(node, this);
                found.push((span, sights, grants));
            }
        }
        let clauses = decl.clauses.iter().filter_map(|clause| {
            let (RoleClause::Sees { span, .. } | RoleClause::Can { span, .. }) = clause else {
                return None;
            };
            let (mut sights, mut grants) = (Vec::new(), Vec::new());
            // `sees this, Doc` is two nodes of one clause.
            for (_, seen, given) in found.iter().filter(|(at, ..)| at == span) {
                sights.extend(seen);
                grants.extend(given);
            }
            Some(Clause {
                span: *span,
                decl: clause,
                sights,
                grants,
            })
        });
        clauses.collect()
    }

    fn rules<'a>(&self, declared: &[&'a ast::Rule]) -> Vec<RuleView<'a>> {
        let rules = self.graph.rules.iter().zip(declared);
        rules
            .map(|(node, decl)| {
                let (sights, grants) = self.about(*node, false);
                let edges = self.graph.graph.edges(*node);
                let to = edges.filter(|edge| matches!(edge.weight(), Edge::To));
                let mut subjects: Vec<TypeId> = to
                    .filter_map(|edge| self.types.get(&edge.target()).copied())
                    .collect();
                subjects.sort_unstable();
                RuleView {
                    decl,
                    kind: decl.kind,
                    subjects,
                    sights,
                    grants,
                }
            })
            .collect()
    }

    /// What a clause or rule shows and gives, by type.
    fn about(&self, node: NodeIndex, this: bool) -> (Vec<Sight>, Vec<Grant>) {
        let (mut sights, mut grants) = (Vec::new(), Vec::new());
        for edge in self.graph.graph.edges(node) {
            let Some(of) = self.types.get(&edge.target()).copied() else {
                continue;
            };
            match edge.weight() {
                Edge::Shows(condition) => sights.push(Sight {
                    of,
                    this,
                    condition: *condition,
                }),
                Edge::Gives(actions) => {
                    grants.extend(actions.iter().map(|(action, condition)| Grant {
                        of,
                        action: *action,
                        condition: *condition,
                    }));
                }
                _ => {}
            }
        }
        sights.sort_by_key(|sight| sight.of.index());
        grants.sort_by_key(|grant| (grant.of, grant.action));
        (sights, grants)
    }
}

impl Subject<'_> {
    /// The kind of a type.
    pub(crate) fn kind(&self, ty: TypeId) -> TypeKind {
        self.schema.types[ty].kind
    }
}
