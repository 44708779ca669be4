//! Spots with the values of registers that a run can come to, and the arrows between them.

use std::collections::HashMap;

use journey_spec::program::Millis;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::{Alpha, Arrow, Budget, Model, Then, Weighed, bucket, life, rate, sweep, zero};

/// No place of the product.
pub(super) const NOWHERE: u32 = u32::MAX;

/// An arrow of the product.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step {
    pub(super) to: u32,
    /// The model's arrow.
    pub(super) edge: u32,
    pub(super) lo: Millis,
    pub(super) odd: bool,
}

/// The reachable product of a model, ready to be asked for any weights.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// The model's spot of each place.
    pub(super) spots: Vec<u32>,
    /// Where the steps of each place begin, and one more.
    first: Vec<u32>,
    /// Inside of a window.
    steps: Vec<Step>,
    /// How many places a window can begin in: the first ones.
    pub(super) begins: u32,
    /// Which of these hold what waited for the window.
    pub(super) kept: Vec<bool>,
    /// How each of these is come to first: from where and by which arrow.
    reached: Vec<(u32, u32)>,
    /// For each place, its component under arrows that take no time; a way leads from higher numbers to lower ones.
    pub(super) instant: Vec<u32>,
    dropped: Vec<usize>,
}

impl Analysis {
    /// Of a model.
    #[must_use]
    pub fn of(model: &Model, budget: Budget) -> Analysis {
        let mut kept: Vec<usize> = (0..model.registers.len()).collect();
        let top = |register: usize| model.registers.get(register).map_or(0, |r| r.top);
        loop {
            // Values are packed into one number; what does not fit is dropped like what costs too much.
            let size = kept.iter().try_fold(1_u64, |size, r| size.checked_mul(u64::from(top(*r)) + 1));
            let explored = size.and_then(|_| Explorer::of(model, &kept, budget).explored());
            if let Some(mut analysis) = explored {
                analysis.dropped = (0..model.registers.len()).filter(|r| !kept.contains(r)).collect();
                analysis.instant = zero::components(&analysis);
                return analysis;
            }
            let Some(largest) = (0..kept.len()).max_by_key(|i| kept.get(*i).map(|r| top(*r))) else {
                // Without registers the product is the model, however large.
                let unbounded = Budget { nodes: usize::MAX };
                let mut analysis = Explorer::of(model, &[], unbounded).explored().unwrap_or_default();
                analysis.dropped = (0..model.registers.len()).collect();
                analysis.instant = zero::components(&analysis);
                return analysis;
            };
            kept.remove(largest);
        }
    }

    /// Registers that did not fit the budget; with any of these the answers are upper bounds.
    #[must_use]
    pub fn dropped(&self) -> &[usize] {
        &self.dropped
    }

    /// How many places the product has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spots.len()
    }

    /// Whether no run begins.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spots.is_empty()
    }

    /// With what each spot of the model sends, by position.
    #[must_use]
    pub fn weigh(&self, weights: &[u32]) -> Weighed {
        let weights: Vec<u32> = self.spots.iter().map(|spot| super::at(weights, *spot)).collect();
        let burst = zero::burst(self, &weights);
        let (rate, ahead) = match burst {
            Some(_) => (rate::Rate::default(), Vec::new()),
            None => {
                let rate = rate::fastest(self, &weights);
                let ahead = bucket::ahead(self, &weights, &rate);
                (rate, ahead)
            }
        };
        Weighed { weights, burst, rate, ahead }
    }

    /// The most that a run sends in any half-open window of this length, in milliseconds: of any, or only of
    /// those that are easily done, which take no odd arrow and in whose window nothing was kept. Windows of no length hold
    /// nothing.
    #[must_use]
    pub fn alpha(&self, weighed: &Weighed, window: Millis, any: bool) -> Alpha {
        match &weighed.burst {
            Some(cycle) => Alpha::Unbounded(cycle.clone()),
            None => Alpha::AtMost(sweep::exact(self, weighed, window, any)),
        }
    }

    /// The most that a run sends at all. Registers that count inside of a window have to be left out of the model.
    #[must_use]
    pub fn life(&self, weighed: &Weighed) -> Alpha {
        life::longest(self, &weighed.weights)
    }

    /// The steps of a place inside of a window.
    pub(super) fn steps(&self, place: u32) -> &[Step] {
        let (from, to) = (super::at(&self.first, place), super::at(&self.first, place.saturating_add(1)));
        self.steps.get(from as usize..to as usize).unwrap_or_default()
    }

    /// All places.
    pub(super) fn places(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.spots.len()).unwrap_or(NOWHERE)
    }

    /// How many steps there are.
    pub(super) fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// The arrows by which a place that a window can begin in is come to, with the fewest of them.
    pub(super) fn prefix(&self, place: u32) -> Vec<EdgeIndex> {
        let mut arrows = Vec::new();
        let mut here = place;
        while let Some((from, edge)) = self.reached.get(here as usize).filter(|(from, _)| *from != NOWHERE) {
            arrows.push(EdgeIndex::new(*edge as usize));
            here = *from;
        }
        arrows.reverse();
        arrows
    }

    pub(super) fn spot(&self, place: u32) -> NodeIndex {
        NodeIndex::new(super::at(&self.spots, place) as usize)
    }
}

