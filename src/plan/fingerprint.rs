//! A number that tells one policy from another.
//!
//! It goes over the plan as serde sees it, with the names of fields and variants, so that it stays the
//! same from one build of Ward to the next: a snapshot keeps it.

use std::fmt;
use std::sync::OnceLock;

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use xxhash_rust::xxh3::Xxh3;

use super::Plan;

/// The fingerprint of a plan, once somebody has asked for it. A copy begins without one, since what is
/// copied may be changed; and it says nothing that the plan itself does not say.
#[derive(Debug, Default)]
pub(crate) struct Fingerprint(OnceLock<u64>);

impl Clone for Fingerprint {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Fingerprint {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Fingerprint {}

impl Plan {
    /// A number that tells one policy from another. Where its clauses stand and how they are written
    /// does not count.
    pub(crate) fn fingerprint(&self) -> u64 {
        *self.fingerprint.0.get_or_init(|| {
            let names = (&self.types, &self.actions, &self.lanes, &self.roles);
            let edges = (&self.levels, &self.relations, &self.context);
            let roots = self.conditions.rows().iter();
            let roots: Vec<_> = roots.map(|condition| condition.root).collect();
            let conditions = (roots, &self.nodes, &self.operands, &self.columns);
            let values = (&self.constants, &self.permissions);
            let mut sum = Sum(Xxh3::new());
            let all = (self.version, names, edges, conditions, values);
            // Nothing that a plan is made of fails to be written to a sum.
            let _ = all.serialize(&mut sum);
            sum.0.digest()
        })
    }
}

/// Adds up what is written to it. Each thing begins with a letter that tells its kind, texts have their
/// length, and what holds others ends with a letter of its own: different trees are different bytes.
struct Sum(Xxh3);

type Summed = Result<(), fmt::Error>;

impl Sum {
    fn kind(&mut self, kind: u8) -> Summed {
        self.0.update(&[kind]);
        Ok(())
    }

    fn number(&mut self, number: i128) -> Summed {
        self.kind(b'n')?;
        self.0.update(&number.to_le_bytes());
        Ok(())
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) -> Summed {
        self.kind(kind)?;
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        Ok(())
    }
}

macro_rules! numbers {
    ($($name:ident: $number:ty),*) => {$(
        fn $name(self, number: $number) -> Summed {
            self.number(number.into())
        }
    )*};
}

impl Serializer for &mut Sum {
    type Ok = ();
    type Error = fmt::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64
    );

    fn serialize_bool(self, value: bool) -> Summed {
        self.kind(if value { b't' } else { b'f' })
    }
    fn serialize_f32(self, value: f32) -> Summed {
        self.serialize_f64(value.into())
    }
    fn serialize_f64(self, value: f64) -> Summed {
        self.bytes(b'd', &value.to_le_bytes())
    }
    fn serialize_char(self, value: char) -> Summed {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Summed {
        self.bytes(b's', text.as_bytes())
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Summed {
        self.bytes(b'b', bytes)
    }
    fn serialize_none(self) -> Summed {
        self.kind(b'0')
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Summed {
        self.kind(b'1')?;
        value.serialize(self)
    }
    fn serialize_unit(self) -> Summed {
        self.kind(b'u')
    }
    fn serialize_unit_struct(self, _: &'static str) -> Summed {
        self.kind(b'u')
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Summed {
        self.bytes(b'v', name.as_bytes())
    }
    fn serialize_newtype_struct<T>(self, _: &'static str, value: &T) -> Summed
    where
        T: Serialize + ?Sized,
    {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Summed
    where
        T: Serialize + ?Sized,
    {
        self.bytes(b'v', name.as_bytes())?;
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Self, fmt::Error> {
        self.kind(b'[')?;
        Ok(self)
    }
    fn serialize_tuple(self, _: usize) -> Result<Self, fmt::Error> {
        self.serialize_seq(None)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        self.serialize_seq(None)
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        self.bytes(b'v', name.as_bytes())?;
        self.serialize_seq(None)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Self, fmt::Error> {
        self.serialize_seq(None)
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, fmt::Error> {
        self.serialize_seq(None)
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        _: usize,
    ) -> Result<Self, fmt::Error> {
        self.bytes(b'v', name.as_bytes())?;
        self.serialize_seq(None)
    }
}

/// What holds others, one after the other.
macro_rules! in_order {
    ($($holder:ident::$add:ident),*) => {$(
        impl $holder for &mut Sum {
            type Ok = ();
            type Error = fmt::Error;
            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Summed {
                value.serialize(&mut **self)
            }
            fn end(self) -> Summed {
                self.kind(b']')
            }
        }
    )*};
}

/// What holds others under names.
macro_rules! by_name {
    ($($holder:ident),*) => {$(
        impl $holder for &mut Sum {
            type Ok = ();
            type Error = fmt::Error;
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Summed {
                self.bytes(b'k', name.as_bytes())?;
                value.serialize(&mut **self)
            }
            fn end(self) -> Summed {
                self.kind(b']')
            }
        }
    )*};
}

in_order!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);
by_name!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for &mut Sum {
    type Ok = ();
    type Error = fmt::Error;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Summed {
        key.serialize(&mut **self)
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Summed {
        value.serialize(&mut **self)
    }
    fn end(self) -> Summed {
        self.kind(b']')
    }
}
