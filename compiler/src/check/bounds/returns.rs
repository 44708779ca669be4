//! How often a state can be come back to.

use std::collections::{BTreeMap, BTreeSet};

use journey_spec::Program;
use journey_spec::program::{EventId, Journey, Limit, Millis, Window};
use journey_step::ledger::most_within;
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::limits::most;
use crate::check::loops;
use crate::graph::{Edge, Graph, caps};

/// A limit on the intake of an event, as an arrow of that event feels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::check) struct Intake {
    event: EventId,
    n: u32,
    per: Window,
    /// How long after its event the arrow may be taken.
    settle: Millis,
}

impl Intake {
    /// The limit of the event whose arrow this is.
    pub(in crate::check) fn of(edge: &Edge) -> Option<Intake> {
        let quota = edge.intake?;
        Some(Intake { event: edge.event?, n: quota.n, per: quota.per, settle: edge.settle.unwrap_or(0) })
    }

    /// Those of the events that begin an instance, where each has one.
    pub(in crate::check) fn of_starts(program: &Program, journey: &Journey) -> Option<Vec<Intake>> {
        let limit = |event: EventId| {
            let quota = program.events.get(event.index())?.intake?;
            Some(Intake { event, n: quota.n, per: quota.per, settle: 0 })
        };
        let events: BTreeSet<EventId> = journey.starts.iter().map(|s| s.event).collect();
        events.into_iter().map(limit).collect()
    }

    /// How many arrows of the event can be taken in a window; none for the whole life.
    pub(in crate::check) fn most(&self, window: Option<Window>) -> Option<u64> {
        let window = match (window?, self.settle) {
            (window, 0) => window,
            (window, settle) => Window::Rolling(window.longest().saturating_add(settle)),
        };
        Some(most_within(u64::from(self.n), self.per, window))
    }
}

pub(super) fn sum_of(mut parts: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    parts.try_fold(0_u64, |sum, n| Some(sum.saturating_add(n?)))
}

/// Components of the arrows that can be taken without end.
#[derive(Clone)]
struct View {
    components: Vec<usize>,
    sizes: BTreeMap<usize, usize>,
    kept: BTreeSet<EdgeIndex>,
    /// For each node, how many arrows at instants lie on cycles with it, and are left out because nothing on the way moves
    /// their data: each can be taken once.
    once: Vec<u64>,
}

impl View {
    /// Over the arrows that `keep` lets in; with or without those of events whose intake is limited.
    fn of(graph: &Graph, limited: bool, keep: impl Fn(NodeIndex, &Edge) -> bool) -> View {
        let mut kept: BTreeSet<_> = graph
            .edges()
            .filter(|(_, _, _, e)| limited || e.intake.is_none())
            .filter(|(_, _, to, e)| if e.stay { e.repeats } else { keep(*to, e) })
            .map(|(id, ..)| id)
            .collect();
        let before = graph.components(|e, _, _, _| kept.contains(&e));
        let all = kept.clone();
        let components = loops::prune_instants_of(graph, &mut kept, before.clone());
        let mut once = vec![0_u64; before.len()];
        for (from, to, _) in all.difference(&kept).filter_map(|e| graph.edge(*e)) {
            let here = before.get(from.index());
            if here == before.get(to.index()) {
                let same = before.iter().zip(&mut once).filter(|(component, _)| Some(*component) == here);
                same.for_each(|(_, n)| *n += 1);
            }
        }
        let mut sizes = BTreeMap::new();
        for c in &components {
            *sizes.entry(*c).or_default() += 1;
        }
        View { components, sizes, kept, once }
    }

    /// How often a run can come back to a node by instants that come once, and by nothing else that is let in.
    fn once(&self, n: NodeIndex) -> u64 {
        self.once.get(n.index()).copied().unwrap_or(0)
    }

    fn on_cycle(&self, graph: &Graph, n: NodeIndex) -> bool {
        let many = self.components.get(n.index()).and_then(|c| self.sizes.get(c)).is_some_and(|size| *size > 1);
        many || graph.out(n).any(|(e, to, w)| to == n && !w.stay && self.kept.contains(&e))
    }

    fn with(&self, n: NodeIndex) -> impl Iterator<Item = NodeIndex> {
        let here = self.components.get(n.index()).copied();
        let members = self.components.iter().enumerate().filter(move |(_, c)| Some(**c) == here);
        members.map(|(i, _)| NodeIndex::new(i))
    }
}

/// What is on cycles: of all arrows, of those into states without a cap, of those that take no time.
pub(in crate::check) struct Cycles {
    all: View,
    uncapped: View,
    /// Besides, without arrows of events whose intake is limited.
    unlimited: View,
    timeless: View,
}

