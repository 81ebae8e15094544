//! From collected facts to the flat form that questions are asked of.

use std::collections::HashMap;
use std::sync::Arc;

use super::builder::WorldBuilder;
use super::{ANYONE, Adjacency, CustomRole, Holding, Membership, Share, World};
use crate::plan::{ActionMasks, Cardinality, Datum, EntityId, Id, Link, TypeId};

impl WorldBuilder {
    /// Which entities some fact names.
    pub(super) fn known(&self) -> Vec<bool> {
        let mut known = vec![false; self.entities.len()];
        let mut mark = |entity: EntityId| {
            if let Some(flag) = known.get_mut(entity.index()) {
                *flag = true;
            }
        };
        self.declared.iter().for_each(|entity| mark(*entity));
        for (a, b) in self.containers.iter().chain(self.memberships.keys()) {
            mark(*a);
            mark(*b);
        }
        for (place, holder, ..) in self.holdings.keys() {
            mark(*place);
            mark(*holder);
        }
        self.custom_roles.keys().for_each(|(of, _)| mark(*of));
        for (a, b, _) in self.shares.keys() {
            mark(*a);
            mark(*b);
        }
        for (a, _, b) in &self.relations {
            mark(*a);
            mark(*b);
        }
        for ((of, _), datum) in &self.attributes {
            mark(*of);
            each_entity(datum, &mut mark);
        }
        known
    }

    /// Which entities have all their containers, to the top. Without recursion: chains may be long.
    fn complete(&self, containers: &Adjacency<EntityId>) -> Vec<bool> {
        let mut state: Vec<Option<bool>> = vec![None; self.entities.len()];
        let get =
            |state: &[Option<bool>], entity: EntityId| state.get(entity.index()).copied().flatten();
        for start in 0..self.entities.len() {
            let mut open = vec![EntityId::from_index(start)];
            while let Some(entity) = open.last().copied() {
                let above = containers.of(entity);
                let waiting = above
                    .iter()
                    .find(|container| get(&state, **container).is_none());
                if get(&state, entity).is_none()
                    && let Some(container) = waiting
                {
                    // Containers have no cycles, so this ends.
                    open.push(*container);
                    continue;
                }
                open.pop();
                let whole = above
                    .iter()
                    .all(|container| get(&state, *container) == Some(true))
                    && self.has_required(entity, above);
                if let Some(slot) = state.get_mut(entity.index()) {
                    slot.get_or_insert(whole);
                }
            }
        }
        state.into_iter().map(|whole| whole == Some(true)).collect()
    }

    fn has_required(&self, entity: EntityId, above: &[EntityId]) -> bool {
        let Some(ty) = self.entities.type_of(entity) else {
            return false;
        };
        let mut required = self.plan.types[ty].containers.iter();
        required.all(|(of, cardinality)| {
            let there = |container: &EntityId| self.entities.type_of(*container) == Some(*of);
            *cardinality != Cardinality::One || above.iter().any(there)
        })
    }

