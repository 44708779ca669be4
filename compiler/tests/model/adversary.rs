//! An adversary that tries everything, one millisecond at a time. It shares nothing with the algorithms: no product, no
//! dominance, no pruning, no order of events; it knows what a run is, and that is all.

use std::collections::BTreeSet;

use journey_compiler::model::{Arrow, Model, Then, Touch};
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef;

/// Longer than any duration of the small models: who stays longer stays as long as he likes.
const LONG: i64 = 8;

/// Where an instance stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Here {
    /// Whether the window has begun.
    pub(crate) inside: bool,
    pub(crate) node: usize,
    pub(crate) dwelt: i64,
    pub(crate) registers: Vec<u32>,
}

/// Where an instance stands as it begins.
pub(crate) fn begins(model: &Model) -> Vec<Here> {
    let mut all = Vec::new();
    let opening = model.graph.node_indices().filter(|node| model.graph[*node].opens);
    for node in model.starts.iter().copied().chain(opening) {
        let registers = vec![0; model.registers.len()];
        let here = Here { inside: false, node: node.index(), dwelt: 0, registers };
        all.push(here.clone());
        if model.graph[node].weight > 0 {
            all.push(Here { inside: true, ..here });
        }
    }
    all
}

fn restricts(model: &Model, touch: &Touch) -> bool {
    touch.least > 0 || touch.most < model.registers[touch.register].top
}

/// Whether the guard of a register says nothing since the window has not begun.
fn unknown(model: &Model, here: &Here, touch: &Touch) -> bool {
    model.registers[touch.register].fresh && !here.inside
}

pub(crate) fn enabled(model: &Model, here: &Here, arrow: &Arrow) -> bool {
    arrow.touches.iter().all(|touch| {
        let value = here.registers[touch.register];
        unknown(model, here, touch) || (touch.least <= value && value <= touch.most)
    })
}

/// The longest that an instance may stay where it is.
pub(crate) fn latest(model: &Model, here: &Here) -> i64 {
    let arrows = model.graph.edges(NodeIndex::new(here.node)).map(|edge| edge.weight());
    let forced = arrows.filter(|arrow| {
        let may_not = arrow.touches.iter().any(|touch| unknown(model, here, touch) && restricts(model, touch));
        enabled(model, here, arrow) && !may_not
    });
    forced.filter_map(|arrow| arrow.by).min().unwrap_or(i64::MAX)
}

/// Where an arrow leads to, before the window or within it.
pub(crate) fn after(model: &Model, here: &Here, arrow: &Arrow, to: usize) -> Here {
    let mut registers = here.registers.clone();
    for touch in arrow.touches.iter().filter(|touch| !unknown(model, here, touch)) {
        apply(model, &mut registers, touch);
    }
    Here { inside: here.inside, node: to, dwelt: 0, registers }
}

/// The same, where the window begins as the arrow's target is entered.
pub(crate) fn opened(model: &Model, here: &Here, arrow: &Arrow, to: usize) -> Here {
    let mut then = after(model, here, arrow, to);
    then.inside = true;
    for touch in arrow.touches.iter().filter(|touch| model.registers[touch.register].fresh) {
        apply(model, &mut then.registers, touch);
    }
    then
}

fn apply(model: &Model, registers: &mut [u32], touch: &Touch) {
    let top = model.registers[touch.register].top;
    let value = &mut registers[touch.register];
    match touch.then {
        Then::Keep => {}
        Then::Add => *value = (*value + 1).min(top),
        Then::Set(to) => *value = to.min(top),
    }
}

/// One thing that can happen next: what is sent by it, and where it leads.
struct Next {
    waits: bool,
    sends: u64,
    to: usize,
}

/// All that can be reached, and what can happen there.
pub(crate) struct Adversary {
    /// By number.
    all: Vec<Here>,
    next: Vec<Vec<Next>>,
    /// What was sent on entering, where a window begins.
    first: Vec<(usize, u64)>,
}

