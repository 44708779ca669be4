//! The tightest token bucket: a burst and a rate that no window exceeds.
//!
//! `fwd[u] = max(0, max over arrows u → v of w(v) − rate · lo + fwd[v])` is what a run from `u` can send above the rate; it is
//! finite, since no cycle gains against the greatest ratio. So a window of `W` milliseconds that begins with `u` holds at most
//! `w(u) + fwd[u] + rate · (W − 1)` sends. For the search of the exact number, `fwd` says what can still come.

use std::collections::VecDeque;

use journey_spec::program::Millis;

use super::analysis::Analysis;
use super::flat::{Column, Flat, Hop, NONE};
use super::howard::{LONGEST, Ratio};
use super::parts::Parts;

/// A token bucket, and what can still come from each node.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) rate: Ratio,
    /// What a run from each node can send above the rate, scaled by the rate's `time`.
    pub(super) fwd: Column<i128>,
    /// The arrow by which it does so, by number; [`NONE`] where more arrows bring no more.
    next: Column<u32>,
    /// The most that any window can send above the rate, scaled alike, and the node with which that window begins.
    burst: (i128, u32),
}

impl Bucket {
    /// Of nothing.
    pub(super) fn empty() -> Self {
        Bucket { rate: Ratio::ZERO, fwd: Column::default(), next: Column::default(), burst: (0, NONE) }
    }

    /// For that rate, which is none below the greatest ratio.
    pub(super) fn of(analysis: &Analysis, rate: Ratio) -> Self {
        let Analysis { prepared, weight, .. } = analysis;
        let (flat, parts, reverse): (&Flat, &Parts, _) = (&prepared.product.inside, &prepared.parts, &prepared.reverse);
        let mut fwd: Column<i128> = Column::filled(0, flat.nodes() as usize);
        let mut next = Column::filled(NONE, flat.nodes() as usize);
        let mut waits = Column::filled(false, flat.nodes() as usize);
        let mut queue = VecDeque::new();
        // Arrows lead to components of smaller numbers: those that come later have all that they need.
        for part in 0..parts.count() {
            // Where no window comes, cycles may gain.
            if !parts.members(part).first().is_some_and(|node| analysis.within(*node)) {
                continue;
            }
            // A node on no cycle is looked at once, and one that leads to itself gains nothing by that.
            if let [node] = parts.members(part) {
                let gain = |hop: &Hop| rate.gain(hop, weight.at(hop.to)) + fwd.at(hop.to);
                let (mut most, mut by) = (0, NONE);
                for (number, hop) in flat.numbered(*node).filter(|(_, hop)| hop.to != *node) {
                    let gain = gain(hop);
                    if gain > most {
                        (most, by) = (gain, number);
                    }
                }
                fwd.put(*node, most);
                next.put(*node, by);
                continue;
            }
            queue.extend(parts.members(part));
            parts.members(part).iter().for_each(|node| waits.put(*node, true));
            while let Some(node) = queue.pop_front() {
                waits.put(node, false);
                let gain = |hop: &Hop| rate.gain(hop, weight.at(hop.to)) + fwd.at(hop.to);
                let mut most = fwd.at(node);
                let mut by = NONE;
                for (number, hop) in flat.numbered(node) {
                    let gain = gain(hop);
                    if gain > most {
                        (most, by) = (gain, number);
                    }
                }
                if by == NONE {
                    continue;
                }
                fwd.put(node, most);
                next.put(node, by);
                for (from, _) in reverse.into(node) {
                    if parts.of.at(*from) == part && !waits.at(*from) {
                        waits.put(*from, true);
                        queue.push_back(*from);
                    }
                }
            }
        }
        let above = |node| i128::from(weight.at(node)) * rate.time + fwd.at(node);
        let burst = analysis
            .openers()
            .fold((0, NONE), |most, node| if above(node) > most.0 { (above(node), node) } else { most });
        Bucket { rate, fwd, next, burst }
    }

