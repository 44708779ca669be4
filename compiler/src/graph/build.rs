//! From a compiled journey to its graph.

use std::collections::BTreeSet;
use std::sync::Arc;

use journey_spec::Program;
use journey_spec::program::{
    Action, Arrow, Branch, Channel, DAY, Expr, Fate, HOUR, Journey, JourneyId, LimitWhat, MINUTE, Message, Millis,
    Purpose, SECOND, Send, State, StateId, Then, Trigger, days_after,
};
use journey_spec::time::{spelled_days, spelled_duration};
use petgraph::graph::{DiGraph, NodeIndex};

use super::visited::{self, From, Visited};
use super::{Begin, Edge, Graph, Kind, Place, Sent, by_calendar, rings, split};
use crate::spans::Node;

/// The graph of a journey; none where the program has no such journey.
#[must_use]
pub fn of(program: &Program, id: JourneyId) -> Option<Graph> {
    let journey = program.journeys.get(id.index())?;
    let mut visited = Visited::anything(journey);
    let mut graph = drawn(program, journey, id, &visited);
    for _ in 0..if visited.is_idle() { 0 } else { visited::ROUNDS } {
        let known = Visited::by(&graph, journey);
        if known == visited {
            break;
        }
        visited = known;
        graph = drawn(program, journey, id, &visited);
    }
    graph.rings = rings::of(journey);
    Some(graph)
}

fn drawn(program: &Program, journey: &Journey, id: JourneyId, visited: &Visited) -> Graph {
    let mut limits_on = vec![Vec::new(); journey.states.len()];
    for (i, limit) in journey.limits.iter().enumerate() {
        if let LimitWhat::Visits(state) = limit.what
            && let Some(on) = limits_on.get_mut(state.index())
        {
            on.push(i);
        }
    }
    let mut g = DiGraph::new();
    for ((state, number), on) in journey.states.iter().zip(0..).zip(&limits_on) {
        let state_id = StateId(number);
        g.add_node(Place {
            state: Some(state_id),
            name: state.name.to_string(),
            end: state.end.is_some(),
            rests: false,
            sends: sends(&state.entry, |i| Node::Entry(id, state_id, i)),
            hands_off: state.entry.iter().any(|a| matches!(a, Action::Handoff(_))),
            capped: !on.is_empty(),
        });
    }
    let over = g.add_node(Place {
        state: None,
        name: "the end".into(),
        end: true,
        rests: false,
        sends: Vec::new(),
        hands_off: false,
        capped: false,
    });
    let graph = Graph {
        journey: id,
        name: journey.name.to_string(),
        begins: Vec::new(),
        over,
        rings: Vec::new(),
        refuses: Vec::new(),
        limits: journey.limits.clone(),
        g,
    };
    let mut build = Build { program, journey, id, visited, limits_on, graph };
    build.draw();
    build.graph
}

/// What a state listens to: its own arrows, and the journey's that hold in it.
pub(crate) fn hears(journey: &Journey, id: JourneyId, state: StateId) -> Vec<(Node, &Arrow)> {
    let Some(here) = journey.states.get(state.index()) else { return Vec::new() };
    if here.end.is_some() {
        return Vec::new();
    }
    let own = here.arrows.iter().enumerate().map(|(i, a)| (Node::Arrow(id, state, i), a));
    let shared = journey
        .arrows
        .iter()
        .enumerate()
        .filter(|(_, a)| a.then != Then::Goto(state) && !here.arrows.iter().any(|own| goes_before(own, a)));
    own.chain(shared.map(|(i, a)| (Node::JourneyArrow(id, i), a))).collect()
}

/// Whether a state's arrow leaves nothing of its input to the journey's: one that is guarded may.
#[must_use]
pub fn goes_before(own: &Arrow, shared: &Arrow) -> bool {
    own.when.is_none() && same_input(&own.on, &shared.on)
}

/// Whether two arrows listen to the same input, so that the state's goes before the journey's.
#[must_use]
pub fn same_input(a: &Trigger, b: &Trigger) -> bool {
    match (a, b) {
        (Trigger::Event { event: a, .. }, Trigger::Event { event: b, .. }) => a == b,
        (Trigger::Reply(a), Trigger::Reply(b)) => a == b,
        (Trigger::HandoffClosed, Trigger::HandoffClosed)
        | (Trigger::Blocked, Trigger::Blocked)
        | (Trigger::Failed, Trigger::Failed)
        | (Trigger::OptOut, Trigger::OptOut) => true,
        // Timers are never the same input: both run.
        _ => false,
    }
}

