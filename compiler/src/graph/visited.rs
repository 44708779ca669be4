//! A limit on visits can act only once the state it counts has been visited.
//!
//! `limit visits S to n` with `n` of at least one redirects or refuses an arrow at `u` only if this instance has been in
//! S before it came to `u`: there is a way from S to `u`. What is known of that is drawn into the graph, and the graph
//! with fewer arrows and fewer places to rest says more, until nothing changes. Each graph holds every run, since each
//! leaves out only what no run of the one before can do; so it is sound to stop after any round. Limits that count other
//! instances too (`per customer`) prove nothing about this one and may act at any time.

use journey_spec::program::{Journey, LimitWhat};
use petgraph::graph::NodeIndex;

use super::Graph;

/// Rounds after which the rest is left as it is: so that a journey made to be slow costs little.
pub(super) const ROUNDS: usize = 32;

/// Where an instance is when an arrow is taken.
#[derive(Clone, Copy)]
pub(super) enum From {
    /// It is only about to begin: nothing has been visited.
    Start,
    /// In a state.
    At(NodeIndex),
    /// In any state.
    Anywhere,
}

/// Which limits may act where.
#[derive(PartialEq, Eq)]
pub(super) struct Visited {
    /// For each limit, whether something is known of it.
    counted: Vec<bool>,
    /// For each node, the limits whose state leads there, a bit each; none where all may.
    nodes: Option<Vec<Vec<u64>>>,
}

impl Visited {
    /// Every limit may act everywhere but at the start.
    pub(super) fn anything(journey: &Journey) -> Visited {
        let counted = (0..journey.limits.len()).map(|i| counted(journey, i).is_some()).collect();
        Visited { counted, nodes: None }
    }

    /// What the graph shows.
    pub(super) fn by(graph: &Graph, journey: &Journey) -> Visited {
        // In the order of components a way leads from higher numbers to lower ones, so each is whole when its turn comes.
        let components = graph.components(|_, _, _, _| true);
        let component = |n: NodeIndex| components.get(n.index()).copied().unwrap_or_default();
        let mut bits = vec![vec![0_u64; journey.limits.len().div_ceil(64)]; components.len()];
        for limit in 0..journey.limits.len() {
            if let Some(state) = counted(journey, limit)
                && let Some(word) = bits.get_mut(component(NodeIndex::new(state))).and_then(|b| b.get_mut(limit / 64))
            {
                *word |= 1 << (limit % 64);
            }
        }
        let mut edges: Vec<_> =
            graph.edges().map(|(_, from, to, _)| (component(from), component(to))).filter(|(a, b)| a != b).collect();
        edges.sort_unstable_by(|a, b| b.cmp(a));
        edges.dedup();
        for (from, to) in edges {
            let earlier = bits.get(from).cloned().unwrap_or_default();
            for (word, more) in bits.get_mut(to).into_iter().flatten().zip(earlier) {
                *word |= more;
            }
        }
        let nodes = graph.nodes().map(|n| bits.get(component(n)).cloned().unwrap_or_default()).collect();
        Visited { nodes: Some(nodes), ..Visited::anything(journey) }
    }

    /// Whether nothing can be known of any limit.
    pub(super) fn is_idle(&self) -> bool {
        !self.counted.contains(&true)
    }

    /// Whether the limit may act on an arrow that is taken there.
    pub(super) fn may_act(&self, limit: usize, from: From) -> bool {
        let counted = self.counted.get(limit).copied().unwrap_or(false);
        match (counted, from, &self.nodes) {
            (false, ..) | (true, From::Anywhere, _) | (true, From::At(_), None) => true,
            (true, From::Start, _) => false,
            (true, From::At(node), Some(nodes)) => {
                let word = nodes.get(node.index()).and_then(|bits| bits.get(limit / 64));
                word.is_none_or(|word| word & (1 << (limit % 64)) != 0)
            }
        }
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
