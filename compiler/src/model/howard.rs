//! The long-run rate: the greatest ratio of sends to time over all cycles.
//!
//! Howard's policy iteration, in the form for cycle ratios (Cochet-Terrasson, Cohen, Gaubert, Mc Gettrick, Quadrat: Numerical
//! Computation of Spectral Elements in Max-Plus Algebra, 1998; Dasdan: Experimental Analysis of the Fastest Optimum Cycle
//! Ratio and Mean Algorithms, 2004), one component at a time, in integers: ratios are fractions, values are scaled by the
//! denominator. It ends: each round either raises the ratio, or, since all nodes then lead to one and the same cycle, raises
//! values of finitely many policies; an improved policy can only close cycles of a greater ratio.

use super::flat::{Column, Flat, Hop, NONE, Reverse};
use super::parts::Parts;

/// Durations beyond this (some 36,000 years) count as this, so that all sums fit; that only makes runs faster.
pub(super) const LONGEST: i64 = 1 << 50;

/// `sends / time`, in messages a millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    pub(super) sends: i128,
    /// Greater than 0.
    pub(super) time: i128,
}

impl Ratio {
    pub(super) const ZERO: Ratio = Ratio { sends: 0, time: 1 };

    /// What an arrow brings above this rate: its sends less what the rate allows for its time, scaled by `time`.
    ///
    /// With fewer than 2^22 nodes, weights below 2^32 and durations up to 2^50, sums along a path stay below 2^126.
    #[inline]
    pub(super) fn gain(&self, hop: &Hop, weight: u32) -> i128 {
        i128::from(weight) * self.time - self.sends * i128::from(hop.lo.min(LONGEST))
    }

    fn below(&self, other: &Ratio) -> bool {
        self.sends * other.time < other.sends * self.time
    }
}

/// The greatest ratio of all cycles, and the arrows of one that has it, by number; none where no cycle sends.
///
/// No cycle may send in no time. `pass` says of which nodes cycles are asked.
pub(super) fn greatest(
    flat: &Flat,
    parts: &Parts,
    reverse: &Reverse,
    weight: &Column<u32>,
    pass: impl Fn(u32) -> bool,
) -> Option<(Ratio, Vec<u32>)> {
    let mut best: Option<(Ratio, Vec<u32>)> = None;
    let nodes = flat.nodes() as usize;
    let mut state = Policy {
        flat,
        parts,
        reverse,
        weight,
        hop: Column::filled(NONE, nodes),
        value: Column::filled(0, nodes),
        mark: Column::filled(0, nodes),
        round: 0,
    };
    for part in 0..parts.count() {
        let members = parts.members(part);
        let sends = members.iter().any(|node| weight.at(*node) > 0 && pass(*node));
        let Some(node) = members.first().filter(|_| sends) else { continue };
        if members.len() == 1 && !flat.out(*node).iter().any(|hop| hop.to == *node) {
            continue;
        }
        let (ratio, hops) = state.iterate(part, members);
        if ratio.sends > 0 && best.as_ref().is_none_or(|(so_far, _)| so_far.below(&ratio)) {
            best = Some((ratio, hops));
        }
    }
    best
}

struct Policy<'a> {
    flat: &'a Flat,
    parts: &'a Parts,
    reverse: &'a Reverse,
    weight: &'a Column<u32>,
    /// The arrow that each node takes.
    hop: Column<u32>,
    value: Column<i128>,
    /// Two marks a round: walked, and led to the best cycle.
    mark: Column<u32>,
    round: u32,
}

impl Policy<'_> {
    fn iterate(&mut self, part: u32, members: &[u32]) -> (Ratio, Vec<u32>) {
        for node in members {
            let inner = self.flat.numbered(*node).filter(|(_, hop)| self.parts.of.at(hop.to) == part);
            let first = inner.max_by_key(|(_, hop)| (self.weight.at(hop.to), -hop.lo));
            self.hop.put(*node, first.map_or(NONE, |(number, _)| number));
        }
        loop {
            let (ratio, cycle) = self.best_cycle(members);
            self.evaluate(part, ratio, &cycle);
            if !self.improve(part, members, ratio) {
                return (ratio, cycle);
            }
        }
    }

    fn chosen(&self, node: u32) -> Hop {
        self.flat.hop(self.hop.at(node))
    }

    /// The best cycle of the policy. One that sends nothing has the ratio 0, whatever time it takes.
    fn best_cycle(&mut self, members: &[u32]) -> (Ratio, Vec<u32>) {
        let mut best = (Ratio::ZERO, None);
        let base = self.round;
        for begin in members {
            self.round += 1;
            let mut node = *begin;
            while self.mark.at(node) <= base {
                self.mark.put(node, self.round);
                node = self.chosen(node).to;
            }
            if self.mark.at(node) != self.round {
                continue;
            }
            let (first, mut sends, mut time) = (node, 0i128, 0i128);
            loop {
                let hop = self.chosen(node);
                sends += i128::from(self.weight.at(hop.to));
                time += i128::from(hop.lo.min(LONGEST));
                node = hop.to;
                if node == first {
                    break;
                }
            }
            let ratio = if sends == 0 { Ratio::ZERO } else { Ratio { sends, time: time.max(1) } };
            if best.1.is_none() || best.0.below(&ratio) {
                best = (ratio, Some(first));
            }
        }
        let first = best.1.unwrap_or(NONE);
        let mut hops = Vec::new();
        let mut node = first;
        loop {
            hops.push(self.hop.at(node));
            node = self.chosen(node).to;
            if node == first || hops.len() > members.len() {
                return (best.0, hops);
            }
        }
    }

    /// Values against that ratio, for the policy; nodes that it does not lead to the cycle take an arrow that does.
    fn evaluate(&mut self, part: u32, ratio: Ratio, cycle: &[u32]) {
        self.round += 1;
        let root = cycle.last().map_or(NONE, |hop| self.flat.hop(*hop).to);
        self.value.put(root, 0);
        self.mark.put(root, self.round);
        let mut reached = vec![root];
        // First along the policy; then again from all, along any arrow.
        for any in [false, true] {
            let mut next = 0;
            while let Some(node) = reached.get(next).copied() {
                next += 1;
                for (from, number) in self.reverse.into(node) {
                    let fits = any || self.hop.at(*from) == *number;
                    if !fits || self.mark.at(*from) == self.round || self.parts.of.at(*from) != part {
                        continue;
                    }
                    self.mark.put(*from, self.round);
                    self.hop.put(*from, *number);
                    let gain = ratio.gain(&self.flat.hop(*number), self.weight.at(node));
                    self.value.put(*from, gain + self.value.at(node));
                    reached.push(*from);
                }
            }
        }
    }

    /// Takes better arrows where there are any, and says whether there were.
    fn improve(&mut self, part: u32, members: &[u32], ratio: Ratio) -> bool {
        let mut better = false;
        for node in members {
            for (number, hop) in self.flat.numbered(*node).filter(|(_, hop)| self.parts.of.at(hop.to) == part) {
                let value = ratio.gain(hop, self.weight.at(hop.to)) + self.value.at(hop.to);
                if value > self.value.at(*node) {
                    self.value.put(*node, value);
                    self.hop.put(*node, number);
                    better = true;
                }
            }
        }
        better
    }
}
