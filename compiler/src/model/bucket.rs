//! The tightest token bucket: a burst and a rate that no window exceeds.
//!
//! `fwd[u] = max(0, max over arrows u → v of w(v) − rate · lo + fwd[v])` is what a run from `u` can send above the rate; it is
//! finite, since no cycle gains against the greatest ratio. So a window of `W` milliseconds that begins with `u` holds at most
//! `w(u) + fwd[u] + rate · (W − 1)` sends. For the search of the exact number, `fwd` says what can still come.

use std::collections::VecDeque;

use journey_spec::program::Millis;

use super::flat::{Column, Flat, Hop, Reverse};
use super::howard::Ratio;
use super::parts::Parts;

/// A token bucket, and what can still come from each node.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) rate: Ratio,
    /// What a run from each node can send above the rate, scaled by the rate's `time`.
    pub(super) fwd: Column<i128>,
    /// The most that any window can send above the rate, scaled alike.
    pub(super) burst: i128,
}

impl Bucket {
    pub(super) fn of(
        flat: &Flat,
        parts: &Parts,
        reverse: &Reverse,
        weight: &Column<u32>,
        rate: Ratio,
        within: impl Fn(u32) -> bool,
        opens: impl Fn(u32) -> bool,
    ) -> Self {
        let mut fwd: Column<i128> = Column::filled(0, flat.nodes() as usize);
        let mut waits = Column::filled(false, flat.nodes() as usize);
        let mut queue = VecDeque::new();
        // Arrows lead to components of smaller numbers: those that come later have all that they need.
        for part in 0..parts.count() {
            // Where no window comes, cycles may gain.
            if !parts.members(part).first().is_some_and(|node| within(*node)) {
                continue;
            }
            queue.extend(parts.members(part));
            parts.members(part).iter().for_each(|node| waits.put(*node, true));
            while let Some(node) = queue.pop_front() {
                waits.put(node, false);
                let gain = |hop: &Hop| rate.gain(hop, weight.at(hop.to)) + fwd.at(hop.to);
                let most = flat.out(node).iter().map(gain).max().unwrap_or(0);
                if most <= fwd.at(node) {
                    continue;
                }
                fwd.put(node, most);
                for (from, _) in reverse.into(node) {
                    if parts.of.at(*from) == part && !waits.at(*from) {
                        waits.put(*from, true);
                        queue.push_back(*from);
                    }
                }
            }
        }
        let above = |node| i128::from(weight.at(node)) * rate.time + fwd.at(node);
        let burst = (0..flat.nodes()).filter(|node| opens(*node)).map(above).max().unwrap_or(0);
        Bucket { rate, fwd, burst }
    }

    /// At most so many sends in a window of that length, in milliseconds.
    pub(super) fn most(&self, window: Millis) -> u64 {
        if window <= 0 {
            return 0;
        }
        let most = (self.burst + self.rate.sends * i128::from(window - 1)) / self.rate.time;
        u64::try_from(most).unwrap_or(u64::MAX)
    }
}
