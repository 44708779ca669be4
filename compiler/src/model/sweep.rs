//! `α(W)`, exactly: is there a run that sends so many in a window? Asked from the bucket's figure downwards.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use journey_spec::program::Millis;
use petgraph::graph::EdgeIndex;

use super::product::{Analysis, NOWHERE, Step};
use super::{Run, Weighed, at};

/// A run so far: where it has come to, when, and with how many messages.
#[derive(Clone, Copy)]
struct Label {
    place: u32,
    /// The label before, and the arrow from there.
    from: u32,
    edge: u32,
    time: Millis,
}

/// The most that a run sends in a window of this length, where nothing bursts without end.
pub(super) fn exact(of: &Analysis, weighed: &Weighed, window: Millis, any: bool) -> Run {
    if window <= 0 {
        return Run::default();
    }
    let Some(mut above) = weighed.bucket(window).filter(|n| *n > 0) else { return Run::default() };
    // `above` has no run, or is the bucket's figure plus one.
    above = above.saturating_add(1);
    let mut stride = 1;
    let mut best = loop {
        let target = above.saturating_sub(stride).max(1);
        match decide(of, weighed, window, any, target) {
            Some(run) => break run,
            None if target == 1 => return Run::default(),
            None => above = target,
        }
        stride = stride.saturating_mul(2);
    };
    while best.count.saturating_add(1) < above {
        let target = best.count + (above - best.count) / 2;
        match decide(of, weighed, window, any, target) {
            Some(run) => best = run,
            None => above = target,
        }
    }
    best
}

/// Time, the rank of what takes no time, messages, and the label's number.
type Entry = (Millis, Reverse<u32>, Reverse<u64>, u32);

/// A run that sends `target` or more in a window of this length, where there is one.
///
/// Labels are taken in order of time; of one time in the order in which arrows without time lead, so that each is whole
/// before it leads on; then the one with most messages. So a label whose place was left with as many messages or more has
/// nothing to add, and one that cannot come to `target` any more by the bucket is not followed.
fn decide(of: &Analysis, weighed: &Weighed, window: Millis, any: bool, target: u64) -> Option<Run> {
    let mut labels: Vec<Label> = Vec::new();
    let mut heap: BinaryHeap<Reverse<Entry>> = BinaryHeap::new();
    let mut best = vec![0_u64; of.len()];
    for place in 0..of.begins {
        let count = u64::from(at(&weighed.weights, place));
        let begins = any || !at(&of.kept, place);
        if begins && count > 0 && weighed.still(count, place, window) >= target {
            let number = u32::try_from(labels.len()).unwrap_or(NOWHERE);
            heap.push(Reverse((0, Reverse(at(&of.instant, place)), Reverse(count), number)));
            labels.push(Label { place, from: NOWHERE, edge: NOWHERE, time: 0 });
        }
    }
    while let Some(Reverse((time, _, Reverse(count), number))) = heap.pop() {
        let Some(label) = labels.get(number as usize).copied() else { continue };
        match best.get_mut(label.place as usize) {
            Some(best) if *best < count => *best = count,
            _ => continue,
        }
        if count >= target {
            return Some(told(of, &labels, number, count));
        }
        let steps = of.steps(label.place).iter().filter(|step| any || !step.odd);
        for Step { to, edge, lo, .. } in steps.copied() {
            let then = time.saturating_add(lo);
            let more = count.saturating_add(u64::from(at(&weighed.weights, to)));
            if then < window && at(&best, to) < more && weighed.still(more, to, window.saturating_sub(then)) >= target {
                let next = u32::try_from(labels.len()).unwrap_or(NOWHERE);
                heap.push(Reverse((then, Reverse(at(&of.instant, to)), Reverse(more), next)));
                labels.push(Label { place: to, from: number, edge, time: then });
            }
        }
    }
    None
}

fn told(of: &Analysis, labels: &[Label], last: u32, count: u64) -> Run {
    let mut steps = Vec::new();
    let mut number = last;
    let mut first = NOWHERE;
    while let Some(label) = labels.get(number as usize) {
        first = label.place;
        if label.from == NOWHERE {
            break;
        }
        steps.push((EdgeIndex::new(label.edge as usize), label.time));
        number = label.from;
    }
    steps.reverse();
    Run { count, prefix: of.prefix(first), first: of.spot(first), steps }
}
