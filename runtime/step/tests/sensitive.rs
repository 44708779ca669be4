//! What is not for every eye: the channel and a person who takes over get it, a timeline does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that fails says where

mod common;

use common::*;
use journey_spec::program::*;
use journey_spec::{Sensitive, Type};
use journey_step::effect::{Effect, What};

#[test]
fn a_timeline_veils_what_the_message_says() {
    let mut program = programs::appointment();
    let slot = Field { sensitive: Some(Sensitive::Health), ..Field::new("slot", Type::Instant) };
    program.records.insert("Booking".into(), vec![Field::new("id", text_type()), slot]);
    let mut driver = Driver::new(program);
    driver.event("booking.created", booking("B", day(20, "09:00")));
    driver.reply("what is that?");
    let release = driver.releases()[0].clone();
    assert!(release.body.contains("Friday 20 March 09:00"), "{release:?}");
    assert!(release.shown.as_ref().unwrap().contains("Hi Victoria, ‹health› ‹health› #"), "{release:?}");
    let told = driver.entries.iter().find_map(|e| match &e.what {
        What::Sent { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert_eq!(told, release.shown);
    driver.keeps_silent_about("20 March");
    let transcript = driver.effects.iter().find_map(|e| match e {
        Effect::Handoff(case) => Some(case.transcript.clone()),
        _ => None,
    });
    assert_eq!(transcript.unwrap()[0].text, release.body);
}

#[test]
fn what_is_for_every_eye_is_shown_as_it_is() {
    let mut driver = Driver::new(programs::appointment());
    driver.event("booking.created", booking("B", day(20, "09:00")));
    assert_eq!(driver.releases()[0].shown, None);
    driver.tells("Friday 20 March");
}

#[test]
fn what_is_missing_is_told_as_the_message_tells_it_and_veils_nothing() {
    let mut program = programs::appointment();
    let veiled = |name: &str, ty| Field { sensitive: Some(Sensitive::Health), ..Field::new(name, ty) };
    let note = veiled("note", Type::Optional(Box::new(text_type())));
    program.records.insert("Booking".into(), vec![veiled("slot", Type::Instant), note]);
    program.messages[0].variants[0].body = template("{booking.slot:day}, {booking.note or \"no note\"}");
    let mut driver = Driver::new(program);
    driver.event("booking.created", booking("B", day(20, "09:00")));
    let release = driver.releases()[0];
    assert_eq!(
        (release.body.as_str(), release.shown.as_deref()),
        ("Friday 20 March, no note", Some("‹health›, no note"))
    );
}
