//! Who holds what in the facts of a world, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::literal::EntityName;
use crate::plan::{RoleId, TypeId, Value};
use crate::source::Span;
use crate::world::{Fact, FactKind, Holder};

/// A role of the policy that a fact gives.
#[derive(Clone, Copy)]
pub(crate) struct Held<'f> {
    pub(crate) span: Span,
    pub(crate) holder: &'f Holder,
    pub(crate) role: RoleId,
    pub(crate) place: &'f EntityName,
    pub(crate) until: Option<i64>,
}

impl Subject<'_> {
    /// Whether what ends then has not ended; without a time given, nothing has.
    pub(crate) fn lasts(&self, until: Option<i64>) -> bool {
        match (until, self.config.now()) {
            (Some(until), Some(now)) => now < until,
            _ => true,
        }
    }

    /// The type of an entity.
    pub(crate) fn type_of(&self, entity: &EntityName) -> Option<TypeId> {
        self.schema.type_names.get(&entity.type_name).copied()
    }

    /// The holdings that have not ended; those of custom roles left out.
    pub(crate) fn held(&self) -> Vec<Held<'_>> {
        let held = self.facts.iter().filter_map(|(span, fact)| {
            let FactKind::Holding {
                subject,
                role,
                of,
                until,
            } = &fact.kind
            else {
                return None;
            };
            let on = &self.schema.types[self.type_of(of)?];
            Some(Held {
                span: *span,
                holder: subject,
                role: on.role_names.get(role).copied()?,
                place: of,
                until: *until,
            })
        });
        held.filter(|held| self.lasts(held.until)).collect()
    }

    /// By container or group, what stands in it; memberships that have ended left out.
    pub(crate) fn contents(&self) -> BTreeMap<&EntityName, BTreeSet<&EntityName>> {
        let mut contents: BTreeMap<&EntityName, BTreeSet<&EntityName>> = BTreeMap::new();
        for (_, fact) in &self.facts {
            if let FactKind::Entity {
                entity,
                containers,
                until,
                ..
            } = &fact.kind
                && self.lasts(*until)
            {
                for container in containers {
                    contents.entry(container).or_default().insert(entity);
                }
            }
        }
        contents
    }

    /// The single subjects behind a holder: itself, or the members of a group to any depth.
    pub(crate) fn single<'f>(
        &self,
        contents: &BTreeMap<&'f EntityName, BTreeSet<&'f EntityName>>,
        holder: &'f EntityName,
    ) -> BTreeSet<&'f EntityName> {
        let mut seen: BTreeSet<&EntityName> = BTreeSet::new();
        let mut single = BTreeSet::new();
        let mut open = vec![holder];
        while let Some(holder) = open.pop() {
            let of = self.type_of(holder).filter(|_| seen.insert(holder));
            let Some(of) = of else {
                continue;
            };
            if self.plan.types[of].members.is_empty() {
                single.insert(holder);
            }
            open.extend(contents.get(holder).into_iter().flatten());
        }
        single
    }
}

/// Every entity that a fact names; the flag is for those that an attribute or relation leads to.
pub(crate) fn named(fact: &Fact) -> Vec<(&EntityName, bool)> {
    match &fact.kind {
        FactKind::Entity {
            entity,
            containers,
            attributes,
            ..
        } => {
            let mut all = vec![(entity, false)];
            all.extend(containers.iter().map(|container| (container, false)));
            for value in attributes.values() {
                values(value, &mut all);
            }
            all
        }
        FactKind::Holding { subject, of, .. } => match subject {
            Holder::Anyone => vec![(of, false)],
            Holder::Entity(entity) | Holder::Set { of: entity, .. } => {
                vec![(entity, false), (of, false)]
            }
        },
        FactKind::Share { entity, with, .. } => vec![(entity, false), (with, false)],
        FactKind::CustomRole { of, .. } => vec![(of, false)],
        FactKind::Relation { entity, target, .. } => vec![(entity, false), (target, true)],
    }
}

fn values<'f>(value: &'f Value, all: &mut Vec<(&'f EntityName, bool)>) {
    match value {
        Value::Entity(entity) => all.push((entity, true)),
        Value::Set(parts) => parts.iter().for_each(|part| values(part, all)),
        Value::Record(fields) => fields.values().for_each(|part| values(part, all)),
        _ => {}
    }
}
