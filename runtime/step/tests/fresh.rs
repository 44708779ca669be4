//! Data that have to be new when a message leaves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_spec::types::Type;
use journey_spec::value::{Data, Value};
use journey_step::Input;
use journey_step::effect::{CallRequest, Effect, What};

const SLOT: i64 = 20;

/// `note` quotes the booking and needs it fresh within 15 minutes; `later` moves the instance on.
fn fresh() -> Program {
    let names = Names {
        events: vec!["go", "moved", "later"],
        messages: vec!["note".into(), "sorry".into()],
        states: vec!["first", "told", "blocked", "past"],
    };
    let mut note = sms("note", "At {booking.slot:time}");
    note.fresh = vec![Fresh {
        datum: "booking".into(),
        within: 15 * MINUTE,
        service: ServiceId(0),
        args: vec![expr("booking.id")],
    }];
    let told = state(
        "told",
        vec![names.send("note")],
        vec![
            names.on("moved", &["booking"], None, Then::Stay(vec![])),
            names.to(Trigger::Blocked, "blocked"),
            names.at(before("booking.slot", HOUR), names.go("past"), names.go("past")),
        ],
    );
    let journey = Journey {
        name: "note".into(),
        doc: String::new(),
        key: Some(path("booking.id")),
        data: vec![field("booking", Type::Record("Booking".into()))],
        limits: vec![],
        goals: vec![],
        starts: vec![names.start("go", &["booking"], "first")],
        arrows: vec![],
        states: vec![
            state("first", vec![], vec![names.on("later", &[], None, names.go("told"))]),
            told,
            state("blocked", vec![names.send("sorry")], vec![]),
            state("past", vec![], vec![]),
        ],
        migrations: Vec::new(),
    };
    let mut program = program(&names, vec![note, sms("sorry", "Sorry")], Policy::default(), vec![journey]);
    program.services[0].outcomes.clear();
    program.services[0].returns = Some("Booking".into());
    program
}

fn slot(id: &str, on: i64) -> Data {
    booking(id, day(on, "12:00"))
}

fn record(on: i64) -> Data {
    match slot("B1", on).get("booking") {
        Some(Value::Record(fields)) => fields.as_ref().clone(),
        _ => panic!(),
    }
}

fn calls(d: &Driver) -> Vec<CallRequest> {
    let call = |e: &Effect| if let Effect::Call(call) = e { Some(call.clone()) } else { None };
    d.effects.iter().filter_map(call).collect()
}

fn sent(d: &Driver) -> Vec<String> {
    let text =
        |e: &journey_step::effect::Entry| if let What::Sent { text, .. } = &e.what { Some(text.clone()) } else { None };
    d.entries.iter().filter_map(text).collect()
}

fn asked() -> (Driver, CallRequest) {
    let mut d = Driver::new(fresh());
    d.event("go", slot("B1", SLOT));
    d.wait(HOUR);
    d.event("later", slot("B1", SLOT));
    let call = calls(&d).pop().unwrap();
    assert_eq!(call.deadline, d.now + MINUTE);
    assert_eq!(sent(&d), Vec::<String>::new());
    (d, call)
}

#[test]
fn what_is_new_enough_is_not_asked_for() {
    let mut d = Driver::new(fresh());
    d.event("go", slot("B1", SLOT));
    d.wait(15 * MINUTE);
    d.event("later", slot("B1", SLOT));
    assert_eq!((calls(&d).len(), sent(&d).len()), (0, 1));
}

#[test]
fn the_answer_becomes_the_datum_and_the_message_leaves_with_it() {
    let (mut d, call) = asked();
    d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record(SLOT + 1)) });
    assert_eq!(sent(&d).len(), 1);
    assert_eq!(d.customer.instances()[0].data().get("booking"), Some(&Value::Record(record(SLOT + 1).into())));
    // Said twice, it is heard once; and what is new now is not asked for again.
    d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record(SLOT)) });
    assert_eq!((calls(&d).len(), sent(&d).len()), (1, 1));
}

#[test]
fn what_cannot_be_had_blocks_the_message() {
    let none = |d: &mut Driver, call: &CallRequest| {
        d.input(Input::LookedUp { call: call.id.to_string(), record: None });
    };
    let word = |d: &mut Driver, call: &CallRequest| {
        d.input(Input::Answered { call: call.id.to_string(), outcome: "failed".into() });
    };
    let silence = |d: &mut Driver, _: &CallRequest| {
        d.wait(MINUTE);
    };
    let other = |d: &mut Driver, call: &CallRequest| {
        let mut record = record(SLOT);
        record.insert("id", Value::Text("B2".into()));
        d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record) });
    };
    for answer in [&none as &dyn Fn(&mut Driver, &CallRequest), &word, &silence, &other] {
        let (mut d, call) = asked();
        answer(&mut d, &call);
        assert_eq!(sent(&d), ["Sorry"]);
        assert!(d.entries.iter().any(|e| matches!(&e.what, What::Blocked { rule, .. } if rule.contains("refreshed"))));
    }
}

#[test]
fn an_answer_that_makes_an_instant_past_leads_on_and_the_message_is_withdrawn() {
    let (mut d, call) = asked();
    d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record(1)) });
    assert_eq!(sent(&d), Vec::<String>::new());
    assert!(d.entries.iter().any(|e| matches!(&e.what, What::Withdrawn { .. })));
    assert!(d.entries.iter().any(|e| matches!(&e.what, What::Entered { state, .. } if state == "past")));
}

#[test]
fn news_that_an_event_brings_goes_before_the_answer() {
    let (mut d, call) = asked();
    d.event("moved", slot("B1", SLOT + 2));
    assert_eq!(sent(&d).len(), 1);
    d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record(SLOT)) });
    assert_eq!(d.customer.instances()[0].data().get("booking"), Some(&Value::Record(record(SLOT + 2).into())));
}

#[test]
fn stop_goes_before_the_answer() {
    let (mut d, call) = asked();
    d.input(Input::OptOut { address: PHONE.into(), confirm: false });
    d.input(Input::LookedUp { call: call.id.to_string(), record: Some(record(SLOT)) });
    assert_eq!(sent(&d), Vec::<String>::new());
}