    /// The world that the facts so far make.
    pub fn world(&self) -> World {
        let count = self.entities.len();
        let known = self.known();
        let mut by_type: HashMap<TypeId, Vec<EntityId>, rustc_hash::FxBuildHasher> =
            HashMap::default();
        for (index, is_known) in known.iter().enumerate() {
            let entity = EntityId::from_index(index);
            if let (true, Some(ty)) = (*is_known, self.entities.type_of(entity)) {
                by_type.entry(ty).or_default().push(entity);
            }
        }
        for of_type in by_type.values_mut() {
            let id = |entity: &EntityId| self.entities.get(*entity).map(|(_, id)| id);
            of_type.sort_by(|a, b| id(a).cmp(&id(b)));
        }
        let containers = Adjacency::new(count, self.containers.iter().copied());
        let complete = self.complete(&containers);
        let holdings = || {
            self.holdings
                .iter()
                .map(|((place, holder, set, role), term)| Holding {
                    holder: *holder,
                    set: *set,
                    place: *place,
                    role: *role,
                    until: term.until,
                    origin: term.origin,
                })
        };
        let direct = || holdings().filter(|held| held.set.is_none());
        let of_sets = || holdings().filter(|held| held.set.is_some());
        let shares = || {
            self.shares
                .iter()
                .map(|((entity, with, level), term)| Share {
                    entity: *entity,
                    with: *with,
                    level: *level,
                    until: term.until,
                    origin: term.origin,
                })
        };
        let memberships = || {
            let terms = self.memberships.iter();
            terms.map(|((member, group), term)| (*member, *group, term.until))
        };
        let member = |other, until| Membership { other, until };
        let mut world = World {
            known,
            complete,
            by_type,
            containers,
            contents: Adjacency::new(count, self.containers.iter().map(|(a, b)| (*b, *a))),
            groups: Adjacency::new(count, memberships().map(|(m, g, t)| (m, member(g, t)))),
            members: Adjacency::new(count, memberships().map(|(m, g, t)| (g, member(m, t)))),
            holdings: Adjacency::new(count, direct().map(|held| (held.place, held))),
            held: Adjacency::new(count, direct().map(|held| (held.holder, held))),
            held_by_anyone: direct().filter(|held| held.holder == ANYONE).collect(),
            set_holdings: Adjacency::new(count, of_sets().map(|held| (held.place, held))),
            set_held: Adjacency::new(count, of_sets().map(|held| (held.holder, held))),
            custom_roles: self.made_roles(),
            linked: Adjacency::new(0, []),
            credentials: Adjacency::new(0, []),
            shares: Adjacency::new(count, shares().map(|share| (share.entity, share))),
            received: Adjacency::new(count, shares().map(|share| (share.with, share))),
            relations: Adjacency::new(
                count,
                self.relations
                    .iter()
                    .map(|(from, relation, to)| (*from, (*relation, *to))),
            ),
            attributes: Adjacency::new(
                count,
                self.attributes
                    .iter()
                    .map(|((of, column), datum)| (*of, (*column, datum.clone()))),
            ),
            places: self.places.clone(),
            constants: Arc::clone(&self.constants),
            entities: self.entities.clone(),
            plan: Arc::clone(&self.plan),
        };
        // By the types that have entities here: a policy may have thousands of others.
        let links = &self.plan.facets.links;
        let linked = world.by_type.keys().flat_map(|ty| {
            let first = links.partition_point(|(of, _)| of < ty);
            let of_type = links.iter().skip(first);
            of_type.take_while(move |(of, _)| of == ty)
        });
        let linked = linked.flat_map(|(ty, link)| named_by(&world, *ty, *link));
        let linked = Adjacency::new(count, linked.collect::<Vec<_>>());
        let credentials = world.by_type.keys().filter_map(|ty| {
            let owner = self.plan.types[*ty].acts_for.as_ref()?.owner;
            Some(named_by(&world, *ty, Link::Attribute(owner)))
        });
        let credentials = Adjacency::new(count, credentials.flatten().collect::<Vec<_>>());
        (world.linked, world.credentials) = (linked, credentials);
        world
    }

    /// The roles that customers made, at the places of their ids.
    fn made_roles(&self) -> Vec<Option<CustomRole>> {
        let mut made: Vec<Option<CustomRole>> = Vec::new();
        let first = self.plan.roles.len();
        for ((of, name), role) in &self.custom_roles {
            let mut masks = ActionMasks { lanes: Vec::new() };
            for permission in &role.permissions {
                if let Some(permission) = self.plan.permission(permission) {
                    masks.extend(&permission.masks);
                }
            }
            // Nothing beyond what the policy allows, whatever the permissions take in besides.
            let ty = self.entities.type_of(*of).map(|ty| &self.plan.types[ty]);
            let masks = match ty.and_then(|ty| ty.custom_roles.as_ref()) {
                Some(universe) => masks.intersection(&universe.masks),
                None => ActionMasks { lanes: Vec::new() },
            };
            let index = role.id.index().saturating_sub(first);
            if made.len() <= index {
                made.resize_with(index + 1, || None);
            }
            if let Some(slot) = made.get_mut(index) {
                *slot = Some(CustomRole {
                    name: Arc::clone(name),
                    of: *of,
                    masks,
                });
            }
        }
        made
    }
}

/// What the entities of a type name by a link, each with who names it.
fn named_by(
    world: &World,
    ty: TypeId,
    link: Link,
) -> impl Iterator<Item = (EntityId, EntityId)> + use<'_> {
    let entities = world.all_of(ty).iter();
    entities.flat_map(move |entity| world.follow(*entity, link).map(|named| (named, *entity)))
}

fn each_entity(datum: &Datum, act: &mut impl FnMut(EntityId)) {
    match datum {
        Datum::Entity(entity) => act(*entity),
        Datum::Set(elements) => {
            for element in elements {
                each_entity(element, act);
            }
        }
        Datum::Record(fields) => {
            for field in fields.iter().flatten() {
                each_entity(field, act);
            }
        }
        _ => {}
    }
}

pub(super) fn names(datum: &Datum, entity: EntityId) -> bool {
    let mut found = false;
    each_entity(datum, &mut |named| found |= named == entity);
    found
}
