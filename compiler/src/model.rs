//! The model whose bounds are computed: spots that send, arrows that take time, and registers that count.
//!
//! A digraph real-time task (Stigge, Ekberg, Guan, Yi, *The Digraph Real-Time Task Model*, RTAS 2011) with forced exits and
//! counters. A run stays at a spot for at least an arrow's `lo` before it takes the arrow, and no longer than the smallest
//! `by` of the arrows that it may take: so an arrow that needs longer than that is dead. The question is how many messages
//! a run can send in any half-open window `[t, t + W)`: its request-bound function, `α(W)`.
//!
//! ```text
//! Model ──product──► spots with the values of registers (Analysis)
//!     ──weigh──► zero cycles, long-run rate, bucket (Weighed) ──sweep──► α(W) with a run that attains it
//! ```
//!
//! Nothing here knows the language; [`crate::abstraction`] makes models of journeys.

mod bucket;
mod life;
mod product;
mod rate;
mod sweep;
mod zero;

use journey_spec::program::Millis;
use petgraph::graph::{DiGraph, EdgeIndex, NodeIndex};
pub use product::Analysis;
pub use rate::Rate;

/// A task whose runs are asked about.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// Spots and arrows.
    pub graph: DiGraph<Spot, Arrow>,
    /// Where a run begins, every register being 0.
    pub starts: Vec<NodeIndex>,
    /// What arrows ask and move.
    pub registers: Vec<Register>,
}

/// A place at which a run stays. What it sends on entry is given with each question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spot {
    /// A window begins here only where every run is asked for.
    pub kept: bool,
}

/// A way from one spot to another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrow {
    /// The least time at the spot before it is taken, in milliseconds.
    pub lo: Millis,
    /// Where it is taken whatever else happens: the spot is left by then, in milliseconds.
    pub by: Option<Millis>,
    /// What it asks of registers and does to them, each register once.
    pub touches: Vec<Touch>,
    /// Only before the window begins.
    pub before: bool,
    /// Left out where a run is asked for that is easily done, as [`Spot::kept`] is.
    pub odd: bool,
    /// What it stands for, for its maker.
    pub tag: usize,
}

/// A number from 0 on that arrows ask and move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// Its greatest value.
    pub top: u32,
    /// It counts only inside of the window: 0 when that begins, and asked by no arrow before. An arrow that it may hold
    /// back is never forced, since what it stands for may have been used up before.
    pub fresh: bool,
}

/// What an arrow asks of a register and does to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touch {
    /// Which, by position.
    pub register: usize,
    /// The least value at which the arrow may be taken.
    pub least: u32,
    /// The greatest.
    pub most: u32,
    /// What becomes of it.
    pub then: Then,
}

/// What becomes of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays as it is.
    Keep,
    /// One more, up to its top.
    Add,
    /// This value.
    Set(u32),
}

/// How large the product of spots and registers may become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Spots with the values of registers that a run can come to. Beyond it registers are dropped, the largest first, and
    /// with them what they held back: the answer is an upper bound then.
    pub nodes: usize,
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { nodes: 1_000_000 }
    }
}

/// The most that a run sends in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alpha {
    /// This run does, and none sends more.
    AtMost(Run),
    /// No number bounds it: this goes round and round.
    Unbounded(Cycle),
}

/// A run, and the window in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// How many it sends in the window.
    pub count: u64,
    /// The arrows from a start to where the window begins, taken as soon as they can be.
    pub prefix: Vec<EdgeIndex>,
    /// The spot whose entry is the window's first moment.
    pub first: NodeIndex,
    /// The arrows in the window, each with when it is taken, in milliseconds since the window began.
    pub steps: Vec<(EdgeIndex, Millis)>,
}

/// Arrows that lead back to where they begin, and send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cycle {
    /// In order.
    pub arrows: Vec<EdgeIndex>,
    /// How many messages one round sends.
    pub sends: u64,
    /// The least time of one round, in milliseconds.
    pub period: Millis,
}

/// What each spot sends, and what follows from that.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// By position in the product.
    weights: Vec<u32>,
    /// A cycle that sends and takes no time.
    burst: Option<Cycle>,
    rate: Rate,
    /// What may follow from each place above the rate, in parts of the rate's denominator.
    ahead: Vec<i128>,
}

/// The value at a position; nothing beyond the end.
fn at<T: Copy + Default>(list: &[T], i: u32) -> T {
    list.get(i as usize).copied().unwrap_or_default()
}
