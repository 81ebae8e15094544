//! What a policy names, by name.

use std::collections::HashMap;

use foldhash::fast::RandomState;

/// How many short names have a place of their own.
const MOST: usize = 32;

/// How many places there are: more than names, so that a search comes to an end, and soon.
const PLACES: usize = 128;

/// Values by their names, each once. Mostly they are few and their names short: those are compared as
/// numbers, so that no text is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ByName<V> {
    /// By its place, which of `short` a name is, from 1.
    places: [u8; PLACES],
    short: Vec<(Short, V)>,
    /// The names that are not short, and those behind the first [`MOST`].
    others: HashMap<Box<str>, V, RandomState>,
}

/// A name of at most 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Short {
    ends: u128,
    length: usize,
}

impl<V> Default for ByName<V> {
    fn default() -> Self {
        Self {
            places: [0; PLACES],
            short: Vec::new(),
            others: HashMap::default(),
        }
    }
}

/// A text of at most 16 bytes as a number: no other text of the same length has it.
#[inline]
fn ends(text: &str) -> Option<u128> {
    let text = text.as_bytes();
    // What stands at both ends may overlap.
    match text.len() {
        9..=16 => {
            let (first, last) = (text.first_chunk::<8>()?, text.last_chunk::<8>()?);
            let last = u64::from_le_bytes(*last);
            Some(u128::from(last) << 64 | u128::from(u64::from_le_bytes(*first)))
        }
        4..=8 => {
            let (first, last) = (text.first_chunk::<4>()?, text.last_chunk::<4>()?);
            let last = u32::from_le_bytes(*last);
            Some(u128::from(last) << 32 | u128::from(u32::from_le_bytes(*first)))
        }
        1..=3 => {
            let byte = |at: usize| text.get(at).copied().map_or(0, u128::from);
            Some(byte(0) | byte(1) << 8 | byte(2) << 16)
        }
        _ => None,
    }
}

impl Short {
    #[inline]
    fn of(name: &str) -> Option<Self> {
        let length = name.len();
        Some(Self {
            ends: ends(name)?,
            length,
        })
    }

    /// Where the search for it begins.
    #[inline]
    fn first(self) -> usize {
        let mixed = self.ends as u64 ^ (self.ends >> 64) as u64 ^ self.length as u64;
        // Two to the 64th by the golden ratio; Knuth, The Art of Computer Programming, 6.4.
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 57) as usize
    }
}

impl<V> ByName<V> {
    /// The value of a name.
    #[inline(always)]
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        if let Some(short) = Short::of(name)
            && let Some((_, found)) = self.short.get(self.find(short).0)
        {
            return Some(found);
        }
        self.other(name)
    }

    // Kept apart, so that the rest is small enough to stand wherever a name is looked up.
    #[inline(never)]
    fn other(&self, name: &str) -> Option<&V> {
        self.others.get(name)
    }

    /// Which of `short` it is, or a number behind all of them; and its place, or where it can have one.
    #[inline]
    fn find(&self, name: Short) -> (usize, usize) {
        let mut at = name.first();
        loop {
            let place = self.places.get(at).copied().unwrap_or(0);
            let index = usize::from(place).wrapping_sub(1);
            match self.short.get(index) {
                Some((short, _)) if *short != name => at = (at + 1) % PLACES,
                _ => return (index, at),
            }
        }
    }

    /// Gives a value a name, and what had it before back.
    pub(crate) fn insert(&mut self, name: &str, value: V) -> Option<V> {
        let Some(short) = Short::of(name) else {
            return self.others.insert(name.into(), value);
        };
        let (index, at) = self.find(short);
        if let Some((_, found)) = self.short.get_mut(index) {
            return Some(std::mem::replace(found, value));
        }
        if self.short.len() >= MOST {
            return self.others.insert(name.into(), value);
        }
        self.short.push((short, value));
        if let (Some(place), Ok(index)) = (self.places.get_mut(at), self.short.len().try_into()) {
            *place = index;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of every length, of which many begin and end alike: each has its own value, few or many.
    #[test]
    fn each_name_has_its_value() {
        let mut names: Vec<String> = Vec::new();
        for length in 0..=20 {
            for letter in ['a', 'b'] {
                for at in 0..length {
                    let mut name = vec![b'x'; length];
                    if let Some(byte) = name.get_mut(at) {
                        *byte = letter as u8;
                    }
                    names.push(String::from_utf8(name).unwrap_or_default());
                }
            }
            names.push("x".repeat(length));
        }
        for step in [1, 7, 31] {
            let mut by_name = ByName::default();
            for (value, name) in names.iter().enumerate().step_by(step) {
                assert_eq!(by_name.insert(name, value), None, "{name}");
            }
            for (value, name) in names.iter().enumerate() {
                let there = value % step == 0;
                assert_eq!(by_name.get(name), there.then_some(&value), "{name}");
                assert_eq!(by_name.insert(name, value), there.then_some(value));
                assert_eq!(by_name.insert(name, value), Some(value));
            }
        }
    }
}
