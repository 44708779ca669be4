//! The ledger: what left, what is counted, and whether one more message may leave. Nothing else decides that.
//!
//! Rolling windows are half-open. A limit of `n` per `per` lets one more through at `t` iff fewer than `n` counted events
//! lie in `(t - per, t]`; what then left is at most `n` in every such window, and at most [`most_in_window`] in any longer
//! one. Windows of the calendar are the day, week or month that holds `t` in the customer's zone; in each zone where there
//! are several. Quiet times that an event begins have the rolling window. The checker's bounds rest on the very same
//! convention.

mod after;
mod consent;
mod judge;
mod places;
mod quiet;
mod window;

pub(crate) use after::begin as begin_quiet;
pub(crate) use consent::{consent, remember};
use judge::all_windows;
pub(crate) use judge::{Ask, Charged, Verdict, charge, charge_lasting, judge, prune, uncharge};
pub(crate) use places::{places, remember_zone, zones_of_profile};
pub use quiet::{all_quiet_end, is_quiet};
pub use window::{Left, Places, Tally, frees_at, in_window, most_in_window, most_within};
