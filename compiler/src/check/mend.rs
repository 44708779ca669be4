//! What a help line proposes, in the journey's own names, so that who follows it has no new finding.

use std::collections::BTreeSet;

use journey_spec::program::{Action, DAY, EndKind, Millis};
use journey_spec::time::spelled_duration;
use petgraph::graph::NodeIndex;

use super::Case;
use crate::graph::{Kind, Paths};

/// The fate of a limit on the visits of `state`: `-> agent` where a state hands off and waits outside `beside`, and does
/// not lead back to what sends there; else `handoff "scheduling"`, where nobody is left waiting by it: no timer and no
/// arrow taken at once leads into `state`; else `-> lapsed`, an end.
pub(super) fn who_takes_over(case: &Case<'_>, beside: &BTreeSet<NodeIndex>, state: NodeIndex) -> String {
    let graph = case.graph;
    let back = leading_back(case, beside, state);
    let desks = graph.nodes().filter(|n| {
        let hands_over = graph.place(*n).is_some_and(|p| p.hands_off && p.sends.is_empty());
        hands_over
            && !acts(case, *n)
            && *n != state
            && !beside.contains(n)
            && graph.rests(*n)
            && back.dist(*n).is_none()
    });
    // The one to which most arrows lead already; of equals the first.
    let desk =
        desks.max_by_key(|n| (graph.edges().filter(|(_, _, to, _)| to == n).count(), std::cmp::Reverse(n.index())));
    let sure = graph.edges().any(|(_, _, to, e)| to == state && (e.forced || e.kind == Kind::Urgent));
    match (desk, end(case)) {
        (Some(desk), _) => format!("-> {}", graph.label(desk)),
        (None, Some(end)) if sure => format!("-> {end}"),
        _ => format!("handoff \"{}\"", queue(case)),
    }
}

/// From where one is led back to what sends there, past `state` and everything else that is limited.
fn leading_back(case: &Case<'_>, beside: &BTreeSet<NodeIndex>, state: NodeIndex) -> Paths {
    let graph = case.graph;
    let sends = beside.iter().copied().filter(|n| graph.visit_sends(*n).next().is_some());
    graph.paths(sends, false, |_, _, to, e| !e.stay && to != state && !graph.capped(to))
}

/// Whether who is led there has a service act on them: a call that freezes an account or moves money is nothing to propose.
pub(super) fn acts(case: &Case<'_>, n: NodeIndex) -> bool {
    let journey = case.program.journeys.get(case.graph.journey.index());
    let state = |n: NodeIndex| journey?.states.get(case.graph.place(n)?.state?.index());
    let calls = |n: NodeIndex| state(n).is_some_and(|s| s.entry.iter().any(|a| matches!(a, Action::Call(_))));
    case.graph.at_once(n).into_iter().any(calls)
}

/// The same for a loop: first the only state to which nobody comes yet, since that was written for somebody, and would be told
/// of as such else.
pub(super) fn who_takes_over_a_loop(case: &Case<'_>, beside: &BTreeSet<NodeIndex>, state: NodeIndex) -> String {
    let graph = case.graph;
    let reach = graph.reachable();
    let back = leading_back(case, beside, state);
    let led_to: BTreeSet<NodeIndex> =
        graph.edges().filter(|(_, from, to, _)| from != to).map(|(_, _, to, _)| to).collect();
    let mut lost = graph.nodes().filter(|n| {
        let waits = graph.place(*n).is_some_and(|p| p.state.is_some()) && graph.rests(*n);
        let alone = !led_to.contains(n) && !reach.contains(n) && *n != state && !beside.contains(n);
        alone && waits && back.dist(*n).is_none()
    });
    match (lost.next(), lost.next()) {
        (Some(only), None) => format!("-> {}", graph.label(only)),
        _ => who_takes_over(case, beside, state),
    }
}

/// An end of the journey to which one comes who was given up: a failure before a neutral end, before a success; of alike ones
/// that to which nobody comes yet.
pub(super) fn end<'a>(case: &Case<'a>) -> Option<&'a str> {
    let states = &case.program.journeys.get(case.graph.journey.index())?.states;
    let rank = |outcome| match outcome {
        EndKind::Failure => 0,
        EndKind::Neutral => 1,
        EndKind::Success => 2,
    };
    let reach = case.graph.reachable();
    let comes = |name: &str| case.graph.nodes().any(|n| case.graph.label(n) == name && reach.contains(&n));
    let ends = states.iter().filter_map(|s| Some((rank(s.end?), s.name.as_str())));
    ends.min_by_key(|(rank, name)| (*rank, comes(name))).map(|(_, name)| name)
}

/// `after 3d -> lapsed`, later than the timers that stay in the state; where one leaves already, that one led to an end.
pub(super) fn timeout(case: &Case<'_>, n: NodeIndex) -> String {
    let leaves = case.graph.out(n).find(|(_, _, e)| !e.stay && !e.guarded && e.kind == Kind::After);
    if let Some((_, to, edge)) = leaves {
        let end = end(case).unwrap_or("lapsed");
        return format!("{} -> {end}  instead of  {} -> {}", edge.word, edge.word, case.graph.label(to));
    }
    let stays =
        case.graph.out(n).filter(|(_, _, e)| (e.stay || e.guarded) && e.kind == Kind::After).map(|(_, _, e)| e.lo);
    let wait = stays.map(|d| d.saturating_mul(2)).fold(3 * DAY, Millis::max);
    format!("after {} -> {}", spelled_duration(wait), end(case).unwrap_or("lapsed"))
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
