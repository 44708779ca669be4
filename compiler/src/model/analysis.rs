//! One product for all questions, and one analysis for each vector of weights.

use std::collections::VecDeque;
use std::sync::Arc;

use journey_spec::program::Millis;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::bucket::Bucket;
use super::flat::{Column, Hop, NONE, Reverse};
use super::howard::{self, Ratio};
use super::parts::Parts;
use super::product::Product;
use super::rounds::Round;
use super::sweep::{self, Decision, Found, Labels};
use super::{Alpha, Budget, Cycle, Model, Prefix, Rate, Run, cycles, life};

/// A model whose product is built: it serves any number of weight vectors, and each of them any number of windows.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What the model's own nodes send.
    weights: Vec<u32>,
    /// How many registers the model has.
    registers: usize,
    pub(super) product: Product,
    /// The components of all arrows that can be taken.
    pub(super) parts: Parts,
    /// The components of those among them that take no time.
    instant: Parts,
    pub(super) reverse: Reverse,
}

impl Prepared {
    /// Builds the part of the product that can be reached.
    #[must_use]
    pub fn new(model: &Model, budget: Budget) -> Arc<Self> {
        Self::dropping(model, budget, 0)
    }

    /// The same where it is known that so many registers have to be dropped.
    #[must_use]
    pub(crate) fn dropping(model: &Model, budget: Budget, registers: usize) -> Arc<Self> {
        let product = Product::of(model, budget, registers);
        let parts = Parts::of(&product.inside, |_, _| true);
        let instant = Parts::of(&product.inside, |_, hop| hop.lo == 0);
        // Where no cycle has more than one node nobody goes back along one.
        let reverse = match parts.count() == product.inside.nodes() {
            true => Reverse::default(),
            false => Reverse::of(&product.inside, |from, hop| parts.of.at(from) == parts.of.at(hop.to)),
        };
        let weights = model.graph.node_weights().map(|spot| spot.weight).collect();
        Arc::new(Prepared { weights, registers: model.registers.len(), product, parts, instant, reverse })
    }

    /// The registers that were dropped to keep within the budget. Where there are any, all answers are upper bounds.
    #[must_use]
    pub fn dropped(&self) -> &[usize] {
        &self.product.dropped
    }

    /// How many nodes the product has, before the window and within it.
    #[must_use]
    pub fn nodes(&self) -> usize {
        let before = self.product.before.as_ref().map_or(0, |before| before.nodes());
        before as usize + self.product.inside.nodes() as usize
    }

    pub(super) fn has_registers(&self) -> bool {
        self.product.dropped.len() < self.registers
    }

    /// The analysis of the model's own weights.
    #[must_use]
    pub fn analysis(self: &Arc<Self>) -> Analysis {
        self.weighed(&self.weights)
    }

    /// The analysis where each node, by its index, sends so many messages instead: those of one channel, say, or of one
    /// purpose. Nodes beyond the list send nothing.
    #[must_use]
    pub fn weighed(self: &Arc<Self>, weights: &[u32]) -> Analysis {
        let of_spot = |spot: &u32| weights.get(*spot as usize).copied().unwrap_or(0);
        let weight = Column(self.product.inside.spot.0.iter().map(of_spot).collect());
        Analysis::of(Arc::clone(self), weight)
    }
}

/// A model with weights: what does not depend on a window is known.
#[derive(Clone, Debug)]
pub struct Analysis {
    pub(super) prepared: Arc<Prepared>,
    /// The weight of each node of the product.
    pub(super) weight: Column<u32>,
    /// Where registers are fresh: the nodes that a window can come to, given where it can begin with these weights.
    within: Option<Column<bool>>,
    pub(super) bucket: Bucket,
    zero: Option<Cycle>,
    rate: Option<Rate>,
    /// The cycle of the rate, as the algorithms need it.
    round: Option<Round>,
    #[cfg(test)]
    pub(super) fault: Fault,
}

/// What a broken copy does wrong: the tests show that each is found out.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Windows are closed: what is sent at `t + W` counts.
    ClosedWindow,
    /// Labels are compared whatever their registers hold.
    BlindDominance,
    /// The first label at a node is taken for the best.
    FirstIsBest,
    /// No fault: long windows are gone through too.
    SweepsAlways,
}

