//! Several reminders at once: what a late start lets pass sends all it would have sent before.
//!
//! A chain of `at … if past -> S` is one step where its instants are all past: a booking that comes in late, or one that is
//! moved nearer. Each state on the way that sends does so, and the customer gets a week of reminders in one minute.

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

use journey_spec::codes::J0215;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::{Case, story};
use crate::diagnostics::Finding;
use crate::graph::{Edge, Graph, Kind};

/// No chain of instants that are past sends more than one message.
pub(super) fn of_what_is_past(case: &Case<'_>, out: &mut Vec<Finding>) {
    let graph = case.graph;
    let reach = graph.reachable();
    let mut told: BTreeSet<NodeIndex> = BTreeSet::new();
    let mut chains = Chains { graph, best: BTreeMap::new() };
    for n in graph.nodes().filter(|n| reach.contains(n) && graph.rests(*n)) {
        let mut chain = chains.from(n);
        // The story ends with the last message.
        let silent = |e: &EdgeIndex| {
            let to = graph.edge(*e).and_then(|(_, to, _)| graph.place(to));
            to.is_none_or(|p| p.sends.is_empty())
        };
        while chain.last().is_some_and(silent) {
            chain.pop();
        }
        let states: Vec<NodeIndex> = chain.iter().filter_map(|e| graph.edge(*e)).map(|(_, to, _)| to).collect();
        let sends = |n: &NodeIndex| graph.place(*n).map_or(0, |p| p.sends.len());
        let number: usize = states.iter().map(sends).sum();
        // What is told of a longer chain is not told again of its end.
        if states.iter().filter(|n| sends(n) > 0).count() < 2 || told.contains(&n) {
            continue;
        }
        told.extend(states.iter().copied());
        let past: Vec<_> = chain
            .iter()
            .filter_map(|e| graph.edge(*e))
            .filter(|(_, _, e)| e.kind == Kind::Urgent && !e.word.is_empty())
            .collect();
        let Some((_, _, first)) = past.first() else { continue };
        let mut finding = Finding::new(
            &J0215,
            case.spans.get(&first.node),
            format!("one customer can get {number} messages at one moment, when it is already late"),
        )
        .label("is taken at once where its instant is past")
        .how(format!("{}{}: all at the same moment", story::from_start(graph, n), story::along(graph, &chain)))
        .help("let what is past lead on to the last state that still matters, and not through those before it");
        for state in states.iter().filter(|n| sends(n) > 0) {
            finding = finding.also(case.spans.get(&graph.node_of(*state)), "sends on the way");
        }
        out.push(finding);
    }
}

/// For each place the arrow by which most is sent through instants that are past and what follows at once, and how much.
struct Chains<'g> {
    graph: &'g Graph,
    best: BTreeMap<NodeIndex, Option<(usize, EdgeIndex)>>,
}

impl Chains<'_> {
    fn from(&mut self, n: NodeIndex) -> Vec<EdgeIndex> {
        self.look(n);
        let mut chain = Vec::new();
        let mut here = n;
        let mut passed = BTreeSet::from([n]);
        while let Some((_, edge)) = self.best.get(&here).copied().flatten() {
            let Some((_, to, _)) = self.graph.edge(edge) else { break };
            if !passed.insert(to) {
                // A round that takes no time is told of as such.
                return Vec::new();
            }
            chain.push(edge);
            here = to;
        }
        chain
    }

    /// Looks at a place and all that follows it, each once: after what follows, which is kept on a list and not by calls, so
    /// that a long chain is no deep stack.
    fn look(&mut self, n: NodeIndex) {
        let mut open = vec![(n, false)];
        while let Some((n, looked)) = open.pop() {
            if looked {
                let sends = |to: NodeIndex| self.graph.place(to).map_or(0, |p| p.sends.len());
                let then = |to: NodeIndex| self.best.get(&to).copied().flatten().map_or(0, |(number, _)| number);
                let best = self.out(n).into_iter().map(|(id, to)| (sends(to) + then(to), id)).max();
                self.best.insert(n, best);
            } else if let Entry::Vacant(slot) = self.best.entry(n) {
                slot.insert(None);
                open.push((n, true));
                open.extend(self.out(n).into_iter().map(|(_, to)| (to, false)));
            }
        }
    }

    fn out(&self, n: NodeIndex) -> Vec<(EdgeIndex, NodeIndex)> {
        let waits = self.graph.rests(n);
        let passes = |e: &Edge| !e.stay && e.kind == Kind::Urgent && (!waits || e.is_past) && e.redirected.is_empty();
        self.graph.out(n).filter(|(_, _, e)| passes(e)).map(|(id, to, _)| (id, to)).collect()
    }
}
