//! Where each part of the compiled program stands in the sources, so that checks can point at it.
//!
//! Kept beside the program and not in it: a moved comment must not change a program's hash.

use std::collections::{BTreeMap, BTreeSet};

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

/// Where each node stands.
#[derive(Clone, Debug, Default)]
pub struct Spans(BTreeMap<Node, Span>);

impl Spans {
    /// Notes a place.
    pub fn set(&mut self, node: Node, span: Span) {
        self.0.insert(node, span);
    }

    /// The place; the first byte of the first file where none is noted.
    #[must_use]
    pub fn get(&self, node: &Node) -> Span {
        self.0.get(node).copied().unwrap_or_default()
    }

    /// The places of a program from which some journeys were taken out, so that the later ones have moved up.
    #[must_use]
    pub fn without(&self, journeys: &BTreeSet<JourneyId>) -> Spans {
        let moved = |id: JourneyId| {
            let before = journeys.range(..id).count();
            (!journeys.contains(&id)).then(|| JourneyId(id.0.saturating_sub(before as u32)))
        };
        let kept = self.0.iter().filter_map(|(node, span)| {
            let node = match node.clone() {
                Node::Journey(j) => Node::Journey(moved(j)?),
                Node::Limit(j, i) => Node::Limit(moved(j)?, i),
                Node::Goal(j, i) => Node::Goal(moved(j)?, i),
                Node::Start(j, i) => Node::Start(moved(j)?, i),
                Node::JourneyArrow(j, i) => Node::JourneyArrow(moved(j)?, i),
                Node::JourneyStay(j, i, k) => Node::JourneyStay(moved(j)?, i, k),
                Node::State(j, s) => Node::State(moved(j)?, s),
                Node::Entry(j, s, i) => Node::Entry(moved(j)?, s, i),
                Node::Next(j, s) => Node::Next(moved(j)?, s),
                Node::Way(j, s, i) => Node::Way(moved(j)?, s, i),
                Node::Arrow(j, s, i) => Node::Arrow(moved(j)?, s, i),
                Node::Stay(j, s, i, k) => Node::Stay(moved(j)?, s, i, k),
                Node::Outcome(j, s, name) => Node::Outcome(moved(j)?, s, name),
                shared => shared,
            };
            Some((node, *span))
        });
        Spans(kept.collect())
    }
}
