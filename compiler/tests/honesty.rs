//! Bounds held against what the shipped step and ledger really let leave.
//!
//! Small random journeys are written as text and compiled; an adversary brings about everything that can happen to a
//! customer, tick by tick, and counts what leaves: all there is to try, as far as a budget of steps goes, and from there at
//! random. No bound may ever be passed, of one instance in a window and in its whole life, of the customer, of all messages,
//! of each channel and of each purpose; and what is called exact has to have left in the day that shows it. How often a
//! bound is attained is told by `--nocapture`.
//!
//! | what happens | in which series |
//! |---|---|
//! | events, also twice and out of time, with data that move instants; `settle`, intake | most |
//! | timers, instants, `if past`; an engine that is away for some hours | all that have them |
//! | answers, closed cases, calls that are answered or not, receipts of failures, chains of what is blocked | answers and cases, calls, undelivered |
//! | an operator's pauses, quiet hours, limits of every fate, messages that are true for long | most |
//! | quiet times that an event begins, by key or for all, whoever hears it | left in peace |
//! | STOP by an answer and elsewhere, another number, `on opt out` | stop |
//! | addresses, consent, the preferred channel, conditions and instants of the customer's record | directory |
//! | another zone, several, a country, none | directory, calendar and moves, changes and moves |
//! | `per day`, `per week`, `after 1 day at 03:00`, instants of the calendar, around midnight | calendar |
//! | days on which the clock changes, by an hour or by half of one | changes of the clock |
//! | data that have to be fresh, and services that return others, none, or nothing | fresh data |
//! | hooks that say anything, or fail | hooks |
//! | `split`, `choose`, `when` | splits and choices, choices |
//! | `on sent set`, with conditions on what it sets | as it leaves |
//! | several instances, begun again, without a key; a limit that lets one begin elsewhere | several instances, begun again |
//! | two journeys of one customer under the limits of the house | several journeys |
//! | essential messages, limits on one purpose, consent | essential, purposes |
//! | journeys round the world under windows of the calendar, for weeks and months | `calendars.rs` |
//!
//! `laws.rs` asks what needs no adversary: a limit more or an arrow less never raises a bound, names change none, and windows
//! asked for together are bounded as each alone. `known.rs` keeps what was found, and `broken.rs` shows that an adversary
//! would notice. Not tried: journeys in which promises matter, since they send nothing by themselves.
//!
//! `JOURNEY_HONEST=10000` sets how many journeys of each series are tried (best with `--release`: a journey takes two or three
//! milliseconds of a core, and all cores are used), `JOURNEY_SEED` where they begin, `JOURNEY_SERIES` which series alone,
//! `JOURNEY_STEPS` how many steps the adversary may make for one journey. `tightness.rs` makes a table of how near bounds are
//! to what can leave at all.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail where it stands"
)]

#[path = "honesty/adversary.rs"]
mod adversary;
#[path = "honesty/alike.rs"]
mod alike;
#[path = "honesty/broken.rs"]
mod broken;
#[path = "honesty/calendars.rs"]
mod calendars;
#[path = "honesty/compare.rs"]
mod compare;
#[path = "honesty/journeys.rs"]
mod journeys;
#[path = "honesty/known.rs"]
mod known;
#[path = "honesty/laws.rs"]
mod laws;
#[path = "honesty/tightness.rs"]
mod tightness;
#[path = "honesty/world.rs"]
mod world;

#[allow(clippy::disallowed_methods)] // a test may be asked to do more
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
