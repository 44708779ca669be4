//! Journeys that once fooled the checks: each could do in a run what `check` said nothing about.

use journey_compiler::source::Memory;

fn codes(text: &str) -> Vec<&'static str> {
    let sources = Memory([("main.journey".to_owned(), text.to_owned())].into());
    let compiled = journey_compiler::compile(&["main.journey".into()], &sources);
    let mut codes: Vec<_> =
        compiled.findings.iter().map(|f| f.code.code).filter(|code| !["J0219", "J0221"].contains(code)).collect();
    codes.dedup();
    codes
}

#[test]
fn what_follows_from_a_message_of_a_stay_comes_as_often_as_the_message() {
    // Each event tries the message again, and each time it is blocked or fails another leaves.
    assert_eq!(codes(include_str!("trial/blocked_in_a_stay.journey")), ["J0201"]);
    assert_eq!(codes(include_str!("trial/failed_in_a_stay.journey")), ["J0201"]);
    assert_eq!(codes(include_str!("trial/essential_blocked_in_a_stay.journey")), ["J0201", "J0207"]);
}

#[test]
fn every_case_of_a_visit_is_closed_once() {
    assert_eq!(codes(include_str!("trial/case_from_a_blocked_message.journey")), ["J0201"]);
    assert_eq!(codes(include_str!("trial/several_cases.journey")), ["J0201"]);
    assert_eq!(codes(include_str!("trial/essential_several_cases.journey")), ["J0201", "J0207"]);
}

#[test]
fn a_promise_that_had_to_wait_is_made_when_its_keeper_has_left() {
    assert_eq!(codes(include_str!("trial/promise_waits.journey")), ["J0501"]);
    assert_eq!(codes(include_str!("trial/promise_waits_in_a_visit.journey")), ["J0501"]);
}

#[test]
fn a_keeper_where_nothing_leads_keeps_nothing() {
    assert_eq!(codes(include_str!("trial/keeper_unreachable.journey")), ["J0502", "J0301"]);
}
