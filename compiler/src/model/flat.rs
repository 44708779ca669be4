//! Graphs as flat arrays: nodes are numbers, and the arrows of a node lie side by side.

use std::hash::Hasher;

use journey_spec::program::Millis;

/// No node, no arrow.
pub(super) const NONE: u32 = u32::MAX;

/// A value for each node (or arrow). What was never stored reads as the default.
#[derive(Clone, Debug, Default)]
pub(super) struct Column<T>(pub(super) Vec<T>);

impl<T: Copy + Default> Column<T> {
    pub(super) fn filled(value: T, length: usize) -> Self {
        Column(vec![value; length])
    }

    #[inline]
    pub(super) fn at(&self, index: u32) -> T {
        self.0.get(index as usize).copied().unwrap_or_default()
    }

    #[inline]
    pub(super) fn put(&mut self, index: u32, value: T) {
        if let Some(slot) = self.0.get_mut(index as usize) {
            *slot = value;
        }
    }

    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(NONE)
    }
}

/// An arrow that can be taken.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hop {
    /// The node that it leads to.
    pub(super) to: u32,
    /// Which arrow of the model it is.
    pub(super) edge: u32,
    /// The least time in the node that it leaves, 0 or greater.
    pub(super) lo: Millis,
}

/// Nodes in the order of a breadth-first search, and their live arrows.
#[derive(Clone, Debug, Default)]
pub(super) struct Flat {
    /// The node of the model that each is.
    pub(super) spot: Column<u32>,
    /// By which node and which arrow of the model the search came here; [`NONE`] where it began.
    pub(super) parent: Column<(u32, u32)>,
    /// Where each node's arrows begin among the hops, and after the last node their number.
    pub(super) first: Column<u32>,
    /// All arrows, by the node that they leave.
    pub(super) hops: Vec<Hop>,
}

impl Flat {
    /// None yet, with room for so many nodes.
    pub(super) fn with_room(nodes: usize) -> Self {
        let mut first = Vec::with_capacity(nodes + 1);
        first.push(0);
        Flat {
            spot: Column(Vec::with_capacity(nodes)),
            parent: Column(Vec::with_capacity(nodes)),
            first: Column(first),
            hops: Vec::with_capacity(nodes.saturating_mul(4)),
        }
    }

    pub(super) fn nodes(&self) -> u32 {
        self.spot.len()
    }

    #[inline]
    pub(super) fn out(&self, node: u32) -> &[Hop] {
        let (from, to) = (self.first.at(node) as usize, self.first.at(node + 1) as usize);
        self.hops.get(from..to).unwrap_or_default()
    }

    /// The arrows of a node with their numbers.
    #[inline]
    pub(super) fn numbered(&self, node: u32) -> impl Iterator<Item = (u32, &Hop)> {
        (self.first.at(node)..).zip(self.out(node))
    }

    pub(super) fn hop(&self, number: u32) -> Hop {
        self.hops.get(number as usize).copied().unwrap_or_default()
    }

    /// The arrows of the model by which the search came to a node, and the node where it began.
    pub(super) fn path(&self, mut node: u32) -> (u32, Vec<u32>) {
        let mut edges = Vec::new();
        loop {
            let (from, edge) = self.parent.at(node);
            if from == NONE {
                edges.reverse();
                return (node, edges);
            }
            edges.push(edge);
            node = from;
        }
    }
}

/// The arrows into each node: the node that they leave, and their number.
#[derive(Clone, Debug, Default)]
pub(super) struct Reverse {
    first: Column<u32>,
    hops: Vec<(u32, u32)>,
}

impl Reverse {
    /// Those that pass.
    pub(super) fn of(flat: &Flat, pass: impl Fn(u32, &Hop) -> bool) -> Self {
        let mut first = Column::filled(0, flat.nodes() as usize + 1);
        for node in 0..flat.nodes() {
            for hop in flat.out(node).iter().filter(|hop| pass(node, hop)) {
                first.put(hop.to + 1, first.at(hop.to + 1) + 1);
            }
        }
        for node in 0..flat.nodes() {
            first.put(node + 1, first.at(node + 1) + first.at(node));
        }
        let mut next = first.clone();
        let mut hops = Column::filled((NONE, NONE), first.at(flat.nodes()) as usize);
        for node in 0..flat.nodes() {
            for (number, hop) in flat.numbered(node).filter(|(_, hop)| pass(node, hop)) {
                hops.put(next.at(hop.to), (node, number));
                next.put(hop.to, next.at(hop.to) + 1);
            }
        }
        Reverse { first, hops: hops.0 }
    }

    #[inline]
    pub(super) fn into(&self, node: u32) -> &[(u32, u32)] {
        let (from, to) = (self.first.at(node) as usize, self.first.at(node + 1) as usize);
        self.hops.get(from..to).unwrap_or_default()
    }
}

/// A quick hash of few numbers, the same in every run (as in Firefox and rustc).
#[derive(Default)]
pub(super) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.wrapping_add(number).wrapping_mul(0xf135_7aea_2e62_a9c5);
    }
}
