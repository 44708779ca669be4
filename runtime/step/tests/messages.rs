//! Messages, replies, STOP, people, calls, promises: one test a sentence of the meaning.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use std::sync::Arc;

use common::programs::{appointment, boarding};
use common::*;
use journey_spec::program::*;
use journey_spec::value::{Data, Value};
use journey_step::effect::{Effect, Entry, What};
use journey_step::{Customer, Input};

const SLOT: &str = "2026-03-20T09:00:00Z";

fn booked() -> Driver {
    let mut d = Driver::new(appointment());
    d.event("booking.created", booking("B1", ts(SLOT)));
    d
}

fn offered(text: &str) -> Data {
    Data::from([("offer", Value::Text(text.into()))])
}

#[test]
fn a_deferred_message_leaves_at_the_end_of_quiet_hours() {
    let mut d = Driver::new(appointment());
    d.until(day(2, "23:00")).event("booking.created", booking("B1", ts(SLOT)));
    assert!(d.sent().is_empty());
    assert_eq!(d.deferred_until(), Some(day(3, "08:00")));
    assert_eq!(d.customer.waiting().len(), 1);
    d.until(day(3, "07:59"));
    assert!(d.sent().is_empty());
    d.until(day(3, "08:00"));
    assert_eq!(d.sent(), ["confirmation"]);
    assert!(d.customer.waiting().is_empty());
}

#[test]
fn leaving_the_state_withdraws_what_waits() {
    let mut d = Driver::new(appointment());
    d.until(day(2, "23:00")).event("booking.created", booking("B1", ts(SLOT)));
    d.until(day(3, "03:00")).event("booking.cancelled", booking("B1", ts(SLOT)));
    d.tells("withdrew confirmation: the journey went on to `calling_off`");
    d.until(day(3, "09:00"));
    assert_eq!(d.sent(), ["called_off"]);
}

#[test]
fn what_waits_when_the_instance_ends_in_that_step_still_leaves() {
    let mut program = appointment();
    let journey = &mut program.journeys[1];
    journey.states[0].next = Some(StateId(1));
    let mut d = Driver::new(program);
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    d.until(day(2, "22:00")).event("offer.made", offered("shoes"));
    assert_eq!(d.state_of(1), "-gone");
    d.until(day(3, "08:00"));
    assert_eq!(d.sent(), ["offer"]);
    assert_eq!(d.releases()[0].body, "New! shoes");
}

#[test]
fn what_cannot_leave_while_it_is_true_is_blocked_at_once() {
    let mut d = Driver::new(appointment());
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    d.until(day(2, "23:00"));
    let slot = d.now + 9 * HOUR; // 08:00, when quiet hours end
    d.event("booking.created", booking("B1", slot));
    d.tells("blocked confirmation by quiet 1260 to 480");
    assert_eq!(d.state(), "agent", "`on blocked` follows as an input of its own");
    d.until(slot + HOUR);
    assert!(d.sent().is_empty());
}

#[test]
fn what_is_no_longer_true_when_it_is_asked_again_does_not_leave() {
    let mut d = Driver::new(appointment());
    d.until(day(2, "23:00")).event("booking.created", booking("B1", ts(SLOT)));
    d.now = day(3, "11:00"); // the engine was down
    d.input(Input::Due);
    d.tells("blocked confirmation by no longer true");
}

#[test]
fn the_next_channel_is_tried_where_the_first_is_barred() {
    let mut program = appointment();
    program.policy.limits.push(limit(
        LimitWhat::Messages { channel: Some(Channel::Sms), purpose: None },
        0,
        Some(DAY),
        Fate::End,
        "no sms",
    ));
    let mut d = Driver::new(program);
    d.event("booking.created", booking("B1", ts(SLOT)));
    assert_eq!(d.releases()[0].channel, Channel::Email);
    assert_eq!(d.releases()[0].address, MAIL);
}

#[test]
fn the_strictest_fate_of_the_first_channel_counts() {
    let mut program = appointment();
    program.policy.limits.insert(0, limit(MESSAGES, 0, Some(DAY), Fate::Handoff("care".into()), "nothing at all"));
    program.policy.limits.push(limit(MESSAGES, 0, None, Fate::Skip, "really nothing"));
    let mut d = Driver::new(program);
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.tells("blocked confirmation by nothing at all");
    d.tells("nothing at all: to queue `care`");
    assert_eq!(d.state(), "waiting", "`on blocked` is not asked besides");
    assert_eq!(d.cases(), ["care"]);
}

