//! A journey as a directed graph: nodes are states that send, edges are arrows that take time.
//!
//! What each kind of arrow becomes, so that no bound or promise profits from what may not happen:
//!
//! | in the language | edge | kind |
//! |---|---|---|
//! | `-> S`, each way of `choose` and `split` | at once, forced | [`Kind::Urgent`] |
//! | `at … if past -> S`, on entry | at once, or not | [`Kind::Urgent`] |
//! | `if past -> S` when data moves or a timer is late | free, once a value | [`Kind::Past`] |
//! | `on blocked`, a send's own, a message limit's `-> S` or `end` | free at once, never forced, no outside cause | [`Kind::Blocked`] |
//! | `on failed`, a send's own | the same | [`Kind::Failed`] |
//! | a call's outcome | free at once; `failed` is forced at the deadline, unless a limit may refuse an outcome | [`Kind::Outcome`] |
//! | data that a message's `fresh` asks for | free at once, stays, takes the datum | [`Kind::Outcome`] |
//! | `on reply` | free at once | [`Kind::Reply`] |
//! | `on EVENT` | free, after `lo`: 0, or the settle's time | [`Kind::Event`] |
//! | `on EVENT settle d` beside timers | one more, after the soonest `after` that cuts it short; one at once beside an `at` | [`Kind::Event`] |
//! | `on handoff.closed`, `on opt out` | free at once; the first only where the visit opened a case | [`Kind::Closed`], [`Kind::OptOut`] |
//! | `after d` | exactly after `d`, forced | [`Kind::After`] |
//! | `after 1 day at 09:00` | between the shortest and the longest such wait, forced | [`Kind::After`] |
//! | `at T` | when T comes, once for each value of T, forced | [`Kind::At`] |
//!
//! An arrow with `when` has the same edge, never forced: it may be taken or not, and leaves its input to those below it
//! and to the journey's.
//!
//! An edge into a state with `limit visits … else -> R` has a twin into R, of the same kind, and so on along a chain of
//! redirects; `else end` leads to a node of its own, [`Graph::over`]; `else skip` and `else handoff` make the edge
//! refusable, hence never forced. Where no run can have visited the counted state yet, neither is drawn
//! (`visited.rs`). `stay { … }` is an edge to itself that carries its messages and leaves the state's
//! clock alone. Arrows of the journey stand in every state but their target and the ends, unless the state has its own
//! for the same input.

mod build;
mod rings;
mod search;
mod undelivered;
mod visited;

pub(crate) use build::{channels, counts, hears, sets};
pub use build::{goes_before, of, same_input, spelled};
use std::sync::Arc;

use journey_spec::program::{
    DAY, EventId, Expr, JourneyId, Limit, LimitWhat, Millis, Quota, Send, Set, StateId, days_after,
};
use petgraph::Direction;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;
pub use search::Paths;

use crate::spans::Node;

/// What has to happen for an edge to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Nothing: it is taken within the step.
    Urgent,
    /// A message of the visit will not leave.
    Blocked,
    /// A channel could not deliver a message of the visit.
    Failed,
    /// A service answered, or did not.
    Outcome,
    /// The customer wrote.
    Reply,
    /// The feed brought an event.
    Event,
    /// A person closed the case that the visit opened.
    Closed,
    /// The customer said STOP.
    OptOut,
    /// An instant turned out to be past, after data moved or because a timer was late.
    Past,
    /// An instant came.
    At,
    /// Time went by since the state was entered.
    After,
}

/// A state.
#[derive(Clone, Debug)]
pub struct Place {
    /// Which; none for the node in which limits with `else end` come to their end.
    pub state: Option<StateId>,
    /// Its name.
    pub name: String,
    /// Whether the instance is over here.
    pub end: bool,
    /// Whether an instance can come to rest here and wait.
    pub rests: bool,
    /// Messages that each entry sends, in order.
    pub sends: Vec<Sent>,
    /// Whether entering gives the case to a person.
    pub hands_off: bool,
    /// Whether a `limit visits` bounds how often it is entered.
    pub capped: bool,
}

/// A message at the place that sends it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// What is sent and how.
    pub send: Arc<Send>,
    /// Where it stands.
    pub node: Node,
}

