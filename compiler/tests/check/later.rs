//! Timers that are put off, messages that come late, together, or never: J0211, J0214, J0215, J0217, J0309.

use super::{NONE, calm, codes, of, said};

const AGAIN: &str = "on ping -> first  after 3d -> done";

#[test]
fn a_timer_that_a_feed_begins_anew_is_told() {
    assert_eq!(calm(&format!("state first {{ {AGAIN} }}")), ["J0309"]);
    assert_eq!(calm("state first { on ping stay  after 3d -> done }"), NONE);
    // Bounded visits, limited intake, and an instant that comes whatever the feed brings.
    assert_eq!(calm(&format!("limit visits first to 9 per 7d else -> done state first {{ {AGAIN} }}")), NONE);
    assert_eq!(calm("state first { on spike -> first  after 3d -> done }"), NONE);
    assert_eq!(
        calm("state first { on ping -> first  at booking.slot -> done, if past -> done  after 3d -> done }"),
        NONE
    );
    // A way round that takes longer than the timer does not put it off.
    assert_eq!(calm("state first { on ping settle 4d -> first  at booking.slot -> done, if past -> done }"), NONE);
    let two = "state first { on ping -> second  after 3d -> done } state second { on ping -> first  after 1d -> done }";
    assert_eq!(calm(two), ["J0309"]);
    // What sends on its way round is a loop of its own.
    assert_eq!(calm("state first { send note  on ping -> first  after 3d -> done }"), ["J0201"]);
}

#[test]
fn reminders_that_a_late_start_sends_at_once_are_told() {
    let row = |past: &str| {
        format!(
            "state first {{ at booking.slot - 7d -> week, if past -> {past} }}
            state week {{ send note  at booking.slot - 1d -> day, if past -> day }}
            state late {{ at booking.slot - 1d -> day, if past -> day }}
            state day {{ send other  at booking.slot -> done, if past -> done }}"
        )
    };
    assert_eq!(calm(&row("week")), ["J0215", "J0301"]);
    assert_eq!(calm(&row("late")), NONE);
    let text = said(&format!("{} {}", super::CALM, row("week")), "J0215");
    assert!(text.contains("2 messages at one moment"), "{text}");
    assert!(text.trim_end().contains("day ✉: all at the same moment"), "{text}");
}

#[test]
fn a_correction_that_a_limit_drops_is_told() {
    let with = |limit: &str, message: &str| {
        codes(&format!(
            "{} {limit} state first {{ send note  on moved(booking) -> again  after 9d -> done }}
            state again {{ send {message}  on moved(booking) -> again  after 9d -> done }}",
            super::CALM
        ))
    };
    assert_eq!(with("limit messages to 3 per 7d else skip", "other"), ["J0217"]);
    assert_eq!(with("limit messages to 3 per 7d else latest", "other"), NONE);
    assert_eq!(with("limit messages to 3 per 7d else defer", "other"), NONE);
    // What says nothing of what moved corrects nothing.
    assert_eq!(with("limit messages to 3 per 7d else skip", "ask"), NONE);
}

#[test]
fn what_does_not_outlast_the_night_is_told() {
    let night = |fate: &str, valid: &str| {
        let text = super::journey(&format!("{} state first {{ send note  after 1d -> done }}", super::CALM));
        let text = text.replace("policy house {", &format!("policy house {{ quiet 21:00 to 08:00 for service {fate} "));
        of(&text.replace(
            "Your visit is on {booking.slot:day}.\" }",
            &format!("Your visit is on {{booking.slot:day}}.\" {valid} }}"),
        ))
    };
    let told = |codes: &[&str]| codes.contains(&"J0214");
    assert!(told(&night("else defer", "valid for 6h")));
    assert!(!told(&night("else defer", "valid for 11h")));
    assert!(told(&night("else latest", "valid for 6h")), "the newest waits for the morning too");
    assert!(!told(&night("else skip", "valid for 6h")));
}

#[test]
fn journeys_that_only_together_pass_a_limit_are_told() {
    let house = |policy: &str| {
        let one = "limit live to 1 else skip";
        let first = super::journey(&format!("{one} {} state first {{ send note  after 1d -> done }}", super::CALM));
        let second = format!(
            "journey later for customer per booking.id {{ data booking: Booking {one} {}
            start on ping(booking) -> first  state first {{ send other  after 1d -> done }} end done as success }}",
            super::CALM
        );
        of(&format!("{first}\n{second}").replace("policy house {", &format!("policy house {{ {policy} ")))
    };
    // Of each one that lives from before, and three that begin.
    assert_eq!(house("limit messages to 4 per 24h else latest"), ["J0211"]);
    assert_eq!(house("limit messages to 7 per 24h else latest"), ["J0211"]);
    assert_eq!(house("limit messages to 8 per 24h else latest"), NONE);
    // One that passes the limit alone is bounded by it.
    assert_eq!(house("limit messages to 3 per 24h else latest"), NONE);
}
