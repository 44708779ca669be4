//! `journeyc check --fix` and `--diff`.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)] // a test says what it expects

mod support;

use std::fs;

use support::{JOURNEY, Place};

fn broken() -> Place {
    let place = Place::with_project();
    place.replace("visit/visit.journey", "send confirmation", "send confirmatoin");
    place.replace("visit/visit.journey", ", if past -> day", "");
    place
}

fn text(place: &Place) -> String {
    fs::read_to_string(place.path("visit/visit.journey")).expect("the journey")
}

#[test]
fn what_is_beyond_doubt_is_mended_and_the_rest_is_said() {
    let place = broken();
    let before = place.run(&["check", "visit"]);
    assert!(
        before.err.contains("1 finding can be mended by `journeyc check --fix`; --diff shows how"),
        "{}",
        before.err
    );
    let ran = place.run(&["check", "visit", "--fix"]);
    assert_eq!(ran.code, 1, "one finding is left: {ran:?}");
    assert!(ran.err.contains("visit/visit.journey:42 J0101: `confirmatoin` → `confirmation`"), "{}", ran.err);
    assert!(ran.err.contains("fix: 1 finding mended in 1 file"), "{}", ran.err);
    assert!(ran.out.contains("error[J0304]"), "{}", ran.out);
    assert!(ran.err.contains("1 finding more can be mended by --fix --unsafe-fixes"), "{}", ran.err);
    assert_eq!(text(&place), JOURNEY.replacen(", if past -> day", "", 1));
    let again = place.run(&["check", "visit", "--fix"]);
    assert!(again.err.contains("fix: 0 findings mended in 0 files"), "{}", again.err);
}

#[test]
fn what_somebody_should_look_at_is_mended_when_asked_for() {
    let place = broken();
    let ran = place.run(&["check", "visit", "--fix", "--unsafe-fixes"]);
    assert!(ran.err.contains("J0304: with `, if past -> tomorrow`"), "{}", ran.err);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(text(&place).contains("at booking.slot - 1d -> tomorrow, if past -> tomorrow"));
    let alone = place.run(&["check", "visit", "--unsafe-fixes"]);
    assert!(alone.code == 2 && alone.err.contains("add --fix, or --diff to look first"), "{}", alone.err);
}

#[test]
fn a_diff_writes_nothing() {
    let place = broken();
    let before = text(&place);
    let ran = place.run(&["check", "visit", "--diff"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("-  state booked { send confirmatoin   -> waiting }"), "{}", ran.out);
    assert!(ran.out.contains("+  state booked { send confirmation   -> waiting }"), "{}", ran.out);
    assert!(ran.err.contains("fix: 1 finding would be mended in 1 file"), "{}", ran.err);
    assert_eq!(text(&place), before);
    let clean = Place::with_project().run(&["check", "visit", "--diff"]);
    assert_eq!((clean.code, clean.out.as_str()), (0, ""));
}

#[test]
fn the_byte_order_mark_and_line_ends_stay() {
    let place = broken();
    let windows = format!("\u{feff}{}", text(&place).replace('\n', "\r\n"));
    place.write("visit/visit.journey", &windows);
    place.run(&["check", "visit", "--fix"]);
    assert_eq!(text(&place), windows.replacen("confirmatoin", "confirmation", 1));
}

#[test]
fn json_carries_the_edits() {
    let place = broken();
    let ran = place.run(&["check", "visit", "--format", "json"]);
    let findings: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    let of = |code: &str| {
        findings["findings"].as_array().unwrap().iter().find(|f| f["code"] == code).expect(code)["fix"].clone()
    };
    let name = of("J0101");
    assert_eq!(name["care"], "safe");
    let edit = &name["edits"][0];
    let (start, end) =
        (edit["start"]["byte"].as_u64().unwrap() as usize, edit["end"]["byte"].as_u64().unwrap() as usize);
    assert_eq!((&text(&place)[start..end], edit["text"].as_str()), ("confirmatoin", Some("confirmation")));
    assert_eq!(of("J0304")["care"], "look");
}

#[test]
fn a_file_that_cannot_be_written_is_left_alone() {
    let place = broken();
    let path = place.path("visit/visit.journey");
    let mut permissions = fs::metadata(&path).expect("there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).expect("set");
    let before = text(&place);
    let ran = place.run(&["check", "visit", "--fix"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("cannot write `visit/visit.journey`: it is read-only"), "{}", ran.err);
    assert_eq!(text(&place), before);
}