/// An arrow, or one of the ways it can go.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What has to happen.
    pub kind: Kind,
    /// The soonest after entering the state, in milliseconds.
    pub lo: Millis,
    /// Where it stands.
    pub node: Node,
    /// What happens, in a story's words: `booking.rescheduled`, `reply book`, `after 12h`.
    pub word: String,
    /// Whether it stays in the state and leaves its clock alone.
    pub stay: bool,
    /// Whether a `stay` can happen any number of times in one visit.
    pub repeats: bool,
    /// Messages of a `stay`.
    pub sends: Vec<Sent>,
    /// Whether a `stay` gives the case to a person.
    pub hands_off: bool,
    /// Data that it takes over.
    pub takes: Vec<String>,
    /// Data that is set on the way: by its `stay`, or on entry of where it leads.
    pub sets: Vec<Vec<String>>,
    /// For an instant: the instant without its offset, and the offset in milliseconds.
    pub instant: Option<(Expr, Millis)>,
    /// For what is taken on entry because an instant is past, whatever a condition says: the instant as above.
    pub behind: Option<(Expr, Millis)>,
    /// Whether it is taken on entry because an instant is past, of whichever calendar, and whatever a condition says.
    pub is_past: bool,
    /// Whether it is taken at its time whatever else happens.
    pub forced: bool,
    /// For a call's `failed`, and for a wait of calendar days: how long after entering it is taken at the latest.
    pub deadline: Option<Millis>,
    /// A timer that leads out, but that a limit may refuse or that stays where its instant is past.
    pub would_force: bool,
    /// Whether a limit may refuse it, so that the instance stays where it was.
    pub refusable: bool,
    /// The `settle` of an event's arrow.
    pub settle: Option<Millis>,
    /// It has a condition, so it may be taken and may be not taken: never forced, and what follows may go by neither.
    pub guarded: bool,
    /// For an event's arrow: which event.
    pub event: Option<EventId>,
    /// For an event's arrow: how many of the event are taken in for one customer.
    pub intake: Option<Quota>,
    /// For an instant: whether it goes by the customer's calendar, so that news of the zone moves it.
    pub calendar: bool,
    /// For a wait of calendar days: how many.
    pub days: Option<u32>,
    /// Limits of the journey that redirected it, in order.
    pub redirected: Vec<usize>,
}

/// One way to begin.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Where.
    pub to: NodeIndex,
    /// By which event, in a story's words.
    pub word: String,
    /// Which start.
    pub node: Node,
    /// Limits on visits that redirected it, in order.
    pub redirected: Vec<usize>,
}

/// A journey's states and arrows.
#[derive(Debug)]
pub struct Graph {
    /// Which journey.
    pub journey: JourneyId,
    /// Its name.
    pub name: String,
    /// How instances begin.
    pub begins: Vec<Begin>,
    /// Where `else end` leads.
    pub over: NodeIndex,
    /// Rings of `limit visits … else -> R`, each as its limits in order.
    pub rings: Vec<Vec<usize>>,
    /// States that may refuse entry, by position.
    refuses: Vec<bool>,
    /// The journey's limits.
    limits: Vec<Limit>,
    g: DiGraph<Place, Edge>,
}

impl Edge {
    /// Whether it is taken so long after its state is entered, to the millisecond, or not at all.
    pub(crate) fn is_at_its_time(&self) -> bool {
        self.kind == Kind::After && self.deadline.is_none()
    }

    /// The time that the arrow takes on a round that goes on and on: a wait of calendar days is now shorter and now longer
    /// than they are.
    #[must_use]
    pub fn pace(&self) -> Millis {
        self.days.map_or(self.lo, |days| Millis::from(days).saturating_mul(DAY))
    }
}

impl Graph {
    /// Every node, the one for `else end` included.
    pub fn nodes(&self) -> impl Iterator<Item = NodeIndex> + use<> {
        self.g.node_indices()
    }

    /// Every edge with its ends.
    pub fn edges(&self) -> impl Iterator<Item = (EdgeIndex, NodeIndex, NodeIndex, &Edge)> {
        self.g.edge_references().map(|e| (e.id(), e.source(), e.target(), e.weight()))
    }

    /// The edges out of a node, with their targets, in the order in which they were drawn.
    pub fn out(&self, n: NodeIndex) -> impl Iterator<Item = (EdgeIndex, NodeIndex, &Edge)> {
        let mut all: Vec<_> =
            self.g.edges_directed(n, Direction::Outgoing).map(|e| (e.id(), e.target(), e.weight())).collect();
        all.sort_by_key(|(id, ..)| *id);
        all.into_iter()
    }

    /// The edges out of a node, where their order does not matter.
    pub(crate) fn unordered(&self, n: NodeIndex) -> impl Iterator<Item = &Edge> {
        self.g.edges_directed(n, Direction::Outgoing).map(|e| e.weight())
    }

    /// A node's state.
    #[must_use]
    pub fn place(&self, n: NodeIndex) -> Option<&Place> {
        self.g.node_weight(n)
    }

    /// An edge with its ends.
    #[must_use]
    pub fn edge(&self, e: EdgeIndex) -> Option<(NodeIndex, NodeIndex, &Edge)> {
        let (from, to) = self.g.edge_endpoints(e)?;
        Some((from, to, self.g.edge_weight(e)?))
    }