/// The channels on which a send may leave.
pub(crate) fn channels(message: &Message, send: &Send) -> Vec<Channel> {
    let has = message.variants.iter().map(|v| v.channel);
    match send.via.is_empty() {
        true => has.collect(),
        false => has.filter(|c| send.via.contains(c)).collect(),
    }
}

/// Whether a limit counts a message of this purpose on this channel.
pub(crate) fn counts(what: LimitWhat, on: Channel, for_purpose: Purpose) -> bool {
    match what {
        LimitWhat::Messages { channel, purpose } => {
            channel.is_none_or(|c| c == on) && purpose.is_none_or(|p| p == for_purpose)
        }
        _ => false,
    }
}

pub(super) fn sends(actions: &[Action], node: impl Fn(usize) -> Node) -> Vec<Sent> {
    actions
        .iter()
        .enumerate()
        .filter_map(|(i, a)| match a {
            Action::Send(send) => Some(Sent { send: Arc::clone(send), node: node(i) }),
            _ => None,
        })
        .collect()
}

/// An instant as it is written.
#[must_use]
pub fn spelled(expr: &Expr) -> String {
    let moved =
        |base: &Expr, back: bool, by: String| format!("{} {} {by}", spelled(base), if back { '-' } else { '+' });
    match expr {
        Expr::Literal(_) => "a fixed instant".into(),
        Expr::Now => "now".into(),
        Expr::Path(path) => path.join("."),
        Expr::Offset { base, by: 0 } => spelled(base),
        Expr::Offset { base, by } => moved(base, *by < 0, in_one_unit(by.saturating_abs())),
        Expr::Calendar { base, days, minute } => moved(base, *days <= 0, spelled_days(days.unsigned_abs(), *minute)),
    }
}

/// `145m`: a duration as the language has it, which knows no `2h 25m`.
fn in_one_unit(by: Millis) -> String {
    let spelled = spelled_duration(by);
    if !spelled.contains(' ') {
        return spelled;
    }
    let units = [(HOUR, "h"), (MINUTE, "m"), (SECOND, "s"), (1, "ms")];
    let fits = units.into_iter().find(|(unit, _)| by % unit == 0);
    fits.map_or(spelled, |(unit, name)| format!("{}{name}", by / unit))
}

/// The shortest and the longest that `after 1 day at 09:00` can take, in milliseconds; where no zone is known, a day
/// more is waited out.
fn wait(days: u32, minute: u16) -> (Millis, Millis) {
    let whole = i32::try_from(days).unwrap_or(i32::MAX);
    let (soonest, latest) = days_after(whole, Some(minute));
    (soonest.max(1), latest.max(Millis::from(days).saturating_add(1).saturating_mul(DAY)))
}

/// Where an arrow into a state may come out, once its limits have been asked.
struct Arrivals {
    /// The node and the limits that redirected there.
    at: Vec<(NodeIndex, Vec<usize>)>,
    /// Whether a limit may refuse the entry, so that the instance stays where it was.
    refusable: bool,
}

pub(super) struct Build<'p> {
    pub(super) program: &'p Program,
    pub(super) journey: &'p Journey,
    pub(super) id: JourneyId,
    visited: &'p Visited,
    /// For each state, the limits on its visits.
    limits_on: Vec<Vec<usize>>,
    pub(super) graph: Graph,
}

