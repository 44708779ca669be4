//! The exact most sends in a window: a sweep over runs by time, with dominance, pruned by the bucket.
//!
//! A label is a run so far: how much of the window has gone by, the sends, the node. Labels are taken in order of time; at
//! one instant in topological order of the arrows that take none, so that all sends of that instant are counted before a
//! node is left; and the most sends first. A label is superfluous where an earlier one was at the same node, with the same
//! registers, with as many sends: whatever it can do, that one could (Stigge, Ekberg, Guan, Yi, RTAS 2011, section IV). Nodes
//! are those of the product, so registers are compared for equality: a higher count is no worse label, since an exhausted
//! cap can remove a forced exit.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use journey_spec::program::Millis;

use super::analysis::Analysis;
use super::bucket::Bucket;
use super::flat::{Column, NONE};
use super::rounds::Answer;

/// A run so far.
struct Label {
    node: u32,
    /// The label that it continues; [`NONE`] where the window begins.
    parent: u32,
    /// The arrow of the model that was taken.
    edge: u32,
    time: Millis,
}

/// A run that was found: its first node, and its arrows with their times.
pub(super) struct Found {
    pub(super) count: u64,
    pub(super) first: u32,
    pub(super) steps: Vec<(u32, Millis)>,
}

/// Whether there is a run.
pub(super) enum Decision {
    /// This one.
    Yes(Found),
    /// There is none.
    No,
    /// The search was given up.
    Unknown,
}

/// How many labels a search may still make.
pub(super) struct Labels(usize);

impl Labels {
    /// For all searches of one question: 64 for each node, which is far more than the examples and the random models need, and between 200,000
    /// and four million, some tens of milliseconds and some hundred megabytes. A run of seconds-long rounds through a month
    /// would take all memory otherwise.
    pub(super) fn of(analysis: &Analysis) -> Labels {
        let nodes = analysis.product().inside.nodes() as usize;
        Labels(nodes.saturating_mul(64).clamp(200_000, 4_000_000))
    }
}

/// A run with at least `target` sends in the window, where there is one. `target` is 1 or greater. Where there is a bucket
/// that is tighter for this window, that prunes; otherwise long windows are decided by the critical cycle alone.
pub(super) fn decide(
    of: &Analysis,
    tighter: Option<&Bucket>,
    window: Millis,
    target: u64,
    left: &mut Labels,
) -> Decision {
    if let Some(bucket) = tighter {
        return sweep(of, bucket, window, target, left, |_| true);
    }
    let Some(round) = of.round() else { return sweep(of, &of.bucket, window, target, left, |_| true) };
    match round.decide(of, window, target) {
        Answer::Yes(found) => Decision::Yes(found),
        Answer::No => Decision::No,
        Answer::OnlyElsewhere => sweep(of, &of.bucket, window, target, left, |node| !round.has(node)),
        Answer::Unknown => sweep(of, &of.bucket, window, target, left, |_| true),
    }
}