impl Cycles {
    /// Looks once at a graph.
    pub(in crate::check) fn of(graph: &Graph) -> Cycles {
        let all = View::of(graph, true, |_, _| true);
        let uncapped = match graph.nodes().any(|n| graph.capped(n)) {
            true => View::of(graph, true, |to, _| !graph.capped(to)),
            false => all.clone(),
        };
        Cycles {
            all,
            uncapped,
            unlimited: View::of(graph, false, |to, _| !graph.capped(to)),
            timeless: View::of(graph, true, |_, e| e.lo == 0),
        }
    }
}

/// How a state is come back to.
pub(in crate::check) struct Returns {
    node: NodeIndex,
    /// Whether it is at all, but by instants that come once.
    again: bool,
    /// How many of those there are.
    once: u64,
    /// The least time in between, in milliseconds, where there is one.
    apart: Option<Millis>,
    /// The capped states of which a run passes one in between, where it has to.
    through: Option<Vec<NodeIndex>>,
    /// The same with the limited events of which an arrow may be taken in its place.
    by_events: Option<(Vec<NodeIndex>, BTreeSet<Intake>)>,
}

impl Returns {
    /// How `node` is come back to.
    pub(in crate::check) fn to(graph: &Graph, cycles: &Cycles, node: NodeIndex) -> Returns {
        if !cycles.all.on_cycle(graph, node) {
            let once = cycles.all.once(node);
            return Returns { node, again: false, once, apart: None, through: None, by_events: None };
        }
        let apart = match cycles.timeless.on_cycle(graph, node) {
            true => None,
            false => graph.return_time(node).filter(|back| *back > 0),
        };
        // Without the other capped states no way back: a run passes one of them, of the same component.
        let own: View;
        let uncapped = match graph.capped(node) {
            true => {
                own = View::of(graph, true, |to, _| to == node || !graph.capped(to));
                &own
            }
            false => &cycles.uncapped,
        };
        let passes = !uncapped.on_cycle(graph, node);
        let others: Vec<_> = cycles.all.with(node).filter(|m| *m != node && graph.capped(*m)).collect();
        let inside: BTreeSet<_> = cycles.all.with(node).collect();
        let events: BTreeSet<Intake> = graph
            .edges()
            .filter(|(_, from, to, _)| inside.contains(from) && inside.contains(to))
            .filter_map(|(_, _, _, e)| Intake::of(e))
            .collect();
        let own: View;
        let unlimited = match graph.capped(node) {
            true => {
                own = View::of(graph, false, |to, _| to == node || !graph.capped(to));
                &own
            }
            false => &cycles.unlimited,
        };
        let stops = !unlimited.on_cycle(graph, node) && !events.is_empty();
        let once = match passes {
            true => uncapped.once(node),
            false => unlimited.once(node),
        };
        let by_events = (stops && !passes).then(|| (others.clone(), events));
        Returns { node, again: true, once, apart, through: passes.then_some(others), by_events }
    }

    /// Whether one instance enters the state once in its whole life at most.
    pub(in crate::check) fn at_most_once(&self) -> bool {
        !self.again && self.once == 0
    }

    /// How often one instance can enter the state in a window, or in its whole life; none where nothing bounds it.
    pub(in crate::check) fn most(&self, graph: &Graph, limits: &[Limit], window: Option<Window>) -> Option<u64> {
        // A run is cut where such a place is entered or such an event taken: in each part it comes back only by instants,
        // each once.
        let parts = |cuts: u64| cuts.saturating_add(1).saturating_mul(self.once.saturating_add(1));
        if !self.again {
            return Some(parts(0));
        }
        let own = cap(graph, limits, self.node, window);
        let fits = window.zip(self.apart).map(|(w, b)| w.longest().unsigned_abs().div_ceil(b.unsigned_abs().max(1)));
        let through = self
            .through
            .as_ref()
            .and_then(|others| sum_of(others.iter().map(|m| cap(graph, limits, *m, window))).map(parts));
        // Each time it is come back to, one of these was entered or one of those taken in meanwhile.
        let by_events = self.by_events.as_ref().and_then(|(others, events)| {
            let entered = sum_of(others.iter().map(|m| cap(graph, limits, *m, window)))?;
            let taken = sum_of(events.iter().map(|intake| intake.most(window)))?;
            Some(parts(entered.saturating_add(taken)))
        });
        [own, fits, through, by_events].into_iter().flatten().min()
    }
}

fn cap(graph: &Graph, limits: &[Limit], n: NodeIndex, window: Option<Window>) -> Option<u64> {
    let state = graph.place(n)?.state?;
    limits.iter().filter(|l| caps(l.what, state)).filter_map(|l| most(l.n, l.per, window)).min()
}