#[test]
fn a_newer_message_supersedes_an_older_one_that_waits_by_latest() {
    let mut program = boarding();
    program.policy.quiet[1].fate = Fate::Latest;
    let mut d = Driver::new(program);
    d.event("checkin", booking("F1", day(4, "12:00")));
    d.until(day(2, "22:00")).event("seat.free", booking("F1", day(4, "12:00")));
    d.wait(MINUTE).event("seat.free", booking("F1", day(4, "12:00")));
    d.tells("blocked survey by superseded by a newer message");
    assert_eq!(d.customer.waiting().len(), 1);
    d.until(day(3, "06:15"));
    assert_eq!(d.sent(), ["welcome", "survey"]);
}

#[test]
fn a_limit_frees_when_its_nth_newest_leaves_the_window() {
    let mut program = appointment();
    program.policy.valid_for = 3 * DAY;
    program.policy.limits[0].n = 1;
    program.policy.limits[0].fate = Fate::Defer;
    program.journeys[0].states[2].arrows.truncate(1);
    let mut d = Driver::new(program);
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.wait(HOUR).event("booking.rescheduled", booking("B1", ts(SLOT) + DAY)).wait(15 * MINUTE);
    assert_eq!(d.deferred_until(), Some(day(3, "10:00")));
    d.until(day(3, "10:00"));
    assert_eq!(d.sent(), ["confirmation", "moved_notice"]);
}

#[test]
fn essential_messages_pass_limits_and_quiet_hours_and_are_counted() {
    let mut d = Driver::new(boarding());
    let departs = day(3, "01:00");
    d.event("checkin", booking("F1", departs));
    d.until(day(3, "00:10")).event("flight.boarding", booking("F1", departs));
    assert_eq!(d.sent().last(), Some(&"go_to_gate"));
    d.tells("sent sms go_to_gate (essential)");
    d.tells("kept the promise boarding_call");
    assert!(d.customer.open_promises().is_empty());
    assert_eq!(d.customer.ledger_len(), d.sent().len());
}

#[test]
fn without_a_zone_quiet_hours_let_nothing_through() {
    let mut d = Driver::new(appointment());
    d.update(profile(Some(PHONE), Some(MAIL), None));
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.tells("blocked confirmation by quiet hours: the customer's time zone is not known");
    assert_eq!(d.state(), "agent");
    d.event("offer.made", offered("shoes")).event("flood", Data::new());
    assert_eq!(d.sent(), ["flood_alert"], "safety keeps no quiet hours");
}

#[test]
fn an_unknown_customer_gets_nothing() {
    let mut d = Driver::unknown(appointment());
    d.event("booking.created", booking("B1", ts(SLOT)));
    d.tells("blocked confirmation by no address");
}

#[test]
fn stop_stops_at_once_and_is_confirmed_once_a_day() {
    let mut d = booked();
    d.event("offer.made", offered("shoes"));
    d.reply("STOP!").wait(HOUR).reply("stop");
    assert_eq!(d.sent(), ["confirmation", "offer", "stop confirmation"]);
    assert_eq!(d.state_of(1), "-stopped", "`on opt out` ends a journey well");
    d.tells("STOP: no more messages to +44 7700 900123");
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    d.tells("blocked called_off by the customer said STOP");
    d.until(day(3, "10:00")).reply("Stop");
    assert_eq!(d.sent().iter().filter(|m| **m == "stop confirmation").count(), 2);
    // the other address is open still, and a spared purpose passes
    d.event("offer.made", offered("shoes")).event("flood", Data::new());
    assert_eq!(d.sent().last(), Some(&"flood_alert"));
}

#[test]
fn stop_reaches_what_waits() {
    let mut d = Driver::new(appointment());
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    d.until(day(2, "23:00")).event("booking.created", booking("B1", ts(SLOT)));
    d.input(Input::OptOut { address: "+447700900123".into(), confirm: false });
    d.tells("blocked confirmation by the customer said STOP");
    assert_eq!(d.state(), "agent");
    d.wait(DAY);
    assert!(d.sent().is_empty());
}

#[test]
fn what_waits_may_use_another_open_channel_after_stop() {
    let mut d = Driver::new(appointment());
    d.until(day(2, "23:00")).event("booking.created", booking("B1", ts(SLOT)));
    d.reply("stop");
    d.until(day(3, "08:00"));
    assert_eq!(d.releases().last().unwrap().channel, Channel::Email);
}

