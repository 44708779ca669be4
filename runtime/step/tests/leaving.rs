//! `on sent set`: what is known once a message has left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use std::sync::Arc;

use common::programs::saying;
use common::*;
use journey_spec::Ts;
use journey_spec::program::*;
use journey_spec::value::Value;
use journey_step::effect::{Effect, What};
use journey_step::{Customer, Input};

/// What the newest instance holds for said.
fn said(d: &Driver) -> Option<Ts> {
    match d.customer.newest_instance(JourneyId(0))?.data().get("said") {
        Some(Value::Instant(at)) => Some(*at),
        _ => None,
    }
}

fn at(program: Program, time: Ts, slot: Ts) -> Driver {
    let mut d = Driver::new(program);
    d.until(time).event("booking.created", booking("B1", slot));
    d
}

#[test]
fn what_leaves_at_once_is_known_in_the_same_step() {
    let d = at(saying(), day(2, "10:00"), day(20, "09:00"));
    assert_eq!(d.sent(), ["confirmation"]);
    assert_eq!(said(&d), Some(day(20, "09:00")));
    d.tells("as confirmation left");
    let told = |what: &dyn Fn(&What) -> bool| d.entries.iter().position(|e| what(&e.what)).unwrap();
    let (sent, set) = (told(&|w| matches!(w, What::Sent { .. })), told(&|w| matches!(w, What::Set { .. })));
    assert_eq!(sent + 1, set, "told right behind the message");
}

#[test]
fn what_waits_for_the_morning_is_known_in_the_morning_with_the_data_as_they_are_then() {
    let mut d = at(saying(), day(2, "23:00"), day(20, "09:00"));
    assert_eq!(said(&d), None);
    d.until(day(3, "07:50")).event("booking.rescheduled", booking("B1", day(21, "11:00")));
    assert_eq!(said(&d), None, "what was decided has not left");
    d.until(day(3, "07:59"));
    assert_eq!(said(&d), None);
    d.until(day(3, "08:00"));
    assert_eq!(d.sent(), ["confirmation"]);
    assert_eq!(said(&d), Some(day(21, "11:00")), "as the text then said");
}

#[test]
fn what_is_withdrawn_or_blocked_has_said_nothing() {
    let mut d = at(saying(), day(2, "23:00"), day(20, "09:00"));
    d.until(day(3, "02:00")).event("booking.cancelled", booking("B1", day(20, "09:00")));
    d.until(day(3, "12:00"));
    assert_eq!(d.sent(), ["called_off"]);
    assert_eq!(said(&d), None);
    // No address at all.
    let mut d = Driver::new(saying());
    d.update(profile(None, None, Some("Europe/London")));
    d.event("booking.created", booking("B1", day(20, "09:00")));
    d.tells("blocked confirmation");
    assert_eq!(said(&d), None);
}

#[test]
fn it_moves_nothing() {
    let mut d = at(saying(), day(2, "23:00"), day(20, "09:00"));
    let (state, due) = (d.state(), d.customer.newest_instance(JourneyId(0)).unwrap().clone());
    d.until(day(3, "08:00"));
    assert_eq!(d.state(), state);
    let now = d.customer.newest_instance(JourneyId(0)).unwrap();
    assert_eq!(
        (now.entered(), now.next_due()),
        (due.entered(), due.next_due()),
        "the same visit, its timers as they were"
    );
    d.until(day(19, "08:59"));
    assert_eq!(d.sent(), ["confirmation"]);
    d.until(day(19, "09:00"));
    assert_eq!(d.sent(), ["confirmation", "reminder"]);
}

#[test]
fn the_last_message_of_an_instance_sets_nothing_any_more() {
    let mut program = saying();
    let over = program.journeys[0].states.iter().position(|s| s.name == "visited").unwrap();
    program.journeys[0].states[0].next = Some(StateId(over as u32));
    let d = at(program, day(2, "10:00"), day(20, "09:00"));
    assert_eq!((d.sent(), d.state()), (vec!["confirmation"], "-visited".to_owned()));
    assert_eq!(said(&d), None);
    d.keeps_silent_about("as confirmation left");
}

#[test]
fn a_release_that_did_not_go_out_stands_and_is_done_again() {
    let mut d = at(saying(), day(2, "10:00"), day(20, "09:00"));
    let id = d.releases()[0].id.clone();
    d.wait(5 * MINUTE).event("booking.rescheduled", booking("B1", day(21, "11:00")));
    assert_eq!(said(&d), Some(day(20, "09:00")));
    let late = Input::Late { message: id.to_string(), channel: Channel::Sms, in_doubt: false };
    d.input(late.clone());
    assert_eq!(d.sent(), ["confirmation", "confirmation"]);
    assert_eq!(said(&d), Some(day(21, "11:00")), "as the text that leaves now says");
    // Where the journey has gone on it does not leave again, and what was set stands.
    d.wait(15 * MINUTE);
    assert_eq!(d.state(), "waiting");
    d.input(late);
    d.tells("the journey went on before it could be sent");
    assert_eq!(said(&d), Some(day(21, "11:00")));
}

#[test]
fn several_are_set_in_order_and_later_messages_of_the_step_say_them() {
    let mut program = saying();
    let Action::Send(first) = program.journeys[0].states[0].entry[0].clone() else { panic!("a send") };
    let set = |value| Set { value, ..first.on_sent[0].clone() };
    let sets = vec![set(Expr::Now), set(Expr::Offset { base: Box::new(expr("said")), by: HOUR })];
    let (message, second) = (first.message, Send::clone(&first));
    program.journeys[0].states[0].entry =
        [Send { on_sent: sets, ..second.clone() }, Send { on_sent: vec![], ..second }]
            .map(|s| Action::Send(s.into()))
            .into();
    program.messages[message.index()].variants[0].body = template("Told {said:time}");
    let d = at(program, day(2, "10:00"), day(20, "09:00"));
    assert_eq!(said(&d), Some(day(2, "11:00")));
    let texts: Vec<&str> = d.releases().iter().map(|r| r.body.as_str()).collect();
    assert_eq!(texts, ["Told ", "Told 11:00"]);
}

#[test]
fn a_customer_with_such_messages_is_stored_and_read_again() {
    let mut program = saying();
    let Action::Send(send) = &mut program.journeys[0].states[0].entry[0] else { panic!("a send") };
    Arc::make_mut(send).on_failed = Some(Then::Stay(vec![handoff("care")]));
    let mut d = at(program, day(2, "23:00"), day(20, "09:00"));
    let again = |c: &Customer| Customer::from_bytes(&c.to_bytes().unwrap()).unwrap();
    assert_eq!(again(&d.customer), d.customer, "while it waits");
    d.customer = again(&d.customer);
    d.until(day(3, "08:00"));
    assert_eq!(said(&d), Some(day(20, "09:00")));
    assert_eq!(again(&d.customer), d.customer, "when it has left");
    d.customer = again(&d.customer);
    let id = d.releases()[0].id.clone();
    d.input(Input::Receipt { message: id.to_string(), delivered: false });
    assert_eq!(d.cases(), ["care"], "and what is done where it fails is known as well");
}

#[test]
fn that_it_was_come_by_is_told_once_a_message() {
    let d = at(saying(), day(2, "10:00"), day(20, "09:00"));
    let ways = d.effects.iter().filter_map(|e| match e {
        Effect::Took(took) => Some(&took.way),
        _ => None,
    });
    let sent = |way: &&journey_step::effect::Way| matches!(way, journey_step::effect::Way::OnSent(MessageId(0)));
    assert_eq!(ways.filter(sent).count(), 1);
}
