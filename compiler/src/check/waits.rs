//! Waiting: a state that only an event or a person can end leaves a customer hanging when the feed is silent.
//!
//! A wait ends by itself where a timer or a call's deadline leads out of the state whatever happens. An arrow whose
//! target may refuse entry (`limit visits … else skip` or `else handoff`) does not count, nor does one that stays.

use journey_spec::codes::{J0303, J0304, Level};
use journey_spec::program::Requirement;

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::Kind;
use crate::source::Span;
use crate::spans::Node;

/// The finding for an `at` without `if past`: the program cannot express one, so lowering reports it. `span` is the
/// arrow.
#[must_use]
pub fn missing_if_past(span: Span) -> Finding {
    Finding::new(&J0304, span, "nobody has said what a customer gets when this moment is already past")
        .label("a late start or a changed date can make it past before the state is entered")
        .how("the journey begins after this moment: the step does not know where to go")
        .help("say where to go then, behind the arrow:  at … -> …, if past -> STATE")
}

/// Every reachable waiting state is left by a timer or a call's deadline when nothing else happens.
pub(super) fn end_by_themselves(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let stuck: Vec<_> =
        graph.nodes().filter(|n| reach.contains(n) && graph.rests(*n) && !graph.forced_out(*n)).collect();
    let level = match case.program.policy.require.contains(&Requirement::Timeout) {
        true => Level::Error,
        false => J0303.level,
    };
    let refused = |n| {
        let edge = graph.out(n).map(|(_, _, e)| e).find(|e| e.would_force)?;
        let what = match edge.guarded {
            true => "this has a condition, which may not hold when it falls due",
            false => "this may be refused by the limit of the state it leads to, or stay here",
        };
        Some((case.spans.get(&edge.node), what))
    };
    let by_a_limit = |n| {
        graph
            .out(n)
            .any(|(_, _, e)| e.would_force && !e.guarded && !e.stay && matches!(e.kind, Kind::After | Kind::Urgent))
    };
    if stuck.len() > 5 {
        let names = story::names(graph, &stuck);
        let mut finding = Finding::new(
            &J0303,
            case.spans.get(&Node::Journey(graph.journey)),
            format!("a customer can be left waiting for ever in {} states of `{}`", stuck.len(), graph.name),
        )
        .label(format!("{names} have no way out that takes itself"))
        .help(format!("give each an `after`, for example  after 3d -> {}", mend::end(case).unwrap_or("lapsed")));
        finding.level = level;
        for n in stuck.iter().take(story::NAMED) {
            finding = finding.also(case.spans.get(&graph.node_of(*n)), "waits, and no timer ends it");
        }
        out.push(finding);
        return;
    }
    for n in stuck {
        let name = graph.label(n);
        let mut finding = Finding::new(
            &J0303,
            case.spans.get(&graph.node_of(n)),
            format!("a customer can be left waiting in `{name}` for ever"),
        )
        .label("waits, and no timer ends it")
        .how(format!("{}, then nothing more comes in", story::from_start(graph, n)))
        .help(match by_a_limit(n) {
            // A second `after` that leaves would never be taken.
            true => format!(
                "let the limit lead elsewhere instead of refusing, for example  else -> {}",
                mend::end(case).unwrap_or("lapsed")
            ),
            false => format!("say what happens when nothing does, for example  {}", mend::timeout(case, n)),
        });
        if let Some((span, what)) = refused(n) {
            finding = finding.also(span, what);
        }
        finding.level = level;
        out.push(finding);
    }
}
