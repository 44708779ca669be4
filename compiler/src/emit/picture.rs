//! A journey as a picture: what stands in it, and what leads where.

use std::collections::BTreeSet;

use journey_step::effect::Way;
use serde::{Deserialize, Serialize};

/// Most states that are drawn; a larger journey is told by `journeyc explain`.
pub const MOST_STATES: usize = 300;

/// One journey.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The journey's name.
    pub journey: String,
    /// Its doc comment, as one line.
    pub doc: String,
    /// What there is one instance for each of, such as `booking.id`, besides the customer.
    pub key: Option<String>,
    /// Where it is declared.
    pub at: Option<Place>,
    /// Whether all of it could be read; else states and arrows may be missing.
    pub whole: bool,
    /// Rules that hold for the journey as a whole: how often it starts, how many live, how much it sends.
    pub rules: Vec<Line>,
    /// Starts, what holds in every state, states and ends; states and ends in the order of the text.
    pub nodes: Vec<Node>,
    /// What leads from one to another.
    pub edges: Vec<Edge>,
}

/// A place in a source file, counted from 1; columns in characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub path: String,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// Something that stands in the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// `start:0`, `everywhere`, `state:waiting` (ends as well), `choice:waiting`, `over`: unique in its picture.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// Its name, as written: a state's, or the event's that starts the journey.
    pub name: String,
    /// What is done there, in order; then what it hears and stays; then what bounds it.
    pub lines: Vec<Line>,
    /// Where it stands in the text.
    pub at: Option<Place>,
    /// Whether a scenario came by; none where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<bool>,
    /// The parts of the journey that it shows, as the step function tells them.
    #[serde(skip)]
    pub ways: Vec<Way>,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// An event that starts the journey.
    Start,
    /// What holds in every state, unless the state says otherwise.
    Everywhere,
    /// A state that waits for something.
    Waiting,
    /// A state that is left as soon as it is entered.
    Passing,
    /// The point where a state's conditions, or a customer's share, decide where it goes on.
    Choice,
    /// An end, as hoped.
    Success,
    /// An end.
    Neutral,
    /// An end, not as hoped.
    Failure,
}

impl NodeKind {
    /// Whether the journey is over there.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, NodeKind::Success | NodeKind::Neutral | NodeKind::Failure)
    }

    /// Whether it is a state and no end.
    #[must_use]
    pub fn is_state(self) -> bool {
        matches!(self, NodeKind::Waiting | NodeKind::Passing)
    }
}

/// Something said in a node or of the whole journey.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What it is about.
    pub kind: LineKind,
    /// In words that are nearly those of the text.
    pub text: String,
    /// Where it stands in the text.
    pub at: Option<Place>,
    /// Whether a scenario came by; none where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<bool>,
    /// The parts of the journey that it shows, as the step function tells them.
    #[serde(skip)]
    pub ways: Vec<Way>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A message to the customer.
    Send,
    /// A promise made, kept or withdrawn by the message before it.
    Promise,
    /// The case goes to a person.
    Handoff,
    /// A service is asked.
    Call,
    /// Data is set.
    Set,
    /// Something is heard, and the state is not left.
    Stay,
    /// How often at most.
    Limit,
    /// Something that is measured.
    Goal,
    /// How much of what it sends can leave at most, as was proven.
    Bound,
}

/// An arrow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edge {
    /// The id of the node that it leaves.
    pub from: String,
    /// The id of the node that it reaches.
    pub to: String,
    /// What makes it happen.
    pub kind: EdgeKind,
    /// When it is taken, in words that are nearly those of the text; empty where it is taken at once.
    pub label: String,
    /// Where it stands in the text.
    pub at: Option<Place>,
    /// Whether a scenario took it; none where nobody has looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<bool>,
    /// The parts of the journey that it shows, as the step function tells them.
    #[serde(skip)]
    pub ways: Vec<Way>,
}

/// What makes an arrow happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// The journey begins.
    Start,
    /// Nothing: it is taken at once.
    Once,
    /// An event of the feed.
    Event,
    /// The customer wrote.
    Reply,
    /// The customer said STOP.
    OptOut,
    /// Time went by, or an instant came.
    Timer,
    /// An instant was already past.
    Past,
    /// A service answered, or did not.
    Outcome,
    /// A person closed the case.
    Closed,
    /// A message could not leave.
    Blocked,
    /// A message could not be delivered.
    Failed,
    /// A limit would have been passed.
    Limit,
    /// A condition held, or a share was drawn.
    Branch,
}

impl Picture {
    /// The node of this id, with its position.
    #[must_use]
    pub fn node(&self, id: &str) -> Option<(usize, &Node)> {
        self.nodes.iter().enumerate().find(|(_, n)| n.id == id)
    }

    /// Writes into a state what was proven of it.
    pub fn proven(&mut self, state: &str, text: String) {
        let id = format!("state:{state}");
        for node in self.nodes.iter_mut().filter(|n| n.id == id) {
            let text = text.clone();
            node.lines.push(Line { kind: LineKind::Bound, text, at: None, taken: None, ways: Vec::new() });
        }
    }

    /// Marks what scenarios came by and what none did. What is no part of the journey by itself, such as the frame of
    /// what holds in every state, stays unmarked.
    pub fn mark(&mut self, taken: &BTreeSet<Way>) {
        let seen = |ways: &[Way]| (!ways.is_empty()).then(|| ways.iter().any(|way| taken.contains(way)));
        for rule in &mut self.rules {
            rule.taken = seen(&rule.ways);
        }
        for node in &mut self.nodes {
            node.taken = seen(&node.ways);
            for line in &mut node.lines {
                line.taken = seen(&line.ways);
            }
        }
        for edge in &mut self.edges {
            edge.taken = seen(&edge.ways);
        }
    }

    /// Whether anything is marked, so that a legend has to say what the marks mean.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.nodes.iter().any(|n| n.taken.is_some()) || self.edges.iter().any(|e| e.taken.is_some())
    }

    /// Whether it has more states than are drawn.
    #[must_use]
    pub fn is_too_large(&self) -> bool {
        self.nodes.iter().filter(|n| n.kind.is_state()).count() > MOST_STATES
    }
}
