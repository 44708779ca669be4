//! Time, events, limits on visits: one test a sentence of the meaning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::programs::{appointment, boarding};
use common::*;
use journey_spec::program::*;
use journey_spec::value::Data;
use journey_step::Input;
use journey_step::effect::Effect;

const SLOT: &str = "2026-03-20T09:00:00Z";

fn booked() -> Driver {
    let mut d = Driver::new(appointment());
    d.event("booking.created", booking("B1", ts(SLOT)));
    d
}

#[test]
fn a_stuck_back_end_asks_for_131_reschedules() {
    let mut d = booked();
    for n in 1..=131 {
        d.wait(MINUTE).event("booking.rescheduled", booking("B1", ts(SLOT) + n * DAY));
    }
    assert_eq!(d.sent(), ["confirmation", "moved_notice", "moved_notice", "moved_notice"]);
    assert_eq!(d.state(), "agent");
    assert_eq!(d.cases(), ["scheduling"]);
    let slot = booking("B1", ts(SLOT) + 131 * DAY);
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &slot);
    d.tells("limit visits moved to 3 per 7d: to `agent` instead of `moved`");
    assert_eq!(d.releases()[1].body, format!("Now Saturday 4 April at 10:00 #{}", ts(SLOT) + 15 * DAY));
    // the person closes the case: what was agreed is said once
    d.wait(HOUR).closed("scheduling");
    assert_eq!(d.state(), "waiting");
    assert_eq!(d.sent().len(), 5);
}

#[test]
fn a_visit_goes_well() {
    let mut d = booked();
    d.until(ts("2026-03-21T00:00:00Z"));
    assert_eq!(d.sent(), ["confirmation", "reminder"]);
    assert_eq!(d.state(), "-visited");
    d.tells("appointment B1 began with booking.created");
    d.tells("entered tomorrow, by at booking.slot - 24h");
    d.tells("ended in visited, as success");
    assert_eq!(d.customer.next_due(), None);
}

#[test]
fn a_settling_arrow_waits_from_the_first_of_a_burst_and_takes_the_data_at_once() {
    let mut d = booked();
    d.wait(HOUR).event("booking.rescheduled", booking("B1", ts(SLOT) + DAY));
    d.wait(10 * MINUTE).event("booking.rescheduled", booking("B1", ts(SLOT) + 2 * DAY));
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &booking("B1", ts(SLOT) + 2 * DAY));
    assert_eq!(d.sent().len(), 1);
    d.wait(5 * MINUTE);
    assert_eq!(d.sent().len(), 2);
    assert_eq!(d.state(), "waiting");
}

#[test]
fn a_timer_that_falls_due_takes_the_settling_arrow_in_its_place() {
    let mut d = booked();
    d.until(ts("2026-03-19T08:50:00Z")).event("booking.rescheduled", booking("B1", ts(SLOT) + 2 * MINUTE));
    d.until(ts("2026-03-19T09:02:00Z"));
    // at slot - 1d the move is told first; the reminder is past then and is not sent
    assert_eq!(d.sent(), ["confirmation", "moved_notice"]);
    d.tells("entered moved, by booking.rescheduled, settled");
    assert_eq!(d.state(), "soon");
}

#[test]
fn data_that_makes_an_at_past_takes_the_settling_arrow_at_once() {
    let mut d = booked();
    let moved = d.now + 3 * HOUR;
    d.event("booking.rescheduled", booking("B1", moved));
    assert_eq!(d.sent(), ["confirmation", "moved_notice"]);
    assert_eq!(d.state(), "soon");
    d.tells("entered soon, by booking.slot - 24h is past");
}

#[test]
fn leaving_by_another_event_drops_what_settles() {
    let mut d = booked();
    d.event("booking.rescheduled", booking("B1", ts(SLOT) + DAY));
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    d.wait(HOUR);
    assert_eq!(d.sent(), ["confirmation", "called_off"]);
    assert_eq!(d.state(), "calling_off");
}

#[test]
fn a_settling_arrow_that_a_limit_refuses_leaves_the_timer_to_fire() {
    let mut program = appointment();
    program.journeys[0].limits[2].n = 0;
    program.journeys[0].limits[2].fate = Fate::Skip;
    let mut d = Driver::new(program);
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.until(ts("2026-03-19T08:50:00Z")).event("booking.rescheduled", booking("B1", ts(SLOT) + 2 * MINUTE));
    d.until(ts("2026-03-19T09:02:00Z"));
    d.tells("limit visits moved to 3 per 7d: nothing instead of `moved`");
    assert_eq!(d.sent(), ["confirmation", "reminder"]);
}

