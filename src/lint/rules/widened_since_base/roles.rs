//! What roles give, who holds them, and what limits them.

use std::collections::{BTreeSet, HashMap};

use super::{
    Findings, Gains, HELP, Right, Subject, actions_text, beyond, change, limits, rights_text,
};
use crate::diagnostic::listed;
use crate::lint::base::{Base, Holds, set_of};
use crate::lint::shape;
use crate::plan::{ActionId, AlsoStep, ClauseId, Link, Node, Plan, RoleId, Table, TypeId};
use crate::source::Span;
use crate::syntax::ast::RoleClause;

pub(super) fn check(subject: &Subject<'_>, base: &Base<'_>, found: &mut Findings) {
    let roles = Roles {
        subject,
        base,
        included_then: base
            .then
            .roles
            .ids()
            .map(|role| included(base.then, role))
            .collect(),
        asked: asked(subject.plan),
    };
    for role in subject.plan.roles.ids() {
        match base.role_then(role) {
            None => roles.new_one(role, found),
            Some(then) => {
                roles.clauses(role, then, found);
                roles.includes(role, then, found);
                roles.guard(role, then, found);
                roles.also(role, then, found);
                roles.ceiling(role, then, found);
            }
        }
        roles.joined_ceiling(role, found);
    }
    limits::check(&roles, found);
}

/// Conditions, of either plan, under which each right is given.
type Given<'p> = HashMap<Right, Vec<Holds<'p>>, rustc_hash::FxBuildHasher>;

pub(super) struct Roles<'s, 'a> {
    pub(super) subject: &'s Subject<'a>,
    pub(super) base: &'s Base<'a>,
    /// For each role of then all that a holder had with it, itself among them.
    pub(super) included_then: Table<RoleId, Vec<RoleId>>,
    /// The roles that conditions, guards or other roles ask for.
    asked: BTreeSet<RoleId>,
}

impl Roles<'_, '_> {
    /// A role that was not there is told once.
    fn new_one(&self, role: RoleId, found: &mut Findings) {
        let mut rights: Vec<Right> = self
            .given_now(&self.subject.included[role])
            .into_keys()
            .collect();
        rights.sort_unstable();
        if !rights.is_empty() {
            let name = self.subject.role_name(role);
            let can = rights_text(self.subject, &rights);
            found
                .add(
                    self.subject.role_span(role),
                    format!("new role `{name}` {can}"),
                )
                .help(HELP);
        }
    }

    /// What the clauses of a role give. A role that includes it has the same more, and is not told.
    fn clauses(&self, role: RoleId, then: RoleId, found: &mut Findings) {
        let subject = self.subject;
        let given_then = self.given_then(then);
        let given_now = self.given_now(&subject.included[role]);
        let who = format!("`{}`", subject.role_name(role));
        for clause in &subject.roles[role] {
            let mut gains = Gains::default();
            for (right, given) in rights_of(self.base, clause) {
                gained(&mut gains, right, given, &given_then, &given_now);
            }
            gains.tell(subject, &who, clause.span, found);
        }
    }

    /// Roles that it did not include, with what it has by them.
    fn includes(&self, role: RoleId, then: RoleId, found: &mut Findings) {
        let subject = self.subject;
        let before = self.included_now(then);
        let info = &subject.schema.roles[role];
        let names = &subject.schema.types[info.on].role_names;
        for name in includes_of(&info.decl.clauses) {
            let Some(other) = names
                .get(&name.name)
                .filter(|other| !before.contains(other))
            else {
                continue;
            };
            let given_then = self.given_then(then);
            let all = &subject.included[*other];
            let mut rights = Vec::new();
            for (right, conditions) in self.given_now(all) {
                let was = known(&given_then, right);
                let wider = |given: &Holds<'_>| change(*given, &was, &conditions).is_some();
                if conditions.iter().any(wider) {
                    rights.push(right);
                }
            }
            rights.sort_unstable();
            let also = if rights.is_empty() {
                if !all
                    .iter()
                    .any(|of| self.asked.contains(of) && !before.contains(of))
                {
                    continue;
                }
                ", which other clauses ask for".to_owned()
            } else {
                format!(" and {}", rights_text(subject, &rights))
            };
            let (who, other) = (subject.role_name(role), &name.name);
            let message = format!("`{who}` includes `{other}` now{also}");
            found.add(name.span, message).help(HELP);
        }
    }

