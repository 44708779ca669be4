//! Small random models from a seed, feature by feature.

use journey_compiler::model::{Arrow, Model, Register, Spot, Then, Touch};
use petgraph::graph::{DiGraph, NodeIndex};

/// What the models of one series have.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Features {
    pub(crate) instants: bool,
    pub(crate) forced: bool,
    pub(crate) registers: bool,
    pub(crate) resets: bool,
    pub(crate) fresh: bool,
    pub(crate) opens: bool,
}

/// The series that are held against the adversary.
pub(crate) const SERIES: [(&str, Features); 8] = {
    const NONE: Features =
        Features { instants: false, forced: false, registers: false, resets: false, fresh: false, opens: false };
    [
        ("plain", NONE),
        ("instants", Features { instants: true, ..NONE }),
        ("forced", Features { instants: true, forced: true, ..NONE }),
        ("registers", Features { forced: true, registers: true, ..NONE }),
        ("instants and registers", Features { instants: true, forced: true, registers: true, ..NONE }),
        ("resets", Features { instants: true, forced: true, registers: true, resets: true, ..NONE }),
        ("fresh", Features { instants: true, forced: true, fresh: true, ..NONE }),
        ("all", Features { instants: true, forced: true, registers: true, resets: true, fresh: true, opens: true }),
    ]
};

/// Splitmix64: the same numbers from the same seed everywhere.
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// At most six nodes, arrows of less than six milliseconds, two registers up to three.
pub(crate) fn model(dice: &mut Dice, features: Features) -> Model {
    let nodes = 1 + dice.below(6) as usize;
    let mut registers = Vec::new();
    if features.registers || features.fresh {
        for _ in 0..1 + dice.below(2) {
            let fresh = features.fresh && (!features.registers || dice.once_in(2));
            registers.push(Register { top: 1 + dice.below(3) as u32, fresh });
        }
    }
    let mut graph = DiGraph::new();
    for _ in 0..nodes {
        let weight = if dice.once_in(2) { 1 + dice.below(2) as u32 } else { 0 };
        graph.add_node(Spot { weight, opens: features.opens && dice.once_in(8) });
    }
    for _ in 0..1 + dice.below(2 * nodes as u64) {
        let (from, to) = (dice.below(nodes as u64) as usize, dice.below(nodes as u64) as usize);
        let lo = if features.instants && dice.once_in(3) { 0 } else { 1 + dice.below(5) as i64 };
        let by = (features.forced && dice.once_in(3)).then(|| if dice.once_in(5) { dice.below(6) as i64 } else { lo });
        let arrow = Arrow { lo, by, ..Arrow::default() };
        let (from, to) = (NodeIndex::new(from), NodeIndex::new(to));
        if registers.is_empty() || dice.once_in(3) {
            graph.add_edge(from, to, arrow);
            continue;
        }
        let register = dice.below(registers.len() as u64) as usize;
        let top = registers[register].top;
        if dice.once_in(2) {
            // A cap, with its redirect.
            let n = 1 + dice.below(u64::from(top)) as u32;
            let touch = |least, most, then| vec![Touch { register, least, most, then }];
            graph.add_edge(from, to, Arrow { touches: touch(0, n - 1, Then::Add), ..arrow.clone() });
            let other = NodeIndex::new(dice.below(nodes as u64) as usize);
            graph.add_edge(from, other, Arrow { touches: touch(n, n, Then::Keep), ..arrow });
            continue;
        }
        let mut touches = Vec::new();
        for _ in 0..1 + dice.below(2) {
            let register = dice.below(registers.len() as u64) as usize;
            let (a, b) = (dice.below(u64::from(top) + 1) as u32, dice.below(u64::from(top) + 1) as u32);
            let then = match dice.below(3) {
                0 if features.resets => Then::Set(dice.below(u64::from(top) + 1) as u32),
                1 => Then::Keep,
                _ => Then::Add,
            };
            let (least, most) = if dice.once_in(3) { (0, top) } else { (a.min(b), a.max(b)) };
            touches.push(Touch { register, least, most, then });
        }
        graph.add_edge(from, to, Arrow { touches, ..arrow });
    }
    let mut starts = vec![NodeIndex::new(0)];
    if dice.once_in(4) {
        starts.push(NodeIndex::new(dice.below(nodes as u64) as usize));
    }
    Model { graph, starts, registers }
}
