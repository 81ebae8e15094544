//! Numbers that look random and are the same in every run (SplitMix64).

/// Scrambles a number.
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A row of random numbers.
#[derive(Clone, Debug)]
pub struct Mix(u64);

impl Mix {
    /// The row that belongs to a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// The next number, below a limit that is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        let wide = u128::from(self.number()) * limit as u128;
        (wide >> 64) as usize
    }

    /// True once in `often` times.
    pub fn once_in(&mut self, often: usize) -> bool {
        self.below(often) == 0
    }
}
