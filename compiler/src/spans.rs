//! Where each part of the compiled program stands in the sources, so that checks can point at it.
//!
//! Kept beside the program and not in it: a moved comment must not change a program's hash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use journey_spec::program::{EventId, HookId, JourneyId, MessageId, ServiceId, StateId};

use crate::source::Span;

/// A part of a program. Numbers are positions in the program's lists.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    /// An event's name.
    Event(EventId),
    /// A message's name.
    Message(MessageId),
    /// A message's text on a channel, by its position in [`journey_spec::program::Message::variants`].
    Variant(MessageId, usize),
    /// One of that text's translations, by its position there.
    Translation(MessageId, usize, usize),
    /// A message's `replies` entry.
    Reply(MessageId, usize),
    /// A message's `essential` line.
    Essential(MessageId),
    /// A service's name.
    Service(ServiceId),
    /// A hook's name.
    Hook(HookId),
    /// The policy's name.
    Policy,
    /// A limit of the policy.
    PolicyLimit(usize),
    /// A quiet-hours line of the policy.
    Quiet(usize),
    /// A line of the policy with a quiet time that an event begins.
    QuietAfter(usize),
    /// A journey's head, `journey appointment for customer per booking.id`.
    Journey(JourneyId),
    /// A limit of a journey.
    Limit(JourneyId, usize),
    /// A goal of a journey.
    Goal(JourneyId, usize),
    /// A start.
    Start(JourneyId, usize),
    /// An arrow that holds in every state: the whole line.
    JourneyArrow(JourneyId, usize),
    /// An action of such an arrow's `stay`.
    JourneyStay(JourneyId, usize, usize),
    /// A state's or end's name.
    State(JourneyId, StateId),
    /// An entry action: the whole.
    Entry(JourneyId, StateId, usize),
    /// A state's `-> S`, `choose` or `split`.
    Next(JourneyId, StateId),
    /// A way of a state's `choose` or `split`: the whole line.
    Way(JourneyId, StateId, usize),
    /// A state's arrow: the whole line.
    Arrow(JourneyId, StateId, usize),
    /// An action of such an arrow's `stay`.
    Stay(JourneyId, StateId, usize, usize),
    /// An outcome of a call.
    Outcome(JourneyId, StateId, String),
}

impl Node {
    /// The journey that it is a part of; none for what journeys share.
    #[must_use]
    pub fn journey(&self) -> Option<JourneyId> {
        match self {
            Node::Event(_)
            | Node::Message(_)
            | Node::Variant(..)
            | Node::Translation(..)
            | Node::Reply(..)
            | Node::Essential(_)
            | Node::Service(_)
            | Node::Hook(_)
            | Node::Policy
            | Node::PolicyLimit(_)
            | Node::Quiet(_)
            | Node::QuietAfter(_) => None,
            Node::Journey(j)
            | Node::Limit(j, _)
            | Node::Goal(j, _)
            | Node::Start(j, _)
            | Node::JourneyArrow(j, _)
            | Node::JourneyStay(j, ..)
            | Node::State(j, _)
            | Node::Entry(j, ..)
            | Node::Next(j, _)
            | Node::Way(j, ..)
            | Node::Arrow(j, ..)
            | Node::Stay(j, ..)
            | Node::Outcome(j, ..) => Some(*j),
        }
    }

    /// The same part of the same journey, where that has another position.
    fn moved(self, j: JourneyId) -> Node {
        match self {
            Node::Journey(_) => Node::Journey(j),
            Node::Limit(_, i) => Node::Limit(j, i),
            Node::Goal(_, i) => Node::Goal(j, i),
            Node::Start(_, i) => Node::Start(j, i),
            Node::JourneyArrow(_, i) => Node::JourneyArrow(j, i),
            Node::JourneyStay(_, i, k) => Node::JourneyStay(j, i, k),
            Node::State(_, s) => Node::State(j, s),
            Node::Entry(_, s, i) => Node::Entry(j, s, i),
            Node::Next(_, s) => Node::Next(j, s),
            Node::Way(_, s, i) => Node::Way(j, s, i),
            Node::Arrow(_, s, i) => Node::Arrow(j, s, i),
            Node::Stay(_, s, i, k) => Node::Stay(j, s, i, k),
            Node::Outcome(_, s, name) => Node::Outcome(j, s, name),
            shared => shared,
        }
    }
}

/// The places of some nodes.
type Places = BTreeMap<Node, Span>;

/// Where each node stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    shared: Places,
    /// Of each journey's own parts: those of one that has not changed are shared with what was known of it.
    own: BTreeMap<JourneyId, Arc<Places>>,
}

impl Spans {
    /// Notes a place.
    pub fn set(&mut self, node: Node, span: Span) {
        match node.journey() {
            None => self.shared.insert(node, span),
            Some(id) => Arc::make_mut(self.own.entry(id).or_default()).insert(node, span),
        };
    }

    /// The place; the first byte of the first file where none is noted.
    #[must_use]
    pub fn get(&self, node: &Node) -> Span {
        let places = match node.journey() {
            None => Some(&self.shared),
            Some(id) => self.own.get(&id).map(AsRef::as_ref),
        };
        places.and_then(|places| places.get(node)).copied().unwrap_or_default()
    }

    /// Notes all places that another has noted.
    pub(crate) fn extend(&mut self, other: Spans) {
        self.shared.extend(other.shared);
        for (id, places) in other.own {
            match self.own.get_mut(&id) {
                Some(known) => Arc::make_mut(known).extend(places.iter().map(|(node, span)| (node.clone(), *span))),
                None => _ = self.own.insert(id, places),
            }
        }
    }

    /// The places of what journeys share.
    pub(crate) fn without_journeys(&self) -> Spans {
        Spans { shared: self.shared.clone(), own: BTreeMap::new() }
    }

    /// Whether what journeys share stands where the other has it.
    pub(crate) fn shares_with(&self, other: &Spans) -> bool {
        self.shared == other.shared
    }

    /// Where a journey's parts stand, whatever its position is.
    pub(crate) fn of(&self, journey: JourneyId) -> Vec<Span> {
        self.own.get(&journey).map(|places| places.values().copied().collect()).unwrap_or_default()
    }

    /// The places of a program from which some journeys were taken out, so that the later ones have moved up.
    #[must_use]
    pub fn without(&self, journeys: &BTreeSet<JourneyId>) -> Spans {
        let kept = self.own.iter().filter(|(id, _)| !journeys.contains(id)).map(|(id, places)| {
            let before = journeys.range(..id).count();
            let now = JourneyId(id.0.saturating_sub(before as u32));
            let moved = || Arc::new(places.iter().map(|(node, span)| (node.clone().moved(now), *span)).collect());
            (now, if before == 0 { Arc::clone(places) } else { moved() })
        });
        Spans { shared: self.shared.clone(), own: kept.collect() }
    }
}
