//! The most that a run sends at all.

use std::collections::VecDeque;

use journey_spec::program::Millis;
use petgraph::graph::EdgeIndex;

use super::product::{Analysis, NOWHERE, Step};
use super::zero::{round_trip, scc};
use super::{Alpha, Run, at};

/// The run that sends most, or a cycle that sends: the longest path over the strongly connected components, of which none
/// that a run can go round in sends where there is one.
pub(super) fn longest(of: &Analysis, weights: &[u32]) -> Alpha {
    let components = scc(of, |_| true);
    let inner = |place: u32, step: &Step| at(&components, place) == at(&components, step.to);
    let number = components.iter().max().map_or(0, |n| *n as usize + 1);
    let mut round = vec![false; number];
    for place in of.places() {
        if of.steps(place).iter().any(|step| inner(place, step))
            && let Some(slot) = round.get_mut(at(&components, place) as usize)
        {
            *slot = true;
        }
    }
    let goes_round = |place: u32| at(&round, at(&components, place));
    if let Some(sender) = of.places().find(|place| at(weights, *place) > 0 && goes_round(*place))
        && let Some(cycle) = round_trip(of, weights, sender, |place, step| inner(place, step))
    {
        return Alpha::Unbounded(cycle);
    }
    // A way leads from higher numbers to lower ones, so what follows is known when a component's turn comes.
    let mut order: Vec<u32> = of.places().collect();
    order.sort_by_key(|place| at(&components, *place));
    // What the rest of a run sends from a component on, once it has been entered, and how it leaves.
    let mut after = vec![(0_u64, None::<(u32, Step)>); number];
    for place in order {
        for step in of.steps(place).iter().filter(|step| !inner(place, step)) {
            let follows = after.get(at(&components, step.to) as usize).map_or(0, |(n, _)| *n);
            let sends = follows.saturating_add(u64::from(at(weights, step.to)));
            if let Some(slot) = after.get_mut(at(&components, place) as usize).filter(|slot| sends > slot.0) {
                *slot = (sends, Some((place, *step)));
            }
        }
    }
    let worth = |place: u32| {
        let follows = after.get(at(&components, place) as usize).map_or(0, |(n, _)| *n);
        follows.saturating_add(u64::from(at(weights, place)))
    };
    // Runs begin at places that nothing came to.
    let starts = (0..of.begins).filter(|place| of.prefix(*place).is_empty());
    let Some(start) = starts.max_by_key(|place| worth(*place)) else { return Alpha::AtMost(Run::default()) };
    let mut run = Run { count: worth(start), prefix: Vec::new(), first: of.spot(start), steps: Vec::new() };
    let (mut here, mut time): (u32, Millis) = (start, 0);
    while let Some((leaves, step)) = after.get(at(&components, here) as usize).and_then(|(_, step)| *step) {
        let inside = way(of, here, leaves, |place, step| inner(place, step));
        for step in inside.iter().chain([&step]) {
            time = time.saturating_add(step.lo);
            run.steps.push((EdgeIndex::new(step.edge as usize), time));
            here = step.to;
        }
    }
    Alpha::AtMost(run)
}

/// The fewest steps from one place to another over those that `keep` lets in.
fn way(of: &Analysis, start: u32, end: u32, keep: impl Fn(u32, &Step) -> bool) -> Vec<Step> {
    let mut from: Vec<(u32, Step)> = vec![(NOWHERE, Step::default()); of.len()];
    let mut open = VecDeque::from([start]);
    while let Some(here) = open.pop_front() {
        if here == end {
            break;
        }
        for step in of.steps(here).iter().filter(|step| keep(here, step)) {
            if step.to != start
                && let Some(slot @ (NOWHERE, _)) = from.get_mut(step.to as usize)
            {
                *slot = (here, *step);
                open.push_back(step.to);
            }
        }
    }
    let mut steps = Vec::new();
    let mut here = end;
    while here != start {
        let Some((earlier, step)) = from.get(here as usize).filter(|(earlier, _)| *earlier != NOWHERE) else { break };
        steps.push(*step);
        here = *earlier;
    }
    steps.reverse();
    steps
}