    /// `requires` and `for`.
    fn guard(&self, role: RoleId, then: RoleId, found: &mut Findings) {
        let subject = self.subject;
        let (now, was) = (
            &subject.plan.roles[role].guard,
            &self.base.then.roles[then].guard,
        );
        let who = subject.role_name(role);
        let asked = |of: RoleId| {
            let still = self.base.role_now(of);
            let mut requires = now.requires.iter();
            still.is_some_and(|of| requires.any(|other| subject.included[*other].contains(&of)))
        };
        let gone = was.requires.iter().filter(|of| !asked(**of));
        let gone: Vec<String> = gone.map(|of| name_then(self.base.then, *of)).collect();
        if !gone.is_empty() {
            let message = format!("`{who}` counts without {} now", listed(&gone, 3));
            found
                .add(self.clause(role, is_requires), message)
                .help(HELP);
        }
        if was.holders.is_empty() {
            return;
        }
        let then: Vec<TypeId> = was
            .holders
            .iter()
            .filter_map(|of| self.base.type_now(*of))
            .collect();
        let message = if now.holders.is_empty() {
            format!("`{who}` can be held by subjects of every type now")
        } else {
            let more = beyond(&now.holders, &then);
            if more.is_empty() {
                return;
            }
            let names: Vec<&str> = more
                .iter()
                .map(|of| subject.schema.type_name(*of))
                .collect();
            format!("`{who}` can be held by {} now", listed(&names, 3))
        };
        found.add(self.clause(role, is_for), message).help(HELP);
    }

    /// `also`: who else holds it.
    fn also(&self, role: RoleId, then: RoleId, found: &mut Findings) {
        let subject = self.subject;
        let before: Vec<Vec<String>> = self.base.then.roles[then]
            .also
            .iter()
            .map(|also| steps(self.base.then, then, &also.steps))
            .collect();
        let mut told: Vec<ClauseId> = Vec::new();
        for also in &subject.plan.roles[role].also {
            let now = steps(subject.plan, role, &also.steps);
            // What follows an answer can only narrow it.
            let narrows = |then: &Vec<String>| now.starts_with(then);
            if before.iter().any(narrows) || told.contains(&also.clause) {
                continue;
            }
            told.push(also.clause);
            let who = subject.role_name(role);
            let said = if before.is_empty() {
                "not only who is given it"
            } else {
                "others than before"
            };
            let message = format!("by this `also`, {said} may hold `{who}` now");
            found
                .add(self.also_span(role, also.clause), message)
                .help(HELP);
        }
    }

    /// `at most`, with what the included roles say.
    fn ceiling(&self, role: RoleId, then: RoleId, found: &mut Findings) {
        let Some(more) = self.ceiling_change(role, then) else {
            return;
        };
        // What an included role says differently is told of that role.
        let told = |other: &RoleId| {
            let was = self
                .base
                .role_then(*other)
                .filter(|was| self.included_then[then].contains(was));
            let change = was.and_then(|was| self.ceiling_change(*other, was));
            *other != role && change.as_ref() == Some(&more)
        };
        if self.subject.included[role].iter().any(told) {
            return;
        }
        let who = self.subject.role_name(role);
        let message = match more {
            None => format!("`{who}` has no ceiling any more"),
            Some(actions) => {
                let actions = actions_text(self.subject, &actions);
                format!("the ceiling of `{who}` lets {actions} through now")
            }
        };
        found.add(self.clause(role, is_at_most), message).help(HELP);
    }

    /// What a ceiling lets through that it did not; `None` inside for everything.
    #[allow(clippy::type_complexity, reason = "local to this file")]
    fn ceiling_change(
        &self,
        role: RoleId,
        then: RoleId,
    ) -> Option<Option<Vec<(TypeId, ActionId)>>> {
        let (was, _) = self.base.then.roles[then].ceiling.as_ref()?;
        let Some((now, _)) = &self.subject.plan.roles[role].ceiling else {
            return Some(None);
        };
        let more = beyond(&set_of(self.subject.plan, now), &self.base.set_now(was));
        (!more.is_empty()).then_some(Some(more))
    }

