//! Chance that can be done again: a stream of numbers for each customer, from the run's seed.
//!
//! SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014), as its authors publish
//! it. It is ten lines, so that a seed that somebody has written down gives the same run in every later version, which no
//! library of random numbers promises over its own versions.

use journey_spec::program::Millis;

use super::words::{Delay, Share};

/// A stream of numbers.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The stream of one customer in a run, for one use: the uses of a customer do not disturb each other.
    pub(super) fn of(seed: u64, customer: u64, usage: u64) -> Random {
        let mut random = Random(seed);
        for part in [customer, usage] {
            random = Random(random.next() ^ part.wrapping_mul(0xD1B5_4A32_D192_ED03));
        }
        Random(random.next())
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where that is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A position in a list of so many.
    pub(super) fn position(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// A number from 0 to below 1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(super) fn happens(&mut self, share: Share) -> bool {
        // Nothing is drawn where there is nothing to decide.
        share.parts() > 0 && self.below(1_000_000) < u64::from(share.parts())
    }

    /// One of a list.
    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.position(list.len()))
    }

    /// One of a list whose entries have weights.
    pub(super) fn weighted<'a, T>(&mut self, list: &'a [(T, u32)]) -> Option<&'a T> {
        let all: u64 = list.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut at = self.below(all);
        for (entry, weight) in list {
            match at.checked_sub(u64::from(*weight)) {
                Some(rest) => at = rest,
                None => return Some(entry),
            }
        }
        None
    }

    /// Evenly from `from` to `to`, both included.
    pub(super) fn between(&mut self, from: Millis, to: Millis) -> Millis {
        let wide = to.saturating_sub(from).max(0).unsigned_abs().saturating_add(1);
        from.saturating_add_unsigned(self.below(wide))
    }

    /// How long something takes.
    pub(super) fn lasts(&mut self, delay: Delay) -> Millis {
        match delay {
            Delay::Between(from, to) => self.between(from, to),
            Delay::About(mean) => self.gap(mean),
        }
    }

    /// How long until the next of what comes every `mean` on average and remembers nothing: exponential.
    pub(super) fn gap(&mut self, mean: Millis) -> Millis {
        let gap = -(1.0 - self.unit()).ln() * mean as f64;
        // At least a millisecond, so that time goes on; and the cast stays in range.
        (gap.clamp(1.0, 1e15)) as Millis
    }
}
