//! Where chance comes from: a seed, or bytes that a fuzzer chose.

use std::convert::Infallible;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng, TryRng};

/// Random numbers: of bytes as long as there are any, a byte for each, and then of a seed.
pub struct Dice {
    bytes: std::vec::IntoIter<u8>,
    then: StdRng,
}

impl Dice {
    pub fn seed(seed: u64) -> Self {
        Self {
            bytes: Vec::new().into_iter(),
            then: StdRng::seed_from_u64(seed),
        }
    }

    pub fn bytes(bytes: &[u8]) -> Self {
        Self {
            bytes: Vec::from(bytes).into_iter(),
            then: StdRng::seed_from_u64(0),
        }
    }
}

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let byte = self.bytes.next();
        Ok(byte.map_or_else(
            || self.then.next_u32(),
            |byte| u32::from_le_bytes([byte; 4]),
        ))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let byte = self.bytes.next();
        Ok(byte.map_or_else(
            || self.then.next_u64(),
            |byte| u64::from_le_bytes([byte; 8]),
        ))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.then.fill_bytes(into);
        Ok(())
    }
}