    /// A ceiling that was not there lifts that of another role: who holds both has either.
    fn joined_ceiling(&self, role: RoleId, found: &mut Findings) {
        let then = self.base.role_then(role);
        let plan = self.subject.plan;
        let own = self.clause_of(role, is_at_most);
        let (Some((now, _)), Some(span)) = (&plan.roles[role].ceiling, own) else {
            return;
        };
        if then.is_some_and(|then| self.base.then.roles[then].ceiling.is_some()) {
            return;
        }
        let now = set_of(plan, now);
        for other in &plan.types[plan.roles[role].on].roles {
            let was = self.base.role_then(*other);
            let was = was.and_then(|was| self.base.then.roles[was].ceiling.as_ref());
            let Some((was, _)) = was else { continue };
            let more = beyond(&now, &self.base.set_now(was));
            if !more.is_empty() {
                let (who, other) = (self.subject.role_name(role), self.subject.role_name(*other));
                let more = actions_text(self.subject, &more);
                let message = format!(
                    "the new ceiling of `{who}` lets {more} through for those who hold `{other}` too"
                );
                found.add(span, message).help(HELP);
                return;
            }
        }
    }

    // ---- what is given --------------------------------------------------------------------------

    fn given_then(&self, role: RoleId) -> Given<'_> {
        let mut given = Given::default();
        for of in &self.included_then[role] {
            let declared = &self.base.then.roles[*of];
            for grant in &declared.grants {
                for (ty, action) in self.base.actions_now(grant.lane, grant.mask) {
                    let conditions = given.entry(Right::Act(ty, action)).or_default();
                    conditions.push(self.base.then(grant.condition));
                }
            }
            for sight in &declared.sights {
                if let Some(ty) = self.base.type_now(sight.of) {
                    let conditions = given.entry(Right::See(ty, sight.this)).or_default();
                    conditions.push(self.base.then(sight.condition));
                }
            }
        }
        given
    }

    fn given_now(&self, roles: &[RoleId]) -> Given<'_> {
        let mut given = Given::default();
        for role in roles {
            for clause in &self.subject.roles[*role] {
                for (right, condition) in rights_of(self.base, clause) {
                    given.entry(right).or_default().push(condition);
                }
            }
        }
        given
    }

    /// The roles that a role of then included, as they are now.
    fn included_now(&self, then: RoleId) -> Vec<RoleId> {
        let roles = self.included_then[then].iter();
        roles.filter_map(|of| self.base.role_now(*of)).collect()
    }

    // ---- places ---------------------------------------------------------------------------------

    fn clause_of(&self, role: RoleId, wanted: fn(&RoleClause) -> Option<Span>) -> Option<Span> {
        let clauses = &self.subject.schema.roles[role].decl.clauses;
        clauses.iter().find_map(wanted)
    }

    /// Where a clause stands; where it is gone, the name of its role.
    fn clause(&self, role: RoleId, wanted: fn(&RoleClause) -> Option<Span>) -> Span {
        let own = self.clause_of(role, wanted);
        own.unwrap_or_else(|| self.subject.role_span(role))
    }

    fn also_span(&self, role: RoleId, clause: ClauseId) -> Span {
        let at = &self.subject.plan.clauses[clause];
        let mut clauses = self.subject.schema.roles[role].decl.clauses.iter();
        let found = clauses.find_map(|clause| match clause {
            RoleClause::Also { span, .. } => {
                let (_, place) = self.subject.sources.locate(*span);
                (place.line == at.line && place.column == at.column).then_some(*span)
            }
            _ => None,
        });
        found.unwrap_or_else(|| self.subject.role_span(role))
    }
}

fn is_requires(clause: &RoleClause) -> Option<Span> {
    match clause {
        RoleClause::Requires { span, .. } => Some(*span),
        _ => None,
    }
}

fn is_for(clause: &RoleClause) -> Option<Span> {
    match clause {
        RoleClause::For { span, .. } => Some(*span),
        _ => None,
    }
}

