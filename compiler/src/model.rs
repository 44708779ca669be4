//! How many messages one customer can get in any window of time: the question as pure graphs, and its algorithms.
//!
//! ```text
//! Model ──product──► Prepared ──weights──► Analysis ──► zero-time cycles, rate, bucket, alpha(W), whole life
//!                                             └──counts──► curve: what limiters let through of it
//! ```
//!
//! A [`Model`] is a digraph whose nodes send on entering and whose arrows take time. The most sends in any window of a
//! given length is the request-bound function of a digraph real-time task (Stigge, Ekberg, Guan, Yi: The Digraph Real-Time
//! Task Model, RTAS 2011), extended here by counters and by exits that are forced. Nothing in this module knows of the
//! language, so that the algorithms can be held against an exhaustive adversary on any graph (`compiler/tests/model.rs`).
//!
//! **What a run is.** An instance begins by entering one of [`Model::starts`] with all registers at 0. It stays in a node
//! for some time, then takes an arrow: one whose touches are all enabled, not sooner than [`Arrow::lo`], and not later than
//! the smallest [`Arrow::by`] of the arrows of that node that are enabled meanwhile. An arrow whose `lo` is greater than
//! that is dead. Registers change by arrows only. To enter a node sends [`Spot::weight`] messages at that instant.
//!
//! **What a window is.** `[t, t + W)`, half-open, as for the ledger. Only windows that begin as a sending node is entered
//! have to be asked for: any other has no more sends than that which begins with its first one.
//!
//! **Which answers are exact.** All of them, for the model, where [`Prepared::dropped`] is empty and no search was given up
//! ([`Analysis::alpha`]); otherwise they are upper bounds. What [`curve`] says of limiters is an upper bound always.

mod analysis;
mod bucket;
pub mod curve;
mod cycles;
mod flat;
mod howard;
mod life;
mod parts;
mod product;
mod rounds;
mod sweep;
#[cfg(test)]
mod tests;

pub use analysis::{Analysis, Prepared};
use journey_spec::program::Millis;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};

/// What is asked about.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Nodes that send, and arrows that take time.
    pub graph: DiGraph<Spot, Arrow>,
    /// Where an instance begins, with all registers at 0.
    pub starts: Vec<NodeIndex>,
    /// What is counted on the way; an arrow's touches name them by their position.
    pub registers: Vec<Register>,
}

/// A node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// How many messages are sent on entering.
    pub weight: u32,
    /// Whether a window may begin here, registers at 0, whether or not a start leads here. Normally not.
    pub opens: bool,
}

/// An arrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrow {
    /// The least time since its source was entered, in milliseconds; less than 0 is 0.
    pub lo: Millis,
    /// For a forced exit: as long as the arrow is enabled its source is left, by whichever arrow, at the latest so many
    /// milliseconds after it was entered.
    pub by: Option<Millis>,
    /// What it asks of registers and does to them; it can be taken only where all of them are enabled.
    pub touches: Vec<Touch>,
    /// It is taken only before the window begins: a window may begin with the node that it leads to, at any later time.
    pub before: bool,
    /// The caller's own; not looked at.
    pub tag: usize,
}

/// A number from 0 to `top` that arrows ask for and change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// The greatest value; what is added beyond it is lost.
    pub top: u32,
    /// Whether it counts only within the window, instead of as long as the instance lives.
    ///
    /// Before the window begins nothing is known of it: an arrow that asks for it may be enabled or not, so it can be
    /// taken and forces nothing. As the window begins it is 0, and the arrow that enters the first node of the window, at
    /// that very instant, already does to it what it does; that arrow's guard is not asked.
    pub fresh: bool,
}

/// What an arrow has to do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Which of [`Model::registers`].
    pub register: usize,
    /// It is enabled where the value is this or greater,
    pub least: u32,
    /// and this or less.
    pub most: u32,
    /// What becomes of the value when the arrow is taken.
    pub then: Then,
}

/// What becomes of a register's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    Keep,
    /// One more, but never more than the register's `top`.
    Add,
    /// This, but never more than the register's `top`.
    Set(u32),
}

/// How much may be spent on registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many nodes, each with its registers' values, may be told apart. Where there are more, registers are dropped
    /// until there are not; nodes by themselves are never too many. More than 2^22 count as that.
    pub nodes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { nodes: 1_000_000 }
    }
}

/// How an instance gets to a node, by as few arrows as possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// Where it begins.
    pub start: NodeIndex,
    /// The arrows, in order; the times at which they are taken are any that they allow.
    pub arrows: Vec<EdgeIndex>,
}

/// A run with as many sends in a window as there can be: the witness of a bound. Where it has very many arrows, or the search
/// for it was given up, not all of them are told, and then `count` is more than the sends of `steps`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The sends from the first node on, that one's included.
    pub count: u64,
    /// What went before.
    pub prefix: Prefix,
    /// The node with whose entering the window begins.
    pub first: NodeIndex,
    /// The arrows within the window, each with the time at which it is taken, in milliseconds since the window began. Of a
    /// run of more than 65,536 arrows some rounds of its cycle may be left out, in one place; `count` has them all.
    pub steps: Vec<(EdgeIndex, Millis)>,
}

/// A way round that sends, and that can be gone again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// How an instance gets there; where registers are fresh, to the first node of a window that comes there.
    pub prefix: Prefix,
    /// Where registers are fresh: the arrows within the window, up to the cycle.
    pub lead: Vec<EdgeIndex>,
    /// The node where it begins and ends.
    pub at: NodeIndex,
    /// Its arrows, in order.
    pub arrows: Vec<EdgeIndex>,
    /// The sends of one round.
    pub sends: u64,
    /// The least time of one round, in milliseconds; 0 where all its arrows are taken at one instant.
    pub period: Millis,
}

/// The most sends that there can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alpha {
    /// Any number: this cycle sends.
    Unbounded(Cycle),
    /// As many as this run counts, and no more.
    AtMost(Run),
    /// None: nothing that can be reached sends, or the window is empty.
    Silent,
}

impl Alpha {
    /// How many; none where there is no bound.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Alpha::Unbounded(_) => None,
            Alpha::AtMost(run) => Some(run.count),
            Alpha::Silent => Some(0),
        }
    }
}

/// The long-run rate: `sends / period` is the most sends a millisecond that a run can keep up for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The cycle that attains it.
    pub cycle: Cycle,
}
