//! The attributes of a snapshot: written, read, and checked.

use std::io::{self, Read, Write};

use super::SnapshotError;
use super::bytes::{Input, Output};
use super::datum;
use super::parts::{read_runs, write_runs};
use super::valid::{Checked, sound};
use crate::plan::{Datum, EVERY_PERMISSION, EntityId, Field, Plan, TypeId, ValueType};
use crate::world::Base;
use crate::world::ahead::{self, AHEAD};
use crate::world::freeze::each_entity;
use crate::world::said::{Said, is_simple};
use crate::world::sum::Sum;
use crate::world::types::Types;

const PART: &str = "its attributes";

pub(super) fn write<W: Write>(out: &mut Output<'_, W>, said: &Said) -> io::Result<()> {
    let (values, places) = said.parts();
    out.count(values.len())?;
    for (column, datum) in values {
        out.u32(*column)?;
        datum::write(out, datum)?;
    }
    write_runs(out, places)
}

pub(super) fn read<R: Read>(input: &mut Input<R>, plan: &Plan) -> Checked<Said> {
    let columns = plan.types.iter().map(|(_, ty)| ty.attributes.len()).max();
    let mut values = Vec::new();
    for _ in 0..input.u64()? {
        let column = input.u32()?;
        sound(
            columns.is_some_and(|columns| (column as usize) < columns),
            PART,
        )?;
        values.push((column, datum::read(input, 0)?));
    }
    values.shrink_to_fit();
    Said::of_parts(values, read_runs(input)?).ok_or(SnapshotError::Damaged(PART))
}

/// Checks that each value fits its column, and that those whom values name say so too.
pub(super) fn check(plan: &Plan, base: &Base) -> Checked {
    let types = &base.types;
    let (values, places) = base.edges.attributes.parts();
    // Entities come type by type, so it is enough to know of which type the last was that has a
    // value.
    let mut had_by: Vec<Option<TypeId>> = vec![None; values.len()];
    let mut sum = Sum::default();
    let mut named: Vec<EntityId> = Vec::new();
    let mut chunks = places.parts().2.chunks(AHEAD);
    // How many places are looked at already, and not yet gone through.
    let mut ready = 0;
    for (entity, places) in places.each() {
        while ready < places.len() {
            let Some(chunk) = chunks.next() else { break };
            let at = chunk.iter().map(|at| *at as usize);
            ahead::look(at.clone().filter_map(|at| Some(values.get(at)?.0)));
            let by = at.filter_map(|at| *had_by.get(at)?);
            ahead::look(by.map(|ty| ty.0));
            ready += chunk.len();
        }
        ready = ready.saturating_sub(places.len());
        let ty = types.of(entity).ok_or(SnapshotError::Damaged(PART))?;
        let fields = &plan.types[ty].attributes;
        let mut before = None;
        for at in places {
            let (Some((column, datum)), Some(by)) =
                (values.get(*at as usize), had_by.get_mut(*at as usize))
            else {
                return Err(SnapshotError::Damaged(PART));
            };
            let fits = |field: &Field| fits(datum, &field.ty, plan, types);
            let typed = *by == Some(ty) || fields.get(*column as usize).is_some_and(fits);
            let shared = by.is_none() || is_simple(datum);
            sound(typed && shared && before < Some(*column), PART)?;
            (*by, before) = (Some(ty), Some(*column));
            if let Datum::Entity(named) = datum {
                sum.add((*named, entity, *column));
                continue;
            }
            named.clear();
            each_entity(datum, &mut |entity| named.push(entity));
            named.sort_unstable();
            named.dedup();
            let named = named.iter();
            named.for_each(|named| sum.add((*named, entity, *column)));
        }
    }
    sound(had_by.iter().all(Option::is_some), PART)?;
    for (named, mentions) in base.edges.mentions.each() {
        let mentions = mentions.iter();
        mentions.for_each(|(entity, column)| sum.take((named, *entity, *column)));
    }
    sound(sum.is_even(), PART)
}

fn fits(datum: &Datum, ty: &ValueType, plan: &Plan, types: &Types) -> bool {
    match (datum, ty) {
        (Datum::Bool(_), ValueType::Bool)
        | (Datum::Int(_), ValueType::Int)
        | (Datum::Decimal(_), ValueType::Decimal)
        | (Datum::String(_), ValueType::String)
        | (Datum::Datetime(_), ValueType::Datetime)
        | (Datum::Duration(_), ValueType::Duration)
        | (Datum::IpAddr(_), ValueType::IpAddr) => true,
        (Datum::Entity(entity), ValueType::Entity(of)) => {
            types.of(*entity).is_some_and(|ty| of.contains(&ty))
        }
        (Datum::Set(names), ValueType::Permissions) => {
            let known = |name: &Datum| match name {
                Datum::String(name) => {
                    **name == *EVERY_PERMISSION || plan.permission(name).is_some()
                }
                _ => false,
            };
            names.is_sorted_by(|a, b| a < b) && names.iter().all(known)
        }
        (Datum::Set(elements), ValueType::Set(element)) => {
            elements.is_sorted_by(|a, b| a < b)
                && elements
                    .iter()
                    .all(|datum| fits(datum, element, plan, types))
        }
        (Datum::Record(fields), ValueType::Record(declared)) => {
            fields.len() == declared.len()
                && fields.iter().zip(declared).all(|(field, ty)| {
                    field
                        .as_ref()
                        .is_none_or(|field| fits(field, &ty.ty, plan, types))
                })
        }
        _ => false,
    }
}