#[test]
fn stop_before_an_address_is_known_holds_for_the_next_one() {
    let mut d = Driver::unknown(appointment());
    d.reply("unsubscribe");
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    assert!(d.customer.has_stopped("+44 (7700) 900-123"));
}

#[test]
fn a_shared_number_stays_stopped() {
    let mut d = booked();
    let profile = d.customer.profile().clone().into();
    d.input(Input::CustomerUpdated { profile, stopped: vec![PHONE.into()] });
    d.event("booking.cancelled", booking("B1", ts(SLOT)));
    assert_eq!(d.sent(), ["confirmation"]);
}

#[test]
fn an_answer_goes_to_the_newest_message_that_invites_it() {
    let mut d = booked();
    d.wait(MINUTE).reply("No visit.");
    assert_eq!(d.state(), "asking_off");
    d.tells("(call_off), heard by the journey");
    let call = d.customer.open_calls()[0].0.to_string();
    d.input(Input::Answered { call: call.clone(), outcome: "done".into() });
    assert_eq!(d.state(), "calling_off");
    // a state's arrow goes before the journey's
    d.reply("no visit");
    assert_eq!(d.state(), "calling_off");
    d.input(Input::Answered { call, outcome: "done".into() });
    d.tells("nobody waits for it any more");
}

#[test]
fn anything_else_they_say_is_heard_too() {
    let mut d = booked();
    d.reply("thank you").reply("change");
    assert_eq!(d.cases(), ["care"], "the second joins the first");
    let Some(Effect::Handoff(case)) = d.effects.iter().find(|e| matches!(e, Effect::Handoff(_))) else { panic!() };
    assert_eq!(case.transcript.len(), 2);
    assert_eq!(d.state(), "waiting");
}

#[test]
fn an_answer_that_could_mean_two_visits_goes_to_a_person() {
    let mut d = booked();
    d.event("booking.created", booking("B2", ts(SLOT) + DAY));
    d.event("booking.rescheduled", booking("B1", ts(SLOT) + 2 * DAY)).wait(15 * MINUTE);
    d.wait(MINUTE).reply("book");
    d.event("booking.cancelled", booking("B2", ts(SLOT))).wait(MINUTE);
    d.event("booking.rescheduled", booking("B1", ts(SLOT) + 3 * DAY)).wait(20 * MINUTE);
    // the newest message is B1's, the newest that invites BOOK is B2's
    d.reply("book");
    d.tells("a guess could call off the wrong one");
    let states: Vec<_> = d.customer.instances().iter().map(|i| i.state().index()).collect();
    assert_eq!(states, [2, 7]);
}

#[test]
fn an_answer_after_the_end_goes_to_the_house() {
    let mut d = booked();
    d.until(ts("2026-03-22T00:00:00Z")).reply("thank you");
    d.tells("heard by queue `care`");
    assert_eq!(d.cases(), ["care"]);
    d.wait(30 * DAY).reply("hello?");
    assert_eq!(d.cases().len(), 2);
    let mut program = appointment();
    program.policy.after_end = None;
    let mut d = Driver::new(program);
    d.reply("hello?");
    d.tells("heard by nobody");
    assert!(d.cases().is_empty());
}

#[test]
fn a_closed_case_is_heard_once_and_only_by_the_visit_that_opened_it() {
    let mut d = booked();
    d.reply("thank you").closed("care");
    assert_eq!(d.state(), "waiting");
    d.closed("care");
    d.tells("ignored handoff `care` closed: there is no such open case");
    d.update(profile(None, None, Some("Europe/London")));
    d.event("booking.rescheduled", booking("B1", ts(SLOT) + DAY)).wait(15 * MINUTE);
    assert_eq!(d.state(), "agent");
    let old = d.customer.open_cases()[0].id.to_string();
    d.wait(3 * DAY);
    assert_eq!(d.state(), "unanswered");
    d.closed(&old);
    assert_eq!(d.state(), "unanswered", "the case of a visit that was left");
    d.closed("supervisor");
    assert_eq!(d.state(), "agent", "agreed, told nobody, and so to a person again");
}

#[test]
fn a_call_that_is_not_answered_in_time_has_failed() {
    let mut d = booked();
    d.reply("no visit").wait(30 * SECOND);
    d.tells("cancel_visit answered failed");
    assert_eq!(d.state(), "agent");
    let mut d = booked();
    d.reply("no visit");
    let Some(Effect::Call(call)) = d.effects.iter().find(|e| matches!(e, Effect::Call(_))) else { panic!() };
    assert_eq!(call.args, [("booking".to_string(), Value::Text("B1".into()))]);
    let id = call.id.clone();
    d.input(Input::Answered { call: id.to_string(), outcome: "perhaps".into() });
    assert_eq!(d.state(), "agent", "what the service does not declare is `failed`");
}

