//! Whole journeys: the engineer's visit, and the boarding text.

use super::{NONE, compiled, of};

const VISIT: &str = include_str!("visit.journey");
const BOARDING: &str = include_str!("boarding.journey");

fn without(text: &str, drop: impl Fn(&str) -> bool) -> String {
    text.lines().filter(|l| !drop(l.trim_start())).map(|l| format!("{l}\n")).collect()
}

#[test]
fn the_visit_has_nothing_to_be_said() {
    assert_eq!(of(VISIT), NONE);
}

#[test]
fn the_visit_without_limits_and_settles_floods() {
    let bare = without(VISIT, |l| {
        l.starts_with("limit live") || l.starts_with("limit starts") || l.starts_with("limit visits")
    })
    .replace(" settle 15m", "");
    assert_eq!(of(&bare), ["J0201", "J0202", "J0205"]);
    // Without the policy's own limit nothing at all stands in between.
    let open = without(&bare, |l| l.starts_with("limit"));
    let found = compiled(&open);
    assert!(found.findings.iter().any(|f| f.how.as_deref() == Some(
        "booking.created → booked ✉ → waiting, then booking.rescheduled → moved ✉ → waiting, again and again: 131 times, 131 messages"
    )));
}

#[test]
fn each_limit_of_the_visit_is_needed() {
    for limit in ["moved", "tomorrow", "agreed", "calling_off"] {
        let line = format!("limit visits {limit} ");
        assert!(!of(&without(VISIT, |l| l.starts_with(&line))).is_empty(), "{limit}");
    }
}

#[test]
fn the_boarding_text_comes_or_is_taken_back() {
    assert_eq!(of(BOARDING), NONE);
    let silent = without(BOARDING, |l| l.starts_with("at flight.departs"));
    assert!(of(&silent).contains(&"J0501"));
    assert_eq!(of(&BOARDING.replace("departs - 25m", "departs - 10m")), ["J0501"]);
    // True for half an hour, it would not outlast the night either.
    assert_eq!(of(&BOARDING.replace("  essential at most 1 per 24h", "")), ["J0214", "J0501"]);
}
