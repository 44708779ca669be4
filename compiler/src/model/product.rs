//! Nodes told apart by their registers' values: the part of the product that can be reached, its dead arrows left out.
//!
//! Whether an arrow is dead is a question to the product, not to the model: an exhausted counter can disable a forced exit,
//! and so bring an arrow to life that needs longer. Where there are more nodes than the budget allows, the register with the
//! greatest `top` is dropped, and so on: arrows no longer ask for it, and those that did force nothing any more. Both only
//! add runs, so that what is then computed is an upper bound.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use journey_spec::program::Millis;
use petgraph::graph::EdgeIndex;
use petgraph::visit::EdgeRef;

use super::flat::{Column, Flat, Hop, Mix, NONE};
use super::{Budget, Model, Register, Then, Touch};

/// The product of a model.
#[derive(Clone, Debug)]
pub(super) struct Product {
    /// What can happen before the window begins, where that is not the same as within: where registers are fresh.
    pub(super) before: Option<Flat>,
    /// What can happen within the window.
    pub(super) inside: Flat,
    /// For each node with which a window can begin: the node before, and the arrow of the model that leads on from it to
    /// here; where there is none, the node is the same before and within.
    pub(super) origin: Column<(u32, u32)>,
    /// The registers that were dropped, in the order in which they were.
    pub(super) dropped: Vec<usize>,
}

impl Product {
    /// At least so many registers are dropped.
    pub(super) fn of(model: &Model, budget: Budget, at_least: usize) -> Self {
        let mut dropped = Vec::new();
        loop {
            let tries = dropped.len() >= at_least.min(model.registers.len());
            if let Some((before, inside, origin)) = tries.then(|| built(model, &dropped, budget)).flatten() {
                return Product { before, inside, origin, dropped };
            }
            let left = model.registers.iter().enumerate().filter(|(register, _)| !dropped.contains(register));
            match left.max_by_key(|(_, register)| register.top) {
                Some((register, _)) => dropped.push(register),
                // Not reached: without registers there is no budget. Were it, nothing could be promised.
                None => return Product { before: None, inside: Flat::default(), origin: Column::default(), dropped },
            }
        }
    }
}

/// However large the budget: sums over more nodes might not fit.
const MOST_NODES: usize = 1 << 22;

type Built = (Option<Flat>, Flat, Column<(u32, u32)>);

/// The product without those registers; nothing where it has more nodes than the budget.
fn built(model: &Model, dropped: &[usize], budget: Budget) -> Option<Built> {
    let kept: Vec<bool> = (0..model.registers.len()).map(|register| !dropped.contains(&register)).collect();
    let counts = kept.iter().any(|kept| *kept);
    let most = if counts { budget.nodes.min(MOST_NODES) } else { NONE as usize - 1 };
    let packing = Packing::of(model, &kept)?;
    let fresh = model.registers.iter().zip(&kept).any(|(register, kept)| register.fresh && *kept);
    let splits = fresh || model.graph.edge_weights().any(|arrow| arrow.before);
    let opening = model.graph.node_indices().filter(|node| model.graph.node_weight(*node).is_some_and(|s| s.opens));
    let starts: Vec<u32> = model.starts.iter().copied().chain(opening).map(|node| node.index() as u32).collect();

    let asked: Vec<bool> = model.registers.iter().zip(&kept).map(|(register, kept)| *kept && !register.fresh).collect();
    let mut search = Search::new(model, &packing, &asked, most, true);
    for start in &starts {
        search.enter(*start, 0, (NONE, NONE))?;
    }
    search.run()?;
    let keys = search.keys;
    let before = search.flat;
    if !splits {
        let origin = Column((0..before.nodes()).map(|node| (node, NONE)).collect());
        return Some((None, before, origin));
    }

    let mut search = Search::new(model, &packing, &kept, most.checked_sub(keys.0.len())?, false);
    let mut origin = Vec::new();
    for node in 0..before.nodes() {
        if before.parent.at(node).0 == NONE {
            search.root(before.spot.at(node), keys.at(node), (node, NONE), &mut origin)?;
        }
        for hop in before.out(node) {
            // The arrow into the first node leaves its mark on what counts from now on.
            let touches = search.touches(hop.edge);
            let marked = packing.after(keys.at(hop.to), touches, |r| model.registers.get(r).is_some_and(|r| r.fresh));
            search.root(before.spot.at(hop.to), marked, (node, hop.edge), &mut origin)?;
        }
    }
    search.run()?;
    origin.resize(search.flat.spot.0.len(), (NONE, NONE));
    Some((Some(before), search.flat, Column(origin)))
}