#[test]
fn a_failed_delivery_is_heard_once_by_its_own_visit() {
    let mut d = booked();
    d.event("offer.made", offered("shoes"));
    let id = d.releases()[1].id.clone();
    d.input(Input::Receipt { message: id.to_string(), delivered: true });
    d.input(Input::Receipt { message: id.to_string(), delivered: false });
    assert_eq!(d.state_of(1), "-gone");
    d.input(Input::Receipt { message: id.to_string(), delivered: false });
    d.tells("it is known already");
}

#[test]
fn a_promise_is_broken_when_nothing_is_said_in_time() {
    let mut program = boarding();
    program.messages[2].essential = None; // quiet hours swallow the withdrawal
    let mut d = Driver::new(program);
    let departs = day(2, "22:30");
    d.event("checkin", booking("F1", departs));
    assert_eq!(d.customer.open_promises()[0].by, departs - 20 * MINUTE);
    d.until(departs);
    d.tells("promised boarding_call by");
    d.tells("BROKE the promise boarding_call");
    assert_eq!(d.entries.iter().filter(|e| matches!(e.what, What::Promise { .. })).count(), 2);
}

#[test]
fn a_silent_feed_withdraws_the_promise() {
    let mut d = Driver::new(boarding());
    let departs = day(2, "18:00");
    d.event("checkin", booking("F1", departs)).until(departs);
    assert_eq!(d.sent(), ["welcome", "delayed", "check_the_board"]);
    d.tells("withdrew the promise boarding_call");
    d.keeps_silent_about("BROKE");
}

#[test]
fn a_deadline_follows_its_data_and_is_discharged_by_the_step_that_moves_it_to_the_past() {
    let mut d = Driver::new(boarding());
    let departs = day(2, "18:00");
    d.event("checkin", booking("F1", departs));
    d.wait(MINUTE).event("flight.changed", booking("F1", departs + 3 * HOUR));
    assert_eq!(d.customer.open_promises()[0].by, departs + 3 * HOUR - 20 * MINUTE);
    let mut d = Driver::new(boarding());
    d.event("checkin", booking("F1", departs));
    d.program.events[1].newest_by = None;
    let early = d.now + 10 * MINUTE;
    d.event("flight.changed", booking("F1", early));
    d.tells("withdrew the promise boarding_call");
    d.keeps_silent_about("BROKE");
    assert_eq!(d.state(), "unsure");
}

#[test]
fn a_promise_is_void_when_no_address_is_left_for_it() {
    let mut d = Driver::new(boarding());
    d.event("checkin", booking("F1", day(2, "18:00"))).reply("stop");
    d.tells("the promise boarding_call is void");
    assert!(d.customer.open_promises().is_empty());
}

#[test]
fn a_promise_that_nothing_can_reach_the_customer_to_keep_is_void_at_once() {
    // The one who promises reaches an e-mail address, those who keep it a telephone.
    let by_mail = || {
        let mut program = boarding();
        let mail =
            Variant { channel: Channel::Email, subject: None, body: template("Welcome"), translations: Vec::new() };
        program.messages[0].variants.push(mail);
        program
    };
    let departs = day(2, "18:00");
    let mut d = Driver::new(by_mail());
    d.update(profile(None, Some(MAIL), Some("Europe/London")));
    d.event("checkin", booking("F1", departs));
    assert_eq!(d.sent(), ["welcome"]);
    d.tells("promised boarding_call by");
    d.tells("the promise boarding_call is void");
    assert!(d.customer.open_promises().is_empty());
    d.until(departs);
    d.keeps_silent_about("BROKE");
    // There is a telephone, and it said STOP.
    let mut d = Driver::new(by_mail());
    d.reply("stop").event("checkin", booking("F1", departs));
    d.tells("the promise boarding_call is void");
    d.until(departs);
    d.keeps_silent_about("BROKE");
    // There is one that is open.
    let mut d = Driver::new(by_mail());
    d.event("checkin", booking("F1", departs));
    d.keeps_silent_about("is void");
    assert_eq!(d.customer.open_promises().len(), 1);
}

