//! The meaning of the Journey language.
//!
//! [`step`](fn@step) takes a compiled program, one customer's state, one input and the time, and gives the customer's next state and the
//! effects that a shell has to perform. It is pure: no clock, no randomness, no I/O. Whatever runs, tests or explores
//! journeys calls this one function; there is no second interpreter.
//!
//! [`ledger`] decides whether a message may leave, and nothing else does.

pub mod customer;
pub mod effect;
pub mod hooks;
pub mod input;
pub mod ledger;
pub mod orders;
mod sentence;
mod step;

/// Names in effects: short ones, as most are, take no memory of their own.
pub use compact_str::CompactString;
pub use customer::Customer;
pub use effect::{Effect, Entry, What};
pub use hooks::{Asker, HookAnswer, HookRecord, HookReply, HookRequest, Ran, Stepped, Verdict};
pub use input::Input;
pub use orders::{Orders, Scope};
pub use step::{step, step_asking, step_recorded, step_under};
