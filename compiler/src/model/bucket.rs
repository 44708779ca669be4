//! The tightest bucket: `α(W) ≤ ⌊B + λ (W - 1)⌋`, with the long-run rate `λ` and what a run can send above it, `B`.

use std::collections::VecDeque;

use journey_spec::program::Millis;

use super::product::Analysis;
use super::rate::Rate;
use super::{Weighed, at};

/// For each place, the most that any way on from it sends above the rate, in parts of the rate's time: the longest path of
/// what steps bring above the rate, which no cycle makes longer.
pub(super) fn ahead(of: &Analysis, weights: &[u32], rate: &Rate) -> Vec<i128> {
    // Against the steps, so that a place is looked at when one that it leads to is worth more.
    let mut first = vec![0_u32; of.len() + 1];
    for place in of.places() {
        for step in of.steps(place) {
            if let Some(n) = first.get_mut(step.to as usize + 1) {
                *n += 1;
            }
        }
    }
    let mut sum = 0;
    for n in &mut first {
        sum += *n;
        *n = sum;
    }
    let mut next = first.clone();
    let mut back = vec![(0_u32, 0_i128); of.step_count()];
    for place in of.places() {
        for step in of.steps(place) {
            if let Some(slot) = next.get_mut(step.to as usize) {
                if let Some(entry) = back.get_mut(*slot as usize) {
                    *entry = (place, rate.gain(at(weights, step.to), step.lo));
                }
                *slot += 1;
            }
        }
    }
    let mut ahead = vec![0_i128; of.len()];
    let mut waits = vec![true; of.len()];
    // In the order of what takes no time, last first: most ways are whole when their turn comes.
    let mut order: Vec<u32> = of.places().collect();
    order.sort_by_key(|place| at(&of.instant, *place));
    let mut open: VecDeque<u32> = order.into();
    while let Some(place) = open.pop_front() {
        if let Some(slot) = waits.get_mut(place as usize) {
            *slot = false;
        }
        let worth = at(&ahead, place);
        let (from, to) = (at(&first, place) as usize, at(&first, place + 1) as usize);
        for (earlier, gain) in back.get(from..to).unwrap_or_default() {
            let value = gain.saturating_add(worth);
            if let Some(slot) = ahead.get_mut(*earlier as usize).filter(|slot| value > **slot) {
                *slot = value;
                if let Some(waits @ false) = waits.get_mut(*earlier as usize) {
                    *waits = true;
                    open.push_back(*earlier);
                }
            }
        }
    }
    ahead
}

impl Weighed {
    /// The most that a run can send which has sent `count` when it comes to a place with `left` milliseconds of the window
    /// to go.
    pub(super) fn still(&self, count: u64, place: u32, left: Millis) -> u64 {
        let rate = &self.rate;
        let parts =
            at(&self.ahead, place).saturating_add(rate.sends.saturating_mul(i128::from(left.saturating_sub(1).max(0))));
        count.saturating_add(u64::try_from(parts / rate.time).unwrap_or(u64::MAX))
    }

    /// The long-run rate: the most messages for their time of any cycle. Zero where something bursts without end.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The most that any window of this length, in milliseconds, can hold by the bucket: never below `α`. None where
    /// something bursts without end.
    #[must_use]
    pub fn bucket(&self, window: Millis) -> Option<u64> {
        if self.burst.is_some() {
            return None;
        }
        let places = 0..u32::try_from(self.weights.len()).unwrap_or(u32::MAX);
        let senders = places.filter(|place| at(&self.weights, *place) > 0);
        Some(senders.map(|place| self.still(u64::from(at(&self.weights, place)), place, window)).max().unwrap_or(0))
    }
}
