//! A way to a person: from where a customer waits, some path has to lead to a `handoff`.
//!
//! Handoffs that only a used-up limit opens do not count: a customer cannot ask for those.

use journey_spec::codes::{J0305, Level};
use journey_spec::program::Requirement;

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::spans::Node;

/// From every reachable waiting state a handoff can be reached.
pub(super) fn can_be_reached(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let desks = graph.nodes().filter(|n| {
        graph.place(*n).is_some_and(|p| p.hands_off) || graph.out(*n).any(|(_, _, e)| e.hands_off && !e.guarded)
    });
    // A condition may never hold, so what has one is no way that a customer can count on.
    let back = graph.paths(desks, false, |_, _, _, e| !e.guarded);
    let alone: Vec<_> = graph.reachable().into_iter().filter(|n| graph.rests(*n) && back.dist(*n).is_none()).collect();
    let Some(first) = alone.first() else { return };
    let some = graph.nodes().any(|n| back.dist(n).is_some());
    let node = if some { graph.node_of(*first) } else { Node::Journey(graph.journey) };
    let queue = mend::queue(case);
    let mut finding = match some {
        true => Finding::new(
            &J0305,
            case.spans.get(&node),
            format!("a customer in {} of `{}` has no way to a person", story::names(graph, &alone), graph.name),
        )
        .label("no path from here leads to a handoff")
        .how(format!("{}, and from there to nobody", story::from_start(graph, *first))),
        false => Finding::new(
            &J0305,
            case.spans.get(&node),
            format!("a customer has no way to a person anywhere in `{}`", graph.name),
        )
        .label("nothing here hands over to anybody"),
    }
    .help(format!("let somebody hear them, for example  on reply stay {{ handoff \"{queue}\" with transcript }}"));
    if case.program.policy.require.contains(&Requirement::Handoff) {
        finding.level = Level::Error;
        finding = finding.also(case.spans.get(&Node::Policy), "the policy requires a handoff");
    }
    out.push(finding);
}
