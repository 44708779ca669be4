//! How many steps a second: `cargo test --release -p journey-step --test speed -- --ignored --nocapture`.

#![allow(clippy::print_stdout, clippy::disallowed_methods)] // the one test that measures, and says what it measured
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::programs::appointment;
use common::*;
use journey_spec::program::*;
use journey_step::{Customer, Input, step};

/// The life of one appointment: booked, moved once, reminded, visited.
fn inputs() -> Vec<(i64, Input)> {
    let slot = ts("2026-03-20T09:00:00Z");
    let mut d = Driver::unknown(appointment());
    let mut calls = Vec::new();
    let first =
        Input::CustomerUpdated { profile: profile(Some(PHONE), None, Some("Europe/London")).into(), stopped: vec![] };
    let event = |name: &str, slot| Input::Event { name: name.into(), at: 0, data: booking("B1", slot) };
    for (at, input) in [
        (day(2, "10:00"), first),
        (day(2, "10:00"), event("booking.created", slot)),
        (day(3, "10:00"), event("booking.rescheduled", slot + DAY)),
        (day(3, "10:01"), event("booking.rescheduled", slot + 2 * DAY)),
        (day(60, "10:00"), Input::Due),
    ] {
        while let Some(due) = d.customer.next_due().filter(|due| *due <= at) {
            d.now = due;
            calls.push((due, Input::Due));
            d.input(Input::Due);
        }
        d.now = at;
        calls.push((at, input.clone()));
        d.input(input);
    }
    assert_eq!(d.sent(), ["confirmation", "moved_notice", "reminder"]);
    calls
}

#[test]
#[ignore = "measures; run it by hand in release mode"]
fn steps_a_second() {
    let (program, calls) = (appointment(), inputs());
    let begin = std::time::Instant::now();
    let (mut steps, mut effects) = (0, 0);
    while begin.elapsed().as_secs() < 3 {
        for _ in 0..1_000 {
            let mut customer = Customer::new("victoria");
            for (now, input) in &calls {
                let (next, out) = step(&program, customer, input, *now);
                customer = next;
                steps += 1;
                effects += out.len();
            }
        }
    }
    let took = begin.elapsed().as_secs_f64();
    println!("{:.0} steps/s, {:.0} effects/s", f64::from(steps) / took, effects as f64 / took);
}
