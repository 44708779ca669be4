//! The ledger: what left, what is counted, and whether one more message may leave. Nothing else decides that.
//!
//! Windows are half-open. A limit of `n` per `per` lets one more through at `t` iff fewer than `n` counted events lie in
//! `(t - per, t]`; what then left is at most `n` in every such window, and at most [`most_in_window`] in any longer one.
//! The checker's bounds rest on the very same convention.

mod consent;
mod judge;
mod quiet;
mod window;

pub(crate) use consent::{consent, remember};
pub(crate) use judge::{Ask, Verdict, charge, judge, prune};
pub use quiet::{all_quiet_end, is_quiet};
pub use window::{Left, Tally, frees_at, in_window, most_in_window};
