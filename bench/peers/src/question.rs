//! The question, as all three are asked it: what can be reached from the first state, in minutes.

use std::collections::BTreeSet;

use journey_bench::models::random_by;
use journey_compiler::model::Model;
use petgraph::visit::EdgeRef;

/// Milliseconds of a minute.
pub const MINUTE: i64 = 60_000;

/// A model whose durations are whole minutes, and a window of whole minutes.
pub struct Question {
    /// What our side is given.
    pub model: Model,
    /// How many messages each state sends on entering.
    pub sends: Vec<u8>,
    /// For each state, the states that follow, each with the least number of minutes until then.
    pub next: Vec<Vec<(u8, u16)>>,
    /// The states that send and can be reached: a window that holds the most begins with one of them.
    pub openers: Vec<u8>,
    /// The window, in minutes: `[t, t + window)`.
    pub window: u16,
}

impl Question {
    /// A random one, with at most 256 states.
    pub fn random(states: usize, seed: u64, window: u16) -> Question {
        let model = random_by(states, seed, MINUTE);
        let graph = &model.graph;
        let sends: Vec<u8> = graph.node_weights().map(|spot| spot.weight as u8).collect();
        let next: Vec<Vec<(u8, u16)>> = graph
            .node_indices()
            .map(|n| graph.edges(n).map(|e| (e.target().index() as u8, (e.weight().lo / MINUTE) as u16)).collect())
            .collect();
        let mut reached = BTreeSet::new();
        let mut open: Vec<u8> = model.starts.iter().map(|n| n.index() as u8).collect();
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(next[usize::from(at)].iter().map(|(to, _)| *to));
            }
        }
        let openers = reached.into_iter().filter(|n| sends[usize::from(*n)] > 0).collect();
        Question { model, sends, next, openers, window }
    }
}
