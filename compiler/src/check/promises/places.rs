//! From a journey's graph to the places of [`super::precondition`].
//!
//! | in the graph | there |
//! |---|---|
//! | `-> S`, `choose`, `split` | ways; those of a `choose` by conditions on T only with the R that the conditions leave them |
//! | an `at` of the same T | an instant; one of the customer's calendar somewhere in the interval that calendar days can make |
//! | an `at` of anything else | may come at any time, and may never come |
//! | `after`, a call's `failed` | waits |
//! | what may come or not | inputs; with an event that takes T over any R that its condition lets through |
//! | what stays in the state and takes T over or sets it | news |
//! | T of the customer's record, or by the customer's calendar | news to any R, in every state |
//! | `settle` | the event's arrow as the graph has it, after its time and at once beside timers; what it takes over is news besides |
//! | a message that keeps the promise | what is said with the R with which that is still true ([`super::truth`]) |
//! | STOP | an input after which the promise is void |
//! | a limit that may refuse an arrow | the arrow is not sure to lead away |

use std::collections::BTreeMap;
use std::sync::Arc;

use journey_spec::program::{Action, Arrow, Branch, Cond, Expr, Journey, Then, Trigger};
use petgraph::graph::{EdgeIndex, NodeIndex};

use super::Case;
use super::clock::Clock;
use super::precondition::{Does, EVER, Input, Instant, Mode, NEVER, Place, Ranges, Step, Wait, Way};
use super::truth::Truth;
use crate::graph::{Edge, Graph, Kind, Sent, hears, same_input};
use crate::spans::Node;

/// The tag of what no edge stands for: the host moves T.
pub(super) const HOST: usize = usize::MAX;

/// Whether a send keeps or withdraws the promise of this name.
pub(super) fn discharges(sent: &Sent, name: &str) -> bool {
    sent.send.keeping.as_deref() == Some(name) || sent.send.withdrawing.as_deref() == Some(name)
}

/// Every node of the graph, in its order.
pub(super) fn of(case: &Case<'_>, journey: &Journey, name: &str, clock: &Clock, truth: &Truth<'_>) -> Vec<Place> {
    let graph = case.graph;
    let build = Build { graph, journey, name, clock, truth };
    graph.nodes().map(|n| build.place(n)).collect()
}

/// With which R instances begin, place by place.
pub(super) fn begins(case: &Case<'_>, journey: &Journey, clock: &Clock) -> Vec<(usize, Ranges)> {
    let graph = case.graph;
    let with = |begin: &crate::graph::Begin| {
        let Node::Start(_, i) = begin.node else { return Ranges::all() };
        let Some(start) = journey.starts.get(i) else { return Ranges::all() };
        let sets = graph.place(begin.to).and_then(|p| journey.states.get(p.state?.index()));
        let moved = sets.is_some_and(|s| crate::graph::sets(&s.entry).iter().any(|path| clock.is_moved_by(path)));
        if moved || clock.is_the_hosts() || !start.take.iter().any(|field| clock.is_of(field)) {
            return Ranges::all();
        }
        let above = journey.starts.iter().take(i).filter(|s| s.event == start.event && s.take == start.take);
        let own = start.when.as_ref().map_or_else(Ranges::all, |c| clock.asked(c).0);
        above.fold(own, |left, s| left.and(&s.when.as_ref().map_or_else(Ranges::none, |c| clock.asked(c).1)))
    };
    graph.begins.iter().map(|b| (b.to.index(), with(b))).collect()
}

/// Whether two arrows hear the same event and their conditions are asked of the same data.
fn hear_alike(above: &Arrow, arrow: &Arrow) -> bool {
    match (&above.on, &arrow.on) {
        (Trigger::Event { take: a, .. }, Trigger::Event { take: b, .. }) => a == b && same_input(&above.on, &arrow.on),
        _ => false,
    }
}

struct Build<'a> {
    graph: &'a Graph,
    journey: &'a Journey,
    name: &'a str,
    clock: &'a Clock,
    truth: &'a Truth<'a>,
}