/// All registers' values in one number, in mixed radix.
struct Packing<'m> {
    registers: &'m [Register],
    /// What each digit is worth; 0 for a register that is dropped.
    worth: Vec<u64>,
}

impl<'m> Packing<'m> {
    /// Nothing where one number cannot hold them.
    fn of(model: &'m Model, kept: &[bool]) -> Option<Self> {
        let mut next = 1u64;
        let mut worth = Vec::with_capacity(kept.len());
        for (register, kept) in model.registers.iter().zip(kept) {
            worth.push(if *kept { next } else { 0 });
            if *kept {
                next = next.checked_mul(u64::from(register.top) + 1)?;
            }
        }
        Some(Packing { registers: &model.registers, worth })
    }

    /// What it is worth, and its greatest value; nothing where it is dropped or there is none.
    fn digit(&self, register: usize) -> Option<(u64, u32)> {
        let worth = self.worth.get(register).copied().filter(|worth| *worth > 0)?;
        Some((worth, self.registers.get(register)?.top))
    }

    fn value(&self, key: u64, register: usize) -> Option<u32> {
        let (worth, top) = self.digit(register)?;
        u32::try_from(key / worth % (u64::from(top) + 1)).ok()
    }

    /// The values after an arrow is taken, of the registers that pass; the others stay.
    fn after(&self, key: u64, touches: &[Touch], pass: impl Fn(usize) -> bool) -> u64 {
        touches.iter().fold(key, |key, touch| {
            let (Some((worth, top)), Some(value)) = (self.digit(touch.register), self.value(key, touch.register))
            else {
                return key;
            };
            let then = match touch.then {
                _ if !pass(touch.register) => value,
                Then::Keep => value,
                Then::Add => value.saturating_add(1).min(top),
                Then::Set(to) => to.min(top),
            };
            key - worth * u64::from(value) + worth * u64::from(then)
        })
    }
}

/// An arrow as the search takes it.
struct Way<'m> {
    to: u32,
    edge: u32,
    lo: Millis,
    /// Only where it is sure to be enabled whenever what it still asks for holds.
    by: Option<Millis>,
    touches: &'m [Touch],
}

/// A breadth-first search over nodes and registers' values.
struct Search<'m> {
    model: &'m Model,
    packing: &'m Packing<'m>,
    /// Of each register, whether arrows ask for it and change it.
    asked: &'m [bool],
    ways: Vec<Way<'m>>,
    first: Column<u32>,
    keys: Column<u64>,
    known: HashMap<(u32, u64), u32, BuildHasherDefault<Mix>>,
    /// In a product with one value only, the node of each spot.
    plain: Option<Column<u32>>,
    flat: Flat,
    most: usize,
}