    /// The node of a state.
    #[must_use]
    pub fn at(&self, state: StateId) -> NodeIndex {
        NodeIndex::new(state.index())
    }

    /// A node's name.
    #[must_use]
    pub fn label(&self, n: NodeIndex) -> &str {
        self.place(n).map_or("", |p| p.name.as_str())
    }

    /// Where a node stands in the program.
    #[must_use]
    pub fn node_of(&self, n: NodeIndex) -> Node {
        match self.place(n).and_then(|p| p.state) {
            Some(state) => Node::State(self.journey, state),
            None => Node::Journey(self.journey),
        }
    }

    /// Whether an instance can come to rest there and wait.
    #[must_use]
    pub fn rests(&self, n: NodeIndex) -> bool {
        self.place(n).is_some_and(|p| p.rests)
    }

    /// Whether the instance is over there.
    #[must_use]
    pub fn ends(&self, n: NodeIndex) -> bool {
        self.place(n).is_some_and(|p| p.end)
    }

    /// Whether a `limit visits` bounds how often it is entered.
    #[must_use]
    pub fn capped(&self, n: NodeIndex) -> bool {
        self.place(n).is_some_and(|p| p.capped)
    }

    /// A limit of the journey.
    #[must_use]
    pub fn limit(&self, i: usize) -> Option<&Limit> {
        self.limits.get(i)
    }

    /// Whether a limit may refuse an arrow into this state from some other, so that the instance stays where it was.
    #[must_use]
    pub fn refusable(&self, state: StateId) -> bool {
        self.refuses.get(state.index()).copied().unwrap_or(false)
    }

    /// Whether something leads out of it whatever else happens.
    #[must_use]
    pub fn forced_out(&self, n: NodeIndex) -> bool {
        self.unordered(n).any(|e| e.forced)
    }

    /// Messages that one visit may send by itself: on entry, and by what a visit does at most once.
    pub fn visit_sends(&self, n: NodeIndex) -> impl Iterator<Item = &Sent> {
        let once = self.out(n).filter(|(_, _, e)| e.stay && (!e.repeats || e.instant.is_some()));
        self.place(n).into_iter().flat_map(|p| p.sends.iter()).chain(once.flat_map(|(_, _, e)| e.sends.iter()))
    }

    /// Every message that the journey can send, with the node at which it is sent.
    pub fn all_sends(&self) -> impl Iterator<Item = (NodeIndex, &Sent)> {
        let entries =
            self.nodes().flat_map(|n| self.place(n).into_iter().flat_map(move |p| p.sends.iter().map(move |s| (n, s))));
        let stays = self.edges().flat_map(|(_, from, _, e)| e.sends.iter().map(move |s| (from, s)));
        entries.chain(stays)
    }

    /// What messages set as they leave (`on sent`), each with its message and the node at which that is sent.
    pub fn set_as_they_leave(&self) -> impl Iterator<Item = (NodeIndex, &Sent, &Set)> {
        self.all_sends().flat_map(|(n, sent)| sent.send.on_sent.iter().map(move |set| (n, sent, set)))
    }
}

/// Whether a limit bounds the visits of a state.
#[must_use]
pub fn caps(what: LimitWhat, state: StateId) -> bool {
    what == LimitWhat::Visits(state)
}

/// The datum that an instant is computed from; none for a fixed one.
#[must_use]
pub fn datum(expr: &Expr) -> Option<&[String]> {
    match expr {
        Expr::Literal(_) | Expr::Now => None,
        Expr::Path(path) => Some(path),
        Expr::Offset { base, .. } | Expr::Calendar { base, .. } => datum(base),
    }
}

/// Whether the customer's calendar has a say in an instant.
#[must_use]
pub fn by_calendar(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) | Expr::Path(_) | Expr::Now => false,
        Expr::Offset { base, .. } => by_calendar(base),
        Expr::Calendar { .. } => true,
    }
}

/// The soonest and the latest that an instant can lie after its datum, in milliseconds.
pub(crate) fn reach(expr: &Expr) -> (Millis, Millis) {
    let (base, (soonest, latest)) = match expr {
        Expr::Literal(_) | Expr::Path(_) | Expr::Now => return (0, 0),
        Expr::Offset { base, by } => (base, (*by, *by)),
        Expr::Calendar { base, days, minute } => (base, days_after(*days, *minute)),
    };
    let inner = reach(base);
    (inner.0.saturating_add(soonest), inner.1.saturating_add(latest))
}

/// An instant without its offsets of elapsed time, and their sum in milliseconds.
#[must_use]
pub fn split(expr: &Expr) -> (Expr, Millis) {
    match expr {
        Expr::Offset { base, by } => {
            let (base, inner) = split(base);
            (base, inner.saturating_add(*by))
        }
        plain => (plain.clone(), 0),
    }
}
