//! What a help line proposes, in the journey's own names.

use std::collections::BTreeSet;

use journey_spec::program::Action;
use petgraph::graph::NodeIndex;

use super::Case;

/// A fate that brings a person: `-> agent` where a state hands off and waits outside `beside`, else
/// `handoff "scheduling"` with a queue of the journey.
pub(super) fn who_takes_over(case: &Case<'_>, beside: &BTreeSet<NodeIndex>) -> String {
    let graph = case.graph;
    let desks = graph.nodes().filter(|n| {
        !beside.contains(n) && graph.rests(*n) && graph.place(*n).is_some_and(|p| p.hands_off && p.sends.is_empty())
    });
    // The one to which most arrows lead already; of equals the first.
    let desk =
        desks.max_by_key(|n| (graph.edges().filter(|(_, _, to, _)| to == n).count(), std::cmp::Reverse(n.index())));
    match desk {
        Some(n) => format!("-> {}", graph.label(n)),
        None => format!("handoff \"{}\"", queue(case)),
    }
}

/// A queue that the project already has; else `care`.
pub(super) fn queue(case: &Case<'_>) -> String {
    let journey = case.program.journeys.get(case.graph.journey.index());
    let states = journey.into_iter().flat_map(|j| j.states.iter()).flat_map(|s| s.entry.iter());
    let queue = states.into_iter().find_map(|a| match a {
        Action::Handoff(h) => Some(h.queue.clone()),
        _ => None,
    });
    queue.or_else(|| case.program.policy.after_end.clone()).unwrap_or_else(|| "care".into())
}
