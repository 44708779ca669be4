//! Walking the graph: reachability, shortest paths, components, shortest times.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use journey_spec::program::Millis;
use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::{EdgeFiltered, EdgeRef};

use super::{Edge, Graph, Kind};

/// The fewest edges from some nodes to every other.
#[derive(Debug)]
pub struct Paths {
    /// Number of edges; none where it cannot be reached.
    dist: Vec<Option<u32>>,
    /// The edge by which it was reached first, seen from the sources.
    by: Vec<Option<EdgeIndex>>,
    forward: bool,
}

impl Paths {
    /// How many edges away.
    #[must_use]
    pub fn dist(&self, n: NodeIndex) -> Option<u32> {
        self.dist.get(n.index()).copied().flatten()
    }

    /// The edges between the sources and `n`, in the direction of the edges.
    #[must_use]
    pub fn path(&self, graph: &Graph, n: NodeIndex) -> Vec<EdgeIndex> {
        let mut edges = Vec::new();
        let mut at = n;
        while let Some(e) = self.by.get(at.index()).copied().flatten() {
            edges.push(e);
            let Some((from, to, _)) = graph.edge(e) else { break };
            at = if self.forward { from } else { to };
        }
        if self.forward {
            edges.reverse();
        }
        edges
    }
}

impl Graph {
    /// Breadth first from `sources` over the edges that `keep` lets through, along or against them.
    pub fn paths(
        &self,
        sources: impl IntoIterator<Item = NodeIndex>,
        forward: bool,
        keep: impl Fn(EdgeIndex, NodeIndex, NodeIndex, &Edge) -> bool,
    ) -> Paths {
        let n = self.g.node_count();
        let mut paths = Paths { dist: vec![None; n], by: vec![None; n], forward };
        let mut queue = VecDeque::new();
        for s in sources {
            if let Some(d @ None) = paths.dist.get_mut(s.index()) {
                *d = Some(0);
                queue.push_back(s);
            }
        }
        let direction = if forward { Direction::Outgoing } else { Direction::Incoming };
        while let Some(at) = queue.pop_front() {
            let so_far = paths.dist(at).unwrap_or(0);
            let mut next: Vec<_> = self.g.edges_directed(at, direction).collect();
            next.sort_by_key(EdgeRef::id);
            for e in next {
                let other = if forward { e.target() } else { e.source() };
                if !keep(e.id(), e.source(), e.target(), e.weight()) {
                    continue;
                }
                if let Some(d @ None) = paths.dist.get_mut(other.index()) {
                    *d = Some(so_far + 1);
                    if let Some(by) = paths.by.get_mut(other.index()) {
                        *by = Some(e.id());
                    }
                    queue.push_back(other);
                }
            }
        }
        paths
    }

    /// Paths from the journey's starts.
    #[must_use]
    pub fn from_starts(&self) -> Paths {
        self.paths(self.begins.iter().map(|b| b.to), true, |_, _, _, _| true)
    }

    /// Nodes that an instance can enter.
    #[must_use]
    pub fn reachable(&self) -> BTreeSet<NodeIndex> {
        let paths = self.from_starts();
        self.nodes().filter(|n| paths.dist(*n).is_some()).collect()
    }

    /// Nodes in which a step that enters `from` may come out, `from` included.
    #[must_use]
    pub fn at_once(&self, from: NodeIndex) -> BTreeSet<NodeIndex> {
        let mut seen = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(n) = open.pop() {
            for e in self.g.edges_directed(n, Direction::Outgoing) {
                if e.weight().kind == Kind::Urgent && seen.insert(e.target()) {
                    open.push(e.target());
                }
            }
        }
        seen
    }

    /// Nodes that can be entered after `from`, itself included.
    #[must_use]
    pub fn after(&self, from: NodeIndex) -> BTreeSet<NodeIndex> {
        let paths = self.paths([from], true, |_, _, _, _| true);
        self.nodes().filter(|n| paths.dist(*n).is_some()).collect()
    }