/// What is asked of one register that is kept, and done to it: its place value, its size, and the touch.
#[derive(Clone, Copy)]
struct Asks {
    unit: u64,
    size: u64,
    least: u64,
    most: u64,
    then: Then,
    fresh: bool,
}

impl Asks {
    fn value(&self, values: u64) -> u64 {
        values / self.unit % self.size
    }

    /// Whether it can hold the arrow back at all.
    fn restricts(&self) -> bool {
        self.least > 0 || self.most + 1 < self.size
    }

    fn done(&self, values: u64) -> u64 {
        let old = self.value(values);
        let new = match self.then {
            Then::Keep => old,
            Then::Add => (old + 1).min(self.size - 1),
            Then::Set(value) => u64::from(value).min(self.size - 1),
        };
        values - old * self.unit + new * self.unit
    }
}

/// An arrow of the model as it is explored.
struct Way {
    to: u32,
    edge: u32,
    lo: Millis,
    by: Option<Millis>,
    before: bool,
    odd: bool,
    asks: Vec<Asks>,
}

struct Explorer<'m> {
    model: &'m Model,
    budget: Budget,
    /// For each spot, its arrows.
    ways: Vec<Vec<Way>>,
    has_registers: bool,
    known: HashMap<(u32, u64), u32>,
    /// Without registers, the place of each spot.
    plain: Vec<u32>,
    places: Vec<(u32, u64)>,
    done: Analysis,
}

impl<'m> Explorer<'m> {
    fn of(model: &'m Model, kept: &[usize], budget: Budget) -> Explorer<'m> {
        let mut units = vec![None; model.registers.len()];
        let mut unit = 1_u64;
        for register in kept {
            let Some(size) = model.registers.get(*register).map(|r| u64::from(r.top) + 1) else { continue };
            if let Some(slot) = units.get_mut(*register) {
                *slot = Some((unit, size));
            }
            unit = unit.saturating_mul(size);
        }
        let way = |e: petgraph::graph::EdgeReference<'_, Arrow>| {
            let arrow = e.weight();
            let mut forced = true;
            let mut asks = Vec::new();
            for touch in &arrow.touches {
                let fresh = model.registers.get(touch.register).is_some_and(|r| r.fresh);
                let Some((unit, size)) = units.get(touch.register).copied().flatten() else {
                    // Nobody knows any more whether it is held back.
                    forced = false;
                    continue;
                };
                let (least, most) = (u64::from(touch.least), u64::from(touch.most));
                let asked = Asks { unit, size, least, most, then: touch.then, fresh };
                forced &= !(fresh && asked.restricts());
                asks.push(asked);
            }
            let (to, edge) = (e.target().index() as u32, e.id().index() as u32);
            let (by, before, odd) = (arrow.by.filter(|_| forced), arrow.before, arrow.odd);
            Way { to, edge, lo: arrow.lo.max(0), by, before, odd, asks }
        };
        let ways = model
            .graph
            .node_indices()
            .map(|n| {
                let mut ways: Vec<Way> = model.graph.edges(n).map(way).collect();
                ways.sort_by_key(|w| w.edge);
                ways
            })
            .collect();
        let plain = vec![NOWHERE; model.graph.node_count()];
        let has_registers = !kept.is_empty();
        Explorer {
            model,
            budget,
            ways,
            has_registers,
            known: HashMap::new(),
            plain,
            places: Vec::new(),
            done: Analysis::default(),
        }
    }