impl Build<'_> {
    fn draw(&mut self) {
        self.graph.refuses = (0..)
            .zip(&self.journey.states)
            .map(|(number, _)| self.refusable(From::Anywhere, StateId(number)))
            .collect();
        for (state, number) in self.journey.states.iter().zip(0..) {
            let from = From::At(NodeIndex::new(number));
            let refusable = next(state).iter().any(|(_, _, to)| self.refusable(from, *to));
            let rests = state.end.is_none() && (!leads_on(state) || refusable);
            if let Some(place) = self.graph.g.node_weight_mut(NodeIndex::new(number)) {
                place.rests = rests;
            }
        }
        self.begin();
        for (state, number) in self.journey.states.iter().zip(0..) {
            self.urgent(StateId(number), state);
        }
        let resting = self.resting_sends();
        for (state, number) in self.journey.states.iter().zip(0..) {
            let state_id = StateId(number);
            if self.graph.rests(self.graph.at(state_id)) {
                self.waits(state_id, state);
                self.undelivered(state_id, resting.get(number as usize).map_or(&[], Vec::as_slice));
            }
        }
    }

    /// Whether a limit may refuse an arrow from there into `to`.
    fn refusable(&self, from: From, to: StateId) -> bool {
        self.arrivals(from, to).refusable
    }

    /// All places where an arrow from there into `to` may come out.
    fn arrivals(&self, from: From, to: StateId) -> Arrivals {
        let mut arrivals = Arrivals { at: Vec::new(), refusable: false };
        let mut seen = BTreeSet::new();
        let mut open = vec![(to, Vec::new())];
        let mut ends = false;
        while let Some((state, chain)) = open.pop() {
            if !seen.insert(state) {
                continue;
            }
            arrivals.at.push((self.graph.at(state), chain.clone()));
            let limits = self.limits_on.get(state.index()).map_or(&[][..], Vec::as_slice);
            for i in limits.iter().copied().filter(|i| self.visited.may_act(*i, from)) {
                let Some(limit) = self.journey.limits.get(i) else { continue };
                let mut longer = chain.clone();
                longer.push(i);
                match &limit.fate {
                    Fate::Goto(next) => open.push((*next, longer)),
                    Fate::End if !ends => {
                        ends = true;
                        arrivals.at.push((self.graph.over, longer));
                    }
                    Fate::End => {}
                    _ => arrivals.refusable = true,
                }
            }
        }
        arrivals
    }

    fn begin(&mut self) {
        for (i, start) in self.journey.starts.iter().enumerate() {
            let word = self.event(start.event);
            let mut targets = vec![start.to];
            targets.extend(self.journey.limits.iter().filter_map(|l| match (l.what, &l.fate) {
                (LimitWhat::Starts | LimitWhat::Live, Fate::Goto(to)) => Some(*to),
                _ => None,
            }));
            for to in targets {
                for (to, redirected) in self.arrivals(From::Start, to).at {
                    let node = Node::Start(self.id, i);
                    self.graph.begins.push(Begin { to, word: word.clone(), node, redirected });
                }
            }
        }
    }

    fn event(&self, event: journey_spec::program::EventId) -> String {
        self.program.events.get(event.index()).map_or_else(String::new, |e| e.name.to_string())
    }

    /// An edge for every place where the arrow may come out.
    pub(super) fn go(&mut self, from: NodeIndex, to: StateId, edge: &Edge) {
        let arrivals = self.arrivals(From::At(from), to);
        for (to, redirected) in arrivals.at {
            let forced = edge.forced && !arrivals.refusable;
            let entry = self.graph.place(to).and_then(|p| self.journey.states.get(p.state?.index()));
            let sets = entry.map(|state| sets(&state.entry)).unwrap_or_default();
            let (would_force, refusable) = (edge.would_force || edge.forced, arrivals.refusable);
            let edge = Edge { redirected, forced, sets, would_force, refusable, ..edge.clone() };
            self.graph.g.add_edge(from, to, edge);
        }
        if arrivals.refusable && !edge.takes.is_empty() {
            // The arrow may be refused and the data still be taken.
            self.graph.g.add_edge(from, from, Edge { stay: true, repeats: true, forced: false, ..edge.clone() });
        }
    }

    pub(super) fn edge(&self, kind: Kind, node: Node, word: impl Into<String>) -> Edge {
        Edge {
            kind,
            lo: 0,
            node,
            word: word.into(),
            stay: false,
            repeats: false,
            sends: Vec::new(),
            hands_off: false,
            takes: Vec::new(),
            sets: Vec::new(),
            instant: None,
            behind: None,
            is_past: false,
            forced: false,
            deadline: None,
            would_force: false,
            refusable: false,
            settle: None,
            guarded: false,
            event: None,
            intake: None,
            calendar: false,
            days: None,
            redirected: Vec::new(),
        }
    }

    /// `stay { … }`: an edge to itself.
    pub(super) fn stay(&mut self, at: NodeIndex, edge: Edge, actions: &[Action], repeats: bool) {
        let inner = edge.node.clone();
        let node = move |i| match inner {
            Node::Arrow(j, s, a) => Node::Stay(j, s, a, i),
            Node::JourneyArrow(j, a) => Node::JourneyStay(j, a, i),
            ref other => other.clone(),
        };
        let hands_off = actions.iter().any(|a| matches!(a, Action::Handoff(_)));
        let sends = sends(actions, node);
        let edge = Edge { stay: true, repeats, sends, sets: sets(actions), hands_off, forced: false, ..edge };
        self.graph.g.add_edge(at, at, edge);
    }

    fn urgent(&mut self, id: StateId, state: &State) {
        let from = self.graph.at(id);
        for (way, word, to) in next(state) {
            let node = way.map_or(Node::Next(self.id, id), |i| Node::Way(self.id, id, i));
            let edge = self.edge(Kind::Urgent, node, word);
            self.go(from, to, &edge);
        }
        if !self.graph.rests(from) {
            return;
        }
        for (node, arrow) in hears(self.journey, self.id, id) {
            if let Trigger::At { at, if_past: Then::Goto(to) } = &arrow.on {
                let word = format!("{} is already past", spelled(at));
                let is_past = arrow.when.is_none();
                let behind = (is_past && !by_calendar(at)).then(|| split(at));
                let edge = Edge { behind, is_past, ..self.edge(Kind::Urgent, node, word) };
                self.go(from, *to, &edge);
            }
        }
    }

    fn waits(&mut self, id: StateId, state: &State) {
        let at = self.graph.at(id);
        let heard = hears(self.journey, self.id, id);
        let timers = heard.iter().filter_map(|(_, a)| match a.on {
            Trigger::After(d) => Some(d.max(1)),
            Trigger::AfterDays { days, minute } => Some(wait(days, minute).0),
            _ => None,
        });
        // What cuts short what settles: an instant at any time, and a timer at its own, when no instant need be past.
        let instants = heard.iter().any(|(_, a)| matches!(a.on, Trigger::At { .. }));
        let cuts: Vec<Millis> = instants.then_some(0).into_iter().chain(timers.min()).collect();
        // One case a visit is closed once; where more can be opened, each is.
        let reopens = heard.iter().any(|(_, a)| cases(&a.then) > 0) || cases_of(&state.entry) > 1;
        for (node, arrow) in heard {
            let guarded = arrow.when.is_some();
            match &arrow.on {
                Trigger::Event { event, take, settle } => {
                    let word = self.event(*event);
                    let lo = settle.unwrap_or(0);
                    let edge = Edge {
                        takes: take.clone(),
                        settle: *settle,
                        event: Some(*event),
                        intake: self.program.events.get(event.index()).and_then(|e| e.intake),
                        lo,
                        guarded,
                        ..self.edge(Kind::Event, node, word)
                    };
                    match &arrow.then {
                        Then::Stay(actions) => self.stay(at, edge, actions, true),
                        Then::Goto(to) => {
                            self.go(at, *to, &edge);
                            if settle.is_some() {
                                // The data is taken at once, whether or not the arrow is taken in the end.
                                self.stay(at, Edge { lo: 0, ..edge.clone() }, &[], true);
                            }
                            for sooner in cuts.iter().filter(|sooner| **sooner < lo) {
                                let word = format!("{}, cut short by a timer", edge.word);
                                self.go(at, *to, &Edge { lo: *sooner, word, ..edge.clone() });
                            }
                        }
                    }
                }
                Trigger::Reply(name) => {
                    let word = name.as_ref().map_or_else(|| "any reply".into(), |n| format!("reply {n}"));
                    let edge = Edge { guarded, ..self.edge(Kind::Reply, node, word) };
                    self.plain(at, edge, &arrow.then, true);
                }
                Trigger::HandoffClosed => {
                    let edge = Edge { guarded, ..self.edge(Kind::Closed, node, "handoff.closed") };
                    self.plain(at, edge, &arrow.then, reopens);
                }
                Trigger::OptOut => {
                    let edge = Edge { guarded, ..self.edge(Kind::OptOut, node, "STOP") };
                    self.plain(at, edge, &arrow.then, true);
                }
                // Drawn with the messages that they are about.
                Trigger::Blocked | Trigger::Failed => {}
                Trigger::After(d) => {
                    let word = format!("after {}", spelled_duration(*d));
                    let goes = matches!(arrow.then, Then::Goto(_));
                    let forced = goes && !guarded;
                    let edge =
                        Edge { lo: *d, forced, would_force: !forced, guarded, ..self.edge(Kind::After, node, word) };
                    self.plain(at, edge, &arrow.then, false);
                }
                Trigger::AfterDays { days, minute } => {
                    let word = format!("after {}", spelled_days(*days, Some(*minute)));
                    let goes = matches!(arrow.then, Then::Goto(_));
                    let (lo, latest) = wait(*days, *minute);
                    let edge = Edge {
                        lo,
                        deadline: Some(latest),
                        days: Some(*days),
                        forced: goes && !guarded,
                        would_force: !goes || guarded,
                        guarded,
                        ..self.edge(Kind::After, node, word)
                    };
                    self.plain(at, edge, &arrow.then, false);
                }
                Trigger::At { at: instant, if_past } => {
                    self.instant(at, (node, guarded), instant, &arrow.then, if_past)
                }
            }
        }
        for action in &state.entry {
            let Action::Call(call) = action else { continue };
            let service = self.program.services.get(call.service.index()).map_or("call", |s| s.name.as_str());
            // An answer whose arrow a limit refuses ends the call all the same: then no `failed` comes.
            let lost = call.outcomes.values().any(|to| self.refusable(From::At(at), *to));
            let drawn: Vec<_> = call
                .outcomes
                .iter()
                .map(|(outcome, to)| {
                    let node = Node::Outcome(self.id, id, outcome.clone());
                    let failed = outcome == "failed";
                    let deadline = failed.then_some(call.within);
                    let (forced, would_force) = (failed && !lost, failed && lost);
                    (
                        *to,
                        Edge {
                            forced,
                            would_force,
                            deadline,
                            ..self.edge(Kind::Outcome, node, format!("{service} {outcome}"))
                        },
                    )
                })
                .collect();
            for (to, edge) in drawn {
                self.go(at, to, &edge);
            }
        }
    }

    pub(super) fn plain(&mut self, at: NodeIndex, edge: Edge, then: &Then, repeats: bool) {
        match then {
            Then::Goto(to) => self.go(at, *to, &edge),
            Then::Stay(actions) => self.stay(at, edge, actions, repeats),
        }
    }

    fn instant(&mut self, at: NodeIndex, (node, guarded): (Node, bool), instant: &Expr, then: &Then, if_past: &Then) {
        let written = spelled(instant);
        let leaves = |then: &Then| match then {
            Then::Goto(to) => !self.refusable(From::At(at), *to),
            Then::Stay(_) => false,
        };
        let forced = leaves(then) && leaves(if_past) && !guarded;
        let edge = Edge {
            instant: Some(split(instant)),
            calendar: by_calendar(instant),
            forced,
            would_force: !forced,
            guarded,
            ..self.edge(Kind::At, node.clone(), format!("at {written}"))
        };
        let past = Edge {
            instant: edge.instant.clone(),
            guarded,
            calendar: edge.calendar,
            ..self.edge(Kind::Past, node, format!("{written} turns out to be past"))
        };
        self.plain(at, edge, then, true);
        self.plain(at, past, if_past, true);
    }
}

