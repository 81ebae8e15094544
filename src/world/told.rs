//! The facts of a world, told again by name.

use std::collections::BTreeMap;

use super::fact::{Fact, FactKind, Holder};
use super::made::CustomRole;
use super::rows::Flag;
use super::terms::FOREVER;
use super::{ANYONE, Holding, Membership, Share, World};
use crate::literal::EntityName;
use crate::plan::{Datum, EntityId, Id, RelationId, Value, ValueType};

impl World {
    /// Every fact, each once: what an entity stands in and its attributes in one, memberships,
    /// holdings, shares and relations one by one. Roles that customers made come before their holders.
    ///
    /// A world that is built of them gives the same answers.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let all = || (0..self.entity_count()).map(EntityId::from_index);
        let entities = all().filter_map(|entity| self.entity_fact(entity));
        let members = all().flat_map(|member| self.member_facts(member));
        let roles = all().flat_map(|place| self.role_facts(place));
        let holdings = all().flat_map(|place| {
            let held = self.holdings_at(place).chain(self.sets_at(place));
            held.map(|held| self.holding_fact(&held))
        });
        let shares = all().flat_map(|entity| {
            let shares = self.shares_of(entity);
            shares.map(|share| self.share_fact(&share))
        });
        let relations = self.relations().iter();
        let relations =
            relations.map(|(from, (relation, to))| self.relation_fact(from, *relation, *to));
        let all = entities.chain(members).chain(roles).chain(holdings);
        all.chain(shares).chain(relations)
    }

    /// Every fact that names an entity, and so goes with it, one thing in each: a container, a
    /// membership, an attribute.
    pub fn facts_naming(&self, entity: &EntityName) -> Vec<Fact> {
        let ty = self.find_type(&entity.type_name);
        let Some(entity) = ty.and_then(|ty| self.find(ty, &entity.id)) else {
            return Vec::new();
        };
        let mut facts: Vec<Fact> = Vec::new();
        if self.has(entity, Flag::DECLARED) {
            facts.push(self.about(entity, Vec::new(), BTreeMap::new()));
        }
        let inside = |inner, outer| self.about(inner, vec![self.name(outer)], BTreeMap::new());
        facts.extend(self.containers(entity).map(|outer| inside(entity, outer)));
        facts.extend(self.contents(entity).map(|inner| inside(inner, entity)));
        facts.extend(self.member_facts(entity));
        let members = self.members_of(entity);
        facts.extend(members.map(|member| self.member_fact(member.other, entity, member.until)));
        let own = self.attributes().of(entity);
        let own = own.map(|(column, _)| (entity, *column));
        let others = self.mentions().of(entity).copied();
        for (of, column) in own.chain(others) {
            let value = self.attribute_value(of, column);
            facts.extend(value.map(|value| self.about(of, Vec::new(), BTreeMap::from([value]))));
        }
        facts.extend(self.role_facts(entity));
        let at = self.holdings_at(entity).chain(self.held_by(entity));
        let sets = self.sets_at(entity).chain(self.sets_of(entity));
        facts.extend(at.chain(sets).map(|held| self.holding_fact(&held)));
        let shares = self.shares_of(entity).chain(self.received_by(entity));
        facts.extend(shares.map(|share| self.share_fact(&share)));
        let from = self.relations().of(entity);
        facts.extend(from.map(|(relation, to)| self.relation_fact(entity, *relation, *to)));
        let to = self.related().of(entity);
        facts.extend(to.map(|(relation, from)| self.relation_fact(*from, *relation, entity)));
        facts
    }

    /// What is said of an entity itself, if anything is.
    fn entity_fact(&self, entity: EntityId) -> Option<Fact> {
        if !self.has(entity, Flag::DECLARED) {
            return None;
        }
        let containers = self.containers(entity).map(|outer| self.name(outer));
        let mut containers: Vec<EntityName> = containers.collect();
        containers.sort_unstable();
        let attributes = self.attributes().of(entity);
        let attributes = attributes.filter_map(|(column, _)| self.attribute_value(entity, *column));
        Some(self.about(entity, containers, attributes.collect()))
    }

    pub(crate) fn about(
        &self,
        entity: EntityId,
        containers: Vec<EntityName>,
        attributes: BTreeMap<String, Value>,
    ) -> Fact {
        Fact::from(FactKind::Entity {
            entity: self.name(entity),
            containers,
            until: None,
            attributes,
        })
    }

    pub(crate) fn attribute_value(&self, entity: EntityId, column: u32) -> Option<(String, Value)> {
        let ty = self.plan.types.find(self.type_of(entity)?)?;
        let field = ty.attributes.get(column as usize)?;
        let value = self.value(self.said(entity, column)?, &field.ty);
        Some((field.name.clone(), value))
    }

    /// A value by name.
    fn value(&self, datum: &Datum, ty: &ValueType) -> Value {
        match (datum, ty) {
            (Datum::Bool(value), _) => Value::Bool(*value),
            (Datum::Int(value), _) => Value::Int(*value),
            (Datum::Decimal(value), _) => Value::Decimal(*value),
            (Datum::String(value), _) => Value::String(value.to_string()),
            (Datum::Datetime(value), _) => Value::Datetime(*value),
            (Datum::Duration(value), _) => Value::Duration(*value),
            (Datum::IpAddr(value), _) => Value::IpAddr(*value),
            (Datum::Entity(value), _) => Value::Entity(self.name(*value)),
            (Datum::Set(elements), ty) => {
                // The elements of `Permissions` are texts, which say themselves what they are.
                let element = match ty {
                    ValueType::Set(element) => element,
                    other => other,
                };
                let elements = elements.iter().map(|datum| self.value(datum, element));
                Value::Set(elements.collect())
            }
            (Datum::Record(values), ValueType::Record(fields)) => {
                let said = fields.iter().zip(values.iter());
                let said = said.filter_map(|(field, value)| {
                    let value = self.value(value.as_ref()?, &field.ty);
                    Some((field.name.clone(), value))
                });
                Value::Record(said.collect())
            }
            // No record without a type that says its fields fits.
            (Datum::Record(_), _) => Value::empty(),
        }
    }

    fn member_facts(&self, member: EntityId) -> impl Iterator<Item = Fact> {
        let groups = self.memberships(member);
        groups.map(move |Membership { other, until }| self.member_fact(member, other, until))
    }

    pub(crate) fn member_fact(&self, member: EntityId, group: EntityId, until: i64) -> Fact {
        Fact::from(FactKind::Entity {
            entity: self.name(member),
            containers: vec![self.name(group)],
            until: end(until),
            attributes: BTreeMap::new(),
        })
    }

    pub(crate) fn role_facts(&self, place: EntityId) -> impl Iterator<Item = Fact> {
        let roles = self.made.at(place);
        let roles = roles.filter_map(|(_, role)| self.made.get(role));
        roles.map(|role: &CustomRole| {
            Fact::from(FactKind::CustomRole {
                role: role.name.to_string(),
                of: self.name(role.of),
                can: role.permissions.iter().map(ToString::to_string).collect(),
                description: role.description.as_deref().map(str::to_owned),
            })
        })
    }

    pub(crate) fn holding_fact(&self, held: &Holding) -> Fact {
        let subject = match held.set {
            Some(set) => Holder::Set {
                of: self.name(held.holder),
                role: self.role_name(set).to_owned(),
            },
            None if held.holder == ANYONE => Holder::Anyone,
            None => Holder::Entity(self.name(held.holder)),
        };
        let kind = FactKind::Holding {
            subject,
            role: self.role_name(held.role).to_owned(),
            of: self.name(held.place),
            until: end(self.end(held)),
        };
        Fact {
            kind,
            place: self.holding_place(held).cloned(),
        }
    }

    pub(crate) fn share_fact(&self, share: &Share) -> Fact {
        let level = self.plan.levels.find(share.level);
        let kind = FactKind::Share {
            entity: self.name(share.entity),
            with: self.name(share.with),
            level: level.map_or_else(String::new, |level| level.name.clone()),
            until: end(self.share_end(share)),
        };
        Fact {
            kind,
            place: self.share_place(share).cloned(),
        }
    }

    pub(crate) fn relation_fact(&self, from: EntityId, relation: RelationId, to: EntityId) -> Fact {
        let named = self.plan.relations.find(relation);
        Fact::from(FactKind::Relation {
            entity: self.name(from),
            relation: named.map_or_else(String::new, |relation| relation.name.clone()),
            target: self.name(to),
        })
    }
}

/// When a fact ends, as facts say it.
fn end(until: i64) -> Option<i64> {
    (until != FOREVER).then_some(until)
}