fn is_at_most(clause: &RoleClause) -> Option<Span> {
    match clause {
        RoleClause::AtMost { span, .. } => Some(*span),
        _ => None,
    }
}

fn includes_of(clauses: &[RoleClause]) -> impl Iterator<Item = &crate::syntax::ast::Ident> {
    let named = clauses.iter().filter_map(|clause| match clause {
        RoleClause::Includes { roles, .. } => Some(roles),
        _ => None,
    });
    named.flatten()
}

/// Sight of all has been given where sight of all was; sight of one's own place where either was.
fn known<'p>(given: &Given<'p>, right: Right) -> Vec<Holds<'p>> {
    let mut all = given.get(&right).cloned().unwrap_or_default();
    if let Right::See(of, true) = right {
        all.extend(given.get(&Right::See(of, false)).into_iter().flatten());
    }
    all
}

fn gained(
    gains: &mut Gains,
    right: Right,
    given: Holds<'_>,
    given_then: &Given<'_>,
    given_now: &Given<'_>,
) {
    let then = known(given_then, right);
    let now = known(given_now, right);
    if let Some(change) = change(given, &then, &now) {
        gains.add(change, right, given, &then);
    }
}

/// What a clause gives, and under which conditions.
fn rights_of<'p>(
    base: &'p Base<'_>,
    clause: &crate::lint::subject::Clause<'_>,
) -> Vec<(Right, Holds<'p>)> {
    let grants = clause.grants.iter();
    let grants = grants.map(|grant| {
        let right = Right::Act(grant.of, grant.action);
        (right, base.now(grant.condition))
    });
    let sights = clause.sights.iter();
    let sights = sights.map(|sight| {
        let right = Right::See(sight.of, sight.this);
        (right, base.now(sight.condition))
    });
    grants.chain(sights).collect()
}

/// A role with all that it includes, guarded ones too.
fn included(plan: &Plan, role: RoleId) -> Vec<RoleId> {
    let mut all = vec![role];
    let mut next = 0;
    while let Some(at) = all.get(next).copied() {
        next += 1;
        let declared = &plan.roles[at];
        for other in declared.implies.iter().chain(&declared.guarded) {
            if !all.contains(other) {
                all.push(*other);
            }
        }
    }
    all
}

/// The roles that somebody is asked to hold, or to have for something else.
fn asked(plan: &Plan) -> BTreeSet<RoleId> {
    let mut asked = BTreeSet::new();
    for node in plan.nodes.rows() {
        if let Node::Holds(role) = node {
            asked.insert(*role);
        }
    }
    for role in plan.roles.rows() {
        asked.extend(&role.guard.requires);
        let steps = role.also.iter().flat_map(|also| &also.steps);
        asked.extend(steps.flat_map(limits::named));
    }
    asked
}

/// The name of a role of the plan that was.
fn name_then(plan: &Plan, role: RoleId) -> String {
    let role = &plan.roles[role];
    format!("{} of {}", role.name, plan.types[role.on].name)
}

/// The steps of an `also` by names.
pub(super) fn steps(plan: &Plan, role: RoleId, steps: &[AlsoStep]) -> Vec<String> {
    let named = |of: &RoleId| name_then(plan, *of);
    let link = |link: &Link| match link {
        Link::Relation(id) => {
            let relation = &plan.relations[*id];
            let targets = shape::type_names(plan, relation.targets.iter().copied());
            format!("{}: {targets}", relation.name)
        }
        Link::Attribute(column) => shape::attribute(plan, plan.roles[role].on, *column),
    };
    let steps = steps.iter().map(|step| match step {
        AlsoStep::Subject(of) => format!("subject {}", link(of)),
        AlsoStep::Own(of) => format!("own {}", named(of)),
        AlsoStep::Enclosing(of) => format!("enclosing {}", named(of)),
        AlsoStep::Linked(of, roles) => {
            let mut roles: Vec<String> = roles.iter().map(named).collect();
            roles.sort_unstable();
            format!("linked {} {roles:?}", link(of))
        }
        AlsoStep::And => "and".to_owned(),
        AlsoStep::Except => "except".to_owned(),
    });
    steps.collect()
}
