//! Whether a long window holds so many sends, without going through it.
//!
//! Against the greatest ratio `sends / time`, a run from a node gains at most `fwd`; what it gains less than that is its loss:
//! of the start, of each arrow, and of what could have come after its end. Losses are 0 or more, and their sum decides: a run
//! of exactly `T` sends lasts less than `W` milliseconds iff it is at most `slack = burst + sends · (W − 1) − T · time`. A
//! critical cycle, one of the greatest ratio, loses nothing. So a run that comes by it can be made longer by any number of
//! rounds at no loss, and all that counts of its sends is their remainder by those of a round. What is left is a shortest
//! path (Dijkstra) over nodes and remainders, bounded by the slack, which is less than a few messages where a bound has to
//! be decided. In the words of max-plus algebra: powers of a matrix become periodic, and one period is looked at (Cohen,
//! Dubois, Quadrat, Viot, 1985).
//!
//! A run that never comes by a critical cycle, and one that has more sends than asked for before it does, are not decided
//! here: the sweep then is.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::BuildHasherDefault;

use journey_spec::program::Millis;

use super::analysis::Analysis;
use super::flat::{Column, Hop, Mix, NONE};
use super::parts::Parts;
use super::sweep::Found;

/// Critical cycles, no two of which share a node.
#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The number of the arrow by which a cycle leaves each of its nodes; [`NONE`] for others.
    leaves: Column<u32>,
    /// What one round by the cycle of each node sends: a divisor of `sends`.
    each: Column<u64>,
    sends: u64,
}

/// Beyond so many nodes with remainders the sweep is asked.
const MOST_LABELS: usize = 1 << 18;

/// So many arrows of a run are told one by one: a loop of a millisecond goes round 2,592,000,000 times in 30 days.
const MOST_STEPS: usize = 1 << 16;

/// What was found out.
pub(super) enum Answer {
    /// There is such a run.
    Yes(Found),
    /// There is none.
    No,
    /// There is none that comes by the critical cycle.
    OnlyElsewhere,
    /// Nothing.
    Unknown,
}

/// A run so far; its sends are a number of rounds more or less.
struct Label {
    node: u32,
    parent: u32,
    hop: u32,
    sends: u64,
    by: bool,
}

impl Round {
    /// Those arrows, by number, and where there are registers its likes at other values of them, as far as they are found.
    /// The analysis has its bucket.
    pub(super) fn of(analysis: &Analysis, hops: &[u32]) -> Self {
        let flat = &analysis.product().inside;
        let nodes = flat.nodes() as usize;
        let mut this = Round { leaves: Column::filled(NONE, nodes), each: Column::filled(0, nodes), sends: 0 };
        this.sends = this.add(analysis, hops);
        if !analysis.prepared.has_registers() || this.sends == 0 {
            return this;
        }
        // Every cycle of arrows that lose nothing is critical; one of each component is looked at.
        let keeps = |node, hop: &Hop| analysis.bucket.loss(node, hop, analysis.weight.at(hop.to)) == 0;
        let parts = Parts::of(flat, |node, hop| analysis.within(node) && keeps(node, hop));
        let mut walked = Column::filled(NONE, nodes);
        for part in 0..parts.count() {
            let members = parts.members(part);
            if members.iter().any(|node| this.has(*node)) {
                continue;
            }
            let inner = |node| flat.numbered(node).find(|(_, hop)| parts.of.at(hop.to) == part && keeps(node, hop));
            let Some(mut node) = members.first().copied().filter(|node| inner(*node).is_some()) else { continue };
            let mut path: Vec<u32> = Vec::new();
            while walked.at(node) == NONE {
                let Some((number, hop)) = inner(node) else { break };
                walked.put(node, path.len() as u32);
                path.push(number);
                node = hop.to;
            }
            let cycle = path.get(walked.at(node) as usize..).unwrap_or_default();
            let round = cycle.iter().map(|hop| u64::from(analysis.weight.at(flat.hop(*hop).to)));
            let round = round.fold(0, u64::saturating_add);
            if round > 0 && this.sends.is_multiple_of(round) {
                this.add(analysis, cycle);
            }
        }
        this
    }

    /// One more cycle, and what a round of it sends.
    fn add(&mut self, analysis: &Analysis, hops: &[u32]) -> u64 {
        let flat = &analysis.product().inside;
        let weight = |hop: &u32| u64::from(analysis.weight.at(flat.hop(*hop).to));
        let sends = hops.iter().map(weight).fold(0, u64::saturating_add);
        let mut node = hops.last().map_or(NONE, |hop| flat.hop(*hop).to);
        for hop in hops {
            self.leaves.put(node, *hop);
            self.each.put(node, sends);
            node = flat.hop(*hop).to;
        }
        sends
    }

    /// Whether one of the cycles goes through a node.
    pub(super) fn has(&self, node: u32) -> bool {
        self.leaves.at(node) != NONE
    }