impl Build<'_> {
    fn place(&self, n: NodeIndex) -> Place {
        let graph = self.graph;
        let Some(here) = graph.place(n) else { return Place::default() };
        let mut place = Place {
            says: self.says(n, Mode::Entered, &here.sends),
            over: here.end,
            rests: here.rests,
            ..Place::default()
        };
        let edges: Vec<(EdgeIndex, NodeIndex, &Edge)> = graph.out(n).collect();
        let ways = self.ways(n);
        for (id, to, edge) in &edges {
            let on = match &edge.node {
                Node::Next(..) => Ranges::all(),
                Node::Way(_, _, i) => ways.get(*i).cloned().unwrap_or_else(Ranges::all),
                _ => continue,
            };
            if edge.kind == Kind::Urgent {
                place.ways.push(Way { step: self.step(*id, *to, edge), on });
            }
        }
        if !here.rests {
            return place;
        }
        let Some(state) = here.state else { return place };
        let heard = hears(self.journey, graph.journey, state);
        let mut by_node: BTreeMap<&Node, Vec<(EdgeIndex, NodeIndex, &Edge)>> = BTreeMap::new();
        for edge in &edges {
            by_node.entry(&edge.2.node).or_default().push(*edge);
        }
        // Arrows whose conditions leave something of their event to those below.
        let mut above: Vec<(&Arrow, Ranges)> = Vec::new();
        for (node, arrow) in &heard {
            let own = by_node.remove(node).unwrap_or_default();
            let of_arrow = |kinds: &[Kind]| -> Vec<Step> {
                let own = own.iter().filter(|(_, _, e)| !e.stay && kinds.contains(&e.kind));
                own.map(|(id, to, e)| self.step(*id, *to, e)).collect()
            };
            let (may, must) = self.guard(arrow.when.as_ref());
            match &arrow.on {
                Trigger::At { at, if_past } => {
                    let known = self.clock.before(at);
                    let (first, last) = known.unwrap_or((NEVER, EVER));
                    place.instants.push(Instant {
                        first,
                        last,
                        may,
                        must: if known.is_some() { must } else { Ranges::none() },
                        then: self.does(&arrow.then, n, of_arrow(&[Kind::At])),
                        past: self.does(if_past, n, of_arrow(&[Kind::Urgent])),
                    });
                }
                Trigger::After(_) | Trigger::AfterDays { .. } => {
                    let Some((_, _, edge)) = own.iter().find(|(_, _, e)| e.kind == Kind::After) else { continue };
                    let lo = edge.lo.max(1);
                    let (hi, must) = (edge.deadline.unwrap_or(lo).max(lo), arrow.when.is_none());
                    let does = match self.does(&arrow.then, n, of_arrow(&[Kind::After])) {
                        // With less time left it would come too late anyway.
                        Does::Says(on) if on.holds(&Ranges::between(self.clock.due, NEVER)) => {
                            Does::Says(Ranges::all())
                        }
                        Does::Says(_) => Does::Nothing,
                        does => does,
                    };
                    if does != Does::Nothing {
                        place.waits.push(Wait { lo, hi, may, must, does });
                    }
                }
                _ => {
                    let left = above.iter().filter(|(a, _)| hear_alike(a, arrow)).fold(may, |left, (_, r)| left.and(r));
                    for edge in own {
                        self.input(&mut place, edge, &left);
                    }
                    let leaves = arrow.when.as_ref().map(|cond| self.clock.asked(cond).1);
                    above.extend(leaves.filter(|r| !r.is_all()).map(|r| (*arrow, r)));
                }
            }
        }
        for edge in by_node.into_values().flatten().filter(|(_, _, e)| e.kind != Kind::Urgent) {
            self.input(&mut place, edge, &Ranges::all());
        }
        self.failed_calls(&mut place, &edges);
        self.sets_while_it_stays(&mut place, &edges);
        if self.clock.is_the_hosts() {
            place.news.push((Ranges::all(), Step { to: n.index(), tag: HOST, sets: false }));
        }
        place
    }

    fn step(&self, id: EdgeIndex, to: NodeIndex, edge: &Edge) -> Step {
        let sets = edge.sets.iter().any(|path| self.clock.is_moved_by(path));
        Step { to: to.index(), tag: id.index(), sets }
    }

    /// With which R a condition may hold, and has to.
    fn guard(&self, when: Option<&Cond>) -> (Ranges, Ranges) {
        match when {
            None => (Ranges::all(), Ranges::all()),
            Some(cond) => {
                let (holds, fails) = self.clock.asked(cond);
                (holds, fails.other())
            }
        }
    }

    /// With which R each way of a `choose` may be taken: those above it are asked first.
    fn ways(&self, n: NodeIndex) -> Vec<Ranges> {
        let state = self.graph.place(n).and_then(|p| self.journey.states.get(p.state?.index()));
        let Some(Branch::When(ways)) = state.and_then(|s| s.branch.as_ref()) else { return Vec::new() };
        let mut left = Ranges::all();
        let taken = ways.iter().map(|(cond, _)| match cond {
            Some(cond) => {
                let (holds, fails) = self.clock.asked(cond);
                let own = holds.and(&left);
                left = left.and(&fails);
                own
            }
            None => left.clone(),
        });
        taken.collect()
    }

    /// With which R one of these messages leaves and keeps or withdraws the promise.
    fn says<'s>(&self, n: NodeIndex, mode: Mode, sends: impl IntoIterator<Item = &'s Sent>) -> Ranges {
        let mut on = Ranges::none();
        for sent in sends.into_iter().filter(|sent| discharges(sent, self.name)) {
            on.join(&self.truth.with(self.clock, n, mode, sent));
        }
        on
    }

    fn does(&self, then: &Then, n: NodeIndex, steps: Vec<Step>) -> Does {
        let actions = match then {
            Then::Goto(to) => return Does::Goes { steps, surely: !self.graph.refusable(*to) },
            Then::Stay(actions) => actions,
        };
        let Some(state) = self.graph.place(n).and_then(|p| p.state) else { return Does::Nothing };
        let node = Node::State(self.graph.journey, state);
        // What the same `stay` sets may move the end of what it sends.
        let sets = crate::graph::sets(actions);
        let moved = |end: &Expr| sets.iter().any(|path| Clock::of(end).is_moved_by(path));
        let sends = actions.iter().filter_map(|action| match action {
            Action::Send(send) => Some(Sent { send: Arc::clone(send), node: node.clone() }),
            _ => None,
        });
        let sends: Vec<Sent> = sends.filter(|sent| !self.truth.end(sent).is_some_and(moved)).collect();
        let on = self.says(n, Mode::Lasts, &sends);
        if on.is_none() { Does::Nothing } else { Does::Says(on) }
    }

    fn input(&self, place: &mut Place, (id, to, edge): (EdgeIndex, NodeIndex, &Edge), on: &Ranges) {
        let moves = edge.takes.iter().any(|field| self.clock.is_of(field));
        if edge.stay {
            if moves {
                place.news.push((on.clone(), self.step(id, to, edge)));
            }
            return;
        }
        let settles = edge.settle.unwrap_or(0);
        // The condition is asked when the event comes, and the arrow is taken up to so much later.
        let asked = on.early_by(settles);
        place.inputs.push(Input {
            steps: vec![self.step(id, to, edge)],
            lo: edge.lo,
            on: if moves { Ranges::all() } else { asked.clone() },
            moves: moves.then_some(asked),
            due: edge.settle.is_some() || edge.kind == Kind::Outcome,
            voids: edge.kind == Kind::OptOut,
        });
    }

    /// A call that nobody answers has failed at its deadline.
    fn failed_calls(&self, place: &mut Place, edges: &[(EdgeIndex, NodeIndex, &Edge)]) {
        let failed = |e: &Edge| e.kind == Kind::Outcome && e.forced;
        let own = || edges.iter().filter(|(_, _, e)| failed(e));
        let Some(hi) = own().filter_map(|(_, _, e)| e.deadline).min() else { return };
        let steps = own().map(|(id, to, e)| self.step(*id, *to, e)).collect();
        let does = Does::Goes { steps, surely: true };
        place.waits.push(Wait { lo: 0, hi: hi.max(1), may: Ranges::all(), must: true, does });
    }

    /// What a state sets while it is stayed in moves T to who knows where.
    fn sets_while_it_stays(&self, place: &mut Place, edges: &[(EdgeIndex, NodeIndex, &Edge)]) {
        for (id, to, edge) in edges.iter().filter(|(_, _, e)| e.stay) {
            let step = self.step(*id, *to, edge);
            if step.sets {
                place.news.push((Ranges::all(), Step { sets: false, ..step }));
            }
        }
    }
}