impl Adversary {
    pub(crate) fn of(model: &Model) -> Self {
        let mut known: BTreeSet<Here> = begins(model).into_iter().collect();
        let mut firsts: BTreeSet<Here> = known.iter().filter(|here| here.inside).cloned().collect();
        let mut open: Vec<Here> = known.iter().cloned().collect();
        while let Some(here) = open.pop() {
            let mut reached: Vec<Here> = happens(model, &here).into_iter().map(|(_, _, to)| to).collect();
            if !here.inside {
                for edge in model.graph.edges(NodeIndex::new(here.node)) {
                    let to = edge.target();
                    if takes(model, &here, edge.weight()) && model.graph[to].weight > 0 {
                        let first = opened(model, &here, edge.weight(), to.index());
                        firsts.insert(first.clone());
                        reached.push(first);
                    }
                }
            }
            open.extend(reached.into_iter().filter(|to| known.insert(to.clone())));
        }
        let all: Vec<Here> = known.into_iter().filter(|here| here.inside).collect();
        let number = |here: &Here| all.binary_search(here).unwrap();
        let next = all.iter().map(|here| {
            let happens = happens(model, here).into_iter();
            happens.map(|(waits, sends, to)| Next { waits, sends, to: number(&to) }).collect()
        });
        let next = next.collect();
        let weight = |here: &Here| u64::from(model.graph[NodeIndex::new(here.node)].weight);
        let first = firsts.iter().map(|here| (number(here), weight(here))).collect();
        Adversary { all, next, first }
    }

    /// The most sends in every window up to that length; none where there is no bound.
    pub(crate) fn most(&self, longest: usize) -> Option<Vec<u64>> {
        let mut left = vec![0; self.all.len()];
        let mut answers = vec![0];
        for _ in 0..longest {
            // With a millisecond more: wait into what is known, or take arrows within this one.
            left = self.settled(|happens, now| if happens.waits { left[happens.to] } else { now })?;
            answers.push(self.first.iter().map(|(first, sends)| sends + left[*first]).max().unwrap_or(0));
        }
        Some(answers)
    }

    /// The most sends of a whole life.
    pub(crate) fn whole_life(&self) -> Option<u64> {
        let left = self.settled(|_, now| now)?;
        Some(self.first.iter().map(|(first, sends)| sends + left[*first]).max().unwrap_or(0))
    }

    /// Goes round until nothing changes; who still finds something after as many rounds as there are places can go on.
    fn settled(&self, from: impl Fn(&Next, u64) -> u64) -> Option<Vec<u64>> {
        let mut most = vec![0u64; self.all.len()];
        for _ in 0..self.all.len() + 2 {
            let mut same = true;
            for here in 0..self.all.len() {
                for happens in &self.next[here] {
                    let sum = happens.sends + from(happens, most[happens.to]);
                    if sum > most[here] {
                        most[here] = sum;
                        same = false;
                    }
                }
            }
            if same {
                return Some(most);
            }
        }
        None
    }
}

pub(crate) fn takes(model: &Model, here: &Here, arrow: &Arrow) -> bool {
    enabled(model, here, arrow) && here.dwelt >= arrow.lo
}

/// Waiting for a millisecond, and each arrow that can be taken.
fn happens(model: &Model, here: &Here) -> Vec<(bool, u64, Here)> {
    let mut all = Vec::new();
    if here.dwelt < latest(model, here) {
        all.push((true, 0, Here { dwelt: (here.dwelt + 1).min(LONG), ..here.clone() }));
    }
    for edge in model.graph.edges(NodeIndex::new(here.node)) {
        if takes(model, here, edge.weight()) {
            let to = edge.target();
            let sends = u64::from(model.graph[to].weight);
            all.push((false, sends, after(model, here, edge.weight(), to.index())));
        }
    }
    all
}