    /// The place of a spot with these values, and whether it is new.
    fn place(&mut self, spot: u32, values: u64) -> (u32, bool) {
        let next = u32::try_from(self.places.len()).unwrap_or(NOWHERE);
        let place = match self.has_registers {
            true => *self.known.entry((spot, values)).or_insert(next),
            false => match self.plain.get_mut(spot as usize) {
                Some(place) => {
                    if *place == NOWHERE {
                        *place = next;
                    }
                    *place
                }
                None => return (NOWHERE, false),
            },
        };
        if place == next {
            self.places.push((spot, values));
        }
        (place, place == next)
    }

    /// Everything; none where the budget does not suffice.
    fn explored(mut self) -> Option<Analysis> {
        for start in &self.model.starts {
            if self.place(start.index() as u32, 0).1 {
                self.done.reached.push((NOWHERE, NOWHERE));
            }
        }
        // Before the window: breadth first, so that each place is come to by the fewest arrows.
        let mut here = 0;
        while let Some((spot, values)) = self.places.get(here).copied() {
            for (Step { to, edge, .. }, values) in self.taken(spot, values, true) {
                if self.place(to, values).1 {
                    self.done.reached.push((here as u32, edge));
                }
            }
            if self.places.len() > self.budget.nodes {
                return None;
            }
            here += 1;
        }
        self.done.begins = u32::try_from(self.places.len()).unwrap_or(NOWHERE);
        // Inside of it: what registers that begin with it have counted tells places apart that were one before.
        let mut here = 0;
        while let Some((spot, values)) = self.places.get(here).copied() {
            self.done.first.push(u32::try_from(self.done.steps.len()).unwrap_or(NOWHERE));
            for (step, values) in self.taken(spot, values, false) {
                let (to, _) = self.place(step.to, values);
                self.done.steps.push(Step { to, ..step });
            }
            if self.places.len() > self.budget.nodes {
                return None;
            }
            here += 1;
        }
        self.done.first.push(u32::try_from(self.done.steps.len()).unwrap_or(NOWHERE));
        let kept = |spot: &u32| self.model.graph.node_weight(NodeIndex::new(*spot as usize)).is_some_and(|s| s.kept);
        self.done.kept = self.places.iter().map(|(spot, _)| kept(spot)).collect();
        self.done.spots = self.places.iter().map(|(spot, _)| *spot).collect();
        Some(self.done)
    }

    /// The arrows that may be taken at a spot with these values, each as a step to a spot, and the values then.
    fn taken(&self, spot: u32, values: u64, before: bool) -> Vec<(Step, u64)> {
        let ways = self.ways.get(spot as usize).map_or(&[][..], Vec::as_slice);
        let open = |way: &&Way| {
            (before || !way.before)
                && way
                    .asks
                    .iter()
                    .all(|asks| before && asks.fresh || (asks.least..=asks.most).contains(&asks.value(values)))
        };
        let deadline = ways.iter().filter(open).filter_map(|way| way.by).min().unwrap_or(Millis::MAX);
        let then = |way: &Way| {
            let moved = way.asks.iter().filter(|asks| !(before && asks.fresh));
            moved.fold(values, |values, asks| asks.done(values))
        };
        ways.iter()
            .filter(open)
            .filter(|way| way.lo <= deadline)
            .map(|way| (Step { to: way.to, edge: way.edge, lo: way.lo, odd: way.odd }, then(way)))
            .collect()
    }
}