impl<'m> Search<'m> {
    fn new(model: &'m Model, packing: &'m Packing<'m>, asked: &'m [bool], most: usize, before: bool) -> Self {
        let mut ways = Vec::with_capacity(model.graph.edge_count());
        let mut first = vec![0];
        for node in model.graph.node_indices() {
            let begin = ways.len();
            for edge in model.graph.edges(node) {
                let arrow = edge.weight();
                if arrow.before && !before {
                    continue;
                }
                let sure = arrow.touches.iter().all(|touch| {
                    let register = model.registers.get(touch.register);
                    let any = touch.least == 0 && register.is_none_or(|register| touch.most >= register.top);
                    any || asked.get(touch.register).copied().unwrap_or(false)
                });
                ways.push(Way {
                    to: edge.target().index() as u32,
                    edge: edge.id().index() as u32,
                    lo: arrow.lo.max(0),
                    by: arrow.by.filter(|_| sure),
                    touches: &arrow.touches,
                });
            }
            // Petgraph gives the newest first; a story should go by the order in which arrows were drawn.
            if let Some(own) = ways.get_mut(begin..) {
                own.sort_unstable_by_key(|way| way.edge);
            }
            first.push(ways.len() as u32);
        }
        let plain = (!asked.contains(&true)).then(|| Column::filled(NONE, model.graph.node_count()));
        // Registers make many nodes of one: what grows that much need not be moved each time that it is full.
        let room = if plain.is_some() { model.graph.node_count() } else { most.min(1 << 14) };
        Search {
            model,
            packing,
            asked,
            ways,
            first: Column(first),
            keys: Column(Vec::with_capacity(room)),
            known: HashMap::with_capacity_and_hasher(if plain.is_some() { 0 } else { room }, Default::default()),
            plain,
            flat: Flat::with_room(room),
            most,
        }
    }

    /// The number of a node, a new one where it was not met; nothing where there are too many.
    fn enter(&mut self, spot: u32, key: u64, parent: (u32, u32)) -> Option<u32> {
        let next = self.keys.len();
        let known = match &self.plain {
            Some(plain) => Some(plain.at(spot)).filter(|node| *node != NONE),
            None => self.known.get(&(spot, key)).copied(),
        };
        if known.is_some() {
            return known;
        }
        if next as usize >= self.most {
            return None;
        }
        match &mut self.plain {
            Some(plain) => plain.put(spot, next),
            None => _ = self.known.insert((spot, key), next),
        }
        self.keys.0.push(key);
        self.flat.spot.0.push(spot);
        self.flat.parent.0.push(parent);
        Some(next)
    }

    /// A node with which a window can begin; the first way to it is kept, since it is among the shortest.
    fn root(&mut self, spot: u32, key: u64, from: (u32, u32), origin: &mut Vec<(u32, u32)>) -> Option<()> {
        let node = self.enter(spot, key, (NONE, NONE))?;
        if node as usize == origin.len() {
            origin.push(from);
        }
        Some(())
    }

    /// What an arrow into the first node of a window does at that very instant; one that is taken only before the window
    /// has done it by then.
    fn touches(&self, edge: u32) -> &'m [Touch] {
        let edge = EdgeIndex::new(edge as usize);
        self.model.graph.edge_weight(edge).filter(|arrow| !arrow.before).map_or(&[], |arrow| &arrow.touches)
    }

    /// Finds all that can be reached from the nodes that were entered.
    fn run(&mut self) -> Option<()> {
        let mut node = 0;
        let mut enabled = Vec::new();
        while node < self.keys.len() {
            let (spot, key) = (self.flat.spot.at(node), self.keys.at(node));
            let (from, to) = (self.first.at(spot) as usize, self.first.at(spot + 1) as usize);
            enabled.clear();
            let mut latest = Millis::MAX;
            for (number, way) in (from..to).zip(self.ways.get(from..to).unwrap_or_default()) {
                if self.enabled(key, way) {
                    enabled.push(number);
                    latest = way.by.map_or(latest, |by| latest.min(by.max(0)));
                }
            }
            for number in &enabled {
                let Some(way) = self.ways.get(*number).filter(|way| way.lo <= latest) else { continue };
                let (to, edge, lo) = (way.to, way.edge, way.lo);
                let asked = |register| self.asked.get(register).copied().unwrap_or(false);
                let after = if self.plain.is_some() { key } else { self.packing.after(key, way.touches, asked) };
                let to = self.enter(to, after, (node, edge))?;
                self.flat.hops.push(Hop { to, edge, lo });
            }
            self.flat.first.0.push(u32::try_from(self.flat.hops.len()).ok()?);
            node += 1;
        }
        Some(())
    }

    fn enabled(&self, key: u64, way: &Way) -> bool {
        way.touches.iter().all(|touch| {
            let asked = self.asked.get(touch.register).copied().unwrap_or(false);
            !asked || self.packing.value(key, touch.register).is_none_or(|v| touch.least <= v && v <= touch.most)
        })
    }
}
