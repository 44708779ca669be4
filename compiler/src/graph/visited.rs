//! A limit on visits can lead elsewhere only once the state it counts has been visited.
//!
//! `limit visits S to n else -> R` with `n` of at least one redirects an arrow at `u` only if this instance has been in
//! S before it came to `u`: there is a way from S to `u`. Redirects for which there is none are taken out, until nothing
//! changes; each round uses only edges that are still possible, so what is left still holds every run. Limits that count
//! other instances too (`per customer`) prove nothing about this one and are left alone.

use std::collections::BTreeSet;

use journey_spec::program::{Journey, LimitWhat};
use petgraph::graph::NodeIndex;
use petgraph::visit::Dfs;

use super::Graph;

/// Takes out redirects that no run can take.
pub(super) fn prune(graph: &mut Graph, journey: &Journey) {
    // nothing has been visited when an instance begins
    graph.begins.retain(|begin| begin.redirected.iter().all(|limit| counted(journey, *limit).is_none()));
    loop {
        let impossible: Vec<_> = graph
            .edges()
            .filter(|(_, from, _, edge)| {
                let counted = edge.redirected.iter().filter_map(|limit| counted(journey, *limit));
                counted.map(NodeIndex::new).any(|state| !leads_to(graph, state, *from))
            })
            .map(|(id, ..)| id)
            .collect();
        if impossible.is_empty() {
            return;
        }
        let impossible: BTreeSet<_> = impossible.into_iter().collect();
        graph.g.retain_edges(|_, id| !impossible.contains(&id));
    }
}

/// The state whose visits by this very instance the limit counts, where it lets at least one through.
fn counted(journey: &Journey, limit: usize) -> Option<usize> {
    let limit = journey.limits.get(limit)?;
    match limit.what {
        LimitWhat::Visits(state) if limit.n > 0 && !limit.per_customer => Some(state.index()),
        _ => None,
    }
}

fn leads_to(graph: &Graph, from: NodeIndex, to: NodeIndex) -> bool {
    let mut walk = Dfs::new(&graph.g, from);
    while let Some(node) = walk.next(&graph.g) {
        if node == to {
            return true;
        }
    }
    false
}