    /// At most so many sends in a window of that length, in milliseconds.
    pub(super) fn most(&self, window: Millis) -> u64 {
        if window <= 0 {
            return 0;
        }
        let most = (self.burst.0 + self.rate.sends * i128::from(window - 1)) / self.rate.time;
        u64::try_from(most).unwrap_or(u64::MAX)
    }

    /// How much, scaled, a run of so many sends may send less than the best in the same time and still fit into the window.
    pub(super) fn slack(&self, window: Millis, target: u64) -> i128 {
        let most = self.burst.0 + self.rate.sends * i128::from(window.max(1) - 1);
        most.saturating_sub(i128::from(target).saturating_mul(self.rate.time))
    }

    /// What an arrow gains less than the best that its source can do.
    #[inline]
    pub(super) fn loss(&self, node: u32, hop: &Hop, weight: u32) -> i128 {
        self.fwd.at(node) - self.rate.gain(hop, weight) - self.fwd.at(hop.to)
    }

    /// What a window that begins with a node can send less than one that begins with the best.
    pub(super) fn loss_of_start(&self, analysis: &Analysis, node: u32) -> i128 {
        self.burst.0 - i128::from(analysis.weight.at(node)) * self.rate.time - self.fwd.at(node)
    }

    /// The shortest run that sends as much above the rate as any.
    fn run(&self, analysis: &Analysis) -> Point {
        let (_, mut node) = self.burst;
        let mut point = Point { sends: i128::from(analysis.weight.at(node)), time: 0 };
        // Arrows that were stored as values rose close no cycle, since none gains.
        while self.next.at(node) != NONE && node != NONE {
            let hop = analysis.product().inside.hop(self.next.at(node));
            point.sends += i128::from(analysis.weight.at(hop.to));
            point.time += i128::from(hop.lo.min(LONGEST));
            node = hop.to;
        }
        point
    }

    /// The tightest bucket for windows of that length, of any rate that is not below this one's, and a number of sends that
    /// some such window is known to have.
    ///
    /// Each run is a point, its sends over its time. A bucket is a line above all of them, and its bound is the height of
    /// the line at the window's end; the tightest goes through the two corners of their hull on both sides of it. Where the
    /// best run for this rate lasts longer than the window, that is another line: it is found as in Dinkelbach's method, by
    /// the line through two known points and the run that is farthest above it, if any is.
    pub(super) fn for_window(&self, analysis: &Analysis, window: Millis) -> (Option<Bucket>, u64) {
        let end = i128::from(window) - 1;
        let known = |within: &Point| u64::try_from(within.sends).unwrap_or(u64::MAX);
        let heaviest = analysis.openers().map(|node| analysis.weight.at(node)).max().unwrap_or(0);
        let mut within = Point { sends: i128::from(heaviest), time: 0 };
        let mut beyond = self.run(analysis);
        if beyond.time <= end {
            return (None, known(&beyond));
        }
        let mut best: Option<Bucket> = None;
        for _ in 0..MOST_LINES {
            let tightest = best.as_ref().unwrap_or(self).most(window);
            if tightest <= known(&within).saturating_add(1) {
                break;
            }
            let rate = Ratio { sends: beyond.sends - within.sends, time: beyond.time - within.time };
            if rate.sends <= 0 || rate.time <= 0 {
                break;
            }
            let line = Bucket::of(analysis, rate);
            let farthest = line.run(analysis);
            let above = |point: &Point| point.sends * rate.time - rate.sends * point.time;
            let settled = above(&farthest) <= above(&within);
            if farthest.time <= end {
                within = farthest;
            } else {
                beyond = farthest;
            }
            if line.most(window) < tightest {
                best = Some(line);
            }
            if settled {
                break;
            }
        }
        (best, known(&within))
    }
}

/// So many lines are tried for a window at most. Any of them is a bound.
const MOST_LINES: u32 = 12;

/// A run by what it sends and how long it takes.
struct Point {
    sends: i128,
    time: i128,
}