    /// Nodes that can be entered, or entered again, after one of these was.
    #[must_use]
    pub fn entered_after(&self, earlier: impl IntoIterator<Item = NodeIndex>) -> BTreeSet<NodeIndex> {
        let next = earlier.into_iter().flat_map(|n| self.out(n).filter(|(_, _, e)| !e.stay).map(|(_, to, _)| to));
        let paths = self.paths(next.collect::<Vec<_>>(), true, |_, _, _, _| true);
        self.nodes().filter(|n| paths.dist(*n).is_some()).collect()
    }

    /// The component of each node under the edges that `keep` lets through, by the node's position.
    pub fn components(&self, keep: impl Fn(EdgeIndex, NodeIndex, NodeIndex, &Edge) -> bool) -> Vec<usize> {
        let kept: Vec<bool> =
            self.g.edge_references().map(|e| keep(e.id(), e.source(), e.target(), e.weight())).collect();
        let kept = EdgeFiltered::from_fn(&self.g, |e: petgraph::graph::EdgeReference<'_, Edge>| {
            kept.get(e.id().index()).copied().unwrap_or(false)
        });
        let mut of = vec![0; self.g.node_count()];
        for (number, members) in kosaraju_scc(&kept).into_iter().enumerate() {
            for m in members {
                if let Some(slot) = of.get_mut(m.index()) {
                    *slot = number;
                }
            }
        }
        of
    }

    /// For each node, by position, whether the edges that `keep` lets through lead from it back to it.
    pub fn on_cycles(&self, keep: impl Fn(EdgeIndex, NodeIndex, NodeIndex, &Edge) -> bool) -> Vec<bool> {
        let components = self.components(&keep);
        let mut sizes = vec![0_usize; components.len()];
        components.iter().for_each(|c| sizes.get_mut(*c).into_iter().for_each(|size| *size += 1));
        let mut on: Vec<bool> = components.iter().map(|c| sizes.get(*c).is_some_and(|size| *size > 1)).collect();
        for (id, from, to, edge) in self.edges().filter(|(_, from, to, _)| from == to) {
            if keep(id, from, to, edge) {
                on.get_mut(from.index()).into_iter().for_each(|on| *on = true);
            }
        }
        on
    }

    /// The least time, in milliseconds, from entering a node to each pair (node, marked), where a run becomes marked by
    /// passing a node for which `mark` holds; `[unmarked, marked]` by the node's position. `stay`s do not move it.
    pub fn soonest(
        &self,
        sources: impl IntoIterator<Item = NodeIndex>,
        mark: impl Fn(NodeIndex) -> bool,
        keep: impl Fn(EdgeIndex, NodeIndex, NodeIndex, &Edge) -> bool,
    ) -> Vec<[Option<Millis>; 2]> {
        let mut best = vec![[None, None]; self.g.node_count()];
        let mut heap = BinaryHeap::new();
        for s in sources {
            heap.push(Reverse((Millis::from(0_i8), s, mark(s))));
        }
        while let Some(Reverse((t, at, marked))) = heap.pop() {
            let Some(slot) = best.get_mut(at.index()).and_then(|b| b.get_mut(usize::from(marked))) else { continue };
            if slot.is_some() {
                continue;
            }
            *slot = Some(t);
            for e in self.g.edges_directed(at, Direction::Outgoing) {
                if !e.weight().stay && keep(e.id(), at, e.target(), e.weight()) {
                    let then = t.saturating_add(e.weight().lo);
                    heap.push(Reverse((then, e.target(), marked || mark(e.target()))));
                }
            }
        }
        best
    }

    /// The least time, in milliseconds, from entering a node to entering it again; none where it cannot be.
    #[must_use]
    pub fn return_time(&self, n: NodeIndex) -> Option<Millis> {
        let mut done = BTreeSet::new();
        let mut heap = BinaryHeap::new();
        let mut next = Some((Millis::from(0_i8), n));
        while let Some((t, at)) = next {
            for e in self.g.edges_directed(at, Direction::Outgoing).filter(|e| !e.weight().stay) {
                heap.push(Reverse((t.saturating_add(e.weight().lo), e.target())));
            }
            next = loop {
                let Reverse((t, at)) = heap.pop()?;
                if at == n {
                    return Some(t);
                }
                if done.insert(at) {
                    break Some((t, at));
                }
            };
        }
        None
    }
}