impl Analysis {
    fn of(prepared: Arc<Prepared>, weight: Column<u32>) -> Self {
        let of = Arc::clone(&prepared);
        let product = &of.product;
        let mut this = Analysis {
            prepared,
            weight,
            within: None,
            bucket: Bucket::empty(),
            zero: None,
            rate: None,
            round: None,
            #[cfg(test)]
            fault: Fault::None,
        };
        if product.before.is_some() {
            let mut within = Column::filled(false, product.inside.nodes() as usize);
            this.search(|node, _, _| within.put(node, true));
            this.within = Some(within);
        }
        this.zero = this.shortest(&of.instant, |hop| hop.lo == 0);
        if this.zero.is_none() {
            let (flat, parts, reverse) = (&product.inside, &of.parts, &of.reverse);
            let greatest = howard::greatest(flat, parts, reverse, &this.weight, |node| this.within(node));
            let ratio = greatest.as_ref().map_or(Ratio::ZERO, |(ratio, _)| *ratio);

            this.bucket = Bucket::of(&this, ratio);
            if let Some((_, hops)) = greatest {
                this.round = Some(Round::of(&this, &hops));
                this.rate = Some(Rate { cycle: this.cycle(&hops) });
            }
        }
        this
    }

    /// The shortest cycle that sends in no time at all. Where there is one, nothing else is bounded.
    #[must_use]
    pub fn instant_cycle(&self) -> Option<&Cycle> {
        self.zero.as_ref()
    }

    /// The long-run rate; none where no cycle sends, or where one does in no time.
    #[must_use]
    pub fn rate(&self) -> Option<&Rate> {
        self.rate.as_ref()
    }

    /// An upper bound on the sends in a window of so many milliseconds, from burst and rate alone; none where there is no
    /// bound. Costs nothing.
    #[must_use]
    pub fn bucket(&self, window: Millis) -> Option<u64> {
        (window <= 0 || self.zero.is_none()).then(|| self.bucket.most(window))
    }

    /// A run with at least `target` sends in a window of so many milliseconds; none where there is none, or where the search
    /// for one was given up. Not to be asked where [`Analysis::instant_cycle`] is one: it then says none.
    #[must_use]
    pub fn decide(&self, window: Millis, target: u64) -> Option<Run> {
        if self.zero.is_some() || window <= 0 {
            return None;
        }
        match sweep::decide(self, None, window, target.max(1), &mut Labels::of(self)) {
            Decision::Yes(found) => Some(self.run(found)),
            Decision::No | Decision::Unknown => None,
        }
    }

    /// The most sends in any window of so many milliseconds. Where a search takes too much it is given up: the number is then
    /// an upper bound, and the run has fewer sends.
    #[must_use]
    pub fn alpha(&self, window: Millis) -> Alpha {
        if window <= 0 {
            return Alpha::Silent;
        }
        match &self.zero {
            Some(cycle) => Alpha::Unbounded(cycle.clone()),
            None => sweep::most(self, window).map_or(Alpha::Silent, |found| Alpha::AtMost(self.run(found))),
        }
    }

    /// The most sends in the whole life of an instance.
    #[must_use]
    pub fn whole_life(&self) -> Alpha {
        if let Some(cycle) = self.zero.clone().or_else(|| self.shortest(&self.prepared.parts, |_| true)) {
            return Alpha::Unbounded(cycle);
        }
        life::longest(self, &self.prepared.parts).map_or(Alpha::Silent, |found| Alpha::AtMost(self.run(found)))
    }

    pub(super) fn product(&self) -> &Product {
        &self.prepared.product
    }

    /// Whether a window can begin with this node.
    fn opens(&self, node: u32) -> bool {
        self.weight.at(node) > 0 && self.product().origin.at(node).0 != NONE
    }

    pub(super) fn openers(&self) -> impl Iterator<Item = u32> {
        (0..self.product().inside.nodes()).filter(|node| self.opens(*node))
    }

    pub(super) fn within(&self, node: u32) -> bool {
        self.within.as_ref().is_none_or(|within| within.at(node))
    }

    /// A critical cycle, where long windows can be decided by it.
    pub(super) fn round(&self) -> Option<&Round> {
        #[cfg(test)]
        if self.fault != Fault::None {
            return None; // the broken copies are those of the sweep
        }
        self.round.as_ref()
    }

