//! What types say: shares, custom roles, `visible by`, `overrides`, credentials, containers, members.

use super::{Findings, HELP, Subject, actions_text, beyond};
use crate::diagnostic::listed;
use crate::lint::base::{Base, set_of};
use crate::plan::{ActionId, LevelId, Plan, Type, TypeId, ValueType};
use crate::resolve::TypeInfo;
use crate::source::Span;
use crate::syntax::ast::Member;

pub(super) fn check(subject: &Subject<'_>, base: &Base<'_>, found: &mut Findings) {
    for (of, info) in subject.schema.types.iter() {
        let then = base.type_then(of);
        custom_roles(subject, base, (of, then), info, found);
        // Whatever a new type lets through, roles and rules have to give first.
        let Some(then) = then else { continue };
        let ty = Both {
            subject,
            base,
            of,
            info,
            now: &subject.plan.types[of],
            then: &base.then.types[then],
        };
        ty.shares(found);
        ty.visible_by(found);
        ty.overrides(found);
        ty.credential(found);
        ty.containers(found);
        ty.members(found);
    }
}

fn custom_roles(
    subject: &Subject<'_>,
    base: &Base<'_>,
    (of, then): (TypeId, Option<TypeId>),
    info: &TypeInfo<'_>,
    found: &mut Findings,
) {
    let Some(now) = &subject.plan.types[of].custom_roles else {
        return;
    };
    let was = then.and_then(|then| base.then.types[then].custom_roles.as_ref());
    let was = was.map(|was| base.set_now(&was.masks)).unwrap_or_default();
    let more = beyond(&set_of(subject.plan, &now.masks), &was);
    if !more.is_empty() {
        let actions = actions_text(subject, &more);
        let message = format!("custom roles of `{}` can have {actions} now", info.name);
        let span = member(info, |member| match member {
            Member::CustomRoles(_, span) => Some(*span),
            _ => None,
        });
        found.add(span, message).help(HELP);
    }
}

/// Where a member of a type stands; without it, the type's name.
fn member(info: &TypeInfo<'_>, wanted: impl Fn(&Member) -> Option<Span>) -> Span {
    let found = info.decl.body.iter().find_map(wanted);
    found.unwrap_or(info.decl.name.span)
}

/// A type that there was too.
struct Both<'s, 'a> {
    subject: &'s Subject<'a>,
    base: &'s Base<'a>,
    of: TypeId,
    info: &'s TypeInfo<'a>,
    now: &'s Type,
    then: &'s Type,
}

impl Both<'_, '_> {
    fn name(&self, of: TypeId) -> &str {
        self.subject.schema.type_name(of)
    }

    fn shares(&self, found: &mut Findings) {
        let name = &self.info.name;
        for share in &self.info.shares {
            let with = self.name(share.with);
            let then = self.then.shares.iter();
            let mut then = then.filter(|(of, _)| self.base.type_now(*of) == Some(share.with));
            let Some((_, then)) = then.next() else {
                let levels = &self.subject.schema.levels;
                let names: Vec<&str> = share
                    .levels
                    .iter()
                    .map(|of| levels[*of].name.as_str())
                    .collect();
                let span = member(self.info, |member| match member {
                    Member::Share(decl) if decl.with.name == with => Some(decl.with.span),
                    _ => None,
                });
                let names = listed(&names, 4);
                let message = format!("`{name}` can be shared with a `{with}` now, at {names}");
                found.add(span, message).help(HELP);
                continue;
            };
            for level in &share.levels {
                self.level(*level, then, found);
            }
        }
    }

    /// A level of a share that there was too.
    fn level(&self, level: LevelId, then: &[LevelId], found: &mut Findings) {
        let info = &self.subject.schema.levels[level];
        let (name, of, with) = (&info.name, &self.info.name, self.name(info.with));
        let span = info.decl.name.span;
        let Some(was) = self.level_then(level, then) else {
            let now = set_of(self.subject.plan, &self.subject.plan.levels[level].masks);
            let actions = actions_text(self.subject, &now);
            let lets = if now.is_empty() {
                "shows it".to_owned()
            } else {
                format!("lets {actions} through")
            };
            let message = format!(
                "new level `{name}`: `{of}` can be shared with a `{with}` so that it {lets}"
            );
            found.add(span, message).help(HELP);
            return;
        };
        let mut more = self.gained(level, was);
        // What an included level lets through is told of that level.
        for inner in &info.includes {
            if let Some(was) = self.level_then(*inner, then) {
                more = beyond(&more, &self.gained(*inner, was));
            }
        }
        if !more.is_empty() {
            let actions = actions_text(self.subject, &more);
            let message =
                format!("level `{name}` of `{of}` with `{with}` lets {actions} through now");
            found.add(span, message).help(HELP);
        }
    }

    fn level_then(&self, level: LevelId, then: &[LevelId]) -> Option<LevelId> {
        let name = &self.subject.schema.levels[level].name;
        let mut then = then.iter();
        then.find(|of| self.base.then.levels[**of].name == *name)
            .copied()
    }

    fn gained(&self, now: LevelId, then: LevelId) -> Vec<(TypeId, ActionId)> {
        let plan = self.subject.plan;
        let then = self.base.set_now(&self.base.then.levels[then].masks);
        beyond(&set_of(plan, &plan.levels[now].masks), &then)
    }

    fn visible_by(&self, found: &mut Findings) {
        let Some((lane, mask)) = self.now.visible_by else {
            return;
        };
        let now = crate::lint::base::actions_of(self.subject.plan, lane, mask);
        let then = self.then.visible_by;
        let then = then.map(|(lane, mask)| self.base.actions_now(lane, mask));
        if then.as_ref() != Some(&now) {
            let action = actions_text(self.subject, &now);
            let span = member(self.info, |member| match member {
                Member::VisibleBy(_, span) => Some(*span),
                _ => None,
            });
            let message = format!("whoever has {action} on a `{}` sees it now", self.info.name);
            found.add(span, message).help(HELP);
        }
    }

