//! `on handoff.closed` where no case is heard: it hears only a case that this visit of its state opened or joined.

use journey_spec::codes::J0118;
use journey_spec::program::{Action, Fate, Journey, Then, Trigger};
use petgraph::graph::NodeIndex;

use super::{Case, story};
use crate::diagnostics::Finding;
use crate::graph::{Graph, hears};
use crate::spans::Node;

/// Each arrow that waits for a case to be closed stands where a case can be opened.
pub(super) fn cases_are_opened(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let Some(journey) = case.program.journeys.get(graph.journey.index()) else { return };
    let waits = |on: &Trigger| *on == Trigger::HandoffClosed;
    // A limit that hands over may do so in any state.
    let policy = &case.program.policy;
    let limits = journey.limits.iter().chain(&policy.limits).map(|l| &l.fate);
    let quiet = policy.quiet.iter().map(|q| &q.fate).chain(policy.quiet_after.iter().map(|q| &q.fate));
    if limits.chain(quiet).any(|fate| matches!(fate, Fate::Handoff(_))) {
        return;
    }
    let reach = graph.reachable();
    let resting = || graph.nodes().filter(|n| reach.contains(n) && graph.rests(*n));
    let hears_it = |n: &NodeIndex, node: &Node| {
        let state = graph.place(*n).and_then(|p| p.state);
        state.is_some_and(|s| hears(journey, graph.journey, s).iter().any(|(at, _)| at == node))
    };
    let mut told = Vec::new();
    for n in resting() {
        let Some(state) = graph.place(n).and_then(|p| p.state) else { continue };
        for (node, arrow) in hears(journey, graph.journey, state) {
            // One of the journey is dead only where it is so in each state.
            let is_heard = || resting().filter(|n| hears_it(n, &node)).any(|n| opens(graph, journey, n));
            if !waits(&arrow.on) || told.contains(&node) || is_heard() {
                continue;
            }
            let (finding, help) = match node {
                Node::JourneyArrow(..) => (
                    Finding::new(
                        &J0118,
                        case.spans.get(&node),
                        "this is never heard: no state in which it holds opens a case",
                    ),
                    "hand the case to a person where this has to be heard:  handoff \"care\" with transcript"
                        .to_owned(),
                ),
                _ => (
                    Finding::new(
                        &J0118,
                        case.spans.get(&node),
                        format!("this is never heard: `{}` opens no case", graph.label(n)),
                    ),
                    format!(
                        "write it into the state whose `handoff` opens the case, or hand it over here:  state {} {{ handoff \"care\" with transcript … }}",
                        graph.label(n)
                    ),
                ),
            };
            told.push(node);
            out.push(
                finding
                    .label("never taken: hears only a case that this visit of its state opened or joined")
                    .how(format!(
                        "{}; a case that is closed was opened before, and by another visit",
                        story::from_start(graph, n)
                    ))
                    .help(help),
            );
        }
    }
}

/// Whether a case can be opened or joined in a visit: by the step that comes to rest there, or by what the state hears.
fn opens(graph: &Graph, journey: &Journey, n: NodeIndex) -> bool {
    let entry = |n: NodeIndex| {
        let state = graph.place(n).and_then(|p| journey.states.get(p.state?.index()));
        state.map_or(&[][..], |s| s.entry.as_slice())
    };
    let comes_here = graph.nodes().filter(|m| graph.at_once(*m).contains(&n));
    if comes_here.into_iter().any(|m| entry(m).iter().any(hands_over)) {
        return true;
    }
    let Some(state) = graph.place(n).and_then(|p| p.state) else { return false };
    hears(journey, graph.journey, state).iter().any(|(_, arrow)| {
        let past = match &arrow.on {
            Trigger::At { if_past, .. } => Some(if_past),
            _ => None,
        };
        std::iter::once(&arrow.then).chain(past).any(stays_and_hands_over)
    })
}

fn stays_and_hands_over(then: &Then) -> bool {
    matches!(then, Then::Stay(actions) if actions.iter().any(hands_over))
}

fn hands_over(action: &Action) -> bool {
    match action {
        Action::Handoff(_) => true,
        Action::Send(send) => [&send.on_blocked, &send.on_failed].into_iter().flatten().any(stays_and_hands_over),
        Action::Call(_) | Action::Set(_) => false,
    }
}
