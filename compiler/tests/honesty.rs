//! Bounds held against what the shipped step and ledger really let leave.
//!
//! Small random journeys are written as text and compiled; an adversary brings about everything that can happen to a
//! customer, tick by tick (events, answers, closed cases, calls, failures, pauses, an engine that is away), and counts what
//! leaves. No bound may ever be passed. How often a bound is attained is told by `--nocapture`.
//!
//! `JOURNEY_HONEST=10000` sets how many journeys of each series are tried (best with `--release`), `JOURNEY_SEED` where they
//! begin, `JOURNEY_SERIES` which series alone.

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