/// The same, by the sweep alone, of runs through nodes that pass.
fn sweep(
    of: &Analysis,
    bucket: &Bucket,
    window: Millis,
    target: u64,
    left: &mut Labels,
    pass: impl Fn(u32) -> bool,
) -> Decision {
    let flat = &of.product().inside;
    let (sends, scale) = (bucket.rate.sends, bucket.rate.time);
    if bucket.slack(window, target) < 0 {
        return Decision::No;
    }
    let need = i128::from(target) * scale - sends * i128::from(window - 1);
    let hopeful = |node, count: u64, time: Millis| {
        i128::from(count) * scale + bucket.fwd.at(node) - sends * i128::from(time) >= need
    };

    let mut labels: Vec<Label> = Vec::new();
    let mut heap = BinaryHeap::new();
    let mut best: Column<u64> = Column::filled(0, flat.nodes() as usize);
    for node in of.openers().filter(|node| pass(*node)) {
        let count = u64::from(of.weight.at(node));
        if hopeful(node, count, 0) {
            heap.push(Reverse((0 as Millis, of.rank(node), Reverse(count), labels.len())));
            labels.push(Label { node, parent: NONE, edge: NONE, time: 0 });
        }
    }
    while let Some(Reverse((time, _, Reverse(count), at))) = heap.pop() {
        let Some(node) = labels.get(at).map(|label| label.node) else { return Decision::Unknown };
        if of.dominated(best.at(of.place(node)), count) {
            continue;
        }
        best.put(of.place(node), count);
        if count >= target {
            return Decision::Yes(story(&labels, at, count));
        }
        for hop in flat.out(node) {
            let then = time.saturating_add(hop.lo);
            let sum = count.saturating_add(u64::from(of.weight.at(hop.to)));
            if of.ends_by(then, window)
                || of.dominated(best.at(of.place(hop.to)), sum)
                || !hopeful(hop.to, sum, then)
                || !pass(hop.to)
            {
                continue;
            }
            let Some(fewer) = left.0.checked_sub(1) else { return Decision::Unknown };
            left.0 = fewer;
            heap.push(Reverse((then, of.rank(hop.to), Reverse(sum), labels.len())));
            labels.push(Label { node: hop.to, parent: at as u32, edge: hop.edge, time: then });
        }
    }
    Decision::No
}

fn story(labels: &[Label], mut at: usize, count: u64) -> Found {
    let mut steps = Vec::new();
    loop {
        match labels.get(at) {
            Some(label) if label.parent != NONE => {
                steps.push((label.edge, label.time));
                at = label.parent as usize;
            }
            label => {
                steps.reverse();
                return Found { count, first: label.map_or(NONE, |label| label.node), steps };
            }
        }
    }
}

/// A run with as many sends in the window as there can be: from the bucket's bound down by 1, 2, 4 and so on until there is
/// one, and then by bisection. Where a search is given up, the least number that there is known not to be more of stands with
/// the best run that was found, or with none of its arrows.
pub(super) fn most(of: &Analysis, window: Millis) -> Option<Found> {
    most_with(of, window, Labels::of(of))
}

/// The same, with so many labels.
fn most_with(of: &Analysis, window: Millis, mut left: Labels) -> Option<Found> {
    let (tighter, known) = of.bucket.for_window(of, window);
    let tighter = tighter.as_ref();
    let mut above = tighter.unwrap_or(&of.bucket).most(window).saturating_add(1);
    let mut step = 1;
    let mut found = loop {
        let target = above.saturating_sub(step).max(known).max(1);
        match decide(of, tighter, window, target, &mut left) {
            Decision::Yes(found) => break found,
            Decision::No => {}
            Decision::Unknown => {
                let first = of.openers().next()?;
                return Some(Found { count: above.saturating_sub(1), first, steps: Vec::new() });
            }
        }
        if target <= known.max(1) {
            return None;
        }
        (above, step) = (target, step.saturating_mul(2));
    };
    while found.count.saturating_add(1) < above {
        let target = found.count + (above - found.count) / 2;
        match decide(of, tighter, window, target, &mut left) {
            Decision::Yes(better) => found = better,
            Decision::No => above = target,
            Decision::Unknown => return Some(Found { count: above.saturating_sub(1), ..found }),
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::tests::graphs;
    use crate::model::{Budget, Prepared};

    #[test]
    fn a_search_that_is_given_up_never_says_less_than_there_can_be() {
        let mut given_up = 0;
        for (series, features) in graphs::SERIES {
            for seed in 0..60 {
                let model = graphs::model(&mut graphs::Dice(seed), features);
                let analysis = Prepared::new(&model, Budget::default()).analysis();
                if analysis.instant_cycle().is_some() {
                    continue;
                }
                for window in [3, 11, 40] {
                    let exact = most(&analysis, window).map_or(0, |found| found.count);
                    for labels in [0, 1, 3, 10] {
                        let count = most_with(&analysis, window, Labels(labels)).map_or(0, |found| found.count);
                        assert!(count >= exact, "{series}, seed {seed}: {count} with {labels} labels, {exact} can be");
                        given_up += u32::from(count > exact);
                    }
                }
            }
        }
        assert!(given_up > 30, "{given_up} searches were given up");
    }
}
