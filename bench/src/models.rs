//! Random models to measure bounds with.

use journey_compiler::model::{Arrow, Model, Spot};
use petgraph::graph::{DiGraph, NodeIndex};

/// Milliseconds of a day.
pub const DAY: i64 = 24 * 60 * 60 * 1_000;

/// A model of so many states: each has three arrows, to any states, that take between a minute and three days (evenly
/// distributed in the logarithm, any number of seconds, so that durations share no grid); half of the states send one
/// message on entering; an instance begins in the first. The same seed gives the same model.
#[must_use]
pub fn random(states: usize, seed: u64) -> Model {
    random_by(states, seed, 1_000)
}

/// The same with durations that are whole multiples of so many milliseconds, rounded down: a minute's, say.
#[must_use]
pub fn random_by(states: usize, seed: u64, tick: i64) -> Model {
    let mut dice = Dice(seed);
    let mut graph = DiGraph::new();
    for _ in 0..states {
        graph.add_node(Spot { weight: dice.below(2) as u32, opens: false });
    }
    for from in 0..states {
        for _ in 0..3 {
            let to = dice.below(states as u64) as usize;
            let part = dice.below(1 << 20) as f64 / f64::from(1 << 20);
            let seconds = 60.0 * (3.0 * 24.0 * 60.0_f64).powf(part);
            let arrow = Arrow { lo: seconds as i64 * 1_000 / tick * tick, ..Arrow::default() };
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), arrow);
        }
    }
    Model { graph, starts: vec![NodeIndex::new(0)], registers: Vec::new() }
}

/// Splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }
}