    /// The topological rank among the arrows that take no time.
    pub(super) fn rank(&self, node: u32) -> u32 {
        u32::MAX - self.prepared.instant.of.at(node)
    }

    pub(super) fn ends_by(&self, time: Millis, window: Millis) -> bool {
        #[cfg(test)]
        if self.fault == Fault::ClosedWindow {
            return time > window;
        }
        time >= window
    }

    /// Whether a label is superfluous, given the most sends of an earlier one at its place.
    #[inline]
    pub(super) fn dominated(&self, best: u64, count: u64) -> bool {
        #[cfg(test)]
        if self.fault == Fault::FirstIsBest {
            return best > 0;
        }
        best >= count
    }

    /// What labels are compared at.
    #[inline]
    pub(super) fn place(&self, node: u32) -> u32 {
        #[cfg(test)]
        if self.fault == Fault::BlindDominance {
            return self.product().inside.spot.at(node);
        }
        node
    }

    fn shortest(&self, parts: &Parts, pass: impl Fn(&Hop) -> bool) -> Option<Cycle> {
        let sends = |node| self.weight.at(node) > 0 && self.within(node);
        let (_, hops) = cycles::shortest(&self.product().inside, parts, sends, |_, hop| pass(hop))?;
        Some(self.cycle(&hops))
    }

    /// All nodes that a window can come to, breadth-first, with the node and the arrow by which.
    fn search(&self, mut met: impl FnMut(u32, u32, u32)) {
        let mut known = Column::filled(false, self.product().inside.nodes() as usize);
        let mut queue: VecDeque<u32> = VecDeque::new();
        for node in self.openers() {
            known.put(node, true);
            met(node, NONE, NONE);
            queue.push_back(node);
        }
        while let Some(node) = queue.pop_front() {
            for hop in self.product().inside.out(node) {
                if !known.at(hop.to) {
                    known.put(hop.to, true);
                    met(hop.to, node, hop.edge);
                    queue.push_back(hop.to);
                }
            }
        }
    }

    fn cycle(&self, hops: &[u32]) -> Cycle {
        let flat = &self.product().inside;
        let hops = || hops.iter().map(|number| flat.hop(*number));
        let node = hops().next_back().map_or(NONE, |hop| hop.to);
        let (first, lead) = match &self.within {
            None => (node, Vec::new()),
            Some(_) => {
                let mut parents = Column::filled((NONE, NONE), flat.nodes() as usize);
                self.search(|node, from, edge| parents.put(node, (from, edge)));
                let (mut first, mut lead) = (node, Vec::new());
                while parents.at(first).0 != NONE {
                    lead.push(edge_index(parents.at(first).1));
                    first = parents.at(first).0;
                }
                lead.reverse();
                (first, lead)
            }
        };
        Cycle {
            prefix: self.prefix(first),
            lead,
            at: self.node(node),
            arrows: hops().map(|hop| edge_index(hop.edge)).collect(),
            sends: hops().fold(0, |sum, hop| sum.saturating_add(u64::from(self.weight.at(hop.to)))),
            period: hops().fold(0, |sum: Millis, hop| sum.saturating_add(hop.lo)),
        }
    }

    fn run(&self, found: Found) -> Run {
        Run {
            count: found.count,
            prefix: self.prefix(found.first),
            first: self.node(found.first),
            steps: found.steps.into_iter().map(|(edge, time)| (edge_index(edge), time)).collect(),
        }
    }

    /// How an instance gets to a node with which a window begins.
    fn prefix(&self, node: u32) -> Prefix {
        let (from, last) = self.product().origin.at(node);
        let flat = self.product().before.as_ref().unwrap_or(&self.product().inside);
        let (start, mut edges) = flat.path(from);
        edges.extend(Some(last).filter(|last| *last != NONE));
        let start = NodeIndex::new(flat.spot.at(start) as usize);
        Prefix { start, arrows: edges.into_iter().map(edge_index).collect() }
    }

    fn node(&self, node: u32) -> NodeIndex {
        NodeIndex::new(self.product().inside.spot.at(node) as usize)
    }
}

fn edge_index(edge: u32) -> EdgeIndex {
    EdgeIndex::new(edge as usize)
}
