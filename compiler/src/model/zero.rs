//! What goes round in no time at all: always asked first, since it is what makes every other question end.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};

use super::product::{Analysis, NOWHERE, Step};
use super::{Cycle, at};

/// The strongly connected component of each place under the steps that `keep` lets in; a way between two leads from the
/// higher number to the lower.
pub(super) fn scc(of: &Analysis, keep: impl Fn(&Step) -> bool) -> Vec<u32> {
    let mut graph: DiGraph<(), (), u32> = DiGraph::with_capacity(of.len(), of.step_count());
    for _ in of.places() {
        graph.add_node(());
    }
    for place in of.places() {
        for step in of.steps(place).iter().filter(|step| keep(step)) {
            graph.add_edge(NodeIndex::new(place as usize), NodeIndex::new(step.to as usize), ());
        }
    }
    let mut components = vec![0; of.len()];
    for (number, members) in (0..).zip(kosaraju_scc(&graph)) {
        for member in members {
            if let Some(slot) = components.get_mut(member.index()) {
                *slot = number;
            }
        }
    }
    components
}

/// The components of what takes no time.
pub(super) fn components(of: &Analysis) -> Vec<u32> {
    scc(of, |step| step.lo == 0)
}

/// A shortest cycle that sends and takes no time, where there is one.
pub(super) fn burst(of: &Analysis, weights: &[u32]) -> Option<Cycle> {
    let number = of.instant.iter().max().map_or(0, |n| *n as usize + 1);
    let mut sends = vec![false; number];
    for place in of.places().filter(|place| at(weights, *place) > 0) {
        if let Some(slot) = sends.get_mut(at(&of.instant, place) as usize) {
            *slot = true;
        }
    }
    let inner = |place: u32, step: &Step| step.lo == 0 && at(&of.instant, place) == at(&of.instant, step.to);
    let round = of
        .places()
        .find(|place| at(&sends, at(&of.instant, *place)) && of.steps(*place).iter().any(|step| inner(*place, step)))?;
    let here = at(&of.instant, round);
    let senders = of.places().filter(|place| at(&of.instant, *place) == here && at(weights, *place) > 0);
    // In one component every place lies on a cycle; of those through a sender the shortest.
    let cycles = senders.take(TRIED).filter_map(|sender| round_trip(of, weights, sender, |p, step| inner(p, step)));
    cycles.min_by_key(|cycle| cycle.arrows.len())
}

/// Senders of a component from which the shortest cycle is looked for.
const TRIED: usize = 64;

/// The shortest way from a place back to it over the steps that `keep` lets in.
pub(super) fn round_trip(
    of: &Analysis,
    weights: &[u32],
    place: u32,
    keep: impl Fn(u32, &Step) -> bool,
) -> Option<Cycle> {
    let mut from: Vec<(u32, Step)> = vec![(NOWHERE, Step::default()); of.len()];
    let mut open = VecDeque::from([place]);
    while let Some(here) = open.pop_front() {
        for step in of.steps(here).iter().filter(|step| keep(here, step)) {
            if step.to == place {
                let mut steps = vec![*step];
                let mut back = here;
                while back != place {
                    let Some((earlier, step)) = from.get(back as usize) else { break };
                    steps.push(*step);
                    back = *earlier;
                }
                steps.reverse();
                let sends = steps.iter().map(|s| u64::from(at(weights, s.to))).sum();
                let period = steps.iter().fold(0_i64, |sum, s| sum.saturating_add(s.lo));
                let arrows = steps.iter().map(|s| EdgeIndex::new(s.edge as usize)).collect();
                return Some(Cycle { arrows, sends, period });
            }
            if let Some(slot @ (NOWHERE, _)) = from.get_mut(step.to as usize) {
                *slot = (here, *step);
                open.push_back(step.to);
            }
        }
    }
    None
}