#[test]
fn a_late_booking_fires_no_reminder_that_is_past() {
    let mut d = Driver::new(appointment());
    let slot = d.now + 2 * HOUR;
    d.event("booking.created", booking("B1", slot));
    assert_eq!(d.state(), "soon");
    d.until(slot + HOUR);
    assert_eq!(d.sent(), ["confirmation"]);
    assert_eq!(d.state(), "day");
}

#[test]
fn an_at_that_fires_within_the_grace_is_on_time_and_later_is_past() {
    for (late, sent) in [(15 * MINUTE, 2), (15 * MINUTE + 1, 1)] {
        let mut d = booked();
        d.now = ts(SLOT) - DAY + late;
        d.input(Input::Due);
        assert_eq!((d.sent().len(), d.state().as_str()), (sent, "soon"), "{late}");
    }
}

#[test]
fn an_at_is_armed_again_only_by_another_value() {
    let mut d = Driver::new(boarding());
    let departs = d.now + 5 * HOUR;
    d.event("checkin", booking("F1", departs));
    d.until(departs - 2 * HOUR);
    let told = d.sent().len();
    assert_eq!(d.sent().last(), Some(&"delayed"));
    // the same data again: nothing fires twice, the settling arrow is the only thing that happens
    d.event("flight.changed", booking("F1", departs));
    assert_eq!(d.sent().len(), told);
    assert_eq!(d.state(), "lounge");
}

#[test]
fn visits_are_counted_for_life_without_a_window() {
    let mut d = booked();
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    assert_eq!(d.state(), "calling_off");
    // a journey's arrow does not hold in its own target
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    d.tells("ignored event `booking.cancelled`: state `calling_off` does not hear it");
    d.reply("book");
    assert_eq!(d.state(), "rebooking");
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    d.tells("limit visits calling_off to 1: to `rebooking` instead of `calling_off`");
    assert_eq!(d.state(), "rebooking");
    d.tells("joined the open case with \"scheduling\"");
}

#[test]
fn a_limit_that_hands_over_leaves_the_instance_where_it_is() {
    let mut d = Driver::new(boarding());
    let departs = d.now + 9 * HOUR;
    d.event("checkin", booking("F1", departs));
    for n in 1..=5 {
        d.wait(10 * MINUTE).event("flight.changed", booking("F1", departs + n * MINUTE));
    }
    d.wait(10 * MINUTE);
    assert_eq!(d.state(), "lounge_again");
    d.tells("limit visits lounge_again to 3 per 6h: to queue `gate` instead of `lounge_again`");
    assert_eq!(d.cases(), ["gate"], "the second refusal joins the first case");
    // its closing is nobody's arrow: it belongs to no visit
    d.closed("gate");
    assert_eq!(d.state(), "lounge_again");
}

#[test]
fn a_limit_can_end_the_instance() {
    let mut program = boarding();
    program.journeys[0].limits[3].n = 0;
    let mut d = Driver::new(program);
    d.event("checkin", booking("F1", d.now + 20 * HOUR));
    let id = d.releases()[0].id.clone();
    d.input(Input::Receipt { message: id.to_string(), delivered: false });
    d.tells("ended by a limit, as neutral");
    d.tells("BROKE the promise boarding_call");
    assert!(!d.customer.newest_instance(JourneyId(0)).unwrap().is_live());
}

#[test]
fn starts_and_live_instances_are_limited_per_customer() {
    let mut d = booked();
    d.event("booking.created", booking("B2", ts(SLOT))).event("booking.created", booking("B3", ts(SLOT)));
    d.event("booking.created", booking("B4", ts(SLOT)));
    assert_eq!(d.customer.instances().len(), 3);
    d.tells("limit live to 3: to queue `scheduling`, and does not begin");
    let Some(Effect::Handoff(case)) = d.effects.iter().find(|e| matches!(e, Effect::Handoff(_))) else { panic!() };
    assert_eq!((case.key.as_deref(), case.journey.as_deref()), (Some("B4"), Some("appointment")));
    // one ends: still three starts in thirty days
    d.event("booking.cancelled", booking("B1", ts(SLOT))).wait(2 * DAY);
    d.event("booking.created", booking("B5", ts(SLOT)));
    d.tells("limit starts to 3 per 30d: to queue `scheduling`");
    assert_eq!(d.customer.instances().iter().filter(|i| i.is_live()).count(), 2);
}