/// Where a state leads at once: which way of its branch, in which words, and where to.
pub(crate) fn next(state: &State) -> Vec<(Option<usize>, String, StateId)> {
    let ways = state.branch.as_ref().map(Branch::ways).unwrap_or_default();
    let share = |word: String| match state.branch {
        Some(Branch::Split(_)) => format!("it is of the {word}"),
        _ => word,
    };
    let ways = ways.into_iter().enumerate().map(|(i, (word, to))| (Some(i), share(word), to));
    state.next.map(|to| (None, String::new(), to)).into_iter().chain(ways).collect()
}

/// Whether a state does not wait, but for what a limit refuses.
fn leads_on(state: &State) -> bool {
    state.next.is_some() || state.branch.is_some()
}

/// How many cases can be opened by this, what follows from blocked and failed messages included.
fn cases(then: &Then) -> usize {
    match then {
        Then::Stay(actions) => cases_of(actions),
        Then::Goto(_) => 0,
    }
}

fn cases_of(actions: &[Action]) -> usize {
    let of = |action: &Action| match action {
        Action::Handoff(_) => 1,
        Action::Send(send) => [&send.on_blocked, &send.on_failed].into_iter().flatten().map(cases).sum(),
        Action::Call(_) | Action::Set(_) => 0,
    };
    actions.iter().map(of).sum()
}

/// The data that actions set, what follows from blocked and failed messages included.
pub(crate) fn sets(actions: &[Action]) -> Vec<Vec<String>> {
    let of = |action: &Action| match action {
        Action::Set(set) => vec![set.path.clone()],
        Action::Send(send) => {
            let then = |then: &Then| match then {
                Then::Stay(actions) => sets(actions),
                Then::Goto(_) => Vec::new(),
            };
            [&send.on_blocked, &send.on_failed].into_iter().flatten().flat_map(then).collect()
        }
        Action::Handoff(_) | Action::Call(_) => Vec::new(),
    };
    actions.iter().flat_map(of).collect()
}