    /// What a role overrides counts no more there. To override more takes away, and never gives.
    fn overrides(&self, found: &mut Findings) {
        let name = &self.info.name;
        let now = overridden(self.subject.plan, self.now);
        for of in overridden(self.base.then, self.then) {
            let still = self.base.type_now(of);
            if let Some(of) = still.filter(|of| !now.contains(of)) {
                let of = self.name(of);
                let message = format!(
                    "`{name}` does not override `{of}` any more: roles held there count beside its own"
                );
                found.add(self.info.decl.name.span, message).help(HELP);
            }
        }
    }

    /// `acts for … within … at most`
    fn credential(&self, found: &mut Findings) {
        let name = &self.info.name;
        let Some(now) = &self.now.acts_for else {
            if self.then.acts_for.is_some() {
                let message =
                    format!("a `{name}` acts for nobody now, and may do what it is given itself");
                found.add(self.info.decl.name.span, message).help(HELP);
            }
            return;
        };
        let clause = self.info.acts_for.map(|(_, clause)| clause.span);
        let span = clause.unwrap_or(self.info.decl.name.span);
        let owners = |ty: &Type, column: u32| match ty.attributes.get(column as usize) {
            Some(field) => match &field.ty {
                ValueType::Entity(of) => of.clone(),
                _ => Vec::new(),
            },
            None => Vec::new(),
        };
        let mut tell = |message: String| {
            found.add(span, message).help(HELP);
        };
        let then = self.then.acts_for.as_ref();
        let was = then
            .map(|then| owners(self.then, then.owner))
            .unwrap_or_default();
        let was: Vec<TypeId> = was
            .iter()
            .filter_map(|of| self.base.type_now(*of))
            .collect();
        let more = beyond(&owners(self.now, now.owner), &was);
        if !more.is_empty() {
            let names: Vec<&str> = more.iter().map(|of| self.name(*of)).collect();
            tell(format!("a `{name}` acts for {} now", listed(&names, 4)));
        }
        let Some(then) = then else { return };
        if let Some(within) = then.within {
            let was = self.base.type_now(within);
            let inside =
                |now: TypeId| was.is_some_and(|was| stands_in(self.subject.plan, now, was));
            let within = self.base.then.type_name(within);
            match now.within {
                None => tell(format!(
                    "a `{name}` is not confined to its `{within}` any more"
                )),
                Some(now) if !inside(now) => {
                    let now = self.name(now);
                    tell(format!(
                        "a `{name}` is confined to its `{now}` now, and was to its `{within}`"
                    ));
                }
                Some(_) => {}
            }
        }
        if let Some(limit) = then.at_most {
            let attribute = |ty: &Type, column: u32| {
                let field = ty.attributes.get(column as usize);
                field.map(|field| field.name.clone()).unwrap_or_default()
            };
            let limit = attribute(self.then, limit);
            match now.at_most.map(|column| attribute(self.now, column)) {
                None => tell(format!(
                    "a `{name}` is not limited by its `{limit}` any more"
                )),
                Some(now) if now != limit => {
                    tell(format!(
                        "a `{name}` is limited by its `{now}` now, and was by its `{limit}`"
                    ));
                }
                Some(_) => {}
            }
        }
    }

    /// A new way up: roles held there reach what stands here.
    fn containers(&self, found: &mut Findings) {
        let then = self.base.type_then(self.of);
        for (container, place) in self.info.containers.iter().zip(&self.info.decl.containers) {
            let was = self.base.type_then(container.0);
            let (Some(then), Some(was)) = (then, was) else {
                continue;
            };
            if !stands_in(self.base.then, then, was) {
                let (name, outer) = (&self.info.name, self.name(container.0));
                let message = format!(
                    "`{name}` stands in a `{outer}` now, and the roles held there reach it"
                );
                found.add(place.span, message).help(HELP);
            }
        }
    }

    /// Whatever a group holds, its members hold.
    fn members(&self, found: &mut Findings) {
        let then = self.then.members.iter();
        let then: Vec<TypeId> = then.filter_map(|of| self.base.type_now(*of)).collect();
        let more = beyond(&self.now.members, &then);
        let name = |of: &TypeId| self.name(*of);
        if !more.is_empty() {
            let names: Vec<&str> = more.iter().map(name).collect();
            let places = self.info.decl.members.iter();
            let mut places = places.filter(|member| names.contains(&member.name.as_str()));
            let span = places
                .next()
                .map_or(self.info.decl.name.span, |member| member.span);
            let group = &self.info.name;
            let message = format!("{} can be a member of `{group}` now", listed(&names, 4));
            found.add(span, message).help(HELP);
        }
    }
}

/// The types that a type overrides, by their ids in its plan.
fn overridden(plan: &Plan, ty: &Type) -> Vec<TypeId> {
    if ty.overrides == 0 {
        return Vec::new();
    }
    let types = plan.types.iter();
    let found = types.filter(|(_, of)| of.overridden & ty.overrides != 0);
    found.map(|(of, _)| of).collect()
}

/// Whether an entity of a type may stand in one of another, to any depth; or is one.
fn stands_in(plan: &Plan, of: TypeId, other: TypeId) -> bool {
    let mut all = vec![of];
    let mut next = 0;
    while let Some(at) = all.get(next).copied() {
        next += 1;
        for (container, _) in &plan.types[at].containers {
            if !all.contains(container) {
                all.push(*container);
            }
        }
    }
    all.contains(&other)
}
