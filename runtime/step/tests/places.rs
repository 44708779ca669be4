//! Customers who may be in several zones: when a message may leave, and what it says of times.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_spec::value::Value;

fn told(zone: Value) -> Vec<String> {
    let mut driver = Driver::unknown(programs::appointment());
    let mut profile = profile(Some(PHONE), None, None);
    profile.insert("zone", zone);
    driver.update(profile);
    driver.event("booking.created", booking("B", day(5, "23:30")));
    driver.wait(DAY);
    driver.releases().iter().map(|r| r.body.clone()).collect()
}

fn places(names: &[&str]) -> Value {
    Value::Places(names.iter().map(|n| (*n).into()).collect())
}

#[test]
fn a_time_names_its_zone_where_the_zones_disagree() {
    // 23:30 in UTC of a Thursday: still Thursday in Chicago, in New York, and Friday in Berlin
    let one = told(Value::Text("America/Chicago".into()));
    assert!(one[0].contains("Thursday 5 March 17:30 #"), "{one:?}");
    let two = told(places(&["America/Chicago", "America/New_York"]));
    assert!(two[0].contains("Thursday 5 March 17:30 CST #"), "{two:?}");
    let same = told(places(&["Europe/London", "Europe/Lisbon"]));
    assert!(same[0].contains("Thursday 5 March 23:30 #"), "{same:?}");
    let days = told(places(&["Europe/London", "Europe/Berlin"]));
    assert!(days[0].contains("Thursday 5 March GMT 23:30 GMT #"), "{days:?}");
    let unnamed = told(places(&["America/Sao_Paulo", "America/Manaus"]));
    assert!(unnamed[0].contains("20:30 UTC-3 #"), "{unnamed:?}");
}

#[test]
fn a_list_with_a_name_that_is_not_known_is_not_known() {
    assert_eq!(told(places(&["Europe/London", "Mars/Olympus"])), Vec::<String>::new());
}
