//! Values of attributes as bytes.

use std::io::{self, Read, Write};
use std::net::IpAddr;

use ipnet::IpNet;

use super::SnapshotError;
use super::bytes::{Input, Output};
use crate::plan::{Datum, EntityId};

/// How deep a value may nest; the types of a policy stay far below.
const DEEPEST: u32 = 256;

pub(super) fn write<W: Write>(out: &mut Output<'_, W>, datum: &Datum) -> io::Result<()> {
    match datum {
        Datum::Bool(value) => {
            out.u8(0)?;
            out.u8(u8::from(*value))
        }
        Datum::Int(value) => number(out, 1, *value),
        Datum::Decimal(value) => number(out, 2, *value),
        Datum::Datetime(value) => number(out, 3, *value),
        Datum::Duration(value) => number(out, 4, *value),
        Datum::String(text) => {
            out.u8(5)?;
            out.text(text)
        }
        Datum::IpAddr(network) => {
            match network.addr() {
                IpAddr::V4(address) => {
                    out.u8(6)?;
                    out.bytes(&address.octets())?;
                }
                IpAddr::V6(address) => {
                    out.u8(7)?;
                    out.bytes(&address.octets())?;
                }
            }
            out.u8(network.prefix_len())
        }
        Datum::Entity(entity) => {
            out.u8(8)?;
            out.u32(entity.0)
        }
        Datum::Set(elements) => {
            out.u8(9)?;
            out.count(elements.len())?;
            elements.iter().try_for_each(|element| write(out, element))
        }
        Datum::Record(fields) => {
            out.u8(10)?;
            out.count(fields.len())?;
            fields.iter().try_for_each(|field| match field {
                None => out.u8(u8::MAX),
                Some(field) => write(out, field),
            })
        }
    }
}

fn number<W: Write>(out: &mut Output<'_, W>, kind: u8, value: i64) -> io::Result<()> {
    out.u8(kind)?;
    out.u64(value.cast_unsigned())
}

const DAMAGED: SnapshotError = SnapshotError::Damaged("a value");

pub(super) fn read<R: Read>(input: &mut Input<R>, depth: u32) -> Result<Datum, SnapshotError> {
    let kind = input.u8()?;
    of_kind(input, kind, depth)
}

fn of_kind<R: Read>(input: &mut Input<R>, kind: u8, depth: u32) -> Result<Datum, SnapshotError> {
    if depth > DEEPEST {
        return Err(DAMAGED);
    }
    let mut number = || input.u64().map(u64::cast_signed);
    Ok(match kind {
        0 => match input.u8()? {
            0 => Datum::Bool(false),
            1 => Datum::Bool(true),
            _ => return Err(DAMAGED),
        },
        1 => Datum::Int(number()?),
        2 => Datum::Decimal(number()?),
        3 => Datum::Datetime(number()?),
        4 => Datum::Duration(number()?),
        5 => Datum::String(input.text()?.into()),
        6 => {
            let address = IpAddr::from(input.u32()?.to_le_bytes());
            Datum::IpAddr(network(address, input.u8()?)?)
        }
        7 => {
            let (low, high) = (input.u64()?, input.u64()?);
            let address = (u128::from(high) << 64 | u128::from(low)).to_le_bytes();
            Datum::IpAddr(network(IpAddr::from(address), input.u8()?)?)
        }
        8 => Datum::Entity(EntityId(input.u32()?)),
        9 => {
            let mut elements = Vec::new();
            for _ in 0..input.u64()? {
                elements.push(read(input, depth + 1)?);
            }
            Datum::Set(elements.into())
        }
        10 => {
            let mut fields = Vec::new();
            for _ in 0..input.u64()? {
                fields.push(match input.u8()? {
                    u8::MAX => None,
                    kind => Some(of_kind(input, kind, depth + 1)?),
                });
            }
            Datum::Record(fields.into())
        }
        _ => return Err(DAMAGED),
    })
}

fn network(address: IpAddr, length: u8) -> Result<IpNet, SnapshotError> {
    IpNet::new(address, length).map_err(|_| DAMAGED)
}
