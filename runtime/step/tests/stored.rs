//! States that a runtime of before wrote, when named values were a tree and a customer no pointer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_step::Customer;

const DENSE: &[u8] = include_bytes!("states/of-two-visits.postcard");
const JSON: &str = include_str!("states/of-two-visits.json");

/// Two visits: of one two messages have left, a case is open and a third message waits; of the other one waits and news
/// settle.
fn of_two_visits() -> Driver {
    let mut d = Driver::new(programs::appointment());
    d.event("booking.created", booking("B1", ts("2026-03-20T09:00:00Z")));
    d.wait(HOUR).event("booking.rescheduled", booking("B1", ts("2026-03-21T09:00:00Z")));
    d.wait(2 * HOUR).reply("thank you");
    d.until(day(2, "22:30")).event("booking.rescheduled", booking("B1", ts("2026-03-22T09:00:00Z")));
    d.wait(20 * MINUTE).event("booking.created", booking("B2", ts("2026-03-25T09:00:00Z")));
    d.wait(MINUTE).event("booking.rescheduled", booking("B2", ts("2026-03-26T09:00:00Z")));
    d
}

#[test]
fn a_state_of_before_is_read_whole() {
    let mut today = of_two_visits();
    assert_eq!(Customer::from_bytes(DENSE).unwrap(), today.customer);
    assert_eq!(Customer::from_bytes(JSON.as_bytes()).unwrap(), today.customer);
    let mut before = today.clone();
    before.customer = Customer::from_bytes(DENSE).unwrap();
    for d in [&mut before, &mut today] {
        d.until(day(4, "10:00"));
    }
    assert_eq!(
        (before.sentences(), before.customer),
        (today.sentences(), today.customer),
        "and goes on as it would have"
    );
}

/// So that a runtime of before can read it. Whoever writes it otherwise takes another first byte.
#[test]
fn a_state_is_written_as_before() {
    let today = of_two_visits().customer;
    assert_eq!(today.to_bytes().unwrap(), DENSE);
    assert_eq!(serde_json::to_string(&today).unwrap(), JSON);
}