#[test]
fn a_start_limit_can_lead_elsewhere() {
    let mut program = boarding();
    program.journeys[0].limits[0].n = 1;
    let mut d = Driver::new(program);
    let departs = d.now + 20 * HOUR;
    d.event("checkin", booking("F1", departs)).event("checkin", booking("F2", departs));
    assert_eq!(d.state(), "person");
    d.tells("limit starts to 5 per 24h: begins in `person`");
}

#[test]
fn a_live_key_ignores_a_second_start() {
    let mut d = booked();
    d.event("booking.created", booking("B1", ts(SLOT) + DAY));
    d.tells("ignored event `booking.created`: already live");
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &booking("B1", ts(SLOT)));
    assert_eq!(d.sent().len(), 1);
}

#[test]
fn an_ended_key_can_start_again() {
    let mut d = booked();
    d.event("booking.cancelled", booking("B1", ts(SLOT))).wait(2 * DAY);
    assert_eq!(d.state(), "-cancelled");
    d.event("booking.created", booking("B1", ts(SLOT)));
    assert_eq!(d.state(), "waiting");
    assert_eq!(d.customer.instances().len(), 1, "nothing asks for the ended one any more");
}

#[test]
fn events_of_other_keys_and_unheard_events_change_nothing() {
    let mut d = booked();
    d.event("booking.rescheduled", booking("B9", ts(SLOT) + DAY));
    d.tells("ignored event `booking.rescheduled`: nobody waits for it");
    d.event("nonsense", booking("B1", ts(SLOT)));
    d.tells("the program does not declare it");
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &booking("B1", ts(SLOT)));
}

#[test]
fn an_event_with_an_empty_key_starts_and_reaches_nobody() {
    for key in ["", " ", "\u{a0}\n"] {
        let mut d = Driver::new(appointment());
        d.event("booking.created", booking(key, ts(SLOT)));
        assert!(d.customer.instances().is_empty(), "{key:?}");
        d.tells("it carries no `booking.id`");
        d.event("booking.rescheduled", booking(key, ts(SLOT)));
        assert_eq!(d.sentences().iter().filter(|s| s.contains("it carries no `booking.id`")).count(), 2);
    }
    let mut d = booked();
    d.event("booking.rescheduled", Data::new());
    d.tells("event `booking.rescheduled`: it carries no `booking.id`");
    d.event("booking.rescheduled", booking("B9", ts(SLOT)));
    d.tells("nobody waits for it");
}

#[test]
fn older_news_after_newer_is_ignored() {
    let mut d = booked();
    let now = d.now;
    d.wait(HOUR).event_at("booking.rescheduled", booking("B1", ts(SLOT) + DAY), now + 30 * MINUTE);
    d.event_at("booking.rescheduled", booking("B1", ts(SLOT) + 2 * DAY), now + 20 * MINUTE);
    d.tells("it is older than what is known");
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &booking("B1", ts(SLOT) + DAY));
    // what claims to come from the future counts as of now, and does not silence what follows
    d.event_at("booking.rescheduled", booking("B1", ts(SLOT) + 3 * DAY), now + 900 * DAY);
    d.wait(MINUTE).event("booking.rescheduled", booking("B1", ts(SLOT) + 4 * DAY));
    assert_eq!(d.customer.newest_instance(JourneyId(0)).unwrap().data(), &booking("B1", ts(SLOT) + 4 * DAY));
}

#[test]
fn a_state_stays_without_arming_its_timers_again() {
    let mut d = booked();
    d.update(profile(None, None, Some("Europe/London")));
    d.wait(MINUTE).event("booking.rescheduled", booking("B1", ts(SLOT) + DAY));
    d.wait(15 * MINUTE);
    assert_eq!(d.state(), "agent", "what could not be texted, a person tells");
    let entered = d.now;
    d.wait(2 * DAY).event("booking.rescheduled", booking("B1", ts(SLOT) + 2 * DAY));
    d.until(entered + 3 * DAY);
    assert_eq!(d.state(), "unanswered");
    assert_eq!(d.cases(), ["scheduling", "supervisor"]);
}

#[test]
fn time_never_goes_back() {
    let mut d = booked();
    d.now -= 5 * DAY;
    d.event("booking.created", booking("B2", ts(SLOT)));
    assert_eq!(d.entries.last().unwrap().at, day(2, "10:00"));
}

#[test]
fn a_program_that_nobody_checked_still_comes_to_rest() {
    let mut program = appointment();
    program.journeys[0].states[0].next = Some(StateId(1));
    program.journeys[0].states[1].next = Some(StateId(0));
    program.journeys[0].limits.clear();
    let mut d = Driver::new(program);
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.tells("at most 64 moves in one step");
    assert!(d.sent().len() <= 64);
}