    /// Whether a window of that length, in milliseconds, can have at least `target` sends. The analysis has these cycles.
    pub(super) fn decide(&self, of: &Analysis, window: Millis, target: u64) -> Answer {
        let (flat, bucket) = (&of.product().inside, &of.bucket);
        let scale = bucket.rate.time;
        let slack = bucket.slack(window, target);
        if slack < 0 {
            return Answer::No;
        }
        let Some(sends) = Some(self.sends).filter(|sends| (1..1 << 20).contains(sends)) else { return Answer::Unknown };
        let mut labels: Vec<Label> = Vec::new();
        let mut heap = BinaryHeap::new();
        let mut known: HashMap<(u32, u64), (), BuildHasherDefault<Mix>> = HashMap::default();
        for node in of.openers() {
            let loss = bucket.loss_of_start(of, node);
            if loss <= slack {
                heap.push(Reverse((loss, labels.len())));
                let (sends, by) = (u64::from(of.weight.at(node)), self.has(node));
                labels.push(Label { node, parent: NONE, hop: NONE, sends, by });
            }
        }
        let mut open = Answer::No;
        while let Some(Reverse((loss, at))) = heap.pop() {
            let Some(Label { node, sends: so_far, by, .. }) = labels.get(at) else { return Answer::Unknown };
            let (node, so_far, by) = (*node, *so_far, *by);
            let remainder = so_far % sends;
            // One that came by the cycle can do all that one can that did not.
            if known.contains_key(&(node, 2 * remainder + 1))
                || known.insert((node, 2 * remainder + u64::from(by)), ()).is_some()
            {
                continue;
            }
            if known.len() > MOST_LABELS {
                return Answer::Unknown;
            }
            // The last arrow may send more than one message, and so more than the target in all.
            let missing = (sends + target % sends - remainder) % sends;
            let more = (sends - missing) % sends;
            let at_end = loss + bucket.fwd.at(node) + i128::from(more) * scale;
            if at_end <= slack {
                let wanted = target.saturating_add(more);
                if so_far == wanted || (by && so_far < wanted) {
                    let (found, lasts) = self.story(of, &labels, at, wanted - so_far);
                    return if lasts < window { Answer::Yes(found) } else { Answer::Unknown };
                }
                open = match (open, by) {
                    (Answer::No | Answer::OnlyElsewhere, false) => Answer::OnlyElsewhere,
                    _ => Answer::Unknown,
                };
            }
            for (number, hop) in flat.numbered(node) {
                let weight = of.weight.at(hop.to);
                let loss = loss + bucket.loss(node, hop, weight);
                if loss <= slack {
                    let Some(sum) = so_far.checked_add(u64::from(weight)) else { return Answer::Unknown };
                    heap.push(Reverse((loss, labels.len())));
                    labels.push(Label {
                        node: hop.to,
                        parent: at as u32,
                        hop: number,
                        sends: sum,
                        by: by || self.has(hop.to),
                    });
                }
            }
        }
        open
    }

    /// A label's run, with rounds that send so many more where it first comes by a cycle; and how long it lasts, in
    /// milliseconds. Rounds beyond [`MOST_STEPS`] are counted and not told one by one.
    fn story(&self, of: &Analysis, labels: &[Label], at: usize, mut more: u64) -> (Found, Millis) {
        let flat = &of.product().inside;
        let mut path = Vec::new();
        let mut label = labels.get(at);
        let mut first = NONE;
        while let Some(here) = label {
            path.push((here.node, here.hop));
            first = here.node;
            label = labels.get(here.parent as usize).filter(|_| here.parent != NONE);
        }
        let mut found = Found { count: u64::from(of.weight.at(first)), first, steps: Vec::new() };
        let mut time: Millis = 0;
        for (node, hop) in path.into_iter().rev() {
            if hop != NONE {
                Self::take(of, &mut found, &mut time, flat.hop(hop));
            }
            let each = self.each.at(node);
            if !self.has(node) || each == 0 {
                continue;
            }
            let rounds = more.div_ceil(each);
            more = 0;
            for round in 0..rounds {
                let (before, began) = (found.steps.len(), time);
                let mut at = node;
                loop {
                    let hop = flat.hop(self.leaves.at(at));
                    Self::take(of, &mut found, &mut time, hop);
                    at = hop.to;
                    if at == node {
                        break;
                    }
                }
                let told = found.steps.len();
                if told.saturating_add(told - before) > MOST_STEPS {
                    let rest = rounds - round - 1;
                    found.count = found.count.saturating_add(each.saturating_mul(rest));
                    let rest = Millis::try_from(rest).unwrap_or(Millis::MAX);
                    time = time.saturating_add(time.saturating_sub(began).saturating_mul(rest));
                    break;
                }
            }
        }
        (found, time)
    }

    fn take(of: &Analysis, found: &mut Found, time: &mut Millis, hop: Hop) {
        found.count = found.count.saturating_add(u64::from(of.weight.at(hop.to)));
        *time = time.saturating_add(hop.lo);
        found.steps.push((hop.edge, *time));
    }
}