#[test]
fn stop_is_heard_in_every_spelling_and_an_invited_answer_is_not_shadowed() {
    for text in ["S T O P", "ｓｔｏｐ", "st\u{ad}op", "STOP\nthanks", "please unsubscribe me", "STOP 2"] {
        let mut d = booked();
        d.reply(text);
        assert!(d.customer.has_stopped(PHONE), "{text:?}");
    }
    let mut d = booked();
    d.reply("N o  visit");
    assert!(!d.customer.has_stopped(PHONE));
    assert_eq!(d.state(), "asking_off", "`N o` is a word, letter by letter");
}

#[test]
fn texts_are_written_when_they_leave_in_the_customers_zone() {
    let mut program = appointment();
    program.messages[0].variants[0].body = template(
        "{booking.slot}; {booking.slot:date}; {booking.n}; {booking.cost}; {booking.nothing or \"-\"}{booking.nothing}",
    );
    let mut d = Driver::new(program);
    d.update(profile(Some(PHONE), None, Some("America/New_York")));
    d.until(day(2, "15:00"));
    let mut data = booking("B1", ts(SLOT));
    let Some(Value::Record(fields)) = data.get_mut("booking") else { panic!() };
    Arc::make_mut(fields).insert("n", Value::Number(5.0));
    Arc::make_mut(fields).insert("cost", Value::Money("12.30".into(), "GBP".into()));
    d.event("booking.created", data);
    assert_eq!(d.releases()[0].body, "20 March 2026 05:00; 20 March 2026; 5; 12.30 GBP; -");
}

#[test]
fn ids_come_from_the_customer_the_step_and_the_position() {
    let d = booked();
    assert_eq!(d.releases()[0].id, "victoria/1/1");
}

#[test]
fn a_customers_state_stays_small_under_a_flood() {
    let mut d = Driver::new(appointment());
    for n in 0..3_000_i64 {
        let key = format!("B{}", n % 7);
        match n % 6 {
            0 => d.event("booking.created", booking(&key, d.now + 10 * DAY)),
            1 => d.event("booking.rescheduled", booking(&key, d.now + (n % 9) * DAY)),
            2 => d.reply("hello"),
            3 => d.event("booking.cancelled", booking(&key, d.now)),
            4 => {
                d.input(Input::OptOut { address: format!("+1 {n}"), confirm: true });
                &mut d
            }
            _ => d.wait(3 * HOUR),
        };
        d.entries.clear();
        d.effects.clear();
    }
    let size = serde_json::to_string(&d.customer).unwrap().len();
    assert!(size < 100_000, "{size}");
}

#[test]
fn the_state_survives_json() {
    let mut d = Driver::new(boarding());
    d.event("checkin", booking("F1", day(3, "18:00")));
    d.until(day(2, "22:00")).event("seat.free", booking("F1", day(3, "18:00")));
    d.event("flight.changed", booking("F1", day(3, "19:00"))).reply("hm");
    let json = serde_json::to_string(&d.customer).unwrap();
    assert_eq!(serde_json::from_str::<Customer>(&json).unwrap(), d.customer);
}

#[test]
fn a_sentence_is_plain() {
    let entry = Entry {
        at: 0,
        version: None,
        journey: None,
        key: None,
        instance: None,
        what: What::Deferred {
            message: "reminder".into(),
            rule: "quiet 21:00 to 08:00".into(),
            until: day(3, "08:00"),
        },
    };
    let zone = journey_spec::time::Zone::utc();
    assert_eq!(entry.sentence(&zone), "deferred reminder until 2026-03-03 08:00 by quiet 21:00 to 08:00");
}

#[test]
fn each_instant_of_a_text_is_its_own_however_often_they_take_turns() {
    let mut program = appointment();
    program.messages[0].variants[0].body = template(
        "{booking.slot:day} {booking.slot:time}-{booking.ends:time}, {booking.ends:day} {booking.slot:time} {booking.slot:day}",
    );
    let mut d = Driver::new(program);
    d.update(profile(Some(PHONE), None, Some("Europe/London")));
    d.until(day(2, "15:00"));
    let mut data = booking("B1", ts(SLOT));
    let Some(Value::Record(fields)) = data.get_mut("booking") else { panic!() };
    Arc::make_mut(fields).insert("ends", Value::Instant(ts(SLOT) + 26 * HOUR));
    d.event("booking.created", data);
    assert_eq!(d.releases()[0].body, "Friday 20 March 09:00-11:00, Saturday 21 March 09:00 Friday 20 March");
}
