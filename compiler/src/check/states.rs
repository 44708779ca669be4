//! States that nobody gets to, and states that nobody gets out of.

use std::collections::BTreeSet;

use journey_spec::codes::{J0301, J0302};
use petgraph::graph::NodeIndex;

use super::{Case, mend, story};
use crate::diagnostics::Finding;
use crate::graph::{Graph, Kind};
use crate::spans::Node;

/// Every state can be entered from a start.
pub(super) fn are_reachable(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let lost: Vec<_> = graph.nodes().filter(|n| *n != graph.over && !reach.contains(n)).collect();
    if lost.len() > 5 {
        let mut finding = Finding::new(
            &J0301,
            case.spans.get(&Node::Journey(graph.journey)),
            format!("no customer ever gets to {} states of `{}`", lost.len(), graph.name),
        )
        .label(format!("nothing leads to {}", story::names(graph, &lost)))
        .help("lead an arrow to each, or take it out");
        for n in lost.into_iter().take(story::NAMED) {
            finding = finding.also(case.spans.get(&graph.node_of(n)), "never entered");
        }
        out.push(finding);
        return;
    }
    let moved = moved(case);
    for n in lost {
        // Whatever is proven begins at a start.
        if moved.contains(&n) {
            out.push(
                Finding::new(
                    &J0301,
                    case.spans.get(&graph.node_of(n)),
                    format!(
                        "only who is moved from an older version gets to `{}`, and nothing is proven for them",
                        graph.label(n)
                    ),
                )
                .label("nothing that begins at a start leads here")
                .help("lead an arrow here, or `migrate` them to a state that others come to"),
            );
            continue;
        }
        out.push(
            Finding::new(
                &J0301,
                case.spans.get(&graph.node_of(n)),
                format!("no customer ever gets to `{}`", graph.label(n)),
            )
            .label("nothing that begins at a start leads here")
            .help("lead an arrow here, or take it out"),
        );
    }
}

/// States to which a `migrate` leads, and all that comes after them.
fn moved(case: &Case<'_>) -> BTreeSet<NodeIndex> {
    let graph = case.graph;
    let journey = case.program.journeys.get(graph.journey.index());
    let targets = journey.into_iter().flat_map(|j| &j.migrations).flat_map(|m| &m.states).map(|(_, to)| *to);
    let targets: BTreeSet<Node> = targets.map(|to| Node::State(graph.journey, to)).collect();
    graph.nodes().filter(|n| targets.contains(&graph.node_of(*n))).flat_map(|n| graph.after(n)).collect()
}

/// From every state an end can be reached.
///
/// Told once for each trap: a component of the states without an end ahead that nothing leaves.
pub(super) fn lead_to_an_end(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let back = graph.paths(graph.nodes().filter(|n| graph.ends(*n)), false, |_, _, _, _| true);
    let dead: BTreeSet<NodeIndex> = reach.into_iter().filter(|n| back.dist(*n).is_none()).collect();
    if dead.is_empty() {
        return;
    }
    let has_end = graph.nodes().any(|n| n != graph.over && graph.ends(n));
    if !has_end {
        out.push(
            Finding::new(
                &J0302,
                case.spans.get(&Node::Journey(graph.journey)),
                format!("a customer who begins `{}` never comes to an end of it", graph.name),
            )
            .label("has no end")
            .help("say how it can end, for example  end done as success, and lead an arrow there"),
        );
        return;
    }
    for trap in traps(graph, &dead) {
        let Some((first, rest)) = trap.split_first() else { continue };
        let mut finding = Finding::new(
            &J0302,
            case.spans.get(&graph.node_of(*first)),
            format!("a customer who gets to `{}` never comes to an end", graph.label(*first)),
        )
        .label("no arrow from here leads to an end")
        .how(format!("{}, and from there to no end", story::from_start(graph, *first)))
        .help(way_out(case, &trap));
        for n in rest.iter().take(story::NAMED) {
            finding = finding.also(case.spans.get(&graph.node_of(*n)), "nor from here");
        }
        out.push(finding);
    }
}

/// The arrow of a trap that can best lead out: one that is added where no timer leads on, else one without which the
/// state that it leads to is still entered.
fn way_out(case: &Case<'_>, trap: &[NodeIndex]) -> String {
    let graph = case.graph;
    let timer = |n: NodeIndex| graph.out(n).find(|(_, _, e)| !e.stay && e.kind == Kind::After).map(|(_, to, _)| to);
    let entered_else =
        |from: NodeIndex, to: NodeIndex| graph.edges().any(|(_, a, b, e)| a != from && b == to && !e.stay);
    let waits = trap.iter().copied().filter(|n| graph.rests(*n));
    let best = waits.min_by_key(|n| timer(*n).map(|to| !entered_else(*n, to)));
    match best {
        Some(n) => format!("lead an arrow on, for example in `{}`  {}", graph.label(n), mend::timeout(case, n)),
        None => "let one of these wait, and lead an arrow on from there".into(),
    }
}

fn traps(graph: &Graph, dead: &BTreeSet<NodeIndex>) -> Vec<Vec<NodeIndex>> {
    let components = graph.components(|_, from, to, _| dead.contains(&from) && dead.contains(&to));
    let of = |n: NodeIndex| components.get(n.index()).copied();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for n in dead {
        if !seen.insert(of(*n)) {
            continue;
        }
        let members: Vec<_> = dead.iter().filter(|m| of(**m) == of(*n)).copied().collect();
        if members.iter().all(|m| graph.out(*m).all(|(_, to, _)| of(to) == of(*n))) {
            found.push(members);
        }
    }
    found
}
