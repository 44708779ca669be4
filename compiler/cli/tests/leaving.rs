//! `on sent set`, as the commands tell it.

#![allow(clippy::expect_used, clippy::unwrap_used)] // a test says what it expects

mod support;

use support::{JOURNEY, Place};

const SAYS: &str = "send confirmation { on sent set said = booking.slot }";

/// The small project, whose first message keeps in `said` what it said, and a night.
fn place() -> Place {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation ", &format!("{SAYS} "));
    place.replace("visit/visit.journey", "data booking: Booking\n", "data booking: Booking\n  data said: instant?\n");
    place.replace(
        "visit/visit.journey",
        "on blocked -> agent\n    at booking.slot + 12h",
        "on blocked when said is known -> agent\n    at booking.slot + 12h",
    );
    place.write(
        "visit/night.scenario.journey",
        r#"use "visit.journey"

scenario "booked at night" for visit {
  given customer { first_name: "Omar", phone: "+44 7700 900124", zone: "Europe/London" }
  at 2026-03-02 23:00 event booking.created { booking: { id: "B1", slot: 2026-03-05 13:00 } }
  expect said missing
  at 2026-03-03 07:59
  expect no sms
  expect said missing
  at 2026-03-03 08:00
  expect sms confirmation
  expect no email
  expect said 2026-03-05 13:00
}
"#,
    );
    place
}

#[test]
fn a_night_is_tested_and_told() {
    let place = place();
    let ran = place.run(&["test", "night", "--project", "visit"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    place.replace("visit/night.scenario.journey", "expect said 2026-03-05 13:00", "expect said missing");
    let ran = place.run(&["test", "night", "--project", "visit"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("08:00     → set said to 2026-03-05T13:00:00Z as confirmation left"), "{}", ran.out);
}

#[test]
fn whether_it_left_is_covered() {
    let place = place();
    let ran = place.run(&["test", "STOP", "--project", "visit", "--coverage"]);
    let line = format!("{SAYS}   (its own `on sent`)");
    assert!(!ran.out.contains(&line), "the confirmation left:\n{}", ran.out);
    place.replace(
        "visit/night.scenario.journey",
        "  at 2026-03-03 08:00\n  expect sms confirmation\n  expect no email\n  expect said 2026-03-05 13:00\n",
        "",
    );
    let ran = place.run(&["test", "night", "--project", "visit", "--coverage"]);
    assert!(ran.code == 0 && ran.out.contains(&line), "it waits until the end:\n{ran:?}");
}

#[test]
fn it_is_explained_drawn_and_compared() {
    let place = place();
    let ran = place.run(&["explain", "visit::booked", "--project", "visit"]);
    let told: String = ran.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("sets `said` to booking.slot as it leaves"), "{ran:?}");
    let ran = place.run(&["graph", "visit", "--format", "mermaid"]);
    assert!(ran.out.contains("on sent set said = booking.slot"), "{ran:?}");
    place.write("new/care.journey", support::CARE);
    place.write("new/visit.journey", JOURNEY);
    place.replace("new/visit.journey", "data booking: Booking\n", "data booking: Booking\n  data said: instant?\n");
    let ran = place.run(&["diff", "new", "visit", "--format", "concise"]);
    assert!(ran.out.contains(&format!("`{SAYS}`")), "{ran:?}");
}

#[test]
fn a_bundle_carries_it() {
    let place = place();
    assert_eq!(place.run(&["build", "visit", "--out", "visit.json"]).code, 0);
    let feed = [
        r#"{"id":"1","at":"2026-03-02T09:00:00Z","customer":"omar","event":"customer.updated","data":{"first_name":"Omar","phone":"+44 7700 900124","zone":"Europe/London"}}"#,
        r#"{"id":"2","at":"2026-03-02T10:00:00Z","customer":"omar","event":"booking.created","data":{"booking":{"id":"B1","slot":"2026-03-05T13:00:00Z"}}}"#,
    ];
    place.write("one.jsonl", &format!("{}\n", feed.join("\n")));
    let ran = place.run(&["run", "visit.json", "--feed", "one.jsonl", "--customer", "omar"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("10:00     → set said to 2026-03-05T13:00:00Z as confirmation left"), "{}", ran.out);
}

#[test]
fn only_what_may_be_missing_is_expected_to_be() {
    let place = place();
    place.replace("visit/night.scenario.journey", "expect said missing", "expect booking.slot missing");
    let ran = place.run(&["test", "night", "--project", "visit"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.out.contains("error[J0113]: `booking.slot` is always there, and cannot be missing"), "{}", ran.out);
}
